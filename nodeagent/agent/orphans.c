/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/orphans.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "pod/volumes.h"
#include "os/tree.h"

struct orphans {
	struct node *n;
	char (*sandboxes)[RUNTIME_ID_MAX];
	size_t n_sandboxes;
	struct map alive; /* uids, not values */
	struct err err;
};

static bool remove_pod_dir(void *arg, const char *name)
{
	struct orphans *o = arg;
	struct err err = ERR_INIT;
	if (!map_has(&o->alive, name) && volumes_tear_down(o->n->host.root, name, &err) < 0)
		o->err = err;
	return true;
}

/* NS_NAME_UID: neither a namespace nor a Pod name has an underscore. */
static bool remove_log_dir(void *arg, const char *name)
{
	struct orphans *o = arg;
	struct err err = ERR_INIT;
	const char *uid = strrchr(name, '_');
	autofree char *path = mem_printf("%s/logs/%s", o->n->host.root, name);
	if (uid && !map_has(&o->alive, uid + 1) && tree_remove(path, &err) < 0)
		o->err = err;
	return true;
}

static void orphans_work(void *arg)
{
	struct orphans *o = arg;
	struct runtime *rt = o->n->host.rt;
	autofree char *pods = mem_printf("%s/pods", o->n->host.root);
	autofree char *logs = mem_printf("%s/logs", o->n->host.root);
	for (size_t i = 0; i < o->n_sandboxes; i++) {
		struct err err = ERR_INIT;
		if (rt->ops->sandbox_remove(rt, o->sandboxes[i], &err) < 0)
			o->err = err;
	}
	if (!o->n->host.simulated) {
		(void)!tree_names(pods, remove_pod_dir, o, &o->err);
		(void)!tree_names(logs, remove_log_dir, o, &o->err);
	}
}

static void orphans_done(void *arg)
{
	struct orphans *o = arg;
	if (o->err.reason != REASON_NONE)
		log_warn_err(&o->err, "could not remove all of the pods that are gone", "node=%s",
			     o->n->name);
	free(o->sandboxes);
	map_release(&o->alive);
	free(o);
}

void orphans_remove(struct node *n)
{
	struct orphans *o = MEM_NEW(struct orphans);
	o->n = n;
	for (struct map_iter it = {0}; map_next(&n->host.workers, &it);)
		map_set(&o->alive, it.key, n);
	o->sandboxes = mem_array(n->found->n_sandboxes, sizeof(*o->sandboxes));
	for (size_t i = 0; i < n->found->n_sandboxes; i++)
		if (!map_has(&o->alive, n->found->sandboxes[i].pod_uid))
			snprintf(o->sandboxes[o->n_sandboxes++], RUNTIME_ID_MAX, "%s",
				 n->found->sandboxes[i].s.id);
	loop_job(n->host.loop, LANE_WORK, orphans_work, orphans_done, o);
}
