/* SPDX-License-Identifier: Apache-2.0 */
/* See job_policy.h. */
#include "job/job_policy.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/mem.h"

static const char *const action_names[] = {[JOB_FAIL_JOB] = "FailJob"};

bool job_tracks(const struct cm_pod *p)
{
	for (size_t i = 0; i < p->base.meta.n_finalizers; i++)
		if (!strcmp(p->base.meta.finalizers[i], JOB_FINALIZER))
			return true;
	return false;
}

/* -1 for what is no number from 0 on. */
static int32_t number(const char *text)
{
	char *end;
	long n = text && *text >= '0' && *text <= '9' ? strtol(text, &end, 10) : -1;

	return n < 0 || *end || n > INT32_MAX ? -1 : (int32_t)n;
}

static int32_t count(const char *text)
{
	int32_t n = number(text);

	return n < 0 ? 0 : n;
}

int job_index_of(const struct cm_pod *p)
{
	return p->job_meta ? number(p->job_meta->marks.index) : -1;
}

int job_index(const struct cm_job *j, const struct cm_pod *p)
{
	int i = job_index_of(p);

	return j->indexed && i < j->completions ? i : -1;
}

int32_t job_index_failures(const struct cm_pod *p)
{
	return p->job_meta ? count(p->job_meta->marks.failures) : 0;
}

int32_t job_index_ignored(const struct cm_pod *p)
{
	return p->job_meta ? count(p->job_meta->marks.ignored_failures) : 0;
}

bool job_pod_failed(const struct cm_job *j, const struct cm_pod *p)
{
	if (p->phase == PHASE_FAILED)
		return true;
	return !j->replace_failed_only && p->base.meta.deleted_ns && p->phase != PHASE_SUCCEEDED;
}

int64_t job_pod_finished_ns(const struct cm_pod *p)
{
	const struct cm_job_pod_status *s = p->job_status;
	int64_t last = 0;

	for (size_t i = 0; s && i < s->n_containers; i++) {
		if (!s->containers[i].terminated || !s->containers[i].finished_ns) {
			last = 0;
			break;
		}
		last = s->containers[i].finished_ns > last ? s->containers[i].finished_ns : last;
	}
	if (last)
		return last;
	if (p->ready.status == CONDITION_FALSE && p->ready.since_ns)
		return p->ready.since_ns;
	if (p->base.meta.deleted_ns)
		return p->base.meta.deleted_ns - (p->job_meta ? p->job_meta->grace_s : 0) * NS_PER_S;
	return p->base.meta.created_ns;
}

/* ---- podFailurePolicy ---- */

static bool code_matches(const struct job_failure_rule *r, const struct cm_container_end *c)
{
	bool listed = false;

	if (!c->terminated || !c->exit_code || (r->container && strcmp(r->container, c->name) != 0))
		return false;
	for (size_t i = 0; i < r->n_codes && !listed; i++)
		listed = r->codes[i] == c->exit_code;
	return listed != r->not_in;
}

static const struct cm_container_end *match_codes(const struct job_failure_rule *r,
						  const struct cm_job_pod_status *s)
{
	for (size_t i = 0; i < s->n_containers; i++)
		if (code_matches(r, &s->containers[i]))
			return &s->containers[i];
	for (size_t i = 0; i < s->n_inits; i++)
		if (code_matches(r, &s->inits[i]))
			return &s->inits[i];
	return NULL;
}

static const char *match_conditions(const struct job_failure_rule *r, const struct cm_job_pod_status *s)
{
	for (size_t i = 0; i < s->n_conditions; i++)
		for (size_t k = 0; k < r->n_conditions; k++)
			if (!strcmp(s->conditions[i].type, r->types[k]) &&
			    !strcmp(s->conditions[i].status, r->statuses[k]))
				return s->conditions[i].type;
	return NULL;
}

struct job_verdict job_judge(const struct cm_job *j, const struct cm_pod *p, bool with_message)
{
	struct job_verdict v = {JOB_ACTION_NONE, true, NULL};

	for (size_t i = 0; p->job_status && i < j->n_failure_rules; i++) {
		const struct job_failure_rule *r = &j->failure_rules[i];
		const struct cm_container_end *end = r->on_exit_codes ? match_codes(r, p->job_status) : NULL;
		const char *condition = r->on_exit_codes ? NULL : match_conditions(r, p->job_status);

		if (!end && !condition)
			continue;
		v.action = r->action;
		v.counts = r->action != JOB_IGNORE;
		if (r->action != JOB_FAIL_JOB || !with_message)
			return v;
		const char *ns = p->base.meta.namespace, *name = p->base.meta.name;
		v.message =
			end ? mem_printf(
				      "Container %s for pod %s/%s failed with exit code %d matching %s rule at index %zu",
				      end->name, ns, name, end->exit_code, action_names[r->action], i)
			    : mem_printf("Pod %s/%s has condition %s matching %s rule at index %zu", ns, name,
					 condition, action_names[r->action], i);
		return v;
	}
	return v;
}

bool job_counts(const struct cm_job *j, const struct cm_pod *p)
{
	return job_judge(j, p, false).counts;
}

bool job_index_failed(const struct cm_job *j, const struct cm_pod *p)
{
	struct job_verdict v;

	if (!job_pod_failed(j, p))
		return false;
	v = job_judge(j, p, false);
	return v.action == JOB_FAIL_INDEX ||
	       (v.counts && job_index_failures(p) >= j->backoff_limit_per_index);
}

/* ---- how often, how long ---- */

int64_t job_backoff_left(int32_t failures, int64_t last_ns, int64_t now_ns)
{
	int64_t wait = JOB_BACKOFF_NS;

	if (failures <= 0)
		return 0;
	for (int32_t i = 1; i < failures && wait < JOB_BACKOFF_MAX_NS; i++)
		wait = 2 * wait < JOB_BACKOFF_MAX_NS ? 2 * wait : JOB_BACKOFF_MAX_NS;
	wait -= now_ns - last_ns;
	return wait > 0 ? wait : 0;
}

bool job_restarted_too_often(const struct cm_job *j, const struct cm_pod *const *pods, size_t n)
{
	int64_t sum = 0;

	if (!j->restarts)
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct cm_job_pod_status *s = pods[i]->job_status;

		if (!s || (pods[i]->phase != PHASE_RUNNING && pods[i]->phase != PHASE_PENDING))
			continue;
		for (size_t k = 0; k < s->n_containers; k++)
			sum += s->containers[k].restarts;
		for (size_t k = 0; k < s->n_inits; k++)
			sum += s->inits[k].restarts;
	}
	return j->backoff_limit == 0 ? sum > 0 : sum >= j->backoff_limit;
}

int job_success_rule(const struct cm_job *j, const struct job_indexes *succeeded)
{
	for (size_t i = 0; i < j->n_success_rules && succeeded->n; i++) {
		const struct job_success_rule *r = &j->success_rules[i];
		struct job_indexes wanted = job_indexes_parse(r->indexes, j->completions);
		int have = r->indexes ? job_indexes_common(&wanted, succeeded) : job_indexes_count(succeeded);
		bool all = wanted.n && have == job_indexes_count(&wanted);
		bool enough = r->count != JOB_UNSET && have >= r->count && (wanted.n || !r->indexes);

		job_indexes_release(&wanted);
		if (all || enough)
			return (int)i;
	}
	return -1;
}
