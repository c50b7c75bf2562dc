/* SPDX-License-Identifier: Apache-2.0 */
/* Security contexts of Pods and containers. Each row is an object and all that it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/causes_test.h"

static void security_causes(void **state)
{
	const struct causes_row rows[] = {
		{CAUSES_POD(",'securityContext':{'runAsUser':-1,'runAsGroup':2147483648}", ""),
		 "spec.containers[0].securityContext.runAsGroup: Invalid value: 2147483648: must be between 0 and 2147483647, inclusive\n"
		 "spec.containers[0].securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive\n"},
		{CAUSES_POD(
			 "",
			 ",'securityContext':{'runAsUser':-1,'runAsGroup':2147483648,'fsGroup':-1,'supplementalGroups':[1,-1]}"),
		 "spec.securityContext.fsGroup: Invalid value: -1: must be between 0 and 2147483647, inclusive\n"
		 "spec.securityContext.runAsGroup: Invalid value: 2147483648: must be between 0 and 2147483647, inclusive\n"
		 "spec.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive\n"
		 "spec.securityContext.supplementalGroups[1]: Invalid value: -1: must be between 0 and 2147483647, inclusive\n"},
		{CAUSES_POD(
			 ",'securityContext':{'privileged':true,'allowPrivilegeEscalation':false,'capabilities':{'add':['CAP_SYS_ADMIN']}}",
			 ""),
		 "spec.containers[0].securityContext: Invalid value: {\"capabilities\":{\"add\":[\"CAP_SYS_ADMIN\"]},\"privileged\":true,\"allowPrivilegeEscalation\":false}: cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN\n"
		 "spec.containers[0].securityContext: Invalid value: {\"capabilities\":{\"add\":[\"CAP_SYS_ADMIN\"]},\"privileged\":true,\"allowPrivilegeEscalation\":false}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true\n"},
		{CAUSES_POD(",'securityContext':{'procMount':'Unmasked'}", ""),
		 "spec.containers[0].securityContext.procMount: Invalid value: \"Unmasked\": `hostUsers` must be false to use `Unmasked`\n"},
		{CAUSES_POD(",'securityContext':{'procMount':'x'}", ""),
		 "spec.containers[0].securityContext.procMount: Unsupported value: \"x\": supported values: \"Default\", \"Unmasked\"\n"},
		{CAUSES_POD(",'securityContext':{'procMount':'Unmasked'}", ",'hostUsers':false"), ""},
		{CAUSES_POD(",'securityContext':{'seccompProfile':{}}", ""),
		 "spec.containers[0].securityContext.seccompProfile.type: Required value: type is required when seccompProfile is set\n"},
		{CAUSES_POD(",'securityContext':{'seccompProfile':{'type':'x'}}", ""),
		 "spec.containers[0].securityContext.seccompProfile.type: Unsupported value: \"x\": supported values: \"Localhost\", \"RuntimeDefault\", \"Unconfined\"\n"},
		{CAUSES_POD(",'securityContext':{'seccompProfile':{'type':'Localhost'}}", ""),
		 "spec.containers[0].securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost\n"},
		{CAUSES_POD(
			 ",'securityContext':{'seccompProfile':{'type':'Localhost','localhostProfile':'/../a'}}",
			 ""),
		 "spec.containers[0].securityContext.seccompProfile.localhostProfile: Invalid value: \"/../a\": must be a relative path\n"
		 "spec.containers[0].securityContext.seccompProfile.localhostProfile: Invalid value: \"/../a\": must not contain '..'\n"},
		{CAUSES_POD(
			 "",
			 ",'securityContext':{'seccompProfile':{'type':'RuntimeDefault','localhostProfile':'a'}}"),
		 "spec.securityContext.seccompProfile.localhostProfile: Invalid value: {\"type\":\"RuntimeDefault\",\"localhostProfile\":\"a\"}: can only be set when seccomp type is Localhost\n"},
		{CAUSES_POD(",'securityContext':{'appArmorProfile':{}}", ""),
		 "spec.containers[0].securityContext.appArmorProfile.type: Required value: type is required when appArmorProfile is set\n"},
		{CAUSES_POD(",'securityContext':{'appArmorProfile':{'type':'x'}}", ""),
		 "spec.containers[0].securityContext.appArmorProfile.type: Unsupported value: \"x\": supported values: \"Localhost\", \"RuntimeDefault\", \"Unconfined\"\n"},
		{CAUSES_POD(",'securityContext':{'appArmorProfile':{'type':'Localhost'}}", ""),
		 "spec.containers[0].securityContext.appArmorProfile.localhostProfile: Required value: must be set when AppArmor type is Localhost\n"},
		{CAUSES_POD(
			 ",'securityContext':{'appArmorProfile':{'type':'Localhost','localhostProfile':' a'}}",
			 ""),
		 "spec.containers[0].securityContext.appArmorProfile.localhostProfile: Invalid value: \" a\": must not be padded with whitespace\n"},
		{CAUSES_POD(
			 "",
			 ",'securityContext':{'appArmorProfile':{'type':'Unconfined','localhostProfile':'a'}}"),
		 "spec.securityContext.appArmorProfile.localhostProfile: Invalid value: \"a\": can only be set when AppArmor type is Localhost\n"},
		{CAUSES_POD(
			 "",
			 ",'securityContext':{'sysctls':[{'name':'kernel.shmmax','value':'1'},{'name':'net/core/a.b','value':'1'}]}"),
		 ""},
		{CAUSES_POD(
			 "",
			 ",'securityContext':{'sysctls':[{},{'name':'a b'},{'name':'a.b'},{'name':'a.b'},{'name':'A'},{'name':'a..b'}]}"),
		 "spec.securityContext.sysctls[0].name: Required value\n"
		 "spec.securityContext.sysctls[1].name: Invalid value: \"a b\": must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$\n"
		 "spec.securityContext.sysctls[3].name: Duplicate value: \"a.b\"\n"
		 "spec.securityContext.sysctls[4].name: Invalid value: \"A\": must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$\n"
		 "spec.securityContext.sysctls[5].name: Invalid value: \"a..b\": must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$\n"},
		{CAUSES_POD(
			 "",
			 ",'hostNetwork':true,'hostIPC':true,'securityContext':{'sysctls':[{'name':'net.a'},{'name':'net/a.b/c'},{'name':'kernel.sem'},{'name':'kernel.msgmax'},{'name':'fs.mqueue.x'},{'name':'vm.x'}]}"),
		 "spec.securityContext.sysctls[0].name: Invalid value: \"net.a\": may not be specified when 'hostNetwork' is true\n"
		 "spec.securityContext.sysctls[1].name: Invalid value: \"net/a.b/c\": may not be specified when 'hostNetwork' is true\n"
		 "spec.securityContext.sysctls[2].name: Invalid value: \"kernel.sem\": may not be specified when 'hostIPC' is true\n"
		 "spec.securityContext.sysctls[3].name: Invalid value: \"kernel.msgmax\": may not be specified when 'hostIPC' is true\n"
		 "spec.securityContext.sysctls[4].name: Invalid value: \"fs.mqueue.x\": may not be specified when 'hostIPC' is true\n"},
		{CAUSES_POD(
			 "",
			 ",'securityContext':{'fsGroupChangePolicy':'x','supplementalGroupsPolicy':'x','seLinuxChangePolicy':'x'}"),
		 "spec.securityContext.fsGroupChangePolicy: Unsupported value: \"x\": supported values: \"Always\", \"OnRootMismatch\"\n"
		 "spec.securityContext.seLinuxChangePolicy: Unsupported value: \"x\": supported values: \"MountOption\", \"Recursive\"\n"
		 "spec.securityContext.supplementalGroupsPolicy: Unsupported value: \"x\": supported values: \"Merge\", \"Strict\"\n"},
		{CAUSES_POD("", ",'shareProcessNamespace':true,'hostPID':true"),
		 "spec.securityContext.shareProcessNamespace: Invalid value: true: ShareProcessNamespace and HostPID cannot both be enabled\n"},
		{CAUSES_POD(
			 ",'volumeDevices':[{'name':'v','devicePath':'/d'}]",
			 ",'hostUsers':false,'volumes':[{'name':'v','persistentVolumeClaim':{'claimName':'c'}}]"),
		 "spec.containers[0].volumeDevices: Forbidden: when `hostUsers` is false\n"},
		{CAUSES_POD("", ",'hostUsers':false,'hostNetwork':true,'hostPID':true,'hostIPC':true"),
		 "spec.HostIPC: Forbidden: when `hostUsers` is false\n"
		 "spec.HostPID: Forbidden: when `hostUsers` is false\n"
		 "spec.hostNetwork: Forbidden: when `hostUsers` is false\n"},
	};

	causes_check(rows, ARRAY_LEN(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(security_causes)};

	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}
