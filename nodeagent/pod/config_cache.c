/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An object is listed by name when the first set asks for it and watched from there, as the kubelet's watch-based manager
 * does it: nothing is asked of the API server when a container starts. A watch that ends (they all do, after some
 * minutes) begins again with the list, which for one object is no more than the watch.
 *
 * That an object does not exist is not believed for long: who waits for it makes us look again, since the ConfigMap that
 * was made just before its Pod may be a moment behind it on its watch.
 *
 * Why no informers: a reflector asks for bookmarks, without which it would have to list, and so each object of each node
 * would wake both ends once a minute for nothing (measured over a minute with 100 idle watches: 100 wake-ups here and 19 ms of
 * the apiserver's CPU, against none and 10 ms). It has no way to look again on demand, nor to tell why an object could not be
 * fetched, nor to leave a set; and of one object a list is as cheap as a bookmark is useful. What is left in common, lines of
 * a stream and calls with back-off, is in common/client.
 *
 * Without watches (a fleet of fake nodes, whose containers read nothing) every wait looks.
 */
#include "pod/config_cache.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/map.h"
#include "base/rand.h"
#include "client/lines.h"

#define EVENT_MAX ((size_t)4 << 20) /* an object has at most 1 MiB of data */
#define WATCH_MIN_S 300
#define WATCH_GRACE_S 30 /* silence beyond timeoutSeconds before we hang up ourselves */
#define BACKOFF_NS NS_PER_S
#define BACKOFF_MAX_NS (30 * NS_PER_S)

static const struct {
	const char *group, *resource, *word; /* word: of one, with its group, as it is not found */
	bool namespaced;
} kinds[CONFIG_KINDS] = {
	[CONFIG_MAP] = {"", "configmaps", "configmap", true},
	[CONFIG_SECRET] = {"", "secrets", "secret", true},
	[CONFIG_RUNTIME_CLASS] = {"node.k8s.io", "runtimeclasses", "runtimeclass.node.k8s.io", false},
};

struct config_cache {
	struct loop *loop;
	struct rest *rest;
	struct rest_window window; /* of the lists */
	bool watch;
	struct map objects; /* "RESOURCE/NS/NAME" -> struct config_object * */
	void (*on_change)(void *arg, const struct config_object *o);
	void *on_change_arg;
};

struct config_object {
	struct config_cache *cache;
	size_t refs;
	enum config_kind kind;
	char *key, *name, *path; /* path: of the list, with its query */
	bool listing, watched;	 /* watched: object is what the API has */
	bool known;		 /* it was listed before */
	js *object;		 /* NULL: there is none, or see err */
	struct err err;		 /* of the latest list */
	struct rest_call list;
	struct http_call *stream;
	struct lines lines;
	uint64_t rv;
	bool ok; /* the stream's status is 200 */
	int failures;
	struct loop_timer again;
	struct list waiting;
};

/* A set's place for one object. */
struct config_link {
	struct config_object *o;
	struct config_set *set;
	struct list waiting; /* in o->waiting */
};

struct config_cache *config_cache_new(struct rest *r, bool watch)
{
	enum { LISTS = 4 };
	struct config_cache *c = MEM_NEW(struct config_cache);
	c->loop = rest_loop(r);
	c->rest = r;
	c->watch = watch;
	rest_window_init(&c->window, LISTS);
	return c;
}

void config_cache_on_change(struct config_cache *c, void (*fn)(void *arg, const struct config_object *o),
			    void *arg)
{
	c->on_change = fn;
	c->on_change_arg = arg;
}

void config_cache_free(struct config_cache *c)
{
	if (!c)
		return;
	map_release(&c->objects);
	free(c);
}

size_t config_cache_len(const struct config_cache *c)
{
	return map_len(&c->objects);
}

/* ---- the watch of one object ---- */

static void start_list(struct config_object *o);

static void on_again(void *arg)
{
	struct config_object *o = arg;
	if (!o->listing) /* else it goes on from that list */
		start_list(o);
}

static void list_again(struct config_object *o, int64_t delay_ns)
{
	o->watched = false;
	loop_timer_set(o->cache->loop, &o->again, clock_mono_ns() + rand_jitter(delay_ns, 1.0));
}

static void back_off(struct config_object *o)
{
	int64_t delay = BACKOFF_NS;
	for (int i = 0; i < o->failures && delay < BACKOFF_MAX_NS; i++)
		delay *= 2;
	o->failures++;
	list_again(o, delay < BACKOFF_MAX_NS ? delay : BACKOFF_MAX_NS);
}

/* One that may not change any more is not watched, as the kubelet has it. */
static bool immutable(const struct config_object *o)
{
	return js_bool(o->object, false, "immutable", NULL);
}

/* Takes the object, which may be NULL. */
static void replace(struct config_object *o, js *object)
{
	const char *before = js_str0(o->object, "metadata", "resourceVersion", NULL),
		   *after = js_str0(object, "metadata", "resourceVersion", NULL);
	bool changed = o->known && strcmp(before, after) != 0; /* of none it is "" */
	js_autoput(&o->object);
	o->object = object;
	o->known = true;
	if (changed && o->cache->on_change)
		o->cache->on_change(o->cache->on_change_arg, o);
}

static bool on_event(void *arg, const char *line, size_t n)
{
	struct config_object *o = arg;
	struct err err = ERR_INIT;
	autojson js *event = js_parse(line, n, NULL, &err);
	const char *type = js_str0(event, "type", NULL);
	if (!strcmp(type, "ADDED") || !strcmp(type, "MODIFIED") || !strcmp(type, "DELETED")) {
		replace(o, *type == 'D' ? NULL : js_take(event, "object"));
		return !immutable(o);
	}
	return !strcmp(type, "BOOKMARK"); /* an error ends the stream */
}

static void on_status(void *arg, int status)
{
	struct config_object *o = arg;
	o->ok = status == 200;
	if (o->ok)
		o->failures = 0;
}

static bool on_data(void *arg, const char *p, size_t n)
{
	struct config_object *o = arg;
	return o->ok && lines_feed(&o->lines, p, n, on_event, o) == LINES_OK;
}

static void on_stream_end(void *arg, struct http_reply *r)
{
	struct config_object *o = arg;
	o->stream = NULL;
	lines_clear(&o->lines);
	if (!immutable(o))
		back_off(o);
}

static void start_watch(struct config_object *o)
{
	struct config_cache *c = o->cache;
	autobuf struct buf path = BUF_INIT;
	uint64_t timeout_s = WATCH_MIN_S + rand_below(WATCH_MIN_S);
	struct http_request rq = {.on_data = on_data,
				  .on_status = on_status,
				  .arg = o,
				  .timeout_ns = (int64_t)(timeout_s + WATCH_GRACE_S) * NS_PER_S,
				  .trickle = true};
	buf_addf(&path, "%s&watch=true&resourceVersion=%llu&timeoutSeconds=%llu", o->path,
		 (unsigned long long)o->rv, (unsigned long long)timeout_s);
	o->ok = false;
	o->watched = true;
	o->stream = rest_stream(c->rest, buf_str(&path), &rq, on_stream_end, o);
}

/* ---- the list of one object ---- */

static void object_unref(struct config_object *o);

static void arrived(struct config_set *s)
{
	if (--s->left == 0)
		s->fn(s->arg);
}

static void wake(struct config_object *o)
{
	struct list *n;
	o->refs++; /* those who are woken may drop theirs */
	while ((n = list_pop_front(&o->waiting)))
		arrived(list_entry(n, struct config_link, waiting)->set);
	object_unref(o);
}

static void take_list(struct config_object *o, js *list)
{
	js *first = js_at(js_arr(list, "items", NULL), 0);
	replace(o, first ? js_dup(first) : NULL);
	o->rv = strtoull(js_str0(list, "metadata", "resourceVersion", NULL), NULL, 10);
}

static void listed(struct rest_call *call)
{
	struct config_object *o = CONTAINER_OF(call, struct config_object, list);
	struct config_cache *c = o->cache;
	o->listing = false;
	o->err = call->err;
	if (call->err.reason == REASON_NONE)
		take_list(o, call->reply);
	rest_call_release(call);
	if (c->watch && o->err.reason != REASON_NONE)
		back_off(o);
	else if (c->watch && immutable(o))
		o->watched = true;
	else if (c->watch && !o->stream)
		start_watch(o);
	if (o->err.reason != REASON_NONE)
		log_v(2, "could not fetch what a pod refers to", "object=%s err=%s", o->key, o->err.msg);
	wake(o);
}

static void start_list(struct config_object *o)
{
	loop_timer_set(o->cache->loop, &o->again, CLOCK_NEVER);
	o->listing = true;
	o->list = (struct rest_call){.verb = REST_GET, .path = o->path, .want_reply = true, .done = listed};
	rest_call_start(o->cache->rest, &o->cache->window, &o->list);
}

/* ---- objects ---- */

static char *list_path(enum config_kind kind, const char *ns, const char *name)
{
	autobuf struct buf b = BUF_INIT;
	rest_path(&b, kinds[kind].group, "v1", kinds[kind].namespaced ? ns : NULL, kinds[kind].resource, NULL,
		  NULL);
	buf_adds(&b, "?fieldSelector=metadata.name%3D");
	http_escape(&b, name);
	return buf_take(&b, NULL);
}

static struct config_object *object_ref(struct config_cache *c, enum config_kind kind, const char *ns,
					const char *name)
{
	autofree char *key =
		mem_printf("%s/%s/%s", kinds[kind].resource, kinds[kind].namespaced ? ns : "", name);
	struct config_object *o = map_get(&c->objects, key);
	if (!o) {
		o = MEM_NEW(struct config_object);
		*o = (struct config_object){.cache = c,
					    .kind = kind,
					    .key = STEAL(key),
					    .name = mem_strdup(name),
					    .path = list_path(kind, ns, name),
					    .lines = LINES_INIT(EVENT_MAX),
					    .again = {.fn = on_again, .arg = o}};
		list_init(&o->waiting);
		map_set(&c->objects, o->key, o);
		if (c->watch)
			start_list(o);
	}
	o->refs++;
	return o;
}

static void object_unref(struct config_object *o)
{
	if (--o->refs)
		return;
	map_del(&o->cache->objects, o->key);
	loop_timer_set(o->cache->loop, &o->again, CLOCK_NEVER);
	rest_call_release(&o->list);
	if (o->stream)
		http_abort(o->stream);
	lines_release(&o->lines);
	js_autoput(&o->object);
	free(o->key);
	free(o->name);
	free(o->path);
	free(o);
}

/* ---- sets ---- */

void config_set_add(struct config_set *s, struct config_cache *c, enum config_kind kind, const char *ns,
		    const char *name)
{
	struct config_object *o = object_ref(c, kind, ns, name);
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].o == o) {
			o->refs--;
			return;
		}
	s->v = mem_realloc_array(s->v, s->n + 1, sizeof(*s->v));
	s->v[s->n++] = (struct config_link){.o = o, .set = s};
}

void config_set_wait(struct config_set *s, void (*fn)(void *arg), void *arg)
{
	s->fn = fn;
	s->arg = arg;
	s->left = 1;
	for (size_t i = 0; i < s->n; i++) {
		struct config_object *o = s->v[i].o;
		if (o->watched && o->object)
			continue;
		s->left++;
		list_push_back(&o->waiting, &s->v[i].waiting);
		if (!o->listing)
			start_list(o);
	}
	arrived(s);
}

bool config_set_has(const struct config_set *s, const struct config_object *o)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].o == o)
			return true;
	return false;
}

static const struct config_object *find(const struct config_set *s, enum config_kind kind, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].o->kind == kind && !strcmp(s->v[i].o->name, name))
			return s->v[i].o;
	return NULL;
}

const js *config_set_get(const struct config_set *s, enum config_kind kind, const char *name, struct err *err)
{
	const struct config_object *o = find(s, kind, name);
	if (o && o->object)
		return o->object;
	if (o && o->err.reason != REASON_NONE)
		*err = o->err;
	else
		(void)err_set(err, REASON_NOT_FOUND, "%s \"%s\" not found", kinds[kind].word, name);
	return NULL;
}

int config_set_check(const struct config_set *s, struct err *err)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct config_object *o = s->v[i].o;
		if (o->object || o->err.reason == REASON_NONE || o->err.reason == REASON_NOT_FOUND)
			continue;
		*err = o->err;
		return -1;
	}
	return 0;
}

void config_set_release(struct config_set *s)
{
	for (size_t i = 0; i < s->n; i++)
		object_unref(s->v[i].o);
	free(s->v);
	*s = (struct config_set){0};
}
