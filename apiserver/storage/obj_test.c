/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/obj.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include "object/json_test.h"

static struct selectable pod_fields[] = {
	{.field = "spec.nodeName", .bucket = true},
	{.field = "spec.hostNetwork", .dflt = "false"},
	{.field = "status.phase"},
	{.field = "status.count", .dflt = "0"},
	{.field = "type"},
};
static const struct kind pods = {.group = "",
				 .version = "v1",
				 .kind = "Pod",
				 .resource = "pods",
				 .namespaced = true,
				 .storage = "pods",
				 .selectable = pod_fields,
				 .n_selectable = 5};

#define POD                                                                                                  \
	"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\",\"namespace\":\"ns\",\"uid\":" \
	"\"u-1\","                                                                                           \
	"\"creationTimestamp\":\"2024-01-02T03:04:05Z\",\"labels\":{\"z\":\"1\",\"app\":\"w\\\"eb\"},"       \
	"\"ownerReferences\":[{\"kind\":\"R\",\"uid\":\"o1\"},{\"uid\":\"o2\"}]},"                           \
	"\"spec\":{\"nodeName\":\"n1\",\"hostNetwork\":true,\"containers\":[{\"name\":\"nodeName\"}]},"      \
	"\"status\":{\"count\":7},\"type\":\"Opaque\"}"

static struct obj *make(const char *text)
{
	struct err err = ERR_INIT;
	struct obj *o = obj_new(&pods, text, strlen(text), &err);
	if (!o)
		fail_msg("%s", err.msg);
	return o;
}

static void index_holds_what_readers_need(void **state)
{
	autoobj struct obj *o = make(POD);
	assert_string_equal(o->key, "ns/a");
	assert_string_equal(o->ns, "ns");
	assert_string_equal(o->name, "a");
	assert_string_equal(o->uid, "u-1");
	assert_int_equal(o->created_s, 1704164645);
	assert_false(o->deleting);
	assert_int_equal(o->labels->n, 2);
	assert_string_equal(o->labels->v[0].key, "app");
	assert_string_equal(labels_get(o->labels, "app"), "w\"eb");
	assert_string_equal(labels_get(o->labels, "z"), "1");
	assert_int_equal(o->n_owners, 2);
	assert_string_equal(o->owner_uids[0], "o1");
	assert_string_equal(o->owner_uids[1], "o2");
	const char *const want[] = {"n1", "true", "", "7", "Opaque"};
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(o->fields[i], want[i]);
	assert_int_equal(o->rv, 0);
	assert_int_equal(o->rv_len, 0);
	assert_string_equal(o->bytes, POD);
}

static void publishing_splices_the_revision(void **state)
{
	const struct {
		const char *in, *out;
	} rows[] = {
		{JSON("{'metadata':{'name':'a','uid':'u','generation':1}}"),
		 JSON("{'metadata':{'name':'a','uid':'u','resourceVersion':'42','generation':1}}")},
		{JSON("{'metadata':{'name':'a','uid':'u'}}"),
		 JSON("{'metadata':{'name':'a','resourceVersion':'42','uid':'u'}}")},
		{JSON("{'metadata':{'name':'a'}}"), JSON("{'metadata':{'resourceVersion':'42','name':'a'}}")},
		{" { \"metadata\" : { \"uid\" : \"u\" , \"name\" : \"a\" } } ",
		 " { \"metadata\" : { \"uid\" : \"u\" ,\"resourceVersion\":\"42\", \"name\" : \"a\" } } "},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		autoobj struct obj *draft = make(rows[i].in);
		autoobj struct obj *o = obj_publish(draft, 42);
		assert_string_equal(o->bytes, rows[i].out);
		assert_int_equal(o->len, strlen(rows[i].out));
		assert_int_equal(o->rv, 42);
		assert_memory_equal(o->bytes + o->rv_pos, "\"resourceVersion\":\"42\",", o->rv_len);
		struct err err = ERR_INIT;
		autojson js *tree = obj_tree(o, &err);
		assert_string_equal(js_str(tree, "metadata", "resourceVersion", NULL), "42");
		/* again, with a longer number, and straight from the bytes */
		autoobj struct obj *later = obj_publish(o, 18446744073709551615u);
		autoobj struct obj *loaded =
			obj_load(&pods, rows[i].in, strlen(rows[i].in), 18446744073709551615u, 7, &err);
		assert_string_equal(later->bytes, loaded->bytes);
		assert_int_equal(loaded->create_rv, 7);
	}
}

static void a_published_copy_stands_alone(void **state)
{
	struct obj *draft = make(POD);
	autoobj struct obj *o = obj_publish(draft, 9);
	obj_unref(draft);
	assert_string_equal(o->key, "ns/a");
	assert_string_equal(o->name, "a");
	assert_string_equal(o->uid, "u-1");
	assert_string_equal(o->fields[0], "n1");
	assert_string_equal(o->fields[2], "");
	assert_string_equal(labels_get(o->labels, "app"), "w\"eb");
	assert_string_equal(o->owner_uids[1], "o2");
}

static void what_is_no_object_is_refused(void **state)
{
	const char *const rows[] = {
		"",
		"null",
		"[]",
		"{}",
		JSON("{'metadata':{}}"),
		JSON("{'metadata':null}"),
		JSON("{'metadata':{'name':7}}"),
		JSON("{'metadata':{'name':''}}"),
		JSON("{'metadata':{'name':'a/b'}}"),
		JSON("{'metadata':{'name':'a','namespace':'x/y'}}"),
		JSON("{'metadata':{'name':'a'}"),
		JSON("{'metadata':{'name':'a'}}}"),
		JSON("{'metadata':{'name':'a'}}{}"),
		JSON("{'metadata':{'name':'a','resourceVersion':'5'}}"),
		JSON("{'metadata':{'name':'a',}}"),
		JSON("{'metadata':{'name':'a'},'metadata':true}"),
		"{\"metadata\":{\"name\":\"a\",\"x\":\"\xff\"}}",
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = ERR_INIT;
		if (obj_new(&pods, rows[i], strlen(rows[i]), &err))
			fail_msg("accepted: %s", rows[i]);
		assert_int_equal(err.reason, REASON_INTERNAL);
	}
}

static void odd_members_do_not_disturb(void **state)
{
	autoobj struct obj *o =
		make(JSON("{'metadata':{'labels':{'a':1,'b':'2'},'ownerReferences':{'uid':'x'},"
			  "'creationTimestamp':'never','deletionTimestamp':'2024-01-02T03:04:05Z',"
			  "'name':'a'},'spec':[],'status':{'phase':{'x':1},'count':null}}"));
	assert_int_equal(o->labels->n, 1);
	assert_int_equal(o->n_owners, 0);
	assert_int_equal(o->created_s, 0);
	assert_true(o->deleting);
	assert_string_equal(o->key, "a");
	assert_string_equal(o->ns, "");
	assert_string_equal(o->fields[0], "");
	assert_string_equal(o->fields[2], "");
	assert_string_equal(o->fields[3], "0");
}

static char *nested(int depth)
{
	struct buf b = BUF_INIT;
	buf_adds(&b, JSON("{'metadata':{'name':'a'},'x':"));
	for (int i = 1; i < depth; i++)
		buf_addc(&b, '[');
	for (int i = 1; i < depth; i++)
		buf_addc(&b, ']');
	buf_addc(&b, '}');
	return buf_take(&b, NULL);
}

static char *wide(int objects)
{
	struct buf b = BUF_INIT;
	buf_adds(&b, JSON("{'metadata':{'name':'a'},'x':[{}"));
	for (int i = 1; i < objects; i++)
		buf_adds(&b, ",{}");
	buf_adds(&b, "]}");
	return buf_take(&b, NULL);
}

static void check_stored(const char *text, bool stored)
{
	struct err err = ERR_INIT;
	autoobj struct obj *o = obj_new(&pods, text, strlen(text), &err);
	assert_int_equal(o != NULL, stored);
	assert_int_equal(err.reason, stored ? REASON_NONE : REASON_TOO_LARGE);
	if (!o)
		return;
	autojson js *tree = obj_tree(o, &err);
	assert_non_null(tree);
}

/* What is refused on reading must have been refused on storing. */
static void what_is_stored_can_be_read(void **state)
{
	autofree char *deep = nested(OBJ_DEPTH_MAX), *too_deep = nested(OBJ_DEPTH_MAX + 1);
	autofree char *large = wide(OBJ_VALUES_MAX / JS_OBJECT_COST - 10),
		      *too_large = wide(OBJ_VALUES_MAX / JS_OBJECT_COST + 1);
	check_stored(deep, true);
	check_stored(too_deep, false);
	check_stored(large, true);
	check_stored(too_large, false);
	/* by hand, into the store */
	struct err err = ERR_INIT;
	autofree char *beyond = wide(JS_MAX_NODES / JS_OBJECT_COST);
	autoobj struct obj *o = obj_load(&pods, beyond, strlen(beyond), 5, 5, &err);
	assert_non_null(o);
	assert_null(obj_tree(o, &err));
	assert_int_equal(err.reason, REASON_INTERNAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(index_holds_what_readers_need),
		cmocka_unit_test(publishing_splices_the_revision),
		cmocka_unit_test(a_published_copy_stands_alone),
		cmocka_unit_test(what_is_no_object_is_refused),
		cmocka_unit_test(odd_members_do_not_disturb),
		cmocka_unit_test(what_is_stored_can_be_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
