/* SPDX-License-Identifier: Apache-2.0 */
/* What is read of a page, and what is passed over. */
#include "rest/usage/page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

static void note(void *arg, const struct page_line *l)
{
	buf_addf(arg, "%d %s/%s/%s@%s %g %lld;", l->family, l->ns, l->pod, l->container, l->node, l->value,
		 (long long)l->at_ns);
}

static void test_lines(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"container_cpu_usage_seconds_total{container=\"c\",namespace=\"n\",pod=\"p\"} 1.5 2000",
		 "0 n/p/c@ 1.5 2000000000;"},
		{"# HELP x\n# TYPE x counter\nnode_memory_working_set_bytes 4.096e+03 1",
		 "4 //@ 4096 1000000;"},
		{"node_cpu_usage_seconds_total{node=\"a\"} 7", "3 //@a 7 0;"},
		{"node_cpu_usage_seconds_total{node=\"a\\\"b\\\\c\"} 7\n\n", "3 //@a\"b\\c 7 0;"},
		{"node_cpu_usage_seconds_total{other=\"x\",node=\"a\",} 7", "3 //@a 7 0;"},
		{"container_start_time_seconds{pod=\"p\"} 1.7e9 5", "2 /p/@ 1.7e+09 5000000;"},
		{"container_memory_working_set_bytes{pod=\"p\"} 5", "1 /p/@ 5 0;"},
		{"pod_cpu_usage_seconds_total{pod=\"p\"} 5", ""},
		{"node_cpu_usage_seconds_total_more 5", ""},
		{"node_cpu_usage_seconds_total -1", ""},
		{"node_cpu_usage_seconds_total NaN", ""},
		{"node_cpu_usage_seconds_total +Inf", ""},
		{"node_cpu_usage_seconds_total 1e300", ""},
		{"node_cpu_usage_seconds_total", ""},
		{"node_cpu_usage_seconds_total{node=\"a} 7", ""},
		{"node_cpu_usage_seconds_total{node=a} 7", ""},
		{"node_cpu_usage_seconds_total{node", ""},
		{"node_cpu_usage_seconds_total{node=\"a\"", ""},
		{"node_cpu_usage_seconds_total 1 1e200\nnode_cpu_usage_seconds_total 2 nan",
		 "3 //@ 1 0;3 //@ 2 0;"},
		{"", ""},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *text = mem_strdup(rows[i].text);
		autobuf struct buf got = BUF_INIT;

		page_read(text, note, &got);
		assert_string_equal(buf_str(&got), rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_lines)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
