/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bucket of an index is a set of object pointers, hashed by address: 150,000 Pods may share one namespace,
 * and each of their updates has to leave and join that bucket in constant time. Small buckets (one owner's
 * Pods, one node's) are the rule, so the table starts with four places and holds nothing but the pointers.
 */
#include "controller/indexer.h"

#include <stdlib.h>

#include "base/mem.h"

#define KEYS_KEPT 4096 /* bytes of scratch; more is for the rare object with hundreds of owners */

struct bucket {
	const struct informer_object **v; /* NULL = free place */
	size_t n, cap;			  /* cap is a power of two */
};

static size_t bucket_home(const struct bucket *b, const struct informer_object *o)
{
	return (size_t)(((uintptr_t)o >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (b->cap - 1);
}

static void bucket_place(struct bucket *b, const struct informer_object *o)
{
	size_t i = bucket_home(b, o);

	while (b->v[i] && b->v[i] != o)
		i = (i + 1) & (b->cap - 1);
	b->n += !b->v[i];
	b->v[i] = o;
}

static void bucket_resize(struct bucket *b, size_t cap)
{
	const struct informer_object **old = b->v;
	size_t old_cap = b->cap;

	b->v = mem_array(cap, sizeof(*b->v));
	b->cap = cap;
	b->n = 0;
	for (size_t i = 0; i < old_cap; i++)
		if (old[i])
			bucket_place(b, old[i]);
	free(old);
}

static void bucket_add(struct bucket *b, const struct informer_object *o)
{
	if (b->n + 1 > b->cap - b->cap / 4)
		bucket_resize(b, b->cap ? b->cap * 2 : 4);
	bucket_place(b, o);
}

/* Closes the gap by moving back what probing had pushed over it, so no tombstones pile up. */
static void bucket_del(struct bucket *b, const struct informer_object *o)
{
	size_t mask = b->cap - 1, i = bucket_home(b, o), j;

	while (b->v[i] && b->v[i] != o)
		i = (i + 1) & mask;
	if (!b->v[i])
		return;
	for (j = (i + 1) & mask; b->v[j]; j = (j + 1) & mask) {
		size_t home = bucket_home(b, b->v[j]);

		if (((j - home) & mask) >= ((j - i) & mask)) {
			b->v[i] = b->v[j];
			i = j;
		}
	}
	b->v[i] = NULL;
	b->n--;
	if (b->cap > 16 && b->n < b->cap / 8)
		bucket_resize(b, b->cap / 2);
}

void informer_store_init(struct informer_store *s, const struct informer_type *t)
{
	*s = (struct informer_store){.type = t};
	pthread_mutex_init(&s->lock, NULL);
	if (t->n_indexes)
		s->indexes = mem_array(t->n_indexes, sizeof(*s->indexes));
}

void informer_store_release(struct informer_store *s)
{
	for (struct map_iter it = {0}; map_next(&s->objects, &it);)
		informer_unref(it.value);
	map_release(&s->objects);
	for (size_t i = 0; i < s->type->n_indexes; i++) {
		for (struct map_iter it = {0}; map_next(&s->indexes[i], &it);) {
			struct bucket *b = it.value;

			free(b->v);
			free(b);
		}
		map_release(&s->indexes[i]);
	}
	free(s->indexes);
	buf_release(&s->keys.text);
	pthread_mutex_destroy(&s->lock);
}

static void index_key(struct map *index, const char *key, const struct informer_object *o, bool add)
{
	struct bucket *b = map_get(index, key);

	if (!b && add) {
		b = MEM_NEW(struct bucket);
		map_set(index, key, b);
	}
	if (add) {
		bucket_add(b, o);
	} else if (b) {
		bucket_del(b, o);
		if (!b->n) {
			map_del(index, key);
			free(b->v);
			free(b);
		}
	}
}

static void index_object(struct informer_store *s, const struct informer_object *o, bool add)
{
	struct informer_keys *keys = &s->keys;

	for (size_t i = 0; i < s->type->n_indexes; i++) {
		s->type->index(o, i, keys);
		const char *key = buf_str(&keys->text);
		for (; keys->n; keys->n--, key += strlen(key) + 1)
			index_key(&s->indexes[i], key, o, add);
		buf_clear(&keys->text);
	}
	if (keys->text.cap > KEYS_KEPT)
		buf_release(&keys->text);
}

struct informer_object *informer_store_set(struct informer_store *s, const char *key,
					   struct informer_object *o)
{
	struct informer_object *old;

	pthread_mutex_lock(&s->lock);
	old = o ? map_set(&s->objects, key, o) : map_del(&s->objects, key);
	if (o)
		index_object(s, o, true); /* first, so that a bucket both share is not freed and made again */
	if (old)
		index_object(s, old, false);
	pthread_mutex_unlock(&s->lock);
	return old;
}

struct informer_object *informer_store_get(struct informer_store *s, const char *key)
{
	struct informer_object *o;

	pthread_mutex_lock(&s->lock);
	o = map_get(&s->objects, key);
	if (o)
		informer_ref(o);
	pthread_mutex_unlock(&s->lock);
	return o;
}

static size_t list_all(struct informer_store *s, const void ***ret)
{
	size_t n = 0;

	*ret = mem_array(map_len(&s->objects) + 1, sizeof(**ret));
	for (struct map_iter it = {0}; map_next(&s->objects, &it);)
		(*ret)[n++] = informer_ref(it.value);
	return n;
}

size_t informer_store_list(struct informer_store *s, size_t index, const char *index_key, const void ***ret)
{
	const struct bucket *b;
	size_t n = 0;

	pthread_mutex_lock(&s->lock);
	if (index == SIZE_MAX) {
		n = list_all(s, ret);
	} else {
		b = map_get(&s->indexes[index], index_key);
		*ret = mem_array(b ? b->n + 1 : 1, sizeof(**ret));
		for (size_t i = 0; b && i < b->cap; i++)
			if (b->v[i])
				(*ret)[n++] = informer_ref(b->v[i]);
	}
	pthread_mutex_unlock(&s->lock);
	return n;
}

size_t informer_store_len(struct informer_store *s)
{
	size_t n;

	pthread_mutex_lock(&s->lock);
	n = map_len(&s->objects);
	pthread_mutex_unlock(&s->lock);
	return n;
}

size_t informer_store_pick(struct informer_store *s, bool (*fn)(void *arg, const struct informer_object *o),
			   void *arg, char ***ret)
{
	size_t n = 0;

	*ret = NULL;
	pthread_mutex_lock(&s->lock);
	for (struct map_iter it = {0}; map_next(&s->objects, &it);) {
		if (!fn(arg, it.value))
			continue;
		if (!(n & (n - 1)))
			*ret = mem_realloc_array(*ret, n ? n * 2 : 1, sizeof(**ret));
		(*ret)[n++] = mem_strdup(it.key);
	}
	pthread_mutex_unlock(&s->lock);
	return n;
}
