/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program of states, and the set of states that a text has led to so far. One step per character takes each state of
 * the set once, so the time is at most text times program.
 */
#include "base/regex.h"

#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "base/regex_internal.h"

enum op { OP_SET, OP_SPLIT, OP_JUMP, OP_ASSERT, OP_MATCH };
struct regex_state {
	uint8_t op, assert;
	uint16_t n_ranges;
	uint32_t x, y; /* where it goes on */
	const struct regex_range *ranges;
};
struct regex {
	uint32_t n;
	struct regex_state v[];
};

/* ---- from the tree to the program ---- */

struct compiler {
	struct regex_state v[REGEX_MAX_PROGRAM];
	uint32_t n;
	bool full;
};

static uint32_t emit(struct compiler *c, struct regex_state s)
{
	if (c->n == REGEX_MAX_PROGRAM) {
		c->full = true;
		return 0;
	}
	c->v[c->n] = s;
	return c->n++;
}

static void compile(struct compiler *c, const struct regex_node *n);

/* left? or left*, `rest` times optional */
static void compile_optional(struct compiler *c, const struct regex_node *n, uint32_t times)
{
	for (uint32_t i = 0; i < times && !c->full; i++) {
		uint32_t split = emit(c, (struct regex_state){.op = OP_SPLIT});
		c->v[split].x = c->n;
		compile(c, n->left);
		c->v[split].y = c->n; /* to the next one, which may be skipped, too */
	}
}

static void compile_repeat(struct compiler *c, const struct regex_node *n)
{
	for (uint32_t i = 0; i < n->min && !c->full; i++)
		compile(c, n->left);
	if (n->max != REGEX_NO_MAX) {
		compile_optional(c, n, n->max - n->min);
		return;
	}
	uint32_t split = emit(c, (struct regex_state){.op = OP_SPLIT});
	c->v[split].x = c->n;
	compile(c, n->left);
	emit(c, (struct regex_state){.op = OP_JUMP, .x = split});
	c->v[split].y = c->n;
}

/* Each alternative jumps to the one behind it, that to the next, and so on to the end. */
static void compile_either(struct compiler *c, const struct regex_node *n)
{
	uint32_t jump = UINT32_MAX;
	for (bool more = true; more && !c->full; n = n->right) {
		more = n->form == REGEX_ALT;
		uint32_t split = more ? emit(c, (struct regex_state){.op = OP_SPLIT}) : 0;
		if (more)
			c->v[split].x = c->n;
		compile(c, more ? n->left : n);
		if (jump != UINT32_MAX)
			c->v[jump].x = c->n;
		if (!more)
			break;
		jump = emit(c, (struct regex_state){.op = OP_JUMP});
		c->v[split].y = c->n;
	}
}

static void compile(struct compiler *c, const struct regex_node *n)
{
	if (c->full)
		return;
	switch (n->form) {
	case REGEX_EMPTY:
		break;
	case REGEX_SET:
		emit(c, (struct regex_state){
				.op = OP_SET, .ranges = n->ranges, .n_ranges = (uint16_t)n->n_ranges});
		break;
	case REGEX_ASSERT:
		emit(c, (struct regex_state){.op = OP_ASSERT, .assert = (uint8_t)n->assert});
		break;
	case REGEX_CAT:
		for (; n->form == REGEX_CAT; n = n->right)
			compile(c, n->left);
		compile(c, n);
		break;
	case REGEX_ALT:
		compile_either(c, n);
		break;
	case REGEX_REPEAT:
		compile_repeat(c, n);
		break;
	}
}

struct regex *regex_compile(struct arena *a, const char *pattern, size_t n, struct err *err)
{
	if (n > REGEX_MAX_PATTERN) {
		err_set(err, REASON_INVALID, "expression is longer than %d bytes", REGEX_MAX_PATTERN);
		return NULL;
	}
	autoarena struct arena tmp = ARENA_INIT;
	const struct regex_node *tree = regex_parse(&tmp, a, pattern, n, err);
	if (!tree)
		return NULL;
	autofree struct compiler *c = mem_alloc(sizeof(*c));
	c->n = 0;
	c->full = false;
	compile(c, tree);
	emit(c, (struct regex_state){.op = OP_MATCH});
	if (c->full) {
		err_set(err, REASON_INVALID, "expression too large");
		return NULL;
	}
	struct regex *r = arena_alloc(a, sizeof(*r) + c->n * sizeof(*r->v));
	r->n = c->n;
	memcpy(r->v, c->v, c->n * sizeof(*r->v));
	return r;
}

/* ---- running it ---- */

/* A set of states without clearing: a state is in it when its entry in `at` points back at it. */
struct set {
	uint32_t *list, *at;
	uint32_t n;
};

struct regex_run {
	const struct regex *r;
	uint32_t *todo; /* states to follow, when some are entered */
	const char *begin, *end;
};

static bool has(const struct set *s, uint32_t i)
{
	return s->at[i] < s->n && s->list[s->at[i]] == i;
}

static bool is_word(uint32_t c)
{
	return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool holds(const struct regex_run *run, enum regex_assert a, const char *p)
{
	bool first = p == run->begin, last = p == run->end;
	bool before = !first && is_word((unsigned char)p[-1]), behind = !last && is_word((unsigned char)*p);
	switch (a) {
	case REGEX_TEXT_START:
		return first;
	case REGEX_TEXT_END:
		return last;
	case REGEX_LINE_START:
		return first || p[-1] == '\n';
	case REGEX_LINE_END:
		return last || *p == '\n';
	case REGEX_WORD:
		return before != behind;
	case REGEX_NO_WORD:
		return before == behind;
	}
	return false;
}

/* Adds a state and all that it leads to without a character. True when that is the match. */
static bool enter(struct regex_run *run, struct set *s, uint32_t state, const char *p)
{
	uint32_t n = 0;
	run->todo[n++] = state;
	while (n) {
		uint32_t i = run->todo[--n];
		if (has(s, i))
			continue;
		s->at[i] = s->n;
		s->list[s->n++] = i;
		const struct regex_state *v = &run->r->v[i];
		switch (v->op) {
		case OP_MATCH:
			return true;
		case OP_SPLIT:
			run->todo[n++] = v->y;
			run->todo[n++] = v->x;
			break;
		case OP_JUMP:
			run->todo[n++] = v->x;
			break;
		case OP_ASSERT:
			if (holds(run, v->assert, p))
				run->todo[n++] = i + 1;
			break;
		default:
			break;
		}
	}
	return false;
}

static bool takes(const struct regex_state *v, uint32_t c)
{
	for (uint16_t i = 0; i < v->n_ranges; i++)
		if (c >= v->ranges[i].lo && c <= v->ranges[i].hi)
			return true;
	return false;
}

bool regex_match(const struct regex *r, const char *text, size_t n)
{
	autofree uint32_t *room = mem_array(6 * (size_t)r->n + 2, sizeof(*room));
	struct regex_run run = {r, room + 4 * (size_t)r->n, text, text + n};
	struct set now = {room, room + r->n, 0}, next = {room + 2 * (size_t)r->n, room + 3 * (size_t)r->n, 0};
	for (const char *p = text;;) {
		if (enter(&run, &now, 0, p)) /* a match may begin anywhere */
			return true;
		if (p == run.end)
			return false;
		uint32_t c = regex_rune(&p, run.end);
		next.n = 0;
		for (uint32_t i = 0; i < now.n; i++) {
			const struct regex_state *v = &r->v[now.list[i]];
			if (v->op == OP_SET && takes(v, c) && enter(&run, &next, now.list[i] + 1, p))
				return true;
		}
		struct set swap = now;
		now = next;
		next = swap;
	}
}
