/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every kind of this daemon is indexed by. Informers are shared by all controllers of the process, so a kind is
 * decoded once, into one small struct that begins with struct informer_object and holds what any of them uses.
 */
#ifndef DECODE_INDEX_H
#define DECODE_INDEX_H

#include "controller/informer.h"

enum {
	INDEX_OWNER_UID,
	INDEX_NAMESPACE,
	INDEX_ORPHAN, /* namespace of objects without a controller */
	INDEX_COMMON, /* how many every kind has */
};

void cm_index(const void *o, size_t i, struct informer_keys *keys); /* for informer_type.index */

#endif
