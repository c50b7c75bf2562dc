/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Lease is a record {holder, since, renewed, how long} under optimistic locking: whoever's write goes
 * through, holds it. A candidate judges a holder alive by its own clock since it last saw the record change,
 * never by the times written in it, so clocks need not agree.
 *
 * One difference from client-go: the holder renews every 5 s instead of every 2 s. The lease lasts 15 s and
 * the holder gives up after 10 s without a renewal, so there is still room for a failure and several retries
 * (every 2 s from then on), and an idle cluster writes less than half as often.
 */
#include "controller/leader.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/thread.h"
#include "serve/metric.h"
#include "object/meta.h"
#include "object/rfc3339.h"

#define LEASE_S 15
#define RENEW_DEADLINE_NS (10 * NS_PER_S)
#define RETRY_NS (2 * NS_PER_S)
#define RETRY_JITTER 1.2 /* client-go JitterFactor */
#define RENEW_NS (5 * NS_PER_S)
#define RELEASE_NS (2 * NS_PER_S)
#define CALL_MIN_NS (100 * NS_PER_MS)

struct leader {
	struct rest *rest;
	char *ns, *name, *identity;
	char *collection, *path;
	pthread_t thread;
	int elected_fd; /* readable once we were elected; never drained */
	atomic_bool stopping, leading;
	pthread_mutex_t lock; /* guards lost, lost_arg */
	void (*lost)(void *arg);
	void *lost_arg;
	struct metric_series *status;

	/* The thread only. */
	js *seen;	    /* the record as last read or written; NULL = none yet */
	int64_t seen_ns;    /* when it last changed, by our clock */
	int64_t renewed_ns; /* our last successful write */
	int64_t give_up_ns; /* no call may take longer */
};

static const char *holder(const js *lease)
{
	return js_str0(lease, "spec", "holderIdentity", NULL);
}

/* Takes ownership. */
static void observe(struct leader *l, js *lease)
{
	if (!l->seen || !js_equal(js_get(l->seen, "spec", NULL), js_get(lease, "spec", NULL)))
		l->seen_ns = clock_mono_ns();
	js_autoput(&l->seen);
	l->seen = lease;
}

static void set_now(js *spec, const char *field)
{
	char now[RFC3339_MAX];

	rfc3339_format_micro(clock_wall_ns(), now);
	js_set_str(spec, field, now);
}

/* Our claim, built on the record that it replaces (NULL: there is none). */
static js *claim(const struct leader *l, const js *old)
{
	bool renewal = old && !strcmp(holder(old), l->identity);
	int64_t transitions = js_int(old, 0, "spec", "leaseTransitions", NULL);
	js *lease = old ? js_dup(old) : js_new_obj();
	js *spec = js_ensure(lease, "spec", NULL);

	if (!old) {
		js_set_str(lease, "apiVersion", "coordination.k8s.io/v1");
		js_set_str(lease, "kind", "Lease");
		js_set_str(js_ensure(lease, "metadata", NULL), "name", l->name);
		js_set_str(js_ensure(lease, "metadata", NULL), "namespace", l->ns);
	}
	js_set_str(spec, "holderIdentity", l->identity);
	js_set_int(spec, "leaseDurationSeconds", LEASE_S);
	if (!renewal)
		set_now(spec, "acquireTime");
	set_now(spec, "renewTime");
	js_set_int(spec, "leaseTransitions", old && !renewal ? transitions + 1 : transitions);
	return lease;
}

/* One call that must not outlast our claim: a holder stuck in a request would not notice that its lease has
 * run out. */
static int call(struct leader *l, enum rest_verb verb, const char *path, const js *body, js **ret,
		struct err *err)
{
	struct rest_batch b = REST_BATCH_INIT;
	struct rest_call *c = rest_batch_add(&b, verb, path, body, NULL);
	int64_t left = l->give_up_ns - clock_mono_ns();

	c->want_reply = true;
	c->timeout_ns = left > CALL_MIN_NS ? left : CALL_MIN_NS;
	rest_batch_run(l->rest, &b, 1);
	*ret = STEAL(c->reply);
	*err = c->err;
	rest_batch_release(&b);
	return *ret ? 0 : -1;
}

static int write_claim(struct leader *l, struct err *err)
{
	autojson js *want = claim(l, l->seen);
	js *got;

	if (call(l, l->seen ? REST_PUT : REST_POST, l->seen ? l->path : l->collection, want, &got, err))
		return -1;
	observe(l, got);
	l->renewed_ns = clock_mono_ns();
	return 0;
}

static int read_lease(struct leader *l, struct err *err)
{
	js *got;

	if (!call(l, REST_GET, l->path, NULL, &got, err)) {
		observe(l, got);
		return 0;
	}
	if (err->reason != REASON_NOT_FOUND)
		return -1;
	err->reason = REASON_NONE;
	js_autoput(&l->seen);
	l->seen = NULL;
	return 0;
}

/* 0: the lease is ours for now. -1 with REASON_CONFLICT: somebody else's. */
static int try(struct leader *l, struct err *err)
{
	int64_t lasts_ns;

	/* The holder writes over what it wrote last; only when that fails is there something to read. */
	if (l->seen && !strcmp(holder(l->seen), l->identity)) {
		if (!write_claim(l, err))
			return 0;
		if (err->reason != REASON_CONFLICT && err->reason != REASON_NOT_FOUND)
			return -1;
		err->reason = REASON_NONE;
	}
	if (read_lease(l, err))
		return -1;
	if (l->seen && *holder(l->seen) && strcmp(holder(l->seen), l->identity)) {
		lasts_ns = js_int(l->seen, LEASE_S, "spec", "leaseDurationSeconds", NULL) * NS_PER_S;
		if (clock_mono_ns() < l->seen_ns + lasts_ns)
			return err_set(err, REASON_CONFLICT, "held by %s", holder(l->seen));
	}
	return write_claim(l, err);
}

static void elected(struct leader *l)
{
	uint64_t one = 1;

	atomic_store(&l->leading, true);
	metric_set(l->status, 1);
	log_info("became leader", "lease=%s/%s identity=%s", l->ns, l->name, l->identity);
	if (write(l->elected_fd, &one, sizeof(one)) < 0)
		log_error("cannot signal the election", "fd=%d", l->elected_fd);
}

static void campaign(struct leader *l)
{
	enum reason last = REASON_NONE;

	for (;;) {
		struct err err = ERR_INIT;

		l->give_up_ns = clock_mono_ns() + RENEW_DEADLINE_NS;
		if (!try(l, &err)) {
			elected(l);
			return;
		}
		if (err.reason != last && err.reason != REASON_CANCELED)
			log_warn_err(&err, "not the leader, will retry", "lease=%s/%s", l->ns, l->name);
		last = err.reason;
		if (!http_sleep(rest_http(l->rest), clock_mono_ns() + rand_jitter(RETRY_NS, RETRY_JITTER)))
			return;
	}
}

static void keep(struct leader *l)
{
	int64_t next = l->renewed_ns + RENEW_NS;

	while (http_sleep(rest_http(l->rest), next)) {
		struct err err = ERR_INIT;

		l->give_up_ns = l->renewed_ns + RENEW_DEADLINE_NS;
		if (!try(l, &err)) {
			next = l->renewed_ns + RENEW_NS;
			continue;
		}
		if (err.reason != REASON_CANCELED)
			log_warn_err(&err, "cannot renew the lease", "lease=%s/%s", l->ns, l->name);
		if (clock_mono_ns() >= l->give_up_ns || (l->seen && strcmp(holder(l->seen), l->identity)))
			return;
		next = clock_mono_ns() + RETRY_NS;
	}
}

static void *leader_main(void *arg)
{
	struct leader *l = arg;
	void (*lost)(void *arg);
	void *lost_arg;

	campaign(l);
	if (!atomic_load(&l->leading))
		return NULL;
	keep(l);
	if (atomic_load(&l->stopping))
		return NULL;
	atomic_store(&l->leading, false);
	metric_set(l->status, 0);
	log_error("lost the lease", "lease=%s/%s identity=%s", l->ns, l->name, l->identity);
	pthread_mutex_lock(&l->lock);
	lost = l->lost;
	lost_arg = l->lost_arg;
	pthread_mutex_unlock(&l->lock);
	if (lost)
		lost(lost_arg);
	return NULL;
}

struct leader *leader_new(const struct rest_config *c, const char *ns, const char *name, const char *identity)
{
	static const struct metric_def def = {
		.name = "leader_election_master_status",
		.help = "Gauge of if the reporting system is master of the relevant lease, 0 indicates backup, 1 indicates master.",
		.type = METRIC_GAUGE,
		.label_names = "name",
	};
	struct leader *l = MEM_NEW(struct leader);
	autobuf struct buf b = BUF_INIT;

	l->rest = rest_new(c, 1);
	l->ns = mem_strdup(ns);
	l->name = mem_strdup(name);
	if (identity && *identity) {
		l->identity = mem_strdup(identity);
	} else {
		char host[256] = "", uuid[37];

		gethostname(host, sizeof(host) - 1);
		rand_uuid(uuid);
		l->identity = mem_printf("%s_%s", host, uuid);
	}
	rest_path(&b, "coordination.k8s.io", "v1", ns, "leases", NULL, NULL);
	l->collection = buf_take(&b, NULL);
	l->path = mem_printf("%s/%s", l->collection, name);
	l->status = metric_series(metric_register(&def), name);
	metric_set(l->status, 0);
	pthread_mutex_init(&l->lock, NULL);
	l->elected_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->elected_fd < 0)
		abort();
	l->thread = thread_start("leader", leader_main, l);
	return l;
}

bool leader_wait(struct leader *l)
{
	struct pollfd p[2] = {{.fd = l->elected_fd, .events = POLLIN}, {.fd = stop_fd(), .events = POLLIN}};

	while (poll(p, 2, -1) < 0 || (!p[0].revents && !p[1].revents))
		;
	return p[0].revents && !p[1].revents;
}

bool leader_is(struct leader *l)
{
	return atomic_load(&l->leading);
}

void leader_on_lost(struct leader *l, void (*lost)(void *arg), void *arg)
{
	pthread_mutex_lock(&l->lock);
	l->lost = lost;
	l->lost_arg = arg;
	pthread_mutex_unlock(&l->lock);
}

/*
 * As client-go's ReleaseOnCancel: an empty holder and a one-second lease. Tried twice, because the renewal
 * that was cancelled may have gone through after all. If it fails, the lease runs out by itself.
 */
static void release(struct leader *l)
{
	http_uncancel(rest_http(l->rest));
	l->give_up_ns = clock_mono_ns() + RELEASE_NS;
	for (int i = 0; i < 2; i++) {
		struct err err = ERR_INIT;
		js *spec = js_ensure(l->seen, "spec", NULL), *got;

		js_set_str(spec, "holderIdentity", "");
		js_set_int(spec, "leaseDurationSeconds", 1);
		set_now(spec, "renewTime");
		set_now(spec, "acquireTime");
		if (!call(l, REST_PUT, l->path, l->seen, &got, &err)) {
			js_autoput(&got);
			return;
		}
		if (err.reason != REASON_CONFLICT || read_lease(l, &err) || !l->seen ||
		    strcmp(holder(l->seen), l->identity))
			return;
	}
}

void leader_free(struct leader *l)
{
	if (!l)
		return;
	atomic_store(&l->stopping, true);
	http_cancel(rest_http(l->rest));
	pthread_join(l->thread, NULL);
	if (atomic_load(&l->leading))
		release(l);
	js_autoput(&l->seen);
	rest_free(l->rest);
	close(l->elected_fd);
	pthread_mutex_destroy(&l->lock);
	free(l->ns);
	free(l->name);
	free(l->identity);
	free(l->collection);
	free(l->path);
	free(l);
}
