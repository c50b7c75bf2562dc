/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a Pod's strategy. Pure, any thread. */
#ifndef KINDS_CORE_PODS_H
#define KINDS_CORE_PODS_H

#include "kinds/strategy.h"

/* Of spec, and of whole Pods. */
void pods_validate_update(const js *new, const js *old, struct field_errors *errs);
void pods_validate_status(const js *new, const js *old, struct field_errors *errs);
/* podIP and the first of podIPs are the same; podIP wins. */
void pods_default_status(js *status);
/* A subresource that changes a part of the spec; NULL: it is none. */
struct pods_part {
	const char *subresource;
	void (*prepare)(js *new, const js *old); /* sets back all but the part */
	const char *(*never)(const js *new,
			     const js *old); /* why such a Pod's may not change at all, or NULL */
	void (*validate)(const js *new, const js *old, struct field_errors *errs);
};
const struct pods_part *pods_part_find(const char *subresource);

#endif
