/* SPDX-License-Identifier: Apache-2.0 */
/* Any JSON becomes a document or is refused, within a few times its own size. */
#include <stdlib.h>
#include "rest/discovery/openapi_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	for (int v3 = 0; v3 < 2; v3++) {
		autobuf struct buf out = BUF_INIT;
		struct err err = ERR_INIT;
		(void)!openapi_pb_write(&out, v3, (const char *)data, n, &err);
		if (out.len > 16 * n + 64)
			abort();
	}
	return 0;
}
