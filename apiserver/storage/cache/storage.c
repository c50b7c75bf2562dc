/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cache as a whole: it is filled from a list, kept by the store's events, and asked through its
 * resources.
 *
 * Every stored collection of the schema is a resource; kinds of several versions that are stored alike share
 * one. A key finds its resource by its first one or two segments, its object by the rest.
 */
#include "storage/cache/storage_internal.h"

#include <stdlib.h>
#include "base/log.h"

/* How long a start waits for etcd, which a unit file may start at the same moment. */
#define OPEN_NS (20 * NS_PER_S)

/* ---- resources ---- */

static void add_resources(struct storage *s, size_t window)
{
	static const struct metric_def objects_def = {
		.name = "apiserver_storage_objects",
		.help = "Number of stored objects at the time of last check split by kind.",
		.type = METRIC_GAUGE,
		.label_names = "resource"};
	const struct kind *const *kinds;
	size_t n = schema_kinds(s->schema, &kinds);
	struct metric *m = metric_register(&objects_def);
	s->resources = mem_array(n ? n : 1, sizeof(*s->resources));
	for (size_t i = 0; i < n; i++) {
		const struct kind *stored = kinds[i]->storage_kind;
		if (map_has(&s->by_dir, stored->storage))
			continue;
		struct resource *r = &s->resources[s->n_resources++];
		resource_init(r, s, stored, &s->revision, window);
		r->m_objects = metric_series(m, r->label);
		map_set(&s->by_dir, stored->storage, r);
	}
}

struct resource *storage_resource(struct storage *s, const struct kind *k)
{
	return map_get(&s->by_dir, k->storage);
}

/* The resource of a store key, and the object's own key; NULL for what no loaded kind knows. */
static struct resource *find_resource(struct storage *s, const char *key, const char **ret_key)
{
	size_t n = strlen(s->prefix);
	if (strncmp(key, s->prefix, n) != 0)
		return NULL;
	const char *dir = key + n, *end = strchr(dir, '/');
	for (int segments = 0; end && segments < 2; segments++) {
		struct resource *r = map_getn(&s->by_dir, dir, (size_t)(end - dir));
		*ret_key = end + 1;
		if (r)
			return r;
		end = strchr(end + 1, '/');
	}
	return NULL;
}

/* ---- loading ---- */

struct loading {
	struct storage *s;
	struct loaded {
		struct obj **v;
		size_t n, cap;
	} * of; /* one per resource */
};

/* An object that nobody can read must not keep the others away: it is told and left out. */
static struct obj *load(struct resource *r, const char *key, const char *object_key, const void *v, size_t n,
			uint64_t rev, uint64_t create_rev)
{
	struct err err = ERR_INIT;
	struct obj *o = obj_load(r->kind, v, n, rev, create_rev, &err);
	if (o && strcmp(o->key, object_key) == 0)
		return o;
	if (o)
		err_set(&err, REASON_INTERNAL, "object's name does not agree with its key");
	log_err(&err, "stored object is left out", "key=%s", key);
	obj_unref(o);
	return NULL;
}

static int load_one(void *arg, const char *key, const void *v, size_t n, uint64_t rev, uint64_t create_rev,
		    struct err *err)
{
	struct loading *l = arg;
	const char *object_key;
	struct resource *r = find_resource(l->s, key, &object_key);
	struct obj *o = r ? load(r, key, object_key, v, n, rev, create_rev) : NULL;
	if (!o)
		return 0;
	struct loaded *of = &l->of[r - l->s->resources];
	if (of->n == of->cap) {
		of->cap = of->cap ? of->cap * 2 : 64;
		of->v = mem_realloc_array(of->v, of->cap, sizeof(*of->v));
	}
	of->v[of->n++] = o;
	return 0;
}

static void loading_init(struct loading *l, struct storage *s)
{
	*l = (struct loading){s, mem_array(s->n_resources + 1, sizeof(*l->of))};
}

/* A list that failed half-way leaves nothing. */
static void loading_clear(struct loading *l)
{
	for (size_t i = 0; i < l->s->n_resources; i++) {
		for (size_t k = 0; k < l->of[i].n; k++)
			obj_unref(l->of[i].v[k]);
		free(l->of[i].v);
		l->of[i] = (struct loaded){0};
	}
}

static int load_all(struct loading *l, uint64_t *ret_rev, struct err *err)
{
	struct store *store = l->s->store;
	int rc = store->engine->list(store, l->s->prefix, load_one, l, ret_rev, err);
	if (rc < 0)
		loading_clear(l);
	return rc;
}

static bool may_pass(const struct err *err)
{
	return err->reason == REASON_UNAVAILABLE || err->reason == REASON_TIMEOUT;
}

static int load_patiently(struct loading *l, uint64_t *ret_rev, struct err *err)
{
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t never; /* signalled: the wait below is for time alone */
	int64_t now = clock_mono_ns(), deadline = now + OPEN_NS, pause = 50 * NS_PER_MS;
	int rc = load_all(l, ret_rev, err);
	clock_cond_init(&never);
	for (; rc < 0 && may_pass(err) && now < deadline && !l->s->store->engine->local;
	     now = clock_mono_ns()) {
		pthread_mutex_lock(&lock);
		while (clock_cond_wait(&never, &lock, now + pause))
			;
		pthread_mutex_unlock(&lock);
		pause = pause * 2 > NS_PER_S ? NS_PER_S : pause * 2;
		rc = load_all(l, ret_rev, err);
	}
	pthread_cond_destroy(&never);
	return rc;
}

/* ---- what the store tells ---- */

static void apply(struct storage *s, const struct store_event *ev, struct resource **touched)
{
	struct own_write *own = ev->cookie;
	const char *key = own ? own->key : NULL;
	struct resource *r = own ? own->r : find_resource(s, ev->key, &key);
	struct obj *o = NULL;
	if (!r)
		return;
	if (own && own->draft) {
		o = obj_publish(own->draft, ev->rev);
		o->create_rv = ev->create_rev;
	} else if (ev->value) {
		o = load(r, ev->key, key, ev->value, ev->len, ev->rev, ev->create_rev);
	}
	/* What cannot be read is as good as gone: its old state would be a lie. */
	if (own)
		obj_unref(STEAL(own->published));
	resource_apply(r, key, o, ev->rev, own ? &own->published : NULL);
	if (!r->touched) {
		r->touched = true;
		r->touched_next = *touched;
		*touched = r;
	}
}

static void sink(void *arg, const struct store_event *ev, size_t n, uint64_t upto)
{
	struct storage *s = arg;
	struct resource *touched = NULL;
	for (size_t i = 0; i < n; i++)
		apply(s, &ev[i], &touched);
	revision_advance(&s->revision, upto);
	freshness_advanced(s);
	for (; touched; touched = touched->touched_next) {
		touched->touched = false;
		resource_wake(touched);
		compactor_note(s->compactor, touched);
	}
}

static int reset(void *arg, uint64_t *ret_rev, struct err *err)
{
	struct storage *s = arg;
	struct loading l;
	loading_init(&l, s);
	int rc = load_all(&l, ret_rev, err);
	for (size_t i = 0; rc == 0 && i < s->n_resources; i++) {
		resource_replace(&s->resources[i], l.of[i].v, l.of[i].n, *ret_rev);
		free(l.of[i].v);
	}
	free(l.of);
	if (rc == 0) {
		revision_advance(&s->revision, *ret_rev);
		freshness_advanced(s);
	}
	return rc;
}

/* ---- opening and closing ---- */

static struct store *open_engine(const struct storage_config *c, struct err *err)
{
	if (strcmp(c->engine, "sqlite") == 0)
		return store_sqlite_open(c->path, err);
	if (strcmp(c->engine, "etcd") == 0) {
		struct store_etcd_config e = {c->etcd_servers, c->etcd_cafile, c->etcd_certfile,
					      c->etcd_keyfile};
		return store_etcd_open(&e, err);
	}
	err_set(err, REASON_BAD_REQUEST, "unknown storage engine \"%s\"", c->engine);
	return NULL;
}

static int fill(struct storage *s, struct err *err)
{
	struct loading l;
	loading_init(&l, s);
	int rc = load_patiently(&l, &s->loaded_rev, err);
	if (rc == 0)
		revision_init(&s->revision, s->loaded_rev);
	for (size_t i = 0; rc == 0 && i < s->n_resources; i++) {
		resource_load(&s->resources[i], l.of[i].v, l.of[i].n, s->loaded_rev);
		free(l.of[i].v);
	}
	free(l.of);
	return rc;
}

struct storage *storage_open(const struct storage_config *c, const struct schema *schema, struct err *err)
{
	static const double seconds[] = {0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1,  1.25, 1.5, 2,
					 3,	4,     5,    6,	  8,   10,  15,	 20,  30, 45,	60,  0};
	static const struct metric_def requests_def = {
		.name = "etcd_request_duration_seconds",
		.help = "Etcd request latency in seconds for each operation and object type.",
		.type = METRIC_HISTOGRAM,
		.label_names = "operation,type",
		.buckets = seconds};
	struct storage *s = MEM_NEW(struct storage);
	const char *prefix = c->prefix ? c->prefix : "/registry";
	s->schema = schema;
	s->prefix = mem_printf("%s/", prefix);
	s->m_requests = metric_register(&requests_def);
	revision_init(&s->revision, 0);
	freshness_init(&s->waits);
	add_resources(s, c->window ? c->window : WINDOW_MAX);
	s->store = open_engine(c, err);
	if (!s->store || fill(s, err) < 0) {
		storage_close(s);
		return NULL;
	}
	s->compactor = compactor_start(s);
	if (s->store->engine->watch(s->store, s->prefix, s->loaded_rev, sink, reset, s, err) < 0) {
		storage_close(s);
		return NULL;
	}
	return s;
}

void storage_close(struct storage *s)
{
	if (!s)
		return;
	compactor_stop(s->compactor);
	if (s->store)
		s->store->engine->close(s->store);
	compactor_free(s->compactor);
	freshness_release(s);
	for (size_t i = 0; i < s->n_resources; i++)
		resource_release(&s->resources[i]);
	free(s->resources);
	map_release(&s->by_dir);
	revision_release(&s->revision);
	free(s->prefix);
	free(s);
}

bool storage_healthy(struct storage *s, char why[128])
{
	return s->store->engine->healthy(s->store, why);
}

uint64_t storage_revision(struct storage *s)
{
	return revision_now(&s->revision);
}
