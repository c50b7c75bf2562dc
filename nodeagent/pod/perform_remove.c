/* SPDX-License-Identifier: Apache-2.0 */
/* Taking down what a Pod had, and what an earlier agent left of it. */
#include "pod/perform.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "pod/volumes.h"
#include "os/tree.h"

static void teardown_work(void *arg)
{
	struct perform *j = arg;
	struct runtime *rt = j->host->rt;
	if (j->id && rt->ops->sandbox_remove(rt, j->id, &j->err) < 0)
		return;
	if (!j->keep_volumes && !j->host->simulated)
		(void)!volumes_tear_down(j->host->root, j->pod->o.meta.uid, &j->err);
}

static void teardown_done(void *arg)
{
	struct perform *j = arg;
	bool ok = j->err.reason == REASON_NONE;
	if (!ok)
		log_warn_err(&j->err, "could not tear down pod", "pod=%s/%s", j->pod->o.meta.namespace,
			     j->pod->o.meta.name);
	if (ok && j->id)
		map_del(&j->host->ids, j->id);
	machine_torn_down(&j->w->m, ok, worker_now());
	perform_finish(j);
}

void perform_teardown(struct worker *w, const struct action *a)
{
	struct perform *j = perform_job(w, -1);
	j->id = mem_strdup(w->m.sandbox_id);
	j->keep_volumes = a->keep_volumes;
	perform_begin(j, LANE_WORK, teardown_work, teardown_done);
}

static void forget_work(void *arg)
{
	struct perform *j = arg;
	const struct meta *m = &j->pod->o.meta;
	autofree char *logs = runtime_log_dir(j->host->root, m->namespace, m->name, m->uid);
	if (tree_remove(logs, &j->err) == 0)
		(void)!tree_remove(j->dir, &j->err);
}

static void forget_done(void *arg)
{
	struct perform *j = arg;
	if (j->err.reason != REASON_NONE)
		log_warn_err(&j->err, "could not remove the files of a pod", "pod=%s/%s",
			     j->pod->o.meta.namespace, j->pod->o.meta.name);
	perform_finish(j);
}

void perform_forget(struct worker *w)
{
	struct perform *j;
	if (w->host->simulated)
		return;
	j = perform_job(w, -1);
	j->dir = worker_dir(w);
	perform_begin(j, LANE_WORK, forget_work, forget_done);
}

static void sweep_work(void *arg)
{
	struct perform *j = arg;
	struct runtime *rt = j->host->rt;
	for (size_t i = 0; i < j->containers.n; i++)
		if (rt->ops->container_remove(rt, j->containers.v[i], &j->err) < 0)
			return;
	for (size_t i = 0; i < j->sandboxes.n; i++)
		if (rt->ops->sandbox_remove(rt, j->sandboxes.v[i], &j->err) < 0)
			return;
}

static void sweep_done(void *arg)
{
	struct perform *j = arg;
	if (j->err.reason != REASON_NONE)
		log_warn_err(&j->err, "could not remove what an earlier agent left", "pod=%s/%s",
			     j->pod->o.meta.namespace, j->pod->o.meta.name);
	perform_finish(j);
}

static bool taken_over(const struct machine *m, const char *id)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->c[i].cur.id && !strcmp(m->c[i].cur.id, id))
			return true;
	return false;
}

static void add_id(struct perform_ids *l, const char *id)
{
	l->v = mem_realloc_array(l->v, l->n + 1, sizeof(*l->v));
	snprintf(l->v[l->n++], RUNTIME_ID_MAX, "%s", id);
}

void perform_sweep(struct worker *w, const struct runtime_list *list)
{
	struct perform *j = perform_job(w, -1);
	const char *uid = w->pod->o.meta.uid;
	for (size_t i = 0; i < list->n_containers; i++)
		if (!strcmp(list->containers[i].pod_uid, uid) && !taken_over(&w->m, list->containers[i].c.id))
			add_id(&j->containers, list->containers[i].c.id);
	for (size_t i = 0; i < list->n_sandboxes; i++)
		if (!strcmp(list->sandboxes[i].pod_uid, uid) &&
		    (!w->m.sandbox_id || strcmp(w->m.sandbox_id, list->sandboxes[i].s.id) != 0))
			add_id(&j->sandboxes, list->sandboxes[i].s.id);
	if (j->containers.n + j->sandboxes.n)
		perform_begin(j, LANE_WORK, sweep_work, sweep_done);
	else
		perform_job_free(j);
}
