/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/mux.h"

#include <stdlib.h>
#include "base/base64.h"
#include "serve/websocket.h"

enum { CLOSE_CHANNEL = 255 };

struct mux {
	enum mux_form form;
	const struct mux_user *user;
	void *arg;
	struct spdy *spdy;    /* MUX_SPDY, MUX_TUNNEL */
	struct websocket *ws; /* all others */
	struct buf out;
	uint32_t last_stream; /* that the client has opened */
	bool closes, over;
	/* Of the message that is coming: */
	bool named, closing; /* its channel is known; it is the end of one */
	unsigned char channel;
	struct buf text; /* base64 */
};

/* ---- SPDY ---- */

/* What was appended to `out` since it was that long goes into a message. */
static void wrap(struct mux *m, size_t from)
{
	size_t n = m->out.len - from;
	char head[WEBSOCKET_HEAD_MAX];
	if (m->form != MUX_TUNNEL || !n)
		return;
	size_t head_len = websocket_head(head, WEBSOCKET_BINARY, n);
	buf_add(&m->out, head, head_len);
	memmove(m->out.p + from + head_len, m->out.p + from, n);
	memcpy(m->out.p + from, head, head_len);
}

static void refuse(struct mux *m, uint32_t stream, enum spdy_status status)
{
	size_t from = m->out.len;
	spdy_put_rst(&m->out, stream, status);
	wrap(m, from);
}

static void open_stream(struct mux *m, const struct spdy_frame *f)
{
	/* Numbers go up and are odd; one that does not would be confused with another stream. */
	if (f->stream <= m->last_stream || !(f->stream & 1)) {
		refuse(m, f->stream, SPDY_PROTOCOL_ERROR);
		return;
	}
	m->last_stream = f->stream;
	if (!m->user->opened(m->arg, f->stream, f->headers)) {
		refuse(m, f->stream, SPDY_REFUSED_STREAM);
		return;
	}
	size_t from = m->out.len;
	spdy_put_syn_reply(m->spdy, &m->out, f->stream);
	wrap(m, from);
	if (f->fin)
		m->user->ended(m->arg, f->stream);
}

static void answer_ping(struct mux *m, uint32_t id)
{
	size_t from = m->out.len;
	if (id & 1) /* the client's own; an even one would be the answer to ours */
		spdy_put_ping(&m->out, id);
	wrap(m, from);
}

static void take_frame(struct mux *m, const struct spdy_frame *f)
{
	switch (f->type) {
	case SPDY_SYN_STREAM:
		open_stream(m, f);
		break;
	case SPDY_DATA:
		if (f->len)
			m->user->data(m->arg, f->stream, f->data, f->len);
		if (f->fin)
			m->user->ended(m->arg, f->stream);
		break;
	case SPDY_RST_STREAM:
		(m->user->reset ? m->user->reset : m->user->ended)(m->arg, f->stream);
		break;
	case SPDY_PING:
		answer_ping(m, f->value);
		break;
	case SPDY_GOAWAY: /* he will open no more: those that are open go on */
	default:
		break;
	}
}

static bool take_spdy(struct mux *m, const char *p, size_t n)
{
	struct spdy_frame f;
	struct err ignored = ERR_INIT; /* there is nobody whom it could be told */
	int rc;
	while ((rc = spdy_next(m->spdy, &p, &n, &f, &ignored)) > 0)
		take_frame(m, &f);
	return rc == 0;
}

/* ---- channels ---- */

static void say(struct mux *m, unsigned char channel, const char *p, size_t n)
{
	if (n)
		m->user->data(m->arg, channel, p, n);
}

static void take_text(struct mux *m, const struct websocket_part *part)
{
	autobuf struct buf bytes = BUF_INIT;
	struct err ignored = ERR_INIT;
	buf_add(&m->text, part->p, part->n);
	m->over |= buf_overflowed(&m->text);
	if (!part->last || m->over)
		return;
	/* What does not decode is left out, as upstream does. */
	if (base64_decode(&bytes, buf_str(&m->text), m->text.len, &ignored) == 0)
		say(m, m->channel, bytes.p, bytes.len);
	buf_clear(&m->text);
}

/* The end of a channel is a message of two bytes, and nothing else may be said in it. */
static void take_closing(struct mux *m, const struct websocket_part *part, const char *p, size_t n)
{
	for (; n && !m->over; p++, n--) {
		m->over = m->named;
		m->channel = (unsigned char)*p;
		m->named = true;
	}
	m->over |= part->last && !m->named;
	if (part->last && !m->over)
		m->user->ended(m->arg, m->channel);
}

static void on_channel(void *arg, const struct websocket_part *part)
{
	struct mux *m = arg;
	struct websocket_part rest = *part;
	if (m->over)
		return;
	if (part->first)
		m->named = m->closing = false;
	if (!m->named && !m->closing && rest.n) {
		m->channel = (unsigned char)*rest.p;
		m->closing = m->closes && m->channel == CLOSE_CHANNEL;
		m->named = !m->closing;
		if (m->form == MUX_BASE64)
			m->channel = (unsigned char)(m->channel - '0');
		rest.p++;
		rest.n--;
	}
	if (m->closing)
		take_closing(m, part, rest.p, rest.n);
	else if (m->named && m->form == MUX_BASE64)
		take_text(m, &rest);
	else if (m->named)
		say(m, m->channel, rest.p, rest.n);
}

/* ---- a tunnel: its messages have no bounds, they are a stream of bytes ---- */

static void on_tunnel(void *arg, const struct websocket_part *part)
{
	struct mux *m = arg;
	m->over |= !m->over && !take_spdy(m, part->p, part->n);
}

static void put_message(struct mux *m, enum websocket_form form, const void *p, size_t n)
{
	char head[WEBSOCKET_HEAD_MAX];
	websocket_say(m->ws, &m->out);
	buf_add(&m->out, head, websocket_head(head, form, n));
	buf_add(&m->out, p, n);
}

/* ---- all ---- */

struct mux *mux_new(enum mux_form form, const struct mux_user *u, void *arg)
{
	struct mux *m = MEM_NEW(struct mux);
	*m = (struct mux){.form = form, .user = u, .arg = arg, .text = BUF_INIT_MAX(MUX_BASE64_MAX)};
	if (!MUX_CHANNELS(form))
		m->spdy = spdy_new();
	if (form != MUX_SPDY) {
		m->ws = websocket_new();
		websocket_on_message(m->ws, form == MUX_TUNNEL ? on_tunnel : on_channel, m);
	}
	return m;
}

void mux_free(struct mux *m)
{
	if (!m)
		return;
	spdy_free(m->spdy);
	websocket_free(m->ws);
	buf_release(&m->out);
	buf_release(&m->text);
	free(m);
}

void mux_closes_channels(struct mux *m)
{
	m->closes = true;
}

bool mux_take(struct mux *m, const char *p, size_t n)
{
	if (!m->ws)
		return take_spdy(m, p, n);
	bool on = websocket_take(m->ws, p, n) && !m->over;
	websocket_say(m->ws, &m->out);
	return on;
}

struct buf *mux_out(struct mux *m)
{
	return &m->out;
}

void mux_send(struct mux *m, uint32_t stream, const void *p, size_t n)
{
	size_t from = m->out.len;
	char channel = (char)stream;
	if (m->form == MUX_BINARY) {
		char head[WEBSOCKET_HEAD_MAX];
		buf_add(&m->out, head, websocket_head(head, WEBSOCKET_BINARY, n + 1));
		buf_addc(&m->out, channel);
		buf_add(&m->out, p, n);
	} else if (m->form == MUX_BASE64) {
		autobuf struct buf text = BUF_INIT;
		buf_addc(&text, (char)('0' + channel));
		base64_encode(&text, p, n);
		put_message(m, WEBSOCKET_TEXT, text.p, text.len);
	} else {
		spdy_put_data(&m->out, stream, p, n, false);
		wrap(m, from);
	}
}

void mux_end(struct mux *m, uint32_t stream)
{
	size_t from = m->out.len;
	if (MUX_CHANNELS(m->form))
		return;
	spdy_put_data(&m->out, stream, "", 0, true);
	wrap(m, from);
}

void mux_close(struct mux *m)
{
	size_t from = m->out.len;
	if (m->spdy) {
		spdy_put_goaway(&m->out, m->last_stream);
		wrap(m, from);
	}
	if (m->ws) {
		websocket_close(m->ws);
		websocket_say(m->ws, &m->out);
	}
}
