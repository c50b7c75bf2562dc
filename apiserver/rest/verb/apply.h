/* SPDX-License-Identifier: Apache-2.0 */
/* Server-side apply as a form of patch; patch.c asks. Threads as of any operation. */
#ifndef REST_VERB_APPLY_H
#define REST_VERB_APPLY_H

#include "rest/verb/patch.h"

struct operation;
/* Reads the configuration; REASON_BAD_REQUEST, REASON_INVALID. */
int apply_read(struct operation *o, struct patch *p, struct err *err) MUST_CHECK;
/* Begins the registry's operation. */
void apply_start(struct operation *o);

#endif
