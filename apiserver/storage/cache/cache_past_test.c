/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of a list, and what has changed since the first of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/mem.h"
#include "storage/cache/resource_internal.h"
#include "storage/cache/revision_internal.h"

static const struct kind pods = {.group = "",
				 .version = "v1",
				 .kind = "Pod",
				 .resource = "pods",
				 .namespaced = true,
				 .storage = "pods"};

struct fixture {
	struct resource r;
	struct revision revision;
	uint64_t rev;
};

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

static void put(struct fixture *f, int i, const char *text)
{
	struct err err = ERR_INIT;
	autofree char *json = mem_printf(
		"{\"metadata\":{\"name\":\"p%05d\",\"namespace\":\"n\",\"uid\":\"u\"},\"spec\":{\"x\":\"%s\"}}",
		i, text);
	struct obj *o = obj_load(&pods, json, strlen(json), f->rev + 1, f->rev + 1, &err);
	assert_non_null(o);
	resource_apply(&f->r, o->key, o, ++f->rev, NULL);
	revision_advance(&f->revision, f->rev);
}

static void del(struct fixture *f, int i)
{
	autofree char *key = mem_printf("n/p%05d", i);
	resource_apply(&f->r, key, NULL, ++f->rev, NULL);
	revision_advance(&f->revision, f->rev);
}

static void fill(struct fixture *f, int n, const char *text)
{
	for (int i = 0; i < n; i++)
		put(f, i, text);
}

static int page(struct fixture *f, uint64_t exact, const char *after, size_t limit, struct obj_list *ret)
{
	struct err err = ERR_INIT;
	struct query q = {.ns = "", .kind = &pods};
	if (storage_list(&f->r, &q, exact, after, limit, ret, &err) == 0)
		return 0;
	assert_int_equal(err.reason, REASON_EXPIRED);
	return -1;
}

static void assert_items(const struct obj_list *l, int first, size_t n, const char *text)
{
	assert_int_equal(l->n, n);
	for (size_t i = 0; i < n; i++) {
		autofree char *key = mem_printf("n/p%05d", first + (int)i);
		assert_string_equal(l->v[i]->key, key);
		assert_non_null(strstr(l->v[i]->bytes, text));
	}
}

/* All of 1,000 objects change ten times, go, and come again. */
static void storm(struct fixture *f, int n)
{
	for (int round = 0; round < 10; round++)
		fill(f, n, "during");
	for (int i = 0; i < n; i++)
		del(f, i);
	fill(f, 2 * n, "after");
}

static void pages_survive_a_storm(void **state)
{
	struct fixture *f = *state;
	struct obj_list one, two, three;
	fill(f, 1000, "before");
	assert_int_equal(page(f, 0, NULL, 400, &one), 0);
	uint64_t rv = one.rv;
	assert_items(&one, 0, 400, "before");
	storm(f, 1000);
	assert_true(f->r.window.start > rv);
	assert_int_equal(page(f, rv, one.next, 400, &two), 0);
	assert_items(&two, 400, 400, "before");
	assert_int_equal(two.rv, rv);
	assert_int_equal(two.remaining, 200);
	storm(f, 1000);
	assert_int_equal(page(f, rv, two.next, 400, &three), 0);
	assert_items(&three, 800, 200, "before");
	assert_null(three.next);
	/* that was the end */
	assert_int_equal(f->r.past.n, 0);
	assert_int_equal(f->r.past.mine, 0);
	assert_int_equal(page(f, rv, two.next, 400, &three), -1);
	obj_list_release(&one);
	obj_list_release(&two);
	obj_list_release(&three);
}

/* No state is left behind by lists of one page, and lists of one state share it. */
static void who_needs_no_state_keeps_none(void **state)
{
	struct fixture *f = *state;
	struct obj_list l, other;
	fill(f, 100, "x");
	assert_int_equal(page(f, 0, NULL, 100, &l), 0);
	assert_int_equal(f->r.past.n, 0);
	obj_list_release(&l);
	assert_int_equal(page(f, 0, NULL, 60, &l), 0);
	assert_int_equal(page(f, 0, NULL, 70, &other), 0);
	assert_int_equal(f->r.past.n, 1);
	uint64_t rv = l.rv;
	storm(f, 100);
	for (int i = 0; i < 2; i++) {
		struct obj_list rest;
		assert_int_equal(page(f, rv, i ? other.next : l.next, 70, &rest), 0);
		assert_items(&rest, i ? 70 : 60, i ? 30 : 40, "x");
		assert_int_equal(f->r.past.n, !i);
		obj_list_release(&rest);
	}
	obj_list_release(&l);
	obj_list_release(&other);
}

static void what_is_kept_is_bounded(void **state)
{
	struct fixture *f = *state;
	struct obj_list l, next;
	char *large = mem_alloc(1 << 20);
	memset(large, 'x', (1 << 20) - 1);
	large[(1 << 20) - 1] = '\0';
	fill(f, 40, large);
	assert_int_equal(page(f, 0, NULL, 10, &l), 0);
	size_t most = 0;
	for (int i = 0; i < 40; i++) {
		put(f, i, "small");
		most = f->r.past.mine > most ? f->r.past.mine : most;
		assert_true(f->r.past.mine <= PAST_BYTES_MAX);
	}
	assert_true(most > PAST_BYTES_MAX - 2 * (1 << 20));
	assert_int_equal(f->r.past.n, 0);
	for (int i = 0; i < WINDOW_MAX; i++)
		put(f, 0, "small");
	assert_int_equal(page(f, l.rv, l.next, 10, &next), -1);
	obj_list_release(&l);
	/* and so is the number of states */
	for (int i = 0; i < 3 * PAST_STATES; i++) {
		put(f, 0, "small");
		assert_int_equal(page(f, 0, NULL, 10, &l), 0);
		obj_list_release(&l);
	}
	assert_int_equal(f->r.past.n, PAST_STATES);
	resource_forget_past(&f->r);
	assert_int_equal(f->r.past.mine, 0);
	free(large);
}

static void what_is_left_half_way_goes(void **state)
{
	struct fixture *f = *state;
	struct obj_list l;
	autofree char *text = mem_printf("%02000d", 0);
	clock_fake(NS_PER_S);
	fill(f, 1000, text);
	assert_int_equal(page(f, 0, NULL, 10, &l), 0);
	obj_list_release(&l);
	put(f, 0, "y");
	int64_t now_ns = clock_mono_ns();
	assert_int_equal(cache_past_due(&f->r.past), now_ns + WINDOW_OLD_NS);
	fill(f, 1000, "y"); /* now it keeps much */
	assert_int_equal(cache_past_due(&f->r.past), now_ns + WINDOW_YOUNG_NS);
	assert_true(resource_due(&f->r) <= now_ns + WINDOW_YOUNG_NS);
	cache_past_trim(&f->r.past, now_ns + WINDOW_YOUNG_NS - 1);
	assert_int_equal(f->r.past.n, 1);
	cache_past_trim(&f->r.past, now_ns + WINDOW_YOUNG_NS);
	assert_int_equal(f->r.past.n, 0);
	assert_int_equal(cache_past_due(&f->r.past), CLOCK_NEVER);
}

static int by_address(const void *a, const void *b)
{
	const void *x = *(void *const *)a, *y = *(void *const *)b;
	return (x > y) - (x < y);
}

/* What the states hold and the present does not, object by object, and what they take themselves. */
static size_t weigh_all(struct fixture *f)
{
	struct cache_past *p = &f->r.past;
	const struct obj **v = mem_array(PAST_STATES * 200, sizeof(*v));
	size_t n = 0, bytes = 0;
	for (size_t i = 0; i < p->n; i++) {
		struct cache_order then = {.chunks = p->v[i].all.chunks, .n = p->v[i].all.n};
		struct cache_order_snapshot s;
		cache_order_snapshot(&then, NULL, NULL, NULL, &s);
		for (struct obj *o; (o = cache_order_next(&s));)
			if (cache_order_find(&f->r.order, o->key) != o)
				v[n++] = o;
		cache_order_snapshot_release(&s);
		bytes += (then.n + p->v[i].copied * ORDER_CHUNK) * sizeof(void *);
	}
	qsort(v, n, sizeof(*v), by_address);
	for (size_t i = 0; i < n; i++)
		bytes += i && v[i] == v[i - 1] ? 0 : obj_size(v[i]);
	free(v);
	return bytes;
}

static void bytes_are_counted_once(void **state)
{
	struct fixture *f = *state;
	uint64_t open[8] = {0};
	unsigned seed = 11;
	fill(f, 150, "x");
	for (int step = 0; step < 5000; step++) {
		int what = rand_r(&seed) % 12, which = rand_r(&seed) % 8, i = rand_r(&seed) % 150;
		struct cache_order_snapshot gone;
		if (what < 8) {
			put(f, i, what < 4 ? "a" : "a longer text");
		} else if (what < 10) {
			del(f, i);
		} else if (open[which]) {
			cache_past_leave(&f->r.past, open[which], &gone);
			cache_order_snapshot_release(&gone);
			open[which] = 0;
		} else {
			cache_past_take(&f->r.past, &f->r.order, f->r.window.head, f->r.last_rev, f->rev);
			open[which] = f->rev;
		}
		assert_int_equal(f->r.past.mine, weigh_all(f));
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		T(pages_survive_a_storm),      T(who_needs_no_state_keeps_none), T(what_is_kept_is_bounded),
		T(what_is_left_half_way_goes), T(bytes_are_counted_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
