/* SPDX-License-Identifier: Apache-2.0 */
/* Asking a container to end, and finding out how it did. */
#include "pod/perform.h"

#include <signal.h>
#include <stdlib.h>

#include "base/log.h"
#include "pod/message.h"

static const struct {
	const char *name;
	int sig;
} signal_names[] = {
	{"TERM", SIGTERM}, {"QUIT", SIGQUIT}, {"INT", SIGINT},	   {"KILL", SIGKILL}, {"HUP", SIGHUP},
	{"USR1", SIGUSR1}, {"USR2", SIGUSR2}, {"WINCH", SIGWINCH}, {"ABRT", SIGABRT}, {"PWR", SIGPWR},
};

/* STOPSIGNAL of an image: SIGQUIT, QUIT, 3, SIGRTMIN+3. What is no signal is SIGTERM. */
static int stop_signal(const char *s)
{
	if (!s || !*s)
		return SIGTERM;
	if (!strncmp(s, "SIG", 3))
		s += 3;
	for (size_t i = 0; i < ARRAY_LEN(signal_names); i++)
		if (!strcmp(signal_names[i].name, s))
			return signal_names[i].sig;
	int base = !strncmp(s, "RTMIN+", 6) ? SIGRTMIN : 0;
	char *end;
	long n = strtol(base ? s + 6 : s, &end, 10);
	return *end || n < 0 || base + n < 1 || base + n > SIGRTMAX ? SIGTERM : base + (int)n;
}

static void signal_work(void *arg)
{
	struct perform *j = arg;
	struct runtime *rt = j->host->rt;
	struct err ignored = ERR_INIT;
	if (!j->sig) {
		/* An image that is gone meanwhile had nothing special to say. */
		(void)!rt->ops->image_get(rt, perform_spec(j)->image, &j->image, &ignored);
		j->sig = stop_signal(j->image.stop_signal);
	}
	(void)!rt->ops->container_signal(rt, j->id, j->sig, &j->err);
}

static void signal_done(void *arg)
{
	struct perform *j = arg;
	if (j->err.reason != REASON_NONE) {
		log_warn_err(&j->err, "could not signal container", "pod=%s/%s container=%s signal=%d",
			     j->pod->o.meta.namespace, j->pod->o.meta.name, perform_spec(j)->name, j->sig);
		worker_check_end(j->w, j->container);
	}
	perform_finish(j);
}

void perform_signal(struct worker *w, const struct action *a)
{
	struct perform *j = perform_job(w, a->container);
	j->id = mem_strdup(w->m.c[a->container].cur.id);
	j->sig = a->sig;
	perform_begin(j, LANE_WORK, signal_work, signal_done);
}

static void end_work(void *arg)
{
	struct perform *j = arg;
	struct runtime *rt = j->host->rt;
	if (rt->ops->container_status(rt, j->id, &j->status, &j->err) < 0 ||
	    j->status.state != RUNTIME_EXITED)
		return;
	if (!j->host->simulated)
		message_read(&j->message, j->message_path,
			     j->fallback && j->status.exit_code ? j->log_path : NULL);
}

static void end_done(void *arg)
{
	struct perform *j = arg;
	struct run_result r = {.id = j->id,
			       .started_ns = j->status.started_ns,
			       .finished_ns = j->status.finished_ns,
			       .exit_code = j->status.exit_code,
			       .oom_killed = j->status.oom_killed,
			       .message = buf_str(&j->message)};
	if (j->err.reason == REASON_NOT_FOUND) {
		r.exit_code = 137;
		r.reason = "ContainerStatusUnknown";
		r.message = "The container could not be located when the pod was terminated";
		machine_exited(&j->w->m, j->container, &r, worker_now());
	} else if (j->err.reason != REASON_NONE) {
		log_warn_err(&j->err, "could not get container status", "pod=%s/%s container=%s",
			     j->pod->o.meta.namespace, j->pod->o.meta.name, perform_spec(j)->name);
	} else if (j->status.state == RUNTIME_EXITED) {
		map_del(&j->host->ids, j->id);
		machine_exited(&j->w->m, j->container, &r, worker_now());
	}
	perform_finish(j);
}

void worker_check_end(struct worker *w, int container)
{
	struct perform *j = perform_job(w, container);
	const struct container_run *r = &w->m.c[container].cur;
	const struct meta *m = &w->pod->o.meta;
	j->id = mem_strdup(r->id);
	j->fallback = perform_spec(j)->termination_fallback;
	j->log_path = runtime_log_path(w->host->root, m->namespace, m->name, m->uid, perform_spec(j)->name,
				       r->attempt);
	j->message_path = message_path(w->host->root, m->uid, perform_spec(j)->name, r->attempt);
	perform_begin(j, LANE_WORK, end_work, end_done);
}
