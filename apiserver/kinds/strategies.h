/* SPDX-License-Identifier: Apache-2.0 */
/* One line per kind with behaviour of its own; strategies.c lists them for strategy_find. */
#ifndef KINDS_STRATEGIES_H
#define KINDS_STRATEGIES_H

#include "kinds/strategy.h"

/* The behaviour of a kind by its group and name, NULL when it has none; for binding, see schema_bind. */
const struct strategy *strategies_look_up(const struct kind *k);

extern const struct strategy pods_strategy, deployment_strategy, replicaset_strategy, namespace_strategy,
	node_strategy, service_strategy, endpoints_strategy, configmap_strategy, secret_strategy,
	serviceaccount_strategy, lease_strategy, event_strategy, controllerrevision_strategy;
extern const struct strategy persistentvolume_strategy, persistentvolumeclaim_strategy,
	replicationcontroller_strategy, podtemplate_strategy, limitrange_strategy, resourcequota_strategy;
extern const struct strategy csr_strategy;
extern const struct strategy statefulset_strategy, daemonset_strategy, job_strategy, cronjob_strategy;
extern const struct strategy priorityclass_strategy, runtimeclass_strategy;
extern const struct strategy endpointslice_strategy;
extern const struct strategy deviceclass_strategy, resourceclaim_strategy, resourceclaimtemplate_strategy,
	resourceslice_strategy;
extern const struct strategy ingress_strategy, ingressclass_strategy, networkpolicy_strategy,
	servicecidr_strategy, ipaddress_strategy;
extern const struct strategy storageclass_strategy, volumeattributesclass_strategy, csidriver_strategy,
	csinode_strategy, csistoragecapacity_strategy, volumeattachment_strategy;
extern const struct strategy hpa_strategy, poddisruptionbudget_strategy;

/* admissionregistration */
extern const struct strategy mutatingwebhook_strategy, validatingwebhook_strategy, validatingpolicy_strategy,
	validatingpolicybinding_strategy;
/* apiregistration, flowcontrol */
extern const struct strategy apiservice_strategy, flowschema_strategy, prioritylevel_strategy;
/* rbac */
extern const struct strategy role_strategy, clusterrole_strategy, rolebinding_strategy,
	clusterrolebinding_strategy;
extern const struct strategy customresourcedefinition_strategy, customresource_strategy;

#endif
