/* SPDX-License-Identifier: Apache-2.0 */
/* See interpod.h. */
#include "object/core/interpod.h"

#include <string.h>

static const struct decode_row term_rows[] = {
	DECODE_STRING("topologyKey", struct pod_term, topology_key),
	DECODE_POINTER("labelSelector", struct pod_term, selector, &label_query_spec),
	DECODE_POINTER("namespaceSelector", struct pod_term, namespace_selector, &label_query_spec),
	DECODE_STRINGS("namespaces", struct pod_term, namespaces, n_namespaces),
};
static const struct pod_term term_initial = {.topology_key = ""};
static const struct decode_spec term_spec = DECODE_SPEC(struct pod_term, term_rows, .initial = &term_initial);

static const struct decode_row preference_rows[] = {
	DECODE_INT32("weight", struct pod_preference, weight),
	DECODE_STRUCT("podAffinityTerm", struct pod_preference, term, &term_spec),
};
static const struct pod_preference preference_initial = {.term.topology_key = ""};
static const struct decode_spec preference_spec =
	DECODE_SPEC(struct pod_preference, preference_rows, .initial = &preference_initial);

#define REQUIRED "requiredDuringSchedulingIgnoredDuringExecution"
#define PREFERRED "preferredDuringSchedulingIgnoredDuringExecution"
static const struct decode_row affinity_rows[] = {
	DECODE_ARRAY("podAffinity." REQUIRED, struct pod_affinity, required, n_required, &term_spec),
	DECODE_ARRAY("podAffinity." PREFERRED, struct pod_affinity, preferred, n_preferred, &preference_spec),
	DECODE_ARRAY("podAntiAffinity." REQUIRED, struct pod_affinity, required_anti, n_required_anti,
		     &term_spec),
	DECODE_ARRAY("podAntiAffinity." PREFERRED, struct pod_affinity, preferred_anti, n_preferred_anti,
		     &preference_spec),
};
const struct decode_spec pod_affinity_spec = DECODE_SPEC(struct pod_affinity, affinity_rows);

bool pod_affinity_term_in(const struct pod_term *t, const char *own, const char *namespace,
			  const struct labels *namespace_labels)
{
	if (!t->n_namespaces && !t->namespace_selector)
		return !strcmp(own, namespace);
	for (size_t i = 0; i < t->n_namespaces; i++)
		if (!strcmp(t->namespaces[i], namespace))
			return true;
	return label_query_matches(t->namespace_selector, namespace_labels);
}

static const char *const actions[] = {
	[SPREAD_DO_NOT_SCHEDULE] = "DoNotSchedule", [SPREAD_SCHEDULE_ANYWAY] = "ScheduleAnyway"};
static const char *const policies[] = {[SPREAD_HONOR] = "Honor", [SPREAD_IGNORE] = "Ignore"};
static const struct decode_row spread_rows[] = {
	DECODE_INT32("maxSkew", struct pod_spread, max_skew),
	DECODE_INT32("minDomains", struct pod_spread, min_domains),
	DECODE_STRING("topologyKey", struct pod_spread, topology_key),
	DECODE_ENUM("whenUnsatisfiable", struct pod_spread, action, actions),
	DECODE_POINTER("labelSelector", struct pod_spread, selector, &label_query_spec),
	DECODE_ENUM("nodeAffinityPolicy", struct pod_spread, affinity_policy, policies),
	DECODE_ENUM("nodeTaintsPolicy", struct pod_spread, taints_policy, policies),
	DECODE_STRINGS("matchLabelKeys", struct pod_spread, label_keys, n_label_keys),
};
static const struct pod_spread spread_initial = {
	.max_skew = 1, .min_domains = 1, .topology_key = "", .taints_policy = SPREAD_IGNORE};
const struct decode_spec pod_spread_spec =
	DECODE_SPEC(struct pod_spread, spread_rows, .initial = &spread_initial);
