/* SPDX-License-Identifier: Apache-2.0 */
#include "pod/conditions.h"

#include "object/condition.h"

typedef bool concerned(const struct machine *m, size_t i);

static bool not_ready(const struct machine *m, size_t i)
{
	const struct container_spec *s = &m->pod->list.v[i];
	return (!s->init || s->sidecar) && !container_ready(m, (int)i);
}

static bool not_initialized(const struct machine *m, size_t i)
{
	const struct container_spec *s = &m->pod->list.v[i];
	return s->init && !(s->sidecar ? container_started(m, (int)i) : container_ready(m, (int)i));
}

/* No, because of those containers; yes when there are none. */
static struct conditions_verdict unless(const struct machine *m, concerned *is, const char *reason,
					const char *intro)
{
	struct conditions_verdict v = {.yes = true};
	for (size_t i = 0; i < machine_apps_end(m); i++) {
		if (!is(m, i))
			continue;
		buf_addf(&v.message, "%s%s", v.yes ? intro : " ", m->pod->list.v[i].name);
		v.yes = false;
	}
	if (v.yes)
		return v;
	buf_addc(&v.message, ']');
	v.reason = reason;
	return v;
}

static bool over(const struct status_source *src)
{
	return src->phase == PHASE_SUCCEEDED || src->phase == PHASE_FAILED;
}

static struct conditions_verdict containers_ready(const struct status_source *src)
{
	if (over(src))
		return (struct conditions_verdict){.reason = src->phase == PHASE_SUCCEEDED ? "PodCompleted"
											   : "PodFailed"};
	return unless(src->m, not_ready, "ContainersNotReady", "containers with unready status: [");
}

/* Conditions that others set and that spec.readinessGates makes a part of Ready. */
static void check_gates(struct conditions_verdict *v, const struct machine *m)
{
	autojson js *gates = pod_field(m->pod->readiness_gates), *status = NULL;
	if (!v->yes || !gates)
		return;
	status = pod_field(m->pod->status);
	js_array_for_each (g, gates) {
		const char *type = js_str0(g, "conditionType", NULL);
		const js *c = condition_find(js_arr(status, "conditions", NULL), type);
		const char *is = js_str0(c, "status", NULL);
		if (c && !strcmp(is, "True"))
			continue;
		v->yes = false;
		v->reason = "ReadinessGatesNotReady";
		if (v->message.len)
			buf_adds(&v->message, ", ");
		if (c)
			buf_addf(&v->message,
				 "the status of pod readiness gate \"%s\" is not \"True\", but %s", type, is);
		else
			buf_addf(&v->message,
				 "corresponding condition of pod readiness gate \"%s\" does not exist.",
				 type);
	}
}

static bool any_app_started(const struct machine *m)
{
	for (size_t i = m->pod->list.n_init; i < machine_apps_end(m); i++)
		if (status_view(m, i).state != SHOWN_WAITING)
			return true;
	return false;
}

/* A sidecar that starts again takes nothing back. */
static struct conditions_verdict initialized(const struct status_source *src)
{
	if (src->phase == PHASE_SUCCEEDED)
		return (struct conditions_verdict){.yes = true, .reason = "PodCompleted"};
	if (any_app_started(src->m))
		return (struct conditions_verdict){.yes = true};
	return unless(src->m, not_initialized, "ContainersNotInitialized",
		      "containers with incomplete status: [");
}

static struct conditions_verdict ready(const struct status_source *src)
{
	struct conditions_verdict v = containers_ready(src);
	check_gates(&v, src->m);
	/* Whoever sends it work is told before it has ended. */
	if (v.yes && src->m->deleting)
		return (struct conditions_verdict){.reason = "PodTerminating"};
	return v;
}

static struct conditions_verdict ready_to_start(const struct status_source *src)
{
	return (struct conditions_verdict){.yes = src->m->sandbox_up};
}

static struct conditions_verdict scheduled(const struct status_source *src)
{
	return (struct conditions_verdict){.yes = true};
}

/* Told with the terminal phase. Others write it too, for what they do. */
static struct conditions_verdict disrupted(const struct status_source *src)
{
	const struct machine *m = src->m;
	struct conditions_verdict v = {.yes = true, .reason = "TerminationByKubelet"};
	if (!m->evicted || !m->final)
		return (struct conditions_verdict){.absent = true};
	buf_adds(&v.message,
		 m->preempted ? "Pod was preempted by Kubelet to accommodate a critical pod." : m->message);
	return v;
}

static struct conditions_verdict resize_pending(const struct status_source *src)
{
	const struct resize *r = &src->m->resize;
	struct conditions_verdict v = {
		.yes = true, .reason = r->pending, .generation = r->pending_generation};
	if (!r->pending || over(src))
		return (struct conditions_verdict){.gone = true};
	buf_adds(&v.message, r->message);
	return v;
}

static struct conditions_verdict resize_in_progress(const struct status_source *src)
{
	const struct resize *r = &src->m->resize;
	struct conditions_verdict v = {.yes = true, .generation = r->generation};
	if (!r->in_progress || over(src))
		return (struct conditions_verdict){.gone = true};
	if (r->trouble) {
		v.reason = "Error";
		buf_adds(&v.message, r->trouble);
	}
	return v;
}

const struct conditions_row conditions_rows[STATUS_CONDITIONS] = {
	{"PodReadyToStartContainers", ready_to_start},
	{"Initialized", initialized},
	{"Ready", ready},
	{"ContainersReady", containers_ready},
	{"PodScheduled", scheduled},
	{"DisruptionTarget", disrupted},
	{"PodResizePending", resize_pending},
	{"PodResizeInProgress", resize_in_progress},
};
