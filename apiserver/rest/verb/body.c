/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three codecs, one result. What is refused here never reached a tree of the kind, so the messages speak of
 * text: unreadable bytes («the object provided is unrecognized …»), another kind or version, a value of the
 * wrong type, and under fieldValidation=Strict what a lenient reader would have dropped.
 */
#include "rest/verb/body.h"

#include <stdio.h>
#include "object/pb.h"
#include "object/yaml.h"
#include "rest/negotiate.h"
#include "rest/verb/strict.h"
#include "rest/verb/verb.h"

#define SUMMARY 30 /* bytes of a body that a message shows */

void body_media_type(const char *content_type, char out[128])
{
	size_t n = strcspn(content_type, ";");

	while (n && (content_type[n - 1] == ' ' || content_type[n - 1] == '\t'))
		n--;
	while (n && (*content_type == ' ' || *content_type == '\t')) {
		content_type++;
		n--;
	}
	if (n > 127)
		n = 127;
	for (size_t i = 0; i < n; i++)
		out[i] = content_type[i] >= 'A' && content_type[i] <= 'Z' ? (char)(content_type[i] | 0x20)
									  : content_type[i];
	out[n] = '\0';
}

/* The beginning of a body: as text when it looks like JSON, else in hexadecimal. */
static void summarize(const char *p, size_t n, struct buf *out)
{
	size_t shown = n > SUMMARY ? SUMMARY : n;

	if (!n)
		buf_adds(out, "<empty>");
	else if (*p == '{' && buf_utf8_valid(p, shown) == shown && !memchr(p, 0, shown))
		buf_add(out, p, shown);
	else
		for (size_t i = 0; i < shown; i++)
			buf_addf(out, "%02x", (unsigned char)p[i]);
	buf_adds(out, n > SUMMARY ? " ..." : "");
}

#define SHOWN 256 /* bytes of a body that a message quotes; upstream quotes all of it */

static int unrecognized(const struct decode *d, const char *p, size_t n, struct err *err)
{
	autobuf struct buf summary = BUF_INIT;
	struct err what = *err;

	if (d->unexplained) {
		err->reason = REASON_UNKNOWN;
		return -1;
	}
	summarize(p, n, &summary);
	return err_set(err, REASON_BAD_REQUEST,
		       "the object provided is unrecognized (must be of type %s): %s (%s)", d->kind, what.msg,
		       buf_str(&summary));
}

/* Nothing, said in words: an object without any field, which the rules for the kind then judge. */
static bool is_nothing(const char *p, size_t n, bool yaml)
{
	static const char *const yaml_words[] = {"", "~", "---"};
	const char *space = yaml ? " \r\n" : " \t\r\n"; /* no tab begins a token of YAML */
	while (n && strchr(space, p[n - 1]))
		n--;
	while (n && strchr(space, *p))
		p++, n--;
	for (size_t i = 0; yaml && i < ARRAY_LEN(yaml_words); i++)
		if (n == strlen(yaml_words[i]) && !memcmp(p, yaml_words[i], n))
			return true;
	return n == 4 && !memcmp(p, "null", 4);
}

bool body_is_null(const char *p, size_t n)
{
	return is_nothing(p, n, false);
}

bool body_is_nothing(const char *p, size_t n)
{
	return is_nothing(p, n, true);
}

void body_forget_place(struct err *err)
{
	char *place = strstr(err->msg, " (byte ");

	if (place)
		*place = '\0';
}

static js *parse_json(const struct decode *d, const char *p, size_t n, struct js_duplicates *dup,
		      struct err *err)
{
	if (is_nothing(p, n, false))
		return js_new_obj();
	js *o = js_parse(p, n, d->validation == VALIDATE_IGNORE ? NULL : dup, err);

	if (!o) {
		struct err what = *err;
		body_forget_place(&what);
		err_set(err, REASON_BAD_REQUEST, "couldn't get version/kind; json parse error: %s", what.msg);
		unrecognized(d, p, n, err);
	}
	return o;
}

static js *parse_yaml(const struct decode *d, const char *p, size_t n, struct js_duplicates *dup,
		      struct err *err)
{
	if (is_nothing(p, n, true))
		return js_new_obj();
	js *o = yaml_parse(p, n, d->validation == VALIDATE_IGNORE ? NULL : dup, err);

	if (!o)
		unrecognized(d, p, n, err);
	return o;
}

/* The scheme that knows the kinds of a group, as upstream's messages name it. */
static const char *scheme_of(const char *group)
{
	return !strcmp(group, "apiextensions.k8s.io")
		       ? "k8s.io/apiextensions-apiserver/pkg/apiserver/apiserver.go:55"
	       : !strcmp(group, "apiregistration.k8s.io")
		       ? "k8s.io/kube-aggregator/pkg/apiserver/scheme/scheme.go:28"
		       : "pkg/api/legacyscheme/scheme.go:30";
}

int body_says_words(const js *o, struct err *err)
{
	static const char *const names[] = {"apiVersion", "kind"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const js *v = js_field(o, names[i]);
		if (v && !js_is_str(v))
			return err_set(
				err, REASON_BAD_REQUEST,
				"couldn't get version/kind; json parse error: json: cannot unmarshal %s into Go struct field .%s of type string",
				js_word(v), names[i]);
	}
	return 0;
}

/* What a text says that it is must be text, and a version have a group or none. */
static int check_words(const struct decode *d, const char *p, size_t n, const js *o, struct err *err)
{
	if (body_says_words(o, err) < 0)
		return unrecognized(d, p, n, err);
	const char *version = js_str0(o, "apiVersion", NULL), *slash = strchr(version, '/');
	if (!slash || !strchr(slash + 1, '/'))
		return 0;
	err_set(err, REASON_BAD_REQUEST, "unexpected GroupVersion string: %.200s", version);
	return unrecognized(d, p, n, err);
}

static void api_version(const char *group, const char *version, char out[128])
{
	snprintf(out, 128, "%s%s%s", group, *group ? "/" : "", version);
}

static js *parse_pb(const struct decode *d, const char *p, size_t n, struct js_duplicates *dup,
		    struct err *err)
{
	struct pb_envelope e;

	(void)dup;
	if (pb_open(p, n, &e, err) < 0) {
		unrecognized(d, p, n, err);
		return NULL;
	}
	if (d->type && d->type->structural) { /* whatever it says that it is */
		const char *slash = strrchr(e.api_version, '/');
		err_set(err, REASON_BAD_REQUEST,
			"%s in version \"%s\" cannot be handled as a %s: " NEGOTIATE_NO_PB,
			e.kind[0] ? e.kind : d->kind,
			!e.api_version[0] ? d->version
			: slash		  ? slash + 1
					  : e.api_version,
			d->kind);
		return NULL;
	}
	js *o;
	/* the raw bytes mean something only as the kind that was expected; another one is refused by its name
	 * below */
	if (!e.kind[0] || !strcmp(e.kind, d->kind)) {
		o = pb_decode(d->type, e.raw, e.raw_len, err);
		if (!o) {
			struct err what = *err;
			err_set(err, REASON_BAD_REQUEST, "%s in version \"%s\" cannot be handled as a %s: %s",
				d->kind, d->version, d->kind, what.msg);
			return NULL;
		}
	} else {
		o = js_new_obj();
	}
	if (e.kind[0])
		js_set_str(o, "kind", e.kind);
	if (e.api_version[0])
		js_set_str(o, "apiVersion", e.api_version);
	return o;
}

struct codec {
	const char *media_type;
	js *(*parse)(const struct decode *d, const char *p, size_t n, struct js_duplicates *dup,
		     struct err *err);
};
static const struct codec codecs[] = {
	{"application/json", parse_json},
	{"application/yaml", parse_yaml},
	{"application/vnd.kubernetes.protobuf", parse_pb},
};

static const struct codec *find_codec(const char *content_type, struct err *err)
{
	char type[128];

	body_media_type(content_type, type);
	if (!type[0])
		return &codecs[0];
	for (size_t i = 0; i < ARRAY_LEN(codecs); i++)
		if (!strcmp(type, codecs[i].media_type))
			return &codecs[i];
	err_set(err, REASON_UNSUPPORTED_MEDIA_TYPE,
		"the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf");
	return NULL;
}

int body_check_type(const char *content_type, struct err *err)
{
	return find_codec(content_type, err) ? 0 : -1;
}

bool body_kind_exists(const struct schema *schema, const char *api_version, const char *kind)
{
	char group[128];
	const char *slash = strrchr(api_version, '/');

	snprintf(group, sizeof(group), "%.*s", slash ? (int)(slash - api_version) : 0, api_version);
	return schema_kind(schema, group, slash ? slash + 1 : api_version, kind);
}

/* Of the users' own kinds upstream decodes no struct that would know what it is: the text must say so. */
static bool is_custom(const struct decode *d)
{
	const struct kind *k = schema_kind(d->schema, d->group, d->version, d->kind);

	return k && k->type->structural;
}

static int check_custom(const struct decode *d, const char *kind, const char *version, const char *want,
			struct err *err)
{
	if (!is_custom(d))
		return 0;
	if (!*version || (d->misnamed && strcmp(version, want)))
		return err_set(
			err, REASON_BAD_REQUEST,
			"the API version in the data (%s) does not match the expected API version (%s)",
			version, want);
	if (d->misnamed && strcmp(kind, d->kind))
		return err_set(err, REASON_INVALID, "%s", "");
	return 0;
}

static bool is_former(const struct decode *d, const char *version)
{
	size_t n = strlen(d->group);

	return !strncmp(version, d->group, n) && version[n] == '/' && strstr(version + n, "beta");
}

/* apiVersion and kind may be missing (the path says what is meant), but may not say something else. */
static int check_kind(const struct decode *d, const js *o, struct err *err)
{
	char want[128];
	const char *kind = js_str0(o, "kind", NULL), *version = js_str0(o, "apiVersion", NULL);

	api_version(d->group, d->version, want);
	if (check_custom(d, kind, version, want, err) < 0)
		return -1;
	if (!*kind)
		kind = d->kind;
	if (!*version)
		version = want;
	const char *slash = strrchr(version, '/');
	const char *package = *d->group ? d->group : "core";
	if (d->unexplained && (!strcmp(kind, "CreateOptions") || !strcmp(kind, "UpdateOptions")))
		return err_set(err, REASON_UNKNOWN, "decoded object cannot be converted to %s", d->kind);
	if (d->unexplained && strcmp(kind, d->kind))
		return err_set(
			err, REASON_UNKNOWN,
			"no kind \"%s\" is registered for version \"%s\" in scheme \"pkg/apis/meta/internalversion/scheme/register.go:27\"",
			kind, version);
	if (strcmp(kind, d->kind) && !body_kind_exists(d->schema, version, kind))
		return err_set(
			err, REASON_BAD_REQUEST,
			"%s in version \"%s\" cannot be handled as a %s: no kind \"%s\" is registered for version \"%s\" in scheme \"%s\"",
			kind, slash ? slash + 1 : version, d->kind, kind, version, scheme_of(d->group));
	if (strcmp(kind, d->kind))
		return err_set(
			err, REASON_BAD_REQUEST,
			"%s in version \"%s\" cannot be handled as a %s: converting (%s.%s) to (%.*s.%s): unknown conversion",
			kind, slash ? slash + 1 : version, d->kind, slash ? slash + 1 : version, kind,
			(int)strcspn(package, "."), package, d->kind);
	/* versions of the group's own that were once are still known by name */
	bool same = d->any_version || !strcmp(version, want);
	if (!same && !body_kind_exists(d->schema, version, kind) && !is_former(d, version))
		return err_set(
			err, REASON_BAD_REQUEST,
			"%s in version \"%s\" cannot be handled as a %s: no kind \"%s\" is registered for version \"%s\" in scheme \"%s\"",
			kind, slash ? slash + 1 : version, d->kind, kind, version, scheme_of(d->group));
	if (!same)
		return err_set(
			err, REASON_BAD_REQUEST,
			"the API version in the data (%s) does not match the expected API version (%s)",
			version, want);
	return 0;
}

int body_strictness(enum field_validation v, struct response *rs, const struct strict_errors *strict,
		    struct buf *ret_text)
{
	if (v == VALIDATE_IGNORE)
		return 0;
	for (size_t i = 0; i < strict->n; i++) {
		if (v == VALIDATE_WARN)
			response_warn(rs, "%s", strict->v[i]);
		else
			buf_addf(ret_text, "%s%s", i ? ", " : "strict decoding error: ", strict->v[i]);
	}
	return v == VALIDATE_STRICT && strict->n ? -1 : 0;
}

bool body_yaml_duplicates(enum field_validation v, struct response *rs, const struct js_duplicates *dup,
			  struct buf *ret_text)
{
	for (size_t i = 0; i < dup->n; i++) {
		if (v == VALIDATE_WARN)
			response_warn(rs, "%s", dup->path[i]);
		else
			buf_addf(ret_text, "%s\n  %s", i ? "" : "yaml: unmarshal errors:", dup->path[i]);
	}
	return dup->n && v == VALIDATE_STRICT;
}

/* The repeated keys of a YAML document are one complaint. */
static int yaml_strictness(const struct decode *d, const struct js_duplicates *dup,
			   const struct strict_errors *strict, struct buf *ret_text)
{
	autobuf struct buf repeated = BUF_INIT, text = BUF_INIT;
	bool twice = body_yaml_duplicates(d->validation, d->rs, dup, &repeated);
	int rc = body_strictness(d->validation, d->rs, strict, &text);

	if (!twice) {
		buf_adds(ret_text, buf_str(&text));
		return rc;
	}
	buf_addf(ret_text, "strict decoding error: %s", repeated.p);
	if (rc < 0)
		buf_addf(ret_text, ", %s", text.p + strlen("strict decoding error: "));
	return -1;
}

struct body_text { /* what was parsed */
	const char *p;
	size_t n;
	bool yaml;
	struct js_duplicates dup;
};

static int json_strictness(const struct decode *d, const struct body_text *t,
			   const struct strict_errors *unknown, struct buf *ret_text)
{
	struct strict_errors all = {.n = 0};

	if (d->type->structural)
		strict_join(&t->dup, unknown, &all);
	else
		strict_merge(t->p, t->n, &t->dup, unknown, &all);
	int rc = body_strictness(d->validation, d->rs, &all, ret_text);
	schema_strict_errors_release(&all);
	return rc;
}

static js *conform(const struct decode *d, const struct body_text *t, js *raw, struct err *err)
{
	struct strict_errors strict = {.n = 0};
	autobuf struct buf text = BUF_INIT;
	struct err why = ERR_INIT;
	js *o = schema_take(d->type, raw, d->validation == VALIDATE_IGNORE ? NULL : &strict, &why);

	if (d->type->structural)
		strict_sort(&strict, STRICT_BY_PART);
	else if (t->yaml)
		strict_sort(&strict, STRICT_BY_KEY);
	if (o && (t->dup.n || strict.n) &&
	    (t->yaml ? yaml_strictness(d, &t->dup, &strict, &text) : json_strictness(d, t, &strict, &text)) <
		    0) {
		js_autoput(&o);
		o = NULL;
	}
	schema_strict_errors_release(&strict);
	if (o)
		return o;
	const char *what = text.len ? text.p : why.msg;
	if (d->unexplained)
		err_set(err, REASON_UNKNOWN, "%s", what);
	else
		err_set(err, REASON_BAD_REQUEST, "%s in version \"%s\" cannot be handled as a %s: %s",
			d->kind, d->version, d->kind, what);
	if (text.len && d->text)
		buf_addf(d->text, "%s in version \"%s\" cannot be handled as a %s: %s", d->kind, d->version,
			 d->kind, what);
	return NULL;
}

js *body_decode(const struct decode *d, const char *content_type, const char *p, size_t n, struct err *err)
{
	struct body_text t = {.p = p, .n = n};
	char version[128];
	const struct codec *c = find_codec(content_type, err);

	if (!c)
		return NULL;
	t.yaml = c->parse == parse_yaml;
	autojson js *raw = c->parse(d, p, n, &t.dup, err);
	js *o = NULL;
	if (raw && !js_is_obj(raw)) {
		err_set(err, REASON_BAD_REQUEST,
			"couldn't get version/kind; json parse error: json: cannot unmarshal %s into Go value of type struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string "
			"\"json:\\\"kind,omitempty\\\"\" }",
			js_word(raw));
		unrecognized(d, p, n, err);
	} else if (raw && check_words(d, p, n, raw, err) < 0) {
		o = NULL;
	} else if (raw && is_custom(d) && !*js_str0(raw, "kind", NULL)) {
		err_set(err, REASON_BAD_REQUEST, "Object 'Kind' is missing in '%.*s'",
			(int)(n < SHOWN ? n : SHOWN), p);
		unrecognized(d, p, n, err);
	} else if (raw && check_kind(d, raw, err) == 0) {
		o = conform(d, &t, STEAL(raw), err);
	} else if (raw && d->misnamed && err->reason == REASON_INVALID) {
		*d->misnamed = STEAL(raw);
	} else if (raw && d->other) {
		*d->other = true;
	}
	js_duplicates_release(&t.dup);
	if (!o)
		return NULL;
	api_version(d->group, d->version, version);
	js_set_str(o, "kind", d->kind);
	js_set_str(o, "apiVersion", version);
	return o;
}

int body_refuse_kind(struct operation *o, js *misnamed, struct err *err)
{
	js_autoput(&o->misnamed);
	o->misnamed = misnamed; /* whose texts are told */
	return registry_refuse_kind(&o->call, misnamed, err);
}

static js *read_as(struct operation *o, const struct kind *k, bool *other, struct err *err)
{
	js *misnamed = NULL;
	struct decode d = {.schema = o->rq->api->schema,
			   .type = k->type,
			   .group = k->group,
			   .version = k->version,
			   .kind = k->kind,
			   .validation = o->validation,
			   .rs = o->rs,
			   .text = &o->call.text,
			   .misnamed = &misnamed,
			   .other = other};
	js *body = body_decode(&d, o->rq->content_type, o->rq->body, o->rq->body_len, err);

	if (misnamed)
		(void)body_refuse_kind(o, misnamed, err);
	return body;
}

js *body_object(struct operation *o, const struct kind *k, struct err *err)
{
	return read_as(o, k, NULL, err);
}

js *body_either(struct operation *o, const struct kind *k, const struct kind *also, struct err *err)
{
	struct err second = ERR_INIT;
	bool other = false, neither = false;
	js *body = read_as(o, k, &other, err);

	if (body || !other)
		return body;
	body = read_as(o, also, &neither, &second);
	if (body || !neither)
		*err = second;
	return body;
}
