/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What plugins ask of objects that are neither Pods nor Nodes: labels of namespaces, selectors of Services and of what owns
 * Pods, disruption budgets. A kind is listed and watched from the first question about it on, so a cluster whose Pods need
 * none pays for none; that question waits for the list.
 *
 * Questions: the cycle's thread. Answers are references, which the caller drops with informer_unref().
 */
#ifndef LOOKUP_H
#define LOOKUP_H

#include "controller/informer.h"
#include "object/core/label_query.h"

enum lookup_kind {
	LOOKUP_NAMESPACES,
	LOOKUP_SERVICES,
	LOOKUP_CONTROLLERS, /* ReplicationControllers */
	LOOKUP_REPLICASETS, /* with Pods */
	LOOKUP_STATEFULSETS,
	LOOKUP_BUDGETS,
	/* of storage: lookup_storage.h says what they look like */
	LOOKUP_CLAIMS,
	LOOKUP_VOLUMES,
	LOOKUP_CLASSES,
	LOOKUP_CSINODES,
	LOOKUP_CSIDRIVERS,
	LOOKUP_CAPACITIES,
	LOOKUP_ATTACHMENTS,
};
#define LOOKUP_KINDS 13

struct lookup_name {
	const char *name;
};
struct lookup_object {
	struct informer_object base;
	struct labels *equal;	       /* spec.selector of Services and ReplicationControllers */
	struct label_query *selector;  /* of the others */
	int32_t replicas;	       /* of ReplicaSets: wanted */
	int32_t allowed;	       /* of budgets: status.disruptionsAllowed */
	struct lookup_name *disrupted; /* status.disruptedPods */
	size_t n_disrupted;
};

struct lookup;
/* Without a set nothing is watched: tests tell what there is. */
struct lookup *lookup_new(struct informer_set *s);
void lookup_close(struct lookup *l); /* before the set is stopped */
void lookup_free(struct lookup *l);  /* after it */

const struct lookup_object *lookup_get(struct lookup *l, enum lookup_kind kind, const char *namespace,
				       const char *name); /* NULL when absent */
/* Those of a namespace, or all (NULL); the array is for informer_unref_all(). */
size_t lookup_list(struct lookup *l, enum lookup_kind kind, const char *namespace, const void ***ret);
/* Something of storage came, changed or went: fn runs on the loop, under no lock. Before the first question. */
void lookup_on_storage(struct lookup *l, void (*fn)(void *arg, enum lookup_kind kind, const struct meta *m),
		       void *arg);

/* ---- what was decided and is not in the API yet: a claim gets this volume, or is made for that node ---- */
void lookup_assume(struct lookup *l, enum lookup_kind kind, const char *key, const char *value);
/* NULL: nothing; the caller frees it. Until the API says so, or it is taken back (value NULL above). */
char *lookup_assumed(struct lookup *l, enum lookup_kind kind, const char *key);

/* A kind could not be listed since the last call: what was answered is not to be trusted. */
bool lookup_failed(struct lookup *l);

/* ---- for informers, and tests ---- */
extern const struct informer_type lookup_types[LOOKUP_KINDS]; /* for tests */
void lookup_changed(struct lookup *l, enum lookup_kind kind, const void *old,
		    const void *new); /* for tests */

#endif
