/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accept: clauses are tried from the highest q to the lowest, those without a wildcard first and in their order
 * among equals; the first that can be served wins (kubernetes/apiserver pkg/endpoints/handlers/negotiation). A q of 0
 * is no refusal there either. Unknown parameters of a clause are ignored, a stream other than watch and an `as` that is neither Table nor
 * PartialObjectMetadata of meta.k8s.io rules the clause out, and there are no Tables in protobuf, nor of reviews.
 */
#include "rest/negotiate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"

#define PROTOBUF "application/vnd.kubernetes.protobuf"

struct media_word {
	const char *p;
	size_t n;
};

static bool is(struct media_word w, const char *s)
{
	return w.n == strlen(s) && !strncasecmp(w.p, s, w.n);
}

static struct media_word trim(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	while (end > p && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	return (struct media_word){p, (size_t)(end - p)};
}

/* Takes the text up to `sep` (or the end) from *p. */
static struct media_word take(const char **p, const char *end, char sep)
{
	const char *start = *p, *stop = memchr(start, sep, (size_t)(end - start));
	*p = stop ? stop + 1 : end;
	return trim(start, stop ? stop : end);
}

/* q in thousandths; malformed is 1. */
static int parse_q(struct media_word w)
{
	int q = 0, digits = 0;
	size_t i = 0;
	if (!w.n || (w.p[0] != '0' && w.p[0] != '1') || (w.n > 1 && w.p[1] != '.'))
		return 1000;
	q = (w.p[i++] - '0') * 1000;
	for (int scale = 100; ++i < w.n && digits < 3; digits++, scale /= 10) {
		if (w.p[i] < '0' || w.p[i] > '9')
			return 1000;
		q += (w.p[i] - '0') * scale;
	}
	return q > 1000 ? 1000 : q;
}

struct clause {
	struct accept accept;
	struct media_word as, group, version;
	int q;
	bool ok, wild, plain;
};

static void set_as(struct clause *c)
{
	struct media_word as = c->as;
	bool meta = is(c->group, "meta.k8s.io");
	c->accept.version = is(c->version, "v1") ? "v1" : is(c->version, "v1beta1") ? "v1beta1" : NULL;
	c->accept.as = is(as, "Table") ? PRESENT_TABLE : PRESENT_PARTIAL;
	c->accept.partial_list = is(as, "PartialObjectMetadataList");
	bool known =
		is(as, "Table") || is(as, "PartialObjectMetadata") || is(as, "PartialObjectMetadataList");
	c->ok &= known && meta && c->accept.version;
	c->ok &= c->accept.media != MEDIA_PROTOBUF || c->accept.as == PRESENT_PARTIAL;
}

/* But for what it is to be converted to. */
static struct clause parse_clause(struct media_word w)
{
	static const struct media_word none = {"", 0};
	struct clause c = {.q = 1000, .accept.version = "v1", .as = none, .group = none, .version = none};
	const char *p = w.p, *end = w.p + w.n;
	struct media_word type = take(&p, end, ';');
	c.accept.media = is(type, "application/yaml") ? MEDIA_YAML
			 : is(type, PROTOBUF)	      ? MEDIA_PROTOBUF
						      : MEDIA_JSON;
	c.wild = is(type, "*/*") || is(type, "application/*");
	c.ok = c.accept.media != MEDIA_JSON || c.wild || is(type, "application/json");
	while (p < end) {
		struct media_word param = take(&p, end, ';');
		const char *v = param.p, *param_end = param.p + param.n;
		struct media_word key = take(&v, param_end, '=');
		struct media_word value = trim(v, param_end);
		if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
			value = (struct media_word){value.p + 1, value.n - 2};
		if (is(key, "q"))
			c.q = parse_q(value);
		else if (is(key, "as"))
			c.as = value;
		else if (is(key, "g"))
			c.group = value;
		else if (is(key, "v"))
			c.version = value;
		else if (is(key, "pretty"))
			c.accept.pretty = is(value, "1");
		else if (is(key, "stream")) /* there is none in YAML */
			c.ok &= !value.n || (is(value, "watch") && c.accept.media != MEDIA_YAML);
		else if (is(key, "sv"))
			c.ok &= !value.n || is(value, "v1");
	}
	c.plain = !c.as.n && !c.group.n && !c.version.n;
	return c;
}

/* strconv.ParseBool */
static bool is_true(const char *s)
{
	static const char *const words[] = {"1", "t", "T", "true", "TRUE", "True"};
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (!strcmp(s, words[i]))
			return true;
	return false;
}

static bool has_prefix(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

static const char *const includes[] = {
	[INCLUDE_METADATA] = "Metadata", [INCLUDE_OBJECT] = "Object", [INCLUDE_NONE] = "None"};

/* The word's place; that of "Metadata" for none, and behind the last for another. */
static size_t include_of(const struct request *rq)
{
	const char *s = request_param(rq, "includeObject");
	size_t i = 0;
	while (s && *s && i < ARRAY_LEN(includes) && strcmp(s, includes[i]))
		i++;
	return i;
}

int negotiate_options(const struct request *rq, const struct accept *a, struct err *err)
{
	if (a->as != PRESENT_TABLE || include_of(rq) < ARRAY_LEN(includes))
		return 0;
	return err_set(
		err, REASON_BAD_REQUEST,
		"Unable to convert to Table as requested: includeObject: Invalid value: \"%.100s\": must be 'Metadata', 'Object', 'None', or empty",
		request_param(rq, "includeObject"));
}

/* Which of two clauses comes first: what is stored goes before what has to be encoded, then as the client says. */
static bool is_better(const struct clause *c, const struct clause *than)
{
	bool pb = c->accept.media == MEDIA_PROTOBUF, than_pb = than->accept.media == MEDIA_PROTOBUF;
	if (than->q < 0 || pb != than_pb)
		return than->q < 0 || than_pb;
	return c->q > than->q || (c->q == than->q && than->wild && !c->wild);
}

/* What is only answered, never listed, has no columns to make a Table of. */
static bool has_table(const struct kind *k)
{
	return !k || !k->virtual || k->n_columns;
}

/* Upstream's router looks first, at the types' names: it knows star-slash-star, but no other wildcard. */
static bool is_routed(const struct request *rq)
{
	const char *p = rq->accept, *end = p + strlen(p);

	while (p < end) {
		struct media_word w = take(&p, end, ',');
		const char *type_end = w.p + w.n, *at = w.p;
		struct media_word type = take(&at, type_end, ';');
		if (is(type, "*/*") || is(type, "application/json") || is(type, "application/yaml") ||
		    is(type, PROTOBUF))
			return true;
	}
	return !*rq->accept;
}

static int choose(const struct request *rq, bool plain, struct accept *ret, struct err *err)
{
	struct clause best = {.q = -1, .accept.version = "v1"};
	const char *p = rq->accept, *end = p + strlen(p);
	if (p == end)
		best.q = 1000;
	while (p < end) {
		struct media_word w = take(&p, end, ',');
		if (!w.n)
			continue;
		struct clause c = parse_clause(w);
		if (!c.plain)
			set_as(&c);
		c.ok &= c.accept.as != PRESENT_TABLE || has_table(rq->attr.kind);
		if (c.ok && (c.plain || !plain) && is_better(&c, &best))
			best = c;
	}
	if (best.q < 0)
		return err_set(err, REASON_NOT_ACCEPTABLE, NEGOTIATE_ACCEPTED);
	*ret = best.accept;
	const char *pretty = request_param(rq, "pretty");
	if (pretty && *pretty)
		ret->pretty = is_true(pretty);
	else if (has_prefix(rq->user_agent, "curl") || has_prefix(rq->user_agent, "Wget") ||
		 has_prefix(rq->user_agent, "Mozilla/5.0"))
		ret->pretty = true;
	return 0;
}

int negotiate(const struct request *rq, struct accept *ret, struct err *err)
{
	const char *verb = rq->attr.verb ? rq->attr.verb : "";
	bool streams = !strcmp(verb, "list") || !strcmp(verb, "watch");

	if (!is_routed(rq))
		return err_set(err, REASON_NOT_ACCEPTABLE,
			       "406: Not Acceptable\n\nAvailable representations: " NEGOTIATE_TYPES "%s",
			       streams ? ", application/json;stream=watch, " PROTOBUF ";stream=watch" : "");
	if (choose(rq, false, ret, err) < 0)
		return -1;
	size_t include = ret->as == PRESENT_TABLE ? include_of(rq) : INCLUDE_METADATA;
	if (include < ARRAY_LEN(includes))
		ret->include = include;
	return 0;
}

int negotiate_plain(const struct request *rq, struct accept *ret, struct err *err)
{
	return choose(rq, true, ret, err);
}

int negotiate_as(const struct request *rq, const char *group, const char *kind, const char *const *versions,
		 size_t n, enum media *ret_media)
{
	struct clause best = {.q = -1};
	int found = -1;
	for (const char *p = rq->accept, *end = p + strlen(p); p < end;) {
		struct clause c = parse_clause(take(&p, end, ','));
		size_t i = 0;
		while (i < n && !is(c.version, versions[i]))
			i++;
		if (!c.ok || i == n || !is(c.as, kind) || !is(c.group, group) || !is_better(&c, &best))
			continue;
		best = c;
		found = (int)i;
	}
	*ret_media = best.accept.media;
	return found;
}

/* The place of the first type that the clause takes. */
static int find_type(struct media_word w, const char *const *types, size_t n, int *ret_q)
{
	const char *p = w.p, *end = w.p + w.n;
	struct media_word type = take(&p, end, ';');
	bool any = is(type, "*/*");
	*ret_q = 1000;
	while (p < end) {
		struct media_word param = take(&p, end, ';');
		if (param.n > 2 && (param.p[0] == 'q' || param.p[0] == 'Q') && param.p[1] == '=')
			*ret_q = parse_q(trim(param.p + 2, param.p + param.n));
	}
	for (size_t i = 0; i < n; i++) {
		size_t top = strcspn(types[i], "/") + 1;
		bool below = type.n == top + 1 && type.p[top] == '*' && !strncasecmp(type.p, types[i], top);
		if (any || below || is(type, types[i]))
			return (int)i;
	}
	return -1;
}

int negotiate_among(const struct request *rq, const char *const *types, size_t n)
{
	const char *p = rq->accept, *end = p + strlen(p);
	int best = p == end ? 0 : -1, best_q = -1, q;
	while (p < end) {
		int i = find_type(take(&p, end, ','), types, n, &q);
		if (i < 0 || q <= best_q)
			continue;
		best = i;
		best_q = q;
	}
	return best;
}

/* The package that upstream keeps a group's kinds in, which its messages show. */
static void go_package(const struct kind *k, char out[64])
{
	bool core = !*k->group || !strcmp(k->group, "events.k8s.io");
	snprintf(out, 64, "%.*s", core ? 4 : (int)strcspn(k->group, "."), core ? "core" : k->group);
}

int negotiate_fits(const struct accept *a, const struct kind *k, bool list, struct err *err)
{
	char package[64];
	if (list && a->media == MEDIA_PROTOBUF && a->as == PRESENT_OBJECT && k->type && k->type->structural)
		return err_set(err, REASON_NOT_ACCEPTABLE, NEGOTIATE_ACCEPTED);
	if (a->as != PRESENT_PARTIAL || a->partial_list == list)
		return 0;
	go_package(k, package);
	if (list)
		return err_set(
			err, REASON_NOT_ACCEPTABLE,
			"you requested PartialObjectMetadata, but the requested object is a list (*%s.%s)",
			package, k->list_kind);
	return err_set(
		err, REASON_NOT_ACCEPTABLE,
		"you requested PartialObjectMetadataList, but the requested object is not a list (*%s.%s)",
		package, k->kind);
}

const char *negotiate_content_type(const struct accept *a)
{
	static const char *const types[] = {[MEDIA_JSON] = "application/json",
					    [MEDIA_YAML] = "application/yaml",
					    [MEDIA_PROTOBUF] = PROTOBUF};
	return types[a->media];
}
