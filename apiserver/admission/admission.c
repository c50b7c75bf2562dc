/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chain as a table, in upstream's order of plugins (kubernetes/kubernetes
 * pkg/kubeapiserver/options/plugins.go). Which rows concern a kind is worked out once, so a write looks at its
 * own rows only; kinds that come later are matched by name.
 *
 * A phase is a cursor over these rows. It stays where it is when a row says «later», and admission_run goes on
 * from there.
 */
#include "admission/admission.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "admission/admission_metrics.h"
#include "admission/plugins.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"

#define ROWS_MAX ADMISSION_ROWS_MAX
#define LANE_THREADS 8
#define LANE_QUEUE 256
#define FRESH_WAIT_NS (10 * NS_PER_S)

#define ALL_WRITES (ADMIT_CREATE | ADMIT_UPDATE | ADMIT_DELETE)
const struct admission_row admission_builtin[] = {
	{"NamespaceLifecycle", "*", "*", "*", ALL_WRITES, admit_namespace_lifecycle, NULL},
	{"CustomResourceDefinition", "*", "*", "", ADMIT_CREATE, admit_custom_resource, NULL},
	{"ServiceAccount", "", "Pod", "", ADMIT_CREATE, admit_service_account, NULL},
	{"TaintNodesByCondition", "", "Node", "", ADMIT_CREATE, admit_node_taint, NULL},
	{"Priority", "", "Pod", "", ADMIT_CREATE | ADMIT_UPDATE, admit_priority, NULL},
	{"Priority", "scheduling.k8s.io", "PriorityClass", "", ADMIT_CREATE | ADMIT_UPDATE, NULL,
	 admit_default_class},
	{"DefaultTolerationSeconds", "", "Pod", "", ADMIT_CREATE | ADMIT_UPDATE, admit_toleration_seconds,
	 NULL},
	{"RuntimeClass", "", "Pod", "", ADMIT_CREATE, admit_runtime_class, admit_runtime_overhead},
	{0},
};

struct admission {
	const struct schema *schema;
	struct storage *storage;
	struct views *views;
	const struct admission_row *rows;
	unsigned n_rows;
	uint64_t *plans; /* by kind id: a bit per row */
	unsigned n_plans;
	struct admission_metrics *metrics;
	pthread_mutex_t lock; /* lane */
	struct pool *lane;
};

/* ---- which rows ---- */

static uint64_t plan_for(const struct admission *ad, const struct kind *k)
{
	uint64_t plan = 0;

	for (unsigned i = 0; i < ad->n_rows; i++) {
		const struct admission_row *r = &ad->rows[i];
		if ((*r->group == '*' || !strcmp(r->group, k->group)) &&
		    (*r->kind == '*' || !strcmp(r->kind, k->kind)))
			plan |= 1ull << i;
	}
	return plan;
}

static uint64_t plan_of(const struct admission *ad, const struct kind *k)
{
	return k->id < ad->n_plans ? ad->plans[k->id] : plan_for(ad, k);
}

static bool concerns(const struct admission_row *r, const struct admission_call *a)
{
	return (r->operations & a->op) &&
	       (*r->subresource == '*' || !strcmp(r->subresource, a->attr->subresource));
}

struct admission *admission_new(const struct schema *schema, struct storage *storage, struct views *views,
				const struct admission_row *rows)
{
	struct admission *ad = MEM_NEW(struct admission);
	const struct kind *const *kinds;
	size_t n = schema ? schema_kinds(schema, &kinds) : 0;

	ad->schema = schema;
	ad->storage = storage;
	ad->views = views;
	ad->rows = rows;
	while (ad->n_rows < ROWS_MAX && rows[ad->n_rows].name)
		ad->n_rows++;
	ad->metrics = admission_metrics_new();
	pthread_mutex_init(&ad->lock, NULL);
	for (size_t i = 0; i < n; i++)
		if (kinds[i]->id >= ad->n_plans)
			ad->n_plans = kinds[i]->id + 1;
	ad->plans = mem_array(ad->n_plans + 1, sizeof(*ad->plans));
	for (size_t i = 0; i < n; i++)
		ad->plans[kinds[i]->id] = plan_for(ad, kinds[i]);
	return ad;
}

void admission_free(struct admission *ad)
{
	if (!ad)
		return;
	pool_free(ad->lane);
	pthread_mutex_destroy(&ad->lock);
	free(ad->plans);
	free(ad->metrics);
	free(ad);
}

/* ---- running ---- */

/* What the row says, or what came back for it. */
static enum admission_answer ask_row(struct admission_call *a, admission_fn *fn, struct err *err)
{
	if (!a->answered)
		return fn(a, err);
	a->answered = false;
	if (a->answer == ADMISSION_REFUSE)
		*err = a->err;
	return a->answer;
}

/* The end of the row is the beginning of the next one: the clock is read once for both. */
static void end_row(struct admission_call *a, enum admission_phase phase, bool rejected)
{
	const struct admission *ad = a->admission;
	int64_t now = clock_mono_ns();

	admission_metrics_row(ad->metrics, ad->rows[a->next].name, a->next, phase, a->op, rejected,
			      now - a->row_ns);
	a->row_ns = now;
}

static enum admission_answer end_phase(struct admission_call *a, enum admission_phase phase,
				       enum admission_answer answer)
{
	admission_metrics_step(a->admission->metrics, phase, a->op, answer == ADMISSION_REFUSE,
			       a->row_ns - a->begun_ns);
	a->begun_ns = 0;
	if (answer == ADMISSION_ALLOW)
		a->next = 0;
	return answer;
}

enum admission_answer admission_run(struct admission_call *a, enum admission_phase phase, struct err *err)
{
	const struct admission *ad = a->admission;
	uint64_t plan = plan_of(ad, a->kind);

	if (!a->begun_ns)
		a->begun_ns = a->row_ns = clock_mono_ns();
	for (; a->next < ad->n_rows; a->next++) {
		const struct admission_row *r = &ad->rows[a->next];
		admission_fn *fn = phase == ADMISSION_MUTATE ? r->mutate : r->validate;
		if (!fn || !(plan >> a->next & 1) || !concerns(r, a))
			continue;
		enum admission_answer answer = ask_row(a, fn, err);
		if (answer == ADMISSION_LATER)
			return answer; /* it may be gone already */
		a->fresh = false;
		end_row(a, phase, answer == ADMISSION_REFUSE);
		if (answer == ADMISSION_REFUSE)
			return end_phase(a, phase, answer);
	}
	return end_phase(a, phase, ADMISSION_ALLOW);
}

/* ---- later ---- */

static struct pool *lane_of(struct admission *ad)
{
	pthread_mutex_lock(&ad->lock);
	if (!ad->lane)
		ad->lane = pool_new("admission", LANE_THREADS, LANE_QUEUE);
	struct pool *lane = ad->lane;
	pthread_mutex_unlock(&ad->lock);
	return lane;
}

static void answer_in_lane(void *arg)
{
	struct admission_call *a = arg;

	a->answer = a->asked(a, &a->err);
	a->answered = true;
	a->resume(a);
}

enum admission_answer admission_ask(struct admission_call *a, admission_fn *fn, struct err *err)
{
	a->asked = fn;
	if (pool_submit(lane_of(a->admission), answer_in_lane, a))
		return ADMISSION_LATER;
	err_set(err, REASON_TOO_MANY_REQUESTS, "too many writes wait for admission, please try again later");
	return ADMISSION_REFUSE;
}

static void on_fresh(struct storage_wait *w)
{
	struct admission_call *a = CONTAINER_OF(w, struct admission_call, wait);

	a->fresh = true;
	if (w->err.reason != REASON_NONE) {
		a->answered = true;
		a->answer = ADMISSION_REFUSE;
		a->err = w->err;
	}
	a->resume(a);
}

enum admission_answer admission_when_fresh(struct admission_call *a)
{
	a->wait = (struct storage_wait){.deadline_ns = clock_mono_ns() + FRESH_WAIT_NS, .done = on_fresh};
	storage_when_fresh(a->admission->storage, &a->wait);
	return ADMISSION_LATER;
}

/* ---- for rows ---- */

bool admission_is_fresh(const struct admission_call *a)
{
	return a->fresh || storage_fresh(a->admission->storage, 0);
}

struct views *admission_views(const struct admission_call *a)
{
	return a->admission->views;
}

const struct schema *admission_schema(const struct admission_call *a)
{
	return a->admission->schema;
}

int admission_forbid(const struct admission_call *a, struct err *err, const char *fmt, ...)
{
	char why[ERR_MSG_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return err_set(err, REASON_FORBIDDEN, "%s%s%s \"%s\" is forbidden: %s", a->kind->resource,
		       *a->kind->group ? "." : "", a->kind->group, a->name, why);
}

struct obj *admission_find(const struct admission_call *a, const char *group, const char *kind,
			   const char *ns, const char *name)
{
	const struct kind *k = schema_kind(a->admission->schema, group, "v1", kind);

	return k ? storage_get(storage_resource(a->admission->storage, k), ns, name) : NULL;
}
