/* SPDX-License-Identifier: Apache-2.0 */
/* See cronjob_round.h; the steps and their order are syncCronJob's of kubernetes/kubernetes pkg/controller/cronjob. */
#include "cronjob/cronjob_round.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/clock.h"
#include "base/mem.h"
#include "object/cron/cron_zone.h"
#include "object/rfc3339.h"

#define SCHEDULED_AT "batch.kubernetes.io/cronjob-scheduled-timestamp"
/* Clocks of machines differ: the queue comes a little late rather than too early. */
#define LATE_NS (100 * NS_PER_MS)
/* A clock that is set, or stands while the machine sleeps, is noticed that late at most. */
#define LOOK_NS (600 * NS_PER_S)

/* ---- what the Jobs are ---- */

static const struct informer_object *self(const struct cronjob_round *r)
{
	return &r->cronjob->base;
}

static void job_path(const struct cronjob_round *r, const char *name, struct buf *path)
{
	rest_path(path, "batch", "v1", self(r)->meta.namespace, "jobs", name, NULL);
}

static int get_job(const struct cronjob_round *r, const char *name, js **ret, struct err *err)
{
	autobuf struct buf path = BUF_INIT;

	job_path(r, name, &path);
	return rest_do(r->ctx->rest, REST_GET, buf_str(&path), NULL, ret, err);
}

/* What this daemon wrote is in the informer; what the one before it wrote last may not be yet. */
static int knows_live(const struct cronjob_round *r, const char *uid, bool *ret, struct err *err)
{
	autobuf struct buf path = BUF_INIT;
	autojson js *live = NULL;

	control_path(&path, self(r), NULL);
	if (rest_do(r->ctx->rest, REST_GET, buf_str(&path), NULL, &live, err) < 0)
		return -1;
	const js *active = js_arr(live, "status", "active", NULL);
	*ret = false;
	for (size_t i = 0; i < js_len(active) && !*ret; i++)
		*ret = !strcmp(js_str0(js_at(active, i), "uid", NULL), uid);
	return 0;
}

static void look_finished(struct cronjob_round *r, const struct cm_job *j)
{
	struct cronjob_status *s = &r->status;

	if (cronjob_status_has(s, j->base.meta.uid)) {
		cronjob_status_del(s, j->base.meta.uid);
		control_event(r->ctx, self(r), false, "SawCompletedJob",
			      "Saw completed job: %s, condition: %s", j->base.meta.name,
			      j->status.complete ? "Complete" : "Failed");
	}
	if (j->status.complete && j->status.completion_ns > s->last_successful_ns) {
		s->last_successful_ns = j->status.completion_ns;
		s->changed = true;
	}
}

static int look_job(struct cronjob_round *r, const struct cm_job *j, struct err *err)
{
	bool known = true;

	if (j->status.finished) {
		look_finished(r, j);
		return 0;
	}
	if (cronjob_status_has(&r->status, j->base.meta.uid))
		return 0;
	if (knows_live(r, j->base.meta.uid, &known, err) < 0)
		return -1;
	if (!known)
		control_event(r->ctx, self(r), true, "UnexpectedJob",
			      "Saw a job that the controller did not create or forgot: %s",
			      j->base.meta.name);
	return 0;
}

/* Jobs that it is told to have and that nobody shows any more. */
static int look_missing(struct cronjob_round *r, struct err *err)
{
	struct cronjob_status *s = &r->status;
	automap struct map shown = MAP_INIT;

	for (size_t i = 0; i < r->n_jobs; i++)
		map_set(&shown, r->jobs[i]->base.meta.uid, r);
	for (size_t i = 0; i < js_len(s->active); i++) {
		const js *ref = js_at(s->active, i);
		const char *uid = js_str0(ref, "uid", NULL), *name = js_str0(ref, "name", NULL);
		struct err why = ERR_INIT;

		if (!cronjob_status_has(s, uid) || map_has(&shown, uid) || get_job(r, name, NULL, &why) == 0)
			continue;
		if (why.reason != REASON_NOT_FOUND) {
			*err = why;
			return -1;
		}
		control_event(r->ctx, self(r), false, "MissingJob", "Active job went missing: %s", name);
		cronjob_status_del(s, uid);
	}
	return 0;
}

int cronjob_round_look(struct cronjob_round *r, struct err *err)
{
	for (size_t i = 0; i < r->n_jobs; i++)
		if (look_job(r, r->jobs[i], err) < 0)
			return -1;
	return look_missing(r, err);
}

/* ---- Jobs that go ---- */

/* With an event either way. */
static bool delete_job(struct cronjob_round *r, const char *name, const char *uid)
{
	autobuf struct buf path = BUF_INIT;
	autojson js *options = js_new_obj();
	struct err err = ERR_INIT;

	job_path(r, name, &path);
	js_set_str(options, "propagationPolicy", "Background");
	js_set_str(js_ensure(options, "preconditions", NULL), "uid", uid);
	if (rest_do(r->ctx->rest, REST_DELETE, buf_str(&path), options, NULL, &err) < 0) {
		control_event(r->ctx, self(r), true, "FailedDelete", "Deleted job: %s", err.msg);
		return false;
	}
	cronjob_status_del(&r->status, uid);
	control_event(r->ctx, self(r), false, "SuccessfulDelete", "Deleted job %s", name);
	return true;
}

static int by_start(const void *a, const void *b)
{
	const struct cm_job *const *ja = a, *const *jb = b;
	int64_t sa = (*ja)->status.start_ns, sb = (*jb)->status.start_ns;

	if (sa == sb)
		return strcmp((*ja)->base.meta.name, (*jb)->base.meta.name);
	if (!sa || !sb)
		return sa ? -1 : 1; /* one that has not begun is the newest */
	return sa < sb ? -1 : 1;
}

static void clean(struct cronjob_round *r, bool complete, int32_t limit)
{
	const struct cm_job **v = mem_array(r->n_jobs, sizeof(*v));
	size_t n = 0;

	for (size_t i = 0; i < r->n_jobs; i++)
		if (r->jobs[i]->status.finished && r->jobs[i]->status.complete == complete)
			v[n++] = r->jobs[i];
	if (limit != CRONJOB_UNSET && n > (size_t)limit) {
		qsort((void *)v, n, sizeof(*v), by_start);
		for (size_t i = 0; i < n - (size_t)limit; i++)
			if (!v[i]->base.meta.deleted_ns)
				(void)delete_job(r, v[i]->base.meta.name, v[i]->base.meta.uid);
	}
	free((void *)v);
}

void cronjob_round_clean(struct cronjob_round *r)
{
	clean(r, true, r->cronjob->successful_limit);
	clean(r, false, r->cronjob->failed_limit);
}

/* ---- a Job that begins ---- */

/* By the minute: whoever makes it, at one time there is one. */
static char *job_name(const struct cronjob_round *r, int64_t at_ns)
{
	return mem_printf("%s-%" PRId64, self(r)->meta.name, at_ns / (60 * NS_PER_S));
}

/* By the clock of the CronJob's zone, UTC when it names none. */
static int write_local(const struct cronjob_round *r, int64_t at_ns, char out[RFC3339_MAX], struct err *err)
{
	struct cron_zone *z = cron_zone_open(r->cronjob->zone ? r->cronjob->zone : "UTC", err);

	if (!z)
		return -1;
	int32_t offset_s = cron_zone_at(z, at_ns / NS_PER_S).offset_s;
	int minutes = abs(offset_s) / 60;
	cron_zone_free(z);
	rfc3339_format(at_ns + offset_s * NS_PER_S, out);
	size_t n = strlen(out) - 1;
	if (offset_s)
		snprintf(out + n, RFC3339_MAX - n, "%c%02d:%02d", offset_s < 0 ? '-' : '+', minutes / 60,
			 minutes % 60);
	return 0;
}

static void copy(js *meta, const char *key, const js *template)
{
	const js *v = js_obj(template, "metadata", key, NULL);

	if (v)
		js_set(meta, key, js_dup(v));
}

static int make_body(const struct cronjob_round *r, const char *name, int64_t at_ns, js **ret,
		     struct err *err)
{
	const struct meta *m = &self(r)->meta;
	const char *text = r->cronjob->template ? r->cronjob->template : "{}";
	char at[RFC3339_MAX];

	autojson js *template = js_parse(text, strlen(text), NULL, err);
	if (!template || write_local(r, at_ns, at, err) < 0)
		return -1;
	js *o = js_new_obj(), *meta = js_ensure(o, "metadata", NULL);
	js_set_str(o, "apiVersion", "batch/v1");
	js_set_str(o, "kind", "Job");
	js_set_str(meta, "name", name);
	js_set_str(meta, "namespace", m->namespace);
	copy(meta, "labels", template);
	copy(meta, "annotations", template);
	js_set_str(js_ensure(meta, "annotations", NULL), SCHEDULED_AT, at);
	js_push(js_ensure_arr(meta, "ownerReferences"),
		meta_new_controller_ref("batch/v1", "CronJob", m->name, m->uid));
	js_set(o, "spec", js_dup(js_obj(template, "spec", NULL)));
	*ret = o;
	return 0;
}

/* One that is there already is ours when we made it and did not come to say so. *ret NULL: nothing is to be said. */
static int adopt(struct cronjob_round *r, const char *name, js **ret, struct err *err)
{
	autojson js *there = NULL;

	*ret = NULL;
	if (get_job(r, name, &there, err) < 0)
		return -1;
	const js *owner = meta_controller_ref(there);
	if (owner && !strcmp(js_str0(owner, "uid", NULL), self(r)->meta.uid) &&
	    !cronjob_status_has(&r->status, meta_uid(there)))
		*ret = STEAL(there);
	return 0;
}

static int create(struct cronjob_round *r, const char *name, int64_t at_ns, js **ret, struct err *err)
{
	autobuf struct buf path = BUF_INIT;
	autojson js *body = NULL;
	struct err why = ERR_INIT;

	if (make_body(r, name, at_ns, &body, err) < 0)
		return -1;
	job_path(r, NULL, &path);
	if (rest_do(r->ctx->rest, REST_POST, buf_str(&path), body, ret, &why) == 0) {
		informer_inject(r->job_informer, *ret);
		control_event(r->ctx, self(r), false, "SuccessfulCreate", "Created job %s", name);
		return 0;
	}
	if (why.reason == REASON_ALREADY_EXISTS)
		return adopt(r, name, ret, err);
	if (why.reason != REASON_ENDING)
		control_event(r->ctx, self(r), true, "FailedCreate", "Error creating job: %s", why.msg);
	*err = why;
	return -1;
}

/* Those under way go. */
static int replace(struct cronjob_round *r, struct err *err)
{
	for (size_t i = 0; i < js_len(r->status.active); i++) {
		const js *ref = js_at(r->status.active, i);
		const char *name = js_str0(ref, "name", NULL);
		autojson js *live = NULL;

		if (!cronjob_status_has(&r->status, js_str0(ref, "uid", NULL)))
			continue;
		if (get_job(r, name, &live, err) < 0) {
			control_event(r->ctx, self(r), true, "FailedGet", "Get job: %s", err->msg);
			return -1;
		}
		if (!delete_job(r, name, meta_uid(live)))
			return err_set(err, REASON_INTERNAL, "could not replace job %s/%s",
				       self(r)->meta.namespace, name);
		cronjob_status_del(&r->status, js_str0(ref, "uid", NULL));
	}
	return 0;
}

static void say_too_late(struct cronjob_round *r, int64_t at_ns)
{
	time_t t = at_ns / NS_PER_S;
	struct tm tm;
	char text[64] = "";

	if (gmtime_r(&t, &tm))
		strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S +0000", &tm);
	control_event(r->ctx, self(r), true, "MissSchedule", "Missed scheduled time to start a job: %s",
		      text);
}

/* Whether the Job of that time is to begin. */
static bool may_begin(struct cronjob_round *r, const char *name, int64_t at_ns)
{
	const struct cm_cronjob *c = r->cronjob;

	if (c->deadline_s != CRONJOB_UNSET && c->deadline_s < (r->now_ns - at_ns) / NS_PER_S) {
		say_too_late(r, at_ns);
		return false;
	}
	if (cronjob_status_has_name(&r->status, name))
		return false;
	if (c->policy == CRONJOB_FORBID && r->status.n_active) {
		control_event(
			r->ctx, self(r), false, "JobAlreadyActive",
			"Not starting job because prior execution is running and concurrency policy is Forbid");
		return false;
	}
	return true;
}

static int begin(struct cronjob_round *r, int64_t at_ns, struct err *err)
{
	autofree char *name = job_name(r, at_ns);
	autojson js *job = NULL;

	if (!may_begin(r, name, at_ns))
		return 0;
	if (r->cronjob->policy == CRONJOB_REPLACE && replace(r, err) < 0)
		return -1;
	if (create(r, name, at_ns, &job, err) < 0)
		return -1;
	if (!job)
		return 0;
	cronjob_status_add(&r->status, job);
	r->status.last_schedule_ns = at_ns;
	return 0;
}

static int start_by(struct cronjob_round *r, const struct cronjob_schedule *s, struct err *err)
{
	const struct cm_cronjob *c = r->cronjob;
	struct cronjob_due due;
	struct err why = ERR_INIT;

	if (cronjob_due(c, s, r->now_ns, &due, &why) < 0) {
		control_event(r->ctx, self(r), true, "InvalidSchedule", "invalid schedule: %s : %s",
			      c->schedule, why.msg);
		return 0;
	}
	if (due.many)
		control_event(
			r->ctx, self(r), true, "TooManyMissedTimes",
			"too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew");
	if (due.at_ns && begin(r, due.at_ns, err) < 0)
		return -1;
	int64_t next_ns = cronjob_next(c, s, r->now_ns);
	if (next_ns != CRON_NEVER) {
		int64_t wait_ns = next_ns - r->now_ns + LATE_NS;
		r->ctx->requeue_after_ns = wait_ns < LOOK_NS ? wait_ns : LOOK_NS;
	}
	return 0;
}

int cronjob_round_start(struct cronjob_round *r, struct err *err)
{
	const struct cm_cronjob *c = r->cronjob;
	struct cronjob_schedule s;
	struct err why = ERR_INIT;

	if (c->base.meta.deleted_ns)
		return 0;
	if (c->zone && cron_zone_check(c->zone, &why) < 0) {
		control_event(r->ctx, self(r), true, "UnknownTimeZone", "invalid timeZone: \"%s\": %s",
			      c->zone, why.msg);
		return 0;
	}
	if (c->suspended)
		return 0;
	if (strstr(c->schedule, "TZ"))
		control_event(
			r->ctx, self(r), true, "UnsupportedSchedule",
			"CRON_TZ or TZ used in schedule \"%s\" is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details",
			c->schedule);
	if (cronjob_schedule_open(c, &s, &why) < 0) {
		control_event(r->ctx, self(r), true, "UnparseableSchedule",
			      "unparseable schedule: \"%s\" : %s", c->schedule, why.msg);
		return 0;
	}
	int rc = start_by(r, &s, err);
	cronjob_schedule_release(&s);
	return rc;
}
