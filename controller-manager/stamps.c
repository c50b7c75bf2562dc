/* SPDX-License-Identifier: Apache-2.0 */
/* See stamps.h. */
#include "stamps.h"

#include <pthread.h>
#include <stdlib.h>
#include "base/map.h"
#include "base/mem.h"

struct stamps {
	pthread_mutex_t lock; /* guards by_name */
	struct map by_name;   /* int64_t * */
};

void *stamps_new(struct informer **informers, struct workqueue *q)
{
	struct stamps *s = MEM_NEW(struct stamps);

	pthread_mutex_init(&s->lock, NULL);
	return s;
}

void stamps_free(void *stamps)
{
	struct stamps *s = stamps;

	for (struct map_iter it = {0}; map_next(&s->by_name, &it);)
		free(it.value);
	map_release(&s->by_name);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static bool put(struct stamps *s, const char *name, int64_t ns, bool over)
{
	pthread_mutex_lock(&s->lock);
	int64_t *at = map_get(&s->by_name, name);
	bool new = !at;

	if (!at) {
		at = MEM_NEW(int64_t);
		map_set(&s->by_name, name, at);
		over = true;
	}
	if (over)
		*at = ns;
	pthread_mutex_unlock(&s->lock);
	return new;
}

void stamps_set(struct stamps *s, const char *name, int64_t ns)
{
	put(s, name, ns, true);
}

bool stamps_keep(struct stamps *s, const char *name, int64_t ns)
{
	return put(s, name, ns, false);
}

bool stamps_del(struct stamps *s, const char *name)
{
	pthread_mutex_lock(&s->lock);
	int64_t *at = map_del(&s->by_name, name);
	bool there = at;

	free(at);
	pthread_mutex_unlock(&s->lock);
	return there;
}

int64_t stamps_get(struct stamps *s, const char *name, int64_t dflt)
{
	pthread_mutex_lock(&s->lock);
	const int64_t *at = map_get(&s->by_name, name);
	int64_t ret = at ? *at : dflt;

	pthread_mutex_unlock(&s->lock);
	return ret;
}
