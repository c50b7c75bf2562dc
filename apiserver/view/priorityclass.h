/* SPDX-License-Identifier: Apache-2.0 */
/* PriorityClasses: asked by every Pod that is made. */
#ifndef VIEW_PRIORITYCLASS_H
#define VIEW_PRIORITYCLASS_H

#include "view/view.h"

#define VIEW_PRIORITY_NAME 254

struct view_priority {
	char name[VIEW_PRIORITY_NAME];
	int32_t value;
	bool never; /* preemptionPolicy: Never */
};
/* False when the view knows none of that name. */
bool view_priority(struct views *v, const char *name, struct view_priority *ret);
/* The class of Pods that name none; of several (two API servers may have taken one each) that of the lowest value. */
bool view_priority_default(struct views *v, struct view_priority *ret);

#endif
