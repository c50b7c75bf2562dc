/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Lease is a record {holder, since, renewed, how long} under optimistic locking: whoever's write goes
 * through, holds it. A candidate judges a holder alive by its own clock since it last saw the record change,
 * never by the times written in it, so clocks need not agree.
 *
 * One difference from client-go: the holder renews every 5 s instead of every 2 s. The lease lasts 15 s and
 * the holder gives up after 10 s without a renewal, so there is still room for a failure and several retries
 * (every 2 s from then on), and an idle cluster writes less than half as often.
 *
 * All of it is steps on the daemon's loop: one call is under way or one timer set, and `then` says what its
 * reply is for. No call outlasts the time at which the holder must give up.
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
#include "base/thread.h" /* stop_fd */
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

struct leader;
typedef void step_fn(struct leader *l, const struct err *err); /* reason REASON_NONE: it went well */

struct leader {
	struct rest *rest; /* on the loop; borrowed, as the loop */
	struct loop *loop;
	char *ns, *name, *identity;
	char *collection, *path;
	int elected_fd; /* readable once we were elected; never drained */
	atomic_bool leading;
	pthread_mutex_t lock; /* guards lost, lost_arg */
	void (*lost)(void *arg);
	void *lost_arg;
	struct metric_series *status;

	/* The loop only. */
	js *seen;	    /* the record as last read or written; NULL = none */
	int64_t seen_ns;    /* when it last changed, by our clock */
	int64_t renewed_ns; /* our last successful write */
	int64_t give_up_ns; /* no call may take longer */
	struct loop_timer timer;
	struct rest_call call;
	step_fn *then;
	enum reason last_refusal; /* while a candidate; logged when it changes */
	int releases;		  /* tries to give the Lease back */
	bool released;		  /* see loop_wait */
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

/* ---- calls ---- */

static void on_reply(struct rest_call *c)
{
	struct leader *l = c->tag;
	struct err err = c->err;

	if (err.reason == REASON_NONE) {
		observe(l, STEAL(c->reply));
		if (c->verb != REST_GET)
			l->renewed_ns = clock_mono_ns();
	}
	buf_release(&c->body);
	l->then(l, &err);
}

/* Must not outlast our claim: a holder stuck in a request would not notice that its lease has run out. */
static void call(struct leader *l, enum rest_verb verb, const char *path, const js *body, step_fn *then)
{
	int64_t left = l->give_up_ns - clock_mono_ns();

	l->call = (struct rest_call){.verb = verb,
				     .path = path,
				     .tag = l,
				     .want_reply = true,
				     .timeout_ns = left > CALL_MIN_NS ? left : CALL_MIN_NS,
				     .done = on_reply};
	if (body)
		js_write(&l->call.body, body);
	l->then = then;
	rest_call_start(l->rest, NULL, &l->call);
}

static void write_claim(struct leader *l, step_fn *then)
{
	autojson js *want = claim(l, l->seen);

	call(l, l->seen ? REST_PUT : REST_POST, l->seen ? l->path : l->collection, want, then);
}

static void read_lease(struct leader *l, step_fn *then)
{
	call(l, REST_GET, l->path, NULL, then);
}

static void forget_lease(struct leader *l)
{
	js_autoput(&l->seen);
	l->seen = NULL;
}

static bool ours(const struct leader *l)
{
	return l->seen && !strcmp(holder(l->seen), l->identity);
}

/* ---- outcomes ---- */

static void elected(struct leader *l)
{
	uint64_t one = 1;

	atomic_store(&l->leading, true);
	metric_set(l->status, 1);
	log_info("became leader", "lease=%s/%s identity=%s", l->ns, l->name, l->identity);
	if (write(l->elected_fd, &one, sizeof(one)) < 0)
		log_error("cannot signal the election", "fd=%d", l->elected_fd);
}

static void again_in(struct leader *l, int64_t ns)
{
	loop_timer_set(l->loop, &l->timer, clock_mono_ns() + ns);
}

static void give_up(struct leader *l)
{
	void (*lost)(void *arg);
	void *lost_arg;

	atomic_store(&l->leading, false);
	metric_set(l->status, 0);
	log_error("lost the lease", "lease=%s/%s identity=%s", l->ns, l->name, l->identity);
	pthread_mutex_lock(&l->lock);
	lost = l->lost;
	lost_arg = l->lost_arg;
	pthread_mutex_unlock(&l->lock);
	if (lost)
		lost(lost_arg);
}

/* A try's end: the lease is ours for now, or not (REASON_CONFLICT: somebody else's). */
static void tried(struct leader *l, const struct err *err)
{
	if (err->reason == REASON_NONE) {
		if (!atomic_load(&l->leading))
			elected(l);
		loop_timer_set(l->loop, &l->timer, l->renewed_ns + RENEW_NS);
	} else if (!atomic_load(&l->leading)) {
		if (err->reason != l->last_refusal)
			log_warn_err(err, "not the leader, will retry", "lease=%s/%s", l->ns, l->name);
		l->last_refusal = err->reason;
		again_in(l, rand_jitter(RETRY_NS, RETRY_JITTER));
	} else {
		log_warn_err(err, "cannot renew the lease", "lease=%s/%s", l->ns, l->name);
		if (clock_mono_ns() >= l->give_up_ns || (l->seen && !ours(l)))
			give_up(l);
		else
			again_in(l, RETRY_NS);
	}
}

/* ---- a try ---- */

static void after_read(struct leader *l, const struct err *err)
{
	struct err held = ERR_INIT;

	if (err->reason == REASON_NOT_FOUND) {
		forget_lease(l);
	} else if (err->reason != REASON_NONE) {
		tried(l, err);
		return;
	}
	if (l->seen && *holder(l->seen) && !ours(l)) {
		int64_t lasts_ns = js_int(l->seen, LEASE_S, "spec", "leaseDurationSeconds", NULL) * NS_PER_S;
		if (clock_mono_ns() < l->seen_ns + lasts_ns) {
			err_set(&held, REASON_CONFLICT, "held by %s", holder(l->seen));
			tried(l, &held);
			return;
		}
	}
	write_claim(l, tried);
}

/* The holder writes over what it wrote last; only when that fails is there something to read. */
static void after_renewal(struct leader *l, const struct err *err)
{
	if (err->reason == REASON_CONFLICT || err->reason == REASON_NOT_FOUND)
		read_lease(l, after_read);
	else
		tried(l, err);
}

static void try(void *arg)
{
	struct leader *l = arg;

	l->give_up_ns = (atomic_load(&l->leading) ? l->renewed_ns : clock_mono_ns()) + RENEW_DEADLINE_NS;
	if (ours(l))
		write_claim(l, after_renewal);
	else
		read_lease(l, after_read);
}

/* ---- the end ---- */

static void after_release(struct leader *l, const struct err *err);

static void after_look(struct leader *l, const struct err *err);

/*
 * As client-go's ReleaseOnCancel: an empty holder and a one-second lease. Tried twice, because the renewal
 * that was given up may have gone through after all. If it fails, or there is no lease to give back, the
 * lease runs out by itself.
 */
static void release(struct leader *l)
{
	if (!ours(l) || ++l->releases > 2) {
		loop_signal(l->loop, &l->released);
		return;
	}
	autojson js *want = js_dup(l->seen);
	js *spec = js_ensure(want, "spec", NULL);

	js_set_str(spec, "holderIdentity", "");
	js_set_int(spec, "leaseDurationSeconds", 1);
	set_now(spec, "renewTime");
	set_now(spec, "acquireTime");
	call(l, REST_PUT, l->path, want, after_release);
}

static void after_release(struct leader *l, const struct err *err)
{
	if (err->reason == REASON_CONFLICT && l->releases < 2)
		read_lease(l, after_look);
	else
		loop_signal(l->loop, &l->released);
}

static void after_look(struct leader *l, const struct err *err)
{
	if (err->reason != REASON_NONE)
		forget_lease(l);
	release(l);
}

static void stop(void *arg)
{
	struct leader *l = arg;

	loop_timer_set(l->loop, &l->timer, CLOCK_NEVER);
	rest_call_release(&l->call);
	l->give_up_ns = clock_mono_ns() + RELEASE_NS;
	if (atomic_load(&l->leading))
		release(l);
	else
		loop_signal(l->loop, &l->released);
}

static void leave_loop(void *arg)
{
	rest_call_release(&((struct leader *)arg)->call);
}

/* ---- public ---- */

struct leader *leader_new(struct rest *r, const char *ns, const char *name, const char *identity)
{
	static const struct metric_def def = {
		.name = "leader_election_master_status",
		.help = "[ALPHA] Gauge of if the reporting system is master of the relevant lease, 0 indicates backup, 1 indicates master.",
		.type = METRIC_GAUGE,
		.label_names = "name",
	};
	autobuf struct buf b = BUF_INIT;
	int elected_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (elected_fd < 0)
		return NULL;
	struct leader *l = MEM_NEW(struct leader);

	l->elected_fd = elected_fd;
	l->rest = r;
	l->loop = rest_loop(r);
	l->timer = (struct loop_timer){.fn = try, .arg = l};
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
	loop_post(l->loop, try, l);
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

void leader_free(struct leader *l)
{
	if (!l)
		return;
	loop_finish(l->loop, stop, l);
	loop_wait(l->loop, &l->released, clock_mono_ns() + 2 * RELEASE_NS);
	loop_finish(l->loop, leave_loop, l);
	js_autoput(&l->seen);
	close(l->elected_fd);
	pthread_mutex_destroy(&l->lock);
	free(l->ns);
	free(l->name);
	free(l->identity);
	free(l->collection);
	free(l->path);
	free(l);
}
