/* SPDX-License-Identifier: Apache-2.0 */
/* How many Pods a Job has at work: creating, and taking away what is too much; see job_round.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "job/job_round.h"

#define INDEX_KEY "batch.kubernetes.io/job-completion-index"
#define FAILURES_KEY "batch.kubernetes.io/job-index-failure-count"
#define IGNORED_KEY "batch.kubernetes.io/job-index-ignored-failure-count"
#define ENV_NAME "JOB_COMPLETION_INDEX"

enum { HOLE_INDEX, HOLE_FAILURES, HOLE_IGNORED };

/* ---- fewer ---- */

static void forget_active(struct job_round *r, const struct cm_pod *const *v, size_t n)
{
	automap struct map gone = MAP_INIT;
	size_t left = 0;

	for (size_t i = 0; i < n; i++) {
		map_set(&gone, v[i]->base.meta.uid, r);
		r->ready -= cm_pod_ready(v[i]);
	}
	for (size_t i = 0; i < r->n_active; i++)
		if (!map_has(&gone, r->active[i]->base.meta.uid))
			r->active[left++] = r->active[i];
	r->n_active = left;
	r->terminating += (int32_t)n;
}

int job_end_active(struct job_round *r, struct err *err)
{
	if (!r->n_active)
		return 0;
	if (pod_control_delete(r->control, r->ctx, r->pod_informer, &r->job->base, r->active, r->n_active,
			       err) < 0)
		return -1;
	const struct cm_pod **all = mem_memdup(r->active, r->n_active * sizeof(*all));
	forget_active(r, all, r->n_active);
	free(all);
	return 0;
}

/* Those that are not wanted do not count as failed: the finalizer goes first. */
static int remove_pods(struct job_round *r, const struct cm_pod *const *v, size_t n, struct err *err)
{
	if (job_untrack(r, v, n, err) < 0 ||
	    pod_control_delete(r->control, r->ctx, r->pod_informer, &r->job->base, v, n, err) < 0)
		return -1;
	forget_active(r, v, n);
	return 0;
}

static int by_worth(const void *a, const void *b)
{
	return pod_control_worth(*(const struct cm_pod *const *)a, *(const struct cm_pod *const *)b, 0);
}

struct indexed_pod {
	const struct cm_pod *pod;
	int index;
};

static int by_index_and_worth(const void *a, const void *b)
{
	const struct indexed_pod *x = a, *y = b;

	if (x->index != y->index)
		return x->index < y->index ? -1 : 1;
	return pod_control_worth(x->pod, y->pod, 0);
}

/* Which active Pods go when at least `least` must: first those that share an index with a worthier one or have none that
   counts, then the least worthy. Returns how many; at most as many as are active. */
static size_t choose(struct job_round *r, size_t least, const struct cm_pod **ret)
{
	size_t n = 0, left = 0;
	const struct cm_pod **rest = mem_array(r->n_active + 1, sizeof(*rest));
	struct indexed_pod *ranked = mem_array(r->n_active + 1, sizeof(*ranked));

	for (size_t i = 0; i < r->n_active; i++)
		ranked[i] = (struct indexed_pod){r->active[i],
						 r->job->indexed ? job_index(r->job, r->active[i]) : (int)i};
	if (r->job->indexed)
		qsort(ranked, r->n_active, sizeof(*ranked), by_index_and_worth);
	for (size_t i = 0; i < r->n_active; i++) {
		bool doubled = i + 1 < r->n_active && ranked[i].index == ranked[i + 1].index;
		if (ranked[i].index < 0 || doubled)
			ret[n++] = ranked[i].pod;
		else
			rest[left++] = ranked[i].pod;
	}
	if (n < least) {
		qsort(rest, left, sizeof(*rest), by_worth);
		for (size_t i = 0; i < left && n < least; i++)
			ret[n++] = rest[i];
	}
	free(rest);
	free(ranked);
	return n;
}

/* ---- more ---- */

static void add_env(js *containers)
{
	js_array_for_each (c, containers) {
		js *env = js_ensure_arr(c, "env");
		bool has = false;

		js_array_for_each (e, env)
			has = has ||
			      !strcmp(js_str(e, "name", NULL) ? js_str(e, "name", NULL) : "", ENV_NAME);
		if (has)
			continue;
		js *e = js_new_obj();
		js_set_str(e, "name", ENV_NAME);
		js_set_str(js_ensure(e, "valueFrom", "fieldRef", NULL), "fieldPath",
			   "metadata.labels['" INDEX_KEY "']");
		js_push(env, e);
	}
}

static struct pod_template *template_of(struct job_round *r, bool ignored)
{
	const struct cm_job *j = r->job;
	struct pod_template *t = pod_template_new(j->template, &j->base);
	js *pod = pod_template_tree(t), *meta = js_ensure(pod, "metadata", NULL);
	js *finalizers = js_ensure_arr(meta, "finalizers");
	bool has = false;

	js_array_for_each (f, finalizers)
		has = has || !strcmp(js_str(f, NULL) ? js_str(f, NULL) : "", JOB_FINALIZER);
	if (!has)
		js_push(finalizers, js_new_str(JOB_FINALIZER));
	if (!j->indexed)
		return t;
	const char *index = pod_template_hole(t, HOLE_INDEX);
	autofree char *host = mem_printf("%s-%s", j->base.meta.name, index);
	autofree char *prefix = mem_printf("%s-", host);
	js_set_str(js_ensure(meta, "annotations", NULL), INDEX_KEY, index);
	js_set_str(js_ensure(meta, "labels", NULL), INDEX_KEY, index);
	js_set_str(meta, "generateName", prefix);
	js_set_str(js_ensure(pod, "spec", NULL), "hostname", host);
	if (r->per_index)
		js_set_str(js_ensure(meta, "annotations", NULL), FAILURES_KEY,
			   pod_template_hole(t, HOLE_FAILURES));
	if (ignored)
		js_set_str(js_ensure(meta, "annotations", NULL), IGNORED_KEY,
			   pod_template_hole(t, HOLE_IGNORED));
	add_env(js_arr(pod, "spec", "initContainers", NULL));
	add_env(js_arr(pod, "spec", "containers", NULL));
	return t;
}

struct planned { /* one Pod of an Indexed Job */
	int32_t failures, ignored;
	char index_text[12], failures_text[12], ignored_text[12];
};

static void fill(void *arg, size_t i, const char *holes[POD_TEMPLATE_HOLES])
{
	struct planned *p = arg;

	holes[HOLE_INDEX] = p[i].index_text;
	holes[HOLE_FAILURES] = p[i].failures_text;
	holes[HOLE_IGNORED] = p[i].ignored_text;
}

static void plan(struct job_round *r, int index, struct planned *p)
{
	const struct cm_pod *before = job_delayed(r, index);

	*p = (struct planned){0};
	if (before) {
		bool counts = job_counts(r->job, before);
		p->failures = job_index_failures(before) + counts;
		p->ignored = job_index_ignored(before) + !counts;
	}
	snprintf(p->index_text, sizeof(p->index_text), "%d", index);
	snprintf(p->failures_text, sizeof(p->failures_text), "%d", (int)p->failures);
	snprintf(p->ignored_text, sizeof(p->ignored_text), "%d", (int)p->ignored);
}

static int create(struct job_round *r, struct planned *v, size_t n, bool ignored, struct err *err)
{
	struct pod_burst b = {.ctx = r->ctx,
			      .pods = r->pod_informer,
			      .owner = &r->job->base,
			      .template = template_of(r, ignored),
			      .fill = v ? fill : NULL,
			      .arg = v};
	int rc = pod_control_create(&b, n, err);

	r->created += b.created;
	pod_template_free(b.template);
	if (rc < 0 && err->reason == REASON_ENDING) {
		*err = (struct err)ERR_INIT; /* the Job goes with its namespace */
		return 0;
	}
	return rc;
}

/* The lowest indexes that nobody has, of those whose pause is over. */
static size_t next_indexes(struct job_round *r, size_t max, int *ret)
{
	const struct cm_job *j = r->job;
	struct job_indexes taken = {0};
	int *busy = mem_array(r->n_pods + 1, sizeof(int));
	size_t n_busy = 0, n, ready = 0;
	int64_t soonest = 0;

	for (size_t i = 0; i < r->n_pods; i++) {
		const struct cm_pod *p = r->pods[i];
		bool ends = !pod_control_active(r->control, p) && !podlife_phase_terminal(p->phase);
		int index = job_index(j, p);
		if (index >= 0 && (pod_control_active(r->control, p) || (ends && j->replace_failed_only)))
			busy[n_busy++] = index;
	}
	taken = job_indexes_of(busy, n_busy);
	job_indexes_merge(&taken, &r->succeeded_indexes);
	job_indexes_merge(&taken, &r->failed_indexes);
	n = job_indexes_free(&taken, j->completions, ret, max);
	job_indexes_release(&taken);
	free(busy);
	for (size_t i = 0; i < n && r->per_index; i++) {
		const struct cm_pod *d = job_delayed(r, ret[i]);
		int64_t left = d ? job_backoff_left(job_index_failures(d) + job_index_ignored(d) + 1,
						    job_pod_finished_ns(d), r->now_ns)
				 : 0;
		if (left && (!soonest || left < soonest))
			soonest = left;
		if (!left)
			ret[ready++] = ret[i];
	}
	if (soonest)
		job_wake_after(r, soonest);
	return r->per_index ? ready : n;
}

static int create_indexed(struct job_round *r, size_t n, struct err *err)
{
	int *indexes = mem_array(n, sizeof(*indexes));
	struct planned *plain = mem_array(n, sizeof(*plain)), *marked = mem_array(n, sizeof(*marked));
	size_t n_plain = 0, n_marked = 0;
	int rc = 0;

	n = next_indexes(r, n, indexes);
	for (size_t i = 0; i < n; i++) {
		struct planned p;
		plan(r, indexes[i], &p);
		if (p.ignored)
			marked[n_marked++] = p;
		else
			plain[n_plain++] = p;
	}
	if (n_plain)
		rc = create(r, plain, n_plain, false, err);
	if (rc == 0 && n_marked)
		rc = create(r, marked, n_marked, true, err);
	free(indexes);
	free(plain);
	free(marked);
	return rc;
}

static int create_pods(struct job_round *r, size_t n, struct err *err)
{
	bool more = n > POD_CONTROL_BURST;
	int64_t left = r->per_index ? 0 : job_backoff_left(r->failures.n, r->failures.last_ns, r->now_ns);

	if (left) {
		job_wake_after(r, left);
		return 0;
	}
	n = more ? POD_CONTROL_BURST : n;
	if (r->job->indexed ? create_indexed(r, n, err) : create(r, NULL, n, false, err))
		return -1;
	if (more)
		job_wake_after(r, 0);
	return 0;
}

/* ---- as many as there should be ---- */

static size_t wanted(const struct job_round *r)
{
	const struct cm_job *j = r->job;
	int32_t left = j->completions - r->succeeded;

	if (j->completions == JOB_UNSET)
		return r->succeeded > 0 ? r->n_active : (size_t)j->parallelism;
	return left <= 0 ? 0 : (size_t)(left < j->parallelism ? left : j->parallelism);
}

int job_manage(struct job_round *r, struct err *err)
{
	size_t want = r->job->suspended ? 0 : wanted(r), busy = r->n_active;
	const struct cm_pod **v = mem_array(r->n_active + 1, sizeof(*v));
	size_t n = choose(r, busy > want ? busy - want : 0, v);
	int rc = 0;

	if (n) {
		rc = remove_pods(r, v, n < POD_CONTROL_BURST || r->job->suspended ? n : POD_CONTROL_BURST,
				 err);
	} else {
		busy += r->job->replace_failed_only ? (size_t)r->terminating : 0;
		if (busy < want)
			rc = create_pods(r, want - busy, err);
	}
	free(v);
	return rc;
}
