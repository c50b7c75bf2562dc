/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 4648 base64, standard and URL alphabets. Any thread. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/buf.h"

void base64_encode(struct buf *out, const void *p, size_t n);
void base64url_encode(struct buf *out, const void *p, size_t n); /* no padding */
/* Strict: padding required, no white space. On failure *out is as it was. */
int base64_decode(struct buf *out, const char *s, size_t n, struct err *err) MUST_CHECK;
/* Padding optional. */
int base64url_decode(struct buf *out, const char *s, size_t n, struct err *err) MUST_CHECK;

#endif
