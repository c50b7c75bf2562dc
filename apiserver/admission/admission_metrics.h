/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long admission takes, by upstream's names (kubernetes/apiserver pkg/admission/metrics): of each row, and of a phase
 * as a whole. A series is looked up when it is first used. Any thread; never blocks for long.
 */
#ifndef ADMISSION_ADMISSION_METRICS_H
#define ADMISSION_ADMISSION_METRICS_H

#include "admission/admission.h"

#define ADMISSION_ROWS_MAX 64
struct admission_metrics;
struct admission_metrics *admission_metrics_new(void); /* free() ends it */
/* The row at this place of the table, below ADMISSION_ROWS_MAX, has answered. */
void admission_metrics_row(struct admission_metrics *m, const char *name, unsigned place,
			   enum admission_phase phase, enum admission_op op, bool rejected, int64_t took_ns);
void admission_metrics_step(struct admission_metrics *m, enum admission_phase phase, enum admission_op op,
			    bool rejected, int64_t took_ns);

#endif
