/* SPDX-License-Identifier: Apache-2.0 */
/* A table that nests in itself decodes whatever bytes; a copy of the result is the same as the result. */
#include <assert.h>
#include <stdlib.h>
#include "object/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

struct node {
	const char *a, *json, *key;
	int64_t n, m;
	struct labels *labels;
	const char *const *words;
	size_t n_words, count, n_list, n_map;
	bool flag;
	struct node *list, *map, *one;
};
static const struct decode_spec node_spec;
static const struct decode_row rows[] = {
	DECODE_KEY(struct node, key),
	DECODE_JSON("", struct node, json),
	DECODE_STRING("a", struct node, a),
	DECODE_TIME("b.c", struct node, n),
	DECODE_MILLI("b.d", struct node, m),
	DECODE_COUNT("b.e", struct node, count),
	DECODE_PRESENT("b.e", struct node, flag),
	DECODE_LABELS("l", struct node, labels),
	DECODE_STRINGS("w", struct node, words, n_words),
	DECODE_POINTER("o", struct node, one, &node_spec),
	DECODE_ARRAY("v", struct node, list, n_list, &node_spec),
	DECODE_MAP("m", struct node, map, n_map, &node_spec),
};
static const struct decode_spec node_spec = DECODE_SPEC(struct node, rows);

static void same_text(const char *a, const char *b)
{
	assert(!a == !b && (!a || !strcmp(a, b)));
}

static void same(const struct node *a, const struct node *b)
{
	same_text(a->a, b->a);
	same_text(a->json, b->json);
	same_text(a->key, b->key);
	assert(a->n == b->n && a->m == b->m && a->count == b->count && a->flag == b->flag);
	assert(labels_equal(a->labels, b->labels));
	assert(a->n_words == b->n_words && a->n_list == b->n_list && a->n_map == b->n_map &&
	       !a->one == !b->one);
	for (size_t i = 0; i < a->n_words; i++)
		same_text(a->words[i], b->words[i]);
	for (size_t i = 0; i < a->n_list; i++)
		same(&a->list[i], &b->list[i]);
	for (size_t i = 0; i < a->n_map; i++)
		same(&a->map[i], &b->map[i]);
	if (a->one)
		same(a->one, b->one);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct err err;
	autofree struct node *o = decode_new(&node_spec, (const char *)p, n, &err);
	struct scan s;
	scan_init(&s, (const char *)p, n);
	bool object = scan_peek(&s) == SCAN_OBJECT && scan_skip(&s) && scan_finish(&s);
	assert(object == !!o || (object && n > 100000));
	if (!o)
		return 0;
	autofree struct node *copy = decode_copy(&node_spec, o);
	same(o, copy);
	return 0;
}
