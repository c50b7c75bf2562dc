/* SPDX-License-Identifier: Apache-2.0 */
/* See lookup.h. Objects stand by namespace, then name; the informers' handlers put them there, on the loop. */
#include "lookup.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "lookup_storage.h"
#include "object/decode.h"

#define LIST_NS (10 * NS_PER_S) /* a question waits that long for a first list */

struct lookup_source {
	struct lookup *lookup;
	enum lookup_kind kind;
	struct informer *informer; /* NULL: nobody has asked */
	struct map by_namespace;   /* struct map *: by name */
	struct map assumed;	   /* key -> char * */
	bool synced;		   /* the cycle's thread's */
};
struct lookup {
	struct informer_set *set;
	pthread_mutex_t lock; /* guards closed and the maps of the sources */
	bool closed, failed;
	void (*on_storage)(void *arg, enum lookup_kind kind, const struct meta *m);
	void *on_storage_arg;
	struct lookup_source sources[LOOKUP_KINDS];
};

/* ---- kinds ---- */
#define META                                                                                                 \
	DECODE_STRING("metadata.name", struct lookup_object, base.meta.name),                                \
		DECODE_STRING("metadata.namespace", struct lookup_object, base.meta.namespace),              \
		DECODE_STRING("metadata.uid", struct lookup_object, base.meta.uid),                          \
		DECODE_UINT64("metadata.resourceVersion", struct lookup_object, base.meta.rv)
#define SELECTOR DECODE_POINTER("spec.selector", struct lookup_object, selector, &label_query_spec)

static const struct decode_row namespace_rows[] = {
	META, DECODE_LABELS("metadata.labels", struct lookup_object, base.meta.labels)};
static const struct decode_row map_rows[] = {META,
					     DECODE_LABELS("spec.selector", struct lookup_object, equal)};
static const struct decode_row selector_rows[] = {
	META, SELECTOR, DECODE_INT32("spec.replicas", struct lookup_object, replicas)};
static const struct decode_row name_rows[] = {DECODE_KEY(struct lookup_name, name)};
static const struct decode_spec name_spec = DECODE_SPEC(struct lookup_name, name_rows);
static const struct decode_row budget_rows[] = {
	META, SELECTOR, DECODE_INT32("status.disruptionsAllowed", struct lookup_object, allowed),
	DECODE_MAP("status.disruptedPods", struct lookup_object, disrupted, n_disrupted, &name_spec)};

static const struct lookup_object initial = {
	.base.meta = {.name = (char *)"", .namespace = (char *)"", .uid = (char *)""}};
#define SPEC(rows) DECODE_SPEC(struct lookup_object, rows, .initial = &initial)
static const struct decode_spec namespace_spec = SPEC(namespace_rows), map_spec = SPEC(map_rows),
				selector_spec = SPEC(selector_rows), budget_spec = SPEC(budget_rows);

/* Old ReplicaSets have no Pods to schedule. */
static bool wants_pods(const void *o)
{
	return ((const struct lookup_object *)o)->replicas > 0;
}

const struct informer_type lookup_types[LOOKUP_KINDS] = {
	[LOOKUP_NAMESPACES] = {.group = "",
			       .version = "v1",
			       .resource = "namespaces",
			       .kind = "Namespace",
			       .rows = &namespace_spec},
	[LOOKUP_SERVICES] =
		{.group = "", .version = "v1", .resource = "services", .kind = "Service", .rows = &map_spec},
	[LOOKUP_CONTROLLERS] = {.group = "",
				.version = "v1",
				.resource = "replicationcontrollers",
				.kind = "ReplicationController",
				.rows = &map_spec},
	[LOOKUP_REPLICASETS] = {.group = "apps",
				.version = "v1",
				.resource = "replicasets",
				.kind = "ReplicaSet",
				.rows = &selector_spec,
				.keep = wants_pods},
	[LOOKUP_STATEFULSETS] = {.group = "apps",
				 .version = "v1",
				 .resource = "statefulsets",
				 .kind = "StatefulSet",
				 .rows = &selector_spec},
	[LOOKUP_BUDGETS] = {.group = "policy",
			    .version = "v1",
			    .resource = "poddisruptionbudgets",
			    .kind = "PodDisruptionBudget",
			    .rows = &budget_spec},
	[LOOKUP_CLAIMS] = {.group = "",
			   .version = "v1",
			   .resource = "persistentvolumeclaims",
			   .kind = "PersistentVolumeClaim",
			   .rows = &lookup_claim_spec},
	[LOOKUP_VOLUMES] = {.group = "",
			    .version = "v1",
			    .resource = "persistentvolumes",
			    .kind = "PersistentVolume",
			    .rows = &lookup_volume_spec},
#define STORAGE(r, k, spec)                                                                                  \
	{                                                                                                    \
		.group = "storage.k8s.io", .version = "v1", .resource = r, .kind = k, .rows = &spec          \
	}
	[LOOKUP_CLASSES] = STORAGE("storageclasses", "StorageClass", lookup_class_spec),
	[LOOKUP_CSINODES] = STORAGE("csinodes", "CSINode", lookup_csinode_spec),
	[LOOKUP_CSIDRIVERS] = STORAGE("csidrivers", "CSIDriver", lookup_csidriver_spec),
	[LOOKUP_CAPACITIES] = STORAGE("csistoragecapacities", "CSIStorageCapacity", lookup_capacity_spec),
	[LOOKUP_ATTACHMENTS] = STORAGE("volumeattachments", "VolumeAttachment", lookup_attachment_spec),
};

/* ---- what there is ---- */
struct lookup *lookup_new(struct informer_set *s)
{
	struct lookup *l = MEM_NEW(struct lookup);

	l->set = s;
	pthread_mutex_init(&l->lock, NULL);
	for (size_t i = 0; i < LOOKUP_KINDS; i++)
		l->sources[i] = (struct lookup_source){.lookup = l, .kind = (enum lookup_kind)i};
	return l;
}

void lookup_close(struct lookup *l)
{
	pthread_mutex_lock(&l->lock);
	l->closed = true;
	pthread_mutex_unlock(&l->lock);
}

static void map_free(struct map *names)
{
	for (struct map_iter it = {0}; map_next(names, &it);)
		informer_unref(it.value);
	map_release(names);
	free(names);
}

void lookup_free(struct lookup *l)
{
	for (size_t i = 0; i < LOOKUP_KINDS; i++) {
		struct map *all = &l->sources[i].by_namespace;

		for (struct map_iter it = {0}; map_next(all, &it);)
			map_free(it.value);
		map_release(all);
		for (struct map_iter it = {0}; map_next(&l->sources[i].assumed, &it);)
			free(it.value);
		map_release(&l->sources[i].assumed);
	}
	pthread_mutex_destroy(&l->lock);
	free(l);
}

void lookup_changed(struct lookup *l, enum lookup_kind kind, const void *old, const void *new)
{
	struct lookup_source *s = &l->sources[kind];
	const struct meta *m = &((const struct lookup_object *)(new ? new : old))->base.meta;

	pthread_mutex_lock(&l->lock);
	struct map *names = map_get(&s->by_namespace, m->namespace);

	if (!names && new)
		map_set(&s->by_namespace, m->namespace, names = MEM_NEW(struct map));
	if (names)
		informer_unref(new ? map_set(names, m->name, (void *)informer_ref(new))
				   : map_del(names, m->name));
	if (names && !map_len(names)) {
		map_del(&s->by_namespace, m->namespace);
		map_free(names);
	}
	pthread_mutex_unlock(&l->lock);
}

/* What the API says now need not be assumed any more. */
static bool says_so(enum lookup_kind kind, const void *o)
{
	const struct lookup_claim *c = o;
	const struct lookup_volume *v = o;

	return !o || (kind == LOOKUP_CLAIMS ? *c->volume || c->notes.selected : v->claimed);
}

static char *key_of(const struct meta *m)
{
	return *m->namespace ? mem_printf("%s/%s", m->namespace, m->name) : mem_strdup(m->name);
}

static void on_change(void *arg, const void *old, const void *new)
{
	const struct lookup_source *s = arg;
	const struct meta *m = &((const struct lookup_object *)(new ? new : old))->base.meta;

	lookup_changed(s->lookup, s->kind, old, new);
	if (s->kind < LOOKUP_CLAIMS)
		return;
	autofree char *key = key_of(m);
	if (s->kind <= LOOKUP_VOLUMES && says_so(s->kind, new))
		lookup_assume(s->lookup, s->kind, key, NULL);
	if (s->lookup->on_storage)
		s->lookup->on_storage(s->lookup->on_storage_arg, s->kind, m);
}

void lookup_on_storage(struct lookup *l, void (*fn)(void *arg, enum lookup_kind kind, const struct meta *m),
		       void *arg)
{
	l->on_storage = fn;
	l->on_storage_arg = arg;
}

void lookup_assume(struct lookup *l, enum lookup_kind kind, const char *key, const char *value)
{
	struct map *m = &l->sources[kind].assumed;

	pthread_mutex_lock(&l->lock);
	free(value ? map_set(m, key, mem_strdup(value)) : map_del(m, key));
	pthread_mutex_unlock(&l->lock);
}

char *lookup_assumed(struct lookup *l, enum lookup_kind kind, const char *key)
{
	pthread_mutex_lock(&l->lock);
	const char *value = map_get(&l->sources[kind].assumed, key);
	char *ret = value ? mem_strdup(value) : NULL;
	pthread_mutex_unlock(&l->lock);
	return ret;
}

/* ---- questions ---- */
static void need(struct lookup *l, struct lookup_source *s)
{
	if (s->synced || !l->set)
		return;
	pthread_mutex_lock(&l->lock);
	if (!s->informer && !l->closed)
		s->informer = informer_add(l->set, &lookup_types[s->kind], NULL, on_change, s);
	pthread_mutex_unlock(&l->lock);
	s->synced = s->informer && informer_synced(s->informer, clock_mono_ns() + LIST_NS);
	if (s->synced)
		return;
	l->failed = true;
	log_warning("could not be listed", "resource=%s", lookup_types[s->kind].resource);
}

bool lookup_failed(struct lookup *l)
{
	bool failed = l->failed;

	l->failed = false;
	return failed;
}

const struct lookup_object *lookup_get(struct lookup *l, enum lookup_kind kind, const char *namespace,
				       const char *name)
{
	struct lookup_source *s = &l->sources[kind];

	need(l, s);
	pthread_mutex_lock(&l->lock);
	const struct map *names = map_get(&s->by_namespace, namespace);
	const struct lookup_object *o = names ? map_get(names, name) : NULL;

	if (o)
		informer_ref(o);
	pthread_mutex_unlock(&l->lock);
	return o;
}

static size_t add_all(const struct map *names, const void **v)
{
	size_t n = 0;

	for (struct map_iter it = {0}; names && map_next(names, &it);)
		v[n++] = informer_ref(it.value);
	return n;
}

size_t lookup_list(struct lookup *l, enum lookup_kind kind, const char *namespace, const void ***ret)
{
	struct lookup_source *s = &l->sources[kind];
	size_t n = 0;

	need(l, s);
	pthread_mutex_lock(&l->lock);
	if (namespace) {
		const struct map *names = map_get(&s->by_namespace, namespace);

		*ret = mem_array((names ? map_len(names) : 0) + 1, sizeof(**ret));
		n = add_all(names, *ret);
	} else {
		for (struct map_iter it = {0}; map_next(&s->by_namespace, &it);)
			n += map_len(it.value);
		*ret = mem_array(n + 1, sizeof(**ret));
		n = 0;
		for (struct map_iter it = {0}; map_next(&s->by_namespace, &it);)
			n += add_all(it.value, *ret + n);
	}
	pthread_mutex_unlock(&l->lock);
	return n;
}
