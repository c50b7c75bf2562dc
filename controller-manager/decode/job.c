/* SPDX-License-Identifier: Apache-2.0 */
/* See job.h. */
#include "decode/job.h"

#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "decode/template.h"
#include "object/condition.h"

static const char *const actions[] = {
	[JOB_ACTION_NONE] = "",		[JOB_IGNORE] = "Ignore",    [JOB_COUNT] = "Count",
	[JOB_FAIL_INDEX] = "FailIndex", [JOB_FAIL_JOB] = "FailJob",
};

static int32_t number(const js *o, const char *key)
{
	return (int32_t)js_int(o, JOB_UNSET, key, NULL);
}

static char *text(const js *o, const char *key)
{
	const char *s = js_str(o, key, NULL);
	return s ? mem_strdup(s) : NULL;
}

static char **texts(const js *list, const char *key, size_t *n)
{
	*n = js_len(list);
	char **v = mem_array(*n, sizeof(*v));
	for (size_t i = 0; i < *n; i++) {
		const js *item = js_at(list, i);
		const char *s = key ? js_str(item, key, NULL) : js_str(item, NULL);
		v[i] = mem_strdup(s ? s : "");
	}
	return v;
}

static void free_texts(char **v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(v[i]);
	free(v);
}

static void read_failure_rule(struct job_failure_rule *r, const js *o)
{
	const char *action = js_str(o, "action", NULL);
	const js *codes = js_obj(o, "onExitCodes", NULL);
	const js *values = js_arr(codes, "values", NULL), *conditions = js_arr(o, "onPodConditions", NULL);

	for (size_t i = 1; i < ARRAY_LEN(actions); i++)
		if (action && !strcmp(action, actions[i]))
			r->action = (enum job_action)i;
	r->on_exit_codes = codes != NULL;
	r->container = text(codes, "containerName");
	const char *op = js_str(codes, "operator", NULL);
	r->not_in = op && !strcmp(op, "NotIn");
	r->n_codes = js_len(values);
	r->codes = mem_array(r->n_codes, sizeof(*r->codes));
	for (size_t i = 0; i < r->n_codes; i++)
		r->codes[i] = (int32_t)js_int(js_at(values, i), 0, NULL);
	r->types = texts(conditions, "type", &r->n_conditions);
	r->statuses = texts(conditions, "status", &r->n_conditions);
}

static void read_policies(struct cm_job *j, const js *spec)
{
	const js *failure = js_obj(spec, "podFailurePolicy", NULL), *rules = js_arr(failure, "rules", NULL);
	const js *success = js_arr(spec, "successPolicy", "rules", NULL);

	j->has_failure_policy = failure != NULL;
	j->n_failure_rules = js_len(rules);
	j->failure_rules = mem_array(j->n_failure_rules, sizeof(*j->failure_rules));
	for (size_t i = 0; i < j->n_failure_rules; i++)
		read_failure_rule(&j->failure_rules[i], js_at(rules, i));
	j->n_success_rules = js_len(success);
	j->success_rules = mem_array(j->n_success_rules, sizeof(*j->success_rules));
	for (size_t i = 0; i < j->n_success_rules; i++)
		j->success_rules[i] =
			(struct job_success_rule){.indexes = text(js_at(success, i), "succeededIndexes"),
						  .count = number(js_at(success, i), "succeededCount")};
}

static void read_spec(struct cm_job *j, const js *spec)
{
	const char *mode = js_str(spec, "completionMode", NULL), *manager = js_str(spec, "managedBy", NULL);
	const char *replace = js_str(spec, "podReplacementPolicy", NULL);
	const char *restart = js_str(spec, "template", "spec", "restartPolicy", NULL);

	j->parallelism = (int32_t)js_int(spec, 1, "parallelism", NULL);
	j->completions = number(spec, "completions");
	j->backoff_limit = (int32_t)js_int(spec, 6, "backoffLimit", NULL);
	j->backoff_limit_per_index = number(spec, "backoffLimitPerIndex");
	j->max_failed_indexes = number(spec, "maxFailedIndexes");
	j->deadline_s = js_int(spec, JOB_UNSET, "activeDeadlineSeconds", NULL);
	j->ttl_s = js_int(spec, JOB_UNSET, "ttlSecondsAfterFinished", NULL);
	j->indexed = mode && !strcmp(mode, "Indexed");
	j->suspended = js_bool(spec, false, "suspend", NULL);
	j->foreign = (manager && strcmp(manager, "kubernetes.io/job-controller") != 0) ||
		     (mode && !j->indexed && strcmp(mode, "NonIndexed") != 0);
	read_policies(j, spec);
	j->replace_failed_only = (replace && !strcmp(replace, "Failed")) || j->has_failure_policy;
	j->restarts = restart && !strcmp(restart, "OnFailure");
	j->template = cm_json_text(js_obj(spec, "template", NULL));
}

static void read_status(struct cm_job *j, const js *status)
{
	const js *conditions = js_arr(status, "conditions", NULL);
	const js *uncounted = js_obj(status, "uncountedTerminatedPods", NULL);
	static const char *const ends[] = {"Complete", "Failed"};

	j->status.start_ns = cm_time(status, "startTime");
	j->status.completion_ns = cm_time(status, "completionTime");
	j->status.active = (int32_t)js_int(status, 0, "active", NULL);
	j->status.ready = number(status, "ready");
	j->status.terminating = number(status, "terminating");
	j->status.succeeded = (int32_t)js_int(status, 0, "succeeded", NULL);
	j->status.failed = (int32_t)js_int(status, 0, "failed", NULL);
	j->status.completed_indexes = text(status, "completedIndexes");
	j->status.failed_indexes = text(status, "failedIndexes");
	j->status.conditions = cm_json_text(conditions);
	j->status.tracked = uncounted != NULL;
	j->status.uncounted_succeeded =
		texts(js_arr(uncounted, "succeeded", NULL), NULL, &j->status.n_uncounted_succeeded);
	j->status.uncounted_failed =
		texts(js_arr(uncounted, "failed", NULL), NULL, &j->status.n_uncounted_failed);
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		const js *c = condition_find(conditions, ends[i]);
		const char *s = js_str(c, "status", NULL);
		if (!s || strcmp(s, "True") != 0)
			continue;
		j->status.finished = true;
		j->status.complete = i == 0;
		j->status.finished_ns = cm_time(c, "lastTransitionTime");
	}
}

static bool job_decode(void *into, const js *o)
{
	struct cm_job *j = into;

	read_spec(j, js_obj(o, "spec", NULL));
	j->selector = cm_selector(o);
	read_status(j, js_obj(o, "status", NULL));
	return true;
}

static void job_release(void *o)
{
	struct cm_job *j = o;

	for (size_t i = 0; i < j->n_failure_rules; i++) {
		struct job_failure_rule *r = &j->failure_rules[i];
		free(r->container);
		free(r->codes);
		free_texts(r->types, r->n_conditions);
		free_texts(r->statuses, r->n_conditions);
	}
	free(j->failure_rules);
	for (size_t i = 0; i < j->n_success_rules; i++)
		free(j->success_rules[i].indexes);
	free(j->success_rules);
	selector_free(j->selector);
	free(j->template);
	free(j->status.completed_indexes);
	free(j->status.failed_indexes);
	free(j->status.conditions);
	free_texts(j->status.uncounted_succeeded, j->status.n_uncounted_succeeded);
	free_texts(j->status.uncounted_failed, j->status.n_uncounted_failed);
}

const struct informer_type cm_job_type = {
	.group = "batch",
	.version = "v1",
	.resource = "jobs",
	.kind = "Job",
	.size = sizeof(struct cm_job),
	.decode = job_decode,
	.release = job_release,
	.n_indexes = INDEX_COMMON,
	.index = cm_index,
};
