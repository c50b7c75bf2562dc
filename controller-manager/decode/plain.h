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
#define ROOT_CA_NAME "kube-root-ca.crt"
#define ROOT_CA_KEY "ca.crt"
#define ROOT_CA_ANNOTATION "kubernetes.io/description"
struct cm_configmap {
	struct informer_object base;
	/* Of one of that name, with that annotation and nothing but that key: map_hash of its value. Else 0. */
	uint64_t root_ca;
	bool described; /* has the annotation */
};
extern const struct informer_type cm_lease_type, cm_namespace_type, cm_configmap_type;
/* Metadata without labels, of kinds that are known by name only: what informer_late_add begins with. */
extern const struct informer_type cm_metadata_type;
/* Metadata only. */
extern const struct informer_type cm_serviceaccount_type, cm_resourcequota_type,
	cm_persistentvolumeclaim_type;

#endif
