/* SPDX-License-Identifier: Apache-2.0 */
/* metav1.DeleteOptions, from the body of a DELETE or from its query. */
#ifndef REST_VERB_DELETE_OPTIONS_H
#define REST_VERB_DELETE_OPTIONS_H

#include "rest/verb/verb.h"

/* Fills o->deletion and the attributes' dry run. REASON_BAD_REQUEST, REASON_INVALID (about the options). */
int delete_options_read(struct operation *o, struct err *err) MUST_CHECK;

/* The same from a tree that is part of something else; NULL says nothing. */
int delete_options_of(struct operation *o, const js *tree, struct err *err) MUST_CHECK;

#endif
