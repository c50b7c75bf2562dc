/* SPDX-License-Identifier: Apache-2.0 */
/* The order in which a change is told, and that a refusal leaves nothing behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/kinds.h"

static struct schema *schema;
static struct kinds *kinds;

struct watcher {
	const char *name, *refuses; /* a kind */
	struct buf *log;
};

static bool found(const struct kind *k)
{
	return schema_kind(schema, k->group, k->version, k->kind) == k;
}

static int on_add(void *arg, const struct kind *k, struct err *err)
{
	struct watcher *w = arg;
	buf_addf(w->log, "%s+%s%s ", w->name, k->kind, found(k) ? "!" : "");
	return w->refuses && !strcmp(w->refuses, k->kind) ? err_set(err, REASON_FORBIDDEN, "no") : 0;
}

static void on_changed(void *arg, const char *group, const char *version)
{
	struct watcher *w = arg;
	buf_addf(w->log, "%s=%s/%s ", w->name, group, version);
}

static void on_remove(void *arg, const struct kind *k)
{
	struct watcher *w = arg;
	buf_addf(w->log, "%s-%s%s ", w->name, k->kind, found(k) ? "!" : "");
}

static const struct kinds_observer observer = {.add = on_add, .changed = on_changed, .remove = on_remove};
static const struct kinds_observer only_changes = {.changed = on_changed};

#define KIND(name, plural)                                                                                   \
	"  - {kind: " name ", group: sea, version: v1, resource: " plural ", singular: x, scope: Cluster}\n"
#define TYPE(name) "  " name ": {kind: 0 string, apiVersion: 0 string, metadata: 1 ObjectMeta}\n"

static struct schema_part *add(const char *yaml, struct err *err)
{
	struct schema_file f = {.name = "f.yaml", .p = yaml, .n = strlen(yaml)};
	return kinds_add(kinds, &f, err);
}

static void told_in_order(void **state)
{
	autobuf struct buf log = BUF_INIT;
	struct watcher a = {.name = "a", .log = &log}, b = {.name = "b", .log = &log},
		       c = {.name = "c", .log = &log};
	struct err err = ERR_INIT;
	kinds_observe(kinds, &observer, &a);
	kinds_observe(kinds, &observer, &b);
	kinds_observe(kinds, &only_changes, &c);
	struct schema_part *p = add("package: sea/v1\nkinds:\n" KIND("Boat", "boats")
					    KIND("Raft", "rafts") "types:\n" TYPE("Boat") TYPE("Raft"),
				    &err);
	assert_non_null(p);
	assert_string_equal(buf_str(&log), "a+Boat b+Boat a+Raft b+Raft a=sea/v1 b=sea/v1 c=sea/v1 ");
	assert_non_null(schema_kind(schema, "sea", "v1", "Raft"));
	buf_clear(&log);
	kinds_remove(kinds, p);
	assert_string_equal(buf_str(&log), "a=sea/v1 b=sea/v1 c=sea/v1 b-Raft a-Raft b-Boat a-Boat ");
	assert_null(schema_kind(schema, "sea", "v1", "Raft"));
	assert_int_equal(schema_retired(schema), 0);
}

static void refusals_leave_nothing(void **state)
{
	static const char yaml[] = "package: sea/v1\nkinds:\n" KIND("Boat", "boats")
		KIND("Raft", "rafts") "types:\n" TYPE("Boat") TYPE("Raft");
	autobuf struct buf log = BUF_INIT;
	struct watcher a = {.name = "a", .log = &log}, b = {.name = "b", .refuses = "Raft", .log = &log};
	struct err err = ERR_INIT;
	kinds_observe(kinds, &observer, &a);
	kinds_observe(kinds, &observer, &b);
	assert_null(add(yaml, &err));
	assert_int_equal(err.reason, REASON_FORBIDDEN);
	assert_string_equal(buf_str(&log), "a+Boat b+Boat a+Raft b+Raft a-Raft b-Boat a-Boat ");
	assert_null(schema_kind(schema, "sea", "v1", "Boat"));
	b.refuses = NULL;
	assert_non_null(add(yaml, &err));
	buf_clear(&log);
	assert_null(add(yaml, &err)); /* there already */
	assert_string_equal(err.msg, "kind Boat: the kind or its resource exists already");
	assert_string_equal(buf_str(&log), "a+Boat b+Boat a+Raft b+Raft b-Raft a-Raft b-Boat a-Boat ");
	assert_null(add("package: sea/v1\nkinds:\n" KIND("Log", "logs"), &err));
	assert_string_equal(err.msg, "kind Log: there is no object type `Log`");
}

static void replaced_in_one_step(void **state)
{
	static const char two[] = "package: sea/v1\nkinds:\n" KIND("Boat", "boats")
		KIND("Raft", "rafts") "types:\n" TYPE("Boat") TYPE("Raft");
	autobuf struct buf log = BUF_INIT;
	struct watcher a = {.name = "a", .log = &log}, b = {.name = "b", .log = &log};
	struct err err = ERR_INIT;
	kinds_observe(kinds, &observer, &a);
	kinds_observe(kinds, &observer, &b);
	struct schema_part *p =
		add("package: sea/v1\nkinds:\n" KIND("Boat", "boats") "types:\n" TYPE("Boat"), &err);
	const struct kind *old = schema_kind(schema, "sea", "v1", "Boat");
	buf_clear(&log);
	b.refuses = "Raft";
	struct schema_file f = {.name = "f.yaml", .p = two, .n = sizeof(two) - 1};
	assert_null(kinds_replace(kinds, p, &f, &err));
	assert_ptr_equal(schema_kind(schema, "sea", "v1", "Boat"), old);
	assert_string_equal(buf_str(&log), "a+Boat b+Boat a+Raft b+Raft a-Raft b-Boat a-Boat ");
	b.refuses = NULL;
	buf_clear(&log);
	assert_non_null(kinds_replace(kinds, p, &f, &err));
	assert_string_equal(buf_str(&log), "a+Boat b+Boat a+Raft b+Raft a=sea/v1 b=sea/v1 b-Boat a-Boat ");
	assert_non_null(schema_kind(schema, "sea", "v1", "Raft"));
	assert_int_equal(schema_retired(schema), 0);
}

static int setup(void **state)
{
	struct err err = ERR_INIT;
	schema = kinds_load(NULL, &err);
	kinds = schema ? kinds_new(schema) : NULL;
	return schema ? 0 : -1;
}

static int teardown(void **state)
{
	kinds_free(kinds);
	schema_free(schema);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(told_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(replaced_in_one_step, setup, teardown),
		cmocka_unit_test_setup_teardown(refusals_leave_nothing, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
