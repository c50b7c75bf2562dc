/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One sync of one Job: what is so (look), what follows (run). The parts of a sync share this struct; a worker's thread.
 */
#ifndef JOB_ROUND_H
#define JOB_ROUND_H

#include "base/map.h"
#include "job/job_policy.h"
#include "pod_control.h"

#define JOB_UNCOUNTED_MAX 500 /* uids in the status, or finalizers taken away, in one sync */

struct job_failures { /* since the last success */
	int32_t n;
	int64_t last_ns;
};

/* How the Job will end, or has begun to. */
struct job_ending {
	enum { JOB_GOES_ON, JOB_SUCCEEDS, JOB_FAILS } how;
	bool declared; /* SuccessCriteriaMet or FailureTarget is in the status */
	const char *reason;
	char *message; /* owned */
};

struct job_round {
	/* ---- set by the caller; borrowed ---- */
	struct controller_ctx *ctx;
	const struct cm_job *job;
	struct informer *job_informer, *pod_informer;
	struct pod_control *control;
	int64_t now_ns;		      /* wall */
	struct job_failures failures; /* in: before; out: with this round's, valid once written */
	bool written;		      /* out: the status tells of this round's ends */

	/* ---- what is so ---- */
	const struct cm_pod **pods, **active; /* pods: borrowed; by index when it is an Indexed Job */
	size_t n_pods, n_active;
	size_t created;					  /* active ones that are not in the list */
	int32_t ready, terminating;			  /* of the active ones; of those that end */
	struct map uncounted_succeeded, uncounted_failed; /* uids that still have the finalizer */
	int32_t gone_succeeded, gone_failed; /* uids of the status that have it no more: to be counted */
	struct job_indexes before, succeeded_indexes, failed_indexes; /* before: as the status has it */
	int32_t succeeded, failed;				      /* everything that is known of */
	bool per_index;						      /* has backoffLimitPerIndex */
	struct map delayed; /* index -> the failed Pod that waits for its successor */
	js *conditions;
	struct job_ending ending;
	int64_t start_ns;
	int64_t wake_ns; /* look again then; 0 = not for the time's sake */
	bool events_changed;
};
/* pods: claimed ones, which stay the caller's and may be put into another order. */
void job_round_look(struct job_round *r, const struct cm_pod **pods, size_t n);
int job_round_run(struct job_round *r, struct err *err) MUST_CHECK;
void job_round_release(struct job_round *r);

/* ---- parts ---- */
/* Brings the number of active Pods to what it should be. */
int job_manage(struct job_round *r, struct err *err) MUST_CHECK;
/* Asks all active Pods to go; they keep their finalizer. */
int job_end_active(struct job_round *r, struct err *err) MUST_CHECK;
/* Takes the finalizer away; one that is gone is success. */
int job_untrack(struct job_round *r, const struct cm_pod *const *v, size_t n, struct err *err) MUST_CHECK;
/* The failed Pod of an index that waits for its successor, or NULL. */
const struct cm_pod *job_delayed(const struct job_round *r, int index);
/* Look again after that time, or sooner. */
void job_wake_after(struct job_round *r, int64_t ns);

#endif
