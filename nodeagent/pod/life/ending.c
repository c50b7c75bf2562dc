/* SPDX-License-Identifier: Apache-2.0 */
#include "pod/life/ending.h"

#include <signal.h>

/* A SIGKILL that brought no exit notice is sent again after this long. */
#define REKILL_NS (10 * NS_PER_S)

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static void send(struct machine *m, int i, int sig)
{
	machine_push(m, ACT_SIGNAL, i)->sig = sig;
}

/* ---- one stage each: the next one, or the same while there is something to wait for ---- */

static enum stop_stage after_start(struct machine *m, int i, struct instant now)
{
	struct container *c = &m->c[i];
	bool in_time = now.mono_ns < c->grace_end_ns;
	if (c->hooking[HOOK_POST_START] && in_time)
		return STOP_ASKED;
	if (!m->pod->list.v[i].hook[HOOK_PRE_STOP] || !in_time)
		return STOP_TURN;
	c->hooking[HOOK_PRE_STOP] = true;
	machine_push(m, ACT_HOOK, i)->hook = HOOK_PRE_STOP;
	return STOP_HOOK;
}

static enum stop_stage after_hook(struct machine *m, int i, struct instant now)
{
	const struct container *c = &m->c[i];
	return c->hooking[HOOK_PRE_STOP] && now.mono_ns < c->grace_end_ns ? STOP_HOOK : STOP_TURN;
}

static enum stop_stage in_turn(struct machine *m, int i, struct instant now)
{
	struct container *c = &m->c[i];
	send(m, i, m->pod->list.v[i].stop_signal);
	c->until_ns = later(c->grace_end_ns, now.mono_ns + MIN_GRACE_NS);
	return STOP_SIGNALED;
}

static enum stop_stage after_signal(struct machine *m, int i, struct instant now)
{
	if (now.mono_ns < m->c[i].until_ns)
		return m->c[i].stop;
	send(m, i, SIGKILL);
	m->c[i].until_ns = now.mono_ns + REKILL_NS;
	return STOP_KILLED;
}

void ending_step(struct machine *m, int i, bool turn, struct instant now)
{
	struct container *c = &m->c[i];
	if (c->stop == STOP_ASKED)
		c->stop = after_start(m, i, now);
	if (c->stop == STOP_HOOK)
		c->stop = after_hook(m, i, now);
	if (c->stop == STOP_TURN && (turn || now.mono_ns >= c->grace_end_ns))
		c->stop = in_turn(m, i, now);
	else if (c->stop >= STOP_SIGNALED)
		c->stop = after_signal(m, i, now);
}

void ending_begin(struct machine *m, int i, int64_t deadline_ns, struct instant now, const char *why)
{
	struct container *c = &m->c[i];
	if (c->stop != STOP_NONE) {
		ending_hurry(m, i, deadline_ns, now);
		return;
	}
	machine_record(m, i, false, "Killing", "%s", why);
	c->stop = STOP_ASKED;
	c->until_ns = c->grace_end_ns = deadline_ns;
}

void ending_hurry(struct machine *m, int i, int64_t deadline_ns, struct instant now)
{
	struct container *c = &m->c[i];
	if (c->stop == STOP_NONE || deadline_ns >= c->grace_end_ns)
		return;
	c->grace_end_ns = deadline_ns;
	int64_t latest =
		c->stop == STOP_SIGNALED ? later(deadline_ns, now.mono_ns + MIN_GRACE_NS) : deadline_ns;
	if (c->stop != STOP_KILLED && c->until_ns > latest)
		c->until_ns = latest;
}

/* ---- to be started again ---- */

/* An app container's event says whether it comes back, a sidecar's does not: it always does. */
static void begin_again(struct machine *m, int i, int64_t grace_s, const char *trouble, bool again,
			struct instant now)
{
	const struct container_spec *s = &m->pod->list.v[i];
	autofree char *why = mem_printf("%s %s %s%s", s->sidecar ? "Init container" : "Container", s->name,
					trouble, again && !s->sidecar ? ", will be restarted" : "");
	ending_begin(m, i, now.mono_ns + grace_s * NS_PER_S, now, why);
	m->c[i].replaced = true;
}

void ending_outdated(struct machine *m, int i, struct instant now)
{
	struct container *c = &m->c[i];
	const struct container_spec *s = &m->pod->list.v[i];
	if (c->state == CTR_RUNNING && c->stop == STOP_NONE) {
		if (s->init && !s->sidecar) /* what it does it does once: with the image it began with */
			return;
		c->redefined = true;
		begin_again(m, i, m->pod->grace_s, "definition changed", true, now);
	} else if (c->state == CTR_IMAGE || c->state == CTR_IMAGE_ERROR || c->state == CTR_IMAGE_WAIT ||
		   c->state == CTR_READY || c->state == CTR_RETRY) {
		c->pull = (struct backoff){0};
		c->state = CTR_IDLE;
		c->until_ns = CLOCK_NEVER;
	} else if (c->state == CTR_STARTING) {
		c->outdated = true;
	}
}

void ending_resized(struct machine *m, int i, struct instant now)
{
	struct container *c = &m->c[i];
	autofree char *why = mem_printf("Container %s resize requires restart", m->pod->list.v[i].name);
	c->redefined = c->resized = true;
	if (c->stop != STOP_NONE)
		return;
	ending_begin(m, i, now.mono_ns + m->pod->grace_s * NS_PER_S, now, why);
	c->replaced = true;
}

void ending_unhealthy(struct machine *m, int i, struct instant now)
{
	static const struct {
		enum probe_kind kind;
		const char *trouble;
	} rows[] = {{PROBE_LIVENESS, "failed liveness probe"}, {PROBE_STARTUP, "failed startup probe"}};
	const struct container *c = &m->c[i];
	const struct container_spec *s = &m->pod->list.v[i];
	for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
		const struct probe_spec *p = s->probe[rows[k].kind];
		if (c->state != CTR_RUNNING || c->stop != STOP_NONE ||
		    c->probed[rows[k].kind] != PROBE_FAILURE)
			continue;
		begin_again(m, i, p && p->grace_s >= 0 ? p->grace_s : m->pod->grace_s, rows[k].trouble,
			    pod_restart_policy(m->pod, s) != RESTART_NEVER, now);
	}
}
