/* SPDX-License-Identifier: Apache-2.0 */
/* The list of managers as a span of an object's JSON: found by the scanner, cut out, put in. */
#include "registry/managed_internal.h"

#include "object/scan.h"

/* The value of a member of the object that the scan is about to enter; the scan stands before it. */
static bool seek(struct scan *s, const char *key, const char **ret_before)
{
	const char *k;
	size_t n;

	if (scan_peek(s) != SCAN_OBJECT || !scan_enter_object(s))
		return false;
	for (const char *before = s->p; scan_key(s, &k, &n); before = s->p) {
		if (scan_key_is(k, n, key)) {
			*ret_before = before;
			return true;
		}
		if (!scan_skip(s))
			return false;
	}
	return false;
}

struct managed_bytes managed_bytes_find(const char *p, size_t n)
{
	struct managed_bytes none = {.p = NULL}, ret;
	struct scan s;
	const char *before;

	scan_init(&s, p, n);
	if (!seek(&s, "metadata", &before) || !seek(&s, "managedFields", &before) ||
	    scan_peek(&s) != SCAN_ARRAY)
		return none;
	ret.p = s.p;
	if (!scan_skip(&s))
		return none;
	ret.n = (size_t)(s.p - ret.p);
	ret.from = (size_t)(before - p);
	ret.to = (size_t)(s.p - p);
	if (p[ret.from] != ',' && p[ret.to] == ',') /* it comes first */
		ret.to++;
	return ret;
}

js *managed_bytes_tree(const struct obj *o, struct err *err)
{
	struct managed_bytes m = managed_bytes_find(o->bytes, o->len);
	autobuf struct buf rest = BUF_INIT;

	if (!m.p)
		return obj_tree(o, err);
	buf_reserve(&rest, o->len - (m.to - m.from));
	buf_add(&rest, o->bytes, m.from);
	buf_add(&rest, o->bytes + m.to, o->len - m.to);
	js *t = js_parse(rest.p, rest.len, NULL, err);
	return t ? t : obj_tree(o, err); /* which says why */
}

void managed_bytes_insert(struct buf *object, const char *p, size_t n)
{
	static const char member[] = ",\"managedFields\":";
	struct scan s;
	const char *before;

	scan_init(&s, object->p, object->len);
	if (!seek(&s, "metadata", &before) || scan_peek(&s) != SCAN_OBJECT || !scan_skip(&s))
		return;
	size_t at = (size_t)(s.p - object->p) - 1, more = sizeof(member) - 1 + n;
	bool first = object->p[at - 1] == '{';
	buf_reserve(object, more);
	memmove(object->p + at + more - first, object->p + at, object->len - at + 1);
	memcpy(object->p + at, member + first, sizeof(member) - 1 - first);
	memcpy(object->p + at + sizeof(member) - 1 - first, p, n);
	object->len += more - first;
}

/* ---- times ---- */

/* The next span of the text that says no time; false at the end. The text is as managers_encode has written it. */
static bool next_timeless(const char **p, const char *end, const char **ret, size_t *ret_n)
{
	static const char time[] = "\"time\":\"";

	if (*p == end)
		return false;
	*ret = *p;
	const char *t = memmem(*p, (size_t)(end - *p), time, sizeof(time) - 1);
	const char *quote =
		t ? memchr(t + sizeof(time) - 1, '"', (size_t)(end - t) - sizeof(time) + 1) : NULL;
	*ret_n = (size_t)((quote ? t : end) - *p);
	*p = quote ? quote + 1 : end;
	return true;
}

bool managed_bytes_same_but_times(const char *a, size_t n, const char *b, size_t m)
{
	const char *x = a, *y = b, *s, *t;
	size_t i, k;

	for (;;) {
		bool more = next_timeless(&x, a + n, &s, &i), other = next_timeless(&y, b + m, &t, &k);
		if (!more || !other)
			return more == other;
		if (i != k || memcmp(s, t, i))
			return false;
	}
}
