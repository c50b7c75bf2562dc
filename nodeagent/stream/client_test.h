/* SPDX-License-Identifier: Apache-2.0 */
/* What clients send, as bytes: frames of a WebSocket, messages of its channels, SPDY in its messages. */
#ifndef STREAM_CLIENT_TEST_H
#define STREAM_CLIENT_TEST_H

#include "stream/spdy.h"

/* One masked frame. opcode: 1 text, 2 binary, 0 goes on, 8 close, 9 ping. */
static inline void client_frame(struct buf *out, int opcode, bool last, const void *p, size_t n)
{
	static const unsigned char mask[4] = {1, 2, 3, 4};
	buf_addc(out, (char)((last ? 0x80 : 0) | opcode));
	buf_addc(out, (char)(0x80 | (n < 126 ? n : n < 65536 ? 126 : 127)));
	for (int i = n < 126 ? 0 : n < 65536 ? 2 : 8; i > 0; i--)
		buf_addc(out, (char)(n >> (8 * (i - 1))));
	buf_add(out, mask, sizeof(mask));
	for (size_t i = 0; i < n; i++)
		buf_addc(out, (char)(((const unsigned char *)p)[i] ^ mask[i & 3]));
}

static inline void client_say(struct buf *out, int channel, const char *text)
{
	autobuf struct buf b = BUF_INIT;
	buf_addc(&b, (char)channel);
	buf_adds(&b, text);
	client_frame(out, 2, true, b.p, b.len);
}

static inline void client_open(struct spdy *s, struct buf *out, uint32_t stream, const char *type)
{
	const struct spdy_headers h = {{{"streamtype", type}}, 1};
	spdy_put_syn_stream(s, out, stream, &h);
}

/* Messages of the server, and where each ends: "2:\x01out;" with its opcode. */
static inline void client_hear(const char *p, size_t n, struct buf *out)
{
	while (n >= 2) {
		size_t len = (unsigned char)p[1] & 0x7f, head = len == 126 ? 4 : len == 127 ? 10 : 2;
		if (len >= 126)
			for (size_t i = len = 0; i < head - 2; i++)
				len = len << 8 | (unsigned char)p[2 + i];
		buf_addf(out, "%d:", p[0] & 15);
		buf_add(out, p + head, len);
		buf_addc(out, ';');
		p += head + len;
		n -= head + len;
	}
}

#endif
