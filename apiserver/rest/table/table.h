/* SPDX-License-Identifier: Apache-2.0 */
/* Table replies: columns come from the kind file, cells from paths into the object or from named functions.
 * Any thread. */
#ifndef REST_TABLE_TABLE_H
#define REST_TABLE_TABLE_H

#include "rest/present.h"

/* `{"kind":"Table",…,"rows":[`; columns false leaves their definitions out (watch events after the first). */
void table_open(struct buf *out, const struct kind *k, const struct accept *a, const struct list_meta *m,
		bool columns);
/* One row. tree: in the storage form; p, n: the object's bytes in the client's version. now_ns: wall. */
void table_row(struct buf *out, const struct kind *k, const struct accept *a, const js *tree, const char *p,
	       size_t n, int64_t now_ns);
/* PartialObjectMetadata of the object in p. */
void table_partial(struct buf *out, const struct accept *a, const char *p, size_t n);
void table_list_meta(struct buf *out, const struct list_meta *m);

/* rest/cells*.c: the functions that a kind file names as @NAME. Each appends one JSON value. */
struct cell {
	const js *o;
	int64_t now_ns;
};
typedef void cell_fn(struct buf *out, const struct cell *c);
cell_fn *cell_find(const char *name); /* without '@'; NULL when unknown */
void cell_str(struct buf *out, const char *s);
void cell_since(struct buf *out, const char *time,
		int64_t now_ns); /* HumanDuration as a bare word; "<unknown>" */
cell_fn cell_pod_ready, cell_pod_status, cell_pod_restarts, cell_pod_ip, cell_pod_nominated, cell_pod_gates;

#endif
