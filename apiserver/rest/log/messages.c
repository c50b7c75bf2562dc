/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As apimachinery's pkg/util/httpstream/wsstream (stream.go) has it: first an empty message, then what the log gives as it
 * comes, binary, or text in base64; what the client says is dropped, but for its pings and its close; the log's end is a
 * close. A log that broke off is a connection that does. Messages here are longer than upstream's two kilobytes.
 */
#include "rest/log/messages.h"

#include <stdlib.h>
#include <string.h>
#include "base/base64.h"
#include "base/mem.h"
#include "rest/handshake.h"
#include "serve/websocket.h"

#define BASE64 "base64.binary.k8s.io"
#define PIECE 16384 /* of the log in one message; a source may count on that much room */

struct messages {
	struct response_stream stream;
	struct response_stream *log;
	struct websocket *socket;
	enum websocket_form form;
	bool greeted, over, closed; /* over: the client is; closed: it has been said */
	struct buf said;	    /* made, not sent yet */
};

static void messages_close(void *arg)
{
	struct messages *m = arg;
	m->log->close(m->log->arg);
	websocket_free(m->socket);
	buf_release(&m->said);
	free(m);
}

static void put(struct messages *m, const char *p, size_t n)
{
	char head[WEBSOCKET_HEAD_MAX];
	autobuf struct buf text = BUF_INIT;
	if (m->form == WEBSOCKET_TEXT) {
		base64_encode(&text, p, n);
		p = buf_str(&text);
		n = text.len;
	}
	buf_add(&m->said, head, websocket_head(head, m->form, n));
	buf_add(&m->said, p, n);
}

/* As a stream's read: the next piece of the log, and it is in `said`. */
static long next_piece(struct messages *m)
{
	char piece[PIECE];
	m->log->wake = m->stream.wake;
	long n = m->log->read(m->log->arg, piece, sizeof(piece));
	m->stream.wake_at_ns = m->log->wake_at_ns;
	if (n > 0)
		put(m, piece, (size_t)n);
	return n;
}

/* The same for whatever is to be sent next. */
static long next_word(struct messages *m)
{
	websocket_say(m->socket, &m->said);
	if (m->said.len || m->closed)
		return m->said.len ? 1 : -1;
	if (!m->greeted) {
		m->greeted = true;
		put(m, "", 0);
		return 1;
	}
	long n = m->over ? -1 : next_piece(m);
	if (n != -1)
		return n;
	m->closed = true;
	websocket_close(m->socket);
	return next_word(m);
}

static long messages_read(void *arg, char *p, size_t max)
{
	struct messages *m = arg;
	size_t done = 0;
	long rc = 0;
	while (done < max && (m->said.len || (rc = next_word(m)) > 0)) {
		size_t n = m->said.len < max - done ? m->said.len : max - done;
		memcpy(p + done, m->said.p, n);
		buf_consume(&m->said, n);
		done += n;
	}
	return done ? (long)done : rc;
}

static long messages_take(void *arg, const char *p, size_t n)
{
	struct messages *m = arg;
	m->over |= !websocket_take(m->socket, p, n);
	return (long)n;
}

void messages_answer(const struct request *rq, struct response *rs, struct response_stream *log)
{
	static const char *const known[] = {"binary.k8s.io", BASE64, "", NULL};
	const char *protocol;
	if (!handshake_one_of(rq, rs, known, &protocol)) {
		log->close(log->arg);
		return;
	}
	struct messages *m = MEM_NEW(struct messages);
	m->stream = (struct response_stream){
		.read = messages_read, .close = messages_close, .take = messages_take, .arg = m};
	m->log = log;
	m->socket = websocket_new();
	m->form = !strcmp(protocol, BASE64) ? WEBSOCKET_TEXT : WEBSOCKET_BINARY;
	rs->stream = &m->stream;
}
