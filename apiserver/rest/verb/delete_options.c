/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DeleteOptions: a body wins over the query, as upstream. The body may be in any of the three formats and may
 * name any API group's DeleteOptions.
 */
#include "rest/verb/delete_options.h"

#include <stdio.h>

static const struct kind options_kind = {
	.group = "meta.k8s.io", .version = "v1", .kind = "DeleteOptions", .resource = ""};
static const char *const propagations[] = {"Foreground", "Background", "Orphan", "nil", NULL};

/* Complaints come in upstream's order, dryRun's last. */
static void set_propagation(struct operation *op, struct delete_options *o, const char *v)
{
	static const char *const names[] = {
		[PROPAGATION_BACKGROUND] = "Background",
		[PROPAGATION_FOREGROUND] = "Foreground",
		[PROPAGATION_ORPHAN] = "Orphan",
	};

	if (o->has_orphan)
		field_error_invalid_str(&op->call.errs, "propagationPolicy", v,
					"orphanDependents and deletionPropagation cannot be both set");
	for (size_t i = PROPAGATION_BACKGROUND; i < ARRAY_LEN(names); i++)
		if (!strcmp(v, names[i])) {
			o->propagation = (enum propagation)i;
			return;
		}
	field_error_not_supported(&op->call.errs, "propagationPolicy", v, propagations);
}

static int from_query(struct operation *op, struct delete_options *o, struct err *err)
{
	const char *v;

	o->has_grace = request_param(op->rq, "gracePeriodSeconds") != NULL;
	if (request_param_int(op->rq, "gracePeriodSeconds", &o->grace, err) < 0)
		return -1;
	v = request_param(op->rq, "orphanDependents");
	if (v) {
		o->has_orphan = true;
		o->orphan = request_param_bool(op->rq, "orphanDependents");
	}
	v = request_param(op->rq, "propagationPolicy");
	if (v && *v)
		set_propagation(op, o, v);
	options_dry_run_of(op->rq, &op->call.errs);
	v = request_param(op->rq, "uid"); /* preconditions have no name of their own here */
	snprintf(o->uid, sizeof(o->uid), "%s", v ? v : "");
	v = request_param(op->rq, "resourceVersion");
	snprintf(o->resource_version, sizeof(o->resource_version), "%s", v ? v : "");
	return 0;
}

static void from_tree(struct operation *op, struct delete_options *o, const js *b)
{
	if (js_field(b, "gracePeriodSeconds")) {
		o->has_grace = true;
		o->grace = js_int(b, 0, "gracePeriodSeconds", NULL);
	}
	if (js_field(b, "orphanDependents")) {
		o->has_orphan = true;
		o->orphan = js_bool(b, false, "orphanDependents", NULL);
	}
	if (js_field(b, "propagationPolicy"))
		set_propagation(op, o, js_str0(b, "propagationPolicy", NULL));
	js_array_for_each (v, js_arr(b, "dryRun", NULL)) {
		if (options_dry_run(&op->call.errs, json_object_get_string(v), &op->rq->attr.dry_run) < 0)
			break;
	}
	snprintf(o->uid, sizeof(o->uid), "%s", js_str0(b, "preconditions", "uid", NULL));
	snprintf(o->resource_version, sizeof(o->resource_version), "%s",
		 js_str0(b, "preconditions", "resourceVersion", NULL));
}

static int from_body(struct operation *op, struct delete_options *o, struct err *err)
{
	struct decode d = {.schema = op->rq->api->schema,
			   .type = schema_type(op->rq->api->schema, "DeleteOptions"),
			   .group = "meta.k8s.io",
			   .version = "v1",
			   .kind = "DeleteOptions",
			   .validation = VALIDATE_IGNORE,
			   .rs = op->rs,
			   .any_version = true,
			   .unexplained = true};
	autojson js *b = body_decode(&d, op->rq->content_type, op->rq->body, op->rq->body_len, err);

	if (!b)
		return -1;
	from_tree(op, o, b);
	return 0;
}

static int check(struct operation *op, struct err *err)
{
	if (!op->call.errs.n)
		return 0;
	op->call.about = (struct subject){.kind = &options_kind, .name = ""};
	return registry_check(&op->call, err);
}

int delete_options_of(struct operation *op, const js *tree, struct err *err)
{
	from_tree(op, &op->deletion, tree);
	return check(op, err);
}

int delete_options_read(struct operation *op, struct err *err)
{
	struct delete_options *o = &op->deletion;

	if ((op->rq->body_len ? from_body(op, o, err) : from_query(op, o, err)) < 0)
		return -1;
	return check(op, err);
}
