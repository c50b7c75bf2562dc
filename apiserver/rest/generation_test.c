/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What changes of an object count: for each kind its generation after a create that names one, after new labels, new
 * annotations, a change of what the kind is about, of what is fixed, of the status by the object, of the status by its
 * subresource, and of all else by that. And what the subresources with rules of their own let change, step by step.
 * Each row was put to a kube-apiserver v1.34.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "object/json_test.h"
#include "rest/rig_test.h"

#define REQUEST                                                                                              \
	"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlJQ1VUQ0NBVGtDQVFBd0RERUtNQWdHQTFVRUF3d0"         \
	"JlRENDQVNJd0RRWUpLb1pJaHZjTkFRRUJCUUFEZ2dFUApBRENDQVFvQ2dnRUJBS01PbThPaDN4ckVldnBMOVR1T2NR"         \
	"NXp1Y2UxS2dPQmlZWExLazcwbXI1QzFIdVdHREphCmRkdVFFcHI2WFJSUWh3SmZUWWxGRkhkamVhamN5d3VHRVAwMW"         \
	"93YktBd2ZhRVJCRlJFMHpMRzRBOUkrUnZQcVgKWiswY2sydi92TFZYUzYyZmxwNjBLeUMxUDlHK0JRT0paSXBLVzFL"         \
	"bnMxeGtPckZlbCsyLzd1S2FhOHRPd0I3RQowNHJnWkZSSGxIcXorWm15VHBFV2NlTU5OS2d5OVZSQ2FpMnZIbTIrSm"         \
	"VsRmdPRHI0UElCWmpGR0NGMldEcjloCjh0YmJ5MTZUanBCYWIzQTN6V01aTkhrSnF4TTlHQWwwNm1mYXJBcG1wUHVm"         \
	"RlFZNDhOTWJmWklDdjREQVZ1N04KNDgxNjRXTnBDNXRJaUtGa3NZemR5Y1VJazVycG5qUGw5RU1DQXdFQUFhQUFNQT"         \
	"BHQ1NxR1NJYjNEUUVCQ3dVQQpBNElCQVFBV1JleVhJZ3lOZEdYNGxzb3ZWS3NQSjJMNDlCQTBXdkdLRSttTzZNTnh5"         \
	"UUlFYzJyMW5rY29wMEZIClVqa20zMFF6NnpqWHhJdW4yUGRZNnpmVTV4ZnJ2UFo2K1o5U2VkZkFnalo3dW5BUDFjdk"         \
	"pYYUVCRFFDeU5IM2IKNEtXM2YzNmdoOVRSVE00R3BVVEhQSGR4RWNUMDhUdS9GSTdvU2RKazFMcVkrNmRuRStDWVNG"         \
	"d1RlV1cxQjhlMApNblg2SHluVE9xa1JlajFKRGVzZG1yYXIwelVKUmFyZjBhTm4zRGdyRUo2VGFJSUNrK2NtVkZWZ0"         \
	"tyS0pORjBSCjU0ODl5REJ1YUxKUnRuYlBsZmVjbU9udjNGc0laZVVOSDVSNU0rL1c5amwvSVRoOU5TV0lLTVJhVTlY"         \
	"YUtlOS8KQ01qYnNwRW95LzV5T1NVS2RvSjYyMHpkMnFxNgotLS0tLUVORCBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS"         \
	"0K"

static struct rig rig;

struct row {
	const char *path, *name, *object;
	const char *change, *fixed, *status; /* NULL: there is nothing such */
	const char *want;		     /* generations, 0 for none; or the status of a refusal */
};

static void note(struct buf *out, const char *method, const char *path, const char *patch)
{
	autoreply struct rig_reply r = rig_call(&rig, method, path, patch);

	buf_addf(out, "%s%lld", out->len ? " " : "",
		 r.status < 300 ? (long long)js_int(r.body, 0, "metadata", "generation", NULL) : r.status);
}

static void create(struct buf *out, const char *path, const char *name, const char *object)
{
	struct err err = ERR_INIT;
	autobuf struct buf body = BUF_INIT;
	autojson js *o = js_parse(object, strlen(object), NULL, &err);
	js *m = js_ensure(o, "metadata", NULL);

	assert_non_null(o);
	js_set_str(m, "name", name);
	js_set_int(m, "generation", 7);
	js_write(&body, o);
	note(out, "POST", path, buf_str(&body));
}

static void patch(struct buf *out, const char *path, const char *body)
{
	if (body)
		note(out, "PATCH", path, body);
	else
		buf_adds(out, " -");
}

static void write_all(struct buf *out, const struct row *w)
{
	autofree char *one = mem_printf("%s/%s", w->path, w->name), *status = mem_printf("%s/status", one);
	autofree char *change = w->change ? mem_strdup(JSON(w->change)) : NULL;
	autofree char *rest = change && strlen(change) > 2
				      ? mem_printf("%.*s,%s", (int)strlen(change) - 1, change,
						   JSON("'metadata':{'labels':{'s':'t'}}}"))
				      : mem_strdup(JSON("{'metadata':{'labels':{'s':'t'}}}"));

	create(out, w->path, w->name, JSON(w->object));
	patch(out, one, JSON("{'metadata':{'labels':{'x':'y'},'generation':9}}"));
	patch(out, one, JSON("{'metadata':{'annotations':{'x':'y'}}}"));
	patch(out, one, change);
	patch(out, one, w->fixed ? JSON(w->fixed) : NULL);
	patch(out, one, w->status ? JSON(w->status) : NULL);
	patch(out, status, w->status ? JSON(w->status) : NULL);
	patch(out, status, w->status ? rest : NULL);
}

static void generations(void **state)
{
	static const struct row rows[] = {
		{"/api/v1/namespaces/default/pods", "gen",
		 "{'spec':{'containers':[{'name':'c','image':'i'}],'serviceAccountName':'default',"
		 "'terminationGracePeriodSeconds':0}}",
		 "{'spec':{'activeDeadlineSeconds':5}}", "{'spec':{'nodeName':'x'}}",
		 "{'status':{'message':'m'}}", "1 1 1 2 422 2 2 2"},
		{"/api/v1/namespaces/default/services", "gen",
		 "{'spec':{'clusterIP':'None','ports':[{'port':1}]}}", "{'spec':{'selector':{'a':'b'}}}",
		 "{'spec':{'clusterIP':'10.96.3.4','clusterIPs':['10.96.3.4']}}",
		 "{'status':{'conditions':[{'type':'Y','status':'True',"
		 "'lastTransitionTime':'2024-01-01T00:00:00Z','reason':'r','message':'m'}]}}",
		 "7 7 7 422 422 7 7 7"},
		{"/api/v1/namespaces/default/configmaps", "gen", "{'data':{'a':'b'},'immutable':true}",
		 "{'data':{'a':'b'}}", "{'data':{'a':'c'}}", NULL, "7 7 7 7 422 - - -"},
		{"/api/v1/namespaces/default/secrets", "gen", "{'type':'Opaque','data':{'a':'QQ=='}}",
		 "{'data':{'b':'QQ=='}}", "{'type':'x/y'}", NULL, "7 7 7 7 422 - - -"},
		{"/api/v1/namespaces/default/serviceaccounts", "gen", "{}",
		 "{'automountServiceAccountToken':false}", NULL, NULL, "7 7 7 7 - - - -"},
		{"/api/v1/namespaces/default/endpoints", "gen", "{'subsets':[]}",
		 "{'subsets':[{'addresses':[{'ip':'1.2.3.4'}],'ports':[{'port':1}]}]}", NULL, NULL,
		 "7 7 7 7 - - - -"},
		{"/api/v1/namespaces/default/events", "gen",
		 "{'involvedObject':{'kind':'Pod','name':'p','namespace':'default'},'reason':'r',"
		 "'type':'Normal'}",
		 "{'message':'x'}", "{'involvedObject':{'name':'q'}}", NULL, "7 7 7 7 7 - - -"},
		{"/api/v1/namespaces/default/limitranges", "gen", "{'spec':{'limits':[]}}",
		 "{'spec':{'limits':[{'type':'Pod','max':{'cpu':'1'}}]}}", NULL, NULL, "7 7 7 7 - - - -"},
		{"/api/v1/namespaces/default/resourcequotas", "gen", "{'spec':{'hard':{'secrets':'90'}}}",
		 "{'spec':{'hard':{'secrets':'91'}}}", "{'spec':{'scopes':['BestEffort']}}",
		 "{'status':{'hard':{'secrets':'90'}}}", "7 7 7 7 422 7 7 7"},
		{"/api/v1/namespaces/default/persistentvolumeclaims", "gen",
		 "{'spec':{'accessModes':['ReadWriteOnce'],'resources':{'requests':{'storage':'1Gi'}}}}",
		 "{'spec':{'volumeName':'v'}}", "{'spec':{'accessModes':['ReadWriteMany']}}",
		 "{'status':{'phase':'Lost'}}", "7 7 7 7 422 7 7 7"},
		{"/api/v1/persistentvolumes", "gen",
		 "{'spec':{'capacity':{'storage':'1Gi'},'accessModes':['ReadWriteOnce'],"
		 "'hostPath':{'path':'/x'}}}",
		 "{'spec':{'capacity':{'storage':'2Gi'}}}", "{'spec':{'hostPath':{'path':'/y'}}}",
		 "{'status':{'phase':'Failed'}}", "7 7 7 7 422 7 7 7"},
		{"/api/v1/namespaces/default/podtemplates", "gen",
		 "{'template':{'metadata':{'labels':{'a':'b'}},'spec':{'containers':[{'name':'c',"
		 "'image':'i'}]}}}",
		 "{'template':{'metadata':{'labels':{'c':'d'}}}}", NULL, NULL, "1 1 1 2 - - - -"},
		{"/api/v1/namespaces/default/replicationcontrollers", "gen",
		 "{'spec':{'replicas':0,'template':{'metadata':{'labels':{'a':'b'}},"
		 "'spec':{'containers':[{'name':'c','image':'i'}]}}}}",
		 "{'spec':{'replicas':1}}", NULL, "{'status':{'replicas':1}}", "1 1 1 2 - 2 2 2"},
		{"/api/v1/nodes", "gen", "{'spec':{'providerID':'x'}}", "{'spec':{'unschedulable':true}}",
		 "{'spec':{'providerID':'y'}}", "{'status':{'phase':'Running'}}", "7 7 7 7 422 7 7 7"},
		{"/api/v1/namespaces", "gen", "{}", "{'spec':{'finalizers':['x.y/z']}}", NULL,
		 "{'status':{'phase':'Active'}}", "7 7 7 7 - 7 7 7"},
		{"/apis/apps/v1/namespaces/default/deployments", "gen",
		 "{'spec':{'selector':{'matchLabels':{'a':'b'}},"
		 "'template':{'metadata':{'labels':{'a':'b'}},'spec':{'containers':[{'name':'c',"
		 "'image':'i'}]}}}}",
		 "{'spec':{'replicas':2}}", "{'spec':{'selector':{'matchLabels':{'a':'c'}}}}",
		 "{'status':{'replicas':3}}", "1 1 2 3 422 3 3 3"},
		{"/apis/apps/v1/namespaces/default/replicasets", "gen",
		 "{'spec':{'selector':{'matchLabels':{'a':'b'}},"
		 "'template':{'metadata':{'labels':{'a':'b'}},'spec':{'containers':[{'name':'c',"
		 "'image':'i'}]}}}}",
		 "{'spec':{'replicas':2}}", "{'spec':{'selector':{'matchLabels':{'a':'c'}}}}",
		 "{'status':{'replicas':3}}", "1 1 1 2 422 2 2 2"},
		{"/apis/apps/v1/namespaces/default/daemonsets", "gen",
		 "{'spec':{'selector':{'matchLabels':{'a':'b'}},"
		 "'template':{'metadata':{'labels':{'a':'b'}},'spec':{'containers':[{'name':'c',"
		 "'image':'i'}]}}}}",
		 "{'spec':{'minReadySeconds':2}}", "{'spec':{'selector':{'matchLabels':{'a':'c'}}}}",
		 "{'status':{'numberReady':3}}", "1 1 1 2 422 2 2 2"},
		{"/apis/apps/v1/namespaces/default/statefulsets", "gen",
		 "{'spec':{'selector':{'matchLabels':{'a':'b'}},"
		 "'template':{'metadata':{'labels':{'a':'b'}},'spec':{'containers':[{'name':'c',"
		 "'image':'i'}]}},'serviceName':'s'}}",
		 "{'spec':{'replicas':2}}", "{'spec':{'serviceName':'t'}}", "{'status':{'replicas':3}}",
		 "1 1 1 2 422 2 2 2"},
		{"/apis/apps/v1/namespaces/default/controllerrevisions", "gen",
		 "{'data':{'a':'b'},'revision':1}", "{'revision':2}", "{'data':{'a':'c'}}", NULL,
		 "7 7 7 7 422 - - -"},
		{"/apis/batch/v1/namespaces/default/jobs", "gen",
		 "{'spec':{'template':{'metadata':{'labels':{'a':'b'}},'spec':{'containers':[{'name':'c',"
		 "'image':'i'}],'restartPolicy':'Never'}},'manualSelector':true,"
		 "'selector':{'matchLabels':{'a':'b'}}}}",
		 "{'spec':{'parallelism':2}}", "{'spec':{'completions':9}}", "{'status':{'active':1}}",
		 "1 1 1 2 422 2 2 2"},
		{"/apis/batch/v1/namespaces/default/cronjobs", "gen",
		 "{'spec':{'schedule':'* * * * *',"
		 "'jobTemplate':{'spec':{'template':{'metadata':{'labels':{'a':'b'}},"
		 "'spec':{'containers':[{'name':'c','image':'i'}],'restartPolicy':'Never'}}}}}}",
		 "{'spec':{'suspend':true}}", NULL, "{'status':{'lastScheduleTime':'2024-01-01T00:00:00Z'}}",
		 "1 1 1 2 - 2 2 2"},
		{"/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers", "gen",
		 "{'spec':{'scaleTargetRef':{'apiVersion':'apps/v1','kind':'Deployment','name':'d'},"
		 "'maxReplicas':3}}",
		 "{'spec':{'maxReplicas':4}}", NULL, "{'status':{'desiredReplicas':3}}", "7 7 7 7 - 7 7 7"},
		{"/apis/policy/v1/namespaces/default/poddisruptionbudgets", "gen",
		 "{'spec':{'minAvailable':1,'selector':{'matchLabels':{'a':'b'}}}}",
		 "{'spec':{'minAvailable':2}}", NULL, "{'status':{'currentHealthy':3}}", "1 1 1 2 - 2 2 2"},
		{"/apis/networking.k8s.io/v1/namespaces/default/networkpolicies", "gen",
		 "{'spec':{'podSelector':{}}}", "{'spec':{'policyTypes':['Ingress','Egress']}}", NULL, NULL,
		 "1 1 1 2 - - - -"},
		{"/apis/networking.k8s.io/v1/namespaces/default/ingresses", "gen",
		 "{'spec':{'defaultBackend':{'service':{'name':'s','port':{'number':1}}}}}",
		 "{'spec':{'ingressClassName':'x'}}", NULL,
		 "{'status':{'loadBalancer':{'ingress':[{'ip':'1.2.3.4'}]}}}", "1 1 1 2 - 2 2 2"},
		{"/apis/networking.k8s.io/v1/ingressclasses", "gen", "{'spec':{'controller':'a.b/c'}}",
		 "{'spec':{'parameters':{'kind':'K','name':'n'}}}", "{'spec':{'controller':'a.b/d'}}", NULL,
		 "1 1 1 2 422 - - -"},
		{"/apis/networking.k8s.io/v1/ipaddresses", "192.168.7.7",
		 "{'spec':{'parentRef':{'resource':'services','name':'x','namespace':'y'}}}", NULL,
		 "{'spec':{'parentRef':{'name':'z'}}}", NULL, "7 7 7 - 422 - - -"},
		{"/apis/networking.k8s.io/v1/servicecidrs", "gen", "{'spec':{'cidrs':['10.77.0.0/24']}}",
		 NULL, "{'spec':{'cidrs':['10.78.0.0/24']}}",
		 "{'status':{'conditions':[{'type':'Y','status':'True',"
		 "'lastTransitionTime':'2024-01-01T00:00:00Z','reason':'r','message':'m'}]}}",
		 "7 7 7 - 422 7 7 7"},
		{"/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", "gen",
		 "{'addressType':'IPv4','endpoints':[]}", "{'endpoints':[{'addresses':['1.2.3.4']}]}",
		 "{'addressType':'IPv6'}", NULL, "1 2 2 3 422 - - -"},
		{"/apis/events.k8s.io/v1/namespaces/default/events", "gen2",
		 "{'regarding':{'kind':'Pod','name':'p','namespace':'default'},'reason':'r','action':'a',"
		 "'type':'Normal','reportingController':'a.b/c','reportingInstance':'i',"
		 "'eventTime':'2024-01-01T00:00:00.000000Z'}",
		 "{'series':{'count':2,'lastObservedTime':'2024-01-01T00:00:00.000000Z'}}", "{'reason':'s'}",
		 NULL, "7 7 7 7 422 - - -"},
		{"/apis/coordination.k8s.io/v1/namespaces/default/leases", "gen",
		 "{'spec':{'holderIdentity':'x'}}", "{'spec':{'holderIdentity':'y'}}", NULL, NULL,
		 "7 7 7 7 - - - -"},
		{"/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles", "gen", "{'rules':[]}",
		 "{'rules':[{'verbs':['get'],'apiGroups':[''],'resources':['pods']}]}", NULL, NULL,
		 "7 7 7 7 - - - -"},
		{"/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings", "gen",
		 "{'roleRef':{'kind':'Role','name':'x','apiGroup':'rbac.authorization.k8s.io'}}",
		 "{'subjects':[{'kind':'User','name':'u','apiGroup':'rbac.authorization.k8s.io'}]}",
		 "{'roleRef':{'name':'y'}}", NULL, "7 7 7 7 422 - - -"},
		{"/apis/rbac.authorization.k8s.io/v1/clusterroles", "gen", "{'rules':[]}",
		 "{'rules':[{'verbs':['get'],'nonResourceURLs':['/x']}]}", NULL, NULL, "7 7 7 7 - - - -"},
		{"/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", "gen",
		 "{'roleRef':{'kind':'ClusterRole','name':'x','apiGroup':'rbac.authorization.k8s.io'}}",
		 "{'subjects':[{'kind':'User','name':'u','apiGroup':'rbac.authorization.k8s.io'}]}",
		 "{'roleRef':{'name':'y'}}", NULL, "7 7 7 7 422 - - -"},
		{"/apis/scheduling.k8s.io/v1/priorityclasses", "gen", "{'value':5}", "{'description':'x'}",
		 "{'value':6}", NULL, "1 1 1 1 422 - - -"},
		{"/apis/storage.k8s.io/v1/storageclasses", "gen", "{'provisioner':'p'}",
		 "{'allowVolumeExpansion':true}", "{'provisioner':'q'}", NULL, "7 7 7 7 422 - - -"},
		{"/apis/storage.k8s.io/v1/volumeattachments", "gen",
		 "{'spec':{'attacher':'a','nodeName':'n','source':{'persistentVolumeName':'v'}}}", NULL,
		 "{'spec':{'nodeName':'m'}}", "{'status':{'attached':true}}", "7 7 7 - 422 7 7 7"},
		{"/apis/storage.k8s.io/v1/csidrivers", "gen", "{'spec':{}}",
		 "{'spec':{'podInfoOnMount':true}}", "{'spec':{'attachRequired':false}}", NULL,
		 "7 7 7 8 422 - - -"},
		{"/apis/storage.k8s.io/v1/csinodes", "gen", "{'spec':{'drivers':[]}}",
		 "{'spec':{'drivers':[{'name':'a','nodeID':'j'}]}}",
		 "{'spec':{'drivers':[{'name':'a','nodeID':'k'}]}}", NULL, "7 7 7 7 422 - - -"},
		{"/apis/storage.k8s.io/v1/namespaces/default/csistoragecapacities", "gen",
		 "{'storageClassName':'s'}", "{'capacity':'1Gi'}", "{'storageClassName':'t'}", NULL,
		 "7 7 7 7 422 - - -"},
		{"/apis/storage.k8s.io/v1/volumeattributesclasses", "gen",
		 "{'driverName':'d','parameters':{'a':'b'}}", NULL, "{'driverName':'e'}", NULL,
		 "7 7 7 - 422 - - -"},
		{"/apis/node.k8s.io/v1/runtimeclasses", "gen", "{'handler':'h'}",
		 "{'overhead':{'podFixed':{'cpu':'1'}}}", "{'handler':'i'}", NULL, "7 7 7 7 422 - - -"},
		{"/apis/certificates.k8s.io/v1/certificatesigningrequests", "gen",
		 "{'spec':{'request':'" REQUEST "','signerName':'a.b/c','usages':['client auth']}}", NULL,
		 "{'spec':{'signerName':'a.b/d'}}",
		 "{'status':{'conditions':[{'type':'Failed','status':'True'}]}}", "7 7 7 - 7 7 7 7"},
		{"/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations", "gen",
		 "{'webhooks':[]}",
		 "{'webhooks':[{'name':'a.b.c','clientConfig':{'url':'https://x'},'sideEffects':'None',"
		 "'admissionReviewVersions':['v1'],'failurePolicy':'Ignore'}]}",
		 NULL, NULL, "1 1 1 2 - - - -"},
		{"/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations", "gen",
		 "{'webhooks':[]}",
		 "{'webhooks':[{'name':'a.b.c','clientConfig':{'url':'https://x'},'sideEffects':'None',"
		 "'admissionReviewVersions':['v1'],'failurePolicy':'Ignore'}]}",
		 NULL, NULL, "1 1 1 2 - - - -"},
		{"/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies", "gen",
		 "{'spec':{'matchConstraints':{'resourceRules':[{'operations':['*'],'apiGroups':['*'],"
		 "'apiVersions':['*'],'resources':['*']}]},'validations':[{'expression':'true'}]}}",
		 "{'spec':{'failurePolicy':'Ignore'}}", NULL, "{'status':{'observedGeneration':1}}",
		 "1 1 1 2 - 2 2 2"},
		{"/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings", "gen",
		 "{'spec':{'policyName':'x','validationActions':['Deny']}}",
		 "{'spec':{'validationActions':['Warn']}}", NULL, NULL, "1 1 1 2 - - - -"},
		{"/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas", "gen",
		 "{'spec':{'priorityLevelConfiguration':{'name':'p'}}}", "{'spec':{'matchingPrecedence':9}}",
		 NULL,
		 "{'status':{'conditions':[{'type':'Y','status':'True',"
		 "'lastTransitionTime':'2024-01-01T00:00:00Z','reason':'r','message':'m'}]}}",
		 "1 1 1 2 - 2 2 2"},
		{"/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations", "gen",
		 "{'spec':{'type':'Limited','limited':{'limitResponse':{'type':'Reject'}}}}",
		 "{'spec':{'limited':{'lendablePercent':5}}}", NULL,
		 "{'status':{'conditions':[{'type':'Y','status':'True',"
		 "'lastTransitionTime':'2024-01-01T00:00:00Z','reason':'r','message':'m'}]}}",
		 "1 1 1 2 - 2 2 2"},
		{"/apis/resource.k8s.io/v1/namespaces/default/resourceclaims", "gen",
		 "{'spec':{'devices':{'requests':[{'name':'r','exactly':{'deviceClassName':'c'}}]}}}", NULL,
		 "{'spec':{'devices':{'requests':[]}}}", "{'status':{}}", "7 7 7 - 422 7 7 7"},
		{"/apis/resource.k8s.io/v1/namespaces/default/resourceclaimtemplates", "gen",
		 "{'spec':{'spec':{'devices':{'requests':[{'name':'r',"
		 "'exactly':{'deviceClassName':'c'}}]}}}}",
		 NULL, "{'spec':{'spec':{'devices':{'requests':[]}}}}", NULL, "7 7 7 - 422 - - -"},
		{"/apis/resource.k8s.io/v1/deviceclasses", "gen", "{'spec':{}}",
		 "{'spec':{'selectors':[{'cel':{'expression':'true'}}]}}", NULL, NULL, "1 1 1 2 - - - -"},
		{"/apis/resource.k8s.io/v1/resourceslices", "gen",
		 "{'spec':{'driver':'d.e','nodeName':'n','pool':{'name':'p','generation':1,"
		 "'resourceSliceCount':1}}}",
		 "{'spec':{'devices':[{'name':'x'}]}}", "{'spec':{'driver':'e.f'}}", NULL,
		 "1 1 1 2 422 - - -"},
		{"/apis/apiregistration.k8s.io/v1/apiservices", "v1.g.k",
		 "{'spec':{'group':'g.k','version':'v1','groupPriorityMinimum':1,'versionPriority':1,"
		 "'service':{'name':'s','namespace':'n'}}}",
		 "{'spec':{'versionPriority':2}}", "{'spec':{'group':'i.j'}}", "{'status':{'conditions':[]}}",
		 "7 7 7 7 422 7 7 7"},
		{"/apis/apiextensions.k8s.io/v1/customresourcedefinitions", "gens.g.h",
		 "{'spec':{'group':'g.h','scope':'Namespaced','names':{'plural':'gens','kind':'Gen'},"
		 "'versions':[{'name':'v1','served':true,'storage':true,"
		 "'schema':{'openAPIV3Schema':{'type':'object'}}}]}}",
		 "{'spec':{'names':{'shortNames':['ge']}}}", "{'spec':{'group':'x.y'}}",
		 "{'status':{'storedVersions':['v1']}}", "1 1 1 2 422 2 2 2"},
	};
	size_t failed = 0;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autobuf struct buf got = BUF_INIT;
		write_all(&got, &rows[i]);
		if (!strcmp(buf_str(&got), rows[i].want))
			continue;
		failed++;
		print_error("%s\nwant %s\n got %s\n", rows[i].path, rows[i].want, buf_str(&got));
	}
	assert_int_equal(failed, 0);
}

/* ---- subresources ---- */

struct step {
	const char *subresource, *patch;
	const char *want; /* which members have changed, `same` for none; or the status of a refusal */
};

static js *get(const char *path)
{
	struct rig_reply r = rig_call(&rig, "GET", path, NULL);
	js *o = STEAL(r.body), *m = js_obj(o, "metadata", NULL);

	assert_int_equal(r.status, 200);
	rig_reply_release(&r);
	js_del(m, "resourceVersion");
	js_del(m, "managedFields");
	return o;
}

static void changes(struct buf *out, const js *was, const js *is)
{
	static const char *const members[] = {"spec", "status", "metadata"};

	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		if (!js_equal(js_field(was, members[i]), js_field(is, members[i])))
			buf_addf(out, "%s%s", out->len ? "+" : "", members[i]);
	if (!out->len)
		buf_adds(out, "same");
}

static void take(struct buf *out, const char *one, const struct step *s)
{
	autofree char *path = mem_printf("%s%s%s", one, *s->subresource ? "/" : "", s->subresource);
	bool lists = !strcmp(s->subresource, "resize") || !strcmp(s->subresource, "ephemeralcontainers");
	autojson js *was = get(one), *is = NULL;
	const char *text = JSON(s->patch);
	autoreply struct rig_reply r =
		rig_send(&rig, "PATCH", path,
			 lists ? "application/strategic-merge-patch+json" : "application/merge-patch+json",
			 text, strlen(text));

	if (r.status > 299) {
		buf_addf(out, "%d", r.status);
		return;
	}
	is = get(one);
	changes(out, was, is);
}

static void story(const char *path, const char *name, const char *object, const struct step *steps, size_t n)
{
	autofree char *one = mem_printf("%s/%s", path, name);
	autobuf struct buf made = BUF_INIT;
	size_t failed = 0;

	create(&made, path, name, object);
	for (size_t i = 0; i < n; i++) {
		autobuf struct buf got = BUF_INIT;
		take(&got, one, &steps[i]);
		if (!strcmp(buf_str(&got), steps[i].want))
			continue;
		failed++;
		print_error("%s %s\nwant %s\n got %s\n", steps[i].subresource, steps[i].patch, steps[i].want,
			    buf_str(&got));
	}
	assert_int_equal(failed, 0);
}

static void subresources(void **state)
{
#define PODS "/api/v1/namespaces/default/pods"
#define REQUESTS "/apis/certificates.k8s.io/v1/certificatesigningrequests"
#define SIGNED JSON("{'spec':{'request':'" REQUEST "','signerName':'a.b/c','usages':['client auth']}}")
	static const struct step pod[] = {
		{"resize",
		 "{'spec':{'containers':[{'name':'c','image':'i','resources':{'requests':{'cpu':'1500m',"
		 "'memory':'1Gi'},'limits':{'cpu':'2','memory':'2Gi'}}}]}}",
		 "spec+metadata"},
		{"resize",
		 "{'spec':{'containers':[{'name':'c','image':'i','resources':{'requests':{'cpu':'1500m',"
		 "'memory':'1Gi'},'limits':{'cpu':'2','memory':'2Gi'}}}]}}",
		 "same"},
		{"resize",
		 "{'spec':{'containers':[{'name':'c','image':'i','resources':{'requests':{'cpu':'3',"
		 "'memory':'1Gi'},'limits':{'cpu':'2','memory':'2Gi'}}}]}}",
		 "422"},
		{"resize",
		 "{'spec':{'containers':[{'name':'c','image':'i','resources':{'requests':{'cpu':'1',"
		 "'memory':'1Gi'},'limits':{'cpu':'2','memory':'1500Mi'}}}]}}",
		 "spec+metadata"},
		{"resize",
		 "{'spec':{'containers':[{'name':'c','image':'i','resources':{'requests':{'cpu':'2',"
		 "'memory':'1500Mi'},'limits':{'cpu':'2','memory':'1500Mi'}}}]}}",
		 "422"},
		{"resize",
		 "{'spec':{'containers':[{'name':'c','image':'i','resources':{'requests':{'cpu':'1'},"
		 "'limits':null}}]}}",
		 "422"},
		{"resize",
		 "{'spec':{'containers':[{'name':'c','image':'i','resources':{'requests':{'cpu':'1',"
		 "'memory':'1Gi','ephemeral-storage':'1Gi'},'limits':{'cpu':'2','memory':'2Gi'}}}]}}",
		 "422"},
		{"resize", "{'spec':{'containers':[{'name':'d','image':'i'}]}}", "422"},
		{"resize", "{'spec':{'containers':[{'name':'c','image':'j'}]}}", "same"},
		{"resize", "{'spec':{'activeDeadlineSeconds':5}}", "same"},
		{"resize", "{'metadata':{'labels':{'a':'b'}}}", "same"},
		{"resize", "{'status':{'phase':'Running'}}", "same"},
		{"",
		 "{'spec':{'containers':[{'name':'c','image':'i','resources':{'requests':{'cpu':'1',"
		 "'memory':'1Gi'},'limits':{'cpu':'2','memory':'2Gi'}}}]}}",
		 "422"},
		{"ephemeralcontainers", "{'spec':{'ephemeralContainers':[{'name':'e','image':'i'}]}}",
		 "spec+metadata"},
		{"ephemeralcontainers", "{'spec':{'ephemeralContainers':[{'name':'e','image':'j'}]}}", "422"},
		{"ephemeralcontainers", "{'spec':{'ephemeralContainers':null}}", "422"},
		{"ephemeralcontainers", "{'metadata':{'labels':{'a':'b'}}}", "same"},
	};
	static const struct step request[] = {
		{"approval", "{'metadata':{'labels':{'a':'b'}}}", "metadata"},
		{"approval",
		 "{'status':{'conditions':[{'type':'Approved','status':'False','reason':'r',"
		 "'message':'m'}]}}",
		 "422"},
		{"approval",
		 "{'status':{'conditions':[{'type':'Other','status':'True','reason':'r','message':'m'}]}}",
		 "status"},
		{"status",
		 "{'status':{'conditions':[{'type':'Approved','status':'True','reason':'r',"
		 "'message':'m'}]}}",
		 "422"},
		{"",
		 "{'status':{'conditions':[{'type':'Approved','status':'True','reason':'r',"
		 "'message':'m'}]}}",
		 "same"},
		{"approval",
		 "{'status':{'conditions':[{'type':'Approved','status':'True','reason':'r',"
		 "'message':'m'}]}}",
		 "status"},
		{"approval",
		 "{'status':{'conditions':[{'type':'Approved','status':'True','reason':'r','message':'m'},"
		 "{'type':'Denied','status':'True','reason':'r','message':'m'}]}}",
		 "422"},
		{"approval", "{'status':{'conditions':[]}}", "422"},
		{"approval", "{'status':{'certificate':'QUFB'}}", "same"},
		{"status", "{'status':{'certificate':'QUFB'}}", "422"},
		{"status", "{'status':{'conditions':[]}}", "422"},
		{"status",
		 "{'status':{'conditions':[{'type':'Approved','status':'True','reason':'r','message':'m'},"
		 "{'type':'Failed','status':'True','reason':'r','message':'m'}]}}",
		 "status"},
		{"status",
		 "{'status':{'conditions':[{'type':'Approved','status':'True','reason':'r',"
		 "'message':'m'}]}}",
		 "422"},
		{"approval", "{'spec':{'usages':['server auth']}}", "same"},
		{"", "{'metadata':{'annotations':{'a':'b'}}}", "metadata"},
	};
	static const struct step denied[] = {
		{"approval",
		 "{'status':{'conditions':[{'type':'Denied','status':'True','reason':'r','message':'m'}]}}",
		 "status"},
		{"approval",
		 "{'status':{'conditions':[{'type':'Denied','status':'True','reason':'r','message':'m'},"
		 "{'type':'Approved','status':'True','reason':'r','message':'m'}]}}",
		 "422"},
		{"approval",
		 "{'status':{'conditions':[{'type':'Approved','status':'True','reason':'r',"
		 "'message':'m'}]}}",
		 "422"},
		{"status", "{'status':{'certificate':'QUFB'}}", "422"},
	};

	story(PODS, "steps",
	      JSON("{'spec':{'terminationGracePeriodSeconds':0,'containers':[{'name':'c','image':'i',"
		   "'resources':{'requests':{'cpu':'1','memory':'1Gi'},'limits':{'cpu':'2',"
		   "'memory':'2Gi'}}}]}}"),
	      pod, ARRAY_LEN(pod));
	story(REQUESTS, "approved", SIGNED, request, ARRAY_LEN(request));
	story(REQUESTS, "denied", SIGNED, denied, ARRAY_LEN(denied));
}

static int setup(void **state)
{
	rig_open(&rig);
	autoreply struct rig_reply r = rig_call(&rig, "POST", "/api/v1/namespaces/default/serviceaccounts",
						JSON("{'metadata':{'name':'default'}}"));
	return r.status == 201 ? 0 : -1;
}

static int teardown(void **state)
{
	rig_close(&rig);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(generations),
		cmocka_unit_test(subresources),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
