/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The request target. The path is decoded before it is split, as net/http does, so an escaped slash separates
 * segments like a plain one and names no object. Queries follow net/url as net/http asks it: '+' is a space, a key may
 * come several times, and a part with a broken escape or a ';' in it is none. A NUL is refused: texts here end with one.
 */
#include "request/request.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <stdalign.h>
#include <string.h>
#include "base/mem.h"

static const char *const method_names[] = {
	[METHOD_GET] = "GET",	      [METHOD_HEAD] = "HEAD",	[METHOD_POST] = "POST",
	[METHOD_PUT] = "PUT",	      [METHOD_PATCH] = "PATCH", [METHOD_DELETE] = "DELETE",
	[METHOD_OPTIONS] = "OPTIONS",
};

enum method request_method(const char *name)
{
	for (size_t i = 0; i < sizeof(method_names) / sizeof(*method_names); i++)
		if (!strcmp(name, method_names[i]))
			return (enum method)i;
	return METHOD_OTHER;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

enum decoded { DECODED, BROKEN, HAS_NUL };

/* Decodes [p, end) to *out, which moves on behind the NUL it writes. */
static enum decoded decode(const char *p, const char *end, bool plus, char **out)
{
	char *w = *out;
	while (p < end) {
		char c = *p++;
		if (c == '%') {
			if (end - p < 2 || hex(p[0]) < 0 || hex(p[1]) < 0)
				return BROKEN;
			c = (char)(hex(p[0]) << 4 | hex(p[1]));
			p += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		if (!c)
			return HAS_NUL;
		*w++ = c;
	}
	*w++ = 0;
	*out = w;
	return DECODED;
}

/* One part of a query. */
static enum decoded decode_param(const char *p, const char *stop, struct query_param *ret, char **out)
{
	const char *eq = memchr(p, '=', (size_t)(stop - p));
	char *w = *out;
	if (memchr(p, ';', (size_t)(stop - p)))
		return BROKEN;
	ret->key = w;
	enum decoded d = decode(p, eq ? eq : stop, true, &w);
	ret->value = eq ? w : w - 1;
	if (d == DECODED && eq)
		d = decode(eq + 1, stop, true, &w);
	if (d == DECODED)
		*out = w;
	return d;
}

/* As many as the query has parts; an idle watch keeps no room for more. */
static size_t params_at_most(const char *target)
{
	size_t n = 0;
	for (const char *p = strchr(target, '?'); p && n < REQUEST_MAX_PARAMS; p = strchr(p + 1, '&'))
		n++;
	return n;
}

size_t request_scratch_size(const char *target)
{
	return strlen(target) + 2 + alignof(struct query_param) - 1 +
	       params_at_most(target) * sizeof(struct query_param);
}

/* Behind the texts. */
static struct query_param *params_in(char *scratch, const char *target)
{
	uintptr_t mask = alignof(struct query_param) - 1;
	char *at = scratch + strlen(target) + 2;
	return (struct query_param *)(at + (-(uintptr_t)at & mask));
}

int request_parse_target(struct request *rq, const char *target, char *scratch, struct err *err)
{
	const char *end = target + strlen(target);
	const char *q = memchr(target, '?', (size_t)(end - target));
	char *w = scratch;
	rq->target = target;
	rq->n_params = 0;
	rq->params = params_in(scratch, target);
	rq->path = w;
	if (decode(target, q ? q : end, false, &w) != DECODED)
		return err_set(err, REASON_BAD_REQUEST, "invalid URL escape in the request path");
	if (rq->path[0] != '/')
		return err_set(err, REASON_BAD_REQUEST, "invalid request path");
	while (q && q < end) {
		const char *p = q + 1;
		q = memchr(p, '&', (size_t)(end - p));
		const char *stop = q ? q : end;
		if (p == stop)
			continue;
		if (rq->n_params == REQUEST_MAX_PARAMS)
			return err_set(err, REASON_BAD_REQUEST, "too many query parameters");
		enum decoded d = decode_param(p, stop, &rq->params[rq->n_params], &w);
		if (d == HAS_NUL)
			return err_set(err, REASON_BAD_REQUEST, "invalid URL escape in the query");
		rq->n_params += d == DECODED;
	}
	return 0;
}

const char *request_param(const struct request *rq, const char *key)
{
	for (size_t i = 0; i < rq->n_params; i++)
		if (!strcmp(rq->params[i].key, key))
			return rq->params[i].value;
	return NULL;
}

bool request_param_bool(const struct request *rq, const char *key)
{
	const char *v = request_param(rq, key);
	return v && strcmp(v, "0") && strcasecmp(v, "false");
}

int request_param_int(const struct request *rq, const char *key, int64_t *ret, struct err *err)
{
	const char *s = request_param(rq, key);
	char *end;
	*ret = 0;
	if (!s)
		return 0;
	errno = 0;
	long long v = strtoll(s, &end, 10);
	bool number = end > s && !*end && !isspace((unsigned char)*s);
	if (!number || errno)
		return err_set(err, REASON_BAD_REQUEST, "strconv.ParseInt: parsing \"%.100s\": %s", s,
			       number ? "value out of range" : "invalid syntax");
	*ret = v;
	return 0;
}

void request_take_impersonation(struct request *rq, const char *name, const char *value)
{
	if (strncasecmp(name, "Impersonate-", 12))
		return;
	if (!rq->impersonation)
		rq->impersonation = MEM_NEW(struct impersonation);
	struct impersonation *im = rq->impersonation;
	if (im->n < IMPERSONATION_MAX) {
		im->v[im->n].name = name;
		im->v[im->n].value = value;
	}
	im->n += im->n <= IMPERSONATION_MAX;
}

bool request_is_mutating(const struct request *rq)
{
	return rq->method != METHOD_GET && rq->method != METHOD_HEAD && rq->method != METHOD_OPTIONS;
}
