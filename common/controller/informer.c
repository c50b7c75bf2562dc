/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of informers on the daemon's loop, and what an event does to a store. How events are come by is in
 * reflector.c.
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
#include "controller/informer_internal.h"
#include "controller/informer_late_internal.h"
#include "object/decode.h"

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
	if (!o->type->rows) {
		if (o->type->release)
			o->type->release(o);
		meta_release(&o->meta);
	}
	free(o);
}

void informer_unref_all(const void **v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		informer_unref(v[i]);
	free(v);
}

static struct informer_object *object_init(struct informer_object *o, const struct informer_type *t)
{
	o->refs = 1;
	o->type = t;
	return o;
}

/* *ret_keep false: the type has no interest in it; its metadata says whose place that is. */
static struct informer_object *decode_tree(const struct informer_type *t, const js *tree, bool *ret_keep)
{
	struct informer_object *o = object_init(mem_zalloc(t->size), t);

	meta_decode(&o->meta, tree, t->meta_flags);
	*ret_keep = t->decode(o, tree);
	return o;
}

/* NULL when malformed. */
static struct informer_object *decode_bytes(const struct informer_type *t, const char *p, size_t n,
					    bool *ret_keep, struct err *err)
{
	if (!t->rows) {
		autojson js *tree = js_parse(p, n, NULL, err);

		return tree ? decode_tree(t, tree, ret_keep) : NULL;
	}
	struct informer_object *o = decode_new(t->rows, p, n, err);

	if (!o)
		return NULL;
	object_init(o, t);
	*ret_keep = !t->keep || t->keep(o);
	return o;
}

void *informer_make(const struct informer_type *t, const char *p, size_t n, struct err *err)
{
	bool keep = false;
	struct informer_object *o = decode_bytes(t, p, n, &keep, err);

	if (!o || keep)
		return o;
	err_set(err, REASON_INVALID, "not a %s of interest", t->kind);
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
	for (size_t k = 0; !i->query && k < i->set->n_any; k++)
		i->set->any[k].fn(i->set->any[k].arg, old, new);
}

/* As the API has it: absent is empty. */
static const char *text(const char *s)
{
	return s ? s : "";
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
		if (i->rewound || (old->meta.rv <= i->list_rv && strcmp(text(old->meta.uid), uid)))
			is = false;
	}
	informer_unref(old);
	return is;
}

/* Takes o. */
static void apply(struct informer *i, struct informer_object *o, bool keep, enum source from)
{
	autobuf struct buf key = BUF_INIT;
	uint64_t rv = o->meta.rv;

	meta_key(&key, o->meta.namespace, text(o->meta.name));
	pthread_mutex_lock(&i->deliver);
	if (from == FROM_WATCH && rv > atomic_load(&i->rv))
		atomic_store(&i->rv, rv);
	if (stale(i, buf_str(&key), rv, text(o->meta.uid), from)) {
		informer_unref(o);
	} else {
		if (from == FROM_LIST)
			o->seen = i->generation;
		if (!keep)
			informer_unref(o);
		replace(i, buf_str(&key), keep ? o : NULL);
	}
	pthread_mutex_unlock(&i->deliver);
}

static int apply_bytes(struct informer *i, const char *p, size_t n, enum source from, struct err *err)
{
	bool keep;
	struct informer_object *o = decode_bytes(i->type, p, n, &keep, err);

	if (!o)
		return -1;
	apply(i, o, keep, from);
	return 0;
}

int informer_apply_listed(struct informer *i, const char *p, size_t n, struct err *err)
{
	return apply_bytes(i, p, n, FROM_LIST, err);
}

int informer_apply_watched(struct informer *i, const char *p, size_t n, struct err *err)
{
	return apply_bytes(i, p, n, FROM_WATCH, err);
}

int informer_apply_deleted(struct informer *i, const char *p, size_t n, struct err *err)
{
	autobuf struct buf key = BUF_INIT;
	bool keep;
	struct informer_object *last = decode_bytes(i->type, p, n, &keep, err), *old;

	if (!last)
		return -1;
	meta_key(&key, last->meta.namespace, text(last->meta.name));
	pthread_mutex_lock(&i->deliver);
	if (last->meta.rv > atomic_load(&i->rv))
		atomic_store(&i->rv, last->meta.rv);
	old = informer_store_get(&i->store, buf_str(&key));
	/* Newer in the store: a writer has already put the successor there. */
	if (old && old->meta.rv <= last->meta.rv)
		replace(i, buf_str(&key), NULL);
	informer_unref(old);
	pthread_mutex_unlock(&i->deliver);
	informer_unref(last);
	return 0;
}

void informer_inject_bytes(struct informer *i, const char *p, size_t n)
{
	struct err ignored = ERR_INIT; /* the watch will bring it */

	(void)apply_bytes(i, p, n, FROM_WRITER, &ignored);
}

void informer_inject(struct informer *i, const js *tree)
{
	bool keep;

	if (i->type->rows) {
		autobuf struct buf b = BUF_INIT;

		js_write(&b, tree);
		informer_inject_bytes(i, buf_str(&b), b.len);
	} else {
		struct informer_object *o = decode_tree(i->type, tree, &keep);

		apply(i, o, keep, FROM_WRITER);
	}
}

void informer_bookmark(struct informer *i, uint64_t rv)
{
	if (rv > atomic_load(&i->rv))
		atomic_store(&i->rv, rv);
}

/* Lists leave a heap full of holes behind; what follows is small and steady. */
static void settle(struct informer_set *s)
{
	malloc_trim(0);
	if (s->on_synced)
		s->on_synced(s->on_synced_arg);
}

/* Under the lock. One that is added to a set that has settled does not unsettle it: its user waits for it alone. */
static bool all_synced(const struct informer_set *s)
{
	return s->settled || s->n_synced == map_len(&s->all) - s->n_late;
}

static void mark_synced(struct informer *i)
{
	struct informer_set *s = i->set;
	bool settles, first;

	pthread_mutex_lock(&s->lock);
	first = !i->synced;
	if (first) {
		i->synced = true;
		s->n_synced += !i->late;
		pthread_cond_broadcast(&s->cond);
	}
	settles = !s->settled && all_synced(s);
	s->settled = s->settled || settles;
	pthread_mutex_unlock(&s->lock);
	for (size_t k = 0; !i->query && k < s->n_any; k++)
		if (s->any[k].listed)
			s->any[k].listed(s->any[k].arg);
	if (first && s->on_listed)
		s->on_listed(s->on_listed_arg);
	if (settles)
		settle(s);
}

static bool vanished(void *arg, const struct informer_object *o)
{
	const struct informer *i = arg;

	return i->stopped || (o->seen != i->generation && (o->meta.rv <= i->list_rv || i->rewound));
}

/* Under deliver. */
static void drop_vanished(struct informer *i)
{
	char **keys;
	size_t n = informer_store_pick(&i->store, vanished, i, &keys);

	for (size_t k = 0; k < n; k++) {
		replace(i, keys[k], NULL);
		free(keys[k]);
	}
	free(keys);
}

void informer_emptied(struct informer *i)
{
	pthread_mutex_lock(&i->deliver);
	drop_vanished(i);
	pthread_mutex_unlock(&i->deliver);
}

void informer_list_applied(struct informer *i)
{
	pthread_mutex_lock(&i->deliver);
	drop_vanished(i);
	atomic_store(&i->rv, i->list_rv);
	pthread_mutex_unlock(&i->deliver);
	i->need_list = false;
	i->generation++;
	mark_synced(i);
}

/* ---- the loop ---- */

void informer_schedule(struct informer *i, int64_t delay_ns)
{
	loop_timer_set(i->set->loop, &i->timer, clock_mono_ns() + delay_ns);
}

static void adopt_fresh(void *arg)
{
	struct informer_set *s = arg;
	struct list *l;

	pthread_mutex_lock(&s->lock);
	while (!atomic_load(&s->stopping) && (l = list_pop_front(&s->fresh)))
		informer_schedule(list_entry(l, struct informer, link), 0);
	pthread_mutex_unlock(&s->lock);
}

static void leave_loop(void *arg)
{
	struct informer_set *s = arg;

	for (struct map_iter it = {0}; map_next(&s->all, &it);) {
		struct informer *i = it.value;

		if (i->call)
			http_abort(STEAL(i->call));
		loop_timer_set(s->loop, &i->timer, CLOCK_NEVER);
	}
}

/* ---- public ---- */

struct informer_set *informer_set_new(struct rest *r)
{
	struct informer_set *s = MEM_NEW(struct informer_set);

	s->rest = r;
	s->loop = rest_loop(r);
	pthread_mutex_init(&s->lock, NULL);
	clock_cond_init(&s->cond);
	list_init(&s->fresh);
	list_init(&s->want_list);
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
	i->timer = (struct loop_timer){.fn = reflector_start, .arg = i};
	pthread_mutex_init(&i->deliver, NULL);
	informer_store_init(&i->store, t);
	return i;
}

struct informer *informer_join(struct informer_set *s, const char *key, const struct informer_type *t,
			       const char *query)
{
	struct informer *i = informer_new(s, t, query);

	map_set(&s->all, key, i);
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
		i = informer_join(s, key, t, query);
		list_push_back(&s->fresh, &i->link);
	}
	if (h) {
		i->handlers = mem_realloc_array(i->handlers, i->n_handlers + 1, sizeof(*i->handlers));
		i->handlers[i->n_handlers++] = (struct handler){h, arg};
	}
	if (s->started)
		loop_post(s->loop, adopt_fresh, s);
	pthread_mutex_unlock(&s->lock);
	return i;
}

void informer_set_on_any(struct informer_set *s, informer_handler *h, loop_fn *listed, void *arg)
{
	s->any = mem_realloc_array(s->any, s->n_any + 1, sizeof(*s->any));
	s->any[s->n_any++] = (struct any){h, listed, arg};
}

void informer_set_on_synced(struct informer_set *s, loop_fn *fn, void *arg)
{
	s->on_synced = fn;
	s->on_synced_arg = arg;
}

void informer_set_on_listed(struct informer_set *s, loop_fn *fn, void *arg)
{
	s->on_listed = fn;
	s->on_listed_arg = arg;
}

void informer_set_start(struct informer_set *s)
{
	pthread_mutex_lock(&s->lock);
	s->started = true;
	loop_post(s->loop, adopt_fresh, s);
	pthread_mutex_unlock(&s->lock);
}

bool informer_set_synced(struct informer_set *s, int64_t deadline_ns)
{
	bool yes;

	pthread_mutex_lock(&s->lock);
	while (!(yes = all_synced(s)) && !atomic_load(&s->stopping))
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
	loop_finish(s->loop, leave_loop, s); /* after the posts of ours that are under way */
}

void informer_set_free(struct informer_set *s)
{
	if (!s)
		return;
	informer_set_stop(s);
	for (struct map_iter it = {0}; map_next(&s->all, &it);) {
		struct informer *i = it.value;

		informer_store_release(&i->store);
		pthread_mutex_destroy(&i->deliver);
		lines_release(&i->lines);
		buf_release(&i->error_body);
		free(i->handlers);
		free(i->query);
		free(i->cont);
		if (i->late)
			informer_late_free_type(i);
		free(i);
	}
	map_release(&s->all);
	free(s->any);
	pthread_cond_destroy(&s->cond);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

struct informer_set *informer_get_set(struct informer *i)
{
	return i->set;
}

const struct informer_type *informer_get_type(const struct informer *i)
{
	return i->type;
}

size_t informer_set_list(struct informer_set *s, struct informer ***ret)
{
	size_t n = 0;

	pthread_mutex_lock(&s->lock);
	*ret = mem_array(map_len(&s->all) + 1, sizeof(struct informer *));
	for (struct map_iter it = {0}; map_next(&s->all, &it);) {
		struct informer *i = it.value;

		if (!i->query && !i->type->keep)
			(*ret)[n++] = i;
	}
	pthread_mutex_unlock(&s->lock);
	return n;
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
