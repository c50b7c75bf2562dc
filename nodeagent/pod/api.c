/* SPDX-License-Identifier: Apache-2.0 */
#include "pod/api.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/thread.h"

/* A batch ends when its slowest call does, so it is kept short enough for that not to matter. */
enum { BATCH_MAX = 128 };

struct call {
	struct call *next;
	enum rest_verb verb;
	char *path;
	js *body;
	bool want_reply;
	api_done *done;
	void *arg;
	js *reply;
	struct err err;
};

struct api {
	struct rest *rest;
	struct loop *loop;
	size_t in_flight;
	pthread_t thread;

	pthread_mutex_t lock; /* guards the four below */
	pthread_cond_t more;
	struct call *head, **tail;
	bool closing;
};

static void call_free(struct call *c)
{
	free(c->path);
	js_autoput(&c->body);
	js_autoput(&c->reply);
	free(c);
}

/* On the loop: a list of answered calls. */
static void answer(void *arg)
{
	for (struct call *c = arg, *next; c; c = next) {
		next = c->next;
		c->done(c->arg, c->reply, &c->err);
		call_free(c);
	}
}

static struct call *take(struct api *a)
{
	struct call *list = NULL;
	pthread_mutex_lock(&a->lock);
	while (!a->head && !a->closing)
		pthread_cond_wait(&a->more, &a->lock);
	if (!a->closing) {
		struct call **end = &a->head;
		for (int i = 0; i < BATCH_MAX && *end; i++)
			end = &(*end)->next;
		list = a->head;
		a->head = *end;
		*end = NULL;
		if (!a->head)
			a->tail = &a->head;
	}
	pthread_mutex_unlock(&a->lock);
	return list;
}

static void run_batch(struct api *a, struct call *list)
{
	struct rest_batch b = REST_BATCH_INIT;
	for (struct call *c = list; c; c = c->next)
		rest_batch_add(&b, c->verb, c->path, c->body, c)->want_reply = c->want_reply;
	rest_batch_run(a->rest, &b, a->in_flight);
	for (size_t i = 0; i < b.n; i++) {
		struct call *c = b.v[i].tag;
		c->err = b.v[i].err;
		c->reply = STEAL(b.v[i].reply);
	}
	rest_batch_release(&b);
}

static void *work(void *arg)
{
	struct api *a = arg;
	struct call *list;
	while ((list = take(a))) {
		run_batch(a, list);
		loop_post(a->loop, answer, list);
	}
	return NULL;
}

struct api *api_new(const struct rest_config *c, struct loop *l, size_t in_flight)
{
	struct api *a = MEM_NEW(struct api);
	a->rest = rest_new(c, (int)in_flight);
	a->loop = l;
	a->in_flight = in_flight;
	a->tail = &a->head;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->more, NULL);
	a->thread = thread_start("api", work, a);
	return a;
}

void api_free(struct api *a)
{
	if (!a)
		return;
	pthread_mutex_lock(&a->lock);
	a->closing = true;
	pthread_cond_signal(&a->more);
	pthread_mutex_unlock(&a->lock);
	http_cancel(rest_http(a->rest));
	pthread_join(a->thread, NULL);
	for (struct call *c = a->head, *next; c; c = next) {
		next = c->next;
		call_free(c);
	}
	rest_free(a->rest);
	pthread_cond_destroy(&a->more);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

void api_call(struct api *a, enum rest_verb verb, char *path, js *body, bool want_reply, api_done *done,
	      void *arg)
{
	struct call *c = MEM_NEW(struct call);
	*c = (struct call){
		.verb = verb, .path = path, .body = body, .want_reply = want_reply, .done = done, .arg = arg};
	pthread_mutex_lock(&a->lock);
	*a->tail = c;
	a->tail = &c->next;
	pthread_cond_signal(&a->more);
	pthread_mutex_unlock(&a->lock);
}
