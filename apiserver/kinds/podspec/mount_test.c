/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts and block devices. Each row is an object and all that it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/causes_test.h"

static void mount_causes(void **state)
{
	const struct causes_row rows[] = {
		{CAUSES_POD(",'volumeMounts':[{'name':'v','mountPath':'/a'}]",
			    ",'volumes':[{'name':'v','emptyDir':{}}]"),
		 ""},
		{CAUSES_POD(",'volumeMounts':[{}]", ",'volumes':[{'name':'v','emptyDir':{}}]"),
		 "spec.containers[0].volumeMounts[0].mountPath: Required value\n"
		 "spec.containers[0].volumeMounts[0].name: Not found: \"\"\n"
		 "spec.containers[0].volumeMounts[0].name: Required value\n"},
		{CAUSES_POD(",'volumeMounts':[{'name':'w','mountPath':'/a'}]",
			    ",'volumes':[{'name':'v','emptyDir':{}}]"),
		 "spec.containers[0].volumeMounts[0].name: Not found: \"w\"\n"},
		{CAUSES_POD(",'volumeMounts':[{'name':'v','mountPath':'/a'},{'name':'v','mountPath':'/a'}]",
			    ",'volumes':[{'name':'v','emptyDir':{}}]"),
		 "spec.containers[0].volumeMounts[1].mountPath: Invalid value: \"/a\": must be unique\n"},
		{CAUSES_POD(",'volumeMounts':[{'name':'v','mountPath':'/a','subPath':'/../b'}]",
			    ",'volumes':[{'name':'v','emptyDir':{}}]"),
		 "spec.containers[0].volumeMounts.subPath: Invalid value: \"/../b\": must be a relative path\n"
		 "spec.containers[0].volumeMounts.subPath: Invalid value: \"/../b\": must not contain '..'\n"},
		{CAUSES_POD(
			 ",'volumeMounts':[{'name':'v','mountPath':'/a','subPath':'a','subPathExpr':'../b'}]",
			 ",'volumes':[{'name':'v','emptyDir':{}}]"),
		 "spec.containers[0].volumeMounts.subPathExpr: Invalid value: \"../b\": must not contain '..'\n"
		 "spec.containers[0].volumeMounts[0].subPathExpr: Invalid value: \"../b\": subPathExpr and subPath are mutually exclusive\n"},
		{CAUSES_POD(
			 ",'volumeMounts':[{'name':'v','mountPath':'/a','mountPropagation':'Bidirectional'}]",
			 ",'volumes':[{'name':'v','emptyDir':{}}]"),
		 "spec.containers[0].volumeMounts.mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers\n"},
		{CAUSES_POD(
			 ",'volumeMounts':[{'name':'v','mountPath':'/a','mountPropagation':'x','recursiveReadOnly':'x'}]",
			 ",'volumes':[{'name':'v','emptyDir':{}}]"),
		 "spec.containers[0].volumeMounts.mountPropagation: Unsupported value: \"x\": supported values: \"Bidirectional\", \"HostToContainer\", \"None\"\n"
		 "spec.containers[0].volumeMounts.recursiveReadOnly: Unsupported value: \"x\": supported values: \"Disabled\", \"Enabled\", \"IfPossible\"\n"},
		{CAUSES_POD(
			 ",'volumeMounts':[{'name':'v','mountPath':'/a','mountPropagation':'HostToContainer','recursiveReadOnly':'Enabled'}]",
			 ",'volumes':[{'name':'v','emptyDir':{}}]"),
		 "spec.containers[0].volumeMounts.recursiveReadOnly: Forbidden: may only be specified when mountPropagation is None or not specified\n"
		 "spec.containers[0].volumeMounts.recursiveReadOnly: Forbidden: may only be specified when readOnly is true\n"},
		{CAUSES_POD(",'volumeMounts':[{'name':'v','mountPath':'/a'}]",
			    ",'volumes':[{'name':'v','hostPath':{}}]"),
		 "spec.containers[0].volumeMounts[0].name: Not found: \"v\"\n"
		 "spec.volumes[0].hostPath.path: Required value\n"},
		{CAUSES_POD(",'volumeDevices':[{'name':'v','devicePath':'/a'}]",
			    ",'volumes':[{'name':'v','persistentVolumeClaim':{'claimName':'x'}}]"),
		 ""},
		{CAUSES_POD(",'volumeDevices':[{}]",
			    ",'volumes':[{'name':'v','persistentVolumeClaim':{'claimName':'x'}}]"),
		 "spec.containers[0].volumeDevices[0].devicePath: Required value\n"
		 "spec.containers[0].volumeDevices[0].name: Not found: \"\"\n"
		 "spec.containers[0].volumeDevices[0].name: Required value\n"},
		{CAUSES_POD(
			 ",'volumeDevices':[{'name':'v','devicePath':'/a'},{'name':'v','devicePath':'/a'}]",
			 ",'volumes':[{'name':'v','persistentVolumeClaim':{'claimName':'x'}}]"),
		 "spec.containers[0].volumeDevices[1].devicePath: Invalid value: \"/a\": must be unique\n"
		 "spec.containers[0].volumeDevices[1].name: Invalid value: \"v\": must be unique\n"},
		{CAUSES_POD(",'volumeDevices':[{'name':'v','devicePath':'/../a'}]",
			    ",'volumes':[{'name':'v','emptyDir':{}}]"),
		 "spec.containers[0].volumeDevices[0].devicePath: Invalid value: \"/../a\": can not contain backsteps ('..')\n"
		 "spec.containers[0].volumeDevices[0].name: Invalid value: \"v\": can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode\n"},
		{CAUSES_POD(
			 ",'volumeDevices':[{'name':'v','devicePath':'/a'}],'volumeMounts':[{'name':'v','mountPath':'/a'}]",
			 ",'volumes':[{'name':'v','ephemeral':{'volumeClaimTemplate':{'spec':{'accessModes':['ReadWriteOnce'],'resources':{'requests':{'storage':'1'}}}}}}]"),
		 "spec.containers[0].volumeDevices[0].devicePath: Invalid value: \"/a\": must not already exist as a path in volumeMounts\n"
		 "spec.containers[0].volumeDevices[0].name: Invalid value: \"v\": must not already exist in volumeMounts\n"
		 "spec.containers[0].volumeMounts[0].mountPath: Invalid value: \"/a\": must not already exist as a path in volumeDevices\n"
		 "spec.containers[0].volumeMounts[0].name: Invalid value: \"v\": must not already exist in volumeDevices\n"},
	};

	causes_check(rows, ARRAY_LEN(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(mount_causes)};

	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}
