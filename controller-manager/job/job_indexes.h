/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of completion indexes as a Job's status writes them: "1,3-5,7" (kubernetes/kubernetes
 * pkg/controller/job/indexed_job_utils.go). Ordered ranges that neither overlap nor touch; values, one owner.
 */
#ifndef JOB_INDEXES_H
#define JOB_INDEXES_H

#include "base/buf.h"

struct job_range {
	int first, last;
};
struct job_indexes {
	struct job_range *v;
	size_t n;
};
void job_indexes_release(struct job_indexes *s);
/* Of what is below `completions`; text may be NULL. What is no number is left out. */
struct job_indexes job_indexes_parse(const char *text, int completions);
/* Of numbers in any order, of which some may come twice; sorts them. */
struct job_indexes job_indexes_of(int *v, size_t n);
void job_indexes_merge(struct job_indexes *s, const struct job_indexes *more);
bool job_indexes_has(const struct job_indexes *s, int i);
int job_indexes_count(const struct job_indexes *s);
int job_indexes_common(const struct job_indexes *a, const struct job_indexes *b);
void job_indexes_write(const struct job_indexes *s, struct buf *out);
/* The lowest ones below `completions` that are not in s, at most max; returns how many. */
size_t job_indexes_free(const struct job_indexes *s, int completions, int *ret, size_t max);

#endif
