/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The query form of selectors: a lexer with one token of look-ahead and a descent of three levels, as
 * upstream's grammar in pkg/labels has it, with upstream's words for what it found instead.
 */
#include <stdlib.h>
#include <string.h>
#include "object/name.h"
#include "object/selector_internal.h"

enum token { T_END, T_CLOSE, T_COMMA, T_NOT, T_EQ2, T_EQ, T_GT, T_ID, T_IN, T_LT, T_NE, T_NOT_IN, T_OPEN };

static const struct {
	const char *text;
	enum token token;
} marks[] = {
	{"==", T_EQ2},	{"!=", T_NE},	{"=", T_EQ}, {"!", T_NOT}, {"(", T_OPEN},
	{")", T_CLOSE}, {",", T_COMMA}, {">", T_GT}, {"<", T_LT},
};

struct reader {
	const char *p;
	enum token token; /* the next one */
	char *literal;	  /* its text; owned */
};

static void advance(struct reader *r)
{
	size_t n;

	free(r->literal);
	r->p += strspn(r->p, " \t\r\n");
	for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
		n = strlen(marks[i].text);
		if (strncmp(r->p, marks[i].text, n))
			continue;
		r->token = marks[i].token;
		r->literal = mem_strndup(r->p, n);
		r->p += n;
		return;
	}
	n = strcspn(r->p, "=!(),>< \t\r\n");
	r->literal = mem_strndup(r->p, n);
	r->p += n;
	r->token = !n				  ? T_END
		   : !strcmp(r->literal, "in")	  ? T_IN
		   : !strcmp(r->literal, "notin") ? T_NOT_IN
						  : T_ID;
}

/* Where a name is due, "in" and "notin" are names. */
static bool is_id(const struct reader *r)
{
	return r->token == T_ID || r->token == T_IN || r->token == T_NOT_IN;
}

static char *take(struct reader *r)
{
	char *s = STEAL(r->literal);

	advance(r);
	return s;
}

static int unexpected(const struct reader *r, const char *expected, struct err *err)
{
	return err_set(err, REASON_BAD_REQUEST, "found '%.128s'%s", r->literal, expected);
}

/* "(a,,b)": empty elements count as the empty value. Texts in vs are owned by the caller. */
static int read_list(struct reader *r, struct values *vs, struct err *err)
{
	if (r->token != T_OPEN)
		return unexpected(r, " expected: '('", err);
	advance(r);
	if (r->token == T_CLOSE) {
		selector_values_add(vs, mem_strdup(""));
		advance(r);
		return 0;
	}
	if (!is_id(r) && r->token != T_COMMA)
		return unexpected(r, ", expected: ',', ')' or identifier", err);
	for (;;) {
		if (is_id(r)) {
			selector_values_add(vs, take(r));
			if (r->token == T_CLOSE)
				break;
			if (r->token != T_COMMA)
				return unexpected(r, ", expected: ',' or ')'", err);
		} else if (r->token == T_COMMA) {
			if (!vs->n)
				selector_values_add(vs, mem_strdup(""));
			advance(r);
			if (r->token == T_CLOSE || r->token == T_COMMA)
				selector_values_add(vs, mem_strdup(""));
			if (r->token == T_CLOSE)
				break;
		} else {
			return unexpected(r, ", expected: ',', or identifier", err);
		}
	}
	advance(r);
	return 0;
}

static int read_values(struct reader *r, bool list, struct values *vs, struct err *err)
{
	if (list)
		return read_list(r, vs, err);
	if (r->token == T_END || r->token == T_COMMA) {
		selector_values_add(vs, mem_strdup(""));
		return 0;
	}
	if (!is_id(r))
		return unexpected(r, ", expected: identifier", err);
	selector_values_add(vs, take(r));
	return 0;
}

/* What stands between key and values. */
static const struct {
	enum token token;
	enum selector_op op;
	const char *symbol;
	bool list;
} operators[] = {
	{T_IN, SELECTOR_IN, "in", true},      {T_NOT_IN, SELECTOR_NOT_IN, "notin", true},
	{T_EQ, SELECTOR_IN, "=", false},      {T_EQ2, SELECTOR_IN, "==", false},
	{T_NE, SELECTOR_NOT_IN, "!=", false}, {T_GT, SELECTOR_GT, ">", false},
	{T_LT, SELECTOR_LT, "<", false},
};

static int read_restriction(struct selector *s, struct reader *r, const char *key, struct values *vs,
			    struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(operators); i++) {
		if (operators[i].token != r->token)
			continue;
		advance(r);
		if (read_values(r, operators[i].list, vs, err))
			return -1;
		struct values view = {0}; /* the set; vs keeps every text for the caller to free */

		for (size_t j = 0; j < vs->n; j++)
			selector_values_add(&view, vs->v[j]);
		selector_values_sort(&view);
		int rc = selector_validate(key, operators[i].op, &view, err);

		if (!rc)
			selector_append(s, key, operators[i].op, operators[i].symbol, &view);
		free(view.v);
		return rc;
	}
	return unexpected(r, ", expected: in, notin, =, ==, !=, gt, lt", err);
}

static int read_requirement(struct selector *s, struct reader *r, struct err *err)
{
	bool negated = r->token == T_NOT;
	struct values vs = {0};

	if (negated)
		advance(r);
	if (!is_id(r))
		return unexpected(r, ", expected: identifier", err);
	autofree char *key = take(r);
	struct name_faults wrong;
	autobuf struct buf detail = BUF_INIT;

	if (name_check_qualified(key, &wrong)) {
		name_faults_join(&wrong, "; ", &detail);
		return err_set(err, REASON_BAD_REQUEST, "<nil>: Invalid value: \"%.128s\": %s", key,
			       buf_str(&detail));
	}
	if (negated || r->token == T_END || r->token == T_COMMA) {
		selector_append(s, key, negated ? SELECTOR_NOT_EXISTS : SELECTOR_EXISTS, "", &vs);
		return 0;
	}
	int rc = read_restriction(s, r, key, &vs, err);

	for (size_t i = 0; i < vs.n; i++)
		free((char *)(uintptr_t)vs.v[i]);
	free(vs.v);
	return rc;
}

static int read_selector(struct selector *s, struct reader *r, struct err *err)
{
	while (r->token != T_END) {
		if (!is_id(r) && r->token != T_NOT)
			return unexpected(r, ", expected: !, identifier, or 'end of string'", err);
		if (read_requirement(s, r, err))
			return err_wrap(err, "unable to parse requirement");
		if (r->token == T_END)
			break;
		if (r->token != T_COMMA)
			return unexpected(r, ", expected: ',' or 'end of string'", err);
		advance(r);
		if (!is_id(r) && r->token != T_NOT)
			return unexpected(r, ", expected: identifier after ','", err);
	}
	return 0;
}

struct selector *selector_parse(const char *text, struct err *err)
{
	struct selector *s = MEM_NEW(struct selector);
	struct reader r = {.p = text};

	advance(&r);
	int rc = read_selector(s, &r, err);

	free(r.literal);
	if (rc) {
		selector_free(s);
		return NULL;
	}
	selector_sort(s);
	return s;
}
