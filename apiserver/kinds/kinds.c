/* SPDX-License-Identifier: Apache-2.0 */
/* Kinds that come and go: the order in which the observers and the schema hear of a change. */
#include "kinds/kinds.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "base/unique.h"

#define OBSERVERS_MAX 8

struct kinds {
	struct schema *schema;
	pthread_mutex_t changing; /* one change at a time; observers run under it, readers never take it */
	struct {
		const struct kinds_observer *o;
		void *arg;
	} observers[OBSERVERS_MAX];
	size_t n_observers;
};

struct kinds *kinds_new(struct schema *s)
{
	struct kinds *k = MEM_NEW(struct kinds);
	k->schema = s;
	pthread_mutex_init(&k->changing, NULL);
	return k;
}

void kinds_free(struct kinds *k)
{
	if (!k)
		return;
	pthread_mutex_destroy(&k->changing);
	free(k);
}

void kinds_observe(struct kinds *k, const struct kinds_observer *o, void *arg)
{
	assert(k->n_observers < OBSERVERS_MAX);
	k->observers[k->n_observers].o = o;
	k->observers[k->n_observers++].arg = arg;
}

/* Undoes the first n additions, the last one first; an addition is one kind at one observer. */
static void take_back(struct kinds *k, struct kind *const *kinds, size_t n)
{
	while (n--) {
		size_t i = n % k->n_observers;
		const struct kinds_observer *o = k->observers[i].o;
		if (o->remove)
			o->remove(k->observers[i].arg, kinds[n / k->n_observers]);
	}
}

static int tell_added(struct kinds *k, struct kind *const *kinds, size_t n, struct err *err)
{
	for (size_t at = 0; at < n * k->n_observers; at++) {
		size_t i = at % k->n_observers;
		const struct kinds_observer *o = k->observers[i].o;
		if (o->add && o->add(k->observers[i].arg, kinds[at / k->n_observers], err) < 0) {
			take_back(k, kinds, at);
			return -1;
		}
	}
	return 0;
}

/* Of both parts (either may be empty) each group-version once. */
static void tell_changed(struct kinds *k, struct kind *const *const kinds[2], const size_t n[2])
{
	autounique struct unique told = {.n = 0};
	for (size_t i = 0; i < n[0] + n[1]; i++) {
		const struct kind *kind = i < n[0] ? kinds[0][i] : kinds[1][i - n[0]];
		if (unique_seen_f(&told, "%s/%s", kind->group, kind->version))
			continue;
		for (size_t o = 0; o < k->n_observers; o++)
			if (k->observers[o].o->changed)
				k->observers[o].o->changed(k->observers[o].arg, kind->group, kind->version);
	}
}

/* `in` comes into the place of `out`; either may be NULL. */
static int change(struct kinds *k, struct schema_part *in, struct schema_part *out, struct err *err)
{
	struct kind *const *kinds[2] = {NULL, NULL};
	size_t n[2] = {in ? schema_part_kinds(in, &kinds[0]) : 0,
		       out ? schema_part_kinds(out, &kinds[1]) : 0};
	if (tell_added(k, kinds[0], n[0], err) < 0)
		return -1;
	if (schema_change(k->schema, in, out, err) < 0) {
		take_back(k, kinds[0], n[0] * k->n_observers);
		return -1;
	}
	tell_changed(k, kinds, n);
	take_back(k, kinds[1], n[1] * k->n_observers);
	if (out)
		schema_retire(k->schema, out);
	return 0;
}

static struct schema_part *finish(struct kinds *k, struct schema_builder *b, struct schema_part *out,
				  struct err *err)
{
	struct schema_part *part = schema_builder_finish(b, err);
	if (!part)
		return NULL;
	pthread_mutex_lock(&k->changing);
	int r = change(k, part, out, err);
	pthread_mutex_unlock(&k->changing);
	if (r == 0)
		return part;
	schema_part_free(part);
	return NULL;
}

struct schema_part *kinds_replace_built(struct kinds *k, struct schema_part *old, struct schema_builder *b,
					struct err *err)
{
	return finish(k, b, old, err);
}

static struct schema_part *put_file(struct kinds *k, struct schema_part *out, const struct schema_file *f,
				    struct err *err)
{
	struct schema_builder *b = schema_builder_new(k->schema);
	if (schema_builder_file(b, f, err) == 0)
		return finish(k, b, out, err);
	schema_builder_free(b);
	return NULL;
}

struct schema_part *kinds_add(struct kinds *k, const struct schema_file *f, struct err *err)
{
	return put_file(k, NULL, f, err);
}

struct schema_part *kinds_replace(struct kinds *k, struct schema_part *old, const struct schema_file *f,
				  struct err *err)
{
	return put_file(k, old, f, err);
}

void kinds_remove(struct kinds *k, struct schema_part *part)
{
	struct err never = ERR_INIT;
	pthread_mutex_lock(&k->changing);
	if (change(k, NULL, part, &never) < 0)
		abort(); /* what only takes away cannot clash */
	pthread_mutex_unlock(&k->changing);
}
