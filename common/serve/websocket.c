/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wslay reads the client's frames: masks, fragments, control frames, what RFC 6455 forbids. It answers pings and closes
 * by itself, into `said`. Messages of our own do not pass through it: it would copy each of them, and a head is ten bytes.
 *
 * Bounds: a control frame has 125 bytes, messages are not kept, and of a client that pings without reading the answers
 * SAID_MAX bytes of them are.
 */
#include "serve/websocket.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include <wslay/wslay.h>
#include "base/base64.h"
#include "base/mem.h"

#define KEY_SUFFIX "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define FINAL 0x80
#define SAID_MAX (64 * 1024)

struct websocket {
	wslay_event_context_ptr ctx;
	const char *in; /* while websocket_take runs */
	size_t in_len;
	struct buf said;
	websocket_fn *fn; /* NULL: nobody wants messages */
	void *fn_arg;
	struct websocket_part part; /* of the message that is coming */
	bool message, final; /* of the frame that is coming: it belongs to a message, and is its last */
};

void websocket_accept(struct buf *out, const char *key)
{
	autobuf struct buf text = BUF_INIT;
	unsigned char digest[SHA_DIGEST_LENGTH];

	buf_addf(&text, "%s" KEY_SUFFIX, key);
	SHA1((const unsigned char *)text.p, text.len, digest);
	base64_encode(out, digest, sizeof(digest));
}

size_t websocket_head(char out[WEBSOCKET_HEAD_MAX], enum websocket_form form, uint64_t n)
{
	int bytes = n < 126 ? 0 : n <= UINT16_MAX ? 2 : 8;

	out[0] = (char)(FINAL | form);
	out[1] = (char)(bytes == 0 ? n : bytes == 2 ? 126 : 127);
	for (int i = 0; i < bytes; i++)
		out[2 + i] = (char)(n >> (8 * (bytes - 1 - i)));
	return 2 + (size_t)bytes;
}

static ssize_t on_recv(wslay_event_context_ptr ctx, uint8_t *p, size_t max, int flags, void *arg)
{
	struct websocket *ws = arg;
	size_t n = ws->in_len < max ? ws->in_len : max;

	if (!n) {
		wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK);
		return -1;
	}
	memcpy(p, ws->in, n);
	ws->in += n;
	ws->in_len -= n;
	return (ssize_t)n;
}

static ssize_t on_send(wslay_event_context_ptr ctx, const uint8_t *p, size_t n, int flags, void *arg)
{
	struct websocket *ws = arg;

	buf_add(&ws->said, p, n);
	return (ssize_t)n;
}

/* ---- messages: a control frame may come between two frames of one ---- */

static void on_frame(wslay_event_context_ptr ctx, const struct wslay_event_on_frame_recv_start_arg *frame,
		     void *arg)
{
	struct websocket *ws = arg;

	ws->message = !wslay_is_ctrl_frame(frame->opcode);
	if (!ws->message)
		return;
	ws->final = frame->fin;
	if (frame->opcode == WSLAY_CONTINUATION_FRAME)
		return;
	ws->part.form = frame->opcode == WSLAY_TEXT_FRAME ? WEBSOCKET_TEXT : WEBSOCKET_BINARY;
	ws->part.first = true;
}

static void tell(struct websocket *ws, const void *p, size_t n, bool last)
{
	if (!ws->message || !ws->fn)
		return;
	ws->part.p = p;
	ws->part.n = n;
	ws->part.last = last;
	ws->fn(ws->fn_arg, &ws->part);
	ws->part.first = false;
}

static void on_chunk(wslay_event_context_ptr ctx, const struct wslay_event_on_frame_recv_chunk_arg *chunk,
		     void *arg)
{
	tell(arg, chunk->data, chunk->data_length, false);
}

static void on_frame_end(wslay_event_context_ptr ctx, void *arg)
{
	struct websocket *ws = arg;

	if (ws->final)
		tell(ws, "", 0, true);
}

struct websocket *websocket_new(void)
{
	static const struct wslay_event_callbacks callbacks = {.recv_callback = on_recv,
							       .send_callback = on_send,
							       .on_frame_recv_start_callback = on_frame,
							       .on_frame_recv_chunk_callback = on_chunk,
							       .on_frame_recv_end_callback = on_frame_end};
	struct websocket *ws = MEM_NEW(struct websocket);

	if (wslay_event_context_server_init(&ws->ctx, &callbacks, ws) != 0)
		abort(); /* no memory: as base/mem.h */
	wslay_event_config_set_no_buffering(ws->ctx, 1);
	return ws;
}

void websocket_on_message(struct websocket *ws, websocket_fn *fn, void *arg)
{
	ws->fn = fn;
	ws->fn_arg = arg;
}

void websocket_free(struct websocket *ws)
{
	if (!ws)
		return;
	wslay_event_context_free(ws->ctx);
	buf_release(&ws->said);
	free(ws);
}

bool websocket_take(struct websocket *ws, const char *p, size_t n)
{
	bool over = false;

	ws->in = p;
	ws->in_len = n;
	while (ws->in_len && !over) {
		over = wslay_event_recv(ws->ctx) < 0;
		over |= wslay_event_send(ws->ctx) < 0 || !wslay_event_get_read_enabled(ws->ctx) ||
			ws->said.len > SAID_MAX;
	}
	ws->in = NULL;
	ws->in_len = 0;
	return !over;
}

void websocket_close(struct websocket *ws)
{
	(void)wslay_event_queue_close(ws->ctx, WSLAY_CODE_NORMAL_CLOSURE, NULL, 0);
	(void)wslay_event_send(ws->ctx);
}

void websocket_say(struct websocket *ws, struct buf *out)
{
	buf_add(out, ws->said.p, ws->said.len);
	buf_clear(&ws->said);
}
