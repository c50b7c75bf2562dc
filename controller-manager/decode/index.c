/* SPDX-License-Identifier: Apache-2.0 */
/* See index.h. */
#include "decode/index.h"

size_t cm_index(const void *o, size_t i, struct buf keys[])
{
	const struct meta *m = &((const struct informer_object *)o)->meta;
	size_t n = m->n_owners < INFORMER_MAX_INDEX_KEYS ? m->n_owners : INFORMER_MAX_INDEX_KEYS;

	if (i == INDEX_ORPHAN && meta_controller(m))
		return 0;
	if (i == INDEX_NAMESPACE || i == INDEX_ORPHAN) {
		buf_adds(&keys[0], m->namespace);
		return 1;
	}
	for (size_t k = 0; k < n; k++)
		buf_adds(&keys[k], m->owners[k].uid);
	return n;
}
