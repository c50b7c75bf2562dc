/* SPDX-License-Identifier: Apache-2.0 */
/* See hpa_scaling.h. */
#include "autoscaler/hpa_scaling.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/mem.h"

#define MOMENTS_MAX 4096 /* of one kind: four hours of syncs; the window is an hour at most */
#define UP_FACTOR 2.0	 /* without a behavior */
#define UP_LEAST 4.0

/* ---- what is remembered ---- */

/* In the place of one that is too old to be asked for, if there is one: the newest of them, as upstream does. */
static void remember(struct hpa_moments *all, int32_t n, int64_t now_ns, int64_t too_old_ns)
{
	size_t at = all->n;

	for (size_t i = 0; i < all->n; i++)
		if (all->v[i].at_ns < too_old_ns)
			at = i;
	if (at == all->n && all->n == MOMENTS_MAX) {
		at = 0;
		for (size_t i = 1; i < all->n; i++)
			if (all->v[i].at_ns < all->v[at].at_ns)
				at = i;
	}
	if (at == all->n)
		all->v = mem_realloc_array(all->v, ++all->n, sizeof(*all->v));
	all->v[at] = (struct hpa_moment){n, now_ns};
}

static int64_t changed_since(const struct hpa_moments *all, int64_t since_ns)
{
	int64_t sum = 0;

	for (size_t i = 0; i < all->n; i++)
		if (all->v[i].at_ns > since_ns)
			sum += all->v[i].n;
	return sum;
}

void hpa_scaling_begin(struct hpa_memory *m, int32_t current, int64_t now_ns)
{
	if (!m->recommended.n)
		remember(&m->recommended, current, now_ns, INT64_MIN);
}

void hpa_scaling_forget(struct hpa_memory *m)
{
	free(m->recommended.v);
	free(m->ups.v);
	free(m->downs.v);
	*m = (struct hpa_memory){0};
}

static int32_t longest_period(const struct hpa_rules *r)
{
	int32_t longest = 0;

	for (size_t i = 0; i < r->n; i++)
		if (r->policies[i].period_s > longest)
			longest = r->policies[i].period_s;
	return longest;
}

void hpa_scaling_done(struct hpa_memory *m, const struct hpa_step *s, int32_t replicas)
{
	bool up = replicas > s->current;
	const struct hpa_rules *r = up ? s->up : s->down;

	if (r)
		remember(up ? &m->ups : &m->downs, up ? replicas - s->current : s->current - replicas,
			 s->now_ns, s->now_ns - longest_period(r) * NS_PER_S);
}

/* ---- rules ---- */

void hpa_scaling_read(struct hpa_rules *rules, const js *from, int32_t window_s)
{
	const char *select = js_str0(from, "selectPolicy", NULL);
	const js *policies = js_arr(from, "policies", NULL);

	*rules = (struct hpa_rules){
		.window_s = (int32_t)js_int(from, window_s, "stabilizationWindowSeconds", NULL),
		.select = !strcmp(select, "Disabled") ? HPA_SELECT_DISABLED
			  : !strcmp(select, "Min")    ? HPA_SELECT_MIN
						      : HPA_SELECT_MAX,
		.policies = mem_array(js_len(policies) + 1, sizeof(struct hpa_policy))};
	js_array_for_each (p, policies)
		rules->policies[rules->n++] =
			(struct hpa_policy){.percent = !strcmp(js_str0(p, "type", NULL), "Percent"),
					    .value = (int32_t)js_int(p, 0, "value", NULL),
					    .period_s = (int32_t)js_int(p, 0, "periodSeconds", NULL)};
}

static int32_t bounded(double v)
{
	return v >= (double)INT32_MAX ? INT32_MAX : v <= (double)INT32_MIN ? INT32_MIN : (int32_t)v;
}

/* How many there may be when all that a policy allows has been used; sign: 1 up, -1 down. */
static int32_t allowed(const struct hpa_memory *m, const struct hpa_step *s, const struct hpa_policy *p,
		       int sign)
{
	int64_t since = s->now_ns - p->period_s * NS_PER_S;
	double start = (double)(s->current - changed_since(&m->ups, since) + changed_since(&m->downs, since));

	if (!p->percent)
		return bounded(start + sign * (double)p->value);
	start *= 1 + sign * (double)p->value / 100;
	return bounded(sign > 0 ? ceil(start) : trunc(start)); /* up at least by one */
}

/* The policy that changes most decides, or the one that changes least. */
static int32_t limit(const struct hpa_memory *m, const struct hpa_step *s, const struct hpa_rules *r,
		     int sign)
{
	bool highest = (r->select == HPA_SELECT_MAX) == (sign > 0);
	int32_t result = highest ? INT32_MIN : INT32_MAX;

	if (r->select == HPA_SELECT_DISABLED)
		return s->current;
	for (size_t i = 0; i < r->n; i++) {
		int32_t one = allowed(m, s, &r->policies[i], sign);

		if (highest ? one > result : one < result)
			result = one;
	}
	return sign * (int64_t)result < sign * (int64_t)s->current ? s->current : result;
}

/* ---- what limits ---- */

enum reach { WITHIN_RANGE, UP_LIMIT, TOO_MANY, DOWN_LIMIT, TOO_FEW };
static const struct {
	const char *reason, *message;
} reaches[] = {
	[WITHIN_RANGE] = {"DesiredWithinRange", "the desired count is within the acceptable range"},
	[UP_LIMIT] = {"ScaleUpLimit",
		      "the desired replica count is increasing faster than the maximum scale rate"},
	[TOO_MANY] = {"TooManyReplicas", "the desired replica count is more than the maximum replica count"},
	[DOWN_LIMIT] = {"ScaleDownLimit",
			"the desired replica count is decreasing faster than the maximum scale rate"},
	[TOO_FEW] = {"TooFewReplicas", "the desired replica count is less than the minimum replica count"},
};

static void cut(struct hpa_verdict *v, int32_t desired, int32_t to, enum reach reach)
{
	bool cuts = reach == UP_LIMIT || reach == TOO_MANY ? desired > to : desired < to;

	if (!cuts)
		reach = WITHIN_RANGE;
	v->replicas = cuts ? to : desired;
	v->limited = v->replicas != desired;
	v->limit_reason = reaches[reach].reason;
	v->limit_message = reaches[reach].message;
}

static void cut_up(struct hpa_verdict *v, const struct hpa_step *s, int32_t desired, int32_t most)
{
	if (s->max > most)
		cut(v, desired, most, UP_LIMIT);
	else
		cut(v, desired, s->max, TOO_MANY);
}

static void cut_by_rules(const struct hpa_memory *m, const struct hpa_step *s, int32_t desired,
			 struct hpa_verdict *v)
{
	if (desired > s->current) {
		cut_up(v, s, desired, limit(m, s, s->up, 1));
	} else if (desired < s->current) {
		int32_t least = limit(m, s, s->down, -1);

		if (s->min < least)
			cut(v, desired, least, DOWN_LIMIT);
		else
			cut(v, desired, s->min, TOO_FEW);
	} else {
		cut(v, desired, desired, WITHIN_RANGE);
	}
}

static void cut_plainly(const struct hpa_step *s, int32_t desired, struct hpa_verdict *v)
{
	double most = fmax(UP_FACTOR * (double)s->current, UP_LEAST);

	if (desired < s->min)
		cut(v, desired, s->min, TOO_FEW);
	else
		cut_up(v, s, desired, bounded(most));
}

/* ---- what stabilises ---- */

static const char up_stable[] =
	"recent recommendations were lower than current one, applying the lowest recent recommendation";
static const char down_stable[] =
	"recent recommendations were higher than current one, applying the highest recent recommendation";

static void tell_able(struct hpa_verdict *v, const struct hpa_step *s, int32_t stable)
{
	bool up = s->up && s->desired >= s->current;

	if (stable == s->desired) {
		v->able_reason = "ReadyForNewScale";
		v->able_message = "recommended size matches current size";
	} else {
		v->able_reason = up ? "ScaleUpStabilized" : "ScaleDownStabilized";
		v->able_message = up ? up_stable : down_stable;
	}
}

/* The highest of the window. */
static int32_t stable_plainly(struct hpa_memory *m, const struct hpa_step *s)
{
	int64_t since = s->now_ns - s->down_window_ns;
	int32_t most = s->desired;

	for (size_t i = 0; i < m->recommended.n; i++)
		if (m->recommended.v[i].at_ns >= since && m->recommended.v[i].n > most)
			most = m->recommended.v[i].n;
	remember(&m->recommended, s->desired, s->now_ns, since);
	return most;
}

/* What there is moves no further up than the lowest of one window, no further down than the highest of the other. */
static int32_t stable_by_rules(struct hpa_memory *m, const struct hpa_step *s)
{
	int64_t up_since = s->now_ns - s->up->window_s * NS_PER_S,
		down_since = s->now_ns - s->down->window_s * NS_PER_S;
	int32_t least = s->desired, most = least, ret = s->current;

	for (size_t i = 0; i < m->recommended.n; i++) {
		const struct hpa_moment *r = &m->recommended.v[i];

		if (r->at_ns > up_since && r->n < least)
			least = r->n;
		if (r->at_ns > down_since && r->n > most)
			most = r->n;
	}
	remember(&m->recommended, s->desired, s->now_ns, up_since < down_since ? up_since : down_since);
	if (ret < least)
		ret = least;
	return ret > most ? most : ret;
}

void hpa_scaling_step(struct hpa_memory *m, const struct hpa_step *s, struct hpa_verdict *ret)
{
	int32_t stable = s->up ? stable_by_rules(m, s) : stable_plainly(m, s);

	tell_able(ret, s, stable);
	if (s->up)
		cut_by_rules(m, s, stable, ret);
	else
		cut_plainly(s, stable, ret);
}
