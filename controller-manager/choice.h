/* SPDX-License-Identifier: Apache-2.0 */
/* Which controllers run, as upstream's --controllers says it. Main thread. */
#ifndef CHOICE_H
#define CHOICE_H

#include "controller/controller.h"

#define CHOICE_MAX 64

/*
 * list: names with commas, upstream's with `-controller` or the older ones; "*" is all, "-NAME" is not that one. Those of `all`
 * (ends with NULL) that are named come into ret, which ends with NULL. REASON_INVALID: an unknown name.
 */
int choice_make(const char *list, const struct controller *const *all,
		const struct controller *ret[CHOICE_MAX], struct err *err) MUST_CHECK;

#endif
