/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Status object. The members of a Status come out in upstream's struct order, so scripts
 * that compare bytes see what they know. Which reasons carry details, and whether those name the resource or
 * the kind, is one table.
 */
#include "request/status.h"

#include <string.h>
#include "base/mem.h"
#include "object/status_reason.h"

static void add_string(struct buf *out, const char *lead, const char *s)
{
	buf_adds(out, lead);
	buf_add_json_string(out, s, strlen(s));
}

/* Appends `"key":"value"` with a comma unless it is the first of its object. */
static void add_member(struct buf *out, bool *first, const char *key, const char *value)
{
	if (!value || !*value)
		return;
	if (!*first)
		buf_addc(out, ',');
	*first = false;
	buf_addf(out, "\"%s\":", key);
	buf_add_json_string(out, value, strlen(value));
}

static void write_causes(struct buf *out, const struct status_parts *st, bool *first)
{
	size_t n = st->causes ? field_errors_kept(st->causes) : 0;
	if (!n && !st->cause_message)
		return;
	buf_adds(out, *first ? "\"causes\":[" : ",\"causes\":[");
	*first = false;
	for (size_t i = 0; i < n; i++) {
		const struct field_error *e = &st->causes->v[i];
		bool inner = true;
		buf_adds(out, i ? ",{" : "{");
		add_member(out, &inner, "reason", e->reason);
		add_member(out, &inner, "message", e->message);
		add_member(out, &inner, "field", e->field);
		buf_addc(out, '}');
	}
	if (!n) {
		bool inner = true;
		buf_addc(out, '{');
		add_member(out, &inner, "reason", st->cause_reason);
		add_member(out, &inner, "message", st->cause_message);
		buf_addc(out, '}');
	}
	buf_addc(out, ']');
}

/* Reasons whose Status always carries a details object, as upstream's constructors make them. */
static bool has_details(const struct status_parts *st)
{
	switch (st->reason) {
	case REASON_NOT_FOUND:
	case REASON_FORBIDDEN:
	case REASON_ALREADY_EXISTS:
	case REASON_CONFLICT:
	case REASON_INVALID:
	case REASON_METHOD_NOT_ALLOWED:
	case REASON_TOO_MANY_REQUESTS:
	case REASON_TIMEOUT:
	case REASON_SERVER_TIMEOUT:
		return true;
	default:
		return st->cause_message || st->causes || st->retry_after_s || (st->name && *st->name);
	}
}

void response_status_write(struct buf *out, const struct status_parts *st)
{
	buf_adds(out, "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{");
	if (st->list_continue)
		add_string(out, "\"continue\":", st->list_continue);
	buf_adds(out, "},\"status\":\"Failure\"");
	if (st->message && *st->message)
		add_string(out, ",\"message\":", st->message);
	if (*status_reason_name(st->reason))
		add_string(out, ",\"reason\":", status_reason_name(st->reason));
	if (has_details(st)) {
		bool first = true;
		buf_adds(out, ",\"details\":{");
		add_member(out, &first, "name", st->name);
		add_member(out, &first, "group", st->group);
		add_member(out, &first, "kind", st->kind);
		add_member(out, &first, "uid", st->uid);
		write_causes(out, st, &first);
		if (st->retry_after_s)
			buf_addf(out, "%s\"retryAfterSeconds\":%d", first ? "" : ",", st->retry_after_s);
		buf_addc(out, '}');
	}
	buf_addf(out, ",\"code\":%d}", status_reason_code(st->reason));
}

void response_status_parts(struct response *rs, const struct status_parts *st)
{
	rs->status = status_reason_code(st->reason);
	response_clear(rs);
	rs->is_status = true;
	response_status_write(&rs->body, st);
	buf_addc(&rs->body, '\n');
	if (st->retry_after_s)
		rs->retry_after_s = st->retry_after_s;
}

/* Objects are judged in the form in which they are stored. */
static const struct kind *judged_as(const struct subject *about)
{
	return about->kind && about->kind->storage_kind ? about->kind->storage_kind : about->kind;
}

/* `Deployment.apps "x" is invalid: …` out of the causes, as NewInvalid words it. */
static void invalid_message(struct buf *out, const struct subject *about, const struct field_errors *causes)
{
	const struct kind *k = judged_as(about);
	if (k)
		buf_addf(out, "%s%s%s ", k->kind, *k->group ? "." : "", k->group);
	buf_addf(out, "\"%s\" is invalid", about->name);
	autobuf struct buf all = BUF_INIT;
	size_t n = field_errors_kept(causes), written = 0;
	for (size_t i = 0; i < n; i++) {
		const struct field_error *e = &causes->v[i];
		bool seen = false;
		for (size_t j = 0; j < i && !seen; j++)
			seen = !strcmp(causes->v[j].field, e->field) &&
			       !strcmp(causes->v[j].message, e->message);
		if (!seen)
			buf_addf(&all, "%s%s: %s", written++ ? ", " : "", e->field, e->message);
	}
	if (written)
		buf_addf(out, written > 1 ? ": [%s]" : ": %s", all.p);
}

/* Fills in the details that upstream gives for the reason; the texts made here are written into `text`. */
static void fill_parts(struct status_parts *st, const struct err *err, const char *group,
		       const char *resource, const struct subject *about, struct buf *text)
{
	const struct kind *k;

	switch (err->reason) {
	case REASON_ALREADY_EXISTS:
		st->retry_after_s = (int)about->retry_after_s;
		/* fall through */
	case REASON_NOT_FOUND:
	case REASON_CONFLICT:
	case REASON_FORBIDDEN:
		st->name = about->name;
		/* fall through */
	case REASON_METHOD_NOT_ALLOWED:
		st->group = group;
		st->kind = resource;
		break;
	case REASON_INVALID:
		st->name = about->name;
		if ((k = judged_as(about))) {
			st->group = k->group;
			st->kind = k->kind;
		}
		if (st->causes && !*err->msg) {
			invalid_message(text, about, st->causes);
			st->message = buf_str(text);
		}
		break;
	case REASON_TOO_MANY_REQUESTS:
		st->retry_after_s = st->causes ? (int)about->retry_after_s : 1;
		break;
	case REASON_TIMEOUT:
		st->retry_after_s = (int)about->retry_after_s;
		break;
	case REASON_CANCELED:
	case REASON_IO:
		st->reason = REASON_INTERNAL;
		/* fall through */
	case REASON_INTERNAL:
		st->cause_message = err->msg;
		if (strncmp(err->msg, "Internal error", 14)) {
			buf_addf(text, "Internal error occurred: %s", err->msg);
			st->message = buf_str(text);
		}
		break;
	default:
		break;
	}
}

static void respond(struct response *rs, const struct err *err, const char *group, const char *resource,
		    const struct subject *about, const struct field_errors *causes)
{
	struct status_parts st = {
		.reason = err->reason, .message = err->msg, .causes = causes && causes->n ? causes : NULL};
	autobuf struct buf text = BUF_INIT;
	if (err->reason == REASON_UNAVAILABLE)
		rs->retry_after_s = 1;
	fill_parts(&st, err, group, resource, about, &text);
	response_status_parts(rs, &st);
}

void response_status(struct response *rs, const struct err *err, const struct attributes *attr,
		     const struct field_errors *causes)
{
	struct subject about = {.kind = attr ? attr->kind : NULL, .name = attr ? attr->name : ""};
	respond(rs, err, attr ? attr->group : NULL, attr ? attr->resource : NULL, &about, causes);
}

void response_status_about(struct response *rs, const struct err *err, const struct subject *about,
			   const struct field_errors *causes)
{
	respond(rs, err, about->kind->group, about->kind->resource, about, causes);
}

void response_status_ok(struct response *rs, const struct attributes *attr, const char *uid)
{
	bool first = true;
	rs->status = 200;
	response_clear(rs);
	rs->is_status = true;
	buf_adds(
		&rs->body,
		"{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Success\",\"details\":{");
	add_member(&rs->body, &first, "name", attr->name);
	add_member(&rs->body, &first, "group", attr->group);
	add_member(&rs->body, &first, "kind", attr->resource);
	add_member(&rs->body, &first, "uid", uid);
	buf_adds(&rs->body, "}}\n");
}
