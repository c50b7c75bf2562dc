/* SPDX-License-Identifier: Apache-2.0 */
#include "pod/life/backoff.h"

static bool expired(const struct backoff *b, int64_t event_ns)
{
	return b->delay_ns == 0 || event_ns - b->updated_ns > 2 * BACKOFF_MAX;
}

int64_t backoff_left(const struct backoff *b, int64_t event_ns, int64_t now_ns)
{
	if (expired(b, event_ns))
		return 0;
	int64_t left = event_ns + b->delay_ns - now_ns;
	return left > 0 ? left : 0;
}

void backoff_next(struct backoff *b, int64_t event_ns, int64_t now_ns)
{
	if (expired(b, event_ns))
		b->delay_ns = BACKOFF_BASE;
	else
		b->delay_ns = b->delay_ns * 2 > BACKOFF_MAX ? BACKOFF_MAX : b->delay_ns * 2;
	b->updated_ns = now_ns;
}
