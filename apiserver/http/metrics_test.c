/* SPDX-License-Identifier: Apache-2.0 */
/* What is counted under which labels, also when one kind has come to stand where another was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "base/clock.h"
#include "http/metrics.h"
#include "rest/route.h"
#include "serve/metric.h"

static void expect(const char *line)
{
	autobuf struct buf b = BUF_INIT;
	metric_write(&b);
	if (!strstr(buf_str(&b), line))
		fail_msg("no %s in %s", line, buf_str(&b));
}

#define LINE(resource, n)                                                                                            \
	"apiserver_request_total{code=\"200\",component=\"apiserver\",dry_run=\"\",group=\"g\",resource=\"" resource \
	"\",scope=\"resource\",subresource=\"\",verb=\"GET\",version=\"v1\"} " n "\n"

static void test_kind_in_anothers_place(void **state)
{
	static const struct kind kind;
	static const struct route route;
	struct request rq = {.method = METHOD_GET, .method_name = "GET", .content_type = "", .route = &route};
	rq.attr = (struct attributes)ATTRIBUTES_INIT;
	rq.attr.kind = &kind;
	rq.attr.verb = "get";
	rq.attr.group = "g";
	rq.attr.version = "v1";
	rq.attr.name = "x";
	rq.attr.resource = "olds";
	metrics_request(&rq, 200, 1, 20);
	metrics_request(&rq, 200, 1, 20);
	rq.attr.resource = "news";
	metrics_request(&rq, 200, 1, 20);
	expect(LINE("olds", "2"));
	expect(LINE("news", "1"));
}

/* kubernetes/apiserver pkg/endpoints/metrics: what a request is called there. */
static void test_labels(void **state)
{
	static const struct kind kind;
	static const struct route routes[5]; /* each verb has its own */
	static const struct {
		enum method method;
		const char *verb, *type, *name;
		bool dry_run;
		const char *line;
	} rows[] = {
		{METHOD_POST, "create", "", "", true,
		 "dry_run=\"All\",group=\"g\",resource=\"r\",scope=\"resource\",subresource=\"\",verb=\"POST\""},
		{METHOD_PATCH, "patch", "application/apply-patch+yaml", "x", false,
		 "dry_run=\"\",group=\"g\",resource=\"r\",scope=\"resource\",subresource=\"\",verb=\"APPLY\""},
		{METHOD_PATCH, "patch", "application/json-patch+json", "x", false,
		 "dry_run=\"\",group=\"g\",resource=\"r\",scope=\"resource\",subresource=\"\",verb=\"PATCH\""},
		{METHOD_DELETE, "deletecollection", "", "", false,
		 "dry_run=\"\",group=\"g\",resource=\"r\",scope=\"namespace\",subresource=\"\",verb=\"DELETE\""},
		{METHOD_GET, "list", "", "", false,
		 "dry_run=\"\",group=\"g\",resource=\"r\",scope=\"namespace\",subresource=\"\",verb=\"LIST\""},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct request rq = {.method = rows[i].method,
				     .method_name = "",
				     .content_type = rows[i].type,
				     .route = &routes[i]};
		rq.attr = (struct attributes)ATTRIBUTES_INIT;
		rq.attr.kind = &kind;
		rq.attr.verb = rows[i].verb;
		rq.attr.group = "g";
		rq.attr.version = "v1";
		rq.attr.resource = "r";
		rq.attr.ns = "n";
		rq.attr.name = rows[i].name;
		rq.attr.dry_run = rows[i].dry_run;
		metrics_request(&rq, 200, 70 * NS_PER_MS, 2000);
		expect(rows[i].line);
	}
#define PLAIN(verb)                                                                                             \
	"{component=\"apiserver\",group=\"g\",resource=\"r\",scope=\"namespace\",subresource=\"\",verb=\"" verb \
	"\",version=\"v1\""
	expect("apiserver_response_sizes_bucket" PLAIN("LIST") ",le=\"10000\"} 1\n");
	expect("apiserver_response_sizes_bucket" PLAIN("LIST") ",le=\"1000\"} 0\n");
	expect("apiserver_request_sli_duration_seconds_bucket" PLAIN("DELETE") ",le=\"0.1\"} 1\n");
	autobuf struct buf b = BUF_INIT;
	metric_write(&b);
	assert_null(strstr(buf_str(&b), "apiserver_response_sizes_count" PLAIN("DELETE")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_kind_in_anothers_place),
					   cmocka_unit_test(test_labels)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
