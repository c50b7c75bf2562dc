/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rig's cluster and its syncs; see rig.h.
 *
 * Informers are waited for by content, not by resourceVersion: an informer has no word for «nothing came since»,
 * but when it holds every object that the API lists, in that version, and no other, it is there. Every change of
 * its contents runs a handler, so the wait needs no clock.
 */
#include "rig/rig_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "controller/controller_rig.h"
#include "controller/informer_late.h"

#define SETTLE_S 120
#define PATIENCE_S 3
#define STEP_NS (5 * NS_PER_S)
#define RUN_MAX 1000

/* ---- the cluster ---- */

static void on_change(void *arg, const void *old, const void *new)
{
	struct rig *r = arg;

	pthread_mutex_lock(&r->lock);
	r->generation++;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

static void on_listed(void *arg)
{
	on_change(arg, NULL, NULL);
}

struct rig *rig_new(const struct controller *first, ...)
{
	struct rig *r = MEM_NEW(struct rig);
	size_t n = 0;
	va_list ap;

	va_start(ap, first);
	for (const struct controller *c = first; c; c = va_arg(ap, const struct controller *)) {
		assert_true(n < RIG_MAX);
		r->table[n++] = c;
	}
	va_end(ap);
	r->api = apiserver_rig_start(RIG_NOW);
	r->rest = rest_new(apiserver_rig_config(r->api), 4);
	r->shared = rest_start(apiserver_rig_config(r->api), "loop");
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->changed, NULL);
	r->set = controller_set_new(r->table, r->shared, "rig");
	informer_set_on_any(controller_set_informers(r->set), on_change, on_listed, r);
	informer_set_start(controller_set_informers(r->set));
	assert_true(informer_set_synced(controller_set_informers(r->set), CLOCK_NEVER));
	return r;
}

void rig_free(struct rig *r)
{
	if (!r)
		return;
	controller_set_free(r->set);
	rest_free(r->shared);
	rest_free(r->rest);
	apiserver_rig_stop(r->api);
	clock_real();
	rig_lines_clear(&r->events);
	rig_lines_clear(&r->calls);
	buf_release(&r->names);
	pthread_cond_destroy(&r->changed);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

/* ---- waiting for the informers ---- */

static bool holds(struct informer *i, const js *o)
{
	autobuf struct buf key = BUF_INIT;

	meta_key(&key, meta_namespace(o), meta_name(o));
	const struct informer_object *have = informer_get(i, buf_str(&key));
	bool same = have && !strcmp(have->meta.uid, meta_uid(o)) &&
		    have->meta.rv >= strtoull(js_str0(o, "metadata", "resourceVersion", NULL), NULL, 10);

	informer_unref(have);
	return same;
}

static bool shows_all(struct rig *r, const struct informer_type *t, struct informer *i)
{
	struct err err = ERR_INIT;
	autobuf struct buf path = BUF_INIT;
	autojson js *list = NULL;
	bool all = true;

	rest_path(&path, t->group, t->version, NULL, t->resource, NULL, NULL);
	if (rest_do(r->rest, REST_GET, buf_str(&path), NULL, &list, &err) < 0) {
		if (informer_late_is(i) && err.reason == REASON_NOT_FOUND)
			return true; /* its kind has gone: what it still shows is the controllers' to judge */
		fail_msg("list %s: %s", t->resource, err.msg);
	}
	js_array_for_each (o, js_arr(list, "items", NULL))
		all = all && holds(i, o);
	return all && informer_synced(i, 0) && informer_len(i) == js_len(js_arr(list, "items", NULL));
}

static uint64_t generation(struct rig *r)
{
	pthread_mutex_lock(&r->lock);
	uint64_t g = r->generation;
	pthread_mutex_unlock(&r->lock);
	return g;
}

/* By the real clock: a test that hangs must end. */
static bool changes_within(struct rig *r, uint64_t seen, time_t seconds)
{
	struct timespec until;
	int rc = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += seconds;
	pthread_mutex_lock(&r->lock);
	while (r->generation == seen && rc == 0)
		rc = pthread_cond_clockwait(&r->changed, &r->lock, CLOCK_MONOTONIC, &until);
	pthread_mutex_unlock(&r->lock);
	return rc == 0;
}

/* A watch that ended because the clock was moved by more than its time comes back after a pause, which passes only when the
   clock moves on. */
static void wait_change(struct rig *r, uint64_t seen, const char *what)
{
	if (changes_within(r, seen, PATIENCE_S))
		return;
	for (time_t waited = PATIENCE_S; waited < SETTLE_S; waited++) {
		clock_advance(STEP_NS);
		if (changes_within(r, seen, 1))
			return;
	}
	fail_msg("the informer of %s does not show what the API holds", what);
}

static void settle(struct rig *r, struct informer *i)
{
	const struct informer_type *t = informer_get_type(i);

	while (!informer_late_asleep(i)) {
		uint64_t seen = generation(r);

		if (shows_all(r, t, i))
			return;
		wait_change(r, seen, t->resource);
	}
}

void rig_settle(struct rig *r)
{
	struct informer **all;
	size_t n = informer_set_list(controller_set_informers(r->set), &all);

	for (size_t i = 0; i < n; i++)
		settle(r, all[i]);
	free(all);
}

/* Asks again and again: what the API server does by itself, no informer of ours need show. */
static void await(struct rig *r, const char *object, const char *yaml)
{
	struct timespec now, until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	do {
		autojson js *there = yaml ? NULL : rig_get(r, object);

		if (yaml ? rig_has(r, object, yaml) : !there)
			return;
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec < until.tv_sec + SETTLE_S);
	fail_msg("%s does not become %s", object, yaml ? yaml : "absent");
}

void rig_await(struct rig *r, const char *object, const char *yaml)
{
	await(r, object, yaml);
}

void rig_await_absent(struct rig *r, const char *object)
{
	await(r, object, NULL);
}

/* ---- syncs ---- */

struct rig_result rig_sync(struct rig *r, const char *controller, const char *key)
{
	struct rig_result ret = {.err = ERR_INIT};

	rig_settle(r);
	rig_syncing = r;
	ret.rc = controller_set_sync(r->set, controller, key, &ret.requeue_after_ns, &ret.err);
	rig_syncing = NULL;
	return ret;
}

void rig_must_sync(struct rig *r, const char *controller, const char *key)
{
	struct rig_result ret = rig_sync(r, controller, key);

	if (ret.rc)
		fail_msg("%s %s: %s", controller, key, ret.err.msg);
}

size_t rig_run(struct rig *r)
{
	for (size_t n = 0; n < RUN_MAX; n++) {
		const char *name;

		rig_settle(r);
		autofree char *key = controller_set_take(r->set, &name);

		if (!key)
			return n;
		struct rig_result ret = rig_sync(r, name, key);

		if (ret.rc)
			fail_msg("%s %s: %s", name, key, ret.err.msg);
		controller_set_done(r->set, name, key, ret.requeue_after_ns);
	}
	fail_msg("the controllers do not come to rest");
	return 0;
}

void rig_run_until_absent(struct rig *r, const char *object)
{
	struct timespec now, until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	do {
		rig_run(r);
		autojson js *there = rig_get(r, object);
		if (!there)
			return;
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec < until.tv_sec + SETTLE_S);
	fail_msg("%s is still there", object);
}
