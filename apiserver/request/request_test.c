/* SPDX-License-Identifier: Apache-2.0 */
/* Request targets and parameters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "request/request.h"

struct row {
	const char *target, *path; /* path NULL: refused */
	size_t n;
	const char *key, *value;
};
static const struct row rows[] = {
	{"/api/v1/pods", "/api/v1/pods", 0, NULL, NULL},
	{"/api/v1/pods?", "/api/v1/pods", 0, NULL, NULL},
	{"/a%20b", "/a b", 0, NULL, NULL},
	{"/a%2Fb", "/a/b", 0, NULL, NULL},
	{"/a+b", "/a+b", 0, NULL, NULL},
	{"/p?a=1&b=2&a=3", "/p", 3, "a", "1"},
	{"/p?watch", "/p", 1, "watch", ""},
	{"/p?watch=", "/p", 1, "watch", ""},
	{"/p?&&a=b&", "/p", 1, "a", "b"},
	{"/p?labelSelector=a%3Db%2Cc+in+(d)", "/p", 1, "labelSelector", "a=b,c in (d)"},
	{"/p?a=b=c", "/p", 1, "a", "b=c"},
	{"/p?%61=x", "/p", 1, "a", "x"},
	{"/p%", NULL, 0, NULL, NULL},
	{"/p%4", NULL, 0, NULL, NULL},
	{"/p%zz", NULL, 0, NULL, NULL},
	{"/p%00", NULL, 0, NULL, NULL},
	{"/p?a=%0", "/p", 0, NULL, NULL},
	{"/p?%zz=1&a=%4&b=2", "/p", 1, "b", "2"},
	{"/p?a=1;b=2&c=3", "/p", 1, "c", "3"},
	{"/p?;&c=3%3B", "/p", 1, "c", "3;"},
	{"/p?a=%00", NULL, 0, NULL, NULL},
	{"", NULL, 0, NULL, NULL},
	{"api", NULL, 0, NULL, NULL},
	{"?a=b", NULL, 0, NULL, NULL},
};

static void test_targets(void **state)
{
	struct request *rq = MEM_NEW(struct request);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *r = &rows[i];
		struct err err = ERR_INIT;
		autofree char *scratch = mem_alloc(request_scratch_size(r->target));
		int rc = request_parse_target(rq, r->target, scratch, &err);
		if ((rc == 0) != (r->path != NULL))
			fail_msg("%s: rc %d", r->target, rc);
		if (!r->path) {
			assert_int_equal(err.reason, REASON_BAD_REQUEST);
			continue;
		}
		assert_string_equal(rq->path, r->path);
		assert_int_equal(rq->n_params, r->n);
		if (r->key)
			assert_string_equal(request_param(rq, r->key), r->value);
		assert_null(request_param(rq, "absent"));
	}
	free(rq);
}

static void test_too_many(void **state)
{
	struct request *rq = MEM_NEW(struct request);
	struct err err = ERR_INIT;
	autobuf struct buf b = BUF_INIT;
	buf_adds(&b, "/p?");
	for (int i = 0; i < REQUEST_MAX_PARAMS + 1; i++)
		buf_adds(&b, "a=b&");
	autofree char *scratch = mem_alloc(request_scratch_size(b.p));
	assert_int_equal(request_parse_target(rq, b.p, scratch, &err), -1);
	buf_truncate(&b, b.len - strlen("a=b&"));
	assert_int_equal(request_parse_target(rq, buf_str(&b), scratch, &err), 0);
	assert_int_equal(rq->n_params, REQUEST_MAX_PARAMS);
	assert_string_equal(rq->params[REQUEST_MAX_PARAMS - 1].value, "b");
	assert_true(request_scratch_size("/p") < 16);
	free(rq);
}

static void test_bools(void **state)
{
	static const struct {
		const char *text;
		bool value;
	} v[] = {{"1", true}, {"true", true}, {"False", false}, {"t", true}, {"f", true},
		 {"", true},  {"0", false},   {"false", false}, {"x", true}};
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		struct query_param watch = {"watch", v[i].text};
		struct request rq = {.n_params = 1, .params = &watch};
		assert_int_equal(request_param_bool(&rq, "watch"), v[i].value);
		assert_false(request_param_bool(&rq, "other"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_targets), cmocka_unit_test(test_too_many),
					   cmocka_unit_test(test_bools)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
