/* SPDX-License-Identifier: Apache-2.0 */
/* What environment variables may refer to. Each row is an object and all that it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/causes_test.h"

static void reference_causes(void **state)
{
	const struct causes_row rows[] =
		{
			{CAUSES_POD(
				 ",'env':[{'name':'A','valueFrom':{'fieldRef':{'fieldPath':'metadata.name'}}}]",
				 ""),
			 ""},
			{CAUSES_POD(
				 ",'env':[{'name':'A','valueFrom':{'fieldRef':{'fieldPath':'metadata.labels'}}}]",
				 ""),
			 "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Unsupported value: \"metadata.labels\": supported values: \"metadata.name\", \"metadata.namespace\", \"metadata.uid\", \"spec.nodeName\", \"spec.serviceAccountName\", \"status.hostIP\", \"status.hostIPs\", \"status.podIP\", \"status.podIPs\"\n"},
			{CAUSES_POD(
				 ",'env':[{'name':'A','valueFrom':{'fieldRef':{'fieldPath':'spec.restartPolicy'}}}]",
				 ""),
			 "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Unsupported value: \"spec.restartPolicy\": supported values: \"metadata.name\", \"metadata.namespace\", \"metadata.uid\", \"spec.nodeName\", \"spec.serviceAccountName\", \"status.hostIP\", \"status.hostIPs\", \"status.podIP\", \"status.podIPs\"\n"},
			{CAUSES_POD(
				 ",'env':[{'name':'A','valueFrom':{'fieldRef':{'fieldPath':'spec.host'}}}]",
				 ""),
			 ""},
			{CAUSES_POD(",'env':[{'name':'A','valueFrom':{'fieldRef':{'fieldPath':'spec.foo'}}}]",
				    ""),
			 "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: \"spec.foo\": error converting fieldPath: field label not supported: spec.foo\n"},
			{CAUSES_POD(",'env':[{'name':'A','valueFrom':{'fieldRef':{}}}]", ""),
			 "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Required value\n"},
			{CAUSES_POD(
				 ",'env':[{'name':'A','valueFrom':{'fieldRef':{'apiVersion':'v2','fieldPath':'metadata.name'}}}]",
				 ""),
			 "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: \"metadata.name\": error converting fieldPath: unsupported pod version: v2\n"},
			{CAUSES_POD(
				 ",'env':[{'name':'A','valueFrom':{'resourceFieldRef':{'resource':'limits.cpu','divisor':'1m'}}}]",
				 ""),
			 ""},
			{CAUSES_POD(
				 ",'env':[{'name':'A','valueFrom':{'resourceFieldRef':{'resource':'limits.hugepages-2Mi','divisor':'1Mi'}}}]",
				 ""),
			 ""},
			{CAUSES_POD(
				 ",'env':[{'name':'A','valueFrom':{'resourceFieldRef':{'resource':'limits.foo'}}}]",
				 ""),
			 "spec.containers[0].env[0].valueFrom.resourceFieldRef.resource: Unsupported value: \"limits.foo\": supported values: \"limits.cpu\", \"limits.ephemeral-storage\", \"limits.memory\", \"requests.cpu\", \"requests.ephemeral-storage\", \"requests.memory\"\n"},
			{CAUSES_POD(
				 ",'env':[{'name':'A','valueFrom':{'resourceFieldRef':{'resource':'cpu'}}}]",
				 ""),
			 "spec.containers[0].env[0].valueFrom.resourceFieldRef.resource: Unsupported value: \"cpu\": supported values: \"limits.cpu\", \"limits.ephemeral-storage\", \"limits.memory\", \"requests.cpu\", \"requests.ephemeral-storage\", \"requests.memory\"\n"},
			{CAUSES_POD(",'env':[{'name':'A','valueFrom':{'resourceFieldRef':{}}}]", ""),
			 "spec.containers[0].env[0].valueFrom.resourceFieldRef.resource: Required value\n"},
			{CAUSES_POD(
				 ",'env':[{'name':'A','valueFrom':{'resourceFieldRef':{'resource':'requests.cpu','divisor':'1k'}}}]",
				 ""),
			 "spec.containers[0].env[0].valueFrom.resourceFieldRef.divisor: Invalid value: \"requests.cpu\": only divisor's values 1m and 1 are supported with the cpu resource\n"},
			{CAUSES_POD(
				 ",'env':[{'name':'A','valueFrom':{'resourceFieldRef':{'resource':'limits.memory','divisor':'1m'}}}]",
				 ""),
			 "spec.containers[0].env[0].valueFrom.resourceFieldRef.divisor: Invalid value: \"limits.memory\": only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with the memory resource\n"},
			{CAUSES_POD(",'env':[{'name':'A','valueFrom':{'resourceFieldRef':{'resource':'requests.ephemeral-storage','divisor':'3'}}}]", ""), "spec.containers[0].env[0].valueFrom.resourceFieldRef.divisor: Invalid value: \"requests.ephemeral-storage\": only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with the local ephemeral storage resource\n"},
			{CAUSES_POD(
				 ",'env':[{'name':'A','valueFrom':{'resourceFieldRef':{'resource':'requests.hugepages-1Gi','divisor':'3'}}}]",
				 ""),
			 "spec.containers[0].env[0].valueFrom.resourceFieldRef.divisor: Invalid value: \"requests.hugepages-1Gi\": only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with the hugepages resource\n"},
			{CAUSES_POD(
				 ",'env':[{'name':'A','valueFrom':{'configMapKeyRef':{'name':'A_','key':'a b'}}}]",
				 ""),
			 "spec.containers[0].env[0].valueFrom.configMapKeyRef.key: Invalid value: \"a b\": a valid config key must consist …\n"
			 "spec.containers[0].env[0].valueFrom.configMapKeyRef.name: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist …\n"},
			{CAUSES_POD(",'env':[{'name':'A','valueFrom':{'configMapKeyRef':{}}}]", ""),
			 "spec.containers[0].env[0].valueFrom.configMapKeyRef.key: Required value\n"
			 "spec.containers[0].env[0].valueFrom.configMapKeyRef.name: Invalid value: \"\": a lowercase RFC 1123 subdomain must consist …\n"},
			{CAUSES_POD(
				 ",'env':[{'name':'A','valueFrom':{'secretKeyRef':{'name':'A_','key':'..a'}}}]",
				 ""),
			 "spec.containers[0].env[0].valueFrom.secretKeyRef.key: Invalid value: \"..a\": must not start with '..'\n"
			 "spec.containers[0].env[0].valueFrom.secretKeyRef.name: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist …\n"},
			{CAUSES_POD(",'env':[{'name':'A','valueFrom':{'secretKeyRef':{}}}]", ""),
			 "spec.containers[0].env[0].valueFrom.secretKeyRef.key: Required value\n"
			 "spec.containers[0].env[0].valueFrom.secretKeyRef.name: Invalid value: \"\": a lowercase RFC 1123 subdomain must consist …\n"},
			{CAUSES_POD(",'env':[{'name':'A','valueFrom':{}}]", ""),
			 "spec.containers[0].env[0].valueFrom: Invalid value: \"\": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`\n"},
			{CAUSES_POD(
				 ",'env':[{'name':'A','valueFrom':{'fieldRef':{'fieldPath':'metadata.name'},'secretKeyRef':{'name':'a','key':'b'}}}]",
				 ""),
			 "spec.containers[0].env[0].valueFrom: Invalid value: \"\": may not have more than one field specified at a time\n"},
			{CAUSES_POD(
				 ",'env':[{'name':'A','value':'x','valueFrom':{'fieldRef':{'fieldPath':'metadata.name'}}}]",
				 ""),
			 "spec.containers[0].env[0].valueFrom: Invalid value: \"\": may not be specified when `value` is not empty\n"},
			{CAUSES_POD(",'env':[{'name':''},{'name':'a=b'},{'name':'1 x'}]", ""),
			 "spec.containers[0].env[0].name: Required value\n"
			 "spec.containers[0].env[1].name: Invalid value: \"a=b\": a valid environment variable name must consist only of printable ASCII characters other than '='\n"},
			{CAUSES_POD(
				 ",'envFrom':[{'configMapRef':{'name':'a-'}},{'prefix':'a=','secretRef':{'name':'b'}}]",
				 ""),
			 "spec.containers[0].envFrom[1].prefix: Invalid value: \"a=\": a valid environment variable name must consist only of printable ASCII characters other than '='\n"},
			{CAUSES_POD(",'envFrom':[{'configMapRef':{'name':'A_'}},{'secretRef':{'name':'A_'}}]",
				    ""),
			 "spec.containers[0].envFrom[0].configMapRef.name: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist …\n"
			 "spec.containers[0].envFrom[1].secretRef.name: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist …\n"},
			{CAUSES_POD(",'envFrom':[{'configMapRef':{}},{'secretRef':{}}]", ""),
			 "spec.containers[0].envFrom[0].configMapRef.name: Required value\n"
			 "spec.containers[0].envFrom[1].secretRef.name: Required value\n"},
			{CAUSES_POD(",'envFrom':[{},{'configMapRef':{'name':'a'},'secretRef':{'name':'b'}}]",
				    ""),
			 "spec.containers[0].envFrom: Invalid value: \"\": may not have more than one field specified at a time\n"
			 "spec.containers[0].envFrom: Invalid value: \"\": must specify one of: `configMapRef` or `secretRef`\n"},
		};

	causes_check(rows, ARRAY_LEN(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(reference_causes)};

	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}
