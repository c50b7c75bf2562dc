/* SPDX-License-Identifier: Apache-2.0 */
/* See affinity.h. */
#include "object/core/affinity.h"

#include <string.h>
#include "object/core/label_query.h"

static const struct decode_row term_rows[] = {
	DECODE_ARRAY("matchExpressions", struct node_term, expressions, n_expressions,
		     &label_query_requirement_spec),
	DECODE_ARRAY("matchFields", struct node_term, fields, n_fields, &label_query_requirement_spec),
};
const struct decode_spec node_affinity_term_spec = DECODE_SPEC(struct node_term, term_rows);

static const struct decode_row preference_rows[] = {
	DECODE_INT32("weight", struct node_preference, weight),
	DECODE_STRUCT("preference", struct node_preference, term, &node_affinity_term_spec),
};
static const struct decode_spec preference_spec = DECODE_SPEC(struct node_preference, preference_rows);

#define REQUIRED "requiredDuringSchedulingIgnoredDuringExecution"
#define PREFERRED "preferredDuringSchedulingIgnoredDuringExecution"
static const struct decode_row affinity_rows[] = {
	DECODE_PRESENT(REQUIRED, struct node_affinity, has_required),
	DECODE_ARRAY(REQUIRED ".nodeSelectorTerms", struct node_affinity, required, n_required,
		     &node_affinity_term_spec),
	DECODE_ARRAY(PREFERRED, struct node_affinity, preferred, n_preferred, &preference_spec),
};
const struct decode_spec node_affinity_spec = DECODE_SPEC(struct node_affinity, affinity_rows);

static bool field_matches(const struct requirement *r, const char *node)
{
	bool equal = r->n == 1 && !strcmp(r->values[0], node);
	return !strcmp(r->key, "metadata.name") && r->n == 1 &&
	       ((r->op == SELECTOR_IN && equal) || (r->op == SELECTOR_NOT_IN && !equal));
}

static bool node_term_matches(const struct node_term *t, const char *node, const struct labels *l)
{
	if (!t->n_expressions && !t->n_fields)
		return false;
	for (size_t i = 0; i < t->n_expressions; i++)
		if (!selector_requirement_matches(&t->expressions[i], l))
			return false;
	for (size_t i = 0; i < t->n_fields; i++)
		if (!field_matches(&t->fields[i], node))
			return false;
	return true;
}

bool node_affinity_matches(const struct labels *selector, const struct node_affinity *a, const char *node,
			   const struct labels *l)
{
	for (size_t i = 0; selector && i < selector->n; i++) {
		const char *has = labels_get(l, selector->v[i].key);
		if (!has || strcmp(has, selector->v[i].value))
			return false;
	}
	if (!a || !a->has_required)
		return true;
	for (size_t i = 0; i < a->n_required; i++)
		if (node_term_matches(&a->required[i], node, l))
			return true;
	return false;
}

int64_t node_affinity_weight(const struct node_affinity *a, const char *node, const struct labels *l)
{
	int64_t sum = 0;
	for (size_t i = 0; a && i < a->n_preferred; i++)
		if (node_term_matches(&a->preferred[i].term, node, l))
			sum += a->preferred[i].weight;
	return sum;
}
