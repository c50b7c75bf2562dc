/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the controllers keep of API objects: one struct per kind, decoded once, shared by every controller of
 * the process (informers are shared too), so that 10,000 Pods cost their few hundred bytes once.
 *
 * All begin with struct informer_object; all are indexed by owner uid, for garbage collection.
 */
#ifndef OBJECTS_H
#define OBJECTS_H

#include "controller/informer.h"

/* Indexes that every type has; Pods have more. */
enum {
	INDEX_OWNER_UID,
	INDEX_NAMESPACE,
	INDEX_ORPHAN, /* namespace of objects without a controller */
	INDEX_COMMON,
	INDEX_POD_NODE = INDEX_COMMON,
	INDEX_POD_COUNT,
};

enum pod_phase { PHASE_PENDING, PHASE_RUNNING, PHASE_SUCCEEDED, PHASE_FAILED, PHASE_UNKNOWN };

struct toleration { /* of NoExecute taints only: eviction is all that this daemon does with them */
	char *key, *value;
	bool exists;
	int64_t seconds; /* -1 = for ever */
};
struct cm_pod {
	struct informer_object base;
	char *node; /* "" while unbound */
	enum pod_phase phase;
	bool ready;
	int64_t ready_since_ns; /* wall; of the Ready condition's last transition */
	int32_t restarts;	/* the largest of its containers */
	int32_t deletion_cost;	/* controller.kubernetes.io/pod-deletion-cost */
	struct toleration *tolerations;
	size_t n_tolerations;
};

struct cm_replicaset {
	struct informer_object base; /* with annotations */
	int32_t replicas, min_ready_seconds;
	struct selector *selector;
	char *template;		/* JSON text of spec.template */
	uint64_t template_hash; /* without the pod-template-hash label, key order ignored */
	struct {
		int32_t replicas, fully_labeled, ready, available;
		int64_t observed_generation;
		char *conditions; /* JSON text, NULL when none */
	} status;
};

struct cm_deployment {
	struct informer_object base; /* with annotations */
	int32_t replicas, min_ready_seconds, history_limit,
		progress_deadline; /* progress_deadline: INT32_MAX = none */
	bool paused, recreate;
	char *max_surge, *max_unavailable; /* JSON text of the int-or-string */
	struct selector *selector;
	char *selector_json, *template;
	uint64_t template_hash;
	struct deployment_status {
		int64_t observed_generation;
		int32_t replicas, updated, ready, available, unavailable;
		int32_t collisions; /* -1 = absent */
		char *conditions;   /* JSON text, NULL when none */
	} status;
};

struct taint {
	char *key, *value, *effect;
	int64_t added_ns; /* wall; 0 when absent */
};
struct cm_node {
	struct informer_object base;
	bool unschedulable;
	struct taint *taints;
	size_t n_taints;
	char ready; /* 'T', 'F', 'U' (Unknown), 0 when the condition is absent */
	bool memory_pressure, disk_pressure, pid_pressure, network_unavailable;
	int64_t heartbeat_ns; /* newest lastHeartbeatTime of a condition */
};

struct cm_lease {
	struct informer_object base;
	int64_t renew_ns; /* wall */
};

struct cm_namespace {
	struct informer_object base;
	bool kubernetes_finalizer; /* in spec.finalizers */
};

extern const struct informer_type cm_pod_type, cm_replicaset_type, cm_deployment_type, cm_node_type,
	cm_lease_type, cm_namespace_type;
/* Metadata only: kinds that matter here just as owners and dependants. */
extern const struct informer_type cm_configmap_type, cm_secret_type, cm_service_type, cm_serviceaccount_type,
	cm_endpoints_type, cm_controllerrevision_type;

/* Not finished and not being deleted: what counts as a replica. */
bool cm_pod_active(const struct cm_pod *p);
/* Ready for at least min_ready_seconds at `now` (wall ns). */
bool cm_pod_available(const struct cm_pod *p, int32_t min_ready_seconds, int64_t now);
/* Stable over processes and versions: names of ReplicaSets come from it. */
uint64_t cm_template_hash(const js *template);

#endif
