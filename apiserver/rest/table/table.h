/* SPDX-License-Identifier: Apache-2.0 */
/* Table replies: columns come from the kind file, cells from paths into the object or from named functions.
 * Any thread. */
#ifndef REST_TABLE_TABLE_H
#define REST_TABLE_TABLE_H

#include "rest/present.h"

/* `{"kind":"Table",…,"rows":[`; columns false leaves their definitions out (watch events after the first). */
void table_open(struct buf *out, const struct kind *k, const struct accept *a, const struct list_meta *m,
		bool columns);
/* Objects of a list in the order in which their rows are to stand. */
void table_sort(const struct kind *k, struct obj **v, size_t n);
/* One row. tree: in the storage form; p, n: the object's bytes in the client's version. now_ns: wall. */
void table_row(struct buf *out, const struct kind *k, const struct accept *a, const js *tree, const char *p,
	       size_t n, int64_t now_ns);
/* PartialObjectMetadata of the object in p. */
void table_partial(struct buf *out, const struct accept *a, const char *p, size_t n);
void table_list_meta(struct buf *out, const struct list_meta *m);

#endif
