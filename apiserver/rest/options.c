/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ListOptions (kubernetes/apimachinery pkg/apis/meta/internalversion and its validation). Which fields a
 * selector may name is the kind's `selectable` list; kinds without one answer in the words of upstream's
 * default conversion.
 */
#include "rest/options.h"

#include <stdlib.h>
#include <string.h>
#include "base/mem.h"

/* A legacy /watch/ path is not what the options say: upstream judges them as those of a list. */
static bool says_watch(const struct request *rq)
{
	return rq->is_watch && request_param_bool(rq, "watch");
}

static const char *param(const struct request *rq, const char *key)
{
	const char *v = request_param(rq, key);
	return v ? v : "";
}

int options_revision(const char *s, uint64_t *ret)
{
	uint64_t v = 0;
	for (; *s; s++) {
		if (*s < '0' || *s > '9' || __builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, *s - '0', &v))
			return -1;
	}
	*ret = v;
	return 0;
}

int options_bad_revision(const char *s, bool list, struct err *err)
{
	bool number = !s[strspn(s, "0123456789")];
	return err_set(
		err, list ? REASON_BAD_REQUEST : REASON_UNKNOWN,
		"%sresourceVersion: Invalid value: \"%.100s\": strconv.ParseUint: parsing \"%.100s\": %s",
		list ? "invalid resource version: " : "", s, s,
		number ? "value out of range" : "invalid syntax");
}

int options_dry_run(struct field_errors *errs, const char *value, bool *ret)
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

void options_dry_run_of(struct request *rq, struct field_errors *errs)
{
	for (size_t i = 0; i < rq->n_params; i++)
		if (!strcmp(rq->params[i].key, "dryRun") &&
		    options_dry_run(errs, rq->params[i].value, &rq->attr.dry_run) < 0)
			return;
}

/* Names that clients may still use, and texts of kinds that have their own. */
static const struct {
	const char *group, *kind, *old, *field;
} renamed[] = {
	{"", "Pod", "spec.host", "spec.nodeName"},
};
static const struct {
	const char *group, *kind, *before, *after; /* around the field */
} texts[] = {
	{"batch", "Job", "field label \"", "\" not supported for Job"},
	{"resource.k8s.io", "ResourceSlice",
	 "field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: ", ""},
};

static void rename_field(const struct kind *k, struct field_term *t)
{
	for (size_t i = 0; i < ARRAY_LEN(renamed); i++)
		if (!strcmp(t->field, renamed[i].old) && !strcmp(k->kind, renamed[i].kind) &&
		    !strcmp(k->group, renamed[i].group)) {
			free(t->field);
			t->field = mem_strdup(renamed[i].field);
		}
}

/* Kinds with fields of their own, and the users' own kinds. */
static bool names_fields(const struct kind *k)
{
	return k->n_selectable || (k->type && k->type->structural);
}

static int unknown_field(const struct kind *k, const char *field, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (!strcmp(k->kind, texts[i].kind) && !strcmp(k->group, texts[i].group))
			return err_set(err, REASON_BAD_REQUEST, "%s%.200s%s", texts[i].before, field,
				       texts[i].after);
	if (names_fields(k))
		return err_set(err, REASON_BAD_REQUEST, "field label not supported: %.200s", field);
	return err_set(
		err, REASON_BAD_REQUEST,
		"\"%.200s\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"",
		field);
}

/* Some kinds name all that they know; where there is no namespace, it is not among them. */
static int check_field(const struct kind *k, const char *field, struct err *err)
{
	if (!strcmp(field, "metadata.name"))
		return 0;
	if (!strcmp(field, "metadata.namespace") && (k->namespaced || !names_fields(k)))
		return 0;
	for (size_t i = 0; i < k->n_selectable; i++)
		if (!strcmp(field, k->selectable[i].field))
			return 0;
	return unknown_field(k, field, err);
}

static int check_fields(const struct kind *k, struct list_options *o, struct err *err)
{
	for (size_t i = 0; i < o->fields.n; i++) {
		rename_field(k, &o->fields.v[i]);
		if (check_field(k, o->fields.v[i].field, err) < 0)
			return -1;
	}
	return 0;
}

/* watch/RESOURCE/NAME sees one object; what else is selected must be about the same one. */
static int select_name(struct list_options *o, const char *name, struct err *err)
{
	bool same = !o->fields.n;
	for (size_t i = 0; i < o->fields.n && !same; i++)
		same = !strcmp(o->fields.v[i].field, "metadata.name") && !o->fields.v[i].negate &&
		       !strcmp(o->fields.v[i].value, name);
	if (!same)
		return err_set(err, REASON_BAD_REQUEST,
			       "fieldSelector metadata.name doesn't match requested name");
	if (o->fields.n)
		return 0;
	o->fields.v = mem_array(1, sizeof(*o->fields.v));
	o->fields.v[0] = (struct field_term){mem_strdup("metadata.name"), mem_strdup(name), false};
	o->fields.n = 1;
	return 0;
}

static int parse_selectors(const struct request *rq, struct list_options *o, struct err *err)
{
	const char *labels = param(rq, "labelSelector"), *fields = param(rq, "fieldSelector");
	if (*labels) {
		o->labels = selector_parse(labels, err);
		if (!o->labels)
			return -1;
		if (selector_empty(o->labels))
			selector_free(STEAL(o->labels));
	}
	return *fields ? field_selector_parse(fields, &o->fields, err) : 0;
}

static int parse_version(const struct request *rq, struct list_options *o, struct err *err)
{
	const char *rv = param(rq, "resourceVersion");
	if (options_revision(rv, &o->rv) < 0)
		return options_bad_revision(rv, !rq->is_watch, err);
	return 0;
}

#define FORBIDDEN(field, text) field_error_forbidden(errs, field, text)

static void check_list(const struct request *rq, const struct list_options *o, struct field_errors *errs)
{
	static const char *const supported[] = {"Exact", "NotOlderThan", "", NULL};
	const char *match = param(rq, "resourceVersionMatch");
	if (*match) {
		if (!o->has_rv)
			FORBIDDEN("resourceVersionMatch",
				  "resourceVersionMatch is forbidden unless resourceVersion is provided");
		if (*param(rq, "continue"))
			FORBIDDEN("resourceVersionMatch",
				  "resourceVersionMatch is forbidden when continue is provided");
		if (o->match == RV_MATCH_UNSET)
			field_error_not_supported(errs, "resourceVersionMatch", match, supported);
		if (o->match == RV_MATCH_EXACT && !strcmp(param(rq, "resourceVersion"), "0"))
			FORBIDDEN("resourceVersionMatch",
				  "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
	}
	if (o->has_initial)
		FORBIDDEN("sendInitialEvents", "sendInitialEvents is forbidden for list");
}

static void check_watch(const struct request *rq, const struct list_options *o, struct field_errors *errs)
{
	static const char *const supported[] = {"NotOlderThan", NULL};
	const char *match = param(rq, "resourceVersionMatch");
	if (o->has_initial && o->match != RV_MATCH_NOT_OLDER)
		FORBIDDEN("resourceVersionMatch",
			  "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
	if (!*match)
		return;
	if (!o->has_initial)
		FORBIDDEN("resourceVersionMatch",
			  "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
	if (o->match != RV_MATCH_NOT_OLDER)
		field_error_not_supported(errs, "resourceVersionMatch", match, supported);
	if (*param(rq, "continue"))
		FORBIDDEN("resourceVersionMatch",
			  "resourceVersionMatch is forbidden when continue is provided");
}

static int parse_numbers(const struct request *rq, struct list_options *o, struct err *err)
{
	int64_t limit;
	if (request_param_int(rq, "timeoutSeconds", &o->timeout_s, err) < 0 ||
	    request_param_int(rq, "limit", &limit, err) < 0)
		return -1;
	o->limit = limit > 0 ? (size_t)limit : 0;
	return 0;
}

/* The revision, or where the list before ended. A list of whatever there is has no pages: it comes from the cache, which
   need not keep what it showed. */
static int parse_position(const struct request *rq, struct list_options *o, struct err *err)
{
	const char *token = param(rq, "continue"), *rv = param(rq, "resourceVersion");
	if (rq->is_watch || !*token) {
		if (!strcmp(rv, "0"))
			o->limit = 0;
		return parse_version(rq, o, err);
	}
	if (continue_decode(token, &o->continue_rv, &o->after, err) < 0)
		return -1;
	if (*rv && strcmp(rv, "0"))
		return err_set(err, REASON_BAD_REQUEST,
			       "specifying resource version is not allowed when using continue");
	return 0;
}

/* A watch from nowhere or from anywhere begins with the present state, as if that had been asked for; by the legacy path
   without being told where that ends. */
static void default_initial(const struct request *rq, struct list_options *o)
{
	const char *rv = param(rq, "resourceVersion");
	if (rq->is_watch && !o->has_initial && (!*rv || !strcmp(rv, "0"))) {
		o->initial = true;
		o->has_initial = says_watch(rq);
	}
}

/* In upstream's order: each parameter, numbers first, the options together, the form of the reply, the fields, the place in
   the store. */
static int parse_all(const struct request *rq, struct list_options *o, struct accept *accept,
		     struct field_errors *errs, struct err *err)
{
	const char *match = param(rq, "resourceVersionMatch");
	if (parse_numbers(rq, o, err) < 0 || parse_selectors(rq, o, err) < 0)
		return -1;
	o->match = !strcmp(match, "Exact")	    ? RV_MATCH_EXACT
		   : !strcmp(match, "NotOlderThan") ? RV_MATCH_NOT_OLDER
						    : RV_MATCH_UNSET;
	o->has_rv = *param(rq, "resourceVersion");
	o->bookmarks = request_param_bool(rq, "allowWatchBookmarks");
	o->has_initial = request_param(rq, "sendInitialEvents") != NULL;
	o->initial = request_param_bool(rq, "sendInitialEvents");
	(says_watch(rq) ? check_watch : check_list)(rq, o, errs);
	if (errs->n)
		return err_set(err, REASON_INVALID, "%s", "");
	if (accept && negotiate(rq, accept, err) < 0)
		return -1;
	default_initial(rq, o);
	if (check_fields(rq->attr.kind, o, err) < 0)
		return -1;
	if (rq->is_watch && *rq->attr.name && select_name(o, rq->attr.name, err) < 0)
		return -1;
	return parse_position(rq, o, err);
}

int options_parse(const struct request *rq, struct list_options *ret, struct accept *accept,
		  struct field_errors *errs, struct err *err)
{
	memset(ret, 0, sizeof(*ret));
	if (parse_all(rq, ret, accept, errs, err) == 0)
		return 0;
	options_release(ret);
	return -1;
}

static bool names_one(const struct list_options *o)
{
	for (size_t i = 0; i < o->fields.n; i++)
		if (!strcmp(o->fields.v[i].field, "metadata.name") && !o->fields.v[i].negate)
			return true;
	return false;
}

uint64_t options_exact(const struct list_options *o)
{
	if (o->after)
		return o->continue_rv;
	if (!o->has_rv || !o->rv)
		return 0;
	/* a page is one of a revision; upstream has none where a single object can be meant */
	if (o->match == RV_MATCH_EXACT || (o->match == RV_MATCH_UNSET && o->limit && !names_one(o)))
		return o->rv;
	return 0;
}

void options_release(struct list_options *o)
{
	selector_free(o->labels);
	field_selector_release(&o->fields);
	free(o->after);
	memset(o, 0, sizeof(*o));
}

void options_fail(const struct request *rq, struct response *rs, const struct err *err,
		  struct field_errors *errs)
{
	if (err->reason != REASON_INVALID) {
		response_status(rs, err, &rq->attr, NULL);
	} else {
		autobuf struct buf m = BUF_INIT;
		buf_adds(&m, "ListOptions.meta.k8s.io \"\" is invalid: ");
		for (size_t i = 0; i < field_errors_kept(errs); i++)
			buf_addf(&m, "%s%s: %s",
				 i	       ? ", "
				 : errs->n > 1 ? "["
					       : "",
				 errs->v[i].field, errs->v[i].message);
		if (errs->n > 1)
			buf_addc(&m, ']');
		struct status_parts st = {.reason = REASON_INVALID,
					  .message = buf_str(&m),
					  .group = "meta.k8s.io",
					  .kind = "ListOptions",
					  .causes = errs};
		response_status_parts(rs, &st);
	}
	field_errors_release(errs);
}
