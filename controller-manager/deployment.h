/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the Deployment controller: one sync's view, shared between deployment.c (what to do),
 * deployment_sets.c (its ReplicaSets: find, create, scale, clean up) and deployment_status.c (counts and
 * conditions).
 */
#ifndef DEPLOYMENT_H
#define DEPLOYMENT_H

#include "claim.h"
#include "control.h"
#include "controllers.h"
#include "decode/pod.h"
#include "rollout.h"

enum { DEPLOYMENT_WATCH_DEPLOYMENTS, DEPLOYMENT_WATCH_SETS, DEPLOYMENT_WATCH_PODS };
#define ANNOTATION_REVISION "deployment.kubernetes.io/revision"
#define ANNOTATION_REVISION_HISTORY "deployment.kubernetes.io/revision-history"
#define ANNOTATION_DESIRED "deployment.kubernetes.io/desired-replicas"
#define ANNOTATION_MAX "deployment.kubernetes.io/max-replicas"
#define LABEL_TEMPLATE_HASH "pod-template-hash"

struct deployment_sync {
	struct controller_ctx *ctx;
	const struct cm_deployment *d;
	struct claimed owned;	  /* ReplicaSets, oldest first */
	struct rollout_set *sets; /* parallel to owned.v */
	size_t n;
	ssize_t new_set; /* index of the one with the Deployment's template, -1 = none */
	js *conditions;	 /* private copy of status.conditions, to be written by deployment_write_status */
	int64_t now;
	char revision[24];  /* annotation to set on the Deployment; "" = leave */
	int32_t collisions; /* status.collisionCount to write; -1 = absent */
};

/* deployment_sets.c */
int deployment_load(struct deployment_sync *s, struct err *err) MUST_CHECK;
void deployment_unload(struct deployment_sync *s);
/* Finds the new ReplicaSet, creating it when missing and allowed; keeps revision annotations. */
int deployment_ensure_new_set(struct deployment_sync *s, bool create, struct err *err) MUST_CHECK;
/* spec.replicas of one set, with its annotations and the ScalingReplicaSet event. *changed when something was
 * written. */
int deployment_scale_set(struct deployment_sync *s, size_t i, int32_t replicas, bool *changed,
			 struct err *err) MUST_CHECK;
/* Deletes the oldest empty sets beyond revisionHistoryLimit. */
int deployment_cleanup(struct deployment_sync *s, struct err *err) MUST_CHECK;
int32_t deployment_sum(const struct deployment_sync *s, bool old_only);
/* The sum, where an old set that was told to shrink counts until its Pods are on their way out: ReplicaSets are reconciled
   side by side, and a new Pod may be faster than an old one's end. */
int32_t deployment_held(const struct deployment_sync *s);

/* deployment_status.c */
void deployment_count(const struct deployment_sync *s, struct deployment_status *ret);
bool deployment_complete(const struct cm_deployment *d, const struct deployment_status *st);
/* Progressing after a rollout step: complete, progressing, or timed out. */
void deployment_judge_progress(struct deployment_sync *s);
/* Writes counts and conditions if they differ from what is stored. */
int deployment_write_status(struct deployment_sync *s, struct err *err) MUST_CHECK;
void deployment_set_progressing(struct deployment_sync *s, const char *status, const char *reason,
				const char *message);

#endif
