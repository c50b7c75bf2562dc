/* SPDX-License-Identifier: Apache-2.0 */
/* What happens while other things go on: writes and waits that hold no thread, resources that come and go, observers. */
#include "storage/cache/storage_rig_test.h"
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include "storage/storage_rig.h"

/* ---- writes that hold no thread ---- */

#define CHAINS 200
struct chains {
	struct env *e;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	int left;
};
struct chain { /* create, update, refused update, delete; each from the one before's done */
	struct storage_write w;
	struct chains *of;
	struct obj *draft, *first, *second;
	char name[16];
	int step;
};

static void chain_end(struct chain *c)
{
	struct chains *of = c->of;
	obj_unref(c->draft);
	obj_unref(c->first);
	obj_unref(c->second);
	free(c);
	pthread_mutex_lock(&of->lock);
	if (!--of->left)
		pthread_cond_signal(&of->cond);
	pthread_mutex_unlock(&of->lock);
}

static void chain_done(struct storage_write *w)
{
	struct chain *c = CONTAINER_OF(w, struct chain, w);
	switch (c->step++) {
	case 0:
		assert_int_equal(w->err.reason, REASON_NONE);
		c->first = w->result;
		break;
	case 1:
		assert_int_equal(w->err.reason, REASON_NONE);
		assert_true(w->result->rv > c->first->rv);
		assert_int_equal(w->result->create_rv, c->first->create_rv);
		c->second = w->result;
		break;
	case 2:
		assert_int_equal(w->err.reason, REASON_CONFLICT);
		assert_null(w->result);
		break;
	default:
		assert_int_equal(w->err.reason, REASON_NONE);
		assert_true(w->result->rv > c->second->rv);
		assert_string_equal(w->result->uid, c->second->uid);
		obj_unref(w->result);
		chain_end(c);
		return;
	}
	w->op = c->step < 3 ? WRITE_UPDATE : WRITE_DELETE;
	w->old = c->step < 3 ? c->first : c->second;
	storage_submit(w);
}

static void writes_hold_no_thread(void **state)
{
	struct env *e = *state;
	struct chains all = {.e = e, .left = CHAINS};
	pthread_mutex_init(&all.lock, NULL);
	clock_cond_init(&all.cond);
	for (int i = 0; i < CHAINS; i++) {
		struct chain *c = MEM_NEW(struct chain);
		c->of = &all;
		snprintf(c->name, sizeof(c->name), "c%d", i);
		c->draft = draft(e->pods, "ns", c->name, "");
		c->w = (struct storage_write){
			.op = WRITE_CREATE, .resource = e->pods, .draft = c->draft, .done = chain_done};
		storage_submit(&c->w);
	}
	pthread_mutex_lock(&all.lock);
	while (all.left)
		assert_true(clock_cond_wait(&all.cond, &all.lock, clock_mono_ns() + LONG_NS));
	pthread_mutex_unlock(&all.lock);
	make_fresh(e);
	assert_int_equal(resource_count(e->pods), 0);
	pthread_mutex_destroy(&all.lock);
	pthread_cond_destroy(&all.cond);
}

struct told {
	struct storage_wait w;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool told;
};

static void tell(struct storage_wait *w)
{
	struct told *t = CONTAINER_OF(w, struct told, w);
	pthread_mutex_lock(&t->lock);
	t->told = true;
	pthread_cond_signal(&t->cond);
	pthread_mutex_unlock(&t->lock);
}

static void freshness_is_told(void **state)
{
	struct env *e = *state;
	struct told t = {.w.done = tell};
	pthread_mutex_init(&t.lock, NULL);
	clock_cond_init(&t.cond);
	for (int round = 0; round < 3; round++) {
		/* what there is; what will be; what will never be */
		t.told = false;
		if (round == 2)
			clock_real();
		t.w.rv = round == 0 ? 0 : storage_revision(e->s) + (round == 1 ? 1 : 1000);
		t.w.deadline_ns = clock_mono_ns() + (round == 2 ? 50 * NS_PER_MS : LONG_NS);
		storage_when_fresh(e->s, &t.w);
		if (round == 1)
			obj_unref(create(e->pods, "ns", "x", ""));
		pthread_mutex_lock(&t.lock);
		while (!t.told)
			clock_cond_wait(&t.cond, &t.lock, CLOCK_NEVER);
		pthread_mutex_unlock(&t.lock);
		assert_int_equal(t.w.err.reason, round == 2 ? REASON_TIMEOUT : REASON_NONE);
	}
	assert_non_null(strstr(t.w.err.msg, "Too large resource version: "));
	pthread_mutex_destroy(&t.lock);
	pthread_cond_destroy(&t.cond);
}

/* ---- resources that come and go ---- */

struct load {
	struct env *e;
	atomic_bool stop;
	atomic_int stored;  /* widgets */
	atomic_int allowed; /* that many: nobody's window is overrun while this process hardly runs */
};
#define AHEAD (WINDOW_MAX / 4)

/* As another apiserver would: this one knows nothing of it before the store tells. */
static void *store_widgets(void *arg)
{
	struct load *l = arg;
	struct store *store = l->e->s->store;
	while (!atomic_load(&l->stop)) {
		struct err err = ERR_INIT;
		uint64_t rev;
		int n = atomic_load(&l->stored);
		if (n >= atomic_load(&l->allowed)) {
			sched_yield();
			continue;
		}
		autofree char *key = mem_printf("%s/example.com/widgets/ns/w%d", l->e->prefix, n);
		autofree char *value = mem_printf(
			"{\"kind\":\"Widget\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"w%d\",\"namespace\":\"ns\",\"uid\":\"u%d\"}}",
			n, n);
		struct store_write w = {.key = key, .value = value, .len = strlen(value)};
		assert_int_equal(store_rig_write(store, &w, &rev, &err), 0);
		atomic_fetch_add(&l->stored, 1);
	}
	return NULL;
}

static void *make_pods(void *arg)
{
	struct load *l = arg;
	for (int i = 0; !atomic_load(&l->stop); i++) {
		struct err err = ERR_INIT;
		char name[16];
		snprintf(name, sizeof(name), "p%d", i);
		autoobj struct obj *o = create(l->e->pods, "ns", name, "");
		assert_int_equal(storage_delete(l->e->pods, o, NULL, &err), 0);
	}
	return NULL;
}

/* Kinds outlive the storage, which is closed when the test has returned: they are static. */
static struct kind widget_kind(unsigned id)
{
	struct kind k = {.id = id,
			 .group = "example.com",
			 .version = "v1",
			 .kind = "Widget",
			 .resource = "widgets",
			 .namespaced = true,
			 .storage = "example.com/widgets"};
	return k;
}

static void no_holes(struct resource *r, int at_least)
{
	struct query q = {.ns = ""};
	struct obj_list list = {0};
	struct err err = ERR_INIT;
	assert_int_equal(storage_list(r, &q, 0, NULL, 0, &list, &err), 0);
	assert_true((int)list.n >= at_least);
	for (size_t i = 0; i < list.n; i++) {
		char name[32];
		snprintf(name, sizeof(name), "w%zu", i);
		autoobj struct obj *o = storage_get(r, "ns", name);
		assert_non_null(o);
	}
	obj_list_release(&list);
}

static void serve_for_a_while(struct load *l, const struct kind *k)
{
	struct env *e = l->e;
	struct err err = ERR_INIT;
	struct query q = {.ns = ""};
	struct watch_event ev;
	struct waiting wait;
	waiting_init(&wait);
	int before = atomic_load(&l->stored);
	assert_int_equal(storage_add_resource(e->s, k, &err), 0);
	struct resource *r = storage_resource(e->s, k);
	no_holes(r, before);
	struct watcher *w = watch_open(r, &q, 0, false, false, wake_waiting, &wait, &err);
	assert_non_null(w);
	atomic_store(&l->allowed, atomic_load(&l->stored) + AHEAD);
	assert_true(next(w, &wait, &ev)); /* the other one goes on writing */
	assert_int_equal(ev.type, WATCH_ADDED);
	obj_unref(ev.obj);
	autoobj struct obj *last = storage_get(r, "ns", "w0");
	assert_non_null(last);
	no_holes(r, atomic_load(&l->stored));
	storage_remove_resource(e->s, k);
	int rc;
	while ((rc = watch_next(w, &ev, &err)) == 1)
		obj_unref(ev.obj);
	assert_int_equal(rc, -1);
	assert_int_equal(err.reason, REASON_EXPIRED);
	watch_close(w);
	assert_int_equal(resource_count(r), 0);
	assert_null(storage_get(r, "ns", "w0"));
	assert_ptr_equal(storage_resource(e->s, k), r);
	assert_int_equal(storage_delete(r, last, NULL, &err), -1);
	assert_int_equal(err.reason, REASON_NOT_FOUND);
	assert_null(watch_open(r, &q, 0, true, false, wake_waiting, &wait, &err));
	pthread_mutex_destroy(&wait.lock);
	pthread_cond_destroy(&wait.cond);
}

static size_t count_gone(const struct storage *s)
{
	size_t n = 0;
	for (const struct resource *r = s->gone; r; r = r->gone_next)
		n++;
	return n;
}

/* What is removed stays for whoever can still hold it: a request by its pin, a watcher by itself. */
static void removed_resources_wait_for_their_holders(void **state)
{
	struct env *e = *state;
	struct err err = ERR_INIT;
	struct query q = {.ns = ""};
	struct watch_event ev;
	static struct kind a, b;
	a = widget_kind(300), b = widget_kind(301);
	a.storage_kind = &a;
	b.storage_kind = &b;
	assert_int_equal(storage_add_resource(e->s, &a, &err), 0);
	struct resource *r = storage_resource(e->s, &a);
	struct watcher *w = watch_open(r, &q, 0, false, false, no_wake, NULL, &err);
	assert_non_null(w);
	struct schema_pin pin = schema_pin(e->schema);
	storage_remove_resource(e->s, &a);
	for (int i = 0; i < 4; i++) {
		if (i == 1)
			schema_unpin(e->schema, &pin);
		assert_int_equal(storage_add_resource(e->s, &b, &err), 0);
		storage_remove_resource(e->s, &b);
		assert_int_equal(resource_count(r), 0);
		assert_int_equal(watch_next(w, &ev, &err), -1);
		assert_ptr_equal(storage_resource(e->s, &a), r);
	}
	watch_close(w);
	/* the sink may hold a pin just now */
	int64_t deadline = clock_mono_ns() + LONG_NS;
	do {
		assert_int_equal(storage_add_resource(e->s, &b, &err), 0);
		storage_remove_resource(e->s, &b);
		sched_yield();
	} while (count_gone(e->s) > 1 && clock_mono_ns() < deadline);
	assert_true(count_gone(e->s) <= 1);
	assert_null(storage_resource(e->s, &a));
}

/* Who watches a kind that goes is told the end of each of its objects before that of the watch. */
static void a_removed_resource_says_what_has_happened(void **state)
{
	struct env *e = *state;
	struct err err = ERR_INIT;
	struct query q = {.ns = ""};
	struct watch_event ev;
	static struct kind k;
	k = widget_kind(302);
	k.storage_kind = &k;
	assert_int_equal(storage_add_resource(e->s, &k, &err), 0);
	struct resource *r = storage_resource(e->s, &k);
	struct watcher *w = watch_open(r, &q, 0, false, false, no_wake, NULL, &err);
	assert_non_null(w);
	autoobj struct obj *o = create(r, "ns", "w", ""), *gone = NULL;
	assert_int_equal(storage_delete(r, o, &gone, &err), 0);
	storage_remove_resource(e->s, &k);
	assert_int_equal(watch_next(w, &ev, &err), 1);
	assert_int_equal(ev.type, WATCH_ADDED);
	obj_unref(ev.obj);
	assert_int_equal(watch_next(w, &ev, &err), 1);
	assert_int_equal(ev.type, WATCH_DELETED);
	assert_int_equal(ev.rv, gone->rv);
	obj_unref(ev.obj);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(watch_next(w, &ev, &err), -1);
		assert_int_equal(err.reason, REASON_EXPIRED);
	}
	watch_close(w);
}

/* The engine as it is, but for lists, which are counted. */
static atomic_int lists;
static const struct store_engine *counted;

static int count_list(struct store *store, const char *prefix, store_each_fn *each, void *arg,
		      uint64_t *ret_rev, struct err *err)
{
	atomic_fetch_add(&lists, 1);
	return counted->list(store, prefix, each, arg, ret_rev, err);
}

/* new_kinds_cost_no_reading exchanges the engine of an open store. The compactor may look at it meanwhile; for that both
   are the same, but the thread sanitizer cannot know. */
const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
	return "race:new_kinds_cost_no_reading\n";
}

static int lists_to_add(struct env *e, const struct kind *k, size_t want)
{
	struct err err = ERR_INIT;
	int before = atomic_load(&lists);
	assert_int_equal(storage_add_resource(e->s, k, &err), 0);
	assert_int_equal(resource_count(storage_resource(e->s, k)), want);
	return atomic_load(&lists) - before;
}

/* The store, which may have to read all that it has, is asked only where something may be. */
static void new_kinds_cost_no_reading(void **state)
{
	struct env *e = *state;
	static struct kind a, b;
	a = widget_kind(310), b = widget_kind(311);
	struct store_engine engine = *(counted = e->s->store->engine);
	a.storage_kind = &a;
	b.storage_kind = &b;
	engine.list = count_list;
	e->s->store->engine = &engine;
	assert_int_equal(lists_to_add(e, &a, 0), 0);
	/* in the place of one that holds nothing */
	assert_int_equal(lists_to_add(e, &b, 0), 0);
	storage_remove_resource(e->s, &a);
	obj_unref(create(storage_resource(e->s, &b), "ns", "one", ""));
	/* ... of one that holds something, and after it was not served for a while */
	assert_int_equal(lists_to_add(e, &a, 1), 1);
	storage_remove_resource(e->s, &b);
	storage_remove_resource(e->s, &a);
	assert_int_equal(lists_to_add(e, &a, 1), 1);
	storage_remove_resource(e->s, &a);
	/* ... and of what was there at the start */
	e->s->store->engine = counted;
	storage_close(e->s);
	e->s = open_storage(e);
	e->s->store->engine = &engine;
	assert_int_equal(lists_to_add(e, &a, 1), 1);
	e->s->store->engine = counted;
}

struct held_up {
	struct storage_write w;
	sem_t begun, go_on;
};

static void hold_up(struct storage_write *w)
{
	struct held_up *h = CONTAINER_OF(w, struct held_up, w);
	sem_post(&h->begun);
	while (sem_wait(&h->go_on) < 0)
		;
}

static void submit_held_up(struct held_up *h, struct resource *r, struct obj *draft)
{
	h->w = (struct storage_write){.op = WRITE_CREATE, .resource = r, .draft = draft, .done = hold_up};
	sem_init(&h->begun, 0, 0);
	sem_init(&h->go_on, 0, 0);
	storage_submit(&h->w);
}

static void let_end(struct held_up *h)
{
	sem_post(&h->go_on);
	obj_unref(h->w.result);
}

/* A write may have begun when its kind was another one: what has come in its place learns of it. */
static void a_write_under_way_reaches_what_was_added_anew(void **state)
{
	struct env *e = *state;
	struct err err = ERR_INIT;
	static struct kind a, b;
	a = widget_kind(300), b = widget_kind(301);
	static struct held_up before, late; /* the writer may still be in them when all is over */
	if (e->transport)		    /* nothing could be listed while etcd's loop stands still */
		return;
	a.storage_kind = &a;
	b.storage_kind = &b;
	assert_int_equal(storage_add_resource(e->s, &a, &err), 0);
	struct schema_pin pin = schema_pin(e->schema);
	autoobj struct obj *pod = draft(e->pods, "ns", "before", "");
	autoobj struct obj *widget = draft(storage_resource(e->s, &a), "ns", "late", "");
	submit_held_up(&before, e->pods, pod);
	while (sem_wait(&before.begun) < 0)
		;
	submit_held_up(&late, storage_resource(e->s, &a), widget);
	storage_remove_resource(e->s, &a);
	assert_int_equal(storage_add_resource(e->s, &b, &err), 0);
	let_end(&before);
	while (sem_wait(&late.begun) < 0)
		;
	enum reason reason = late.w.err.reason;
	let_end(&late);
	schema_unpin(e->schema, &pin);
	assert_int_equal(reason, REASON_NONE);
	autoobj struct obj *there = storage_get(storage_resource(e->s, &b), "ns", "late");
	assert_non_null(there);
	assert_ptr_equal(there->kind, &b);
	storage_remove_resource(e->s, &b);
}

static void resources_come_and_go_under_load(void **state)
{
	struct env *e = *state;
	size_t places = e->s->n_resources;
	struct load l = {.e = e, .allowed = AHEAD};
	static struct kind kinds[12], shared;
	shared = widget_kind(9000);
	struct err err = ERR_INIT;
	pthread_t t[] = {thread_start("widgets", store_widgets, &l), thread_start("pods", make_pods, &l)};
	while (!atomic_load(&l.stored))
		sched_yield();
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		kinds[i] = widget_kind(100 + 77 * (unsigned)i);
		kinds[i].storage_kind = &kinds[i];
		serve_for_a_while(&l, &kinds[i]);
	}
	atomic_store(&l.stop, true);
	for (size_t i = 0; i < ARRAY_LEN(t); i++)
		pthread_join(t[i], NULL);
	/* Those that nobody can hold any more are freed when kinds come and go: what the load held until its end goes with
	   the next ones, and places are taken again. */
	static struct kind later;
	later = widget_kind(8000);
	later.storage_kind = &later;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(storage_add_resource(e->s, &later, &err), 0);
		storage_remove_resource(e->s, &later);
	}
	assert_true(count_gone(e->s) <= 1);
	assert_true(e->s->n_resources <= places + 2);
	/* two versions share one, which stays until the last of them goes */
	static struct kind mine;
	mine = widget_kind(9001);
	mine.storage_kind = shared.storage_kind = &mine;
	assert_int_equal(storage_add_resource(e->s, &mine, &err), 0);
	assert_int_equal(storage_add_resource(e->s, &shared, &err), 0);
	struct resource *r = storage_resource(e->s, &mine);
	assert_ptr_equal(storage_resource(e->s, &shared), r);
	assert_int_equal(resource_count(r), atomic_load(&l.stored));
	storage_remove_resource(e->s, &mine);
	assert_int_equal(resource_count(r), atomic_load(&l.stored));
	storage_remove_resource(e->s, &shared);
	assert_int_equal(resource_count(r), 0);
}

/* Kinds that are added at start are read in one pass, and served by its end. */
static void many_are_filled_at_once(void **state)
{
	struct env *e = *state;
	struct err err = ERR_INIT;
	static struct kind before, mine, shared;
	before = widget_kind(9100), mine = widget_kind(9101), shared = widget_kind(9102);
	before.storage_kind = &before;
	mine.storage_kind = shared.storage_kind = &mine;
	assert_int_equal(storage_add_resource(e->s, &before, &err), 0);
	size_t n = resource_count(storage_resource(e->s, &before));
	obj_unref(create(storage_resource(e->s, &before), "ns", "stored-before", ""));
	storage_remove_resource(e->s, &before);
	storage_hold(e->s);
	assert_int_equal(storage_add_resource(e->s, &mine, &err), 0);
	assert_int_equal(storage_add_resource(e->s, &shared, &err), 0);
	assert_null(storage_resource(e->s, &mine));
	obj_unref(create(resource_of(e, e->s, "", "Pod"), "ns", "meanwhile", ""));
	assert_int_equal(storage_fill(e->s, &err), 0);
	struct resource *r = storage_resource(e->s, &mine);
	assert_non_null(r);
	assert_ptr_equal(storage_resource(e->s, &shared), r);
	assert_int_equal(resource_count(r), n + 1);
	obj_unref(create(r, "ns", "stored-after", ""));
	assert_int_equal(resource_count(r), n + 2);
	storage_remove_resource(e->s, &mine);
	storage_remove_resource(e->s, &shared);
	assert_int_equal(storage_fill(e->s, &err), 0); /* nothing is held */
}

/* ---- observers ---- */

struct tally {
	int present, made, changed, gone;
};

static void count_change(void *arg, const struct obj *old, const struct obj *new)
{
	struct tally *t = arg;
	t->made += !old;
	t->changed += old && new;
	t->gone += !new;
	t->present += (new != NULL) - (old != NULL);
}

static void observers_see_every_change(void **state)
{
	struct env *e = *state;
	struct err err = ERR_INIT;
	struct tally t = {0};
	struct resource_observer o = {.changed = count_change, .arg = &t};
	autoobj struct obj *a = create(e->pods, "ns", "a", "");
	obj_unref(create(e->nodes, "", "a", ""));
	make_fresh(e);
	resource_observe(e->pods, &o);
	assert_int_equal(t.present, 1);
	autoobj struct obj *b = create(e->pods, "ns", "b", "");
	obj_unref(update(e->pods, b, ",\"x\":1", 0));
	assert_int_equal(storage_delete(e->pods, a, NULL, &err), 0);
	make_fresh(e);
	assert_int_equal(t.made, 2);
	assert_int_equal(t.changed, 1);
	assert_int_equal(t.gone, 1);
	assert_int_equal(t.present, 1);
	storage_remove_resource(e->s, resource_kind(e->pods));
	assert_int_equal(t.present, 0);
}

/* ---- the compactor's thread ---- */

/* How often it went to sleep. */
static unsigned long compactor_naps(void)
{
	unsigned long naps = 0;
	glob_t tasks = {0};
	assert_int_equal(glob("/proc/self/task/*/status", 0, NULL, &tasks), 0);
	for (size_t i = 0; i < tasks.gl_pathc; i++) {
		char line[128];
		bool its = false;
		FILE *f = fopen(tasks.gl_pathv[i], "re");
		while (f && fgets(line, sizeof(line), f)) {
			its |= !strcmp(line, "Name:\tstorage-compact\n");
			if (its)
				(void)!sscanf(line, "voluntary_ctxt_switches: %lu", &naps);
		}
		if (f)
			fclose(f);
	}
	globfree(&tasks);
	return naps;
}

/* It knows when the oldest change has to go, so writes that do not make that sooner are no news. */
static void the_compactor_sleeps_through_a_storm(void **state)
{
	struct env *e = *state;
	if (e->transport)
		return;
	clock_fake(clock_wall_ns()); /* however long the storm takes, nothing is due */
	struct resource *leases = resource_of(e, e->s, "", "Lease");
	struct obj *o = create(leases, "ns", "a", "");
	unsigned long naps = 0;
	for (int i = 0; i < WINDOW_KEEP + 1500; i++) {
		if (i == WINDOW_KEEP + 500)
			naps = compactor_naps();
		struct obj *next = update(leases, o, "", WRITE_LAZY);
		obj_unref(o);
		o = next;
	}
	obj_unref(o);
	assert_true(naps);
	assert_in_range(compactor_naps() - naps, 0, 20);
}

/* Passing over all objects is for when the oldest has to go, not for whenever something else is to be done. */
static void objects_are_passed_over_when_one_is_due(void **state)
{
	struct env *e = *state;
	if (e->transport)
		return;
	clock_fake(clock_wall_ns());
	struct resource *events = resource_of(e, e->s, "", "Event");
	obj_unref(create(events, "ns", "a", ""));
	unsigned long sweeps = 0;
	for (int i = 0; i < 50; i++) {
		unsigned long naps = compactor_naps();
		time_t deadline = time(NULL) + LONG_NS / NS_PER_S; /* the house's clock stands still */
		if (i == 10)
			sweeps = compactor_sweeps(e->s->compactor);
		compactor_kick(e->s->compactor);
		while (compactor_naps() == naps && time(NULL) < deadline)
			sched_yield();
		assert_true(compactor_naps() > naps);
	}
	assert_true(sweeps);
	assert_int_equal(compactor_sweeps(e->s->compactor), sweeps);
}

#define SUITE(t) cmocka_unit_test_setup_teardown(t, begin, end)
int main(void)
{
	const struct CMUnitTest tests[] = {SUITE(writes_hold_no_thread),
					   SUITE(freshness_is_told),
					   SUITE(resources_come_and_go_under_load),
					   SUITE(many_are_filled_at_once),
					   SUITE(removed_resources_wait_for_their_holders),
					   SUITE(a_removed_resource_says_what_has_happened),
					   SUITE(new_kinds_cost_no_reading),
					   SUITE(a_write_under_way_reaches_what_was_added_anew),
					   SUITE(observers_see_every_change),
					   SUITE(the_compactor_sleeps_through_a_storm),
					   SUITE(objects_are_passed_over_when_one_is_due)};
	int failed = cmocka_run_group_tests_name("sqlite", tests, begin_sqlite, end_group);
	failed += cmocka_run_group_tests_name("etcd, grpc", tests, begin_grpc, end_group);
	return failed + cmocka_run_group_tests_name("etcd, gateway", tests, begin_gateway, end_group);
}
