/* SPDX-License-Identifier: Apache-2.0 */
/* See daemonset_backoff.h. What is old is swept out when something is added, once a minute at most. */
#include "daemonset/daemonset_backoff.h"

#include <pthread.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/map.h"
#include "base/mem.h"

#define FIRST_NS (1 * NS_PER_S)
#define MOST_NS (15 * 60 * NS_PER_S)
#define SWEEP_NS (60 * NS_PER_S)

struct pause {
	int64_t last_ns, pause_ns;
};

struct daemonset_backoff {
	pthread_mutex_t lock; /* guards all */
	struct map pauses;    /* -> struct pause, the map's */
	int64_t swept_ns;
};

struct daemonset_backoff *daemonset_backoff_new(void)
{
	struct daemonset_backoff *b = MEM_NEW(struct daemonset_backoff);

	pthread_mutex_init(&b->lock, NULL);
	return b;
}

void daemonset_backoff_free(struct daemonset_backoff *b)
{
	if (!b)
		return;
	for (struct map_iter it = {0}; map_next(&b->pauses, &it);)
		free(it.value);
	map_release(&b->pauses);
	pthread_mutex_destroy(&b->lock);
	free(b);
}

/* Also when the clock has jumped back: nobody waits for a time that was never. */
static bool is_over(const struct pause *p, int64_t now_ns)
{
	return now_ns - p->last_ns > 2 * MOST_NS || now_ns < p->last_ns;
}

static void sweep(struct daemonset_backoff *b, int64_t now_ns)
{
	if (now_ns - b->swept_ns < SWEEP_NS && now_ns >= b->swept_ns)
		return;
	b->swept_ns = now_ns;
	for (struct map_iter it = {0}; map_next(&b->pauses, &it);)
		if (is_over(it.value, now_ns)) {
			free(it.value);
			map_deln(&b->pauses, it.key, it.key_len);
		}
}

/* Under the lock. */
static int64_t try(struct daemonset_backoff *b, const char *key, int64_t now_ns)
{
	struct pause *p = map_get(&b->pauses, key);

	if (p && !is_over(p, now_ns) && now_ns - p->last_ns < p->pause_ns)
		return p->pause_ns - (now_ns - p->last_ns);
	if (!p) {
		sweep(b, now_ns);
		p = MEM_NEW(struct pause);
		map_set(&b->pauses, key, p);
	} else if (is_over(p, now_ns)) {
		p->pause_ns = 0;
	}
	p->pause_ns = p->pause_ns ? 2 * p->pause_ns : FIRST_NS;
	if (p->pause_ns > MOST_NS)
		p->pause_ns = MOST_NS;
	p->last_ns = now_ns;
	return 0;
}

int64_t daemonset_backoff_try(struct daemonset_backoff *b, const char *key, int64_t now_ns)
{
	pthread_mutex_lock(&b->lock);
	int64_t left = try(b, key, now_ns);
	pthread_mutex_unlock(&b->lock);
	return left;
}
