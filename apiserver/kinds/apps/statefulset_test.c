/* SPDX-License-Identifier: Apache-2.0 */
/* StatefulSets and DaemonSets: what they may say, what may change, what the server fills in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/causes_test.h"

#define POD(more)                                                                                            \
	"'template':{'metadata':{'labels':{'a':'b'}},'spec':{'containers':[{'name':'c','image':'i'" more     \
	"}]}}"
#define SELECTOR "'selector':{'matchLabels':{'a':'b'}},"
#define OBJECT(spec) "{'metadata':{'name':'s','namespace':'n'},'spec':{" spec "}}"
#define STATUS(status) "{'spec':{" SELECTOR POD("") "},'status':{" status "}}"
#define SET(more) "apps", "StatefulSet", "", OBJECT(SELECTOR POD("") more)
#define DAEMONS(more) "apps", "DaemonSet", "", OBJECT(SELECTOR POD("") more)
#define CLAIM(name, spec) ",'volumeClaimTemplates':[{'metadata':{'name':'" name "'},'spec':{" spec "}}]"
#define GOOD_CLAIM CLAIM("v", "'accessModes':['ReadWriteOnce'],'resources':{'requests':{'storage':'1Gi'}}")
#define MOUNT ",'volumeMounts':[{'name':'v','mountPath':'/v'}]"
#define INVALID ": Invalid value: "
#define FORBIDDEN                                                                                            \
	"spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden\n"

static void statefulsets(void **state)
{
	static const struct causes_update rows[] = {
		{SET(""), NULL, ""},
		{"apps", "StatefulSet", "", OBJECT(SELECTOR POD(MOUNT) GOOD_CLAIM ",'serviceName':'s'"), NULL,
		 ""},
		{"apps", "StatefulSet", "", OBJECT(SELECTOR POD(MOUNT)), NULL,
		 "spec.template.spec.containers[0].volumeMounts[0].name: Not found: \"v\"\n"},
		{SET(CLAIM("v", "")), NULL,
		 "spec.volumeClaimTemplates[0].spec.accessModes: Required value: at least 1 access mode is required\n"
		 "spec.volumeClaimTemplates[0].spec.resources[storage]: Required value\n"},
		{SET(",'serviceName':'A_'"), NULL,
		 "spec.serviceName" INVALID "\"A_\": a lowercase RFC 1123 label must consist …\n"},
		{SET(",'podManagementPolicy':'x'"), NULL,
		 "spec.podManagementPolicy" INVALID "\"x\": must be 'OrderedReady' or 'Parallel'\n"},
		{SET(",'updateStrategy':{'type':'x'}"), NULL,
		 "spec.updateStrategy" INVALID
		 "{\"Type\":\"x\",\"RollingUpdate\":null}: must be 'RollingUpdate' or 'OnDelete'\n"},
		{SET(",'updateStrategy':{'type':'OnDelete','rollingUpdate':{'partition':2}}"), NULL,
		 "spec.updateStrategy.rollingUpdate" INVALID
		 "{\"Partition\":2,\"MaxUnavailable\":null}: only allowed for updateStrategy 'RollingUpdate'\n"},
		{SET(",'updateStrategy':{'rollingUpdate':{'partition':-2}},'replicas':-1,'minReadySeconds':-1,'ordinals':{'start':-1}"),
		 NULL,
		 "spec.minReadySeconds" INVALID "-1: must be greater than or equal to 0\n"
		 "spec.ordinals.start" INVALID "-1: must be greater than or equal to 0\n"
		 "spec.replicas" INVALID "-1: must be greater than or equal to 0\n"
		 "spec.updateStrategy.rollingUpdate.partition" INVALID
		 "-2: must be greater than or equal to 0\n"},
		{SET(",'persistentVolumeClaimRetentionPolicy':{'whenDeleted':'x'}"), NULL,
		 "spec.persistentVolumeClaimRetentionPolicy.whenDeleted: Unsupported value: \"x\": supported values: \"Retain\", \"Delete\"\n"},
		{"apps", "StatefulSet", "", OBJECT(POD("")), NULL,
		 "spec.selector: Required value\n"
		 "spec.template.metadata.labels" INVALID
		 "{\"a\":\"b\"}: `selector` does not match template `labels`\n"},
		{"apps", "StatefulSet", "", OBJECT("'selector':{}," POD("")), NULL,
		 "spec.selector" INVALID "{}: empty selector is invalid for statefulset\n"},
		{"apps", "StatefulSet", "",
		 OBJECT(SELECTOR
			"'template':{'metadata':{'labels':{'a':'b'}},'spec':{'restartPolicy':'Never','activeDeadlineSeconds':5,'containers':[{'name':'c','image':'i'}]}}"),
		 NULL,
		 "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in StatefulSet is not Supported\n"
		 "spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Always\"\n"},
		{SET(",'replicas':7,'minReadySeconds':5,'revisionHistoryLimit':3,'ordinals':{'start':4},'updateStrategy':{'type':'OnDelete'}"),
		 OBJECT(SELECTOR POD("")), ""},
		{SET(",'serviceName':'x'"), OBJECT(SELECTOR POD("")), FORBIDDEN},
		{SET(GOOD_CLAIM), OBJECT(SELECTOR POD("")), FORBIDDEN},
		/* a template that was wrong before may stay so */
		{"apps", "StatefulSet", "", OBJECT(SELECTOR POD(MOUNT ",'tty':true")),
		 OBJECT(SELECTOR POD(MOUNT)), ""},
		{"apps", "StatefulSet", "", OBJECT(SELECTOR POD(MOUNT)), OBJECT(SELECTOR POD("")),
		 "spec.template.spec.containers[0].volumeMounts[0].name: Not found: \"v\"\n"},
		{"apps", "StatefulSet", "status",
		 STATUS("'replicas':1,'readyReplicas':2,'currentReplicas':2,'updatedReplicas':2,'availableReplicas':3"),
		 STATUS("'collisionCount':1"),
		 "status.availableReplicas" INVALID "3: cannot be greater than status.readyReplicas\n"
		 "status.availableReplicas" INVALID "3: cannot be greater than status.replicas\n"
		 "status.collisionCount" INVALID "0: cannot be decremented\n"
		 "status.currentReplicas" INVALID "2: cannot be greater than status.replicas\n"
		 "status.readyReplicas" INVALID "2: cannot be greater than status.replicas\n"
		 "status.updatedReplicas" INVALID "2: cannot be greater than status.replicas\n"},
	};

	causes_check_updates(rows, ARRAY_LEN(rows));
}

static void filled_in(void **state)
{
	autobuf struct buf got = BUF_INIT, text = BUF_INIT;
	js *o = NULL;

	causes_of("apps", "StatefulSet", "",
		  JSON(OBJECT(SELECTOR POD(
			  "") ",'updateStrategy':{'rollingUpdate':{'maxUnavailable':3}}" GOOD_CLAIM)),
		  NULL, &got, &o);
	js *spec = js_obj(o, "spec", NULL);
	js_del(spec, "template");
	js_del(spec, "selector");
	schema_write(&text, schema_type(causes_schema, "StatefulSetSpec"), spec);
	assert_string_equal(
		buf_str(&text),
		JSON("{'replicas':1,'volumeClaimTemplates':[{'kind':'PersistentVolumeClaim','apiVersion':'v1','metadata':{'name':'v'},"
		     "'spec':{'accessModes':['ReadWriteOnce'],'resources':{'requests':{'storage':'1Gi'}},'volumeMode':'Filesystem'},"
		     "'status':{'phase':'Pending'}}],'serviceName':'','podManagementPolicy':'OrderedReady',"
		     "'updateStrategy':{'type':'RollingUpdate','rollingUpdate':{'partition':0}},'revisionHistoryLimit':10,"
		     "'persistentVolumeClaimRetentionPolicy':{'whenDeleted':'Retain','whenScaled':'Retain'}}") +
			0);
	json_object_put(o);
}

static void daemonsets(void **state)
{
	static const struct causes_update rows[] = {
		{DAEMONS(""), NULL, ""},
		{DAEMONS(",'updateStrategy':{'type':'OnDelete'}"), NULL, ""},
		{DAEMONS(",'updateStrategy':{'type':'x'}"), NULL,
		 "spec.updateStrategy: Unsupported value: {\"Type\":\"x\",\"RollingUpdate\":null}: supported values: \"RollingUpdate\", \"OnDelete\"\n"},
		{DAEMONS(",'updateStrategy':{'rollingUpdate':{'maxUnavailable':1,'maxSurge':1}}"), NULL,
		 "spec.updateStrategy.rollingUpdate.maxSurge" INVALID
		 "1: may not be set when maxUnavailable is non-zero\n"},
		{DAEMONS(",'updateStrategy':{'rollingUpdate':{'maxUnavailable':0}}"), NULL,
		 "spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0\n"},
		{DAEMONS(",'updateStrategy':{'rollingUpdate':{'maxUnavailable':'0%','maxSurge':'101%'}}"),
		 NULL,
		 "spec.updateStrategy.rollingUpdate.maxSurge" INVALID
		 "\"101%\": must not be greater than 100%\n"},
		{"apps", "DaemonSet", "", OBJECT(POD("")), NULL,
		 "spec.template.metadata.labels" INVALID
		 "{\"a\":\"b\"}: `selector` does not match template `labels`\n"},
		{"apps", "DaemonSet", "", OBJECT("'selector':{}," POD("")), NULL,
		 "spec.selector" INVALID "{}: empty selector is invalid for daemonset\n"},
		{"apps", "DaemonSet", "",
		 OBJECT("'selector':{'matchExpressions':[{'key':'a','operator':'Exists'}]}," POD("")),
		 OBJECT(SELECTOR POD("")),
		 "spec.selector" INVALID
		 "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Exists\"}]}: field is immutable\n"},
		{"apps", "DaemonSet", "status", STATUS("'numberReady':-1"), STATUS("'collisionCount':1"),
		 "status.collisionCount" INVALID "0: cannot be decremented\n"
		 "status.numberReady" INVALID "-1: must be greater than or equal to 0\n"},
	};

	causes_check_updates(rows, ARRAY_LEN(rows));
}

/* The template's number is the server's, whatever the client says. */
static void generations(void **state)
{
#define GENERATION "deprecated.daemonset.template.generation"
#define NUMBERED(n, pod)                                                                                     \
	"{'metadata':{'annotations':{'" GENERATION "':'" n "'}},'spec':{" SELECTOR POD(pod) "}}"
	static const struct {
		const char *new, *old, *want;
	} rows[] = {
		{OBJECT(SELECTOR POD("")), NULL, "1"},
		{NUMBERED("7", ""), NULL, "7"},
		{NUMBERED("9", ""), NUMBERED("7", ""), "7"},
		{OBJECT(SELECTOR POD(",'tty':true")), NUMBERED("7", ""), "8"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autobuf struct buf got = BUF_INIT;
		js *o = NULL;
		causes_of("apps", "DaemonSet", "", JSON(rows[i].new), rows[i].old ? JSON(rows[i].old) : NULL,
			  &got, &o);
		assert_string_equal(js_str0(o, "metadata", "annotations", GENERATION, NULL), rows[i].want);
		json_object_put(o);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(statefulsets), cmocka_unit_test(filled_in),
					   cmocka_unit_test(daemonsets), cmocka_unit_test(generations)};
	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}
