/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `kubectl get pods` shows. STATUS is not the phase: init containers first, then the containers from the
 * last to the first, each with a reason overriding what stood before, then deletion. The rules, odd ones
 * included, are those of printPod in kubernetes/kubernetes pkg/printers/internalversion/printers.go; people's
 * scripts read the words.
 */
#include <stdio.h>
#include <string.h>
#include "base/unique.h"
#include "object/condition.h"
#include "object/meta.h"
#include "rest/table/cells.h"

/* Times of one format compare as text. */
static void later(const char **t, const js *status)
{
	const char *at = js_str0(status, "lastState", "terminated", "finishedAt", NULL);
	if (strcmp(at, *t) > 0)
		*t = at;
}

static void set_reason(struct cell_pod *s, const char *prefix, const char *reason)
{
	snprintf(s->reason, sizeof(s->reason), "%s%s", prefix, reason);
}

static void terminated_reason(struct cell_pod *s, const char *prefix, const js *t)
{
	const char *reason = js_str0(t, "reason", NULL);
	int64_t signal = js_int(t, 0, "signal", NULL);
	if (*reason)
		set_reason(s, prefix, reason);
	else if (signal)
		snprintf(s->reason, sizeof(s->reason), "%sSignal:%lld", prefix, (long long)signal);
	else
		snprintf(s->reason, sizeof(s->reason), "%sExitCode:%lld", prefix,
			 (long long)js_int(t, 0, "exitCode", NULL));
}

/* Init containers; true while they are not done. */
static bool summarize_init(struct cell_pod *s, const js *pod, const struct unique *sidecars,
			   int64_t *side_restarts, const char **side_last)
{
	const js *statuses = js_arr(pod, "status", "initContainerStatuses", NULL);
	for (size_t i = 0; i < js_len(statuses); i++) {
		const js *c = js_at(statuses, i);
		bool sidecar = unique_has(sidecars, js_str0(c, "name", NULL));
		const js *terminated = js_obj(c, "state", "terminated", NULL);
		const char *waiting = js_str0(c, "state", "waiting", "reason", NULL);
		s->restarts += js_int(c, 0, "restartCount", NULL);
		later(&s->last_restart, c);
		if (sidecar) {
			*side_restarts += js_int(c, 0, "restartCount", NULL);
			later(side_last, c);
		}
		if (terminated && !js_int(terminated, 0, "exitCode", NULL))
			continue;
		if (sidecar && js_bool(c, false, "started", NULL)) {
			s->ready += js_bool(c, false, "ready", NULL);
			continue;
		}
		if (terminated)
			terminated_reason(s, "Init:", terminated);
		else if (*waiting && strcmp(waiting, "PodInitializing"))
			set_reason(s, "Init:", waiting);
		else
			snprintf(s->reason, sizeof(s->reason), "Init:%zu/%zu", i,
				 js_len(js_arr(pod, "spec", "initContainers", NULL)));
		return true;
	}
	return false;
}

static bool condition_true(const js *pod, const char *type)
{
	const js *c = condition_find(js_arr(pod, "status", "conditions", NULL), type);
	return c && !strcmp(js_str0(c, "status", NULL), "True");
}

static void summarize_containers(struct cell_pod *s, const js *pod)
{
	const js *statuses = js_arr(pod, "status", "containerStatuses", NULL);
	bool running = false;
	for (size_t i = js_len(statuses); i-- > 0;) {
		const js *c = js_at(statuses, i);
		const js *terminated = js_obj(c, "state", "terminated", NULL);
		const char *waiting = js_str0(c, "state", "waiting", "reason", NULL);
		s->restarts += js_int(c, 0, "restartCount", NULL);
		later(&s->last_restart, c);
		if (*waiting) {
			set_reason(s, "", waiting);
		} else if (terminated) {
			terminated_reason(s, "", terminated);
		} else if (js_bool(c, false, "ready", NULL) && js_obj(c, "state", "running", NULL)) {
			running = true;
			s->ready++;
		}
	}
	/* one that has completed does not hide another that still runs */
	if (running && !strcmp(s->reason, "Completed"))
		set_reason(s, "", condition_true(pod, "Ready") ? "Running" : "NotReady");
}

static void summarize(struct cell_pod *s, const js *pod)
{
	const char *phase = js_str0(pod, "status", "phase", NULL),
		   *reason = js_str0(pod, "status", "reason", NULL);
	const char *side_last = "";
	int64_t side_restarts = 0;
	autounique struct unique sidecars = {.n = 0};
	memset(s, 0, sizeof(*s));
	s->last_restart = "";
	set_reason(s, "", *reason ? reason : phase);
	s->total = (int64_t)js_len(js_arr(pod, "spec", "containers", NULL));
	js_array_for_each (c, js_arr(pod, "spec", "initContainers", NULL)) {
		if (strcmp(js_str0(c, "restartPolicy", NULL), "Always"))
			continue;
		s->total++;
		unique_seen(&sidecars, js_str0(c, "name", NULL));
	}
	const js *scheduled = condition_find(js_arr(pod, "status", "conditions", NULL), "PodScheduled");
	if (scheduled && !strcmp(js_str0(scheduled, "reason", NULL), "SchedulingGated"))
		set_reason(s, "", "SchedulingGated");
	bool initializing = summarize_init(s, pod, &sidecars, &side_restarts, &side_last);
	if (!initializing || condition_true(pod, "Initialized")) {
		s->restarts = side_restarts;
		s->last_restart = side_last;
		summarize_containers(s, pod);
	}
	if (!meta_deleting(pod))
		return;
	if (!strcmp(reason, "NodeLost"))
		set_reason(s, "", "Unknown");
	else if (strcmp(phase, "Succeeded") && strcmp(phase, "Failed"))
		set_reason(s, "", "Terminating");
}

/* Several cells of a row ask for it. */
static const struct cell_pod *summary(const struct cell *c)
{
	if (!c->pod->made)
		summarize(c->pod, c->o);
	c->pod->made = true;
	return c->pod;
}

static void cell_pod_ready(struct buf *out, const struct cell *c)
{
	const struct cell_pod *s = summary(c);
	buf_addf(out, "\"%lld/%lld\"", (long long)s->ready, (long long)s->total);
}

static void cell_pod_status(struct buf *out, const struct cell *c)
{
	cell_str(out, summary(c)->reason);
}

static void cell_pod_restarts(struct buf *out, const struct cell *c)
{
	const struct cell_pod *s = summary(c);
	buf_addf(out, "\"%lld", (long long)s->restarts);
	if (s->restarts && *s->last_restart) {
		buf_adds(out, " (");
		cell_since(out, s->last_restart, c->now_ns);
		buf_adds(out, " ago)");
	}
	buf_addc(out, '"');
}

static void or_none(struct buf *out, const char *s)
{
	cell_str(out, *s ? s : CELL_NONE);
}

static void cell_pod_ip(struct buf *out, const struct cell *c)
{
	const js *first = js_at(js_arr(c->o, "status", "podIPs", NULL), 0);
	or_none(out, first ? js_str0(first, "ip", NULL) : js_str0(c->o, "status", "podIP", NULL));
}

static void cell_pod_nominated(struct buf *out, const struct cell *c)
{
	or_none(out, js_str0(c->o, "status", "nominatedNodeName", NULL));
}

static void cell_pod_gates(struct buf *out, const struct cell *c)
{
	const js *gates = js_arr(c->o, "spec", "readinessGates", NULL);
	autounique struct unique seen = {.n = 0}, held = {.n = 0};
	size_t passed = 0;
	if (!js_len(gates)) {
		cell_str(out, CELL_NONE);
		return;
	}
	js_array_for_each (d, js_arr(c->o, "status", "conditions", NULL))
		if (!unique_seen(&seen, js_str0(d, "type", NULL)) &&
		    !strcmp(js_str0(d, "status", NULL), "True"))
			unique_seen(&held, js_str0(d, "type", NULL));
	js_array_for_each (g, gates)
		passed += unique_has(&held, js_str0(g, "conditionType", NULL));
	buf_addf(out, "\"%zu/%zu\"", passed, js_len(gates));
}

const struct cell_row cells_pod[] = {
	{"pod_gates", cell_pod_gates},
	{"pod_ip", cell_pod_ip},
	{"pod_nominated", cell_pod_nominated},
	{"pod_ready", cell_pod_ready},
	{"pod_restarts", cell_pod_restarts},
	{"pod_status", cell_pod_status},
	{NULL, NULL},
};
