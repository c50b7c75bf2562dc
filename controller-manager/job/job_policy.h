/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a Job's Pods mean for it: which index, whether it counts as failed, what podFailurePolicy and successPolicy say of it
 * (kubernetes/kubernetes pkg/controller/job: pod_failure_policy.go, success_policy.go, backoff_utils.go). Pure functions
 * over decoded structs; any thread.
 */
#ifndef JOB_POLICY_H
#define JOB_POLICY_H

#include "decode/job.h"
#include "decode/pod.h"
#include "job/job_indexes.h"

#define JOB_FINALIZER "batch.kubernetes.io/job-tracking"
#define JOB_BACKOFF_NS (10 * NS_PER_S)	    /* after the first failure; doubles */
#define JOB_BACKOFF_MAX_NS (600 * NS_PER_S) /* upstream's MaxJobPodFailureBackOff */

bool job_tracks(const struct cm_pod *p);  /* has the finalizer: not counted for good yet */
int job_index_of(const struct cm_pod *p); /* as it is marked; -1 when it is not */
/* The Pod's completion index; -1 when it has none, or one that the Job has no use for. */
int job_index(const struct cm_job *j, const struct cm_pod *p);
/* Failed, or being deleted without having succeeded, unless only failed Pods are replaced. */
bool job_pod_failed(const struct cm_job *j, const struct cm_pod *p);
/* When its containers ended, or the best guess (wall ns). */
int64_t job_pod_finished_ns(const struct cm_pod *p);

struct job_verdict {
	enum job_action action;
	bool counts;   /* towards the limits of failures */
	char *message; /* of JOB_FAIL_JOB, the caller's to free; only when asked for */
};
struct job_verdict job_judge(const struct cm_job *j, const struct cm_pod *p, bool with_message);
bool job_counts(const struct cm_job *j, const struct cm_pod *p);
/* Its index has failed for good. */
bool job_index_failed(const struct cm_job *j, const struct cm_pod *p);
/* Failures of its index before this Pod. */
int32_t job_index_failures(const struct cm_pod *p);
int32_t job_index_ignored(const struct cm_pod *p);
/* How long to wait after that many failures in a row, the last of which was then; 0 = no longer. */
int64_t job_backoff_left(int32_t failures, int64_t last_ns, int64_t now_ns);
/* Restarts of containers in Pods that have not ended have used up backoffLimit. */
bool job_restarted_too_often(const struct cm_job *j, const struct cm_pod *const *pods, size_t n);
/* The rule of successPolicy that these indexes meet, or -1. */
int job_success_rule(const struct cm_job *j, const struct job_indexes *succeeded);

#endif
