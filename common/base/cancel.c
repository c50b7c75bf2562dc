/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cancel.h"

#include <stddef.h>

void cancel_init(struct cancel *c)
{
	*c = (struct cancel){.canceled = false};
	pthread_mutex_init(&c->lock, NULL);
}

void cancel_release(struct cancel *c)
{
	pthread_mutex_destroy(&c->lock);
}

bool cancel_hook(struct cancel *c, void (*fn)(void *arg), void *arg)
{
	pthread_mutex_lock(&c->lock);
	bool ok = !c->canceled;
	if (ok) {
		c->fn = fn;
		c->arg = arg;
	}
	pthread_mutex_unlock(&c->lock);
	return ok;
}

void cancel_unhook(struct cancel *c)
{
	pthread_mutex_lock(&c->lock);
	c->fn = NULL;
	pthread_mutex_unlock(&c->lock);
}

void cancel_now(struct cancel *c)
{
	pthread_mutex_lock(&c->lock);
	if (!c->canceled && c->fn)
		c->fn(c->arg);
	c->canceled = true;
	pthread_mutex_unlock(&c->lock);
}

bool cancel_canceled(struct cancel *c)
{
	pthread_mutex_lock(&c->lock);
	bool yes = c->canceled;
	pthread_mutex_unlock(&c->lock);
	return yes;
}
