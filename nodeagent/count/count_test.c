/* SPDX-License-Identifier: Apache-2.0 */
/* What is told stands on the page, by its family's type and labels; what nobody told does not. */
#include "count/count.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "base/mem.h"
#include "serve/metric.h"

static void test_pages(void **state)
{
	static const char *const lines[] = {
		"# HELP kubelet_node_name [ALPHA] The node's name. The count is always 1.\n",
		"\nkubelet_node_name{node=\"n\"} 1\n",
		"\nkubelet_started_pods_total 2\n",
		"\nkubelet_started_containers_total{container_type=\"init_container\"} 1\n",
		"\nkubelet_started_containers_errors_total{code=\"ErrImagePull\",container_type=\"container\"} 1\n",
		"\n# TYPE kubelet_pod_start_duration_seconds histogram\n",
		"\nkubelet_pod_start_duration_seconds_bucket{le=\"0.5\"} 0\n",
		"\nkubelet_pod_start_duration_seconds_bucket{le=\"2700\"} 1\n",
		"\nkubelet_pod_start_duration_seconds_bucket{le=\"3600\"} 1\n",
		"\nkubelet_image_pull_duration_seconds_sum{image_size_in_bytes=\"10MB-100MB\"} 7\n",
		"\nkubelet_evictions{eviction_signal=\"memory.available\"} 1\n",
	};
	autobuf struct buf text = BUF_INIT;

	count_tell(COUNT_NODE, "n", NULL, 1);
	count_tell(COUNT_NODE, "n", NULL, 1);
	count_tell(COUNT_PODS, NULL, NULL, 1);
	count_tell(COUNT_PODS, NULL, NULL, 1);
	count_tell(COUNT_CONTAINERS, "init_container", NULL, 1);
	count_tell(COUNT_CONTAINERS_FAILED, "ErrImagePull", "container", 1);
	count_tell(COUNT_START, NULL, NULL, 2.5);
	count_tell(COUNT_PULL, count_size(11 << 20), NULL, 7);
	count_tell(COUNT_EVICTIONS, "memory.available", NULL, 1);
	metric_write(&text);
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		if (!strstr(buf_str(&text), lines[i]))
			fail_msg("not there: %s in\n%s", lines[i], buf_str(&text));
	assert_null(strstr(buf_str(&text), "kubelet_started_pods_errors_total"));
}

static void test_sizes(void **state)
{
	static const struct {
		int64_t bytes;
		const char *want;
	} rows[] = {{0, "N/A"},
		    {1, "0-10MB"},
		    {10 << 20, "0-10MB"},
		    {(10 << 20) + 1, "10MB-100MB"},
		    {(INT64_C(1) << 30) + 1, "1GB-5GB"},
		    {INT64_C(101) << 30, "GT100GB"}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(count_size(rows[i].bytes), rows[i].want);
}

static void test_rejections(void **state)
{
	assert_string_equal(count_rejection("OutOfmemory"), "OutOfmemory");
	assert_string_equal(count_rejection("OutOfexample.com/gpu"), "OutOfExtendedResources");
	assert_string_equal(count_rejection("NodeAffinity"), "Other");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_pages), cmocka_unit_test(test_sizes),
					   cmocka_unit_test(test_rejections)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
