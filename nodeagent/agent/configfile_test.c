/* SPDX-License-Identifier: Apache-2.0 */
/* KubeletConfigurations, after upstream's cases (pkg/kubelet/apis/config/{scheme,validation,v1beta1}). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "agent/configfile.h"
#include "base/gate.h"
#include "base/clock.h"

#define HEAD "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"

static int port, max_pods, parallel, qps, burst;
static const char *serialize, *dns, *taints, *cidr, *ca, *limits, *sysctls, *priorities;
static const struct flag table[] = {
	{"port", FLAG_INT, &port, "10250", "", 0, 65535},
	{"max-pods", FLAG_INT, &max_pods, "110", "", 1, 10000},
	{"serialize-image-pulls", FLAG_STRING, &serialize, "", "", 0, 0},
	{"max-parallel-image-pulls", FLAG_INT, &parallel, NULL, "", 1, INT32_MAX},
	{"registry-qps", FLAG_INT, &qps, "5", "", 0, INT32_MAX},
	{"registry-burst", FLAG_INT, &burst, "10", "", 0, INT32_MAX},
	{"cluster-dns", FLAG_STRING, &dns, "", "", 0, 0},
	{"register-with-taints", FLAG_STRING, &taints, "", "", 0, 0},
	{"pod-cidr", FLAG_STRING, &cidr, "", "", 0, 0},
	{"eviction-hard", FLAG_STRING, &limits, "memory.available<1Ki", "", 0, 0},
	{"client-ca-file", FLAG_STRING, &ca, "", "", 0, 0},
	{"allowed-unsafe-sysctls", FLAG_STRING, &sysctls, "", "", 0, 0},
	{"shutdown-grace-period-by-pod-priority", FLAG_STRING, &priorities, "", "", 0, 0},
	FLAG_FEATURE_GATES,
	{0},
};

static void test_refusals(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"", "Object 'Kind' is missing"},
		{"[]", "not an object"},
		{"kind: KubeletConfiguration",
		 "no kind \"KubeletConfiguration\" is registered for version \"\""},
		{"apiVersion: kubelet.config.k8s.io/v1alpha1\nkind: KubeletConfiguration",
		 "for version \"kubelet.config.k8s.io/v1alpha1\""},
		{HEAD "foo: bar", "unknown field \"foo\""},
		{HEAD "foo: bar\nbar: [baz]", "unknown field \"foo\", unknown field \"bar\""},
		{HEAD "authentication: {x509: {caFile: /x}}", "unknown field \"authentication.x509.caFile\""},
		{HEAD "authentication: 1", "authentication: Invalid value: must be an object"},
		{HEAD "port: 1\nport: 2", "yaml: line 4: key \"port\" already set in map"},
		{HEAD "port: x", "port: Invalid value: must be a 32-bit integer"},
		{HEAD "port: 4294967297", "port: Invalid value: must be a 32-bit integer"},
		{HEAD "port: 65536",
		 "invalid configuration: port (--port) 65536 must be between 1 and 65535, inclusive"},
		{HEAD "maxPods: -4", "maxPods (--max-pods) -4 must be between"},
		{HEAD "maxParallelImagePulls: 0",
		 "invalid configuration: maxParallelImagePulls 0 must be a positive number"},
		{HEAD "registryPullQPS: -10",
		 "invalid configuration: registryPullQPS (--registry-qps) -10 must not be a negative number"},
		{HEAD "registryBurst: -10",
		 "invalid configuration: registryBurst (--registry-burst) -10 must not be a negative number"},
		{HEAD "serializeImagePulls: 1", "serializeImagePulls: Invalid value: must be true or false"},
		{HEAD "clusterDNS: 10.96.0.10", "clusterDNS: Invalid value: must be a list of strings"},
		{HEAD "clusterDNS: ['1,2']", "clusterDNS: Invalid value: must be a list of strings"},
		{HEAD "syncFrequency: soon", "syncFrequency: Invalid value: must be a duration"},
		{HEAD "registerWithTaints: [{key: a}]",
		 "registerWithTaints: Invalid value: must be a list of taints"},
		{HEAD "shutdownGracePeriodByPodPriority: [{priority: high}]",
		 "shutdownGracePeriodByPodPriority: Invalid value: must be a list of priorities"},
		{HEAD "shutdownGracePeriodByPodPriority: [{priority: 1, seconds: 2}]",
		 "shutdownGracePeriodByPodPriority: Invalid value: must be a list of priorities"},
		{HEAD "cgroupDriver: systemd",
		 "cgroupDriver: Unsupported value: \"systemd\": supported values: \"cgroupfs\""},
		{HEAD "staticPodURL: http://x", "staticPodURL: Forbidden: is not supported"},
		{HEAD "authentication: {anonymous: {enabled: true}}",
		 "authentication.anonymous.enabled: Unsupported value: \"true\": supported values: \"false\""},
		{HEAD "featureGates: {AllAlpha: 'true'}",
		 "featureGates: Invalid value: must be a map of names to true or false"},
		{HEAD "rotateCertificates: true\ncgroupDriver: systemd",
		 "rotateCertificates: Unsupported value: \"true\": supported values: \"false\", cgroupDriver: "},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		struct configfile *c = configfile_parse(rows[i].text, strlen(rows[i].text), &err);
		if (c || !strstr(err.msg, rows[i].want))
			fail_msg("%s\nwanted: %s\ngot: %s", rows[i].text, rows[i].want,
				 c ? "(taken)" : err.msg);
	}
}

static enum flags_result parse(const char *text, int argc, char **argv)
{
	static struct flag *flags; /* the texts are borrowed */
	static struct configfile *c;
	struct err err = ERR_INIT;
	free(flags);
	configfile_free(c);
	c = configfile_parse(text, strlen(text), &err);
	if (!c)
		fail_msg("%s\n%s", err.msg, text);
	flags = configfile_flags(c, table);
	const struct flags_program p = {.name = "x", .about = "", .version = "", .table = flags};
	return flags_parse(&p, argc, argv, &err);
}

static void test_the_file_takes_the_place_of_defaults(void **state)
{
	char *none[] = {"x", NULL};
	assert_int_equal(parse(HEAD, 1, none), FLAGS_OK);
	assert_int_equal(port, 10250);
	assert_string_equal(dns, "");
	assert_int_equal(
		parse(HEAD
		      "port: 10260\nmaxPods: 0\nclusterDNS: [10.96.0.10, fd00::a]\n"
		      "authentication: {x509: {clientCAFile: /ca}, webhook: {enabled: true}}\n"
		      "registerWithTaints: [{key: a, value: b, effect: NoSchedule}, {key: c, effect: NoExecute}]\n"
		      "syncFrequency: 0s\ncgroupDriver: cgroupfs\nnodeStatusReportFrequency: 300s\n"
		      "logging: {verbosity: 2}\nmemorySwap: {}\npodCIDR: null\n",
		      1, none),
		FLAGS_OK);
	assert_int_equal(port, 10260);
	assert_int_equal(max_pods, 110); /* 0 is none */
	assert_string_equal(dns, "10.96.0.10,fd00::a");
	assert_string_equal(taints, "a=b:NoSchedule,c:NoExecute");
	assert_string_equal(ca, "/ca");
	assert_string_equal(cidr, "");
	assert_string_equal(limits, "memory.available<1Ki");
	assert_int_equal(parse(HEAD "evictionHard: {memory.available: 1Mi}", 1, none), FLAGS_OK);
	assert_string_equal(limits, "memory.available<1Mi");
	assert_int_equal(parse(HEAD "shutdownGracePeriodByPodPriority: [{priority: -7, "
				    "shutdownGracePeriodSeconds: 30}, {shutdownGracePeriodSeconds: 5}]",
			       1, none),
			 FLAGS_OK);
	assert_string_equal(priorities, "-7:30,0:5");
	autojson js *told = configfile_told(table);
	const js *list = js_arr(told, "kubeletconfig", "shutdownGracePeriodByPodPriority", NULL);
	assert_int_equal(js_len(list), 2);
	assert_int_equal(js_int(js_at(list, 0), 0, "priority", NULL), -7);
	assert_int_equal(js_int(js_at(list, 1), 0, "shutdownGracePeriodSeconds", NULL), 5);
	assert_int_equal(parse(HEAD "evictionHard: {}", 1, none), FLAGS_OK);
	assert_string_equal(limits, ""); /* which is none, and not the default */
}

static void test_flags_win(void **state)
{
	char *args[] = {"x", "--port=1", "--cluster-dns", "::1", NULL};
	assert_int_equal(parse(HEAD "port: 10260\nclusterDNS: [10.96.0.10]\nmaxPods: 7\n", 4, args),
			 FLAGS_OK);
	assert_int_equal(port, 1);
	assert_string_equal(dns, "::1");
	assert_int_equal(max_pods, 7);
}

static void test_what_holds_is_told(void **state)
{
	char *none[] = {"x", NULL};
	assert_int_equal(
		parse(HEAD
		      "clusterDNS: [10.96.0.10, fd00::a]\nregisterWithTaints: [{key: a, effect: NoSchedule}]\n"
		      "authentication: {x509: {clientCAFile: /ca}}",
		      1, none),
		FLAGS_OK);
	autojson js *told = configfile_told(table);
	const js *o = js_obj(told, "kubeletconfig", NULL);
	assert_int_equal(js_int(o, 0, "port", NULL), 10250);
	assert_int_equal(js_len(js_arr(o, "clusterDNS", NULL)), 2);
	assert_string_equal(js_str0(js_at(js_arr(o, "clusterDNS", NULL), 1), NULL), "fd00::a");
	assert_string_equal(js_str0(o, "authentication", "x509", "clientCAFile", NULL), "/ca");
	assert_string_equal(js_str0(js_at(js_arr(o, "registerWithTaints", NULL), 0), "effect", NULL),
			    "NoSchedule");
	assert_string_equal(js_str0(o, "cgroupDriver", NULL), "cgroupfs");
	assert_string_equal(js_str0(o, "nodeStatusReportFrequency", NULL), "5m0s");
	assert_false(js_bool(o, true, "authentication", "anonymous", "enabled", NULL));
	assert_null(js_get(o, "podCIDR", NULL));
	/* What is told can be read again. */
	autobuf struct buf text = BUF_INIT;
	js_set_str((js *)o, "apiVersion", "kubelet.config.k8s.io/v1beta1");
	js_set_str((js *)o, "kind", "KubeletConfiguration");
	js_write(&text, o);
	assert_int_equal(parse(buf_str(&text), 1, none), FLAGS_OK);
	assert_string_equal(dns, "10.96.0.10,fd00::a");
}

static void test_a_row_without_its_flag_is_noticed(void **state)
{
	const struct flag none[] = {{0}};
	assert_non_null(configfile_stray(none));
}

/* The flag adds to the file, and wins where both say something. */
static void test_gates(void **state)
{
	char *args[] = {"x", "--feature-gates=EnvFiles=false,ContainerRestartRules=true", NULL};
	assert_int_equal(parse(HEAD "featureGates: {ImageVolume: true, EnvFiles: true}", 2, args), FLAGS_OK);
	autojson js *told = configfile_told(table);
	const js *gates = js_obj(told, "kubeletconfig", "featureGates", NULL);
	assert_int_equal(js_len(gates), 3);
	assert_true(js_bool(gates, false, "ImageVolume", NULL));
	assert_true(js_bool(gates, false, "ContainerRestartRules", NULL));
	assert_false(js_bool(gates, true, "EnvFiles", NULL));
	assert_int_equal(parse(HEAD "featureGates: {NodeSwap: false}", 1, args), FLAGS_ERROR);
	assert_int_equal(parse(HEAD, 1, args), FLAGS_OK); /* nothing of it stays */
	assert_int_equal(gate_said(GATE_ImageVolume), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gates),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_the_file_takes_the_place_of_defaults),
		cmocka_unit_test(test_flags_win),
		cmocka_unit_test(test_what_holds_is_told),
		cmocka_unit_test(test_a_row_without_its_flag_is_noticed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
