/* SPDX-License-Identifier: Apache-2.0 */
/* See recheck.h. Who waits is written down first: plugins ask the cluster, which must not be done under the lock of the wait. */
#include "recheck.h"

#include <stdlib.h>

struct recheck_pod {
	struct list link;
	const struct sched_pod *pod;
};

static void collect(void *arg, const struct sched_pod *p, const struct node_state *n)
{
	struct recheck_pod *one = MEM_NEW(struct recheck_pod);

	one->pod = informer_ref(p);
	list_push_back(arg, &one->link);
}

static void ask(const struct framework *f, struct waiting *w, struct lookup *l, const struct sched_pod *p)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->plugins[i]->recheck && f->plugins[i]->recheck(l, p))
			waiting_allow(w, p->base.meta.uid, i);
}

void recheck_waiting(const struct framework *f, struct waiting *w, struct lookup *l)
{
	struct list found, *next;

	list_init(&found);
	waiting_each(w, collect, &found);
	while ((next = list_pop_front(&found))) {
		struct recheck_pod *one = list_entry(next, struct recheck_pod, link);

		ask(f, w, l, one->pod);
		informer_unref(one->pod);
		free(one);
	}
}
