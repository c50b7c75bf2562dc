/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See jsonpath.h. A path is an array of steps; each turns a list of values into another one. What is in brackets is
 * compiled on its own, so the recursion is as deep as brackets nest. A missing member leaves nothing and is no error; an
 * index that is out of bounds, a filter over what is no list and a comparison of unlike values are, as upstream has it.
 */
#include "object/jsonpath.h"

#include <stdlib.h>
#include <string.h>

#define NEST_MAX 8

enum step_kind { STEP_FIELD, STEP_ALL, STEP_RECURSE, STEP_SLICE, STEP_FILTER, STEP_UNION, STEP_LITERAL };
enum { SLICE_BEGIN = 1, SLICE_END = 2, SLICE_STEP = 4, SLICE_ONE = 8 };

struct path_step {
	enum step_kind kind;
	const char *name; /* FIELD; LITERAL: a string */
	union {
		struct {
			unsigned given;
			int64_t begin, end, step;
		} slice;
		struct {
			const struct jsonpath *left, *right;
			const char *op; /* "" = exists */
		} filter;
		struct {
			const struct jsonpath *const *v;
			size_t n;
		} choices;
		struct {
			enum { LITERAL_STRING, LITERAL_INT, LITERAL_DOUBLE, LITERAL_BOOL } type;
			double number;
		} literal;
	};
};
struct jsonpath {
	size_t n;
	struct path_step v[];
};

/* ---- compiling ---- */

struct path_compiler {
	struct arena *arena;
	const char *p, *end;
	size_t *left; /* steps that may still be made, of the whole path */
	int nest;
	struct err *err;
};
struct path_steps {
	struct path_step *v;
	size_t n;
};

static int bad(struct path_compiler *c, const char *why)
{
	return err_set(c->err, REASON_INVALID, "invalid JSON path: %s", why);
}

static const char *keep(struct path_compiler *c, const char *s, size_t n)
{
	char *t = arena_alloc(c->arena, n + 1), *out = t;
	for (size_t i = 0; i < n; i++)
		if (s[i] != '\\')
			*out++ = s[i];
	return t;
}

static struct path_step *add(struct path_compiler *c, struct path_steps *s, enum step_kind kind)
{
	if (!*c->left) {
		bad(c, "too many steps");
		return NULL;
	}
	--*c->left;
	if ((s->n & (s->n - 1)) == 0) /* the room doubles */
		s->v = mem_realloc_array(s->v, s->n ? s->n * 2 : 1, sizeof(*s->v));
	s->v[s->n] = (struct path_step){.kind = kind};
	return &s->v[s->n++];
}

static const struct jsonpath *compile(struct path_compiler *c);

static const struct jsonpath *compile_part(struct path_compiler *c, const char *p, size_t n)
{
	struct path_compiler inner = *c;
	inner.p = p;
	inner.end = p + n;
	if (++inner.nest > NEST_MAX) {
		bad(c, "brackets nest too deeply");
		return NULL;
	}
	return compile(&inner);
}

/* Up to what ends a name and is not escaped. */
static size_t name_length(const char *p, const char *end)
{
	const char *s = p;
	for (; s < end && !strchr(" \t\r\n.,[]$@{}", *s); s++)
		if (*s == '\\' && s + 1 < end)
			s++;
	return (size_t)(s - p);
}

static int compile_field(struct path_compiler *c, struct path_steps *s)
{
	size_t n = name_length(c->p, c->end);
	bool all = n == 1 && *c->p == '*';
	struct path_step *step = n ? add(c, s, all ? STEP_ALL : STEP_FIELD) : NULL;
	if (!step)
		return n ? -1 : bad(c, "a name is missing");
	step->name = keep(c, c->p, n);
	c->p += n;
	return 0;
}

/* The closing bracket of the one at p, outside quotes; NULL when there is none. */
static const char *closing(const char *p, const char *end)
{
	char quote = 0;
	int open = 0;
	for (; p < end; p++) {
		if (quote && *p == '\\' && p + 1 < end)
			p++;
		else if (quote)
			quote = *p == quote ? 0 : quote;
		else if (*p == '\'' || *p == '"')
			quote = *p;
		else if (*p == '[' || *p == '(')
			open++;
		else if ((*p == ']' || *p == ')') && --open == 0)
			return p;
	}
	return NULL;
}

static void trim(const char **p, const char **end)
{
	while (*p < *end && **p == ' ')
		++*p;
	while (*p < *end && (*end)[-1] == ' ')
		--*end;
}

/* One of the numbers of a slice; how much of p it takes, or SIZE_MAX. */
static size_t slice_number(const char *p, const char *end, bool *ret_given, int64_t *ret)
{
	const char *s = p;
	int64_t v = 0;
	bool minus = s < end && *s == '-';
	s += minus;
	const char *digits = s;
	for (; s < end && *s >= '0' && *s <= '9'; s++) {
		if (s - digits > 9)
			return SIZE_MAX;
		v = v * 10 + (*s - '0');
	}
	*ret_given = s > digits;
	*ret = minus ? -v : v;
	return minus && s == digits ? SIZE_MAX : (size_t)(s - p);
}

static int compile_slice(struct path_compiler *c, struct path_steps *s, const char *p, const char *end)
{
	int64_t v[3] = {0, 0, 1};
	unsigned given = 0, i = 0;
	for (;; i++) {
		bool there;
		size_t n = i < 3 ? slice_number(p, end, &there, &v[i]) : SIZE_MAX;
		if (n == SIZE_MAX)
			return bad(c, "no array index");
		given |= there ? 1u << i : 0;
		p += n;
		if (p == end)
			break;
		if (*p++ != ':')
			return bad(c, "no array index");
	}
	if (i == 0 && !given)
		return bad(c, "no array index");
	struct path_step *step = add(c, s, STEP_SLICE);
	if (!step)
		return -1;
	step->slice.given = given | (i == 0 ? SLICE_ONE : 0);
	step->slice.begin = v[0];
	step->slice.end = v[1];
	step->slice.step = given & SLICE_STEP ? v[2] : 1;
	return step->slice.step > 0 ? 0 : bad(c, "a slice goes forward");
}

static int compile_union(struct path_compiler *c, struct path_steps *s, const char *p, const char *end)
{
	const struct jsonpath *v[JSONPATH_STEPS_MAX];
	size_t n = 0;
	while (p <= end) {
		const char *comma = memchr(p, ',', (size_t)(end - p)), *stop = comma ? comma : end;
		const char *from = p, *to = stop;
		trim(&from, &to);
		char text[260];
		if ((size_t)(to - from) > sizeof(text) - 3 || n == ARRAY_LEN(v))
			return bad(c, "too long");
		text[0] = '[';
		memcpy(text + 1, from, (size_t)(to - from));
		text[1 + (to - from)] = ']';
		v[n] = compile_part(c, text, (size_t)(to - from) + 2);
		if (!v[n++])
			return -1;
		p = stop + 1;
	}
	struct path_step *step = add(c, s, STEP_UNION);
	if (!step)
		return -1;
	const struct jsonpath **kept = arena_alloc(c->arena, n * sizeof(*kept));
	memcpy(kept, v, n * sizeof(*kept));
	step->choices.v = kept;
	step->choices.n = n;
	return 0;
}

/* A side of a comparison: a path, or something to compare with. */
static const struct jsonpath *compile_side(struct path_compiler *c, const char *p, const char *end)
{
	struct path_steps s = {0};
	struct path_step *step;
	trim(&p, &end);
	size_t n = (size_t)(end - p);
	if (n && (*p == '@' || *p == '$' || *p == '.' || *p == '['))
		return compile_part(c, p, n);
	if (!n || n > 255 || !(step = add(c, &s, STEP_LITERAL))) {
		bad(c, "nothing to compare with");
		return NULL;
	}
	char text[256], *stop;
	memcpy(text, p, n);
	text[n] = '\0';
	step->name = "";
	step->literal.type = LITERAL_STRING;
	if (n >= 2 && (*p == '\'' || *p == '"') && end[-1] == *p) {
		step->name = keep(c, p + 1, n - 2);
	} else if (!strcmp(text, "true") || !strcmp(text, "false")) {
		step->literal.type = LITERAL_BOOL;
		step->literal.number = *p == 't';
	} else {
		step->literal.type = strpbrk(text, ".eE") ? LITERAL_DOUBLE : LITERAL_INT;
		step->literal.number = strtod(text, &stop);
		if (*stop || !strchr("-+0123456789.", *p)) {
			bad(c, "neither a path nor a value");
			free(s.v);
			return NULL;
		}
	}
	struct jsonpath *made = arena_alloc(c->arena, sizeof(*made) + sizeof(*step));
	made->n = 1;
	made->v[0] = *step;
	free(s.v);
	return made;
}

/* Where the operator is, outside quotes and brackets; NULL: there is none. */
static const char *find_operator(const char *p, const char *end)
{
	for (; p < end; p++) {
		if (*p == '\'' || *p == '"') {
			const char *quote = memchr(p + 1, *p, (size_t)(end - p - 1));
			if (!quote)
				return NULL;
			p = quote;
		} else if (*p == '[' || *p == '(') {
			const char *close = closing(p, end);
			if (!close)
				return NULL;
			p = close;
		} else if (strchr("<>=!", *p)) {
			return p;
		}
	}
	return NULL;
}

static int compile_filter(struct path_compiler *c, struct path_steps *s, const char *p, const char *end)
{
	static const char *const ops[] = {"==", "!=", "<=", ">=", "<", ">"};
	const char *at = find_operator(p, end), *op = "";
	for (size_t i = 0; at && !*op && i < ARRAY_LEN(ops); i++)
		if ((size_t)(end - at) >= strlen(ops[i]) && !memcmp(at, ops[i], strlen(ops[i])))
			op = ops[i];
	if (at && !*op)
		return bad(c, "unrecognized filter operator");
	const struct jsonpath *left = compile_side(c, p, at ? at : end), *right = NULL;
	if (!left || (at && !(right = compile_side(c, at + strlen(op), end))))
		return -1;
	struct path_step *step = add(c, s, STEP_FILTER);
	if (!step)
		return -1;
	step->filter.left = left;
	step->filter.right = right;
	step->filter.op = op;
	return 0;
}

static int compile_brackets(struct path_compiler *c, struct path_steps *s)
{
	const char *close = closing(c->p, c->end), *p = c->p + 1;
	if (!close || *close != ']')
		return bad(c, "unterminated array");
	c->p = close + 1;
	size_t n = (size_t)(close - p);
	if (n >= 3 && p[0] == '?' && p[1] == '(' && close[-1] == ')')
		return compile_filter(c, s, p + 2, close - 1);
	if (n == 1 && *p == '*')
		return add(c, s, STEP_SLICE) ? (s->v[s->n - 1].slice.step = 1, 0) : -1;
	if (memchr(p, ',', n))
		return compile_union(c, s, p, close);
	if (n >= 2 && *p == '\'' && close[-1] == '\'') { /* as upstream has it: dots in it are steps */
		struct path_compiler inner = *c;
		inner.p = p + 1;
		inner.end = close - 1;
		for (;; inner.p++) {
			if (compile_field(&inner, s) < 0)
				return -1;
			if (inner.p >= inner.end || *inner.p != '.')
				break;
		}
		return inner.p == inner.end ? 0 : bad(c, "no key");
	}
	return compile_slice(c, s, p, close);
}

static int compile_step(struct path_compiler *c, struct path_steps *s)
{
	if (*c->p == '[')
		return compile_brackets(c, s);
	if ((*c->p == '$' || *c->p == '@') && s->n == 0) {
		c->p++;
		return 0;
	}
	if (*c->p != '.')
		return bad(c, "unexpected character");
	c->p++;
	if (c->p < c->end && *c->p == '.') {
		c->p++;
		if (!add(c, s, STEP_RECURSE))
			return -1;
		if (c->p < c->end && *c->p == '[')
			return 0;
	} else if (c->p == c->end && s->n == 0) {
		return 0; /* "." is the whole */
	}
	if (c->p < c->end && *c->p == '[')
		return 0;
	return compile_field(c, s);
}

static const struct jsonpath *compile(struct path_compiler *c)
{
	struct path_steps s = {0};
	struct jsonpath *made = NULL;
	int rc = 0;
	while (rc == 0 && c->p < c->end)
		rc = compile_step(c, &s);
	if (rc == 0) {
		made = arena_alloc(c->arena, sizeof(*made) + s.n * sizeof(*s.v));
		made->n = s.n;
		if (s.n)
			memcpy(made->v, s.v, s.n * sizeof(*s.v));
	}
	free(s.v);
	return made;
}

const struct jsonpath *jsonpath_compile(struct arena *arena, const char *text, size_t n, struct err *err)
{
	size_t left = JSONPATH_STEPS_MAX;
	struct path_compiler c = {.arena = arena, .p = text, .end = text + n, .left = &left, .err = err};
	if (!n || memchr(text, 0, n)) {
		bad(&c, "empty");
		return NULL;
	}
	return compile(&c);
}

/* ---- evaluating ---- */

struct path_values {
	const js **v;
	size_t n, cap;
	size_t *left; /* values that may still be looked at, of the whole evaluation */
};

/* False: too many. */
static bool push(struct path_values *to, const js *v)
{
	if (!*to->left)
		return false;
	--*to->left;
	if (to->n == to->cap) {
		to->cap = to->cap ? to->cap * 2 : 8;
		to->v = mem_realloc_array(to->v, to->cap, sizeof(*to->v));
	}
	to->v[to->n++] = v;
	return true;
}

static bool run(const struct jsonpath *p, const js *o, struct path_values *ret);

static bool push_members(struct path_values *to, const js *v)
{
	if (js_is_arr(v))
		js_array_for_each (item, v)
			if (!push(to, item))
				return false;
	if (js_is_obj(v))
		for (struct js_iter it = js_iter(v); js_next(&it);)
			if (!push(to, it.value))
				return false;
	return true;
}

/* The value and all that is in it, level by level. */
static bool run_recurse(const struct path_step *s, const js *v, struct path_values *to)
{
	size_t at = to->n;
	(void)s;
	if (!push(to, v))
		return false;
	for (; at < to->n; at++)
		if (!push_members(to, to->v[at]))
			return false;
	return true;
}

static bool run_field(const struct path_step *s, const js *v, struct path_values *to)
{
	struct json_object *found;
	return !js_is_obj(v) || !json_object_object_get_ex(v, s->name, &found) || push(to, found);
}

/* In brackets alone: it exists. */
static bool run_literal(const struct path_step *s, const js *v, struct path_values *to)
{
	(void)s;
	return push(to, v);
}

static bool run_all(const struct path_step *s, const js *v, struct path_values *to)
{
	(void)s;
	return push_members(to, v);
}

static bool run_slice(const struct path_step *s, const js *v, struct path_values *to)
{
	if (!js_is_arr(v))
		return false;
	int64_t n = (int64_t)js_len(v), begin = s->slice.begin, end = s->slice.end;
	begin += begin < 0 ? n : 0;
	end += end < 0 ? n : 0;
	if (s->slice.given & SLICE_ONE) {
		if (begin < 0 || begin >= n)
			return false;
		return push(to, js_at(v, (size_t)begin));
	}
	if (!(s->slice.given & SLICE_END) || end > n)
		end = n;
	if (begin < 0)
		begin = 0;
	for (int64_t i = begin; i < end; i += s->slice.step)
		if (!push(to, js_at(v, (size_t)i)))
			return false;
	return true;
}

static bool run_union(const struct path_step *s, const js *v, struct path_values *to)
{
	for (size_t i = 0; i < s->choices.n; i++)
		if (!run(s->choices.v[i], v, to))
			return false;
	return true;
}

/* A scalar as it is compared. */
struct scalar {
	int type; /* of a literal; -1: none of them */
	const char *text;
	double number;
};

static struct scalar scalar_of(const js *v)
{
	if (js_is_str(v))
		return (struct scalar){LITERAL_STRING, json_object_get_string((js *)v), 0};
	if (js_is_bool(v))
		return (struct scalar){LITERAL_BOOL, NULL, json_object_get_boolean(v)};
	if (js_is_num(v))
		return (struct scalar){js_is_int(v) ? LITERAL_INT : LITERAL_DOUBLE, NULL, js_num(v)};
	return (struct scalar){.type = -1};
}

/* 1: a scalar; 0: there is none; -1: it cannot be compared. */
static int side(const struct jsonpath *p, const js *o, size_t *left, struct scalar *ret)
{
	if (p->n == 1 && p->v[0].kind == STEP_LITERAL) {
		*ret = (struct scalar){(int)p->v[0].literal.type, p->v[0].name, p->v[0].literal.number};
		return 1;
	}
	struct path_values found = {.left = left};
	bool fine = run(p, o, &found);
	int n = fine ? (int)found.n : 0;
	if (n == 1)
		*ret = scalar_of(found.v[0]);
	free(found.v);
	return n == 1 ? (ret->type < 0 ? -1 : 1) : n ? -1 : 0;
}

static int order(const struct scalar *a, const struct scalar *b)
{
	if (a->type == LITERAL_STRING)
		return strcmp(a->text, b->text);
	return a->number < b->number ? -1 : a->number > b->number;
}

/* 1: it passes; -1: the values are not alike. */
static int passes(const struct path_step *s, const js *item, size_t *budget)
{
	struct scalar a, b;
	if (!*s->filter.op) {
		struct path_values found = {.left = budget};
		bool there = run(s->filter.left, item, &found) && found.n;
		free(found.v);
		return there;
	}
	int left = side(s->filter.left, item, budget, &a),
	    right = left > 0 ? side(s->filter.right, item, budget, &b) : left;
	if (left <= 0 || right <= 0)
		return left < 0 || right < 0 ? -1 : 0;
	if (a.type != b.type)
		return -1;
	int cmp = order(&a, &b);
	bool equal = s->filter.op[1] == '=' && cmp == 0;
	switch (s->filter.op[0]) {
	case '=':
		return equal;
	case '!':
		return !equal;
	case '<':
		return equal || cmp < 0;
	default:
		return equal || cmp > 0;
	}
}

static bool run_filter(const struct path_step *s, const js *v, struct path_values *to)
{
	if (!js_is_arr(v))
		return false;
	js_array_for_each (item, v) {
		int pass = passes(s, item, to->left);
		if (pass < 0 || (pass && !push(to, item)))
			return false;
	}
	return true;
}

static bool (*const runners[])(const struct path_step *s, const js *v, struct path_values *to) = {
	[STEP_FIELD] = run_field,     [STEP_ALL] = run_all,	  [STEP_RECURSE] = run_recurse,
	[STEP_SLICE] = run_slice,     [STEP_FILTER] = run_filter, [STEP_UNION] = run_union,
	[STEP_LITERAL] = run_literal,
};

/* Adds to *ret what is found. */
static bool run(const struct jsonpath *p, const js *o, struct path_values *ret)
{
	struct path_values now = {.left = ret->left}, next = {.left = ret->left};
	bool fine = push(&now, o);
	for (size_t i = 0; fine && i < p->n; i++) {
		next.n = 0;
		for (size_t k = 0; fine && k < now.n; k++)
			fine = runners[p->v[i].kind](&p->v[i], now.v[k], &next);
		struct path_values was = now;
		now = next;
		next = was;
	}
	for (size_t k = 0; fine && k < now.n; k++)
		fine = push(ret, now.v[k]);
	free(now.v);
	free(next.v);
	return fine;
}

bool jsonpath_first(const struct jsonpath *p, const js *o, const js **ret)
{
	size_t left = JSONPATH_VALUES_MAX;
	struct path_values found = {.left = &left};
	bool there = run(p, o, &found) && found.n;
	if (there)
		*ret = found.v[0];
	free(found.v);
	return there;
}
