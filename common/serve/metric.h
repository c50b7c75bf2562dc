/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metrics, written out in Prometheus text by health_page("/metrics").
 *
 * A family is registered at first use from a static definition and lives as long as the process; adding to a
 * series is an atomic operation without a lock, so keep the pointer that metric_series() gives. Histogram
 * buckets are given by the owner. Any thread.
 */
#ifndef SERVE_METRIC_H
#define SERVE_METRIC_H

#include "base/buf.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };
#define METRIC_MAX_BUCKETS 25
#define METRIC_MAX_SERIES 1000 /* per family; what comes later is counted together and not shown */
struct metric;		       /* one family */
struct metric_series;
struct metric_def {
	const char *name, *help; /* which says first how stable it is, as upstream's do: "[STABLE] …" */
	enum metric_type type;
	const char *label_names; /* "verb,resource,code"; NULL = no labels */
	const double *buckets;	 /* histogram upper bounds, ascending, ends with 0 */
};
struct metric *
metric_register(const struct metric_def *def); /* def is static; same name gives the same metric */
/* label_values: values joined by '\x1f' in the order of label_names, or NULL. */
struct metric_series *metric_series(struct metric *m, const char *label_values);
void metric_add(struct metric_series *s, double v);		    /* counter, gauge */
void metric_set(struct metric_series *s, double v);		    /* gauge */
void metric_observe(struct metric_series *s, double v);		    /* histogram */
double metric_value(const struct metric_series *s); /* for tests */ /* a histogram's: how many observations */
/* For callers that compute a value only when scraped, which must not block; NAN is not shown. label_values as above. fn NULL:
   not any more. */
void metric_gauge_fn(const struct metric_def *def, const char *label_values, double (*fn)(void *arg),
		     void *arg);
/* All families, sorted by name. */
void metric_write(struct buf *out);

#endif
