/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of a decision: who turned which node down and why, and how the best ones scored. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "cluster_test.h"
#include "plugins/table.h"
#include "why.h"

#define POD(name, more)                                                                                      \
	"metadata: {name: " name ", namespace: d, uid: u-" name "}\nspec: {" more "containers: [{name: c}]}"

static void decide(struct cluster *u, struct why *w, const char *yaml)
{
	const struct sched_pod *p = make_pod(yaml);
	struct reasons reasons = {0};
	struct nomination n;

	cache_update_snapshot(&u->cache, &u->snapshot);
	const struct node_state *node = cycle_run(&u->cycle, &u->snapshot, p, &reasons, &n);
	why_record(w, &u->cycle, p, node ? WHY_SCHEDULED : WHY_UNSCHEDULABLE, node, &reasons,
		   node ? NULL : "no room");
	reasons_release(&reasons);
	informer_unref(p);
}

static void test_one_decision(void **state)
{
	struct cluster u;
	struct why *w = why_new();
	autobuf struct buf got = BUF_INIT;

	cluster_init(&u, &plugin_default_profile);
	cluster_nodes(&u, "a disk=ssd; b; c disk=ssd", NULL);
	cluster_add_node(
		&u, "metadata: {name: t, labels: {disk: ssd}}\nspec: {taints: [{key: k, value: v, effect: "
		    "NoSchedule}]}\nstatus: {allocatable: {cpu: 1, pods: 9}}");
	decide(&u, w, POD("p", "nodeSelector: {disk: ssd}, "));
	decide(&u, w, POD("q", "nodeSelector: {disk: none}, "));
	why_write(w, "d/p", &got);
	assert_non_null(strstr(buf_str(&got), "[{\"pod\":\"d/p\",\"uid\":\"u-p\","));
	assert_non_null(strstr(buf_str(&got),
			       "\"profile\":\"default-scheduler\",\"result\":\"scheduled\",\"node\":\""));
	const char *b = strstr(buf_str(&got), "{\"node\":\"b\",\"plugin\":\"NodeAffinity\"");
	assert_non_null(strstr(buf_str(&got), "\"feasibleNodes\":2,\"rejected\":[{"));
	assert_non_null(b);
	assert_non_null(strstr(b, "\"reasons\":[\"node(s) didn't match Pod's node affinity/selector\"]}"));
	assert_non_null(strstr(buf_str(&got),
			       "{\"node\":\"t\",\"plugin\":\"TaintToleration\",\"reasons\":[\"node(s) had"));
	assert_non_null(strstr(buf_str(&got), "\"total\":"));
	assert_non_null(strstr(buf_str(&got), "\"NodeResourcesFit\":"));
	assert_null(strstr(buf_str(&got), "d/q"));
	got.len = 0;
	why_write(w, NULL, &got);
	const char *q = strstr(buf_str(&got), "d/q"), *p = strstr(buf_str(&got), "d/p");
	assert_true(q && p && q < p); /* the latest first */
	assert_non_null(
		strstr(q, "\"result\":\"unschedulable\",\"message\":\"no room\",\"feasibleNodes\":0"));
	why_free(w);
	cluster_release(&u);
}

/* Of a Pod only the last decision stays, and of all Pods the last ones. */
static void test_bounds(void **state)
{
	struct cluster u;
	struct why *w = why_new();
	autobuf struct buf got = BUF_INIT;
	size_t n = 0;

	cluster_init(&u, &plugin_default_profile);
	cluster_nodes(&u, "a; b", NULL);
	decide(&u, w, POD("first", ""));
	decide(&u, w, POD("p", "nodeSelector: {disk: none}, "));
	decide(&u, w, POD("p", ""));
	why_write(w, "d/p", &got);
	assert_null(strstr(buf_str(&got), "unschedulable"));
	for (int i = 0; i < WHY_MAX; i++) {
		autofree char *yaml = mem_printf(POD("x%d", ""), i, i);
		decide(&u, w, yaml);
	}
	got.len = 0;
	why_write(w, NULL, &got);
	for (const char *s = buf_str(&got); (s = strstr(s, "\"pod\":")); s++)
		n++;
	assert_int_equal(n, WHY_MAX);
	assert_null(strstr(buf_str(&got), "d/first"));
	assert_non_null(strstr(buf_str(&got), "d/x0"));
	why_free(w);
	cluster_release(&u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_one_decision),
					   cmocka_unit_test(test_bounds)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
