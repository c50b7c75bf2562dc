/* SPDX-License-Identifier: Apache-2.0 */
/* Annotations that say something about the spec. Each row is an object and all that it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/causes_test.h"

static void profiles_causes(void **state)
{
	const struct
		causes_row
			rows
				[] =
					{
						{"", "Pod",
						 JSON("{'metadata':{'name':'p','namespace':'n','annotations':{'container.apparmor.security.beta.kubernetes.io/c':'runtime/default'}},'spec':{'containers':[{'name':'c','image':'i'}]}}"),
						 ""},
						{"", "Pod",
						 JSON("{'metadata':{'name':'p','namespace':'n','annotations':{'container.apparmor.security.beta.kubernetes.io/c':'x'}},'spec':{'containers':[{'name':'c','image':'i'}]}}"),
						 "metadata.annotations[container.apparmor.security.beta.kubernetes.io/c]: Invalid value: \"x\": invalid AppArmor profile name: \"x\"\n"},
						{"", "Pod",
						 JSON("{'metadata':{'name':'p','namespace':'n','annotations':{'container.apparmor.security.beta.kubernetes.io/d':'localhost/a'}},'spec':{'containers':[{'name':'c','image':'i'}]}}"),
						 "metadata.annotations[container.apparmor.security.beta.kubernetes.io/d]: Invalid value: \"d\": container not found\n"},
						{"", "Pod",
						 JSON("{'metadata':{'name':'p','namespace':'n','annotations':{'container.apparmor.security.beta.kubernetes.io/c':''}},'spec':{'containers':[{'name':'c','image':'i'}]}}"),
						 ""},
						{"", "Pod",
						 JSON("{'metadata':{'name':'p','namespace':'n','annotations':{'seccomp.security.alpha.kubernetes.io/pod':'docker/default'}},'spec':{'containers':[{'name':'c','image':'i'}]}}"),
						 ""},
						{"", "Pod",
						 JSON("{'metadata':{'name':'p','namespace':'n','annotations':{'seccomp.security.alpha.kubernetes.io/pod':'x'}},'spec':{'containers':[{'name':'c','image':'i'}]}}"),
						 "metadata.annotations.seccomp.security.alpha.kubernetes.io/pod: Invalid value: \"x\": must be a valid seccomp profile\n"},
						{"", "Pod",
						 JSON("{'metadata':{'name':'p','namespace':'n','annotations':{'container.seccomp.security.alpha.kubernetes.io/c':'localhost//../a'}},'spec':{'containers':[{'name':'c','image':'i'}]}}"),
						 "metadata.annotations.container.seccomp.security.alpha.kubernetes.io/c: Invalid value: \"/../a\": must be a relative path\n"
						 "metadata.annotations.container.seccomp.security.alpha.kubernetes.io/c: Invalid value: \"/../a\": must not contain '..'\n"},
						{"", "Pod",
						 JSON("{'metadata':{'name':'p','namespace':'n','annotations':{'kubernetes.io/config.mirror':'x'}},'spec':{'containers':[{'name':'c','image':'i'}]}}"),
						 "metadata.annotations[kubernetes.io/config.mirror]: Invalid value: \"x\": must set spec.nodeName if mirror pod annotation is set\n"},
						{"", "Pod",
						 JSON("{'metadata':{'name':'p','namespace':'n','annotations':{'kubernetes.io/config.mirror':'x'}},'spec':{'containers':[{'name':'c','image':'i'}],'nodeName':'n'}}"),
						 ""},
						{"", "Pod",
						 JSON("{'metadata':{'name':'p','namespace':'n','annotations':{'controller.kubernetes.io/pod-deletion-cost':'2147483648'}},'spec':{'containers':[{'name':'c','image':'i'}]}}"),
						 "metadata.annotations[controller.kubernetes.io/pod-deletion-cost]: Invalid value: \"2147483648\": must be a 32bit integer\n"},
						{"", "Pod",
						 JSON("{'metadata':{'name':'p','namespace':'n','annotations':{'controller.kubernetes.io/pod-deletion-cost':'-1'}},'spec':{'containers':[{'name':'c','image':'i'}]}}"),
						 ""},
						{"", "Pod",
						 JSON("{'metadata':{'name':'p','namespace':'n','annotations':{'controller.kubernetes.io/pod-deletion-cost':'+1'}},'spec':{'containers':[{'name':'c','image':'i'}]}}"),
						 "metadata.annotations[controller.kubernetes.io/pod-deletion-cost]: Invalid value: \"+1\": must be a 32bit integer\n"},
						{"", "Pod",
						 JSON("{'metadata':{'name':'p','namespace':'n','annotations':{'controller.kubernetes.io/pod-deletion-cost':'01'}},'spec':{'containers':[{'name':'c','image':'i'}]}}"),
						 "metadata.annotations[controller.kubernetes.io/pod-deletion-cost]: Invalid value: \"01\": must be a 32bit integer\n"},
						{"", "Pod",
						 JSON("{'metadata':{'name':'p','namespace':'n','annotations':{'scheduler.alpha.kubernetes.io/tolerations':'[{}]'}},'spec':{'containers':[{'name':'c','image':'i'}]}}"),
						 "metadata.annotations.scheduler.alpha.kubernetes.io/tolerations[0].operator: Invalid value: \"\": operator must be Exists when `key` is empty, which means \"match all values and all keys\"\n"},
						{"", "Pod",
						 JSON("{'metadata':{'name':'p','namespace':'n','annotations':{'container.apparmor.security.beta.kubernetes.io/c':'unconfined'}},'spec':{'containers':[{'name':'c','image':'i','securityContext':{'appArmorProfile':{'type':'RuntimeDefault'}}}]}}"),
						 "spec.containers[0].securityContext.appArmorProfile.type: Forbidden: apparmor type in annotation and field must match\n"},
						{"", "Pod",
						 JSON("{'metadata':{'name':'p','namespace':'n','annotations':{'container.apparmor.security.beta.kubernetes.io/c':'localhost/a'}},'spec':{'containers':[{'name':'c','image':'i'}],'securityContext':{'appArmorProfile':{'type':'Localhost','localhostProfile':'b'}}}}"),
						 ""},
						{"", "Pod",
						 JSON("{'metadata':{'name':'p','namespace':'n','annotations':{'container.apparmor.security.beta.kubernetes.io/c':'unconfined'}},'spec':{'containers':[{'name':'c','image':'i','securityContext':{'appArmorProfile':{'type':'RuntimeDefault'}}}],'os':{'name':'windows'}}}"), "spec.containers[0].securityContext.appArmorProfile: Forbidden: cannot be set for a windows pod\n"},
						{"", "Pod",
						 JSON("{'metadata':{'name':'p','namespace':'n','annotations':{'seccomp.security.alpha.kubernetes.io/pod':'localhost/a'}},'spec':{'containers':[{'name':'c','image':'i'}],'securityContext':{'seccompProfile':{'type':'Localhost','localhostProfile':'b'}}}}"),
						 "spec.securityContext.seccompProfile.localhostProfile: Forbidden: seccomp profile in annotation and field must match\n"},
						{"", "Pod",
						 JSON("{'metadata':{'name':'p','namespace':'n','annotations':{'container.seccomp.security.alpha.kubernetes.io/c':'docker/default'}},'spec':{'containers':[{'name':'c','image':'i','securityContext':{'seccompProfile':{'type':'RuntimeDefault'}}}]}}"),
						 ""},
						{"", "Pod",
						 JSON("{'metadata':{'name':'p','namespace':'n','annotations':{'container.seccomp.security.alpha.kubernetes.io/c':'runtime/default'}},'spec':{'containers':[{'name':'c','image':'i','securityContext':{'seccompProfile':{'type':'Unconfined'}}}]}}"),
						 "spec.containers[0].securityContext.seccompProfile.type: Forbidden: seccomp type in annotation and field must match\n"},
					};

	causes_check(rows, ARRAY_LEN(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(profiles_causes)};

	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}
