/* SPDX-License-Identifier: Apache-2.0 */
/* Which namespaces there are: asked by every write into one. */
#ifndef VIEW_NAMESPACE_H
#define VIEW_NAMESPACE_H

#include "view/view.h"

struct view_namespace {
	bool terminating; /* being deleted: nothing new comes into it */
};
/* False when the view knows none of that name. */
bool view_namespace(struct views *v, const char *name, struct view_namespace *ret);

#endif
