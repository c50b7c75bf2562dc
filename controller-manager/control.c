/* SPDX-License-Identifier: Apache-2.0 */
/* What controllers say to the API; see control.h. */
#include "control.h"

#include <inttypes.h>
#include <stdlib.h>
#include "base/mem.h"

void control_path(struct buf *path, const struct informer_object *o, const char *sub)
{
	const struct informer_type *t = o->type;

	rest_path(path, t->group, t->version, *o->meta.namespace ? o->meta.namespace : NULL, t->resource,
		  o->meta.name, sub);
}

char *control_api_version(const struct informer_type *t)
{
	return *t->group ? mem_printf("%s/%s", t->group, t->version) : mem_strdup(t->version);
}

js *control_owner_json(const struct owner_ref *r)
{
	js *o = js_new_obj();

	js_set_str(o, "apiVersion", r->api_version);
	js_set_str(o, "kind", r->kind);
	js_set_str(o, "name", r->name);
	js_set_str(o, "uid", r->uid);
	if (r->controller)
		js_set_bool(o, "controller", true);
	if (r->block_owner_deletion)
		js_set_bool(o, "blockOwnerDeletion", true);
	return o;
}

/* ---- patches ---- */

void control_guard(js *body, const struct informer_object *o)
{
	autofree char *rv = mem_printf("%" PRIu64, o->meta.rv);
	js *meta = js_ensure(body, "metadata", NULL);

	js_set_str(meta, "uid", o->meta.uid);
	js_set_str(meta, "resourceVersion", rv);
}

int control_patch(struct controller_ctx *ctx, struct informer *informer, const struct informer_object *o,
		  enum rest_verb verb, const char *sub, const js *body, struct err *err)
{
	autobuf struct buf path = BUF_INIT;
	autobuf struct buf text = BUF_INIT;
	autobuf struct buf reply = BUF_INIT;
	struct err e = ERR_INIT;

	control_path(&path, o, sub);
	js_write(&text, body);
	if (rest_do_raw(ctx->rest, verb, buf_str(&path), text.p, text.len, informer ? &reply : NULL, &e) <
	    0) {
		if (e.reason == REASON_NOT_FOUND)
			return 0;
		*err = e;
		return err_wrap(err, "patch %s %s/%s", o->type->resource, o->meta.namespace, o->meta.name);
	}
	if (informer)
		informer_inject_bytes(informer, reply.p, reply.len);
	return 0;
}

int control_patch_status(struct controller_ctx *ctx, struct informer *informer,
			 const struct informer_object *o, js *body, struct err *err)
{
	js_set_str(js_ensure(body, "metadata", NULL), "uid", o->meta.uid);
	return control_patch(ctx, informer, o, REST_PATCH_MERGE, "status", body, err);
}

void control_set_count(js *status, const char *key, int64_t n)
{
	if (n)
		js_set_int(status, key, n);
	else
		js_set(status, key, NULL);
}

/* ---- deletions ---- */

static js *delete_options(const struct informer_object *o, const char *policy)
{
	js *options = js_new_obj();

	js_set_str(options, "propagationPolicy", policy);
	js_set_str(js_ensure(options, "preconditions", NULL), "uid", o->meta.uid);
	return options;
}

static int delete_with(struct controller_ctx *ctx, const struct informer_object *o, const js *options,
		       struct err *err)
{
	autobuf struct buf path = BUF_INIT;
	struct err e = ERR_INIT;

	control_path(&path, o, NULL);
	if (rest_do(ctx->rest, REST_DELETE, buf_str(&path), options, NULL, &e) == 0 ||
	    e.reason == REASON_NOT_FOUND)
		return 0;
	*err = e;
	return err_wrap(err, "delete %s %s/%s", o->type->resource, o->meta.namespace, o->meta.name);
}

int control_delete(struct controller_ctx *ctx, const struct informer_object *o, const char *policy,
		   int64_t grace_s, struct err *err)
{
	autojson js *options = delete_options(o, policy);
	struct err e = ERR_INIT;

	if (grace_s >= 0)
		js_set_int(options, "gracePeriodSeconds", grace_s);
	if (delete_with(ctx, o, options, &e) == 0 || e.reason == REASON_CONFLICT)
		return 0;
	*err = e;
	return -1;
}

int control_delete_state(struct controller_ctx *ctx, const struct informer_object *o, const char *policy,
			 struct err *err)
{
	autojson js *options = delete_options(o, policy);
	autofree char *rv = mem_printf("%" PRIu64, o->meta.rv);

	js_set_str(js_ensure(options, "preconditions", NULL), "resourceVersion", rv);
	return delete_with(ctx, o, options, err);
}

/* ---- events ---- */

void control_event(struct controller_ctx *ctx, const struct informer_object *o, bool warning,
		   const char *reason, const char *fmt, ...)
{
	autofree char *api_version = control_api_version(o->type);
	autobuf struct buf text = BUF_INIT;
	const struct event_ref ref = {.api_version = api_version,
				      .kind = o->type->kind,
				      .namespace = o->meta.namespace,
				      .name = o->meta.name,
				      .uid = o->meta.uid,
				      .rv = o->meta.rv};
	va_list ap;

	va_start(ap, fmt);
	buf_addvf(&text, fmt, ap);
	va_end(ap);
	events_record(ctx->events, ctx->component, "", &ref, warning, reason, "%s", buf_str(&text));
}
