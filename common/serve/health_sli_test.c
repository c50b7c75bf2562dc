/* SPDX-License-Identifier: Apache-2.0 */
/* Through the pages that note what their checks said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/buf.h"
#include "serve/health.h"

static bool good = true;

static bool check(void *arg, char why[128])
{
	return good;
}

static int ask(const char *path, const char *query, struct buf *out)
{
	const char *type;
	int status;
	buf_clear(out);
	assert_true(health_page(path, query, out, &status, &type));
	return status;
}

static void counts_what_pages_found(void **state)
{
	autobuf struct buf out = BUF_INIT;
	health_add_check("a", check, NULL);
	assert_int_equal(ask("/metrics/slis", "", &out), 200);
	assert_int_equal(out.len, 0); /* nobody has asked yet */
	assert_int_equal(ask("/readyz", "", &out), 200);
	good = false;
	assert_int_equal(ask("/readyz", "", &out), 500);
	assert_int_equal(ask("/readyz", "exclude=a", &out), 200); /* not run */
	assert_int_equal(ask("/readyz/a", "", &out), 500);	  /* by itself: not counted */
	assert_int_equal(ask("/livez", "", &out), 200);
	assert_int_equal(ask("/metrics/slis", "", &out), 200);
	assert_string_equal(
		buf_str(&out),
		"# HELP kubernetes_healthcheck [STABLE] This metric records the result of a single healthcheck.\n"
		"# TYPE kubernetes_healthcheck gauge\n"
		"kubernetes_healthcheck{name=\"a\",type=\"readyz\"} 0\n"
		"kubernetes_healthcheck{name=\"ping\",type=\"livez\"} 1\n"
		"kubernetes_healthcheck{name=\"ping\",type=\"readyz\"} 1\n"
		"# HELP kubernetes_healthchecks_total [STABLE] This metric records the results of all healthcheck.\n"
		"# TYPE kubernetes_healthchecks_total counter\n"
		"kubernetes_healthchecks_total{name=\"a\",status=\"error\",type=\"readyz\"} 1\n"
		"kubernetes_healthchecks_total{name=\"a\",status=\"success\",type=\"readyz\"} 1\n"
		"kubernetes_healthchecks_total{name=\"ping\",status=\"success\",type=\"livez\"} 1\n"
		"kubernetes_healthchecks_total{name=\"ping\",status=\"success\",type=\"readyz\"} 3\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(counts_what_pages_found)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
