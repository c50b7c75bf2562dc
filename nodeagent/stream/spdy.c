/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A frame is eight bytes of head and what they announce. Data passes through at once; a control frame is collected until it is
 * whole, because its length is bounded and its headers inflate only as a whole.
 */
#include "stream/spdy.h"

#include <stdlib.h>
#include <string.h>
#include "stream/spdy_headers.h"

enum { HEAD = 8, VERSION = 3, FLAG_FIN = 1 };
#define CONTROL_BIT 0x80000000u
#define LENGTH_MAX 0xffffffu

struct spdy {
	unsigned char head[HEAD];
	size_t head_len;
	uint32_t left; /* of the frame's body */
	bool inside;   /* the head is whole */
	struct buf body;
	struct spdy_headers headers;
	struct spdy_unpacker *unpacker; /* both from their first use on */
	struct spdy_packer *packer;
};

struct spdy *spdy_new(void)
{
	return MEM_NEW(struct spdy);
}

void spdy_free(struct spdy *s)
{
	if (!s)
		return;
	spdy_unpacker_free(s->unpacker);
	spdy_packer_free(s->packer);
	buf_release(&s->body);
	free(s);
}

const char *spdy_header(const struct spdy_headers *h, const char *name)
{
	for (size_t i = 0; i < h->n; i++)
		if (!strcasecmp(h->v[i].name, name))
			return h->v[i].value;
	return NULL;
}

/* ---- reading ---- */

static uint32_t number(const void *at)
{
	const unsigned char *p = at;
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static size_t fill(void *to, size_t have, size_t want, const char **p, size_t *n)
{
	size_t more = want - have < *n ? want - have : *n;
	if (!more)
		return have;
	memcpy((char *)to + have, *p, more);
	*p += more;
	*n -= more;
	return have + more;
}

/* Which control frames have which body. */
static const struct control {
	size_t min;
	bool headers, value;
	unsigned value_at,
		stream_at; /* stream_at: behind what the frame concerns; the same as min: the connection */
} controls[] = {
	[SPDY_SYN_STREAM] = {.min = 10, .headers = true},
	[SPDY_SYN_REPLY] = {.min = 4, .headers = true},
	[SPDY_RST_STREAM] = {.min = 8, .value = true, .value_at = 4},
	[SPDY_SETTINGS] = {.min = 4, .stream_at = 4},
	[SPDY_PING] = {.min = 4, .value = true, .stream_at = 4},
	[SPDY_GOAWAY] = {.min = 8, .value = true, .value_at = 4, .stream_at = 8},
	[SPDY_HEADERS_FRAME] = {.min = 4, .headers = true},
	[SPDY_WINDOW_UPDATE] = {.min = 8, .value = true, .value_at = 4},
};

static bool begin_frame(struct spdy *s, struct err *err)
{
	uint32_t first = number(s->head), type = first & 0xffff;
	s->left = number(s->head + 4) & LENGTH_MAX;
	if (!(first & CONTROL_BIT))
		return first != 0 || (err_set(err, REASON_INVALID, "data of no stream"), false);
	if (first >> 16 != (CONTROL_BIT >> 16 | VERSION) || type >= ARRAY_LEN(controls) ||
	    !controls[type].min)
		return err_set(err, REASON_INVALID, "control frame %08x is not known", first), false;
	if (s->left < controls[type].min || s->left > SPDY_CONTROL_MAX)
		return err_set(err, REASON_INVALID, "control frame %u of %u bytes", type, s->left), false;
	buf_clear(&s->body);
	return true;
}

static int end_control(struct spdy *s, struct spdy_frame *ret, struct err *err)
{
	enum spdy_type type = number(s->head) & 0xffff;
	const struct control *c = &controls[type];
	const char *body = buf_str(&s->body);
	*ret = (struct spdy_frame){.type = type, .fin = (s->head[4] & FLAG_FIN) && c->headers};
	if (!c->stream_at)
		ret->stream = number(body) & ~CONTROL_BIT;
	if (c->value)
		ret->value = number(body + c->value_at);
	if (!c->headers)
		return 1;
	if (!ret->stream)
		return err_set(err, REASON_INVALID, "headers of no stream");
	if (!s->unpacker)
		s->unpacker = spdy_unpacker_new();
	ret->headers = &s->headers;
	return spdy_unpack(s->unpacker, body + c->min, s->body.len - c->min, &s->headers, err) < 0 ? -1 : 1;
}

static int next_data(struct spdy *s, const char **p, size_t *n, struct spdy_frame *ret)
{
	size_t len = s->left < *n ? s->left : *n;
	if (!len && s->left)
		return 0;
	s->left -= (uint32_t)len;
	s->inside = s->left > 0;
	*ret = (struct spdy_frame){.type = SPDY_DATA,
				   .stream = number(s->head),
				   .data = *p,
				   .len = len,
				   .fin = !s->inside && (s->head[4] & FLAG_FIN)};
	*p += len;
	*n -= len;
	return 1;
}

int spdy_next(struct spdy *s, const char **p, size_t *n, struct spdy_frame *ret, struct err *err)
{
	if (!s->inside) {
		s->head_len = fill(s->head, s->head_len, HEAD, p, n);
		if (s->head_len < HEAD)
			return 0;
		s->head_len = 0;
		if (!begin_frame(s, err))
			return -1;
		s->inside = true;
	}
	if (!(s->head[0] & 0x80))
		return next_data(s, p, n, ret);
	size_t len = s->left < *n ? s->left : *n;
	buf_add(&s->body, *p, len);
	*p += len;
	*n -= len;
	s->left -= (uint32_t)len;
	if (s->left)
		return 0;
	s->inside = false;
	return end_control(s, ret, err);
}

/* ---- writing ---- */

static void put(struct buf *out, uint32_t v)
{
	const unsigned char b[4] = {(unsigned char)(v >> 24), (unsigned char)(v >> 16),
				    (unsigned char)(v >> 8), (unsigned char)v};
	buf_add(out, b, sizeof(b));
}

static void put_control(struct buf *out, enum spdy_type type, size_t length)
{
	put(out, CONTROL_BIT | VERSION << 16 | type);
	put(out, (uint32_t)length);
}

static void pack(struct spdy *s, const struct spdy_headers *h, struct buf *out)
{
	if (!s->packer)
		s->packer = spdy_packer_new();
	spdy_pack(s->packer, h, out);
}

void spdy_put_syn_stream(struct spdy *s, struct buf *out, uint32_t stream, const struct spdy_headers *h)
{
	autobuf struct buf block = BUF_INIT;
	pack(s, h, &block);
	put_control(out, SPDY_SYN_STREAM, controls[SPDY_SYN_STREAM].min + block.len);
	put(out, stream);
	put(out, 0);
	buf_add(out, "\0\0", 2); /* priority and slot */
	buf_add(out, block.p, block.len);
}

void spdy_put_syn_reply(struct spdy *s, struct buf *out, uint32_t stream)
{
	static const struct spdy_headers none;
	autobuf struct buf block = BUF_INIT;
	pack(s, &none, &block);
	put_control(out, SPDY_SYN_REPLY, controls[SPDY_SYN_REPLY].min + block.len);
	put(out, stream);
	buf_add(out, block.p, block.len);
}

void spdy_put_data(struct buf *out, uint32_t stream, const void *p, size_t n, bool fin)
{
	const char *at = p;
	do {
		size_t len = n < LENGTH_MAX ? n : LENGTH_MAX;
		n -= len;
		put(out, stream);
		put(out, (uint32_t)len | (fin && !n ? (uint32_t)FLAG_FIN << 24 : 0));
		buf_add(out, at, len);
		at += len;
	} while (n);
}

void spdy_put_rst(struct buf *out, uint32_t stream, enum spdy_status status)
{
	put_control(out, SPDY_RST_STREAM, 8);
	put(out, stream);
	put(out, status);
}

void spdy_put_ping(struct buf *out, uint32_t id)
{
	put_control(out, SPDY_PING, 4);
	put(out, id);
}

void spdy_put_goaway(struct buf *out, uint32_t last_stream)
{
	put_control(out, SPDY_GOAWAY, 8);
	put(out, last_stream);
	put(out, 0);
}
