/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One sync of one StatefulSet: its Pods by ordinal, and the next step, or with Parallel the next steps. The parts share this
 * struct; a worker's thread. Nothing here is as large as spec.replicas, which may be any number.
 */
#ifndef STATEFULSET_ROUND_H
#define STATEFULSET_ROUND_H

#include "decode/plain.h"
#include "decode/statefulset.h"
#include "history/history.h"
#include "pod_control.h"

#define STATEFULSET_REVISION_LABEL "controller-revision-hash"
#define STATEFULSET_HASH_LABEL "controller.kubernetes.io/hash"

struct statefulset_round {
	/* ---- set by the caller; borrowed ---- */
	struct controller_ctx *ctx;
	const struct cm_statefulset *set;
	struct informer *pod_informer, *claim_informer;
	struct pod_control *control;
	struct history *history;
	const struct cm_controllerrevision *current, *update;
	int64_t now_ns; /* wall */

	/* ---- what is so ---- */
	const struct cm_pod **replicas,
		**condemned; /* in range, lowest ordinal first; others, highest first */
	size_t n_replicas, n_condemned;
	int32_t current_replicas; /* of the current revision and not ending */
	int64_t wake_ns;	  /* look again then; 0 = not for the time's sake */
};

/* ---- identity ---- */
/* The ordinal of a Pod of that name in the set of that name; -1: it has no such name. */
int32_t statefulset_ordinal(const char *set, const char *pod);
bool statefulset_member(const struct informer_object *set, const struct informer_object *pod);
bool statefulset_in_range(const struct cm_statefulset *set, int32_t ordinal);
char *statefulset_pod_name(const struct cm_statefulset *set, int32_t ordinal); /* the caller's */
const char *statefulset_revision_of(const struct cm_pod *p);		       /* "" when it has none */
bool statefulset_running_ready(const struct cm_pod *p);
void statefulset_wake_after(struct statefulset_round *r, int64_t ns);

/* ---- Pods ---- */
void statefulset_tell(struct controller_ctx *ctx, const struct informer_object *owner, const char *verb,
		      const char *pod, const struct err *failure);
/* Creates the Pods of these ordinals, each at its revision, from the lowest on. */
int statefulset_create(struct statefulset_round *r, const int32_t *ordinals, size_t n,
		       struct err *err) MUST_CHECK;
int statefulset_delete(struct statefulset_round *r, const struct cm_pod *const *v, size_t n,
		       struct err *err) MUST_CHECK;
/* Puts right what of a Pod differs from what it should be: its name's label, its claims and theirs. */
int statefulset_repair(struct statefulset_round *r, const struct cm_pod *p, struct err *err) MUST_CHECK;

/* ---- claims ---- */
/* A claim waits for its end, or belongs to a Pod of that name that is no more: the next Pod must not have it. */
bool statefulset_claim_is_stale(struct statefulset_round *r, int32_t ordinal);
/* Creates what claims are missing; p may be NULL. */
int statefulset_make_claims(struct statefulset_round *r, int32_t ordinal, const struct cm_pod *p,
			    struct err *err) MUST_CHECK;
/* Whether the claims' owners are what the set's policy asks for, and making them so. */
bool statefulset_claims_match(struct statefulset_round *r, int32_t ordinal, const struct cm_pod *p);
int statefulset_retain_claims(struct statefulset_round *r, int32_t ordinal, const struct cm_pod *p,
			      struct err *err) MUST_CHECK;

/* Takes the next step. */
int statefulset_step(struct statefulset_round *r, struct err *err) MUST_CHECK;

#endif
