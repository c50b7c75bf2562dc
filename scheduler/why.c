/* SPDX-License-Identifier: Apache-2.0 */
/* See why.h. A Pod has one place in the ring at most: a later decision about it takes a new one and empties the old. */
#include "why.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "object/json.h"
#include "object/rfc3339.h"

struct finding {
	const struct sched_node *node; /* a reference */
	unsigned texts;
	size_t plugin;
};
struct scored {
	const struct sched_node *node; /* a reference */
	int64_t total;
	int8_t scores[PLUGINS_MAX];
};
struct why_entry {
	const struct sched_pod *pod; /* a reference; NULL: the place is free */
	const struct framework *framework;
	int64_t at_ns; /* wall */
	enum why_result result;
	const struct sched_node *node; /* a reference, or NULL */
	char *message;
	size_t n_nodes, n_feasible, n_findings, n_texts, n_scored;
	unsigned scored_by; /* plugins */
	struct finding *findings;
	char **texts;
	struct scored *scored;
};
struct why {
	pthread_mutex_t lock; /* guards below */
	struct why_entry v[WHY_MAX];
	size_t next;
	struct map by_uid; /* place + 1 */
};

struct why *why_new(void)
{
	struct why *w = MEM_NEW(struct why);

	pthread_mutex_init(&w->lock, NULL);
	return w;
}

static void entry_release(struct why_entry *d)
{
	informer_unref(d->pod);
	informer_unref(d->node);
	for (size_t i = 0; i < d->n_findings; i++)
		informer_unref(d->findings[i].node);
	for (size_t i = 0; i < d->n_scored; i++)
		informer_unref(d->scored[i].node);
	for (size_t i = 0; i < d->n_texts; i++)
		free(d->texts[i]);
	free(d->message);
	free(d->findings);
	free(d->texts);
	free(d->scored);
	*d = (struct why_entry){0};
}

void why_free(struct why *w)
{
	for (size_t i = 0; i < WHY_MAX; i++)
		entry_release(&w->v[i]);
	map_release(&w->by_uid);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

/* ---- keeping ---- */
static void keep_findings(struct why_entry *d, const struct cycle *c, const struct reasons *r)
{
	if (!c->n_findings || !r->n)
		return;
	d->findings = mem_array(c->n_findings, sizeof(*d->findings));
	d->texts = mem_array(r->n, sizeof(*d->texts));
	for (; d->n_findings < c->n_findings; d->n_findings++) {
		const struct cycle_finding *f = &c->findings[d->n_findings];

		d->findings[d->n_findings] =
			(struct finding){informer_ref(f->node->node), f->texts, f->plugin};
	}
	for (; d->n_texts < r->n; d->n_texts++)
		d->texts[d->n_texts] = mem_strdup(r->v[d->n_texts].text);
}

/* The best of those that were scored, the best first. */
static size_t best_of(const struct cycle *c, size_t best[CYCLE_BEST_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_feasible; i++) {
		if (n == CYCLE_BEST_MAX && c->total[i] <= c->total[best[n - 1]])
			continue;
		size_t at = n < CYCLE_BEST_MAX ? n++ : n - 1;
		for (; at && c->total[best[at - 1]] < c->total[i]; at--)
			best[at] = best[at - 1];
		best[at] = i;
	}
	return n;
}

static void keep_scores(struct why_entry *d, const struct cycle *c)
{
	size_t best[CYCLE_BEST_MAX], n = c->scored_by ? best_of(c, best) : 0;

	d->scored = n ? mem_array(n, sizeof(*d->scored)) : NULL;
	d->scored_by = c->scored_by;
	for (; d->n_scored < n; d->n_scored++) {
		struct scored *s = &d->scored[d->n_scored];
		size_t at = best[d->n_scored];

		*s = (struct scored){informer_ref(c->feasible[at]->node), c->total[at], {0}};
		for (size_t i = 0; i < c->framework->n; i++)
			if (c->scored_by >> i & 1)
				s->scores[i] = c->scores[i * c->cap + at];
	}
}

void why_record(struct why *w, const struct cycle *c, const struct sched_pod *p, enum why_result result,
		const struct node_state *node, const struct reasons *reasons, const char *message)
{
	struct why_entry d = {.pod = informer_ref(p),
			      .framework = c->framework,
			      .at_ns = clock_wall_ns(),
			      .result = result,
			      .node = node ? informer_ref(node->node) : NULL,
			      .message = message ? mem_strdup(message) : NULL,
			      .n_feasible = c->n_feasible};

	keep_findings(&d, c, reasons);
	keep_scores(&d, c);
	pthread_mutex_lock(&w->lock);
	size_t before = (size_t)(uintptr_t)map_get(&w->by_uid, p->base.meta.uid);
	if (before)
		entry_release(&w->v[before - 1]);
	struct why_entry *place = &w->v[w->next];
	if (place->pod)
		map_del(&w->by_uid, place->pod->base.meta.uid);
	entry_release(place);
	*place = d;
	w->next = (w->next + 1) % WHY_MAX;
	map_set(&w->by_uid, p->base.meta.uid, (void *)(uintptr_t)(place - w->v + 1));
	pthread_mutex_unlock(&w->lock);
}

/* ---- telling ---- */
static js *tell_findings(const struct why_entry *d)
{
	js *list = js_new_arr();

	for (size_t i = 0; i < d->n_findings; i++) {
		const struct finding *f = &d->findings[i];
		js *o = js_new_obj(), *reasons = js_new_arr();

		for (size_t k = 0; k < d->n_texts; k++)
			if (f->texts >> k & 1)
				js_push(reasons, js_new_str(d->texts[k]));
		js_set_str(o, "node", sched_node_name(f->node));
		js_set_str(o, "plugin", d->framework->plugins[f->plugin]->name);
		js_set(o, "reasons", reasons);
		js_push(list, o);
	}
	return list;
}

static js *tell_scores(const struct why_entry *d)
{
	js *list = js_new_arr();

	for (size_t i = 0; i < d->n_scored; i++) {
		const struct framework *f = d->framework;
		js *o = js_new_obj(), *plugins = js_new_obj();

		for (size_t k = 0; k < f->n; k++)
			if (d->scored_by >> k & 1)
				js_set_int(plugins, f->plugins[k]->name, d->scored[i].scores[k]);
		js_set_str(o, "node", sched_node_name(d->scored[i].node));
		js_set_int(o, "total", d->scored[i].total);
		js_set(o, "plugins", plugins);
		js_push(list, o);
	}
	return list;
}

static js *tell(const struct why_entry *d, const char *name)
{
	static const char *const results[] = {
		[WHY_SCHEDULED] = "scheduled", [WHY_UNSCHEDULABLE] = "unschedulable", [WHY_ERROR] = "error"};
	char at[RFC3339_MAX];
	js *o = js_new_obj();

	rfc3339_format(d->at_ns, at);
	js_set_str(o, "pod", name);
	js_set_str(o, "uid", d->pod->base.meta.uid);
	js_set_str(o, "time", at);
	js_set_str(o, "profile", framework_name(d->framework));
	js_set_str(o, "result", results[d->result]);
	if (d->node)
		js_set_str(o, "node", sched_node_name(d->node));
	if (d->message)
		js_set_str(o, "message", d->message);
	js_set_int(o, "feasibleNodes", (int64_t)d->n_feasible);
	js_set(o, "rejected", tell_findings(d));
	js_set(o, "scores", tell_scores(d));
	return o;
}

void why_write(struct why *w, const char *pod, struct buf *out)
{
	autojson js *list = js_new_arr();

	pthread_mutex_lock(&w->lock);
	for (size_t i = 0; i < WHY_MAX; i++) {
		const struct why_entry *d = &w->v[(w->next + WHY_MAX - 1 - i) % WHY_MAX];

		if (!d->pod)
			continue;
		autofree char *name =
			mem_printf("%s/%s", d->pod->base.meta.namespace, d->pod->base.meta.name);
		if (!pod || !strcmp(pod, name))
			js_push(list, tell(d, name));
	}
	pthread_mutex_unlock(&w->lock);
	js_write(out, list);
	buf_addc(out, '\n');
}

void why_page(void *arg, const char *query, struct buf *out)
{
	why_write(arg, !strncmp(query, "pod=", 4) ? query + 4 : NULL, out);
}
