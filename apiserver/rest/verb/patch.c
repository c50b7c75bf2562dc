/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PATCH (kubernetes/apiserver pkg/endpoints/handlers/patch.go). The patch applies to the object in the
 * version the client speaks; what comes out is decoded like a body and takes the road of every update.
 * Server-side apply is a form with a file of its own, apply.c.
 */
#include "rest/verb/patch.h"

#include <stdio.h>
#include <stdlib.h>
#include "object/patch.h"
#include "rest/present.h"
#include "rest/scale.h"
#include "rest/verb/apply.h"
#include "rest/verb/strict.h"
#include "rest/verb/verb.h"

static const struct {
	const char *media_type;
	enum patch_form form;
} forms[] = {
	{"application/json-patch+json", PATCH_FORM_JSON},
	{"application/merge-patch+json", PATCH_FORM_MERGE},
	{"application/strategic-merge-patch+json", PATCH_FORM_STRATEGIC},
	{"application/apply-patch+yaml", PATCH_FORM_APPLY},
};

/* The kind of a 422 that is about the patch and not about an object. */
static const struct kind no_kind = {.group = "", .version = "", .kind = "", .resource = ""};

/* Only built-in kinds know how their lists are merged. */
static bool is_offered(const struct operation *o, enum patch_form form)
{
	return form != PATCH_FORM_STRATEGIC || !o->rq->attr.kind->type->structural;
}

static int read_form(const struct operation *o, enum patch_form *ret, struct err *err)
{
	autobuf struct buf list = BUF_INIT;
	char type[128];

	body_media_type(o->rq->content_type, type);
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		if (!is_offered(o, forms[i].form))
			continue;
		if (!strcmp(type, forms[i].media_type)) {
			*ret = forms[i].form;
			return 0;
		}
		buf_addf(&list, "%s%s", i ? ", " : "", forms[i].media_type);
	}
	if (!o->rq->attr.kind->type
		     ->structural) /* upstream's router knows which it has, and does not say it */
		return err_set(err, REASON_UNSUPPORTED_MEDIA_TYPE, "415: Unsupported Media Type");
	return err_set(err, REASON_UNSUPPORTED_MEDIA_TYPE,
		       "the body of the request was in an unknown format - accepted media types include: %s",
		       buf_str(&list));
}

static const char *go_value(const js *o)
{
	return js_is_arr(o)    ? "array"
	       : js_is_str(o)  ? "string"
	       : js_is_bool(o) ? "bool"
	       : js_is_obj(o)  ? "object"
			       : "number";
}

/* Who ignores what is wrong with fields has the patch read by another library, with words of its own. */
static int unreadable(const struct operation *o, const struct patch *p, const char *why, struct err *err)
{
	if (p->form == PATCH_FORM_MERGE && o->validation == VALIDATE_IGNORE)
		return err_set(err, REASON_BAD_REQUEST, "Invalid JSON Patch");
	bool plain = p->form == PATCH_FORM_STRATEGIC || o->validation == VALIDATE_IGNORE;
	return err_set(err, REASON_BAD_REQUEST, "%s%.440s", plain ? "" : "error decoding patch: ", why);
}

/* A null among them is an operation without a name. */
static int check_items(const struct operation *o, const struct patch *p, struct err *err)
{
	char why[128];

	js_array_for_each (item, p->tree) {
		if (!item || js_is_obj(item))
			continue;
		snprintf(why, sizeof(why), "json: cannot unmarshal %s into Go value of type %s",
			 js_word(item),
			 o->validation == VALIDATE_IGNORE ? "jsonpatch.Operation" : "handlers.jsonPatchOp");
		return unreadable(o, p, why, err);
	}
	return 0;
}

static int check_shape(const struct operation *o, const struct patch *p, struct err *err)
{
	bool list = p->form == PATCH_FORM_JSON, lenient = o->validation == VALIDATE_IGNORE;
	char why[128];

	if (!list && js_is_obj(p->tree))
		return 0;
	if (js_is_arr(p->tree) && list)
		return check_items(o, p, err);
	if (lenient && p->form == PATCH_FORM_MERGE && js_is_arr(p->tree))
		return 0; /* becomes the object, which it then is not */
	snprintf(why, sizeof(why), "json: cannot unmarshal %s into Go value of type %s", go_value(p->tree),
		 !list	   ? "map[string]interface {}"
		 : lenient ? "jsonpatch.Patch"
			   : "[]handlers.jsonPatchOp");
	return unreadable(o, p, why, err);
}

/* What is not there is missed before anybody reads the patch. */
static int check_there(const struct operation *o, struct err *err)
{
	const struct attributes *a = &o->rq->attr;
	const struct kind *k = a->kind->storage_kind ? a->kind->storage_kind : a->kind;
	autoobj struct obj *there =
		registry_get(o->rq->api->registry, k, k->namespaced ? a->ns : "", a->name);

	return there ? 0
		     : err_set(err, REASON_NOT_FOUND, "%s%s%s \"%s\" not found", a->kind->resource,
			       *a->kind->group ? "." : "", a->kind->group, a->name);
}

int verb_patch_options(struct operation *o, struct err *err)
{
	const char *manager = request_param(o->rq, "fieldManager");
	bool apply;

	if (read_form(o, &o->patch.form, err) < 0)
		return -1;
	apply = o->patch.form == PATCH_FORM_APPLY;
	if (apply && (!manager || !*manager))
		field_error_required(&o->call.errs, "fieldManager", "is required for apply patch");
	if (!apply && request_param(o->rq, "force"))
		field_error_forbidden(&o->call.errs, "force", "may not be specified for non-apply patch");
	return 0;
}

/* The tree of the body. REASON_BAD_REQUEST. */
static int read_tree(struct operation *o, struct patch *p, struct err *err)
{
	struct err why = ERR_INIT;

	if (body_is_null(o->rq->body, o->rq->body_len)) { /* changes nothing */
		if (p->form == PATCH_FORM_MERGE)
			return err_set(err, REASON_BAD_REQUEST, "Invalid JSON Patch");
		p->tree = p->form == PATCH_FORM_JSON ? js_new_arr() : js_new_obj();
		return 0;
	}
	p->tree = js_parse(o->rq->body, o->rq->body_len, o->validation == VALIDATE_IGNORE ? NULL : &p->dup,
			   &why);
	if (!p->tree) {
		body_forget_place(&why);
		return unreadable(o, p, why.msg, err);
	}
	if (p->form == PATCH_FORM_STRATEGIC)
		p->tree = js_plain(p->tree); /* the text of numbers is never seen upstream */
	if (p->form == PATCH_FORM_JSON && js_len(p->tree) > PATCH_MAX_OPS)
		return err_set(
			err, REASON_TOO_LARGE,
			"Request entity too large: The allowed maximum operations in a JSON patch is %d, got %zu",
			PATCH_MAX_OPS, js_len(p->tree));
	return check_shape(o, p, err);
}

static int patch_read(struct operation *o, struct patch *p, struct err *err)
{
	struct err why = ERR_INIT;
	bool apply = p->form == PATCH_FORM_APPLY;

	if ((apply ? apply_read(o, p, &why) : read_tree(o, p, &why)) == 0)
		return 0;
	if (!(apply && !*o->rq->attr.subresource) && check_there(o, err) < 0)
		return -1;
	*err = why;
	return -1;
}

void verb_patch_release(struct patch *p)
{
	js_autoput(&p->tree);
	js_duplicates_release(&p->dup);
}

/* A patch that cannot be applied: upstream answers 422 with a general message, and keeps the cause to itself. */
static int does_not_apply(struct operation *o, struct err *err)
{
	if (err->reason != REASON_INVALID || o->call.errs.n)
		return -1;
	o->call.about = (struct subject){.kind = &no_kind, .name = ""};
	return err_set(err, REASON_INVALID, "the server rejected our request due to an error in our request");
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A document whose members a map has held: in their order. */
static void write_sorted(struct buf *out, const js *o)
{
	autofree const char **keys = mem_array(js_len(o) + 1, sizeof(*keys));
	size_t n = 0;

	if (!js_is_obj(o)) {
		js_write(out, o);
		return;
	}
	for (struct js_iter it = js_iter(o); js_next(&it);)
		keys[n++] = it.key;
	qsort(keys, n, sizeof(*keys), by_text);
	for (size_t i = 0; i < n; i++) {
		buf_addc(out, i ? ',' : '{');
		buf_add_json_string(out, keys[i], strlen(keys[i]));
		buf_addc(out, ':');
		js_write(out, js_field(o, keys[i]));
	}
	buf_adds(out, n ? "}" : "{}");
}

/* Of a kind of the users' own: Go holds all of it in maps. */
static bool is_custom(const struct operation *o)
{
	return o->rq->attr.kind->type->structural;
}

/* The patched document is no object of the kind: 422 on the whole patch, which is shown as a text. A strategic patch
   is shown itself. */
static int invalid_result(struct operation *o, const struct patch *p, const js *patched, const char *detail,
			  struct err *err)
{
	autobuf struct buf text = BUF_INIT;

	if (p->form == PATCH_FORM_STRATEGIC)
		patch_write_go(&text, p->tree);
	else if (is_custom(o))
		js_write_sorted(&text, patched, NULL);
	else
		write_sorted(&text, patched);
	field_error_invalid_str(&o->call.errs, "patch", buf_str(&text), detail);
	o->call.about = (struct subject){.kind = &no_kind, .name = ""};
	return err_set(err, REASON_INVALID, "%s", "");
}

/* What a custom resource says that it is, the patched one has to say, too. */
static int check_custom(struct operation *o, const struct patch *p, const js *doc, const js *patched,
			struct err *err)
{
	const char *kind = js_str0(patched, "kind", NULL), *version = js_str0(patched, "apiVersion", NULL);
	autobuf struct buf why = BUF_INIT;

	if (!js_is_str(js_field(patched, "kind")) && js_field(patched, "kind"))
		return 0; /* the decoder tells */
	if (js_field(patched, "apiVersion") && !js_is_str(js_field(patched, "apiVersion")))
		return 0;
	if (!*kind) {
		buf_adds(&why, "Object 'Kind' is missing in '");
		js_write_sorted(&why, patched, NULL);
		buf_addc(&why, '\'');
		return invalid_result(o, p, patched, buf_str(&why), err);
	}
	if (!*version)
		return err_set(err, REASON_INTERNAL,
			       "Object 'apiVersion' is missing in 'object has no apiVersion field'");
	if (strcmp(kind, js_str0(doc, "kind", NULL)) || strcmp(version, js_str0(doc, "apiVersion", NULL)))
		return body_refuse_kind(o, js_dup(patched), err);
	return 0;
}

/* A patch may not make another kind of it. (A strategic one works on the fields of the kind, and its words about that
   are not looked at.) What is left out stays as it was. */
static int check_kind(struct operation *o, const struct patch *p, const js *doc, const js *patched,
		      struct err *err)
{
	const char *kind = js_str0(patched, "kind", NULL), *version = js_str0(patched, "apiVersion", NULL);
	const char *was = js_str0(doc, "kind", NULL), *group = o->rq->attr.group;

	if (is_custom(o) && strcmp(o->rq->attr.subresource, "scale"))
		return check_custom(o, p, doc, patched, err);
	if (!*kind)
		kind = was;
	if (!*version)
		version = js_str0(doc, "apiVersion", NULL);
	bool same = !strcmp(kind, was) && !strcmp(version, js_str0(doc, "apiVersion", NULL));
	if (p->form == PATCH_FORM_STRATEGIC || same)
		return 0;
	if (!body_kind_exists(o->rq->api->schema, version, kind))
		return err_set(
			err, REASON_BAD_REQUEST,
			"no kind \"%s\" is registered for version \"%s\" in scheme \"pkg/api/legacyscheme/scheme.go:30\"",
			kind, version);
	const char *slash = strrchr(version, '/');
	return err_set(err, REASON_BAD_REQUEST, "converting (%s.%s) to (%.*s.%s): unknown conversion",
		       slash ? slash + 1 : version, kind, *group ? (int)strcspn(group, ".") : 4,
		       *group ? group : "core", was);
}

static js *apply(const struct patch *p, const struct type *type, const js *doc, struct err *err)
{
	switch (p->form) {
	case PATCH_FORM_JSON:
		return patch_json(doc, p->tree, err);
	case PATCH_FORM_MERGE:
		return patch_merge(doc, p->tree, err);
	default:
		return patch_strategic(doc, p->tree, type, err);
	}
}

/* Members of a JSON patch operation that mean nothing, or are there twice. */
static void check_operations(const struct operation *o, const struct patch *p, struct strict_errors *ret)
{
	struct strict_errors unknown = {.n = 0}, all = {.n = 0};

	js_array_for_each (op, p->tree) {
		for (struct js_iter it = js_iter(op); js_next(&it);)
			if (strcmp(it.key, "op") && strcmp(it.key, "path") && strcmp(it.key, "from") &&
			    strcmp(it.key, "value") && unknown.n < ARRAY_LEN(unknown.v))
				unknown.v[unknown.n++] =
					mem_printf("unknown field \"[%zu].%s\"", op_i, it.key);
	}
	strict_merge(o->rq->body, o->rq->body_len, &p->dup, &unknown, &all);
	strict_append(ret, "json patch ", &all);
	schema_strict_errors_release(&unknown);
}

/* What is wrong with the patch itself, then with what it makes; that is given away. */
static void collect_strict(const struct operation *o, const struct patch *p, const struct type *type,
			   struct strict_errors *made, struct strict_errors *ret)
{
	static const struct strict_errors none;

	if (o->validation == VALIDATE_IGNORE)
		return;
	if (p->form == PATCH_FORM_JSON)
		check_operations(o, p, ret);
	else
		strict_join(&p->dup, &none, ret);
	strict_sort(made, type->structural		    ? STRICT_BY_PART
			  : p->form == PATCH_FORM_STRATEGIC ? STRICT_BY_TEXT
							    : STRICT_BY_KEY);
	strict_append(ret, "", made);
}

/* A document without a version is read as one of no kind: nothing in it is known, its name neither. */
static js *of_no_kind(const js *patched, struct strict_errors *strict)
{
	for (struct js_iter it = js_iter(patched); js_next(&it);)
		if (strcmp(it.key, "kind") && strcmp(it.key, "apiVersion") && strict &&
		    strict->n < ARRAY_LEN(strict->v))
			strict->v[strict->n++] = mem_printf("unknown field \"%s\"", it.key);
	return js_new_obj();
}

static bool lost_version(const struct operation *o, const js *patched)
{
	const js *version = js_field(patched, "apiVersion");

	return !is_custom(o) && (!version || (js_is_str(version) && !*json_object_get_string((js *)version)));
}

/* What a strategic patch makes is taken: errors quote the patch, and nobody looks at it again. */
static js *decode(const struct operation *o, const struct patch *p, const struct type *type, js **patched,
		  struct strict_errors *strict, struct err *err)
{
	if (o->validation == VALIDATE_IGNORE)
		strict = NULL;
	if (p->form == PATCH_FORM_STRATEGIC)
		return schema_restore(type, STEAL(*patched), strict, err);
	if (!is_custom(o) && body_says_words(*patched, err) < 0)
		return NULL;
	if (lost_version(o, *patched))
		return of_no_kind(*patched, strict);
	return schema_decode(type, *patched, strict, err);
}

/*
 * The patched document as a conforming tree of `type` with defaults, or NULL. Unknown and duplicate fields are
 * judged as fieldValidation says, warnings only when `first`.
 */
static js *patch_apply(struct operation *o, const struct patch *p, const struct type *type, const js *doc,
		       bool first, struct err *err)
{
	struct strict_errors strict = {.n = 0}, all = {.n = 0};
	autobuf struct buf text = BUF_INIT;
	struct err why = ERR_INIT;
	autojson js *patched = apply(p, type, doc, err);

	if (!patched) {
		does_not_apply(o, err);
		return NULL;
	}
	js *new = NULL;
	if (!js_is_obj(patched))
		err_set(&why, REASON_BAD_REQUEST, "json: cannot unmarshal %s into Go value of type v1.%s",
			go_value(patched), type->name ? type->name : "object");
	else if (check_kind(o, p, doc, patched, &why) == 0)
		new = decode(o, p, type, &patched, &strict, &why);
	collect_strict(o, p, type, &strict, &all);
	if (new && (first || o->validation == VALIDATE_STRICT) &&
	    body_strictness(o->validation, o->rs, &all, &text) < 0) {
		js_autoput(&new);
		new = NULL;
		invalid_result(o, p, patched, text.p, err);
	} else if (!new && (why.reason == REASON_INTERNAL || (why.reason == REASON_INVALID && !*why.msg))) {
		*err = why; /* its causes are told already */
	} else if (!new) {
		invalid_result(o, p, patched, why.msg, err);
	}
	schema_strict_errors_release(&strict);
	schema_strict_errors_release(&all);
	return new;
}

/* ---- the verbs ---- */

static int read_patch(struct operation *o, struct err *err)
{
	return patch_read(o, &o->patch, err);
}

static void start(struct operation *o, registry_change_fn *make)
{
	struct registry_change change = {.make = make, .arg = o};

	registry_change(&o->call, &change);
}

/* Whether the body holds the word, be it in escapes. */
static bool may_name(const struct request *rq, const char *word)
{
	return memmem(rq->body, rq->body_len, word, strlen(word)) || memchr(rq->body, '\\', rq->body_len);
}

static js *change_object(struct registry_call *c, void *arg, const struct obj *old, const js *old_tree,
			 struct err *err)
{
	struct operation *o = arg;
	bool convert = c->kind != c->stored;
	/* the list of managers is there for whoever may speak of it */
	autojson js *whole = may_name(o->rq, "managedFields") ? obj_tree(old, err) : NULL;
	const js *stored = whole ? whole : old_tree;
	autojson js *theirs = convert ? strategy_convert(c->stored, c->kind, stored) : NULL;
	const js *doc = theirs ? theirs : stored;
	autojson js *new = patch_apply(o, &o->patch, c->kind->type, doc, o->runs++ == 0, err);

	if (!new || registry_check_identity(c, new, err) < 0)
		return NULL;
	js_set_str(new, "kind", c->kind->kind);
	js_set(new, "apiVersion", js_dup(js_field(doc, "apiVersion")));
	return convert ? strategy_convert(c->kind, c->stored, new) : STEAL(new);
}

static js *change_scale(struct registry_call *c, void *arg, const struct obj *old, const js *old_tree,
			struct err *err)
{
	struct operation *o = arg;
	const struct type *type = schema_type(o->rq->api->schema, "Scale");
	autojson js *was = registry_scale_of(c->kind, old_tree);
	autojson js *is = patch_apply(o, &o->patch, type, was, o->runs++ == 0, err);

	if (!is || registry_check_identity(c, is, err) < 0)
		return NULL;
	return registry_scale_apply(c, is, old_tree, err);
}

static void start_patch(struct operation *o)
{
	if (o->patch.form == PATCH_FORM_APPLY) {
		apply_start(o);
		return;
	}
	start(o, change_object);
}

static void start_scale(struct operation *o)
{
	if (o->patch.form == PATCH_FORM_APPLY) {
		apply_start(o);
		return;
	}
	start(o, change_scale);
}

static void present_patched(struct operation *o)
{
	present_object(o->rq, o->rs, o->call.created ? 201 : 200, o->call.obj);
}

static void scale_presentd(struct operation *o)
{
	scale_present(o->rq, o->rs, o->call.obj);
}

const struct verb verb_patch = {"PatchOptions", read_patch, start_patch, present_patched, false};
const struct verb verb_scale_patch = {"PatchOptions", read_patch, start_scale, scale_presentd, true};
