/* SPDX-License-Identifier: Apache-2.0 */
/* discovery_write.c: what is said about the kinds of one group-version (n > 0, by resource). */
#ifndef REST_DISCOVERY_INTERNAL_H
#define REST_DISCOVERY_INTERNAL_H

#include "object/schema.h"

void discovery_write_legacy(struct buf *b, const struct kind *const *v, size_t n);
void discovery_write_aggregated(struct buf *b, const struct kind *const *v, size_t n);

#endif
