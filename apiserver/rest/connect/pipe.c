/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other server's connection (client/tunnel.h) belongs to the relays' loop, the client's to a network thread, which
 * reads what came down and gives what goes up. Two buffers under one lock are all that they share; each direction is held
 * when its buffer is full and goes on when it has been emptied. As with a relay, loop and response hold the struct by
 * count, because either may end first.
 *
 * As upstream (apimachinery pkg/util/proxy/upgradeaware.go) the end of either side is the end of both; what the client has
 * said before it left is still sent, for a moment.
 */
#include "rest/connect/pipe.h"

#include <stdlib.h>
#include "base/clock.h"
#include "client/tunnel.h"

#define HOLD_BYTES ((size_t)64 << 10)
#define GO_ON_BYTES ((size_t)16 << 10)
#define PIECE ((size_t)16 << 10)
#define WHOLE_MAX 32768 /* a body that is told to be no longer is waited for */
#define LINGER_NS (5 * NS_PER_S)
#define DIAL_NS (10 * NS_PER_S)

struct pipe {
	struct response_stream stream;
	struct relays *all;
	struct pipe_request rq;
	atomic_int *open;
	atomic_int refs;

	/* The loop only. */
	struct tunnel *tunnel; /* NULL when it has ended */
	struct relays_waiter waiter;
	struct loop_timer timer; /* patience, then the linger */
	struct answer answer;
	struct buf in;	     /* not understood yet */
	struct buf whole;    /* a body that is waited for */
	struct buf sending;  /* on its way up */
	size_t sent;	     /* of sending */
	bool opened;	     /* the request is being sent, or was */
	bool waits, leaving; /* for the whole body; the client has gone */
	pipe_fn *answered;   /* NULL when it was told */
	void *arg;

	pthread_mutex_t lock; /* guards what follows */
	struct buf down, up;
	size_t taken;	    /* of down */
	bool reading;	    /* read was called: stream.wake is set */
	bool closed, done;  /* the response is gone; the other side has ended */
	bool broken;	    /* before its time */
	bool held, starved; /* down is full; up was */
	bool kicked;	    /* the loop will look at up */
};

static void pipe_unref(struct pipe *p)
{
	if (atomic_fetch_sub(&p->refs, 1) > 1)
		return;
	atomic_fetch_sub(p->open, 1);
	links_free(p->rq.links);
	buf_release(&p->rq.bytes);
	answer_release(&p->answer);
	buf_release(&p->in);
	buf_release(&p->whole);
	buf_release(&p->sending);
	buf_release(&p->down);
	buf_release(&p->up);
	free((char *)(uintptr_t)p->rq.host);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

/* Under the lock. */
static void wake(struct pipe *p)
{
	if (p->reading && !p->closed && p->stream.wake)
		response_wake(p->stream.wake);
}

/* ---- the loop's side: the end ---- */

/* Tells whoever asked; only the first time. */
static void tell(struct pipe *p, const struct err *err)
{
	struct pipe_answer a = {.body = &p->whole, .dialled = p->opened};
	pipe_fn *answered = STEAL(p->answered);

	if (!answered)
		return;
	list_del(&p->waiter.link);
	loop_timer_set(relays_loop(p->all), &p->timer, CLOCK_NEVER);
	if (err) {
		a.err = *err;
	} else {
		a.head = &p->answer;
		a.stream = p->waits ? NULL : &p->stream;
	}
	answered(p->arg, &a);
	if (!a.stream)
		pipe_unref(p); /* nobody will close it */
}

/* The other side is over, and with it the loop's reference. */
static void end(struct pipe *p, const struct err *err)
{
	tunnel_close(STEAL(p->tunnel));
	loop_timer_set(relays_loop(p->all), &p->timer, CLOCK_NEVER);
	pthread_mutex_lock(&p->lock);
	p->done = true;
	p->broken = err != NULL;
	wake(p);
	pthread_mutex_unlock(&p->lock);
	tell(p, err);
	pipe_unref(p);
}

static void fail(struct pipe *p, enum reason reason, const char *why)
{
	struct err err = ERR_INIT;

	err_set(&err, reason, "%s", why);
	end(p, &err);
}

/* ---- up ---- */

/* Everything that was given is in `sending`, then. */
static void refill(struct pipe *p)
{
	pthread_mutex_lock(&p->lock);
	p->kicked = false;
	if (p->sent == p->sending.len) {
		buf_release(&p->sending);
		p->sending = p->up;
		p->up = (struct buf)BUF_INIT;
		p->sent = 0;
		if (p->starved)
			wake(p);
		p->starved = false;
	}
	pthread_mutex_unlock(&p->lock);
}

static void push(struct pipe *p)
{
	for (;;) {
		size_t n = p->sending.len - p->sent;
		size_t sent = n ? tunnel_send(p->tunnel, p->sending.p + p->sent, n) : 0;
		p->sent += sent;
		if (sent < n)
			return;
		refill(p);
		if (!p->sending.len)
			return;
	}
}

/* ---- down ---- */

static bool is_switched(const struct pipe *p)
{
	return p->rq.upgrade && p->answer.status == 101;
}

/* Body that is not for the client as it is. */
static int take_body(struct pipe *p, bool ended, struct buf *out, struct err *err)
{
	autobuf struct buf plain = BUF_INIT;

	if (is_switched(p)) {
		buf_add(out, buf_str(&p->in), p->in.len);
		buf_release(&p->in);
		return 0;
	}
	if (!p->rq.links)
		return answer_body(&p->answer, &p->in, out, ended, err);
	int rc = answer_body(&p->answer, &p->in, &plain, ended, err);
	links_add(p->rq.links, buf_str(&plain), plain.len, p->answer.over, out);
	return rc;
}

/* Whether the connection goes on. */
static bool deliver(struct pipe *p, bool ended)
{
	struct err err = ERR_INIT;
	autobuf struct buf out = BUF_INIT;
	int rc = take_body(p, ended, p->waits ? &p->whole : &out, &err);
	bool over = rc < 0 || ended || (!is_switched(p) && p->answer.over);

	pthread_mutex_lock(&p->lock);
	if (out.len) {
		if (!p->down.len)
			wake(p);
		buf_add(&p->down, out.p, out.len);
	}
	p->held = p->down.len - p->taken >= HOLD_BYTES;
	bool held = p->held;
	pthread_mutex_unlock(&p->lock);
	if (over) {
		end(p, rc < 0 ? &err : NULL);
		return false;
	}
	tunnel_listen(p->tunnel, !held);
	return !held;
}

/* The links are those of a page, if it is one, and not in a coding of its own. */
static void choose_links(struct pipe *p)
{
	autobuf struct buf type = BUF_INIT;
	autobuf struct buf coding = BUF_INIT;
	struct answer_line l;
	size_t at = 0;
	bool page = answer_value(&p->answer.lines, "Content-Type", &type) &&
		    !strncmp(buf_str(&type), "text/html", 9) && strchr("; ", buf_str(&type)[9]);

	while (answer_next(&p->answer.lines, &at, &l))
		page = page && !answer_is(&l, "Location");
	if (page && !answer_value(&p->answer.lines, "Content-Encoding", &coding) && !p->rq.bodiless) {
		p->answer.length = -1;
		return;
	}
	links_free(STEAL(p->rq.links));
}

/* Whether the body may begin. */
static bool begin_answer(struct pipe *p)
{
	struct err err = ERR_INIT;
	int rc = answer_head(&p->answer, &p->in, &err);

	if (rc < 0)
		end(p, &err);
	if (rc <= 0)
		return false;
	if (!is_switched(p)) {
		choose_links(p);
		p->waits = p->answer.over || (p->answer.length >= 0 && p->answer.length <= WHOLE_MAX);
	}
	if (!p->waits)
		tell(p, NULL);
	return true;
}

static void pull(struct pipe *p)
{
	char piece[PIECE];
	ssize_t n;

	while ((n = tunnel_receive(p->tunnel, piece, sizeof(piece))) > 0) {
		buf_add(&p->in, piece, (size_t)n);
		if (!p->answer.status && !begin_answer(p)) {
			if (!p->tunnel)
				return;
			continue;
		}
		if (!deliver(p, false))
			return;
	}
	if (n == 0)
		return;
	if (p->answer.status)
		(void)deliver(p, true);
	else
		fail(p, REASON_UNKNOWN, p->in.len ? "unexpected EOF" : "EOF");
}

static void on_ready(void *arg)
{
	struct pipe *p = arg;

	atomic_fetch_add(&p->refs, 1);
	push(p);
	if (p->leaving && p->sent == p->sending.len && tunnel_sent(p->tunnel))
		end(p, NULL);
	else if (!p->leaving)
		pull(p);
	pipe_unref(p);
}

static void on_opened(void *arg, const struct err *err)
{
	struct pipe *p = arg;

	if (err) {
		end(p, err);
		return;
	}
	p->opened = true;
	p->sending = p->rq.bytes;
	p->rq.bytes = (struct buf)BUF_INIT;
	tunnel_listen(p->tunnel, true);
	on_ready(p);
}

/* ---- beginning ---- */

static void on_timer(void *arg)
{
	struct pipe *p = arg;

	fail(p, REASON_TIMEOUT, "Timeout: no answer in time");
}

static void give_up(struct relays_waiter *w, const char *why)
{
	fail(CONTAINER_OF(w, struct pipe, waiter), REASON_UNAVAILABLE, why);
}

static void begin(void *arg)
{
	struct pipe *p = arg;
	struct tunnel_config c = {.host = p->rq.host,
				  .port = p->rq.port,
				  .tls = p->rq.tls,
				  .timeout_ns = DIAL_NS,
				  .opened = on_opened,
				  .ready = on_ready,
				  .arg = p};

	p->waiter.give_up = give_up;
	if (!relays_wait(p->all, &p->waiter)) {
		fail(p, REASON_UNAVAILABLE, "apiserver is shutting down");
		return;
	}
	p->timer = (struct loop_timer){.fn = on_timer, .arg = p};
	loop_timer_set(relays_loop(p->all), &p->timer, clock_mono_ns() + p->rq.patience_ns);
	p->tunnel = tunnel_open(relays_tunnels(p->all, p->rq.agent), &c);
}

/* ---- the response's side ---- */

static void go_on(void *arg)
{
	struct pipe *p = arg;

	if (p->tunnel && !p->leaving) {
		tunnel_listen(p->tunnel, true);
		on_ready(p);
	}
	pipe_unref(p);
}

static void post(struct pipe *p, loop_fn *fn)
{
	atomic_fetch_add(&p->refs, 1);
	loop_post(relays_loop(p->all), fn, p);
}

/* Under the lock. */
static long take_down(struct pipe *p, char *to, size_t max)
{
	size_t left = p->down.len - p->taken, n = left < max ? left : max;

	if (n)
		memcpy(to, p->down.p + p->taken, n);
	p->taken += n;
	if (p->taken == p->down.len) {
		buf_release(&p->down);
		p->taken = 0;
	}
	return n ? (long)n : !p->done ? 0 : p->broken ? -2 : -1;
}

static long pipe_read(void *arg, char *to, size_t max)
{
	struct pipe *p = arg;

	pthread_mutex_lock(&p->lock);
	p->reading = true;
	long n = take_down(p, to, max);
	bool room = p->held && !p->done && p->down.len - p->taken < GO_ON_BYTES;
	if (room)
		p->held = false;
	pthread_mutex_unlock(&p->lock);
	if (room)
		post(p, go_on);
	return n;
}

static void on_kick(void *arg)
{
	struct pipe *p = arg;

	if (p->tunnel && p->sent == p->sending.len)
		refill(p);
	if (p->tunnel && p->sending.len)
		push(p);
	pipe_unref(p);
}

static long pipe_take(void *arg, const char *from, size_t n)
{
	struct pipe *p = arg;

	pthread_mutex_lock(&p->lock);
	p->reading = true;
	size_t room = HOLD_BYTES - p->up.len, took = n < room ? n : room;
	bool kick = took && !p->kicked, done = p->done;
	buf_add(&p->up, from, took);
	p->kicked |= kick;
	p->starved |= took < n;
	pthread_mutex_unlock(&p->lock);
	if (kick)
		post(p, on_kick);
	return done ? (long)n : (long)took; /* what nobody will read is no reason to stop what comes down */
}

static void hang_up(void *arg)
{
	struct pipe *p = arg;

	if (p->tunnel) {
		p->leaving = true;
		push(p);
		if (p->sent == p->sending.len && tunnel_sent(p->tunnel)) {
			end(p, NULL);
		} else {
			tunnel_listen(p->tunnel, false);
			loop_timer_set(relays_loop(p->all), &p->timer, clock_mono_ns() + LINGER_NS);
		}
	}
	pipe_unref(p);
}

static void pipe_close(void *arg)
{
	struct pipe *p = arg;

	pthread_mutex_lock(&p->lock);
	p->closed = true;
	pthread_mutex_unlock(&p->lock);
	loop_post(relays_loop(p->all), hang_up, p); /* with the response's reference */
}

/* ---- opening ---- */

bool pipe_open(struct relays *rs, struct pipe_request *rq, atomic_int *open, int max, pipe_fn *answered,
	       void *arg)
{
	if (atomic_fetch_add(open, 1) >= max) {
		atomic_fetch_sub(open, 1);
		return false;
	}
	struct pipe *p = MEM_NEW(struct pipe);

	p->all = rs;
	p->rq = *rq;
	p->rq.host = mem_strdup(rq->host);
	p->open = open;
	p->answered = answered;
	p->arg = arg;
	p->answer.bodiless = rq->bodiless;
	atomic_init(&p->refs, 2);
	list_init(&p->waiter.link);
	pthread_mutex_init(&p->lock, NULL);
	p->stream = (struct response_stream){
		.read = pipe_read, .take = rq->upgrade ? pipe_take : NULL, .close = pipe_close, .arg = p};
	if (!relays_run(rs, begin, p))
		fail(p, REASON_UNAVAILABLE, "no thread for streams");
	return true;
}
