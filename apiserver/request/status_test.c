/* SPDX-License-Identifier: Apache-2.0 */
/* Status bodies, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "base/mem.h"
#include "request/status.h"

static const struct kind deployment = {
	.group = "apps", .version = "v1", .kind = "Deployment", .resource = "deployments"};
static const struct attributes attr = {
	.kind = &deployment, .group = "apps", .resource = "deployments", .name = "x"};

struct row {
	enum reason reason;
	const char *message;
	const struct attributes *attr;
	int status;
	const char *body;
};
static const struct row rows[] = {
	{REASON_NOT_FOUND, "deployments.apps \"x\" not found", &attr, 404,
	 "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\",\"message\":\"deployments.apps \\\"x\\\" not "
	 "found\",\"reason\":\"NotFound\",\"details\":{\"name\":\"x\",\"group\":\"apps\",\"kind\":\"deployments\"},\"code\":404}\n"},
	{REASON_BAD_REQUEST, "bad", &attr, 400,
	 "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\",\"message\":\"bad\",\"reason\":\"BadRequest\","
	 "\"code\":400}\n"},
	{REASON_UNAUTHORIZED, "Unauthorized", NULL, 401,
	 "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\",\"message\":\"Unauthorized\",\"reason\":"
	 "\"Unauthorized\",\"code\":401}\n"},
	{REASON_TOO_MANY_REQUESTS, "slow", &attr, 429,
	 "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\",\"message\":\"slow\",\"reason\":"
	 "\"TooManyRequests\",\"details\":{\"retryAfterSeconds\":1},\"code\":429}\n"},
	{REASON_INTERNAL, "boom", &attr, 500,
	 "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\",\"message\":\"Internal error occurred: "
	 "boom\",\"reason\":\"InternalError\",\"details\":{\"causes\":[{\"message\":\"boom\"}]},\"code\":500}\n"},
	{REASON_IO, "disk", &attr, 500,
	 "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\",\"message\":\"Internal error occurred: "
	 "disk\",\"reason\":\"InternalError\",\"details\":{\"causes\":[{\"message\":\"disk\"}]},\"code\":500}\n"},
};

static void test_rows(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct response rs = {0};
		struct err err = ERR_INIT;
		err_set(&err, rows[i].reason, "%s", rows[i].message);
		response_status(&rs, &err, rows[i].attr, NULL);
		assert_int_equal(rs.status, rows[i].status);
		assert_string_equal(buf_str(&rs.body), rows[i].body);
		response_release(&rs);
	}
}

static void test_invalid(void **state)
{
	struct response rs = {0};
	struct err err = {.reason = REASON_INVALID};
	struct field_errors causes = {.n = 0};
	field_error_required(&causes, "spec.selector", "");
	response_status(&rs, &err, &attr, &causes);
	assert_non_null(strstr(
		buf_str(&rs.body),
		"\"message\":\"Deployment.apps \\\"x\\\" is invalid: spec.selector: Required value\""));
	assert_non_null(strstr(
		buf_str(&rs.body),
		"\"details\":{\"name\":\"x\",\"group\":\"apps\",\"kind\":\"Deployment\",\"causes\":[{"
		"\"reason\":\"FieldValueRequired\",\"message\":\"Required value\",\"field\":\"spec.selector\"}]}"));
	field_error_required(&causes, "spec.template", "");
	field_error_required(&causes, "spec.template", ""); /* said once */
	response_status(&rs, &err, &attr, &causes);
	assert_non_null(
		strstr(buf_str(&rs.body),
		       "is invalid: [spec.selector: Required value, spec.template: Required value]\""));
	field_errors_release(&causes);
	response_release(&rs);
}

/* When to come again is told, where the one who refuses knows. */
static void test_retry(void **state)
{
	static const struct {
		enum reason reason;
		unsigned after;
		bool causes;
		int want;
	} v[] = {
		{REASON_TOO_MANY_REQUESTS, 0, false, 1}, {REASON_TOO_MANY_REQUESTS, 10, true, 10},
		{REASON_TOO_MANY_REQUESTS, 0, true, 0},	 {REASON_TIMEOUT, 10, false, 10},
		{REASON_ALREADY_EXISTS, 1, false, 1},	 {REASON_ALREADY_EXISTS, 0, false, 0},
	};
	const struct kind k = {.group = "", .version = "v1", .kind = "Pod", .resource = "pods"};

	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		struct response rs = {0};
		struct err err = {.reason = v[i].reason};
		struct field_errors causes = {.n = 0};
		struct subject about = {.kind = &k, .name = "x", .retry_after_s = v[i].after};
		if (v[i].causes)
			field_errors_add(&causes, "DisruptionBudget", mem_strdup(""), mem_strdup("why"));
		response_status_about(&rs, &err, &about, &causes);
		assert_int_equal(rs.retry_after_s, v[i].want);
		assert_int_equal(strstr(buf_str(&rs.body), "retryAfterSeconds") != NULL, v[i].want != 0);
		field_errors_release(&causes);
		response_release(&rs);
	}
}

static void test_success_and_warnings(void **state)
{
	struct response rs = {0};
	response_status_ok(&rs, &attr, "u-1");
	assert_string_equal(buf_str(&rs.body), "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},"
					       "\"status\":\"Success\",\"details\":{\"name\":\"x\",\"group\":"
					       "\"apps\",\"kind\":\"deployments\",\"uid\":\"u-1\"}}\n");
	for (int i = 0; i < RESPONSE_MAX_WARNINGS + 5; i++)
		response_warn(&rs, "warning %d", i);
	assert_int_equal(rs.n_warnings, RESPONSE_MAX_WARNINGS);
	assert_string_equal(rs.warnings[3], "warning 3");
	response_release(&rs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_invalid),
					   cmocka_unit_test(test_retry),
					   cmocka_unit_test(test_success_and_warnings)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
