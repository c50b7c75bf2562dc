/* SPDX-License-Identifier: Apache-2.0 */
/* Which nodes suit: upstream's cases of NodeShouldRunDaemonPod, and more. */
#include "daemonset/daemonset_round.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>

#include "decode/make_test.h"

/* A DaemonSet whose template has this spec; to be released. */
static void parse_set(const char *template_spec, struct cm_daemonset *ds)
{
	struct err err = ERR_INIT;
	autofree char *yaml = mem_printf("spec: {template: {spec: {%s}}}", template_spec);
	autojson js *o = yaml_parse(yaml, strlen(yaml), NULL, &err);

	if (!o)
		fail_msg("%s: %s", err.msg, yaml);
	*ds = (struct cm_daemonset){0};
	assert_true(cm_daemonset_type.decode(ds, o));
}

#define FIELD(values)                                                                                        \
	"affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: ["    \
	"{matchFields: [{key: metadata.name, operator: In, values: [" values "]}]}]}}}"
#define EXPRESSION(op, values)                                                                               \
	"affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: ["    \
	"{matchExpressions: [{key: type, operator: " op ", values: [" values "]}]}]}}}"
#define TAINT(key, effect) "spec: {taints: [{key: " key ", effect: " effect "}]}"

static void test_fit(void **state)
{
	static const struct {
		const char *set, *node;
		bool run, stay;
	} rows[] = {
		{"", "", true, true},
		{"nodeName: n1", "", true, true},
		{"nodeName: other", "", false, false},
		{"nodeSelector: {type: prod}", "", true, true},
		{"nodeSelector: {type: test}", "", false, false},
		{"nodeSelector: {type: prod, disk: ssd}", "", false, false},
		{"nodeSelector: {type: prod}, nodeName: other", "", false, false},
		{FIELD("n1"), "", true, true},
		{FIELD("other"), "", false, false},
		{EXPRESSION("In", "prod, test"), "", true, true},
		{EXPRESSION("NotIn", "prod"), "", false, false},
		{"affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: []}}}",
		 "", false, false},
		{"affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, "
		 "preference: {matchExpressions: [{key: type, operator: In, values: [x]}]}}]}}",
		 "", true, true},
		/* taints of its own */
		{"", TAINT("dedicated", "NoSchedule"), false, true},
		{"", TAINT("dedicated", "PreferNoSchedule"), true, true},
		{"", TAINT("dedicated", "NoExecute"), false, false},
		{"tolerations: [{key: dedicated, operator: Exists}]", TAINT("dedicated", "NoSchedule"), true,
		 true},
		{"tolerations: [{key: dedicated, operator: Exists, effect: NoExecute, tolerationSeconds: 5}]",
		 TAINT("dedicated", "NoExecute"), true, true},
		{"tolerations: [{key: dedicated, operator: Exists, effect: NoSchedule}]",
		 TAINT("dedicated", "NoExecute"), false, false},
		{"tolerations: [{operator: Exists}]",
		 "spec: {taints: [{key: a, effect: NoExecute}, {key: b, effect: NoSchedule}]}", true, true},
		{"tolerations: [{key: a, operator: Exists}]",
		 "spec: {taints: [{key: a, effect: NoExecute}, {key: b, effect: NoSchedule}]}", false, true},
		/* those of a node's condition */
		{"", TAINT("node.kubernetes.io/not-ready", "NoExecute"), true, true},
		{"", TAINT("node.kubernetes.io/not-ready", "NoSchedule"), false, true},
		{"", TAINT("node.kubernetes.io/unreachable", "NoExecute"), true, true},
		{"", TAINT("node.kubernetes.io/memory-pressure", "NoSchedule"), true, true},
		{"", TAINT("node.kubernetes.io/disk-pressure", "NoSchedule"), true, true},
		{"", TAINT("node.kubernetes.io/pid-pressure", "NoSchedule"), true, true},
		{"", TAINT("node.kubernetes.io/unschedulable", "NoSchedule"), true, true},
		{"", "spec: {unschedulable: true}", true, true},
		{"", TAINT("node.kubernetes.io/network-unavailable", "NoSchedule"), false, true},
		{"hostNetwork: true", TAINT("node.kubernetes.io/network-unavailable", "NoSchedule"), true,
		 true},
		{"", TAINT("node.kubernetes.io/out-of-service", "NoExecute"), false, false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cm_daemonset ds;
		autofree char *yaml =
			mem_printf("metadata: {name: n1, labels: {type: prod}}\n%s", rows[i].node);
		autofree struct cm_node *node = make_decoded(&cm_node_type, yaml);

		parse_set(rows[i].set, &ds);
		struct daemonset_fit fit = daemonset_fit(&ds, node);
		if (fit.run != rows[i].run || fit.stay != rows[i].stay)
			fail_msg("{%s} on {%s}: run %d, stay %d", rows[i].set, rows[i].node, fit.run,
				 fit.stay);
		cm_daemonset_type.release(&ds);
	}
}

static void test_backoff(void **state)
{
	struct daemonset_backoff *b = daemonset_backoff_new();
	int64_t now = 1000 * NS_PER_S, pause = NS_PER_S;

	assert_int_equal(daemonset_backoff_try(b, "a", now), 0);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(daemonset_backoff_try(b, "a", now), pause);
		assert_int_equal(daemonset_backoff_try(b, "a", now + pause - 1), 1);
		now += pause;
		assert_int_equal(daemonset_backoff_try(b, "a", now), 0);
		pause = pause * 2 < 900 * NS_PER_S ? pause * 2 : 900 * NS_PER_S;
	}
	assert_int_equal(pause, 900 * NS_PER_S);
	assert_int_equal(daemonset_backoff_try(b, "b", now), 0); /* each for itself */
	/* forgotten */
	now += 1801 * NS_PER_S;
	assert_int_equal(daemonset_backoff_try(b, "a", now), 0);
	assert_int_equal(daemonset_backoff_try(b, "a", now), NS_PER_S);
	/* a clock that jumps back holds nobody up */
	now -= 10000 * NS_PER_S;
	assert_int_equal(daemonset_backoff_try(b, "a", now), 0);
	assert_int_equal(daemonset_backoff_try(b, "a", now), NS_PER_S);
	daemonset_backoff_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fit),
		cmocka_unit_test(test_backoff),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
