/* SPDX-License-Identifier: Apache-2.0 */
/* Why ours: Secrets, JWTs and etcd's gateway need strictness that the libraries at hand do not promise. */
#include "base/base64.h"

static const char std_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void encode(struct buf *out, const void *bytes, size_t n, const char *alphabet, bool pad)
{
	const unsigned char *p = bytes;

	buf_reserve(out, n / 3 * 4 + 4);
	for (; n >= 3; n -= 3, p += 3) {
		char q[4] = {alphabet[p[0] >> 2], alphabet[(p[0] & 3) << 4 | p[1] >> 4],
			     alphabet[(p[1] & 15) << 2 | p[2] >> 6], alphabet[p[2] & 63]};

		buf_add(out, q, 4);
	}
	if (!n)
		return;
	unsigned second = n == 2 ? p[1] : 0;
	char q[4] = {alphabet[p[0] >> 2], alphabet[(p[0] & 3) << 4 | second >> 4],
		     n == 2 ? alphabet[(second & 15) << 2] : '=', '='};

	buf_add(out, q, pad ? 4 : n + 1);
}

void base64_encode(struct buf *out, const void *p, size_t n)
{
	encode(out, p, n, std_alphabet, true);
}

void base64url_encode(struct buf *out, const void *p, size_t n)
{
	encode(out, p, n, url_alphabet, false);
}

/* 0..63, or -1. */
static int digit(unsigned char c, bool url)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == (url ? '-' : '+'))
		return 62;
	if (c == (url ? '_' : '/'))
		return 63;
	return -1;
}

/* s has no padding left; its length modulo 4 is 0, 2 or 3. */
static int decode(struct buf *out, const char *s, size_t n, bool url, struct err *err)
{
	size_t old = out->len;
	uint32_t acc = 0;
	int bits = 0;

	buf_reserve(out, n / 4 * 3 + 3);
	for (size_t i = 0; i < n; i++) {
		int d = digit((unsigned char)s[i], url);

		if (d < 0) {
			buf_truncate(out, old);
			return err_set(err, REASON_BAD_REQUEST, "illegal base64 data at input byte %zu", i);
		}
		acc = acc << 6 | (uint32_t)d;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			buf_addc(out, (char)(acc >> bits & 0xff));
		}
	}
	return 0;
}

int base64_decode(struct buf *out, const char *s, size_t n, struct err *err)
{
	size_t body = n, good = 0;

	for (int i = 0; i < 2 && body && s[body - 1] == '='; i++)
		body--;
	if (n % 4 || (body % 4 == 1)) { /* the first byte that is none is told before the length */
		while (good < body && digit((unsigned char)s[good], false) >= 0)
			good++;
		return err_set(err, REASON_BAD_REQUEST, "illegal base64 data at input byte %zu",
			       good < body ? good : n - n % 4);
	}
	return decode(out, s, body, false, err);
}

int base64url_decode(struct buf *out, const char *s, size_t n, struct err *err)
{
	size_t body = n;

	if (n % 4 == 0)
		for (int i = 0; i < 2 && body && s[body - 1] == '='; i++)
			body--;
	if (body % 4 == 1)
		return err_set(err, REASON_BAD_REQUEST, "illegal base64 data at input byte %zu", body);
	return decode(out, s, body, true, err);
}
