/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PATCH (kubernetes/apiserver pkg/endpoints/handlers/patch.go). The patch applies to the object in the
 * version the client speaks; what comes out is decoded like a body and takes the road of every update.
 * Server-side apply is a form of its own and not offered yet, so its content type is refused like any other
 * unknown one.
 */
#include "rest/patch.h"

#include "object/patch.h"
#include "rest/decode.h"
#include "rest/negotiate.h"

static const struct {
	const char *media_type;
	enum patch_form form;
} forms[] = {
	{"application/json-patch+json", PATCH_FORM_JSON},
	{"application/merge-patch+json", PATCH_FORM_MERGE},
	{"application/strategic-merge-patch+json", PATCH_FORM_STRATEGIC},
};

/* The kind of a 422 that is about the patch and not about an object. */
static const struct kind no_kind = {.group = "", .version = "", .kind = "", .resource = ""};

static int read_form(const struct write *w, enum patch_form *ret, struct err *err)
{
	char type[128];

	decode_media_type(w->rq->content_type, type);
	for (size_t i = 0; i < ARRAY_LEN(forms); i++)
		if (!strcmp(type, forms[i].media_type)) {
			*ret = forms[i].form;
			return 0;
		}
	return err_set(
		err, REASON_UNSUPPORTED_MEDIA_TYPE,
		"the body of the request was in an unknown format - accepted media types include: %s, %s, %s",
		forms[0].media_type, forms[1].media_type, forms[2].media_type);
}

static const char *go_value(const js *o)
{
	return js_is_arr(o)    ? "array"
	       : js_is_str(o)  ? "string"
	       : js_is_bool(o) ? "bool"
	       : js_is_obj(o)  ? "object"
			       : "number";
}

static int check_shape(const struct patch *p, struct err *err)
{
	const char *prefix = p->form == PATCH_FORM_STRATEGIC ? "" : "error decoding patch: ";

	if (p->form == PATCH_FORM_JSON && !js_is_arr(p->tree))
		return err_set(err, REASON_BAD_REQUEST,
			       "%sjson: cannot unmarshal %s into Go value of type []handlers.jsonPatchOp",
			       prefix, go_value(p->tree));
	if (p->form != PATCH_FORM_JSON && !js_is_obj(p->tree))
		return err_set(err, REASON_BAD_REQUEST,
			       "%sjson: cannot unmarshal %s into Go value of type map[string]interface {}",
			       prefix, go_value(p->tree));
	return 0;
}

int patch_read(struct write *w, struct patch *p, struct err *err)
{
	*p = (struct patch){.tree = NULL};
	if (read_form(w, &p->form, err) < 0)
		return -1;
	const char *force = request_param(w->rq, "force");
	if (force) {
		field_error_forbidden(&w->errs, "force", "may not be specified for non-apply patch");
		static const struct kind options = {
			.group = "meta.k8s.io", .version = "v1", .kind = "PatchOptions", .resource = ""};
		w->about = (struct subject){.kind = &options, .name = ""};
		return write_check(w, err);
	}
	p->tree = js_parse(w->rq->body, w->rq->body_len, w->validation == VALIDATE_IGNORE ? NULL : &p->dup,
			   err);
	if (!p->tree) {
		struct err what = *err;
		return err_set(err, REASON_BAD_REQUEST, "error decoding patch: %s", what.msg);
	}
	if (p->form == PATCH_FORM_JSON && js_len(p->tree) > PATCH_MAX_OPS)
		return err_set(
			err, REASON_TOO_LARGE,
			"Request entity too large: The allowed maximum operations in a JSON patch is %d, got %zu",
			PATCH_MAX_OPS, js_len(p->tree));
	return check_shape(p, err);
}

void patch_release(struct patch *p)
{
	js_autoput(&p->tree);
	js_duplicates_release(&p->dup);
}

/* A patch that cannot be applied: upstream answers 422 with the cause beside a general message. */
static int does_not_apply(struct write *w, struct err *err)
{
	if (err->reason != REASON_INVALID || w->errs.n)
		return -1;
	field_errors_add(&w->errs, "UnexpectedServerResponse", mem_strdup(""), mem_strdup(err->msg));
	w->about = (struct subject){.kind = &no_kind, .name = ""};
	return err_set(err, REASON_INVALID, "the server rejected our request due to an error in our request");
}

/* The patched document is no object of the kind: 422 on the whole patch. */
static int invalid_result(struct write *w, const js *patched, const char *detail, struct err *err)
{
	field_error_invalid(&w->errs, "patch", patched, detail);
	w->about = (struct subject){.kind = &no_kind, .name = ""};
	return err_set(err, REASON_INVALID, "%s", "");
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

/* Members of a JSON patch operation that mean nothing. */
static void unknown_op_fields(const struct patch *p, struct strict_errors *strict)
{
	if (p->form != PATCH_FORM_JSON)
		return;
	js_array_for_each (op, p->tree) {
		for (struct js_iter it = js_iter(op); js_next(&it);)
			if (strcmp(it.key, "op") && strcmp(it.key, "path") && strcmp(it.key, "from") &&
			    strcmp(it.key, "value") && strict->n < ARRAY_LEN(strict->v))
				strict->v[strict->n++] =
					mem_printf("json patch unknown field \"[%zu].%s\"", op_i, it.key);
	}
}

js *patch_apply(struct write *w, const struct patch *p, const struct type *type, const js *doc, bool first,
		struct err *err)
{
	struct strict_errors strict = {.n = 0};
	autobuf struct buf text = BUF_INIT;
	struct err why = ERR_INIT;
	autojson js *patched = apply(p, type, doc, err);

	if (!patched) {
		does_not_apply(w, err);
		return NULL;
	}
	if (w->validation != VALIDATE_IGNORE)
		unknown_op_fields(p, &strict);
	js *o = NULL;
	if (!js_is_obj(patched))
		err_set(&why, REASON_BAD_REQUEST, "json: cannot unmarshal %s into Go value of type v1.%s",
			go_value(patched), type->name ? type->name : "object");
	else
		o = schema_decode(type, patched, w->validation == VALIDATE_IGNORE ? NULL : &strict, &why);
	if (o && (first || w->validation == VALIDATE_STRICT) &&
	    decode_strictness(w->validation, w->rs, &p->dup, &strict, &text) < 0) {
		js_autoput(&o);
		o = NULL;
		invalid_result(w, patched, text.p, err);
	} else if (!o) {
		invalid_result(w, patched, why.msg, err);
	}
	strict_errors_release(&strict);
	return o;
}

struct patch_run {
	struct patch patch;
	int runs;
};

static js *change(struct write *w, void *arg, const struct obj *old, const js *old_tree, struct err *err)
{
	struct patch_run *run = arg;
	bool convert = w->kind != w->stored;
	autojson js *theirs = convert ? schema_convert(w->stored, w->kind, old_tree) : NULL;
	autojson js *new =
		patch_apply(w, &run->patch, w->kind->type, theirs ? theirs : old_tree, run->runs++ == 0, err);

	if (!new)
		return NULL;
	if (meta_check_namespace(w, new, err) < 0 || object_check_name(w, new, w->rq->attr.name, err) < 0)
		return NULL;
	js_set_str(new, "kind", w->kind->kind);
	js_set(new, "apiVersion", js_dup(js_field(theirs ? theirs : old_tree, "apiVersion")));
	return convert ? schema_convert(w->kind, w->stored, new) : STEAL(new);
}

static int patch(struct write *w, struct update *u, struct err *err)
{
	struct patch_run run = {.runs = 0};
	int rc = patch_read(w, &run.patch, err);

	*u = (struct update){.change = change, .arg = &run};
	if (rc == 0)
		rc = object_update(w, w->rq->attr.name, u, err);
	patch_release(&run.patch);
	return rc;
}

void rest_patch(struct request *rq, struct response *rs)
{
	struct write w;
	struct err err = ERR_INIT;
	struct update u = {.obj = NULL};

	if (write_begin(&w, rq, rs, "PatchOptions", &err) < 0 || patch(&w, &u, &err) < 0)
		write_fail(&w, &err);
	else
		present_object(rq, rs, 200, u.obj);
	update_release(&u);
	write_release(&w);
}
