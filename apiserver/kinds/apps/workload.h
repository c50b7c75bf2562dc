/* SPDX-License-Identifier: Apache-2.0 */
/* What Deployments, ReplicaSets, DaemonSets and StatefulSets have in common: a selector, the Pod template it must match, and numbers of Pods. */
#ifndef KINDS_APPS_WORKLOAD_H
#define KINDS_APPS_WORKLOAD_H

#include "kinds/strategy.h"

void workload_default(js *o); /* the template's defaults */
/* Of the template unless nothing has changed; workload_warn also of the name when it is new. */
void workload_warn(const struct strategy_ctx *ctx, const js *new, const js *old);
void workload_warn_template(const struct strategy_ctx *ctx, const js *new, const js *old);

/* How a kind's complaints are worded. */
struct workload_words {
	const char *empty; /* a selector that selects everything */
	const char *bad;   /* one that is none; NULL: nothing more is said */
	const char *deadline;
	bool unread; /* upstream does not look at the template beside a bad selector */
};
extern const struct workload_words workload_of_deployments;
/* Selector and template, and that the one selects the other. */
void workload_validate(const js *o, const struct workload_words *w, struct field_errors *errs);
/* Without what is in the template beside its labels. */
bool workload_validate_selector(const js *o, const struct workload_words *w, struct field_errors *errs);
/* What no template of theirs may say. */
void workload_validate_lasting(const js *o, const struct workload_words *w, struct field_errors *errs);

/* No number of Pods is greater than what it is a part of; `count`: the kind's own one. */
void workload_validate_status(const js *o, const char *count, struct field_errors *errs);
struct workload_rule {
	const char *less, *more, *detail;
};
void workload_validate_counts(const js *o, const struct workload_rule *rules, size_t n,
			      struct field_errors *errs);
void workload_validate_collisions(const js *new, const js *old, struct field_errors *errs); /* never fewer */

#endif
