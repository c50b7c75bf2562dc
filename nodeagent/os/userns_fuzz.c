/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a Pod's record of its users: refused with a message, or a range that the host's own users are not in. */
#include <stdlib.h>

#include "os/userns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = ERR_INIT;
	struct userns_map m;
	if (userns_parse((const char *)data, size, &m, &err) < 0) {
		if (err.reason == REASON_NONE)
			abort();
	} else if (!m.first || !m.length || (uint64_t)m.first + m.length > UINT64_C(1) << 32) {
		abort();
	}
	return 0;
}
