/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each message of the stream is one batch: it is read into an array, own writes are matched, other keys and
 * values decoded into one buffer, and the sink gets the array before the next is looked at. Nothing is
 * queued, but for the last revision of a message that is a fragment: etcd cuts between events, and what one
 * transaction did goes on in the next message. Own writes are not looked for there, they are not that large.
 * A broken stream begins again behind the last delivered revision, so every event is delivered once;
 * what should come twice anyhow is dropped by its revision.
 */
#include "storage/etcd/etcd_watch_internal.h"

#include <stdatomic.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/log.h"
#include "storage/etcd/etcd_wire_internal.h"

#define BACKOFF_MIN_NS (50 * NS_PER_MS)
#define BACKOFF_MAX_NS NS_PER_S
/* With fragments, etcd's messages end soon behind its own 1.5 MiB; base64 and one more event on top. */
#define MESSAGE_MAX ((size_t)16 << 20)

struct etcd_watch {
	struct etcd_watch_config c;
	atomic_bool connected;
	struct http_call *call; /* NULL: between two */
	struct loop_timer again;
	int64_t pause_ns;
	size_t server;	    /* the stream's */
	int64_t told_ns;    /* when it began, or when its last message came */
	uint64_t rev;	    /* delivered */
	uint64_t begun_rev; /* where this stream began */
	struct lines lines;
	struct etcd_wire_watch_reply reply; /* of the message at hand */
	struct store_event *events;
	size_t n, cap;	  /* those that wait for the next fragment come first */
	struct buf bytes; /* decoded keys and values; events hold offsets until the batch is complete */
	bool partial;	  /* the last message was a fragment: events wait for its next one */
	bool compacted, listing;
	bool told;	     /* that etcd is away */
	struct err why;	     /* the stream ended */
	uint64_t listed_rev; /* the job's: what was listed anew */
	struct err listed;   /* or why it was not */
};

/* ---- one message ---- */

static const struct etcd_wire *wire(const struct etcd_watch *w)
{
	return etcd_client_wire(w->c.client);
}

static int decode(struct etcd_watch *w, struct etcd_wire_slice t, size_t *ret_at, size_t *ret_len,
		  struct err *err)
{
	*ret_at = w->bytes.len;
	if (wire(w)->decode(&w->bytes, t, err) < 0)
		return err_wrap(err, "etcd: event");
	*ret_len = w->bytes.len - *ret_at;
	buf_addc(&w->bytes, '\0');
	return 0;
}

/* Pointers into w->bytes are offsets plus one until the buffer stops moving. */
static int on_event(void *arg, const struct etcd_wire_kv *kv, struct err *err)
{
	struct etcd_watch *w = arg;
	if (kv->mod_rev <= w->rev)
		return 0;
	if (w->n == w->cap) {
		w->cap = w->cap ? w->cap * 2 : 64;
		w->events = mem_realloc_array(w->events, w->cap, sizeof(*w->events));
	}
	struct store_event ev = {.rev = kv->mod_rev, .create_rev = kv->create_rev};
	struct etcd_own *own = w->reply.fragment || w->partial ? NULL : etcd_own_match(w->c.own, kv);
	if (own) {
		ev.cookie = own->cookie;
		ev.key = own->key;
	} else {
		size_t at, len;
		if (decode(w, kv->key, &at, &len, err) < 0)
			return -1;
		ev.key = (const char *)(uintptr_t)(at + 1);
		if (!kv->deleted) {
			if (decode(w, kv->value, &at, &ev.len, err) < 0)
				return -1;
			ev.value = (const void *)(uintptr_t)(at + 1);
		}
	}
	w->events[w->n++] = ev;
	return 0;
}

/* How many events belong to revisions that are complete. */
static size_t complete(const struct etcd_watch *w)
{
	size_t n = w->n;
	while (w->reply.fragment && n && w->events[n - 1].rev == w->events[w->n - 1].rev &&
	       !w->events[n - 1].cookie)
		n--;
	return n;
}

/* The first n events go; the others and their bytes move to the front. */
static void keep_behind(struct etcd_watch *w, size_t n)
{
	w->partial = n < w->n;
	if (!w->partial) {
		w->n = 0;
		buf_clear(&w->bytes);
		return;
	}
	size_t from = (uintptr_t)w->events[n].key - 1;
	w->n -= n;
	memmove(w->events, w->events + n, w->n * sizeof(*w->events));
	for (size_t i = 0; i < w->n; i++) {
		struct store_event *ev = &w->events[i];
		ev->key = (const char *)((uintptr_t)ev->key - from);
		if (ev->value)
			ev->value = (const void *)((uintptr_t)ev->value - from);
	}
	buf_consume(&w->bytes, from);
}

static void deliver(struct etcd_watch *w, size_t n, uint64_t upto)
{
	for (size_t i = 0; i < n; i++) {
		struct store_event *ev = &w->events[i];
		if (ev->cookie)
			continue;
		ev->key = w->bytes.p + ((uintptr_t)ev->key - 1);
		if (ev->value)
			ev->value = w->bytes.p + ((uintptr_t)ev->value - 1);
	}
	w->c.sink(w->c.arg, w->events, n, upto);
	w->rev = upto;
	etcd_own_shown(w->c.own, upto);
}

static bool on_message(void *arg, const char *p, size_t n)
{
	struct etcd_watch *w = arg;
	struct etcd_wire_watch_reply *r = &w->reply;
	w->told_ns = clock_mono_ns();
	int rc = wire(w)->read_watch(p, n, on_event, w, r, &w->why);
	if (rc < 0) {
		etcd_own_shown(
			w->c.own,
			0); /* lets go of what this message has matched: it comes again, to be decoded */
		return false;
	}
	if (r->compact_revision) {
		w->compacted = true;
		return false;
	}
	if (r->canceled) {
		err_set(&w->why, REASON_UNAVAILABLE, "etcd: watch was cancelled%s%.*s", r->why.n ? ": " : "",
			(int)(r->why.n < 200 ? r->why.n : 200), r->why.n ? r->why.p : "");
		return false;
	}
	if (r->created) {
		atomic_store(&w->connected, true);
		if (w->told)
			log_info("etcd is back", "revision=%llu", (unsigned long long)r->revision);
		w->told = false;
	}
	size_t ready = complete(w);
	if (ready)
		deliver(w, ready,
			w->events[ready - 1].rev); /* the header's revision may be ahead of the events */
	keep_behind(w, ready);
	if (!w->partial && w->bytes.cap > ((size_t)1 << 20))
		buf_release(&w->bytes);
	return true;
}

static bool on_data(void *arg, const char *p, size_t n)
{
	struct etcd_watch *w = arg;
	enum lines_result r = wire(w)->feed(&w->lines, p, n, on_message, w);
	if (r == LINES_TOO_LONG)
		err_set(&w->why, REASON_UNAVAILABLE, "etcd: watch message is too long");
	return r == LINES_OK;
}

/* ---- the stream ---- */

static void connect_again(struct etcd_watch *w)
{
	if (w->rev != w->begun_rev)
		w->pause_ns = BACKOFF_MIN_NS;
	if (!w->told && w->why.reason != REASON_NONE)
		log_warn_err(&w->why, "etcd watch was interrupted", "after=%llu", (unsigned long long)w->rev);
	w->told = true;
	etcd_leave_server(w->c.client, w->server);
	loop_timer_set(etcd_loop(w->c.client), &w->again, clock_mono_ns() + w->pause_ns);
	w->pause_ns = w->pause_ns * 2 > BACKOFF_MAX_NS ? BACKOFF_MAX_NS : w->pause_ns * 2;
}

/* In the lane: writes and their deadlines go on meanwhile. */
static void list_anew(void *arg)
{
	struct etcd_watch *w = arg;
	w->listed = (struct err)ERR_INIT;
	(void)!w->c.reset(w->c.arg, &w->listed_rev, &w->listed);
}

static void listed_anew(void *arg)
{
	struct etcd_watch *w = arg;
	w->listing = false;
	if (w->listed.reason != REASON_NONE) {
		w->why = w->listed;
	} else {
		w->rev = w->listed_rev;
		etcd_own_shown(w->c.own, w->rev);
	}
	connect_again(w);
}

static void ended(struct etcd_watch *w)
{
	atomic_store(&w->connected, false);
	if (!w->compacted) {
		connect_again(w);
		return;
	}
	log_warning("etcd has compacted what was not seen yet: listing again", "after=%llu",
		    (unsigned long long)w->rev);
	w->listing = true;
	etcd_job(w->c.client, list_anew, listed_anew, w);
}

static void on_end(void *arg, struct http_reply *r)
{
	struct etcd_watch *w = arg;
	struct etcd_wire_slice none;
	w->call = NULL;
	if (w->why.reason == REASON_NONE && r->err.reason != REASON_NONE)
		w->why = r->err;
	else if (w->why.reason == REASON_NONE && wire(w)->judge(r, &none, &w->why) == 0)
		err_set(&w->why, REASON_UNAVAILABLE, "etcd: watch ended");
	ended(w);
}

static void follow(void *arg)
{
	struct etcd_watch *w = arg;
	autobuf struct buf body = BUF_INIT;
	wire(w)->watch(&body, w->rev + 1);
	lines_clear(&w->lines);
	w->n = 0;
	w->partial = false;
	buf_clear(&w->bytes);
	w->compacted = false;
	w->why = (struct err)ERR_INIT;
	w->begun_rev = w->rev;
	w->told_ns = clock_mono_ns();
	w->call = etcd_stream(w->c.client, ETCD_WIRE_WATCH, &body, on_data, on_end, w, &w->server);
}

struct etcd_watch *etcd_watch_new(const struct etcd_watch_config *c)
{
	struct etcd_watch *w = MEM_NEW(struct etcd_watch);
	w->c = *c;
	w->rev = c->rev;
	w->pause_ns = BACKOFF_MIN_NS;
	w->again = (struct loop_timer){.fn = follow, .arg = w};
	w->lines = (struct lines)LINES_INIT(MESSAGE_MAX);
	return w;
}

void etcd_watch_connect(struct etcd_watch *w)
{
	if (w->call && clock_mono_ns() - w->told_ns < ETCD_WATCH_BEHIND_NS)
		return;
	if (w->call) {
		http_abort(w->call);
		w->call = NULL;
		atomic_store(&w->connected, false);
		etcd_leave_server(w->c.client, w->server);
	}
	if (!w->listing)
		loop_timer_set(etcd_loop(w->c.client), &w->again, clock_mono_ns());
}

void etcd_watch_free(struct etcd_watch *w)
{
	if (!w)
		return;
	lines_release(&w->lines);
	buf_release(&w->bytes);
	free(w->events);
	free(w);
}

bool etcd_watch_connected(struct etcd_watch *w)
{
	return atomic_load(&w->connected);
}
