/* SPDX-License-Identifier: Apache-2.0 */
/* Templates, and what only Pods are asked. Each row is an object and all that it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/causes_test.h"

static void validate_causes(void **state)
{
	const struct causes_row
		rows[] =
			{
				{"apps", "Deployment",
				 JSON("{'metadata':{'name':'d','namespace':'n'},'spec':{'selector':{'matchLabels':{'a':'b'}},'template':{'metadata':{'labels':{'a':'b'}},'spec':{'containers':[{'name':'c','image':'i'}]}}}}"),
				 ""},
				{"apps", "Deployment",
				 JSON("{'metadata':{'name':'d','namespace':'n'},'spec':{'selector':{'matchLabels':{'a':'b'}},'template':{'metadata':{'labels':{'a':'b'},'annotations':{'a b':'c'},'name':'A_','finalizers':['x'],'ownerReferences':[{}]},'spec':{'containers':[{'name':'c','image':'i'}]}}}}"),
				 "spec.template.annotations: Invalid value: \"a b\": name part must consist …\n"},
				{"apps", "Deployment",
				 JSON("{'metadata':{'name':'d','namespace':'n'},'spec':{'selector':{'matchLabels':{'a':'b'}},'template':{'metadata':{'labels':{'a':'b','a b':'c d'}},'spec':{'containers':[{'name':'A_','image':' i'}]}}}}"),
				 "spec.template.labels: Invalid value: \"a b\": name part must consist …\n"
				 "spec.template.labels: Invalid value: \"c d\": a valid label must be an empty string or consist …\n"
				 "spec.template.spec.containers[0].name: Invalid value: \"A_\": a lowercase RFC 1123 label must consist …\n"},
				{"apps", "Deployment",
				 JSON("{'metadata':{'name':'d','namespace':'n'},'spec':{'selector':{'matchLabels':{'a':'b'}},'template':{'metadata':{'labels':{'a':'b'},'annotations':{'container.apparmor.security.beta.kubernetes.io/c':'x','seccomp.security.alpha.kubernetes.io/pod':'y'}},'spec':{'containers':[{'name':'c','image':'i'}]}}}}"),
				 "spec.template.annotations.seccomp.security.alpha.kubernetes.io/pod: Invalid value: \"y\": must be a valid seccomp profile\n"
				 "spec.template.annotations[container.apparmor.security.beta.kubernetes.io/c]: Invalid value: \"x\": invalid AppArmor profile name: \"x\"\n"},
				{"apps", "Deployment",
				 JSON("{'metadata':{'name':'d','namespace':'n'},'spec':{'selector':{'matchLabels':{'a':'b'}},'template':{'metadata':{'labels':{'a':'b'},'annotations':{'container.apparmor.security.beta.kubernetes.io/c':'unconfined'}},'spec':{'containers':[{'name':'c','image':'i'}],'securityContext':{'appArmorProfile':{'type':'RuntimeDefault'}}}}}}"),
				 "spec.template.spec.containers[0].securityContext.appArmorProfile.type: Forbidden: apparmor type in annotation and field must match\n"},
				{"apps", "ReplicaSet",
				 JSON("{'metadata':{'name':'d','namespace':'n'},'spec':{'selector':{'matchLabels':{'a':'b'}},'template':{'metadata':{'labels':{'a':'b'}},'spec':{'containers':[{'name':'c','image':'i'}],'ephemeralContainers':[{'name':'e','image':'i'}],'restartPolicy':'Never','activeDeadlineSeconds':1}}}}"),
				 "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported\n"
				 "spec.template.spec.ephemeralContainers: Forbidden: ephemeral containers not allowed in pod template\n"
				 "spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Always\"\n"},
				{"apps", "ReplicaSet", JSON("{'metadata':{'name':'d','namespace':'n'},'spec':{'selector':{'matchLabels':{'a':'b'}},'template':{'metadata':{'labels':{'a':'b'}},'spec':{'containers':[{'name':'c','image':'i'}],'hostNetwork':true,'volumes':[{'name':'v','projected':{'sources':[{'serviceAccountToken':{'path':'a'}}]}},{'name':'w','image':{}}]}}}}"),
				 ""},
				{"apps", "ReplicaSet",
				 JSON("{'metadata':{'name':'d','namespace':'n'},'spec':{'selector':{'matchLabels':{'a':'b'}},'template':{'metadata':{'labels':{'a':'b'}},'spec':{'containers':[{'name':'c','image':'i'}],'volumes':[{'name':'v','downwardAPI':{'items':[{'path':'/a','fieldRef':{'fieldPath':'x'}}]}}]}}}}"),
				 "spec.template.spec.volumes[0].downwardAPI.fieldRef.fieldPath: Invalid value: \"x\": error converting fieldPath: field label not supported: x\n"
				 "spec.template.spec.volumes[0].downwardAPI.path: Invalid value: \"/a\": must be a relative path\n"},
				{"apps", "Deployment",
				 JSON("{'metadata':{'name':'d','namespace':'n'},'spec':{'selector':{'matchLabels':{'a':'b'}},'template':{'metadata':{'labels':{'a':'b'}},'spec':{'containers':[{'name':'c','image':'i'}],'initContainers':[{'name':'x','image':'i','volumeMounts':[{'name':'v','mountPath':'/a','mountPropagation':'Bidirectional'}],'resources':{'limits':{'foo':'1'}}}]}}}}"),
				 "spec.template.spec.initContainers[0].resources.limits[foo]: Invalid value: \"foo\": must be a standard resource for containers\n"
				 "spec.template.spec.initContainers[0].resources.limits[foo]: Invalid value: \"foo\": must be a standard resource type or fully qualified\n"
				 "spec.template.spec.initContainers[0].volumeMounts.mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers\n"
				 "spec.template.spec.initContainers[0].volumeMounts[0].name: Not found: \"v\"\n"},
				{"apps", "Deployment",
				 JSON("{'metadata':{'name':'d','namespace':'n'},'spec':{'selector':{'matchLabels':{'a':'b'}},'template':{'metadata':{'labels':{'a':'b'}},'spec':{'containers':[{'name':'c','image':'i'}],'topologySpreadConstraints':[{'maxSkew':1,'topologyKey':'a b','whenUnsatisfiable':'DoNotSchedule','labelSelector':{'matchLabels':{'a':'b'}},'matchLabelKeys':['a']}]}}}}"),
				 ""},
				{"", "Pod",
				 JSON("{'metadata':{'name':'p','namespace':'n'},'spec':{'nodeName':'n','schedulingGates':[{'name':'g'}],'containers':[]}}"),
				 "spec.containers: Required value\n"
				 "spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared\n"},
			};

	causes_check(rows, ARRAY_LEN(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(validate_causes)};

	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}
