/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bodies, replies, log lines and patches are all built by appending here. Growth is by half, so building n
 * bytes copies O(n); a limit turns the buffer into the bound that every input needs.
 */
#include "base/buf.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define BUF_FIRST 64 /* bytes of the first allocation */

void buf_release(struct buf *b)
{
	free(b->p);
	b->p = NULL;
	b->len = b->cap = 0;
	b->overflow = false;
}

static void grow(struct buf *b, size_t need)
{
	size_t cap = b->cap + b->cap / 2;

	if (cap < BUF_FIRST)
		cap = BUF_FIRST;
	if (cap < need)
		cap = need;
	b->p = mem_realloc(b->p, cap);
	b->cap = cap;
	b->p[b->len] = '\0';
}

/* False when the limit forbids it. */
static bool room(struct buf *b, size_t more)
{
	size_t need;

	if (b->overflow)
		return false;
	if (__builtin_add_overflow(b->len + 1, more, &need))
		abort();
	if (b->max && need - 1 > b->max) {
		b->overflow = true;
		return false;
	}
	if (need > b->cap)
		grow(b, need);
	return true;
}

void buf_reserve(struct buf *b, size_t more)
{
	size_t need;

	if (__builtin_add_overflow(b->len + 1, more, &need))
		abort();
	if (b->max && need - 1 > b->max)
		need = b->len > b->max ? b->len + 1 : b->max + 1;
	if (need > b->cap)
		grow(b, need);
}

void buf_add(struct buf *b, const void *p, size_t n)
{
	if (!n || !room(b, n))
		return;
	memcpy(b->p + b->len, p, n);
	b->len += n;
	b->p[b->len] = '\0';
}

void buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_addc(struct buf *b, char c)
{
	if (!room(b, 1))
		return;
	b->p[b->len++] = c;
	b->p[b->len] = '\0';
}

void buf_addu(struct buf *b, uint64_t v)
{
	char text[20], *p = text + sizeof(text);

	do
		*--p = (char)('0' + v % 10);
	while (v /= 10);
	buf_add(b, p, (size_t)(text + sizeof(text) - p));
}

void buf_addi(struct buf *b, int64_t v)
{
	if (v < 0)
		buf_addc(b, '-');
	buf_addu(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_addvf(b, fmt, ap);
	va_end(ap);
}

void buf_addvf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;

	va_copy(again, ap);
	size_t left = b->cap - b->len;
	int n = vsnprintf(left ? b->p + b->len : NULL, left, fmt, ap);

	assert(n >= 0);
	if ((size_t)n < left && !b->overflow && !(b->max && b->len + (size_t)n > b->max)) {
		b->len += (size_t)n;
	} else {
		if (left)
			b->p[b->len] = '\0'; /* what the first try left behind */
		if (room(b, (size_t)n)) {
			vsnprintf(b->p + b->len, (size_t)n + 1, fmt, again);
			b->len += (size_t)n;
		}
	}
	va_end(again);
}

/* Length of the well-formed UTF-8 sequence at p (at least one byte before end), or 0. */
static size_t utf8_length(const unsigned char *p, const unsigned char *end)
{
	size_t left = (size_t)(end - p);

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	if (p[0] < 0xe0)
		return left >= 2 && (p[1] & 0xc0) == 0x80 ? 2 : 0;
	if (p[0] < 0xf0) {
		if (left < 3 || (p[1] & 0xc0) != 0x80 || (p[2] & 0xc0) != 0x80)
			return 0;
		return (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ? 0 : 3;
	}
	if (left < 4 || (p[1] & 0xc0) != 0x80 || (p[2] & 0xc0) != 0x80 || (p[3] & 0xc0) != 0x80)
		return 0;
	return (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f) ? 0 : 4;
}

size_t buf_utf8_valid(const void *bytes, size_t n)
{
	const unsigned char *start = bytes, *p = start, *end = start + n;

	while (p < end) {
		uint64_t word;

		while (end - p >= 8 && (memcpy(&word, p, 8), !(word & UINT64_C(0x8080808080808080))))
			p += 8;
		if (p == end)
			break;
		size_t len = utf8_length(p, end);

		if (!len)
			break;
		p += len;
	}
	return (size_t)(p - start);
}

static void add_escape(struct buf *b, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	static const char short_form[256] = {['"'] = '"',  ['\\'] = '\\', ['\n'] = 'n', ['\r'] = 'r',
					     ['\t'] = 't', ['\b'] = 'b',  ['\f'] = 'f'};

	if (short_form[c]) {
		buf_add(b, (char[]){'\\', short_form[c]}, 2);
		return;
	}
	buf_add(b, (char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6);
}

/* True when one of the eight bytes needs a second look: control, quote, backslash or not ASCII. */
static inline bool word_special(uint64_t w)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), high = UINT64_C(0x8080808080808080);
	uint64_t quote = w ^ ones * '"', slash = w ^ ones * '\\';

	return ((w - ones * 0x20) | (quote - ones) | (slash - ones) | w) & high;
}

void buf_add_json_string(struct buf *b, const char *s, size_t n)
{
	const unsigned char *p = (const unsigned char *)s, *end = p + n, *from = p;

	buf_reserve(b, n + 2);
	buf_addc(b, '"');
	while (p < end) {
		uint64_t word;

		if (end - p >= 8 && (memcpy(&word, p, 8), !word_special(word))) {
			p += 8;
			continue;
		}
		if (*p >= 0x20 && *p < 0x80 && *p != '"' && *p != '\\') {
			p++;
			continue;
		}
		size_t len = utf8_length(p, end);
		/* U+2028 and U+2029 end a line in JavaScript, so encoding/json never writes them bare. */
		bool separator = len == 3 && p[0] == 0xe2 && p[1] == 0x80 && (p[2] & 0xfe) == 0xa8;

		if (len > 1 && !separator) {
			p += len;
			continue;
		}
		buf_add(b, from, (size_t)(p - from));
		if (!len)
			buf_adds(b, "\\ufffd");
		else if (separator)
			buf_adds(b, p[2] == 0xa8 ? "\\u2028" : "\\u2029");
		else
			add_escape(b, *p);
		p += len ? len : 1;
		from = p;
	}
	buf_add(b, from, (size_t)(p - from));
	buf_addc(b, '"');
}

void buf_truncate(struct buf *b, size_t len)
{
	assert(len <= b->len);
	b->len = len;
	if (b->p)
		b->p[len] = '\0';
}

void buf_consume(struct buf *b, size_t n)
{
	assert(n <= b->len);
	if (!n)
		return;
	b->len -= n;
	memmove(b->p, b->p + n, b->len + 1);
}

void buf_clear(struct buf *b)
{
	b->overflow = false;
	buf_truncate(b, 0);
}

const char *buf_str(const struct buf *b)
{
	return b->p ? b->p : "";
}

char *buf_take(struct buf *b, size_t *ret_len)
{
	char *p = b->p ? b->p : mem_strdup("");

	if (ret_len)
		*ret_len = b->len;
	b->p = NULL;
	b->len = b->cap = 0;
	b->overflow = false;
	return p;
}
