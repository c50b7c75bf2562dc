/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As k8s.io/component-base metrics/prometheus/slis: a page of its own, so that it can be scraped far more often than the
 * rest. Nothing is run for it: it tells what probes have found.
 */
#include "serve/health_sli_internal.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "serve/health.h"

#define PAGES 3

struct sli {
	const char *check, *page;
	bool ok;			      /* the last time */
	unsigned long long failed, succeeded; /* how often */
};

static struct {
	pthread_mutex_t lock;
	struct sli v[PAGES * (HEALTH_MAX_CHECKS + 1)];
	size_t n;
} slis = {.lock = PTHREAD_MUTEX_INITIALIZER};

void health_sli_note(const char *check, const char *page, bool ok)
{
	size_t i = 0;

	pthread_mutex_lock(&slis.lock);
	while (i < slis.n && (strcmp(slis.v[i].check, check) || strcmp(slis.v[i].page, page)))
		i++;
	if (i < ARRAY_LEN(slis.v)) {
		struct sli *s = &slis.v[i];
		if (i == slis.n)
			slis.n++;
		s->check = check;
		s->page = page;
		s->ok = ok;
		s->succeeded += ok;
		s->failed += !ok;
	}
	pthread_mutex_unlock(&slis.lock);
}

static int by_name(const void *a, const void *b)
{
	const struct sli *x = a, *y = b;
	int c = strcmp(x->check, y->check);

	return c ? c : strcmp(x->page, y->page);
}

static void write_total(struct buf *out, const struct sli *s, const char *status, unsigned long long n)
{
	if (n)
		buf_addf(out, "kubernetes_healthchecks_total{name=\"%s\",status=\"%s\",type=\"%s\"} %llu\n",
			 s->check, status, s->page, n);
}

void health_sli_write(struct buf *out)
{
	struct sli v[ARRAY_LEN(slis.v)];

	pthread_mutex_lock(&slis.lock);
	size_t n = slis.n;
	memcpy(v, slis.v, n * sizeof(*v));
	pthread_mutex_unlock(&slis.lock);
	if (!n)
		return;
	qsort(v, n, sizeof(*v), by_name);
	buf_adds(
		out,
		"# HELP kubernetes_healthcheck [STABLE] This metric records the result of a single healthcheck.\n"
		"# TYPE kubernetes_healthcheck gauge\n");
	for (size_t i = 0; i < n; i++)
		buf_addf(out, "kubernetes_healthcheck{name=\"%s\",type=\"%s\"} %d\n", v[i].check, v[i].page,
			 v[i].ok);
	buf_adds(
		out,
		"# HELP kubernetes_healthchecks_total [STABLE] This metric records the results of all healthcheck.\n"
		"# TYPE kubernetes_healthchecks_total counter\n");
	for (size_t i = 0; i < n; i++) {
		write_total(out, &v[i], "error", v[i].failed);
		write_total(out, &v[i], "success", v[i].succeeded);
	}
}
