/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far the cache is, and what time a revision is from.
 *
 * The clock half answers "how old is revision N" for expiry and compaction without storing a time per object:
 * now and then a (time, revision) mark is kept, in a ring that thins itself out. Any thread.
 */
#ifndef STORAGE_CACHE_REVISION_INTERNAL_H
#define STORAGE_CACHE_REVISION_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define REVISION_MARKS 128
/* Between two marks: 128 of them reach back two hours. */
#define REVISION_MARK_NS (60 * INT64_C(1000000000))

struct revision_mark {
	int64_t at_ns; /* monotonic: everything up to rev was there */
	uint64_t rev;
};
struct revision {
	atomic_uint_fast64_t now;
	pthread_mutex_t lock;			    /* the rest */
	int64_t last_ns;			    /* of the last advance */
	struct revision_mark marks[REVISION_MARKS]; /* ring, oldest at first */
	size_t first, n;
};

void revision_init(struct revision *r, uint64_t now);
void revision_release(struct revision *r);
static inline uint64_t revision_now(struct revision *r)
{
	return atomic_load_explicit(&r->now, memory_order_acquire);
}
/* The cache has everything up to rev (going back is ignored). One thread at a time. */
void revision_advance(struct revision *r, uint64_t rev);
/* The newest revision known to be at least age_ns old; 0 when none is. */
uint64_t revision_before(struct revision *r, int64_t age_ns);
/* When (monotonic) revision rev will have been older than age_ns for certain, to a mark's precision. */
int64_t revision_due(struct revision *r, uint64_t rev, int64_t age_ns);

#endif
