/* SPDX-License-Identifier: Apache-2.0 */
#include "keeper.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "apiservices.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "flowschemas.h"
#include "kinds/flowcontrol/initial.h"

#define AGAIN_NS (10 * NS_PER_S) /* after a failure */
#define CALM_NS (NS_PER_S)	 /* between two looks: whoever writes without end shall not make us do so */

static const struct {
	const char *group, *resource, *ns, *name; /* NULL: all of them */
} kept[] = {
	{"", "namespaces", "", "default"},
	{"", "namespaces", "", "kube-system"},
	{"", "namespaces", "", "kube-public"},
	{"", "namespaces", "", "kube-node-lease"},
	{"", "services", "default", "kubernetes"},
	{"", "configmaps", "kube-system", "extension-apiserver-authentication"},
	{"", "configmaps", "kube-system", "coracle-dependants"},
	{INITIAL_GROUP, INITIAL_SCHEMAS, "", NULL},
	{INITIAL_GROUP, INITIAL_LEVELS, "", NULL},
	{"apiregistration.k8s.io", "apiservices", "", NULL},
};

struct keeper {
	struct registry *registry;
	struct storage *storage;
	struct bootstrap_config config;
	struct watcher
		*watchers[ARRAY_LEN(kept)]; /* NULL: to be opened again, or a set of kinds without it */
	pthread_t thread;
	pthread_mutex_t lock; /* never held while the store is called */
	pthread_cond_t cond;
	bool woken, stopping;
	bool urgent; /* woken by what happens once for each kind: need not wait until it is calm */
	struct apiservices apiservices; /* the thread's */
};

static void on_wake(void *arg)
{
	struct keeper *k = arg;
	pthread_mutex_lock(&k->lock);
	k->woken = true;
	pthread_cond_signal(&k->cond);
	pthread_mutex_unlock(&k->lock);
}

void keeper_hurry(struct keeper *k)
{
	pthread_mutex_lock(&k->lock);
	k->urgent = true;
	pthread_mutex_unlock(&k->lock);
	on_wake(k);
}

static void on_dependants(void *arg)
{
	keeper_hurry(arg);
}

static int watch_one(struct keeper *k, size_t i, struct err *err)
{
	const struct kind *kind =
		schema_resource(registry_schema(k->registry), kept[i].group, "v1", kept[i].resource);
	struct field_term term = {(char *)"metadata.name", (char *)(uintptr_t)kept[i].name, false};
	struct field_selector fields = {.n = 1, .v = &term};
	struct query q = {.ns = kept[i].ns, .fields = kept[i].name ? &fields : NULL, .kind = kind};
	if (!kind)
		return 0;
	k->watchers[i] = watch_open(storage_resource(k->storage, kind), &q, 0, false, false, on_wake, k, err);
	return k->watchers[i] ? 0 : -1;
}

/* What happened does not matter, only that something did. */
static int drain(struct keeper *k, size_t i, struct err *err)
{
	struct watch_event ev;
	int r = 0;
	while (k->watchers[i] && (r = watch_next(k->watchers[i], &ev, err)) > 0)
		obj_unref(ev.obj);
	if (r < 0)
		watch_close(STEAL(k->watchers[i]));
	return 0;
}

static int look(struct keeper *k, struct err *err)
{
	struct err behind = ERR_INIT;
	for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
		(void)drain(k, i, &behind);
		if (!k->watchers[i] && (watch_one(k, i, err) < 0 || drain(k, i, &behind) < 0))
			return -1;
	}
	return bootstrap_keep(k->registry, &k->config, err);
}

/* Until somebody wakes it, `until_ns` has come or it is to stop; false: the latter. */
static bool rest_until(struct keeper *k, bool for_wake, int64_t until_ns)
{
	bool more = true;
	pthread_mutex_lock(&k->lock);
	while (!k->stopping && more && !k->urgent && !(for_wake && k->woken))
		more = clock_cond_wait(&k->cond, &k->lock, until_ns);
	if (for_wake)
		k->woken = k->urgent = false;
	bool go_on = !k->stopping;
	pthread_mutex_unlock(&k->lock);
	return go_on;
}

static void *keeper_main(void *arg)
{
	struct keeper *k = arg;
	int64_t again_ns = CLOCK_NEVER;
	while (rest_until(k, true, again_ns)) {
		struct err err = ERR_INIT;
		struct schema_pin pin = schema_pin(registry_schema(k->registry)); /* kinds come and go */
		int rc = look(k, &err);
		rc = rc < 0 ? rc : apiservices_keep(&k->apiservices, k->registry, k->storage, &err);
		rc = rc < 0 ? rc : flowschemas_keep(k->registry, k->storage, &err);
		schema_unpin(registry_schema(k->registry), &pin);
		if (rc < 0)
			log_err(&err, "what every cluster has is not there", NULL);
		again_ns = rc < 0 ? clock_mono_ns() + AGAIN_NS : CLOCK_NEVER;
		if (!rest_until(k, false, clock_mono_ns() + CALM_NS))
			break;
	}
	return NULL;
}

static void keeper_free(struct keeper *k)
{
	storage_on_dependants(k->storage, NULL, NULL);
	for (size_t i = 0; i < ARRAY_LEN(kept); i++)
		if (k->watchers[i])
			watch_close(k->watchers[i]);
	pthread_cond_destroy(&k->cond);
	pthread_mutex_destroy(&k->lock);
	free(k);
}

struct keeper *keeper_start(struct registry *r, struct storage *s, const struct bootstrap_config *c,
			    struct err *err)
{
	struct keeper *k = MEM_NEW(struct keeper);
	k->registry = r;
	k->storage = s;
	k->config = *c;
	k->config.address = "";
	k->config.storage = s;
	pthread_mutex_init(&k->lock, NULL);
	clock_cond_init(&k->cond);
	storage_on_dependants(s, on_dependants, k);
	if (look(k, err) < 0) {
		keeper_free(k);
		return NULL;
	}
	k->woken = true; /* APIServices are not what the start waits for */
	k->thread = thread_start("keeper", keeper_main, k);
	return k;
}

void keeper_stop(struct keeper *k)
{
	if (!k)
		return;
	pthread_mutex_lock(&k->lock);
	k->stopping = true;
	pthread_cond_signal(&k->cond);
	pthread_mutex_unlock(&k->lock);
	pthread_join(k->thread, NULL);
	keeper_free(k);
}
