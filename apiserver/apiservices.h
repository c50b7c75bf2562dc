/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An APIService for each group-version that this server serves itself (kubernetes/kubernetes pkg/controlplane/apiserver:
 * aggregator, crdregistration; k8s.io/kube-aggregator pkg/controllers/autoregister): clients read there that it is
 * available. Those of built-in groups are looked at once, when the server starts; those of custom resources come and go
 * with them. One that does not bear the label of being managed is somebody else's and stays as it is.
 *
 * The keeper's thread.
 */
#ifndef APISERVICES_H
#define APISERVICES_H

#include "registry/registry.h"

struct apiservices {   /* zeroed before the first call */
	bool started;  /* it has been through them once */
	uint64_t seen; /* the revision at which it has */
};
/* Makes them as they should be. BLOCKS. */
int apiservices_keep(struct apiservices *a, struct registry *r, struct storage *s,
		     struct err *err) MUST_CHECK;

#endif
