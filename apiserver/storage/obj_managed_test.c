/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/obj.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include "base/thread.h"
#include "object/json_test.h"

#define ENTRY(manager, time, fields)                                                                         \
	"{'manager':'" manager "','operation':'Update','apiVersion':'v1','time':'" time                      \
	"','fieldsType':'FieldsV1','fieldsV1':" fields "}"
#define T1 "2026-01-01T00:00:00Z"
#define T2 "2026-01-01T00:00:09Z"
#define ADDRESS(ip) "{'f:status':{'f:podIPs':{'k:{\\'ip\\':\\'" ip "\\'}':{'.':{},'f:ip':{}}}}}"

static struct obj_managed *list(const char *text)
{
	return obj_managed_new(text, strlen(text));
}

static void assert_text(const struct obj_managed *m, const char *want)
{
	autobuf struct buf b = BUF_INIT;
	obj_managed_write(m, &b);
	assert_string_equal(buf_str(&b), want);
	assert_int_equal(obj_managed_len(m), strlen(want));
}

/* Whatever is cut out of a text is put back, and any part of it can be read alone. */
static void the_text_is_what_it_was(void **state)
{
	const char *const rows[] = {
		"[]",
		"[{}]",
		"[null,7,\"time\",[{}]]",
		JSON("[" ENTRY("m", T1, "{'f:data':{'.':{},'f:a':{}}}") "]"),
		JSON("[" ENTRY("m", T1, "{}") "," ENTRY("n", T2, "{}") "]"),
		JSON("[{'time':'','fieldsV1':{}}]"),
		JSON("[{'fieldsV1':{'v:\\'a\\'':{},'v:7':{}},'time':'" T1 "'}]"),
		JSON("[" ENTRY("m", T1, ADDRESS("10.0.0.1")) "," ENTRY("a\\'b\\\\", T2, ADDRESS("")) "]"),
		"[{\"fieldsV1\":{\"v:\\\"\\\\\\\"\":{},\"k:{\\\"ip\\\":\\\"\":{}}}]",
		"[{\"k:{\\\"uid\\\":\\\"a\\u00e9\\\"}\":{} , \"time\" : \"x\"}]",
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autoobjmanaged struct obj_managed *m = list(rows[i]);
		size_t n = strlen(rows[i]);
		char part[512];
		assert_text(m, rows[i]);
		for (size_t off = 0; off <= n; off++)
			for (size_t max = 0; max < 40; max++) {
				size_t want = n - off < max ? n - off : max;
				assert_int_equal(obj_managed_read(m, off, part, max), want);
				assert_memory_equal(part, rows[i] + off, want);
			}
	}
	assert_int_equal(obj_managed_forms(), 0);
}

static void a_long_value_and_many_of_them_are_put_back(void **state)
{
	autobuf struct buf text = BUF_INIT;
	buf_adds(&text, "[{\"fieldsV1\":{\"v:\\\"");
	for (int i = 0; i < 300; i++)
		buf_addc(&text, 'x');
	buf_adds(&text, "\\\"\":{}");
	for (int i = 0; i < 100; i++)
		buf_addf(&text, ",\"v:\\\"%d\\\"\":{}", i);
	buf_adds(&text, "},\"time\":\"" T1 "\"}]");
	autoobjmanaged struct obj_managed *m = obj_managed_new(text.p, text.len);
	assert_text(m, text.p);
}

static void what_differs_in_gaps_alone_shares_a_form(void **state)
{
	const char *one = JSON("[" ENTRY("m", T1, ADDRESS("10.0.0.1")) "," ENTRY("n", T1, "{'f:a':{}}") "]");
	autoobjmanaged struct obj_managed *a = list(one);
	assert_int_equal(obj_managed_forms(), 2);
	autoobjmanaged struct obj_managed *b =
		list(JSON("[" ENTRY("m", T2, ADDRESS("10.0.0.22")) "," ENTRY("n", T2, "{'f:a':{}}") "]"));
	assert_int_equal(obj_managed_forms(), 2);
	assert_false(obj_managed_same(a, b));
	assert_false(obj_managed_same_but_times(a, b)); /* an address is no time */
	autoobjmanaged struct obj_managed *c =
		list(JSON("[" ENTRY("m", T2, ADDRESS("10.0.0.1")) "," ENTRY("n", T1, "{'f:a':{}}") "]"));
	assert_true(obj_managed_same_but_times(a, c));
	assert_false(obj_managed_same(a, c));
	autoobjmanaged struct obj_managed *d = list(one);
	assert_true(obj_managed_same(a, d));
	autoobjmanaged struct obj_managed *e = list(JSON("[" ENTRY("m", T1, ADDRESS("10.0.0.1")) "]"));
	assert_false(obj_managed_same_but_times(a, e));
	assert_false(obj_managed_same_but_times(a, NULL));
	assert_true(obj_managed_same_but_times(NULL, NULL));
	/* and so costs less than its text */
	assert_true(obj_managed_size(b) < obj_managed_len(b) / 2);
}

static void another_time_is_all_that_changes(void **state)
{
	autoobjmanaged struct obj_managed *a =
		list(JSON("[" ENTRY("m", T1, ADDRESS("::1")) "," ENTRY("n", T1, "{}") "]"));
	struct obj_managed *b = obj_managed_at(a, T2);
	assert_text(b, JSON("[" ENTRY("m", T2, ADDRESS("::1")) "," ENTRY("n", T2, "{}") "]"));
	assert_int_equal(obj_managed_values(a), obj_managed_values(b));
	assert_int_equal(obj_managed_depth(a), obj_managed_depth(b));
	obj_managed_unref(b);
	assert_text(a, JSON("[" ENTRY("m", T1, ADDRESS("::1")) "," ENTRY("n", T1, "{}") "]"));
}

static struct obj_managed *numbered(size_t i)
{
	autofree char *text = mem_printf("[{\"manager\":\"m%zu\",\"time\":\"%zu\",\"fieldsV1\":{}}]", i, i);
	return list(text);
}

static void forms_go_with_the_last_list_that_has_them(void **state)
{
	enum { N = 1000 };
	struct obj_managed *v[N];
	for (size_t i = 0; i < N; i++)
		v[i] = numbered(i);
	assert_int_equal(obj_managed_forms(), N);
	for (size_t i = 0; i < N; i++) {
		struct obj_managed *again = numbered(i);
		obj_managed_unref(v[i]);
		v[i] = again;
	}
	assert_int_equal(obj_managed_forms(), N);
	for (size_t i = 0; i < N; i += 2)
		obj_managed_unref(v[i]);
	assert_int_equal(obj_managed_forms(), N / 2);
	for (size_t i = 1; i < N; i += 2) {
		struct obj_managed *again = numbered(i); /* still to be found, however the table has shrunk */
		assert_true(obj_managed_same(v[i], again));
		obj_managed_unref(again);
		obj_managed_unref(v[i]);
	}
	assert_int_equal(obj_managed_forms(), 0);
}

static void *churn(void *arg)
{
	struct obj_managed *kept[8] = {NULL};
	for (size_t i = 0; i < 4000; i++) {
		struct obj_managed **at = &kept[i % 8];
		obj_managed_unref(*at);
		*at = numbered(i % 5);
		autofree char *want =
			mem_printf("[{\"manager\":\"m%zu\",\"time\":\"%zu\",\"fieldsV1\":{}}]", i % 5, i % 5);
		assert_text(*at, want);
	}
	for (size_t i = 0; i < 8; i++)
		obj_managed_unref(kept[i]);
	return arg;
}

static void threads_come_and_go(void **state)
{
	pthread_t t[4];
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&t[i], NULL, churn, NULL), 0);
	for (size_t i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	assert_int_equal(obj_managed_forms(), 0);
}

/* ---- inside an object ---- */

static const struct kind pods = {
	.version = "v1", .kind = "Pod", .resource = "pods", .namespaced = true, .storage = "pods"};
#define LIST "[" ENTRY("m", T1, "{'f:a':{}}") "]"

static void assert_served(const struct obj *o, const char *want)
{
	autobuf struct buf b = BUF_INIT;
	char part[512];
	size_t n = strlen(want);
	obj_write(o, &b);
	assert_string_equal(buf_str(&b), want);
	assert_int_equal(obj_len(o), n);
	for (size_t off = 0; off <= n; off++)
		for (size_t max = 0; max < 60; max += 7) {
			size_t take = n - off < max ? n - off : max;
			assert_int_equal(obj_read(o, off, part, max), take);
			assert_memory_equal(part, want + off, take);
		}
}

/* Wherever the list stands in what is stored, it is served at metadata's end. */
static void an_object_is_served_with_its_list(void **state)
{
	const struct {
		const char *in, *out;
	} rows[] = {
		{JSON("{'metadata':{'name':'a','uid':'u','x':1,'managedFields':" LIST "},'spec':{}}"),
		 JSON("{'metadata':{'name':'a','uid':'u','resourceVersion':'42','x':1,'managedFields':" LIST
		      "},'spec':{}}")},
		{JSON("{'metadata':{'managedFields':" LIST ",'name':'a','uid':'u','x':1}}"),
		 JSON("{'metadata':{'name':'a','uid':'u','resourceVersion':'42','x':1,'managedFields':" LIST
		      "}}")},
		{JSON("{'metadata':{'name':'a','uid':'u','managedFields':" LIST ",'x':1}}"),
		 JSON("{'metadata':{'name':'a','uid':'u','resourceVersion':'42','x':1,'managedFields':" LIST
		      "}}")},
		{JSON("{'metadata':{'name':'a','uid':'u','managedFields':" LIST "}}"),
		 JSON("{'metadata':{'name':'a','resourceVersion':'42','uid':'u','managedFields':" LIST "}}")},
		{JSON("{'metadata':{'name':'a' , 'managedFields' : " LIST " } }"),
		 JSON("{'metadata':{'resourceVersion':'42','name':'a' ,'managedFields':" LIST "} }")},
		{JSON("{'metadata':{'name':'a','managedFields':null}}"),
		 JSON("{'metadata':{'resourceVersion':'42','name':'a','managedFields':null}}")},
		{JSON("{'metadata':{'name':'a','managedFields':[]}}"),
		 JSON("{'metadata':{'resourceVersion':'42','name':'a','managedFields':[]}}")},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		autoobj struct obj *draft = obj_new(&pods, rows[i].in, strlen(rows[i].in), &err);
		autoobj struct obj *o = obj_publish(draft, 42);
		autoobj struct obj *loaded = obj_load(&pods, rows[i].in, strlen(rows[i].in), 42, 7, &err);
		assert_served(o, rows[i].out);
		assert_served(loaded, rows[i].out);
		autoobj struct obj *later = obj_publish(o, 4242);
		autoobj struct obj *back = obj_publish(later, 42);
		assert_served(back, rows[i].out);
		autojson js *whole = obj_tree(o, &err), *rest = obj_tree_unmanaged(o, &err);
		bool has = o->managed;
		assert_true(js_is_obj(whole) && js_is_obj(rest));
		assert_int_equal(js_len(js_get(whole, "metadata", NULL)),
				 js_len(js_get(rest, "metadata", NULL)) + has);
		assert_int_equal(has, !strstr(rows[i].in, "null"));
	}
	assert_int_equal(obj_managed_forms(), 0);
}

static void a_list_given_apart_stands_at_the_end(void **state)
{
	const char *text = JSON("{'metadata':{'name':'a','uid':'u','x':1},'spec':{}}");
	struct err err = ERR_INIT;
	struct obj_managed *m = list(JSON(LIST));
	struct obj *draft = obj_new_managed(&pods, text, strlen(text), m, &err);
	obj_managed_unref(m);
	assert_served(draft,
		      JSON("{'metadata':{'name':'a','uid':'u','x':1,'managedFields':" LIST "},'spec':{}}"));
	assert_true(obj_size(draft) > draft->len + obj_managed_size(draft->managed));
	autoobj struct obj *o = obj_publish(draft, 1);
	obj_unref(draft); /* the list stays */
	assert_served(
		o, JSON("{'metadata':{'name':'a','uid':'u','resourceVersion':'1','x':1,'managedFields':" LIST
			"},'spec':{}}"));
}

/* The limits of what is stored hold for the list as well. */
static void a_list_that_is_too_deep_is_refused(void **state)
{
	autobuf struct buf b = BUF_INIT;
	struct err err = ERR_INIT;
	buf_adds(&b, "{\"metadata\":{\"name\":\"a\",\"managedFields\":[");
	for (int i = 0; i < OBJ_DEPTH_MAX - 3; i++)
		buf_adds(&b, "{\"f:a\":");
	size_t inner = b.len;
	buf_adds(&b, "0");
	for (int i = 0; i < OBJ_DEPTH_MAX - 3; i++)
		buf_adds(&b, "}");
	buf_adds(&b, "]}}");
	autoobj struct obj *o = obj_new(&pods, b.p, b.len, &err);
	assert_non_null(o);
	b.p[inner] = '['; /* one deeper */
	autobuf struct buf deeper = BUF_INIT;
	buf_add(&deeper, b.p, inner + 1);
	buf_addc(&deeper, ']');
	buf_add(&deeper, b.p + inner + 1, b.len - inner - 1);
	assert_null(obj_new(&pods, deeper.p, deeper.len, &err));
	assert_int_equal(err.reason, REASON_TOO_LARGE);
}

/* What a write has made goes with it; what an object keeps is shared by those that come after. */
static void an_object_that_stays_has_a_list_that_stays(void **state)
{
	struct err err = ERR_INIT;
	const char *text =
		JSON("{'metadata':{'name':'a','managedFields':[" ENTRY("m", T1, "{'v:\\'a\\'':{}}") "]}}");
	autoobj struct obj *draft = obj_new(&pods, text, strlen(text), &err);
	assert_non_null(draft);
	autoobj struct obj *first = obj_publish(draft, 7);
	autoobj struct obj *second = obj_publish(first, 8);
	assert_ptr_not_equal(first->managed, draft->managed);
	assert_true(obj_managed_same(first->managed, draft->managed));
	assert_int_equal(obj_managed_values(first->managed), obj_managed_values(draft->managed));
	assert_int_equal(obj_managed_depth(first->managed), obj_managed_depth(draft->managed));
	assert_ptr_equal(second->managed, first->managed);
	assert_int_equal(obj_managed_forms(), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_text_is_what_it_was),
		cmocka_unit_test(a_long_value_and_many_of_them_are_put_back),
		cmocka_unit_test(what_differs_in_gaps_alone_shares_a_form),
		cmocka_unit_test(another_time_is_all_that_changes),
		cmocka_unit_test(forms_go_with_the_last_list_that_has_them),
		cmocka_unit_test(threads_come_and_go),
		cmocka_unit_test(an_object_is_served_with_its_list),
		cmocka_unit_test(an_object_that_stays_has_a_list_that_stays),
		cmocka_unit_test(a_list_given_apart_stands_at_the_end),
		cmocka_unit_test(a_list_that_is_too_deep_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
