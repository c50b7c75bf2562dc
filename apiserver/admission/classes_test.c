/* SPDX-License-Identifier: Apache-2.0 */
/* What PriorityClasses and RuntimeClasses make of the Pods that name them, over a whole API. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "object/json_test.h"
#include "rest/rig_test.h"

#define PRIORITIES "/apis/scheduling.k8s.io/v1/priorityclasses"
#define RUNTIMES "/apis/node.k8s.io/v1/runtimeclasses"
#define DRY "/api/v1/namespaces/default/pods?dryRun=All"

static void make(const char *path, const char *body, int status)
{
	autoreply struct rig_reply r = rig_call(&rig, "POST", path, body);

	if (r.status != status)
		fail_msg("%s: %d %s", body, r.status, buf_str(&r.text));
}

/* What a Pod is told, or what it is made into: `path` of its spec, as JSON. */
static void pod(const char *spec, const char *field, const char *want)
{
	autofree char *body = mem_printf(
		"{'metadata':{'name':'x'},'spec':{'containers':[{'name':'c','image':'i'}]%s}}", spec);
	autoreply struct rig_reply r = rig_call(&rig, "POST", DRY, JSON(body));
	autobuf struct buf got = BUF_INIT;
	const js *value = js_get(r.body, "spec", field, NULL);

	if (r.status != 201)
		buf_adds(&got, js_str0(r.body, "message", NULL));
	else if (value)
		js_write(&got, value);
	assert_string_equal(buf_str(&got), want);
}

#define REFUSED "pods \"x\" is forbidden: "
#define GIVEN " must not be provided in pod spec; priority admission controller computed "

static void priorities(void **state)
{
	pod("", "priority", "0");
	pod("", "preemptionPolicy", "\"PreemptLowerPriority\"");
	pod(",'priority':0", "priority", "0");
	pod(",'priority':5", "priority",
	    REFUSED "the integer value of priority (5)" GIVEN "0 from the given PriorityClass name");
	pod(",'priorityClassName':'gold'", "priority", REFUSED "no PriorityClass with name gold was found");
	make(PRIORITIES, JSON("{'metadata':{'name':'gold'},'value':100,'preemptionPolicy':'Never'}"), 201);
	pod(",'priorityClassName':'gold'", "priority", "100");
	pod(",'priorityClassName':'gold'", "preemptionPolicy", "\"Never\"");
	pod(",'priorityClassName':'gold','preemptionPolicy':'PreemptLowerPriority'", "priority",
	    REFUSED "the string value of PreemptionPolicy (PreemptLowerPriority)" GIVEN
		    "Never from the given PriorityClass name");
}

static void one_default(void **state)
{
	make(PRIORITIES, JSON("{'metadata':{'name':'plain'},'value':7,'globalDefault':true}"), 201);
	pod("", "priority", "7");
	pod("", "priorityClassName", "\"plain\"");
	make(PRIORITIES, JSON("{'metadata':{'name':'other'},'value':8,'globalDefault':true}"), 403);
	autoreply struct rig_reply same = rig_call(
		&rig, "PUT", PRIORITIES "/plain",
		JSON("{'metadata':{'name':'plain'},'value':7,'globalDefault':true,'description':'d'}"));
	assert_int_equal(same.status, 200);
	make(PRIORITIES, JSON("{'metadata':{'name':'other'},'value':8}"), 201);
	autoreply struct rig_reply second =
		rig_call(&rig, "PUT", PRIORITIES "/other",
			 JSON("{'metadata':{'name':'other'},'value':8,'globalDefault':true}"));
	assert_string_equal(
		js_str0(second.body, "message", NULL),
		"priorityclasses.scheduling.k8s.io \"other\" is forbidden: PriorityClass plain is already marked as default. Only one default can exist");
	autoreply struct rig_reply gone = rig_call(&rig, "DELETE", PRIORITIES "/plain", NULL);
	assert_int_equal(gone.status, 200);
	pod("", "priority", "0");
}

static void runtimes(void **state)
{
	pod(",'runtimeClassName':'nope'", "overhead",
	    REFUSED "pod rejected: RuntimeClass \"nope\" not found");
	pod(",'overhead':{'cpu':'1'}", "overhead",
	    REFUSED "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead");
	make(RUNTIMES,
	     JSON("{'metadata':{'name':'vm'},'handler':'h','overhead':{'podFixed':{'cpu':'1','memory':'1Ki'}},'scheduling':{"
		  "'nodeSelector':{'a':'b'}}}"),
	     201);
	pod(",'runtimeClassName':'vm'", "overhead", "{\"cpu\":\"1\",\"memory\":\"1Ki\"}");
	pod(",'runtimeClassName':'vm','overhead':{'cpu':'1000m','memory':'1024'}", "nodeSelector",
	    "{\"a\":\"b\"}");
	pod(",'runtimeClassName':'vm','overhead':{'cpu':'2','memory':'1024'}", "overhead",
	    REFUSED "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
	pod(",'runtimeClassName':'vm','nodeSelector':{'c':'d'}", "nodeSelector", "{\"a\":\"b\",\"c\":\"d\"}");
	pod(",'runtimeClassName':'vm','nodeSelector':{'a':'d'}", "nodeSelector",
	    REFUSED "conflict: runtimeClass.scheduling.nodeSelector[a] = b; pod.spec.nodeSelector[a] = d");
}

#define FROM_SERVER                                                                                                 \
	",{'key':'node.kubernetes.io/not-ready','operator':'Exists','effect':'NoExecute','tolerationSeconds':300}," \
	"{'key':'node.kubernetes.io/unreachable','operator':'Exists','effect':'NoExecute','tolerationSeconds':300}"

/* Only those stay that no other covers. */
static void tolerations(void **state)
{
	static const struct {
		const char *class, *pod, *want;
	} rows[] = {
		{"{'key':'a','operator':'Exists'}", "{'key':'b','value':'v'}",
		 "[{'key':'b','value':'v'}" FROM_SERVER ",{'key':'a','operator':'Exists'}]"},
		{"{'key':'a','operator':'Exists'}",
		 "{'key':'a','operator':'Equal','value':'v','effect':'NoSchedule'}",
		 "[" FROM_SERVER ",{'key':'a','operator':'Exists'}]"},
		{"{'key':'a','operator':'Equal','value':'v'}", "{'key':'a','operator':'Equal','value':'w'}",
		 "[{'key':'a','operator':'Equal','value':'w'}" FROM_SERVER
		 ",{'key':'a','operator':'Equal','value':'v'}]"},
		{"{'key':'a','operator':'Exists'}", "{'key':'a','operator':'Exists'}",
		 "[{'key':'a','operator':'Exists'}" FROM_SERVER "]"},
		{"{'key':'a','operator':'Exists','effect':'NoExecute','tolerationSeconds':9}",
		 "{'key':'a','operator':'Exists','effect':'NoExecute','tolerationSeconds':5}",
		 "[" FROM_SERVER
		 ",{'key':'a','operator':'Exists','effect':'NoExecute','tolerationSeconds':9}]"},
		{"{'operator':'Exists'}", "{'key':'a','operator':'Exists'}", "[{'operator':'Exists'}]"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *class = mem_printf(
			"{'metadata':{'name':'t%zu'},'handler':'h','scheduling':{'tolerations':[%s]}}", i,
			rows[i].class);
		autofree char *spec =
			mem_printf(",'runtimeClassName':'t%zu','tolerations':[%s]", i, rows[i].pod);
		autofree char *want = mem_strdup(JSON(rows[i].want));
		if (!strncmp(want, "[,", 2))
			memmove(want + 1, want + 2, strlen(want) - 1);
		make(RUNTIMES, JSON(class), 201);
		pod(spec, "tolerations", want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(priorities), cmocka_unit_test(one_default),
					   cmocka_unit_test(runtimes), cmocka_unit_test(tolerations)};
	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
