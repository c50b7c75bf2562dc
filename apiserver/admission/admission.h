/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room's door: the ordered chain that every write passes after decoding and before validation.
 *
 * One row per plugin in admission.c; all mutating halves run in order, then all validating ones. Plugins work
 * on the request's private tree of the stored version and may read the cache. Any thread.
 */
#ifndef ADMISSION_ADMISSION_H
#define ADMISSION_ADMISSION_H

#include "request/attributes.h"

struct storage;

enum admission_op { ADMIT_CREATE = 1, ADMIT_UPDATE = 2, ADMIT_DELETE = 4 };

struct admission {
	enum admission_op op;
	const struct schema *schema;
	struct storage *storage;
	const struct kind *kind; /* stored version */
	const char *subresource, *ns, *name;
	const char *user;
	int64_t now_ns;
	js *obj;       /* NULL on delete */
	const js *old; /* NULL on create */
	/* results */
	struct field_errors *causes; /* borrowed: causes that go with a refusal */
	struct subject *about;	     /* borrowed: changed when a refusal is about another object */
};

/* REASON_FORBIDDEN or REASON_NOT_FOUND, worded as upstream. */
int admission_run(struct admission *a, struct err *err) MUST_CHECK;
/* `pods "x" is forbidden: …` */
int admission_forbid(const struct admission *a, struct err *err, const char *fmt, ...) PRINTF(3, 4);

#endif
