/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WATCH: a cursor into the resource's event window, read by a stream thread. Each event is its type, the
 * object's shared bytes and a newline; as many as fit leave in one write. What does not fit waits in the
 * stream, never more than one event.
 *
 * Bookmarks come about every minute, but only when the revision has moved since the client last heard of one,
 * so an idle cluster is silent. A watch ends at its timeout with a last bookmark, as upstream's do.
 *
 * Over a WebSocket an event is a message, text or binary as it is JSON or protobuf; what has to be said about the
 * connection goes out between two of them.
 */
#include "rest/present.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rand.h"
#include "object/pb.h"
#include "rest/api.h"
#include "rest/options.h"
#include "rest/handshake.h"
#include "serve/metric.h"
#include "serve/websocket.h"

#define BOOKMARK_NS (60 * NS_PER_S)
#define TIMEOUT_MIN_S 1800 /* 30 to 60 minutes when the client names none */

struct watch_stream {
	struct response_stream stream;
	struct watcher *watcher;
	const struct schema *schema;
	const struct kind *kind;
	struct accept accept;
	bool bookmarks, columns_sent, failed, ended;
	struct websocket *socket;	       /* NULL: HTTP */
	bool over, closed;		       /* it was: by the client; said so */
	struct metric_series *counted, *sized; /* events of the resource */
	uint64_t told_rv;		       /* newest revision the client knows */
	int64_t bookmark_ns, end_ns;
	/* the event being sent: head, object, tail */
	const char *type, *tail;
	char head[WEBSOCKET_HEAD_MAX + 32];
	size_t head_len, off;
	bool sending;
	struct obj *obj; /* its bytes, or … */
	struct buf page; /* … a rendered object */
	size_t mid_len;	 /* of either */
};

static const char *const type_names[] = {[WATCH_ADDED] = "ADDED",
					 [WATCH_MODIFIED] = "MODIFIED",
					 [WATCH_DELETED] = "DELETED",
					 [WATCH_BOOKMARK] = "BOOKMARK"};

static void watch_stream_close(void *arg)
{
	struct watch_stream *w = arg;
	if (w->watcher)
		watch_close(w->watcher);
	obj_unref(w->obj);
	buf_release(&w->page);
	schema_kind_unref(w->kind);
	websocket_free(w->socket);
	free(w);
}

/* ---- one event ---- */

static void add_head(struct watch_stream *w, const char *text)
{
	size_t n = strlen(text);
	assert(w->head_len + n <= sizeof(w->head) - WEBSOCKET_HEAD_MAX);
	memcpy(w->head + w->head_len, text, n);
	w->head_len += n;
}

static void begin_event(struct watch_stream *w, const char *type)
{
	w->type = type;
	w->head_len = w->off = 0;
	add_head(w, "{\"type\":\"");
	add_head(w, type);
	add_head(w, "\",\"object\":");
	w->sending = true;
	w->tail = w->accept.media == MEDIA_PROTOBUF ? "" : "}\n";
}

/* A frame: its length in four bytes, which a message has already, then a WatchEvent {1: type, 2: RawExtension {1: the
   object}}. Here everything up to the object. */
static void frame(struct watch_stream *w)
{
	autobuf struct buf parts = BUF_INIT;
	size_t n = strlen(w->type), object = w->mid_len;
	pb_add_part(&parts, 1, w->type, n);
	pb_add_head(&parts, 2, pb_part_size(object));
	pb_add_head(&parts, 1, object);
	size_t length = parts.len + object;
	w->head_len = 0;
	for (int i = 0; i < 4 && !w->socket; i++)
		w->head[w->head_len++] = (char)(length >> (24 - 8 * i));
	memcpy(w->head + w->head_len, parts.p, parts.len);
	w->head_len += parts.len;
}

/* What has been made the next event becomes a message. */
static void make_message(struct watch_stream *w)
{
	char head[WEBSOCKET_HEAD_MAX];
	enum websocket_form form = w->accept.media == MEDIA_PROTOBUF ? WEBSOCKET_BINARY : WEBSOCKET_TEXT;
	size_t n = websocket_head(head, form, w->head_len + w->mid_len + strlen(w->tail));
	memmove(w->head + n, w->head, w->head_len);
	memcpy(w->head, head, n);
	w->head_len += n;
}

/* False, and w->page is empty: it has no protobuf form. */
static bool encode_page(struct watch_stream *w, struct err *err)
{
	autobuf struct buf json = w->page;
	w->page = (struct buf)BUF_INIT;
	return present_pb(&w->page, w->schema, w->kind, json.p, json.len, err) == 0;
}

static void begin_error(struct watch_stream *w, const struct err *err);

static void use_page(struct watch_stream *w)
{
	struct err err = ERR_INIT;
	bool pb = w->accept.media == MEDIA_PROTOBUF;
	if (pb && !encode_page(w, &err)) {
		log_err(&err, "an event cannot be sent", "type=%s", w->type);
		assert(!w->failed); /* a Status has one */
		begin_error(w, &err);
		return;
	}
	w->mid_len = w->page.len;
	if (pb)
		frame(w);
}

/* It looks like the kind's other objects, with nothing in it; a Table has a row of it. */
static void begin_bookmark(struct watch_stream *w, uint64_t rv, bool initial_end)
{
	const struct kind *k = w->kind;
	autobuf struct buf json = BUF_INIT;
	begin_event(w, "BOOKMARK");
	buf_clear(&w->page);
	buf_addf(&json,
		 "{\"kind\":\"%s\",\"apiVersion\":\"%s%s%s\",\"metadata\":{\"resourceVersion\":\"%llu\"%s}}",
		 k->kind, k->group, *k->group ? "/" : "", k->version, (unsigned long long)rv,
		 initial_end ? ",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}" : "");
	present_bookmark(&w->page, k, &w->accept, &json, rv, initial_end, !w->columns_sent);
	w->columns_sent = true;
	use_page(w);
	w->told_rv = rv;
}

static void begin_object(struct watch_stream *w, const struct watch_event *ev)
{
	begin_event(w, type_names[ev->type]);
	w->told_rv = ev->rv;
	if (w->accept.as == PRESENT_OBJECT && w->accept.media == MEDIA_JSON && ev->obj->kind == w->kind) {
		w->obj = ev->obj;
		w->mid_len = obj_len(ev->obj);
		return;
	}
	buf_clear(&w->page);
	present_single(&w->page, w->kind, &w->accept, ev->obj, !w->columns_sent);
	w->columns_sent = true;
	obj_unref(ev->obj);
	use_page(w);
}

static void begin_status(struct watch_stream *w, const struct status_parts *st)
{
	begin_event(w, "ERROR");
	buf_clear(&w->page);
	response_status_write(&w->page, st);
	w->failed = true;
	use_page(w);
}

static void begin_error(struct watch_stream *w, const struct err *err)
{
	struct status_parts st = {.reason = err->reason, .message = err->msg};
	begin_status(w, &st);
}

static size_t copy_part(const char *from, size_t len, size_t start, size_t *off, char *p, size_t max)
{
	if (*off < start || *off >= start + len)
		return 0;
	size_t at = *off - start, n = len - at < max ? len - at : max;
	memcpy(p, from + at, n);
	*off += n;
	return n;
}

static size_t copy_mid(struct watch_stream *w, char *p, size_t max)
{
	if (!w->obj)
		return copy_part(buf_str(&w->page), w->mid_len, w->head_len, &w->off, p, max);
	if (w->off < w->head_len || w->off >= w->head_len + w->mid_len)
		return 0;
	size_t n = obj_read(w->obj, w->off - w->head_len, p, max);
	w->off += n;
	return n;
}

/* Copies what is left of the event being sent. */
static size_t copy_event(struct watch_stream *w, char *p, size_t max)
{
	size_t n = 0;
	if (!w->sending)
		return 0;
	n += copy_part(w->head, w->head_len, 0, &w->off, p, max);
	n += copy_mid(w, p + n, max - n);
	size_t tail_len = strlen(w->tail);
	n += copy_part(w->tail, tail_len, w->head_len + w->mid_len, &w->off, p + n, max - n);
	if (w->off == w->head_len + w->mid_len + tail_len) {
		w->sending = false;
		obj_unref(STEAL(w->obj));
	}
	return n;
}

/* ---- the stream ---- */

static bool due_bookmark(struct watch_stream *w)
{
	uint64_t rv = w->bookmarks ? watch_bookmark(w->watcher) : 0;
	if (rv <= w->told_rv)
		return false;
	begin_bookmark(w, rv, false);
	return true;
}

/* What comes when the watcher has nothing: a bookmark, the end, or nothing. */
static bool idle(struct watch_stream *w)
{
	int64_t now = clock_mono_ns();
	bool more = false;
	if (now >= w->end_ns) {
		w->ended = true;
		return due_bookmark(w);
	}
	if (w->bookmarks && now >= w->bookmark_ns) {
		more = due_bookmark(w);
		w->bookmark_ns = now + BOOKMARK_NS;
	}
	w->stream.wake_at_ns = w->bookmarks && w->bookmark_ns < w->end_ns ? w->bookmark_ns : w->end_ns;
	return more;
}

/* Makes the next event the one being sent; false when there is none now. */
static bool next_event(struct watch_stream *w)
{
	struct watch_event ev;
	struct err err = ERR_INIT;
	if (w->ended || w->failed)
		return false;
	int r = watch_next(w->watcher, &ev, &err);
	if (r < 0) {
		begin_error(w, &err);
		return true;
	}
	if (!r)
		return idle(w);
	if (ev.type == WATCH_BOOKMARK)
		begin_bookmark(w, ev.rv, ev.initial_end);
	else
		begin_object(w, &ev);
	return true;
}

/* What the client's frames and the end of the watch call for becomes what is sent next. */
static bool next_word(struct watch_stream *w)
{
	if ((w->over || w->ended || w->failed) && !w->closed) {
		w->closed = true;
		websocket_close(w->socket);
	}
	buf_clear(&w->page);
	websocket_say(w->socket, &w->page);
	w->mid_len = w->page.len;
	w->head_len = w->off = 0;
	w->tail = "";
	w->sending = w->mid_len != 0;
	return w->sending;
}

/* Makes something the next that is sent; *events counts. */
static bool next_piece(struct watch_stream *w, size_t *events)
{
	if (w->socket && next_word(w))
		return true;
	if (w->over || !next_event(w))
		return w->socket && !w->closed && (w->ended || w->failed) && next_word(w);
	(*events)++;
	metric_observe(w->sized, (double)(w->head_len + w->mid_len + strlen(w->tail)));
	if (w->socket)
		make_message(w);
	return true;
}

static long watch_read(void *arg, char *p, size_t max)
{
	struct watch_stream *w = arg;
	size_t done = 0, events = 0;
	while (done < max) {
		size_t n = copy_event(w, p + done, max - done);
		done += n;
		if (!n && !next_piece(w, &events))
			break;
	}
	if (events)
		metric_add(w->counted, (double)events);
	return done ? (long)done : w->ended || w->failed || w->over ? -1 : 0;
}

/* Nothing that a client says is of interest but that it leaves. */
static long watch_take(void *arg, const char *p, size_t n)
{
	struct watch_stream *w = arg;
	w->over |= !websocket_take(w->socket, p, n);
	return (long)n;
}

static void on_wake(void *arg)
{
	struct watch_stream *w = arg;
	response_wake(w->stream.wake);
}

/* How many there were, and how long. */
static void find_metrics(struct watch_stream *w)
{
	static const double sizes[] = {1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072, 0};
	static const struct metric_def sizes_def = {.name = "apiserver_watch_events_sizes",
						    .help = "[ALPHA] Watch event size distribution in bytes",
						    .type = METRIC_HISTOGRAM,
						    .label_names = "group,version,resource",
						    .buckets = sizes};
	static const struct metric_def def = {.name = "apiserver_watch_events_total",
					      .help = "[ALPHA] Number of events sent in watch clients",
					      .type = METRIC_COUNTER,
					      .label_names = "group,version,resource"};
	const struct kind *k = w->kind;
	autofree char *labels = mem_printf("%s\x1f%s\x1f%s", k->group, k->version, k->resource);
	w->counted = metric_series(metric_register(&def), labels);
	w->sized = metric_series(metric_register(&sizes_def), labels);
}

static struct watch_stream *stream_new(const struct request *rq, const struct accept *a)
{
	struct watch_stream *w = MEM_NEW(struct watch_stream);
	w->stream = (struct response_stream){.read = watch_read, .close = watch_stream_close, .arg = w};
	w->kind = schema_kind_ref(rq->attr.kind); /* a watch lasts longer than a pin */
	w->schema = rq->api->schema;
	w->accept = *a;
	find_metrics(w);
	w->socket = upgrade_is_websocket(rq->upgrade) ? websocket_new() : NULL;
	return w;
}

static struct watch_stream *open_stream(struct request *rq, const struct accept *a,
					const struct list_options *o, struct err *err)
{
	struct query q = {.ns = rq->attr.kind->namespaced ? rq->attr.ns : "",
			  .labels = o->labels,
			  .fields = o->fields.n ? &o->fields : NULL,
			  .kind = rq->attr.kind};
	int64_t seconds = o->timeout_s ? o->timeout_s : TIMEOUT_MIN_S + (int64_t)rand_below(TIMEOUT_MIN_S);
	int64_t now = clock_mono_ns();
	struct watch_stream *w = stream_new(rq, a);
	w->bookmarks = o->bookmarks;
	w->told_rv = o->rv;
	w->end_ns = seconds > INT64_MAX / 4 / NS_PER_S ? CLOCK_NEVER
		    : seconds < 0		       ? now
						       : now + seconds * NS_PER_S;
	w->bookmark_ns = now + BOOKMARK_NS;
	w->watcher = watch_open(storage_resource(rq->api->storage, rq->attr.kind), &q, o->rv, o->initial,
				o->initial && o->has_initial && o->bookmarks, on_wake, w, err);
	if (w->watcher)
		return w;
	if (err->reason != REASON_EXPIRED) {
		watch_stream_close(w);
		return NULL;
	}
	begin_error(w, err); /* as upstream, it comes as the stream's only event */
	return w;
}

static void answer(const struct request *rq, struct response *rs, struct watch_stream *w)
{
	if (w->socket && !handshake_websocket(rq, rs)) {
		watch_stream_close(w);
		return;
	}
	if (w->socket) {
		w->stream.take = watch_take;
		rs->stream = &w->stream;
		if (w->sending) /* it has failed already */
			make_message(w);
		return;
	}
	rs->status = 200;
	rs->stream = &w->stream;
	if (w->accept.media == MEDIA_PROTOBUF)
		rs->content_type = "application/vnd.kubernetes.protobuf;stream=watch";
}

/* What upstream looks at when the watch is open, before its first event. */
static int check_form(const struct request *rq, const struct accept *a, struct err *err)
{
	if (negotiate_options(rq, a, err) < 0)
		return -1;
	if (a->media == MEDIA_YAML)
		return err_set(
			err, REASON_NOT_ACCEPTABLE,
			"only the following media types are accepted: application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch");
	return 0;
}

void present_watch_error(const struct request *rq, struct response *rs, const struct status_parts *st)
{
	struct err err = ERR_INIT;
	struct accept a;
	if (negotiate(rq, &a, &err) < 0 || check_form(rq, &a, &err) < 0) {
		response_status(rs, &err, &rq->attr, NULL);
		return;
	}
	struct watch_stream *w = stream_new(rq, &a);
	begin_status(w, st);
	answer(rq, rs, w);
}

void handle_watch(struct request *rq, struct response *rs)
{
	struct err err = ERR_INIT;
	struct field_errors errs = {.n = 0};
	struct accept a;
	struct list_options o;
	if (options_parse(rq, &o, &a, &errs, &err) < 0) {
		options_fail(rq, rs, &err, &errs);
		return;
	}
	struct watch_stream *w = check_form(rq, &a, &err) == 0 ? open_stream(rq, &a, &o, &err) : NULL;
	if (w)
		answer(rq, rs, w);
	else
		response_status(rs, &err, &rq->attr, NULL);
	options_release(&o);
}
