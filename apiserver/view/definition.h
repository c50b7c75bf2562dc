/* SPDX-License-Identifier: Apache-2.0 */
/* Which CustomResourceDefinitions there are, and which names of a group they have been granted (status.acceptedNames). */
#ifndef VIEW_DEFINITION_H
#define VIEW_DEFINITION_H

#include "view/view.h"

/* Whether the definition "PLURAL.GROUP" is there and being deleted: nothing new comes into it. */
bool view_crd_terminating(struct views *v, const char *name);
enum view_crd_name { VIEW_CRD_RESOURCE, VIEW_CRD_KIND };
/* Whether some definition of the group has been granted that name, as a resource (plural, singular, short) or a kind. */
bool view_crd_granted(struct views *v, const char *group, enum view_crd_name what, const char *name);
/* Each definition of the group, or (group NULL) each of all, under the view's lock: fn must not ask the view. */
void view_crd_each(struct views *v, const char *group, void (*fn)(void *arg, const char *name), void *arg);
/* One listener (NULL: none any more), told of each definition that has changed, once the view knows; on the store's
   thread. */
void view_crd_listen(struct views *v, void (*fn)(void *arg, const char *name), void *arg);

#endif
