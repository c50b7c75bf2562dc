/* SPDX-License-Identifier: Apache-2.0 */
/* See plain.h. */
#include "decode/plain.h"

#include <string.h>
#include "base/map.h"
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

/* ---- ConfigMaps: one name's content is of interest, as a number ---- */

struct ca_hash {
	uint64_t v;
};
static const struct decode_spec ca_hash_spec = {.size = sizeof(struct ca_hash)};

static bool hash_string(struct scan *s, uint64_t *ret)
{
	autobuf struct buf text = BUF_INIT;
	const char *p;
	size_t n;
	bool escaped;

	if (scan_peek(s) != SCAN_STRING)
		return scan_skip(s);
	if (!scan_string(s, &p, &n, &escaped))
		return false;
	scan_unescape(&text, p, n);
	*ret = map_hash(buf_str(&text), text.len);
	return true;
}

/* The only value below ROOT_CA_KEY, or 0. */
static bool read_root_ca(struct scan *s, struct arena *a, void *field)
{
	uint64_t *ret = field, hash = 0;
	const char *key;
	size_t len, n = 0;

	*ret = 0;
	if (scan_peek(s) != SCAN_OBJECT)
		return scan_skip(s);
	if (!scan_enter_object(s))
		return false;
	for (; scan_key(s, &key, &len); n++)
		if (!(scan_key_is(key, len, ROOT_CA_KEY) ? hash_string(s, &hash) : scan_skip(s)))
			return false;
	if (n == 1)
		*ret = hash;
	return !scan_failed(s);
}

static void configmap_finish(void *o)
{
	struct cm_configmap *c = o;

	if (!c->described || strcmp(c->base.meta.name, ROOT_CA_NAME))
		c->root_ca = 0;
}

struct description {
	bool there;
};
static const struct decode_row description_rows[] = {
	DECODE_PRESENT(ROOT_CA_ANNOTATION, struct description, there)};
static const struct decode_spec description_spec =
	DECODE_SPEC(struct description, description_rows, .literal = true);
static const struct decode_row configmap_rows[] = {
	DECODE_STRUCT("metadata", struct cm_configmap, base.meta, &meta_spec),
	DECODE_STRUCT("metadata.annotations", struct cm_configmap, described, &description_spec),
	DECODE_CALL("data", struct cm_configmap, root_ca, read_root_ca, &ca_hash_spec),
};
static const struct cm_configmap configmap_initial = {NO_META};
static const struct decode_spec configmap_spec = DECODE_SPEC(
	struct cm_configmap, configmap_rows, .initial = &configmap_initial, .finish = configmap_finish);

/* ---- the rest ---- */

struct plain {
	struct informer_object base;
};
static const struct decode_row plain_rows[] = {
	DECODE_STRUCT("metadata", struct plain, base.meta, &meta_spec)};
static const struct plain plain_initial = {NO_META};
static const struct decode_spec plain_spec = DECODE_SPEC(struct plain, plain_rows, .initial = &plain_initial);

static void metadata_finish(void *o)
{
	((struct plain *)o)->base.meta.labels = NULL;
}

static const struct decode_spec metadata_spec =
	DECODE_SPEC(struct plain, plain_rows, .initial = &plain_initial, .finish = metadata_finish);

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

TYPE(cm_metadata_type, "", "", "", metadata_spec);
TYPE(cm_lease_type, "coordination.k8s.io", "leases", "Lease", lease_spec);
TYPE(cm_namespace_type, "", "namespaces", "Namespace", namespace_spec);
TYPE(cm_configmap_type, "", "configmaps", "ConfigMap", configmap_spec);
TYPE(cm_serviceaccount_type, "", "serviceaccounts", "ServiceAccount", plain_spec);
TYPE(cm_resourcequota_type, "", "resourcequotas", "ResourceQuota", metadata_spec);
TYPE(cm_persistentvolumeclaim_type, "", "persistentvolumeclaims", "PersistentVolumeClaim", plain_spec);
