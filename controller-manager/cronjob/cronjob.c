/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CronJob: Jobs that begin when a schedule says so (kubernetes/kubernetes pkg/controller/cronjob).
 *
 * A Job is named after the minute that it is of, so that it cannot be made twice, whoever ends when. Of times that were
 * missed only the newest counts. What has begun stands in the status, written once at the end of a sync; a Job whose
 * mention was lost is found by its name when it would be made again.
 */
#include "controllers.h"

#include <string.h>
#include "base/clock.h"
#include "cronjob/cronjob_round.h"

enum { WATCH_CRONJOBS, WATCH_JOBS };

static bool same_schedule(const struct cm_cronjob *a, const struct cm_cronjob *b)
{
	return !strcmp(a->schedule, b->schedule) && !strcmp(a->zone ? a->zone : "", b->zone ? b->zone : "");
}

/* A new schedule does not begin with times that have passed: it waits for its first one. */
static void enqueue_cronjob(struct workqueue *q, void *state, struct informer **informers, const void *old,
			    const void *new)
{
	const struct cm_cronjob *c = new;
	struct cronjob_schedule s;
	struct err ignored = ERR_INIT;
	int64_t now_ns = clock_wall_ns(), next_ns;

	if (!old || !new || same_schedule(old, new) || cronjob_schedule_open(c, &s, &ignored) < 0) {
		controller_enqueue_self(q, state, informers, old, new);
		return;
	}
	next_ns = cronjob_next(c, &s, now_ns);
	cronjob_schedule_release(&s);
	autobuf struct buf key = BUF_INIT;
	meta_key(&key, c->base.meta.namespace, c->base.meta.name);
	if (next_ns != CRON_NEVER)
		workqueue_add_after(q, buf_str(&key), next_ns - now_ns);
}

static void enqueue_job(struct workqueue *q, void *state, struct informer **informers, const void *old,
			const void *new)
{
	controller_enqueue_owner(q, "CronJob", old, new);
}

static int sync_cronjob(struct controller_ctx *ctx, const struct cm_cronjob *c, struct err *err)
{
	struct cronjob_round r = {.ctx = ctx,
				  .cronjob = c,
				  .cronjobs = ctx->informers[WATCH_CRONJOBS],
				  .job_informer = ctx->informers[WATCH_JOBS],
				  .now_ns = clock_wall_ns()};
	struct err why = ERR_INIT;
	const void **jobs;

	r.n_jobs = informer_list(r.job_informer, INDEX_OWNER_UID, c->base.meta.uid, &jobs);
	r.jobs = (const struct cm_job **)jobs;
	cronjob_status_read(&r.status, c);
	int rc = cronjob_round_look(&r, err);
	if (rc == 0)
		rc = cronjob_round_start(&r, err);
	cronjob_round_clean(&r);
	/* What has happened is told even when the rest has to be tried again. */
	if (cronjob_status_write(&r, &why) < 0 && rc == 0) {
		*err = why;
		rc = -1;
	}
	cronjob_status_release(&r.status);
	informer_unref_all(jobs, r.n_jobs);
	return rc;
}

static int sync(struct controller_ctx *ctx, const char *key, struct err *err)
{
	const struct cm_cronjob *c = informer_get(ctx->informers[WATCH_CRONJOBS], key);
	int rc = c ? sync_cronjob(ctx, c, err) : 0;

	informer_unref(c);
	return rc;
}

const struct controller cronjob_controller = {
	.name = "cronjob",
	.component = "cronjob-controller",
	.watches =
		{
			[WATCH_CRONJOBS] = {&cm_cronjob_type, NULL, enqueue_cronjob},
			[WATCH_JOBS] = {&cm_job_type, NULL, enqueue_job},
		},
	.account = "cronjob-controller",
	.workers = 2,
	.sync = sync,
};
