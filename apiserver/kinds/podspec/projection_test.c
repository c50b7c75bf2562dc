/* SPDX-License-Identifier: Apache-2.0 */
/* Files of downwardAPI volumes, projected sources. Each row is an object and all that it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/causes_test.h"

static void projection_causes(void **state)
{
	const struct causes_row
		rows
			[] =
				{
					{CAUSES_POD(
						 "",
						 ",'volumes':[{'name':'v','projected':{'sources':[{'secret':{'items':[{'key':'k','path':'a'}]}},{'configMap':{'items':[{'key':'k','path':'b'}]}}]}}]"),
					 "spec.volumes[0].projected.sources[0].secret.name: Required value\n"
					 "spec.volumes[0].projected.sources[1].configMap.name: Required value\n"},
					{CAUSES_POD(
						 "",
						 ",'volumes':[{'name':'v','projected':{'sources':[{'secret':{'name':'s','items':[{'key':'k','path':'a'}]}},{'configMap':{'name':'m','items':[{'key':'k','path':'a'}]}},{'downwardAPI':{'items':[{'path':'a','fieldRef':{'fieldPath':'metadata.name'}}]}}]}}]"),
					 "spec.volumes[0].projected: Invalid value: \"a\": conflicting duplicate paths\n"
					 "spec.volumes[0].projected: Invalid value: \"m\": conflicting duplicate paths\n"},
					{CAUSES_POD(
						 "",
						 ",'volumes':[{'name':'v','projected':{'sources':[{'downwardAPI':{'items':[{'path':'/a','fieldRef':{'fieldPath':'spec.nodeName'}},{'path':'b'}]}}]}}]"),
					 "spec.volumes[0].projected.sources[0].downwardAPI.fieldRef.fieldPath: Unsupported value: \"spec.nodeName\": supported values: \"metadata.annotations\", \"metadata.labels\", \"metadata.name\", \"metadata.namespace\", \"metadata.uid\"\n"
					 "spec.volumes[0].projected.sources[0].downwardAPI.path: Invalid value: \"/a\": must be a relative path\n"
					 "spec.volumes[0].projected.sources[0].downwardAPI: Required value: one of fieldRef and resourceFieldRef is required\n"},
					{CAUSES_POD(
						 "",
						 ",'volumes':[{'name':'v','projected':{'sources':[{'serviceAccountToken':{'expirationSeconds':1}}]}}]"),
					 "spec.volumes[0].projected.path: Required value\n"
					 "spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 1: may not specify a duration less than 10 minutes\n"
					 "spec.volumes[0].projected.sources[0].serviceAccountToken: Forbidden: must not be specified when serviceAccountName is not set\n"},
					{CAUSES_POD(
						 "",
						 ",'volumes':[{'name':'v','projected':{'sources':[{'serviceAccountToken':{'path':'../a','expirationSeconds':4294967297}}]}}]"),
					 "spec.volumes[0].projected.path: Invalid value: \"../a\": must not contain '..'\n"
					 "spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds\n"
					 "spec.volumes[0].projected.sources[0].serviceAccountToken: Forbidden: must not be specified when serviceAccountName is not set\n"},
					{CAUSES_POD(
						 "",
						 ",'volumes':[{'name':'v','projected':{'sources':[{'secret':{'name':'s'},'configMap':{'name':'m'}}]}}]"),
					 "spec.volumes[0].projected.sources[0]: Forbidden: may not specify more than 1 volume type per source\n"},
					{CAUSES_POD(
						 "",
						 ",'volumes':[{'name':'v','downwardAPI':{'items':[{'path':'a','fieldRef':{'fieldPath':'metadata.labels'}}]}}]"),
					 ""},
					{CAUSES_POD(
						 "",
						 ",'volumes':[{'name':'v','downwardAPI':{'items':[{'path':'a','fieldRef':{'fieldPath':'spec.nodeName'}}]}}]"),
					 "spec.volumes[0].downwardAPI.fieldRef.fieldPath: Unsupported value: \"spec.nodeName\": supported values: \"metadata.annotations\", \"metadata.labels\", \"metadata.name\", \"metadata.namespace\", \"metadata.uid\"\n"},
					{CAUSES_POD(
						 "",
						 ",'volumes':[{'name':'v','downwardAPI':{'items':[{'path':'a','fieldRef':{}}]}}]"),
					 "spec.volumes[0].downwardAPI.fieldRef.fieldPath: Required value\n"},
					{CAUSES_POD(
						 "",
						 ",'volumes':[{'name':'v','downwardAPI':{'items':[{'path':'a','resourceFieldRef':{'resource':'limits.cpu','containerName':'c'}}]}}]"),
					 ""},
					{CAUSES_POD("", ",'volumes':[{'name':'v','downwardAPI':{'items':[{'path':'a','resourceFieldRef':{'resource':'limits.foo','containerName':'c'}}]}}]"), "spec.volumes[0].downwardAPI.resourceFieldRef.resource: Unsupported value: \"limits.foo\": supported values: \"limits.cpu\", \"limits.ephemeral-storage\", \"limits.memory\", \"requests.cpu\", \"requests.ephemeral-storage\", \"requests.memory\"\n"},
					{CAUSES_POD(
						 "",
						 ",'volumes':[{'name':'v','downwardAPI':{'items':[{'path':'a','resourceFieldRef':{}}]}}]"),
					 "spec.volumes[0].downwardAPI.resourceFieldRef.containerName: Required value\n"},
					{CAUSES_POD(
						 "",
						 ",'volumes':[{'name':'v','downwardAPI':{'items':[{'path':'a','resourceFieldRef':{'resource':'limits.cpu','containerName':'c','divisor':'2'}}]}}]"),
					 "spec.volumes[0].downwardAPI.resourceFieldRef.divisor: Invalid value: \"limits.cpu\": only divisor's values 1m and 1 are supported with the cpu resource\n"},
					{CAUSES_POD(
						 "",
						 ",'volumes':[{'name':'v','downwardAPI':{'items':[{'path':'a'}]}}]"),
					 "spec.volumes[0].downwardAPI: Required value: one of fieldRef and resourceFieldRef is required\n"},
					{CAUSES_POD(
						 "",
						 ",'volumes':[{'name':'v','downwardAPI':{'items':[{'path':'a','fieldRef':{'fieldPath':'metadata.name'},'resourceFieldRef':{'resource':'limits.cpu','containerName':'c'}}]}}]"),
					 "spec.volumes[0].downwardAPI: Invalid value: \"resource\": fieldRef and resourceFieldRef can not be specified simultaneously\n"},
					{CAUSES_POD(
						 "",
						 ",'volumes':[{'name':'v','downwardAPI':{'defaultMode':512,'items':[{'mode':-1,'fieldRef':{'fieldPath':'metadata.name'}},{'path':'/a','fieldRef':{'fieldPath':'metadata.name'}},{'path':'../a','fieldRef':{'fieldPath':'metadata.name'}},{'path':'..a','fieldRef':{'fieldPath':'metadata.name'}},{'path':'..','fieldRef':{'fieldPath':'metadata.name'}}]}}]"),
					 "spec.volumes[0].downwardAPI.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive\n"
					 "spec.volumes[0].downwardAPI.mode: Invalid value: -1: must be a number between 0 and 0777 (octal), both inclusive\n"
					 "spec.volumes[0].downwardAPI.path: Invalid value: \"..\": must not contain '..'\n"
					 "spec.volumes[0].downwardAPI.path: Invalid value: \"..\": must not start with '..'\n"
					 "spec.volumes[0].downwardAPI.path: Invalid value: \"../a\": must not contain '..'\n"
					 "spec.volumes[0].downwardAPI.path: Invalid value: \"..a\": must not start with '..'\n"
					 "spec.volumes[0].downwardAPI.path: Invalid value: \"/a\": must be a relative path\n"
					 "spec.volumes[0].downwardAPI.path: Required value\n"},
				};

	causes_check(rows, ARRAY_LEN(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(projection_causes)};

	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}
