/* SPDX-License-Identifier: Apache-2.0 */
/* Taking down what a Pod had, and what an earlier agent left of it. */
#include "pod/job.h"

#include <stdio.h>
#include <stdlib.h>

#include "os/tree.h"
#include "pod/last.h"
#include "pod/volumes.h"

struct teardown_job {
	struct job j;
	char *id; /* sandbox, or NULL */
	js *last; /* status; NULL: the Pod goes on */
	bool keep_volumes;
};

static enum job_way teardown_prepare(struct job *j, const struct action *a)
{
	struct teardown_job *t = (struct teardown_job *)j;
	t->id = mem_strdup(j->w->m.sandbox_id);
	t->keep_volumes = a->keep_volumes;
	if (!t->keep_volumes && !j->host->simulated)
		t->last = worker_status(j->w);
	return JOB_GO;
}

static void teardown_work(struct job *j)
{
	struct teardown_job *t = (struct teardown_job *)j;
	struct runtime *rt = j->host->rt;
	if (t->last)
		last_write(j->host->root, j->pod->o.meta.uid, t->last);
	if (t->id && rt->ops->sandbox_remove(rt, t->id, &j->err) < 0)
		return;
	if (!t->keep_volumes && !j->host->simulated)
		(void)!volumes_tear_down(j->host->root, j->pod->o.meta.uid, &j->err);
}

static bool teardown_done(struct job *j)
{
	struct teardown_job *t = (struct teardown_job *)j;
	bool ok = j->err.reason == REASON_NONE;
	job_log(j, "could not tear down pod");
	if (ok && t->id)
		map_del(&j->host->ids, t->id);
	machine_torn_down(&j->w->m, ok, worker_now());
	return true;
}

static void teardown_release(struct job *j)
{
	struct teardown_job *t = (struct teardown_job *)j;
	free(t->id);
	js_autoput(&t->last);
}

const struct job_type job_teardown = {.size = sizeof(struct teardown_job),
				      .lane = LANE_WORK,
				      .prepare = teardown_prepare,
				      .work = teardown_work,
				      .done = teardown_done,
				      .release = teardown_release};

/* ---- the files of a Pod that is forgotten: its logs and its directory ---- */

static enum job_way forget_prepare(struct job *j, const struct action *a)
{
	return j->host->simulated ? JOB_SKIP : JOB_GO;
}

static void forget_work(struct job *j)
{
	const struct meta *m = &j->pod->o.meta;
	autofree char *logs = runtime_log_dir(j->host->root, m->namespace, m->name, m->uid),
		      *dir = worker_dir(j->w);
	if (tree_remove(logs, &j->err) == 0 && tree_remove(dir, &j->err) == 0)
		(void)!last_remove(j->host->root, m->uid, &j->err);
}

static bool forget_done(struct job *j)
{
	job_log(j, "could not remove the files of a pod");
	return true;
}

const struct job_type job_forget = {.size = sizeof(struct job),
				    .lane = LANE_WORK,
				    .prepare = forget_prepare,
				    .work = forget_work,
				    .done = forget_done};

/* ---- what an earlier agent left ---- */

struct ids {
	char (*v)[RUNTIME_ID_MAX];
	size_t n;
};
struct sweep_job {
	struct job j;
	struct ids containers, sandboxes;
};

static void sweep_work(struct job *j)
{
	struct sweep_job *s = (struct sweep_job *)j;
	struct runtime *rt = j->host->rt;
	for (size_t i = 0; i < s->containers.n; i++)
		if (rt->ops->container_remove(rt, s->containers.v[i], &j->err) < 0)
			return;
	for (size_t i = 0; i < s->sandboxes.n; i++)
		if (rt->ops->sandbox_remove(rt, s->sandboxes.v[i], &j->err) < 0)
			return;
}

static bool sweep_done(struct job *j)
{
	job_log(j, "could not remove what an earlier agent left");
	return true;
}

static void sweep_release(struct job *j)
{
	struct sweep_job *s = (struct sweep_job *)j;
	free(s->containers.v);
	free(s->sandboxes.v);
}

static const struct job_type job_sweep = {.size = sizeof(struct sweep_job),
					  .lane = LANE_WORK,
					  .work = sweep_work,
					  .done = sweep_done,
					  .release = sweep_release};

static bool taken_over(const struct machine *m, const char *id)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->c[i].cur.id && !strcmp(m->c[i].cur.id, id))
			return true;
	return false;
}

static void add_id(struct ids *l, const char *id)
{
	l->v = mem_realloc_array(l->v, l->n + 1, sizeof(*l->v));
	snprintf(l->v[l->n++], RUNTIME_ID_MAX, "%s", id);
}

void job_sweep_begin(struct worker *w, const struct runtime_list *list)
{
	struct sweep_job *s = (struct sweep_job *)job_new(&job_sweep, w, -1);
	const char *uid = w->pod->o.meta.uid;
	for (size_t i = 0; i < list->n_containers; i++)
		if (!strcmp(list->containers[i].pod_uid, uid) && !taken_over(&w->m, list->containers[i].c.id))
			add_id(&s->containers, list->containers[i].c.id);
	for (size_t i = 0; i < list->n_sandboxes; i++)
		if (!strcmp(list->sandboxes[i].pod_uid, uid) &&
		    (!w->m.sandbox_id || strcmp(w->m.sandbox_id, list->sandboxes[i].s.id) != 0))
			add_id(&s->sandboxes, list->sandboxes[i].s.id);
	if (s->containers.n + s->sandboxes.n)
		job_go(&s->j);
	else
		job_drop(&s->j);
}
