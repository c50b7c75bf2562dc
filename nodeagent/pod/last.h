/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last status of a Pod, written down before what it tells of is taken down. An agent that is killed before the API server
 * has it, which may be away for an hour, would else find nothing that says how the Pod ended: ROOT/ended/UID. Blocking; any
 * thread.
 */
#ifndef POD_LAST_H
#define POD_LAST_H

#include "object/json.h"

/* When it cannot be written, as on a full disk, nobody is told: what frees the disk must not wait for it. */
void last_write(const char *root, const char *uid, const js *status);
js *last_read(const char *root, const char *uid); /* NULL: there is none; the caller puts it */
int last_remove(const char *root, const char *uid, struct err *err) MUST_CHECK;
char *last_dir(const char *root); /* where a file is named as its Pod's uid; free() it */

#endif
