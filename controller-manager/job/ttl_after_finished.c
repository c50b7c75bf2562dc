/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ttlSecondsAfterFinished: a Job that has ended goes that long afterwards, with its Pods (kubernetes/kubernetes
 * pkg/controller/ttlafterfinished).
 */
#include "controllers.h"

#include "base/clock.h"
#include "control.h"
#include "decode/job.h"

static bool waits(const struct cm_job *j)
{
	return j && j->status.finished && j->ttl_s != JOB_UNSET && !j->base.meta.deleted_ns;
}

static void enqueue(struct workqueue *q, void *state, struct informer **informers, const void *old,
		    const void *new)
{
	if (waits(new))
		controller_enqueue_self(q, state, informers, old, new);
}

static int sync(struct controller_ctx *ctx, const char *key, struct err *err)
{
	const struct cm_job *j = informer_get(ctx->informers[0], key);
	int rc = 0;

	if (waits(j)) {
		int64_t left = j->status.finished_ns + j->ttl_s * NS_PER_S - clock_wall_ns();

		if (left > 0)
			ctx->requeue_after_ns = left;
		else /* this very state of it: a ttl that was just made longer counts */
			rc = control_delete_state(ctx, &j->base, "Foreground", err);
	}
	informer_unref(j);
	return rc;
}

const struct controller ttl_after_finished_controller = {
	.name = "ttl-after-finished",
	.watches = {{&cm_job_type, NULL, enqueue}},
	.account = "ttl-after-finished-controller",
	.workers = 1,
	.sync = sync,
};
