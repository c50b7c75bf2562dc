/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pair lives from its first stream to the end of its connection. Both brakes are the connection's: when one Pod does not
 * take what its client sends, the client's other pairs wait, too, as the protocol knows no windows.
 */
#include "stream/portforward.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/list.h"
#include "stream/conn.h"

enum { PIECE = 32 * 1024, PIECES_MAX = 4 /* before others have their turn */, NAME_MAX_BYTES = 256 };
#define WAITING_FULL (64 * 1024) /* bytes that a Pod has not taken yet */

struct forward {
	struct session session;
	struct portforward_config c;
	struct conn conn;
	struct list pairs;
	size_t n_pairs, n_full, jobs;
	bool ended, freed;
};

struct pair {
	struct forward *f;
	struct list link;
	char *name;
	uint32_t data, error;
	bool has_data, has_error;
	int port;
	struct loop_timer patience; /* until both streams are there */
	int fd;
	struct loop_io io;
	struct buf waiting; /* for the Pod */
	bool full, ended;   /* the client will send no more */
};

/* The job that connects; the pair may be gone when it is back. */
struct connecting {
	struct forward *f;
	uint32_t data;
	int port, fd, rc;
	struct err err;
};

static struct pair *find(struct forward *f, uint32_t stream)
{
	list_for_each (at, &f->pairs) {
		struct pair *p = list_entry(at, struct pair, link);
		if (p->has_data && p->data == stream)
			return p;
	}
	return NULL;
}

static void set_full(struct pair *p, bool full)
{
	struct forward *f = p->f;
	if (p->full != full)
		f->n_full += full ? 1 : (size_t)-1;
	p->full = full;
	if (!f->ended)
		conn_pause(&f->conn, f->n_full > 0);
}

static void drop(struct pair *p)
{
	struct forward *f = p->f;
	set_full(p, false);
	loop_timer_set(f->c.s.loop, &p->patience, CLOCK_NEVER);
	loop_io_stop(&p->io);
	mem_autoclose(&p->fd);
	buf_release(&p->waiting);
	list_del(&p->link);
	f->n_pairs--;
	free(p->name);
	free(p);
}

/* Both streams end, and with the last pair of a WebSocket the session. */
static void end_pair(struct pair *p)
{
	struct forward *f = p->f;
	if (p->has_data)
		mux_end(f->conn.mux, p->data);
	if (p->has_error)
		mux_end(f->conn.mux, p->error);
	drop(p);
	if (MUX_CHANNELS(f->c.s.form) && !f->n_pairs)
		conn_finish(&f->conn);
}

static void tell_error(struct pair *p, const char *text)
{
	if (p->has_error)
		mux_send(p->f->conn.mux, p->error, text, strlen(text));
}

/* ---- bytes ---- */

static void set_interest(struct pair *p)
{
	if (p->fd >= 0)
		loop_io_set(&p->io,
			    (conn_full(&p->f->conn) ? 0 : LOOP_READ) | (p->waiting.len ? LOOP_WRITE : 0));
}

/* False: the Pod takes no more. */
static bool give(struct pair *p)
{
	size_t done = 0;
	bool takes = true;
	while (takes && done < p->waiting.len) {
		ssize_t n =
			send(p->fd, p->waiting.p + done, p->waiting.len - done, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN)
			break;
		takes = n >= 0 || errno == EINTR;
		done += n > 0 ? (size_t)n : 0;
	}
	buf_consume(&p->waiting, done);
	if (!takes) /* what it still says is heard */
		buf_clear(&p->waiting);
	if (p->ended && !p->waiting.len)
		(void)shutdown(p->fd, SHUT_WR);
	set_full(p, p->waiting.len >= WAITING_FULL);
	return takes;
}

/* False: the Pod has hung up. */
static bool hear(struct pair *p)
{
	char piece[PIECE];
	for (int i = 0; i < PIECES_MAX && !conn_full(&p->f->conn); i++) {
		ssize_t n = recv(p->fd, piece, sizeof(piece), MSG_DONTWAIT);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		if (n == 0)
			return false;
		mux_send(p->f->conn.mux, p->data, piece, (size_t)n);
	}
	return true;
}

static void on_pod(void *arg, unsigned events)
{
	struct pair *p = arg;
	struct forward *f = p->f;
	if (events & LOOP_WRITE)
		(void)give(p);
	bool on = hear(p);
	if (!on)
		end_pair(p);
	conn_flush(&f->conn);
	if (on && !f->ended)
		set_interest(p);
}

static void on_drained(void *arg)
{
	struct forward *f = arg;
	list_for_each (at, &f->pairs)
		set_interest(list_entry(at, struct pair, link));
}

static void on_data(void *arg, uint32_t stream, const char *text, size_t n)
{
	struct forward *f = arg;
	struct pair *p = f->ended ? NULL : find(f, stream);
	if (!p || p->ended)
		return;
	buf_add(&p->waiting, text, n);
	if (p->fd < 0) {
		set_full(p, p->waiting.len >= WAITING_FULL);
		return;
	}
	(void)give(p);
	set_interest(p);
}

static void on_end(void *arg, uint32_t stream)
{
	struct forward *f = arg;
	struct pair *p = f->ended ? NULL : find(f, stream);
	if (!p)
		return;
	p->ended = true;
	if (p->fd >= 0)
		(void)give(p);
}

static void on_reset(void *arg, uint32_t stream)
{
	struct forward *f = arg;
	struct pair *p = f->ended ? NULL : find(f, stream);
	if (p)
		end_pair(p);
}

/* ---- connecting ---- */

static void maybe_free(struct forward *f)
{
	if (!f->freed || f->jobs)
		return;
	f->c.free(f->c.arg);
	free(f);
}

static void connect_work(void *arg)
{
	struct connecting *k = arg;
	k->rc = k->f->c.connect(k->f->c.arg, k->port, &k->fd, &k->err);
}

static void connected(struct pair *p, struct connecting *k)
{
	struct forward *f = p->f;
	p->io = (struct loop_io){.fn = on_pod, .arg = p};
	if (k->rc == 0 && loop_io_start(f->c.s.loop, &p->io, k->fd, LOOP_READ, &k->err) == 0) {
		p->fd = k->fd;
		k->fd = -1;
		(void)give(p);
		set_interest(p);
		return;
	}
	autofree char *text =
		mem_printf("error forwarding port %d to pod %s, uid : %s", k->port, f->c.pod, k->err.msg);
	tell_error(p, text);
	end_pair(p);
	conn_flush(&f->conn);
}

static void connect_done(void *arg)
{
	struct connecting *k = arg;
	struct forward *f = k->f;
	struct pair *p = f->freed || f->ended ? NULL : find(f, k->data);
	f->jobs--;
	if (p)
		connected(p, k);
	if (k->fd >= 0)
		close(k->fd);
	free(k);
	maybe_free(f);
}

static void connect_pair(struct pair *p)
{
	struct forward *f = p->f;
	struct connecting *k = MEM_NEW(struct connecting);
	*k = (struct connecting){.f = f, .data = p->data, .port = p->port, .fd = -1};
	loop_timer_set(f->c.s.loop, &p->patience, CLOCK_NEVER);
	f->jobs++;
	loop_job(f->c.s.loop, f->c.s.lane, connect_work, connect_done, k);
}

/* ---- pairs ---- */

static void on_impatience(void *arg)
{
	struct pair *p = arg;
	struct forward *f = p->f;
	autofree char *text = mem_printf("(request=%s) timed out waiting for streams", p->name);
	tell_error(p, text);
	end_pair(p);
	conn_flush(&f->conn);
}

static struct pair *new_pair(struct forward *f, const char *name, int port)
{
	struct pair *p = MEM_NEW(struct pair);
	*p = (struct pair){.f = f, .name = mem_strdup(name), .port = port, .fd = -1};
	p->patience = (struct loop_timer){.fn = on_impatience, .arg = p};
	list_push_back(&f->pairs, &p->link);
	f->n_pairs++;
	return p;
}

static struct pair *pair_of(struct forward *f, const char *name)
{
	list_for_each (at, &f->pairs) {
		struct pair *p = list_entry(at, struct pair, link);
		if (!strcmp(p->name, name))
			return p;
	}
	return NULL;
}

static int port_number(const char *text)
{
	char *end;
	if (!text || *text < '0' || *text > '9')
		return -1;
	long n = strtol(text, &end, 10);
	return *end || n < 1 || n > UINT16_MAX ? -1 : (int)n;
}

static bool on_opened(void *arg, uint32_t stream, const struct spdy_headers *h)
{
	struct forward *f = arg;
	const char *type = spdy_header(h, "streamtype"), *id = spdy_header(h, "requestid");
	int port = port_number(spdy_header(h, "port"));
	bool data = type && !strcmp(type, "data");
	char made[16];
	if (f->ended || port < 0 || !type || (!data && strcmp(type, "error") != 0) ||
	    (id && strlen(id) > NAME_MAX_BYTES))
		return false;
	if (!id || !*id) { /* an old client: his error stream's number, and the data stream is the next */
		snprintf(made, sizeof(made), "%" PRIu32, data ? stream - 2 : stream);
		id = made;
	}
	struct pair *p = pair_of(f, id);
	if (p && (data ? p->has_data : p->has_error)) {
		autofree char *text = mem_printf(
			"error processing stream for request %s: %s stream already assigned", id, type);
		tell_error(p, text);
		return true;
	}
	if (!p && f->n_pairs == PORTFORWARD_PAIRS)
		return false;
	if (!p) {
		p = new_pair(f, id, port);
		loop_timer_set(f->c.s.loop, &p->patience, clock_mono_ns() + f->c.s.create_ns);
	}
	*(data ? &p->has_data : &p->has_error) = true;
	*(data ? &p->data : &p->error) = stream;
	if (data)
		p->port = port;
	if (p->has_data && p->has_error)
		connect_pair(p);
	return true;
}

/* Each channel begins with its port, in two bytes, the low one first. */
static void open_channels(struct forward *f)
{
	for (size_t i = 0; i < f->c.n_ports; i++) {
		struct pair *p = new_pair(f, "", f->c.ports[i]);
		const char port[2] = {(char)(p->port & 0xff), (char)(p->port >> 8)};
		p->data = (uint32_t)(2 * i);
		p->error = p->data + 1;
		p->has_data = p->has_error = true;
		mux_send(f->conn.mux, p->data, port, sizeof(port));
		mux_send(f->conn.mux, p->error, port, sizeof(port));
		connect_pair(p);
	}
}

/* ---- life ---- */

static void drop_all(struct forward *f)
{
	f->ended = true;
	while (f->pairs.next != &f->pairs)
		drop(list_entry(f->pairs.next, struct pair, link));
}

static void on_gone(void *arg)
{
	struct forward *f = arg;
	f->ended = true;
	drop_all(f);
	f->c.s.over(f->c.s.arg);
}

static void free_forward(struct session *s)
{
	struct forward *f = (struct forward *)s;
	drop_all(f);
	conn_release(&f->conn);
	f->freed = true;
	maybe_free(f);
}

struct session *portforward_start(const struct portforward_config *c)
{
	static const struct mux_user user = {
		.opened = on_opened, .data = on_data, .ended = on_end, .reset = on_reset};
	struct forward *f = MEM_NEW(struct forward);
	*f = (struct forward){.session.free = free_forward, .c = *c};
	list_init(&f->pairs);
	f->conn.mux = mux_new(c->s.form, &user, f);
	if (MUX_CHANNELS(c->s.form))
		open_channels(f);
	const struct conn_config conn = {.loop = c->s.loop,
					 .fd = c->s.fd,
					 .extra = c->s.extra,
					 .n_extra = c->s.n_extra,
					 .idle_ns = c->s.idle_ns,
					 .drained = on_drained,
					 .gone = on_gone,
					 .arg = f};
	conn_start(&f->conn, &conn, f->conn.mux);
	return &f->session;
}
