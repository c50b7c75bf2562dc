/* SPDX-License-Identifier: Apache-2.0 */
/* Cells of FlowSchemas, PriorityLevelConfigurations and APIServices: of what there is to be served, and in which order. */
#include "rest/table/cells.h"

#include <string.h>

/* ---- FlowSchemas and their levels ---- */

static void cell_flow_distinguisher(struct buf *out, const struct cell *c)
{
	const char *type = js_str(c->o, "spec", "distinguisherMethod", "type", NULL);
	cell_str(out, type ? type : CELL_NONE);
}

static const js *condition(const struct cell *c, const char *type)
{
	js_array_for_each (cond, js_arr(c->o, "status", "conditions", NULL))
		if (!strcmp(js_str0(cond, "type", NULL), type))
			return cond;
	return NULL;
}

static void cell_flow_missing(struct buf *out, const struct cell *c)
{
	const js *dangling = condition(c, "Dangling");
	cell_str(out, dangling ? js_str0(dangling, "status", NULL) : "?");
}

static void number(struct buf *out, const js *v)
{
	if (v)
		js_write(out, v);
	else
		cell_str(out, CELL_NONE);
}

static void cell_level_shares(struct buf *out, const struct cell *c)
{
	number(out, js_get(c->o, "spec", "limited", "nominalConcurrencyShares", NULL));
}

static const js *queuing(const struct cell *c)
{
	return js_obj(c->o, "spec", "limited", "limitResponse", "queuing", NULL);
}

static void cell_level_queues(struct buf *out, const struct cell *c)
{
	number(out, js_field(queuing(c), "queues"));
}

static void cell_level_hand(struct buf *out, const struct cell *c)
{
	number(out, js_field(queuing(c), "handSize"));
}

static void cell_level_length(struct buf *out, const struct cell *c)
{
	number(out, js_field(queuing(c), "queueLengthLimit"));
}

/* ---- APIServices ---- */

static void cell_apiservice_service(struct buf *out, const struct cell *c)
{
	const js *service = js_obj(c->o, "spec", "service", NULL);
	autobuf struct buf b = BUF_INIT;
	if (service)
		buf_addf(&b, "%s/%s", js_str0(service, "namespace", NULL), js_str0(service, "name", NULL));
	cell_text(out, &b, "Local");
}

static void cell_apiservice_available(struct buf *out, const struct cell *c)
{
	const js *available = condition(c, "Available");
	const char *status = js_str0(available, "status", NULL), *reason = js_str0(available, "reason", NULL);
	autobuf struct buf b = BUF_INIT;
	buf_adds(&b, status);
	if (*status && strcmp(status, "True") && *reason)
		buf_addf(&b, " (%s)", reason);
	cell_text(out, &b, "Unknown");
}

const struct cell_row cells_flow[] = {
	{"flow_distinguisher", cell_flow_distinguisher},
	{"flow_missing", cell_flow_missing},
	{"level_shares", cell_level_shares},
	{"level_queues", cell_level_queues},
	{"level_hand", cell_level_hand},
	{"level_length", cell_level_length},
	{"apiservice_service", cell_apiservice_service},
	{"apiservice_available", cell_apiservice_available},
	{NULL, NULL},
};
