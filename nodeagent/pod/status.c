/* SPDX-License-Identifier: Apache-2.0 */
#include "pod/status.h"

#include <stdlib.h>

#include "base/gate.h"
#include "base/map.h"
#include "object/condition.h"
#include "object/rfc3339.h"
#include "os/stopsignal.h"
#include "pod/conditions.h"
#include "pod/life/resize.h"
#include "pod/limits.h"

static const char unknown_message[] = "The container could not be located when the pod was terminated";

static const struct container_run *finished(const struct container_run *r)
{
	return r->id && r->finished_ns ? r : NULL;
}

/* Once the Pod is over nothing is waiting: of what never ran, although its turn had come, nobody knows how it ended. */
static bool unaccounted(const struct machine *m, size_t i)
{
	if (!m->final || m->pod->list.v[i].ephemeral)
		return false;
	if (!m->pod->list.v[i].init)
		return m->apps_begun || machine_init_turn(m) == m->pod->list.n_init;
	return i == 0 || i < m->n_begun;
}

static struct status_view waiting(const struct machine *m, size_t i)
{
	const struct container *c = &m->c[i];
	/* A run that is not told of yet is in the way of the one before. */
	const struct container_run *before = finished(c->postponed ? &c->prev : &c->cur);
	const char *creating = m->pod->list.n_init ? "PodInitializing" : "ContainerCreating";
	return (struct status_view){.state = SHOWN_WAITING,
				    .reason = c->waiting_reason ? c->waiting_reason : creating,
				    .message = c->waiting_reason ? c->waiting_message : NULL,
				    .now = before,
				    .last = before};
}

struct status_view status_view(const struct machine *m, size_t i)
{
	const struct container *c = &m->c[i];
	if (c->state == CTR_RUNNING && !c->postponed)
		return (struct status_view){
			.state = SHOWN_RUNNING, .now = &c->cur, .last = finished(&c->prev)};
	if (c->postponed || (c->waiting_reason && c->state != CTR_DONE))
		return waiting(m, i);
	if (finished(&c->cur))
		return (struct status_view){
			.state = SHOWN_TERMINATED, .now = &c->cur, .last = finished(&c->prev)};
	return unaccounted(m, i) ? (struct status_view){.state = SHOWN_UNKNOWN} : waiting(m, i);
}

/* ---- phase ---- */

struct tally {
	int init_pending, init_failed, sidecar_pending, running, waiting, stopped, ended,
		succeeded; /* ended: for good */
};

static void count(struct tally *t, const struct machine *m, size_t i)
{
	const struct container_spec *s = &m->pod->list.v[i];
	struct status_view v = status_view(m, i);
	int code = v.state == SHOWN_UNKNOWN ? 137 : 0;
	if (v.state == SHOWN_TERMINATED)
		code = v.now->exit_code;
	else if (v.last)
		code = v.last->exit_code;
	bool ended = v.state == SHOWN_TERMINATED || v.state == SHOWN_UNKNOWN;
	bool waits_fresh = v.state == SHOWN_WAITING && !v.last, again = pod_restarts(m->pod, s, code);
	if (s->init && !s->sidecar) {
		t->init_pending += v.state == SHOWN_RUNNING || waits_fresh;
		t->init_failed += v.state != SHOWN_RUNNING && !waits_fresh && code != 0 && !again;
	} else if (s->sidecar) {
		t->running += v.state == SHOWN_RUNNING;
		t->sidecar_pending +=
			waits_fresh || (v.state == SHOWN_RUNNING && !container_started(m, (int)i));
		t->waiting += waits_fresh;
	} else {
		t->running += v.state == SHOWN_RUNNING;
		t->waiting += waits_fresh;
		t->stopped += ended || (v.state == SHOWN_WAITING && v.last);
		t->ended += ended && !again;
		t->succeeded += ended && code == 0;
	}
}

static enum pod_phase live_phase(const struct machine *m)
{
	struct tally t = {0};
	for (size_t i = 0; i < machine_apps_end(m); i++)
		count(&t, m, i);
	if (t.init_failed)
		return PHASE_FAILED;
	if (t.init_pending || (t.sidecar_pending && !m->apps_begun) || t.waiting)
		return PHASE_PENDING;
	if (t.running)
		return PHASE_RUNNING;
	if (!t.stopped)
		return PHASE_PENDING;
	if (!m->final && t.ended != t.stopped) /* some are about to run again */
		return PHASE_RUNNING;
	return t.stopped == t.succeeded ? PHASE_SUCCEEDED : PHASE_FAILED;
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

/* What of a container's mounts holds: recursiveReadOnly is answered for each that is read-only. */
static js *mounts_json(const struct container_spec *s)
{
	js *all = js_new_arr();
	for (size_t i = 0; i < s->n_mounts; i++) {
		const struct volume_mount *v = &s->mounts[i];
		js *o = js_new_obj();
		js_set_str(o, "name", v->name);
		js_set_str(o, "mountPath", v->path);
		if (v->readonly) {
			bool all_of_it =
				*v->recursive_readonly && strcmp(v->recursive_readonly, "Disabled") != 0;
			js_set_bool(o, "readOnly", true);
			js_set_str(o, "recursiveReadOnly", all_of_it ? "Enabled" : "Disabled");
		}
		js_push(all, o);
	}
	return all;
}

static void set_resources(js *o, const struct machine *m, size_t i)
{
	autojson js *granted = pod_field(m->pod->list.v[i].resources_text);
	js *requests = js_take(granted, "requests");
	if (requests)
		js_set(o, "allocatedResources", requests);
	js_set(o, "resources", resize_status(m, i));
}

/* The one that the run was begun with, by the name that the Pod has for it; some have several. */
static void set_stop_signal(js *o, const struct container_spec *s, int sig)
{
	char name[STOPSIGNAL_NAME_MAX];
	if (!gate_enabled(GATE_ContainerStopSignals) || !stopsignal_name(sig, name))
		return;
	js_set_str(o, "stopSignal", sig == s->stop_signal ? s->stop_signal_name : name);
}

static js *container_json(const struct machine *m, size_t i, const struct status_node *node)
{
	const struct container_spec *s = &m->pod->list.v[i];
	struct status_view v = status_view(m, i);
	const struct container_run *r = v.now ? v.now : v.last;
	js *o = js_new_obj(), *last = js_new_obj();
	js_set_str(o, "name", s->name);
	js_set(o, "state", state_of(&v, node->runtime));
	if (v.last)
		js_set(last, "terminated", terminated(v.last, node->runtime));
	js_set(o, "lastState", last);
	js_set_bool(o, "ready", container_ready(m, (int)i));
	js_set_int(o, "restartCount", r ? r->attempt : 0);
	js_set_str(o, "image", r && r->image ? r->image : s->image);
	js_set_str(o, "imageID", r && r->image_id ? r->image_id : "");
	if (r && *r->id)
		set_id(o, node->runtime, r->id);
	if (!s->ephemeral)
		js_set_bool(o, "started", container_started(m, (int)i));
	if (r && *r->id)
		set_resources(o, m, i);
	if (r && r->user)
		js_set(o, "user", pod_field(r->user));
	if (s->n_mounts)
		js_set(o, "volumeMounts", mounts_json(s));
	set_stop_signal(o, s, r ? r->stop_signal : 0);
	return o;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(js_str0(*(js *const *)a, "name", NULL), js_str0(*(js *const *)b, "name", NULL));
}

/* Init containers in their order. */
static js *init_statuses(const struct status_source *src)
{
	const struct machine *m = src->m;
	js *list = m->pod->list.n_init ? js_new_arr() : NULL;
	for (size_t i = 0; i < m->pod->list.n_init; i++)
		js_push(list, container_json(m, i, src->node));
	return list;
}

static js *sorted_statuses(const struct status_source *src, size_t from, size_t to)
{
	const struct machine *m = src->m;
	js **v = mem_array(to - from, sizeof(js *)), *list = js_new_arr();
	for (size_t i = from; i < to; i++)
		v[i - from] = container_json(m, i, src->node);
	qsort(v, to - from, sizeof(js *), by_name);
	for (size_t i = from; i < to; i++)
		js_push(list, v[i - from]);
	free(v);
	return list;
}

/* App containers by name, as the kubelet lists them. */
static js *app_statuses(const struct status_source *src)
{
	return sorted_statuses(src, src->m->pod->list.n_init, machine_apps_end(src->m));
}

static js *ephemeral_statuses(const struct status_source *src)
{
	const struct machine *m = src->m;
	return m->pod->list.n_ephemeral ? sorted_statuses(src, machine_apps_end(m), m->n) : NULL;
}

/* ---- conditions ---- */

/* The condition of row i, NULL when there is nothing to say of it; its time of transition is the known one while its
   status is. */
static js *condition(const struct status_source *src, size_t i, const struct status_condition *known,
		     struct status_condition *ret)
{
	struct conditions_verdict v = conditions_rows[i].judge(src);
	if (v.absent || v.gone) {
		*ret = v.gone ? (struct status_condition){0} : *known;
		return NULL;
	}
	js *c = js_new_obj();
	*ret = (struct status_condition){.yes = v.yes, .has_reason = v.reason, .has_message = v.message.len};
	ret->since_ns = known->since_ns && known->yes == v.yes ? known->since_ns : src->now_ns;
	js_set_str(c, "type", conditions_rows[i].type);
	js_set_str(c, "status", v.yes ? "True" : "False");
	js_set_int(c, "observedGeneration", v.generation ? v.generation : src->m->pod->o.meta.generation);
	set_time(c, "lastTransitionTime", ret->since_ns);
	js_set_str(c, "reason", v.reason);
	if (v.message.len)
		js_set_str(c, "message", buf_str(&v.message));
	buf_release(&v.message);
	return c;
}

/* ---- the other fields ---- */

static js *observed_generation(const struct status_source *src)
{
	return js_new_int(src->m->pod->o.meta.generation);
}

static js *phase_name(const struct status_source *src)
{
	return js_new_str(podlife_phase_name(src->phase));
}

static bool has_reason(const struct machine *m)
{
	return m->reason && (m->rejected || m->final);
}

static js *reason(const struct status_source *src)
{
	return has_reason(src->m) ? js_new_str(src->m->reason) : NULL;
}

static js *message(const struct status_source *src)
{
	return has_reason(src->m) && src->m->message ? js_new_str(src->m->message) : NULL;
}

static js *qos(const struct status_source *src)
{
	return js_new_str(qos_class_name(limits_qos(src->m->pod)));
}

static js *start_time(const struct status_source *src)
{
	char text[RFC3339_MAX];
	rfc3339_format(src->m->start_wall_ns, text);
	return js_new_str(text);
}

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

static js *host_ip(const struct status_source *src)
{
	return src->node->host_ip ? js_new_str(src->node->host_ip) : NULL;
}

static js *host_ips(const struct status_source *src)
{
	return ip_list(src->node->host_ip, NULL);
}

static bool shares_host_ip(const struct machine *m)
{
	return m->pod->host_network && m->sandbox_up;
}

static js *pod_ip(const struct status_source *src)
{
	const char *ip = shares_host_ip(src->m) ? src->node->host_ip : src->m->ips[0];
	return ip && *ip ? js_new_str(ip) : NULL;
}

static js *pod_ips(const struct status_source *src)
{
	if (shares_host_ip(src->m))
		return ip_list(src->node->host_ip, NULL);
	return *src->m->ips[0] ? ip_list(src->m->ips[0], src->m->ips[1]) : NULL;
}

static const struct field_row {
	const char *name;
	js *(*build)(const struct status_source *src); /* NULL = absent */
	bool rejected;				       /* told of a Pod that the node refused, too */
	bool sticky; /* an address outlives its sandbox: the API keeps the last one */
	bool keyed;  /* a list that a patch would only add to: it has to say that it is the whole one */
} field_rows[STATUS_FIELDS] = {
	{"observedGeneration", observed_generation, true, false, false},
	{"phase", phase_name, true, false, false},
	{"reason", reason, true, false, false},
	{"message", message, true, false, false},
	{"qosClass", qos, true, false, false},
	{"startTime", start_time, true, false, false},
	{"hostIP", host_ip, false, true, false},
	{"hostIPs", host_ips, false, true, true},
	{"podIP", pod_ip, false, true, false},
	{"podIPs", pod_ips, false, true, true},
	{"initContainerStatuses", init_statuses, false, false, false},
	{"containerStatuses", app_statuses, false, false, false},
	{"ephemeralContainerStatuses", ephemeral_statuses, false, false, false},
};

/* ---- digests ---- */

static uint64_t hash(const void *p, size_t n)
{
	static const uint64_t key[2] = {0x706f64, 0x737461747573};
	return map_siphash13(key, p, n);
}

static uint64_t digest(const js *v);

/* Whatever the order of its members; a null member is no member. */
static uint64_t digest_object(const js *o)
{
	uint64_t sum = 0;
	for (struct js_iter it = js_iter(o); js_next(&it);) {
		const uint64_t pair[] = {hash(it.key, strlen(it.key)), digest(it.value)};
		sum += it.value ? hash(pair, sizeof(pair)) : 0;
	}
	return sum;
}

/* Never 0, which is absence. */
static uint64_t digest(const js *v)
{
	uint64_t d = 1;
	if (js_is_obj(v)) {
		d = digest_object(v);
	} else if (js_is_arr(v)) {
		js_array_for_each (item, v) {
			const uint64_t pair[] = {d, digest(item)};
			d = hash(pair, sizeof(pair));
		}
	} else {
		autobuf struct buf text = BUF_INIT;
		js_write(&text, v);
		d = hash(buf_str(&text), text.len);
	}
	return d ? d : 1;
}

static int64_t time_of(const js *condition)
{
	struct err err = ERR_INIT;
	int64_t ns;
	const char *s = js_str(condition, "lastTransitionTime", NULL);
	return s && rfc3339_parse(s, &ns, &err) == 0 ? ns : 0;
}

void status_known_read(struct status_known *k, const js *status)
{
	const js *list = js_arr(status, "conditions", NULL);
	*k = (struct status_known){0};
	for (size_t i = 0; i < STATUS_FIELDS; i++) {
		const js *v = js_field(status, field_rows[i].name);
		k->fields[i] = v ? digest(v) : 0;
	}
	for (size_t i = 0; i < STATUS_CONDITIONS; i++) {
		const js *c = condition_find(list, conditions_rows[i].type);
		if (c)
			k->conditions[i] =
				(struct status_condition){.digest = digest(c),
							  .since_ns = time_of(c),
							  .yes = !strcmp(js_str0(c, "status", NULL), "True"),
							  .has_reason = js_field(c, "reason"),
							  .has_message = js_field(c, "message")};
	}
}

bool status_known_correct(struct status_known *k, const char *status)
{
	struct seen {
		struct object_condition ready;
	} seen = {0};
	static const struct decode_row rows[] = {
		DECODE_FIND("conditions", "type", "Ready", struct seen, ready, &podlife_condition_spec)};
	static const struct decode_spec spec = DECODE_SPEC(struct seen, rows);
	autoarena struct arena a = ARENA_INIT;
	struct err ignored = ERR_INIT; /* the informer has read it before */
	size_t i = 0;
	if (decode_into(&spec, status, strlen(status), &a, &seen, &ignored) < 0)
		return false;
	while (strcmp(conditions_rows[i].type, "Ready") != 0)
		i++;
	if (k->conditions[i].yes == (seen.ready.status == CONDITION_TRUE))
		return false;
	k->conditions[i] = (struct status_condition){.since_ns = seen.ready.since_ns,
						     .yes = seen.ready.status == CONDITION_TRUE,
						     .has_reason = seen.ready.reason,
						     .has_message = seen.ready.message};
	return true;
}

/* ---- the whole, and what differs ---- */

static struct status_source source(const struct machine *m, const struct status_node *node,
				   int64_t now_wall_ns)
{
	return (struct status_source){.m = m, .node = node, .phase = status_phase(m), .now_ns = now_wall_ns};
}

js *status_build(const struct machine *m, const struct status_node *node, const struct status_known *known,
		 int64_t now_wall_ns)
{
	static const struct status_known nothing;
	struct status_source src = source(m, node, now_wall_ns);
	struct status_condition ignored;
	js *st = js_new_obj(), *list = js_new_arr();
	for (size_t i = 0; i < STATUS_FIELDS; i++) {
		js *v = m->rejected && !field_rows[i].rejected ? NULL : field_rows[i].build(&src);
		if (v)
			js_set(st, field_rows[i].name, v);
	}
	for (size_t i = 0; i < STATUS_CONDITIONS && !m->rejected; i++) {
		js *c = condition(&src, i, &(known ? known : &nothing)->conditions[i], &ignored);
		if (c)
			js_push(list, c);
	}
	if (m->rejected)
		js_autoput(&list);
	else
		js_set(st, "conditions", list);
	return st;
}

static js *whole_list(void)
{
	js *o = js_new_obj();
	js_set_str(o, "$patch", "replace");
	return o;
}

static void patch_fields(js *st, const struct status_source *src, const struct status_known *known,
			 struct status_known *ret)
{
	for (size_t i = 0; i < STATUS_FIELDS; i++) {
		const struct field_row *r = &field_rows[i];
		if (src->m->rejected && !r->rejected)
			continue;
		autojson js *v = r->build(src);
		if (!v && (r->sticky || src->m->rejected))
			continue;
		ret->fields[i] = v ? digest(v) : 0;
		if (ret->fields[i] == known->fields[i])
			continue;
		if (r->keyed && known->fields[i])
			js_push(v, whole_list());
		js_set(st, r->name, STEAL(v));
	}
}

static js *no_condition(size_t i)
{
	js *o = js_new_obj();
	js_set_str(o, "$patch", "delete");
	js_set_str(o, "type", conditions_rows[i].type);
	return o;
}

/* Conditions are merged by type: only those that changed travel, and those of others are left alone. */
static void patch_conditions(js *st, const struct status_source *src, const struct status_known *known,
			     struct status_known *ret)
{
	for (size_t i = 0; i < STATUS_CONDITIONS && !src->m->rejected; i++) {
		const struct status_condition *was = &known->conditions[i];
		struct status_condition *is = &ret->conditions[i];
		autojson js *c = condition(src, i, was, is);
		if (!c && was->since_ns && !is->since_ns) {
			js_push(js_ensure_arr(st, "conditions"), no_condition(i));
			continue;
		}
		is->digest = c ? digest(c) : was->digest;
		if (is->digest == was->digest)
			continue;
		/* Merged field by field: what is gone has to be named. */
		if (was->has_reason && !is->has_reason)
			js_set(c, "reason", NULL);
		if (was->has_message && !is->has_message)
			js_set(c, "message", NULL);
		js_push(js_ensure_arr(st, "conditions"), STEAL(c));
	}
}

js *status_patch(const struct status_known *known, const struct machine *m, const struct status_node *node,
		 int64_t now_wall_ns, struct status_known *ret)
{
	struct status_source src = source(m, node, now_wall_ns);
	js *patch = js_new_obj(), *st = js_new_obj();
	struct status_known next = *known;
	patch_fields(st, &src, known, &next);
	patch_conditions(st, &src, known, &next);
	*ret = next;
	if (!js_len(st)) {
		js_autoput(&st);
		js_autoput(&patch);
		return NULL;
	}
	js_set_str(js_ensure(patch, "metadata", NULL), "uid", m->pod->o.meta.uid);
	js_set(patch, "status", st);
	return patch;
}

js *status_container(const js *status, const char *name)
{
	static const char *const lists[] = {"containerStatuses", "initContainerStatuses",
					    "ephemeralContainerStatuses"};
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		js_array_for_each (c, js_arr(status, lists[i], NULL))
			if (!strcmp(js_str0(c, "name", NULL), name))
				return c;
	return NULL;
}
