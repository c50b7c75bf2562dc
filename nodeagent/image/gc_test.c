/* SPDX-License-Identifier: Apache-2.0 */
/* Which images go, after upstream's cases (pkg/kubelet/images/image_gc_manager_test.go). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "image/gc.h"

#define MINUTE (60 * NS_PER_S)

struct scene {
	struct {
		const char *id; /* NULL = not there */
		bool used, pinned, grabbed, broken;
		int64_t size;
	} v[8];
	int64_t capacity, available;
	bool no_list;
	char gone[64], aged[64]; /* in their order */
	struct image_gc *gc;
};

static int list(void *arg, struct image_gc_image **ret, size_t *ret_n, struct err *err)
{
	struct scene *s = arg;
	if (s->no_list)
		return err_set(err, REASON_IO, "no list");
	*ret = mem_array(ARRAY_LEN(s->v), sizeof(**ret));
	*ret_n = 0;
	for (size_t i = 0; i < ARRAY_LEN(s->v); i++)
		if (s->v[i].id)
			(*ret)[(*ret_n)++] =
				(struct image_gc_image){mem_strdup(s->v[i].id), s->v[i].used, s->v[i].pinned};
	return 0;
}

static int remove_one(void *arg, const char *id, int64_t *ret_freed, struct err *err)
{
	struct scene *s = arg;
	for (size_t i = 0; i < ARRAY_LEN(s->v); i++) {
		if (!s->v[i].id || strcmp(s->v[i].id, id) != 0)
			continue;
		if (s->v[i].grabbed)
			return err_set(err, REASON_CONFLICT, "in use");
		if (s->v[i].broken)
			return err_set(err, REASON_IO, "read-only file system");
		*ret_freed = s->v[i].size;
		s->available += s->v[i].size;
		s->v[i].id = NULL;
		return 0;
	}
	fail_msg("removed twice: %s", id);
	return 0;
}

static void removed(void *arg, const char *id, int64_t bytes, bool aged)
{
	struct scene *s = arg;
	strcat(aged ? s->aged : s->gone, id);
}

static int space(void *arg, int64_t *ret_capacity, int64_t *ret_available, struct err *err)
{
	const struct scene *s = arg;
	*ret_capacity = s->capacity;
	*ret_available = s->available;
	return 0;
}

static const struct image_gc_ops ops = {list, remove_one, removed, space};

static void start(struct scene *s, int high, int low, int64_t min_age, int64_t max_age)
{
	const struct image_gc_policy p = {high, low, min_age, max_age};
	struct err err = ERR_INIT;
	clock_fake(INT64_C(1700000000) * NS_PER_S);
	*s = (struct scene){.capacity = 1000, .available = 500};
	assert_int_equal(image_gc_check(&p, &err), 0);
	s->gc = image_gc_new(&p, &ops, s);
}

static void put(struct scene *s, size_t i, const char *id, int64_t size, bool used)
{
	s->v[i].id = id;
	s->v[i].size = size;
	s->v[i].used = used;
}

static void collect(struct scene *s)
{
	struct err err = ERR_INIT;
	if (image_gc_collect(s->gc, &err) < 0)
		fail_msg("%s", err.msg);
}

static void stop(struct scene *s)
{
	image_gc_free(s->gc);
	clock_real();
}

static void test_policies(void **state)
{
	static const struct {
		struct image_gc_policy p;
		const char *want; /* NULL: good */
	} rows[] = {
		{{85, 80, 2 * MINUTE, 0}, NULL},
		{{100, 0, 0, MINUTE}, NULL},
		{{101, 80, 0, 0},
		 "imageGCHighThresholdPercent (--image-gc-high-threshold) 101 must be between"},
		{{85, -1, 0, 0}, "imageGCLowThresholdPercent (--image-gc-low-threshold) -1 must be between"},
		{{80, 80, 0, 0},
		 "imageGCLowThresholdPercent (--image-gc-low-threshold) 80 must be less than"},
		{{85, 80, MINUTE, MINUTE}, "imageMaximumGCAge must be greater than imageMinimumGCAge"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		assert_int_equal(image_gc_check(&rows[i].p, &err), rows[i].want ? -1 : 0);
		if (rows[i].want && !strstr(err.msg, rows[i].want))
			fail_msg("%s", err.msg);
	}
}

static void test_below_the_mark(void **state)
{
	struct scene s;
	start(&s, 85, 80, 0, 0);
	put(&s, 0, "a", 100, false);
	clock_advance(MINUTE);
	s.available = 160; /* 84 percent are used */
	collect(&s);
	assert_string_equal(s.gone, "");
	s.available = 150;
	collect(&s);
	assert_string_equal(s.gone, "a");
	stop(&s);
}

/* Those go first that were used longest ago, and of the never used those that came first. */
static void test_order(void **state)
{
	struct scene s;
	start(&s, 85, 80, 0, 0);
	put(&s, 0, "a", 30, true);
	put(&s, 1, "b", 30, true);
	put(&s, 2, "c", 30, false);
	collect(&s);
	clock_advance(MINUTE);
	s.v[0].used = false;
	put(&s, 3, "d", 30, false);
	put(&s, 4, "e", 30, true);
	collect(&s);
	clock_advance(MINUTE);
	s.v[1].used = false;
	s.available = 100; /* 100 are wanted: c, d (never used), a, b; e is in use */
	collect(&s);
	assert_string_equal(s.gone, "cdab");
	assert_string_equal(s.v[4].id, "e");
	/* enough is enough */
	s.gone[0] = '\0';
	put(&s, 0, "f", 60, false);
	put(&s, 1, "g", 60, false);
	s.available = 145; /* 55 are wanted */
	collect(&s);
	assert_int_equal(strlen(s.gone), 1);
	stop(&s);
}

static void test_young_ones_stay(void **state)
{
	struct scene s;
	struct err err = ERR_INIT;
	start(&s, 85, 80, 2 * MINUTE, 0);
	put(&s, 0, "a", 100, false);
	s.available = 100;
	assert_int_equal(image_gc_collect(s.gc, &err), -1);
	assert_int_equal(err.reason, REASON_UNAVAILABLE);
	assert_string_equal(
		err.msg,
		"Failed to garbage collect required amount of images. Attempted to free 100 bytes, but only "
		"found 0 bytes eligible to free.");
	clock_advance(2 * MINUTE);
	collect(&s);
	assert_string_equal(s.gone, "a");
	stop(&s);
}

/* Only what this agent has itself seen to be unused for so long. */
static void test_old_ones_go(void **state)
{
	struct scene s;
	start(&s, 85, 80, 0, 10 * MINUTE);
	put(&s, 0, "a", 100, true);
	put(&s, 1, "b", 100, false);
	collect(&s);
	clock_advance(10 * MINUTE);
	collect(&s);
	assert_string_equal(s.aged, "");
	s.v[0].used = false;
	clock_advance(1);
	collect(&s);
	assert_string_equal(s.aged, "b");
	clock_advance(10 * MINUTE - 1);
	collect(&s);
	assert_string_equal(s.aged, "b");
	clock_advance(1);
	collect(&s);
	assert_string_equal(s.aged, "ba");
	assert_string_equal(s.gone, "");
	stop(&s);
}

/* However full the disk is, and however old they are; and even for a node that runs short. */
static void test_pinned_ones_stay(void **state)
{
	struct scene s;
	struct err err = ERR_INIT;
	start(&s, 85, 80, 0, 10 * MINUTE);
	put(&s, 0, "a", 100, false);
	put(&s, 1, "b", 100, false);
	s.v[0].pinned = true;
	s.available = 100;
	collect(&s);
	assert_string_equal(s.gone, "b");
	s.available = 100;
	assert_int_equal(image_gc_collect(s.gc, &err), -1);
	assert_int_equal(err.reason, REASON_UNAVAILABLE);
	clock_advance(20 * MINUTE);
	assert_int_equal(image_gc_collect(s.gc, &err), -1);
	assert_int_equal(image_gc_free_unused(s.gc, &err), 0);
	assert_string_equal(s.aged, "");
	assert_string_equal(s.gone, "b");
	/* nobody holds it any more */
	s.v[0].pinned = false;
	assert_int_equal(image_gc_free_unused(s.gc, &err), 100);
	stop(&s);
}

/* One that a container is made of meanwhile is no failure, one that cannot be removed keeps no other from going. */
static void test_failures(void **state)
{
	struct scene s;
	struct err err = ERR_INIT;
	start(&s, 85, 80, 0, 0);
	put(&s, 0, "a", 100, false);
	put(&s, 1, "b", 100, false);
	s.v[0].grabbed = true;
	s.available = 100;
	collect(&s);
	assert_string_equal(s.gone, "b");
	s.available = 100;
	put(&s, 1, "b", 90, false);
	s.v[0].grabbed = false;
	s.v[0].broken = true;
	assert_int_equal(image_gc_collect(s.gc, &err), -1);
	assert_string_equal(
		err.msg, "wanted to free 100 bytes, but freed 90 bytes space with errors in image deletion: "
			 "read-only file system");
	assert_string_equal(s.gone, "bb");
	err = (struct err)ERR_INIT;
	s.capacity = 0;
	assert_int_equal(image_gc_collect(s.gc, &err), -1);
	assert_string_equal(err.msg, "invalid capacity 0 on image filesystem");
	s.no_list = true;
	err = (struct err)ERR_INIT;
	assert_int_equal(image_gc_collect(s.gc, &err), -1);
	assert_string_equal(err.msg, "no list");
	stop(&s);
}

static void test_pressure(void **state)
{
	struct scene s;
	struct err err = ERR_INIT;
	start(&s, 85, 80, MINUTE, 0);
	put(&s, 0, "a", 100, false);
	put(&s, 1, "b", 50, false);
	put(&s, 2, "c", 50, true);
	assert_int_equal(image_gc_free_unused(s.gc, &err), 0);
	clock_advance(MINUTE);
	put(&s, 3, "d", 50, false);
	assert_int_equal(image_gc_free_unused(s.gc, &err), 150);
	assert_int_equal(err.reason, REASON_NONE);
	assert_string_equal(s.v[2].id, "c");
	assert_string_equal(s.v[3].id, "d");
	/* one that went and came back is new */
	put(&s, 0, "a", 100, false);
	assert_int_equal(image_gc_free_unused(s.gc, &err), 0);
	stop(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_policies),    cmocka_unit_test(test_below_the_mark),
		cmocka_unit_test(test_order),	    cmocka_unit_test(test_young_ones_stay),
		cmocka_unit_test(test_old_ones_go), cmocka_unit_test(test_pinned_ones_stay),
		cmocka_unit_test(test_failures),    cmocka_unit_test(test_pressure),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
