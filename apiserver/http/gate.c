/* SPDX-License-Identifier: Apache-2.0 */
/* Two counters and a flag. */
#include "http/gate.h"

#include "base/clock.h"

void gate_init(struct gate *g)
{
	pthread_mutex_init(&g->lock, NULL);
	clock_cond_init(&g->empty);
}

bool gate_enter(struct gate *g)
{
	pthread_mutex_lock(&g->lock);
	bool open = !g->closed;
	if (open)
		g->inside++;
	pthread_mutex_unlock(&g->lock);
	return open;
}

void gate_leave(struct gate *g)
{
	pthread_mutex_lock(&g->lock);
	if (!--g->inside && g->closed)
		pthread_cond_broadcast(&g->empty);
	pthread_mutex_unlock(&g->lock);
}

void gate_replies(struct gate *g)
{
	pthread_mutex_lock(&g->lock);
	g->replying++;
	pthread_mutex_unlock(&g->lock);
}

void gate_replied(struct gate *g)
{
	pthread_mutex_lock(&g->lock);
	if (!--g->replying && g->closed)
		pthread_cond_broadcast(&g->empty);
	pthread_mutex_unlock(&g->lock);
}

void gate_close(struct gate *g)
{
	pthread_mutex_lock(&g->lock);
	g->closed = true;
	while (g->inside)
		pthread_cond_wait(&g->empty, &g->lock);
	pthread_mutex_unlock(&g->lock);
}

void gate_drain(struct gate *g, int64_t timeout_ns)
{
	int64_t deadline = clock_mono_ns() + timeout_ns;
	pthread_mutex_lock(&g->lock);
	while (g->replying && clock_mono_ns() < deadline)
		clock_cond_wait(&g->empty, &g->lock, deadline);
	pthread_mutex_unlock(&g->lock);
}

void gate_release(struct gate *g)
{
	pthread_mutex_destroy(&g->lock);
	pthread_cond_destroy(&g->empty);
}
