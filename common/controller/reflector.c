/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list and watch protocol of one informer.
 *
 * An informer is always in one of three places: listing (a page is on the wire), watching (a stream is), or
 * its timer is set for when to start either. It watches from where it was; only 410, and what the server
 * refuses outright, makes it list again. Pages and events are cut into objects by the scanner and handed on
 * as bytes, so nothing larger than one object is ever decoded at once; at most LISTS_MAX pages are on the
 * wire at once however many informers start together.
 *
 * Timing is client-go's reflector: back-off 0.8 s doubling to 30 s, each stretched by up to its double;
 * watches end after a random 5 to 10 minutes. Before the first successful list, unreachable servers are tried
 * every 0.1 to 2 s, since daemons of one machine start together.
 */
#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rand.h"
#include "controller/informer_internal.h"
#include "object/decode.h"
#include "object/scan.h"

#define PAGE_BYTES_MAX ((size_t)256 << 20)
#define LISTS_MAX 16
#define LIST_TIMEOUT_NS (60 * NS_PER_S)
#define ERROR_BODY_MAX 65536
#define WATCH_MIN_S 300
#define WATCH_GRACE_S 30 /* silence beyond timeoutSeconds before we hang up ourselves */
#define SHORT_WATCH_NS (1 * NS_PER_S)
#define BACKOFF_START_NS (100 * NS_PER_MS)
#define BACKOFF_START_MAX_NS (2 * NS_PER_S)
#define BACKOFF_BASE_NS (800 * NS_PER_MS)
#define BACKOFF_MAX_NS (30 * NS_PER_S)

/* ---- when to try again ---- */

static void fail(struct informer *i, const char *doing, const struct err *err)
{
	bool early = !atomic_load(&i->rv) && err->reason == REASON_UNAVAILABLE;
	int64_t d = early ? BACKOFF_START_NS : BACKOFF_BASE_NS;
	int64_t max = early ? BACKOFF_START_MAX_NS : BACKOFF_MAX_NS;

	for (int k = 0; k < i->failures && d < max; k++)
		d *= 2;
	if (!i->failures++)
		log_warn_err(err, "informer interrupted, retrying", "doing=%s resource=%s", doing,
			     i->type->resource);
	else
		log_v(2, "informer interrupted again", "doing=%s resource=%s failures=%d reason=%s", doing,
		      i->type->resource, i->failures, err->msg);
	informer_schedule(i, rand_jitter(d < max ? d : max, 1.0));
}

static void recovered(struct informer *i)
{
	if (i->failures > 1)
		log_info("informer recovered", "resource=%s failures=%d", i->type->resource, i->failures);
	i->failures = 0;
}

/* ---- list ---- */

static void start_list(struct informer *i);
static void start_watch(struct informer *i);

static bool page_metadata(struct scan *s, struct informer *i)
{
	const char *key, *v;
	size_t klen, n;
	bool escaped;

	if (scan_peek(s) != SCAN_OBJECT)
		return scan_skip(s);
	scan_enter_object(s);
	while (scan_key(s, &key, &klen)) {
		bool rv = scan_key_is(key, klen, "resourceVersion"),
		     cont = scan_key_is(key, klen, "continue");

		if ((!rv && !cont) || scan_peek(s) != SCAN_STRING) {
			if (!scan_skip(s))
				return false;
			continue;
		}
		if (!scan_string(s, &v, &n, &escaped))
			return false;
		if (rv) {
			i->list_rv = strtoull(v, NULL, 10);
			i->rewound = i->list_rv < atomic_load(&i->rv);
		} else if (n) {
			autobuf struct buf b = BUF_INIT;

			scan_unescape(&b, v, n);
			i->cont = buf_take(&b, NULL);
		}
	}
	return !scan_failed(s);
}

/* The bytes of the value at the cursor, which is consumed. */
static bool span(struct scan *s, const char **p, size_t *n)
{
	scan_peek(s); /* skips the white space */
	*p = s->p;
	if (!scan_skip(s))
		return false;
	*n = (size_t)(s->p - *p);
	return true;
}

static bool page_items(struct scan *s, struct informer *i, struct err *err)
{
	const char *p;
	size_t n;

	if (scan_peek(s) != SCAN_ARRAY)
		return scan_skip(s);
	scan_enter_array(s);
	while (scan_item(s))
		if (!span(s, &p, &n) || informer_apply_listed(i, p, n, err) < 0)
			return false;
	return !scan_failed(s);
}

static int take_page(struct informer *i, const char *p, size_t n, struct err *err)
{
	struct scan s;
	const char *key;
	size_t klen;
	bool ok = true;

	free(i->cont);
	i->cont = NULL;
	scan_init(&s, p, n);
	if (scan_peek(&s) == SCAN_OBJECT && scan_enter_object(&s)) {
		while (ok && scan_key(&s, &key, &klen)) {
			if (scan_key_is(key, klen, "metadata"))
				ok = page_metadata(&s, i);
			else if (scan_key_is(key, klen, "items"))
				ok = page_items(&s, i, err);
			else
				ok = scan_skip(&s);
		}
	} else {
		ok = false;
	}
	if (ok && !scan_failed(&s) && i->list_rv)
		return 0;
	if (err->reason == REASON_NONE)
		err_set(err, REASON_INTERNAL, "the list is malformed: %s",
			s.error ? s.error : "no resourceVersion");
	return -1;
}

static void list_place_free(struct informer *i)
{
	struct informer_set *s = i->set;
	struct list *l;

	i->listing = false;
	s->n_listing--;
	l = list_pop_front(&s->want_list);
	if (l)
		start_list(list_entry(l, struct informer, link));
}

static void list_done(void *arg, struct http_reply *r)
{
	struct informer *i = arg;
	struct err err = r->err;

	i->call = NULL;
	if (err.reason == REASON_NONE && r->status != 200)
		rest_status_error(r->status, buf_str(&r->body), r->body.len, &err);
	else if (err.reason == REASON_NONE)
		take_page(i, buf_str(&r->body), r->body.len, &err);
	buf_release(&r->body); /* pages are large and rare */
	list_place_free(i);
	if (err.reason == REASON_TOO_LARGE && i->page_items > 1)
		i->page_items /= 4;
	if (err.reason != REASON_NONE) {
		free(i->cont);
		i->cont = NULL;
		i->generation++; /* begins anew */
		fail(i, "list", &err);
		return;
	}
	if (i->cont) {
		start_list(i);
		return;
	}
	informer_list_applied(i);
	start_watch(i);
}

static void start_list(struct informer *i)
{
	struct informer_set *s = i->set;
	autobuf struct buf path = BUF_INIT;
	struct http_request rq = {.timeout_ns = LIST_TIMEOUT_NS, .max_body = PAGE_BYTES_MAX};

	if (s->n_listing >= LISTS_MAX) {
		list_push_back(&s->want_list, &i->link);
		return;
	}
	s->n_listing++;
	i->listing = true;
	if (!i->cont)
		i->list_rv = 0;
	rest_path(&path, i->type->group, i->type->version, NULL, i->type->resource, NULL, NULL);
	buf_addf(&path, "?limit=%zu", i->page_items);
	if (i->query)
		buf_addf(&path, "&%s", i->query);
	if (i->cont) {
		buf_adds(&path, "&continue=");
		http_escape(&path, i->cont);
	}
	i->call = rest_stream(s->rest, path.p, &rq, list_done, i);
}

/* ---- watch ---- */

static void take_error(struct informer *i, const char *p, size_t n)
{
	struct err err = ERR_INIT;
	autojson js *status = js_parse(p, n, NULL, &err);
	int64_t code = js_int(status, 0, "code", NULL);

	rest_status_error((int)code, p, n, &err);
	i->need_list = true;
	i->gone = code == 410;
	i->broken = !i->gone;
	log_v(2, "watch ended by the server", "resource=%s code=%d message=%s", i->type->resource, (int)code,
	      err.msg);
}

static int take_bookmark(struct informer *i, const char *p, size_t n, struct err *err)
{
	struct position {
		uint64_t rv;
	} at;
	static const struct decode_row rows[] = {
		DECODE_UINT64("metadata.resourceVersion", struct position, rv)};
	static const struct decode_spec spec = DECODE_SPEC(struct position, rows);
	autoarena struct arena a = ARENA_INIT;

	if (decode_into(&spec, p, n, &a, &at, err) < 0)
		return -1;
	informer_bookmark(i, at.rv);
	return 0;
}

static const struct {
	const char *type;
	int (*take)(struct informer *i, const char *p, size_t n, struct err *err);
} events[] = {
	{"ADDED", informer_apply_watched},
	{"MODIFIED", informer_apply_watched},
	{"DELETED", informer_apply_deleted},
	{"BOOKMARK", take_bookmark},
};

/* {"type": …, "object": …}: where the two are in the line. */
static bool split_event(const char *line, size_t n, const char **type, size_t *type_len, const char **object,
			size_t *object_len)
{
	struct scan s;
	const char *key;
	size_t klen;
	bool ok = true, escaped;

	*type = *object = NULL;
	scan_init(&s, line, n);
	if (scan_peek(&s) != SCAN_OBJECT || !scan_enter_object(&s))
		return false;
	while (ok && scan_key(&s, &key, &klen)) {
		if (scan_key_is(key, klen, "type") && scan_peek(&s) == SCAN_STRING)
			ok = scan_string(&s, type, type_len, &escaped);
		else if (scan_key_is(key, klen, "object") && scan_peek(&s) == SCAN_OBJECT)
			ok = span(&s, object, object_len);
		else
			ok = scan_skip(&s);
	}
	return ok && scan_finish(&s) && *type && *object;
}

static bool take_event(void *arg, const char *line, size_t n)
{
	struct informer *i = arg;
	struct err err = ERR_INIT;
	const char *type, *p;
	size_t type_len, len;
	int rc = 0;

	if (!split_event(line, n, &type, &type_len, &p, &len)) {
		i->broken = i->need_list = true;
		return false;
	}
	if (scan_key_is(type, type_len, "ERROR")) {
		take_error(i, p, len);
		return false;
	}
	i->had_event = true;
	for (size_t k = 0; k < ARRAY_LEN(events); k++)
		if (scan_key_is(type, type_len, events[k].type))
			rc = events[k].take(i, p, len, &err);
	if (rc < 0)
		i->broken = i->need_list = true;
	return rc == 0;
}

static void watch_status(void *arg, int status)
{
	((struct informer *)arg)->status = status;
}

static bool watch_data(void *arg, const char *p, size_t n)
{
	struct informer *i = arg;

	if (i->status != 200) {
		if (i->error_body.len + n <= ERROR_BODY_MAX)
			buf_add(&i->error_body, p, n);
		return true;
	}
	if (i->had_event && i->failures)
		recovered(i);
	switch (lines_feed(&i->lines, p, n, take_event, i)) {
	case LINES_OK:
		return true;
	case LINES_TOO_LONG:
		i->broken = i->need_list = true;
		return false;
	case LINES_STOPPED:
		break;
	}
	return false;
}

/* Why a watch ended decides where to go on: at the same version, or with a new list. */
static void watch_done(void *arg, struct http_reply *r)
{
	struct informer *i = arg;
	bool healthy = i->had_event || clock_mono_ns() - i->started_ns >= SHORT_WATCH_NS;
	struct err err = r->err;

	i->call = NULL;
	lines_clear(&i->lines);
	if (i->status == 200 && healthy)
		recovered(i);
	if (i->status && i->status != 200) {
		rest_status_error(i->status, buf_str(&i->error_body), i->error_body.len, &err);
		/* Overload says nothing about our position. */
		i->need_list = i->status != 429 && i->status < 500;
		i->gone = i->status == 410;
	} else if (i->gone) {
		err_set(&err, REASON_EXPIRED, "the resource version is too old");
	} else if (i->broken) {
		err_set(&err, REASON_INTERNAL, "the watch stream is malformed");
	} else if (i->status == 200 && err.reason == REASON_NONE && !healthy) {
		err_set(&err, REASON_UNAVAILABLE, "the watch ended at once and without an event");
	}
	buf_release(&i->error_body);
	if (i->gone && !i->failures) {
		i->failures =
			1; /* the first relist is at once, but when that one's version is gone too, wait */
		informer_schedule(i, 0);
	} else if (err.reason == REASON_NONE) {
		informer_schedule(i, 0);
	} else {
		fail(i, "watch", &err);
	}
}

static void start_watch(struct informer *i)
{
	autobuf struct buf path = BUF_INIT;
	uint64_t timeout_s = WATCH_MIN_S + rand_below(WATCH_MIN_S);
	struct http_request rq = {
		.on_data = watch_data,
		.on_status = watch_status,
		.arg = i,
		.timeout_ns = (int64_t)(timeout_s + WATCH_GRACE_S) * NS_PER_S,
		.trickle = true,
	};

	i->status = 0;
	i->had_event = i->gone = i->broken = false;
	i->started_ns = clock_mono_ns();
	rest_path(&path, i->type->group, i->type->version, NULL, i->type->resource, NULL, NULL);
	buf_addf(&path, "?allowWatchBookmarks=true&resourceVersion=%llu&timeoutSeconds=%llu&watch=true",
		 (unsigned long long)atomic_load(&i->rv), (unsigned long long)timeout_s);
	if (i->query)
		buf_addf(&path, "&%s", i->query);
	i->call = rest_stream(i->set->rest, path.p, &rq, watch_done, i);
}

void reflector_stop(struct informer *i)
{
	loop_timer_set(i->set->loop, &i->timer, CLOCK_NEVER);
	if (i->call)
		http_abort(STEAL(i->call));
	if (i->listing)
		list_place_free(i);
	else
		list_del(&i->link); /* one that waits for a place */
	lines_clear(&i->lines);
	buf_release(&i->error_body);
	free(STEAL(i->cont));
	i->need_list = true;
	i->failures = 0;
	i->generation++;
}

void reflector_start(void *informer)
{
	struct informer *i = informer;

	if (i->need_list)
		start_list(i);
	else
		start_watch(i);
}
