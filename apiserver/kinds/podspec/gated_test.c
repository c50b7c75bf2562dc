/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "base/gate.h"
#include "kinds/causes_test.h"
#include "kinds/podspec/podspec.h"

static void gate(const char *text)
{
	struct err err = ERR_INIT;

	gate_forget();
	assert_int_equal(gate_say(text, &err), 0);
}

#define IN42 "{'action':'Restart','exitCodes':{'operator':'In','values':[42]}}"
#define SPEC(init, app)                                                                                      \
	"{'restartPolicy':'Never','initContainers':[{'name':'i','image':'i'" init                            \
	"}],'containers':[{'name':'c','image':'i'" app "}]}"
#define POD(init, app) JSON("{'metadata':{'name':'p'},'spec':" SPEC(init, app) "}")
#define OWN ",'restartPolicy':'OnFailure','restartPolicyRules':[" IN42 "]"
#define SIDECAR ",'restartPolicy':'Always'"

/* What is left of it: "i", "c": a policy; "I", "C": rules. */
static const char *left(const js *spec)
{
	static char text[8];
	const js *i = js_at(js_arr(spec, "initContainers", NULL), 0),
		 *c = js_at(js_arr(spec, "containers", NULL), 0);

	snprintf(text, sizeof(text), "%s%s%s%s", js_field(i, "restartPolicy") ? "i" : "",
		 js_field(i, "restartPolicyRules") ? "I" : "", js_field(c, "restartPolicy") ? "c" : "",
		 js_field(c, "restartPolicyRules") ? "C" : "");
	return text;
}

static void test_restart_rules_are_dropped(void **state)
{
	const struct {
		const char *gate, *new, *old, *left;
	} rows[] = {
		{"", POD(OWN, OWN), NULL, ""},
		{"", POD(SIDECAR, OWN), NULL, "i"},
		{"ContainerRestartRules=true", POD(OWN, OWN), NULL, "iIcC"},
		{"", POD(OWN, OWN), POD("", ""), ""},
		{"", POD(OWN, OWN), POD(SIDECAR, ""), ""},
		{"", POD(OWN, OWN), POD("", ",'restartPolicy':'Always'"), "iIcC"},
		{"", POD(OWN, OWN), POD(",'restartPolicy':'Never'", ""), "iIcC"},
		{"", POD(OWN, OWN), POD(SIDECAR ",'restartPolicyRules':[" IN42 "]", ""), "iIcC"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		autojson js *new = js_parse(rows[i].new, strlen(rows[i].new), NULL, &err),
			    *old = rows[i].old ? js_parse(rows[i].old, strlen(rows[i].old), NULL, &err)
					       : NULL;
		gate(rows[i].gate);
		podspec_drop_disabled(js_obj(new, "spec", NULL), js_obj(old, "spec", NULL));
		if (strcmp(left(js_obj(new, "spec", NULL)), rows[i].left) != 0)
			fail_msg("row %zu: %s", i, left(js_obj(new, "spec", NULL)));
	}
	gate_forget();
}

/* ---- ContainerStopSignals ---- */

#define SIGNAL ",'lifecycle':{'stopSignal':'SIGTERM'}"
#define NO_SIGNAL ",'lifecycle':{}"
#define HOOK "'preStop':{'exec':{'command':['a']}}"

/* The three lists, one container each. */
#define EACH(init, app, ephemeral)                                                                           \
	JSON("{'initContainers':[{'name':'i'" init "}],'containers':[{'name':'c'" app                        \
	     "}],'ephemeralContainers':[{'name':'e'" ephemeral "}]}")

/* pkg/api/pod util_test.go TestDropContainerStopSignals. */
static void test_stop_signals_are_dropped(void **state)
{
	const struct {
		const char *gate, *new, *old, *left;
	} rows[] = {
		{"ContainerStopSignals=true", EACH(SIGNAL, SIGNAL, SIGNAL), NULL,
		 EACH(SIGNAL, SIGNAL, SIGNAL)},
		{"", EACH(SIGNAL, SIGNAL, SIGNAL), NULL, EACH("", "", "")},
		{"", EACH("", SIGNAL, ""), EACH("", NO_SIGNAL, ""), EACH("", "", "")},
		{"", EACH("", NO_SIGNAL, ""), NULL, EACH("", NO_SIGNAL, "")},
		{"", EACH("", ",'lifecycle':{'stopSignal':'SIGTERM'," HOOK "}", ""), NULL,
		 EACH("", ",'lifecycle':{" HOOK "}", "")},
		{"", EACH("", SIGNAL, ""), EACH(SIGNAL, "", ""), EACH("", SIGNAL, "")},
		{"", EACH("", SIGNAL, ""), EACH("", SIGNAL, ""), EACH("", SIGNAL, "")},
		{"", EACH("", SIGNAL, ""), EACH("", "", SIGNAL), EACH("", SIGNAL, "")},
		{"", EACH("", SIGNAL, ""), EACH("", ",'lifecycle':{'stopSignal':''}", ""),
		 EACH("", SIGNAL, "")},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		autobuf struct buf left = BUF_INIT;
		autojson js *new = js_parse(rows[i].new, strlen(rows[i].new), NULL, &err),
			    *old = rows[i].old ? js_parse(rows[i].old, strlen(rows[i].old), NULL, &err)
					       : NULL;
		gate(rows[i].gate);
		podspec_drop_disabled(new, old);
		js_write(&left, new);
		if (strcmp(buf_str(&left), rows[i].left) != 0)
			fail_msg("row %zu: %s", i, buf_str(&left));
	}
	gate_forget();
}

#define ENDS(os, init, app)                                                                                  \
	JSON("{'metadata':{'name':'p'},'spec':{" os "'initContainers':[{'name':'i','image':'i'" init         \
	     "}],'containers':[{'name':'c','image':'i'" app "}]}}")
#define LINUX "'os':{'name':'linux'},"
#define WINDOWS "'os':{'name':'windows'},"
#define HANGS_UP ",'lifecycle':{'stopSignal':'SIGHUP'}"

static void test_stop_signals_are_judged(void **state)
{
	const struct causes_row rows[] = {
		{"", "Pod", ENDS(LINUX, SIDECAR HANGS_UP, HANGS_UP), ""},
		{"", "Pod", ENDS(WINDOWS, "", SIGNAL), ""},
		{"", "Pod", ENDS("", SIDECAR SIGNAL, SIGNAL),
		 "spec.containers[0].lifecycle.stopSignal: Forbidden: may not be set for containers with empty `spec.os.name`\n"
		 "spec.initContainers[0].lifecycle.stopSignal: Forbidden: may not be set for containers with empty `spec.os.name`\n"},
		{"", "Pod", ENDS(WINDOWS, "", HANGS_UP),
		 "spec.containers[0].lifecycle.stopSignal: Unsupported value: \"SIGHUP\": supported values: \"SIGKILL\", \"SIGTERM\"\n"},
		{"", "Pod", ENDS(LINUX, SIGNAL, ""),
		 "spec.initContainers[0].lifecycle: Forbidden: may not be set for init containers without restartPolicy=Always\n"},
		{"", "Pod", ENDS("'os':{'name':'x'},", "", HANGS_UP),
		 "spec.os: Unsupported value: \"x\": supported values: \"linux\", \"windows\"\n"},
	};

	gate("ContainerStopSignals=true");
	causes_check(rows, ARRAY_LEN(rows));
	gate_forget();
}

/* What OpenAPI names is what is taken, and what the refusal of anything else names. */
static void test_signals_of_linux(void **state)
{
	const char *const *known = schema_type(causes_schema, "Signal")->check->known;
	autobuf struct buf all = BUF_INIT;
	const char *names[] = {"TERM", "", NULL};

	gate("ContainerStopSignals=true");
	for (size_t i = 0; known[i]; i++) {
		autofree char *text =
			mem_printf(ENDS(LINUX, "", ",'lifecycle':{'stopSignal':'%s'}"), known[i]);
		autobuf struct buf causes = BUF_INIT;
		causes_of("", "Pod", "", text, NULL, &causes, NULL);
		assert_string_equal(buf_str(&causes), "");
		buf_addf(&all, "%s\"%s\"", i ? ", " : "", known[i]);
	}
	for (size_t i = 0; names[i]; i++) {
		autofree char *text =
			mem_printf(ENDS(LINUX, "", ",'lifecycle':{'stopSignal':'%s'}"), names[i]);
		autofree char *want = mem_printf(
			"spec.containers[0].lifecycle.stopSignal: Unsupported value: \"%s\": supported values: %s\n",
			names[i], buf_str(&all));
		autobuf struct buf causes = BUF_INIT;
		causes_of("", "Pod", "", text, NULL, &causes, NULL);
		assert_string_equal(buf_str(&causes), want);
	}
	gate_forget();
}

/* ---- both ---- */

/* Of every kind that has a template, as of Pods. */
static void test_every_kind(void **state)
{
	const struct {
		const char *group, *kind, *text;
		const char *path[6];
	} rows[] = {
		{"", "Pod", JSON("{'spec':" SPEC("", OWN) "}"), {"spec"}},
		{"", "PodTemplate", JSON("{'template':{'spec':" SPEC("", OWN) "}}"), {"template", "spec"}},
#define TEMPLATE JSON("{'spec':{'template':{'spec':" SPEC("", OWN) "}}}"), {"spec", "template", "spec"}
		{"", "ReplicationController", TEMPLATE},
		{"apps", "Deployment", TEMPLATE},
		{"apps", "ReplicaSet", TEMPLATE},
		{"apps", "DaemonSet", TEMPLATE},
		{"apps", "StatefulSet", TEMPLATE},
		{"batch", "Job", TEMPLATE},
		{"batch",
		 "CronJob",
		 JSON("{'spec':{'jobTemplate':{'spec':{'template':{'spec':" SPEC("", OWN) "}}}}}"),
		 {"spec", "jobTemplate", "spec", "template", "spec"}},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (int on = 0; on < 2; on++) {
			gate(on ? "ContainerRestartRules=true" : "");
			autobuf struct buf causes = BUF_INIT;
			js *o = NULL;
			causes_of(rows[i].group, rows[i].kind, "", rows[i].text, NULL, &causes, &o);
			autojson js *owned = o;
			const js *spec = owned;
			for (size_t k = 0; k < ARRAY_LEN(rows[i].path) && rows[i].path[k]; k++)
				spec = js_field(spec, rows[i].path[k]);
			if (strcmp(left(spec), on ? "cC" : "") != 0)
				fail_msg("%s %d: %s", rows[i].kind, on, left(spec));
		}
	gate_forget();
}

static void test_restart_rules_are_judged(void **state)
{
	const struct causes_row rows[] = {
		{"", "Pod", POD(OWN, OWN), ""},
		{"", "Pod", POD("", ",'restartPolicy':'x'"),
		 "spec.containers[0].restartPolicy: Unsupported value: \"x\": supported values: \"Always\", \"Never\", \"OnFailure\"\n"},
		{"", "Pod", POD(",'restartPolicy':'x'", ""),
		 "spec.initContainers[0].restartPolicy: Unsupported value: \"x\": supported values: \"Always\", \"Never\", \"OnFailure\"\n"},
		{"", "Pod", POD("", ",'restartPolicyRules':[" IN42 "]"),
		 "spec.containers[0].restartPolicy: Required value: must specify restartPolicy when restart rules are used\n"},
		{"", "Pod", POD(SIDECAR ",'restartPolicyRules':[{}]", ""),
		 "spec.initContainers[0].restartPolicyRules: Forbidden: restartPolicyRules are not allowed for init containers with restart policy Always\n"},
		{"", "Pod", POD(",'restartPolicyRules':[{}]", ""), ""},
		{"", "Pod",
		 POD("",
		     ",'restartPolicy':'Never','restartPolicyRules':[{},{'action':'x','exitCodes':{'operator':'x','values':[1]}},{'action':'Restart','exitCodes':{}}]"),
		 "spec.containers[0].restartPolicyRules[0].action: Unsupported value: \"\": supported values: \"Restart\"\n"
		 "spec.containers[0].restartPolicyRules[0].exitCodes: Required value: must be specified\n"
		 "spec.containers[0].restartPolicyRules[1].action: Unsupported value: \"x\": supported values: \"Restart\"\n"
		 "spec.containers[0].restartPolicyRules[1].exitCodes.operator: Unsupported value: \"x\": supported values: \"In\", \"NotIn\"\n"
		 "spec.containers[0].restartPolicyRules[2].exitCodes.operator: Unsupported value: \"\": supported values: \"In\", \"NotIn\"\n"},
	};

	gate("ContainerRestartRules=true");
	causes_check(rows, ARRAY_LEN(rows));
	gate_forget();
}

/* Volumes of images go as a whole, and where they would be mounted. */
static void test_image_volumes_are_dropped(void **state)
{
#define MOUNTS(image) "'volumeMounts':[" image "{'name':'e','mountPath':'/e'}]"
#define IMAGES(volume, image)                                                                                \
	JSON("{'initContainers':[{'name':'i'," MOUNTS(image) "}],'containers':[{'name':'c'," MOUNTS(         \
		image) "}],'ephemeralContainers':[{'name':'d'," MOUNTS(image) "}],'volumes':[" volume        \
									      "{'name':'e','emptyDir':{}}]}")
#define VOLUME "{'name':'v','image':{'reference':'r','pullPolicy':'Never'}},"
#define MOUNT "{'name':'v','mountPath':'/v','subPath':'s'},"
	const char *with = IMAGES(VOLUME, MOUNT), *without = IMAGES("", "");
	const struct {
		const char *gate, *new, *old, *left;
	} rows[] = {
		{"", with, NULL, without},
		{"", with, without, without},
		{"", with, IMAGES(VOLUME, ""), with},
		{"ImageVolume=true", with, NULL, with},
		{"",
		 JSON("{'containers':[{'name':'c','volumeMounts':["
		      "{'name':'v'}]}],'volumes':["
		      "{'name':'v','image':{}}]}"),
		 NULL, JSON("{'containers':[{'name':'c'}]}")},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		autojson js *new = js_parse(rows[i].new, strlen(rows[i].new), NULL, &err),
			    *old = rows[i].old ? js_parse(rows[i].old, strlen(rows[i].old), NULL, &err)
					       : NULL;
		autobuf struct buf b = BUF_INIT;
		gate(rows[i].gate);
		podspec_drop_disabled(new, old);
		js_write(&b, new);
		assert_string_equal(buf_str(&b), rows[i].left);
	}
	gate_forget();
}

static void test_image_volumes_are_judged(void **state)
{
	const struct causes_row rows[] = {
		{CAUSES_POD(
			 ",'volumeMounts':[{'name':'v','mountPath':'/a','subPath':'b','mountPropagation':'HostToContainer'}]",
			 ",'volumes':[{'name':'v','image':{'reference':'r'}}]"),
		 ""},
		{CAUSES_POD("", ",'volumes':[{'name':'v','image':{}}]"),
		 "spec.volumes[0].image.reference: Required value\n"},
		{CAUSES_POD("", ",'volumes':[{'name':'v','image':{'reference':'r','pullPolicy':'x'}}]"),
		 "spec.volumes[0].image.pullPolicy: Unsupported value: \"x\": supported values: \"Always\", \"IfNotPresent\", \"Never\"\n"},
		{CAUSES_POD("", ",'volumes':[{'name':'v','emptyDir':{},'image':{}}]"),
		 "spec.volumes[0].image: Forbidden: may not specify more than 1 volume type\n"},
		{CAUSES_POD(
			 ",'volumeMounts':[{'name':'v','mountPath':'/a','mountPropagation':'Bidirectional','recursiveReadOnly':'Enabled'}]",
			 ",'volumes':[{'name':'v','image':{'reference':'r'}}]"),
		 "spec.containers[0].volumeMounts.mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers\n"
		 "spec.containers[0].volumeMounts.recursiveReadOnly: Forbidden: may only be specified when mountPropagation is None or not specified\n"
		 "spec.containers[0].volumeMounts.recursiveReadOnly: Forbidden: may only be specified when readOnly is true\n"},
		/* its image may come later */
		{"", "PodTemplate",
		 JSON("{'metadata':{'name':'p'},'template':{'metadata':{},'spec':{'containers':[{'name':'c','image':'i'}],'volumes':[{'name':'v','image':{}}]}}}"),
		 ""},
	};

	gate("ImageVolume=true");
	causes_check(rows, ARRAY_LEN(rows));
	gate_forget();
}

static void test_bounds(void **state)
{
	autobuf struct buf text = BUF_INIT, causes = BUF_INIT;

	gate("ContainerRestartRules=true");
	buf_adds(&text,
		 "{\"spec\":{\"restartPolicy\":\"Never\",\"containers\":[{\"name\":\"c\",\"image\":\"i\","
		 "\"restartPolicy\":\"Never\",\"restartPolicyRules\":[");
	for (int i = 0; i < 21; i++) {
		buf_addf(&text, "%s{\"action\":\"Restart\",\"exitCodes\":{\"operator\":\"In\",\"values\":[0",
			 i ? "," : "");
		for (int k = 1; i == 0 && k < 256; k++)
			buf_addf(&text, ",%d", k);
		buf_adds(&text, "]}}");
	}
	buf_adds(&text, "]}]},\"metadata\":{\"name\":\"p\"}}");
	causes_of("", "Pod", "", buf_str(&text), NULL, &causes, NULL);
	assert_string_equal(
		buf_str(&causes),
		"spec.containers[0].restartPolicyRules: Too long: may not be more than 20 bytes\n"
		"spec.containers[0].restartPolicyRules[0].exitCodes.values: Too long: may not be more than 255 bytes\n");
	gate_forget();
}

/* The status of one that has ended may tell of a new run where its own rules allow one. */
static void test_transitions(void **state)
{
#define STATUS(code)                                                                                         \
	"'status':{'containerStatuses':[{'name':'c','state':{'terminated':{'exitCode':" code "}}}]}"
#define INIT_STATUS(code)                                                                                    \
	"'status':{'initContainerStatuses':[{'name':'i','state':{'terminated':{'exitCode':" code "}}}]}"
#define RUNS "'status':{'containerStatuses':[{'name':'c','state':{'running':{}}}]}"
#define INIT_RUNS "'status':{'initContainerStatuses':[{'name':'i','state':{'running':{}}}]}"
#define WITH(spec, status) "{'metadata':{'name':'p'},'spec':" spec "," status "}"
#define FORBIDDEN(list)                                                                                      \
	"status." list "[0].state: Forbidden: may not be transitioned to non-terminated state\n"
	static const char rules[] = "ContainerRestartRules=true";
	static const struct {
		const char *gate, *old, *new, *causes;
	} rows[] = {
		{rules, WITH(SPEC("", OWN), STATUS("42")), WITH(SPEC("", OWN), RUNS), ""},
		{rules, WITH(SPEC("", OWN), STATUS("1")), WITH(SPEC("", OWN), RUNS), ""},
		{rules, WITH(SPEC("", OWN), STATUS("0")), WITH(SPEC("", OWN), RUNS),
		 FORBIDDEN("containerStatuses")},
		{rules, WITH(SPEC("", ""), STATUS("1")), WITH(SPEC("", ""), RUNS),
		 FORBIDDEN("containerStatuses")},
		{"", WITH(SPEC("", OWN), STATUS("1")), WITH(SPEC("", OWN), RUNS),
		 FORBIDDEN("containerStatuses")},
		{rules, WITH(SPEC(OWN, ""), INIT_STATUS("1")), WITH(SPEC(OWN, ""), INIT_RUNS), ""},
		{rules, WITH(SPEC("", ""), INIT_STATUS("1")), WITH(SPEC("", ""), INIT_RUNS),
		 FORBIDDEN("initContainerStatuses")},
		{"", WITH(SPEC(SIDECAR, ""), INIT_STATUS("1")), WITH(SPEC(SIDECAR, ""), INIT_RUNS), ""},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		gate(rows[i].gate);
		const struct causes_update u = {"",	     "Pod",	  "status",
						rows[i].new, rows[i].old, rows[i].causes};
		causes_check_updates(&u, 1);
	}
	gate_forget();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_restart_rules_are_dropped),
		cmocka_unit_test(test_every_kind),
		cmocka_unit_test(test_stop_signals_are_dropped),
		cmocka_unit_test(test_stop_signals_are_judged),
		cmocka_unit_test(test_signals_of_linux),
		cmocka_unit_test(test_restart_rules_are_judged),
		cmocka_unit_test(test_image_volumes_are_dropped),
		cmocka_unit_test(test_image_volumes_are_judged),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_transitions),
	};

	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}
