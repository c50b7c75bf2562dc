/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/rotation.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/log.h"
#include "log/rotate.h"
#include "object/quantity.h"

#define SOON_NS NS_PER_S /* names of rotated logs have seconds */
#define LEAST_INTERVAL_NS (3 * NS_PER_S)

struct growth { /* of one container's log */
	int64_t size, at_ns;
	bool seen;
};

struct rotation {
	struct rotation_config c;
	struct loop_timer timer;
	bool busy, hurry;
	struct map known; /* container id -> struct growth * */
};

/* One look; its jobs take one log after the other. */
struct log_look {
	char *id, *path;
	int64_t size; /* afterwards; -1: it could not be seen */
	struct runtime *rt;
};
struct round {
	struct rotation *r;
	struct log_look *v;
	size_t n;
	atomic_size_t next;
	int jobs;
	int64_t at_ns, now_wall_ns;
};

int rotation_check(const char *max_size, int max_files, int64_t every_ns, int64_t *ret_max_size,
		   struct err *err)
{
	struct quantity q;
	if (quantity_parse(max_size, &q, err) < 0)
		return err_wrap(err, "failed to parse container log max size \"%s\"", max_size);
	*ret_max_size = quantity_value(&q);
	if (max_files <= 1)
		return err_set(err, REASON_INVALID,
			       "invalid configuration: containerLogMaxFiles must be greater than 1");
	if (every_ns < LEAST_INTERVAL_NS)
		return err_set(
			err, REASON_INVALID,
			"invalid configuration: containerLogMonitorInterval must be a positive time duration "
			"greater than or equal to 3s");
	return 0;
}

/* ---- on a lane ---- */

static int reopen(void *arg, struct err *err)
{
	const struct log_look *k = arg;
	return k->rt->ops->container_reopen_log(k->rt, k->id, err);
}

static void look_at(const struct round *round, struct log_look *k)
{
	const struct rotation_config *c = &round->r->c;
	struct stat st;
	struct err err = ERR_INIT;
	int rc = stat(k->path, &st);
	if (rc < 0 && errno == ENOENT && reopen(k, &err) == 0) /* an agent ended in the middle */
		rc = stat(k->path, &st);
	if (rc < 0)
		return;
	k->size = st.st_size;
	if (st.st_size < c->max_size)
		return;
	if (rotate_log(k->path, c->max_files, round->now_wall_ns, reopen, k, &err) < 0)
		log_warn_err(&err, "could not rotate a log", "path=%s", k->path);
	k->size = stat(k->path, &st) == 0 ? st.st_size : 0;
}

static void round_work(void *arg)
{
	struct round *round = arg;
	for (size_t i; (i = atomic_fetch_add(&round->next, 1)) < round->n;)
		look_at(round, &round->v[i]);
}

/* ---- on the loop ---- */

/* When the log will be full if it goes on growing as it did. */
static int64_t full_at(const struct rotation *r, const struct growth *g, int64_t size, int64_t now)
{
	int64_t grown = size - g->size, took = now - g->at_ns, left = r->c.max_size - size;
	if (left <= 0)
		return now;
	return grown <= 0 || took <= 0 ? CLOCK_NEVER
				       : now + (int64_t)((double)took * (double)left / (double)grown);
}

static void note(struct rotation *r, const struct log_look *k, int64_t now, int64_t *next)
{
	struct growth *g = map_get(&r->known, k->id);
	if (!g) {
		g = MEM_NEW(struct growth);
		g->at_ns = now - SOON_NS;
		(void)map_set(&r->known, k->id, g);
	}
	int64_t full = full_at(r, g, k->size, now);
	if (full < *next)
		*next = full;
	*g = (struct growth){.size = k->size, .at_ns = now, .seen = true};
}

static void forget_others(struct rotation *r)
{
	for (struct map_iter it = {0}; map_next(&r->known, &it);) {
		struct growth *g = it.value;
		if (!g->seen)
			free(map_del(&r->known, it.key));
		else
			g->seen = false;
	}
}

static void set_timer(struct rotation *r, int64_t at)
{
	int64_t soon = clock_mono_ns() + SOON_NS;
	loop_timer_set(r->c.node->host.loop, &r->timer, r->hurry || at < soon ? soon : at);
	r->hurry = false;
}

static void round_done(void *arg)
{
	struct round *round = arg;
	struct rotation *r = round->r;
	int64_t now = clock_mono_ns(), next = now + r->c.every_ns;
	if (--round->jobs)
		return;
	for (size_t i = 0; i < round->n; i++) {
		if (round->v[i].size >= 0)
			note(r, &round->v[i], now, &next);
		free(round->v[i].id);
		free(round->v[i].path);
	}
	forget_others(r);
	r->busy = false;
	if (round->n)
		set_timer(r, next);
	free(round->v);
	free(round);
}

static void add_pod(struct round *round, size_t *cap, struct pod_host *h, const struct worker *w)
{
	const struct machine *m = worker_machine(w);
	const struct pod *p = worker_pod(w);
	for (size_t i = 0; i < m->n; i++) {
		const struct container *c = &m->c[i];
		if (c->state != CTR_RUNNING || !c->cur.id)
			continue;
		if (round->n == *cap) {
			*cap = *cap ? 2 * *cap : 16;
			round->v = mem_realloc_array(round->v, *cap, sizeof(*round->v));
		}
		round->v[round->n++] = (struct log_look){
			.id = mem_strdup(c->cur.id),
			.path = runtime_log_path(h->root, p->o.meta.namespace, p->o.meta.name, p->o.meta.uid,
						 p->list.v[i].name, c->cur.attempt),
			.size = -1,
			.rt = h->rt};
	}
}

/* Without a container that runs there is nothing to do until one starts. */
static void on_timer(void *arg)
{
	struct rotation *r = arg;
	struct pod_host *h = &r->c.node->host;
	struct round *round = MEM_NEW(struct round);
	size_t cap = 0;
	*round = (struct round){.r = r, .now_wall_ns = clock_wall_ns(), .jobs = 1};
	for (struct map_iter it = {0}; map_next(&h->workers, &it);)
		add_pod(round, &cap, h, it.value);
	if (round->n)
		round->jobs = r->c.workers < ROTATION_WORKERS ? r->c.workers : ROTATION_WORKERS;
	if ((size_t)round->jobs > round->n && round->n)
		round->jobs = (int)round->n;
	r->busy = true;
	for (int i = 0, n = round->n ? round->jobs : 0; i < n; i++)
		loop_job(h->loop, LANE_DISK, round_work, round_done, round);
	if (!round->n)
		round_done(round);
}

void rotation_hurry(struct rotation *r)
{
	r->hurry = true;
	if (!r->busy)
		set_timer(r, CLOCK_NEVER);
}

struct rotation *rotation_new(const struct rotation_config *c)
{
	struct rotation *r = MEM_NEW(struct rotation);
	r->c = *c;
	r->timer.fn = on_timer;
	r->timer.arg = r;
	return r;
}
