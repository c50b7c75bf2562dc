/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The run loop behind every controller table.
 *
 * All controllers share one pool of threads (worker_pool.h), so what sleeps costs nothing. Clients of the API
 * are pooled, too (client_pool.h): a sync takes one and puts it back; some seconds later, when nothing has needed them,
 * they are closed.
 *
 * Stopping: the pool first, so that its threads end after the sync they are in; one that still waits for the
 * API a second later has its requests cancelled.
 */
#include "controller/controller_rig.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/settle.h"
#include "controller/client_pool.h"
#include "controller/worker_pool.h"

#define REST_CONNECTIONS 16 /* of one sync: its batches run on these */
#define IDLE_NS (10 * NS_PER_S)
#define IDLE_CLIENTS 2 /* that are kept with their connections */
#define THREADS_MAX 16 /* of all controllers together; each has a limit of its own */
#define STOP_GRACE_NS (1 * NS_PER_S)

struct controller_run;

struct watch {
	struct controller_run *run;
	const struct controller_watch *def;
};

struct controller_run { /* one controller */
	const struct controller *def;
	struct controller_set *set;
	struct workqueue *queue;
	void *state;
	struct account *account; /* NULL: it speaks as the daemon */
	struct informer *informers[CONTROLLER_MAX_WATCHES];
	struct watch watches[CONTROLLER_MAX_WATCHES];
	bool resumed; /* on the loop */
};

struct controller_set {
	const char *component;
	struct informer_set *informers;
	struct events *events;
	struct worker_pool *pool;
	struct workqueue *housekeeping; /* one key, some time after clients were used */
	struct client_pool *clients;
	struct controller_run *runs;
	size_t n_runs;
	atomic_bool started;
};

/* ---- enqueueing ---- */

static void enqueue_meta(struct workqueue *q, const struct meta *m, const char *name)
{
	autobuf struct buf key = BUF_INIT;

	meta_key(&key, m->namespace, name);
	workqueue_add(q, key.p);
}

void controller_enqueue_self(struct workqueue *q, void *state, struct informer **informers, const void *old,
			     const void *new)
{
	const struct informer_object *o = new ? new : old;

	enqueue_meta(q, &o->meta, o->meta.name);
}

void controller_enqueue_owner(struct workqueue *q, const char *kind, const void *old, const void *new)
{
	const struct informer_object *o[] = {new, old};
	const struct owner_ref *was = NULL;

	for (int i = 0; i < 2; i++) {
		const struct owner_ref *r = o[i] ? meta_controller(&o[i]->meta) : NULL;

		if (!r || strcmp(r->kind, kind) || (was && !strcmp(was->uid, r->uid)))
			continue;
		enqueue_meta(q, &o[i]->meta, r->name);
		was = r;
	}
}

static void on_event(void *arg, const void *old, const void *new)
{
	struct watch *w = arg;

	w->def->enqueue(w->run->queue, w->run->state, w->run->informers, old, new);
}

static void on_any(void *arg, const void *old, const void *new)
{
	struct controller_run *r = arg;

	r->def->any(r->queue, r->state, old, new);
}

static void on_listed(void *arg)
{
	struct controller_run *r = arg;

	if (r->def->listed)
		r->def->listed(r->queue, r->state);
}

/* After a burst: its connections, and the memory that it left free, go back. */
static void tidy(void *arg, const char *key)
{
	struct controller_set *s = arg;

	client_pool_tidy(s->clients);
	settle_now();
}

/* ---- workers ---- */

static void report(struct controller_run *r, const char *key, const struct err *err)
{
	/* A conflict means that the world moved; the retry sees the new one. */
	if (err->reason == REASON_CANCELED || (err->reason == REASON_CONFLICT && !log_on(4)))
		return;
	log_err(err, "sync failed, will retry", "controller=%s key=%s failures=%d", r->def->name, key,
		workqueue_failures(r->queue, key));
}

static int sync_once(struct controller_run *r, const char *key, int64_t *ret_requeue_after_ns,
		     struct err *err)
{
	struct client_pool *clients = r->set->clients;
	struct pool_client *c = client_pool_take(clients, r->account, err);

	if (!c)
		return -1;
	struct controller_ctx ctx = {
		.rest = client_pool_rest(c),
		.events = r->set->events,
		.queue = r->queue,
		.informers = r->informers,
		.set = r->set->informers,
		.state = r->state,
		.component = r->def->component,
		.requeue_after_ns = -1,
	};
	int rc = r->def->sync(&ctx, key, err);

	if (rc && err->reason == REASON_UNAUTHORIZED)
		client_pool_refused(clients, c);
	else
		client_pool_give(clients, c);
	workqueue_add_after(r->set->housekeeping, "tidy", IDLE_NS);
	/* What was to be made there is not wanted any more, and its owner goes with the namespace. */
	if (rc && err->reason == REASON_ENDING)
		rc = 0;
	*ret_requeue_after_ns = ctx.requeue_after_ns;
	return rc;
}

static void sync_key(void *owner, const char *key)
{
	struct controller_run *r = owner;
	int64_t requeue_after_ns;
	struct err err = ERR_INIT;

	if (sync_once(r, key, &requeue_after_ns, &err)) {
		report(r, key, &err);
		workqueue_add_rate_limited(r->queue, key);
		return;
	}
	workqueue_forget(r->queue, key);
	if (requeue_after_ns >= 0)
		workqueue_add_after(r->queue, key, requeue_after_ns);
}

/* A controller's queue is served from when its own informers have listed, not all of them. */
static void resume_synced(void *arg)
{
	struct controller_set *s = arg;

	for (size_t i = 0; i < s->n_runs; i++) {
		struct controller_run *r = &s->runs[i];
		bool all = !r->resumed;

		for (size_t k = 0; all && k < CONTROLLER_MAX_WATCHES && r->informers[k]; k++)
			all = informer_synced(r->informers[k], 0);
		if (!all)
			continue;
		r->resumed = true;
		worker_pool_resume(r->queue);
	}
}

/* ---- the set ---- */

static void run_init(struct controller_run *r, const struct controller *def, struct controller_set *s)
{
	r->def = def;
	r->set = s;
	r->queue = worker_pool_queue(s->pool, def->name, def->workers > 0 ? (size_t)def->workers : 1,
				     sync_key, r);
	for (size_t i = 0; i < CONTROLLER_MAX_WATCHES && def->watches[i].type; i++) {
		const struct controller_watch *w = &def->watches[i];

		r->watches[i] = (struct watch){r, w};
		r->informers[i] = informer_add(s->informers, w->type, w->query, w->enqueue ? on_event : NULL,
					       &r->watches[i]);
	}
	if (def->init)
		r->state = def->init(r->informers, r->queue);
	if (def->any)
		informer_set_on_any(s->informers, on_any, on_listed, r);
}

struct controller_set *controller_set_new(const struct controller *const *table, struct rest *r,
					  const char *component)
{
	struct controller_set *s = MEM_NEW(struct controller_set);

	s->component = component;
	s->informers = informer_set_new(r);
	s->events = events_new(r);
	s->pool = worker_pool_new(component, THREADS_MAX, rest_loop(r));
	s->housekeeping = worker_pool_queue(s->pool, "housekeeping", 1, tidy, s);
	s->clients = client_pool_new(rest_get_config(r), REST_CONNECTIONS, IDLE_CLIENTS);
	while (table[s->n_runs])
		s->n_runs++;
	s->runs = mem_array(s->n_runs ? s->n_runs : 1, sizeof(*s->runs));
	for (size_t i = 0; i < s->n_runs; i++)
		run_init(&s->runs[i], table[i], s);
	return s;
}

void controller_set_use_accounts(struct controller_set *s)
{
	client_pool_set_keep(s->clients, IDLE_CLIENTS + s->n_runs);
	for (size_t i = 0; i < s->n_runs; i++)
		if (s->runs[i].def->account)
			s->runs[i].account = account_new(s->runs[i].def->account);
}

struct informer_set *controller_set_informers(struct controller_set *s)
{
	return s->informers;
}

void controller_set_start(struct controller_set *s)
{
	atomic_store(&s->started, true);
	worker_pool_resume(s->housekeeping);
	informer_set_on_listed(s->informers, resume_synced, s);
	informer_set_start(s->informers);
	log_info("controllers started", "component=%s controllers=%zu", s->component, s->n_runs);
}

/* ---- the rig's door ---- */

static struct controller_run *find_run(struct controller_set *s, const char *name)
{
	for (size_t i = 0; i < s->n_runs; i++)
		if (!strcmp(s->runs[i].def->name, name))
			return &s->runs[i];
	return NULL;
}

int controller_set_sync(struct controller_set *s, const char *name, const char *key,
			int64_t *ret_requeue_after_ns, struct err *err)
{
	struct controller_run *r = find_run(s, name);

	assert(r);
	return sync_once(r, key, ret_requeue_after_ns, err);
}

char *controller_set_take(struct controller_set *s, const char **ret_name)
{
	for (size_t i = 0; i < s->n_runs; i++) {
		char *key = workqueue_try_get(s->runs[i].queue);

		*ret_name = s->runs[i].def->name;
		if (key)
			return key;
	}
	return NULL;
}

void controller_set_done(struct controller_set *s, const char *name, const char *key,
			 int64_t requeue_after_ns)
{
	struct workqueue *q = find_run(s, name)->queue;

	workqueue_done(q, key);
	if (requeue_after_ns >= 0)
		workqueue_add_after(q, key, requeue_after_ns);
}

/* ---- state ---- */

bool controller_set_synced(struct controller_set *s)
{
	return !atomic_load(&s->started) || informer_set_synced(s->informers, 0);
}

static void stop_workers(struct controller_set *s)
{
	worker_pool_stop(s->pool);
	if (worker_pool_wait(s->pool, clock_mono_ns() + STOP_GRACE_NS))
		return;
	client_pool_cancel(s->clients);
	worker_pool_wait(s->pool, CLOCK_NEVER);
}

void controller_set_free(struct controller_set *s)
{
	if (!s)
		return;
	informer_set_stop(s->informers);
	stop_workers(s);
	client_pool_free(s->clients);
	for (size_t i = 0; i < s->n_runs; i++) {
		if (s->runs[i].def->destroy)
			s->runs[i].def->destroy(s->runs[i].state);
		account_free(s->runs[i].account);
	}
	worker_pool_free(s->pool);
	informer_set_free(s->informers);
	events_free(s->events);
	free(s->runs);
	free(s);
}
