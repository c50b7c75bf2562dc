/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of informers on one thread, and what an event does to a store. How events are come by is in
 * informer_sync.c.
 *
 * A relist marks what it sees; what it did not see and is not newer than the list was deleted meanwhile.
 *
 * Order. Events of one informer reach the store and the handlers under its `deliver` lock, one at a time.
 * That lock exists for informer_inject(): a writer's thread puts its reply into the store ahead of the watch.
 * Versions decide then: an event that is not newer than what the store holds is skipped, and an injected
 * object that the store does not hold is taken only when it is newer than the watch's position, for otherwise
 * the watch has already told of its deletion.
 */
#include "controller/informer.h"

#include <malloc.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/thread.h"
#include "controller/informer_internal.h"

/* ---- objects ---- */

const void *informer_ref(const void *o)
{
	__atomic_add_fetch(&((struct informer_object *)o)->refs, 1, __ATOMIC_RELAXED);
	return o;
}

void informer_unref(const void *p)
{
	struct informer_object *o = (struct informer_object *)p;

	if (!o || __atomic_sub_fetch(&o->refs, 1, __ATOMIC_ACQ_REL))
		return;
	if (o->type->release)
		o->type->release(o);
	meta_release(&o->meta);
	free(o);
}

void informer_unref_all(const void **v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		informer_unref(v[i]);
	free(v);
}

/* NULL when the type has no interest in it; its key and version are known even so. */
static struct informer_object *decode(const struct informer_type *t, const js *tree)
{
	struct informer_object *o = mem_zalloc(t->size);

	o->refs = 1;
	o->type = t;
	meta_decode(&o->meta, tree, t->meta_flags);
	if (t->decode(o, tree))
		return o;
	informer_unref(o);
	return NULL;
}

/* ---- what happens to an object ---- */

enum source { FROM_LIST, FROM_WATCH, FROM_WRITER };

static void tell(struct informer *i, const struct informer_object *old, const struct informer_object *new)
{
	for (size_t k = 0; k < i->n_handlers; k++)
		if (i->handlers[k].fn)
			i->handlers[k].fn(i->handlers[k].arg, old, new);
}

static uint64_t tree_rv(const js *tree)
{
	return strtoull(js_str0(tree, "metadata", "resourceVersion", NULL), NULL, 10);
}

static void tree_key(const js *tree, struct buf *key)
{
	meta_key(key, meta_namespace(tree), meta_name(tree));
}

/* Takes o, which may be NULL: nothing of interest is there any more. Under deliver. */
static void replace(struct informer *i, const char *key, struct informer_object *o)
{
	struct informer_object *old;

	if (o)
		informer_ref(o);
	old = informer_store_set(&i->store, key, o);
	if (old || o)
		tell(i, old, o);
	informer_unref(old);
	informer_unref(o);
}

/* Is the store's state of this key as new as version rv, so that it must stay? Under deliver. */
static bool stale(struct informer *i, const char *key, uint64_t rv, const char *uid, enum source from)
{
	struct informer_object *old = informer_store_get(&i->store, key);
	bool is;

	if (!old)
		return from == FROM_WRITER && rv <= atomic_load(&i->rv);
	is = old->meta.rv >= rv;
	if (from == FROM_LIST) {
		old->seen = i->generation;
		/* What the list covers it knows best: the API may have been restored from a backup. */
		if (i->rewound || (old->meta.rv <= i->list_rv && strcmp(old->meta.uid, uid)))
			is = false;
	}
	informer_unref(old);
	return is;
}

static void apply(struct informer *i, const js *tree, enum source from)
{
	struct informer_object *o = decode(i->type, tree);
	autobuf struct buf key = BUF_INIT;
	uint64_t rv = tree_rv(tree);

	tree_key(tree, &key);
	pthread_mutex_lock(&i->deliver);
	if (from == FROM_WATCH && rv > atomic_load(&i->rv))
		atomic_store(&i->rv, rv);
	if (stale(i, key.p, rv, meta_uid(tree), from)) {
		informer_unref(o);
	} else {
		if (o && from == FROM_LIST)
			o->seen = i->generation;
		replace(i, key.p, o);
	}
	pthread_mutex_unlock(&i->deliver);
}

void informer_apply_deleted(struct informer *i, const js *tree)
{
	autobuf struct buf key = BUF_INIT;
	uint64_t rv = tree_rv(tree);
	struct informer_object *old;

	tree_key(tree, &key);
	pthread_mutex_lock(&i->deliver);
	if (rv > atomic_load(&i->rv))
		atomic_store(&i->rv, rv);
	old = informer_store_get(&i->store, key.p);
	/* Newer in the store: a writer has already put the successor there. */
	if (old && old->meta.rv <= rv)
		replace(i, key.p, NULL);
	informer_unref(old);
	pthread_mutex_unlock(&i->deliver);
}

void informer_bookmark(struct informer *i, const js *o)
{
	if (tree_rv(o) > atomic_load(&i->rv))
		atomic_store(&i->rv, tree_rv(o));
}

static void mark_synced(struct informer *i)
{
	struct informer_set *s = i->set;

	pthread_mutex_lock(&s->lock);
	if (!i->synced) {
		i->synced = true;
		s->n_synced++;
		pthread_cond_broadcast(&s->cond);
	}
	pthread_mutex_unlock(&s->lock);
}

static bool vanished(void *arg, const struct informer_object *o)
{
	const struct informer *i = arg;

	return o->seen != i->generation && (o->meta.rv <= i->list_rv || i->rewound);
}

void informer_list_applied(struct informer *i)
{
	char **keys;
	size_t n;

	pthread_mutex_lock(&i->deliver);
	n = informer_store_pick(&i->store, vanished, i, &keys);
	for (size_t k = 0; k < n; k++) {
		replace(i, keys[k], NULL);
		free(keys[k]);
	}
	free(keys);
	atomic_store(&i->rv, i->list_rv);
	pthread_mutex_unlock(&i->deliver);
	i->need_list = false;
	i->generation++;
	mark_synced(i);
}

void informer_apply_listed(struct informer *i, const js *o)
{
	apply(i, o, FROM_LIST);
}

void informer_apply_watched(struct informer *i, const js *o)
{
	apply(i, o, FROM_WATCH);
}

void informer_inject(struct informer *i, const js *o)
{
	apply(i, o, FROM_WRITER);
}

/* ---- the thread ---- */

static bool timer_less(const struct heap_node *a, const struct heap_node *b)
{
	return CONTAINER_OF(a, struct informer, timer)->at_ns <
	       CONTAINER_OF(b, struct informer, timer)->at_ns;
}

void informer_schedule(struct informer *i, int64_t delay_ns)
{
	heap_remove(&i->set->timers, &i->timer);
	i->at_ns = clock_mono_ns() + delay_ns;
	heap_push(&i->set->timers, &i->timer);
}

static void adopt_fresh(struct informer_set *s)
{
	struct list *l;

	pthread_mutex_lock(&s->lock);
	while ((l = list_pop_front(&s->fresh)))
		informer_schedule(list_entry(l, struct informer, link), 0);
	pthread_mutex_unlock(&s->lock);
}

/* Lists leave a heap full of holes behind; what follows is small and steady. */
static void trim_once(struct informer_set *s)
{
	if (s->trimmed || !informer_set_synced(s, 0))
		return;
	s->trimmed = true;
	malloc_trim(0);
}

static void *set_main(void *arg)
{
	struct informer_set *s = arg;
	struct http *h = rest_http(s->rest);

	while (!atomic_load(&s->stopping)) {
		struct heap_node *n;

		adopt_fresh(s);
		while ((n = heap_peek(&s->timers)) &&
		       CONTAINER_OF(n, struct informer, timer)->at_ns <= clock_mono_ns()) {
			struct informer *i = CONTAINER_OF(heap_pop(&s->timers), struct informer, timer);

			informer_start(i);
		}
		trim_once(s);
		n = heap_peek(&s->timers);
		http_poll(h, n ? CONTAINER_OF(n, struct informer, timer)->at_ns : CLOCK_NEVER);
	}
	return NULL;
}

/* ---- public ---- */

struct informer_set *informer_set_new(const struct rest_config *c)
{
	struct informer_set *s = MEM_NEW(struct informer_set);

	s->config = c;
	s->rest = rest_new(c, 0); /* a watch is a connection: as many as there are informers */
	pthread_mutex_init(&s->lock, NULL);
	clock_cond_init(&s->cond);
	list_init(&s->fresh);
	list_init(&s->want_list);
	s->timers = (struct heap)HEAP_INIT(timer_less);
	return s;
}

static struct informer *informer_new(struct informer_set *s, const struct informer_type *t, const char *query)
{
	struct informer *i = MEM_NEW(struct informer);

	i->set = s;
	i->type = t;
	i->query = query && *query ? mem_strdup(query) : NULL;
	i->need_list = true;
	i->generation = 1;
	i->page_items = INFORMER_PAGE_ITEMS;
	i->lines = (struct lines)LINES_INIT(INFORMER_EVENT_MAX);
	list_init(&i->link);
	pthread_mutex_init(&i->deliver, NULL);
	informer_store_init(&i->store, t);
	return i;
}

struct informer *informer_add(struct informer_set *s, const struct informer_type *t, const char *query,
			      informer_handler *h, void *arg)
{
	autofree char *key = mem_printf("%p?%s", (const void *)t, query ? query : "");
	struct informer *i;

	pthread_mutex_lock(&s->lock);
	i = map_get(&s->all, key);
	if (!i) {
		i = informer_new(s, t, query);
		map_set(&s->all, key, i);
		list_push_back(&s->fresh, &i->link);
	}
	if (h) {
		i->handlers = mem_realloc_array(i->handlers, i->n_handlers + 1, sizeof(*i->handlers));
		i->handlers[i->n_handlers++] = (struct handler){h, arg};
	}
	pthread_mutex_unlock(&s->lock);
	if (s->started)
		http_wake(rest_http(s->rest));
	return i;
}

void informer_set_start(struct informer_set *s)
{
	s->started = true;
	s->thread = thread_start("informers", set_main, s);
}

bool informer_set_synced(struct informer_set *s, int64_t deadline_ns)
{
	bool yes;

	pthread_mutex_lock(&s->lock);
	while (!(yes = s->n_synced == map_len(&s->all)) && !atomic_load(&s->stopping))
		if (deadline_ns <= 0 || !clock_cond_wait(&s->cond, &s->lock, deadline_ns))
			break;
	pthread_mutex_unlock(&s->lock);
	return yes;
}

bool informer_synced(struct informer *i, int64_t deadline_ns)
{
	struct informer_set *s = i->set;
	bool yes;

	pthread_mutex_lock(&s->lock);
	while (!(yes = i->synced) && !atomic_load(&s->stopping))
		if (deadline_ns <= 0 || !clock_cond_wait(&s->cond, &s->lock, deadline_ns))
			break;
	yes = yes && !atomic_load(&s->stopping);
	pthread_mutex_unlock(&s->lock);
	return yes;
}

void informer_set_stop(struct informer_set *s)
{
	pthread_mutex_lock(&s->lock);
	atomic_store(&s->stopping, true);
	pthread_cond_broadcast(&s->cond);
	pthread_mutex_unlock(&s->lock);
	if (!s->started)
		return;
	http_wake(rest_http(s->rest));
	pthread_join(s->thread, NULL);
	s->started = false;
}

void informer_set_free(struct informer_set *s)
{
	if (!s)
		return;
	informer_set_stop(s);
	rest_free(s->rest);
	heap_release(&s->timers);
	for (struct map_iter it = {0}; map_next(&s->all, &it);) {
		struct informer *i = it.value;

		informer_store_release(&i->store);
		pthread_mutex_destroy(&i->deliver);
		lines_release(&i->lines);
		buf_release(&i->error_body);
		free(i->handlers);
		free(i->query);
		free(i->cont);
		free(i);
	}
	map_release(&s->all);
	pthread_cond_destroy(&s->cond);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

const void *informer_get(struct informer *i, const char *key)
{
	return informer_store_get(&i->store, key);
}

size_t informer_list(struct informer *i, size_t index, const char *index_key, const void ***ret)
{
	return informer_store_list(&i->store, index, index_key, ret);
}

size_t informer_len(struct informer *i)
{
	return informer_store_len(&i->store);
}

uint64_t informer_last_rv(struct informer *i)
{
	return atomic_load(&i->rv);
}
