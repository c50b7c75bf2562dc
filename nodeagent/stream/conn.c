/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/conn.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PIECE = 32 * 1024, READS_MAX = 4 /* before others have their turn */ };

static void end(struct conn *n)
{
	n->over = true;
	loop_io_stop(&n->io);
	loop_timer_set(n->c.loop, &n->timer, CLOCK_NEVER);
	/* A user in the middle of a frame hears of it when he has returned. */
	if (n->told || n->inside)
		return;
	n->told = true;
	n->c.gone(n->c.arg);
}

static void set_interest(struct conn *n)
{
	unsigned events = n->paused && !n->finishing ? LOOP_HANGUP : LOOP_READ;
	if (n->over)
		return;
	if (mux_out(n->mux)->len)
		events |= LOOP_WRITE;
	loop_io_set(&n->io, events);
}

/* False: the client is gone. */
static bool write_out(struct conn *n)
{
	struct buf *out = mux_out(n->mux);
	size_t done = 0;
	while (done < out->len) {
		ssize_t k = send(n->c.fd, out->p + done, out->len - done, MSG_NOSIGNAL);
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0 && errno != EAGAIN)
			return false;
		if (k < 0)
			break;
		done += (size_t)k;
	}
	buf_consume(out, done);
	if (done)
		n->last_ns = clock_mono_ns();
	if (n->finishing && !n->lingering && !out->len) {
		n->lingering = true;
		loop_timer_set(n->c.loop, &n->timer, n->last_ns + CONN_LINGER_NS);
	}
	return true;
}

void conn_flush(struct conn *n)
{
	if (n->over)
		return;
	if (!write_out(n))
		end(n);
	else
		set_interest(n);
}

/* False: it is over. While the end is near, what comes only matters to the protocol. */
static bool take(struct conn *n, const char *p, size_t len)
{
	n->inside = true;
	bool on = mux_take(n->mux, p, len);
	n->inside = false;
	return on;
}

static bool read_in(struct conn *n)
{
	char piece[PIECE];
	for (int i = 0; i < READS_MAX && !n->over && (!n->paused || n->finishing); i++) {
		ssize_t k = recv(n->c.fd, piece, sizeof(piece), 0);
		if (k < 0)
			return errno == EAGAIN || errno == EINTR;
		if (k == 0)
			return false;
		n->last_ns = clock_mono_ns();
		if (!take(n, piece, (size_t)k)) {
			(void)write_out(n); /* why */
			return false;
		}
	}
	return !n->over;
}

static void on_io(void *arg, unsigned events)
{
	struct conn *n = arg;
	bool left = n->paused && !n->finishing && (events & (LOOP_HANGUP | LOOP_ERROR));
	if (left || ((events & (LOOP_READ | LOOP_ERROR)) && !read_in(n))) {
		end(n);
		return;
	}
	bool was_full = conn_full(n);
	conn_flush(n);
	if (!n->over && !n->finishing && (was_full || (events & LOOP_WRITE)) && !conn_full(n))
		n->c.drained(n->c.arg);
}

static void on_timer(void *arg)
{
	struct conn *n = arg;
	int64_t at = n->last_ns + n->c.idle_ns;
	if (n->lingering || at <= clock_mono_ns())
		end(n);
	else
		loop_timer_set(n->c.loop, &n->timer, at);
}

void conn_start(struct conn *n, const struct conn_config *c, struct mux *m)
{
	struct err ignored = ERR_INIT;
	*n = (struct conn){.c = *c, .mux = m, .last_ns = clock_mono_ns()};
	n->io = (struct loop_io){.fn = on_io, .arg = n};
	n->timer = (struct loop_timer){.fn = on_timer, .arg = n};
	loop_timer_set(c->loop, &n->timer, n->last_ns + c->idle_ns);
	if (loop_io_start(c->loop, &n->io, c->fd, LOOP_READ, &ignored) < 0 ||
	    (c->n_extra && !take(n, c->extra, c->n_extra)) || n->over)
		end(n);
	else
		conn_flush(n);
}

bool conn_full(const struct conn *n)
{
	return mux_out(n->mux)->len >= CONN_FULL;
}

void conn_pause(struct conn *n, bool pause)
{
	if (n->paused == pause)
		return;
	n->paused = pause;
	set_interest(n);
}

void conn_finish(struct conn *n)
{
	if (n->over || n->finishing)
		return;
	n->finishing = true;
	mux_close(n->mux);
	conn_flush(n);
}

void conn_release(struct conn *n)
{
	n->told = true; /* he knows */
	if (n->c.loop)
		end(n);
	mux_free(n->mux);
	n->mux = NULL;
}
