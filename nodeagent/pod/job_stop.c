/* SPDX-License-Identifier: Apache-2.0 */
/* Asking a container to end, and finding out how it did. */
#include "pod/job.h"

#include <signal.h>
#include <stdlib.h>

#include "pod/message.h"
#include "os/stopsignal.h"

struct signal_job {
	struct job j;
	char *id;
	int sig;
};

static enum job_way signal_prepare(struct job *j, const struct action *a)
{
	struct signal_job *s = (struct signal_job *)j;
	const struct container_run *r = &job_machine_container(j)->cur;
	s->id = mem_strdup(r->id);
	s->sig = a->sig ? a->sig : r->stop_signal;
	return JOB_GO;
}

static void signal_work(struct job *j)
{
	struct signal_job *s = (struct signal_job *)j;
	struct runtime *rt = j->host->rt;
	struct runtime_image image = {0};
	struct err ignored = ERR_INIT;
	if (!s->sig) {
		/* Nobody kept it. An image that is gone meanwhile had nothing special to say. */
		(void)!rt->ops->image_get(rt, job_container(j)->image, &image, &ignored);
		s->sig = stopsignal_parse(image.stop_signal);
		if (!s->sig)
			s->sig = SIGTERM;
		runtime_image_release(&image);
	}
	(void)!rt->ops->container_signal(rt, s->id, s->sig, &j->err);
}

static bool signal_done(struct job *j)
{
	job_log(j, "could not signal container");
	if (j->err.reason != REASON_NONE)
		worker_check_end(j->w, j->container);
	return true;
}

static void signal_release(struct job *j)
{
	free(((struct signal_job *)j)->id);
}

const struct job_type job_signal = {.size = sizeof(struct signal_job),
				    .lane = LANE_WORK,
				    .prepare = signal_prepare,
				    .work = signal_work,
				    .done = signal_done,
				    .release = signal_release};

/* ---- how did it end? ---- */

struct end_job {
	struct job j;
	char *id, *log_path, *message_path;
	struct runtime_container status;
	struct buf message;
};

static enum job_way end_prepare(struct job *j, const struct action *a)
{
	struct end_job *e = (struct end_job *)j;
	const struct container_run *r = &job_machine_container(j)->cur;
	const struct meta *m = &j->pod->o.meta;
	const char *name = job_container(j)->name;
	e->id = mem_strdup(r->id);
	e->log_path = runtime_log_path(j->host->root, m->namespace, m->name, m->uid, name, r->attempt);
	e->message_path = message_path(j->host->root, m->uid, name, r->attempt);
	return JOB_GO;
}

static void end_work(struct job *j)
{
	struct end_job *e = (struct end_job *)j;
	struct runtime *rt = j->host->rt;
	if (rt->ops->container_status(rt, e->id, &e->status, &j->err) < 0 ||
	    e->status.state != RUNTIME_EXITED)
		return;
	bool fallback = job_container(j)->message_policy == MESSAGE_FALLBACK_TO_LOGS && e->status.exit_code;
	if (!j->host->simulated)
		message_read(&e->message, e->message_path, fallback ? e->log_path : NULL);
}

static bool end_done(struct job *j)
{
	struct end_job *e = (struct end_job *)j;
	struct run_result r = {.id = e->id,
			       .started_ns = e->status.started_ns,
			       .finished_ns = e->status.finished_ns,
			       .exit_code = e->status.exit_code,
			       .oom_killed = e->status.oom_killed,
			       .message = buf_str(&e->message)};
	if (j->err.reason == REASON_NOT_FOUND) {
		r.exit_code = 137;
		r.reason = "ContainerStatusUnknown";
		r.message = "The container could not be located when the pod was terminated";
		machine_exited(&j->w->m, j->container, &r, worker_now());
	} else if (j->err.reason != REASON_NONE) {
		job_log(j, "could not get container status");
	} else if (e->status.state == RUNTIME_EXITED) {
		map_del(&j->host->ids, e->id);
		machine_exited(&j->w->m, j->container, &r, worker_now());
	}
	return true;
}

static void end_release(struct job *j)
{
	struct end_job *e = (struct end_job *)j;
	free(e->id);
	free(e->log_path);
	free(e->message_path);
	buf_release(&e->message);
}

const struct job_type job_check_end = {.size = sizeof(struct end_job),
				       .lane = LANE_WORK,
				       .prepare = end_prepare,
				       .work = end_work,
				       .done = end_done,
				       .release = end_release};
