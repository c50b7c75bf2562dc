/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What only a test rig may do with a set of controllers: run its syncs one at a time on its own thread.
 *
 * The rig calls informer_set_start(controller_set_informers(s)) in the place of controller_set_start, so there
 * are no workers; events fill the queues as ever.
 */
#ifndef CONTROLLER_CONTROLLER_RIG_H
#define CONTROLLER_CONTROLLER_RIG_H

#include "controller/controller.h"

/* One sync, on this thread, past the queue. Returns what sync does; *ret_requeue_after_ns < 0 = not again. */
int controller_set_sync(struct controller_set *s, const char *name, const char *key,
			int64_t *ret_requeue_after_ns, struct err *err);
/* The next key that is due, of any controller, to be freed after controller_set_done; NULL = none is. */
char *controller_set_take(struct controller_set *s, const char **ret_name);
void controller_set_done(struct controller_set *s, const char *name, const char *key,
			 int64_t requeue_after_ns);

#endif
