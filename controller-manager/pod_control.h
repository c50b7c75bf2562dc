/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pods by the burst, for every controller that owns Pods (kubernetes/kubernetes pkg/controller: RealPodControl,
 * slowStartBatch, and the part of expectations that is needed here).
 *
 * A burst is made from bytes. The template is completed and written out once; what differs from Pod to Pod is
 * spliced into holes of that text. Creations start slowly (1, 2, 4 …), so that a Pod that quota or admission refuses
 * is refused a few times, not 500 times. Every reply goes into the informer as it comes, so the next sync counts it;
 * Pods whose deletion was asked for are remembered until the informer agrees. Events SuccessfulCreate, FailedCreate,
 * SuccessfulDelete and FailedDelete tell what happened.
 */
#ifndef POD_CONTROL_H
#define POD_CONTROL_H

#include "control.h"
#include "decode/pod.h"

#define POD_CONTROL_BURST 500 /* Pods that one sync may create or delete */

/* ---- the text of a burst's Pods ---- */

struct pod_template;
/* From the JSON text of a PodTemplateSpec: named after the owner ("NAME-" and a generated suffix), in its namespace,
   with it as controller. */
struct pod_template *pod_template_new(const char *template, const struct informer_object *owner);
void pod_template_free(struct pod_template *t);
/* The Pod as a tree, to be completed before the first burst. */
js *pod_template_tree(struct pod_template *t); /* for tests */
/* A string to put into the tree where Pods differ: as a value or a part of one, as often as is needed. i below
   POD_TEMPLATE_HOLES. Borrowed. */
#define POD_TEMPLATE_HOLES 4
const char *pod_template_hole(struct pod_template *t, size_t i); /* for tests */
/* The body of one Pod: holes[i] in the place of hole i. */
void pod_template_write(struct pod_template *t, const char *const holes[], struct buf *out);

/* ---- bursts ---- */

/* What is said about a Pod that was created or deleted, or was not (failure: why; otherwise NULL). */
typedef void pod_control_tell(struct controller_ctx *ctx, const struct informer_object *owner,
			      const char *verb, const char *pod, const struct err *failure);
struct pod_control; /* one per controller; any thread */
struct pod_control *pod_control_new(void);
/* For a controller that has words of its own for deletions. Before any use. */
void pod_control_set_tell(struct pod_control *pc, pod_control_tell *tell);
void pod_control_free(struct pod_control *pc);
/* The controller's enqueue function passes every event of a Pod on. */
void pod_control_saw(struct pod_control *pc, const struct cm_pod *old, const struct cm_pod *new);
/* Is being deleted, or was asked to go. */
bool pod_control_ending(struct pod_control *pc, const struct cm_pod *p);
/* Counts as a replica: not finished, not being deleted, and not asked to go. */
bool pod_control_active(struct pod_control *pc, const struct cm_pod *p);

/* Which of two Pods goes first when there are too many, as qsort's (upstream's ActivePods): unbound, not running, not ready …
   `rank` decides between the halves of the list, where a controller has more to say; 0 = nothing. */
int pod_control_worth(const struct cm_pod *a, const struct cm_pod *b, int rank);

struct pod_burst {
	struct controller_ctx *ctx;
	struct informer *pods;
	const struct informer_object *owner;
	struct pod_template *template;
	/* What differs in Pod i, by hole; NULL when nothing does. */
	void (*fill)(void *arg, size_t i, const char *holes[POD_TEMPLATE_HOLES]);
	void *arg;
	/* For who has words of its own: hole 0 is the Pod's name then. A name that is taken is not told of. */
	pod_control_tell *tell;
	size_t created; /* out */
};
/* Creates n Pods, or as many as go: after a batch with a failure no further one is begun. -1 with the last failure;
   REASON_ENDING, of which no event tells, when the namespace ends. */
int pod_control_create(struct pod_burst *b, size_t n, struct err *err) MUST_CHECK;
/* Asks all of these to go, which `pods` showed; -1 with the last failure. */
int pod_control_delete(struct pod_control *pc, struct controller_ctx *ctx, struct informer *pods,
		       const struct informer_object *owner, const struct cm_pod *const *v, size_t n,
		       struct err *err) MUST_CHECK;

/*
 * Says in the Pod's status that it is about to be ended: the condition DisruptionTarget, unless reason is NULL, and a phase,
 * unless that is. This Pod and no other of its name: REASON_CONFLICT. One that is gone is success.
 */
int pod_control_mark(struct controller_ctx *ctx, struct informer *pods, const struct cm_pod *p,
		     const char *reason, const char *message, const char *phase, struct err *err) MUST_CHECK;

#endif
