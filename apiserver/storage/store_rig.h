/* SPDX-License-Identifier: Apache-2.0 */
/* For tests: an engine's calls, waited for. */
#ifndef STORAGE_STORE_RIG_H
#define STORAGE_STORE_RIG_H

#include <semaphore.h>
#include "base/clock.h"
#include "base/mem.h"
#include "storage/store.h"

struct store_rig_write {
	struct store_write w;
	sem_t sem;
};

static void store_rig_wrote(struct store_write *w)
{
	sem_post(&CONTAINER_OF(w, struct store_rig_write, w)->sem);
}

static inline int store_rig_write(struct store *s, const struct store_write *what, uint64_t *rev,
				  struct err *err)
{
	struct store_rig_write r = {.w = *what};
	r.w.done = store_rig_wrote;
	r.w.err = err;
	sem_init(&r.sem, 0, 0);
	s->engine->write(s, &r.w);
	while (sem_wait(&r.sem) < 0)
		;
	sem_destroy(&r.sem);
	if (r.w.rc == 0)
		*rev = r.w.rev;
	return r.w.rc;
}

struct store_rig_current {
	struct store_current c;
	sem_t sem;
};

static void store_rig_told(struct store_current *c)
{
	sem_post(&CONTAINER_OF(c, struct store_rig_current, c)->sem);
}

static inline int store_rig_current(struct store *s, int64_t deadline_ns, uint64_t *rev, struct err *err)
{
	struct store_rig_current r = {.c = {.deadline_ns = deadline_ns, .done = store_rig_told, .err = err}};
	sem_init(&r.sem, 0, 0);
	s->engine->current(s, &r.c);
	while (sem_wait(&r.sem) < 0)
		;
	sem_destroy(&r.sem);
	*rev = r.c.rev;
	return r.c.rc;
}

/* Creates a key in a store that may be away for a while, or not elected yet: tries until the deadline. A write that was not
   answered may have happened; then the revision is one at which it had. 0: it took no write in time, *err says why. */
static inline uint64_t store_rig_put(struct store *s, const char *key, int64_t deadline_ns, struct err *err)
{
	struct store_write w = {.key = key, .value = "1", .len = 1};
	uint64_t rev = 0;
	do {
		if (store_rig_write(s, &w, &rev, err) == 0)
			return rev;
		if (err->reason == REASON_ALREADY_EXISTS && store_rig_current(s, deadline_ns, &rev, err) == 0)
			return rev;
	} while (clock_mono_ns() < deadline_ns);
	return 0;
}

#endif
