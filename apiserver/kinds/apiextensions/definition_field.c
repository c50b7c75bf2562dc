/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A field that a path leads to in a schema: .name or ['name'], through objects and maps, not lists
 * (kubernetes/apiextensions-apiserver pkg/apiserver/schema/cel/validation.go, ValidFieldPath).
 */
#include "kinds/apiextensions/apiextensions_internal.h"

struct path {
	const char *p;
	struct buf
		token; /* a delimiter, a text between apostrophes with them, or what is between delimiters */
	bool arrays;
	char *why;
};

/* False at the end. */
static bool next_token(struct path *at)
{
	const char *p = at->p, *end;

	buf_clear(&at->token);
	if (!*p)
		return false;
	if (*p == '\'') {
		for (end = p + 1; *end && (*end != '\'' || end[-1] == '\\'); end++)
			;
		end += *end == '\'';
	} else {
		size_t n = strcspn(p, ".[]");
		end = p + (n ? n : 1);
	}
	buf_add(&at->token, p, (size_t)(end - p));
	at->p = end;
	return true;
}

static bool fail(struct path *at, char *why)
{
	at->why = why;
	return false;
}

/* What stands between the apostrophes. */
static bool unquote(struct path *at, struct buf *name)
{
	static const char from[] = "abfnrtv'\\", to[] = "\a\b\f\n\r\t\v'\\";
	const char *s = buf_str(&at->token), *end = s + at->token.len - 1;

	if (at->token.len < 2 || *s != '\'' || *end != '\'')
		return fail(at, mem_printf("expected single quoted string but got %s", s));
	for (s++; s < end; s++) {
		const char *known = *s == '\\' && s[1] ? strchr(from, s[1]) : NULL;
		if (*s == '\\' && !known)
			return fail(at, mem_printf("invalid string literal: invalid escape char %.2s", s));
		buf_addc(name, known ? to[known - from] : *s);
		s += known != NULL;
	}
	return true;
}

static bool take_name(struct path *at, struct buf *name)
{
	bool dot = buf_str(&at->token)[0] == '.';

	if (!dot && !at->arrays)
		return fail(at, mem_strdup("array notation is not allowed"));
	if (!next_token(at))
		return fail(at, mem_strdup("unexpected end of JSON path"));
	if (!dot)
		return unquote(at, name);
	buf_add(name, buf_str(&at->token), at->token.len);
	return true;
}

static bool take_bracket(struct path *at)
{
	if (!next_token(at))
		return fail(at, mem_strdup("unexpected end of JSON path"));
	if (strcmp(buf_str(&at->token), "]"))
		return fail(at, mem_printf("expected ] but got %s", buf_str(&at->token)));
	return true;
}

static const js *below(const js *s, const char *name)
{
	const js *properties = js_obj(s, "properties", NULL);

	return properties ? js_field(properties, name) : js_obj(s, "additionalProperties", NULL);
}

static bool step(struct path *at, const js **s)
{
	char kind = buf_str(&at->token)[0];
	autobuf struct buf name = BUF_INIT;

	if (kind != '.' && kind != '[')
		return fail(at, mem_printf("expected [ or . but got: %s", buf_str(&at->token)));
	if (!take_name(at, &name))
		return false;
	*s = below(*s, buf_str(&name));
	if (!*s)
		return fail(at, mem_strdup("does not refer to a valid field"));
	return kind == '.' || take_bracket(at);
}

const js *definition_field(const js *schema, const char *path, bool arrays, char **ret_why)
{
	struct path at = {.p = path, .arrays = arrays};
	bool ok = true;

	while (ok && next_token(&at))
		ok = step(&at, &schema);
	buf_release(&at.token);
	*ret_why = at.why;
	return ok ? schema : NULL;
}
