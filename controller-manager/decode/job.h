/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What controllers keep of a Job. By a tree, as a ReplicaSet (replicaset.h): its selector is compiled once, and rules of its
 * policies nest.
 */
#ifndef DECODE_JOB_H
#define DECODE_JOB_H

#include "decode/index.h"

#define JOB_UNSET (-1)

enum job_action { JOB_ACTION_NONE, JOB_IGNORE, JOB_COUNT, JOB_FAIL_INDEX, JOB_FAIL_JOB };
struct job_failure_rule {
	enum job_action action;
	/* Either exit codes … */
	bool on_exit_codes, not_in;
	char *container; /* NULL: any */
	int32_t *codes;
	size_t n_codes;
	/* … or conditions: any of these pairs. */
	char **types, **statuses;
	size_t n_conditions;
};
struct job_success_rule {
	char *indexes; /* "1,3-5"; NULL: any */
	int32_t count; /* JOB_UNSET */
};

struct cm_job {
	struct informer_object base;
	int32_t parallelism, backoff_limit;
	int32_t completions, backoff_limit_per_index, max_failed_indexes; /* JOB_UNSET */
	int64_t deadline_s, ttl_s;					  /* JOB_UNSET */
	bool indexed, suspended, foreign; /* foreign: managedBy somebody else, or of a mode not known */
	bool replace_failed_only; /* by podReplacementPolicy, or because there is a podFailurePolicy */
	bool restarts;		  /* restartPolicy OnFailure */
	bool has_failure_policy;
	struct job_failure_rule *failure_rules;
	struct job_success_rule *success_rules;
	size_t n_failure_rules, n_success_rules;
	struct selector *selector;
	char *template; /* JSON text */
	struct {
		int64_t start_ns, finished_ns; /* wall; 0. finished_ns: of Complete or Failed */
		int64_t completion_ns;	       /* wall; 0 */
		bool finished, complete;       /* complete: finished, and not failed */
		int32_t active, ready, terminating, succeeded, failed; /* ready, terminating: JOB_UNSET */
		char *completed_indexes, *failed_indexes;	       /* NULL when absent */
		char *conditions;				       /* JSON text, NULL when none */
		bool tracked;					       /* has uncountedTerminatedPods */
		char **uncounted_succeeded, **uncounted_failed;	       /* uids */
		size_t n_uncounted_succeeded, n_uncounted_failed;
	} status;
};
extern const struct informer_type cm_job_type;

#endif
