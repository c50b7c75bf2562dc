/* SPDX-License-Identifier: Apache-2.0 */
/* What the kinds of storage.k8s.io are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "kinds/causes_test.h"

#define CLASS(text) "storage.k8s.io", "StorageClass", JSON("{'provisioner':'a.b/c'" text "}")
#define TERM "allowedTopologies[0].matchLabelExpressions"

static void test_storageclass(void **state)
{
	const struct causes_row rows[] = {
		{CLASS(",'parameters':{'a':'b','c':''},'mountOptions':['ro'],'allowVolumeExpansion':true,"
		       "'allowedTopologies':[{'matchLabelExpressions':[{'key':'z','values':['a','b']}]}]"),
		 ""},
		{"storage.k8s.io", "StorageClass", "{}", "provisioner: Required value\n"},
		{CLASS(",'provisioner':'Foo.bar/Baz'"), ""},
		{CLASS(",'provisioner':'-A/b'"),
		 "provisioner: Invalid value: \"-a/b\": prefix part a lowercase RFC 1123 subdomain must consist …\n"},
		{CLASS(",'parameters':{'':'x'}"),
		 "parameters: Invalid value: \"\": field can not be empty.\n"},
		{CLASS(",'reclaimPolicy':'','volumeBindingMode':'x'"),
		 "volumeBindingMode: Unsupported value: \"x\": supported values: \"Immediate\", \"WaitForFirstConsumer\"\n"},
		{CLASS(",'reclaimPolicy':'Recycle'"),
		 "reclaimPolicy: Unsupported value: \"Recycle\": supported values: \"Delete\", \"Retain\"\n"},
		{CLASS(",'allowedTopologies':[{'matchLabelExpressions':[{'key':'a b','values':['v','v']},{'key':'k'},{'key':'k','values':['w']}]}]"),
		 TERM "[0].key: Invalid value: \"a b\": name part must consist …\n" TERM
		      "[0].values[1]: Duplicate value: \"v\"\n" TERM "[1].values: Required value\n" TERM
		      "[2].key: Duplicate value: \"k\"\n"},
		{CLASS(",'allowedTopologies':[{'matchLabelExpressions':[{'key':'k','values':['a','b']},{'key':'l','values':['c']}]},"
		       "{'matchLabelExpressions':[{'key':'l','values':['c']},{'key':'k','values':['b','a']}]},{}]"),
		 "allowedTopologies[1].matchLabelExpressions: Duplicate value: \"\"\n"
		 "allowedTopologies[2].matchLabelExpressions: Duplicate value: \"\"\n"},
	};
	causes_check(rows, ARRAY_LEN(rows));
}

/* Few keys with much in them, and many with little. */
static void test_parameters(void **state)
{
	autobuf struct buf large = BUF_INIT, many = BUF_INIT;

	buf_adds(&large, "{\"provisioner\":\"p\",\"parameters\":{\"k\":\"");
	for (size_t i = 0; i < 256 << 10; i++)
		buf_addc(&large, 'x');
	buf_adds(&large, "\"}}");
	buf_adds(&many, "{\"provisioner\":\"p\",\"parameters\":{\"\":\"\"");
	for (size_t i = 0; i < 512; i++)
		buf_addf(&many, ",\"%zu\":\"\"", i);
	buf_adds(&many, "}}");
	const struct causes_row rows[] = {
		{"storage.k8s.io", "StorageClass", buf_str(&large),
		 "parameters: Too long: may not be more than 262144 bytes\n"},
		{"storage.k8s.io", "StorageClass", buf_str(&many),
		 "parameters: Too long: may not be more than 512 bytes\n"},
	};
	causes_check(rows, ARRAY_LEN(rows));
}

#define DRIVER(text) "storage.k8s.io", "CSIDriver", JSON("{'spec':{" text "}}")
static void test_csidriver(void **state)
{
	const struct causes_row rows[] = {
		{DRIVER("'attachRequired':false,'volumeLifecycleModes':['Ephemeral'],'tokenRequests':[{'audience':'a'},{'audience':'','expirationSeconds':600}],"
			"'nodeAllocatableUpdatePeriodSeconds':1"),
		 ""},
		{DRIVER("'volumeLifecycleModes':['x','Persistent']"),
		 "spec.volumeLifecycleModes: Unsupported value: \"x\": supported values: \"Persistent\", \"Ephemeral\"\n"},
		{DRIVER("'fsGroupPolicy':''"),
		 "spec.fsGroupPolicy: Unsupported value: \"\": supported values: \"File\", \"None\", \"ReadWriteOnceWithFSType\"\n"},
		{DRIVER("'tokenRequests':[{'audience':''},{'audience':'','expirationSeconds':1},{'audience':'b','expirationSeconds':599},{'audience':'c','expirationSeconds':4294967297}]"),
		 "spec.tokenRequests[1].audience: Duplicate value: \"\"\n"
		 "spec.tokenRequests[2].expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes\n"
		 "spec.tokenRequests[3].expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds\n"},
	};
	causes_check(rows, ARRAY_LEN(rows));
}

#define NODE(drivers) "storage.k8s.io", "CSINode", JSON("{'spec':{'drivers':[" drivers "]}}")
#define LONG "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" /* 64 */
static void test_csinode(void **state)
{
	const struct causes_row rows[] = {
		{NODE("{'name':'Io.a','nodeID':'" LONG LONG LONG LONG
		      "','topologyKeys':['a/b','c'],'allocatable':{'count':0}}"),
		 ""},
		{NODE("{}"),
		 "spec.drivers[0].name: Invalid value: \"\": a lowercase RFC 1123 subdomain must consist …\n"
		 "spec.drivers[0].name: Required value\n"
		 "spec.drivers[0].nodeID: Required value\n"},
		{NODE("{'name':'" LONG "','nodeID':'" LONG LONG LONG LONG "a','allocatable':{'count':-1}}"),
		 "spec.drivers[0].allocatable.count: Invalid value: -1: must be greater than or equal to 0\n"
		 "spec.drivers[0].name: Too long: may not be more than 63 bytes\n"
		 "spec.drivers[0].nodeID: Invalid value: \"" LONG LONG LONG LONG
		 "a\": must be 256 characters or less\n"},
		{NODE("{'name':'a','nodeID':'i','topologyKeys':['','k','k']},{'name':'a','nodeID':'i'}"),
		 "spec.drivers[0]: Duplicate value: \"k\"\n"
		 "spec.drivers[0]: Invalid value: \"\": name part must be non-empty\n"
		 "spec.drivers[0]: Invalid value: \"\": name part must consist …\n"
		 "spec.drivers[0]: Required value\n"
		 "spec.drivers[1].name: Duplicate value: \"a\"\n"},
	};
	causes_check(rows, ARRAY_LEN(rows));
}

static void test_others(void **state)
{
	const struct causes_row rows[] = {
		{"storage.k8s.io", "CSIStorageCapacity",
		 JSON("{'storageClassName':'c','capacity':'1Gi','nodeTopology':{'matchLabels':{'a':'b'}}}"),
		 ""},
		{"storage.k8s.io", "CSIStorageCapacity",
		 JSON("{'capacity':'-1','maximumVolumeSize':'-1','nodeTopology':{'matchExpressions':[{'key':'a','operator':'In'}]}}"),
		 "capacity: Invalid value: \"-1\": must be greater than or equal to 0\n"
		 "nodeTopology.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'\n"
		 "storageClassName: Invalid value: \"\": a lowercase RFC 1123 subdomain must consist …\n"},
		{"storage.k8s.io", "VolumeAttributesClass", JSON("{'driverName':'d','parameters':{'a':'b'}}"),
		 ""},
		{"storage.k8s.io", "VolumeAttributesClass", "{}",
		 "driverName: Required value\n"
		 "parameters: Required value: must contain at least one key/value pair\n"},
	};
	causes_check(rows, ARRAY_LEN(rows));
}

static void test_volumeattachment(void **state)
{
#define ATTACHMENT(source)                                                                                   \
	"storage.k8s.io", "VolumeAttachment",                                                                \
		JSON("{'spec':{'attacher':'A','nodeName':'n','source':{" source "}}}")
#define CSI "'csi':{'driver':'d','volumeHandle':'h'},'accessModes':['ReadWriteOnce']"
#define FROM "spec.source.inlineVolumeSpec"
#define CONTEXT "in the context of inline volumes\n"
	const struct causes_row rows[] = {
		{ATTACHMENT("'persistentVolumeName':'v'"), ""},
		{ATTACHMENT("'inlineVolumeSpec':{" CSI "}"), ""},
		{ATTACHMENT(""),
		 "spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName\n"},
		{ATTACHMENT("'persistentVolumeName':'v','inlineVolumeSpec':{}"),
		 "spec.source: Forbidden: must specify exactly one of inlineVolumeSpec and persistentVolumeName\n"},
		{ATTACHMENT("'persistentVolumeName':''"),
		 "spec.source.persistentVolumeName: Invalid value: \"\": a lowercase RFC 1123 subdomain must consist …\n"
		 "spec.source.persistentVolumeName: Required value: must specify non empty persistentVolumeName\n"},
		{"storage.k8s.io", "VolumeAttachment",
		 JSON("{'spec':{'source':{'persistentVolumeName':'a_b'}}}"),
		 "spec.attacher: Invalid value: \"\": a lowercase RFC 1123 subdomain must consist …\n"
		 "spec.attacher: Required value\n"
		 "spec.attacher: Required value\n"
		 "spec.nodeName: Invalid value: \"\": a lowercase RFC 1123 subdomain must consist …\n"
		 "spec.source.persistentVolumeName: Invalid value: \"a_b\": a lowercase RFC 1123 subdomain must consist …\n"},
		{ATTACHMENT(
			 "'inlineVolumeSpec':{" CSI
			 ",'claimRef':{},'capacity':{'storage':'1'},'nodeAffinity':{},'storageClassName':'s',"
			 "'persistentVolumeReclaimPolicy':'Delete','volumeMode':'Block','volumeAttributesClassName':''}"),
		 FROM ".capacity: Forbidden: may not be specified " CONTEXT FROM
		      ".claimRef: Forbidden: may not be specified " CONTEXT FROM
		      ".nodeAffinity: Forbidden: may not be specified " CONTEXT FROM
		      ".persistentVolumeReclaimPolicy: Forbidden: may only be Retain " CONTEXT FROM
		      ".storageClassName: Forbidden: may not be specified " CONTEXT FROM
		      ".volumeMode: Forbidden: may not specify volumeMode other than Filesystem " CONTEXT},
		{ATTACHMENT("'inlineVolumeSpec':{}"),
		 FROM ".accessModes: Required value\n" FROM
		      ".csi: Required value: has to be specified in the context of inline volumes\n" FROM
		      ": Required value: must specify a volume type\n"},
		{ATTACHMENT("'inlineVolumeSpec':{'csi':{'driver':'d','volumeHandle':'h'},"
			    "'accessModes':['ReadWriteOncePod','ReadWriteOnce','X']}"),
		 FROM
		 ".accessModes: Forbidden: may not use ReadWriteOncePod with other access modes\n" FROM
		 ".accessModes: Unsupported value: \"X\": supported values: \"ReadOnlyMany\", \"ReadWriteMany\", "
		 "\"ReadWriteOnce\", \"ReadWriteOncePod\"\n"},
	};
	causes_check(rows, ARRAY_LEN(rows));
}

static void test_updates(void **state)
{
#define OF(kind) "storage.k8s.io", kind, ""
	const struct causes_update rows[] = {
		{OF("StorageClass"),
		 "{'provisioner':'b','parameters':{'a':'c'},'reclaimPolicy':'Retain','volumeBindingMode':'WaitForFirstConsumer','mountOptions':['a']}",
		 "{'provisioner':'a','parameters':{'a':'b'}}",
		 "parameters: Forbidden: updates to parameters are forbidden.\n"
		 "provisioner: Forbidden: updates to provisioner are forbidden.\n"
		 "reclaimPolicy: Forbidden: updates to reclaimPolicy are forbidden.\n"
		 "volumeBindingMode: Invalid value: \"WaitForFirstConsumer\": field is immutable\n"},
		{OF("VolumeAttributesClass"), "{'driverName':'b','parameters':{'a':'c'}}",
		 "{'driverName':'a','parameters':{'a':'b'}}",
		 "driverName: Forbidden: updates to driverName are forbidden.\n"
		 "parameters: Forbidden: updates to parameters are forbidden.\n"},
		{OF("CSIDriver"),
		 "{'spec':{'attachRequired':false,'volumeLifecycleModes':['Ephemeral'],'podInfoOnMount':true}}",
		 "{'spec':{}}",
		 "spec.attachedRequired: Invalid value: false: field is immutable\n"
		 "spec.volumeLifecycleModes: Invalid value: [\"Ephemeral\"]: field is immutable\n"},
		{OF("CSINode"),
		 "{'spec':{'drivers':[{'name':'c','nodeID':'i'},{'name':'a','nodeID':'j','allocatable':{'count':2}}]}}",
		 "{'spec':{'drivers':[{'name':'a','nodeID':'j','allocatable':{'count':1}},{'name':'b','nodeID':'k'}]}}",
		 "spec.drivers: Invalid value: {\"name\":\"a\",\"nodeID\":\"j\",\"topologyKeys\":null,\"allocatable\":{\"count\":2}}: field is immutable\n"},
		{OF("VolumeAttachment"),
		 "{'spec':{'attacher':'b','nodeName':'n','source':{'persistentVolumeName':'v'}}}",
		 "{'spec':{'attacher':'a','nodeName':'n','source':{'persistentVolumeName':'v'}}}",
		 "spec: Invalid value: {\"attacher\":\"b\",\"source\":{\"persistentVolumeName\":\"v\"},\"nodeName\":\"n\"}: field is immutable\n"},
		{OF("CSIStorageCapacity"), "{'storageClassName':'b','capacity':'2','nodeTopology':{}}",
		 "{'storageClassName':'a','capacity':'1'}",
		 "nodeTopology: Invalid value: {}: field is immutable\n"
		 "storageClassName: Invalid value: \"b\": field is immutable\n"},
	};
	causes_check_updates(rows, ARRAY_LEN(rows));
}

static void test_stored(void **state)
{
	static const struct causes_stored rows[] = {
		{OF("StorageClass"), "{'provisioner':'p'}",
		 "{'metadata':{},'provisioner':'p','reclaimPolicy':'Delete','volumeBindingMode':'Immediate'}"},
		{OF("CSIDriver"), "{'spec':{'nodeAllocatableUpdatePeriodSeconds':60}}",
		 "{'metadata':{},'spec':{'attachRequired':true,'podInfoOnMount':false,'volumeLifecycleModes':['Persistent'],'storageCapacity':"
		 "false,'fsGroupPolicy':'ReadWriteOnceWithFSType','requiresRepublish':false,'seLinuxMount':false}}"},
		{OF("VolumeAttachment"),
		 "{'spec':{'attacher':'a','nodeName':'n','source':{'persistentVolumeName':'v'}},'status':{'attached':true}}",
		 "{'metadata':{},'spec':{'attacher':'a','source':{'persistentVolumeName':'v'},'nodeName':'n'},'status':{'attached':false}}"},
		{OF("CSINode"), "{}", "{'metadata':{},'spec':{'drivers':null}}"},
	};
	causes_check_stored(rows, ARRAY_LEN(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_storageclass), cmocka_unit_test(test_parameters),
		cmocka_unit_test(test_csidriver),    cmocka_unit_test(test_csinode),
		cmocka_unit_test(test_others),	     cmocka_unit_test(test_updates),
		cmocka_unit_test(test_stored),	     cmocka_unit_test(test_volumeattachment),
	};
	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}
