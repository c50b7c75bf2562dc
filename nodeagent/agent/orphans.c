/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/orphans.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "pod/last.h"
#include "pod/volumes.h"
#include "os/tree.h"

/*
 * What is to go is written down on the loop, at the moment when every Pod that there is has its worker. Removing it takes
 * a while, and the Pods that come meanwhile have directories too.
 */
struct orphans {
	struct node *n;
	char (*sandboxes)[RUNTIME_ID_MAX];
	size_t n_sandboxes;
	char **pods, **logs, **ended; /* names of directories; of files */
	size_t n_pods, n_logs, n_ended;
	struct err err;
};

static void add_name(char ***v, size_t *n, const char *name)
{
	if ((*n & (*n - 1)) == 0) /* full: 0, 1, 2, 4 … */
		*v = mem_realloc_array(*v, *n ? 2 * *n : 1, sizeof(**v));
	(*v)[(*n)++] = mem_strdup(name);
}

static bool alive(const struct orphans *o, const char *uid)
{
	return map_has(&o->n->host.workers, uid);
}

static bool see_pod_dir(void *arg, const char *name)
{
	struct orphans *o = arg;
	if (!alive(o, name))
		add_name(&o->pods, &o->n_pods, name);
	return true;
}

static bool see_ended(void *arg, const char *name)
{
	struct orphans *o = arg;
	if (!alive(o, name))
		add_name(&o->ended, &o->n_ended, name);
	return true;
}

/* NS_NAME_UID: neither a namespace nor a Pod name has an underscore. */
static bool see_log_dir(void *arg, const char *name)
{
	struct orphans *o = arg;
	const char *uid = strrchr(name, '_');
	if (uid && !alive(o, uid + 1))
		add_name(&o->logs, &o->n_logs, name);
	return true;
}

static void orphans_work(void *arg)
{
	struct orphans *o = arg;
	struct runtime *rt = o->n->host.rt;
	for (size_t i = 0; i < o->n_sandboxes; i++) {
		struct err err = ERR_INIT;
		if (rt->ops->sandbox_remove(rt, o->sandboxes[i], &err) < 0)
			o->err = err;
	}
	for (size_t i = 0; i < o->n_pods; i++) {
		struct err err = ERR_INIT;
		if (volumes_tear_down(o->n->host.root, o->pods[i], &err) < 0)
			o->err = err;
	}
	for (size_t i = 0; i < o->n_logs; i++) {
		struct err err = ERR_INIT;
		autofree char *path = mem_printf("%s/logs/%s", o->n->host.root, o->logs[i]);
		if (tree_remove(path, &err) < 0)
			o->err = err;
	}
	for (size_t i = 0; i < o->n_ended; i++) {
		struct err err = ERR_INIT;
		if (last_remove(o->n->host.root, o->ended[i], &err) < 0)
			o->err = err;
	}
}

static void free_names(char **v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(v[i]);
	free(v);
}

static void orphans_done(void *arg)
{
	struct orphans *o = arg;
	if (o->err.reason != REASON_NONE)
		log_warn_err(&o->err, "could not remove all of the pods that are gone", "node=%s",
			     o->n->name);
	free(o->sandboxes);
	free_names(o->pods, o->n_pods);
	free_names(o->logs, o->n_logs);
	free_names(o->ended, o->n_ended);
	free(o);
}

static void see_files(struct orphans *o)
{
	autofree char *pods = mem_printf("%s/pods", o->n->host.root);
	autofree char *logs = mem_printf("%s/logs", o->n->host.root), *ended = last_dir(o->n->host.root);
	(void)!tree_names(pods, see_pod_dir, o, &o->err);
	(void)!tree_names(logs, see_log_dir, o, &o->err);
	(void)!tree_names(ended, see_ended, o, &o->err);
}

void orphans_remove(struct node *n)
{
	struct orphans *o = MEM_NEW(struct orphans);
	o->n = n;
	o->sandboxes = mem_array(n->found->n_sandboxes, sizeof(*o->sandboxes));
	for (size_t i = 0; i < n->found->n_sandboxes; i++)
		if (!alive(o, n->found->sandboxes[i].pod_uid))
			snprintf(o->sandboxes[o->n_sandboxes++], RUNTIME_ID_MAX, "%s",
				 n->found->sandboxes[i].s.id);
	if (!n->host.simulated)
		see_files(o);
	loop_job(n->host.loop, LANE_WORK, orphans_work, orphans_done, o);
}
