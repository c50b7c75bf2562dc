/* SPDX-License-Identifier: Apache-2.0 */
/* The cache without a store: the test is the sink. */
#include "storage/cache/resource_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/thread.h"
#include "storage/cache/revision_internal.h"

static struct selectable pod_fields[] = {{.field = "spec.nodeName", .bucket = true},
					 {.field = "status.phase"}};
static const struct kind pods = {.group = "",
				 .version = "v1",
				 .kind = "Pod",
				 .resource = "pods",
				 .namespaced = true,
				 .storage = "pods",
				 .selectable = pod_fields,
				 .n_selectable = 2};

struct fixture {
	struct resource r;
	struct revision revision;
	uint64_t rev;
};

static struct obj *pod(const char *ns, const char *name, const char *node, const char *app, uint64_t rv)
{
	struct err err = ERR_INIT;
	autofree char *text = mem_printf(
		"{\"metadata\":{\"name\":\"%s\",\"namespace\":\"%s\",\"uid\":\"u\",\"labels\":{\"app\":\"%s\"}},"
		"\"spec\":{\"nodeName\":\"%s\"}}",
		name, ns, app, node);
	struct obj *o = obj_load(&pods, text, strlen(text), rv, rv, &err);
	assert_non_null(o);
	return o;
}

static uint64_t put(struct fixture *f, const char *ns, const char *name, const char *node, const char *app)
{
	struct obj *o = pod(ns, name, node, app, ++f->rev);
	resource_apply(&f->r, o->key, o, f->rev, NULL);
	revision_advance(&f->revision, f->rev);
	resource_wake(&f->r);
	return f->rev;
}

static uint64_t del(struct fixture *f, const char *key)
{
	resource_apply(&f->r, key, NULL, ++f->rev, NULL);
	revision_advance(&f->revision, f->rev);
	resource_wake(&f->r);
	return f->rev;
}

static int begin(void **state)
{
	struct fixture *f = MEM_NEW(struct fixture);
	f->rev = 100;
	revision_init(&f->revision, f->rev);
	resource_init(&f->r, NULL, &pods, &f->revision, WINDOW_MAX);
	resource_load(&f->r, NULL, 0, f->rev, f->rev);
	*state = f;
	return 0;
}

static int end(void **state)
{
	struct fixture *f = *state;
	resource_release(&f->r);
	revision_release(&f->revision);
	free(f);
	clock_real();
	return 0;
}

/* ---- order ---- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void order_agrees_with_a_sorted_array(void **state)
{
	enum { N = 1500 };
	static char names[N][8];
	char *sorted[N];
	bool there[N] = {false};
	struct cache_order o = {0};
	unsigned seed = 7;
	for (int i = 0; i < N; i++)
		snprintf(names[i], sizeof(names[i]), "p%04d", (i * 7919) % 10000);
	for (int step = 0; step < 12000; step++) {
		int i = rand_r(&seed) % N;
		char key[16];
		snprintf(key, sizeof(key), "n/%s", names[i]);
		if (rand_r(&seed) % 3 != 0 && step < 9000) {
			struct obj *old = cache_order_put(&o, pod("n", names[i], "", "", 1));
			assert_int_equal(old != NULL, there[i]);
			obj_unref(old);
			there[i] = true;
		} else {
			struct obj *old = cache_order_del(&o, key);
			assert_int_equal(old != NULL, there[i]);
			obj_unref(old);
			there[i] = false;
		}
	}
	size_t n = 0;
	for (int i = 0; i < N; i++)
		if (there[i])
			sorted[n++] = names[i];
	assert_int_equal(o.count, n);
	qsort(sorted, n, sizeof(sorted[0]), by_text);
	/* every range between every 13th key, from it and behind it */
	for (size_t lo = 0; lo < n; lo += 13) {
		for (size_t hi = lo; hi < n; hi += 101) {
			struct cache_order_snapshot s;
			struct obj *p;
			char a[16], b[16];
			snprintf(a, sizeof(a), "n/%s", sorted[lo]);
			snprintf(b, sizeof(b), "n/%s", sorted[hi]);
			bool behind = lo % 2;
			cache_order_snapshot(&o, behind ? "n/" : a, b, behind ? a : NULL, &s);
			size_t at = lo + behind;
			assert_int_equal(s.left, hi > at ? hi - at : 0);
			while ((p = cache_order_next(&s)))
				assert_string_equal(p->name, sorted[at++]);
			assert_int_equal(at, hi > lo + behind ? hi : lo + behind);
			cache_order_snapshot_release(&s);
		}
	}
	cache_order_release(&o);
}

static void snapshots_do_not_change(void **state)
{
	struct cache_order o = {0};
	struct cache_order_snapshot s, empty;
	struct obj *p;
	char name[8];
	for (int i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "p%04d", i);
		cache_order_put(&o, pod("n", name, "old", "", 1));
	}
	cache_order_snapshot(&o, NULL, NULL, NULL, &s);
	cache_order_snapshot(&o, "o", NULL, NULL, &empty);
	assert_null(cache_order_next(&empty));
	cache_order_snapshot_release(&empty);
	for (int i = 0; i < 500; i++) {
		char key[16];
		snprintf(name, sizeof(name), "p%04d", i);
		snprintf(key, sizeof(key), "n/%s", name);
		obj_unref(i % 2 ? cache_order_del(&o, key)
				: cache_order_put(&o, pod("n", name, "new", "", 2)));
	}
	int n = 0;
	while ((p = cache_order_next(&s))) {
		assert_string_equal(p->fields[0], "old");
		n++;
	}
	assert_int_equal(n, 500);
	assert_int_equal(o.count, 250);
	cache_order_snapshot_release(&s);
	cache_order_release(&o);
}

/* ---- window ---- */

static void window_keeps_what_is_young_and_bounds_it(void **state)
{
	struct fixture *f = *state;
	clock_fake(NS_PER_S);
	for (int i = 0; i < 3000; i++)
		put(f, "n", "a", "", "");
	struct cache_event_window *w = &f->r.window;
	assert_int_equal(w->head - w->tail, 3000); /* all young */
	clock_advance(WINDOW_YOUNG_NS + 1);
	put(f, "n", "a", "", "");
	assert_int_equal(w->head - w->tail, WINDOW_KEEP);
	clock_advance(WINDOW_OLD_NS + 1);
	cache_event_window_trim(w, clock_mono_ns());
	assert_int_equal(w->head - w->tail, WINDOW_FLOOR);
	assert_int_equal(w->start, f->rev - WINDOW_FLOOR);
	assert_true(w->cap <= WINDOW_FLOOR * 4);
	for (int i = 0; i < 20000; i++)
		put(f, "n", "a", "", "");
	assert_int_equal(w->head - w->tail, WINDOW_MAX);
	assert_int_equal(w->cap, WINDOW_MAX);
	/* seek finds the first newer change */
	assert_int_equal(cache_event_window_seek(w, w->start), w->tail);
	assert_int_equal(cache_event_window_at(w, cache_event_window_seek(w, f->rev - 5))->rev, f->rev - 4);
	assert_int_equal(cache_event_window_seek(w, f->rev), w->head);
}

static void window_bounds_bytes(void **state)
{
	struct fixture *f = *state;
	char *label = mem_alloc(1 << 20);
	memset(label, 'x', (1 << 20) - 1);
	label[(1 << 20) - 1] = '\0';
	for (int i = 0; i < 40; i++)
		put(f, "n", "a", "", label);
	assert_true(f->r.window.bytes <= WINDOW_BYTES_MIN);
	assert_true(f->r.window.head - f->r.window.tail < 6);
	assert_int_equal(f->r.window.held, obj_size(cache_order_find(&f->r.order, "n/a")));
	/* who holds much may keep more */
	for (int i = 0; i < 40; i++) {
		char name[16];
		snprintf(name, sizeof(name), "b%d", i);
		put(f, "n", name, "", label);
	}
	for (int i = 0; i < 40; i++)
		put(f, "n", "a", "", label);
	assert_true(f->r.window.bytes > 2 * WINDOW_BYTES_MIN && f->r.window.bytes <= f->r.window.held / 4);
	size_t all = f->r.window.held, one = obj_size(cache_order_find(&f->r.order, "n/a"));
	del(f, "n/a");
	assert_int_equal(f->r.window.held, all - one);
	free(label);
}

static void window_forgets_a_storm(void **state)
{
	struct fixture *f = *state;
	struct cache_event_window *w = &f->r.window;
	autofree char *label = mem_printf("%01000d", 0);
	clock_fake(NS_PER_S);
	for (int i = 0; i < 700; i++)
		put(f, "n", "a", "", label);
	assert_true(w->bytes > 2 * WINDOW_BYTES_CALM && cache_event_window_due(w) < CLOCK_NEVER);
	cache_event_window_trim(w, clock_mono_ns());
	assert_int_equal(w->head - w->tail, 700);
	clock_advance(WINDOW_CALM_NS);
	cache_event_window_trim(w, clock_mono_ns());
	assert_true(w->bytes <= WINDOW_BYTES_CALM && cache_event_window_due(w) == CLOCK_NEVER);
}

/* ---- lists ---- */

static char *names_of(const struct obj_list *l)
{
	struct buf b = BUF_INIT;
	for (size_t i = 0; i < l->n; i++) {
		if (i)
			buf_addc(&b, ' ');
		buf_adds(&b, l->v[i]->key);
	}
	return buf_take(&b, NULL);
}

static void expect_list(struct fixture *f, const struct query *q, uint64_t exact, const char *after,
			size_t limit, const char *keys, const char *next, int64_t remaining)
{
	struct obj_list l;
	struct err err = ERR_INIT;
	if (storage_list(&f->r, q, exact, after, limit, &l, &err) < 0)
		fail_msg("%s", err.msg);
	autofree char *got = names_of(&l);
	assert_string_equal(got, keys);
	assert_int_equal(l.rv, exact ? exact : f->rev);
	if (next)
		assert_string_equal(l.next, next);
	else
		assert_null(l.next);
	assert_int_equal(l.remaining, remaining);
	obj_list_release(&l);
}

static void lists_select_and_page(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	put(f, "b", "y", "n1", "web");
	put(f, "a", "x", "n1", "web");
	put(f, "b", "x", "n2", "db");
	put(f, "a-b", "z", "n2", "web");
	put(f, "c", "x", "", "db");
	struct query all = {.ns = "", .kind = &pods};
	expect_list(f, &all, 0, NULL, 0, "a-b/z a/x b/x b/y c/x", NULL, 0);
	expect_list(f, &all, 0, NULL, 2, "a-b/z a/x", "a/x", 3);
	expect_list(f, &all, 0, "a/x", 2, "b/x b/y", "b/y", 1);
	expect_list(f, &all, 0, "b/y", 2, "c/x", NULL, 0);
	expect_list(f, &all, 0, "b/y", 1, "c/x", NULL, 0);
	expect_list(f, &all, 0, "b/xx", 0, "b/y c/x", NULL, 0);
	struct query in_b = {.ns = "b", .kind = &pods};
	expect_list(f, &in_b, 0, NULL, 0, "b/x b/y", NULL, 0);
	expect_list(f, &in_b, 0, NULL, 1, "b/x", "b/x", 1);
	struct query none = {.ns = "bb", .kind = &pods};
	expect_list(f, &none, 0, NULL, 0, "", NULL, 0);

	struct selector *web = selector_parse("app=web", &err);
	struct query labelled = {.ns = "", .labels = web, .kind = &pods};
	expect_list(f, &labelled, 0, NULL, 4, "a-b/z a/x b/y", NULL, -1);
	expect_list(f, &labelled, 0, "b/y", 3, "", NULL, -1);
	expect_list(f, &labelled, 0, NULL, 3, "a-b/z a/x b/y", "b/y", -1); /* something is behind it */

	static const struct {
		const char *ns, *fields, *keys;
	} rows[] = {
		{"", "spec.nodeName=n2", "a-b/z b/x"},
		{"", "spec.nodeName!=n2,metadata.namespace=b", "b/y"},
		{"", "metadata.name=x", "a/x b/x c/x"},
		{"b", "metadata.name=x", "b/x"},
		{"b", "metadata.name=q", ""},
		{"", "spec.nodeName=", "c/x"},
		{"", "status.phase!=", ""},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct field_selector fs;
		assert_int_equal(field_selector_parse(rows[i].fields, &fs, &err), 0);
		struct query q = {.ns = rows[i].ns, .fields = &fs, .kind = &pods};
		expect_list(f, &q, 0, NULL, 0, rows[i].keys, NULL, -1);
		field_selector_release(&fs);
	}
	selector_free(web);
}

static void lists_go_back_in_time(void **state)
{
	struct fixture *f = *state;
	struct query all = {.ns = "", .kind = &pods};
	struct obj_list l;
	struct err err = ERR_INIT;
	put(f, "n", "a", "1", "");
	put(f, "n", "b", "1", "");
	uint64_t then = put(f, "n", "d", "1", "");
	put(f, "n", "a", "2", "");
	put(f, "n", "c", "2", "");
	del(f, "n/b");
	del(f, "n/d");
	put(f, "n", "a", "3", "");
	uint64_t later = put(f, "n", "d", "3", "");
	del(f, "n/c");
	expect_list(f, &all, 0, NULL, 0, "n/a n/d", NULL, 0);
	expect_list(f, &all, then, NULL, 0, "n/a n/b n/d", NULL, 0);
	expect_list(f, &all, then, NULL, 1, "n/a", "n/a", 2);
	expect_list(f, &all, then, "n/a", 1, "n/b", "n/b", 1);
	expect_list(f, &all, then, "n/b", 9, "n/d", NULL, 0);
	expect_list(f, &all, later, NULL, 0, "n/a n/c n/d", NULL, 0);
	assert_int_equal(storage_list(&f->r, &all, then, NULL, 0, &l, &err), 0);
	assert_string_equal(l.v[0]->fields[0], "1");
	assert_string_equal(l.v[2]->fields[0], "1");
	obj_list_release(&l);
	assert_int_equal(storage_list(&f->r, &all, 99, NULL, 0, &l, &err), -1);
	assert_int_equal(err.reason, REASON_EXPIRED);
	assert_int_equal(storage_list(&f->r, &all, f->rev + 1, NULL, 0, &l, &err), -1);
	assert_int_equal(err.reason, REASON_TIMEOUT);
}

/* ---- watches ---- */

static void on_wake(void *arg)
{
	atomic_fetch_add((atomic_int *)arg, 1);
}

static void expect_event(struct watcher *w, enum watch_type type, uint64_t rv, const char *key,
			 const char *node)
{
	struct watch_event ev;
	struct err err = ERR_INIT;
	assert_int_equal(watch_next(w, &ev, &err), 1);
	assert_int_equal(ev.type, type);
	assert_int_equal(ev.rv, rv);
	assert_int_equal(ev.obj->rv, rv);
	assert_string_equal(ev.obj->key, key);
	assert_string_equal(ev.obj->fields[0], node);
	obj_unref(ev.obj);
}

static void expect_nothing(struct watcher *w)
{
	struct watch_event ev;
	struct err err = ERR_INIT;
	assert_int_equal(watch_next(w, &ev, &err), 0);
}

static struct watcher *open_watch(struct fixture *f, const char *ns, const char *fields, uint64_t rv,
				  bool initial, bool end_mark, atomic_int *wakes)
{
	struct err err = ERR_INIT;
	struct field_selector fs = {0};
	assert_int_equal(field_selector_parse(fields, &fs, &err), 0);
	struct query q = {.ns = ns, .fields = &fs, .kind = &pods};
	struct watcher *w = watch_open(&f->r, &q, rv, initial, end_mark, on_wake, wakes, &err);
	field_selector_release(&fs);
	if (!w)
		fail_msg("%s", err.msg);
	return w;
}

static void watch_begins_with_what_is_there(void **state)
{
	struct fixture *f = *state;
	atomic_int wakes = 0;
	struct watch_event ev;
	struct err err = ERR_INIT;
	uint64_t a = put(f, "n", "a", "1", ""), b = put(f, "n", "b", "1", "");
	put(f, "m", "c", "1", "");
	struct watcher *w = open_watch(f, "n", "", 0, true, true, &wakes);
	assert_int_equal(watch_bookmark(w), 0);
	expect_event(w, WATCH_ADDED, a, "n/a", "1");
	uint64_t a2 = put(f, "n", "a", "2", ""); /* while the snapshot is read */
	expect_event(w, WATCH_ADDED, b, "n/b", "1");
	assert_int_equal(watch_next(w, &ev, &err), 1);
	assert_int_equal(ev.type, WATCH_BOOKMARK);
	assert_true(ev.initial_end);
	assert_int_equal(ev.rv, a2 - 1);
	expect_event(w, WATCH_MODIFIED, a2, "n/a", "2");
	expect_nothing(w);
	assert_int_equal(wakes, 0);
	uint64_t gone = del(f, "n/b");
	assert_int_equal(wakes, 1);
	del(f, "n/a"); /* awake already */
	assert_int_equal(wakes, 1);
	expect_event(w, WATCH_DELETED, gone, "n/b", "1");
	expect_event(w, WATCH_DELETED, gone + 1, "n/a", "2");
	expect_nothing(w);
	put(f, "m", "d", "1", ""); /* another namespace: not woken, yet the bookmark moves */
	assert_int_equal(wakes, 1);
	assert_int_equal(watch_bookmark(w), f->rev);
	expect_nothing(w);
	watch_close(w);
}

static void watch_sees_through_its_selector(void **state)
{
	struct fixture *f = *state;
	atomic_int wakes1 = 0, wakes2 = 0, wakes0 = 0;
	struct watcher *w1 = open_watch(f, "", "spec.nodeName=n1", 0, false, false, &wakes1);
	struct watcher *w2 = open_watch(f, "", "spec.nodeName=n2", 0, false, false, &wakes2);
	struct watcher *unbound =
		open_watch(f, "", "spec.nodeName!=n1,spec.nodeName!=n2", 0, false, false, &wakes0);
	expect_nothing(w1);
	expect_nothing(w2);
	expect_nothing(unbound);
	uint64_t a = put(f, "n", "a", "", "");
	assert_int_equal(wakes0, 1);
	assert_int_equal(wakes1 + wakes2, 0);
	uint64_t bound = put(f, "n", "a", "n1", "");
	assert_int_equal(wakes1, 1);
	expect_event(w1, WATCH_ADDED, bound, "n/a", "n1");
	expect_nothing(w1);
	expect_event(unbound, WATCH_ADDED, a, "n/a", "");
	expect_event(unbound, WATCH_DELETED, bound, "n/a", ""); /* the last that was selected */
	uint64_t changed = put(f, "n", "a", "n1", "x");
	expect_event(w1, WATCH_MODIFIED, changed, "n/a", "n1");
	expect_nothing(w1);
	uint64_t moved = put(f, "n", "a", "n2", "x");
	assert_int_equal(wakes1, 3);
	assert_int_equal(wakes2, 1);
	expect_event(w1, WATCH_DELETED, moved, "n/a", "n1");
	expect_event(w2, WATCH_ADDED, moved, "n/a", "n2");
	expect_nothing(w1);
	expect_nothing(w2);
	uint64_t gone = del(f, "n/a");
	assert_int_equal(wakes1, 3);
	expect_event(w2, WATCH_DELETED, gone, "n/a", "n2");
	watch_close(w1);
	watch_close(w2);
	watch_close(unbound);
	assert_int_equal(map_len(&f->r.buckets), 0);
}

static void watch_resumes_inside_the_window(void **state)
{
	struct fixture *f = *state;
	atomic_int wakes = 0;
	struct err err = ERR_INIT;
	struct watch_event ev;
	struct query q = {.ns = "", .kind = &pods};
	uint64_t a = put(f, "n", "a", "1", "");
	uint64_t b = put(f, "n", "b", "1", "");
	struct watcher *w = open_watch(f, "", "", a, false, false, &wakes);
	expect_event(w, WATCH_ADDED, b, "n/b", "1");
	expect_nothing(w);
	watch_close(w);
	/* a revision to come: changes up to it are known to the client */
	w = open_watch(f, "", "", f->rev + 2, false, false, &wakes);
	expect_nothing(w);
	put(f, "n", "c", "1", "");
	put(f, "n", "d", "1", "");
	assert_int_equal(wakes, 0);
	uint64_t e = put(f, "n", "e", "1", "");
	assert_int_equal(wakes, 1);
	expect_event(w, WATCH_ADDED, e, "n/e", "1");
	expect_nothing(w);
	/* too late */
	put(f, "n", "a", "x", "");
	for (int i = 0; i < WINDOW_MAX; i++)
		put(f, "n", "a", "y", "");
	assert_int_equal(watch_next(w, &ev, &err), -1);
	assert_int_equal(err.reason, REASON_EXPIRED);
	watch_close(w);
	assert_null(watch_open(&f->r, &q, a, false, false, on_wake, &wakes, &err));
	assert_int_equal(err.reason, REASON_EXPIRED);
	assert_int_equal(strncmp(err.msg, "too old resource version: 101 (", 31), 0);
}

static void a_sleeping_watch_does_not_expire(void **state)
{
	struct fixture *f = *state;
	atomic_int wakes = 0, other = 0;
	struct watcher *w = open_watch(f, "", "metadata.name=b", 0, false, false, &wakes);
	struct watcher *in_m = open_watch(f, "m", "", 0, false, false, &other);
	expect_nothing(w);
	expect_nothing(in_m);
	for (int i = 0; i < 3 * WINDOW_MAX; i++)
		put(f, "n", "a", "", "");
	assert_int_equal(wakes + other, 0);
	expect_nothing(w);
	assert_int_equal(watch_bookmark(w), f->rev);
	uint64_t b = put(f, "n", "b", "", "");
	assert_int_equal(wakes, 1);
	assert_int_equal(other, 0);
	expect_event(w, WATCH_ADDED, b, "n/b", "");
	expect_nothing(w);
	watch_close(w);
	watch_close(in_m);
}

static void lost_history_is_bridged_or_ended(void **state)
{
	struct fixture *f = *state;
	atomic_int wakes = 0;
	struct err err = ERR_INIT;
	struct watch_event ev;
	put(f, "n", "a", "1", "");
	put(f, "n", "b", "1", "");
	struct watcher *w = open_watch(f, "", "", 0, false, false, &wakes);
	expect_nothing(w);
	struct obj *v[] = {pod("n", "b", "2", "", 205), pod("n", "a", "1", "", 101),
			   pod("n", "c", "2", "", 203)};
	resource_replace(&f->r, v, 3, 210);
	assert_int_equal(wakes, 1);
	expect_event(w, WATCH_ADDED, 203, "n/c", "2");
	expect_event(w, WATCH_MODIFIED, 205, "n/b", "2");
	expect_nothing(w);
	struct obj *fewer[] = {pod("n", "b", "2", "", 205)};
	resource_replace(&f->r, fewer, 1, 220);
	assert_int_equal(wakes, 2);
	assert_int_equal(watch_next(w, &ev, &err), -1);
	assert_int_equal(err.reason, REASON_EXPIRED);
	watch_close(w);
	assert_int_equal(resource_count(&f->r), 1);
}

/* ---- many threads ---- */

struct reader {
	struct fixture *f;
	atomic_bool *stop;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool woken;
	const char *fields;
	_Atomic uint64_t events;
};

static void wake_reader(void *arg)
{
	struct reader *r = arg;
	pthread_mutex_lock(&r->lock);
	r->woken = true;
	pthread_cond_signal(&r->cond);
	pthread_mutex_unlock(&r->lock);
}

static void *watch_main(void *arg)
{
	struct reader *r = arg;
	struct err err = ERR_INIT;
	struct field_selector fs = {0};
	assert_int_equal(field_selector_parse(r->fields, &fs, &err), 0);
	struct query q = {.ns = "", .fields = &fs, .kind = &pods};
	struct watcher *w = watch_open(&r->f->r, &q, 0, true, false, wake_reader, r, &err);
	uint64_t last = 0;
	bool initial = true;
	while (!atomic_load(r->stop)) {
		struct watch_event ev;
		int rc = watch_next(w, &ev, &err);
		if (rc < 0) { /* too slow: as a client would, begin again */
			watch_close(w);
			w = watch_open(&r->f->r, &q, 0, true, false, wake_reader, r, &err);
			initial = true;
			continue;
		}
		if (rc == 0) {
			initial = false;
			pthread_mutex_lock(&r->lock);
			while (!r->woken && !atomic_load(r->stop))
				clock_cond_wait(&r->cond, &r->lock, CLOCK_NEVER);
			r->woken = false;
			pthread_mutex_unlock(&r->lock);
			continue;
		}
		if (!initial)
			assert_true(ev.rv > last);
		last = ev.rv > last ? ev.rv : last;
		r->events++;
		obj_unref(ev.obj);
	}
	watch_close(w);
	field_selector_release(&fs);
	return NULL;
}

static void *list_main(void *arg)
{
	struct reader *r = arg;
	struct query q = {.ns = "", .kind = &pods};
	uint64_t last = 0;
	while (!atomic_load(r->stop)) {
		struct obj_list l, page;
		struct err err = ERR_INIT;
		assert_int_equal(storage_list(&r->f->r, &q, 0, NULL, 0, &l, &err), 0);
		assert_true(l.rv >= last);
		last = l.rv;
		for (size_t i = 0; i < l.n; i++) {
			assert_true(l.v[i]->rv <= l.rv);
			assert_true(!i || strcmp(l.v[i - 1]->key, l.v[i]->key) < 0);
		}
		/* the same revision again, while the world moves on, is the same list */
		if (storage_list(&r->f->r, &q, l.rv, NULL, 0, &page, &err) == 0) {
			assert_int_equal(page.n, l.n);
			for (size_t i = 0; i < l.n; i++)
				assert_int_equal(page.v[i]->rv, l.v[i]->rv);
			obj_list_release(&page);
		}
		obj_list_release(&l);
		r->events++;
	}
	return NULL;
}

static void readers_and_the_sink_do_not_disturb_each_other(void **state)
{
	struct fixture *f = *state;
	static const char *const fields[] = {
		"", "spec.nodeName=n1", "metadata.name=p3", "spec.nodeName!=n2", "", ""};
	enum { READERS = 6 };
	struct reader r[READERS];
	pthread_t t[READERS];
	atomic_bool stop = false;
	for (int i = 0; i < READERS; i++) {
		r[i] = (struct reader){.f = f, .stop = &stop, .fields = fields[i]};
		pthread_mutex_init(&r[i].lock, NULL);
		clock_cond_init(&r[i].cond);
		t[i] = thread_start("reader", i < 4 ? watch_main : list_main, &r[i]);
	}
	char name[16], key[32], node[8];
	unsigned seed = 3;
	int64_t until = clock_mono_ns() + NS_PER_S;
	for (int heard = 0; heard < READERS || clock_mono_ns() < until;) { /* each has read something */
		heard += heard < READERS && atomic_load(&r[heard].events);
		int i = rand_r(&seed) % 300;
		snprintf(name, sizeof(name), "p%d", i);
		snprintf(key, sizeof(key), "n/%s", name);
		snprintf(node, sizeof(node), "n%d", rand_r(&seed) % 4);
		if (rand_r(&seed) % 4)
			put(f, "n", name, node, "x");
		else
			del(f, key);
	}
	atomic_store(&stop, true);
	for (int i = 0; i < READERS; i++) {
		wake_reader(&r[i]);
		pthread_join(t[i], NULL);
		pthread_mutex_destroy(&r[i].lock);
		pthread_cond_destroy(&r[i].cond);
	}
	assert_int_equal(f->r.n_watchers, 0);
}

#define WITH(t) cmocka_unit_test_setup_teardown(t, begin, end)
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_agrees_with_a_sorted_array),
		cmocka_unit_test(snapshots_do_not_change),
		WITH(window_keeps_what_is_young_and_bounds_it),
		WITH(window_bounds_bytes),
		WITH(window_forgets_a_storm),
		WITH(lists_select_and_page),
		WITH(lists_go_back_in_time),
		WITH(watch_begins_with_what_is_there),
		WITH(watch_sees_through_its_selector),
		WITH(watch_resumes_inside_the_window),
		WITH(a_sleeping_watch_does_not_expire),
		WITH(lost_history_is_bridged_or_ended),
		WITH(readers_and_the_sink_do_not_disturb_each_other),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
