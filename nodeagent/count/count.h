/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the agent counts of the lives of Pods, as kubelet_* on /metrics: the families that dashboards of kubelets read
 * (kubernetes/kubernetes pkg/kubelet/metrics/metrics.go). Who sees something happen tells it here; nothing is looked for, and
 * a family of which nobody has told anything is not there. Any thread.
 */
#ifndef COUNT_COUNT_H
#define COUNT_COUNT_H

#include <stdint.h>

enum count_family {		       /* its labels */
		    COUNT_NODE,	       /* the node's name */
		    COUNT_PODS,	       /* sandboxes that were to be made */
		    COUNT_PODS_FAILED, /* those that were not */
		    COUNT_USER_PODS,   /* the same, of Pods with user namespaces */
		    COUNT_USER_PODS_FAILED,
		    COUNT_CONTAINERS, /* kind: containers that were to be started, from their image on */
		    COUNT_CONTAINERS_FAILED, /* kind, reason */
		    COUNT_CONTAINERS_OF_POD, /* how many a Pod has that is let in */
		    COUNT_START,	     /* seconds from when a Pod was seen until it ran */
		    COUNT_PULL,		     /* size (count_size): seconds, waiting included */
		    COUNT_SANDBOX,	     /* handler: seconds */
		    COUNT_SANDBOX_FAILED,    /* handler */
		    COUNT_EVICTIONS,	     /* signal */
		    COUNT_PREEMPTIONS,	     /* resource */
		    COUNT_REJECTIONS,	     /* reason (count_rejection) */
		    COUNT_FAMILIES
};
/* As many as v, a value, or one more observation: what the family's type makes of it. a, b: values of its labels, or NULL. */
void count_tell(enum count_family f, const char *a, const char *b, double v);

/* Which of a few sizes an image has. */
const char *count_size(int64_t bytes);
/* Reasons are told by name when they are among those that there are. */
const char *count_rejection(const char *reason);

#endif
