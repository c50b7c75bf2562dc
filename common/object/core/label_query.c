/* SPDX-License-Identifier: Apache-2.0 */
/* See label_query.h. */
#include "object/core/label_query.h"

#include <string.h>

static const struct decode_row requirement_rows[] = {
	DECODE_STRING("key", struct requirement, key),
	DECODE_ENUM("operator", struct requirement, op, selector_op_names),
	DECODE_STRINGS("values", struct requirement, values, n),
};
static const struct requirement requirement_initial = {.key = ""};
const struct decode_spec label_query_requirement_spec =
	DECODE_SPEC(struct requirement, requirement_rows, .initial = &requirement_initial);

static const struct decode_row rows[] = {
	DECODE_LABELS("matchLabels", struct label_query, equal),
	DECODE_ARRAY("matchExpressions", struct label_query, requirements, n, &label_query_requirement_spec),
};
const struct decode_spec label_query_spec = DECODE_SPEC(struct label_query, rows);

bool label_query_empty(const struct label_query *q)
{
	return q && !q->equal && !q->n;
}

bool label_query_matches(const struct label_query *q, const struct labels *l)
{
	if (!q)
		return false;
	for (size_t i = 0; q->equal && i < q->equal->n; i++) {
		const char *has = labels_get(l, q->equal->v[i].key);
		if (!has || strcmp(has, q->equal->v[i].value))
			return false;
	}
	for (size_t i = 0; i < q->n; i++)
		if (!selector_requirement_matches(&q->requirements[i], l))
			return false;
	return true;
}
