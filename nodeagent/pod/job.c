/* SPDX-License-Identifier: Apache-2.0 */
#include "pod/job.h"

#include <assert.h>
#include <stdlib.h>

#include "base/log.h"

struct job *job_new(const struct job_type *t, struct worker *w, int container)
{
	struct job *j = mem_zalloc(t->size);
	*j = (struct job){
		.type = t, .w = w, .host = w->host, .pod = informer_ref(w->pod), .container = container};
	w->under_way++;
	return j;
}

void job_drop(struct job *j)
{
	if (j->type->release)
		j->type->release(j);
	j->w->under_way--;
	informer_unref(j->pod);
	free(j);
}

static void on_done(void *arg)
{
	struct job *j = arg;
	struct worker *w = j->w;
	j->at_work = NULL;
	if (j->type->done(j))
		job_drop(j);
	worker_kick(w); /* may free the worker */
}

static void on_work(void *arg)
{
	struct job *j = arg;
	j->type->work(j);
}

void job_go(struct job *j)
{
	/* A failure is told from the loop, not from here: the machine may be in the middle of a step. */
	if (j->err.reason != REASON_NONE)
		loop_post(j->host->loop, on_done, j);
	else
		j->at_work = loop_job(j->host->loop, j->type->lane, on_work, on_done, j);
}

void job_withdraw(struct job *j)
{
	if (j->at_work)
		loop_job_withdraw(j->at_work);
}

static void prepare(struct job *j, const struct action *a)
{
	enum job_way way = j->type->prepare ? j->type->prepare(j, a) : JOB_GO;
	if (way == JOB_GO)
		job_go(j);
	else if (way == JOB_SKIP)
		job_drop(j);
}

bool job_become(struct job *j, const struct job_type *t)
{
	assert(t->size == j->type->size);
	j->err = (struct err)ERR_INIT;
	j->type = t;
	prepare(j, NULL);
	return false;
}

void job_begin(const struct job_type *t, struct worker *w, int container, const struct action *a)
{
	prepare(job_new(t, w, container), a);
}

const struct container_spec *job_container(const struct job *j)
{
	return &j->pod->list.v[j->container];
}

const char *job_container_kind(const struct job *j)
{
	const struct container_spec *s = job_container(j);
	return s->init ? "init_container" : s->ephemeral ? "ephemeral_container" : "container";
}

struct container *job_machine_container(const struct job *j)
{
	return &j->w->m.c[j->container];
}

void job_log(const struct job *j, const char *what)
{
	const struct meta *m = &j->pod->o.meta;
	if (j->err.reason == REASON_NONE)
		return;
	if (j->container < 0)
		log_warn_err(&j->err, what, "pod=%s/%s", m->namespace, m->name);
	else
		log_warn_err(&j->err, what, "pod=%s/%s container=%s", m->namespace, m->name,
			     job_container(j)->name);
}

/* ---- actions ---- */

static const struct job_type *const by_action[] = {
	[ACT_SANDBOX] = &job_sandbox, [ACT_VOLUMES] = &job_volumes, [ACT_IMAGE] = &job_image,
	[ACT_START] = &job_start,     [ACT_SIGNAL] = &job_signal,   [ACT_TEARDOWN] = &job_teardown,
	[ACT_RESIZE] = &job_resize,
};

void worker_perform(struct worker *w, const struct action *a)
{
	assert(a->type < ARRAY_LEN(by_action));
	job_begin(by_action[a->type], w, a->container, a);
}

void worker_check_sandbox(struct worker *w)
{
	job_begin(&job_check_sandbox, w, -1, NULL);
}

void worker_check_end(struct worker *w, int container)
{
	job_begin(&job_check_end, w, container, NULL);
}
