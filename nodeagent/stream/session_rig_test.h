/* SPDX-License-Identifier: Apache-2.0 */
/* A session on a loop that the test turns, with a client at the other end of its socket. */
#ifndef STREAM_SESSION_RIG_TEST_H
#define STREAM_SESSION_RIG_TEST_H

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "stream/client_test.h"
#include "stream/session.h"

struct rig {
	struct loop *loop;
	int client, server;
	bool over;
	struct session *session;
	struct spdy *spdy;
	struct buf raw, words; /* what the client has read; what that means */
	bool eof;
};

static inline void rig_over(void *arg)
{
	((struct rig *)arg)->over = true;
}

static inline void rig_init(struct rig *g)
{
	static const struct loop_lane lanes[] = {{"lane", 1}};
	int ends[2];
	*g = (struct rig){.loop = loop_new(&(struct loop_config){lanes, 1, false}), .spdy = spdy_new()};
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
	g->client = ends[0];
	g->server = ends[1];
}

static inline struct session_config rig_session(struct rig *g, enum mux_form form)
{
	return (struct session_config){.loop = g->loop,
				       .fd = g->server,
				       .form = form,
				       .idle_ns = SESSION_IDLE_NS,
				       .create_ns = SESSION_CREATE_NS,
				       .over = rig_over,
				       .arg = g};
}

static inline void rig_hear(struct rig *g)
{
	char p[65536];
	ssize_t n;
	while (g->client >= 0 && (n = recv(g->client, p, sizeof(p), 0)) >= 0) {
		buf_add(&g->raw, p, (size_t)n);
		g->eof = n == 0;
		if (!n)
			break;
	}
}

/* The loop turns until the test has what it waits for. */
#define rig_until(g, what)                                                                                   \
	do {                                                                                                 \
		int64_t deadline_ = clock_mono_ns() + 60 * NS_PER_S;                                         \
		while (rig_hear(g), !(what)) {                                                               \
			if (clock_mono_ns() > deadline_)                                                     \
				fail_msg("waited in vain for " #what ": %s", buf_str(&(g)->words));          \
			loop_turn((g)->loop, clock_mono_ns() + 20 * NS_PER_MS);                              \
		}                                                                                            \
	} while (0)

static inline void rig_send(struct rig *g, struct buf *b)
{
	size_t done = 0;
	while (done < b->len) {
		ssize_t n = send(g->client, b->p + done, b->len - done, MSG_NOSIGNAL);
		done += n > 0 ? (size_t)n : 0;
		if (n < 0)
			loop_turn(g->loop, clock_mono_ns() + 20 * NS_PER_MS);
	}
	buf_clear(b);
}

/* Data of a SPDY stream that the client has got so far; *fin: and its end. */
static inline void rig_stream(struct rig *g, uint32_t stream, struct buf *out, bool *fin)
{
	struct spdy *s = spdy_new();
	struct spdy_frame f;
	struct err err = ERR_INIT;
	const char *p = g->raw.p;
	size_t n = g->raw.len;
	buf_clear(out);
	*fin = false;
	while (spdy_next(s, &p, &n, &f, &err) > 0)
		if (f.type == SPDY_DATA && f.stream == stream) {
			buf_add(out, f.data, f.len);
			*fin |= f.fin;
		}
	spdy_free(s);
}

static inline bool rig_ended(struct rig *g, uint32_t stream)
{
	autobuf struct buf b = BUF_INIT;
	bool fin;
	rig_stream(g, stream, &b, &fin);
	return fin;
}

static inline const char *rig_words(struct rig *g)
{
	buf_clear(&g->words);
	client_hear(g->raw.p, g->raw.len, &g->words);
	return buf_str(&g->words);
}

static inline void rig_hang_up(struct rig *g)
{
	if (g->client >= 0)
		close(g->client);
	g->client = -1;
}

static inline void rig_release(struct rig *g)
{
	rig_hang_up(g);
	session_free(g->session);
	close(g->server);
	loop_settle(g->loop); /* what it was about to begin */
	loop_free(g->loop);
	spdy_free(g->spdy);
	buf_release(&g->raw);
	buf_release(&g->words);
}

#endif
