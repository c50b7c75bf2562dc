/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exponential back-off of container restarts and image pulls, as client-go's flowcontrol.Backoff uses it.
 *
 * An entry starts empty: the first attempt after a failure is free. backoff_next() records an attempt and
 * sets how long the next one has to wait: BACKOFF_BASE, then doubling up to BACKOFF_MAX (kubelet: 10 s and
 * 300 s). An entry that was last touched more than 2 * BACKOFF_MAX before the event is forgotten. A value of
 * 16 bytes, nanoseconds on the monotonic clock, pure.
 */
#ifndef POD_BACKOFF_H
#define POD_BACKOFF_H

#include "base/clock.h"

#define BACKOFF_BASE (10 * NS_PER_S)
#define BACKOFF_MAX (300 * NS_PER_S)

struct backoff {
	int64_t delay_ns; /* 0 = no entry */
	int64_t updated_ns;
};

/* How long is left to wait at `now` for an event (a finished container, a failed pull) at `event`; 0 = go on.
 */
int64_t backoff_left(const struct backoff *b, int64_t event_ns, int64_t now_ns);
/* An attempt is made at `now` because of `event`. */
void backoff_next(struct backoff *b, int64_t event_ns, int64_t now_ns);

#endif
