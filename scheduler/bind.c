/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See bind.h. Items wait in a ring, which the cycle's thread fills; the loop takes from it while there is room on the wire.
 * The loop is woken once per burst.
 *
 * Each call on the wire is a connection, and opening one costs both sides as much as a dozen bindings. So a burst begins
 * with a few and gets one more for so many bindings that it made: what it is to gain by them it has already, and a long one
 * on a store whose commits take milliseconds, where the calls in flight are the rate, soon has all.
 */
#include "bind.h"

#include <pthread.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/log.h"
#include "object/rfc3339.h"

#define BINDER_QUEUE 1024   /* items waiting at most */
#define BINDER_FIRST 16	    /* on the wire when a burst begins */
#define BINDER_EARN 64	    /* bindings that earn one more */
#define BINDER_IN_FLIGHT 64 /* at most */

struct bind_call {
	struct rest_call call;
	struct list link; /* in binder.running */
	struct binder *binder;
	struct bind_item item;
	struct buf path;
};

struct binder {
	struct rest *rest;
	void (*done)(void *arg, const struct bind_item *i, const struct err *err);
	void *arg;
	pthread_mutex_t lock; /* guards what follows, up to the blank line */
	pthread_cond_t drained;
	struct bind_item ring[BINDER_QUEUE];
	size_t head, n;
	bool closing, posted; /* posted: the loop will look */

	/* The loop's. */
	struct list running;
	size_t n_running;
	size_t made; /* in this burst: since nothing was running */
};

void bind_item_release(struct bind_item *i)
{
	informer_unref(i->pod);
	node_state_unref(i->node);
	node_state_unref(i->nominated);
	informer_unref(i->preemptor);
	free(i->message);
	free(i->path);
	free(i->body);
	if (i->state)
		cycle_state_release(i->state);
	free(i->state);
}

static void add_member(struct buf *b, const char *name, const char *value)
{
	if (b->p[b->len - 1] != '{')
		buf_addc(b, ',');
	buf_addf(b, "\"%s\":", name);
	buf_add_json_string(b, value, strlen(value));
}

static void binding_body(struct buf *b, const struct bind_item *i)
{
	const struct meta *m = &i->pod->base.meta;
	buf_adds(b, "{\"apiVersion\":\"v1\",\"kind\":\"Binding\",\"metadata\":{");
	add_member(b, "name", m->name);
	add_member(b, "namespace", m->namespace);
	add_member(b, "uid", m->uid);
	buf_adds(b, "},\"target\":{\"kind\":\"Node\"");
	add_member(b, "name", node_state_name(i->node));
	buf_adds(b, "}}");
}

static void add_now(struct buf *b)
{
	char now[RFC3339_MAX];

	rfc3339_format(clock_wall_ns(), now);
	add_member(b, "lastTransitionTime", now);
}

static void condition_body(struct buf *b, const struct bind_item *i)
{
	buf_adds(
		b,
		"{\"status\":{\"conditions\":[{\"type\":\"PodScheduled\",\"status\":\"False\",\"reason\":\"Unschedulable\"");
	add_member(b, "message", i->message);
	if (!i->pod->unschedulable) /* a repeated verdict is no transition */
		add_now(b);
	buf_adds(b, "}]");
	if (i->nominated)
		add_member(b, "nominatedNodeName", node_state_name(i->nominated));
	buf_adds(b, i->clear ? ",\"nominatedNodeName\":null}}" : "}}");
}

static void clearing_body(struct buf *b, const struct bind_item *i)
{
	buf_adds(b, "{\"status\":{\"nominatedNodeName\":null}}");
}

static void mark_body(struct buf *b, const struct bind_item *i)
{
	buf_adds(
		b,
		"{\"status\":{\"conditions\":[{\"type\":\"DisruptionTarget\",\"status\":\"True\",\"reason\":\"PreemptionByScheduler\"");
	autofree char *message =
		mem_printf("%s: preempting to accommodate a higher priority pod",
			   i->preemptor->scheduler ? i->preemptor->scheduler : SCHEDULER_NAME);

	add_member(b, "message", message);
	add_now(b);
	buf_adds(b, "}]}}");
}

/* This very Pod, not a namesake that came after it. */
static void deletion_body(struct buf *b, const struct bind_item *i)
{
	buf_adds(b, "{\"apiVersion\":\"v1\",\"kind\":\"DeleteOptions\",\"preconditions\":{");
	add_member(b, "uid", i->pod->base.meta.uid);
	buf_adds(b, "}}");
}

static void patch_body(struct buf *b, const struct bind_item *i)
{
	buf_adds(b, i->body);
}

enum { ITEM_PATCH, ITEM_BINDING, ITEM_CONDITION, ITEM_CLEARING, ITEM_MARK, ITEM_DELETION };
static const struct {
	enum rest_verb verb;
	const char *subresource;
	void (*body)(struct buf *b, const struct bind_item *i);
	const char *failure; /* NULL: reported to the scheduler */
} kinds[] = {
	[ITEM_PATCH] = {REST_PATCH_MERGE, NULL, patch_body, NULL},
	[ITEM_BINDING] = {REST_POST, "binding", binding_body, NULL},
	[ITEM_CONDITION] = {REST_PATCH_STRATEGIC, "status", condition_body,
			    "could not write the PodScheduled condition"},
	[ITEM_CLEARING] = {REST_PATCH_STRATEGIC, "status", clearing_body, "could not clear a nomination"},
	[ITEM_MARK] = {REST_PATCH_STRATEGIC, "status", mark_body, NULL},
	[ITEM_DELETION] = {REST_DELETE, NULL, deletion_body, NULL},
};

static int kind_of(const struct bind_item *i)
{
	if (i->path)
		return ITEM_PATCH;
	if (i->node)
		return ITEM_BINDING;
	if (i->preemptor)
		return i->marked ? ITEM_DELETION : ITEM_MARK;
	return i->message ? ITEM_CONDITION : ITEM_CLEARING;
}

static void call_free(struct bind_call *c)
{
	list_del(&c->link);
	rest_call_release(&c->call);
	bind_item_release(&c->item);
	buf_release(&c->path);
	free(c);
}

static void start(struct binder *b, const struct bind_item *i);

/* Marked, or gone before that: now its deletion. */
static void go_on(struct binder *b, struct bind_call *c)
{
	struct bind_item i = c->item;

	c->item = (struct bind_item){0};
	i.marked = true;
	start(b, &i);
}

static void report(struct binder *b, struct bind_call *c)
{
	if (kind_of(&c->item) == ITEM_MARK && c->call.err.reason == REASON_NONE) {
		go_on(b, c);
		return;
	}
	const struct bind_item *i = &c->item;
	const struct err *err = &c->call.err;
	const char *failure = kinds[kind_of(i)].failure;
	if (!failure)
		b->done(b->arg, i, err);
	else if (err->reason != REASON_NONE && err->reason != REASON_NOT_FOUND &&
		 err->reason != REASON_CONFLICT)
		log_warn_err(err, failure, "pod=%s/%s", i->pod->base.meta.namespace, i->pod->base.meta.name);
}

static void take(void *arg);

static void call_done(struct rest_call *call)
{
	struct bind_call *c = CONTAINER_OF(call, struct bind_call, call);
	struct binder *b = c->binder;
	b->n_running--;
	b->made++;
	report(b, c);
	call_free(c);
	take(b);
	if (!b->n_running)
		b->made = 0;
}

static void start(struct binder *b, const struct bind_item *i)
{
	struct bind_call *c = MEM_NEW(struct bind_call);
	const struct meta *m = &i->pod->base.meta;
	c->binder = b;
	c->item = *i;
	int kind = kind_of(i);
	if (i->path)
		buf_adds(&c->path, i->path);
	else
		rest_path(&c->path, "", "v1", m->namespace, "pods", m->name, kinds[kind].subresource);
	c->call.verb = kinds[kind].verb;
	c->call.path = buf_str(&c->path);
	c->call.done = call_done;
	kinds[kind].body(&c->call.body, i);
	list_push_back(&b->running, &c->link);
	b->n_running++;
	rest_call_start(b->rest, NULL, &c->call);
}

static size_t room(const struct binder *b)
{
	size_t n = BINDER_FIRST + b->made / BINDER_EARN;
	return n < BINDER_IN_FLIGHT ? n : BINDER_IN_FLIGHT;
}

/* On the loop: as much as there is room for on the wire. */
static void take(void *arg)
{
	struct binder *b = arg;
	struct bind_item v[BINDER_IN_FLIGHT];
	size_t n = 0, max = room(b);
	pthread_mutex_lock(&b->lock);
	b->posted = false;
	if (b->n == BINDER_QUEUE)
		pthread_cond_broadcast(&b->drained);
	for (; b->n > 0 && !b->closing && b->n_running + n < max; b->n--) {
		v[n++] = b->ring[b->head];
		b->head = (b->head + 1) % BINDER_QUEUE;
	}
	pthread_mutex_unlock(&b->lock);
	for (size_t i = 0; i < n; i++)
		start(b, &v[i]);
}

struct binder *binder_new(struct rest *r,
			  void (*done)(void *arg, const struct bind_item *i, const struct err *err),
			  void *arg)
{
	struct binder *b = MEM_NEW(struct binder);
	b->rest = r;
	b->done = done;
	b->arg = arg;
	list_init(&b->running);
	pthread_mutex_init(&b->lock, NULL);
	clock_cond_init(&b->drained);
	return b;
}

void binder_push(struct binder *b, struct bind_item *i)
{
	pthread_mutex_lock(&b->lock);
	while (b->n == BINDER_QUEUE && !b->closing)
		clock_cond_wait(&b->drained, &b->lock, CLOCK_NEVER);
	if (b->closing) {
		pthread_mutex_unlock(&b->lock);
		bind_item_release(i);
		return;
	}
	b->ring[(b->head + b->n++) % BINDER_QUEUE] = *i;
	bool post = !b->posted;
	b->posted = true;
	pthread_mutex_unlock(&b->lock);
	if (post)
		loop_post(rest_loop(b->rest), take, b);
}

void binder_stop(struct binder *b)
{
	pthread_mutex_lock(&b->lock);
	b->closing = true;
	pthread_cond_broadcast(&b->drained);
	pthread_mutex_unlock(&b->lock);
}

static void drop_running(void *arg)
{
	struct binder *b = arg;
	list_for_each_safe (l, &b->running)
		call_free(list_entry(l, struct bind_call, link));
}

void binder_free(struct binder *b)
{
	binder_stop(b);
	loop_finish(rest_loop(b->rest), drop_running, b); /* behind every take that was posted */
	for (; b->n > 0; b->n--, b->head = (b->head + 1) % BINDER_QUEUE)
		bind_item_release(&b->ring[b->head]);
	pthread_cond_destroy(&b->drained);
	pthread_mutex_destroy(&b->lock);
	free(b);
}
