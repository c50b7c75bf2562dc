/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cache as a whole: it is filled from a list, kept by the store's events, and asked through its
 * resources.
 *
 * Every stored collection of the schema is a resource; kinds of several versions that are stored alike share
 * one. A key finds its resource by its first one or two segments, its object by the rest.
 */
#include "storage/cache/storage_internal.h"

#include <math.h>
#include <stdlib.h>
#include "base/log.h"

/* How long a start waits for etcd, which a unit file may start at the same moment. */
#define OPEN_NS (20 * NS_PER_S)
/* And then for what it has written lately. */

/* ---- resources ---- */

struct resource *storage_resource(struct storage *s, const struct kind *k)
{
	struct resource *_Atomic *chunk =
		k->id < KIND_CHUNK * KIND_CHUNKS
			? atomic_load_explicit(&s->by_kind[k->id / KIND_CHUNK], memory_order_acquire)
			: NULL;
	return chunk ? atomic_load_explicit(&chunk[k->id % KIND_CHUNK], memory_order_acquire) : NULL;
}

/* Under the apply_lock, as all that follows here. */
static void serve_kind(struct storage *s, const struct kind *k, struct resource *r)
{
	struct resource *_Atomic *chunk = s->by_kind[k->id / KIND_CHUNK];
	if (!chunk) {
		chunk = mem_array(KIND_CHUNK, sizeof(*chunk));
		atomic_store_explicit(&s->by_kind[k->id / KIND_CHUNK], chunk, memory_order_release);
	}
	r->n_kinds++;
	atomic_store_explicit(&chunk[k->id % KIND_CHUNK], r, memory_order_release);
}

/* Of one that is gone, or a new one. */
static size_t free_index(struct storage *s)
{
	autofree bool *taken = mem_array(s->n_resources + 1, sizeof(*taken));
	size_t i = 0;
	for (const struct resource *r = s->resources; r; r = r->next)
		taken[r->index] = true;
	while (taken[i])
		i++;
	if (i == s->n_resources)
		s->n_resources++;
	return i;
}

static struct resource *new_resource(struct storage *s, const struct kind *stored)
{
	struct resource *r = MEM_NEW(struct resource);
	resource_init(r, s, stored, &s->revision, s->window);
	r->m_objects = metric_series(s->m_objects, r->label);
	r->index = free_index(s);
	r->next = s->resources;
	atomic_store_explicit(&s->resources, r, memory_order_release);
	return r;
}

static void add_loaded(struct storage *s)
{
	const struct kind *const *kinds;
	size_t n = schema_kinds(s->schema, &kinds);
	for (size_t i = 0; i < n; i++) {
		const struct kind *stored = kinds[i]->storage_kind;
		if (kinds[i]->virtual)
			continue;
		struct resource *r = map_get(&s->by_dir, stored->storage);
		if (!r)
			map_set(&s->by_dir, stored->storage, r = new_resource(s, stored));
		serve_kind(s, kinds[i], r);
	}
}

/* The resource of a store key, and the object's own key; NULL for what no kind knows. */
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

static void note_stray(struct storage *s, const char *key)
{
	size_t n = strlen(s->prefix);
	if (!strncmp(key, s->prefix, n))
		strays_note(&s->strays, key + n);
}

/* ---- loading ---- */

struct loading {
	struct storage *s;
	struct loaded {
		struct obj **v;
		size_t n, cap;
		uint64_t changed; /* newest revision that was listed */
	} * of;			  /* one per resource */
	size_t n;
	bool new_only; /* what is not served yet */
	bool strays;   /* what is not served at all is noted: nobody else does so meanwhile */
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

static void keep_loaded(struct loaded *of, struct obj *o)
{
	if (of->n == of->cap) {
		of->cap = of->cap ? of->cap * 2 : 64;
		of->v = mem_realloc_array(of->v, of->cap, sizeof(*of->v));
	}
	of->v[of->n++] = o;
}

static int load_one(void *arg, const char *key, const void *v, size_t n, uint64_t rev, uint64_t create_rev,
		    struct err *err)
{
	struct loading *l = arg;
	const char *object_key;
	struct resource *r = find_resource(l->s, key, &object_key);
	if (!r && v && l->strays)
		note_stray(l->s, key);
	for (; r; r = r->successor) {
		struct loaded *of = &l->of[r->index];
		if (l->new_only && !r->early)
			continue;
		struct obj *o = v ? load(r, key, object_key, v, n, rev, create_rev) : NULL;
		of->changed = rev > of->changed ? rev : of->changed;
		if (o)
			keep_loaded(of, o);
	}
	return 0;
}

static void loading_init(struct loading *l, struct storage *s)
{
	*l = (struct loading){
		.s = s, .of = mem_array(s->n_resources + 1, sizeof(*l->of)), .n = s->n_resources};
}

/* A list that failed half-way, or is of no use any more, leaves nothing. */
static void loading_clear(struct loading *l)
{
	for (size_t i = 0; i < l->n; i++) {
		for (size_t k = 0; k < l->of[i].n; k++)
			obj_unref(l->of[i].v[k]);
		free(l->of[i].v);
		l->of[i] = (struct loaded){0};
	}
}

static int load_all(struct loading *l, const char *prefix, uint64_t *ret_rev, struct err *err)
{
	struct store *store = l->s->store;
	int rc = store->engine->list(store, prefix, load_one, l, ret_rev, err);
	if (rc < 0)
		loading_clear(l);
	return rc;
}

static bool may_pass(const struct err *err)
{
	return err->reason == REASON_UNAVAILABLE || err->reason == REASON_TIMEOUT;
}

static int load_past(struct loading *l, struct store_past *ret, struct err *err)
{
	struct storage *s = l->s;
	int rc = s->store->engine->list_past(s->store, s->prefix, s->window, load_one, l, ret, err);
	if (rc < 0)
		loading_clear(l);
	return rc;
}

static int load_patiently(struct loading *l, struct store_past *ret, struct err *err)
{
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t never; /* signalled: the wait below is for time alone */
	int64_t now = clock_mono_ns(), deadline = now + OPEN_NS, pause = 50 * NS_PER_MS;
	int rc = load_past(l, ret, err);
	clock_cond_init(&never);
	for (; rc < 0 && may_pass(err) && now < deadline && !l->s->store->engine->local;
	     now = clock_mono_ns()) {
		pthread_mutex_lock(&lock);
		while (clock_cond_wait(&never, &lock, now + pause))
			;
		pthread_mutex_unlock(&lock);
		pause = pause * 2 > NS_PER_S ? NS_PER_S : pause * 2;
		rc = load_past(l, ret, err);
	}
	pthread_cond_destroy(&never);
	return rc;
}

/* ---- what the store tells ---- */

/* Changes of a resource whose list is not there yet. */
struct early {
	struct early_change {
		char *key;
		struct obj *obj; /* NULL: deleted */
		uint64_t rev;
	} * v;
	size_t n, cap;
	bool again; /* history was lost meanwhile: the list has to be made anew */
};

/* Takes over o. Of a removed one nothing is kept. */
static void keep_early(struct resource *r, const char *key, struct obj *o, uint64_t rev)
{
	struct early *e = r->early;
	if (!e) {
		obj_unref(o);
		return;
	}
	if (e->n == e->cap) {
		e->cap = e->cap ? e->cap * 2 : 16;
		e->v = mem_realloc_array(e->v, e->cap, sizeof(*e->v));
	}
	e->v[e->n++] = (struct early_change){mem_strdup(key), o, rev};
}

/* The new state as r keeps it; NULL: gone. A draft may have been made by somebody who knew r's kind before it was
   replaced. */
static struct obj *new_state(struct resource *r, const char *key, const struct store_event *ev)
{
	const struct own_write *own = ev->cookie;
	const struct obj *draft = own ? own->draft : NULL;
	if (draft && draft->kind != r->kind)
		return load(r, own->path, key, own->io.value, own->io.len, ev->rev, ev->create_rev);
	if (draft) {
		struct obj *o = obj_publish(draft, ev->rev);
		o->create_rv = ev->create_rev;
		return o;
	}
	return ev->value ? load(r, ev->key, key, ev->value, ev->len, ev->rev, ev->create_rev) : NULL;
}

static void apply_to(struct resource *r, const char *key, const struct store_event *ev, bool more,
		     struct obj **ret_published, struct resource **touched)
{
	struct obj *o = new_state(r, key, ev);
	if (r->early || atomic_load_explicit(&r->removed, memory_order_relaxed)) {
		keep_early(r, key, o, ev->rev);
		return;
	}
	/* What cannot be read is as good as gone: its old state would be a lie. */
	(more ? resource_apply_part : resource_apply)(r, key, o, ev->rev, ret_published);
	if (!r->touched) {
		r->touched = true;
		r->touched_next = *touched;
		*touched = r;
	}
}

static void apply(struct storage *s, const struct store_event *ev, bool more, struct resource **touched)
{
	struct own_write *own = ev->cookie;
	const char *key = own ? own->key : NULL;
	struct resource *r = own ? resource_current(own->r) : find_resource(s, ev->key, &key);
	if (own && r->removed) /* while the write was under way; perhaps it has been added anew */
		r = find_resource(s, own->path, &key);
	if (!r) {
		if (own ? own->draft != NULL : ev->value != NULL)
			note_stray(s, own ? own->path : ev->key);
		return;
	}
	if (own)
		obj_unref(STEAL(own->published));
	apply_to(r, key, ev, more, own ? &own->published : NULL, touched);
	if (r->successor)
		apply_to(r->successor, key, ev, more, NULL, touched);
}

static void sink(void *arg, const struct store_event *ev, size_t n, uint64_t upto)
{
	struct storage *s = arg;
	struct resource *touched = NULL;
	struct schema_pin pin = schema_pin(s->schema); /* what is touched may be removed before it is woken */
	pthread_mutex_lock(&s->apply_lock);
	for (size_t i = 0; i < n; i++)
		apply(s, &ev[i], i + 1 < n && ev[i + 1].rev == ev[i].rev, &touched);
	pthread_mutex_unlock(&s->apply_lock);
	revision_advance(&s->revision, upto);
	freshness_advanced(s);
	for (; touched; touched = touched->touched_next) {
		touched->touched = false;
		resource_wake(touched);
		compactor_note(s->compactor, touched);
	}
	schema_unpin(s->schema, &pin);
}

static int reset(void *arg, uint64_t *ret_rev, struct err *err)
{
	struct storage *s = arg;
	struct loading l;
	pthread_mutex_lock(&s->apply_lock);
	loading_init(&l, s);
	l.strays = true;
	int rc = load_all(&l, s->prefix, ret_rev, err);
	for (struct resource *r = s->resources; rc == 0 && r; r = r->next) {
		struct loaded *of = &l.of[r->index];
		if (r->early || r->removed) {
			for (size_t i = 0; i < of->n; i++)
				obj_unref(of->v[i]);
			if (r->early)
				r->early->again = true;
		} else {
			resource_replace(r, of->v, of->n, *ret_rev);
		}
		free(of->v);
	}
	pthread_mutex_unlock(&s->apply_lock);
	free(l.of);
	if (rc == 0) {
		revision_advance(&s->revision, *ret_rev);
		freshness_advanced(s);
	}
	return rc;
}

/* ---- resources that come and go ---- */

/* The sink has kept what came since before the list was asked for: behind the list's revision it goes on from
 * there. */
static void take_over(struct resource *r, struct loaded *of, uint64_t rev)
{
	struct early *e = STEAL(r->early);
	resource_load(r, of->v, of->n, rev, rev);
	for (size_t i = 0; i < e->n; i++) {
		if (e->v[i].rev > rev)
			resource_apply(r, e->v[i].key, e->v[i].obj, e->v[i].rev, NULL);
		else
			obj_unref(e->v[i].obj);
		free(e->v[i].key);
	}
	free(e->v);
	free(e);
}

static void early_clear(struct early *e)
{
	for (size_t i = 0; i < e->n; i++) {
		obj_unref(e->v[i].obj);
		free(e->v[i].key);
	}
	free(e->v);
	*e = (struct early){0};
}

static void forget(struct storage *s, struct resource *r)
{
	struct early *e = STEAL(r->early);
	bool holds = e || resource_count(r) > 0;
	if (e)
		early_clear(e);
	free(e);
	struct resource *there = map_get(&s->by_dir, r->kind->storage);
	if (there != r) { /* it was to be the successor */
		there->successor = NULL;
	} else if (r->successor) {
		struct resource *next = STEAL(r->successor);
		map_set(&s->by_dir, next->kind->storage, next);
		atomic_store_explicit(&r->replaced_by, next, memory_order_release);
	} else {
		map_del(&s->by_dir, r->kind->storage);
		if (holds) /* as far as is known */
			strays_note_dir(&s->strays, r->kind->storage);
	}
	resource_remove(r);
	storage_gone_add(s, r);
}

/* 1: it has to be done again. */
static int fill_once(struct storage *s, const struct kind *k, struct resource *r, struct err *err)
{
	struct loading l;
	uint64_t rev;
	autofree char *prefix = mem_printf("%s%s/", s->prefix, r->kind->storage);
	loading_init(&l, s);
	int rc = load_all(&l, prefix, &rev, err);
	pthread_mutex_lock(&s->apply_lock);
	if (rc < 0) {
		forget(s, r);
	} else if (r->early->again) {
		early_clear(r->early);
		rc = 1;
	} else {
		take_over(r, &l.of[r->index], rev);
		l.of[r->index].n = 0;
		serve_kind(s, k, r);
	}
	pthread_mutex_unlock(&s->apply_lock);
	loading_clear(&l);
	free(l.of);
	return rc;
}

/* The resource for a stored kind: there already, or new and empty, beside the one that it will replace. */
static struct resource *place_for(struct storage *s, const struct kind *stored, bool *ret_there)
{
	struct resource *there = map_get(&s->by_dir, stored->storage);
	if (there && there->kind != stored && there->successor)
		there = there->successor;
	*ret_there = there && there->kind == stored;
	if (*ret_there)
		return there;
	struct resource *r = new_resource(s, stored);
	r->early = MEM_NEW(struct early);
	if (there)
		there->successor = r;
	else
		map_set(&s->by_dir, stored->storage, r);
	return r;
}

/* Whether nothing is stored for r, which has just been placed: then the store, which may have to read all that it has, need
   not be asked. */
static bool nothing_stored(struct storage *s, const struct resource *r)
{
	struct resource *there = map_get(&s->by_dir, r->kind->storage);
	if (there != r)
		return !there->early && !resource_count(there);
	return !strays_have(&s->strays, r->kind->storage);
}

static void serve_empty(struct storage *s, const struct kind *k, struct resource *r)
{
	take_over(r, &(struct loaded){0}, revision_now(&s->revision));
	serve_kind(s, k, r);
}

static void hold(struct storage *s, const struct kind *k, struct resource *r)
{
	if ((s->n_held & (s->n_held - 1)) == 0) /* the room doubles */
		s->held = mem_realloc_array(s->held, s->n_held ? s->n_held * 2 : 1, sizeof(*s->held));
	s->held[s->n_held++] = (struct held){k, r};
}

void storage_hold(struct storage *s)
{
	pthread_mutex_lock(&s->apply_lock);
	s->holding = true;
	pthread_mutex_unlock(&s->apply_lock);
}

/* Under the apply_lock. 1: something has come between that makes the list one of no use. */
static int serve_held(struct storage *s, struct loading *l, uint64_t rev)
{
	bool again = false;
	for (size_t i = 0; i < s->n_held; i++)
		again |= s->held[i].r->early && s->held[i].r->early->again;
	for (size_t i = 0; i < s->n_held; i++) {
		struct resource *r = s->held[i].r;
		if (again && r->early) {
			early_clear(r->early);
		} else if (!again && r->early) {
			take_over(r, &l->of[r->index], rev);
			l->of[r->index].n = 0;
		}
		if (!again)
			serve_kind(s, s->held[i].kind, r);
	}
	return again;
}

int storage_fill(struct storage *s, struct err *err)
{
	int rc = s->n_held > 0;
	while (rc > 0) {
		struct loading l;
		uint64_t rev;
		loading_init(&l, s);
		l.new_only = true;
		rc = load_all(&l, s->prefix, &rev, err);
		pthread_mutex_lock(&s->apply_lock);
		if (rc == 0)
			rc = serve_held(s, &l, rev);
		pthread_mutex_unlock(&s->apply_lock);
		loading_clear(&l);
		free(l.of);
	}
	pthread_mutex_lock(&s->apply_lock);
	s->holding = false;
	free(s->held);
	s->held = NULL;
	s->n_held = 0;
	pthread_mutex_unlock(&s->apply_lock);
	return rc;
}

int storage_add_resource(struct storage *s, const struct kind *k, struct err *err)
{
	bool there;
	if (k->id >= KIND_CHUNK * KIND_CHUNKS)
		return err_set(err, REASON_TOO_MANY_REQUESTS, "too many kinds");
	pthread_mutex_lock(&s->apply_lock);
	storage_gone_free(s, false);
	struct resource *r = place_for(s, k->storage_kind, &there);
	bool held = s->holding && r->early, empty = !there && !held && nothing_stored(s, r);
	if (held)
		hold(s, k, r);
	else if (there)
		serve_kind(s, k, r);
	else if (empty)
		serve_empty(s, k, r);
	pthread_mutex_unlock(&s->apply_lock);
	int rc = !there && !held && !empty;
	while (rc > 0)
		rc = fill_once(s, k, r, err);
	return rc;
}

void storage_remove_resource(struct storage *s, const struct kind *k)
{
	pthread_mutex_lock(&s->apply_lock);
	storage_gone_free(s, false);
	struct resource *r = storage_resource(s, k);
	bool last = r && !r->removed && --r->n_kinds == 0;
	if (last)
		forget(s, r);
	pthread_mutex_unlock(&s->apply_lock);
	if (last)
		resource_wake(r);
}

/* ---- opening and closing ---- */

static struct store *open_engine(const struct storage_config *c, struct err *err)
{
	if (strcmp(c->engine, "sqlite") == 0)
		return store_sqlite_open(&(struct store_sqlite_config){c->path, c->force}, err);
	if (strcmp(c->engine, "etcd") == 0) {
		struct store_etcd_config e = {c->etcd_servers, c->etcd_cafile, c->etcd_certfile,
					      c->etcd_keyfile, c->etcd_transport};
		return store_etcd_open(&e, err);
	}
	err_set(err, REASON_BAD_REQUEST, "unknown storage engine \"%s\"", c->engine);
	return NULL;
}

/* As things stood a while ago: what has come since will be told by the watch, and watchers that were there before a
 * restart find it in the windows. */
static int fill(struct storage *s, struct store_past *past, struct err *err)
{
	struct loading l;
	loading_init(&l, s);
	l.strays = true;
	int rc = load_patiently(&l, past, err);
	if (rc == 0)
		revision_init(&s->revision, past->at);
	for (struct resource *r = s->resources; rc == 0 && r; r = r->next) {
		const struct loaded *of = &l.of[r->index];
		resource_load(r, of->v, of->n, past->at,
			      of->changed > past->since ? of->changed : past->since);
		free(of->v);
	}
	free(l.of);
	return rc;
}

static int begin(struct storage *s, const struct storage_config *c, struct err *err)
{
	struct store_past past = {0};
	s->store = open_engine(c, err);
	if (!s->store || fill(s, &past, err) < 0)
		return -1;
	s->loaded_rev = past.now;
	s->compactor = compactor_start(s);
	if (s->store->engine->watch(s->store, s->prefix, past.at, sink, reset, s, err) < 0)
		return -1;
	freshness_catch_up(s, &past);
	compactor_kick(s->compactor); /* it may have looked at things as they stood a while ago */
	return 0;
}

static const struct metric_def size_def = {
	.name = "apiserver_storage_size_bytes",
	.help = "[STABLE] Size of the storage database file physically allocated in bytes.",
	.type = METRIC_GAUGE,
	.label_names = "storage_cluster_id"};

static double size_now(void *arg)
{
	struct storage *s = arg;
	int64_t size = s->store->engine->size(s->store);
	return size < 0 ? NAN : (double)size;
}

struct storage *storage_open(const struct storage_config *c, const struct schema *schema, struct err *err)
{
	static const double seconds[] = {0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1,  1.25, 1.5, 2,
					 3,	4,     5,    6,	  8,   10,  15,	 20,  30, 45,	60,  0};
	static const struct metric_def requests_def = {
		.name = "etcd_request_duration_seconds",
		.help = "[ALPHA] Etcd request latency in seconds for each operation and object type.",
		.type = METRIC_HISTOGRAM,
		.label_names = "operation,group,resource",
		.buckets = seconds};
	static const struct metric_def totals_def = {
		.name = "etcd_requests_total",
		.help = "[ALPHA] Etcd request counts for each operation and object type.",
		.type = METRIC_COUNTER,
		.label_names = "operation,group,resource"};
	static const struct metric_def objects_def = {
		.name = "apiserver_storage_objects",
		.help = "[STABLE] Number of stored objects at the time of last check split by kind.",
		.type = METRIC_GAUGE,
		.label_names = "resource"};
	struct storage *s = MEM_NEW(struct storage);
	const char *prefix = c->prefix ? c->prefix : "/registry";
	s->schema = schema;
	s->prefix = mem_printf("%s/", prefix);
	s->m_requests = metric_register(&requests_def);
	s->m_totals = metric_register(&totals_def);
	revision_init(&s->revision, 0);
	freshness_init(&s->waits);
	s->window = c->window ? c->window : WINDOW_MAX;
	s->m_objects = metric_register(&objects_def);
	pthread_mutex_init(&s->apply_lock, NULL);
	add_loaded(s);
	if (begin(s, c, err) == 0) {
		metric_gauge_fn(&size_def, "etcd-0", size_now, s); /* upstream's name of its only store */
		return s;
	}
	storage_close(s);
	return NULL;
}

void storage_close(struct storage *s)
{
	if (!s)
		return;
	metric_gauge_fn(&size_def, NULL, NULL, NULL);
	compactor_stop(s->compactor);
	if (s->store)
		s->store->engine->close(s->store);
	compactor_free(s->compactor);
	freshness_release(s);
	for (struct resource *r = s->resources, *next; r; r = next) {
		next = r->next;
		resource_release(r);
		free(r);
	}
	storage_gone_free(s, true);
	for (size_t i = 0; i < KIND_CHUNKS; i++)
		free((void *)s->by_kind[i]);
	map_release(&s->by_dir);
	strays_release(&s->strays);
	pthread_mutex_destroy(&s->apply_lock);
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
