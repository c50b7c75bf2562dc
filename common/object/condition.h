/* SPDX-License-Identifier: Apache-2.0 */
/*
 * status.conditions of an object tree: find, and set with upstream's rule that lastTransitionTime moves only
 * when status changes. Any thread, a tree belongs to one.
 */
#ifndef OBJECT_CONDITION_H
#define OBJECT_CONDITION_H

#include "object/json.h"

js *condition_find(const js *conditions, const char *type); /* NULL when absent */
/* True when something changed. now is written as RFC 3339. reason or message may be NULL (left out).
   `with_update_time` also maintains lastUpdateTime (Deployment conditions). */
bool condition_set(js *conditions, const char *type, const char *status, const char *reason,
		   const char *message, int64_t now_ns, bool with_update_time);
bool condition_remove(js *conditions, const char *type);

#endif
