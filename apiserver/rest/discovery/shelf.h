/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents that are needed again soon, or never: those of the last minute. Whoever puts something on an empty shelf
 * starts a thread that waits until nobody has asked for anything for SHELF_NS, gives all of it back and ends, so that an
 * empty shelf costs nothing. Any thread.
 */
#ifndef REST_DISCOVERY_SHELF_H
#define REST_DISCOVERY_SHELF_H

#include "base/clock.h"
#include "rest/discovery/document.h"

#define SHELF_NS (60 * NS_PER_S)

struct shelf;
struct shelf *shelf_new(void);
void shelf_free(struct shelf *s);
struct document *shelf_get(struct shelf *s, const char *key);	      /* a reference, or NULL */
void shelf_put(struct shelf *s, const char *key, struct document *d); /* takes one of its own */
void shelf_drop(struct shelf *s, const char *key);		      /* absent: no-op */
size_t shelf_len(struct shelf *s);				      /* for tests */

#endif
