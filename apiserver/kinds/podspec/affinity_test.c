/* SPDX-License-Identifier: Apache-2.0 */
/* Affinity to nodes and Pods. Each row is an object and all that it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/causes_test.h"

static void affinity_causes(void **state)
{
	const struct causes_row
		rows
			[] =
				{
					{CAUSES_POD(
						 "",
						 ",'affinity':{'nodeAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':{}}}"),
					 "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: must have at least one node selector term\n"},
					{CAUSES_POD(
						 "",
						 ",'affinity':{'nodeAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':{'nodeSelectorTerms':[{'matchExpressions':[{'key':'','operator':'x'},{'key':'a','operator':'In'},{'key':'a','operator':'Exists','values':['b']},{'key':'a','operator':'Gt','values':['1','2']},{'key':'a','operator':'In','values':['a b']}],'matchFields':[{'key':'a','operator':'Exists'},{'key':'metadata.name','operator':'In','values':['A_']},{'key':'metadata.name','operator':'In'},{'key':'metadata.name','operator':'x','values':['b']}]}]}}}"),
					 "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].key: Invalid value: \"\": name part must be non-empty\n"
					 "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].key: Invalid value: \"\": name part must consist …\n"
					 "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].operator: Invalid value: \"x\": not a valid selector operator\n"
					 "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[1].values: Required value: must be specified when `operator` is 'In' or 'NotIn'\n"
					 "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[2].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'\n"
					 "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[3].values: Required value: must be specified single value when `operator` is 'Lt' or 'Gt'\n"
					 "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[4].values[0]: Invalid value: \"a b\": a valid label must be an empty string or consist …\n"
					 "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchFields[0].key: Invalid value: \"a\": not a valid field selector key\n"
					 "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchFields[0].operator: Invalid value: \"Exists\": not a valid selector operator\n"
					 "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchFields[1].values[0]: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist …\n"
					 "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchFields[2].values: Required value: must be only one value when `operator` is 'In' or 'NotIn' for node field selector\n"
					 "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchFields[3].operator: Invalid value: \"x\": not a valid selector operator\n"},
					{CAUSES_POD(
						 "",
						 ",'affinity':{'nodeAffinity':{'preferredDuringSchedulingIgnoredDuringExecution':[{'weight':0,'preference':{'matchExpressions':[{'key':'a','operator':'In','values':['a b']}]}},{'weight':101,'preference':{}}]}}"),
					 "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 0: must be in the range 1-100\n"
					 "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[1].weight: Invalid value: 101: must be in the range 1-100\n"},
					{CAUSES_POD("", ",'affinity':{'podAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':[{'topologyKey':''},{'topologyKey':'a b','namespaces':['A_'],'labelSelector':{'matchLabels':{'a b':'c d'}},'namespaceSelector':{'matchExpressions':[{'key':'','operator':'x','values':['a b']}]}}]}}"),
					 "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Invalid value: \"\": name part must be non-empty\n"
					 "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Invalid value: \"\": name part must consist …\n"
					 "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Required value: can not be empty\n"
					 "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[1].labelSelector.matchLabels: Invalid value: \"a b\": name part must consist …\n"
					 "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[1].labelSelector.matchLabels: Invalid value: \"c d\": a valid label must be an empty string or consist …\n"
					 "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[1].namespace: Invalid value: \"A_\": a lowercase RFC 1123 label must consist …\n"
					 "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[1].namespaceSelector.matchExpressions[0].key: Invalid value: \"\": name part must be non-empty\n"
					 "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[1].namespaceSelector.matchExpressions[0].key: Invalid value: \"\": name part must consist …\n"
					 "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[1].namespaceSelector.matchExpressions[0].operator: Invalid value: \"x\": not a valid selector operator\n"
					 "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[1].namespaceSelector.matchExpressions[0].values[0]: Invalid value: \"a b\": a valid label must be an empty string or consist …\n"
					 "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[1].topologyKey: Invalid value: \"a b\": name part must consist …\n"},
					{CAUSES_POD(
						 "",
						 ",'affinity':{'podAntiAffinity':{'preferredDuringSchedulingIgnoredDuringExecution':[{'weight':0,'podAffinityTerm':{'topologyKey':'a','matchLabelKeys':['k'],'mismatchLabelKeys':['k']}},{'weight':1,'podAffinityTerm':{'topologyKey':'a','labelSelector':{'matchLabels':{'k':'v'},'matchExpressions':[{'key':'k','operator':'Exists'}]},'matchLabelKeys':['k','a b'],'mismatchLabelKeys':['k']}}]}}"),
					 "spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm.matchLabelKeys: Forbidden: must not be specified when labelSelector is not set\n"
					 "spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm.matchLabelKeys[0]: Invalid value: \"k\": exists in both matchLabelKeys and mismatchLabelKeys\n"
					 "spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm.mismatchLabelKeys: Forbidden: must not be specified when labelSelector is not set\n"
					 "spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 0: must be in the range 1-100\n"
					 "spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[1].podAffinityTerm.matchLabelKeys[0]: Invalid value: \"k\": exists in both matchLabelKeys and mismatchLabelKeys\n"
					 "spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[1].podAffinityTerm.matchLabelKeys[1]: Invalid value: \"a b\": name part must consist …\n"
					 "spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[1].podAffinityTerm[0]: Invalid value: \"k\": exists in both matchLabelKeys and labelSelector\n"},
				};

	causes_check(rows, ARRAY_LEN(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(affinity_causes)};

	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}
