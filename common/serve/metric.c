/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registry is a sorted array of families under one lock; a family has a sorted array of series under its
 * own. Nothing is ever removed, so pointers stay valid without counting, and the number of series is bounded
 * instead. Values are doubles kept as bits in an atomic word: a compare-and-swap loop adds to them.
 */
#include "serve/metric.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/map.h"
#include "base/mem.h"

struct metric_series {
	struct metric *m;
	char *labels;		/* rendered: verb="GET",code="200"; "" without labels */
	_Atomic uint64_t value; /* a double's bits; histogram: the sum */
	_Atomic uint64_t count; /* histogram */
	_Atomic uint64_t *buckets;
};

struct metric {
	const struct metric_def *def;
	size_t n_buckets;
	double (*fn)(void *arg);
	void *arg;
	char *fn_labels; /* rendered */
	pthread_mutex_t lock;
	struct map by_values; /* joined label values -> series */
	struct metric_series **v;
	size_t n;
	struct metric_series *overflow;
};

static struct {
	pthread_mutex_t lock;
	struct metric **v;
	size_t n;
} registry = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct metric *find(const char *name, size_t *ret_at)
{
	size_t lo = 0, hi = registry.n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		int c = strcmp(name, registry.v[mid]->def->name);

		if (!c)
			return registry.v[mid];
		if (c < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	*ret_at = lo;
	return NULL;
}

struct metric *metric_register(const struct metric_def *def)
{
	struct metric *m;
	size_t at = 0;

	pthread_mutex_lock(&registry.lock);
	m = find(def->name, &at);
	if (!m) {
		m = MEM_NEW(struct metric);
		m->def = def;
		pthread_mutex_init(&m->lock, NULL);
		while (def->buckets && m->n_buckets < METRIC_MAX_BUCKETS && def->buckets[m->n_buckets] != 0)
			m->n_buckets++;
		registry.v = mem_realloc_array(registry.v, registry.n + 1, sizeof(*registry.v));
		memmove(registry.v + at + 1, registry.v + at, (registry.n - at) * sizeof(*registry.v));
		registry.v[at] = m;
		registry.n++;
	}
	pthread_mutex_unlock(&registry.lock);
	return m;
}

/* Prometheus text escapes backslash, quote and newline in label values. */
static void add_label(struct buf *out, const char *name, size_t name_len, const char *v, size_t n)
{
	if (out->len)
		buf_addc(out, ',');
	buf_add(out, name, name_len);
	buf_adds(out, "=\"");
	for (size_t i = 0; i < n; i++) {
		if (v[i] == '\n')
			buf_adds(out, "\\n");
		else if (v[i] == '\\' || v[i] == '"')
			buf_addf(out, "\\%c", v[i]);
		else
			buf_addc(out, v[i]);
	}
	buf_addc(out, '"');
}

static char *render_labels(const char *names, const char *values)
{
	autobuf struct buf b = BUF_INIT;

	while (names && values) {
		size_t n = strcspn(names, ","), v = strcspn(values, "\x1f");

		add_label(&b, names, n, values, v);
		names = names[n] ? names + n + 1 : NULL;
		values = values[v] ? values + v + 1 : "";
	}
	return buf_take(&b, NULL);
}

void metric_gauge_fn(const struct metric_def *def, const char *label_values, double (*fn)(void *arg),
		     void *arg)
{
	struct metric *m = metric_register(def);

	pthread_mutex_lock(&m->lock);
	m->fn = fn;
	m->arg = arg;
	free(m->fn_labels);
	m->fn_labels = render_labels(def->label_names, label_values);
	pthread_mutex_unlock(&m->lock);
}

static struct metric_series *series_new(struct metric *m, char *labels)
{
	struct metric_series *s = MEM_NEW(struct metric_series);

	s->m = m;
	s->labels = labels;
	if (m->n_buckets)
		s->buckets = mem_array(m->n_buckets, sizeof(*s->buckets));
	return s;
}

static struct metric_series *series_add(struct metric *m, const char *values)
{
	struct metric_series *s;
	size_t at;

	if (m->n >= METRIC_MAX_SERIES) {
		if (!m->overflow)
			m->overflow = series_new(m, mem_strdup(""));
		return m->overflow;
	}
	s = series_new(m, render_labels(m->def->label_names, values));
	map_set(&m->by_values, values, s);
	for (at = m->n; at && strcmp(s->labels, m->v[at - 1]->labels) < 0; at--)
		;
	m->v = mem_realloc_array(m->v, m->n + 1, sizeof(struct metric_series *));
	memmove(m->v + at + 1, m->v + at, (m->n - at) * sizeof(struct metric_series *));
	m->v[at] = s;
	m->n++;
	return s;
}

struct metric_series *metric_series(struct metric *m, const char *label_values)
{
	const char *values = label_values ? label_values : "";
	struct metric_series *s;

	pthread_mutex_lock(&m->lock);
	s = map_get(&m->by_values, values);
	if (!s)
		s = series_add(m, values);
	pthread_mutex_unlock(&m->lock);
	return s;
}

static double load(const _Atomic uint64_t *bits)
{
	uint64_t b = atomic_load_explicit(bits, memory_order_relaxed);
	double v;

	memcpy(&v, &b, sizeof(v));
	return v;
}

void metric_add(struct metric_series *s, double v)
{
	uint64_t old = atomic_load_explicit(&s->value, memory_order_relaxed), new;
	double d;

	do {
		memcpy(&d, &old, sizeof(d));
		d += v;
		memcpy(&new, &d, sizeof(new));
	} while (!atomic_compare_exchange_weak_explicit(&s->value, &old, new, memory_order_relaxed,
							memory_order_relaxed));
}

void metric_set(struct metric_series *s, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	atomic_store_explicit(&s->value, bits, memory_order_relaxed);
}

void metric_observe(struct metric_series *s, double v)
{
	const struct metric *m = s->m;
	size_t i = 0;

	while (i < m->n_buckets && v > m->def->buckets[i])
		i++;
	if (i < m->n_buckets)
		atomic_fetch_add_explicit(&s->buckets[i], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&s->count, 1, memory_order_relaxed);
	metric_add(s, v);
}

double metric_value(const struct metric_series *s)
{
	if (s->m->def->type == METRIC_HISTOGRAM)
		return (double)atomic_load_explicit(&s->count, memory_order_relaxed);
	return load(&s->value);
}

/* The shortest text that reads back as the same number. */
static void write_number(struct buf *out, double v)
{
	char s[40];

	if (isinf(v)) {
		buf_adds(out, v < 0 ? "-Inf" : "+Inf");
		return;
	}
	for (int digits = 6; digits <= 17; digits++) {
		snprintf(s, sizeof(s), "%.*g", digits, v);
		if (strtod(s, NULL) == v)
			break;
	}
	buf_adds(out, s);
}

static void write_line(struct buf *out, const char *name, const char *suffix, const char *labels,
		       const char *le, double v)
{
	buf_adds(out, name);
	buf_adds(out, suffix);
	if (*labels || le) {
		buf_addc(out, '{');
		buf_adds(out, labels);
		if (le)
			buf_addf(out, "%sle=\"%s\"", *labels ? "," : "", le);
		buf_addc(out, '}');
	}
	buf_addc(out, ' ');
	write_number(out, v);
	buf_addc(out, '\n');
}

static void write_histogram(struct buf *out, const struct metric_series *s)
{
	const struct metric *m = s->m;
	uint64_t sum = 0;

	for (size_t i = 0; i < m->n_buckets; i++) {
		autobuf struct buf le = BUF_INIT;

		write_number(&le, m->def->buckets[i]);
		sum += atomic_load_explicit(&s->buckets[i], memory_order_relaxed);
		write_line(out, m->def->name, "_bucket", s->labels, le.p, (double)sum);
	}
	write_line(out, m->def->name, "_bucket", s->labels, "+Inf", metric_value(s));
	write_line(out, m->def->name, "_sum", s->labels, NULL, load(&s->value));
	write_line(out, m->def->name, "_count", s->labels, NULL, metric_value(s));
}

static void write_family(struct buf *out, struct metric *m)
{
	static const char *const types[] = {"counter", "gauge", "histogram"};

	pthread_mutex_lock(&m->lock);
	double computed = m->fn ? m->fn(m->arg) : NAN;
	if (!isnan(computed) || m->n) {
		buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", m->def->name, m->def->help, m->def->name,
			 types[m->def->type]);
		if (!isnan(computed))
			write_line(out, m->def->name, "", m->fn_labels, NULL, computed);
		for (size_t i = 0; i < m->n; i++) {
			if (m->def->type == METRIC_HISTOGRAM)
				write_histogram(out, m->v[i]);
			else
				write_line(out, m->def->name, "", m->v[i]->labels, NULL,
					   load(&m->v[i]->value));
		}
	}
	pthread_mutex_unlock(&m->lock);
}

void metric_write(struct buf *out)
{
	pthread_mutex_lock(&registry.lock);
	for (size_t i = 0; i < registry.n; i++)
		write_family(out, registry.v[i]);
	pthread_mutex_unlock(&registry.lock);
}
