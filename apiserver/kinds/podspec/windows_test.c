/* SPDX-License-Identifier: Apache-2.0 */
/* Windows, and operating systems that are named. Each row is an object and all that it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/causes_test.h"

static void windows_causes(void **state)
{
	const struct causes_row rows[] = {
		{CAUSES_POD("", ",'os':{'name':'x'}"),
		 "spec.os: Unsupported value: \"x\": supported values: \"linux\", \"windows\"\n"},
		{CAUSES_POD("", ",'os':{}"), "spec.os.name: Required value\n"},
		{CAUSES_POD(",'securityContext':{'windowsOptions':{}}",
			    ",'os':{'name':'linux'},'securityContext':{'windowsOptions':{}}"),
		 "spec.containers[0].securityContext.windowsOptions: Forbidden: windows options cannot be set for a linux pod\n"
		 "spec.securityContext.windowsOptions: Forbidden: windows options cannot be set for a linux pod\n"},
		{CAUSES_POD(
			 ",'securityContext':{'privileged':true,'runAsUser':1,'capabilities':{}}",
			 ",'os':{'name':'windows'},'hostPID':true,'shareProcessNamespace':false,'securityContext':{'fsGroup':1,'sysctls':[{'name':'a'}]}"),
		 "spec.containers[0].securityContext.capabilities: Forbidden: cannot be set for a windows pod\n"
		 "spec.containers[0].securityContext.privileged: Forbidden: cannot be set for a windows pod\n"
		 "spec.containers[0].securityContext.runAsUser: Forbidden: cannot be set for a windows pod\n"
		 "spec.hostPID: Forbidden: cannot be set for a windows pod\n"
		 "spec.securityContext.fsGroup: Forbidden: cannot be set for a windows pod\n"
		 "spec.securityContext.sysctls: Forbidden: cannot be set for a windows pod\n"
		 "spec.shareProcessNamespace: Forbidden: cannot be set for a windows pod\n"},
		{CAUSES_POD(
			 ",'securityContext':{'windowsOptions':{'gmsaCredentialSpecName':'A_','gmsaCredentialSpec':'','runAsUserName':''}}",
			 ""),
		 "spec.containers[0].securityContext.windowsOptions.gmsaCredentialSpec: Invalid value: \"\": gmsaCredentialSpec cannot be an empty string\n"
		 "spec.containers[0].securityContext.windowsOptions.gmsaCredentialSpecName: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist …\n"
		 "spec.containers[0].securityContext.windowsOptions.runAsUserName: Invalid value: \"\": runAsUserName cannot be an empty string\n"},
		{CAUSES_POD(",'securityContext':{'windowsOptions':{'runAsUserName':'a b/c'}}", ""),
		 "spec.containers[0].securityContext.windowsOptions.runAsUserName: Invalid value: \"a b/c\": runAsUserName's User cannot contain the following characters: \"/\\:;|=,+*?<>@[]\n"},
		{CAUSES_POD(",'securityContext':{'windowsOptions':{'runAsUserName':'..'}}", ""),
		 "spec.containers[0].securityContext.windowsOptions.runAsUserName: Invalid value: \"..\": runAsUserName's User cannot contain only periods or spaces\n"},
		{CAUSES_POD(",'securityContext':{'windowsOptions':{'hostProcess':true}}", ""),
		 "spec.hostNetwork: Invalid value: false: hostNetwork must be true if pod contains any hostProcess containers\n"},
		{CAUSES_POD(",'securityContext':{'windowsOptions':{'hostProcess':true}}",
			    ",'securityContext':{'windowsOptions':{'hostProcess':false}}"),
		 "spec.containers[0].securityContext.windowsOptions.hostProcess: Invalid value: true: pod hostProcess value must be identical if both are specified, was false\n"
		 "spec.hostNetwork: Invalid value: false: hostNetwork must be true if pod contains any hostProcess containers\n"},
	};

	causes_check(rows, ARRAY_LEN(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(windows_causes)};

	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}
