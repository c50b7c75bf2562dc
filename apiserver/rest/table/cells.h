/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cells of tables: the functions that a kind file names as @NAME. Each appends one JSON value.
 *
 * A group's file cells_GROUP.c ends with `const struct cell_row cells_GROUP[]`, closed by an empty row; it is declared
 * here and listed in cells.c. Golden rows stand beside it, in cells_GROUP_test.c (table_rig_test.h). Any thread.
 */
#ifndef REST_TABLE_CELLS_H
#define REST_TABLE_CELLS_H

#include <stdint.h>
#include "base/buf.h"
#include "object/json.h"

#define CELL_NONE "<none>"
#define CELL_UNKNOWN "<unknown>"

/* What several cells of a Pod's row show. */
struct cell_pod {
	bool made;
	char reason[320];
	int64_t restarts, ready, total;
	const char *last_restart; /* RFC 3339; "" = never */
};
struct cell {
	const js *o; /* in the storage form */
	int64_t now_ns;
	struct cell_pod *pod; /* the row's, for cells_pod.c */
};
typedef void cell_fn(struct buf *out, const struct cell *c);
struct cell_row {
	const char *name; /* without '@' */
	cell_fn *fn;
};

extern const struct cell_row cells_admission[];
extern const struct cell_row cells_apps[];
extern const struct cell_row cells_batch[];
extern const struct cell_row cells_autoscaling[];
extern const struct cell_row cells_certificates[];
extern const struct cell_row cells_core[];
extern const struct cell_row cells_discovery[];
extern const struct cell_row cells_networking[];
extern const struct cell_row cells_flow[];
extern const struct cell_row cells_pod[];
extern const struct cell_row cells_rbac[];
extern const struct cell_row cells_resource[];
extern const struct cell_row cells_storage[];
extern const struct cell_row cells_policy[];
extern const struct cell_row cells_volume[];

cell_fn *cell_find(const char *name); /* NULL when unknown */
void cell_str(struct buf *out, const char *s);
/* HumanDuration as a bare word, to be put between quotes; "<unknown>" of what is no RFC 3339 time. */
void cell_since(struct buf *out, const char *time, int64_t now_ns);
/* A string cell that was put together in `text`; `empty` stands for nothing. */
void cell_text(struct buf *out, const struct buf *text, const char *empty);
void cell_join(struct buf *b, const char *s); /* behind a comma, unless it is the first */
/* Where a load balancer is, by its status: sorted, each once. */
void cell_balancers(struct buf *b, const js *status);
/* Of kinds that have a template of Pods: a field of all its containers; a LabelSelector, NULL for none; a map of labels. */
void cell_containers_of(struct buf *out, const js *template, const char *field);
void cell_selector_of(struct buf *out, const js *label_selector);
void cell_labels(struct buf *out, const js *map);

#endif
