/* SPDX-License-Identifier: Apache-2.0 */
/* What a container answers to a probe, in pieces; and where it says that one should ask instead. */
#include <assert.h>

#include "probe/probe_response.h"
#include "probe/probe_url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct probe_response r;
	size_t step = size ? data[0] % 32 + 1 : 1;
	probe_response_init(&r, 64);
	for (size_t at = 0; at < size; at += step)
		if (!probe_response_take(&r, (const char *)data + at, step < size - at ? step : size - at))
			break;
	probe_response_end(&r);
	assert(r.state == RESPONSE_DONE || r.state == RESPONSE_BAD);
	assert(r.body.len <= 64);
	if (r.location) {
		autoarena struct arena a = ARENA_INIT;
		autobuf struct buf b = BUF_INIT;
		struct probe_url base, to;
		probe_url_make(&a, false, "h", 1, r.location, &base);
		probe_url_target(&b, &base);
		if (probe_url_follow(&a, &base, r.location, &to, NULL)) {
			buf_addc(&b, ' ');
			probe_url_target(&b, &to);
		}
		for (size_t i = 0; i < b.len; i++) /* it is put into a request line */
			assert((unsigned char)b.p[i] >= 0x20);
	}
	probe_response_release(&r);
	return 0;
}
