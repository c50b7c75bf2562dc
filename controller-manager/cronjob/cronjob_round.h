/* SPDX-License-Identifier: Apache-2.0 */
/* One look at a CronJob and its Jobs; a worker's thread only. */
#ifndef CRONJOB_CRONJOB_ROUND_H
#define CRONJOB_CRONJOB_ROUND_H

#include "base/map.h"
#include "control.h"
#include "cronjob/cronjob_schedule.h"
#include "decode/job.h"

/* What the status is to be; it begins as what it is. */
struct cronjob_status {
	js *active;	  /* ObjectReferences; an entry that is gone is null */
	struct map index; /* uid -> entry of active, plus one */
	size_t n_active;
	int64_t last_schedule_ns, last_successful_ns;
	bool changed;
};

struct cronjob_round {
	struct controller_ctx *ctx;
	const struct cm_cronjob *cronjob;
	struct informer *cronjobs, *job_informer;
	const struct cm_job **jobs; /* that it controls, borrowed */
	size_t n_jobs;
	int64_t now_ns;
	struct cronjob_status status;
};

void cronjob_status_read(struct cronjob_status *s, const struct cm_cronjob *c);
void cronjob_status_release(struct cronjob_status *s);
bool cronjob_status_has(const struct cronjob_status *s, const char *uid);
bool cronjob_status_has_name(const struct cronjob_status *s, const char *name);
void cronjob_status_add(struct cronjob_status *s, const js *job);
void cronjob_status_del(struct cronjob_status *s, const char *uid);
/* Writes it, when it changed. */
int cronjob_status_write(struct cronjob_round *r, struct err *err) MUST_CHECK;

/* Brings the status up to what the Jobs are. */
int cronjob_round_look(struct cronjob_round *r, struct err *err) MUST_CHECK;
/* Begins a Job when one is due, and asks for the next look. */
int cronjob_round_start(struct cronjob_round *r, struct err *err) MUST_CHECK;
/* Finished Jobs beyond the limits go, the oldest first. */
void cronjob_round_clean(struct cronjob_round *r);

#endif
