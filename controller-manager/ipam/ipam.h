/* SPDX-License-Identifier: Apache-2.0 */
/* Which networks the nodes' Pods get: the controller's settings. Before the start. */
#ifndef IPAM_IPAM_H
#define IPAM_IPAM_H

#include <stdbool.h>
#include "base/err.h"

struct ipam_config {
	bool allocate;
	const char *cluster_cidrs;  /* one, or one of each family, with a comma between */
	const char *service_cidrs;  /* likewise; nodes do not get these */
	int mask, mask_v4, mask_v6; /* 0 = not said */
};
/* REASON_INVALID in upstream's words. The strings are borrowed for the call. */
int ipam_configure(const struct ipam_config *c, struct err *err) MUST_CHECK;

#endif
