/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One node as the API server sees it: its Node object (registered, kept up to date), its Lease (renewed every
 * 10 s), and the host of its Pods. A real agent has one of these, a fake fleet thousands. Loop thread.
 *
 * The Node's status is written when something in it changed and every five minutes; what tells the control
 * plane that the node lives is the Lease. A node whose Lease could not be renewed for a while writes its
 * status at once when that works again, because by then it may have been marked as lost.
 */
#ifndef AGENT_NODE_H
#define AGENT_NODE_H

#include "agent/nodeobject.h"
#include "pod/worker.h"
#include "static/staticpod.h"

#define NODE_LEASE_NS (10 * NS_PER_S)
#define NODE_LEASE_SECONDS 40
#define NODE_STATUS_NS (300 * NS_PER_S)

struct node {
	struct pod_host host;
	struct node_object object; /* what is told; strings below */
	char *name, *pod_cidr, *not_ready_why;
	js *foreign; /* of object */
	struct resources
		offered; /* the object's resources and those, once there were any: the host's scalars */
	struct labels *labels;
	struct node_taints *taints; /* inside */
	char *uid;
	struct staticpods *statics;	   /* NULL: a fake node's */
	size_t told_pods, told_containers; /* the agent's, for its metrics */
	struct runtime_list *found; /* what the runtime had at the start; NULL once the Pods are synced */
	struct runtime_image_list images;
	char *status; /* JSON sent last */
	bool registered, lease_made, lease_failing, status_under_way, status_wanted, announced_ready;
	int64_t register_delay_ns, lease_at_ns;
	struct loop_timer register_timer, lease_timer, status_timer;
	/* Tells whether Pods can get a network; NULL = always. */
	bool (*network_ready)(void *arg, struct err *why);
	/* The API gave the node a podCIDR. */
	void (*cidr_changed)(void *arg, struct node *n, const char *cidr);
	void *arg;
};

/* `host` has its shared parts set; lease_phase in [0, 1) spreads the renewals of a fleet. Starts registering.
 */
void node_start(struct node *n, double lease_phase);
/* Looks again at everything that goes into the status; writes it when it changed. */
void node_refresh(struct node *n);
/* The Node object as the API has it now; taints, capacity: JSON or NULL; ready: status of its Ready condition. */
void node_seen(struct node *n, const char *pod_cidr, const char *taints, const char *capacity,
	       const struct labels *labels, const char *ready);
/* Its status has changed in what only the agent knows: written now. */
void node_tell(struct node *n);
void node_record(struct node *n, bool warning, const char *reason, const char *fmt, ...) PRINTF(4, 5);
/* Somebody deleted the Node object. */
void node_deleted(struct node *n);

#endif
