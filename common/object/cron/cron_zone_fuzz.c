/* SPDX-License-Identifier: Apache-2.0 */
/* Zone files: what is taken has an answer for every time. */
#include <assert.h>
#include "object/cron/cron_zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const int64_t times[] = {INT32_MIN,  -1,		0,	    951782400,
					1767225600, 1782864000, 4102444800, 1ll << 36};
	struct err err = ERR_INIT;
	struct cron_zone *z = cron_zone_parse(p, n, &err);

	for (size_t i = 0; z && i < sizeof(times) / sizeof(*times); i++) {
		struct cron_zone_span span = cron_zone_at(z, times[i]);
		assert(span.begin <= times[i] && span.end > times[i]);
	}
	cron_zone_free(z);
	return 0;
}
