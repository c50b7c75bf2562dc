/* SPDX-License-Identifier: Apache-2.0 */
#include "pod/api.h"

#include <stdlib.h>

#include "object/decode.h"

struct call {
	struct rest_call rest; /* its path is ours */
	struct list link;
	struct api *api;
	api_done *done;
	api_patched *patched; /* instead of done */
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

/* By the scanner: what is written may be large, and is written often. */
static uint64_t version_of(const struct buf *object)
{
	struct version {
		uint64_t rv;
	} v = {0};
	static const struct decode_row rows[] = {
		DECODE_UINT64("metadata.resourceVersion", struct version, rv)};
	static const struct decode_spec spec = DECODE_SPEC(struct version, rows);
	autoarena struct arena a = ARENA_INIT;
	struct err ignored = ERR_INIT;
	return decode_into(&spec, buf_str(object), object->len, &a, &v, &ignored) < 0 ? 0 : v.rv;
}

static void on_done(struct rest_call *rc)
{
	struct call *c = CONTAINER_OF(rc, struct call, rest);
	if (c->patched)
		c->patched(c->arg, version_of(&rc->bytes), &rc->err);
	else
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

/* Takes body. */
static void start(struct call *c, js *body)
{
	struct api *a = c->api;
	if (body)
		js_write(&c->rest.body, body);
	js_autoput(&body);
	list_init(&c->link);
	list_push_back(&a->calls, &c->link);
	rest_call_start(a->rest, &a->window, &c->rest);
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
	start(c, body);
}

void api_patch(struct api *a, char *path, js *body, api_patched *done, void *arg)
{
	struct call *c = MEM_NEW(struct call);
	*c = (struct call){
		.rest = {.verb = REST_PATCH_STRATEGIC, .path = path, .want_bytes = true, .done = on_done},
		.api = a,
		.patched = done,
		.arg = arg,
	};
	start(c, body);
}
