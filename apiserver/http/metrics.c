/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding a series by its label text costs more than answering a GET, so the few combinations that occur are
 * remembered in a fixed table of immutable entries: a lookup is a hash and a comparison of pointers, an
 * insertion one compare-and-swap. When the table is full, further combinations are looked up by name.
 */
#include "http/metrics.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/mem.h"
#include "serve/health.h"

#define PLAIN_LABELS "component,group,resource,scope,subresource,verb,version"
#define LABELS "component,dry_run,group,resource,scope,subresource,verb,version"
#define SEP "\x1f"

static const double seconds[] = {0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2,
				 3,	4,     5,    6,	  8,   10,  15,	 20,  30,  45,	 60,  0};
static const double sli_seconds[] = {0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2,	3,
				     4,	   5,	6,   8,	  10,  15,  20,	 30,   45,  60, 0};
static const double bytes[] = {1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 0};

static const struct metric_def total_def = {
	.name = "apiserver_request_total",
	.help = "[STABLE] Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope, component, and HTTP response code.",
	.type = METRIC_COUNTER,
	.label_names = "code," LABELS,
};
static const struct metric_def duration_def = {
	.name = "apiserver_request_duration_seconds",
	.help = "[STABLE] Response latency distribution in seconds for each verb, dry run value, group, version, resource, subresource, scope and component.",
	.type = METRIC_HISTOGRAM,
	.label_names = LABELS,
	.buckets = seconds,
};
/* Without what others are waited for, webhooks and queues: there are none yet. */
static const struct metric_def sli_def = {
	.name = "apiserver_request_sli_duration_seconds",
	.help = "[ALPHA] Response latency distribution (not counting webhook duration and priority & fairness queue wait times) in seconds for each verb, group, version, resource, subresource, scope and component.",
	.type = METRIC_HISTOGRAM,
	.label_names = PLAIN_LABELS,
	.buckets = sli_seconds,
};
static const struct metric_def sizes_def = {
	.name = "apiserver_response_sizes",
	.help = "[STABLE] Response size distribution in bytes for each group, version, verb, resource, subresource, scope and component.",
	.type = METRIC_HISTOGRAM,
	.label_names = PLAIN_LABELS,
	.buckets = bytes,
};
static const struct metric_def inflight_def = {
	.name = "apiserver_current_inflight_requests",
	.help = "[STABLE] Number of requests being served now, by kind of request.",
	.type = METRIC_GAUGE,
	.label_names = "request_kind",
};
static const struct metric_def long_def = {
	.name = "apiserver_longrunning_requests",
	.help = "[STABLE] Number of long-running requests being served now.",
	.type = METRIC_GAUGE,
	.label_names = PLAIN_LABELS,
};
static struct metric *total, *duration, *sli, *sizes, *long_running_requests;
static struct metric_series *inflight[2];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void setup(void)
{
	total = metric_register(&total_def);
	duration = metric_register(&duration_def);
	sli = metric_register(&sli_def);
	sizes = metric_register(&sizes_def);
	long_running_requests = metric_register(&long_def);
	struct metric *m = metric_register(&inflight_def);
	inflight[0] = metric_series(m, "readOnly");
	inflight[1] = metric_series(m, "mutating");
}

struct metrics_entry {
	const struct route *route;
	const struct kind *kind; /* only compared: it may be gone, and another one may be where it was */
	char *group, *version, *resource;
	int status, scope;
	bool applies, dry;
	struct metric_series *total, *duration, *sli, *sizes; /* sizes NULL: does not read */
};
#define TABLE 1024
#define PROBES 8
static _Atomic(struct metrics_entry *) table[TABLE];

static const char *const scope_names[] = {"", "cluster", "namespace", "resource"};

static int scope_of(const struct request *rq)
{
	bool one = *rq->attr.name || rq->method == METHOD_POST;
	return !rq->attr.kind ? 0 : one ? 3 : *rq->attr.ns ? 2 : 1;
}

static bool is_apply(const struct request *rq)
{
	return rq->method == METHOD_PATCH && !strcmp(rq->content_type, "application/apply-patch+yaml");
}

static const char *verb_label(const struct request *rq)
{
	if (rq->route) { /* deletecollection is a DELETE, which its scope tells from others */
		static const char *const words[][2] = {{"get", "GET"},	     {"list", "LIST"},
						       {"watch", "WATCH"},   {"create", "POST"},
						       {"update", "PUT"},    {"patch", "PATCH"},
						       {"delete", "DELETE"}, {"deletecollection", "DELETE"}};
		if (is_apply(rq))
			return "APPLY";
		for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
			if (!strcmp(words[i][0], rq->attr.verb))
				return words[i][1];
	}
	return rq->method == METHOD_OTHER ? "other" : rq->method_name;
}

static void label_text(struct buf *b, const struct request *rq, bool with_dry_run)
{
	bool known = rq->attr.kind != NULL;
	buf_adds(b, "apiserver" SEP);
	if (with_dry_run)
		buf_adds(b, rq->attr.dry_run ? "All" SEP : SEP);
	buf_addf(b, "%s" SEP "%s" SEP "%s" SEP "%s" SEP "%s" SEP "%s", known ? rq->attr.group : "",
		 known ? rq->attr.resource : "", scope_names[scope_of(rq)],
		 known && rq->route ? rq->attr.subresource : "", verb_label(rq),
		 known ? rq->attr.version : "");
}

/* Whoever is remembered does not come here again. */
static void look_up(const struct request *rq, int status, struct metrics_entry *ret)
{
	autobuf struct buf labels = BUF_INIT;
	autobuf struct buf with_code = BUF_INIT;
	autobuf struct buf plain = BUF_INIT;
	bool reads = rq->method == METHOD_GET && !rq->is_watch;
	label_text(&labels, rq, true);
	label_text(&plain, rq, false);
	buf_addf(&with_code, "%d" SEP "%s", status, buf_str(&labels));
	ret->total = metric_series(total, buf_str(&with_code));
	ret->duration = metric_series(duration, buf_str(&labels));
	ret->sli = metric_series(sli, buf_str(&plain));
	ret->sizes = reads ? metric_series(sizes, buf_str(&plain)) : NULL;
}

static struct metrics_entry *entry_new(const struct request *rq, int status)
{
	struct metrics_entry *e = MEM_NEW(struct metrics_entry);
	e->route = rq->route;
	e->kind = rq->attr.kind;
	e->group = mem_strdup(rq->attr.group);
	e->version = mem_strdup(rq->attr.version);
	e->resource = mem_strdup(rq->attr.resource);
	e->status = status;
	e->scope = scope_of(rq);
	e->applies = is_apply(rq);
	e->dry = rq->attr.dry_run;
	look_up(rq, status, e);
	return e;
}

static void entry_free(struct metrics_entry *e)
{
	free(e->group);
	free(e->version);
	free(e->resource);
	free(e);
}

static bool entry_is(const struct metrics_entry *e, const struct request *rq, int status)
{
	return e->route == rq->route && e->kind == rq->attr.kind && e->status == status &&
	       e->scope == scope_of(rq) && e->dry == rq->attr.dry_run && e->applies == is_apply(rq) &&
	       !strcmp(e->resource, rq->attr.resource) && !strcmp(e->version, rq->attr.version) &&
	       !strcmp(e->group, rq->attr.group);
}

static void find(const struct request *rq, int status, struct metrics_entry *ret)
{
	uintptr_t h = (uintptr_t)rq->route / 16 * 31 + (uintptr_t)rq->attr.kind / 64 * 7 +
		      (uintptr_t)status * 131 + (uintptr_t)scope_of(rq);
	if (rq->route) {
		for (size_t i = 0; i < PROBES; i++) {
			_Atomic(struct metrics_entry *) *slot = &table[(h + i) % TABLE];
			struct metrics_entry *e = atomic_load_explicit(slot, memory_order_acquire);
			if (!e) {
				struct metrics_entry *mine = entry_new(rq, status);
				*ret = *mine;
				if (!atomic_compare_exchange_strong(slot, &e, mine))
					entry_free(mine);
				return;
			}
			if (entry_is(e, rq, status)) {
				*ret = *e;
				return;
			}
		}
	}
	look_up(rq, status, ret);
}

void metrics_request(const struct request *rq, int status, int64_t duration_ns, uint64_t size)
{
	struct metrics_entry e;
	double took = (double)duration_ns / NS_PER_S;
	pthread_once(&once, setup);
	find(rq, status, &e);
	metric_add(e.total, 1);
	metric_observe(e.duration, took);
	metric_observe(e.sli, took);
	if (e.sizes)
		metric_observe(e.sizes, (double)size);
}

void metrics_inflight(bool mutating, int delta)
{
	pthread_once(&once, setup);
	metric_add(inflight[mutating], delta);
}

void metrics_long_running(const struct request *rq, int delta)
{
	autobuf struct buf b = BUF_INIT;
	pthread_once(&once, setup);
	buf_addf(&b, "apiserver" SEP "%s" SEP "%s" SEP "%s" SEP "%s" SEP "%s" SEP "%s", rq->attr.group,
		 rq->attr.resource, scope_names[scope_of(rq)], rq->attr.subresource, verb_label(rq),
		 rq->attr.version);
	metric_add(metric_series(long_running_requests, buf_str(&b)), delta);
}
