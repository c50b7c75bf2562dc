/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/logs.h"

#include <stdlib.h>

#include "serve/follow.h"

struct logs {
	const char *ns, *pod, *container; /* while opening */
	const struct logquery *q;
	struct worker_waiter waiter;
	struct follow *file;
};

static void on_end(void *arg)
{
	follow_finish(((struct logs *)arg)->file);
}

static int waiting_error(const struct logs *l, const struct status_view *v, struct err *err)
{
	const char *why = v->reason;
	if (!strcmp(why, "ErrImagePull"))
		why = "image can't be pulled";
	else if (!strcmp(why, "ImagePullBackOff"))
		why = "trying and failing to pull image";
	return err_set(err, REASON_BAD_REQUEST, "container \"%s\" in pod \"%s\" is waiting to start: %s",
		       l->container, l->pod, why);
}

/* Which run's log is meant (kubelet validateContainerLogStatus). */
static const struct container_run *pick(const struct logs *l, const struct status_view *v, struct err *err)
{
	if (l->q->previous) {
		if (v->last)
			return v->last;
		(void)err_set(err, REASON_BAD_REQUEST,
			      "previous terminated container \"%s\" in pod \"%s\" not found", l->container,
			      l->pod);
		return NULL;
	}
	if (v->state == SHOWN_RUNNING || v->state == SHOWN_TERMINATED)
		return v->now;
	if (v->last)
		return v->last;
	if (v->state == SHOWN_WAITING)
		(void)waiting_error(l, v, err);
	else
		(void)err_set(err, REASON_BAD_REQUEST, "container \"%s\" in pod \"%s\" is terminated",
			      l->container, l->pod);
	return NULL;
}

static int locate(struct logs *l, const struct logs_source *s, loop_fn *fn, void *arg, struct err *err)
{
	struct worker *w = s->find(s->arg, l->ns, l->pod);
	if (!w)
		return err_set(err, REASON_NOT_FOUND, "pod \"%s\" does not exist", l->pod);
	int i = pod_container_index(worker_pod(w), l->container);
	if (i < 0)
		return err_set(err, REASON_NOT_FOUND, "container \"%s\" not found in pod \"%s\"",
			       l->container, l->pod);
	struct status_view v = status_view(worker_machine(w), (size_t)i);
	const struct container_run *r = pick(l, &v, err);
	if (!r)
		return -1;
	const struct meta *m = &worker_pod(w)->o.meta;
	bool follow = l->q->follow && v.state == SHOWN_RUNNING && r == v.now && !s->simulated;
	l->file =
		follow_new(s->loop, LANE_LOG,
			   runtime_log_path(s->root, m->namespace, m->name, m->uid, l->container, r->attempt),
			   &l->q->options, follow, fn, arg);
	if (follow) {
		l->waiter.container = i;
		worker_wait_end(w, &l->waiter);
	}
	return 0;
}

struct logs *logs_open(const struct logs_source *s, const char *ns, const char *pod, const char *container,
		       const struct logquery *q, loop_fn *fn, void *arg, struct err *err)
{
	struct logs *l = MEM_NEW(struct logs);
	*l = (struct logs){.ns = ns, .pod = pod, .container = container, .q = q};
	list_init(&l->waiter.link);
	l->waiter.fn = on_end;
	l->waiter.arg = l;
	if (locate(l, s, fn, arg, err) == 0)
		return l;
	logs_close(l);
	return NULL;
}

void logs_ask(struct logs *l)
{
	follow_ask(l->file);
}

size_t logs_take(struct logs *l, char *out, size_t max)
{
	return follow_take(l->file, out, max);
}

bool logs_over(const struct logs *l)
{
	return follow_over(l->file);
}

const struct err *logs_error(const struct logs *l)
{
	return follow_error(l->file);
}

void logs_close(struct logs *l)
{
	if (!l)
		return;
	list_del(&l->waiter.link);
	follow_free(l->file);
	free(l);
}
