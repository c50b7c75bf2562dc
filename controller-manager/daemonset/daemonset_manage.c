/* SPDX-License-Identifier: Apache-2.0 */
/* A Pod for each node that should have one, none for others, and how they are made; see daemonset_round.h. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "daemonset/daemonset_round.h"
#include "decode/revision.h"

#define GENERATION_ANNOTATION "deprecated.daemonset.template.generation"
#define GENERATION_LABEL "pod-template-generation"

enum { HOLE_NODE };

void daemonset_wake_after(struct daemonset_round *r, int64_t ns)
{
	ns = ns > 0 ? ns : 1;
	if (!r->wake_ns || ns < r->wake_ns)
		r->wake_ns = ns;
}

void daemonset_will_create(struct daemonset_round *r, const struct daemonset_node *n)
{
	r->create[r->n_create++] = n->name;
}

void daemonset_will_remove(struct daemonset_round *r, const struct cm_pod *p)
{
	r->remove[r->n_remove++] = p;
}

/* ---- Pods ---- */

static const char *generation_of(const struct daemonset_round *r)
{
	return labels_get(r->ds->base.meta.annotations, GENERATION_ANNOTATION);
}

bool daemonset_updated(const struct daemonset_round *r, const struct cm_pod *p)
{
	const char *hash = labels_get(p->base.meta.labels, DAEMONSET_HASH_LABEL);
	const char *generation = labels_get(p->base.meta.labels, GENERATION_LABEL);
	const char *want = generation_of(r);

	return (hash && !strcmp(hash, r->hash)) || (want && generation && !strcmp(want, generation));
}

/* One that is ready, but not for long enough, is looked at again when it will be. */
bool daemonset_available(const struct daemonset_round *r, const struct cm_pod *p)
{
	return cm_pod_available(p, r->ds->min_ready_seconds, r->now_ns);
}

/* ---- failed and finished ones ---- */

static void end_failed(struct daemonset_round *r, const struct daemonset_node *n, const struct cm_pod *p)
{
	const struct meta *m = &p->base.meta;
	autofree char *key = mem_printf("%s/%" PRId64 "/%s", r->ds->base.meta.uid,
					r->ds->status.observed_generation, n->name);
	int64_t left = daemonset_backoff_try(r->backoff, key, r->now_ns);

	if (left) {
		daemonset_wake_after(r, left);
		return;
	}
	control_event(r->ctx, &r->ds->base, true, "FailedDaemonPod",
		      "Found failed daemon pod %s/%s on node %s, will try to kill it", m->namespace, m->name,
		      n->name);
	daemonset_will_remove(r, p);
}

static void end_succeeded(struct daemonset_round *r, const struct daemonset_node *n, const struct cm_pod *p)
{
	const struct meta *m = &p->base.meta;

	control_event(r->ctx, &r->ds->base, false, "SucceededDaemonPod",
		      "Found succeeded daemon pod %s/%s on node %s, will try to delete it", m->namespace,
		      m->name, n->name);
	daemonset_will_remove(r, p);
}

/* ---- a node ---- */

/* With surge there may be two: the oldest of an older template while it is ready, and the oldest of the present one until that is
   available. */
static void prune_surge(struct daemonset_round *r, const struct cm_pod *const *live, size_t n)
{
	const struct cm_pod *new = NULL, *old = NULL;

	for (size_t i = 0; i < n; i++) {
		const char *hash = labels_get(live[i]->base.meta.labels, DAEMONSET_HASH_LABEL);
		const struct cm_pod **kept = hash && !strcmp(hash, r->hash) ? &new : &old;
		if (*kept)
			daemonset_will_remove(r, live[i]);
		else
			*kept = live[i];
	}
	if (new &&old && (!cm_pod_ready(old) || daemonset_available(r, new)))
		daemonset_will_remove(r, old);
}

static void manage_staying(struct daemonset_round *r, const struct daemonset_node *node)
{
	const struct cm_pod **live = mem_array(node->n + 1, sizeof(*live));
	bool surges = daemonset_surges(r->ds);
	size_t n = 0;

	for (size_t i = 0; i < node->n; i++) {
		const struct cm_pod *p = node->pods[i];
		if (pod_control_ending(r->control, p))
			continue;
		if (p->phase == PHASE_FAILED)
			end_failed(r, node, p);
		else if (p->phase == PHASE_SUCCEEDED)
			end_succeeded(r, node, p);
		else
			live[n++] = p;
	}
	if (surges && n > 1)
		prune_surge(r, live, n);
	else if (surges && !n && node->fit.run)
		daemonset_will_create(r, node);
	for (size_t i = 1; !surges && i < n; i++)
		daemonset_will_remove(r, live[i]);
	free(live);
}

static void manage_node(struct daemonset_round *r, const struct daemonset_node *node)
{
	if (node->fit.run && !node->n) {
		daemonset_will_create(r, node);
	} else if (node->fit.stay) {
		manage_staying(r, node);
	} else {
		/* Of a node that is gone, only what was never bound: the rest is the Pod garbage collector's. */
		for (size_t i = 0; i < node->n; i++)
			if (!pod_control_ending(r->control, node->pods[i]) &&
			    (node->known || !*node->pods[i]->node))
				daemonset_will_remove(r, node->pods[i]);
	}
}

void daemonset_manage(struct daemonset_round *r)
{
	for (size_t i = 0; i < r->n_nodes; i++)
		manage_node(r, &r->nodes[i]);
}

/* ---- doing it ---- */

static bool text_is(const js *o, const char *key, const char *want)
{
	return !strcmp(js_str0(o, key, NULL), want);
}

/* One that says the same, but for how long, gives way. */
static void add_toleration(js *list, const struct toleration *t)
{
	js *o = js_new_obj();

	js_set_str(o, "key", t->key);
	js_set_str(o, "operator", "Exists");
	js_set_str(o, "effect", taint_effect_name(t->effect));
	for (size_t i = js_len(list); i-- > 0;) {
		const js *other = js_at(list, i);
		if (text_is(other, "key", t->key) && text_is(other, "operator", "Exists") &&
		    text_is(other, "effect", taint_effect_name(t->effect)) && text_is(other, "value", ""))
			js_del_at(list, i);
	}
	js_push(list, o);
}

static void pin_to(js *spec, const char *node)
{
	js *required = js_ensure(spec, "affinity", "nodeAffinity",
				 "requiredDuringSchedulingIgnoredDuringExecution", NULL);
	js *terms = js_new_arr(), *term = js_new_obj(), *field = js_new_obj();

	js_set_str(field, "key", "metadata.name");
	js_set_str(field, "operator", "In");
	js_push(js_ensure_arr(field, "values"), js_new_str(node));
	js_push(js_ensure_arr(term, "matchFields"), field);
	js_push(terms, term);
	js_set(required, "nodeSelectorTerms", terms);
}

static struct pod_template *template_of(const struct daemonset_round *r)
{
	const struct cm_daemonset *ds = r->ds;
	struct err ignored = ERR_INIT;
	autojson js *data = js_parse(ds->data, strlen(ds->data), NULL, &ignored);
	autojson js *tree = cm_revision_template(data);
	autobuf struct buf text = BUF_INIT;
	size_t n;
	const struct toleration *always = daemonset_tolerations(ds, &n);

	js_write(&text, tree);
	struct pod_template *t = pod_template_new(buf_str(&text), &ds->base);
	js *pod = pod_template_tree(t), *spec = js_ensure(pod, "spec", NULL);
	js *labels = js_ensure(pod, "metadata", "labels", NULL);
	for (size_t i = 0; i < n; i++)
		add_toleration(js_ensure_arr(spec, "tolerations"), &always[i]);
	js_set_str(labels, GENERATION_LABEL, generation_of(r));
	js_set_str(labels, DAEMONSET_HASH_LABEL, r->hash);
	pin_to(spec, pod_template_hole(t, HOLE_NODE));
	return t;
}

static void fill(void *arg, size_t i, const char *holes[POD_TEMPLATE_HOLES])
{
	const struct daemonset_round *r = arg;

	holes[HOLE_NODE] = r->create[i];
}

static int create_pods(struct daemonset_round *r, size_t n, struct err *err)
{
	struct pod_burst b = {.ctx = r->ctx,
			      .pods = r->pod_informer,
			      .owner = &r->ds->base,
			      .template = template_of(r),
			      .fill = fill,
			      .arg = r};
	int rc = pod_control_create(&b, n, err);

	pod_template_free(b.template);
	if (rc < 0 && err->reason == REASON_ENDING) {
		*err = (struct err)ERR_INIT; /* the set goes with its namespace */
		return 0;
	}
	return rc;
}

static size_t burst(struct daemonset_round *r, size_t n)
{
	if (n <= DAEMONSET_BURST)
		return n;
	daemonset_wake_after(r, 0);
	return DAEMONSET_BURST;
}

int daemonset_act(struct daemonset_round *r, struct err *err)
{
	size_t n_create = burst(r, r->n_create), n_remove = burst(r, r->n_remove);
	struct err failure = ERR_INIT;
	int rc = n_create ? create_pods(r, n_create, err) : 0;

	if (n_remove && pod_control_delete(r->control, r->ctx, r->pod_informer, &r->ds->base, r->remove,
					   n_remove, rc < 0 ? &failure : err) < 0)
		rc = -1;
	return rc;
}
