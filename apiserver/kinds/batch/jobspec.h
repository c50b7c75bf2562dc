/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Jobs and the templates of CronJobs share: a JobSpec and its rules (kubernetes/kubernetes pkg/apis/batch/validation).
 * Pure, any thread.
 */
#ifndef KINDS_BATCH_JOBSPEC_H
#define KINDS_BATCH_JOBSPEC_H

#include "kinds/strategy.h"

/* Everything but the selector; `base` is the path of the spec. After the schema's own checks. */
void jobspec_validate(const js *spec, const char *base, struct field_errors *errs);
void jobspec_warn(const struct strategy_ctx *ctx, const js *spec, const char *base);

/* Lists of indexes such as "1,3-5,7", which rise and are below `completions`. The number of indexes, or -1 with what is
   wrong. */
int64_t jobspec_count_indexes(const char *s, int64_t completions, struct err *err);
/* An index that is in both lists, -1 when there is none; what is no interval is left out. */
int64_t jobspec_common_index(const char *a, const char *b, int64_t completions);

/* jobspec_policy.c */
void jobspec_check_policies(const js *spec, const char *base, struct field_errors *errs);
/* job_status.c */
void job_validate_status(const js *new, const js *old, struct field_errors *errs);

#endif
