/* SPDX-License-Identifier: Apache-2.0 */
#include "view/namespace.h"

#include "view/view_internal.h"

static const struct decode_row decode_rows[] = {
	DECODE_PRESENT("metadata.deletionTimestamp", struct view_namespace, terminating),
};
static const struct decode_spec spec = DECODE_SPEC(struct view_namespace, decode_rows);

const struct view_row view_namespace_row = {.group = "", .version = "v1", .kind = "Namespace", .spec = &spec};

bool view_namespace(struct views *all, const char *name, struct view_namespace *ret)
{
	struct view *v = view_read(all, VIEW_NAMESPACE);
	const struct view_namespace *found = map_get(&v->values, name);
	if (found)
		*ret = *found;
	view_done(v);
	return found;
}
