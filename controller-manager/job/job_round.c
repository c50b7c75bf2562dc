/* SPDX-License-Identifier: Apache-2.0 */
/* What is so, and how it ends; see job_round.h. */
#include "job/job_round.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/mem.h"
#include "object/condition.h"
#include "object/rfc3339.h"

#define YES ((void *)1)

void job_wake_after(struct job_round *r, int64_t ns)
{
	if (!r->wake_ns || ns < r->wake_ns)
		r->wake_ns = ns > 0 ? ns : 1;
}

/* ---- what is so ---- */

static int by_index(const void *a, const void *b)
{
	int i = job_index_of(*(const struct cm_pod *const *)a),
	    k = job_index_of(*(const struct cm_pod *const *)b);

	return (i > k) - (i < k);
}

/* Of the uids in the status, those whose Pod still has the finalizer; the others are to be counted. */
static int32_t read_uncounted(struct map *ret, const struct map *tracked, char **uids, size_t n)
{
	int32_t gone = 0;

	for (size_t i = 0; i < n; i++)
		if (map_has(tracked, uids[i]))
			map_set(ret, uids[i], YES);
		else
			gone++;
	return gone;
}

static void look_at_pods(struct job_round *r)
{
	automap struct map tracked = MAP_INIT;

	for (size_t i = 0; i < r->n_pods; i++) {
		const struct cm_pod *p = r->pods[i];

		if (job_tracks(p))
			map_set(&tracked, p->base.meta.uid, YES);
		if (pod_control_active(r->control, p)) {
			r->active[r->n_active++] = p;
			r->ready += cm_pod_ready(p);
		} else if (!podlife_phase_terminal(p->phase)) {
			r->terminating++;
		}
	}
	r->gone_succeeded =
		read_uncounted(&r->uncounted_succeeded, &tracked, r->job->status.uncounted_succeeded,
			       r->job->status.n_uncounted_succeeded);
	r->gone_failed = read_uncounted(&r->uncounted_failed, &tracked, r->job->status.uncounted_failed,
					r->job->status.n_uncounted_failed);
}

/* Not in the status yet, in no way, and of an index that counts. */
static bool is_new(const struct job_round *r, const struct cm_pod *p, const struct map *uncounted)
{
	return job_tracks(p) && !map_has(uncounted, p->base.meta.uid) &&
	       (!r->job->indexed || job_index(r->job, p) >= 0);
}

/* The pause before the next Pod grows with the failures since the last success. */
static void note_failures(struct job_round *r, const struct cm_pod **failed, size_t n, int64_t success_ns)
{
	if (success_ns)
		r->failures = (struct job_failures){0};
	for (size_t i = 0; i < n; i++) {
		int64_t at = job_pod_finished_ns(failed[i]);

		if (success_ns && at <= success_ns)
			continue;
		r->failures.n++;
		r->failures.last_ns = at > r->failures.last_ns ? at : r->failures.last_ns;
	}
}

static void count(struct job_round *r)
{
	const struct cm_job *j = r->job;
	const struct cm_pod **failed = mem_array(r->n_pods + 1, sizeof(*failed));
	size_t n_failed = 0;
	int64_t success_ns = 0;

	r->succeeded = j->status.succeeded + r->gone_succeeded + (int32_t)map_len(&r->uncounted_succeeded);
	r->failed = j->status.failed + r->gone_failed + (int32_t)map_len(&r->uncounted_failed);
	for (size_t i = 0; i < r->n_pods; i++) {
		const struct cm_pod *p = r->pods[i];

		if (p->phase == PHASE_SUCCEEDED && is_new(r, p, &r->uncounted_succeeded)) {
			int64_t at = job_pod_finished_ns(p);
			r->succeeded++;
			success_ns = at > success_ns ? at : success_ns;
		}
		if (job_pod_failed(j, p) && is_new(r, p, &r->uncounted_failed)) {
			failed[n_failed++] = p;
			r->failed += job_counts(j, p);
		}
	}
	note_failures(r, failed, n_failed, success_ns);
	free(failed);
}

const struct cm_pod *job_delayed(const struct job_round *r, int index)
{
	return map_getn(&r->delayed, (const char *)&index, sizeof(index));
}

/* The failed Pod of an index stays until its successor carries on its count. */
static void look_at_delayed(struct job_round *r)
{
	const struct cm_job *j = r->job;
	automap struct map active = MAP_INIT;

	for (size_t i = 0; i < r->n_active; i++) {
		int index = job_index(j, r->active[i]);
		if (index >= 0)
			map_setn(&active, (const char *)&index, sizeof(index), YES);
	}
	for (size_t i = 0; i < r->n_pods; i++) {
		const struct cm_pod *p = r->pods[i];
		int index = job_index(j, p);

		if (index < 0 || !job_tracks(p) || !job_pod_failed(j, p) ||
		    job_indexes_has(&r->succeeded_indexes, index) ||
		    job_indexes_has(&r->failed_indexes, index) ||
		    map_getn(&active, (const char *)&index, sizeof(index)))
			continue;
		const struct cm_pod *d = job_delayed(r, index);
		if (!d || (job_index_failures(d) + job_index_ignored(d) <=
				   job_index_failures(p) + job_index_ignored(p) &&
			   job_pod_finished_ns(p) >= job_pod_finished_ns(d)))
			map_setn(&r->delayed, (const char *)&index, sizeof(index), (void *)p);
	}
}

static void look_at_indexes(struct job_round *r)
{
	const struct cm_job *j = r->job;
	int *succeeded = mem_array(r->n_pods + 1, sizeof(int)),
	    *failed = mem_array(r->n_pods + 1, sizeof(int));
	size_t n_succeeded = 0, n_failed = 0;

	if (r->n_pods)
		qsort(r->pods, r->n_pods, sizeof(*r->pods), by_index);
	r->before = job_indexes_parse(j->status.completed_indexes, j->completions);
	r->succeeded_indexes = job_indexes_parse(j->status.completed_indexes, j->completions);
	r->failed_indexes = job_indexes_parse(j->status.failed_indexes, j->completions);
	for (size_t i = 0; i < r->n_pods; i++) {
		const struct cm_pod *p = r->pods[i];
		int index = job_index(j, p);

		if (index < 0 || !job_tracks(p))
			continue;
		if (p->phase == PHASE_SUCCEEDED)
			succeeded[n_succeeded++] = index;
		if (r->per_index && job_index_failed(j, p))
			failed[n_failed++] = index;
	}
	struct job_indexes more = job_indexes_of(succeeded, n_succeeded);
	job_indexes_merge(&r->succeeded_indexes, &more);
	job_indexes_release(&more);
	more = job_indexes_of(failed, n_failed);
	job_indexes_merge(&r->failed_indexes, &more);
	job_indexes_release(&more);
	r->succeeded = job_indexes_count(&r->succeeded_indexes);
	free(succeeded);
	free(failed);
	if (r->per_index)
		look_at_delayed(r);
}

void job_round_look(struct job_round *r, const struct cm_pod **pods, size_t n)
{
	struct err ignored = ERR_INIT;
	const char *conditions = r->job->status.conditions;

	r->pods = pods;
	r->n_pods = n;
	r->active = mem_array(n + 1, sizeof(*r->active));
	r->per_index = r->job->indexed && r->job->backoff_limit_per_index != JOB_UNSET;
	look_at_pods(r);
	count(r);
	if (r->job->indexed)
		look_at_indexes(r);
	r->conditions = conditions ? js_parse(conditions, strlen(conditions), NULL, &ignored) : NULL;
	r->conditions = r->conditions ? r->conditions : js_new_arr();
	r->start_ns = r->job->status.start_ns;
	if (!r->start_ns && !r->job->suspended)
		r->start_ns = r->now_ns;
}

void job_round_release(struct job_round *r)
{
	free(r->active);
	map_release(&r->delayed);
	free(r->ending.message);
	map_release(&r->uncounted_succeeded);
	map_release(&r->uncounted_failed);
	job_indexes_release(&r->before);
	job_indexes_release(&r->succeeded_indexes);
	job_indexes_release(&r->failed_indexes);
	js_autoput(&r->conditions);
}

/* ---- how it ends ---- */

static void end_with(struct job_round *r, int how, const char *reason, const char *message)
{
	r->ending.how = how;
	r->ending.reason = reason;
	free(r->ending.message);
	r->ending.message = mem_strdup(message);
}

/* What an earlier sync has declared. */
static bool declared(struct job_round *r, const char *type, int how)
{
	const js *c = condition_find(r->conditions, type);
	const char *status = js_str(c, "status", NULL), *reason = js_str(c, "reason", NULL),
		   *message = js_str(c, "message", NULL);

	if (!status || strcmp(status, "True") != 0)
		return false;
	end_with(r, how, reason ? reason : "", message ? message : "");
	r->ending.declared = true;
	return true;
}

static bool failed_by_policy(struct job_round *r)
{
	for (size_t i = 0; i < r->n_pods && r->job->has_failure_policy; i++) {
		if (!job_pod_failed(r->job, r->pods[i]))
			continue;
		struct job_verdict v = job_judge(r->job, r->pods[i], true);
		if (v.message) {
			end_with(r, JOB_FAILS, "PodFailurePolicy", v.message);
			free(v.message);
			return true;
		}
	}
	return false;
}

static bool past_deadline(struct job_round *r)
{
	int64_t left;

	if (r->job->deadline_s == JOB_UNSET || r->job->suspended || !r->start_ns)
		return false;
	left = r->start_ns + r->job->deadline_s * NS_PER_S - r->now_ns;
	if (left > 0)
		job_wake_after(r, left);
	return left <= 0;
}

static void decide_by_index(struct job_round *r)
{
	const struct cm_job *j = r->job;
	int failed = job_indexes_count(&r->failed_indexes), rule;
	char text[64];

	if (j->max_failed_indexes != JOB_UNSET && failed > j->max_failed_indexes)
		end_with(r, JOB_FAILS, "MaxFailedIndexesExceeded",
			 "Job has exceeded the specified maximal number of failed indexes");
	else if (failed > 0 && failed + r->succeeded >= j->completions)
		end_with(r, JOB_FAILS, "FailedIndexes", "Job has failed indexes");
	else if ((rule = job_success_rule(j, &r->succeeded_indexes)) >= 0) {
		snprintf(text, sizeof(text), "Matched rules at index %d", rule);
		end_with(r, JOB_SUCCEEDS, "SuccessPolicy", text);
	}
}

static void decide(struct job_round *r)
{
	const struct cm_job *j = r->job;

	if (declared(r, "SuccessCriteriaMet", JOB_SUCCEEDS) || declared(r, "FailureTarget", JOB_FAILS) ||
	    failed_by_policy(r))
		return;
	if (r->failed > j->backoff_limit || job_restarted_too_often(j, r->pods, r->n_pods))
		end_with(r, JOB_FAILS, "BackoffLimitExceeded", "Job has reached the specified backoff limit");
	else if (past_deadline(r))
		end_with(r, JOB_FAILS, "DeadlineExceeded", "Job was active longer than specified deadline");
	else if (j->indexed)
		decide_by_index(r);
}

static bool complete(const struct job_round *r)
{
	int32_t wanted = r->job->completions;

	return !r->n_active && !r->created &&
	       (wanted == JOB_UNSET ? r->succeeded > 0 : r->succeeded >= wanted);
}

/* True when something changed. */
static bool set_condition(struct job_round *r, const char *type, bool yes, const char *reason,
			  const char *message)
{
	char text[RFC3339_MAX];

	if (!condition_set(r->conditions, type, yes ? "True" : "False", reason, message, r->now_ns, false))
		return false;
	rfc3339_format(r->now_ns, text);
	js_set_str(condition_find(r->conditions, type), "lastProbeTime", text);
	return true;
}

/* ---- suspended or not ---- */

static void tell_suspended(struct job_round *r)
{
	bool yes = r->job->suspended;

	if (!yes && !condition_find(r->conditions, "Suspended"))
		return;
	if (!set_condition(r, "Suspended", yes, yes ? "JobSuspended" : "JobResumed",
			   yes ? "Job suspended" : "Job resumed"))
		return;
	r->events_changed = true;
	if (!yes)
		r->start_ns = r->now_ns; /* the deadline is of the time in which it is not suspended */
}

static void suspension_event(struct job_round *r)
{
	if (r->events_changed && r->job->suspended)
		control_event(r->ctx, &r->job->base, false, "Suspended", "Job suspended");
	else if (r->events_changed)
		control_event(r->ctx, &r->job->base, false, "Resumed", "Job resumed");
}

/* ---- whose finalizer may go ---- */

struct going {
	const struct cm_pod **v;
	size_t n;
	bool more;    /* than one sync takes */
	bool changed; /* something new is to be told */
};

static bool may_go(const struct job_round *r, const struct cm_pod *p, bool failed)
{
	if (r->job->base.meta.deleted_ns || r->ending.how != JOB_GOES_ON || p->phase == PHASE_SUCCEEDED)
		return true;
	int index = failed && r->per_index ? job_index(r->job, p) : -1;
	return failed && (index < 0 || job_delayed(r, index) != p);
}

/* Puts the Pod's end down, unless it is already. */
static void put_down(struct job_round *r, const struct cm_pod *p, bool failed, struct going *g, int *indexes,
		     size_t *n_indexes)
{
	const struct cm_job *j = r->job;
	const char *uid = p->base.meta.uid;
	int index = job_index(j, p);

	if (p->phase == PHASE_SUCCEEDED && !map_has(&r->uncounted_failed, uid)) {
		if (j->indexed && index >= 0 && !job_indexes_has(&r->before, index)) {
			indexes[(*n_indexes)++] = index;
			g->changed = true;
		} else if (!j->indexed && !map_has(&r->uncounted_succeeded, uid)) {
			map_set(&r->uncounted_succeeded, uid, YES);
			g->changed = true;
		}
	} else if ((failed || r->ending.how == JOB_FAILS) && (!j->indexed || index >= 0) &&
		   !map_has(&r->uncounted_failed, uid) && job_counts(j, p)) {
		map_set(&r->uncounted_failed, uid, YES);
		g->changed = true;
	}
}

static void put_down_all(struct job_round *r, struct going *g)
{
	int *indexes = mem_array(r->n_pods + 1, sizeof(int));
	size_t n_indexes = 0;

	g->v = mem_array(r->n_pods + 1, sizeof(*g->v));
	for (size_t i = 0; i < r->n_pods && !g->more; i++) {
		const struct cm_pod *p = r->pods[i];
		bool failed = job_pod_failed(r->job, p);

		if (!job_tracks(p) || !may_go(r, p, failed))
			continue;
		g->v[g->n++] = p;
		put_down(r, p, failed, g, indexes, &n_indexes);
		g->more = n_indexes + map_len(&r->uncounted_succeeded) + map_len(&r->uncounted_failed) >=
			  JOB_UNCOUNTED_MAX;
	}
	struct job_indexes more = job_indexes_of(indexes, n_indexes);
	job_indexes_merge(&r->before, &more); /* the status has what was put down, and no more */
	job_indexes_release(&more);
	free(indexes);
}

/* ---- the status ---- */

static void set_uids(js *o, const char *key, const struct map *uids)
{
	js *list = map_len(uids) ? js_new_arr() : NULL;

	for (struct map_iter it = {0}; map_next(uids, &it);)
		js_push(list, js_new_str(it.key));
	js_set(o, key, list);
}

static void set_time(js *o, const char *key, int64_t ns)
{
	char text[RFC3339_MAX];

	rfc3339_format(ns, text);
	js_set_str(o, key, text);
}

static void set_indexes(js *o, const char *key, const struct job_indexes *s, bool empty_too)
{
	autobuf struct buf text = BUF_INIT;

	job_indexes_write(s, &text);
	if (text.len || empty_too)
		js_set_str(o, key, buf_str(&text));
	else
		js_set(o, key, NULL);
}

static bool same_indexes(const struct job_indexes *s, const char *text)
{
	autobuf struct buf b = BUF_INIT;

	job_indexes_write(s, &b);
	return !strcmp(buf_str(&b), text ? text : "");
}

struct counts {
	int32_t succeeded, failed;
};

static struct counts counted(const struct job_round *r)
{
	const struct cm_job *j = r->job;

	return (struct counts){j->indexed ? job_indexes_count(&r->before)
					  : j->status.succeeded + r->gone_succeeded,
			       j->status.failed + r->gone_failed};
}

static bool differs(const struct job_round *r)
{
	const struct cm_job *j = r->job;
	struct counts c = counted(r);

	return !j->status.tracked || r->gone_succeeded || r->gone_failed ||
	       j->status.active != (int32_t)(r->n_active + r->created) || j->status.ready != r->ready ||
	       j->status.terminating != r->terminating || j->status.succeeded != c.succeeded ||
	       j->status.start_ns != r->start_ns ||
	       (j->indexed && !same_indexes(&r->before, j->status.completed_indexes)) ||
	       (r->per_index &&
		(!j->status.failed_indexes || !same_indexes(&r->failed_indexes, j->status.failed_indexes)));
}

static int write_status(struct job_round *r, const char *end, struct err *err)
{
	const struct cm_job *j = r->job;
	autojson js *body = js_new_obj();
	js *status = js_ensure(body, "status", NULL);
	struct counts c = counted(r);

	control_guard(body, &j->base);
	control_set_count(status, "active", (int64_t)(r->n_active + r->created));
	js_set_int(status, "ready", r->ready);
	js_set_int(status, "terminating", r->terminating);
	control_set_count(status, "succeeded", c.succeeded);
	control_set_count(status, "failed", c.failed);
	if (r->start_ns)
		set_time(status, "startTime", r->start_ns);
	if (j->indexed) {
		set_indexes(status, "completedIndexes", &r->before, false);
		if (r->per_index)
			set_indexes(status, "failedIndexes", &r->failed_indexes, true);
	}
	js *uncounted = js_ensure(status, "uncountedTerminatedPods", NULL);
	set_uids(uncounted, "succeeded", &r->uncounted_succeeded);
	set_uids(uncounted, "failed", &r->uncounted_failed);
	if (end && r->ending.how == JOB_SUCCEEDS)
		set_time(status, "completionTime", r->now_ns);
	js_set(status, "conditions", js_len(r->conditions) ? js_dup(r->conditions) : NULL);
	if (control_patch(r->ctx, r->job_informer, &j->base, REST_PATCH_MERGE, "status", body, err) < 0)
		return -1;
	r->written = true;
	return 0;
}

static void end_event(struct job_round *r)
{
	const struct informer_object *j = &r->job->base;

	if (r->ending.how == JOB_FAILS) {
		control_event(r->ctx, j, true, r->ending.reason, "%s", r->ending.message);
		return;
	}
	if (r->job->completions != JOB_UNSET && counted(r).succeeded > r->job->completions)
		control_event(r->ctx, j, true, "TooManySucceededPods",
			      "Too many succeeded pods running after completion count reached");
	control_event(r->ctx, j, false, "Completed", "Job completed");
}

/* The conditions that this sync's write adds: first what the end will be, and in a later one, when all is counted, that it is.
   The one that is added last, or NULL. */
static const char *add_conditions(struct job_round *r, const struct going *g, bool *ended)
{
	bool success = r->ending.how == JOB_SUCCEEDS;
	const char *type = NULL;

	*ended = false;
	if (r->ending.how == JOB_GOES_ON)
		return NULL;
	if (!r->ending.declared) {
		type = success ? "SuccessCriteriaMet" : "FailureTarget";
	} else if (!g->n && !r->terminating && !map_len(&r->uncounted_succeeded) &&
		   !map_len(&r->uncounted_failed)) {
		type = success ? "Complete" : "Failed";
		*ended = true;
	}
	if (type)
		set_condition(r, type, true, r->ending.reason, r->ending.message);
	return type;
}

static int tell(struct job_round *r, struct err *err)
{
	struct going g = {0};
	bool ended;
	int rc = 0;

	put_down_all(r, &g);
	const char *type = add_conditions(r, &g, &ended);
	if (type || g.changed || r->events_changed || differs(r))
		rc = write_status(r, ended ? type : NULL, err);
	else
		r->written = true;
	if (rc == 0) {
		suspension_event(r);
		if (ended)
			end_event(r);
		rc = job_untrack(r, g.v, g.n, err);
		if (rc == 0 && !ended && (g.n || type))
			r->wake_ns = 1; /* what is counted now, or has been declared, is told next */
	}
	free(g.v);
	return rc;
}

int job_round_run(struct job_round *r, struct err *err)
{
	struct err failure = ERR_INIT;
	int rc = 0;

	decide(r);
	if (r->ending.how != JOB_GOES_ON) {
		rc = job_end_active(r, &failure);
		if (rc < 0 && !r->ending.declared)
			r->ending.how = JOB_GOES_ON; /* not all could be asked to go */
	} else {
		bool managed = !r->job->base.meta.deleted_ns;
		if (managed)
			rc = job_manage(r, &failure);
		if (complete(r))
			end_with(r, JOB_SUCCEEDS, "CompletionsReached",
				 "Reached expected number of succeeded pods");
		else if (managed)
			tell_suspended(r);
	}
	if (tell(r, err) < 0)
		return -1;
	if (r->wake_ns)
		r->ctx->requeue_after_ns = r->wake_ns > 1 ? r->wake_ns : 0;
	if (rc < 0)
		*err = failure;
	return rc;
}
