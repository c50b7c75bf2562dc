/* SPDX-License-Identifier: Apache-2.0 */
/* What is said about the strategies of rolling updates (kubernetes/kubernetes pkg/apis/apps/validation). Pure, any thread. */
#ifndef KINDS_APPS_ROLLING_H
#define KINDS_APPS_ROLLING_H

#include "kinds/strategy.h"

/* How upstream's internal struct of a strategy is shown: the names of its fields in Go, in JSON, and what stands for an
   absent one. */
struct rolling_name {
	const char *go, *json;
	bool null; /* a pointer; else 0 */
};
extern const struct rolling_name rolling_of_deployments[], rolling_of_statefulsets[];
/* `{"Type":…,"RollingUpdate":…}`, and the second part alone. */
js *rolling_shown(const js *strategy, const struct rolling_name *names) MUST_CHECK;
js *rolling_shown_update(const js *rolling, const struct rolling_name *names) MUST_CHECK;
/* Upstream names all of the strategy, not the type alone. */
void rolling_unknown(const js *strategy, const char *path, const struct rolling_name *names,
		     const char *const *supported, struct field_errors *errs);

#endif
