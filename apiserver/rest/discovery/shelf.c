/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/discovery/shelf.h"

#include <malloc.h>
#include <stdlib.h>
#include "base/mem.h"
#include "base/thread.h"

struct shelf {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct map by_key; /* struct document, one reference each */
	int64_t until_ns;
	bool kept; /* by a thread, which has to be joined */
	bool done; /* it waits no more */
	bool closing;
	pthread_t keeper;
};

struct shelf *shelf_new(void)
{
	struct shelf *s = MEM_NEW(struct shelf);
	pthread_mutex_init(&s->lock, NULL);
	clock_cond_init(&s->changed);
	return s;
}

/* Under the lock. */
static void clear(struct shelf *s)
{
	for (struct map_iter it = {0}; map_next(&s->by_key, &it);)
		document_unref(it.value);
	map_clear(&s->by_key);
}

static void *keep(void *arg)
{
	struct shelf *s = arg;
	pthread_mutex_lock(&s->lock);
	while (!s->closing && map_len(&s->by_key) && clock_mono_ns() < s->until_ns)
		clock_cond_wait(&s->changed, &s->lock, s->until_ns);
	clear(s);
	s->done = true;
	pthread_mutex_unlock(&s->lock);
	malloc_trim(0);
	return NULL;
}

/* Under the lock. Without a thread nothing is kept. */
static void start(struct shelf *s)
{
	if (s->kept && !s->done)
		return;
	if (s->kept)
		pthread_join(s->keeper, NULL);
	s->done = false;
	s->kept = thread_try(&s->keeper, "shelf", keep, s) == 0;
	if (!s->kept)
		clear(s);
}

void shelf_free(struct shelf *s)
{
	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	s->closing = true;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
	if (s->kept)
		pthread_join(s->keeper, NULL);
	clear(s);
	map_release(&s->by_key);
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

struct document *shelf_get(struct shelf *s, const char *key)
{
	pthread_mutex_lock(&s->lock);
	struct document *d = map_get(&s->by_key, key);
	if (d) {
		document_ref(d);
		s->until_ns = clock_mono_ns() + SHELF_NS;
	}
	pthread_mutex_unlock(&s->lock);
	return d;
}

void shelf_put(struct shelf *s, const char *key, struct document *d)
{
	pthread_mutex_lock(&s->lock);
	struct document *old = map_set(&s->by_key, key, document_ref(d));
	s->until_ns = clock_mono_ns() + SHELF_NS;
	start(s);
	pthread_mutex_unlock(&s->lock);
	document_unref(old);
}

void shelf_drop(struct shelf *s, const char *key)
{
	pthread_mutex_lock(&s->lock);
	struct document *old = map_del(&s->by_key, key);
	pthread_mutex_unlock(&s->lock);
	document_unref(old);
}

size_t shelf_len(struct shelf *s)
{
	pthread_mutex_lock(&s->lock);
	size_t n = map_len(&s->by_key);
	pthread_mutex_unlock(&s->lock);
	return n;
}
