/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks for a deprecated version is warned; the metric tells it with the release that takes it away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "base/buf.h"
#include "object/schema.h"
#include "rest/deprecation.h"
#include "serve/metric.h"

static void ask(const struct kind *k, const char *version)
{
	struct request rq = {.method = METHOD_GET, .method_name = "GET", .content_type = ""};
	struct response rs = {.status = 0};

	rq.attr = (struct attributes)ATTRIBUTES_INIT;
	rq.attr.kind = k;
	rq.attr.group = "g";
	rq.attr.version = version;
	rq.attr.resource = "boats";
	deprecation_tell(&rq, &rs);
	if (k->deprecated)
		assert_string_equal(rs.warnings[0], k->deprecated);
	assert_int_equal(rs.n_warnings, k->deprecated != NULL);
	response_release(&rs);
}

static void test_told(void **state)
{
	static const struct kind
		going = {.deprecated = "g/v1beta1 Boat is deprecated in v1.21+, unavailable in v1.25+"},
		old = {.deprecated = "v1 Boat is deprecated in v1.19+"}, new = {.deprecated = NULL};
	autobuf struct buf b = BUF_INIT;

	ask(&going, "v1beta1");
	ask(&old, "v1");
	ask(&new, "v2");
	metric_write(&b);
	assert_non_null(strstr(buf_str(&b), "# HELP apiserver_requested_deprecated_apis [STABLE] "));
	assert_non_null(strstr(
		buf_str(&b),
		"apiserver_requested_deprecated_apis{group=\"g\",removed_release=\"1.25\",resource=\"boats\","
		"subresource=\"\",version=\"v1beta1\"} 1\n"));
	assert_non_null(strstr(
		buf_str(&b),
		"apiserver_requested_deprecated_apis{group=\"g\",removed_release=\"\",resource=\"boats\","
		"subresource=\"\",version=\"v1\"} 1\n"));
	assert_null(strstr(buf_str(&b), "version=\"v2\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_told)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
