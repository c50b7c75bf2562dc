/* SPDX-License-Identifier: Apache-2.0 */
/* The text of /metrics/probes. */
#include "probe/tally.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

static const struct tally_labels labels = {"c", "ns", "p", "u-1", "Liveness"};

static void test_total(void **state)
{
	struct probe_tally t = {0};
	autobuf struct buf b = BUF_INIT;
	tally_write(&b, TALLY_TOTAL, &t, &labels);
	tally_write(&b, TALLY_DURATION, &t, &labels);
	assert_int_equal(b.len, 0); /* what has not been is no series */
	tally_count(&t, false, 3);
	tally_count(&t, true, 0.1);
	tally_count(&t, true, 0.2);
	tally_write(&b, TALLY_TOTAL, &t, &labels);
	assert_string_equal(
		buf_str(&b),
		"prober_probe_total{container=\"c\",namespace=\"ns\",pod=\"p\",pod_uid=\"u-1\",probe_type="
		"\"Liveness\",result=\"failed\"} 1\n"
		"prober_probe_total{container=\"c\",namespace=\"ns\",pod=\"p\",pod_uid=\"u-1\",probe_type="
		"\"Liveness\",result=\"successful\"} 2\n");
}

static void test_duration(void **state)
{
	static const char *const wanted[] = {"le=\"0.005\"} 1\n", "le=\"0.01\"} 1\n", "le=\"0.1\"} 2\n",
					     "le=\"10\"} 3\n", "le=\"+Inf\"} 4\n"};
	struct probe_tally t = {0};
	autobuf struct buf b = BUF_INIT;
	tally_count(&t, true, 0.005); /* a bound is in its bucket */
	tally_count(&t, true, 0.1);
	tally_count(&t, true, 2);
	tally_count(&t, true, 30);
	tally_count(&t, false, 30);
	tally_head(&b, TALLY_DURATION);
	tally_write(&b, TALLY_DURATION, &t, &labels);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
		assert_non_null(strstr(buf_str(&b), wanted[i]));
	assert_non_null(strstr(buf_str(&b), "# TYPE prober_probe_duration_seconds histogram\n"));
	assert_non_null(
		strstr(buf_str(&b),
		       "_sum{container=\"c\",namespace=\"ns\",pod=\"p\",probe_type=\"Liveness\"} 32.105\n"));
	assert_non_null(
		strstr(buf_str(&b),
		       "_count{container=\"c\",namespace=\"ns\",pod=\"p\",probe_type=\"Liveness\"} 4\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_total), cmocka_unit_test(test_duration)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
