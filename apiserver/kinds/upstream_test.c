/* SPDX-License-Identifier: Apache-2.0 */
/* What a kube-apiserver of v1.34 was seen to answer where this one once said something else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/causes_test.h"

#define NEW(group, kind, text, causes)                                                                       \
	{                                                                                                    \
		group, kind, "", text, NULL, causes                                                          \
	}
#define LABEL                                                                                                \
	"a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')\n"

#define SET "Forbidden: cannot be set\n"
#define HEADLESS                                                                                                             \
	"{'metadata':{'name':'s'},'spec':{'clusterIP':'None','clusterIPs':['None'],'type':'ClusterIP','ports':[{'port':1}]," \
	"'ipFamilies':['IPv4','IPv6'],'ipFamilyPolicy':'RequireDualStack'}}"

static void causes(void **state)
{
#define JOB(policy)                                                                                              \
	"{'metadata':{'name':'j','uid':'u'},'spec':{'manualSelector':true,'selector':{'matchLabels':{'a':'b'}}," \
	"'podFailurePolicy':{'rules':[" policy "]},'template':{'metadata':{'labels':{'a':'b'}},"                 \
	"'spec':{'restartPolicy':'Never','containers':[{'name':'c','image':'i','terminationMessagePolicy':'File','imagePullPolicy':'Always'}]}}}}"
#define RULE "spec.podFailurePolicy.rules[0]"
	static const struct causes_update rows[] = {
		/* two keys in the order in which they are missed, not in that of the map */
		NEW("", "Secret", "{'type':'kubernetes.io/basic-auth'}",
		    "data[username]: Required value\ndata[password]: Required value\n"),
		/* what a rule is made of comes before the rule */
		NEW("batch", "Job", JOB("{}"),
		    RULE
		    ".action: Required value: valid values: [\"Count\" \"FailIndex\" \"FailJob\" \"Ignore\"]\n" RULE
		    ": Invalid value: specifying one of OnExitCodes and OnPodConditions is required\n"),
		NEW("batch", "Job",
		    JOB("{'action':'Ignore','onExitCodes':{'operator':'In','values':[2,0,2]}}"),
		    RULE ".onExitCodes.values[1]: Invalid value: 0: must not be 0 for the In operator\n" RULE
			 ".onExitCodes.values[2]: Duplicate value: 2\n" RULE
			 ".onExitCodes.values: Invalid value: [2,0,2]: must be ordered\n"),
		/* without a name nothing is compared with it */
		NEW("apiregistration.k8s.io", "APIService",
		    "{'spec':{'group':'g','version':'v1','groupPriorityMinimum':1,'versionPriority':1,'service':{'name':'s','namespace':'n'}}}",
		    ""),
		NEW("networking.k8s.io", "NetworkPolicy",
		    "{'spec':{'podSelector':{},'ingress':[{'ports':[{'port':80,'endPort':1}]}]}}",
		    "spec.ingress[0].ports[0].endPort: Invalid value: 80: must be greater than or equal to `port`\n"),
		NEW("rbac.authorization.k8s.io", "ClusterRole",
		    "{'aggregationRule':{'clusterRoleSelectors':[{'matchLabels':{'a':'-'}}]},'rules':null}",
		    "aggregationRule.clusterRoleSelectors[0].matchLabels: Invalid value: \"-\": " LABEL
		    "aggregationRule.clusterRoleSelectors[0]: Invalid value: null: invalid label selector.\n"),
		/* the second source is one too many, and that is all that is said of it */
		NEW("", "PersistentVolume",
		    "{'metadata':{'name':'v'},'spec':{'capacity':{'storage':'1Gi'},'accessModes':['ReadWriteOnce'],'nfs':{'server':'s','path':'/x'},"
		    "'azureDisk':{'diskName':'d','diskURI':'u','kind':'Shared'},'fc':{}}}",
		    "spec.fc: Forbidden: may not specify more than 1 volume type\n"
		    "spec.azureDisk: Forbidden: may not specify more than 1 volume type\n"),
		NEW("", "Service", "{'spec':{'ports':[{'port':1}],'trafficDistribution':'x'}}",
		    "spec.trafficDistribution: Unsupported value: \"x\": supported values: \"PreferClose\", \"PreferSameZone\", \"PreferSameNode\"\n"),
		NEW("", "Service",
		    "{'spec':{'type':'LoadBalancer','externalTrafficPolicy':'Local','healthCheckNodePort':70000,'ports':[{'port':1}]}}",
		    "spec.healthCheckNodePort: Invalid value: 70000: must be between 1 and 65535, inclusive\n"),
		NEW("scheduling.k8s.io", "PriorityClass", "{'metadata':{'name':'p'},'preemptionPolicy':''}",
		    "preemptionPolicy: Required value\n"),
		/* a hostname is the controller's to give; what is no policy is not the right one either */
		NEW("apps", "StatefulSet",
		    "{'metadata':{'name':'s'},'spec':{'selector':{'matchLabels':{'a':'b'}},'template':{'metadata':{'labels':{'a':'b'}},"
		    "'spec':{'hostname':'A_','subdomain':'B_','restartPolicy':'x','containers':[{'name':'c','image':'i'}]}}}}",
		    "spec.template.spec.restartPolicy: Unsupported value: \"x\": supported values: \"Always\", \"OnFailure\", \"Never\"\n"
		    "spec.template.spec.restartPolicy: Unsupported value: \"x\": supported values: \"Always\"\n"),
		/* what may not be there is not looked into */
		NEW("", "Pod",
		    "{'metadata':{'name':'p'},'spec':{'containers':[{'name':'c','image':'i'}],'initContainers':[{'name':'d','image':'i',"
		    "'livenessProbe':{'exec':{},'tcpSocket':{'port':0}}}]}}",
		    "spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always\n"),
		/* claims become volumes of the template, by their names */
		NEW("apps", "StatefulSet",
		    "{'metadata':{'name':'s'},'spec':{'selector':{'matchLabels':{'a':'b'}},'volumeClaimTemplates':["
		    "{'spec':{'accessModes':['ReadWriteOnce'],'resources':{'requests':{'storage':'1Gi'}}}},"
		    "{'metadata':{'name':'-'},'spec':{'accessModes':['ReadWriteOnce'],'resources':{'requests':{'storage':'1Gi'}}}}],"
		    "'template':{'metadata':{'labels':{'a':'b'}},'spec':{'containers':[{'name':'c','image':'i'}]}}}}",
		    "spec.template.spec.volumes[0].persistentVolumeClaim.claimName: Required value\n"
		    "spec.template.spec.volumes[0].name: Required value\n"
		    "spec.template.spec.volumes[1].name: Invalid value: \"-\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')\n"),
	};
	causes_check_order(rows, ARRAY_LEN(rows));
}

/* Of updates, mostly; in which order is the matter of order_update_test. */
static void updates(void **state)
{
	static const struct causes_update rows[] = {
		/* who serves a metric judges its labels */
		{"autoscaling", "HorizontalPodAutoscaler", "",
		 "{'metadata':{'name':'h'},'spec':{'maxReplicas':3,'scaleTargetRef':{'apiVersion':'v1','kind':'ReplicationController',"
		 "'name':'b'},'metrics':[{'type':'Pods','pods':{'metric':{'name':'m','selector':{'matchLabels':{'a b':'c d'},"
		 "'matchExpressions':[{'key':'e f','operator':'Like','values':['g h']}]}},'target':{'type':'AverageValue','averageValue':5}}}]}}",
		 NULL, ""},
		{"resource.k8s.io", "ResourceClaimTemplate", "",
		 "{'metadata':{'name':'t'},'spec':{'metadata':{'name':'x','namespace':'y','labels':{'a':'b'}},'spec':{'devices':{"
		 "'requests':[{'name':'r','exactly':{'deviceClassName':'c'}}]}}}}",
		 NULL, "spec.metadata.name: " SET "spec.metadata.namespace: " SET},
		/* a headless Service keeps its lack of an address, whoever it is for */
		{"", "Service", "", "{'metadata':{'name':'s'},'spec':{'ports':[{'port':2}]}}", HEADLESS, ""},
		{"", "Service", "",
		 "{'metadata':{'name':'s'},'spec':{'type':'ExternalName','externalName':'a.b'}}", HEADLESS,
		 ""},
		/* what only load balancers have goes with the type */
		{"", "Service", "",
		 "{'metadata':{'name':'s'},'spec':{'ports':[{'port':1}],'loadBalancerClass':'a/b'}}",
		 "{'metadata':{'name':'s'},'spec':{'type':'LoadBalancer','ports':[{'port':1,'nodePort':30001}],'loadBalancerClass':'a/b'}}",
		 ""},
		{"", "LimitRange", "", "{'spec':{'limits':[]}}", NULL, ""},
		{"", "Pod", "", "{'metadata':{'name':'p'},'spec':{'containers':[]}}",
		 "{'metadata':{'name':'p'},'spec':{'containers':[{'name':'c','image':'i'}],'initContainers':[{'name':'d','image':'i'}]}}",
		 "spec.containers: Forbidden: pod updates may not add or remove containers\nspec.containers: Required value\n"},
		{"", "Pod", "",
		 "{'metadata':{'name':'p'},'spec':{'containers':[{'name':'c','image':'i'}],'activeDeadlineSeconds':-1}}",
		 "{'metadata':{'name':'p'},'spec':{'containers':[{'name':'c','image':'i'}],'activeDeadlineSeconds':5}}",
		 "spec.activeDeadlineSeconds: Invalid value: -1: must be between 0 and 2147483647, inclusive\n"
		 "spec.activeDeadlineSeconds: Invalid value: -1: must be between 1 and 2147483647, inclusive\n"},
		/* what is said of a Pod as a whole */
		{"", "Pod", "resize",
		 "{'metadata':{'name':'p'},'spec':{'containers':[{'name':'c','image':'i'}]}}",
		 "{'metadata':{'name':'p'},'spec':{'os':{'name':'windows'},'containers':[{'name':'c','image':'i'}]}}",
		 "[]: Forbidden: windows pods cannot be resized\n"},
		{"", "Pod", "ephemeralcontainers",
		 "{'metadata':{'name':'p'},'spec':{'containers':[{'name':'c','image':'i'}]}}",
		 "{'metadata':{'name':'p','annotations':{'kubernetes.io/config.mirror':'x'}},'spec':{'containers':[{'name':'c','image':'i'}]}}",
		 "[]: Forbidden: static pods do not support ephemeral containers\n"},
		/* a string that is not there is an empty one */
		{"networking.k8s.io", "IngressClass", "", "{'metadata':{'name':'c'}}",
		 "{'metadata':{'name':'c'},'spec':{'controller':'a.b/c'}}",
		 "spec.controller: Invalid value: \"\": field is immutable\nspec.controller: Required value\n"},
	};
	causes_check_updates(rows, ARRAY_LEN(rows));
}

/* A null in a list is an item without anything, which gets its defaults. */
static void stored(void **state)
{
	static const struct causes_stored rows[] = {
		{"networking.k8s.io", "NetworkPolicy", "",
		 "{'spec':{'podSelector':{},'ingress':[{'ports':[null]}]}}",
		 "{'metadata':{},'spec':{'podSelector':{},'ingress':[{'ports':[{'protocol':'TCP'}]}],'policyTypes':['Ingress']}}"},
		{"discovery.k8s.io", "EndpointSlice", "",
		 "{'addressType':'IPv4','endpoints':[],'ports':[null]}",
		 "{'metadata':{},'addressType':'IPv4','endpoints':null,'ports':[{'name':'','protocol':'TCP'}]}"},
	};
	causes_check_stored(rows, ARRAY_LEN(rows));
}

/* A negative grace period is one second; a list of resources, even without any, says what class the Pod is of. */
static void pods(void **state)
{
	const struct kind *k = schema_kind(causes_schema, "", "v1", "Pod");
	const struct strategy_ctx ctx = {.subresource = "", .schema = causes_schema};
	autojson js *pod = causes_decode(
		k,
		JSON("{'spec':{'terminationGracePeriodSeconds':-5,'resources':{},'schedulingGates':[{'name':'g'}],"
		     "'containers':[{'name':'c','image':'i','resources':{'requests':{'cpu':'1'}}}]}}"));

	strategy_find(k)->prepare(&ctx, pod, NULL);
	const js *condition = js_at(js_arr(pod, "status", "conditions", NULL), 0);
	assert_int_equal(js_int(pod, 0, "spec", "terminationGracePeriodSeconds", NULL), 1);
	assert_string_equal(js_str0(pod, "status", "qosClass", NULL), "BestEffort");
	assert_string_equal(js_str0(condition, "reason", NULL), "SchedulingGated");
	assert_true(json_object_object_get_ex(condition, "lastProbeTime", NULL));
}

/* Nameless LimitRanges get a name; drivers are counted on from what they say at first. */
static void made(void **state)
{
	const struct kind *range = schema_kind(causes_schema, "", "v1", "LimitRange"),
			  *driver = schema_kind(causes_schema, "storage.k8s.io", "v1", "CSIDriver");
	const struct strategy_ctx ctx = {.subresource = "", .schema = causes_schema};
	autojson js *l = causes_decode(range, "{}"),
		    *d = causes_decode(driver, JSON("{'metadata':{'generation':7},'spec':{}}")),
		    *next = causes_decode(driver, JSON("{'spec':{'podInfoOnMount':true}}"));

	strategy_find(range)->prepare(&ctx, l, NULL);
	assert_int_equal(strlen(js_str0(l, "metadata", "name", NULL)), 36);
	strategy_find(driver)->prepare(&ctx, d, NULL);
	assert_int_equal(js_int(d, 0, "metadata", "generation", NULL), 7);
	strategy_find(driver)->prepare(&ctx, next, d);
	assert_int_equal(js_int(next, 0, "metadata", "generation", NULL), 8);
}

/* Which kinds a PUT makes, which want a resourceVersion, whose finalizers need no domain. */
static void flags(void **state)
{
	static const struct {
		const char *group, *kind;
		unsigned flags;
	} rows[] = {
		{"node.k8s.io", "RuntimeClass",
		 STRATEGY_CREATE_ON_UPDATE | STRATEGY_NEEDS_VERSION | STRATEGY_FREE_FINALIZERS},
		{"policy", "PodDisruptionBudget", STRATEGY_NEEDS_VERSION | STRATEGY_FREE_FINALIZERS},
		{"admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding",
		 STRATEGY_NEEDS_VERSION | STRATEGY_FREE_FINALIZERS},
		{"coordination.k8s.io", "Lease",
		 STRATEGY_CREATE_ON_UPDATE | STRATEGY_NEEDS_VERSION | STRATEGY_FREE_FINALIZERS},
		{"", "LimitRange", STRATEGY_CREATE_ON_UPDATE},
		{"", "ConfigMap", 0},
	};
	const unsigned asked = STRATEGY_CREATE_ON_UPDATE | STRATEGY_NEEDS_VERSION | STRATEGY_FREE_FINALIZERS;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct kind *k = schema_kind(causes_schema, rows[i].group, "v1", rows[i].kind);
		assert_int_equal(strategy_find(k)->flags & asked, rows[i].flags);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(causes), cmocka_unit_test(updates), cmocka_unit_test(stored),
		cmocka_unit_test(pods),	  cmocka_unit_test(made),    cmocka_unit_test(flags),
	};

	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}
