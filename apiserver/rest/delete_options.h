/* SPDX-License-Identifier: Apache-2.0 */
/* metav1.DeleteOptions, from the body of a DELETE or from its query. */
#ifndef REST_DELETE_OPTIONS_H
#define REST_DELETE_OPTIONS_H

#include "rest/write.h"

enum propagation { PROPAGATION_UNSET, PROPAGATION_BACKGROUND, PROPAGATION_FOREGROUND, PROPAGATION_ORPHAN };

struct delete_options {
	bool has_grace, has_orphan, orphan;
	int64_t grace;
	enum propagation propagation;
	char uid[64];		   /* precondition; "" = none */
	char resource_version[32]; /* likewise */
};
/* Also sets w->dry_run. REASON_BAD_REQUEST, REASON_INVALID (about the options). */
int delete_options_read(struct write *w, struct delete_options *ret, struct err *err) MUST_CHECK;

/* Deletes one object, or begins to. */
struct deletion {
	struct obj *obj; /* its last or present state, a reference */
	bool removed;
};
int object_delete(struct write *w, const char *name, const struct delete_options *o, struct deletion *ret,
		  struct err *err) MUST_CHECK;

#endif
