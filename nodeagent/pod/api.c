/* SPDX-License-Identifier: Apache-2.0 */
#include "pod/api.h"

#include <stdlib.h>

struct call {
	struct rest_call rest; /* its path is ours */
	struct list link;
	struct api *api;
	api_done *done;
	void *arg;
};

struct api {
	struct rest *rest;
	struct rest_window window;
	struct list calls; /* under way */
};

static void call_free(struct call *c)
{
	list_del(&c->link);
	rest_call_release(&c->rest);
	free((char *)c->rest.path);
	free(c);
}

static void on_done(struct rest_call *rc)
{
	struct call *c = CONTAINER_OF(rc, struct call, rest);
	c->done(c->arg, rc->reply, &rc->err);
	call_free(c);
}

struct api *api_new(struct rest *r, size_t in_flight)
{
	struct api *a = MEM_NEW(struct api);
	a->rest = r;
	rest_window_init(&a->window, in_flight);
	list_init(&a->calls);
	return a;
}

void api_free(struct api *a)
{
	if (!a)
		return;
	/* From the end: one that leaves its place would start the next. */
	while (!list_empty(&a->calls))
		call_free(list_entry(a->calls.prev, struct call, link));
	free(a);
}

void api_call(struct api *a, enum rest_verb verb, char *path, js *body, bool want_reply, api_done *done,
	      void *arg)
{
	struct call *c = MEM_NEW(struct call);
	*c = (struct call){
		.rest = {.verb = verb, .path = path, .want_reply = want_reply, .done = on_done},
		.api = a,
		.done = done,
		.arg = arg,
	};
	if (body)
		js_write(&c->rest.body, body);
	js_autoput(&body);
	list_init(&c->link);
	list_push_back(&a->calls, &c->link);
	rest_call_start(a->rest, &a->window, &c->rest);
}
