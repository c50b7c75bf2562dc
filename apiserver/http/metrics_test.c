/* SPDX-License-Identifier: Apache-2.0 */
/* What is counted under which labels, also when one kind has come to stand where another was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
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
	struct request rq = {.method = METHOD_GET, .method_name = "GET", .route = &route};
	rq.attr = (struct attributes)ATTRIBUTES_INIT;
	rq.attr.kind = &kind;
	rq.attr.verb = "get";
	rq.attr.group = "g";
	rq.attr.version = "v1";
	rq.attr.name = "x";
	rq.attr.resource = "olds";
	metrics_request(&rq, 200, 1, false);
	metrics_request(&rq, 200, 1, false);
	rq.attr.resource = "news";
	metrics_request(&rq, 200, 1, false);
	expect(LINE("olds", "2"));
	expect(LINE("news", "1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_kind_in_anothers_place)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
