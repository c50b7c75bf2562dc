/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batches of writes; see bind.h. Two threads take turns: while one waits for the last replies of its batch,
 * the other has the next one on the wire.
 */
#include "bind.h"

#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "object/rfc3339.h"

#define BINDER_THREADS 2
#define BINDER_QUEUE 1024 /* items waiting at most */
#define BINDER_BATCH 128
#define BINDER_IN_FLIGHT 64 /* per thread */
#define BINDER_CONNECTIONS 32

struct binder {
	const struct rest_config *config;
	void (*done)(void *arg, const struct bind_item *i, const struct err *err);
	void *arg;
	pthread_mutex_t lock; /* guards the ring and closing */
	pthread_cond_t filled, drained;
	struct bind_item ring[BINDER_QUEUE];
	size_t head, n;
	bool closing;
	pthread_t threads[BINDER_THREADS];
};

static void item_release(struct bind_item *i)
{
	informer_unref(i->pod);
	free(i->node);
	free(i->message);
}

static js *binding_body(const struct bind_item *i)
{
	const struct meta *m = &i->pod->base.meta;
	js *o = js_new_obj();
	js_set_str(o, "apiVersion", "v1");
	js_set_str(o, "kind", "Binding");
	js *meta = js_ensure(o, "metadata", NULL);
	js_set_str(meta, "name", m->name);
	js_set_str(meta, "namespace", m->namespace);
	js_set_str(meta, "uid", m->uid);
	js *target = js_ensure(o, "target", NULL);
	js_set_str(target, "kind", "Node");
	js_set_str(target, "name", i->node);
	return o;
}

static js *condition_body(const struct bind_item *i)
{
	js *o = js_new_obj();
	js *c = js_new_obj();
	js_push(js_ensure_arr(js_ensure(o, "status", NULL), "conditions"), c);
	js_set_str(c, "type", "PodScheduled");
	js_set_str(c, "status", "False");
	js_set_str(c, "reason", "Unschedulable");
	js_set_str(c, "message", i->message);
	if (!i->pod->unschedulable) { /* a repeated verdict is no transition */
		char now[RFC3339_MAX];
		rfc3339_format(clock_wall_ns(), now);
		js_set_str(c, "lastTransitionTime", now);
	}
	return o;
}

static void add_call(struct rest_batch *batch, struct bind_item *i)
{
	const struct meta *m = &i->pod->base.meta;
	autobuf struct buf path = BUF_INIT;
	rest_path(&path, "", "v1", m->namespace, "pods", m->name, i->node ? "binding" : "status");
	autojson js *body = i->node ? binding_body(i) : condition_body(i);
	rest_batch_add(batch, i->node ? REST_POST : REST_PATCH_STRATEGIC, buf_str(&path), body, i);
}

static void report(struct binder *b, const struct rest_call *call)
{
	const struct bind_item *i = call->tag;
	if (i->node)
		b->done(b->arg, i, &call->err);
	else if (call->err.reason != REASON_NONE && call->err.reason != REASON_NOT_FOUND)
		log_warn_err(&call->err, "could not write the PodScheduled condition", "pod=%s/%s",
			     i->pod->base.meta.namespace, i->pod->base.meta.name);
}

static size_t take(struct binder *b, struct bind_item *out)
{
	pthread_mutex_lock(&b->lock);
	while (b->n == 0 && !b->closing)
		clock_cond_wait(&b->filled, &b->lock, CLOCK_NEVER);
	size_t n = 0;
	for (; !b->closing && b->n > 0 && n < BINDER_BATCH; n++) {
		out[n] = b->ring[b->head];
		b->head = (b->head + 1) % BINDER_QUEUE;
		b->n--;
	}
	pthread_cond_broadcast(&b->drained);
	pthread_mutex_unlock(&b->lock);
	return n;
}

static void *binder_thread(void *arg)
{
	struct binder *b = arg;
	struct rest *rest = rest_new(b->config, BINDER_CONNECTIONS);
	struct bind_item *items = mem_array(BINDER_BATCH, sizeof(*items));
	size_t n;
	while ((n = take(b, items)) > 0) {
		struct rest_batch batch = REST_BATCH_INIT;
		for (size_t i = 0; i < n; i++)
			add_call(&batch, &items[i]);
		rest_batch_run(rest, &batch, BINDER_IN_FLIGHT);
		for (size_t i = 0; i < n; i++)
			report(b, &batch.v[i]);
		rest_batch_release(&batch);
		for (size_t i = 0; i < n; i++)
			item_release(&items[i]);
	}
	free(items);
	rest_free(rest);
	return NULL;
}

struct binder *binder_new(const struct rest_config *c,
			  void (*done)(void *arg, const struct bind_item *i, const struct err *err),
			  void *arg)
{
	struct binder *b = MEM_NEW(struct binder);
	b->config = c;
	b->done = done;
	b->arg = arg;
	pthread_mutex_init(&b->lock, NULL);
	clock_cond_init(&b->filled);
	clock_cond_init(&b->drained);
	for (size_t i = 0; i < BINDER_THREADS; i++)
		b->threads[i] = thread_start("bind", binder_thread, b);
	return b;
}

void binder_push(struct binder *b, struct bind_item *i)
{
	pthread_mutex_lock(&b->lock);
	while (b->n == BINDER_QUEUE && !b->closing)
		clock_cond_wait(&b->drained, &b->lock, CLOCK_NEVER);
	if (b->closing) {
		pthread_mutex_unlock(&b->lock);
		item_release(i);
		return;
	}
	b->ring[(b->head + b->n++) % BINDER_QUEUE] = *i;
	pthread_cond_signal(&b->filled);
	pthread_mutex_unlock(&b->lock);
}

void binder_free(struct binder *b)
{
	pthread_mutex_lock(&b->lock);
	b->closing = true;
	pthread_cond_broadcast(&b->filled);
	pthread_cond_broadcast(&b->drained);
	pthread_mutex_unlock(&b->lock);
	for (size_t i = 0; i < BINDER_THREADS; i++)
		pthread_join(b->threads[i], NULL);
	for (; b->n > 0; b->n--, b->head = (b->head + 1) % BINDER_QUEUE)
		item_release(&b->ring[b->head]);
	pthread_cond_destroy(&b->filled);
	pthread_cond_destroy(&b->drained);
	pthread_mutex_destroy(&b->lock);
	free(b);
}
