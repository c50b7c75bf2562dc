/* SPDX-License-Identifier: Apache-2.0 */
/* PersistentVolumes and claims: what they may say, what may change, what is filled in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/causes_test.h"

#define INVALID ": Invalid value: "
#define SPEC(more) "'spec':{'capacity':{'storage':'1Gi'},'accessModes':['ReadWriteOnce']" more "}"
#define PV(more) "", "PersistentVolume", "", "{'metadata':{'name':'v'}," SPEC(more) "}"
#define OLD(more) "{'metadata':{'name':'v'}," SPEC(more) "}"
#define HOST ",'hostPath':{'path':'/a'}"
#define CSI ",'csi':{'driver':'d','volumeHandle':'h'"
#define ZONE(key)                                                                                            \
	",'nodeAffinity':{'required':{'nodeSelectorTerms':[{'matchExpressions':[{'key':'" key                \
	"','operator':'In','values':['z']}]}]}}"

#define OPTIONS "'metadata':{'name':'v','annotations':{'volume.beta.kubernetes.io/mount-options':'ro'}}"

static void volumes(void **state)
{
	static const struct causes_update rows[] = {
		{PV(HOST), NULL, ""},
		{PV(CSI "},'volumeAttributesClassName':'c'"), NULL, ""},
		{"", "PersistentVolume", "", "{" OPTIONS "," SPEC(HOST) "}", NULL,
		 "metadata.annotations.volume.beta.kubernetes.io/mount-options: Forbidden: may not specify mount options for this volume type\n"},
		{"", "PersistentVolume", "", "{" OPTIONS "," SPEC(",'nfs':{'server':'s','path':'/'}") "}",
		 NULL, ""},
		{PV(""), NULL, "spec: Required value: must specify a volume type\n"},
		{PV(HOST ",'nfs':{'server':'s','path':'/'},'cephfs':{'monitors':['m']}"), NULL,
		 "spec.cephFS: Forbidden: may not specify more than 1 volume type\n"
		 "spec.nfs: Forbidden: may not specify more than 1 volume type\n"},
		{PV(HOST ",'flexVolume':{'driver':'a/b'}"), NULL, ""}, /* so counted upstream */
		{PV(HOST ",'flexVolume':{}"), NULL, "spec.flexVolume.driver: Required value\n"},
		{"", "PersistentVolume", "",
		 "{'metadata':{'name':'v'},'spec':{'hostPath':{'path':'/a/../b'}}}", NULL,
		 "spec.accessModes: Required value\n"
		 "spec.capacity: Required value\n"
		 "spec.capacity: Unsupported value: null: supported values: \"storage\"\n"
		 "spec.hostPath.path" INVALID "\"/a/../b\": must not contain '..'\n"},
		{"", "PersistentVolume", "",
		 "{'metadata':{'name':'v'},'spec':{'capacity':{'storage':'0','cpu':'-1'},'accessModes':['x','ReadWriteOncePod','ReadWriteMany']" HOST
		 "}}",
		 NULL,
		 "spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes\n"
		 "spec.accessModes: Unsupported value: \"x\": supported values: \"ReadOnlyMany\", \"ReadWriteMany\", \"ReadWriteOnce\", \"ReadWriteOncePod\"\n"
		 "spec.capacity: Unsupported value: {\"storage\":\"0\",\"cpu\":\"-1\"}: supported values: \"storage\"\n"
		 "spec.capacity[cpu]" INVALID "\"-1\": must be greater than zero\n"
		 "spec.capacity[cpu]" INVALID "-1: must be a valid resource quantity\n"
		 "spec.capacity[storage]" INVALID "\"0\": must be greater than zero\n"},
		{PV(",'hostPath':{'path':'/./'},'persistentVolumeReclaimPolicy':'Recycle'"), NULL,
		 "spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'\n"},
		{PV(HOST
		    ",'persistentVolumeReclaimPolicy':'x','volumeMode':'y','storageClassName':'A_','volumeAttributesClassName':''"),
		 NULL,
		 "spec.csi: Required value: has to be specified when using volumeAttributesClassName\n"
		 "spec.persistentVolumeReclaimPolicy: Unsupported value: \"x\": supported values: \"Delete\", \"Recycle\", \"Retain\"\n"
		 "spec.storageClassName" INVALID "\"A_\": a lowercase RFC 1123 subdomain must consist …\n"
		 "spec.volumeAttributesClassName: Required value: an empty string is disallowed\n"
		 "spec.volumeMode: Unsupported value: \"y\": supported values: \"Block\", \"Filesystem\"\n"},
		{PV(",'local':{'path':'/d'}"), NULL,
		 "spec.nodeAffinity: Required value: Local volume requires node affinity\n"},
		{PV(",'local':{'path':'/d'},'nodeAffinity':{}"), NULL,
		 "spec.nodeAffinity.required: Required value: must specify required node constraints\n"},
		{PV(",'gcePersistentDisk':{'partition':300}"), NULL,
		 "spec.persistentDisk.partition" INVALID "300: must be between 1 and 255, inclusive\n"
		 "spec.persistentDisk.pdName: Required value\n"},
		{PV(",'iscsi':{'targetPortal':'p','iqn':'x','initiatorName':'y','chapAuthSession':true}"),
		 NULL,
		 "spec.iscsi.initiatorname" INVALID "\"y\": must be valid format\n"
		 "spec.iscsi.iqn" INVALID "\"x\": must be valid format\n"
		 "spec.iscsi.secretRef: Required value\n"},
		{PV(",'glusterfs':{'endpoints':'e','path':'p','endpointsNamespace':''}"), NULL,
		 "spec.glusterfs.endpointsNamespace" INVALID
		 "\"\": if the endpointnamespace is set, it must be a valid namespace name\n"},
		{PV(",'azureFile':{'secretName':'s','shareName':'h','secretNamespace':''}"), NULL,
		 "spec.azureFile.secretNamespace: Required value\n"},
		{PV(",'csi':{'nodePublishSecretRef':{'name':'A_'}}"), NULL,
		 "spec.csi.driver" INVALID "\"\": a lowercase RFC 1123 subdomain must consist …\n"
		 "spec.csi.driver: Required value\n"
		 "spec.csi.nodePublishSecretRef.name" INVALID
		 "\"A_\": a lowercase RFC 1123 subdomain must consist …\n"
		 "spec.csi.nodePublishSecretRef.namespace: Required value\n"
		 "spec.csi.volumeHandle: Required value\n"},
		{PV(",'cinder':{'secretRef':{}}"), NULL,
		 "spec.cinder.secretRef.name: Required value\n"
		 "spec.cinder.secretRef.namespace: Required value\n"
		 "spec.cinder.volumeID: Required value\n"},
		/* updates */
		{PV(HOST
		    ",'claimRef':{'name':'c'},'mountOptions':['ro']" ZONE("topology.kubernetes.io/zone")),
		 OLD(HOST), ""},
		{PV(HOST ZONE("topology.kubernetes.io/zone")),
		 OLD(HOST ZONE("failure-domain.beta.kubernetes.io/zone")), ""},
		{PV(",'hostPath':{'path':'/b'},'volumeMode':'Block'"), OLD(HOST),
		 "spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation\nspec.hostPath\n"
		 "volumeMode" INVALID "\"Block\": field is immutable\n"},
		{PV(CSI ",'controllerExpandSecretRef':{'name':'s','namespace':'n'}}"), OLD(CSI "}"), ""},
		{PV(CSI ",'controllerExpandSecretRef':{'name':'t','namespace':'n'}}"),
		 OLD(CSI ",'controllerExpandSecretRef':{'name':'s','namespace':'n'}}"),
		 "spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation\nspec.csi\n"},
		{PV(CSI "}"), OLD(CSI "},'volumeAttributesClassName':'c'"),
		 "spec.volumeAttributesClassName: Forbidden: update from non-nil value to nil is forbidden\n"},
	};

	causes_check_updates(rows, ARRAY_LEN(rows));
}

#define ASK(more)                                                                                            \
	"'spec':{'accessModes':['ReadWriteOnce'],'resources':{'requests':{'storage':'2Gi'}}" more "}"
#define CLAIM(more) "", "PersistentVolumeClaim", "", "{'metadata':{'name':'c','namespace':'n'}," ASK(more) "}"
#define WAS(more, status) "{'metadata':{'name':'c','namespace':'n'}," ASK(more) ",'status':{" status "}}"
#define IS(more, status) "", "PersistentVolumeClaim", "", WAS(more, status)
#define SIZED(size, status)                                                                                                          \
	"{'metadata':{'name':'c','namespace':'n'},'spec':{'accessModes':['ReadWriteOnce'],'resources':{'requests':{'storage':'" size \
	"'}}},'status':{" status "}}"
#define BOUND "'phase':'Bound','capacity':{'storage':'2Gi'}"
#define FIXED                                                                                                \
	"spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n"
#define BETA(text) "'annotations':{'volume.beta.kubernetes.io/storage-class':'" text "'}"

static void claims(void **state)
{
	static const struct causes_update rows[] = {
		{CLAIM(""), NULL, ""},
		{"", "PersistentVolumeClaim", "",
		 "{'metadata':{'name':'c','namespace':'n'},'spec':{'storageClassName':'A_','volumeMode':'x'}}",
		 NULL,
		 "spec.accessModes: Required value: at least 1 access mode is required\n"
		 "spec.resources[storage]: Required value\n"
		 "spec.storageClassName" INVALID "\"A_\": a lowercase RFC 1123 subdomain must consist …\n"
		 "spec.volumeMode: Unsupported value: \"x\": supported values: \"Block\", \"Filesystem\"\n"},
		{CLAIM(",'volumeName':'v'"), WAS("", ""), ""},
		{CLAIM(",'volumeName':'v'"), WAS(",'volumeName':'w'", ""), FIXED "spec.volumeName\n"},
		{CLAIM(",'storageClassName':'s'"), WAS("", ""), ""},
		{CLAIM(",'storageClassName':'s'"), WAS(",'storageClassName':'t'", ""),
		 FIXED "spec.storageClassName\n"},
		{"", "PersistentVolumeClaim", "", SIZED("3Gi", BOUND), SIZED("2Gi", BOUND), ""},
		{"", "PersistentVolumeClaim", "", SIZED("3Gi", ""), SIZED("2Gi", ""),
		 FIXED "spec.resources\n"},
		{"", "PersistentVolumeClaim", "", SIZED("2Gi", BOUND), SIZED("3Gi", BOUND),
		 "spec.resources.requests.storage: Forbidden: field can not be less than status.capacity\n"},
		{"", "PersistentVolumeClaim", "", SIZED("3Gi", BOUND), SIZED("4Gi", BOUND), ""},
		{IS(",'volumeAttributesClassName':'b'", BOUND),
		 WAS(",'volumeAttributesClassName':'a'", BOUND), ""},
		{IS("", BOUND ",'currentVolumeAttributesClassName':'a'"),
		 WAS(",'volumeAttributesClassName':'a'", BOUND ",'currentVolumeAttributesClassName':'a'"),
		 "spec.volumeAttributesClassName: Forbidden: update to nil is forbidden when status.currentVolumeAttributesClassName is not nil\n"},
		{"", "PersistentVolumeClaim", "",
		 "{'metadata':{'name':'c'," BETA("s") "}," ASK(",'storageClassName':'s'") "}",
		 "{'metadata':{'name':'c'," BETA("s") "}," ASK("") "}", ""},
		{"", "PersistentVolumeClaim", "", "{'metadata':{'name':'c'," BETA("t") "}," ASK("") "}",
		 "{'metadata':{'name':'c'," BETA("s") "}," ASK("") "}",
		 "metadata.annotations[volume.beta.kubernetes.io/storage-class]" INVALID
		 "\"t\": field is immutable\n"},
		{"", "PersistentVolumeClaim", "status",
		 WAS("",
		     "'capacity':{'storage':'-1'},'allocatedResources':{'cpu':'1','storage':'-2'},'allocatedResourceStatuses':{'storage':'x'}"),
		 WAS("", ""),
		 "status.allocatedResourceStatuses: Unsupported value: \"storage\": supported values: \"ControllerResizeInProgress\", \"ControllerResizeInfeasible\", \"NodeResizeInProgress\", \"NodeResizeInfeasible\", \"NodeResizePending\"\n"
		 "status.allocatedResources: Unsupported value: \"cpu\": supported values: \"storage\"\n"
		 "status.allocatedResources[storage]" INVALID "-2: must be a valid resource quantity\n"
		 "status.capacity[storage]" INVALID "-1: must be a valid resource quantity\n"},
	};

	causes_check_updates(rows, ARRAY_LEN(rows));
}

/* Both fields say the same, and what the old one never took is left out. */
static void sources(void **state)
{
#define SOURCE(field, group, kind, more) ",'" field "':{" group "'kind':'" kind "','name':'s'" more "}"
#define SNAPSHOT "'apiGroup':'snapshot.storage.k8s.io',"
	static const struct {
		const char *spec, *source, *ref;
	} rows[] = {
		{ASK(""), "", ""},
		{ASK(SOURCE("dataSource", SNAPSHOT, "VolumeSnapshot", "")),
		 "{'apiGroup':'snapshot.storage.k8s.io','kind':'VolumeSnapshot','name':'s'}",
		 "{'apiGroup':'snapshot.storage.k8s.io','kind':'VolumeSnapshot','name':'s'}"},
		{ASK(SOURCE("dataSourceRef", "", "PersistentVolumeClaim", "")),
		 "{'kind':'PersistentVolumeClaim','name':'s'}",
		 "{'kind':'PersistentVolumeClaim','name':'s'}"},
		{ASK(SOURCE("dataSource", "'apiGroup':'a.b',", "Other", "")), "", ""},
		{ASK(SOURCE("dataSourceRef", "'apiGroup':'a.b',", "Other", ",'namespace':'x'")), "", ""},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *text =
			mem_printf("{'metadata':{'name':'c','namespace':'n'},%s}", rows[i].spec);
		autobuf struct buf got = BUF_INIT, source = BUF_INIT, ref = BUF_INIT;
		js *o = NULL;
		causes_of("", "PersistentVolumeClaim", "", JSON(text), NULL, &got, &o);
		assert_string_equal(buf_str(&got), "");
		if (js_get(o, "spec", "dataSource", NULL))
			js_write(&source, js_get(o, "spec", "dataSource", NULL));
		if (js_get(o, "spec", "dataSourceRef", NULL))
			js_write(&ref, js_get(o, "spec", "dataSourceRef", NULL));
		assert_string_equal(buf_str(&source), JSON(rows[i].source));
		assert_string_equal(buf_str(&ref), JSON(rows[i].ref));
		json_object_put(o);
	}
}

/* The time moves with the phase. */
static void phases(void **state)
{
#define STATUS(phase, time) "{'metadata':{'name':'v'}," SPEC(HOST) ",'status':{'phase':'" phase "'" time "}}"
#define AT(t) ",'lastPhaseTransitionTime':'" t "'"
	static const struct {
		const char *new, *old, *want;
	} rows[] = {
		{STATUS("Bound", ""), STATUS("Available", AT("2020-01-01T00:00:00Z")),
		 "1970-01-01T00:00:00Z"},
		{STATUS("Bound", ""), STATUS("Bound", AT("2020-01-01T00:00:00Z")), "2020-01-01T00:00:00Z"},
		{STATUS("Bound", AT("2021-01-01T00:00:00Z")), STATUS("Available", AT("2020-01-01T00:00:00Z")),
		 "2021-01-01T00:00:00Z"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autobuf struct buf got = BUF_INIT;
		js *o = NULL;
		causes_of("", "PersistentVolume", "status", JSON(rows[i].new), JSON(rows[i].old), &got, &o);
		assert_string_equal(js_str0(o, "status", "lastPhaseTransitionTime", NULL), rows[i].want);
		json_object_put(o);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(volumes), cmocka_unit_test(claims),
					   cmocka_unit_test(sources), cmocka_unit_test(phases)};
	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}
