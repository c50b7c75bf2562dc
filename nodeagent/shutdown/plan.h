/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long Pods get when the machine goes down, by their priority: the settings of graceful node shutdown become groups that
 * end one after another (kubernetes/kubernetes pkg/kubelet/nodeshutdown/nodeshutdown_manager.go, apis/config/validation).
 * Pure, any thread.
 */
#ifndef SHUTDOWN_PLAN_H
#define SHUTDOWN_PLAN_H

#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

#define PLAN_GROUPS_MAX 256

struct plan_group {
	int64_t priority; /* of the lowest Pod in it; the first one has all that are lower, too */
	int64_t seconds;
};
struct plan {
	struct plan_group v[PLAN_GROUPS_MAX]; /* the lowest first: it goes first */
	size_t n;			      /* 0: nobody waits for Pods */
};

struct plan_config {
	int64_t grace_ns, critical_ns; /* all of it; what of that is the critical Pods' */
	const char *by_priority;       /* "PRIORITY:SECONDS,…" instead of both; NULL = "" */
};
int plan_make(struct plan *ret, const struct plan_config *c, struct err *err) MUST_CHECK;
/* The group that a Pod of this priority goes with. There is one. */
size_t plan_find(const struct plan *p, int64_t priority);
/* What a Pod of the group gets that asks for so much. */
int64_t plan_grace_s(const struct plan_group *g, int64_t own_s);
/* So long the machine is held back at most. */
int64_t plan_total_s(const struct plan *p);

#endif
