/* SPDX-License-Identifier: Apache-2.0 */
/* Network, names, taints, namespaces of the node. Each row is an object and all that it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/causes_test.h"

static void host_causes(void **state)
{
	const struct causes_row rows[] = {
		{CAUSES_POD(
			 "",
			 ",'tolerations':[{},{'key':'a b','operator':'x','effect':'x'},{'key':'a','value':'a b'},{'key':'a','operator':'Exists','value':'b'},{'operator':'Exists','tolerationSeconds':1},{'key':'a','operator':'Equal','value':'----------------------------------------------------------------'}]"),
		 "spec.tolerations[0].operator: Invalid value: \"\": operator must be Exists when `key` is empty, which means \"match all values and all keys\"\n"
		 "spec.tolerations[1].effect: Unsupported value: \"x\": supported values: \"NoSchedule\", \"PreferNoSchedule\", \"NoExecute\"\n"
		 "spec.tolerations[1].key: Invalid value: \"a b\": name part must consist …\n"
		 "spec.tolerations[1].operator: Unsupported value: \"x\": supported values: \"Equal\", \"Exists\"\n"
		 "spec.tolerations[2].operator: Invalid value: \"a b\": a valid label must be an empty string or consist …\n"
		 "spec.tolerations[3].operator: Invalid value: \"b\": value must be empty when `operator` is 'Exists'\n"
		 "spec.tolerations[4].effect: Invalid value: \"\": effect must be 'NoExecute' when `tolerationSeconds` is set\n"
		 "spec.tolerations[5].operator: Invalid value: \"----------------------------------------------------------------\": must be no more than 63 characters;a valid label must be an empty string or consist …\n"},
		{CAUSES_POD("", ",'dnsPolicy':'None'"),
		 "spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None\n"},
		{CAUSES_POD("", ",'dnsPolicy':'None','dnsConfig':{'searches':['A_']}"),
		 "spec.dnsConfig.nameservers: Required value: must provide at least one DNS nameserver when `dnsPolicy` is None\n"},
		{CAUSES_POD("", ",'dnsPolicy':'x'"),
		 "spec.dnsPolicy: Unsupported value: \"x\": supported values: \"ClusterFirstWithHostNet\", \"ClusterFirst\", \"Default\", \"None\"\n"},
		{CAUSES_POD(
			 "",
			 ",'dnsConfig':{'nameservers':['x','1.1.1.1','::1','1.1.1'],'searches':['a.b.','a..b','.','_a_b.c','A.'],'options':[{},{'name':'a'}]}"),
		 "spec.dnsConfig.nameservers: Invalid value: [\"x\",\"1.1.1.1\",\"::1\",\"1.1.1\"]: must not have more than 3 nameservers\n"
		 "spec.dnsConfig.nameservers[0]: Invalid value: \"x\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)\n"
		 "spec.dnsConfig.nameservers[3]: Invalid value: \"1.1.1\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)\n"
		 "spec.dnsConfig.options[0]: Required value: must not be empty\n"
		 "spec.dnsConfig.searches[1]: Invalid value: \"a..b\": a lowercase RFC 1123 subdomain must consist …\n"
		 "spec.dnsConfig.searches[4]: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist …\n"},
		{CAUSES_POD("", ",'hostAliases':[{'ip':'x','hostnames':['A_']}]"),
		 "spec.hostAliases[0].hostnames[0]: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist …\n"
		 "spec.hostAliases[0].ip: Invalid value: \"x\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)\n"},
		{CAUSES_POD(
			 "",
			 ",'hostname':'a.b','subdomain':'A_','nodeName':'A_','priorityClassName':'A_','runtimeClassName':'','preemptionPolicy':'x','schedulingGates':[{},{'name':'g'},{'name':'g'}],'readinessGates':[{}],'activeDeadlineSeconds':0,'restartPolicy':'x','nodeSelector':{'a b':'c d'}"),
		 "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive\n"
		 "spec.hostname: Invalid value: \"a.b\": must not contain dots\n"
		 "spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared\n"
		 "spec.nodeName: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist …\n"
		 "spec.nodeSelector: Invalid value: \"a b\": name part must consist …\n"
		 "spec.nodeSelector: Invalid value: \"c d\": a valid label must be an empty string or consist …\n"
		 "spec.preemptionPolicy: Unsupported value: \"x\": supported values: \"PreemptLowerPriority\", \"Never\"\n"
		 "spec.priorityClassName: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist …\n"
		 "spec.readinessGates[0].conditionType: Invalid value: \"\": name part must be non-empty\n"
		 "spec.readinessGates[0].conditionType: Invalid value: \"\": name part must consist …\n"
		 "spec.restartPolicy: Unsupported value: \"x\": supported values: \"Always\", \"OnFailure\", \"Never\"\n"
		 "spec.runtimeClassName: Invalid value: \"\": a lowercase RFC 1123 subdomain must consist …\n"
		 "spec.schedulingGates[0]: Invalid value: \"\": name part must be non-empty\n"
		 "spec.schedulingGates[0]: Invalid value: \"\": name part must consist …\n"
		 "spec.schedulingGates[2]: Duplicate value: \"g\"\n"
		 "spec.subdomain: Invalid value: \"A_\": a lowercase RFC 1123 label must consist …\n"},
		{CAUSES_POD("", ",'nodeName':'n','schedulingGates':[{'name':'g'}]"),
		 "spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared\n"},
	};

	causes_check(rows, ARRAY_LEN(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(host_causes)};

	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}
