/* SPDX-License-Identifier: Apache-2.0 */
#include "image/pullrate.h"

#include "base/clock.h"

void pullrate_init(struct pullrate *r, int qps, int burst)
{
	*r = (struct pullrate){.qps = qps, .burst = burst, .tokens = burst, .since_ns = clock_mono_ns()};
	pthread_mutex_init(&r->lock, NULL);
}

void pullrate_release(struct pullrate *r)
{
	pthread_mutex_destroy(&r->lock);
}

bool pullrate_take(struct pullrate *r)
{
	if (!r || !r->qps)
		return true;
	pthread_mutex_lock(&r->lock);
	int64_t now = clock_mono_ns();
	r->tokens += (double)(now - r->since_ns) / NS_PER_S * r->qps;
	if (r->tokens > r->burst)
		r->tokens = r->burst;
	r->since_ns = now;
	bool there = r->tokens >= 1;
	r->tokens -= there;
	pthread_mutex_unlock(&r->lock);
	return there;
}
