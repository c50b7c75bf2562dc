/* SPDX-License-Identifier: Apache-2.0 */
/* See index.h. */
#include "decode/index.h"

void cm_index(const void *o, size_t i, struct informer_keys *keys)
{
	const struct meta *m = &((const struct informer_object *)o)->meta;

	if (i == INDEX_NAMESPACE || (i == INDEX_ORPHAN && !meta_controller(m)))
		informer_keys_add(keys, m->namespace);
	for (size_t k = 0; i == INDEX_OWNER_UID && k < m->n_owners; k++)
		informer_keys_add(keys, m->owners[k].uid);
}
