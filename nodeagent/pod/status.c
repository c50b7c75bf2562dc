/* SPDX-License-Identifier: Apache-2.0 */
#include "pod/status.h"

#include <stdlib.h>

#include "object/condition.h"
#include "object/rfc3339.h"
#include "pod/resources.h"

static const char unknown_message[] = "The container could not be located when the pod was terminated";

static const struct container_run *finished(const struct container_run *r)
{
	return r->id && r->finished_ns ? r : NULL;
}

struct status_view status_view(const struct machine *m, size_t i)
{
	const struct container *c = &m->c[i];
	if (c->state == CTR_RUNNING)
		return (struct status_view){
			.state = SHOWN_RUNNING, .now = &c->cur, .last = finished(&c->prev)};
	if (c->waiting_reason && c->state != CTR_DONE)
		return (struct status_view){.state = SHOWN_WAITING,
					    .reason = c->waiting_reason,
					    .message = c->waiting_message,
					    .now = c->cur.id ? &c->cur : NULL,
					    .last = finished(&c->cur)};
	if (finished(&c->cur))
		return (struct status_view){
			.state = SHOWN_TERMINATED, .now = &c->cur, .last = finished(&c->prev)};
	/* Once the Pod is over nothing is waiting: what never ran, although its turn had come, is unaccounted
	 * for. */
	if (m->final && !m->pod->containers[i].init && machine_init_done(m))
		return (struct status_view){.state = SHOWN_UNKNOWN};
	return (struct status_view){.state = SHOWN_WAITING,
				    .reason = m->pod->n_init ? "PodInitializing" : "ContainerCreating"};
}

static bool is_ready(const struct machine *m, size_t i)
{
	const struct container *c = &m->c[i];
	const struct container_spec *s = &m->pod->containers[i];
	if (s->init && !s->sidecar)
		return container_passed(m, (int)i);
	return c->state == CTR_RUNNING;
}

/* ---- phase ---- */

struct tally {
	int init_pending, init_failed, sidecar_pending, running, waiting, stopped, succeeded;
};

static void count(struct tally *t, const struct machine *m, size_t i)
{
	const struct container_spec *s = &m->pod->containers[i];
	struct status_view v = status_view(m, i);
	int code = v.state == SHOWN_UNKNOWN ? 137 : 0;
	if (v.state == SHOWN_TERMINATED)
		code = v.now->exit_code;
	else if (v.last)
		code = v.last->exit_code;
	bool ended = v.state == SHOWN_TERMINATED || v.state == SHOWN_UNKNOWN;
	bool waits_fresh = v.state == SHOWN_WAITING && !v.last;
	if (s->init && !s->sidecar) {
		t->init_pending += v.state == SHOWN_RUNNING || waits_fresh;
		t->init_failed += v.state != SHOWN_RUNNING && !waits_fresh && code != 0;
	} else if (s->sidecar) {
		t->running += v.state == SHOWN_RUNNING;
		t->sidecar_pending += waits_fresh;
		t->waiting += waits_fresh;
	} else {
		t->running += v.state == SHOWN_RUNNING;
		t->waiting += waits_fresh;
		t->stopped += ended || (v.state == SHOWN_WAITING && v.last);
		t->succeeded += ended && code == 0;
	}
}

static bool any_app_ran(const struct machine *m)
{
	for (size_t i = m->pod->n_init; i < m->n; i++)
		if (m->c[i].cur.id)
			return true;
	return false;
}

static enum pod_phase live_phase(const struct machine *m)
{
	struct tally t = {0};
	enum restart_policy policy = m->pod->restart;
	for (size_t i = 0; i < m->n; i++)
		count(&t, m, i);
	if (t.init_failed && policy == RESTART_NEVER)
		return PHASE_FAILED;
	if (t.init_pending || (t.sidecar_pending && !any_app_ran(m)) || t.waiting)
		return PHASE_PENDING;
	if (t.running)
		return PHASE_RUNNING;
	if (!t.stopped)
		return PHASE_PENDING;
	if (m->final)
		return t.stopped == t.succeeded ? PHASE_SUCCEEDED : PHASE_FAILED;
	if (policy == RESTART_ALWAYS)
		return PHASE_RUNNING;
	if (t.stopped == t.succeeded)
		return PHASE_SUCCEEDED;
	return policy == RESTART_NEVER ? PHASE_FAILED : PHASE_RUNNING;
}

/* A terminal phase is told only when nothing of the Pod runs any more: controllers replace it on that word.
 */
enum pod_phase status_phase(const struct machine *m)
{
	bool ended = machine_all_ended(m);
	if (m->forced_phase != PHASE_UNKNOWN && ended && m->final)
		return m->forced_phase;
	enum pod_phase p = live_phase(m);
	if (m->final && p != PHASE_SUCCEEDED)
		return PHASE_FAILED;
	if ((p == PHASE_SUCCEEDED || p == PHASE_FAILED) && !ended)
		return PHASE_RUNNING;
	return p;
}

/* ---- container statuses ---- */

static void set_time(js *o, const char *key, int64_t ns)
{
	char text[RFC3339_MAX];
	rfc3339_format(ns, text);
	js_set_str(o, key, text);
}

static void set_id(js *o, const char *scheme, const char *id)
{
	autofree char *text = mem_printf("%s://%s", scheme, id);
	js_set_str(o, "containerID", text);
}

static js *terminated(const struct container_run *r, const char *scheme)
{
	js *t = js_new_obj();
	js_set_int(t, "exitCode", r->exit_code);
	js_set_str(t, "reason", r->reason);
	js_set_str(t, "message", r->message);
	if (r->started_ns)
		set_time(t, "startedAt", r->started_ns);
	else
		js_set(t, "startedAt", NULL);
	set_time(t, "finishedAt", r->finished_ns);
	if (*r->id)
		set_id(t, scheme, r->id);
	return t;
}

static js *state_of(const struct status_view *v, const char *scheme)
{
	js *s = js_new_obj(), *in = NULL;
	const char *key = "waiting";
	switch (v->state) {
	case SHOWN_RUNNING:
		key = "running";
		in = js_new_obj();
		set_time(in, "startedAt", v->now->started_ns);
		break;
	case SHOWN_TERMINATED:
		key = "terminated";
		in = terminated(v->now, scheme);
		break;
	case SHOWN_UNKNOWN:
		key = "terminated";
		in = js_new_obj();
		js_set_int(in, "exitCode", 137);
		js_set_str(in, "reason", "ContainerStatusUnknown");
		js_set_str(in, "message", unknown_message);
		js_set(in, "startedAt", NULL);
		js_set(in, "finishedAt", NULL);
		break;
	case SHOWN_WAITING:
		in = js_new_obj();
		js_set_str(in, "reason", v->reason);
		js_set_str(in, "message", v->message);
		break;
	}
	js_set(s, key, in);
	return s;
}

static js *container_json(const struct machine *m, size_t i, const struct status_node *node)
{
	const struct container_spec *s = &m->pod->containers[i];
	struct status_view v = status_view(m, i);
	const struct container_run *r = v.now ? v.now : v.last;
	js *o = js_new_obj(), *last = js_new_obj();
	js_set_str(o, "name", s->name);
	js_set(o, "state", state_of(&v, node->runtime));
	if (v.last)
		js_set(last, "terminated", terminated(v.last, node->runtime));
	js_set(o, "lastState", last);
	js_set_bool(o, "ready", is_ready(m, i));
	js_set_int(o, "restartCount", r ? r->attempt : 0);
	js_set_str(o, "image", r && r->image ? r->image : s->image);
	js_set_str(o, "imageID", r && r->image_id ? r->image_id : "");
	if (r && *r->id)
		set_id(o, node->runtime, r->id);
	js_set_bool(o, "started", v.state == SHOWN_RUNNING);
	return o;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(js_str0(*(js *const *)a, "name", NULL), js_str0(*(js *const *)b, "name", NULL));
}

/* Init containers in their order, app containers by name, as the kubelet lists them. */
static void add_containers(js *st, const struct machine *m, const struct status_node *node)
{
	js *inits = js_new_arr(), *apps = js_new_arr();
	size_t n = m->n - m->pod->n_init;
	js **v = mem_array(n, sizeof(js *));
	for (size_t i = 0; i < m->n; i++) {
		js *c = container_json(m, i, node);
		if (i < m->pod->n_init)
			js_push(inits, c);
		else
			v[i - m->pod->n_init] = c;
	}
	qsort(v, n, sizeof(js *), by_name);
	for (size_t i = 0; i < n; i++)
		js_push(apps, v[i]);
	free(v);
	if (js_len(inits))
		js_set(st, "initContainerStatuses", inits);
	else
		js_autoput(&inits);
	js_set(st, "containerStatuses", apps);
}

/* ---- conditions ---- */

struct verdict {
	bool yes;
	const char *reason;
	struct buf message;
};

static void name_list(struct buf *b, const char *intro, const struct machine *m, bool init)
{
	buf_adds(b, intro);
	bool first = true;
	for (size_t i = 0; i < m->n; i++) {
		const struct container_spec *s = &m->pod->containers[i];
		bool concerned = init ? s->init && !container_passed(m, (int)i)
				      : (!s->init || s->sidecar) && !is_ready(m, i);
		if (!concerned)
			continue;
		buf_addf(b, "%s%s", first ? "[" : " ", s->name);
		first = false;
	}
	buf_addc(b, ']');
}

static struct verdict containers_ready(const struct machine *m, enum pod_phase phase)
{
	struct verdict v = {.yes = true};
	if (phase == PHASE_SUCCEEDED || phase == PHASE_FAILED)
		return (struct verdict){.reason = phase == PHASE_SUCCEEDED ? "PodCompleted" : "PodFailed"};
	for (size_t i = 0; i < m->n; i++)
		if ((!m->pod->containers[i].init || m->pod->containers[i].sidecar) && !is_ready(m, i))
			v.yes = false;
	if (!v.yes) {
		v.reason = "ContainersNotReady";
		name_list(&v.message, "containers with unready status: ", m, false);
	}
	return v;
}

/* Conditions that others set and that spec.readinessGates makes a part of Ready. */
static void check_gates(struct verdict *v, const struct machine *m)
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

static struct verdict initialized(const struct machine *m, enum pod_phase phase)
{
	struct verdict v = {.yes = true};
	if (phase == PHASE_SUCCEEDED) {
		v.reason = "PodCompleted";
	} else if (!machine_init_done(m)) {
		v.yes = false;
		v.reason = "ContainersNotInitialized";
		name_list(&v.message, "containers with incomplete status: ", m, true);
	}
	return v;
}

static void add_condition(js *list, const struct machine *m, const js *old, const char *type,
			  struct verdict v, int64_t now_ns)
{
	const char *status = v.yes ? "True" : "False";
	const js *was = condition_find(js_arr(old, "conditions", NULL), type);
	js *c = js_new_obj();
	js_set_str(c, "type", type);
	js_set_str(c, "status", status);
	js_set_int(c, "observedGeneration", m->pod->o.meta.generation);
	if (was && !strcmp(js_str0(was, "status", NULL), status) && js_str(was, "lastTransitionTime", NULL))
		js_set_str(c, "lastTransitionTime", js_str(was, "lastTransitionTime", NULL));
	else
		set_time(c, "lastTransitionTime", now_ns);
	js_set_str(c, "reason", v.reason);
	if (v.message.len)
		js_set_str(c, "message", buf_str(&v.message));
	js_push(list, c);
	buf_release(&v.message);
}

static js *conditions(const struct machine *m, enum pod_phase phase, const js *old, int64_t now_ns)
{
	js *list = js_new_arr();
	struct verdict ready = containers_ready(m, phase);
	check_gates(&ready, m);
	add_condition(list, m, old, "PodReadyToStartContainers", (struct verdict){.yes = m->sandbox_up},
		      now_ns);
	add_condition(list, m, old, "Initialized", initialized(m, phase), now_ns);
	add_condition(list, m, old, "Ready", ready, now_ns);
	add_condition(list, m, old, "ContainersReady", containers_ready(m, phase), now_ns);
	add_condition(list, m, old, "PodScheduled", (struct verdict){.yes = true}, now_ns);
	return list;
}

/* ---- the whole ---- */

static js *ip_list(const char *first, const char *second)
{
	js *list = js_new_arr();
	const char *ips[] = {first, second};
	for (size_t i = 0; i < ARRAY_LEN(ips); i++) {
		if (!ips[i] || !*ips[i])
			continue;
		js *o = js_new_obj();
		js_set_str(o, "ip", ips[i]);
		js_push(list, o);
	}
	return list;
}

static void add_addresses(js *st, const struct machine *m, const struct status_node *node)
{
	const char *first = m->ips[0], *second = m->ips[1];
	js_set_str(st, "hostIP", node->host_ip);
	js_set(st, "hostIPs", ip_list(node->host_ip, NULL));
	if (m->pod->host_network && m->sandbox_up) {
		first = node->host_ip;
		second = "";
	}
	if (!*first)
		return;
	js_set_str(st, "podIP", first);
	js_set(st, "podIPs", ip_list(first, second));
}

js *status_build(const struct machine *m, const struct status_node *node, const js *old, int64_t now_wall_ns)
{
	enum pod_phase phase = status_phase(m);
	js *st = js_new_obj();
	js_set_int(st, "observedGeneration", m->pod->o.meta.generation);
	js_set_str(st, "phase", pod_phase_name(phase));
	if (m->reason && (m->rejected || m->final)) {
		js_set_str(st, "reason", m->reason);
		js_set_str(st, "message", m->message);
	}
	js_set_str(st, "qosClass", resources_qos_name(resources_qos(m->pod)));
	set_time(st, "startTime", m->start_wall_ns);
	if (m->rejected)
		return st;
	js_set(st, "conditions", conditions(m, phase, old, now_wall_ns));
	add_addresses(st, m, node);
	/* An address outlives its sandbox: status keeps the last one. */
	if (!js_field(st, "podIP") && js_str(old, "podIP", NULL)) {
		js_set_str(st, "podIP", js_str(old, "podIP", NULL));
		js_set(st, "podIPs", js_dup(js_arr(old, "podIPs", NULL)));
	}
	add_containers(st, m, node);
	return st;
}

/* Conditions are merged by type: only those that changed travel, and those of others are left alone. */
static js *changed_conditions(const js *old, const js *new)
{
	js *list = js_new_arr();
	js_array_for_each (c, new) {
		const js *was = condition_find(old, js_str0(c, "type", NULL));
		if (js_equal(was, c))
			continue;
		js *copy = js_dup(c);
		/* Merged field by field: what is gone has to be named. */
		static const char *const optional[] = {"reason", "message"};
		for (size_t i = 0; i < ARRAY_LEN(optional); i++)
			if (js_field(was, optional[i]) && !js_field(c, optional[i]))
				js_set(copy, optional[i], NULL);
		js_push(list, copy);
	}
	return list;
}

static const char *const owned_fields[] = {
	"observedGeneration",
	"phase",
	"reason",
	"message",
	"qosClass",
	"startTime",
	"hostIP",
	"hostIPs",
	"podIP",
	"podIPs",
	"initContainerStatuses",
	"containerStatuses",
};

js *status_patch(const js *old, const js *new, const char *uid)
{
	js *patch = js_new_obj(), *st = js_new_obj(), *conds;
	for (size_t i = 0; i < ARRAY_LEN(owned_fields); i++) {
		const char *key = owned_fields[i];
		const js *was = js_field(old, key), *is = js_field(new, key);
		if (is && !js_equal(was, is))
			js_set(st, key, js_dup(is));
		else if (!is && was && js_field(new, "conditions"))
			js_set(st, key, NULL);
	}
	conds = changed_conditions(js_arr(old, "conditions", NULL), js_arr(new, "conditions", NULL));
	if (js_len(conds))
		js_set(st, "conditions", conds);
	else
		js_autoput(&conds);
	if (js_len(st) == 0) {
		js_autoput(&st);
		js_autoput(&patch);
		return NULL;
	}
	js_set_str(js_ensure(patch, "metadata", NULL), "uid", uid);
	js_set(patch, "status", st);
	return patch;
}

js *status_container(const js *status, const char *name)
{
	static const char *const lists[] = {"containerStatuses", "initContainerStatuses"};
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		js_array_for_each (c, js_arr(status, lists[i], NULL))
			if (!strcmp(js_str0(c, "name", NULL), name))
				return c;
	return NULL;
}
