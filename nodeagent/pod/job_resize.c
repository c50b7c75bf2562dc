/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Pod that asks for other resources: whether the node has them, and the cgroups that get them.
 *
 * In which order the cgroups are written: memory, then cpu; of each what shrinks, then the Pod's own, then what grows, so
 * that at no time one has more than the one above it. Before anything is written it is seen to that no container uses
 * more than its new limit. What was granted is on disk before it is written anywhere.
 */
#include "pod/job.h"

#include <inttypes.h>
#include <stdlib.h>

#include "os/tree.h"
#include "pod/life/resize.h"
#include "pod/limits.h"

struct change {
	int container;
	char id[RUNTIME_ID_MAX];
	struct container_resources was, to;
	struct runtime_limits limits;
	bool memory, cpu; /* differ */
	bool memory_done, cpu_done;
};
struct resize_job {
	struct job j;
	char *sandbox, *path;
	struct change *v;
	size_t n;
	struct runtime_limits pod;
	struct buf before, after; /* what is kept */
};

/* ---- may it? ---- */

static bool roomy(const struct pod_host *h, const struct pod *p, struct buf *why)
{
	const struct resources *want = &p->demand.requests, *all = &h->node.allocatable;
	bool memory = want->memory > all->memory;
	if (!memory && want->cpu_milli <= all->cpu_milli)
		return true;
	buf_addf(why, "Node didn't have enough capacity: %s, requested: %" PRId64 ", capacity: %" PRId64,
		 memory ? "memory" : "cpu", memory ? want->memory : want->cpu_milli,
		 memory ? all->memory : all->cpu_milli);
	return false;
}

/* Beside the others, without what it has itself. */
static bool fits(struct worker *w, struct buf *why)
{
	struct pod_host *h = w->host;
	char reason[ADMIT_REASON_MAX];
	resources_add(&h->node.used, &w->pod->demand.requests, -1);
	bool fits = admit_check(&h->node, w->wish, reason, why);
	resources_add(&h->node.used, &w->pod->demand.requests, 1);
	return fits;
}

void job_resize_consider(struct worker *w)
{
	autobuf struct buf why = BUF_INIT;
	const char *pending = NULL;
	if (w->wish == w->pod || !w->admitted || w->m.stage >= POD_STOPPING) {
		resize_pend(&w->m, NULL, NULL, 0);
		return;
	}
	if (w->wish->is_static) {
		buf_adds(&why, "In-place resize of static-pods is not supported");
		pending = RESIZE_INFEASIBLE;
	} else if (!roomy(w->host, w->wish, &why)) {
		pending = RESIZE_INFEASIBLE;
	} else if (!fits(w, &why)) {
		pending = RESIZE_DEFERRED;
		w->host->resizes_deferred = true;
	} else {
		worker_grant(w);
	}
	resize_pend(&w->m, pending, pending ? buf_str(&why) : NULL, w->wish->o.meta.generation);
}

/* ---- those that wait for room ---- */

static bool grows(const struct worker *w)
{
	const struct resources *is = &w->pod->demand.requests, *to = &w->wish->demand.requests;
	return to->cpu_milli > is->cpu_milli || to->memory > is->memory;
}

/* Who takes nothing, who matters more, who is guaranteed. */
static int before(const void *a, const void *b)
{
	const struct worker *x = *(struct worker *const *)a, *y = *(struct worker *const *)b;
	if (grows(x) != grows(y))
		return grows(x) - grows(y);
	if (x->pod->priority != y->pod->priority)
		return x->pod->priority > y->pod->priority ? -1 : 1;
	return (limits_qos(y->pod) == QOS_GUARANTEED) - (limits_qos(x->pod) == QOS_GUARANTEED);
}

static void retry(void *arg)
{
	struct pod_host *h = arg;
	struct worker **v = mem_array(map_len(&h->workers), sizeof(struct worker *));
	size_t n = 0;
	h->resizes_posted = h->resizes_deferred = false;
	for (struct map_iter it = {0}; map_next(&h->workers, &it);) {
		struct worker *w = it.value;
		if (w->m.resize.pending == RESIZE_DEFERRED)
			v[n++] = w;
	}
	qsort(v, n, sizeof(*v), before);
	for (size_t i = 0; i < n; i++) {
		job_resize_consider(v[i]);
		worker_kick(v[i]);
	}
	free(v);
}

void job_resize_retry(struct pod_host *h)
{
	if (!h->resizes_deferred || h->resizes_posted)
		return;
	h->resizes_posted = true;
	loop_post(h->loop, retry, h);
}

/* ---- the cgroups ---- */

static struct change *add(struct resize_job *r, int i)
{
	const struct container *c = &r->j.w->m.c[i];
	const struct container_spec *s = &r->j.pod->list.v[i];
	struct change *g = &r->v[r->n++];
	*g = (struct change){.container = i,
			     .was = pod_resources_read(c->actuated),
			     .to = s->resources,
			     .limits = limits_container(r->j.pod, s, r->j.host->capacity_memory)};
	memcpy(g->id, c->cur.id, strlen(c->cur.id) + 1);
	g->memory =
		g->was.memory_request != g->to.memory_request || g->was.memory_limit != g->to.memory_limit;
	g->cpu = g->was.cpu_request != g->to.cpu_request || g->was.cpu_limit != g->to.cpu_limit;
	return g;
}

static enum job_way resize_prepare(struct job *j, const struct action *a)
{
	struct resize_job *r = (struct resize_job *)j;
	const struct machine *m = &j->w->m;
	autofree char *dir = worker_dir(j->w);
	r->v = mem_array(m->n, sizeof(*r->v));
	for (size_t i = 0; i < m->n; i++)
		if (m->c[i].state == CTR_RUNNING && m->c[i].actuated)
			add(r, (int)i);
	r->sandbox = mem_strdup(m->sandbox_id);
	r->path = mem_printf("%s/" JOB_RESOURCES_FILE, dir);
	r->pod = limits_pod(j->pod, j->host->pod_max_pids);
	resize_save(m, false, &r->before);
	resize_save(m, true, &r->after);
	return JOB_GO;
}

static int keep(const struct resize_job *r, const struct buf *text, struct err *err)
{
	if (r->j.host->simulated)
		return 0;
	return tree_write(r->path, buf_str(text), text->len, 0600, TREE_VOLATILE, err);
}

static bool shrinks(int64_t was, int64_t to)
{
	return to > 0 && (was <= 0 || to < was);
}

/* What the Pod uses is what its containers use. */
static int check_use(const struct resize_job *r, struct err *err)
{
	struct runtime *rt = r->j.host->rt;
	autobuf struct buf why = BUF_INIT;
	size_t n = 0;
	if (!rt->ops->container_usage)
		return 0;
	for (size_t i = 0; i < r->n; i++) {
		const struct change *g = &r->v[i];
		struct runtime_usage u;
		if (!g->memory || !shrinks(g->was.memory_limit, g->to.memory_limit))
			continue;
		if (rt->ops->container_usage(rt, g->id, &u, err) < 0)
			return -1;
		if (u.memory < g->to.memory_limit)
			continue;
		buf_addf(&why,
			 "%sattempting to set container \"%s\" memory limit (%" PRId64
			 ") below current usage (%" PRId64 ")",
			 n++ ? ", " : "", r->j.pod->list.v[g->container].name, g->to.memory_limit, u.memory);
	}
	return n ? err_set(err, REASON_CONFLICT,
			   n > 1 ? "cannot decrease memory limits: [%s]"
				 : "cannot decrease memory limits: %s",
			   buf_str(&why))
		 : 0;
}

static struct runtime_limits part(const struct runtime_limits *l, bool memory)
{
	return memory ? (struct runtime_limits){.memory_bytes = l->memory_bytes}
		      : (struct runtime_limits){.cpu_shares = l->cpu_shares, .cpu_quota_us = l->cpu_quota_us};
}

/* The containers that get less of it, or those that do not. */
static int write_some(struct resize_job *r, bool memory, bool less, struct err *err)
{
	struct runtime *rt = r->j.host->rt;
	for (size_t i = 0; i < r->n; i++) {
		struct change *g = &r->v[i];
		bool *done = memory ? &g->memory_done : &g->cpu_done;
		bool down = memory ? shrinks(g->was.memory_limit, g->to.memory_limit)
				   : shrinks(g->was.cpu_limit, g->to.cpu_limit);
		if (!(memory ? g->memory : g->cpu) || down != less)
			continue;
		struct runtime_limits l = part(&g->limits, memory);
		if (rt->ops->container_update(rt, g->id, &l, err) < 0)
			return -1;
		*done = true;
	}
	return 0;
}

static int write_all(struct resize_job *r, bool memory, struct err *err)
{
	struct runtime *rt = r->j.host->rt;
	struct runtime_limits pod = part(&r->pod, memory);
	if (write_some(r, memory, true, err) < 0 || rt->ops->sandbox_update(rt, r->sandbox, &pod, err) < 0)
		return -1;
	return write_some(r, memory, false, err);
}

static void resize_work(struct job *j)
{
	struct resize_job *r = (struct resize_job *)j;
	if (keep(r, &r->before, &j->err) < 0 || check_use(r, &j->err) < 0 ||
	    write_all(r, true, &j->err) < 0 || write_all(r, false, &j->err) < 0)
		return;
	(void)!keep(r, &r->after, &j->err);
}

static bool resize_finish(struct job *j)
{
	struct resize_job *r = (struct resize_job *)j;
	struct machine *m = &j->w->m;
	for (size_t i = 0; i < r->n; i++) {
		const struct change *g = &r->v[i];
		const char *text = j->pod->list.v[g->container].resources_text;
		if (g->memory_done)
			resize_applied(m, g->container, g->id, text, "memory");
		if (g->cpu_done)
			resize_applied(m, g->container, g->id, text, "cpu");
	}
	job_log(j, "could not resize");
	resize_done(m, j->err.reason == REASON_NONE ? NULL : j->err.msg, worker_now());
	return true;
}

static void resize_release(struct job *j)
{
	struct resize_job *r = (struct resize_job *)j;
	free(r->v);
	free(r->sandbox);
	free(r->path);
	buf_release(&r->before);
	buf_release(&r->after);
}

const struct job_type job_resize = {.size = sizeof(struct resize_job),
				    .lane = LANE_WORK,
				    .prepare = resize_prepare,
				    .work = resize_work,
				    .done = resize_finish,
				    .release = resize_release};
