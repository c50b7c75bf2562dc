/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET pods/NAME/log: which container on which node, asked of the node agent, and its answer passed on byte by
 * byte (kubernetes/kubernetes pkg/registry/core/pod/strategy.go LogLocation).
 *
 * Nobody waits: the request is decided here, a relay (relay.c) asks the agent and comes back with its answer, or
 * with an error of the agent that becomes a Status, and from then on moves the bytes.
 */
#include "rest/log/podlog.h"

#include <stdlib.h>
#include "base/clock.h"
#include "object/rfc3339.h"
#include "object/status_reason.h"
#include "rest/log/messages.h"
#include "rest/log/place.h"
#include "rest/log/relay.h"

static const struct kind log_options = {
	.group = "", .version = "v1", .kind = "PodLogOptions", .resource = ""};

#define MAX_LOG_STREAMS 512

struct log_call {
	struct exchange *x;
	struct request *rq; /* of x */
	struct response *rs;
	podlog_done_fn *done;
	js *pod;
	struct field_errors errs;
	struct subject about;
};

/* ---- options ---- */

struct number_rule {
	const char *name;
	int64_t least;
	const char *detail;
};
static const struct number_rule number_rules[] = {
	{"tailLines", 0, "must be greater than or equal to 0"},
	{"limitBytes", 1, "must be greater than 0"},
	{"sinceSeconds", 1, "must be greater than 0"},
};

static int check_numbers(struct log_call *c, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(number_rules); i++) {
		const struct number_rule *r = &number_rules[i];
		int64_t v;
		if (!request_param(c->rq, r->name))
			continue;
		if (request_param_int(c->rq, r->name, &v, err) < 0)
			return -1;
		autojson js *value = js_new_int(v);
		if (v < r->least)
			field_error_invalid(&c->errs, r->name, value, r->detail);
	}
	return 0;
}

static int check_options(struct log_call *c, struct err *err)
{
	const char *since = request_param(c->rq, "sinceTime"),
		   *seconds = request_param(c->rq, "sinceSeconds");
	int64_t ns;

	if (check_numbers(c, err) < 0)
		return -1;
	if (since && *since && rfc3339_parse(since, &ns, err) < 0) {
		struct err what = *err;
		return err_set(err, REASON_BAD_REQUEST, "%s", what.msg);
	}
	if (since && *since && seconds && *seconds)
		field_error_forbidden(&c->errs, "sinceSeconds",
				      "at most one of `sinceTime` or `sinceSeconds` may be specified");
	if (!c->errs.n)
		return 0;
	c->about = (struct subject){.kind = &log_options, .name = c->rq->attr.name};
	return err_set(err, REASON_INVALID, "%s", "");
}

/* ---- where ---- */

static void add_query(struct buf *url, const struct request *rq)
{
	static const char *const passed[] = {"follow",	  "previous",  "timestamps", "sinceSeconds",
					     "sinceTime", "tailLines", "limitBytes", "stream"};
	char sep = '?';

	for (size_t i = 0; i < ARRAY_LEN(passed); i++) {
		const char *v = request_param(rq, passed[i]);
		if (!v)
			continue;
		if (i < 3 && !request_param_bool(rq, passed[i]))
			continue;
		buf_addc(url, sep);
		buf_addf(url, "%s=", passed[i]);
		http_escape(url, i < 3 ? "true" : v);
		sep = '&';
	}
}

static int make_url(struct log_call *c, const char *container, struct buf *url, struct err *err)
{
	const char *name = js_str0(c->pod, "spec", "nodeName", NULL);
	const struct kind *k = schema_kind(c->rq->api->schema, "", "v1", "Node");
	autoobj struct obj *node = storage_get(storage_resource(c->rq->api->storage, k), "", name);

	if (!node) {
		c->about = (struct subject){.kind = k, .name = name};
		return err_set(err, REASON_NOT_FOUND, "nodes \"%s\" not found", name);
	}
	autojson js *tree = obj_tree(node, err);
	if (!tree)
		return -1;
	if (place_url(url, tree, err) < 0)
		return -1;
	buf_adds(url, "/containerLogs/");
	http_escape(url, c->rq->attr.ns);
	buf_addc(url, '/');
	http_escape(url, c->rq->attr.name);
	buf_addc(url, '/');
	http_escape(url, container);
	add_query(url, c->rq);
	return 0;
}

/* ---- the answer ---- */

static void trim(struct buf *b)
{
	while (b->len && (b->p[b->len - 1] == '\n' || b->p[b->len - 1] == ' '))
		buf_truncate(b, b->len - 1);
}

/* What the agent refused, in the words of the agent. */
static int agent_error(int status, struct buf *body, struct err *err)
{
	trim(body);
	switch (status) {
	case 400:
		return err_set(err, REASON_BAD_REQUEST, "%s", buf_str(body));
	case 404:
		return err_set(err, REASON_NOT_FOUND, "the server could not find the requested resource: %s",
			       buf_str(body));
	case 500:
		return err_set(err, REASON_INTERNAL, "Internal error occurred: %s", buf_str(body));
	default:
		return err_set(
			err, status_reason_from_code(status),
			"the server responded with the status code %d but did not return more information: %s",
			status, buf_str(body));
	}
}

static bool count_stream(struct api *api)
{
	if (atomic_fetch_add(&api->log_streams, 1) < MAX_LOG_STREAMS)
		return true;
	atomic_fetch_sub(&api->log_streams, 1);
	return false;
}

static void end(struct log_call *c, const struct err *err)
{
	struct exchange *x = c->x;
	podlog_done_fn *done = c->done;

	if (err->reason != REASON_NONE)
		response_status_about(c->rs, err, &c->about, &c->errs);
	field_errors_release(&c->errs);
	js_autoput(&c->pod);
	free(c);
	done(x);
}

static void on_answer(void *arg, struct relay_answer *a)
{
	struct log_call *c = arg;
	struct err err = a->err;

	if (a->stream && upgrade_is_websocket(c->rq->upgrade))
		messages_answer(c->rq, c->rs, a->stream);
	else
		c->rs->stream = a->stream;
	if (a->status)
		(void)agent_error(a->status, a->refusal, &err);
	end(c, &err);
}

/* Where to ask; an empty URL: nowhere yet, and the log is empty. */
static int decide(struct log_call *c, const struct obj *o, struct buf *url, struct err *err)
{
	const char *container = NULL;

	c->pod = obj_tree(o, err);
	if (!c->pod || place_container(o->name, js_obj(c->pod, "spec", NULL),
				       request_param(c->rq, "container"), &container, err) < 0)
		return -1;
	c->rs->content_type = "text/plain";
	c->rs->status = *js_str0(c->pod, "spec", "nodeName", NULL) ? 200 : 204;
	if (c->rs->status == 204)
		return 0;
	if (make_url(c, container, url, err) < 0)
		return -1;
	if (!count_stream(c->rq->api))
		return err_set(err, REASON_TOO_MANY_REQUESTS,
			       "too many logs are being read, please try again later");
	return 0;
}

void podlog_start(struct exchange *x, podlog_done_fn *done)
{
	struct err err = ERR_INIT;
	autobuf struct buf url = BUF_INIT;
	struct log_call *c = MEM_NEW(struct log_call);
	struct request *rq = &x->rq;

	*c = (struct log_call){.x = x, .rq = rq, .rs = &x->rs, .done = done};
	c->about = (struct subject){.kind = rq->attr.kind, .name = rq->attr.name};
	int rc = check_options(c, &err);
	autoobj struct obj *o = rc < 0 ? NULL : handle_found(rq, c->rs);
	if (o && decide(c, o, &url, &err) == 0 && url.len)
		relay_open(rq->api->relays, url.p, &rq->api->log_streams, on_answer, c);
	else
		end(c, &err);
}
