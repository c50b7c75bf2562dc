/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of many keys were there before: what every check for duplicates in a list that a client sends is made
 * of, so that none of them is a loop in a loop.
 *
 * Few keys are compared one by one and cost no allocation beyond their copies; more of them go into a map.
 * Keys are any bytes; they are copied. One thread at a time.
 */
#ifndef BASE_UNIQUE_H
#define BASE_UNIQUE_H

#include "base/buf.h"
#include "base/map.h"

#define UNIQUE_FEW 16 /* a map costs as much as comparing thirty keys with each other */
struct unique {
	struct buf keys; /* one after another, while they are few */
	size_t end[UNIQUE_FEW], index[UNIQUE_FEW];
	size_t n, seen; /* keys while few, calls of unique_seen */
	struct map many;
};
void unique_release(struct unique *u); /* and ready for use again; all zeroes to begin with */
#define autounique __attribute__((cleanup(unique_release)))

/* Notes that the item of that index has this key. Returns the index of the first item that had it: index
   itself when the key is new. Indexes stay below SIZE_MAX. */
size_t unique_first(struct unique *u, const void *key, size_t n, size_t index);
bool unique_has(const struct unique *u, const char *key);
bool unique_has_n(const struct unique *u, const void *key, size_t n);
/* Whether a text is a repetition; for callers to whom the first one does not matter. */
bool unique_seen(struct unique *u, const char *key);
/* The same with a key made as by printf, for those of several parts. */
bool unique_seen_f(struct unique *u, const char *fmt, ...) PRINTF(2, 3);

#endif
