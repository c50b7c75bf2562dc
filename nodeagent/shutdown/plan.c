/* SPDX-License-Identifier: Apache-2.0 */
#include "shutdown/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/faults.h"
#include "base/gate.h"
#include "base/mem.h"

#define CRITICAL_PRIORITY 2000000000
#define SECONDS_MAX (INT64_MAX / NS_PER_S / PLAN_GROUPS_MAX) /* a sum of them is a time */

#define WRONG "invalid configuration: "

static void check_gates(const struct plan_config *c, struct faults *f)
{
	if ((c->grace_ns > 0 || c->critical_ns > 0) && !gate_enabled(GATE_GracefulNodeShutdown))
		faults_add(
			f, WRONG
			"specifying shutdownGracePeriod or shutdownGracePeriodCriticalPods requires feature gate GracefulNodeShutdown");
	if (c->by_priority && *c->by_priority && !gate_enabled(GATE_GracefulNodeShutdownBasedOnPodPriority))
		faults_add(
			f, WRONG
			"Specifying shutdownGracePeriodByPodPriority requires feature gate GracefulNodeShutdownBasedOnPodPriority");
}

/* As upstream's validation has it, all of it is told. */
static int check_periods(const struct plan_config *c, struct err *err)
{
	autofaults struct faults f = {.n = 0};
	const struct {
		const char *name;
		int64_t ns;
	} rows[] = {{"shutdownGracePeriod", c->grace_ns},
		    {"shutdownGracePeriodCriticalPods", c->critical_ns}};
	if (c->critical_ns > c->grace_ns)
		faults_add(&f, WRONG "shutdownGracePeriodCriticalPods must be <= shutdownGracePeriod");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].ns < 0 || (rows[i].ns > 0 && rows[i].ns < NS_PER_S))
			faults_add(&f, WRONG "%s must be either zero or otherwise >= 1 sec", rows[i].name);
	if (c->by_priority && *c->by_priority && (c->grace_ns > 0 || c->critical_ns > 0))
		faults_add(
			&f, WRONG
			"Cannot specify both shutdownGracePeriodByPodPriority and shutdownGracePeriod at the same time");
	check_gates(c, &f);
	return faults_end(&f, REASON_INVALID, "", false, err);
}

static bool number(const char **p, char end, int64_t min, int64_t max, int64_t *ret)
{
	char *rest;
	errno = 0;
	*ret = strtoll(*p, &rest, 10);
	bool good = rest != *p && !errno && *ret >= min && *ret <= max &&
		    (*rest == end || (!*rest && end == ','));
	*p = rest + (*rest == end);
	return good;
}

static int read_groups(struct plan *p, const char *text, struct err *err)
{
	while (*text) {
		struct plan_group g;
		if (p->n == PLAN_GROUPS_MAX)
			return err_set(
				err, REASON_INVALID,
				"invalid configuration: shutdownGracePeriodByPodPriority has more than %d entries",
				PLAN_GROUPS_MAX);
		if (!number(&text, ':', INT32_MIN, INT32_MAX, &g.priority) ||
		    !number(&text, ',', 0, SECONDS_MAX, &g.seconds))
			return err_set(
				err, REASON_INVALID,
				"invalid configuration: shutdownGracePeriodByPodPriority wants PRIORITY:SECONDS,…");
		p->v[p->n++] = g;
	}
	return 0;
}

static int by_priority(const void *a, const void *b)
{
	const struct plan_group *x = a, *y = b;
	return (x->priority > y->priority) - (x->priority < y->priority);
}

int plan_make(struct plan *ret, const struct plan_config *c, struct err *err)
{
	ret->n = 0;
	if (check_periods(c, err) < 0)
		return -1;
	if (!gate_enabled(GATE_GracefulNodeShutdown)) /* by priority neither */
		return 0;
	if (c->by_priority && read_groups(ret, c->by_priority, err) < 0)
		return -1;
	if (!ret->n && c->grace_ns) {
		ret->v[0] = (struct plan_group){0, (c->grace_ns - c->critical_ns) / NS_PER_S};
		ret->v[1] = (struct plan_group){CRITICAL_PRIORITY, c->critical_ns / NS_PER_S};
		ret->n = 2;
	}
	qsort(ret->v, ret->n, sizeof(*ret->v), by_priority);
	return 0;
}

/* Of several with one priority the first is meant. */
size_t plan_find(const struct plan *p, int64_t priority)
{
	size_t i = 0;
	while (i < p->n && p->v[i].priority < priority)
		i++;
	return i && (i == p->n || p->v[i].priority > priority) ? i - 1 : i;
}

int64_t plan_grace_s(const struct plan_group *g, int64_t own_s)
{
	return own_s < g->seconds ? own_s : g->seconds;
}

int64_t plan_total_s(const struct plan *p)
{
	int64_t sum = 0;
	for (size_t i = 0; i < p->n; i++)
		sum += p->v[i].seconds;
	return sum;
}
