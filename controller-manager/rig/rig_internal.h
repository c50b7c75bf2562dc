/* SPDX-License-Identifier: Apache-2.0 */
/* Between rig.c (cluster, syncs), rig_object.c (objects, expectations) and rig_call.c (calls, events, faults). */
#ifndef RIG_INTERNAL_H
#define RIG_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "apiserver_rig.h"
#include "rig/rig.h"

#define RIG_MAX_FAULTS 8

struct rig_lines { /* a growing list of texts */
	char **v;
	size_t n, next;
};

struct rig {
	struct apiserver_rig *api;
	struct controller_set *set;
	const struct controller *table[RIG_MAX + 1];
	struct rest *rest;    /* the test's own */
	struct rest *shared;  /* with the loop of informers and events */
	pthread_mutex_t lock; /* guards generation */
	pthread_cond_t changed;
	uint64_t generation; /* of the informers' contents */

	struct buf names; /* what rig_names returned */
	struct rig_lines events, calls;
	struct {
		struct rig_fault f;
		unsigned seen;
	} faults[RIG_MAX_FAULTS];
	size_t n_faults;
};

/* The rig whose sync runs on this thread; its calls and events are looked at. */
extern __thread struct rig *rig_syncing;

void rig_lines_add(struct rig_lines *l, char *text); /* takes ownership */
void rig_lines_clear(struct rig_lines *l);
/* The object is there and has at least these fields. */
bool rig_has(struct rig *r, const char *object, const char *yaml);
/* What a resource's kind is called in paths. Fails the test when it is unknown. */
void rig_collection(const char *kind, const char *ns, struct buf *path);

#endif
