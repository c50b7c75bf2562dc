/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes survive encoding and decoding; what decodes is encoded to the same length. */
#include <assert.h>
#include <stdlib.h>
#include "base/base64.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void check(const uint8_t *p, size_t n, bool url)
{
	autobuf struct buf text = BUF_INIT, back = BUF_INIT;
	struct err err;

	(url ? base64url_encode : base64_encode)(&text, p, n);
	if ((url ? base64url_decode : base64_decode)(&back, buf_str(&text), text.len, &err))
		abort();
	assert(back.len == n && (!n || !memcmp(back.p, p, n)));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	autobuf struct buf out = BUF_INIT, text = BUF_INIT;
	struct err err;

	check(p, n, false);
	check(p, n, true);
	if (base64_decode(&out, (const char *)p, n, &err)) {
		assert(!out.len);
	} else {
		base64_encode(&text, buf_str(&out), out.len);
		assert(text.len == n);
	}
	buf_clear(&out);
	return base64url_decode(&out, (const char *)p, n, &err) ? 0 : 0;
}
