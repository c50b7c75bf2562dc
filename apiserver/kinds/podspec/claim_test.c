/* SPDX-License-Identifier: Apache-2.0 */
/* Claims that ephemeral volumes are made from. Each row is an object and all that it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/causes_test.h"

static void claim_causes(void **state)
{
	const struct causes_row rows[] = {
		{CAUSES_POD("", ",'volumes':[{'name':'v','ephemeral':{}}]"),
		 "spec.volumes[0].ephemeral.volumeClaimTemplate: Required value\n"},
		{CAUSES_POD(
			 "",
			 ",'volumes':[{'name':'v','ephemeral':{'volumeClaimTemplate':{'metadata':{'name':'x','uid':'y','labels':{'a b':'c d'},'annotations':{'a b':''}},'spec':{}}}}]"),
		 "spec.volumes[0].ephemeral.volumeClaimTemplate.metadata.annotations: Invalid value: \"a b\": name part must consist …\n"
		 "spec.volumes[0].ephemeral.volumeClaimTemplate.metadata.labels: Invalid value: \"a b\": name part must consist …\n"
		 "spec.volumes[0].ephemeral.volumeClaimTemplate.metadata.labels: Invalid value: \"c d\": a valid label must be an empty string or consist …\n"
		 "spec.volumes[0].ephemeral.volumeClaimTemplate.metadata.name: Forbidden: cannot be set\n"
		 "spec.volumes[0].ephemeral.volumeClaimTemplate.metadata.uID: Forbidden: cannot be set\n"
		 "spec.volumes[0].ephemeral.volumeClaimTemplate.spec.accessModes: Required value: at least 1 access mode is required\n"
		 "spec.volumes[0].ephemeral.volumeClaimTemplate.spec.resources[storage]: Required value\n"},
		{CAUSES_POD(
			 "",
			 ",'volumes':[{'name':'v','ephemeral':{'volumeClaimTemplate':{'spec':{'accessModes':['x','ReadWriteOnce','ReadWriteOncePod'],'resources':{'requests':{'storage':'-1'}},'storageClassName':'A_','volumeMode':'x','dataSource':{},'dataSourceRef':{'apiGroup':'A_','kind':'k','name':'n'}}}}}]"),
		 "spec.volumes[0].ephemeral.volumeClaimTemplate.spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes\n"
		 "spec.volumes[0].ephemeral.volumeClaimTemplate.spec.accessModes: Unsupported value: \"x\": supported values: \"ReadOnlyMany\", \"ReadWriteMany\", \"ReadWriteOnce\", \"ReadWriteOncePod\"\n"
		 "spec.volumes[0].ephemeral.volumeClaimTemplate.spec.dataSource.kind: Required value\n"
		 "spec.volumes[0].ephemeral.volumeClaimTemplate.spec.dataSource.name: Required value\n"
		 "spec.volumes[0].ephemeral.volumeClaimTemplate.spec.dataSource: Invalid value: \"\": must be 'PersistentVolumeClaim' when referencing the default apiGroup\n"
		 "spec.volumes[0].ephemeral.volumeClaimTemplate.spec.dataSourceRef.apiGroup: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist …\n"
		 "spec.volumes[0].ephemeral.volumeClaimTemplate.spec.resources[storage]: Invalid value: \"-1\": must be greater than zero\n"
		 "spec.volumes[0].ephemeral.volumeClaimTemplate.spec.storageClassName: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist …\n"
		 "spec.volumes[0].ephemeral.volumeClaimTemplate.spec.volumeMode: Unsupported value: \"x\": supported values: \"Block\", \"Filesystem\"\n"
		 "spec.volumes[0].ephemeral.volumeClaimTemplate.spec: Invalid value: \"spec.volumes[0].ephemeral.volumeClaimTemplate.spec.dataSource\": must match dataSourceRef\n"},
		{CAUSES_POD(
			 "",
			 ",'volumes':[{'name':'v','ephemeral':{'volumeClaimTemplate':{'spec':{'accessModes':['ReadWriteOnce'],'resources':{'requests':{'storage':'1'}}}}}},{'name':'w','persistentVolumeClaim':{'claimName':'p-v'}}]"),
		 "spec.volumes[1].persistentVolumeClaim.claimName: Invalid value: \"p-v\": must not reference a PVC that gets created for an ephemeral volume\n"},
	};

	causes_check(rows, ARRAY_LEN(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(claim_causes)};

	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}
