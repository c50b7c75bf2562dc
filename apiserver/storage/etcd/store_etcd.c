/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine for several apiservers or machines: etcd v3 through its JSON gateway.
 *
 * Three ways to etcd, none in the way of another: requests of any thread on kept connections (etcd_calls.h),
 * one watch on its own (etcd_watch.h), and what ties them together, own writes that the watch will show
 * (etcd_own.h). A write is one transaction that compares the key's mod_revision. Newest revision: a
 * linearizable range that counts one key; callers that come while one is under way share the next one.
 *
 * When etcd is away, calls fail within STORE_DEADLINE_NS and the watch keeps trying; nothing else changes, so
 * what is cached above stays readable.
 */
#include "storage/store.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/base64.h"
#include "base/log.h"
#include "storage/etcd/etcd_calls.h"
#include "storage/etcd/etcd_own.h"
#include "storage/etcd/etcd_watch.h"
#include "storage/etcd/etcd_wire.h"

#define PAGE_KEYS 500
/* How long an acknowledged write waits to be shown by the watch; then the watch is taken for stuck. */
#define SHOWN_NS (2 * NS_PER_S)

struct etcd_store {
	struct store base;
	struct http_tls tls;
	struct etcd_calls *calls;
	struct own_list own;
	struct etcd_watch *watch;

	/* current(): rounds of one request each. A caller is served by a round that begins after it came. */
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool in_round;
	uint64_t begun, ended; /* rounds */
	uint64_t round_rev;
	struct err round_err;
	int64_t behind_ns; /* since when the watch has been behind; 0 = it is not */
};

static struct etcd_store *self(struct store *s)
{
	return (struct etcd_store *)s;
}

/* ---- writes ---- */

/* Why a comparison failed. By now the key may be what it was not then: either answer was true at some moment
 * since. */
static int refused(struct etcd_store *s, const struct store_write *w, struct err *err)
{
	autobuf struct buf body = BUF_INIT, text = BUF_INIT;
	struct wire_range_reply reply;
	if (!w->expect)
		return err_set(err, REASON_ALREADY_EXISTS, "key exists");
	wire_range(&body, w->key, strlen(w->key), NULL, 0, 0);
	if (etcd_call(s->calls, "/v3/kv/range", &body, STORE_DEADLINE_NS, &text, err) < 0 ||
	    wire_read_range(buf_str(&text), text.len, NULL, NULL, &reply, err) < 0)
		return -1;
	return reply.count
		       ? err_set(err, REASON_CONFLICT, "revision is not %llu", (unsigned long long)w->expect)
		       : err_set(err, REASON_NOT_FOUND, "no such key");
}

static int etcd_write(struct store *base, const struct store_write *w, uint64_t *ret_rev, struct err *err)
{
	struct etcd_store *s = self(base);
	autobuf struct buf body = BUF_INIT, text = BUF_INIT;
	struct wire_txn_reply reply = {0};
	struct wire_txn_texts t = wire_txn(&body, w->key, w->value, w->len, w->expect);
	struct own own = {.key = w->key, .cookie = w->cookie, .key64 = {body.p + t.key, t.key_len}};
	if (w->value)
		own.value64 = (struct wire_slice){body.p + t.value, t.value_len};
	own_add(&s->own, &own);
	int rc = etcd_call(s->calls, "/v3/kv/txn", &body, STORE_DEADLINE_NS, &text, err);
	if (rc == 0)
		rc = wire_read_txn(buf_str(&text), text.len, &reply, err);
	if (rc == 0 && !reply.succeeded)
		rc = refused(s, w, err);
	bool watched = rc == 0 && s->watch;
	if (!own_remove(&s->own, &own, watched ? reply.revision : 0, clock_mono_ns() + SHOWN_NS))
		etcd_watch_nudge(s->watch);
	if (rc == 0)
		*ret_rev = reply.revision;
	return rc;
}

/* ---- lists ---- */

struct page {
	store_each_fn *each;
	void *arg;
	struct buf key, value;
	size_t n;
};

static int on_kv(void *arg, const struct wire_kv *kv, struct err *err)
{
	struct page *p = arg;
	buf_clear(&p->key);
	buf_clear(&p->value);
	if (base64_decode(&p->key, kv->key.p, kv->key.n, err) < 0 ||
	    base64_decode(&p->value, kv->value.p, kv->value.n, err) < 0)
		return err_wrap(err, "etcd: list");
	p->n++;
	return p->each(p->arg, buf_str(&p->key), buf_str(&p->value), p->value.len, kv->mod_rev,
		       kv->create_rev, err);
}

/* The first key behind all that begin with prefix. */
static char *prefix_end(const char *prefix)
{
	char *end = mem_strdup(prefix);
	size_t n = strlen(end);
	while (n && (unsigned char)end[n - 1] == 0xff)
		n--;
	end[n] = '\0';
	if (n)
		end[n - 1]++;
	return end;
}

/* One page from behind page->key (at first: from prefix on). Objects of 1.5 MB would make a page too large:
   then it is asked for with fewer keys. */
static int list_page(struct etcd_store *s, const char *prefix, const char *end, size_t *limit,
		     uint64_t revision, struct page *page, struct wire_range_reply *ret, struct err *err)
{
	int rc;
	do {
		autobuf struct buf body = BUF_INIT, text = BUF_INIT;
		bool first = !page->key.len;
		/* With its NUL, a key is the smallest one behind itself. */
		wire_range(&body, first ? prefix : page->key.p, first ? strlen(prefix) : page->key.len + 1,
			   end, *limit, revision);
		rc = etcd_call(s->calls, "/v3/kv/range", &body, 4 * STORE_DEADLINE_NS, &text, err);
		if (rc == 0)
			return wire_read_range(buf_str(&text), text.len, on_kv, page, ret, err);
		*limit /= 4;
	} while (err->reason == REASON_TOO_LARGE && *limit);
	return rc;
}

static int etcd_list(struct store *base, const char *prefix, store_each_fn *each, void *arg,
		     uint64_t *ret_rev, struct err *err)
{
	struct etcd_store *s = self(base);
	struct page page = {.each = each, .arg = arg};
	struct wire_range_reply reply = {.more = true};
	autofree char *end = prefix_end(prefix);
	uint64_t revision = 0;
	size_t limit = PAGE_KEYS;
	int rc = 0;
	while (rc == 0 && reply.more) {
		page.n = 0;
		rc = list_page(s, prefix, end, &limit, revision, &page, &reply, err);
		if (!revision)
			revision = reply.revision;
		if (!page.n)
			break;
	}
	buf_release(&page.key);
	buf_release(&page.value);
	if (rc < 0 &&
	    err->reason == REASON_EXPIRED) /* compacted between two pages: as a whole it may be tried again */
		err->reason = REASON_UNAVAILABLE;
	if (rc == 0)
		*ret_rev = revision;
	return rc;
}

/* ---- the newest revision ---- */

static int ask_revision(struct etcd_store *s, int64_t timeout_ns, uint64_t *ret_rev, struct err *err)
{
	autobuf struct buf body = BUF_INIT, text = BUF_INIT;
	struct wire_range_reply reply;
	wire_range(&body, "", 1, NULL, 0, 0);
	if (etcd_call(s->calls, "/v3/kv/range", &body, timeout_ns, &text, err) < 0 ||
	    wire_read_range(buf_str(&text), text.len, NULL, NULL, &reply, err) < 0)
		return -1;
	*ret_rev = reply.revision;
	return 0;
}

/* Under the lock: a watch that stays behind is stuck. */
static bool is_stuck(struct etcd_store *s, uint64_t rev)
{
	int64_t now = clock_mono_ns();
	if (!s->watch || own_shown_rev(&s->own) >= rev)
		s->behind_ns = 0;
	else if (!s->behind_ns)
		s->behind_ns = now;
	if (!s->behind_ns || now - s->behind_ns < SHOWN_NS)
		return false;
	s->behind_ns = now;
	return true;
}

static int etcd_current(struct store *base, int64_t deadline_ns, uint64_t *ret_rev, struct err *err)
{
	struct etcd_store *s = self(base);
	pthread_mutex_lock(&s->lock);
	uint64_t mine = s->begun + 1;
	while (s->in_round && s->ended < mine) {
		if (!clock_cond_wait(&s->cond, &s->lock, deadline_ns) && s->in_round && s->ended < mine) {
			pthread_mutex_unlock(&s->lock);
			return err_set(err, REASON_TIMEOUT, "etcd: no answer in time");
		}
	}
	if (s->ended < mine) {
		struct err round = ERR_INIT;
		uint64_t rev = 0;
		s->in_round = true;
		s->begun++;
		pthread_mutex_unlock(&s->lock);
		int64_t left = deadline_ns - clock_mono_ns();
		left = left > STORE_DEADLINE_NS ? STORE_DEADLINE_NS : left < NS_PER_MS ? NS_PER_MS : left;
		int rc = ask_revision(s, left, &rev, &round);
		pthread_mutex_lock(&s->lock);
		s->in_round = false;
		s->ended++;
		s->round_rev = rc == 0 ? rev : 0;
		s->round_err = round;
		pthread_cond_broadcast(&s->cond);
	}
	uint64_t rev = s->round_rev;
	bool stuck = rev && is_stuck(s, rev);
	if (!rev)
		*err = s->round_err;
	pthread_mutex_unlock(&s->lock);
	if (stuck)
		etcd_watch_nudge(s->watch);
	if (rev)
		*ret_rev = rev;
	return rev ? 0 : -1;
}

/* ---- the rest ---- */

static int etcd_watch_all(struct store *base, const char *prefix, uint64_t rev, store_sink_fn *sink,
			  store_reset_fn *reset, void *arg, struct err *err)
{
	struct etcd_store *s = self(base);
	struct etcd_watch_config c = {.calls = s->calls,
				      .own = &s->own,
				      .tls = &s->tls,
				      .rev = rev,
				      .sink = sink,
				      .reset = reset,
				      .arg = arg};
	(void)prefix;
	(void)err; /* it keeps trying */
	s->watch = etcd_watch_start(&c);
	return 0;
}

static int etcd_compact(struct store *base, uint64_t rev, struct err *err)
{
	struct etcd_store *s = self(base);
	autobuf struct buf body = BUF_INIT, text = BUF_INIT;
	wire_compact(&body, rev);
	if (etcd_call(s->calls, "/v3/kv/compaction", &body, 4 * STORE_DEADLINE_NS, &text, err) == 0)
		return 0;
	return err->reason == REASON_EXPIRED ? 0 : -1; /* another apiserver was first */
}

static bool etcd_healthy(struct store *base, char why[128])
{
	struct etcd_store *s = self(base);
	if (!etcd_answers(s->calls, why))
		return false;
	if (!s->watch || etcd_watch_connected(s->watch))
		return true;
	if (why)
		snprintf(why, 128, "etcd: watch is not connected");
	return false;
}

static void etcd_close(struct store *base)
{
	struct etcd_store *s = self(base);
	if (s->watch)
		etcd_watch_stop(s->watch);
	if (s->calls)
		etcd_calls_free(s->calls);
	own_list_release(&s->own);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->cond);
	free((char *)s->tls.ca_file);
	free((char *)s->tls.cert_file);
	free((char *)s->tls.key_file);
	free(s);
}

static const struct store_engine etcd_engine = {
	.name = "etcd",
	.close = etcd_close,
	.list = etcd_list,
	.watch = etcd_watch_all,
	.write = etcd_write,
	.current = etcd_current,
	.compact = etcd_compact,
	.healthy = etcd_healthy,
};

struct store *store_etcd_open(const struct store_etcd_config *c, struct err *err)
{
	struct etcd_store *s = MEM_NEW(struct etcd_store);
	s->base.engine = &etcd_engine;
	s->tls = (struct http_tls){.ca_file = mem_strdup(c->cafile),
				   .cert_file = mem_strdup(c->certfile),
				   .key_file = mem_strdup(c->keyfile)};
	own_list_init(&s->own);
	pthread_mutex_init(&s->lock, NULL);
	clock_cond_init(&s->cond);
	s->calls = etcd_calls_new(c->servers, &s->tls, err);
	if (!s->calls) {
		etcd_close(&s->base);
		return NULL;
	}
	return &s->base;
}
