/* SPDX-License-Identifier: Apache-2.0 */
#include "image/gc.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/map.h"
#include "base/mem.h"

struct record {
	char *id;
	int64_t detected_ns, used_ns; /* used 0 = not seen so */
	bool used, pinned, there;     /* at the last look */
};

struct image_gc {
	struct image_gc_policy policy;
	const struct image_gc_ops *ops;
	void *arg;
	int64_t began_ns;
	pthread_mutex_t lock; /* held over a whole run: two at once would free twice what one should */
	struct map records;   /* id -> struct record * */
};

int image_gc_check(const struct image_gc_policy *p, struct err *err)
{
	if (p->high_percent < 0 || p->high_percent > 100)
		return err_set(
			err, REASON_INVALID,
			"invalid configuration: imageGCHighThresholdPercent (--image-gc-high-threshold) %d must be "
			"between 0 and 100, inclusive",
			p->high_percent);
	if (p->low_percent < 0 || p->low_percent > 100)
		return err_set(
			err, REASON_INVALID,
			"invalid configuration: imageGCLowThresholdPercent (--image-gc-low-threshold) %d must be "
			"between 0 and 100, inclusive",
			p->low_percent);
	if (p->low_percent >= p->high_percent)
		return err_set(
			err, REASON_INVALID,
			"invalid configuration: imageGCLowThresholdPercent (--image-gc-low-threshold) %d must be less than "
			"imageGCHighThresholdPercent (--image-gc-high-threshold) %d",
			p->low_percent, p->high_percent);
	if (p->max_age_ns && p->max_age_ns <= p->min_age_ns)
		return err_set(
			err, REASON_INVALID,
			"invalid configuration: imageMaximumGCAge must be greater than imageMinimumGCAge");
	return 0;
}

struct image_gc *image_gc_new(const struct image_gc_policy *p, const struct image_gc_ops *ops, void *arg)
{
	struct image_gc *g = MEM_NEW(struct image_gc);
	*g = (struct image_gc){.policy = *p, .ops = ops, .arg = arg, .began_ns = clock_mono_ns()};
	pthread_mutex_init(&g->lock, NULL);
	return g;
}

static void forget(struct image_gc *g, struct record *r)
{
	map_del(&g->records, r->id);
	free(r->id);
	free(r);
}

void image_gc_free(struct image_gc *g)
{
	if (!g)
		return;
	for (struct map_iter it = {0}; map_next(&g->records, &it);)
		forget(g, it.value);
	map_release(&g->records);
	pthread_mutex_destroy(&g->lock);
	free(g);
}

/* ---- looking ---- */

static void note(struct image_gc *g, struct image_gc_image *i, int64_t now)
{
	struct record *r = map_get(&g->records, i->id);
	if (!r) {
		r = MEM_NEW(struct record);
		*r = (struct record){.id = mem_strdup(i->id), .detected_ns = now};
		map_set(&g->records, r->id, r);
	}
	r->there = true;
	r->used = i->used;
	r->pinned = i->pinned;
	if (i->used)
		r->used_ns = now;
	free(i->id);
}

static int detect(struct image_gc *g, int64_t now, struct err *err)
{
	struct image_gc_image *v = NULL;
	size_t n = 0;
	if (g->ops->list(g->arg, &v, &n, err) < 0)
		return -1;
	for (struct map_iter it = {0}; map_next(&g->records, &it);)
		((struct record *)it.value)->there = false;
	for (size_t i = 0; i < n; i++)
		note(g, &v[i], now);
	free(v);
	for (struct map_iter it = {0}; map_next(&g->records, &it);)
		if (!((struct record *)it.value)->there)
			forget(g, it.value);
	return 0;
}

static int older(const void *a, const void *b)
{
	const struct record *x = *(struct record *const *)a, *y = *(struct record *const *)b;
	if (x->used_ns != y->used_ns)
		return x->used_ns < y->used_ns ? -1 : 1;
	return (x->detected_ns > y->detected_ns) - (x->detected_ns < y->detected_ns);
}

struct order {
	struct record **v; /* borrowed; NULL = gone */
	size_t n;
};

static struct order unused(struct image_gc *g)
{
	struct order o = {.v = mem_array(map_len(&g->records) + 1, sizeof(*o.v))};
	for (struct map_iter it = {0}; map_next(&g->records, &it);) {
		struct record *r = it.value;
		if (!r->used && !r->pinned)
			o.v[o.n++] = r;
	}
	qsort(o.v, o.n, sizeof(*o.v), older);
	return o;
}

/* ---- freeing ---- */

/* One that a container was made of since the look is no failure: it is not unused any more. */
static int free_image(struct image_gc *g, struct record *r, bool aged, int64_t *freed, struct err *err)
{
	struct err e = ERR_INIT;
	int64_t bytes = 0;
	if (g->ops->remove(g->arg, r->id, &bytes, &e) < 0) {
		if (e.reason == REASON_CONFLICT)
			return 0;
		*err = e;
		return -1;
	}
	*freed += bytes;
	if (g->ops->removed)
		g->ops->removed(g->arg, r->id, bytes, aged);
	forget(g, r);
	return 1;
}

static int free_space(struct image_gc *g, struct order *o, int64_t wanted, int64_t now, int64_t *ret_freed,
		      struct err *err)
{
	int rc = 0;
	struct err e = ERR_INIT;
	for (size_t i = 0; i < o->n && *ret_freed < wanted; i++) {
		/* It may just have been pulled for a container that is about to be made. */
		if (!o->v[i] || now - o->v[i]->detected_ns < g->policy.min_age_ns)
			continue;
		int done = free_image(g, o->v[i], false, ret_freed, &e);
		if (done < 0)
			rc = -1;
		if (done > 0)
			o->v[i] = NULL;
	}
	return rc < 0 ? err_set(err, e.reason,
				"wanted to free %" PRId64 " bytes, but freed %" PRId64
				" bytes space with errors in image deletion: %.300s",
				wanted, *ret_freed, e.msg)
		      : 0;
}

/* What an agent has not watched for so long it cannot know to be unused for so long. */
static int free_old(struct image_gc *g, struct order *o, int64_t now, struct err *err)
{
	int64_t max = g->policy.max_age_ns, freed = 0;
	int rc = 0;
	struct err e = ERR_INIT;
	if (!max || now - g->began_ns <= max)
		return 0;
	for (size_t i = 0; i < o->n; i++) {
		if (now - o->v[i]->used_ns <= max)
			continue;
		int done = free_image(g, o->v[i], true, &freed, &e);
		if (done < 0)
			rc = -1;
		if (done > 0)
			o->v[i] = NULL;
	}
	return rc < 0 ? err_set(err, e.reason,
				"wanted to free images older than %" PRId64
				"s, encountered errors in image deletion: %.300s",
				max / NS_PER_S, e.msg)
		      : 0;
}

static int free_to_low_mark(struct image_gc *g, struct order *o, int64_t now, struct err *err)
{
	int64_t capacity = 0, available = 0, freed = 0;
	if (g->policy.high_percent == 100)
		return 0;
	if (g->ops->space(g->arg, &capacity, &available, err) < 0)
		return -1;
	if (capacity <= 0)
		return err_set(err, REASON_INTERNAL, "invalid capacity 0 on image filesystem");
	if (available > capacity)
		available = capacity;
	int64_t percent = 100 - (int64_t)((double)available * 100 / (double)capacity);
	if (percent < g->policy.high_percent)
		return 0;
	int64_t wanted = capacity / 100 * (100 - g->policy.low_percent) - available;
	if (free_space(g, o, wanted, now, &freed, err) < 0)
		return -1;
	return freed >= wanted
		       ? 0
		       : err_set(err, REASON_UNAVAILABLE,
				 "Failed to garbage collect required amount of images. Attempted to free %" PRId64
				 " bytes, but only found %" PRId64 " bytes eligible to free.",
				 wanted, freed);
}

int image_gc_collect(struct image_gc *g, struct err *err)
{
	pthread_mutex_lock(&g->lock);
	int64_t now = clock_mono_ns();
	int rc = detect(g, now, err);
	if (rc == 0) {
		struct order o = unused(g);
		rc = free_old(g, &o, now, err);
		if (rc == 0)
			rc = free_to_low_mark(g, &o, now, err);
		free(o.v);
	}
	pthread_mutex_unlock(&g->lock);
	return rc;
}

int64_t image_gc_free_unused(struct image_gc *g, struct err *err)
{
	int64_t freed = 0, now;
	pthread_mutex_lock(&g->lock);
	now = clock_mono_ns();
	if (detect(g, now, err) == 0) {
		struct order o = unused(g);
		(void)!free_space(g, &o, INT64_MAX, now, &freed, err);
		free(o.v);
	}
	pthread_mutex_unlock(&g->lock);
	return freed;
}
