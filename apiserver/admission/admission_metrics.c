/* SPDX-License-Identifier: Apache-2.0 */
#include "admission/admission_metrics.h"

#include <stdatomic.h>
#include "base/clock.h"
#include "base/mem.h"
#include "serve/metric.h"

static const double seconds[] = {0.005, 0.025, 0.1, 0.5, 1, 2.5, 0};
static const struct metric_def row_def = {
	.name = "apiserver_admission_controller_admission_duration_seconds",
	.help = "[STABLE] Admission controller latency histogram in seconds, identified by name and broken out for each operation and API resource and type (validate or admit).",
	.type = METRIC_HISTOGRAM,
	.label_names = "name,operation,rejected,type",
	.buckets = seconds,
};
static const struct metric_def step_def = {
	.name = "apiserver_admission_step_admission_duration_seconds",
	.help = "[STABLE] Admission sub-step latency histogram in seconds, broken out for each operation and API resource and step type (validate or admit).",
	.type = METRIC_HISTOGRAM,
	.label_names = "operation,rejected,type",
	.buckets = seconds,
};

enum { PHASES = 2, OPS = 3, ENDS = 2 };
typedef struct metric_series
	*_Atomic series_of[PHASES][OPS][ENDS]; /* by phase, operation, whether rejected */
struct admission_metrics {
	struct metric *row, *step;
	series_of steps, rows[ADMISSION_ROWS_MAX];
};

struct admission_metrics *admission_metrics_new(void)
{
	struct admission_metrics *m = MEM_NEW(struct admission_metrics);

	m->row = metric_register(&row_def);
	m->step = metric_register(&step_def);
	return m;
}

static unsigned place_of(enum admission_op op)
{
	return op == ADMIT_CREATE ? 0 : op == ADMIT_UPDATE ? 1 : 2;
}

/* name NULL: of a step. */
static void observe(struct metric *family, series_of *all, const char *name, enum admission_phase phase,
		    enum admission_op op, bool rejected, int64_t took_ns)
{
	static const char *const ops[] = {"CREATE", "UPDATE", "DELETE"};
	static const char *const types[] = {[ADMISSION_MUTATE] = "admit", [ADMISSION_VALIDATE] = "validate"};
	struct metric_series *_Atomic *place = &(*all)[phase][place_of(op)][rejected];
	struct metric_series *s = atomic_load_explicit(place, memory_order_acquire);

	if (!s) {
		autofree char *labels =
			mem_printf("%s%s%s\x1f%s\x1f%s", name ? name : "", name ? "\x1f" : "",
				   ops[place_of(op)], rejected ? "true" : "false", types[phase]);
		s = metric_series(family, labels);
		atomic_store_explicit(place, s, memory_order_release);
	}
	metric_observe(s, (double)took_ns / NS_PER_S);
}

void admission_metrics_row(struct admission_metrics *m, const char *name, unsigned place,
			   enum admission_phase phase, enum admission_op op, bool rejected, int64_t took_ns)
{
	observe(m->row, &m->rows[place], name, phase, op, rejected, took_ns);
}

void admission_metrics_step(struct admission_metrics *m, enum admission_phase phase, enum admission_op op,
			    bool rejected, int64_t took_ns)
{
	observe(m->step, &m->steps, NULL, phase, op, rejected, took_ns);
}
