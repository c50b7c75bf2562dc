/* SPDX-License-Identifier: Apache-2.0 */
/* See plain.h. */
#include "decode/plain.h"

#include <string.h>
#include "base/mem.h"
#include "object/decode.h"

#define NO_META .base.meta = {.name = (char *)"", .namespace = (char *)"", .uid = (char *)""}

static const struct decode_row lease_rows[] = {
	DECODE_STRUCT("metadata", struct cm_lease, base.meta, &meta_spec),
	DECODE_TIME("spec.renewTime", struct cm_lease, renew_ns),
};
static const struct cm_lease lease_initial = {NO_META};
static const struct decode_spec lease_spec =
	DECODE_SPEC(struct cm_lease, lease_rows, .initial = &lease_initial);

static void namespace_finish(void *o)
{
	struct cm_namespace *ns = o;

	for (size_t i = 0; i < ns->n_finalizers; i++)
		ns->kubernetes_finalizer |= !strcmp(ns->finalizers[i], "kubernetes");
	ns->finalizers = NULL;
	ns->n_finalizers = 0;
}

static const struct decode_row namespace_rows[] = {
	DECODE_STRUCT("metadata", struct cm_namespace, base.meta, &meta_spec),
	DECODE_STRINGS("spec.finalizers", struct cm_namespace, finalizers, n_finalizers),
};
static const struct cm_namespace namespace_initial = {NO_META};
static const struct decode_spec namespace_spec = DECODE_SPEC(
	struct cm_namespace, namespace_rows, .initial = &namespace_initial, .finish = namespace_finish);

struct plain {
	struct informer_object base;
};
static const struct decode_row plain_rows[] = {
	DECODE_STRUCT("metadata", struct plain, base.meta, &meta_spec)};
static const struct plain plain_initial = {NO_META};
static const struct decode_spec plain_spec = DECODE_SPEC(struct plain, plain_rows, .initial = &plain_initial);

#define TYPE(ident, g, r, k, spec)                                                                           \
	const struct informer_type ident = {                                                                 \
		.group = g,                                                                                  \
		.version = "v1",                                                                             \
		.resource = r,                                                                               \
		.kind = k,                                                                                   \
		.rows = &spec,                                                                               \
		.n_indexes = INDEX_COMMON,                                                                   \
		.index = cm_index,                                                                           \
	}

TYPE(cm_lease_type, "coordination.k8s.io", "leases", "Lease", lease_spec);
TYPE(cm_namespace_type, "", "namespaces", "Namespace", namespace_spec);
TYPE(cm_configmap_type, "", "configmaps", "ConfigMap", plain_spec);
TYPE(cm_secret_type, "", "secrets", "Secret", plain_spec);
TYPE(cm_service_type, "", "services", "Service", plain_spec);
TYPE(cm_serviceaccount_type, "", "serviceaccounts", "ServiceAccount", plain_spec);
TYPE(cm_endpoints_type, "", "endpoints", "Endpoints", plain_spec);
TYPE(cm_controllerrevision_type, "apps", "controllerrevisions", "ControllerRevision", plain_spec);
