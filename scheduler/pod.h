/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the scheduler keeps of a Pod: decoded once from the watch event, frozen, shared by reference
 * (informer_ref).
 *
 * Requests are the effective ones: max(init containers, sum of app containers and sidecars) + overhead
 * (kubernetes/kubernetes component-helpers resource.PodRequests). cpu in millicores, the rest in bytes or
 * counts.
 */
#ifndef POD_H
#define POD_H

#include "controller/informer.h"
#include "object/labels.h"

struct scalar { /* an extended resource */
	char *name;
	int64_t value;
};
struct resources {
	int64_t cpu_milli, memory, ephemeral;
	struct scalar *scalars;
	size_t n_scalars;
};
int64_t resources_scalar(const struct resources *r, const char *name); /* 0 when absent */
/* Adds factor * b to a (factor -1 takes away). */
void resources_add(struct resources *a, const struct resources *b, int factor);
void resources_release(struct resources *r);
/* Adds the entries of a JSON ResourceList; "pods" goes to *pods when not NULL. */
void resources_add_json(struct resources *r, const js *list, int64_t *pods);

struct host_port {
	char ip[46], protocol[8];
	int port;
};
struct toleration {
	char *key, *value; /* key NULL or "" with Exists tolerates all */
	bool exists;
	char *effect; /* NULL = every effect */
};
struct taint {
	char *key, *value, *effect;
};
bool toleration_tolerates(const struct toleration *t, const struct taint *taint);

/* One term of a node selector: all requirements of labels and of fields (metadata.name) hold. */
struct node_term {
	struct requirement *labels, *fields;
	size_t n_labels, n_fields;
	int weight; /* preferred terms only */
};

struct sched_pod {
	struct informer_object base;
	char *node;	 /* spec.nodeName, "" while unbound */
	char *nominated; /* status.nominatedNodeName */
	char *scheduler;
	int32_t priority;
	bool finished; /* phase Succeeded or Failed */
	bool gated;    /* has schedulingGates */
	struct resources req;
	int64_t nonzero_cpu,
		nonzero_memory; /* as req, with upstream's defaults for containers that ask for none */
	struct host_port *ports;
	size_t n_ports;
	struct requirement *selector; /* nodeSelector, as In requirements */
	size_t n_selector;
	bool has_required; /* requiredDuringScheduling… is set (possibly with no terms, which matches nothing)
			    */
	struct node_term *required, *preferred;
	size_t n_required, n_preferred;
	struct toleration *tolerations;
	size_t n_tolerations;
	char **images;
	size_t n_images;
	size_t n_containers; /* app and init containers: image locality's scale */
	char *unschedulable; /* message of the PodScheduled=False condition now in the API, or NULL */
};

extern const struct informer_type sched_pod_type;

#endif
