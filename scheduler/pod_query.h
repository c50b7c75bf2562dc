/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which Pods count: in certain namespaces, with certain labels. What plugins ask of the Pods of every node, in a form that
 * is compared by its text, so that what one Pod made count can be used by the next with the same question (tally.h).
 */
#ifndef POD_QUERY_H
#define POD_QUERY_H

#include "pod.h"

struct pod_query_term {
	bool all_namespaces, nothing;
	const char *const *namespaces; /* sorted */
	size_t n_namespaces;
	const struct requirement *requirements;
	size_t n;
};
/* A Pod counts that every term means. */
struct pod_query {
	const struct pod_query_term *terms;
	size_t n;
	bool living; /* Pods that are being deleted do not */
};

bool pod_query_term_counts(const struct pod_query_term *t, const struct sched_pod *p);
bool pod_query_counts(const struct pod_query *q, const struct sched_pod *p);
void pod_query_write(const struct pod_query *q, struct buf *out); /* equal texts: the same question */
struct pod_query *pod_query_copy(const struct pod_query *q, struct arena *a);

/* ---- making: arrays come from the arena, texts are borrowed ---- */
void pod_query_in(struct pod_query_term *t, const char *const *namespaces, size_t n, struct arena *a);
/* The selector's requirements, too; NULL: nothing counts. */
void pod_query_where(struct pod_query_term *t, const struct label_query *q, struct arena *a);
void pod_query_label(struct pod_query_term *t, const char *key, const char *value, struct arena *a);

#endif
