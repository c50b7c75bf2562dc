/* SPDX-License-Identifier: Apache-2.0 */
/* The controllers of this daemon, one file each; main.c lists them. */
#ifndef CONTROLLERS_H
#define CONTROLLERS_H

#include <assert.h>
#include "controller/controller.h"

extern const struct controller replicaset_controller, deployment_controller, garbage_collector,
	namespace_controller, node_lifecycle_controller, taint_eviction_controller, serviceaccount_controller,
	root_ca_publisher, pod_garbage_collector, job_controller, ttl_after_finished_controller,
	daemonset_controller, statefulset_controller;
extern const struct controller replication_controller, disruption_controller, ttl_controller,
	resourcequota_controller;
extern const struct controller cronjob_controller, hpa_controller, ipam_controller;

#endif
