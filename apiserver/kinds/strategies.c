/* SPDX-License-Identifier: Apache-2.0 */
/* The list of all strategies. */
#include "kinds/strategies.h"

static const struct strategy *const strategies[] = {
	&endpointslice_strategy,

	&ingress_strategy,
	&ingressclass_strategy,
	&networkpolicy_strategy,
	&servicecidr_strategy,
	&ipaddress_strategy,

	&deviceclass_strategy,
	&resourceclaim_strategy,
	&resourceclaimtemplate_strategy,
	&resourceslice_strategy,

	&storageclass_strategy,
	&volumeattributesclass_strategy,
	&csidriver_strategy,
	&csinode_strategy,
	&csistoragecapacity_strategy,
	&volumeattachment_strategy,

	&pods_strategy,
	&deployment_strategy,
	&replicaset_strategy,
	&namespace_strategy,
	&node_strategy,
	&service_strategy,
	&endpoints_strategy,
	&configmap_strategy,
	&secret_strategy,
	&serviceaccount_strategy,
	&lease_strategy,
	&event_strategy,
	&controllerrevision_strategy,
	&persistentvolume_strategy,
	&persistentvolumeclaim_strategy,
	&replicationcontroller_strategy,
	&podtemplate_strategy,
	&limitrange_strategy,
	&resourcequota_strategy,
	&csr_strategy,
	&statefulset_strategy,
	&daemonset_strategy,
	&job_strategy,
	&cronjob_strategy,
	&priorityclass_strategy,
	&runtimeclass_strategy,
	&role_strategy,
	&clusterrole_strategy,
	&rolebinding_strategy,
	&clusterrolebinding_strategy,
	&hpa_strategy,
	&poddisruptionbudget_strategy,
	&apiservice_strategy,
	&flowschema_strategy,
	&prioritylevel_strategy,
	&mutatingwebhook_strategy,
	&validatingwebhook_strategy,
	&validatingpolicy_strategy,
	&validatingpolicybinding_strategy,
	&customresourcedefinition_strategy,
};
const struct strategy *strategies_look_up(const struct kind *k)
{
	if (k->type->structural)
		return &customresource_strategy;
	for (size_t i = 0; i < ARRAY_LEN(strategies); i++)
		if (!strcmp(strategies[i]->kind, k->kind) && !strcmp(strategies[i]->group, k->group))
			return strategies[i];
	return NULL;
}
