/* SPDX-License-Identifier: Apache-2.0 */
/* What single objects use, after the cases of upstream's evaluators. */
#include "quota/quota_usage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "object/yaml.h"

static const struct quota_kind *kind(const char *resource)
{
	const struct quota_kind *k = quota_kinds;

	while (strcmp(k->resource, resource) != 0)
		k++;
	return k;
}

static js *parse(const char *yaml)
{
	struct err err = ERR_INIT;
	js *o = yaml_parse(yaml, strlen(yaml), NULL, &err);

	if (!o)
		fail_msg("%s: %s", yaml, err.msg);
	return o;
}

/* "name=amount ..." in the order of `want`; nothing else is used. */
static void expect(const char *resource, const char *yaml, const char *want)
{
	autojson js *o = parse(yaml);
	struct quota_sum used = {0};
	autofree char *copy = mem_strdup(want);
	size_t n = 0;

	kind(resource)->use(o, 0, &used);
	for (char *save, *p = strtok_r(copy, " ", &save); p; p = strtok_r(NULL, " ", &save), n++) {
		char text[QUANTITY_TEXT_MAX] = "none";
		char *value = strchr(p, '=');

		*value++ = '\0';
		const struct quantity *q = quota_sum_get(&used, p);

		if (q)
			quantity_format(q, text);
		if (strcmp(text, value))
			fail_msg("%s: %s=%s, expected %s", yaml, p, text, value);
	}
	if (n != used.n)
		fail_msg("%s: %zu names, expected %zu", yaml, used.n, n);
	quota_sum_release(&used);
}

#define C(list) "{resources: {" list "}}"

static void test_pods(void **state)
{
	static const struct {
		const char *yaml, *want;
	} rows[] = {
		{"spec: {initContainers: [" C("requests: {cpu: 1m}, limits: {cpu: 2m}") "], containers: []}",
		 "count/pods=1 pods=1 cpu=1m requests.cpu=1m limits.cpu=2m"},
		{"spec: {containers: [" C("requests: {memory: 1Mi}, limits: {memory: 2Mi}") "]}",
		 "count/pods=1 pods=1 memory=1Mi requests.memory=1Mi limits.memory=2Mi"},
		{"spec: {containers: [" C(
			 "requests: {ephemeral-storage: 32Mi}, limits: {ephemeral-storage: 64Mi}") "]}",
		 "count/pods=1 pods=1 ephemeral-storage=32Mi requests.ephemeral-storage=32Mi "
		 "limits.ephemeral-storage=64Mi"},
		{"spec: {containers: [" C("requests: {hugepages-2Mi: 100Mi}") "]}",
		 "count/pods=1 pods=1 hugepages-2Mi=100Mi requests.hugepages-2Mi=100Mi"},
		{"spec: {containers: [" C(
			 "requests: {example.com/gpu: 3}, limits: {example.com/gpu: 3}") "]}",
		 "count/pods=1 pods=1 requests.example.com/gpu=3"},
		{"spec: {containers: [" C("requests: {cpu: 1}") ", " C(
			 "requests: {cpu: 500m}") "], "
						  "initContainers: [" C("requests: {cpu: 2}") "]}",
		 "count/pods=1 pods=1 cpu=2 requests.cpu=2"},
		/* a sidecar runs beside the rest, and beside the init container after it */
		{"spec: {containers: [" C("requests: {cpu: 1}") "], initContainers: [{restartPolicy: Always, "
								"resources: {requests: {cpu: 1}}}, " C(
									"requests: {cpu: 3}") "]}",
		 "count/pods=1 pods=1 cpu=4 requests.cpu=4"},
		/* overhead counts as a limit only where there is one */
		{"spec: {overhead: {cpu: 1, memory: 1Gi}, containers: [" C(
			 "requests: {cpu: 1, memory: 1Gi}, limits: {cpu: 2}") "]}",
		 "count/pods=1 pods=1 cpu=2 requests.cpu=2 memory=2Gi requests.memory=2Gi limits.cpu=3"},
		/* what the Pod itself asks for takes the place of its containers' */
		{"spec: {resources: {requests: {cpu: 5}}, containers: [" C("requests: {cpu: 1}") "]}",
		 "count/pods=1 pods=1 cpu=5 requests.cpu=5"},
		{"{spec: {containers: [" C("requests: {cpu: 1}") "]}, status: {phase: Succeeded}}",
		 "count/pods=1"},
		{"{spec: {containers: [" C("requests: {cpu: 1}") "]}, status: {phase: Failed}}",
		 "count/pods=1"},
		/* its grace is over since the clock began */
		{"{metadata: {deletionTimestamp: '1969-12-31T23:59:00Z', deletionGracePeriodSeconds: 30}, spec: "
		 "{containers: []}}",
		 "count/pods=1"},
		{"{metadata: {deletionTimestamp: '1969-12-31T23:59:50Z', deletionGracePeriodSeconds: 30}, spec: "
		 "{containers: []}}",
		 "count/pods=1 pods=1"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		expect("pods", rows[i].yaml, rows[i].want);
}

static void test_services(void **state)
{
	static const struct {
		const char *yaml, *want;
	} rows[] = {
		{"spec: {type: ClusterIP}", "services=1 count/services=1"},
		{"spec: {type: ExternalName}", "services=1 count/services=1"},
		{"spec: {type: NodePort, ports: [{port: 1}, {port: 2}]}",
		 "services=1 count/services=1 services.nodeports=2"},
		{"spec: {type: LoadBalancer}",
		 "services=1 count/services=1 services.loadbalancers=1 services.nodeports=0"},
		{"spec: {type: LoadBalancer, ports: [{port: 1}]}",
		 "services=1 count/services=1 services.loadbalancers=1 services.nodeports=1"},
		{"spec: {type: LoadBalancer, allocateLoadBalancerNodePorts: false, ports: [{port: 1}, {port: 2, "
		 "nodePort: 30000}]}",
		 "services=1 count/services=1 services.loadbalancers=1 services.nodeports=1"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		expect("services", rows[i].yaml, rows[i].want);
}

static void test_claims(void **state)
{
	static const struct {
		const char *yaml, *want;
	} rows[] = {
		{"spec: {resources: {requests: {storage: 10Gi}}}",
		 "persistentvolumeclaims=1 count/persistentvolumeclaims=1 requests.storage=10Gi"},
		{"spec: {storageClassName: gold, resources: {requests: {storage: 10Gi}}}",
		 "persistentvolumeclaims=1 count/persistentvolumeclaims=1 requests.storage=10Gi "
		 "gold.storageclass.storage.k8s.io/persistentvolumeclaims=1 "
		 "gold.storageclass.storage.k8s.io/requests.storage=10Gi"},
		{"{metadata: {annotations: {volume.beta.kubernetes.io/storage-class: old}}, spec: {}}",
		 "persistentvolumeclaims=1 count/persistentvolumeclaims=1 "
		 "old.storageclass.storage.k8s.io/persistentvolumeclaims=1"},
		/* of a growth that was asked for and taken back, what is given */
		{"{spec: {resources: {requests: {storage: 1Gi}}}, status: {allocatedResources: {storage: 3Gi}}}",
		 "persistentvolumeclaims=1 count/persistentvolumeclaims=1 requests.storage=3Gi"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		expect("persistentvolumeclaims", rows[i].yaml, rows[i].want);
}

static void test_scopes(void **state)
{
	static const struct {
		const char *yaml, *scope, *op, *values;
		bool in;
	} rows[] = {
		{"spec: {activeDeadlineSeconds: 5}", "Terminating", "Exists", "[]", true},
		{"spec: {activeDeadlineSeconds: 5}", "NotTerminating", "Exists", "[]", false},
		{"spec: {}", "NotTerminating", "Exists", "[]", true},
		{"status: {qosClass: BestEffort}", "BestEffort", "Exists", "[]", true},
		{"status: {qosClass: Burstable}", "BestEffort", "Exists", "[]", false},
		{"status: {qosClass: Burstable}", "NotBestEffort", "Exists", "[]", true},
		{"spec: {priorityClassName: high}", "PriorityClass", "In", "[low, high]", true},
		{"spec: {priorityClassName: high}", "PriorityClass", "NotIn", "[low, high]", false},
		{"spec: {priorityClassName: high}", "PriorityClass", "Exists", "[]", true},
		{"spec: {}", "PriorityClass", "Exists", "[]", false},
		{"spec: {}", "PriorityClass", "DoesNotExist", "[]", true},
		{"spec: {}", "PriorityClass", "In", "[high]", false},
		{"spec: {affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{namespaces: "
		 "[x]}]}}}",
		 "CrossNamespacePodAffinity", "Exists", "[]", true},
		{"spec: {affinity: {podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: "
		 "[{podAffinityTerm: {namespaceSelector: {}}}]}}}",
		 "CrossNamespacePodAffinity", "Exists", "[]", true},
		{"spec: {affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{}]}}}",
		 "CrossNamespacePodAffinity", "Exists", "[]", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autojson js *o = parse(rows[i].yaml), *values = parse(rows[i].values);

		if (kind("pods")->in_scope(o, rows[i].scope, rows[i].op, values) != rows[i].in)
			fail_msg("%s %s %s %s", rows[i].yaml, rows[i].scope, rows[i].op, rows[i].values);
	}
}

static void test_whose_a_name_is(void **state)
{
	static const struct {
		const char *name, *resource; /* NULL: nobody's, or of those that are counted only */
	} rows[] = {
		{"cpu", "pods"},
		{"limits.memory", "pods"},
		{"count/pods", "pods"},
		{"requests.hugepages-1Gi", "pods"},
		{"requests.example.com/gpu", "pods"},
		{"example.com/gpu", NULL},
		{"limits.hugepages-1Gi", NULL},
		{"services.nodeports", "services"},
		{"requests.storage", "persistentvolumeclaims"},
		{"gold.storageclass.storage.k8s.io/requests.storage", "persistentvolumeclaims"},
		{"gold.storageclass.storage.k8s.io/count/persistentvolumeclaims", NULL},
		{"configmaps", NULL},
		{"count/jobs.batch", NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (const struct quota_kind *k = quota_kinds; k->resource; k++) {
			bool want = rows[i].resource && !strcmp(k->resource, rows[i].resource);

			if (k->knows(rows[i].name) != want)
				fail_msg("%s: %s", rows[i].name, k->resource);
		}
}

static void test_what_is_counted(void **state)
{
	static const struct {
		const char *name, *resource, *group;
	} rows[] = {
		{"configmaps", "configmaps", ""},
		{"count/secrets", "secrets", ""},
		{"count/widgets.example.com", "widgets", "example.com"},
		{"widgets.example.com", NULL, NULL},
		{"count/.x", NULL, NULL},
		{"cpu", NULL, NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *resource, *group;
		size_t len;
		bool yes = quota_counts(rows[i].name, &resource, &len, &group);

		assert_int_equal(yes, rows[i].resource != NULL);
		if (!yes)
			continue;
		assert_int_equal(len, strlen(rows[i].resource));
		assert_memory_equal(resource, rows[i].resource, len);
		assert_string_equal(group, rows[i].group);
	}
}

#define DEVICES(class) class ".deviceclass.resource.k8s.io/devices"
#define REQUESTS(list) "{spec: {devices: {requests: [" list "]}}}"
#define TWO_OF_A "{name: r, exactly: {deviceClassName: a, allocationMode: ExactCount, count: 2}}"

static void test_devices(void **state)
{
	static const struct {
		const char *claim, *want;
	} rows[] = {
		{"{spec: {}}", "count/resourceclaims.resource.k8s.io=1"},
		{REQUESTS(TWO_OF_A), "count/resourceclaims.resource.k8s.io=1 " DEVICES("a") "=2"},
		{REQUESTS(TWO_OF_A ", " TWO_OF_A),
		 "count/resourceclaims.resource.k8s.io=1 " DEVICES("a") "=4"},
		{REQUESTS("{exactly: {deviceClassName: b, allocationMode: All}}"),
		 "count/resourceclaims.resource.k8s.io=1 " DEVICES("b") "=32"},
		{REQUESTS("{exactly: {deviceClassName: b, allocationMode: Later, count: 3}}"),
		 "count/resourceclaims.resource.k8s.io=1 " DEVICES("b") "=0"},
		{REQUESTS(
			 "{firstAvailable: [{deviceClassName: a, allocationMode: ExactCount, count: 1}, {deviceClassName: a, "
			 "allocationMode: ExactCount, count: 3}, {deviceClassName: b, allocationMode: ExactCount, count: 2}]}, " TWO_OF_A),
		 "count/resourceclaims.resource.k8s.io=1 " DEVICES("a") "=5 " DEVICES("b") "=2"},
	};
	const struct quota_kind *k = kind("resourceclaims");

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		expect("resourceclaims", rows[i].claim, rows[i].want);
	assert_true(k->knows(DEVICES("gpu.example.com")));
	assert_true(k->knows("count/resourceclaims.resource.k8s.io"));
	assert_false(k->knows(".deviceclass.resource.k8s.io/devices"));
	assert_false(k->knows("count/pods"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pods),
		cmocka_unit_test(test_services),
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_scopes),
		cmocka_unit_test(test_whose_a_name_is),
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_what_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
