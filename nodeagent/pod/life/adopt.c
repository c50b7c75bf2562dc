/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking over what runs already. Three witnesses are heard, in this order: the runtime (what is there now,
 * with exit codes), the API's status (restart counts, earlier runs, what was there last time), and nothing: a
 * container that neither knows was never started. Back-off is not remembered across a restart of the agent,
 * as the kubelet's is not, nor are hooks: one that was under way is not run again, and what was being stopped has its
 * whole grace once more, preStop included.
 */
#include <stdlib.h>

#include "object/rfc3339.h"
#include "os/stopsignal.h"
#include "pod/machine.h"
#include "pod/status.h"

static const char lost_message[] =
	"The container could not be located when the pod was deleted.  The container used to be Running";

static int64_t time_of(const js *o, const char *key)
{
	struct err err = ERR_INIT;
	int64_t ns;
	const char *s = js_str(o, key, NULL);
	return s && rfc3339_parse(s, &ns, &err) == 0 ? ns : 0;
}

/* "coracle://ID" -> ID */
static const char *bare_id(const char *id)
{
	const char *p = id ? strstr(id, "://") : NULL;
	return p ? p + 3 : "";
}

static const char *known_reason(const char *s)
{
	static const char *const reasons[] = {"Completed", "Error", "OOMKilled", "StartError",
					      "ContainerStatusUnknown"};
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (s && !strcmp(reasons[i], s))
			return reasons[i];
	return "Error";
}

static char *text_of(const js *o)
{
	autobuf struct buf b = BUF_INIT;
	if (!o)
		return NULL;
	js_write(&b, o);
	return buf_take(&b, NULL);
}

static struct container_run run_of(const js *terminated, const js *entry, unsigned attempt)
{
	const char *message = js_str(terminated, "message", NULL);
	return (struct container_run){
		.id = mem_strdup(bare_id(js_str(terminated, "containerID", NULL))),
		.image = mem_strdup(js_str(entry, "image", NULL)),
		.image_id = mem_strdup(js_str(entry, "imageID", NULL)),
		.user = text_of(js_obj(entry, "user", NULL)),
		.stop_signal = stopsignal_parse(js_str(entry, "stopSignal", NULL)),
		.attempt = attempt,
		.started_ns = time_of(terminated, "startedAt"),
		.finished_ns = time_of(terminated, "finishedAt"),
		.exit_code = (int)js_int(terminated, 0, "exitCode", NULL),
		.reason = known_reason(js_str(terminated, "reason", NULL)),
		.message = mem_strdup(message),
	};
}

/* Of those that were begun, or of those that were only made. */
static const struct runtime_list_container *newest(const struct runtime_list *list, const char *uid,
						   const char *name, bool begun)
{
	const struct runtime_list_container *best = NULL;
	for (size_t i = 0; i < list->n_containers; i++) {
		const struct runtime_list_container *c = &list->containers[i];
		if ((c->c.state == RUNTIME_RUNNING || c->c.state == RUNTIME_EXITED) != begun)
			continue;
		if (!strcmp(c->pod_uid, uid) && !strcmp(c->name, name) &&
		    (!best || c->attempt > best->attempt))
			best = c;
	}
	return best;
}

static const struct runtime_list_sandbox *newest_sandbox(const struct runtime_list *list, const char *uid)
{
	const struct runtime_list_sandbox *best = NULL;
	for (size_t i = 0; i < list->n_sandboxes; i++) {
		const struct runtime_list_sandbox *s = &list->sandboxes[i];
		if (!strcmp(s->pod_uid, uid) && (!best || s->attempt > best->attempt))
			best = s;
	}
	return best;
}

static void end_now(struct machine *m, int i, const struct run_result *r, struct instant now)
{
	m->c[i].state = CTR_RUNNING;
	container_begun(m, i);
	machine_exited(m, i, r, now);
}

static void from_runtime(struct machine *m, int i, const struct runtime_list_container *e, struct instant now)
{
	struct container *c = &m->c[i];
	c->attempt = e->attempt;
	container_run_release(&c->cur);
	c->cur = (struct container_run){.id = mem_strdup(e->c.id),
					.image = mem_strdup(e->image_ref),
					.image_id = mem_strdup(e->digest_ref),
					.user = container_user_text(e->c.user_known ? &e->c.user : NULL),
					.stop_signal = e->c.stop_signal,
					.attempt = e->attempt,
					.started_ns = e->c.started_ns};
	c->state = CTR_RUNNING;
	container_begun(m, i);
	if (e->c.state == RUNTIME_RUNNING) { /* the Pod's image may have been changed while nobody looked */
		c->outdated = e->image_asked && *e->image_asked &&
			      strcmp(e->image_asked, m->pod->list.v[i].image) != 0;
		return;
	}
	struct run_result r = {.id = e->c.id,
			       .started_ns = e->c.started_ns,
			       .finished_ns = e->c.finished_ns,
			       .exit_code = e->c.exit_code,
			       .oom_killed = e->c.oom_killed};
	machine_exited(m, i, &r, now);
}

/* What the probes had found out holds until they say otherwise: an agent that begins anew takes no Pod out of service. */
static void from_probes(struct machine *m, int i, const js *entry)
{
	struct container *c = &m->c[i];
	const char *told = bare_id(js_str(entry, "containerID", NULL));
	if (c->state != CTR_RUNNING || strcmp(told, c->cur.id) != 0)
		return;
	if (js_bool(entry, false, "started", NULL))
		c->probed[PROBE_STARTUP] = PROBE_SUCCESS;
	if (js_bool(entry, false, "ready", NULL))
		c->probed[PROBE_READINESS] = PROBE_SUCCESS;
}

/* The runtime has forgotten the container; the API remembers it. */
static void from_status(struct machine *m, int i, const js *entry, unsigned count, struct instant now)
{
	struct container *c = &m->c[i];
	const js *running = js_obj(entry, "state", "running", NULL);
	const js *terminated = js_obj(entry, "state", "terminated", NULL);
	const js *last = js_obj(entry, "lastState", "terminated", NULL);
	struct run_result r = {0};
	c->attempt = count;
	if (running) {
		c->cur = run_of(running, entry, count);
		free(c->cur.id);
		c->cur.id = mem_strdup(bare_id(js_str(entry, "containerID", NULL)));
		r = (struct run_result){.exit_code = 137,
					.reason = "ContainerStatusUnknown",
					.message = lost_message,
					.finished_ns = now.wall_ns};
	} else if (terminated || last) {
		c->cur = run_of(terminated ? terminated : last, entry, count);
		r = (struct run_result){.exit_code = c->cur.exit_code,
					.reason = c->cur.reason,
					.started_ns = c->cur.started_ns,
					.finished_ns = c->cur.finished_ns};
	} else {
		return;
	}
	autofree char *message = mem_strdup(r.message ? r.message : c->cur.message);
	r.id = c->cur.id;
	r.message = message;
	end_now(m, i, &r, now);
}

static void adopt_container(struct machine *m, int i, const js *status, const struct runtime_list *list,
			    struct instant now)
{
	struct container *c = &m->c[i];
	const char *name = m->pod->list.v[i].name;
	const js *entry = status_container(status, name);
	const js *last = js_obj(entry, "lastState", "terminated", NULL);
	const js *terminated = js_obj(entry, "state", "terminated", NULL);
	const char *uid = m->pod->o.meta.uid;
	const struct runtime_list_container *e = newest(list, uid, name, true),
					    *made = newest(list, uid, name, false);
	unsigned count = (unsigned)js_int(entry, 0, "restartCount", NULL);
	/* Made and never started: it is made again. But it tells of runs before it, of which the API may not know. */
	if (made && !entry)
		c->attempt = made->attempt;
	else if (made && made->attempt > count + 1)
		count = made->attempt - 1;
	if (e && e->attempt > count && terminated) /* and this one the API has not been told of */
		c->prev = run_of(terminated, entry, count);
	else if (last && (e || terminated || js_obj(entry, "state", "running", NULL)))
		c->prev = run_of(last, entry, count ? count - 1 : 0);
	if (e) {
		from_runtime(m, i, e, now);
		from_probes(m, i, entry);
	} else if (entry) {
		from_status(m, i, entry, count, now);
	}
}

static void adopt(struct machine *m, const js *status, const struct runtime_list *list, bool over,
		  struct instant now)
{
	const struct runtime_list_sandbox *s = newest_sandbox(list, m->pod->o.meta.uid);
	int64_t started = time_of(status, "startTime");
	if (started)
		m->start_wall_ns = started;
	if (over) /* nothing may restart it */
		m->stage = POD_STOPPING;
	for (size_t i = 0; i < m->n; i++)
		adopt_container(m, (int)i, status, list, now);
	if (s) {
		m->sandbox_up = true;
		m->sandbox_attempt = s->attempt;
		m->sandbox_id = mem_strdup(s->s.id);
		memcpy(m->ips, s->s.ips, sizeof(m->ips));
		if (!s->s.ready)
			machine_sandbox_lost(m, now);
	} else if (!over) {
		machine_lose_containers(m, now);
	}
	if (!over)
		return;
	for (size_t i = 0; i < m->n; i++)
		container_event(m, (int)i, CEV_CANCEL, now);
	m->final = true;
	m->stage = s ? POD_STOPPING : POD_ENDED;
}

void machine_adopt(struct machine *m, const js *status, const struct runtime_list *list, struct instant now)
{
	bool over = m->pod->phase == PHASE_SUCCEEDED || m->pod->phase == PHASE_FAILED;
	adopt(m, status, list, over, now);
	if (!over)
		return;
	m->settled = m->final_acked = true;
	m->forced_phase = m->pod->phase;
}

void machine_adopt_ended(struct machine *m, const js *last, const struct runtime_list *list,
			 struct instant now)
{
	adopt(m, last, list, true, now);
	bool succeeded = !strcmp(js_str0(last, "phase", NULL), "Succeeded");
	m->forced_phase = succeeded ? PHASE_SUCCEEDED : PHASE_FAILED;
	m->reason = mem_strdup(js_str(last, "reason", NULL));
	m->message = mem_strdup(js_str(last, "message", NULL));
	m->final_version = ++m->version;
}
