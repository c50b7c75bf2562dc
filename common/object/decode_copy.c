/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The copying half of decode.h: a struct and what its rows point to, in one block.
 *
 * The same walk runs twice, first adding up, then copying, so the block is exact. Structs are taken from its front,
 * where they stay aligned, texts from its end, where they need not be. Empty strings are one static byte.
 */
#include <stdlib.h>
#include <string.h>
#include "object/decode_internal.h"

struct copier {
	size_t structs, texts; /* bytes needed */
	char *front, *back;    /* NULL while adding up */
};

static void *take(struct copier *c, size_t n)
{
	n = (n + 7) & ~(size_t)7;
	if (!c->front) {
		c->structs += n;
		return NULL;
	}
	void *p = c->front;
	c->front += n;
	return p;
}

static const char *copy_text(struct copier *c, const char *s)
{
	if (!s || !*s)
		return s ? "" : NULL;
	size_t n = strlen(s) + 1;
	if (!c->front) {
		c->texts += n;
		return NULL;
	}
	c->back -= n;
	return memcpy(c->back, s, n);
}

static void copy_fields(struct copier *c, const struct decode_spec *spec, const char *from, char *to);

static void *copy_structs(struct copier *c, const struct decode_spec *spec, const char *from, size_t n)
{
	if (!from || !n)
		return NULL;
	char *to = take(c, n * spec->size);
	if (to)
		memcpy(to, from, n * spec->size);
	for (size_t i = 0; i < n; i++)
		copy_fields(c, spec, from + i * spec->size, to ? to + i * spec->size : NULL);
	return to;
}

static void *copy_strings(struct copier *c, const char *const *v)
{
	size_t n = 0;
	if (!v)
		return NULL;
	while (v[n])
		n++;
	const char **to = take(c, (n + 1) * sizeof(*to));
	for (size_t i = 0; i < n; i++) {
		const char *text = copy_text(c, v[i]);
		if (to)
			to[i] = text;
	}
	if (to)
		to[n] = NULL;
	return to;
}

static void *copy_labels(struct copier *c, const struct labels *l)
{
	if (!l || !l->n)
		return NULL;
	struct labels *to = take(c, sizeof(*to) + l->n * sizeof(l->v[0]));
	for (size_t i = 0; i < l->n; i++) {
		const char *key = copy_text(c, l->v[i].key), *value = copy_text(c, l->v[i].value);
		if (to)
			to->v[i] = (struct label){key, value};
	}
	if (to)
		to->n = l->n;
	return to;
}

static const void *copy_target(struct copier *c, const struct decode_row *row, const char *o)
{
	const void *p = *(void *const *)(o + row->offset);
	switch (row->type) {
	case DECODE_T_STRINGS:
		return copy_strings(c, p);
	case DECODE_T_LABELS:
		return copy_labels(c, p);
	case DECODE_T_POINTER:
		return copy_structs(c, row->sub, p, 1);
	case DECODE_T_ARRAY:
	case DECODE_T_MAP:
		return copy_structs(c, row->sub, p, *(const size_t *)(o + row->count_offset));
	default:
		return copy_text(c, p);
	}
}

static bool is_pointer(enum decode_type t)
{
	return t == DECODE_T_STRING || t == DECODE_T_JSON || t == DECODE_T_KEY || t == DECODE_T_STRINGS ||
	       t == DECODE_T_LABELS || t == DECODE_T_POINTER || t == DECODE_T_ARRAY || t == DECODE_T_MAP;
}

static void copy_fields(struct copier *c, const struct decode_spec *spec, const char *from, char *to)
{
	for (size_t i = 0; i < spec->n; i++) {
		const struct decode_row *row = &spec->rows[i];
		if (decode_in_place(row->type)) {
			copy_fields(c, row->sub, from + row->offset, to ? to + row->offset : NULL);
		} else if (is_pointer(row->type)) {
			const void *p = copy_target(c, row, from);
			if (to)
				*(const void **)(to + row->offset) = p;
		}
	}
}

void *decode_copy(const struct decode_spec *spec, const void *o)
{
	struct copier c = {0};
	copy_structs(&c, spec, o, 1);
	if (c.structs + c.texts > DECODE_MAX)
		return NULL;
	char *block = mem_alloc(c.structs + c.texts);
	c.front = block;
	c.back = block + c.structs + c.texts;
	return copy_structs(&c, spec, o, 1);
}
