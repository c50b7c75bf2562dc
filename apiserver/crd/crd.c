/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker: one definition at a time, level-triggered. A change in the cache puts its name into the queue; sync looks
 * at what is stored now, serves what should be served, and writes what the status should say. A write comes back as a
 * change and finds nothing more to do.
 *
 * What is served is remembered with what it was made of (uid, generation, names), so that a status that changes
 * otherwise ends nobody's watch.
 */
#include "crd/crd.h"

#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "base/thread.h"
#include "crd/crd_internal.h"
#include "kinds/apiextensions/definition.h"
#include "object/condition.h"
#include "view/definition.h"

#define RETRY_NS (2 * NS_PER_S)

/* A definition that is served. */
struct served {
	char *made_of;
	struct schema_part *part;
	/* while it is being deleted: tells when its objects go */
	struct resource *watched;
	struct resource_observer observer;
	struct crds *crds;
	char *name;
};

struct crds {
	struct crds_config c;
	struct views *views;
	const struct kind *kind; /* of definitions */
	/* the worker's */
	struct map served;  /* struct served by name */
	struct map waiting; /* names of those that want a name which is another's */
	/* under the lock */
	pthread_mutex_t lock;
	pthread_cond_t cond;
	struct map queue; /* names */
	struct map later; /* names that could not be written */
	int64_t later_ns;
	bool starting; /* crds_new: nothing but serving */
	bool started, running, stop;
	pthread_t thread;
};

static void *work(void *arg);

/* ---- queue ---- */

static void push(struct crds *c, const char *name)
{
	pthread_mutex_lock(&c->lock);
	map_set(&c->queue, name, c);
	if (c->started && !c->running && !c->stop)
		c->running = thread_try(&c->thread, "crds", work, c) == 0;
	pthread_cond_signal(&c->cond);
	pthread_mutex_unlock(&c->lock);
}

static void push_changed(void *arg, const char *name)
{
	push(arg, name);
}

static void push_later(struct crds *c, const char *name)
{
	pthread_mutex_lock(&c->lock);
	map_set(&c->later, name, c);
	c->later_ns = clock_mono_ns() + RETRY_NS;
	pthread_mutex_unlock(&c->lock);
}

/* Any name of the set, taken out; the caller's. */
static char *take_any(struct map *m)
{
	struct map_iter it = {0};

	if (!map_next(m, &it))
		return NULL;
	char *name = mem_strdup(it.key);
	map_del(m, name);
	return name;
}

static char *take_next(struct crds *c)
{
	pthread_mutex_lock(&c->lock);
	char *name = take_any(&c->queue);
	pthread_mutex_unlock(&c->lock);
	return name;
}

/* Those of the group that wait for a name: it may be free now. */
static void push_waiting(struct crds *c, const char *group)
{
	for (struct map_iter it = {0}; map_next(&c->waiting, &it);) {
		const char *dot = strchr(it.key, '.');
		if (dot && !strcmp(dot + 1, group))
			push(c, it.key);
	}
}

/* ---- serving ---- */

static void unwatch(struct served *s)
{
	if (s->watched)
		resource_unobserve(s->watched, &s->observer);
	s->watched = NULL;
}

static void served_free(struct served *s)
{
	free(s->made_of);
	free(s->name);
	free(s);
}

static void withdraw(struct crds *c, const char *name)
{
	struct served *s = map_del(&c->served, name);

	if (!s)
		return;
	unwatch(s);
	kinds_remove(c->c.kinds, s->part);
	served_free(s);
}

static char *made_of(const js *crd, const js *status)
{
	autobuf struct buf b = BUF_INIT;

	buf_addf(&b, "%s %lld ", js_str0(crd, "metadata", "uid", NULL),
		 (long long)js_int(crd, 0, "metadata", "generation", NULL));
	js_write(&b, js_obj(status, "acceptedNames", NULL));
	return buf_take(&b, NULL);
}

static void cannot(const char *name, struct err *err)
{
	log_err(err, "a definition cannot be served", "name=%s", name);
}

/* False: what the status grants cannot be served, or not yet: somebody who gives up a name may not have done so. */
static bool serve(struct crds *c, const char *name, const js *crd, const js *status)
{
	struct served *s = map_get(&c->served, name);
	autofree char *key = made_of(crd, status);
	struct err err = ERR_INIT;

	if (s && !strcmp(s->made_of, key))
		return true;
	struct schema_builder *b = crd_condition_is_true(status, "Established")
					   ? crd_kinds(c->c.schema, crd, status, &err)
					   : NULL;
	if (!b) {
		withdraw(c, name);
		if (err.reason != REASON_NONE)
			cannot(name, &err);
		return err.reason == REASON_NONE;
	}
	if (s)
		unwatch(s);
	struct schema_part *part = kinds_replace_built(c->c.kinds, s ? s->part : NULL, b, &err);
	if (!part) {
		cannot(name, &err);
		return false;
	}
	if (!s) {
		s = MEM_NEW(struct served);
		s->crds = c;
		s->name = mem_strdup(name);
		map_set(&c->served, name, s);
	}
	free(s->made_of);
	s->made_of = STEAL(key);
	s->part = part;
	return true;
}

/* ---- deletion ---- */

static const struct kind *stored_kind(const struct served *s)
{
	struct kind *const *kinds;

	return s && schema_part_kinds(s->part, &kinds) ? kinds[0]->storage_kind : NULL;
}

static void object_changed(void *arg, const struct obj *old, const struct obj *new)
{
	struct served *s = arg;

	(void)old;
	if (!new)
		push(s->crds, s->name);
}

/* True when nothing is left. */
static bool emptied(struct crds *c, const char *name)
{
	struct served *s = map_get(&c->served, name);
	const struct kind *k = stored_kind(s);
	struct err err = ERR_INIT;

	if (!k)
		return true;
	struct resource *r = storage_resource(c->c.storage, k);
	if (!s->watched) {
		s->observer = (struct resource_observer){.changed = object_changed, .arg = s};
		s->watched = r;
		resource_observe(r, &s->observer);
	}
	if (crd_delete_instances(c->c.registry, k, &err) < 0) {
		log_err(&err, "objects of a definition that is deleted remain", "name=%s", name);
		push_later(c, name);
		return false;
	}
	return resource_count(r) == 0;
}

/* True when the definition itself may go. */
static bool clean_up(struct crds *c, const char *name, js *status, int64_t now_ns)
{
	js *conditions = js_ensure_arr(status, "conditions");
	const char *reason = "NeverEstablished", *message = "resource was never established";

	if (crd_condition_is_true(status, "Established")) {
		/* said before it begins, because it may take a while */
		if (condition_set(conditions, "Terminating", "True", "InstanceDeletionInProgress",
				  "CustomResource deletion is in progress", now_ns, false) ||
		    !emptied(c, name))
			return false;
		reason = "InstanceDeletionCompleted";
		message = "removed all instances";
	}
	condition_set(conditions, "Terminating", "False", reason, message, now_ns, false);
	return true;
}

static bool wants_clean_up(const js *crd)
{
	js_array_for_each (f, js_arr(crd, "metadata", "finalizers", NULL))
		if (!strcmp(js_str0(f, NULL), DEFINITION_FINALIZER))
			return js_get(crd, "metadata", "deletionTimestamp", NULL) != NULL;
	return false;
}

/* ---- one definition ---- */

static void write_status(struct crds *c, const struct obj *o, const js *status, bool last)
{
	struct err err = ERR_INIT;

	if (crd_write_status(c->c.registry, c->kind, o, status, last, &err) == 0 ||
	    err.reason == REASON_CONFLICT || err.reason == REASON_NOT_FOUND)
		return; /* what somebody else has written comes as a change */
	log_err(&err, "the status of a definition cannot be written", "name=%s", o->name);
	push_later(c, o->name);
}

static void sync_present(struct crds *c, const struct obj *o, const js *crd)
{
	int64_t now_ns = clock_wall_ns();
	bool conflict;
	autojson js *status = crd_status(c->views, c->c.schema, crd, now_ns, &conflict);

	bool served = serve(c, o->name, crd, status);
	if (conflict || !served)
		map_set(&c->waiting, o->name, c);
	else
		map_del(&c->waiting, o->name);
	if (c->starting || (!served && !wants_clean_up(crd)))
		return;
	bool last = wants_clean_up(crd) && clean_up(c, o->name, status, now_ns);
	if (last || !js_equal(status, js_obj(crd, "status", NULL)))
		write_status(c, o, status, last);
	if (!conflict)
		push_waiting(c, js_str0(crd, "spec", "group", NULL));
}

static void sync(struct crds *c, const char *name)
{
	autoobj struct obj *o = storage_get(storage_resource(c->c.storage, c->kind), "", name);
	struct err err = ERR_INIT;

	if (!o) {
		const char *dot = strchr(name, '.');
		map_del(&c->waiting, name);
		withdraw(c, name);
		push_waiting(c, dot ? dot + 1 : "");
		return;
	}
	autojson js *crd = obj_tree(o, &err);
	if (crd)
		sync_present(c, o, crd);
	else
		cannot(name, &err);
}

/* ---- the worker ---- */

/* The next name, the caller's; NULL: the end. */
static char *next(struct crds *c)
{
	char *name = NULL;

	pthread_mutex_lock(&c->lock);
	while (!c->stop && !(name = take_any(&c->queue))) {
		if (!map_len(&c->later)) {
			pthread_cond_wait(&c->cond, &c->lock);
		} else if (!clock_cond_wait(&c->cond, &c->lock, c->later_ns)) {
			while ((name = take_any(&c->later))) {
				map_set(&c->queue, name, c);
				free(name);
			}
		}
	}
	pthread_mutex_unlock(&c->lock);
	return name;
}

static void *work(void *arg)
{
	struct crds *c = arg;

	for (;;) {
		autofree char *name = next(c);
		if (!name)
			return NULL;
		sync(c, name);
	}
}

static void sync_all(struct crds *c)
{
	for (char *name; (name = take_next(c)); free(name))
		sync(c, name);
}

/* ---- start and end ---- */

struct crds *crds_new(const struct crds_config *config)
{
	const struct kind *k =
		schema_kind(config->schema, "apiextensions.k8s.io", "v1", "CustomResourceDefinition");

	if (!k)
		return NULL;
	struct crds *c = MEM_NEW(struct crds);
	c->c = *config;
	c->kind = k;
	c->views = registry_views(config->registry);
	pthread_mutex_init(&c->lock, NULL);
	clock_cond_init(&c->cond);
	view_crd_listen(c->views, push_changed, c);
	view_crd_each(c->views, NULL, push_changed, c);
	/* one pass over the store for all of them */
	struct err err = ERR_INIT;
	c->starting = true;
	storage_hold(c->c.storage);
	sync_all(c);
	if (storage_fill(c->c.storage, &err) < 0)
		log_err(&err, "objects of definitions cannot be read", "definitions=%zu",
			map_len(&c->served));
	c->starting = false;
	/* what the writes of this change comes back into the queue */
	view_crd_each(c->views, NULL, push_changed, c);
	sync_all(c);
	return c;
}

void crds_start(struct crds *c)
{
	if (!c)
		return;
	pthread_mutex_lock(&c->lock);
	c->started = true;
	if (map_len(&c->queue) || map_len(&c->later))
		c->running = thread_try(&c->thread, "crds", work, c) == 0;
	pthread_mutex_unlock(&c->lock);
}

void crds_free(struct crds *c)
{
	if (!c)
		return;
	view_crd_listen(c->views, NULL, NULL);
	pthread_mutex_lock(&c->lock);
	c->stop = true;
	pthread_cond_broadcast(&c->cond);
	pthread_mutex_unlock(&c->lock);
	if (c->running)
		pthread_join(c->thread, NULL);
	for (struct map_iter it = {0}; map_next(&c->served, &it);) {
		unwatch(it.value); /* the kinds themselves end with the schema */
		served_free(it.value);
	}
	map_release(&c->served);
	map_release(&c->waiting);
	map_release(&c->queue);
	map_release(&c->later);
	pthread_cond_destroy(&c->cond);
	pthread_mutex_destroy(&c->lock);
	free(c);
}
