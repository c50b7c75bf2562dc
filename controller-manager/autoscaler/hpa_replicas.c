/* SPDX-License-Identifier: Apache-2.0 */
/* See hpa_replicas.h. */
#include "autoscaler/hpa_replicas.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/map.h"
#include "base/mem.h"

/* One sample that counts, or one that is made up for a Pod. */
struct hpa_entry {
	int64_t milli;
	const struct hpa_pod *pod; /* NULL: of no Pod that is known */
	int64_t request;	   /* of a known Pod, where it is asked for */
};
struct hpa_calculation {
	const struct hpa_question *q;
	struct hpa_entry *v; /* room for every sample and every Pod */
	size_t n, ready;
	const struct hpa_pod **unready, **missing;
	size_t n_unready, n_missing;
};
/* A way to measure: what the entries come to against the target, and what a Pod without a sample is taken for when
   there are too many. */
struct hpa_measure_row {
	int (*ratio)(const struct hpa_calculation *c, double *ret, struct hpa_answer *a, struct err *err);
	int64_t (*fallback)(const struct hpa_question *q, int64_t request);
	bool requests;
};

static bool within(const struct hpa_question *q, double ratio)
{
	return 1.0 - q->tolerance <= ratio && ratio <= 1.0 + q->tolerance;
}

static int32_t round_up(double v)
{
	v = ceil(v);
	return v >= (double)INT32_MAX ? INT32_MAX : v <= (double)INT32_MIN ? INT32_MIN : (int32_t)v;
}

static int64_t saturated(__int128 v)
{
	return v > INT64_MAX ? INT64_MAX : v < INT64_MIN ? INT64_MIN : (int64_t)v;
}

/* ---- which Pods count ---- */

/* Of the CPU alone: what a container burns while it starts says nothing. */
static bool is_starting(const struct hpa_question *q, const struct hpa_pod *p, const struct hpa_sample *s)
{
	const struct object_condition *ready = &p->ready;

	if (ready->status == CONDITION_ABSENT || !p->start_ns)
		return true;
	if (p->start_ns + q->cpu_initialization_ns > q->now_ns)
		return ready->status == CONDITION_FALSE || s->at_ns < ready->since_ns + s->window_ns;
	return ready->status == CONDITION_FALSE && p->start_ns + q->initial_readiness_ns > ready->since_ns;
}

static void add_entry(struct hpa_calculation *c, const struct hpa_pod *p, int64_t milli)
{
	c->v[c->n++] = (struct hpa_entry){.milli = milli, .pod = p};
}

static void sort_pod(struct hpa_calculation *c, const struct hpa_pod *p, const struct hpa_sample *s)
{
	if (p->deleted_ns || p->phase == PHASE_FAILED)
		return;
	if (p->phase == PHASE_PENDING) {
		c->unready[c->n_unready++] = p;
	} else if (!s) {
		c->missing[c->n_missing++] = p;
	} else if (!strcmp(c->q->resource, "cpu") && is_starting(c->q, p, s)) {
		c->unready[c->n_unready++] = p;
	} else {
		c->ready++;
		add_entry(c, p, s->milli);
	}
}

/* Samples of Pods that are not known stay, as upstream's do. */
static void sort_pods(struct hpa_calculation *c, const struct hpa_sample *samples, size_t n)
{
	automap struct map by_name = MAP_INIT;

	for (size_t i = 0; i < n; i++)
		(void)map_set(&by_name, samples[i].pod, (void *)&samples[i]);
	for (size_t i = 0; i < c->q->pods->n; i++) {
		const struct hpa_pod *p = c->q->pods->v[i];

		sort_pod(c, p, map_del(&by_name, p->name));
	}
	for (struct map_iter it = {0}; map_next(&by_name, &it);)
		add_entry(c, NULL, ((const struct hpa_sample *)it.value)->milli);
}

/* ---- measures ---- */

static int utilization_ratio(const struct hpa_calculation *c, double *ret, struct hpa_answer *a,
			     struct err *err)
{
	__int128 total = 0, requested = 0, n = 0;

	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].pod) {
			total += c->v[i].milli;
			requested += c->v[i].request;
			n++;
		}
	if (requested == 0)
		return err_set(err, REASON_INVALID, "no metrics returned matched known pods");
	__int128 percent = total * 100 / requested;

	a->utilization = percent > INT32_MAX ? INT32_MAX : (int32_t)percent;
	a->usage = saturated(total / n);
	*ret = (double)a->utilization / (double)c->q->target;
	return 0;
}

static int64_t fallback_utilization(const struct hpa_question *q, int64_t request)
{
	int64_t percent = q->target > 100 ? q->target : 100;

	return saturated((__int128)request * percent / 100);
}

static int usage_ratio(const struct hpa_calculation *c, double *ret, struct hpa_answer *a, struct err *err)
{
	__int128 total = 0;

	for (size_t i = 0; i < c->n; i++)
		total += c->v[i].milli;
	a->usage = saturated(total / (__int128)c->n);
	*ret = (double)a->usage / (double)c->q->target;
	return 0;
}

static int64_t fallback_usage(const struct hpa_question *q, int64_t request)
{
	return q->target;
}

static const struct hpa_measure_row utilization = {utilization_ratio, fallback_utilization, true},
				    usage = {usage_ratio, fallback_usage, false};

/* Every Pod must say what it asks for, also those that do not count. */
static int find_requests(struct hpa_calculation *c, struct err *err)
{
	const struct hpa_question *q = c->q;
	int64_t ignored;

	for (size_t i = 0; i < q->pods->n; i++)
		if (hpa_pods_request(q->pods->v[i], q->container, q->resource, &ignored, err) < 0)
			return -1;
	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].pod &&
		    hpa_pods_request(c->v[i].pod, q->container, q->resource, &c->v[i].request, err) < 0)
			return -1;
	return 0;
}

/* ---- the answer ---- */

static int make_up(struct hpa_calculation *c, const struct hpa_measure_row *m, double ratio, struct err *err)
{
	size_t n_missing = ratio != 1.0 ? c->n_missing : 0, n_unready = ratio > 1.0 ? c->n_unready : 0;

	for (size_t i = 0; i < n_missing + n_unready; i++) {
		const struct hpa_pod *p = i < n_missing ? c->missing[i] : c->unready[i - n_missing];
		int64_t request = 0;

		if (m->requests && hpa_pods_request(p, c->q->container, c->q->resource, &request, err) < 0)
			return -1;
		add_entry(c, p, i < n_missing && ratio < 1.0 ? m->fallback(c->q, request) : 0);
		c->v[c->n - 1].request = request;
	}
	return 0;
}

static int decide(struct hpa_calculation *c, const struct hpa_measure_row *m, struct hpa_answer *ret,
		  struct err *err)
{
	const struct hpa_question *q = c->q;
	struct hpa_answer again;
	double ratio, second;

	if (m->ratio(c, &ratio, ret, err) < 0)
		return -1;
	ret->replicas = q->current;
	if (!(c->n_unready && ratio > 1.0) && !c->n_missing) {
		if (!within(q, ratio))
			ret->replicas = round_up(ratio * (double)c->ready);
		return 0;
	}
	if (make_up(c, m, ratio, err) < 0 || m->ratio(c, &second, &again, err) < 0)
		return -1;
	if (within(q, second) || (ratio < 1.0 && second > 1.0) || (ratio > 1.0 && second < 1.0))
		return 0;
	int32_t replicas = round_up(second * (double)c->n);

	if (!((second < 1.0 && replicas > q->current) || (second > 1.0 && replicas < q->current)))
		ret->replicas = replicas;
	return 0;
}

static int calculate(const struct hpa_question *q, const struct hpa_sample *samples, size_t n,
		     const struct hpa_measure_row *m, struct hpa_answer *ret, struct err *err)
{
	size_t pods = q->pods->n;
	autofree struct hpa_entry *entries = mem_array(n + pods + 1, sizeof(*entries));
	autofree const struct hpa_pod **unready = mem_array(pods + 1, sizeof(void *)),
				      **missing = mem_array(pods + 1, sizeof(void *));
	struct hpa_calculation c = {.q = q, .v = entries, .unready = unready, .missing = missing};

	if (!pods)
		return err_set(err, REASON_NOT_FOUND,
			       "no pods returned by selector while calculating replica count");
	sort_pods(&c, samples, n);
	if (!c.n)
		return err_set(err, REASON_NOT_FOUND,
			       "did not receive metrics for targeted pods (pods might be unready)");
	if (m->requests && find_requests(&c, err) < 0)
		return -1;
	return decide(&c, m, ret, err);
}

int hpa_replicas_of_utilization(const struct hpa_question *q, const struct hpa_sample *samples, size_t n,
				struct hpa_answer *ret, struct err *err)
{
	return calculate(q, samples, n, &utilization, ret, err);
}

int hpa_replicas_of_usage(const struct hpa_question *q, const struct hpa_sample *samples, size_t n,
			  struct hpa_answer *ret, struct err *err)
{
	return calculate(q, samples, n, &usage, ret, err);
}

int hpa_replicas_of_total(const struct hpa_question *q, int64_t amount, struct hpa_answer *ret,
			  struct err *err)
{
	double ratio = (double)amount / (double)q->target;
	size_t ready = 0;

	*ret = (struct hpa_answer){.replicas = q->current, .usage = amount};
	if (q->current == 0) { /* from nothing to as many as it takes */
		ret->replicas = round_up(ratio);
		return 0;
	}
	if (within(q, ratio))
		return 0;
	if (!q->pods->n)
		return err_set(
			err, REASON_NOT_FOUND,
			"unable to calculate ready pods: no pods returned by selector while calculating replica count");
	for (size_t i = 0; i < q->pods->n; i++)
		ready += q->pods->v[i]->phase == PHASE_RUNNING &&
			 q->pods->v[i]->ready.status == CONDITION_TRUE;
	ret->replicas = round_up(ratio * (double)ready);
	return 0;
}

void hpa_replicas_of_share(const struct hpa_question *q, int64_t amount, struct hpa_answer *ret)
{
	double ratio = (double)amount / ((double)q->target * (double)q->current), share;

	*ret = (struct hpa_answer){.replicas = q->current};
	if (!within(q, ratio))
		ret->replicas = round_up((double)amount / (double)q->target);
	share = q->current ? ceil((double)amount / (double)q->current) : (double)amount;
	ret->usage = share >= (double)INT64_MAX ? INT64_MAX : (int64_t)share;
}
