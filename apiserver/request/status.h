/* SPDX-License-Identifier: Apache-2.0 */
/* Status bodies: upstream's shape {kind: Status, …}. */
#ifndef REQUEST_STATUS_H
#define REQUEST_STATUS_H

#include "request/attributes.h"
#include "request/response.h"

/* The Status of *err. details (name, group, kind) come from attr where upstream gives them for that reason;
   attr and causes may be NULL. */
void response_status(struct response *rs, const struct err *err, const struct attributes *attr,
		     const struct field_errors *causes);
/* The same about an object that need not be the one asked for. */
void response_status_about(struct response *rs, const struct err *err, const struct subject *about,
			   const struct field_errors *causes);
void response_status_ok(struct response *rs, const struct attributes *attr, const char *uid);

/* The same with every part in the caller's hand, for what does not fit the rule above. NULL and 0 are left
 * out. */
struct status_parts {
	enum reason reason;
	const char *message;
	const char *name, *group, *kind, *uid;
	const struct field_errors *causes;
	const char *cause_reason, *cause_message; /* one cause that is no field error */
	int retry_after_s;
	const char *list_continue; /* metadata.continue of an expired list */
};
void response_status_write(struct buf *out, const struct status_parts *st); /* the JSON of a failure */
void response_status_parts(struct response *rs, const struct status_parts *st);

#endif
