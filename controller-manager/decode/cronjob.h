/* SPDX-License-Identifier: Apache-2.0 */
/* What controllers keep of a CronJob. By a tree, as a Job (job.h). */
#ifndef DECODE_CRONJOB_H
#define DECODE_CRONJOB_H

#include "decode/index.h"

#define CRONJOB_UNSET (-1)

enum cronjob_policy { CRONJOB_ALLOW, CRONJOB_FORBID, CRONJOB_REPLACE };
struct cm_cronjob {
	struct informer_object base;
	char *schedule, *zone; /* zone: NULL when absent */
	int64_t deadline_s;    /* CRONJOB_UNSET */
	enum cronjob_policy policy;
	bool suspended;
	int32_t successful_limit, failed_limit; /* CRONJOB_UNSET */
	char *template;				/* JSON text of the JobTemplateSpec */
	struct {
		int64_t last_schedule_ns, last_successful_ns; /* wall; 0 */
		char *active;				      /* JSON text, NULL when none */
	} status;
};
extern const struct informer_type cm_cronjob_type;

#endif
