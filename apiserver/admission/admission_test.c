/* SPDX-License-Identifier: Apache-2.0 */
/* The plugins for Pods and Nodes on trees alone; NamespaceLifecycle needs a store and is tested with the
 * handlers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "admission/plugins.h"
#include "object/json_test.h"

static const struct kind pods = {
	.group = "", .version = "v1", .kind = "Pod", .resource = "pods", .namespaced = true};
static const struct kind nodes = {.group = "", .version = "v1", .kind = "Node", .resource = "nodes"};

static const struct attributes attr = ATTRIBUTES_INIT;

static js *parse(const char *text)
{
	struct err err = ERR_INIT;
	js *o = js_parse(text, strlen(text), NULL, &err);
	if (!o)
		fail_msg("%s: %s", text, err.msg);
	return o;
}

static struct admission_call create(const struct kind *k, js *o)
{
	return (struct admission_call){
		.op = ADMIT_CREATE, .kind = k, .attr = &attr, .ns = "default", .name = "x", .obj = o};
}

#define MIRROR "pods \"x\" is forbidden: a mirror pod may not "

static void test_mirrors(void **state)
{
	static const char account[] = "service accounts", secret[] = "secrets";
	static const struct {
		const char *spec, *what; /* that may not be named; NULL: it may be */
	} rows[] = {
		{"{}", NULL},
		{"{'serviceAccountName':'a'}", account},
		{"{'imagePullSecrets':[{}]}", NULL},
		{"{'imagePullSecrets':[{},{'name':'s'}]}", secret},
		{"{'containers':[{'env':[{'valueFrom':{'configMapKeyRef':{'name':'s'}}}]}]}", NULL},
		{"{'containers':[{'env':[{'valueFrom':{'secretKeyRef':{'name':'s'}}}]}]}", secret},
		{"{'initContainers':[{'envFrom':[{'secretRef':{'name':'s'}}]}]}", secret},
		{"{'volumes':[{'configMap':{'name':'s'}}]}", NULL},
		{"{'volumes':[{'secret':{'secretName':'s'}}]}", secret},
		{"{'volumes':[{'azureFile':{'secretName':'s'}}]}", secret},
		{"{'volumes':[{'csi':{'nodePublishSecretRef':{'name':'s'}}}]}", secret},
		{"{'volumes':[{'rbd':{'secretRef':{'name':'s'}}}]}", secret},
		{"{'volumes':[{'projected':{'sources':[{'secret':{'name':'s'}}]}}]}", secret},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		autojson js *o =
			parse(JSON("{'metadata':{'annotations':{'kubernetes.io/config.mirror':''}}}"));
		js_set(o, "spec", parse(JSON(rows[i].spec)));
		struct admission_call a = create(&pods, o);
		assert_int_equal(admit_service_account(&a, &err), rows[i].what ? ADMISSION_REFUSE : 0);
		autofree char *want = rows[i].what ? mem_printf(MIRROR "reference %s", rows[i].what) : NULL;
		assert_string_equal(err.msg, want ? want : "");
	}
	struct err err = ERR_INIT;
	autojson js *o = parse(JSON(
		"{'metadata':{'annotations':{'kubernetes.io/config.mirror':''}},'spec':{'volumes':[{'projected':{'sources':"
		"[{'serviceAccountToken':{'path':'t'}}]}}]}}"));
	struct admission_call a = create(&pods, o);
	assert_int_equal(admit_service_account(&a, &err), ADMISSION_REFUSE);
	assert_string_equal(err.msg, MIRROR "use ServiceAccountToken volume projections");
}

static void test_tolerations(void **state)
{
	const struct {
		const char *tolerations;
		size_t after;
	} rows[] = {
		{"[]", 2},
		{JSON("[{'operator':'Exists'}]"), 1}, /* tolerates all */
		{JSON("[{'key':'node.kubernetes.io/not-ready','operator':'Exists','effect':'NoExecute'}]"),
		 2},
		{JSON("[{'key':'node.kubernetes.io/not-ready','operator':'Exists','effect':'NoSchedule'}]"),
		 3},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		autojson js *o = parse(JSON("{'spec':{}}"));
		js_set(js_obj(o, "spec", NULL), "tolerations", parse(rows[i].tolerations));
		struct admission_call a = create(&pods, o);
		assert_int_equal(admit_toleration_seconds(&a, &err), 0);
		assert_int_equal(js_len(js_arr(o, "spec", "tolerations", NULL)), rows[i].after);
	}
}

static void test_node_taint(void **state)
{
	struct err err = ERR_INIT;
	autojson js *o = parse(JSON("{'spec':{}}"));
	struct admission_call a = create(&nodes, o);

	assert_int_equal(admit_node_taint(&a, &err), 0);
	assert_int_equal(admit_node_taint(&a, &err), 0);
	assert_int_equal(js_len(js_arr(o, "spec", "taints", NULL)), 1);
	assert_string_equal(js_str0(js_at(js_arr(o, "spec", "taints", NULL), 0), "effect", NULL),
			    "NoSchedule");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mirrors),
		cmocka_unit_test(test_tolerations),
		cmocka_unit_test(test_node_taint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
