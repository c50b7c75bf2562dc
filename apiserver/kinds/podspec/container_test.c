/* SPDX-License-Identifier: Apache-2.0 */
/* Ports, probes, hooks, resizing, the three lists of containers. Each row is an object and all that it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/causes_test.h"

static void container_causes(void **state)
{
	const struct causes_row rows[] = {
		{CAUSES_POD(",'ports':[{'containerPort':1,'name':'a'},{'containerPort':2,'name':'a'}]", ""),
		 "spec.containers[0].ports[1].name: Duplicate value: \"a\"\n"},
		{CAUSES_POD(
			 ",'ports':[{'name':'A'},{'containerPort':65536,'name':'12345678901234567','hostPort':-1,'protocol':'x'},{'containerPort':1,'name':'-1--'}]",
			 ""),
		 "spec.containers[0].ports[0].containerPort: Required value\n"
		 "spec.containers[0].ports[0].name: Invalid value: \"A\": must contain at least one letter (a-z)\n"
		 "spec.containers[0].ports[0].name: Invalid value: \"A\": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)\n"
		 "spec.containers[0].ports[1].containerPort: Invalid value: 65536: must be between 1 and 65535, inclusive\n"
		 "spec.containers[0].ports[1].hostPort: Invalid value: -1: must be between 1 and 65535, inclusive\n"
		 "spec.containers[0].ports[1].name: Invalid value: \"12345678901234567\": must be no more than 15 characters\n"
		 "spec.containers[0].ports[1].name: Invalid value: \"12345678901234567\": must contain at least one letter (a-z)\n"
		 "spec.containers[0].ports[1].protocol: Unsupported value: \"x\": supported values: \"SCTP\", \"TCP\", \"UDP\"\n"
		 "spec.containers[0].ports[2].name: Invalid value: \"-1--\": must contain at least one letter (a-z)\n"
		 "spec.containers[0].ports[2].name: Invalid value: \"-1--\": must not begin or end with a hyphen\n"
		 "spec.containers[0].ports[2].name: Invalid value: \"-1--\": must not contain consecutive hyphens\n"},
		{CAUSES_POD(
			 ",'ports':[{'containerPort':1,'hostPort':1},{'containerPort':2,'hostPort':1},{'containerPort':2,'hostPort':1,'hostIP':'1.1.1.1'}]",
			 ""),
		 "spec.containers[0].ports[1].hostPort: Duplicate value: \"TCP//1\"\n"},
		{CAUSES_POD(",'ports':[{'containerPort':1,'hostPort':2}]", ",'hostNetwork':true"),
		 "spec.containers[0].ports[0].hostPort: Invalid value: 2: must match `containerPort` when `hostNetwork` is true\n"},
		{CAUSES_POD(
			 ",'livenessProbe':{},'readinessProbe':{'exec':{}},'startupProbe':{'httpGet':{'port':'A_','scheme':'x','httpHeaders':[{'name':'a b'}]}}",
			 ""),
		 "spec.containers[0].livenessProbe: Required value: must specify a handler type\n"
		 "spec.containers[0].readinessProbe.exec.command: Required value\n"
		 "spec.containers[0].startupProbe.httpGet.httpHeaders: Invalid value: \"a b\": a valid HTTP header must consist …\n"
		 "spec.containers[0].startupProbe.httpGet.port: Invalid value: \"A_\": must contain at least one letter (a-z)\n"
		 "spec.containers[0].startupProbe.httpGet.port: Invalid value: \"A_\": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)\n"
		 "spec.containers[0].startupProbe.httpGet.scheme: Unsupported value: \"x\": supported values: \"HTTP\", \"HTTPS\"\n"},
		{CAUSES_POD(
			 ",'livenessProbe':{'exec':{'command':['a']},'httpGet':{},'tcpSocket':{},'grpc':{}}",
			 ""),
		 "spec.containers[0].livenessProbe.grpc: Forbidden: may not specify more than 1 handler type\n"
		 "spec.containers[0].livenessProbe.httpGet: Forbidden: may not specify more than 1 handler type\n"
		 "spec.containers[0].livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type\n"},
		{CAUSES_POD(
			 ",'livenessProbe':{'tcpSocket':{'port':''},'successThreshold':2,'initialDelaySeconds':-1,'timeoutSeconds':-1,'periodSeconds':-1,'failureThreshold':-1,'terminationGracePeriodSeconds':0}",
			 ""),
		 "spec.containers[0].livenessProbe.failureThreshold: Invalid value: -1: must be greater than or equal to 0\n"
		 "spec.containers[0].livenessProbe.initialDelaySeconds: Invalid value: -1: must be greater than or equal to 0\n"
		 "spec.containers[0].livenessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0\n"
		 "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1\n"
		 "spec.containers[0].livenessProbe.tcpSocket.port: Invalid value: \"\": must contain at least one letter (a-z)\n"
		 "spec.containers[0].livenessProbe.tcpSocket.port: Invalid value: \"\": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)\n"
		 "spec.containers[0].livenessProbe.terminationGracePeriodSeconds: Invalid value: 0: must be greater than 0\n"
		 "spec.containers[0].livenessProbe.timeoutSeconds: Invalid value: -1: must be greater than or equal to 0\n"},
		{CAUSES_POD(
			 ",'readinessProbe':{'grpc':{'port':0},'successThreshold':2,'terminationGracePeriodSeconds':1}",
			 ""),
		 "spec.containers[0].readinessProbe.grpc.port: Invalid value: 0: must be between 1 and 65535, inclusive\n"
		 "spec.containers[0].readinessProbe.terminationGracePeriodSeconds: Invalid value: 1: must not be set for readinessProbes\n"},
		{CAUSES_POD(
			 ",'lifecycle':{'postStart':{},'preStop':{'exec':{'command':['a']},'sleep':{'seconds':-1}}}",
			 ""),
		 "spec.containers[0].lifecycle.postStart: Required value: must specify a handler type\n"
		 "spec.containers[0].lifecycle.preStop.sleep: Forbidden: may not specify more than 1 handler type\n"},
		{CAUSES_POD(
			 ",'lifecycle':{'postStart':{'sleep':{'seconds':31}},'preStop':{'sleep':{'seconds':0}}}",
			 ""),
		 "spec.containers[0].lifecycle.postStart.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)\n"},
		{CAUSES_POD(",'restartPolicy':'Always','imagePullPolicy':'x','terminationMessagePolicy':'x'",
			    ""),
		 "spec.containers[0].imagePullPolicy: Unsupported value: \"x\": supported values: \"Always\", \"IfNotPresent\", \"Never\"\n"
		 "spec.containers[0].terminationMessagePolicy: Unsupported value: \"x\": supported values: \"File\", \"FallbackToLogsOnError\"\n"},
		{CAUSES_POD(
			 ",'resizePolicy':[{'resourceName':'cpu','restartPolicy':'NotRequired'},{'resourceName':'cpu','restartPolicy':'x'},{}]",
			 ""),
		 "spec.containers[0].resizePolicy: Required value\n"
		 "spec.containers[0].resizePolicy: Required value\n"
		 "spec.containers[0].resizePolicy: Unsupported value: \"x\": supported values: \"NotRequired\", \"RestartContainer\"\n"
		 "spec.containers[0].resizePolicy[1]: Duplicate value: \"cpu\"\n"},
		{CAUSES_POD(",'resizePolicy':[{'resourceName':'cpu','restartPolicy':'RestartContainer'}]",
			    ",'restartPolicy':'Never'"),
		 "spec.containers[0].resizePolicy: Invalid value: \"RestartContainer\": must be 'NotRequired' when `restartPolicy` is 'Never'\n"},
		{CAUSES_POD(
			 "",
			 ",'initContainers':[{'name':'c','image':'i','livenessProbe':{'exec':{'command':['a']}},'lifecycle':{},'restartPolicy':'x'},{'name':'d','image':' i'},{'name':'d','image':'i'}]"),
		 "spec.initContainers[0].lifecycle: Forbidden: may not be set for init containers without restartPolicy=Always\n"
		 "spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always\n"
		 "spec.initContainers[0].name: Duplicate value: \"c\"\n"
		 "spec.initContainers[1].image: Invalid value: \" i\": must not have leading or trailing whitespace\n"
		 "spec.initContainers[2].name: Duplicate value: \"d\"\n"},
		{CAUSES_POD(
			 "",
			 ",'initContainers':[{'name':'s','image':'i','restartPolicy':'Always','livenessProbe':{'exec':{'command':['a']},'successThreshold':2},'ports':[{'containerPort':1,'hostPort':1},{'containerPort':1,'hostPort':1}]}]"),
		 "spec.initContainers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1\n"
		 "spec.initContainers[0].ports[1].hostPort: Duplicate value: \"TCP//1\"\n"},
		{CAUSES_POD(
			 "",
			 ",'ephemeralContainers':[{'name':'c','image':' i','targetContainerName':'x','ports':[{'containerPort':1}],'livenessProbe':{'exec':{'command':['a']}},'resources':{'limits':{'cpu':'1'}},'volumeMounts':[{'name':'v','mountPath':'/a','subPath':'b'}]}],'volumes':[{'name':'v'}]"),
		 "spec.ephemeralContainers: Forbidden: cannot be set on create\n"
		 "spec.ephemeralContainers[0].image: Invalid value: \" i\": must not have leading or trailing whitespace\n"
		 "spec.ephemeralContainers[0].livenessProbe: Forbidden: cannot be set for an Ephemeral Container\n"
		 "spec.ephemeralContainers[0].name: Duplicate value: \"c\"\n"
		 "spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container\n"
		 "spec.ephemeralContainers[0].resources: Forbidden: cannot be set for an Ephemeral Container\n"
		 "spec.ephemeralContainers[0].targetContainerName: Not found: \"x\"\n"
		 "spec.ephemeralContainers[0].volumeMounts[0].subPath: Forbidden: cannot be set for an Ephemeral Container\n"},
		{CAUSES_POD("", ",'initContainers':[{}]"), "spec.initContainers[0].image: Required value\n"
							   "spec.initContainers[0].name: Required value\n"},
		{CAUSES_POD(",'volumeMounts':[]", ""), ""},
	};

	causes_check(rows, ARRAY_LEN(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(container_causes)};

	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}
