/* SPDX-License-Identifier: Apache-2.0 */
/* The page /metrics/resource, of a fleet and, letter by letter, of a machine. */
#include "agent/usage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define NOW (INT64_C(1767225600) * NS_PER_S)

/* A Pod with one container that has run for ten seconds. */
static struct container_spec spec = {.name = "c"};
static struct pod *make_pod(const char *name, const char *cpu, const char *memory)
{
	struct pod *p = MEM_NEW(struct pod);
	autojson js *annotations = js_new_obj();

	p->o.meta.name = mem_strdup(name);
	p->o.meta.namespace = (char *)"ns";
	p->o.meta.uid = p->o.meta.name;
	js_set_str(annotations, USAGE_CPU_ANNOTATION, cpu);
	js_set_str(annotations, USAGE_MEMORY_ANNOTATION, memory);
	p->o.meta.annotations = labels_new(annotations);
	p->list.v = &spec;
	p->list.n = 1;
	return p;
}

static void free_pod(struct pod *p)
{
	free(p->o.meta.name);
	free(p->o.meta.annotations);
	free(p);
}

static void annotate(struct pod *p, const char *cpu)
{
	autojson js *annotations = js_new_obj();

	js_set_str(annotations, USAGE_CPU_ANNOTATION, cpu);
	free(p->o.meta.annotations);
	p->o.meta.annotations = labels_new(annotations);
}

static const char *page(struct usage *u, struct node *nodes, size_t n)
{
	static struct buf text;

	buf_release(&text);
	usage_pretend(u, &text, nodes, n);
	return buf_str(&text);
}

#define expect(text, line) assert_non_null(strstr(text, line "\n"))
#define CPU "container_cpu_usage_seconds_total{container=\"c\",namespace=\"ns\",pod=\"p\"} "

static void test_fleet(void **state)
{
	struct usage u = {0};
	struct pod *p = make_pod("p", "250m", "64Mi");
	struct container running = {.state = CTR_RUNNING,
				    .cur = {.id = (char *)"1", .started_ns = NOW - 10 * NS_PER_S}};
	struct worker w = {.pod = p, .m = {.pod = p, .c = &running, .n = 1}};
	struct node nodes[2] = {{.name = (char *)"one"}, {.name = (char *)"two"}};

	nodes[0].host.simulated = nodes[1].host.simulated = true;
	(void)map_set(&nodes[1].host.workers, "p", &w);
	clock_fake(NOW);
	const char *text = page(&u, nodes, 2);

	expect(text, CPU "2.5 1767225600000");
	expect(text,
	       "container_memory_working_set_bytes{container=\"c\",namespace=\"ns\",pod=\"p\"} 67108864 1767225600000");
	expect(text, "container_start_time_seconds{container=\"c\",namespace=\"ns\",pod=\"p\"} 1767225590");
	expect(text, "node_cpu_usage_seconds_total{node=\"one\"} 0 1767225600000");
	expect(text, "node_cpu_usage_seconds_total{node=\"two\"} 2.5 1767225600000");
	expect(text, "node_memory_working_set_bytes{node=\"two\"} 67108864 1767225600000");
	expect(text, "# TYPE node_cpu_usage_seconds_total counter");
	expect(text, "pod_cpu_usage_seconds_total{namespace=\"ns\",pod=\"p\"} 2.5 1767225600000");
	assert_null(strstr(text, "swap")); /* nobody pretends any */

	/* The counter never goes back, whatever is said next. */
	annotate(p, "0");
	clock_advance(10 * NS_PER_S);
	expect(page(&u, nodes, 2), CPU "2.5 1767225610000");
	annotate(p, "2");
	clock_advance(10 * NS_PER_S);
	expect(page(&u, nodes, 2), CPU "22.5 1767225620000");
	annotate(p, "-7");
	clock_advance(10 * NS_PER_S);
	expect(page(&u, nodes, 2), CPU "22.5 1767225630000");
	annotate(p, "much");
	expect(page(&u, nodes, 2), CPU "22.5 1767225630000");

	running.cur.finished_ns = NOW;
	assert_null(strstr(page(&u, nodes, 2), CPU));
	assert_int_equal(map_len(&u.pretended), 0); /* nothing is kept of what has ended */
	map_release(&nodes[1].host.workers);
	usage_release(&u);
	free_pod(p);
	clock_real();
}

/* ---- a real one ---- */

static const char machine_page[] =
	"# HELP container_cpu_usage_seconds_total [STABLE] Cumulative cpu time consumed by the container in core-seconds\n"
	"# TYPE container_cpu_usage_seconds_total counter\n"
	"container_cpu_usage_seconds_total{container=\"c\",namespace=\"ns\",pod=\"p\"} 1.5 1767225600000\n"
	"# HELP container_memory_working_set_bytes [STABLE] Current working set of the container in bytes\n"
	"# TYPE container_memory_working_set_bytes gauge\n"
	"container_memory_working_set_bytes{container=\"c\",namespace=\"ns\",pod=\"p\"} 4096 1767225600000\n"
	"# HELP container_start_time_seconds [STABLE] Start time of the container since unix epoch in seconds\n"
	"# TYPE container_start_time_seconds gauge\n"
	"container_start_time_seconds{container=\"c\",namespace=\"ns\",pod=\"p\"} 1767225590.5\n"
	"# HELP container_swap_limit_bytes [ALPHA] Current amount of the container swap limit in bytes. Reported only on non-windows systems\n"
	"# TYPE container_swap_limit_bytes gauge\n"
	"container_swap_limit_bytes{container=\"c\",namespace=\"ns\",pod=\"p\"} 500 1767225600000\n"
	"# HELP container_swap_usage_bytes [ALPHA] Current amount of the container swap usage in bytes. Reported only on non-windows systems\n"
	"# TYPE container_swap_usage_bytes gauge\n"
	"container_swap_usage_bytes{container=\"c\",namespace=\"ns\",pod=\"p\"} 100 1767225600000\n"
	"# HELP node_cpu_usage_seconds_total [STABLE] Cumulative cpu time consumed by the node in core-seconds\n"
	"# TYPE node_cpu_usage_seconds_total counter\n"
	"node_cpu_usage_seconds_total 5 1767225601000\n"
	"# HELP node_memory_working_set_bytes [STABLE] Current working set of the node in bytes\n"
	"# TYPE node_memory_working_set_bytes gauge\n"
	"node_memory_working_set_bytes 512000 1767225601000\n"
	"# HELP node_swap_usage_bytes [ALPHA] Current swap usage of the node in bytes. Reported only on non-windows systems\n"
	"# TYPE node_swap_usage_bytes gauge\n"
	"node_swap_usage_bytes 0 1767225601000\n"
	"# HELP pod_cpu_usage_seconds_total [STABLE] Cumulative cpu time consumed by the pod in core-seconds\n"
	"# TYPE pod_cpu_usage_seconds_total counter\n"
	"pod_cpu_usage_seconds_total{namespace=\"ns\",pod=\"p\"} 2 1767225600000\n"
	"# HELP pod_memory_working_set_bytes [STABLE] Current working set of the pod in bytes\n"
	"# TYPE pod_memory_working_set_bytes gauge\n"
	"pod_memory_working_set_bytes{namespace=\"ns\",pod=\"p\"} 0 1767225600000\n"
	"# HELP resource_scrape_error [STABLE] 1 if there was an error while getting container metrics, 0 otherwise\n"
	"# TYPE resource_scrape_error gauge\n"
	"resource_scrape_error 0\n";

/* What is not counted (the Pod's swap, another container altogether) is left out. */
static void test_machine(void **state)
{
	struct census_container containers[] = {{.name = (char *)"c",
						 .started_ns = NOW - 9500 * NS_PER_MS,
						 .count = {.known = true,
							   .s = {.at_ns = NOW,
								 .v = {[RUNTIME_CPU] = 1500 * NS_PER_MS,
								       [RUNTIME_MEMORY] = 5096,
								       [RUNTIME_MEMORY_IDLE_FILES] = 1000,
								       [RUNTIME_MEMORY_SWAP] = 100,
								       [RUNTIME_MEMORY_SWAP_LIMIT] = 500}}}},
						{.name = (char *)"gone"}};
	struct census_pod p = {.name = (char *)"p",
			       .namespace = (char *)"ns",
			       .containers = containers,
			       .n = 2,
			       .count = {.known = true,
					 .s = {.at_ns = NOW,
					       .v = {[RUNTIME_CPU] = 2 * NS_PER_S,
						     [RUNTIME_MEMORY] = 7,
						     [RUNTIME_MEMORY_IDLE_FILES] = 9,
						     [RUNTIME_MEMORY_SWAP] = RUNTIME_UNKNOWN_FIGURE}}}};
	const struct census c = {
		.pods = &p,
		.n = 1,
		.machine = {.known = true,
			    .s = {.at_ns = NOW + NS_PER_S,
				  .v = {[RUNTIME_CPU] = 5 * NS_PER_S, [RUNTIME_MEMORY] = 512000}}}};
	autobuf struct buf text = BUF_INIT;

	usage_write(&c, &text);
	assert_string_equal(buf_str(&text), machine_page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_fleet), cmocka_unit_test(test_machine)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
