/* SPDX-License-Identifier: Apache-2.0 */
#include "pod/preempt.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "count/count.h"
#include "pod/limits.h"

/* What is still to be freed of one resource. */
struct need {
	const char *name;
	int64_t amount;
};
struct needs {
	struct need *v;
	size_t n;
};
struct pods {
	const struct pod **v;
	size_t n;
};

bool preempt_may(const struct pod *p, const struct pod *other)
{
	return !admit_is_critical(other) || p->priority > other->priority;
}

/* ---- what is needed ---- */

static int64_t requested(const struct pod *p, const char *name)
{
	const struct resources *r = &p->demand.requests;
	return !strcmp(name, "pods")		    ? 1
	       : !strcmp(name, "cpu")		    ? r->cpu_milli
	       : !strcmp(name, "memory")	    ? r->memory
	       : !strcmp(name, "ephemeral-storage") ? r->ephemeral
						    : resources_scalar(r, name);
}

static void take(struct needs *l, const struct pod *p)
{
	size_t n = 0;
	for (size_t i = 0; i < l->n; i++) {
		struct need left = {l->v[i].name, l->v[i].amount - requested(p, l->v[i].name)};
		if (left.amount > 0)
			l->v[n++] = left;
	}
	l->n = n;
}

/* What those Pods leave of it. The caller frees v. */
static struct needs without(const struct needs *l, const struct pods *a, const struct pods *b)
{
	struct needs ret = {mem_array(l->n + 1, sizeof(*ret.v)), l->n};
	for (size_t i = 0; i < l->n; i++)
		ret.v[i] = l->v[i];
	for (size_t i = 0; i < a->n; i++)
		take(&ret, a->v[i]);
	for (size_t i = 0; i < b->n; i++)
		take(&ret, b->v[i]);
	return ret;
}

/* Each resource weighs the same: by the share of it that the Pod would leave. */
static double distance(const struct needs *l, const struct pod *p)
{
	double sum = 0;
	for (size_t i = 0; i < l->n; i++) {
		double left = (double)(l->v[i].amount - requested(p, l->v[i].name)) / (double)l->v[i].amount;
		sum += left > 0 ? left * left : 0;
	}
	return sum;
}

static bool no_larger(const struct pod *a, const struct pod *b)
{
	const struct resources *x = &a->demand.requests, *y = &b->demand.requests;
	return x->memory != y->memory ? x->memory < y->memory : x->cpu_milli <= y->cpu_milli;
}

/* ---- who goes ---- */

/* Of those that are left, the ones that come nearest to the need: to the front of the list, whose length they are then. */
static void pick(struct pods *l, struct needs *needs)
{
	size_t n = 0;
	while (needs->n && n < l->n) {
		size_t best = n;
		double nearest = distance(needs, l->v[n]);
		for (size_t i = n + 1; i < l->n; i++) {
			double d = distance(needs, l->v[i]);
			if (d > nearest || (d == nearest && !no_larger(l->v[i], l->v[best])))
				continue;
			nearest = d;
			best = i;
		}
		const struct pod *p = l->v[best];
		l->v[best] = l->v[n];
		l->v[n++] = p;
		take(needs, p);
	}
	l->n = n;
	free(needs->v);
}

static int refuse(const struct needs *l, struct err *err)
{
	autobuf struct buf b = BUF_INIT;
	for (size_t i = 0; i < l->n; i++)
		buf_addf(&b, "(res: %s, q: %" PRId64 "), ", l->v[i].name, l->v[i].amount);
	return err_set(
		err, REASON_INVALID,
		"preemption: error finding a set of pods to preempt: no set of running pods found to reclaim "
		"resources: [%s]",
		buf_str(&b));
}

/* The Pods of each class, in three lists of one array. */
static const struct pod **sort(const struct pod **v, size_t n, struct pods *best, struct pods *burst,
			       struct pods *sure)
{
	static const enum qos_class order[] = {QOS_BEST_EFFORT, QOS_BURSTABLE, QOS_GUARANTEED};
	struct pods *const lists[] = {best, burst, sure};
	const struct pod **all = mem_array(n + 1, sizeof(*all));
	size_t k = 0;
	for (size_t c = 0; c < ARRAY_LEN(order); c++) {
		*lists[c] = (struct pods){all + k, 0};
		for (size_t i = 0; i < n; i++)
			if (limits_qos(v[i]) == order[c])
				lists[c]->v[lists[c]->n++] = v[i];
		k += lists[c]->n;
	}
	return all;
}

int preempt_choose(const struct pod **v, size_t n, const struct resource_shortage *lacks, size_t n_lacks,
		   size_t *ret_n, struct err *err)
{
	static const struct pods none = {NULL, 0};
	const struct pods everybody = {v, n};
	struct needs needs = {mem_array(n_lacks + 1, sizeof(*needs.v)), n_lacks};
	for (size_t i = 0; i < n_lacks; i++)
		needs.v[i] = (struct need){lacks[i].name,
					   lacks[i].requested - (lacks[i].capacity - lacks[i].used)};
	struct needs left = without(&needs, &everybody, &none);
	int rc = left.n ? refuse(&left, err) : 0;
	free(left.v);
	if (rc == 0) {
		struct pods best, burst, sure;
		const struct pod **all = sort(v, n, &best, &burst, &sure);
		left = without(&needs, &best, &burst);
		pick(&sure, &left);
		left = without(&needs, &best, &sure);
		pick(&burst, &left);
		left = without(&needs, &burst, &sure);
		pick(&best, &left);
		*ret_n = 0;
		for (size_t i = 0; i < best.n; i++)
			v[(*ret_n)++] = best.v[i];
		for (size_t i = 0; i < burst.n; i++)
			v[(*ret_n)++] = burst.v[i];
		for (size_t i = 0; i < sure.n; i++)
			v[(*ret_n)++] = sure.v[i];
		free(all);
	}
	free(needs.v);
	return rc;
}

/* ---- on the node ---- */

static void end(struct worker *w, const char *resource)
{
	log_info("a critical pod takes the place of another", "pod=%s/%s resource=%s",
		 w->pod->o.meta.namespace, w->pod->o.meta.name, resource);
	worker_record(w, -1, true, "Preempting", "Preempted in order to admit critical pod");
	count_tell(COUNT_PREEMPTIONS, resource, NULL, 1);
	machine_preempt(&w->m, worker_now());
	worker_kick(w);
}

bool preempt_others(struct worker *w, char reason[ADMIT_REASON_MAX], struct buf *message)
{
	struct pod_host *h = w->host;
	struct err err = ERR_INIT;
	struct resource_shortage lacks[ADMIT_LACKS_MAX];
	size_t n = 0, chosen = 0,
	       n_lacks = admit_lacks(&h->node, &w->pod->demand.requests, &h->node.used, lacks);
	if (!n_lacks)
		return true;
	const struct pod **v = mem_array(map_len(&h->workers) + 1, sizeof(*v));
	for (struct map_iter it = {0}; map_next(&h->workers, &it);) {
		const struct worker *other = it.value;
		if (other != w && other->admitted && preempt_may(w->pod, other->pod))
			v[n++] = other->pod;
	}
	w->m.held = preempt_choose(v, n, lacks, n_lacks, &chosen, &err) == 0;
	if (!w->m.held) {
		snprintf(reason, ADMIT_REASON_MAX, "UnexpectedAdmissionError");
		buf_addf(message, "Unexpected error while attempting to recover from admission failure: %s",
			 err.msg);
	}
	for (size_t i = 0; i < chosen; i++)
		end(map_get(&h->workers, v[i]->o.meta.uid), lacks[0].name);
	free(v);
	return w->m.held;
}

void preempt_look(struct pod_host *h)
{
	static const struct resources nothing = {0};
	struct resource_shortage lacks[ADMIT_LACKS_MAX];
	for (struct map_iter it = {0}; map_next(&h->workers, &it);) {
		struct worker *w = it.value;
		if (!w->m.held || !w->admitted || admit_lacks(&h->node, &h->node.used, &nothing, lacks))
			continue;
		w->m.held = false;
		loop_timer_set(h->loop, &w->timer, clock_mono_ns());
	}
}
