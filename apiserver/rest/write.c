/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frame of a write: query options in, Status out. What fails here or below is described by an error value
 * plus field errors; only write_fail knows how that becomes a Status, so wording and details are the same for
 * all handlers.
 */
#include "rest/write.h"

#include <stdio.h>
#include "base/clock.h"
#include "rest/state.h"

static const struct kind option_kinds[] = {
	{.group = "meta.k8s.io", .version = "v1", .kind = "CreateOptions", .resource = ""},
	{.group = "meta.k8s.io", .version = "v1", .kind = "UpdateOptions", .resource = ""},
	{.group = "meta.k8s.io", .version = "v1", .kind = "PatchOptions", .resource = ""},
	{.group = "meta.k8s.io", .version = "v1", .kind = "DeleteOptions", .resource = ""},
};

static void about_options(struct write *w, const char *kind)
{
	for (size_t i = 0; i < ARRAY_LEN(option_kinds); i++)
		if (!strcmp(option_kinds[i].kind, kind))
			w->about = (struct subject){.kind = &option_kinds[i], .name = ""};
}

int write_check_dry_run(struct field_errors *errs, const char *value, bool *ret)
{
	autobuf struct buf b = BUF_INIT;

	if (!strcmp(value, "All")) {
		*ret = true;
		return 0;
	}
	buf_adds(&b, "Unsupported value: [");
	buf_add_json_string(&b, value, strlen(value));
	buf_adds(&b, "]: supported values: \"All\"");
	field_errors_add(errs, "FieldValueNotSupported", mem_strdup("dryRun"), buf_take(&b, NULL));
	return -1;
}

static void read_options(struct write *w)
{
	static const char *const validations[] = {"", "Ignore", "Strict", "Warn", NULL};
	const char *v = request_param(w->rq, "fieldValidation");

	for (size_t i = 0; i < w->rq->n_params; i++)
		if (!strcmp(w->rq->params[i].key, "dryRun") &&
		    write_check_dry_run(&w->errs, w->rq->params[i].value, &w->dry_run) < 0)
			break;
	if (!v || !*v || !strcmp(v, "Warn"))
		w->validation = VALIDATE_WARN;
	else if (!strcmp(v, "Strict"))
		w->validation = VALIDATE_STRICT;
	else if (!strcmp(v, "Ignore"))
		w->validation = VALIDATE_IGNORE;
	else
		field_error_not_supported(&w->errs, "fieldValidation", v, validations);
	v = request_param(w->rq, "fieldManager");
	if (v && strlen(v) > 128)
		field_error_too_long(&w->errs, "fieldManager", 128);
	for (; v && *v; v++)
		if ((unsigned char)*v < 0x20 || *v == 0x7f) {
			field_error_invalid_str(&w->errs, "fieldManager",
						request_param(w->rq, "fieldManager"),
						"invalid character: must be printable");
			break;
		}
}

int write_begin(struct write *w, struct request *rq, struct response *rs, const char *options,
		struct err *err)
{
	*w = (struct write){.rq = rq,
			    .rs = rs,
			    .api = rq->api,
			    .kind = rq->attr.kind,
			    .stored =
				    rq->attr.kind->storage_kind ? rq->attr.kind->storage_kind : rq->attr.kind,
			    .ns = rq->attr.kind->namespaced ? rq->attr.ns
							    : "", /* the router names a Namespace by itself */
			    .about = {.kind = rq->attr.kind, .name = rq->attr.name}};
	w->res = storage_resource(rq->api->storage, w->stored);
	w->strategy = strategy_find(w->stored);
	w->ctx = (struct strategy_ctx){.storage = rq->api->storage,
				       .alloc = rest_state_alloc(rq->api->state),
				       .now_ns = clock_wall_ns(),
				       .subresource = rq->attr.subresource,
				       .user = rq->user.name};
	read_options(w);
	w->ctx.dry_run = w->dry_run;
	if (!w->errs.n)
		return 0;
	about_options(w, options);
	return write_check(w, err);
}

void write_about(struct write *w, const char *name)
{
	snprintf(w->name, sizeof(w->name), "%s", name);
	w->about.name = w->name;
}

int write_check(struct write *w, struct err *err)
{
	return w->errs.n ? err_set(err, REASON_INVALID, "%s", "") : 0;
}

void write_fail(struct write *w, const struct err *err)
{
	response_status_about(w->rs, err, &w->about, &w->errs);
}

void write_release(struct write *w)
{
	field_errors_release(&w->errs);
}

const char *write_resource_text(const struct kind *k, char buf[256])
{
	snprintf(buf, 256, "%s%s%s", k->resource, *k->group ? "." : "", k->group);
	return buf;
}

int write_not_found(struct write *w, const char *name, struct err *err)
{
	char res[256];

	return err_set(err, REASON_NOT_FOUND, "%s \"%s\" not found", write_resource_text(w->kind, res), name);
}

int write_conflict(struct write *w, const char *name, struct err *err)
{
	char res[256];

	return err_set(
		err, REASON_CONFLICT,
		"Operation cannot be fulfilled on %s \"%s\": the object has been modified; please apply your changes to the latest version and try again",
		write_resource_text(w->kind, res), name);
}
