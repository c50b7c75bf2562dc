/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What controllers keep of a ControllerRevision: its number, and a hash of its data; the data itself would be as large as
 * the object that it is of, and is read from the API when it is needed. And the text that such data is.
 */
#ifndef DECODE_REVISION_H
#define DECODE_REVISION_H

#include "decode/index.h"
#include "object/json.h"

struct cm_controllerrevision {
	struct informer_object base;
	int64_t revision;
	uint64_t data_hash; /* of this process: cm_revision_hash */
	/* Inside: decoded, worked out into data_hash, and gone. */
	const char *data;
};
extern const struct informer_type cm_controllerrevision_type;

/*
 * The patch that puts a Pod template back, as upstream writes it down: `{"spec":{"template":{"$patch":"replace",…}}}`, members
 * by name, texts escaped as encoding/json does. The caller's to free.
 */
char *cm_revision_data(const js *pod_template);
/* Of such a text; equal data have equal ones, whatever the order of their members. */
uint64_t cm_revision_hash(const char *data);
/* The template in such a text, or in the data of a ControllerRevision; NULL when there is none. The caller's. */
js *cm_revision_template(const js *data);

#endif
