/* SPDX-License-Identifier: Apache-2.0 */
#include "pressure/threshold.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/flags.h"
#include "base/mem.h"
#include "object/quantity.h"

const char *const threshold_signal_names[PRESSURE_SIGNALS] = {
	[PRESSURE_MEMORY] = "memory.available",
	[PRESSURE_ALLOCATABLE_MEMORY] = "allocatableMemory.available",
	[PRESSURE_NODEFS] = "nodefs.available",
	[PRESSURE_NODEFS_INODES] = "nodefs.inodesFree",
	[PRESSURE_IMAGEFS] = "imagefs.available",
	[PRESSURE_IMAGEFS_INODES] = "imagefs.inodesFree",
	[PRESSURE_PID] = "pid.available",
};
/* Containers write where images lie: their own thresholds are ignored, as upstream's are. */
static const char *const ignored_signals[] = {"containerfs.available", "containerfs.inodesFree"};

int64_t threshold_quantity(const struct threshold_amount *a, int64_t capacity)
{
	return a->percent ? (int64_t)((double)capacity * a->share) : a->value;
}

/* ---- one statement: SIGNAL<VALUE or SIGNAL=VALUE ---- */

struct statement {
	int signal; /* -1: ignored */
	const char *name, *value;
};

static int find_signal(const char *name, int *ret, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(ignored_signals); i++)
		if (!strcmp(name, ignored_signals[i])) {
			*ret = -1;
			return 0;
		}
	for (int i = 0; i < PRESSURE_SIGNALS; i++)
		if (!strcmp(name, threshold_signal_names[i])) {
			*ret = i;
			return 0;
		}
	return err_set(err, REASON_INVALID, "unsupported eviction signal %s", name);
}

/* fn for each statement of a list; the text is not kept. */
static int each(const char *text, char between,
		int (*fn)(struct thresholds *t, const struct statement *s, struct err *err),
		struct thresholds *t, struct err *err)
{
	autofree char *copy = mem_strdup(text ? text : "");
	char *save = NULL;
	for (char *item = strtok_r(copy, ",", &save); item; item = strtok_r(NULL, ",", &save)) {
		char *at = strchr(item, between);
		struct statement s = {.name = item};
		if (!at)
			return err_set(err, REASON_INVALID,
				       "invalid eviction statement \"%s\": must be SIGNAL%cVALUE", item,
				       between);
		*at = '\0';
		s.value = at + 1;
		if (find_signal(s.name, &s.signal, err) < 0 || (s.signal >= 0 && fn(t, &s, err) < 0))
			return -1;
	}
	return 0;
}

static int percent(const struct statement *s, struct threshold_amount *ret, struct err *err)
{
	char *end;
	errno = 0;
	double v = strtod(s->value, &end);
	if (end == s->value || strcmp(end, "%") != 0 || errno || isnan(v))
		return err_set(err, REASON_INVALID, "invalid percentage of %s: %s", s->name, s->value);
	if (v < 0)
		return err_set(err, REASON_INVALID, "eviction percentage threshold %s must be >= 0%%: %s",
			       s->name, s->value);
	if (v > 100)
		return err_set(err, REASON_INVALID, "eviction percentage threshold %s must be <= 100%%: %s",
			       s->name, s->value);
	*ret = (struct threshold_amount){.percent = true, .share = v / 100};
	return 0;
}

static int amount(const struct statement *s, struct threshold_amount *ret, struct err *err)
{
	struct quantity q;
	if (strchr(s->value, '%'))
		return percent(s, ret, err);
	if (quantity_parse(s->value, &q, err) < 0)
		return -1;
	*ret = (struct threshold_amount){.value = quantity_value(&q)};
	return 0;
}

static struct threshold *find(struct thresholds *t, int signal, bool hard)
{
	for (size_t i = 0; i < t->n; i++)
		if ((int)t->v[i].signal == signal && (t->v[i].grace_ns == 0) == hard)
			return &t->v[i];
	return NULL;
}

static int add(struct thresholds *t, const struct statement *s, bool hard, struct err *err)
{
	struct threshold_amount a;
	/* These switch a threshold off. */
	if (!strcmp(s->value, "0%") || !strcmp(s->value, "100%"))
		return 0;
	if (amount(s, &a, err) < 0)
		return -1;
	if (!a.percent && a.value <= 0)
		return err_set(err, REASON_INVALID, "eviction threshold %s must be positive: %s", s->name,
			       s->value);
	if (find(t, s->signal, hard))
		return err_set(err, REASON_INVALID, "duplicate eviction threshold for %s", s->name);
	t->v[t->n++] = (struct threshold){
		.signal = (enum pressure_signal)s->signal, .value = a, .grace_ns = hard ? 0 : -1};
	return 0;
}

static int add_hard(struct thresholds *t, const struct statement *s, struct err *err)
{
	return add(t, s, true, err);
}

static int add_soft(struct thresholds *t, const struct statement *s, struct err *err)
{
	return add(t, s, false, err);
}

static int set_grace(struct thresholds *t, const struct statement *s, struct err *err)
{
	struct threshold *soft = find(t, s->signal, false);
	int64_t ns;
	if (flags_duration(s->value, &ns, err) < 0)
		return -1;
	if (ns < 0)
		return err_set(err, REASON_INVALID,
			       "invalid eviction grace period specified: %s, must be a positive value",
			       s->value);
	if (soft)
		soft->grace_ns = ns;
	return 0;
}

static int set_reclaim(struct thresholds *t, const struct statement *s, struct err *err)
{
	struct threshold_amount a;
	if (amount(s, &a, err) < 0)
		return -1;
	if (a.percent ? a.share <= 0 : a.value < 0)
		return err_set(err, REASON_INVALID, "negative eviction minimum reclaim specified for %s",
			       s->name);
	for (size_t i = 0; i < t->n; i++)
		if ((int)t->v[i].signal == s->signal)
			t->v[i].reclaim = a;
	return 0;
}

/* What the flag leaves out; a threshold that it switches off was said. */
static int add_missing(struct thresholds *t, const char *said, struct err *err)
{
	struct thresholds all = {0};
	if (each(THRESHOLD_DEFAULT_HARD, '<', add_hard, &all, err) < 0)
		return -1;
	for (size_t i = 0; i < all.n; i++) {
		autofree char *begin = mem_printf("%s<", threshold_signal_names[all.v[i].signal]);
		if (!strstr(said, begin))
			t->v[t->n++] = all.v[i];
	}
	return 0;
}

int threshold_parse(const struct threshold_config *c, struct thresholds *ret, struct err *err)
{
	const char *hard = c->hard ? c->hard : THRESHOLD_DEFAULT_HARD;
	*ret = (struct thresholds){0};
	if (each(hard, '<', add_hard, ret, err) < 0)
		return -1;
	if (c->merge_defaults && add_missing(ret, hard, err) < 0)
		return -1;
	if (each(c->soft, '<', add_soft, ret, err) < 0 || each(c->grace, '=', set_grace, ret, err) < 0 ||
	    each(c->reclaim, '=', set_reclaim, ret, err) < 0)
		return -1;
	for (size_t i = 0; i < ret->n; i++)
		if (ret->v[i].grace_ns < 0)
			return err_set(err, REASON_INVALID,
				       "grace period must be specified for the soft eviction threshold %s",
				       threshold_signal_names[ret->v[i].signal]);
	const struct threshold *memory = threshold_hard(ret, PRESSURE_MEMORY);
	if (c->enforce_pods && memory && !threshold_hard(ret, PRESSURE_ALLOCATABLE_MEMORY)) {
		ret->v[ret->n] = *memory;
		ret->v[ret->n++].signal = PRESSURE_ALLOCATABLE_MEMORY;
	}
	return 0;
}

const struct threshold *threshold_hard(const struct thresholds *t, enum pressure_signal s)
{
	return find((struct thresholds *)t, (int)s, true);
}
