/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/nodeshutdown.h"

#include <stdlib.h>

#include "base/log.h"
#include "serve/metric.h"
#include "shutdown/logind.h"
#include "shutdown/memo.h"

#define REASON "Terminated"
#define MESSAGE "Pod was terminated in response to imminent node shutdown."

struct nodeshutdown {
	struct node *node;
	const struct plan *plan;
	struct logind *logind;
	bool under_way;
	struct memo memo; /* of the last one */
	size_t group;	  /* that ends now */
	struct loop_timer timer;
};

static struct metric_series *began, *ended;

static void find_metrics(void)
{
	static const struct metric_def start = {
		.name = "kubelet_graceful_shutdown_start_time_seconds",
		.help = "[ALPHA] Last graceful shutdown start time since unix epoch in seconds",
		.type = METRIC_GAUGE};
	static const struct metric_def end = {
		.name = "kubelet_graceful_shutdown_end_time_seconds",
		.help = "[ALPHA] Last graceful shutdown end time since unix epoch in seconds",
		.type = METRIC_GAUGE};
	began = metric_series(metric_register(&start), NULL);
	ended = metric_series(metric_register(&end), NULL);
}

static char *memo_path(const struct nodeshutdown *s)
{
	return mem_printf("%s/" MEMO_FILE, s->node->host.root);
}

static void show(const struct memo *m)
{
	metric_set(began, (double)(m->began_ns / NS_PER_S));
	metric_set(ended, (double)(m->ended_ns / NS_PER_S));
}

static void recall(struct nodeshutdown *s)
{
	struct err err = ERR_INIT;
	autofree char *path = memo_path(s);
	if (memo_read(path, &s->memo, &err) < 0) {
		log_warn_err(&err, "could not read when the last shutdown was", "file=%s", path);
		s->memo = (struct memo){0};
	}
	show(&s->memo);
}

/* Twice in a shutdown, and the second time before the machine may go on with it: not worth a lane. */
static void remember(struct nodeshutdown *s)
{
	struct err err = ERR_INIT;
	autofree char *path = memo_path(s);
	if (memo_write(path, &s->memo, &err) < 0)
		log_warn_err(&err, "could not write down when this shutdown was", "file=%s", path);
	show(&s->memo);
}

static bool belongs(const struct nodeshutdown *s, const struct worker *w)
{
	const struct machine *m = worker_machine(w);
	return m->stage < POD_ENDED && !m->settled && plan_find(s->plan, worker_pod(w)->priority) == s->group;
}

static size_t left(const struct nodeshutdown *s)
{
	size_t n = 0;
	for (struct map_iter it = {0}; map_next(&s->node->host.workers, &it);)
		n += belongs(s, it.value);
	return n;
}

/* A worker may be gone when it has been told. */
static void end_group(struct nodeshutdown *s)
{
	struct pod_host *h = &s->node->host;
	const struct plan_group *g = &s->plan->v[s->group];
	char **uids = mem_array(map_len(&h->workers) + 1, sizeof(*uids));
	size_t n = 0;
	for (struct map_iter it = {0}; map_next(&h->workers, &it);)
		if (belongs(s, it.value))
			uids[n++] = mem_strdup(worker_pod(it.value)->o.meta.uid);
	log_info("pods end, the machine goes down", "priority=%lld pods=%zu grace=%llds",
		 (long long)g->priority, n, (long long)g->seconds);
	for (size_t i = 0; i < n; i++) {
		struct worker *w = map_get(&h->workers, uids[i]);
		if (w)
			(void)worker_evict(w, REASON, MESSAGE, plan_grace_s(g, worker_pod(w)->grace_s));
		free(uids[i]);
	}
	free(uids);
	loop_timer_set(h->loop, &s->timer, clock_mono_ns() + g->seconds * NS_PER_S);
}

static void finish(struct nodeshutdown *s)
{
	s->under_way = false;
	loop_timer_set(s->node->host.loop, &s->timer, CLOCK_NEVER);
	s->memo.ended_ns = clock_wall_ns();
	remember(s);
	log_info("pods have ended, the machine may go down", NULL);
	logind_let_go(s->logind);
}

/* From this group on, the first that has Pods. */
static void next_group(struct nodeshutdown *s)
{
	while (s->group < s->plan->n && !left(s))
		s->group++;
	if (s->group < s->plan->n)
		end_group(s);
	else
		finish(s);
}

void nodeshutdown_look(struct nodeshutdown *s)
{
	if (s->under_way && !left(s))
		next_group(s);
}

static void on_timer(void *arg)
{
	struct nodeshutdown *s = arg;
	s->group++;
	next_group(s);
}

static void on_prepare(void *arg, bool begins)
{
	struct nodeshutdown *s = arg;
	struct node *n = s->node;
	node_record(n, false, "NodeShutdown", "Shutdown manager detected shutdown %s",
		    begins ? "event" : "cancellation");
	n->host.node.shutting_down = begins;
	node_refresh(n);
	if (!begins || s->under_way) {
		s->under_way &= begins;
		if (!begins)
			loop_timer_set(n->host.loop, &s->timer, CLOCK_NEVER);
		return;
	}
	s->memo = (struct memo){.began_ns = clock_wall_ns()};
	remember(s);
	s->under_way = true;
	s->group = 0;
	next_group(s);
}

struct nodeshutdown *nodeshutdown_new(struct node *n, const struct plan *plan, const char *logind_conf)
{
	struct err err = ERR_INIT;
	struct nodeshutdown *s = MEM_NEW(struct nodeshutdown);
	s->node = n;
	s->plan = plan;
	s->timer = (struct loop_timer){.fn = on_timer, .arg = s};
	s->logind = logind_new(&(struct logind_config){.loop = n->host.loop,
						       .delay_s = plan_total_s(plan),
						       .conf_dir = logind_conf,
						       .prepare = on_prepare,
						       .arg = s},
			       &err);
	if (!s->logind) {
		log_err(&err, "Failed to start node shutdown manager", NULL);
		free(s);
		return NULL;
	}
	find_metrics();
	recall(s);
	return s;
}
