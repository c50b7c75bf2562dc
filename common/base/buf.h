/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing byte buffer, always NUL-terminated behind its last byte, so .p can be read as a string.
 *
 * Appending returns nothing: out of memory aborts, and a buffer with a limit remembers that it overflowed and
 * drops further appends, so a chain of appends is checked once, at its end, with buf_overflowed(). The struct
 * is held by value; `autobuf struct buf b = BUF_INIT;` frees itself. One thread at a time.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include "base/mem.h"

struct buf {
	char *p;	 /* NULL while nothing was ever appended */
	size_t len, cap; /* bytes; cap counts the NUL's place */
	size_t max;	 /* largest len allowed; 0 = no limit */
	bool overflow;
};

#define BUF_INIT                                                                                             \
	{                                                                                                    \
		0                                                                                            \
	}
#define BUF_INIT_MAX(m)                                                                                      \
	{                                                                                                    \
		.max = (m)                                                                                   \
	}
void buf_release(struct buf *b); /* frees the contents; the buffer is empty and usable */
#define autobuf __attribute__((cleanup(buf_release)))

void buf_reserve(struct buf *b, size_t more); /* makes room for `more` further bytes */
void buf_add(struct buf *b, const void *p, size_t n);
void buf_adds(struct buf *b, const char *s);
void buf_addc(struct buf *b, char c);
void buf_addu(struct buf *b, uint64_t v); /* decimal */
void buf_addi(struct buf *b, int64_t v);  /* decimal */
void buf_addf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
void buf_addvf(struct buf *b, const char *fmt, va_list ap);
void buf_add_json_string(struct buf *b, const char *s, size_t n); /* quoted and escaped as encoding/json does,
								     without HTML escapes */
/* How many of the first bytes are well-formed UTF-8; n when all are. */
size_t buf_utf8_valid(const void *p, size_t n);
void buf_truncate(struct buf *b, size_t len);	/* len <= b->len */
void buf_consume(struct buf *b, size_t n);	/* drops the first n bytes */
void buf_clear(struct buf *b);			/* len = 0, keeps the memory, forgets the overflow */
const char *buf_str(const struct buf *b);	/* never NULL; borrowed until the next append */
char *buf_take(struct buf *b, size_t *ret_len); /* moves the bytes out (never NULL); ret_len may be NULL */
static inline bool buf_overflowed(const struct buf *b)
{
	return b->overflow;
}

#endif
