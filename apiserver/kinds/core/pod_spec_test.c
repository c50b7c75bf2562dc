/* SPDX-License-Identifier: Apache-2.0 */
/* Pod specs as rows: quality of service and pull policy on one side, complaints on the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/core/pod_spec.h"
#include "object/json_test.h"

static js *parse(const char *text)
{
	struct err err = ERR_INIT;
	js *o = js_parse(text, strlen(text), NULL, &err);
	if (!o)
		fail_msg("%s: %s", text, err.msg);
	return o;
}

static void test_pull_policy(void **state)
{
	static const char *const rows[][2] = {
		{"busybox", "Always"},
		{"busybox:latest", "Always"},
		{"busybox:1", "IfNotPresent"},
		{"host:5000/busybox", "Always"},
		{"host:5000/busybox:2", "IfNotPresent"},
		{"busybox@sha256:00", "IfNotPresent"},
		{"busybox:latest@sha256:00", "Always"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autojson js *spec = parse(JSON("{'containers':[{}]}"));
		js *c = js_at(js_arr(spec, "containers", NULL), 0);
		js_set_str(c, "image", rows[i][0]);
		pod_spec_default(spec, true);
		assert_string_equal(js_str0(c, "imagePullPolicy", NULL), rows[i][1]);
	}
}

#define RES(req, lim) "{\"resources\":{\"requests\":{" req "},\"limits\":{" lim "}}}"
#define BOTH "\"cpu\":\"1\",\"memory\":\"1Gi\""

static void test_qos(void **state)
{
	const struct {
		const char *spec, *want;
	} rows[] = {
		{JSON("{'containers':[{}]}"), "BestEffort"},
		{"{\"containers\":[" RES(BOTH, BOTH) "]}", "Guaranteed"},
		{"{\"containers\":[" RES(BOTH, "\"cpu\":\"1000m\",\"memory\":\"1024Mi\"") "]}", "Guaranteed"},
		{"{\"containers\":[" RES(BOTH, BOTH) ",{}]}", "Burstable"},
		{"{\"containers\":[" RES("\"cpu\":\"1\"", "") "]}", "Burstable"},
		{"{\"containers\":[" RES("\"cpu\":\"0\"", "") "]}", "BestEffort"},
		{"{\"containers\":[" RES("\"nvidia.com/gpu\":\"1\"", "\"nvidia.com/gpu\":\"1\"") "]}",
		 "BestEffort"},
		{"{\"initContainers\":[{}],\"containers\":[" RES(BOTH, BOTH) "]}", "Burstable"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autojson js *spec = parse(rows[i].spec);
		assert_string_equal(pod_qos(spec), rows[i].want);
	}
}

static void test_requests_from_limits(void **state)
{
	autojson js *pod = parse("{\"hostNetwork\":true,\"containers\":[{\"ports\":[{\"containerPort\":80}],"
				 "\"resources\":{\"limits\":{" BOTH "}}}]}");
	autojson js *template = js_dup(pod);

	pod_spec_default(pod, true);
	js *c = js_at(js_arr(pod, "containers", NULL), 0);
	assert_string_equal(js_str0(c, "resources", "requests", "memory", NULL), "1Gi");
	assert_int_equal(js_int(js_at(js_arr(c, "ports", NULL), 0), 0, "hostPort", NULL), 80);
	pod_spec_default(template, false);
	c = js_at(js_arr(template, "containers", NULL), 0);
	assert_null(js_get(c, "resources", "requests", NULL));
}

#define C(more) "\"containers\":[{\"name\":\"c\",\"image\":\"i\"" more "}]"

struct bad {
	const char *spec, *field, *message;
};
static const struct bad bads[] = {
	{"{" C(",\"ports\":[{\"name\":\"a\",\"containerPort\":1},{\"name\":\"a\",\"containerPort\":2}]") "}",
	 "spec.containers[0].ports[1].name", "Duplicate value: \"a\""},
	{"{" C(",\"ports\":[{\"hostPort\":1,\"containerPort\":1,\"protocol\":\"TCP\"},{\"hostPort\":1,"
	       "\"containerPort\":2,\"protocol\":\"TCP\"}]") "}",
	 "spec.containers[0].ports[1].hostPort", "Duplicate value: \"TCP//1\""},
	{"{\"hostNetwork\":true," C(",\"ports\":[{\"hostPort\":1,\"containerPort\":2}]") "}",
	 "spec.containers[0].ports[0].hostPort",
	 "Invalid value: 1: must match `containerPort` when `hostNetwork` is true"},
	{"{\"initContainers\":[{\"name\":\"c\",\"image\":\"i\"}]," C("") "}", "spec.initContainers[0].name",
	 "Duplicate value: \"c\""},
	{"{" C(",\"restartPolicy\":\"Always\"") "}", "spec.containers[0].restartPolicy",
	 "Forbidden: may not be set for non-init containers"},
	{"{" C(",\"env\":[{\"name\":\"A\",\"value\":\"x\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"metadata.name\"}}}]") "}",
	 "spec.containers[0].env[0].valueFrom",
	 "Invalid value: \"\": may not be specified when `value` is not empty"},
	{"{" C(",\"env\":[{\"name\":\"A\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"spec.foo\"}}}]") "}",
	 "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath",
	 "Invalid value: \"spec.foo\": error converting fieldPath: field label not supported: spec.foo"},
	{"{" C(",\"envFrom\":[{}]") "}", "spec.containers[0].envFrom[0]",
	 "Invalid value: \"\": must specify one of: `configMapRef` or `secretRef`"},
	{"{" C(",\"resources\":{\"requests\":{\"cpu\":\"-1\"}}") "}",
	 "spec.containers[0].resources.requests[cpu]",
	 "Invalid value: \"-1\": must be greater than or equal to 0"},
	{"{" C(",\"resources\":{\"requests\":{\"gpu\":\"1\"}}") "}", "spec.containers[0].resources.requests",
	 "Invalid value: \"gpu\": must be a standard resource for containers"},
	{"{" C(",\"resources\":{\"requests\":{\"nvidia.com/gpu\":\"1\"}}") "}",
	 "spec.containers[0].resources.limits",
	 "Required value: Limit must be set for non overcommitable resources"},
	{"{" C(",\"livenessProbe\":{\"successThreshold\":2}") "}",
	 "spec.containers[0].livenessProbe.successThreshold", "Invalid value: 2: must be 1"},
	{"{" C(",\"securityContext\":{\"runAsUser\":-1}") "}", "spec.containers[0].securityContext.runAsUser",
	 "Invalid value: -1: must be between 0 and 2147483647, inclusive"},
	{"{\"tolerations\":[{\"key\":\"a\",\"operator\":\"Exists\",\"value\":\"b\"}]," C("") "}",
	 "spec.tolerations[0].operator",
	 "Invalid value: \"b\": value must be empty when `operator` is 'Exists'"},
	{"{\"tolerations\":[{\"key\":\"a\",\"tolerationSeconds\":1}]," C("") "}",
	 "spec.tolerations[0].effect",
	 "Invalid value: \"\": effect must be 'NoExecute' when `tolerationSeconds` is set"},
	{"{\"dnsPolicy\":\"None\"," C("") "}", "spec.dnsConfig",
	 "Required value: must provide `dnsConfig` when `dnsPolicy` is None"},
	{"{\"affinity\":{\"nodeAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":{\"nodeSelectorTerms\":[{"
	 "\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\"}]}]}}}," C("") "}",
	 "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values",
	 "Required value: must be specified when `operator` is 'In' or 'NotIn'"},
	{"{\"affinity\":{\"nodeAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":{\"nodeSelectorTerms\":[{"
	 "\"matchFields\":[{\"key\":\"a\",\"operator\":\"In\",\"values\":[\"x\"]}]}]}}}," C("") "}",
	 "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchFields[0].key",
	 "Invalid value: \"a\": not a valid field selector key"},
	{"{\"hostAliases\":[{\"ip\":\"x\"}]," C("") "}", "spec.hostAliases[0].ip",
	 "Invalid value: \"x\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"},
	{"{\"topologySpreadConstraints\":[{\"topologyKey\":\"z\",\"whenUnsatisfiable\":\"ScheduleAnyway\"},{\"topologyKey\":\"z\","
	 "\"whenUnsatisfiable\":\"ScheduleAnyway\"}]," C("") "}",
	 "spec.topologySpreadConstraints[1].{topologyKey, whenUnsatisfiable}",
	 "Duplicate value: \"{z, ScheduleAnyway}\""},
	{"{\"terminationGracePeriodSeconds\":5," C(
		 ",\"lifecycle\":{\"preStop\":{\"sleep\":{\"seconds\":9}}}") "}",
	 "spec.containers[0].lifecycle.preStop.sleep",
	 "Invalid value: 9: must be non-negative and less than terminationGracePeriodSeconds (5)"},
};

static void test_complaints(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(bads); i++) {
		struct field_errors errs = {.n = 0};
		autojson js *spec = parse(bads[i].spec);
		pod_spec_validate(spec, "spec", true, &errs);
		if (errs.n != 1 || strcmp(errs.v[0].field, bads[i].field) ||
		    strcmp(errs.v[0].message, bads[i].message))
			fail_msg("%s\nwant %s: %s\n got %zu, %s: %s", bads[i].spec, bads[i].field,
				 bads[i].message, errs.n, errs.n ? errs.v[0].field : "",
				 errs.n ? errs.v[0].message : "");
		field_errors_release(&errs);
	}
}

static void test_fine(void **state)
{
	static const char *const fine[] = {
		"{" C("") "}",
		"{\"volumes\":[{\"name\":\"v\",\"emptyDir\":{}}]," C(
			",\"volumeMounts\":[{\"name\":\"v\",\"mountPath\":\"/v\"}]") "}",
		"{\"initContainers\":[{\"name\":\"s\",\"image\":\"i\",\"restartPolicy\":\"Always\",\"startupProbe\":{\"exec\":{}}}]," C(
			"") "}",
		"{\"tolerations\":[{\"operator\":\"Exists\"}]," C("") "}",
		"{" C(",\"resources\":{\"limits\":{\"nvidia.com/gpu\":\"1\"},\"requests\":{\"nvidia.com/gpu\":\"1\"}}") "}",
		"{" C(",\"env\":[{\"name\":\"A\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"metadata.labels['a']\"}}}]") "}",
	};

	for (size_t i = 0; i < ARRAY_LEN(fine); i++) {
		struct field_errors errs = {.n = 0};
		autojson js *spec = parse(fine[i]);
		pod_spec_validate(spec, "spec", true, &errs);
		if (errs.n)
			fail_msg("%s: %s: %s", fine[i], errs.v[0].field, errs.v[0].message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pull_policy),
		cmocka_unit_test(test_qos),
		cmocka_unit_test(test_requests_from_limits),
		cmocka_unit_test(test_complaints),
		cmocka_unit_test(test_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
