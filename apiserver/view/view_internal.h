/* SPDX-License-Identifier: Apache-2.0 */
/* How a view is made; for the files of this room. */
#ifndef VIEW_VIEW_INTERNAL_H
#define VIEW_VIEW_INTERNAL_H

#include <pthread.h>
#include "base/map.h"
#include "object/decode.h"
#include "view/view.h"

enum view_id { VIEW_NAMESPACE, VIEW_SERVICE, VIEW_PRIORITY, VIEW_CRD, N_VIEWS };

struct view;
struct view_row {
	const char *group, *version, *kind;
	const struct decode_spec *spec;
	/* Keeps what is derived from the values: old and new as decoded, NULL for none. Under the view's write
	   lock. Optional, as all that follows. */
	void (*changed)(struct view *v, const void *old, const void *new);
	/* Tells others, when the view answers accordingly. Under no lock. */
	void (*tell)(struct view *v, const void *old, const void *new);
	void (*init)(struct view *v);
	void (*release)(struct view *v);
};
extern const struct view_row view_namespace_row, view_service_row, view_priority_row, view_crd_row;

struct view {
	const struct view_row *row;
	struct resource *resource; /* NULL: no such kind */
	struct resource_observer observer;
	pthread_rwlock_t lock;
	struct map values; /* by the object's key; as decoded, each one block */
	void *derived;	   /* the row's */
};

/* The view, locked for reading, until view_done. */
struct view *view_read(struct views *v, enum view_id id);
void view_done(struct view *v);

#endif
