/* SPDX-License-Identifier: Apache-2.0 */
/* Names of revisions, which is taken for an owner's, and which are deleted. */
#include "history/history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "decode/deployment.h"
#include "rig/rig.h"

#define HASH_LABEL "controller.kubernetes.io/hash"

static struct rig *r;
static int32_t limit, collisions; /* of the next sync; what it left */
static bool counted;
static const char *live_name; /* what is in use; NULL: nothing */
static char current[300], sorted[1000];

static const char *name_of(const struct cm_controllerrevision *rev)
{
	return rev->base.meta.name;
}

/* A controller that does nothing but keep the history of a Deployment, whose `paused` gives another state. */
static int sync(struct controller_ctx *ctx, const char *key, struct err *err)
{
	const struct cm_deployment *d = informer_get(ctx->informers[0], key);
	automap struct map live = MAP_INIT;
	struct err ignored = ERR_INIT;
	autojson js *template = js_parse(d->template, strlen(d->template), NULL, &ignored);
	autofree char *data = cm_revision_data(template);
	struct history h = {.ctx = ctx,
			    .informer = ctx->informers[1],
			    .owner = &d->base,
			    .selector = d->selector,
			    .data = data,
			    .data_hash = cm_revision_hash(data),
			    .hash_label = HASH_LABEL,
			    .collisions = collisions};

	if (live_name)
		map_set(&live, live_name, &live);
	int rc = history_sync(&h, err);
	if (rc == 0) {
		snprintf(current, sizeof(current), "%s", h.current->base.meta.name);
		sorted[0] = '\0';
		for (size_t i = 0; i < h.all.n; i++) {
			size_t n = strlen(sorted);
			snprintf(sorted + n, sizeof(sorted) - n, "%s ", name_of(h.all.v[i]));
		}
		assert_ptr_equal(history_find(&h, "no-such"), NULL);
		assert_string_equal(name_of(history_find(&h, current)), current);
		autojson js *again = history_template(&h, h.current, err);
		assert_true(js_equal(again, template));
		rc = history_truncate(&h, &live, name_of, limit, counted, err);
	}
	collisions = h.collisions;
	history_release(&h);
	informer_unref(d);
	return rc;
}

static const struct controller keeper = {
	.name = "keeper",
	.watches = {{&cm_deployment_type, NULL, controller_enqueue_self},
		    {&cm_controllerrevision_type, NULL, NULL}},
	.workers = 1,
	.sync = sync,
};

static int set_up(void **state)
{
	limit = -1;
	collisions = 0;
	counted = false;
	live_name = NULL;
	r = rig_new(&keeper, NULL);
	rig_create(r,
		   "apiVersion: apps/v1\nkind: Deployment\n"
		   "metadata: {name: web, annotations: {kubernetes.io/change-cause: first}}\n"
		   "spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, "
		   "spec: {containers: [{name: c, image: 'i:0'}]}}}\n");
	return 0;
}

static int tear_down(void **state)
{
	rig_free(r);
	return 0;
}

static void go(int image)
{
	rig_patch(r, "Deployment/web", NULL,
		  "spec: {template: {spec: {containers: [{name: c, image: 'i:%d'}]}}}", image);
	rig_must_sync(r, "keeper", "default/web");
}

static void expect_revision(const char *name, int number)
{
	autofree char *object = mem_printf("ControllerRevision/%s", name);

	rig_expect(r, object, "revision: %d", number);
}

static void test_hash(void **state)
{
	static const struct {
		const char *data;
		int32_t collisions;
		const char *want;
	} rows[] = {
		{"", -1, "65bb57b6b5"},
		{"", 0, "d8bfb7bc"},
		{"{\"spec\":{}}", -1, "6d4c5b5d8d"},
		{"{\"spec\":{}}", 0, "59c9b4d596"},
		{"{\"spec\":{}}", 1, "59c9b4d597"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char hash[HISTORY_HASH_MAX];

		history_hash(rows[i].data, rows[i].collisions, hash);
		assert_string_equal(hash, rows[i].want);
	}
}

static void test_numbers_grow_and_come_back(void **state)
{
	char name[3][300];

	for (int i = 0; i < 3; i++) {
		go(i);
		snprintf(name[i], sizeof(name[i]), "%s", current);
		expect_revision(current, i + 1);
	}
	rig_forget(r);
	go(2);
	assert_string_equal(current, name[2]);
	assert_int_equal(rig_calls(r, "*/controllerrevisions*"),
			 1); /* only the test's own look at its template */
	go(0);
	assert_string_equal(current, name[0]);
	expect_revision(name[0], 4);
	expect_revision(name[1], 2);
	go(0);
	autofree char *want = mem_printf("%s %s %s ", name[1], name[2], name[0]);
	assert_string_equal(sorted, want); /* by number */
	autofree char *object = mem_printf("ControllerRevision/%s", name[0]);
	rig_expect(
		r, object,
		"metadata: {labels: {app: web, " HASH_LABEL ": '%s'}, "
		"annotations: {kubernetes.io/change-cause: first}, "
		"ownerReferences: [{kind: Deployment, name: web, controller: true, blockOwnerDeletion: true}]}",
		name[0] + strlen("web-"));
}

static void test_truncate(void **state)
{
	char name[6][300];

	for (int i = 0; i < 6; i++) {
		go(i);
		snprintf(name[i], sizeof(name[i]), "%s", current);
	}
	assert_int_equal(rig_count(r, "ControllerRevision"), 6);
	live_name = name[0];
	limit = 2;
	go(5);
	assert_int_equal(rig_count(r, "ControllerRevision"), 4); /* the present one, the live one, two more */
	expect_revision(name[0], 1);
	expect_revision(name[3], 4);
	counted = true; /* the live one is one of two */
	go(5);
	assert_int_equal(rig_count(r, "ControllerRevision"), 3);
	expect_revision(name[4], 5);
	limit = 0;
	go(5);
	assert_int_equal(rig_count(r, "ControllerRevision"), 2);
	live_name = NULL;
	go(5);
	assert_string_equal(rig_names(r, "ControllerRevision"), name[5]);
}

static void test_a_lost_answer(void **state)
{
	rig_fail(r, .call = "POST */controllerrevisions", .reason = REASON_TIMEOUT, .message = "slow",
		 .times = 1, .lost = true);
	assert_int_equal(rig_sync(r, "keeper", "default/web").rc, -1);
	rig_heal(r);
	rig_must_sync(r, "keeper", "default/web");
	assert_int_equal(rig_count(r, "ControllerRevision"), 1);
	assert_int_equal(collisions, 0);
}

static void test_what_is_there_already(void **state)
{
	rig_must_sync(r, "keeper", "default/web");
	autofree char *taken = mem_strdup(current);
	autofree char *object = mem_printf("ControllerRevision/%s", taken);
	autojson js *o = rig_get(r, object);
	autobuf struct buf data = BUF_INIT;
	js_write(&data, js_get(o, "data", NULL));

	/* the same state of nobody: adopted */
	rig_delete(r, object, "");
	rig_create(r,
		   "apiVersion: apps/v1\nkind: ControllerRevision\n"
		   "metadata: {name: other, labels: {app: web}}\nrevision: 9\ndata: %s\n",
		   buf_str(&data));
	rig_must_sync(r, "keeper", "default/web");
	assert_string_equal(current, "other");
	assert_int_equal(rig_count(r, "ControllerRevision"), 1);
	/* the name, for another state: another name */
	rig_delete(r, "ControllerRevision/other", "");
	rig_create(
		r,
		"apiVersion: apps/v1\nkind: ControllerRevision\nmetadata: {name: %s}\nrevision: 1\ndata: {}\n",
		taken);
	rig_must_sync(r, "keeper", "default/web");
	assert_int_equal(rig_count(r, "ControllerRevision"), 2);
	assert_string_not_equal(current, taken);
	assert_int_equal(collisions, 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hash), T(test_numbers_grow_and_come_back), T(test_truncate),
		T(test_a_lost_answer),	     T(test_what_is_there_already),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
