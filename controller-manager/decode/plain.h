/* SPDX-License-Identifier: Apache-2.0 */
/* Kinds of which controllers keep the metadata only, or that and a word: owners, dependants, signs of life. */
#ifndef DECODE_PLAIN_H
#define DECODE_PLAIN_H

#include "decode/index.h"

struct cm_lease {
	struct informer_object base;
	int64_t renew_ns; /* wall */
};
struct cm_namespace {
	struct informer_object base;
	bool kubernetes_finalizer; /* in spec.finalizers */
	/* Inside: decoded, and gone. */
	const char *const *finalizers;
	size_t n_finalizers;
};
extern const struct informer_type cm_lease_type, cm_namespace_type;
/* Metadata only. */
extern const struct informer_type cm_configmap_type, cm_secret_type, cm_service_type, cm_serviceaccount_type,
	cm_endpoints_type, cm_controllerrevision_type;

#endif
