/* SPDX-License-Identifier: Apache-2.0 */
#include "pod/machine.h"

#include <assert.h>
#include <stdlib.h>

#include "pod/life/ending.h"
#include "pod/life/resize.h"

/* Whoever asks for less, as one whose object was removed under it, gets this: long enough to begin a preStop hook. */
#define LEAST_GRACE_S 1

/* ---- what is to be done ---- */

struct action *machine_push(struct machine *m, enum action_type t, int container)
{
	struct actions *a = &m->todo;
	if (a->n == a->cap) {
		a->cap = a->cap ? a->cap * 2 : 4;
		a->v = mem_realloc_array(a->v, a->cap, sizeof(*a->v));
	}
	a->v[a->n] = (struct action){.type = t, .container = container};
	return &a->v[a->n++];
}

void machine_record(struct machine *m, int container, bool warning, const char *reason, const char *fmt, ...)
{
	autobuf struct buf b = BUF_INIT_MAX(4096);
	va_list ap;
	va_start(ap, fmt);
	buf_addvf(&b, fmt, ap);
	va_end(ap);
	struct action *a = machine_push(m, ACT_EVENT, container);
	a->warning = warning;
	a->reason = reason;
	a->message = buf_take(&b, NULL);
}

void machine_actions_release(struct actions *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->v[i].message);
	free(a->v);
	*a = (struct actions){0};
}

void machine_retry_later(struct retry *r, struct instant now)
{
	r->delay_ns = r->delay_ns ? r->delay_ns * 2 : NS_PER_S;
	if (r->delay_ns > SANDBOX_RETRY_MAX_NS)
		r->delay_ns = SANDBOX_RETRY_MAX_NS;
	r->at_ns = now.mono_ns + r->delay_ns;
}

static void retry_done(struct retry *r)
{
	*r = (struct retry){0};
}

/* ---- birth and death ---- */

void machine_init(struct machine *m, const struct pod *p, struct instant now)
{
	*m = (struct machine){.pod = p,
			      .n = p->list.n,
			      .start_wall_ns = now.wall_ns,
			      .forced_phase = PHASE_UNKNOWN,
			      .version = 1};
	m->c = mem_array(m->n, sizeof(*m->c));
	for (size_t i = 0; i < m->n; i++)
		m->c[i].until_ns = CLOCK_NEVER;
	machine_update(m, p, now);
}

/* Ephemeral containers are added behind the others while the Pod runs. */
static void grow(struct machine *m, size_t n)
{
	if (n <= m->n)
		return;
	m->c = mem_realloc_array(m->c, n, sizeof(*m->c));
	for (; m->n < n; m->n++)
		m->c[m->n] = (struct container){.until_ns = CLOCK_NEVER};
	m->version++;
}

void machine_release(struct machine *m)
{
	for (size_t i = 0; i < m->n; i++) {
		struct container *c = &m->c[i];
		container_run_release(&c->cur);
		container_run_release(&c->prev);
		free(c->waiting_message);
		free(c->pull_error);
		free(c->pull_volume);
		free(c->actuated);
	}
	free(m->c);
	free(m->resize.message);
	free(m->resize.trouble);
	free(m->sandbox_id);
	free(m->reason);
	free(m->message);
	machine_actions_release(&m->todo);
	*m = (struct machine){0};
}

static void force(struct machine *m, const char *reason, const char *message)
{
	m->forced_phase = PHASE_FAILED;
	free(m->reason);
	free(m->message);
	m->reason = mem_strdup(reason);
	m->message = mem_strdup(message);
	m->version++;
}

void machine_reject(struct machine *m, const char *reason, const char *message)
{
	autofree char *text = mem_printf("Pod was rejected: %s", message);
	force(m, reason, text);
	struct action *a = machine_push(m, ACT_EVENT, -1);
	a->warning = true;
	a->message = mem_strdup(message);
	a->reason = m->reason; /* lives as long as the machine, which outlives its actions */
	m->rejected = true;
	m->stage = POD_ENDED;
	m->final = true;
	m->final_version = ++m->version;
}

/* ---- stopping ---- */

/* Less time for all of it, from now on; more is never given. */
static void hurry(struct machine *m, int64_t grace_s, struct instant now)
{
	int64_t deadline = now.mono_ns + grace_s * NS_PER_S;
	if (deadline < m->stop_deadline_ns)
		m->stop_deadline_ns = deadline;
	for (size_t i = 0; i < m->n; i++)
		ending_hurry(m, (int)i, m->stop_deadline_ns, now);
}

static void stop(struct machine *m, int64_t grace_s, struct instant now)
{
	if (m->stage < POD_STOPPING) {
		m->stage = POD_STOPPING;
		m->stop_deadline_ns = CLOCK_NEVER;
		m->version++;
		for (size_t i = 0; i < m->n; i++)
			container_event(m, (int)i, CEV_CANCEL, now);
	}
	if (m->stage == POD_STOPPING)
		hurry(m, grace_s > LEAST_GRACE_S ? grace_s : LEAST_GRACE_S, now);
}

void machine_fail(struct machine *m, const char *reason, const char *message, int64_t grace_s,
		  struct instant now)
{
	if (m->stage < POD_STOPPING)
		force(m, reason, message);
	stop(m, grace_s, now);
}

void machine_evict(struct machine *m, const char *reason, const char *message, int64_t grace_s,
		   struct instant now)
{
	if (m->stage < POD_STOPPING)
		m->evicted = true;
	machine_fail(m, reason, message, grace_s, now);
}

void machine_preempt(struct machine *m, struct instant now)
{
	m->preempted = m->preempted || m->stage < POD_STOPPING;
	machine_evict(m, "Preempting", "Preempted in order to admit critical pod", m->pod->grace_s, now);
}

/* An image that was changed while the container was being started, of the old one. */
static void catch_up(struct machine *m, struct instant now)
{
	for (size_t i = 0; i < m->n; i++) {
		struct container *c = &m->c[i];
		if (!c->outdated || c->state == CTR_STARTING)
			continue;
		c->outdated = false;
		ending_outdated(m, (int)i, now);
	}
}

void machine_update(struct machine *m, const struct pod *p, struct instant now)
{
	const struct pod *old = m->pod;
	if (old->o.meta.generation != p->o.meta.generation)
		m->version++; /* observedGeneration */
	/* Others may have set a condition that Ready depends on. */
	if (p->readiness_gates && p->status && (!old->status || strcmp(old->status, p->status) != 0))
		m->version++;
	m->pod = p;
	for (size_t i = 0; i < old->list.n && m->stage < POD_STOPPING; i++)
		if (strcmp(old->list.v[i].image, p->list.v[i].image) != 0)
			ending_outdated(m, (int)i, now);
	grow(m, p->list.n);
	/* A terminal phase that somebody else has written is one: no Pod comes back from it. */
	bool over = p->phase == PHASE_SUCCEEDED || p->phase == PHASE_FAILED;
	if (over && old->phase != p->phase && m->stage < POD_STOPPING) {
		m->forced_phase = p->phase;
		stop(m, p->grace_s, now);
	}
	if (p->deletion_grace_s < 0)
		return;
	m->deleting = true;
	stop(m, p->deletion_grace_s, now);
}

void machine_vanished(struct machine *m, struct instant now)
{
	m->vanished = m->deleting = true;
	stop(m, 0, now);
}

bool machine_all_ended(const struct machine *m)
{
	for (size_t i = 0; i < m->n; i++)
		if (container_alive(&m->c[i]))
			return false;
	return true;
}

/* One that runs is stopped as far as it can get now; true while there is something to wait for. */
static bool stop_container(struct machine *m, size_t i, bool turn, struct instant now)
{
	struct container *c = &m->c[i];
	if (c->state == CTR_RUNNING && c->stop == STOP_NONE) {
		autofree char *why = mem_printf("Stopping container %s", m->pod->list.v[i].name);
		ending_begin(m, (int)i, m->stop_deadline_ns, now, why);
	}
	if (c->state == CTR_RUNNING)
		ending_step(m, (int)i, turn, now);
	return container_alive(c);
}

/* Sidecars outlive what they serve: they are stopped after the app containers, the last one first. */
static void step_stopping(struct machine *m, struct instant now)
{
	bool served = false, busy = false;
	for (size_t i = m->pod->list.n_init; i < m->n; i++) {
		bool alive = stop_container(m, i, true, now);
		served |= alive && !m->pod->list.v[i].ephemeral;
		busy |= alive;
	}
	for (size_t i = m->pod->list.n_init; i-- > 0;) {
		bool alive = stop_container(m, i, !served, now);
		served |= alive && m->pod->list.v[i].sidecar;
		busy |= alive;
	}
	if (busy || m->sandbox_busy || m->volumes_busy)
		return;
	m->stage = POD_TEARDOWN;
	m->final = true;
	m->final_version = ++m->version;
}

static void tear_down(struct machine *m, bool keep_volumes, struct instant now)
{
	if (m->teardown_busy || now.mono_ns < m->teardown_retry.at_ns)
		return;
	m->teardown_busy = true;
	m->teardown_keeps = keep_volumes;
	machine_push(m, ACT_TEARDOWN, -1)->keep_volumes = keep_volumes;
}

static void step_teardown(struct machine *m, struct instant now)
{
	tear_down(m, false, now);
}

void machine_torn_down(struct machine *m, bool ok, struct instant now)
{
	m->teardown_busy = false;
	if (!ok) {
		machine_retry_later(&m->teardown_retry, now);
		return;
	}
	retry_done(&m->teardown_retry);
	m->sandbox_up = false;
	free(STEAL(m->sandbox_id));
	if (m->teardown_keeps) { /* begun in a reset; the Pod may be stopping by now, and its volumes go later */
		m->stage = m->stage == POD_RESET ? POD_SETUP : m->stage;
	} else {
		m->volumes_up = false;
		m->stage = POD_ENDED;
	}
	m->version++;
}

/* ---- ended ---- */

static void step_ended(struct machine *m, struct instant now)
{
	if (m->vanished) {
		m->stage = POD_GONE;
	} else if (m->deleting && m->final_acked && now.mono_ns >= m->delete_retry.at_ns) {
		m->stage = POD_DELETING;
		machine_push(m, ACT_DELETE, -1);
	}
}

void machine_status_acked(struct machine *m, uint64_t version)
{
	if (m->final && version >= m->final_version)
		m->final_acked = true;
}

void machine_deleted(struct machine *m, bool ok, struct instant now)
{
	if (m->stage != POD_DELETING)
		return;
	m->stage = ok ? POD_GONE : POD_ENDED;
	if (!ok)
		machine_retry_later(&m->delete_retry, now);
}

bool machine_ready_to_forget(const struct machine *m)
{
	return m->stage == POD_GONE && m->vanished;
}

/* ---- setting up ---- */

void machine_sandbox_up(struct machine *m, const struct runtime_sandbox *s)
{
	m->sandbox_busy = false;
	m->sandbox_up = true;
	retry_done(&m->sandbox_retry);
	free(m->sandbox_id);
	m->sandbox_id = mem_strdup(s->id);
	memcpy(m->ips, s->ips, sizeof(m->ips));
	m->version++;
}

void machine_sandbox_failed(struct machine *m, const char *why, struct instant now)
{
	m->sandbox_busy = false;
	machine_retry_later(&m->sandbox_retry, now);
	machine_record(m, -1, true, "FailedCreatePodSandBox", "Failed to create pod sandbox: %s", why);
}

void machine_volumes_up(struct machine *m)
{
	m->volumes_busy = false;
	m->volumes_up = true;
	retry_done(&m->volumes_retry);
}

void machine_volumes_failed(struct machine *m, const char *why, struct instant now)
{
	m->volumes_busy = false;
	machine_retry_later(&m->volumes_retry, now);
	machine_record(m, -1, true, "FailedMount", "%s", why);
}

/* What still counts as running died with the sandbox. Init containers run again in the next one; what has
   ended for good by the restart policy stays ended. */
void machine_lose_containers(struct machine *m, struct instant now)
{
	for (size_t i = 0; i < m->n; i++) {
		struct container *c = &m->c[i];
		if (c->state == CTR_RUNNING) {
			struct run_result r = {.id = c->cur.id, .exit_code = 137};
			machine_exited(m, (int)i, &r, now);
		}
		bool stays = c->state == CTR_DONE && (!m->pod->list.v[i].init || container_failed(c));
		if (c->state == CTR_STARTING || stays)
			continue;
		if (c->cur.id)
			c->attempt = c->cur.attempt + 1;
		c->state = CTR_IDLE;
		c->until_ns = CLOCK_NEVER;
	}
	m->n_begun = 0;
	m->apps_begun = false;
}

/* The sandbox died: its pause was killed, or the machine restarted. The Pod keeps its volumes and its
 * identity. */
void machine_sandbox_lost(struct machine *m, struct instant now)
{
	if (!m->sandbox_up || m->stage > POD_ACTIVE)
		return;
	m->stage = POD_RESET;
	m->sandbox_up = false;
	m->sandbox_attempt++;
	machine_record(m, -1, false, "SandboxChanged",
		       "Pod sandbox changed, it will be killed and re-created.");
	m->version++;
}

size_t machine_apps_end(const struct machine *m)
{
	return m->n - m->pod->list.n_ephemeral;
}

/* By what was decided of its containers so far no app container will be started any more. */
static bool complete(const struct machine *m)
{
	for (size_t i = 0; i < m->pod->list.n_init; i++)
		if (container_failed(&m->c[i]))
			return true;
	for (size_t i = m->pod->list.n_init; i < machine_apps_end(m); i++)
		if (m->c[i].state != CTR_DONE)
			return false;
	return true;
}

static void step_reset(struct machine *m, struct instant now)
{
	machine_lose_containers(m, now);
	if (complete(m)) /* nothing of it would be started in a new one */
		stop(m, m->pod->grace_s, now);
	else if (machine_all_ended(m))
		tear_down(m, true, now);
}

/* ---- running ---- */

/* Whoever ran in this sandbox says of those before him that they had let him; an app container that runs says it of all. */
size_t machine_init_turn(const struct machine *m)
{
	size_t n = m->pod->list.n_init, last = m->n_begun - 1;
	for (size_t i = n; i < machine_apps_end(m) && m->apps_begun; i++)
		if (m->c[i].state == CTR_RUNNING)
			return n;
	if (!m->n_begun)
		return 0;
	const struct container *c = &m->c[last];
	bool passed = m->pod->list.v[last].sidecar ? container_started(m, (int)last)
						   : c->state == CTR_DONE && !c->cur.exit_code;
	return passed ? last + 1 : last;
}

static void timers(struct machine *m, struct instant now)
{
	for (size_t i = 0; i < m->n; i++) {
		if (m->stage == POD_ACTIVE)
			ending_unhealthy(m, (int)i, now);
		if (m->c[i].stop != STOP_NONE && m->c[i].state == CTR_RUNNING)
			ending_step(m, (int)i, true, now);
		else if (now.mono_ns >= m->c[i].until_ns)
			container_event(m, (int)i, CEV_TIMER, now);
	}
}

/* Brings one container as far as it can get now. Returns true while a later one of the list has to wait for
 * it. */
static bool advance(struct machine *m, size_t i, struct instant now)
{
	struct container *c = &m->c[i];
	if (c->hooking[HOOK_POST_START] || c->hooking[HOOK_PRE_STOP])
		return c->postponed || c->state != CTR_RUNNING;
	if (c->state == CTR_IDLE)
		container_event(m, (int)i, CEV_BEGIN, now);
	if (c->state == CTR_READY && m->stage == POD_ACTIVE && !resize_holds(m))
		container_event(m, (int)i, CEV_START, now);
	return c->state == CTR_IMAGE || c->state == CTR_READY || c->state == CTR_STARTING || c->postponed;
}

/* Images are looked for while the sandbox is being made; starting waits for it. */
static void step_containers(struct machine *m, struct instant now)
{
	catch_up(m, now);
	timers(m, now);
	resize_step(m, now);
	size_t turn = machine_init_turn(m), n = m->pod->list.n_init;
	for (size_t i = machine_apps_end(m); i < m->n; i++)
		(void)advance(m, i, now);
	for (size_t i = 0; i < n && i <= turn; i++)
		if (i == turn || m->pod->list.v[i].sidecar)
			(void)advance(m, i, now);
	for (size_t i = n; i < machine_apps_end(m) && turn == n; i++)
		if (advance(m, i, now))
			return;
}

static void step_setup(struct machine *m, struct instant now)
{
	if (m->held)
		return;
	if (!m->sandbox_up && !m->sandbox_busy && now.mono_ns >= m->sandbox_retry.at_ns) {
		m->sandbox_busy = true;
		machine_push(m, ACT_SANDBOX, -1);
	}
	if (!m->volumes_up && !m->volumes_busy && now.mono_ns >= m->volumes_retry.at_ns) {
		m->volumes_busy = true;
		machine_push(m, ACT_VOLUMES, -1);
	}
	if (m->sandbox_up && m->volumes_up)
		m->stage = POD_ACTIVE;
	step_containers(m, now);
}

static void step_active(struct machine *m, struct instant now)
{
	if (complete(m))
		stop(m, m->pod->grace_s, now);
	else
		step_containers(m, now);
}

static int64_t active_until_wall(const struct machine *m)
{
	if (m->pod->active_deadline_s <= 0 || m->stage >= POD_STOPPING)
		return CLOCK_NEVER;
	return m->start_wall_ns + m->pod->active_deadline_s * NS_PER_S;
}

static void check_deadline(struct machine *m, struct instant now)
{
	static const char why[] = "Pod was active on the node longer than the specified deadline";
	if (now.wall_ns < active_until_wall(m))
		return;
	force(m, "DeadlineExceeded", why);
	machine_record(m, -1, false, "DeadlineExceeded", "%s", why);
	stop(m, m->pod->grace_s, now);
}

static void (*const steps[POD_STAGES])(struct machine *, struct instant) = {
	[POD_SETUP] = step_setup,	[POD_ACTIVE] = step_active,
	[POD_RESET] = step_reset,	[POD_STOPPING] = step_stopping,
	[POD_TEARDOWN] = step_teardown, [POD_ENDED] = step_ended,
	[POD_DELETING] = NULL,		[POD_GONE] = NULL,
};

void machine_step(struct machine *m, struct instant now)
{
	enum pod_stage before;
	check_deadline(m, now);
	do {
		before = m->stage;
		if (steps[m->stage])
			steps[m->stage](m, now);
	} while (m->stage != before);
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* When a retry is due, unless its job is in flight or not wanted any more. */
static int64_t retry_due(const struct retry *r, bool wanted)
{
	return wanted && r->at_ns ? r->at_ns : CLOCK_NEVER;
}

int64_t machine_next_ns(const struct machine *m, struct instant now)
{
	int64_t next = CLOCK_NEVER, deadline = active_until_wall(m);
	for (size_t i = 0; i < m->n; i++)
		if (m->stage < POD_TEARDOWN)
			next = sooner(next, m->c[i].until_ns);
	if (deadline != CLOCK_NEVER)
		next = sooner(next, now.mono_ns + (deadline > now.wall_ns ? deadline - now.wall_ns : 0));
	bool setup = m->stage == POD_SETUP;
	next = sooner(next, retry_due(&m->sandbox_retry, setup && !m->sandbox_up && !m->sandbox_busy));
	next = sooner(next, retry_due(&m->volumes_retry, setup && !m->volumes_up && !m->volumes_busy));
	next = sooner(next,
		      retry_due(&m->teardown_retry,
				(m->stage == POD_TEARDOWN || m->stage == POD_RESET) && !m->teardown_busy));
	next = sooner(next, resize_next_ns(m));
	return sooner(next, retry_due(&m->delete_retry, m->stage == POD_ENDED));
}
