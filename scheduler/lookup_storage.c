/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the storage kinds; see lookup_storage.h. */
#include "lookup_storage.h"

#include <string.h>
#include "object/decode.h"

#define META(T)                                                                                              \
	DECODE_STRING("metadata.name", T, base.meta.name),                                                   \
		DECODE_STRING("metadata.namespace", T, base.meta.namespace),                                 \
		DECODE_STRING("metadata.uid", T, base.meta.uid),                                             \
		DECODE_UINT64("metadata.resourceVersion", T, base.meta.rv),                                  \
		DECODE_TIME("metadata.deletionTimestamp", T, base.meta.deleted_ns)
#define NAMED .base.meta = {.name = (char *)"", .namespace = (char *)"", .uid = (char *)""}

/* ---- claims ---- */
#define C struct lookup_claim
#define BETA_CLASS "volume.beta.kubernetes.io/storage-class"
struct claim_notes {
	const char *bound, *selected, *class;
};
static const struct decode_row claim_note_rows[] = {
	DECODE_STRING("pv.kubernetes.io/bind-completed", struct claim_notes, bound),
	DECODE_STRING("volume.kubernetes.io/selected-node", struct claim_notes, selected),
	DECODE_STRING(BETA_CLASS, struct claim_notes, class),
};
static const struct decode_spec claim_notes_spec =
	DECODE_SPEC(struct claim_notes, claim_note_rows, .literal = true);
static const struct decode_row claim_rows[] = {
	META(C),
	DECODE_ARRAY("metadata.ownerReferences", C, base.meta.owners, base.meta.n_owners, &meta_owner_spec),
	DECODE_STRUCT("metadata.annotations", C, notes, &claim_notes_spec),
	DECODE_STRING("spec.volumeName", C, volume),
	DECODE_STRING("spec.storageClassName", C, class),
	DECODE_STRING("spec.volumeMode", C, mode),
	DECODE_STRINGS("spec.accessModes", C, access, n_access),
	DECODE_POINTER("spec.selector", C, selector, &label_query_spec),
	DECODE_VALUE("spec.resources.requests.storage", C, size),
	DECODE_STRING("status.phase", C, phase),
};
static const struct lookup_claim no_claim = {NAMED, .volume = "", .class = "", .mode = "Filesystem",
					     .phase = ""};
const struct decode_spec lookup_claim_spec = DECODE_SPEC(C, claim_rows, .initial = &no_claim);

const char *lookup_claim_class(const struct lookup_claim *c)
{
	return c->notes.class ? c->notes.class : c->class;
}

/* ---- volumes ---- */
#define V struct lookup_volume
struct volume_notes {
	const char *class;
};
static const struct decode_row volume_note_rows[] = {DECODE_STRING(BETA_CLASS, struct volume_notes, class)};
static const struct decode_spec volume_notes_spec =
	DECODE_SPEC(struct volume_notes, volume_note_rows, .literal = true);
static const struct decode_row volume_rows[] = {
	META(V),
	DECODE_LABELS("metadata.labels", V, base.meta.labels),
	DECODE_STRUCT("metadata.annotations", V, notes, &volume_notes_spec),
	DECODE_STRING("spec.storageClassName", V, class),
	DECODE_STRING("spec.volumeMode", V, mode),
	DECODE_STRINGS("spec.accessModes", V, access, n_access),
	DECODE_VALUE("spec.capacity.storage", V, size),
	DECODE_PRESENT("spec.claimRef", V, claimed),
	DECODE_STRING("spec.claimRef.namespace", V, claim.namespace),
	DECODE_STRING("spec.claimRef.name", V, claim.name),
	DECODE_STRING("spec.claimRef.uid", V, claim.uid),
	DECODE_STRING("spec.csi.driver", V, driver),
	DECODE_STRING("spec.csi.volumeHandle", V, handle),
	DECODE_PRESENT("spec.nodeAffinity.required", V, affinity.has_required),
	DECODE_ARRAY("spec.nodeAffinity.required.nodeSelectorTerms", V, affinity.required,
		     affinity.n_required, &node_affinity_term_spec),
	DECODE_STRING("status.phase", V, phase),
};
static const struct lookup_volume no_volume = {NAMED, .class = "", .mode = "Filesystem", .phase = "",
					       .claim = {.namespace = "", .name = "", .uid = ""}};
const struct decode_spec lookup_volume_spec = DECODE_SPEC(V, volume_rows, .initial = &no_volume);

const char *lookup_volume_class(const struct lookup_volume *v)
{
	return v->notes.class ? v->notes.class : v->class;
}

/* ---- classes and drivers ---- */
static const struct decode_row key_rows[] = {DECODE_STRING("key", struct requirement, key),
					     DECODE_STRINGS("values", struct requirement, values, n)};
static const struct requirement in_values = {.key = "", .op = SELECTOR_IN};
static const struct decode_spec key_spec = DECODE_SPEC(struct requirement, key_rows, .initial = &in_values);
static const struct decode_row topology_rows[] = {
	DECODE_ARRAY("matchLabelExpressions", struct lookup_topology, keys, n_keys, &key_spec)};
static const struct decode_spec topology_spec = DECODE_SPEC(struct lookup_topology, topology_rows);
static const struct decode_row class_rows[] = {
	META(struct lookup_class),
	DECODE_STRING("provisioner", struct lookup_class, provisioner),
	DECODE_STRING("volumeBindingMode", struct lookup_class, mode),
	DECODE_ARRAY("allowedTopologies", struct lookup_class, topologies, n_topologies, &topology_spec),
};
static const struct lookup_class no_class = {NAMED, .provisioner = ""};
const struct decode_spec lookup_class_spec =
	DECODE_SPEC(struct lookup_class, class_rows, .initial = &no_class);

bool lookup_class_waits(const struct lookup_class *c)
{
	return c && c->mode && !strcmp(c->mode, "WaitForFirstConsumer");
}

static const struct decode_row driver_rows[] = {
	DECODE_STRING("name", struct lookup_driver, name),
	DECODE_PRESENT("allocatable.count", struct lookup_driver, limited),
	DECODE_INT64("allocatable.count", struct lookup_driver, count),
};
static const struct lookup_driver no_driver = {.name = ""};
static const struct decode_spec driver_spec =
	DECODE_SPEC(struct lookup_driver, driver_rows, .initial = &no_driver);
static const struct decode_row csinode_rows[] = {
	META(struct lookup_csinode),
	DECODE_ARRAY("spec.drivers", struct lookup_csinode, drivers, n_drivers, &driver_spec)};
static const struct lookup_csinode no_csinode = {NAMED};
const struct decode_spec lookup_csinode_spec =
	DECODE_SPEC(struct lookup_csinode, csinode_rows, .initial = &no_csinode);

static const struct decode_row csidriver_rows[] = {
	META(struct lookup_csidriver),
	DECODE_BOOL("spec.storageCapacity", struct lookup_csidriver, tells_capacity)};
static const struct lookup_csidriver no_csidriver = {NAMED};
const struct decode_spec lookup_csidriver_spec =
	DECODE_SPEC(struct lookup_csidriver, csidriver_rows, .initial = &no_csidriver);

static const struct decode_row capacity_rows[] = {
	META(struct lookup_capacity),
	DECODE_STRING("storageClassName", struct lookup_capacity, class),
	DECODE_POINTER("nodeTopology", struct lookup_capacity, nodes, &label_query_spec),
	DECODE_PRESENT("capacity", struct lookup_capacity, has_capacity),
	DECODE_VALUE("capacity", struct lookup_capacity, capacity),
	DECODE_PRESENT("maximumVolumeSize", struct lookup_capacity, has_largest),
	DECODE_VALUE("maximumVolumeSize", struct lookup_capacity, largest),
};
static const struct lookup_capacity no_capacity = {NAMED, .class = ""};
const struct decode_spec lookup_capacity_spec =
	DECODE_SPEC(struct lookup_capacity, capacity_rows, .initial = &no_capacity);

static const struct decode_row attachment_rows[] = {
	META(struct lookup_attachment),
	DECODE_STRING("spec.attacher", struct lookup_attachment, driver),
	DECODE_STRING("spec.nodeName", struct lookup_attachment, node),
	DECODE_STRING("spec.source.persistentVolumeName", struct lookup_attachment, volume),
};
static const struct lookup_attachment no_attachment = {NAMED, .driver = "", .node = ""};
const struct decode_spec lookup_attachment_spec =
	DECODE_SPEC(struct lookup_attachment, attachment_rows, .initial = &no_attachment);
