/* SPDX-License-Identifier: Apache-2.0 */
/* How many images are pulled at a time, as the configuration says. Any thread. */
#ifndef AGENT_PULLS_H
#define AGENT_PULLS_H

#include <stddef.h>

#include "base/err.h"

#define PULLS_MAX 64 /* at a time */

/* serialize: "true" or "false". parallel: 0 = as many as are wanted, which is PULLS_MAX. REASON_INVALID, in upstream's words,
   when one contradicts the other. */
int pulls_at_a_time(const char *serialize, int parallel, size_t *ret, struct err *err) MUST_CHECK;

#endif
