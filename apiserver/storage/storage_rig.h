/* SPDX-License-Identifier: Apache-2.0 */
/* For tests: storage_when_fresh and storage_submit, waited for. They BLOCK; *ret (may be NULL: not wanted) is the
   result that a storage_write would hold. */
#ifndef STORAGE_STORAGE_RIG_H
#define STORAGE_STORAGE_RIG_H

#include "storage/storage.h"

int storage_wait(struct storage *s, uint64_t rv, int64_t deadline_ns,
		 struct err *err) MUST_CHECK; /* REASON_TIMEOUT */
int storage_create(struct resource *r, struct obj *draft, struct obj **ret, struct err *err) MUST_CHECK;
int storage_update(struct resource *r, const struct obj *old, struct obj *draft, unsigned flags,
		   struct obj **ret, struct err *err) MUST_CHECK;
int storage_delete(struct resource *r, const struct obj *old, struct obj **ret, struct err *err) MUST_CHECK;

/* The embedded store in a folder of its own; who cannot have one ends. */
struct storage_rig {
	char dir[40];
	struct storage *storage;
};
void storage_rig_open(struct storage_rig *r, const struct schema *schema);
void storage_rig_close(struct storage_rig *r); /* with its folder */

#endif
