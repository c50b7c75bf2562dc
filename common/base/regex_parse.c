/* SPDX-License-Identifier: Apache-2.0 */
/* From the text of a pattern to its tree, by recursive descent: alternatives of sequences of repetitions of atoms. */
#include <ctype.h>
#include <string.h>
#include "base/regex_internal.h"

#define DEPTH_MAX 200
#define RANGES_MAX 512

struct regex_parser {
	const char *p, *end;
	struct arena *tmp, *keep;
	struct err *err;
	int depth;
	bool fold, dot_all, multi;
	struct regex_range ranges[RANGES_MAX]; /* of the set being read */
	uint32_t n_ranges;
};

static void *fail(struct regex_parser *s, const char *why)
{
	err_set(s->err, REASON_INVALID, "%s", why);
	return NULL;
}

uint32_t regex_rune(const char **p, const char *end)
{
	const unsigned char *s = (const unsigned char *)*p;
	size_t left = (size_t)(end - *p);
	unsigned n = s[0] < 0x80 ? 1 : s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : s[0] >= 0xc0 ? 2 : 0;
	if (n <= 1 || n > left) {
		++*p;
		return n == 1 ? s[0] : 0xfffd;
	}
	uint32_t c = s[0] & (0xffu >> (n + 1));
	for (unsigned i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80) {
			++*p;
			return 0xfffd;
		}
		c = c << 6 | (s[i] & 0x3f);
	}
	*p += n;
	return c;
}

/* ---- nodes ---- */

static struct regex_node *node(struct regex_parser *s, enum regex_form form)
{
	struct regex_node *n = arena_alloc(s->tmp, sizeof(*n));
	n->form = form;
	return n;
}

/* Nodes joined to the right, so that whoever walks them goes on in a loop and not deeper. */
struct chain {
	const struct regex_node *first;
	struct regex_node *last; /* the join whose right side may still grow */
};

static void append(struct regex_parser *s, struct chain *c, enum regex_form form, const struct regex_node *n)
{
	if (!c->first) {
		c->first = n;
		return;
	}
	struct regex_node *join = node(s, form);
	join->left = c->last ? c->last->right : c->first;
	join->right = n;
	if (c->last)
		c->last->right = join;
	else
		c->first = join;
	c->last = join;
}

static const struct regex_node *chain_node(struct regex_parser *s, const struct chain *c)
{
	return c->first ? c->first : node(s, REGEX_EMPTY);
}

static const struct regex_node *assertion(struct regex_parser *s, enum regex_assert a)
{
	struct regex_node *n = node(s, REGEX_ASSERT);
	n->assert = a;
	return n;
}

/* ---- sets ---- */

static bool add_plain(struct regex_parser *s, uint32_t lo, uint32_t hi)
{
	if (s->n_ranges == RANGES_MAX)
		return false;
	s->ranges[s->n_ranges++] = (struct regex_range){lo, hi};
	return true;
}

static bool add_range(struct regex_parser *s, uint32_t lo, uint32_t hi)
{
	bool ok = add_plain(s, lo, hi);
	for (uint32_t c = 'a'; s->fold && c <= 'z'; c++) {
		if (lo <= c && c <= hi)
			ok &= add_plain(s, c - 32, c - 32);
		if (lo <= c - 32 && c - 32 <= hi)
			ok &= add_plain(s, c, c);
	}
	return ok;
}

static int by_lo(const void *a, const void *b)
{
	const struct regex_range *x = a, *y = b;
	return x->lo < y->lo ? -1 : x->lo > y->lo;
}

/* The ranges from `from` on become those that they leave out. */
static bool negate(struct regex_parser *s, uint32_t from)
{
	struct regex_range v[RANGES_MAX];
	uint32_t n = s->n_ranges - from, next = 0;
	memcpy(v, s->ranges + from, n * sizeof(*v));
	for (uint32_t i = 1; i < n; i++) /* few, and nearly sorted */
		for (uint32_t k = i; k && by_lo(&v[k - 1], &v[k]) > 0; k--) {
			struct regex_range t = v[k];
			v[k] = v[k - 1];
			v[k - 1] = t;
		}
	s->n_ranges = from;
	for (uint32_t i = 0; i < n; i++) {
		if (v[i].lo > next && !add_plain(s, next, v[i].lo - 1))
			return false;
		if (v[i].hi >= next)
			next = v[i].hi + 1;
	}
	return next > REGEX_LAST_RUNE || add_plain(s, next, REGEX_LAST_RUNE);
}

static const struct regex_node *set_node(struct regex_parser *s)
{
	struct regex_node *n = node(s, REGEX_SET);
	struct regex_range *v = arena_alloc(s->keep, s->n_ranges * sizeof(*v));
	memcpy(v, s->ranges, s->n_ranges * sizeof(*v));
	n->ranges = v;
	n->n_ranges = s->n_ranges;
	return n;
}

static const struct regex_node *literal(struct regex_parser *s, uint32_t c)
{
	s->n_ranges = 0;
	add_range(s, c, c);
	return set_node(s);
}

/* Named by what [[:NAME:]] and \d \s \w say. */
static const struct class
{
	const char *name;
	const char *ranges; /* pairs */
} classes[] = {
	{"d", "09"},	       {"s", "\t\n\f\r  "}, {"w", "09AZaz__"},	 {"alnum", "09AZaz"},
	{"alpha", "AZaz"},     {"ascii", NULL},	    {"blank", "\t\t  "}, {"cntrl", NULL},
	{"digit", "09"},       {"graph", "!~"},	    {"lower", "az"},	 {"print", " ~"},
	{"punct", "!/:@[`{~"}, {"space", "\t\r  "}, {"upper", "AZ"},	 {"word", "09AZaz__"},
	{"xdigit", "09AFaf"},
};

static bool add_class(struct regex_parser *s, const char *name, size_t n, bool negated)
{
	uint32_t from = s->n_ranges;
	const struct class *c = NULL;
	for (size_t i = 0; i < ARRAY_LEN(classes); i++)
		if (strlen(classes[i].name) == n && !memcmp(classes[i].name, name, n))
			c = &classes[i];
	if (!c)
		return false;
	bool ok = true;
	for (const char *r = c->ranges; r && *r; r += 2)
		ok &= add_range(s, (unsigned char)r[0], (unsigned char)r[1]);
	if (!c->ranges)
		ok &= add_plain(s, 0, c->name[0] == 'a' ? 0x7f : 0x1f) &&
		      (c->name[0] == 'a' || add_plain(s, 0x7f, 0x7f));
	return ok && (!negated || negate(s, from));
}

/* ---- escapes ---- */

static bool hex(struct regex_parser *s, uint32_t *ret)
{
	bool braces = s->p < s->end && *s->p == '{';
	int digits = 0;
	*ret = 0;
	s->p += braces;
	for (; s->p < s->end && isxdigit((unsigned char)*s->p) && digits < (braces ? 8 : 2); s->p++, digits++)
		*ret = *ret * 16 +
		       (uint32_t)(isdigit((unsigned char)*s->p) ? *s->p - '0' : (*s->p | 32) - 'a' + 10);
	if (braces && (s->p == s->end || *s->p++ != '}'))
		return false;
	return digits && (braces || digits == 2) && *ret <= REGEX_LAST_RUNE;
}

/* The character that an escape stands for, behind its backslash. */
static bool escaped(struct regex_parser *s, uint32_t *ret)
{
	static const char letters[] = "afnrtv", values[] = "\a\f\n\r\t\v";
	char c = *s->p++;
	const char *l = strchr(letters, c);
	if (c && l) {
		*ret = (unsigned char)values[l - letters];
		return true;
	}
	if (c == 'x')
		return hex(s, ret);
	if (c >= '0' && c <= '7') {
		*ret = (uint32_t)(c - '0');
		if (c != '0' && (s->p == s->end || *s->p < '0' || *s->p > '7'))
			return false; /* a back reference */
		for (int i = 0; i < 2 && s->p < s->end && *s->p >= '0' && *s->p <= '7'; i++)
			*ret = *ret * 8 + (uint32_t)(*s->p++ - '0');
		return true;
	}
	*ret = (unsigned char)c;
	return ispunct((unsigned char)c) && (unsigned char)c < 0x80;
}

static bool is_class_letter(char c)
{
	return c && strchr("dDsSwW", c);
}

static const struct regex_node *quoted(struct regex_parser *s)
{
	struct chain all = {.first = NULL};
	while (s->p < s->end && !(s->p[0] == '\\' && s->p + 1 < s->end && s->p[1] == 'E'))
		append(s, &all, REGEX_CAT, literal(s, regex_rune(&s->p, s->end)));
	s->p += s->p < s->end ? 2 : 0;
	return chain_node(s, &all);
}

static const struct regex_node *escape(struct regex_parser *s)
{
	uint32_t c;
	if (s->p == s->end)
		return fail(s, "trailing backslash at end of expression");
	char e = *s->p;
	switch (e) {
	case 'A':
		s->p++;
		return assertion(s, REGEX_TEXT_START);
	case 'z':
		s->p++;
		return assertion(s, REGEX_TEXT_END);
	case 'b':
	case 'B':
		s->p++;
		return assertion(s, e == 'b' ? REGEX_WORD : REGEX_NO_WORD);
	case 'Q':
		s->p++;
		return quoted(s);
	default:
		break;
	}
	if (is_class_letter(e)) {
		char lower = (char)(e | 32);
		s->p++;
		s->n_ranges = 0;
		return add_class(s, &lower, 1, e != lower) ? set_node(s)
							   : fail(s, "character class too large");
	}
	if (!escaped(s, &c))
		return fail(s, "invalid or unsupported escape sequence");
	return literal(s, c);
}

/* ---- [...] ---- */

/* One character of a set; false when it was a class, which has been added, or on failure. */
static bool set_item(struct regex_parser *s, uint32_t *ret, bool *ret_class)
{
	*ret_class = false;
	if (s->end - s->p > 3 && s->p[0] == '[' && s->p[1] == ':') {
		bool negated = s->p[2] == '^';
		const char *name = s->p + 2 + negated, *e = memmem(name, (size_t)(s->end - name), ":]", 2);
		*ret_class = e && add_class(s, name, (size_t)(e - name), negated);
		s->p = *ret_class ? e + 2 : s->p;
		return false;
	}
	if (*s->p != '\\') {
		*ret = regex_rune(&s->p, s->end);
		return true;
	}
	if (++s->p == s->end)
		return false;
	if (!is_class_letter(*s->p))
		return escaped(s, ret);
	char lower = (char)(*s->p | 32);
	*ret_class = add_class(s, &lower, 1, *s->p != lower);
	s->p++;
	return false;
}

static const struct regex_node *set(struct regex_parser *s)
{
	bool negated = s->p < s->end && *s->p == '^', class;
	uint32_t lo, hi;
	s->p += negated;
	s->n_ranges = 0;
	for (bool first = true; s->p < s->end && (first || *s->p != ']'); first = false) {
		if (!set_item(s, &lo, &class)) {
			if (!class)
				return fail(s, "invalid character class");
			continue;
		}
		hi = lo;
		if (s->end - s->p > 1 && s->p[0] == '-' && s->p[1] != ']') {
			s->p++;
			if (!set_item(s, &hi, &class) || hi < lo)
				return fail(s, "invalid character class range");
		}
		if (!add_range(s, lo, hi))
			return fail(s, "character class too large");
	}
	if (s->p == s->end)
		return fail(s, "missing closing ]");
	s->p++;
	if (negated && !negate(s, 0))
		return fail(s, "character class too large");
	return set_node(s);
}

/* ---- groups ---- */
static const struct regex_node *alternatives(struct regex_parser *s);

/* Behind `(?`: flags, up to `:` or `)`. */
static bool flags(struct regex_parser *s)
{
	bool on = true;
	for (; s->p < s->end && *s->p != ':' && *s->p != ')'; s->p++) {
		switch (*s->p) {
		case '-':
			on = false;
			break;
		case 'i':
			s->fold = on;
			break;
		case 's':
			s->dot_all = on;
			break;
		case 'm':
			s->multi = on;
			break;
		case 'U': /* which of several matches: all the same to us */
			break;
		default:
			return false;
		}
	}
	return s->p < s->end;
}

/* Behind the parenthesis. */
static const struct regex_node *group(struct regex_parser *s)
{
	bool fold = s->fold, dot_all = s->dot_all, multi = s->multi;
	if (s->end - s->p > 1 && s->p[0] == '?') {
		s->p++;
		bool named = *s->p == '<' || (s->end - s->p > 1 && s->p[0] == 'P' && s->p[1] == '<');
		if (named) {
			const char *e = memchr(s->p, '>', (size_t)(s->end - s->p));
			if (!e)
				return fail(s, "invalid named capture");
			s->p = e;
		} else if (!flags(s)) {
			return fail(s, "invalid or unsupported Perl syntax");
		} else if (*s->p == ')') { /* for the rest of the group around */
			s->p++;
			return node(s, REGEX_EMPTY);
		}
		s->p++;
	}
	const struct regex_node *n = alternatives(s);
	if (n && (s->p == s->end || *s->p++ != ')'))
		return fail(s, "missing closing )");
	s->fold = fold;
	s->dot_all = dot_all;
	s->multi = multi;
	return n;
}

/* ---- sequences ---- */

static const struct regex_node *atom(struct regex_parser *s)
{
	char c = *s->p;
	switch (c) {
	case '(':
		s->p++;
		return group(s);
	case '[':
		s->p++;
		return set(s);
	case '\\':
		s->p++;
		return escape(s);
	case '^':
		s->p++;
		return assertion(s, s->multi ? REGEX_LINE_START : REGEX_TEXT_START);
	case '$':
		s->p++;
		return assertion(s, s->multi ? REGEX_LINE_END : REGEX_TEXT_END);
	case '.':
		s->p++;
		s->n_ranges = 0;
		add_plain(s, 0, s->dot_all ? REGEX_LAST_RUNE : '\n' - 1);
		if (!s->dot_all)
			add_plain(s, '\n' + 1, REGEX_LAST_RUNE);
		return set_node(s);
	case '*':
	case '+':
	case '?':
		return fail(s, "missing argument to repetition operator");
	default:
		return literal(s, regex_rune(&s->p, s->end));
	}
}

static bool number(const char **p, const char *end, uint32_t *ret)
{
	const char *at = *p;
	*ret = 0;
	for (; at < end && isdigit((unsigned char)*at) && *ret <= REGEX_MAX_REPEAT; at++)
		*ret = *ret * 10 + (uint32_t)(*at - '0');
	bool some = at > *p;
	*p = at;
	return some;
}

/* {n} {n,} {n,m}: what is none of these stands for itself. 1: it is one, -1: it is, but too large. */
static int braces(struct regex_parser *s, uint32_t *min, uint32_t *max)
{
	const char *p = s->p + 1;
	if (!number(&p, s->end, min))
		return 0;
	*max = *min;
	if (p < s->end && *p == ',') {
		p++;
		if (!number(&p, s->end, max))
			*max = REGEX_NO_MAX;
	}
	if (p == s->end || *p != '}')
		return 0;
	s->p = p + 1;
	bool bad =
		*min > REGEX_MAX_REPEAT || (*max != REGEX_NO_MAX && (*max > REGEX_MAX_REPEAT || *max < *min));
	return bad ? -1 : 1;
}

/* Whether a repetition stands here, and how often it is. */
static int repetition(struct regex_parser *s, uint32_t *min, uint32_t *max)
{
	char c = s->p < s->end ? *s->p : 0;
	if (c == '{')
		return braces(s, min, max);
	if (c != '*' && c != '+' && c != '?')
		return 0;
	s->p++;
	*min = c == '+';
	*max = c == '?' ? 1 : REGEX_NO_MAX;
	return 1;
}

static const struct regex_node *repeated(struct regex_parser *s)
{
	const struct regex_node *n = atom(s);
	uint32_t min, max;
	int r = n ? repetition(s, &min, &max) : 0;
	if (r < 0)
		return fail(s, "invalid repeat count");
	if (r == 0)
		return n;
	if (s->p < s->end && *s->p == '?') /* lazy: all the same to us */
		s->p++;
	if (repetition(s, &(uint32_t){0}, &(uint32_t){0}))
		return fail(s, "invalid nested repetition operator");
	struct regex_node *m = node(s, REGEX_REPEAT);
	m->left = n;
	m->min = min;
	m->max = max;
	return m;
}

static const struct regex_node *sequence(struct regex_parser *s)
{
	struct chain all = {.first = NULL};
	while (s->p < s->end && *s->p != '|' && *s->p != ')') {
		const struct regex_node *n = repeated(s);
		if (!n)
			return NULL;
		append(s, &all, REGEX_CAT, n);
	}
	return chain_node(s, &all);
}

static const struct regex_node *alternatives(struct regex_parser *s)
{
	if (++s->depth > DEPTH_MAX)
		return fail(s, "expression nests too deeply");
	struct chain all = {.first = NULL};
	for (bool more = true; more; s->p += more) {
		const struct regex_node *n = sequence(s);
		if (!n)
			return NULL;
		append(s, &all, REGEX_ALT, n);
		more = s->p < s->end && *s->p == '|';
	}
	s->depth--;
	return all.first;
}

const struct regex_node *regex_parse(struct arena *tmp, struct arena *keep, const char *p, size_t n,
				     struct err *err)
{
	struct regex_parser s = {.p = p, .end = p + n, .tmp = tmp, .keep = keep, .err = err};
	const struct regex_node *all = alternatives(&s);
	return all && s.p < s.end ? fail(&s, "unexpected )") : all;
}
