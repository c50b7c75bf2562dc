/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Header blocks of SPDY/3: names and values, compressed by zlib with a dictionary that both ends know. Each direction of a
 * connection has one stream of compressed bytes, so blocks are read in the order in which they were written. What a block
 * inflates to is bounded.
 */
#ifndef STREAM_SPDY_HEADERS_H
#define STREAM_SPDY_HEADERS_H

#include "stream/spdy.h"

struct spdy_unpacker;
struct spdy_unpacker *spdy_unpacker_new(void);
void spdy_unpacker_free(struct spdy_unpacker *u);
/* *ret is borrowed until the next call. After an error nothing more can be read. */
int spdy_unpack(struct spdy_unpacker *u, const char *p, size_t n, struct spdy_headers *ret,
		struct err *err) MUST_CHECK;

struct spdy_packer;
struct spdy_packer *spdy_packer_new(void);
void spdy_packer_free(struct spdy_packer *k);
void spdy_pack(struct spdy_packer *k, const struct spdy_headers *h, struct buf *out);

#endif
