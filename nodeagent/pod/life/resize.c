/* SPDX-License-Identifier: Apache-2.0 */
#include "pod/life/resize.h"

#include <stdlib.h>

#include "object/condition.h"
#include "pod/life/ending.h"

const char RESIZE_DEFERRED[] = "Deferred", RESIZE_INFEASIBLE[] = "Infeasible";

static const char *const lists[] = {"requests", "limits"};
static const char *const resources[] = {"cpu", "memory"};

static const char *text_of(const struct machine *m, size_t i)
{
	const char *text = m->pod->list.v[i].resources_text;
	return text ? text : "{}";
}

void resize_pend(struct machine *m, const char *reason, const char *message, int64_t generation)
{
	struct resize *r = &m->resize;
	bool same = r->pending == reason &&
		    (!reason || (!strcmp(r->message, message) && r->pending_generation == generation));
	if (same)
		return;
	r->pending = reason;
	free(r->message);
	r->message = mem_strdup(message);
	r->pending_generation = generation;
	m->version++;
}

static void set_actuated(struct machine *m, size_t i, const char *text)
{
	struct container *c = &m->c[i];
	struct container_resources r = pod_resources_read(text);
	char *differs = pod_resources_equal(&r, &m->pod->list.v[i].resources) ? NULL : mem_strdup(text);
	m->version += differs || c->actuated;
	free(c->actuated);
	c->actuated = differs;
}

void resize_grant(struct machine *m, const struct pod *p)
{
	struct resize *r = &m->resize;
	const struct pod *old = m->pod;
	m->pod = p;
	for (size_t i = 0; i < old->list.n; i++) {
		const char *was = old->list.v[i].resources_text;
		autofree char *has = mem_strdup(m->c[i].actuated ? m->c[i].actuated : was ? was : "{}");
		if (m->c[i].state == CTR_RUNNING)
			set_actuated(m, i, has);
	}
	r->in_progress = r->owed = true;
	r->generation = p->o.meta.generation;
	r->retry = (struct retry){0};
	free(STEAL(r->trouble));
	m->version++;
}

/* ---- on ---- */

static bool wants_restart(const struct machine *m, size_t i)
{
	const struct container_spec *s = &m->pod->list.v[i];
	const struct container_resources *to = &s->resources, is = pod_resources_read(m->c[i].actuated);
	bool cpu = is.cpu_request != to->cpu_request || is.cpu_limit != to->cpu_limit;
	bool memory = is.memory_request != to->memory_request || is.memory_limit != to->memory_limit;
	return (cpu && s->resize_cpu.restart == RESIZE_RESTART_CONTAINER) ||
	       (memory && s->resize_memory.restart == RESIZE_RESTART_CONTAINER);
}

static void add_list(js *to, const struct machine *m, const char *key, size_t from, size_t end)
{
	for (size_t i = from; i < end; i++) {
		js *o = js_new_obj();
		js_set_str(o, "name", m->pod->list.v[i].name);
		js_set(o, "resources", pod_field(text_of(m, i)));
		js_push(js_ensure_arr(to, key), o);
	}
}

static void complete(struct machine *m)
{
	autojson js *o = js_new_obj();
	autobuf struct buf text = BUF_INIT;
	for (size_t i = 0; i < m->n; i++)
		if (m->c[i].actuated || (m->c[i].resized && m->c[i].state != CTR_DONE))
			return;
	m->resize.in_progress = false;
	m->version++;
	add_list(o, m, "initContainers", 0, m->pod->list.n_init);
	add_list(o, m, "containers", m->pod->list.n_init, machine_apps_end(m));
	js_write(&text, o);
	machine_record(m, -1, false, "ResizeCompleted", "Pod resize completed: %s", buf_str(&text));
}

/* Whoever has to start again has ended, and whoever is being started, with what was granted before, runs. */
static bool clear_way(struct machine *m, struct instant now)
{
	bool clear = true;
	for (size_t i = 0; i < machine_apps_end(m); i++) {
		bool again = m->c[i].state == CTR_RUNNING && m->c[i].actuated && wants_restart(m, i);
		if (again)
			ending_resized(m, (int)i, now);
		clear &= !again && m->c[i].state != CTR_STARTING;
	}
	return clear;
}

void resize_step(struct machine *m, struct instant now)
{
	struct resize *r = &m->resize;
	if (m->stage != POD_ACTIVE)
		return;
	if (r->in_progress && !r->owed && !r->busy)
		complete(m);
	if (!r->owed || r->busy || now.mono_ns < r->retry.at_ns || !clear_way(m, now))
		return;
	r->owed = false;
	r->busy = true;
	machine_push(m, ACT_RESIZE, -1);
}

bool resize_holds(const struct machine *m)
{
	return (m->resize.owed || m->resize.busy) && !m->resize.trouble;
}

int64_t resize_next_ns(const struct machine *m)
{
	const struct resize *r = &m->resize;
	bool waits = r->owed && !r->busy && r->retry.at_ns && m->stage == POD_ACTIVE;
	return waits ? r->retry.at_ns : CLOCK_NEVER;
}

/* ---- what came of it ---- */

void resize_ran(struct machine *m, int i, const char *text)
{
	if (m->c[i].state != CTR_RUNNING)
		return;
	set_actuated(m, (size_t)i, text ? text : "{}");
	m->resize.owed |= m->c[i].actuated != NULL;
}

void resize_ended(struct machine *m, int i)
{
	free(STEAL(m->c[i].actuated));
}

void resize_applied(struct machine *m, int i, const char *id, const char *text, const char *resource)
{
	struct container *c = &m->c[i];
	autojson js *has = pod_field(c->actuated), *given = pod_field(text);
	autobuf struct buf b = BUF_INIT;
	if (!has || c->state != CTR_RUNNING || strcmp(c->cur.id, id) != 0)
		return;
	for (size_t l = 0; l < ARRAY_LEN(lists); l++) {
		const js *v = js_get(given, lists[l], resource, NULL);
		if (v)
			js_set(js_ensure(has, lists[l], NULL), resource, js_dup(v));
	}
	js_write(&b, has);
	set_actuated(m, (size_t)i, buf_str(&b));
}

void resize_done(struct machine *m, const char *why, struct instant now)
{
	struct resize *r = &m->resize;
	r->busy = false;
	m->version++;
	if (why) {
		free(r->trouble);
		r->trouble = mem_strdup(why);
		r->owed = true;
		machine_retry_later(&r->retry, now);
		return;
	}
	free(STEAL(r->trouble));
	r->retry = (struct retry){0};
	for (size_t i = 0; i < m->n; i++)
		r->owed |= m->c[i].actuated != NULL;
}

js *resize_status(const struct machine *m, size_t i)
{
	js *is = pod_field(text_of(m, i));
	autojson js *has = pod_field(m->c[i].actuated);
	for (size_t l = 0; l < ARRAY_LEN(lists); l++)
		for (size_t k = 0; k < ARRAY_LEN(resources); k++) {
			const js *v = js_get(has, lists[l], resources[k], NULL);
			if (v && js_field(is, lists[l]))
				js_set(js_ensure(is, lists[l], NULL), resources[k], js_dup(v));
		}
	return is;
}

/* ---- over a restart of the agent ---- */

void resize_save(const struct machine *m, bool done, struct buf *out)
{
	autojson js *kept = js_new_obj();
	js *granted = js_ensure(kept, "allocated", NULL), *has = js_ensure(kept, "actuated", NULL);
	for (size_t i = 0; i < machine_apps_end(m); i++) {
		const char *name = m->pod->list.v[i].name;
		js_set(granted, name, pod_field(text_of(m, i)));
		if (m->c[i].actuated && !done)
			js_set(has, name, pod_field(m->c[i].actuated));
	}
	js_set_bool(kept, "settled", done);
	js_write(out, kept);
}

const struct pod *resize_load_pod(const js *kept, const struct pod *p)
{
	char **texts = mem_array(p->list.n, sizeof(*texts));
	bool differ = false;
	for (size_t i = 0; i < p->list.n; i++) {
		const js *v = js_obj(kept, "allocated", p->list.v[i].name, NULL);
		autobuf struct buf b = BUF_INIT;
		if (!v)
			continue;
		js_write(&b, v);
		struct container_resources r = pod_resources_read(buf_str(&b));
		if (pod_resources_equal(&r, &p->list.v[i].resources))
			continue;
		texts[i] = buf_take(&b, NULL);
		differ = true;
	}
	const struct pod *ret = differ ? pod_with_resources(p, (const char *const *)texts) : informer_ref(p);
	for (size_t i = 0; i < p->list.n; i++)
		free(texts[i]);
	free(texts);
	return ret;
}

void resize_load(struct machine *m, const js *kept, const js *status)
{
	struct resize *r = &m->resize;
	const js *told = condition_find(js_arr(status, "conditions", NULL), "PodResizeInProgress");
	for (size_t i = 0; i < machine_apps_end(m); i++) {
		const js *v = js_obj(kept, "actuated", m->pod->list.v[i].name, NULL);
		autobuf struct buf b = BUF_INIT;
		if (!v || m->c[i].state != CTR_RUNNING)
			continue;
		js_write(&b, v);
		set_actuated(m, i, buf_str(&b));
	}
	r->owed = kept && !js_bool(kept, true, "settled", NULL);
	r->in_progress = r->owed || told;
	r->generation = js_int(told, m->pod->o.meta.generation, "observedGeneration", NULL);
}
