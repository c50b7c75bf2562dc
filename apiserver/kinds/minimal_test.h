/* SPDX-License-Identifier: Apache-2.0 */
/* What an object of each kind needs at least, for tests that walk all kinds: one row per kind, by name. */
#ifndef KINDS_MINIMAL_TEST_H
#define KINDS_MINIMAL_TEST_H

#include <string.h>
#include "base/mem.h"
#include "object/schema.h"

#define MINIMAL_TEMPLATE                                                                                     \
	"'spec':{'selector':{'matchLabels':{'a':'b'}},'template':{'metadata':{'labels':{'a':'b'}},"          \
	"'spec':{'containers':[{'name':'c','image':'i'}]}}}"

#define MINIMAL_JOB "'template':{'spec':{'restartPolicy':'Never','containers':[{'name':'c','image':'i'}]}}"

/* Members beside metadata, with single quotes; "" for kinds that need none. */
static inline const char *minimal_members(const struct kind *k)
{
	static const char *const rows[][2] = {
		/* clang-format off */
		{"APIService", "'spec':{'group':'g','version':'v1','groupPriorityMinimum':1,'versionPriority':1}"},
		{"CSIStorageCapacity", "'storageClassName':'c'"},
		{"CertificateSigningRequest",
		 "'spec':{'signerName':'a.b/c','usages':['any'],'request':'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIcE1JR1JBZ0VBTUM4eEZUQVRCZ05WQkFvTURITjVjM1JsYlRwdWIyUmxjekVXTUJRR0ExVUVBd3dOYzNsegpkR1Z0T201dlpHVTZiakJaTUJNR0J5cUdTTTQ5QWdFR0NDcUdTTTQ5QXdFSEEwSUFCTnBCN1hXdEtaVlppaUJwCnUzdUhiQ0wzU25lMDNXUG5MMlFHK3Q5SFg2dlNGemR1RU5EVVkrRVc0ZkZHVXJodDlZSlVsQ1hhV0x0elRnUUsKcWRXUVdOaWdBREFLQmdncWhrak9QUVFEQWdOSEFEQkVBaUFRWTFzQVNTK01yenVEL2t3aXJwNnozUzRUSlJKbwpEN0dJWEtUcXV4MFlGUUlnUzl1WXcvdGdOKzY0bXR3Sko4OFRQZVJCU0FyZTJwdGJxYlZYY2YweWMxOD0KLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC0tLS0tCg=='}"},
		{"ClusterRoleBinding", "'roleRef':{'kind':'ClusterRole','name':'r'}"},
		{"ControllerRevision", "'revision':1,'data':{}"},
		{"CronJob", "'spec':{'schedule':'* * * * *','jobTemplate':{'spec':{" MINIMAL_JOB "}}}"},
		{"DaemonSet", MINIMAL_TEMPLATE},
		{"Deployment", MINIMAL_TEMPLATE},
		{"EndpointSlice", "'addressType':'IPv4'"},
		{"Event", "'involvedObject':{'namespace':'default'},'regarding':{'namespace':'default'},'reason':'r'"},
		{"FlowSchema", "'spec':{'priorityLevelConfiguration':{'name':'l'}}"},
		{"IPAddress", "'spec':{'parentRef':{'resource':'r','name':'n'}}"},
		{"Ingress", "'spec':{'rules':[{}]}"},
		{"IngressClass", "'spec':{'controller':'a/b'}"},
		{"Job", "'spec':{" MINIMAL_JOB "}"},
		{"PersistentVolume", "'spec':{'capacity':{'storage':'1'},'accessModes':['ReadWriteOnce'],'hostPath':{'path':'/a'}}"},
		{"PersistentVolumeClaim", "'spec':{'accessModes':['ReadWriteOnce'],'resources':{'requests':{'storage':'1'}}}"},
		{"HorizontalPodAutoscaler",
		 "'spec':{'maxReplicas':1,'scaleTargetRef':{'kind':'Deployment','name':'d','apiVersion':'apps/v1'}}"},
		{"Pod", "'spec':{'containers':[{'name':'c','image':'i'}]}"},
		{"PodTemplate", "'template':{'spec':{'containers':[{'name':'c','image':'i'}]}}"},
		{"PriorityLevelConfiguration", "'spec':{'type':'Limited','limited':{'limitResponse':{'type':'Reject'}}}"},
		{"ReplicaSet", MINIMAL_TEMPLATE},
		{"ReplicationController", "'spec':{'selector':{'a':'b'},'template':{'metadata':{'labels':{'a':'b'}},'spec':{'containers':[{'name':'c','image':'i'}]}}}"},
		{"RoleBinding", "'roleRef':{'kind':'Role','name':'r'}"},
		{"ResourceSlice",
		 "'spec':{'driver':'d','pool':{'name':'p','resourceSliceCount':1},'allNodes':true}"},
		{"RuntimeClass", "'handler':'h'"},
		{"Service", "'spec':{'ports':[{'port':80}]}"},
		{"ServiceCIDR", "'spec':{'cidrs':['10.0.0.0/8']}"},
		{"StatefulSet", MINIMAL_TEMPLATE},
		{"StorageClass", "'provisioner':'p'"},
		{"ValidatingAdmissionPolicy", "'spec':{'matchConstraints':{'resourceRules':[{'operations':['*'],'apiGroups':['*'],'apiVersions':['*'],'resources':['*']}]},'validations':[{'expression':'true'}]}"},
		{"ValidatingAdmissionPolicyBinding", "'spec':{'policyName':'p','validationActions':['Deny']}"},
		{"VolumeAttachment",
		 "'spec':{'attacher':'a','source':{'persistentVolumeName':'v'},'nodeName':'n'}"},
		{"VolumeAttributesClass", "'driverName':'p','parameters':{'a':'b'}"},
		/* clang-format on */
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (!strcmp(rows[i][0], k->kind))
			return rows[i][1];
	return "";
}

/* A name that the kind takes: dflt, unless it wants others. */
static inline const char *minimal_name(const struct kind *k, const char *dflt)
{
	static const char *const rows[][2] = {{"APIService", "v1.g"}, {"IPAddress", "10.9.8.7"}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (!strcmp(rows[i][0], k->kind))
			return rows[i][1];
	return dflt;
}

#endif
