/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How one thread ends what another one is doing, when that takes long: the worker says how to end it (a hook), and whoever
 * has the cancel calls it once. Any thread; lives in its owner.
 */
#ifndef BASE_CANCEL_H
#define BASE_CANCEL_H

#include <pthread.h>
#include <stdbool.h>

struct cancel {
	pthread_mutex_t lock; /* fn runs under it */
	bool canceled;
	void (*fn)(void *arg);
	void *arg;
};
void cancel_init(struct cancel *c);
void cancel_release(struct cancel *c);
/* From now on cancel_now calls fn, on its thread; false: it was called before, and fn will not run. fn must not use c. */
bool cancel_hook(struct cancel *c, void (*fn)(void *arg), void *arg);
void cancel_unhook(struct cancel *c); /* fn does not run any more when this returns */
void cancel_now(struct cancel *c);
bool cancel_canceled(struct cancel *c);

#endif
