/* SPDX-License-Identifier: Apache-2.0 */
/* Requests, limits, claims, overhead. Each row is an object and all that it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/causes_test.h"

static void requirements_causes(void **state)
{
	const struct causes_row rows[] = {
		{CAUSES_POD(
			 ",'resources':{'limits':{'cpu':'1','memory':'1','ephemeral-storage':'1','hugepages-2Mi':'2Mi','example.com/gpu':'1'}}",
			 ""),
		 ""},
		{CAUSES_POD(",'resources':{'limits':{'foo':'1'}}", ""),
		 "spec.containers[0].resources.limits[foo]: Invalid value: \"foo\": must be a standard resource for containers\n"
		 "spec.containers[0].resources.limits[foo]: Invalid value: \"foo\": must be a standard resource type or fully qualified\n"
		 "spec.containers[0].resources.requests[foo]: Invalid value: \"foo\": must be a standard resource for containers\n"
		 "spec.containers[0].resources.requests[foo]: Invalid value: \"foo\": must be a standard resource type or fully qualified\n"},
		{CAUSES_POD(",'resources':{'requests':{'foo':'1','pods':'1'}}", ""),
		 "spec.containers[0].resources.requests[foo]: Invalid value: \"foo\": must be a standard resource for containers\n"
		 "spec.containers[0].resources.requests[foo]: Invalid value: \"foo\": must be a standard resource type or fully qualified\n"
		 "spec.containers[0].resources.requests[pods]: Invalid value: \"pods\": must be a standard resource for containers\n"},
		{CAUSES_POD(",'resources':{'limits':{'a b':'1'}}", ""),
		 "spec.containers[0].resources.limits[a b]: Invalid value: \"a b\": must be a standard resource for containers\n"
		 "spec.containers[0].resources.limits[a b]: Invalid value: \"a b\": name part must consist …\n"
		 "spec.containers[0].resources.requests[a b]: Invalid value: \"a b\": must be a standard resource for containers\n"
		 "spec.containers[0].resources.requests[a b]: Invalid value: \"a b\": name part must consist …\n"},
		{CAUSES_POD(",'resources':{'limits':{'':'1'}}", ""),
		 "spec.containers[0].resources.limits[]: Invalid value: \"\": must be a standard resource for containers\n"
		 "spec.containers[0].resources.limits[]: Invalid value: \"\": name part must be non-empty\n"
		 "spec.containers[0].resources.limits[]: Invalid value: \"\": name part must consist …\n"
		 "spec.containers[0].resources.requests[]: Invalid value: \"\": must be a standard resource for containers\n"
		 "spec.containers[0].resources.requests[]: Invalid value: \"\": name part must be non-empty\n"
		 "spec.containers[0].resources.requests[]: Invalid value: \"\": name part must consist …\n"},
		{CAUSES_POD(",'resources':{'limits':{'kubernetes.io/foo':'1'}}", ""), ""},
		{CAUSES_POD(",'resources':{'limits':{'requests.example.com/gpu':'1'}}", ""),
		 "spec.containers[0].resources.limits[requests.example.com/gpu]: Invalid value: \"requests.example.com/gpu\": doesn't follow extended resource name standard\n"
		 "spec.containers[0].resources.requests[requests.example.com/gpu]: Invalid value: \"requests.example.com/gpu\": doesn't follow extended resource name standard\n"},
		{CAUSES_POD(",'resources':{'limits':{'cpu':'-1','memory':'-1','example.com/gpu':'-1'}}", ""),
		 "spec.containers[0].resources.limits[cpu]: Invalid value: \"-1\": must be greater than or equal to 0\n"
		 "spec.containers[0].resources.limits[example.com/gpu]: Invalid value: \"-1\": must be greater than or equal to 0\n"
		 "spec.containers[0].resources.limits[memory]: Invalid value: \"-1\": must be greater than or equal to 0\n"
		 "spec.containers[0].resources.requests[cpu]: Invalid value: \"-1\": must be greater than or equal to 0\n"
		 "spec.containers[0].resources.requests[example.com/gpu]: Invalid value: \"-1\": must be greater than or equal to 0\n"
		 "spec.containers[0].resources.requests[memory]: Invalid value: \"-1\": must be greater than or equal to 0\n"},
		{CAUSES_POD(",'resources':{'limits':{'example.com/gpu':'1500m'}}", ""),
		 "spec.containers[0].resources.limits[example.com/gpu]: Invalid value: \"1500m\": must be an integer\n"
		 "spec.containers[0].resources.requests[example.com/gpu]: Invalid value: \"1500m\": must be an integer\n"},
		{CAUSES_POD(",'resources':{'limits':{'hugepages-2Mi':'2Mi'}}", ""),
		 "spec.containers[0].resources: Forbidden: HugePages require cpu or memory\n"},
		{CAUSES_POD(",'resources':{'limits':{'cpu':'1','hugepages-2Mi':'3Mi'}}", ""),
		 "spec.containers[0].resources.limits[hugepages-2Mi]: Invalid value: \"3Mi\": 3Mi is not positive integer multiple of hugepages-2Mi\n"
		 "spec.containers[0].resources.requests[hugepages-2Mi]: Invalid value: \"3Mi\": 3Mi is not positive integer multiple of hugepages-2Mi\n"},
		{CAUSES_POD(",'resources':{'limits':{'cpu':'1','hugepages-x':'3Mi'}}", ""),
		 "spec.containers[0].resources.limits[hugepages-x]: Invalid value: \"3Mi\": 3Mi is not positive integer multiple of hugepages-x\n"
		 "spec.containers[0].resources.requests[hugepages-x]: Invalid value: \"3Mi\": 3Mi is not positive integer multiple of hugepages-x\n"},
		{CAUSES_POD(",'resources':{'requests':{'cpu':'2'},'limits':{'cpu':'1'}}", ""),
		 "spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1\n"},
		{CAUSES_POD(",'resources':{'requests':{'example.com/gpu':'1'}}", ""),
		 "spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources\n"},
		{CAUSES_POD(
			 ",'resources':{'requests':{'example.com/gpu':'1'},'limits':{'example.com/gpu':'2'}}",
			 ""),
		 "spec.containers[0].resources.requests: Invalid value: \"1\": must be equal to example.com/gpu limit of 2\n"},
		{CAUSES_POD(",'resources':{'requests':{'cpu':'1','hugepages-2Mi':'2Mi'}}", ""),
		 "spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources\n"},
		{CAUSES_POD(",'resources':{'claims':[{'name':'x'}]}", ""),
		 "spec.containers[0].resources.claims[0]: Not found: \"x\": must be one of the names in pod.spec.resourceClaims which is empty\n"},
		{CAUSES_POD(
			 ",'resources':{'claims':[{'name':'x'},{'name':'x'},{'name':'y','request':'A_'},{'name':'y','request':'r'},{'name':'y','request':'r'},{'name':'y'},{}]}",
			 ",'resourceClaims':[{'name':'x','resourceClaimName':'a'},{'name':'y','resourceClaimTemplateName':'b'}]"),
		 "spec.containers[0].resources.claims[1]: Duplicate value: \"x\"\n"
		 "spec.containers[0].resources.claims[2].request: Invalid value: \"A_\": a lowercase RFC 1123 label must consist …\n"
		 "spec.containers[0].resources.claims[4]: Duplicate value: \"y/r\"\n"
		 "spec.containers[0].resources.claims[5]: Duplicate value: \"y\"\n"
		 "spec.containers[0].resources.claims[6]: Required value\n"},
		{CAUSES_POD(
			 "",
			 ",'resourceClaims':[{},{'name':'A_','resourceClaimName':'A_','resourceClaimTemplateName':'B_'},{'name':'x','resourceClaimName':'a'},{'name':'x','resourceClaimName':'a'}]"),
		 "spec.resourceClaims[0].name: Required value\n"
		 "spec.resourceClaims[0]: Invalid value: {\"name\":\"\"}: must specify one of: `resourceClaimName`, `resourceClaimTemplateName`\n"
		 "spec.resourceClaims[1].name: Invalid value: \"A_\": a lowercase RFC 1123 label must consist …\n"
		 "spec.resourceClaims[1].resourceClaimName: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist …\n"
		 "spec.resourceClaims[1].resourceClaimTemplateName: Invalid value: \"B_\": a lowercase RFC 1123 subdomain must consist …\n"
		 "spec.resourceClaims[1]: Invalid value: {\"name\":\"A_\",\"resourceClaimName\":\"A_\",\"resourceClaimTemplateName\":\"B_\"}: at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified\n"
		 "spec.resourceClaims[3].name: Duplicate value: \"x\"\n"},
		{CAUSES_POD("", ",'overhead':{'foo':'1','cpu':'-1'}"),
		 "spec.overhead.limits[cpu]: Invalid value: \"-1\": must be greater than or equal to 0\n"
		 "spec.overhead.limits[foo]: Invalid value: \"foo\": must be a standard resource for containers\n"
		 "spec.overhead.limits[foo]: Invalid value: \"foo\": must be a standard resource type or fully qualified\n"},
		{CAUSES_POD(
			 "",
			 ",'resources':{'limits':{'foo':'1','example.com/gpu':'1','cpu':'1'},'requests':{'cpu':'2'},'claims':[{'name':'x'}]}"),
		 "spec.resources.claims: Forbidden: claims may not be set for Resources at pod-level\n"
		 "spec.resources.limits[example.com/gpu]: Unsupported value: \"example.com/gpu\": supported values: \"cpu\", \"hugepages-\", \"memory\"\n"
		 "spec.resources.limits[foo]: Invalid value: \"foo\": must be a standard resource type or fully qualified\n"
		 "spec.resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1\n"},
		{CAUSES_POD(",'resources':{'limits':{'cpu':'2'}}", ",'resources':{'limits':{'cpu':'1'}}"),
		 "spec.resources.containers[0][cpu].limits: Invalid value: \"2\": must be less than or equal to pod limits of 1\n"
		 "spec.resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1\n"},
		{CAUSES_POD(
			 ",'resources':{'requests':{'cpu':'1','memory':'2Gi'}}",
			 ",'initContainers':[{'name':'i','image':'i','resources':{'requests':{'cpu':'3'}}}],'resources':{'requests':{'cpu':'2','memory':'1Gi'}}"),
		 "spec.resources.requests[cpu]: Invalid value: \"2\": must be greater than or equal to aggregate container requests of 3\n"
		 "spec.resources.requests[memory]: Invalid value: \"1Gi\": must be greater than or equal to aggregate container requests of 2Gi\n"},
		{CAUSES_POD(
			 ",'resources':{'limits':{'cpu':'1','memory':'1','hugepages-2Mi':'4Mi'}}",
			 ",'resources':{'requests':{'cpu':'1','memory':'1'},'limits':{'hugepages-2Mi':'2Mi','cpu':'1'}}"),
		 "spec.resources.containers[0][hugepages-2Mi].limits: Invalid value: \"4Mi\": must be less than or equal to pod limits of 2Mi\n"
		 "spec.resources.limits[hugepages-2Mi]: Invalid value: \"2Mi\": must be greater than or equal to aggregate container limits of 4Mi\n"
		 "spec.resources.requests[hugepages-2Mi]: Invalid value: \"2Mi\": must be greater than or equal to aggregate container requests of 4Mi\n"},
		{CAUSES_POD(
			 "",
			 ",'os':{'name':'windows'},'resources':{'claims':[{'name':'x'}],'limits':{'foo':'1'}}"),
		 "spec.resources: Forbidden: may not be set for a windows pod\n"},
		{"", "Pod",
		 JSON("{'metadata':{'name':'p','namespace':'n','annotations':{'kubernetes.io/config.mirror':'x'}},'spec':{'nodeName':'n','resourceClaims':[{'name':'x'}],"
		      "'containers':[{'name':'c','image':'i'}]}}"),
		 "[]: Forbidden: static pods do not support resource claims\n"},
	};

	causes_check(rows, ARRAY_LEN(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(requirements_causes)};

	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}
