/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a burst: what every Pod gets, and what differs. */
#include "decode/replicaset.h"
#include "pod_control.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "object/json_test.h"

static struct informer_object owner = {
	.type = &cm_replicaset_type,
	.meta = {.name = (char *)"web", .namespace = (char *)"default", .uid = (char *)"u1"},
};

static js *write_one(struct pod_template *t, const char *const holes[])
{
	autobuf struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	buf_adds(&out, "before"); /* it appends */
	pod_template_write(t, holes, &out);
	js *o = js_parse(out.p + 6, out.len - 6, NULL, &err);

	if (!o)
		fail_msg("%s: %s", err.msg, out.p);
	return o;
}

static void test_completed(void **state)
{
	struct pod_template *t = pod_template_new(
		JSON("{'metadata':{'name':'no','labels':{'a':'b'}},'spec':{'x':1}}"), &owner);
	autojson js *o = write_one(t, NULL);
	const js *ref = meta_controller_ref(o);

	assert_string_equal(js_str(o, "kind", NULL), "Pod");
	assert_string_equal(js_str(o, "apiVersion", NULL), "v1");
	assert_string_equal(js_str(o, "metadata", "generateName", NULL), "web-");
	assert_string_equal(js_str(o, "metadata", "namespace", NULL), "default");
	assert_null(js_get(o, "metadata", "name", NULL));
	assert_string_equal(js_str(o, "metadata", "labels", "a", NULL), "b");
	assert_int_equal(js_int(o, 0, "spec", "x", NULL), 1);
	assert_string_equal(js_str(ref, "apiVersion", NULL), "apps/v1");
	assert_string_equal(js_str(ref, "kind", NULL), "ReplicaSet");
	assert_string_equal(js_str(ref, "uid", NULL), "u1");
	pod_template_free(t);
}

static void test_a_name_of_full_length(void **state)
{
	struct informer_object longest = owner;
	char name[254];

	for (size_t n = 252; n <= 253; n++) {
		memset(name, 'a', n);
		name[n] = '\0';
		longest.meta.name = name;
		struct pod_template *t = pod_template_new("{}", &longest);
		autojson js *o = write_one(t, NULL);

		assert_int_equal(strlen(js_str(o, "metadata", "generateName", NULL)), 253);
		pod_template_free(t);
	}
}

static void test_holes(void **state)
{
	static const struct {
		const char *holes[2];
	} rows[] = {
		{{"n1", "0"}},
		{{"", ""}},
		{{"quote \" and \\ and \n", "tab\t"}},
		{{"ünïcode", "1234567890123456789012345678901234567890"}},
	};
	struct pod_template *t = pod_template_new(JSON("{'spec':{}}"), &owner);
	js *tree = pod_template_tree(t);
	autofree char *in_the_middle = mem_printf("web-%s.svc", pod_template_hole(t, 1));

	js_set_str(js_ensure(tree, "spec", NULL), "nodeName", pod_template_hole(t, 0));
	js_set_str(js_ensure(tree, "metadata", NULL), "name", in_the_middle);
	js_set_str(js_ensure(tree, "spec", NULL), "again", pod_template_hole(t, 0));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autojson js *o = write_one(t, rows[i].holes);
		autofree char *want = mem_printf("web-%s.svc", rows[i].holes[1]);

		assert_string_equal(js_str(o, "spec", "nodeName", NULL), rows[i].holes[0]);
		assert_string_equal(js_str(o, "spec", "again", NULL), rows[i].holes[0]);
		assert_string_equal(js_str(o, "metadata", "name", NULL), want);
	}
	pod_template_free(t);
	pod_template_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_completed),
		cmocka_unit_test(test_a_name_of_full_length),
		cmocka_unit_test(test_holes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
