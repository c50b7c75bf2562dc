/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Job: Pods that run to their end, as many and as often as asked for (kubernetes/kubernetes pkg/controller/job).
 *
 * Every Pod carries a finalizer until it has been counted: first its uid goes into status.uncountedTerminatedPods, then the
 * finalizer goes, and only in a later status the uid becomes one more of succeeded or failed. So nobody is counted twice and
 * nobody is forgotten, whoever deletes Pods and whenever this daemon ends. Of an Indexed Job, the set of indexes is the
 * count. An end has two steps likewise: SuccessCriteriaMet or FailureTarget says what it will be, Complete or Failed
 * comes when all Pods have ended and are counted.
 *
 * One sync writes the status once: what has to come after that write is the next sync's, which follows at once. The present
 * state decides alone, but for the times of failures since the last success, which grow the pause before the next Pod:
 * they are remembered here, as upstream does.
 *
 * A key is «namespace/name» of a Job, or, behind a dot, of a Pod whose Job is gone or finished and that waits for its
 * finalizer to be taken away.
 */
#include "controllers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/map.h"
#include "base/mem.h"
#include "claim.h"
#include "job/job_policy.h"
#include "job/job_round.h"

#define ORPHAN_PREFIX "."
#define IN_FLIGHT 64

enum { WATCH_JOBS, WATCH_PODS };

/* ---- what is remembered ---- */

struct jobs {
	struct pod_control *pods;
	pthread_mutex_t lock; /* guards failures */
	struct map failures;  /* uid of a Job -> struct job_failures, the map's */
};

static void *init(struct informer **informers, struct workqueue *q)
{
	struct jobs *s = MEM_NEW(struct jobs);

	s->pods = pod_control_new();
	pthread_mutex_init(&s->lock, NULL);
	return s;
}

static void destroy(void *state)
{
	struct jobs *s = state;

	if (!s)
		return;
	for (struct map_iter it = {0}; map_next(&s->failures, &it);)
		free(it.value);
	map_release(&s->failures);
	pod_control_free(s->pods);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static struct job_failures failures_of(struct jobs *s, const char *uid)
{
	pthread_mutex_lock(&s->lock);
	const struct job_failures *f = map_get(&s->failures, uid);
	struct job_failures ret = f ? *f : (struct job_failures){0};
	pthread_mutex_unlock(&s->lock);
	return ret;
}

static void remember_failures(struct jobs *s, const char *uid, const struct job_failures *f)
{
	pthread_mutex_lock(&s->lock);
	struct job_failures *kept = map_get(&s->failures, uid);
	if (!f || !f->n) {
		map_del(&s->failures, uid);
		free(kept);
	} else if (kept) {
		*kept = *f;
	} else {
		kept = MEM_NEW(struct job_failures);
		*kept = *f;
		map_set(&s->failures, uid, kept);
	}
	pthread_mutex_unlock(&s->lock);
}

/* ---- which keys ---- */

static void enqueue_orphan(struct workqueue *q, const struct cm_pod *p)
{
	autobuf struct buf key = BUF_INIT;

	buf_adds(&key, ORPHAN_PREFIX);
	meta_key(&key, p->base.meta.namespace, p->base.meta.name);
	workqueue_add(q, buf_str(&key));
}

/* The Job that controls the Pod, or NULL: a reference. */
static const struct cm_job *job_of(struct informer *jobs, const struct cm_pod *p)
{
	const struct owner_ref *c = meta_controller(&p->base.meta);
	autobuf struct buf key = BUF_INIT;

	meta_key(&key, p->base.meta.namespace, c ? c->name : "");
	const struct cm_job *j = c && !strcmp(c->kind, "Job") ? informer_get(jobs, buf_str(&key)) : NULL;
	if (j && strcmp(j->base.meta.uid, c->uid) != 0) {
		informer_unref(j);
		j = NULL;
	}
	return j;
}

/* It has a Job that goes on. Before the Jobs are listed it looks as if there were none: the sync waits for them. */
static bool in_hand(struct informer *jobs, const struct cm_pod *p)
{
	const struct cm_job *j = job_of(jobs, p);
	bool ret = j && !j->status.finished;

	informer_unref(j);
	return ret;
}

static void enqueue_pod(struct workqueue *q, void *state, struct informer **informers, const void *old,
			const void *new)
{
	struct jobs *s = state;
	const struct cm_pod *p = new ? new : old;

	pod_control_saw(s->pods, old, new);
	controller_enqueue_owner(q, "Job", old, new);
	if (!new)
		return;
	if (meta_controller(&p->base.meta)) {
		if (p->job_meta && job_tracks(p) && !in_hand(informers[WATCH_JOBS], p))
			enqueue_orphan(q, p);
		return;
	}
	const void **jobs;
	size_t n = informer_list(informers[WATCH_JOBS], INDEX_NAMESPACE, p->base.meta.namespace, &jobs);
	for (size_t i = 0; i < n; i++)
		if (selector_matches(((const struct cm_job *)jobs[i])->selector, p->base.meta.labels))
			controller_enqueue_self(q, NULL, NULL, NULL, jobs[i]);
	informer_unref_all(jobs, n);
}

/* The Pods of a Job that goes, or has ended, must not wait for it. */
static void enqueue_job(struct workqueue *q, void *state, struct informer **informers, const void *old,
			const void *new)
{
	const struct cm_job *j = new ? new : old;
	const void **pods;

	controller_enqueue_self(q, state, informers, old, new);
	if (new && !j->status.finished)
		return;
	remember_failures(state, j->base.meta.uid, NULL);
	size_t n = informer_list(informers[WATCH_PODS], INDEX_OWNER_UID, j->base.meta.uid, &pods);
	for (size_t i = 0; i < n; i++)
		if (job_tracks(pods[i]))
			enqueue_orphan(q, pods[i]);
	informer_unref_all(pods, n);
}

/* ---- finalizers ---- */

int job_untrack(struct job_round *r, const struct cm_pod *const *v, size_t n, struct err *err)
{
	struct rest_batch batch = REST_BATCH_INIT;
	int rc = 0;

	for (size_t i = 0; i < n; i++) {
		autobuf struct buf path = BUF_INIT;
		struct rest_call *c;

		control_path(&path, &v[i]->base, NULL);
		c = rest_batch_add(&batch, REST_PATCH_STRATEGIC, buf_str(&path), NULL, NULL);
		buf_addf(
			&c->body,
			"{\"metadata\":{\"uid\":\"%s\",\"$deleteFromPrimitiveList/finalizers\":[\"" JOB_FINALIZER
			"\"]}}",
			v[i]->base.meta.uid);
		c->want_bytes = true;
	}
	rest_batch_run(r->ctx->rest, &batch, IN_FLIGHT);
	for (size_t i = 0; i < n; i++) {
		struct rest_call *c = &batch.v[i];

		if (c->err.reason == REASON_NONE) {
			informer_inject_bytes(r->pod_informer, c->bytes.p, c->bytes.len);
		} else if (c->err.reason != REASON_NOT_FOUND) {
			*err = c->err;
			rc = -1;
		}
	}
	rest_batch_release(&batch);
	return rc < 0 ? err_wrap(err, "removing the tracking finalizer") : 0;
}

static int sync_orphan(struct controller_ctx *ctx, const char *key, struct err *err)
{
	const struct cm_pod *p = informer_get(ctx->informers[WATCH_PODS], key);
	const struct cm_job *j = p ? job_of(ctx->informers[WATCH_JOBS], p) : NULL;
	struct job_round r = {.ctx = ctx, .pod_informer = ctx->informers[WATCH_PODS]};
	int rc = 0;

	if (p && job_tracks(p) && (!j || j->status.finished) && !(j && j->foreign))
		rc = job_untrack(&r, &p, 1, err);
	informer_unref(j);
	informer_unref(p);
	return rc;
}

/* ---- Jobs ---- */

static int sync_job(struct controller_ctx *ctx, const struct cm_job *j, struct err *err)
{
	struct jobs *s = ctx->state;
	struct claimed pods = {0};

	if (claim(ctx, ctx->informers[WATCH_PODS], &j->base, j->selector, JOB_FINALIZER, &pods, err) < 0)
		return -1;
	struct job_round r = {.ctx = ctx,
			      .job = j,
			      .job_informer = ctx->informers[WATCH_JOBS],
			      .pod_informer = ctx->informers[WATCH_PODS],
			      .control = s->pods,
			      .now_ns = clock_wall_ns(),
			      .failures = failures_of(s, j->base.meta.uid)};
	job_round_look(&r, (const struct cm_pod **)pods.v, pods.n);
	int rc = job_round_run(&r, err);
	if (r.written)
		remember_failures(s, j->base.meta.uid, &r.failures);
	job_round_release(&r);
	claim_release(&pods);
	return rc;
}

static int sync(struct controller_ctx *ctx, const char *key, struct err *err)
{
	if (*key == *ORPHAN_PREFIX)
		return sync_orphan(ctx, key + 1, err);
	const struct cm_job *j = informer_get(ctx->informers[WATCH_JOBS], key);
	int rc = j && !j->foreign && !j->status.finished ? sync_job(ctx, j, err) : 0;

	informer_unref(j);
	return rc;
}

const struct controller job_controller = {
	.name = "job",
	.component = "job-controller",
	.watches =
		{
			[WATCH_JOBS] = {&cm_job_type, NULL, enqueue_job},
			[WATCH_PODS] = {&cm_pod_type, NULL, enqueue_pod},
		},
	.account = "job-controller",
	.workers = 2,
	.sync = sync,
	.init = init,
	.destroy = destroy,
};
