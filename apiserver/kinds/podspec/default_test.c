/* SPDX-License-Identifier: Apache-2.0 */
/* Defaults and quality of service of Pod specs, as rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/gate.h"
#include "kinds/podspec/podspec.h"
#include "object/json_test.h"

static js *parse(const char *text)
{
	struct err err = ERR_INIT;
	js *o = js_parse(text, strlen(text), NULL, &err);
	if (!o)
		fail_msg("%s: %s", text, err.msg);
	return o;
}

#define DIGEST "sha256:0123456789012345678901234567890123456789012345678901234567890123"

static void test_pull_policy(void **state)
{
	static const char *const rows[][2] = {
		{"busybox", "Always"},
		{"busybox:latest", "Always"},
		{"busybox:1", "IfNotPresent"},
		{"host:5000/busybox", "Always"},
		{"host:5000/busybox:2", "IfNotPresent"},
		{"busybox@sha256:00", "IfNotPresent"},
		{"busybox:latest@sha256:00", "IfNotPresent"}, /* no name of an image */
		{"busybox@" DIGEST, "IfNotPresent"},
		{"busybox:latest@" DIGEST, "Always"},
		{"Busybox", "IfNotPresent"},
		{" busybox", "IfNotPresent"},
		{"a//b", "IfNotPresent"},
		{"", "IfNotPresent"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autojson js *spec = parse(JSON("{'containers':[{}]}"));
		js *c = js_at(js_arr(spec, "containers", NULL), 0);
		js_set_str(c, "image", rows[i][0]);
		podspec_default(spec, true);
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
		assert_string_equal(podspec_qos(spec), rows[i].want);
	}
}

static void test_requests_from_limits(void **state)
{
	autojson js *pod = parse("{\"hostNetwork\":true,\"containers\":[{\"ports\":[{\"containerPort\":80}],"
				 "\"resources\":{\"limits\":{" BOTH "}}}]}");
	autojson js *template = js_dup(pod);

	podspec_default(pod, true);
	js *c = js_at(js_arr(pod, "containers", NULL), 0);
	assert_string_equal(js_str0(c, "resources", "requests", "memory", NULL), "1Gi");
	assert_int_equal(js_int(js_at(js_arr(c, "ports", NULL), 0), 0, "hostPort", NULL), 80);
	podspec_default(template, false);
	c = js_at(js_arr(template, "containers", NULL), 0);
	assert_null(js_get(c, "resources", "requests", NULL));
}

/* Fields of features that upstream does not turn on by itself. */
static void test_disabled(void **state)
{
	autojson js *spec = parse(JSON(
		"{'hostnameOverride':'h','initContainers':[{'restartPolicy':'Always'}],"
		"'containers':[{"
		"'env':[{'valueFrom':{'fileKeyRef':{}}}]}],'volumes':[{'name':'p','projected':{'sources':["
		"{'clusterTrustBundle':{}},{'podCertificate':{}},{'secret':{}}]}}]}"));
	autobuf struct buf b = BUF_INIT;

	podspec_default(spec, false);
	js_write(&b, spec);
	assert_string_equal(
		buf_str(&b),
		JSON("{'initContainers':[{'restartPolicy':'Always','imagePullPolicy':'IfNotPresent'}],"
		     "'containers':[{'env':[{'valueFrom':{}}],'imagePullPolicy':'IfNotPresent'}],"
		     "'volumes':[{'name':'p','projected':{'sources':[{},{},{'secret':{}}]}}]}"));
}

/* The gate's: pullPolicy as a container's. */
static void test_image_volumes(void **state)
{
	const char *given = JSON("{'containers':[],'volumes':[{'name':'a','image':{'reference':'i'}},"
				 "{'name':'b','image':{'reference':'i:1','pullPolicy':''}},"
				 "{'name':'c','image':{'reference':'i:1','pullPolicy':'Always'}},"
				 "{'name':'d','emptyDir':{}}]}");
	struct err err = ERR_INIT;
	autojson js *off = parse(given), *on = parse(given);
	const js *volumes = js_arr(on, "volumes", NULL);

	podspec_default(off, false);
	assert_null(js_str(js_at(js_arr(off, "volumes", NULL), 0), "image", "pullPolicy", NULL));
	assert_int_equal(gate_say("ImageVolume=true", &err), 0);
	podspec_default(on, false);
	gate_forget();
	assert_string_equal(js_str0(js_at(volumes, 0), "image", "pullPolicy", NULL), "Always");
	assert_string_equal(js_str0(js_at(volumes, 1), "image", "pullPolicy", NULL), "IfNotPresent");
	assert_string_equal(js_str0(js_at(volumes, 2), "image", "pullPolicy", NULL), "Always");
	assert_null(js_field(js_at(volumes, 3), "image"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pull_policy),	     cmocka_unit_test(test_qos),
		cmocka_unit_test(test_requests_from_limits), cmocka_unit_test(test_disabled),
		cmocka_unit_test(test_image_volumes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
