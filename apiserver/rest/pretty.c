/* SPDX-License-Identifier: Apache-2.0 */
/* Output as encoding/json's Indent: `"key": value`, empty objects and arrays stay on one line. */
#include "rest/pretty.h"

static void newline(struct pretty *s, struct buf *out)
{
	static const char spaces[] = "                                ";
	buf_addc(out, '\n');
	for (size_t left = (size_t)s->depth * 2; left;) {
		size_t n = left < sizeof(spaces) - 1 ? left : sizeof(spaces) - 1;
		buf_add(out, spaces, n);
		left -= n;
	}
}

/* How much of p stays inside the string that has begun; the closing quote is included. */
static size_t string_part(struct pretty *s, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (s->escaped) {
			s->escaped = false;
		} else if (p[i] == '\\') {
			s->escaped = true;
		} else if (p[i] == '"') {
			s->in_string = false;
			return i + 1;
		}
	}
	return n;
}

static void token(struct pretty *s, struct buf *out, char c)
{
	if (c == '}' || c == ']') {
		s->depth -= s->depth > 0;
		if (!s->opened)
			newline(s, out);
		s->opened = false;
		buf_addc(out, c);
		return;
	}
	if (s->opened)
		newline(s, out);
	s->opened = c == '{' || c == '[';
	s->depth += s->opened;
	s->in_string = c == '"';
	buf_addc(out, c);
	if (c == ',')
		newline(s, out);
	else if (c == ':')
		buf_addc(out, ' ');
}

void pretty_feed(struct pretty *s, struct buf *out, const char *p, size_t n)
{
	const char *end = p + n;
	while (p < end) {
		if (s->in_string) {
			size_t part = string_part(s, p, (size_t)(end - p));
			buf_add(out, p, part);
			p += part;
		} else if (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r') {
			p++;
		} else {
			token(s, out, *p++);
		}
	}
}
