/* SPDX-License-Identifier: Apache-2.0 */
/* The page /metrics/resource, of a fleet and of a machine. */
#include "agent/usage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "os/tree.h"

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

static const char *page(struct usage *u, struct node *nodes, size_t n, const char *proc)
{
	static struct buf text;

	buf_release(&text);
	usage_write(u, &text, nodes, n, proc);
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
	const char *text = page(&u, nodes, 2, "");

	expect(text, CPU "2.5 1767225600000");
	expect(text,
	       "container_memory_working_set_bytes{container=\"c\",namespace=\"ns\",pod=\"p\"} 67108864 1767225600000");
	expect(text,
	       "container_start_time_seconds{container=\"c\",namespace=\"ns\",pod=\"p\"} 1767225590 1767225600000");
	expect(text, "node_cpu_usage_seconds_total{node=\"one\"} 0 1767225600000");
	expect(text, "node_cpu_usage_seconds_total{node=\"two\"} 2.5 1767225600000");
	expect(text, "node_memory_working_set_bytes{node=\"two\"} 67108864 1767225600000");
	expect(text, "# TYPE node_cpu_usage_seconds_total counter");

	/* The counter never goes back, whatever is said next. */
	annotate(p, "0");
	clock_advance(10 * NS_PER_S);
	expect(page(&u, nodes, 2, ""), CPU "2.5 1767225610000");
	annotate(p, "2");
	clock_advance(10 * NS_PER_S);
	expect(page(&u, nodes, 2, ""), CPU "22.5 1767225620000");
	annotate(p, "-7");
	clock_advance(10 * NS_PER_S);
	expect(page(&u, nodes, 2, ""), CPU "22.5 1767225630000");
	annotate(p, "much");
	expect(page(&u, nodes, 2, ""), CPU "22.5 1767225630000");

	running.cur.finished_ns = NOW;
	assert_null(strstr(page(&u, nodes, 2, ""), CPU));
	assert_int_equal(map_len(&u.pretended), 0); /* nothing is kept of what has ended */
	map_release(&nodes[1].host.workers);
	usage_release(&u);
	free_pod(p);
	clock_real();
}

/* ---- a real one ---- */

static int container_usage(struct runtime *rt, const char *id, struct runtime_usage *ret, struct err *err)
{
	if (!strcmp(id, "gone"))
		return err_set(err, REASON_NOT_FOUND, "gone");
	*ret = (struct runtime_usage){.cpu_ns = 1500 * NS_PER_MS, .memory = 4096};
	return 0;
}

static void put(const char *dir, const char *file, const char *text)
{
	struct err err = ERR_INIT;
	autofree char *path = mem_printf("%s/%s", dir, file);

	assert_int_equal(tree_write(path, text, strlen(text), 0644, TREE_VOLATILE, &err), 0);
}

static void test_machine(void **state)
{
	char proc[] = "/tmp/usage_test.XXXXXX";
	const struct runtime_ops ops = {.container_usage = container_usage};
	struct runtime rt = {.ops = &ops};
	struct usage u = {0};
	struct err err = ERR_INIT;
	struct pod *p = make_pod("p", "250m", "64Mi");
	struct container running = {.state = CTR_RUNNING, .cur = {.id = (char *)"1", .started_ns = NOW}};
	struct worker w = {.pod = p, .m = {.pod = p, .c = &running, .n = 1}};
	struct node node = {.name = (char *)"one", .host.rt = &rt};

	assert_non_null(mkdtemp(proc));
	put(proc, "stat", "cpu  100 100 200 5000 7 50 50 0 9 9\ncpu0 1 1 1 1\n");
	put(proc, "meminfo", "MemTotal: 1000 kB\nMemFree: 300 kB\nInactive: 77 kB\nInactive(file): 200 kB\n");
	(void)map_set(&node.host.workers, "p", &w);
	clock_fake(NOW);
	const char *text = page(&u, &node, 1, proc);
	autofree char *cpu = mem_printf("node_cpu_usage_seconds_total %.9g 1767225600000\n",
					500.0 / (double)sysconf(_SC_CLK_TCK));

	expect(text, CPU "1.5 1767225600000");
	expect(text,
	       "container_memory_working_set_bytes{container=\"c\",namespace=\"ns\",pod=\"p\"} 4096 1767225600000");
	assert_non_null(strstr(text, cpu));
	expect(text, "node_memory_working_set_bytes 512000 1767225600000");
	running.cur.id = (char *)"gone";
	assert_null(strstr(page(&u, &node, 1, proc), CPU));
	assert_int_equal(map_len(&u.pretended), 0);
	map_release(&node.host.workers);
	free_pod(p);
	clock_real();
	assert_int_equal(tree_remove(proc, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_fleet), cmocka_unit_test(test_machine)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
