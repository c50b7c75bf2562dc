/* SPDX-License-Identifier: Apache-2.0 */
/* What lookup.h's storage kinds look like: claims, volumes, classes and drivers, as far as scheduling reads them. */
#ifndef LOOKUP_STORAGE_H
#define LOOKUP_STORAGE_H

#include "lookup.h"
#include "object/core/affinity.h"

struct lookup_claim {
	struct informer_object base;
	struct {
		const char *bound; /* pv.kubernetes.io/bind-completed; NULL: not yet */
		const char *
			selected; /* volume.kubernetes.io/selected-node: it is being made for that node; NULL */
		const char *class; /* the old way to say it; NULL */
	} notes;
	const char *volume, *class; /* "" = none */
	const char *mode;	    /* volumeMode */
	const char *phase;
	const char *const *access;
	size_t n_access;
	struct label_query *selector;
	int64_t size; /* bytes; 0 = not said */
};
struct lookup_volume {
	struct informer_object base;
	struct {
		const char *class;
	} notes;
	const char *class, *mode, *phase, *driver, *handle;
	const char *const *access;
	size_t n_access;
	int64_t size;
	bool claimed;
	struct {
		const char *namespace, *name, *uid;
	} claim;
	struct node_affinity affinity;
};
struct lookup_topology { /* of a class: a node has one of the values for each key */
	struct requirement *keys;
	size_t n_keys;
};
struct lookup_class {
	struct informer_object base;
	const char *provisioner, *mode; /* mode NULL: not said */
	struct lookup_topology *topologies;
	size_t n_topologies;
};
struct lookup_driver {
	const char *name;
	bool limited;
	int64_t count; /* volumes that it can attach to the node */
};
struct lookup_csinode {
	struct informer_object base;
	struct lookup_driver *drivers;
	size_t n_drivers;
};
struct lookup_csidriver {
	struct informer_object base;
	bool tells_capacity;
};
struct lookup_capacity {
	struct informer_object base;
	const char *class;
	struct label_query *nodes; /* NULL: none */
	bool has_capacity, has_largest;
	int64_t capacity, largest; /* largest: of one volume */
};
struct lookup_attachment {
	struct informer_object base;
	const char *driver, *node, *volume;
};

extern const struct decode_spec lookup_claim_spec, lookup_volume_spec, lookup_class_spec, lookup_csinode_spec,
	lookup_csidriver_spec, lookup_capacity_spec, lookup_attachment_spec;

const char *lookup_claim_class(const struct lookup_claim *c);
const char *lookup_volume_class(const struct lookup_volume *v);
/* The class's provisioner waits for a Pod. */
bool lookup_class_waits(const struct lookup_class *c);

#endif
