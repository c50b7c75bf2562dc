/* SPDX-License-Identifier: Apache-2.0 */
/* Schedules: what is taken means something. */
#include <assert.h>
#include "base/mem.h"
#include "object/cron/cron.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	autofree char *text = mem_strndup((const char *)p, n);
	struct err err = ERR_INIT;
	struct cron c;

	if (cron_parse(text, &c, &err) < 0) {
		assert(err.reason == REASON_INVALID && *err.msg);
		return 0;
	}
	assert(!(c.minutes & ~CRON_STAR) || !(c.minutes & ~CRON_STAR & ~((1ull << 60) - 1)));
	assert(!(c.days & 1) && !(c.months & 1) && !(c.weekdays & ~CRON_STAR & ~127ull));
	return 0;
}
