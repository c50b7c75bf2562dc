/* SPDX-License-Identifier: Apache-2.0 */
/* For the tests of the room through its door: a storage of each engine, and ways to write and watch. */
#ifndef STORAGE_CACHE_STORAGE_RIG_TEST_H
#define STORAGE_CACHE_STORAGE_RIG_TEST_H

#include "storage/storage.h"
#include "storage/storage_rig.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <time.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "storage/etcd/etcd_process_test.h"
#include "storage/cache/storage_internal.h"
#include "storage/store_rig.h"

static const char kinds_yaml[] =
	"package: test/v1\n"
	"kinds:\n"
	"  - {kind: Pod, version: v1, resource: pods, singular: pod, scope: Namespaced, selectable: {spec.nodeName: {bucket: true}}}\n"
	"  - {kind: Deployment, group: apps, version: v1, resource: deployments, singular: deployment, scope: Namespaced}\n"
	"  - {kind: Node, version: v1, resource: nodes, singular: node, scope: Cluster}\n"
	"  - {kind: Event, version: v1, resource: events, singular: event, scope: Namespaced, ttl: 3600, selectable: {involved.name: {}}}\n"
	"  - {kind: NewEvent, group: new, version: v1, resource: events, singular: event, scope: Namespaced, stored_as: v1/Event,"
	" type: NewEvent, selectable: {regarding.name: {}}}\n"
	"  - {kind: Lease, version: v1, resource: leases, singular: lease, scope: Namespaced, heartbeat_field: metadata.name}\n"
	"types:\n"
	"  Lease: {metadata: 1 Meta}\n"
	"  Meta: {name: 1 string}\n"
	"  Pod: {metadata: 1 Meta}\n"
	"  Deployment: {metadata: 1 Meta}\n"
	"  Node: {metadata: 1 Meta}\n"
	"  Ref: {name: 1 string}\n"
	"  Event: {metadata: 1 Meta, involved: 2 Ref}\n"
	"  NewEvent: {metadata: 1 Meta, regarding: 2 Ref stored=involved}\n";

struct env {
	const char *transport; /* to etcd; NULL: sqlite */
	char dir[64], path[128], prefix[32];
	size_t window;
	struct etcd_process process;
	struct schema *schema;
	struct storage *s;
	struct resource *pods, *deployments, *nodes, *events;
};
static int counter;
#define LONG_NS (120 * NS_PER_S) /* only so that no test hangs */
#define SLOWNESS 10		 /* of etcd's time */

/* ---- fixture ---- */

static inline struct storage *open_storage(struct env *e)
{
	struct err err = ERR_INIT;
	struct storage_config c = {.engine = e->transport ? "etcd" : "sqlite",
				   .path = e->path,
				   .etcd_servers = e->process.url,
				   .etcd_transport = e->transport,
				   .prefix = e->prefix,
				   .window = e->window};
	struct storage *s = storage_open(&c, e->schema, &err);
	if (!s)
		fail_msg("%s", err.msg);
	return s;
}

static inline struct resource *resource_of(struct env *e, struct storage *s, const char *group,
					   const char *kind)
{
	const struct kind *k = schema_kind(e->schema, group, "v1", kind);
	assert_non_null(k);
	return storage_resource(s, k);
}

/* No write to etcd is too late, however busy the machine is. */
static inline void open_env(struct env *e)
{
	if (e->transport)
		clock_slow(SLOWNESS);
	e->s = open_storage(e);
	e->pods = resource_of(e, e->s, "", "Pod");
	e->deployments = resource_of(e, e->s, "apps", "Deployment");
	e->nodes = resource_of(e, e->s, "", "Node");
	e->events = resource_of(e, e->s, "", "Event");
}

static inline int begin_group(void **state, const char *transport)
{
	struct env *e = MEM_NEW(struct env);
	struct err err = ERR_INIT;
	struct schema_file file = {.name = "test.yaml", .p = kinds_yaml, .n = sizeof(kinds_yaml) - 1};
	e->transport = transport;
	e->schema = schema_load(&file, 1, &err);
	if (!e->schema)
		fail_msg("%s", err.msg);
	snprintf(e->dir, sizeof(e->dir), "/tmp/storage_test.XXXXXX");
	assert_non_null(mkdtemp(e->dir));
	if (transport)
		etcd_begin(&e->process, e->dir);
	*state = e;
	return 0;
}
static inline int begin_sqlite(void **state)
{
	return begin_group(state, NULL);
}
static inline int begin_grpc(void **state)
{
	return begin_group(state, "grpc");
}
static inline int begin_gateway(void **state)
{
	return begin_group(state, "gateway");
}

static inline int end_group(void **state)
{
	struct env *e = *state;
	char cmd[96];
	etcd_kill(&e->process);
	schema_free(e->schema);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", e->dir);
	free(e);
	return system(cmd) != 0;
}

static inline int begin(void **state)
{
	struct env *e = *state;
	snprintf(e->prefix, sizeof(e->prefix), "/r%d", ++counter);
	snprintf(e->path, sizeof(e->path), "%s/%d.db", e->dir, counter);
	open_env(e);
	return 0;
}

static inline int end(void **state)
{
	struct env *e = *state;
	storage_close(e->s);
	e->s = NULL;
	clock_real();
	return 0;
}

/* ---- helpers ---- */

static inline struct obj *draft(struct resource *r, const char *ns, const char *name, const char *more)
{
	struct err err = ERR_INIT;
	autofree char *text = mem_printf(
		"{\"metadata\":{\"name\":\"%s\"%s%s%s,\"uid\":\"u-%s\",\"creationTimestamp\":\"2026-01-01T00:00:00Z\"}%s}",
		name, *ns ? ",\"namespace\":\"" : "", ns, *ns ? "\"" : "", name, more);
	struct obj *o = obj_new(resource_kind(r), text, strlen(text), &err);
	if (!o)
		fail_msg("%s", err.msg);
	return o;
}

static inline struct obj *create(struct resource *r, const char *ns, const char *name, const char *more)
{
	autoobj struct obj *d = draft(r, ns, name, more);
	struct obj *o;
	struct err err = ERR_INIT;
	if (storage_create(r, d, &o, &err) < 0)
		fail_msg("create: %s", err.msg);
	return o;
}

static inline struct obj *update(struct resource *r, const struct obj *old, const char *more, unsigned flags)
{
	autoobj struct obj *d = draft(r, old->ns, old->name, more);
	struct obj *o;
	struct err err = ERR_INIT;
	if (storage_update(r, old, d, flags, &o, &err) < 0)
		fail_msg("update: %s", err.msg);
	return o;
}

static inline void make_fresh(struct env *e)
{
	struct err err = ERR_INIT;
	if (!storage_fresh(e->s, 0) && storage_wait(e->s, 0, clock_mono_ns() + LONG_NS, &err) < 0)
		fail_msg("%s", err.msg);
}

static inline void no_wake(void *arg)
{
}

struct waiting {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool woken;
};
static inline void wake_waiting(void *arg)
{
	struct waiting *w = arg;
	pthread_mutex_lock(&w->lock);
	w->woken = true;
	pthread_cond_signal(&w->cond);
	pthread_mutex_unlock(&w->lock);
}
static inline void waiting_init(struct waiting *w)
{
	*w = (struct waiting){.woken = false};
	pthread_mutex_init(&w->lock, NULL);
	clock_cond_init(&w->cond);
}
/* The next event, waiting for it; false after minutes without one. */
static inline bool next(struct watcher *w, struct waiting *wait, struct watch_event *ev)
{
	struct err err = ERR_INIT;
	int rc;
	while ((rc = watch_next(w, ev, &err)) == 0) {
		bool in_time = true;
		pthread_mutex_lock(&wait->lock);
		while (!wait->woken && in_time)
			in_time = clock_cond_wait(&wait->cond, &wait->lock, clock_mono_ns() + LONG_NS);
		wait->woken = false;
		pthread_mutex_unlock(&wait->lock);
		if (!in_time)
			return false;
	}
	if (rc < 0)
		fail_msg("%s", err.msg);
	return true;
}

#endif
