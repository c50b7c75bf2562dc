/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a node's agent may use what it has read of Secrets and ConfigMaps, the longer the more nodes ask
 * (kubernetes/kubernetes pkg/controller/ttl): an annotation of each node. The steps overlap, so that a cluster at the edge of
 * one does not go back and forth. A node is looked at when it changes, not when the step does.
 */
#include "control.h"
#include "controllers.h"
#include "decode/node.h"

#include <stdatomic.h>
#include <stdlib.h>
#include "base/mem.h"

#define ANNOTATION "node.alpha.kubernetes.io/ttl"

static const struct {
	int min, max, seconds;
} steps[] = {
	{0, 100, 0}, {90, 500, 15}, {450, 1000, 30}, {900, 2000, 60}, {1800, INT32_MAX, 300},
};

struct ttl { /* written by the informer's handler, one at a time */
	int nodes, step;
	atomic_int seconds;
};

static void *init(struct informer **informers, struct workqueue *q)
{
	return MEM_NEW(struct ttl);
}

static void enqueue_node(struct workqueue *q, void *state, struct informer **informers, const void *old,
			 const void *new)
{
	struct ttl *t = state;
	const struct cm_node *n = new;

	t->nodes += !old - !new;
	if (t->nodes > steps[t->step].max)
		t->step++;
	else if (t->nodes < steps[t->step].min)
		t->step--;
	atomic_store(&t->seconds, steps[t->step].seconds);
	if (n && n->ttl_s != steps[t->step].seconds)
		controller_enqueue_self(q, NULL, NULL, NULL, n);
}

static int sync(struct controller_ctx *ctx, const char *key, struct err *err)
{
	struct ttl *t = ctx->state;
	const struct cm_node *n = informer_get(ctx->informers[0], key);
	int seconds = atomic_load(&t->seconds), rc = 0;

	if (n && n->ttl_s != seconds) {
		autojson js *body = js_new_obj();
		autofree char *text = mem_printf("%d", seconds);

		js_set_str(js_ensure(body, "metadata", "annotations", NULL), ANNOTATION, text);
		rc = control_patch(ctx, ctx->informers[0], &n->base, REST_PATCH_MERGE, NULL, body, err);
	}
	informer_unref(n);
	return rc;
}

const struct controller ttl_controller = {
	.name = "ttl",
	.watches = {{&cm_node_type, NULL, enqueue_node}},
	.account = "ttl-controller",
	.workers = 1,
	.sync = sync,
	.init = init,
	.destroy = free,
};
