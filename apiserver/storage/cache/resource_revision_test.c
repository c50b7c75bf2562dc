/* SPDX-License-Identifier: Apache-2.0 */
/* Several changes of one revision: etcd's leases end with all that they hold, and a tool may delete by a prefix. And
   changes that nobody was told of. */
#include "storage/cache/resource_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "storage/cache/revision_internal.h"

static const struct kind configmaps = {.group = "",
				       .version = "v1",
				       .kind = "ConfigMap",
				       .resource = "configmaps",
				       .namespaced = true,
				       .storage = "configmaps"};

static struct obj *configmap_of(const char *uid, const char *name, uint64_t rv)
{
	struct err err = ERR_INIT;
	autofree char *text =
		mem_printf("{\"metadata\":{\"name\":\"%s\",\"namespace\":\"n\",\"uid\":\"%s\"}}", name, uid);
	struct obj *o = obj_load(&configmaps, text, strlen(text), rv, rv, &err);
	assert_non_null(o);
	return o;
}

static struct obj *configmap(const char *name, uint64_t rv)
{
	return configmap_of("u", name, rv);
}

static void one_revision_may_delete_many(void **state)
{
	struct resource r = {.touched = false};
	struct revision revision;
	revision_init(&revision, 1);
	resource_init(&r, NULL, &configmaps, &revision, WINDOW_MAX);
	resource_load(&r, NULL, 0, 1, 1);
	resource_apply(&r, "n/a", configmap("a", 2), 2, NULL);
	resource_apply(&r, "n/b", configmap("b", 3), 3, NULL);
	resource_apply(&r, "n/c", configmap("c", 4), 4, NULL);
	resource_apply_part(&r, "n/a", NULL, 5, NULL);
	resource_apply(&r, "n/b", NULL, 5, NULL);
	resource_apply(&r, "n/d", configmap("d", 4), 4, NULL); /* older: dropped */
	assert_int_equal(r.order.count, 1);
	assert_non_null(cache_order_find(&r.order, "n/c"));
	assert_int_equal(r.window.head - r.window.tail, 5);
	resource_release(&r);
	revision_release(&revision);
}

static void ignore(void *arg)
{
}

/* Whoever lists or begins to watch between two of them gets the second. */
static void nobody_begins_within_a_revision(void **state)
{
	struct resource r = {.touched = false};
	struct revision revision;
	struct query everything = {.ns = ""};
	struct watch_event ev;
	struct err err = ERR_INIT;
	revision_init(&revision, 1);
	resource_init(&r, NULL, &configmaps, &revision, WINDOW_MAX);
	resource_load(&r, NULL, 0, 1, 1);
	resource_apply(&r, "n/a", configmap("a", 2), 2, NULL);
	resource_apply(&r, "n/b", configmap("b", 3), 3, NULL);
	resource_apply_part(&r, "n/a", NULL, 5, NULL);
	struct watcher *w = watch_open(&r, &everything, resource_now(&r), false, false, ignore, NULL, &err);
	struct watcher *initial = watch_open(&r, &everything, 0, true, false, ignore, NULL, &err);
	assert_true(w && initial);
	assert_int_equal(watch_next(initial, &ev, &err), 1);
	assert_string_equal(ev.obj->name, "b");
	obj_unref(ev.obj);
	resource_apply(&r, "n/b", NULL, 5, NULL);
	for (const char *const *name = (const char *const[]){"a", "b", NULL}; *name; name++) {
		assert_int_equal(watch_next(w, &ev, &err), 1);
		assert_int_equal(ev.type, WATCH_DELETED);
		assert_string_equal(ev.obj->name, *name);
		obj_unref(ev.obj);
	}
	assert_int_equal(watch_next(initial, &ev, &err), 1);
	assert_int_equal(ev.type, WATCH_DELETED);
	assert_string_equal(ev.obj->name, "b");
	obj_unref(ev.obj);
	watch_close(w);
	watch_close(initial);
	assert_int_equal(resource_now(&r), 5);
	resource_release(&r);
	revision_release(&revision);
}

/* Behind the same key is another object: that the first was deleted is lost with the history. */
static void who_missed_a_deletion_lists_again(void **state)
{
	struct resource r = {.touched = false};
	struct revision revision;
	struct query everything = {.ns = ""};
	struct watch_event ev;
	struct err err = ERR_INIT;
	revision_init(&revision, 1);
	resource_init(&r, NULL, &configmaps, &revision, WINDOW_MAX);
	resource_load(&r, NULL, 0, 1, 1);
	resource_apply(&r, "n/a", configmap("a", 2), 2, NULL);
	struct watcher *w = watch_open(&r, &everything, 2, false, false, ignore, NULL, &err);
	assert_non_null(w);
	struct obj *v[] = {configmap_of("another", "a", 5)};
	resource_replace(&r, v, 1, 6);
	assert_int_equal(watch_next(w, &ev, &err), -1);
	assert_int_equal(err.reason, REASON_EXPIRED);
	assert_string_equal(cache_order_find(&r.order, "n/a")->uid, "another");
	watch_close(w);
	resource_release(&r);
	revision_release(&revision);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(one_revision_may_delete_many),
					   cmocka_unit_test(nobody_begins_within_a_revision),
					   cmocka_unit_test(who_missed_a_deletion_lists_again)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
