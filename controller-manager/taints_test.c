/* SPDX-License-Identifier: Apache-2.0 */
/* Node taints by condition, and when a Pod must leave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/clock.h"
#include "taints.h"

#define S NS_PER_S

static void test_wanted(void **state)
{
	struct taint user = {.key = "k", .value = "v", .effect = TAINT_NO_EXECUTE, .added_ns = 5 * S};
	struct taint not_ready = {
		.key = "node.kubernetes.io/not-ready", .value = "", .effect = TAINT_NO_SCHEDULE};
	struct taint both[] = {user, not_ready};
	struct cm_node n = {.ready = CONDITION_TRUE};
	assert_null(taints_wanted(&n, CONDITION_TRUE, TAINTS_GO, 9 * S));

	n.taints = both;
	n.n_taints = 2;
	autojson js *ready =
		taints_wanted(&n, CONDITION_TRUE, TAINTS_GO, 9 * S); /* ours goes, the user's stays */
	assert_int_equal(js_len(ready), 1);
	assert_string_equal(js_str(js_at(ready, 0), "key", NULL), "k");
	assert_string_equal(js_str(js_at(ready, 0), "timeAdded", NULL), "1970-01-01T00:00:05Z");

	n.n_taints = 0;
	n.unschedulable = true;
	autojson js *gone = taints_wanted(&n, CONDITION_UNKNOWN, TAINTS_GO, 9 * S);
	assert_int_equal(js_len(gone), 3);
	assert_string_equal(js_str(js_at(gone, 0), "key", NULL), "node.kubernetes.io/unreachable");
	assert_string_equal(js_str(js_at(gone, 1), "key", NULL), "node.kubernetes.io/unschedulable");
	assert_string_equal(js_str(js_at(gone, 2), "effect", NULL), "NoExecute");
	assert_string_equal(js_str(js_at(gone, 2), "timeAdded", NULL), "1970-01-01T00:00:09Z");
}

/* Which NoExecute taint is there after it, of a node that is unreachable. */
static void test_pace(void **state)
{
	static const struct {
		enum taints_pace pace;
		const char *before, *after; /* NULL = none */
	} rows[] = {
		{TAINTS_GO, NULL, "unreachable"},
		{TAINTS_GO, "not-ready", "unreachable"},
		{TAINTS_HOLD, NULL, NULL},
		{TAINTS_HOLD, "not-ready", "unreachable"},
		{TAINTS_HOLD, "unreachable", "unreachable"},
		{TAINTS_STOP, "unreachable", NULL},
		{TAINTS_STOP, "not-ready", NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *key =
			mem_printf("node.kubernetes.io/%s", rows[i].before ? rows[i].before : "");
		struct taint before = {.key = key, .value = "", .effect = TAINT_NO_EXECUTE, .added_ns = S};
		struct cm_node n = {.taints = &before, .n_taints = rows[i].before ? 1 : 0};
		autojson js *list = taints_wanted(&n, CONDITION_UNKNOWN, rows[i].pace, 9 * S);
		const char *after = NULL;

		assert_int_equal(taints_lacks_no_execute(&n, CONDITION_UNKNOWN), !rows[i].before);
		assert_non_null(list); /* the NoSchedule taint is new */
		js_array_for_each (t, list)
			if (!strcmp(js_str0(t, "effect", NULL), "NoExecute"))
				after = strchr(js_str0(t, "key", NULL), '/') + 1;
		if (rows[i].after ? !after || strcmp(after, rows[i].after) : after != NULL)
			fail_msg("row %zu: %s", i, after ? after : "none");
	}
}

static void test_eviction(void **state)
{
	struct taint t = {.key = "k", .value = "v", .effect = TAINT_NO_EXECUTE, .added_ns = 100 * S};
	struct cm_node n = {.taints = &t, .n_taints = 1};
	static const struct {
		struct toleration tol;
		int64_t want;
	} cases[] = {
		{{"k", "", TOLERATION_EXISTS, TAINT_ANY, TOLERATION_FOREVER}, TAINTS_STAY},
		{{"k", "", TOLERATION_EXISTS, TAINT_NO_EXECUTE, 30}, 130 * S},
		{{"k", "v", TOLERATION_EQUAL, TAINT_NO_EXECUTE, 0}, 100 * S},
		{{"k", "w", TOLERATION_EQUAL, TAINT_ANY, TOLERATION_FOREVER},
		 110 * S}, /* not tolerated: now */
		{{"", "", TOLERATION_EXISTS, TAINT_NO_EXECUTE, 300}, 400 * S},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct cm_pod p = {.tolerations = (struct toleration *)&cases[i].tol, .n_tolerations = 1};
		if (taints_eviction_ns(&p, &n, 105 * S, 110 * S) != cases[i].want)
			fail_msg("case %zu", i);
	}
	struct toleration half = {"k", "", TOLERATION_EXISTS, TAINT_NO_EXECUTE, 30};
	struct cm_pod timed = {.tolerations = &half, .n_tolerations = 1};
	t.added_ns = 0;
	assert_true(taints_eviction_ns(&timed, &n, 105 * S, 110 * S) == 135 * S);
	/* A taint that was there before the Pod: its time begins when it comes. */
	t.added_ns = 10 * S;
	timed.base.meta.created_ns = 104 * S;
	assert_true(taints_eviction_ns(&timed, &n, 105 * S, 110 * S) == 135 * S);
	struct cm_pod none = {0};
	assert_true(taints_eviction_ns(&none, &n, 105 * S, 110 * S) == 110 * S);
	t.effect = TAINT_NO_SCHEDULE;
	assert_true(taints_eviction_ns(&none, &n, 105 * S, 110 * S) == TAINTS_STAY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_wanted), cmocka_unit_test(test_pace),
					   cmocka_unit_test(test_eviction)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
