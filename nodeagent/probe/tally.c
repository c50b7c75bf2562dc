/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/tally.h"

#include <inttypes.h>
#include "base/mem.h"

#define TOTAL "prober_probe_total"
#define DURATION "prober_probe_duration_seconds"

static const double bounds[TALLY_BUCKETS] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};

void tally_count(struct probe_tally *t, bool passed, double seconds)
{
	size_t i = 0;
	if (!passed) {
		t->failed++;
		return;
	}
	t->passed++;
	t->seconds += seconds;
	while (i < TALLY_BUCKETS && seconds > bounds[i])
		i++;
	if (i < TALLY_BUCKETS)
		t->below[i]++;
}

void tally_head(struct buf *out, enum tally_family f)
{
	if (f == TALLY_TOTAL)
		buf_adds(
			out,
			"# HELP " TOTAL
			" [BETA] Cumulative number of a liveness, readiness or startup probe for a container by "
			"result.\n# TYPE " TOTAL " counter\n");
	else
		buf_adds(out, "# HELP " DURATION
			      " [ALPHA] Duration in seconds for a probe response.\n# TYPE " DURATION
			      " histogram\n");
}

static void total(struct buf *out, const struct tally_labels *l, const char *result, uint64_t n)
{
	if (n)
		buf_addf(out,
			 TOTAL
			 "{container=\"%s\",namespace=\"%s\",pod=\"%s\",pod_uid=\"%s\",probe_type=\"%s\","
			 "result=\"%s\"} %" PRIu64 "\n",
			 l->container, l->namespace, l->pod, l->uid, l->type, result, n);
}

static void duration(struct buf *out, const struct probe_tally *t, const struct tally_labels *l)
{
	autofree char *labels = mem_printf("container=\"%s\",namespace=\"%s\",pod=\"%s\",probe_type=\"%s\"",
					   l->container, l->namespace, l->pod, l->type);
	uint64_t sum = 0;
	for (size_t i = 0; i < TALLY_BUCKETS; i++) {
		sum += t->below[i];
		buf_addf(out, DURATION "_bucket{%s,le=\"%g\"} %" PRIu64 "\n", labels, bounds[i], sum);
	}
	buf_addf(out, DURATION "_bucket{%s,le=\"+Inf\"} %" PRIu64 "\n", labels, t->passed);
	buf_addf(out, DURATION "_sum{%s} %.9g\n" DURATION "_count{%s} %" PRIu64 "\n", labels, t->seconds,
		 labels, t->passed);
}

void tally_write(struct buf *out, enum tally_family f, const struct probe_tally *t,
		 const struct tally_labels *l)
{
	if (f == TALLY_TOTAL) {
		total(out, l, "failed", t->failed);
		total(out, l, "successful", t->passed);
	} else if (t->passed) {
		duration(out, t, l);
	}
}
