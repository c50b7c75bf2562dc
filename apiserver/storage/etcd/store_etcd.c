/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine for several apiservers or machines: etcd v3, through gRPC or its JSON gateway.
 *
 * One thread (etcd_client_internal.h) holds every request and the watch (etcd_watch_internal.h), and with them what ties the two
 * together: own writes that the watch will show (etcd_own_internal.h). A write is encoded on its writer's thread, then
 * it is one transaction that compares the key's mod_revision; one that expires is tied to a lease before
 * (etcd_lease_internal.h). Newest revision: a linearizable range that
 * counts one key; who asks while one is under way shares the next one.
 *
 * When etcd is away, calls fail within STORE_DEADLINE_NS and the watch keeps trying; nothing else changes, so
 * what is cached above stays readable.
 */
#include "storage/store.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/log.h"
#include "storage/etcd/etcd_client_internal.h"
#include "storage/etcd/etcd_compaction_internal.h"
#include "storage/etcd/etcd_lease_internal.h"
#include "storage/etcd/etcd_own_internal.h"
#include "storage/etcd/etcd_watch_internal.h"
#include "storage/etcd/etcd_wire_internal.h"

#define PAGE_KEYS 500

struct etcd_store {
	struct store base;
	const struct etcd_wire *wire;
	struct http_tls tls;
	struct etcd_client *client;
	struct etcd_own_list own;
	struct etcd_leases leases;
	struct etcd_watch *_Atomic watch;
	/* the newest revision: asked in rounds of one request each */
	struct etcd_call round;
	struct buf any_key; /* its body */
	bool in_round;
	struct list asked, asking; /* struct question: in this round; came while one was under way */
	int64_t behind_ns;	   /* since when the watch has been behind; 0 = it is not */
	struct etcd_compaction compaction;
	struct etcd_call status;
	struct buf nothing; /* its body */
	bool in_status;
	atomic_int_fast64_t size; /* -1: not known */
};

static struct etcd_store *self(struct store *s)
{
	return (struct etcd_store *)s;
}

/* ---- writes ---- */

struct etcd_write {
	struct etcd_store *s;
	struct store_write *w;
	struct etcd_call call;
	struct etcd_own own;
	struct loop_timer late;
	struct buf body; /* own's texts lie in it */
	/* of one that expires */
	struct etcd_lease_wait wait;
	uint64_t lease;
	int64_t deadline_ns;
	bool again;
};

static void finish(struct etcd_write *e, uint64_t rev, const struct err *err)
{
	struct store_write *w = e->w;
	etcd_own_del(&e->own);
	loop_timer_set(etcd_loop(e->s->client), &e->late, CLOCK_NEVER);
	buf_release(&e->body);
	free(e);
	w->rc = err ? -1 : 0;
	w->rev = rev;
	w->create_rev = w->expect ? 0 : rev;
	if (err)
		*w->err = *err;
	w->done(w);
}

static void on_shown(struct etcd_own *o)
{
	finish(CONTAINER_OF(o, struct etcd_write, own), o->rev, NULL);
}

static void on_late(void *arg)
{
	struct etcd_write *e = arg;
	etcd_watch_connect(e->s->watch);
	finish(e, e->own.rev, NULL);
}

/* Why a comparison failed. By now the key may be what it was not then: either answer was true at some moment
 * since. */
static void on_why(struct etcd_call *k, const struct etcd_wire_slice *r, const struct err *failed)
{
	struct etcd_write *e = CONTAINER_OF(k, struct etcd_write, call);
	struct etcd_wire_range_reply reply;
	struct err err = ERR_INIT;
	if (failed)
		err = *failed;
	else if (e->s->wire->read_range(r->p, r->n, NULL, NULL, &reply, &err) == 0 && reply.count)
		err_set(&err, REASON_CONFLICT, "revision is not %llu", (unsigned long long)e->w->expect);
	else if (err.reason == REASON_NONE)
		err_set(&err, REASON_NOT_FOUND, "no such key");
	finish(e, 0, &err);
}

static void refused(struct etcd_write *e)
{
	struct err err = ERR_INIT;
	if (!e->w->expect) {
		err_set(&err, REASON_ALREADY_EXISTS, "key exists");
		finish(e, 0, &err);
		return;
	}
	/* It will not be shown any more. */
	e->own.cookie = NULL;
	buf_clear(&e->body);
	e->s->wire->range(&e->body, e->w->key, strlen(e->w->key), NULL, 0, 0);
	e->call.method = ETCD_WIRE_RANGE;
	e->call.done = on_why;
	etcd_call(e->s->client, &e->call);
}

static void lease_and_write(struct etcd_write *e);

/* The lease may be gone: whoever administers etcd can revoke it, or put back what there was. */
static bool with_another_lease(struct etcd_write *e, const struct err *failed)
{
	if (failed->reason != REASON_NOT_FOUND || !e->lease || e->again)
		return false;
	e->again = true;
	etcd_lease_forget(&e->s->leases, e->lease);
	lease_and_write(e);
	return true;
}

static void on_reply(struct etcd_call *k, const struct etcd_wire_slice *r, const struct err *failed)
{
	struct etcd_write *e = CONTAINER_OF(k, struct etcd_write, call);
	struct etcd_store *s = e->s;
	struct etcd_wire_txn_reply reply = {0};
	struct err err = ERR_INIT;
	if (failed) {
		if (!with_another_lease(e, failed))
			finish(e, 0, failed);
	} else if (s->wire->read_txn(r->p, r->n, &reply, &err) < 0) {
		finish(e, 0, &err);
	} else if (!reply.revision) { /* etcd always tells it: this is some other answer, and nobody knows */
		err_set(&err, REASON_UNAVAILABLE, "etcd: reply is not understood: no revision");
		finish(e, 0, &err);
	} else if (!reply.succeeded) {
		refused(e);
	} else if (!s->watch || s->own.shown_rev >= reply.revision) {
		finish(e, reply.revision, NULL);
	} else {
		e->own.rev = reply.revision;
		loop_timer_set(etcd_loop(s->client), &e->late, clock_mono_ns() + ETCD_WATCH_BEHIND_NS);
	}
}

static void encode(struct etcd_write *e)
{
	const struct store_write *w = e->w;
	buf_clear(&e->body);
	struct etcd_wire_txn_texts t =
		e->s->wire->txn(&e->body, w->key, w->value, w->len, w->expect, e->lease);
	e->own.sent_key = (struct etcd_wire_slice){e->body.p + t.key, t.key_len};
	if (w->value)
		e->own.sent_value = (struct etcd_wire_slice){e->body.p + t.value, t.value_len};
}

static void on_lease(struct etcd_lease_wait *wait, uint64_t lease, const struct err *err)
{
	struct etcd_write *e = CONTAINER_OF(wait, struct etcd_write, wait);
	if (err) {
		finish(e, 0, err);
		return;
	}
	int64_t left_ns = e->deadline_ns - clock_mono_ns();
	e->lease = lease;
	e->call.timeout_ns = left_ns > 0 ? left_ns : 1;
	encode(e);
	etcd_call(e->s->client, &e->call);
}

static void lease_and_write(struct etcd_write *e)
{
	e->own.sent_key = e->own.sent_value = (struct etcd_wire_slice){NULL, 0}; /* nothing is like it */
	etcd_lease_get(&e->s->leases, (uint64_t)e->w->ttl_s, &e->wait);
}

static bool expires(const struct store_write *w)
{
	return w->value && w->ttl_s > 0;
}

static void begin_write(void *arg)
{
	struct etcd_write *e = arg;
	etcd_own_add(&e->s->own, &e->own);
	if (expires(e->w))
		lease_and_write(e);
	else
		etcd_call(e->s->client, &e->call);
}

static void etcd_write(struct store *base, struct store_write *w)
{
	struct etcd_write *e = MEM_NEW(struct etcd_write);
	*e = (struct etcd_write){.s = self(base), .w = w, .body = BUF_INIT};
	e->late = (struct loop_timer){.fn = on_late, .arg = e};
	e->own = (struct etcd_own){.key = w->key, .cookie = w->cookie, .done = on_shown};
	e->wait.done = on_lease;
	e->deadline_ns = clock_mono_ns() + STORE_DEADLINE_NS;
	if (!expires(w)) /* its lease is known later */
		encode(e);
	e->call = (struct etcd_call){
		.method = ETCD_WIRE_TXN, .body = &e->body, .timeout_ns = STORE_DEADLINE_NS, .done = on_reply};
	loop_post(etcd_loop(e->s->client), begin_write, e);
}

/* ---- lists ---- */

struct etcd_page {
	const struct etcd_wire *wire;
	store_each_fn *each;
	void *arg;
	struct buf key, value;
	size_t n;
};

static int on_kv(void *arg, const struct etcd_wire_kv *kv, struct err *err)
{
	struct etcd_page *p = arg;
	buf_clear(&p->key);
	buf_clear(&p->value);
	if (p->wire->decode(&p->key, kv->key, err) < 0 || p->wire->decode(&p->value, kv->value, err) < 0)
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
		     uint64_t revision, struct etcd_page *page, struct etcd_wire_range_reply *ret,
		     struct err *err)
{
	int rc;
	do {
		autobuf struct buf body = BUF_INIT, text = BUF_INIT;
		bool first = !page->key.len;
		/* With its NUL, a key is the smallest one behind itself. */
		s->wire->range(&body, first ? prefix : page->key.p,
			       first ? strlen(prefix) : page->key.len + 1, end, *limit, revision);
		rc = etcd_call_wait(s->client, ETCD_WIRE_RANGE, &body, 4 * STORE_DEADLINE_NS, &text, err);
		if (rc == 0)
			return s->wire->read_range(buf_str(&text), text.len, on_kv, page, ret, err);
		*limit /= 4;
	} while (err->reason == REASON_TOO_LARGE && *limit);
	return rc;
}

/* At revision `at`, 0: now. *ret_now: the newest revision when it began. */
static int list_at(struct etcd_store *s, const char *prefix, uint64_t at, store_each_fn *each, void *arg,
		   uint64_t *ret_now, struct err *err)
{
	struct etcd_page page = {.wire = s->wire, .each = each, .arg = arg};
	struct etcd_wire_range_reply reply = {.more = true};
	autofree char *end = prefix_end(prefix);
	uint64_t now = 0;
	size_t limit = PAGE_KEYS;
	int rc = 0;
	while (rc == 0 && reply.more) {
		page.n = 0;
		rc = list_page(s, prefix, end, &limit, at, &page, &reply, err);
		now = now ? now : reply.revision;
		at = at ? at : now;
		if (!page.n)
			break;
	}
	buf_release(&page.key);
	buf_release(&page.value);
	if (rc == 0)
		*ret_now = now;
	return rc;
}

static int etcd_list(struct store *base, const char *prefix, store_each_fn *each, void *arg,
		     uint64_t *ret_rev, struct err *err)
{
	int rc = list_at(self(base), prefix, 0, each, arg, ret_rev, err);
	if (rc < 0 &&
	    err->reason == REASON_EXPIRED) /* compacted between two pages: as a whole it may be tried again */
		err->reason = REASON_UNAVAILABLE;
	return rc;
}

struct nothing_yet {
	store_each_fn *each;
	void *arg;
	bool told;
};

static int tell(void *arg, const char *key, const void *v, size_t n, uint64_t rev, uint64_t create_rev,
		struct err *err)
{
	struct nothing_yet *t = arg;
	t->told = true;
	return t->each(t->arg, key, v, n, rev, create_rev, err);
}

/* Each revision is a change. How far back there is history, only trying tells. */
static int etcd_list_past(struct store *base, const char *prefix, size_t changes, store_each_fn *each,
			  void *arg, struct store_past *ret, struct err *err)
{
	struct etcd_store *s = self(base);
	struct nothing_yet t = {each, arg, false};
	struct etcd_page page = {.each = NULL};
	struct etcd_wire_range_reply reply;
	size_t limit = 0;
	*ret = (struct store_past){0};
	if (list_page(s, prefix, NULL, &limit, 0, &page, &reply, err) < 0)
		return -1;
	for (; changes; changes /= 4) {
		ret->at = ret->since = reply.revision > changes ? reply.revision - changes : 1;
		if (list_at(s, prefix, ret->at, tell, &t, &ret->now, err) == 0)
			return 0;
		if (err->reason != REASON_EXPIRED || t.told)
			break;
	}
	if (err->reason != REASON_EXPIRED || t.told) {
		err->reason = err->reason == REASON_EXPIRED ? REASON_UNAVAILABLE : err->reason;
		return -1;
	}
	int rc = etcd_list(base, prefix, each, arg, &ret->now, err);
	ret->at = ret->since = ret->now;
	return rc;
}

/* ---- the newest revision ---- */

struct question {
	struct list link; /* in asking or asked */
	struct etcd_store *s;
	struct store_current *c;
	struct loop_timer too_late;
};

static void answer(struct question *q, uint64_t rev, const struct err *err)
{
	struct store_current *c = q->c;
	list_del(&q->link);
	loop_timer_set(etcd_loop(q->s->client), &q->too_late, CLOCK_NEVER);
	free(q);
	c->rc = err ? -1 : 0;
	c->rev = rev;
	if (err)
		*c->err = *err;
	c->done(c);
}

static void on_too_late(void *arg)
{
	struct question *q = arg;
	struct err err;
	etcd_silent(q->s->client);
	err_set(&err, REASON_TIMEOUT, "etcd: no answer in time");
	answer(q, 0, &err);
}

/* A watch that stays behind is stuck. */
static void check_watch(struct etcd_store *s, uint64_t rev)
{
	int64_t now = clock_mono_ns();
	if (!s->watch || s->own.shown_rev >= rev)
		s->behind_ns = 0;
	else if (!s->behind_ns)
		s->behind_ns = now;
	if (!s->behind_ns || now - s->behind_ns < ETCD_WATCH_BEHIND_NS)
		return;
	s->behind_ns = now;
	etcd_watch_connect(s->watch);
}

static void begin_round(struct etcd_store *s);

static void end_round(struct etcd_call *k, const struct etcd_wire_slice *r, const struct err *failed)
{
	struct etcd_store *s = CONTAINER_OF(k, struct etcd_store, round);
	struct etcd_wire_range_reply reply = {0};
	struct list done = LIST_INIT(done), *pos;
	struct err err = ERR_INIT;
	if (failed)
		err = *failed;
	else
		(void)!s->wire->read_range(r->p, r->n, NULL, NULL, &reply, &err);
	bool ok = err.reason == REASON_NONE;
	while ((pos = list_pop_front(&s->asked)))
		list_push_back(&done, pos);
	s->in_round = false;
	if (ok)
		check_watch(s, reply.revision);
	begin_round(s);
	while (!list_empty(&done))
		answer(list_entry(done.next, struct question, link), reply.revision, ok ? NULL : &err);
}

static void begin_round(struct etcd_store *s)
{
	struct list *pos;
	if (s->in_round || list_empty(&s->asking))
		return;
	while ((pos = list_pop_front(&s->asking)))
		list_push_back(&s->asked, pos);
	s->in_round = true;
	etcd_call(s->client, &s->round);
}

static void begin_question(void *arg)
{
	struct question *q = arg;
	list_push_back(&q->s->asking, &q->link);
	loop_timer_set(etcd_loop(q->s->client), &q->too_late, q->c->deadline_ns);
	begin_round(q->s);
}

static void etcd_current(struct store *base, struct store_current *c)
{
	struct question *q = MEM_NEW(struct question);
	*q = (struct question){.s = self(base), .c = c};
	q->too_late = (struct loop_timer){.fn = on_too_late, .arg = q};
	loop_post(etcd_loop(q->s->client), begin_question, q);
}

/* ---- the rest ---- */

struct watch_begin {
	struct etcd_store *s;
	struct etcd_watch *watch;
	uint64_t rev;
};

static void begin_watch(void *arg)
{
	struct watch_begin *b = arg;
	b->s->watch = b->watch;
	etcd_own_shown(&b->s->own, b->rev);
	etcd_watch_connect(b->watch);
	free(b);
}

static int etcd_watch_all(struct store *base, const char *prefix, uint64_t rev, store_sink_fn *sink,
			  store_reset_fn *reset, void *arg, struct err *err)
{
	struct etcd_store *s = self(base);
	struct etcd_watch_config c = {
		.client = s->client, .own = &s->own, .rev = rev, .sink = sink, .reset = reset, .arg = arg};
	struct watch_begin *b = MEM_NEW(struct watch_begin);
	(void)prefix;
	(void)err; /* it keeps trying */
	*b = (struct watch_begin){s, etcd_watch_new(&c), rev};
	loop_post(etcd_loop(s->client), begin_watch, b);
	return 0;
}

static int etcd_compact(struct store *base, uint64_t rev, struct err *err)
{
	(void)err; /* it keeps trying */
	etcd_compaction_ask(&self(base)->compaction, rev);
	return 0;
}

/* ---- its size ---- */

static void on_status(struct etcd_call *k, const struct etcd_wire_slice *r, const struct err *failed)
{
	struct etcd_store *s = CONTAINER_OF(k, struct etcd_store, status);
	struct etcd_wire_status_reply reply;
	struct err err = ERR_INIT;
	s->in_status = false;
	if (failed || s->wire->read_status(r->p, r->n, &reply, &err) < 0)
		s->size = -1;
	else
		s->size = (int64_t)reply.db_size;
}

static void begin_status(void *arg)
{
	struct etcd_store *s = arg;
	if (s->in_status)
		return;
	s->in_status = true;
	etcd_call(s->client, &s->status);
}

static int64_t etcd_size(struct store *base)
{
	struct etcd_store *s = self(base);
	loop_post(etcd_loop(s->client), begin_status, s);
	return s->size;
}

static bool etcd_healthy(struct store *base, char why[128])
{
	struct etcd_store *s = self(base);
	if (!etcd_answers(s->client, why))
		return false;
	struct etcd_watch *w = s->watch;
	if (!w || etcd_watch_connected(w))
		return true;
	if (why)
		snprintf(why, 128, "etcd: watch is not connected");
	return false;
}

/* Writes that only wait to be shown: they have happened. */
static void let_go(void *arg)
{
	struct etcd_store *s = arg;
	etcd_own_shown(&s->own, UINT64_MAX);
}

static void etcd_close(struct store *base)
{
	struct etcd_store *s = self(base);
	if (s->client) {
		etcd_client_stop(s->client, let_go, s);
		etcd_client_free(s->client);
	}
	etcd_watch_free(s->watch);
	etcd_leases_release(&s->leases);
	buf_release(&s->any_key);
	buf_release(&s->nothing);
	etcd_compaction_release(&s->compaction);
	free((char *)s->tls.ca_file);
	free((char *)s->tls.cert_file);
	free((char *)s->tls.key_file);
	free(s);
}

static const struct store_engine etcd_engine = {
	.name = "etcd",
	.close = etcd_close,
	.list = etcd_list,
	.list_past = etcd_list_past,
	.watch = etcd_watch_all,
	.write = etcd_write,
	.current = etcd_current,
	.compact = etcd_compact,
	.healthy = etcd_healthy,
	.size = etcd_size,
	.expires = true,
};

static const struct etcd_wire *find_wire(const char *name, struct err *err)
{
	static const struct etcd_wire *const wires[] = {&etcd_grpc, &etcd_gateway};
	if (!name)
		return wires[0];
	for (size_t i = 0; i < ARRAY_LEN(wires); i++)
		if (strcmp(wires[i]->name, name) == 0)
			return wires[i];
	err_set(err, REASON_BAD_REQUEST, "etcd transport must be grpc or gateway, not \"%s\"", name);
	return NULL;
}

struct store *store_etcd_open(const struct store_etcd_config *c, struct err *err)
{
	const struct etcd_wire *wire = find_wire(c->transport, err);
	if (!wire)
		return NULL;
	struct etcd_store *s = MEM_NEW(struct etcd_store);
	s->wire = wire;
	s->base.engine = &etcd_engine;
	s->tls = (struct http_tls){.ca_file = mem_strdup(c->cafile),
				   .cert_file = mem_strdup(c->certfile),
				   .key_file = mem_strdup(c->keyfile)};
	etcd_own_init(&s->own);
	list_init(&s->asked);
	list_init(&s->asking);
	s->wire->range(&s->any_key, "", 1, NULL, 0, 0);
	s->round = (struct etcd_call){.method = ETCD_WIRE_RANGE,
				      .body = &s->any_key,
				      .timeout_ns = STORE_DEADLINE_NS,
				      .done = end_round};
	s->wire->status(&s->nothing);
	s->status = (struct etcd_call){.method = ETCD_WIRE_STATUS,
				       .body = &s->nothing,
				       .timeout_ns = STORE_DEADLINE_NS,
				       .done = on_status};
	atomic_init(&s->size, -1);
	list_init(&s->leases.all);
	s->client = etcd_client_start(s->wire, c->servers, &s->tls, err);
	if (!s->client) {
		etcd_close(&s->base);
		return NULL;
	}
	etcd_compaction_init(&s->compaction, s->client);
	etcd_leases_init(&s->leases, s->client);
	(void)etcd_size(&s->base); /* asks */
	return &s->base;
}
