/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container half of the machine: one table of state × event. A cell is a small function that moves the
 * container and says what is to be done; an empty cell means that the event is of no importance in that state
 * (a pull that ends after its Pod was cancelled, a second exit notice).
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "pod/life/ending.h"
#include "pod/life/resize.h"

const char MACHINE_ERR_IMAGE_PULL[] = "ErrImagePull", MACHINE_ERR_IMAGE_NEVER_PULL[] = "ErrImageNeverPull",
	   MACHINE_INVALID_IMAGE_NAME[] = "InvalidImageName";
const char MACHINE_CREATE_CONFIG_ERROR[] = "CreateContainerConfigError",
	   MACHINE_CREATE_ERROR[] = "CreateContainerError";

typedef void transition(struct machine *m, int i, struct instant now);

static void set_waiting(struct container *c, const char *reason, char *message /* taken */)
{
	c->waiting_reason = reason;
	free(c->waiting_message);
	c->waiting_message = message;
}

static void to_idle(struct machine *m, int i, struct instant now)
{
	m->c[i].state = CTR_IDLE;
	m->c[i].until_ns = CLOCK_NEVER;
}

static void begin(struct machine *m, int i, struct instant now)
{
	m->c[i].state = CTR_IMAGE;
	machine_push(m, ACT_IMAGE, i);
}

static void image_there(struct machine *m, int i, struct instant now)
{
	struct container *c = &m->c[i];
	c->state = CTR_READY;
	c->pull = (struct backoff){0};
	free(STEAL(c->pull_error));
	free(STEAL(c->pull_volume));
}

static void image_missing(struct machine *m, int i, struct instant now)
{
	struct container *c = &m->c[i];
	c->state = CTR_IMAGE_ERROR;
	backoff_next(&c->pull, now.mono_ns, now.mono_ns);
	c->until_ns = now.mono_ns + PULL_ERROR_SHOWN_NS;
}

/* The error gives way to the back-off that it caused. Errors that no pull can mend keep their own name. */
static void image_wait(struct machine *m, int i, struct instant now)
{
	struct container *c = &m->c[i];
	const char *image = c->pull_volume ? c->pull_volume : m->pod->list.v[i].image;
	c->state = CTR_IMAGE_WAIT;
	c->until_ns = c->pull.updated_ns + c->pull.delay_ns;
	if (c->waiting_reason != MACHINE_ERR_IMAGE_PULL)
		return;
	set_waiting(c, "ImagePullBackOff",
		    mem_printf("Back-off pulling image \"%s\": ErrImagePull: %s", image,
			       c->pull_error ? c->pull_error : ""));
	machine_record(m, c->pull_volume ? -1 : i, false, "BackOff", "Back-off pulling image \"%s\"", image);
	machine_record(m, i, true, "Failed", "Error: ImagePullBackOff");
}

static void start(struct machine *m, int i, struct instant now)
{
	m->c[i].state = CTR_STARTING;
	machine_push(m, ACT_START, i);
}

static void running(struct machine *m, int i, struct instant now)
{
	struct container *c = &m->c[i];
	c->state = CTR_RUNNING;
	c->until_ns = CLOCK_NEVER;
	c->stop = STOP_NONE;
	c->replaced = c->redefined = c->resized = false;
	memset(c->probed, 0, sizeof(c->probed));
	c->postponed = m->pod->list.v[i].hook[HOOK_POST_START];
	if (!c->postponed) {
		set_waiting(c, NULL, NULL);
		return;
	}
	c->hooking[HOOK_POST_START] = true;
	machine_push(m, ACT_HOOK, i)->hook = HOOK_POST_START;
}

static void retry_later(struct machine *m, int i, struct instant now)
{
	bool over = m->stage >= POD_STOPPING;
	m->c[i].state = over ? CTR_DONE : CTR_RETRY;
	m->c[i].until_ns = over ? CLOCK_NEVER : now.mono_ns + CREATE_RETRY_NS;
}

static bool restarts(const struct machine *m, int i)
{
	const struct container_spec *s = &m->pod->list.v[i];
	int code = m->c[i].cur.exit_code;
	if (m->stage >= POD_STOPPING || s->ephemeral)
		return false;
	if (s->sidecar || m->c[i].redefined)
		return true;
	/* An init container that is through is through, whatever policies and rules say. */
	return !(s->init && code == 0) && pod_restarts(m->pod, s, code);
}

static void back_off(struct machine *m, int i, int64_t left_ns, struct instant now)
{
	struct container *c = &m->c[i];
	const struct meta *meta = &m->pod->o.meta;
	const char *name = m->pod->list.v[i].name;
	char delay[32];
	machine_go_duration(c->restart.delay_ns, delay);
	c->state = CTR_BACKOFF;
	c->until_ns = now.mono_ns + left_ns;
	set_waiting(c, "CrashLoopBackOff",
		    mem_printf("back-off %s restarting failed container=%s pod=%s_%s(%s)", delay, name,
			       meta->name, meta->namespace, meta->uid));
	machine_record(m, i, true, "BackOff", "Back-off restarting failed container %s in pod %s_%s(%s)",
		       name, meta->name, meta->namespace, meta->uid);
}

/* The end that the back-off counts from. One that was ended to be started again is started in the same breath: then it is
   the end before, which gives a container whose probe fails every few minutes no long waits. */
static int64_t counted_end(const struct container *c)
{
	return c->replaced ? c->ended_before_ns : c->ended_ns;
}

/* What is shown of a failure stays until the next run is told of. */
static void restart(struct machine *m, int i, struct instant now)
{
	struct container *c = &m->c[i];
	int64_t end_ns = counted_end(c);
	if (end_ns)
		backoff_next(&c->restart, end_ns, now.mono_ns);
	to_idle(m, i, now);
}

/* The run has ended and is written down; what now? A failed start keeps its reason visible until the next
 * try. */
static void ended(struct machine *m, int i, struct instant now)
{
	struct container *c = &m->c[i];
	int64_t end_ns = counted_end(c);
	c->until_ns = CLOCK_NEVER;
	c->postponed = false;
	if (!restarts(m, i)) {
		c->state = CTR_DONE;
		set_waiting(c, NULL, NULL);
		return;
	}
	c->attempt = c->cur.attempt + 1;
	if (end_ns && backoff_left(&c->restart, end_ns, now.mono_ns) > 0)
		back_off(m, i, backoff_left(&c->restart, c->ended_ns, now.mono_ns), now);
	else
		restart(m, i, now);
}

static void cancel(struct machine *m, int i, struct instant now)
{
	m->c[i].state = CTR_DONE;
	m->c[i].until_ns = CLOCK_NEVER;
}

static transition *const table[CTR_STATES][CONTAINER_EVENTS] = {
	[CTR_IDLE] = {[CEV_BEGIN] = begin, [CEV_CANCEL] = cancel},
	[CTR_IMAGE] =
		{[CEV_IMAGE_OK] = image_there, [CEV_IMAGE_FAILED] = image_missing, [CEV_CANCEL] = cancel},
	[CTR_IMAGE_ERROR] = {[CEV_TIMER] = image_wait, [CEV_CANCEL] = cancel},
	[CTR_IMAGE_WAIT] = {[CEV_TIMER] = to_idle, [CEV_CANCEL] = cancel},
	[CTR_READY] = {[CEV_START] = start, [CEV_CANCEL] = cancel},
	/* Being started it cannot be cancelled: it is stopped once it runs. */
	[CTR_STARTING] =
		{[CEV_STARTED] = running, [CEV_CREATE_FAILED] = retry_later, [CEV_START_FAILED] = ended},
	[CTR_RETRY] = {[CEV_TIMER] = to_idle, [CEV_CANCEL] = cancel},
	[CTR_RUNNING] = {[CEV_EXITED] = ended},
	[CTR_BACKOFF] = {[CEV_TIMER] = restart, [CEV_CANCEL] = cancel},
	[CTR_DONE] = {NULL},
};

bool container_handles(enum container_state s, enum container_event e)
{
	return table[s][e] != NULL;
}

void container_event(struct machine *m, int i, enum container_event e, struct instant now)
{
	transition *fn = table[m->c[i].state][e];
	if (!fn)
		return;
	fn(m, i, now);
	m->version++;
}

bool container_alive(const struct container *c)
{
	return c->state == CTR_RUNNING || c->state == CTR_STARTING;
}

static bool probe_passed(const struct machine *m, int i, enum probe_kind kind)
{
	return !m->pod->list.v[i].probe[kind] || m->c[i].probed[kind] == PROBE_SUCCESS;
}

bool container_started(const struct machine *m, int i)
{
	const struct container *c = &m->c[i];
	return c->state == CTR_RUNNING && !c->postponed && probe_passed(m, i, PROBE_STARTUP);
}

bool container_ready(const struct machine *m, int i)
{
	const struct container_spec *s = &m->pod->list.v[i];
	const struct container *c = &m->c[i];
	if (s->init && !s->sidecar)
		return c->state == CTR_DONE && c->cur.id && c->cur.exit_code == 0;
	return !s->ephemeral && container_started(m, i) && probe_passed(m, i, PROBE_READINESS);
}

void container_begun(struct machine *m, int i)
{
	const struct container_spec *s = &m->pod->list.v[i];
	if (s->init && (size_t)i >= m->n_begun)
		m->n_begun = (size_t)i + 1;
	m->apps_begun |= !s->init && !s->ephemeral;
}

bool container_failed(const struct container *c)
{
	return c->state == CTR_DONE && c->cur.id && c->cur.exit_code != 0;
}

void container_run_release(struct container_run *r)
{
	free(r->id);
	free(r->image);
	free(r->image_id);
	free(r->user);
	free(r->message);
	*r = (struct container_run){0};
}

/* ---- what happened to a container ---- */

void machine_image_pulling(struct machine *m, int i, const char *image)
{
	machine_record(m, i, false, "Pulling", "Pulling image \"%s\"", image);
}

void machine_go_duration(int64_t ns, char out[32])
{
	int64_t ms = ns / NS_PER_MS;
	size_t n = 0;
	if (ms > 0 && ms < 1000) {
		snprintf(out, 32, "%" PRId64 "ms", ms);
		return;
	}
	if (ms >= 60000)
		n = (size_t)snprintf(out, 32, "%" PRId64 "m", ms / 60000);
	n += (size_t)snprintf(out + n, 32 - n, "%" PRId64, ms % 60000 / 1000);
	if (ms % 1000) {
		n += (size_t)snprintf(out + n, 32 - n, ".%03d", (int)(ms % 1000));
		while (out[n - 1] == '0')
			n--;
	}
	snprintf(out + n, 32 - n, "s");
}

static void record_pulled(struct machine *m, int i, const char *image, int64_t pull_ns, int64_t waited_ns,
			  int64_t size)
{
	char took[32], waited[32];
	machine_go_duration(pull_ns, took);
	machine_go_duration(waited_ns, waited);
	if (pull_ns < 0)
		machine_record(m, i, false, "Pulled", "Container image \"%s\" already present on machine",
			       image);
	else
		machine_record(
			m, i, false, "Pulled",
			"Successfully pulled image \"%s\" in %s (%s including waiting). Image size: %" PRId64
			" bytes.",
			image, took, waited, size);
}

void machine_image_ok(struct machine *m, int i, int64_t pull_ns, int64_t waited_ns, int64_t size,
		      struct instant now)
{
	if (m->c[i].state == CTR_IMAGE)
		record_pulled(m, i, m->pod->list.v[i].image, pull_ns, waited_ns, size);
	container_event(m, i, CEV_IMAGE_OK, now);
}

void machine_volume_image_ok(struct machine *m, int i, const char *image, int64_t pull_ns, int64_t waited_ns,
			     int64_t size)
{
	if (m->c[i].state == CTR_IMAGE)
		record_pulled(m, -1, image, pull_ns, waited_ns, size);
}

/* whose: the container's events, or (-1) the Pod's. That it cannot be made is the container's. */
static void image_failed(struct machine *m, int i, int whose, const char *image, const char *reason,
			 const char *why, struct instant now)
{
	struct container *c = &m->c[i];
	if (c->state == CTR_IMAGE) {
		free(c->pull_error);
		c->pull_error = mem_strdup(why);
		free(c->pull_volume);
		c->pull_volume = whose < 0 ? mem_strdup(image) : NULL;
		set_waiting(c, reason, mem_strdup(why));
		if (reason == MACHINE_ERR_IMAGE_PULL)
			machine_record(m, whose, true, "Failed", "Failed to pull image \"%s\": %s", image,
				       why);
		else if (reason == MACHINE_INVALID_IMAGE_NAME)
			machine_record(m, whose, true, "InspectFailed", "%s", why);
		else
			machine_record(m, whose, true, reason, "%s", why);
		machine_record(m, i, true, "Failed", "Error: %s", reason);
	}
	container_event(m, i, CEV_IMAGE_FAILED, now);
}

void machine_image_failed(struct machine *m, int i, const char *reason, const char *why, struct instant now)
{
	image_failed(m, i, i, m->pod->list.v[i].image, reason, why, now);
}

void machine_volume_image_failed(struct machine *m, int i, const char *image, const char *reason,
				 const char *why, struct instant now)
{
	image_failed(m, i, -1, image, reason, why, now);
}

/* What is shown of a hook's failure is in the status; its event must not tell what the hook has said. */
void machine_hook_done(struct machine *m, int i, enum hook_kind hook, bool ok, const char *message,
		       struct instant now)
{
	struct container *c = &m->c[i];
	bool starts = hook == HOOK_POST_START;
	if (!c->hooking[hook])
		return;
	c->hooking[hook] = false;
	m->version++;
	if (!ok)
		machine_record(m, i, true, starts ? "FailedPostStartHook" : "FailedPreStopHook",
			       starts ? "PostStartHook failed" : "PreStopHook failed");
	if (!starts || c->state != CTR_RUNNING)
		return;
	if (ok) {
		c->postponed = false;
		set_waiting(c, NULL, NULL);
		return;
	}
	set_waiting(c, "PostStartHookError", mem_strdup(message ? message : ""));
	ending_begin(m, i, now.mono_ns + m->pod->grace_s * NS_PER_S, now, "FailedPostStartHook");
}

void machine_probed(struct machine *m, int i, enum probe_kind kind, enum probe_result result,
		    struct instant now)
{
	if (m->c[i].state != CTR_RUNNING)
		return;
	m->c[i].probed[kind] = result;
	m->version++;
}

char *container_user_text(const struct runtime_user *u)
{
	if (!u)
		return NULL;
	autojson js *o = js_new_obj();
	autobuf struct buf b = BUF_INIT;
	js *linux_ = js_ensure(o, "linux", NULL);
	js_set_int(linux_, "uid", u->uid);
	js_set_int(linux_, "gid", u->gid);
	for (size_t i = 0; i < u->n_groups; i++)
		js_push(js_ensure_arr(linux_, "supplementalGroups"), js_new_int(u->groups[i]));
	js_write(&b, o);
	return buf_take(&b, NULL);
}

/* The present run becomes the previous one. */
static void new_run(struct container *c, const struct run_result *r)
{
	if (c->cur.id) {
		container_run_release(&c->prev);
		c->prev = c->cur;
	}
	c->cur = (struct container_run){.id = mem_strdup(r->id),
					.image = mem_strdup(r->image),
					.image_id = mem_strdup(r->image_id),
					.user = container_user_text(r->user),
					.stop_signal = r->stop_signal,
					.attempt = c->attempt,
					.started_ns = r->started_ns};
}

static void end_run(struct container *c, const struct run_result *r, struct instant now)
{
	struct container_run *u = &c->cur;
	u->finished_ns = r->finished_ns ? r->finished_ns : now.wall_ns;
	if (r->started_ns)
		u->started_ns = r->started_ns;
	u->exit_code = r->exit_code;
	if (r->reason)
		u->reason = r->reason;
	else if (r->oom_killed)
		u->reason = "OOMKilled";
	else
		u->reason = r->exit_code == 0 ? "Completed" : "Error";
	free(u->message);
	u->message = r->message && *r->message ? mem_strdup(r->message) : NULL;
	int64_t ago = now.wall_ns - u->finished_ns;
	c->ended_before_ns = c->ended_ns;
	c->ended_ns = now.mono_ns - (ago > 0 ? ago : 0);
}

void machine_started(struct machine *m, int i, const struct run_result *r, struct instant now)
{
	struct container *c = &m->c[i];
	if (c->state != CTR_STARTING)
		return;
	const char *name = m->pod->list.v[i].name;
	new_run(c, r);
	container_begun(m, i);
	machine_record(m, i, false, "Created", "Created container: %s", name);
	machine_record(m, i, false, "Started", "Started container %s", name);
	container_event(m, i, CEV_STARTED, now);
}

void machine_create_failed(struct machine *m, int i, const char *reason, const char *why, struct instant now)
{
	struct container *c = &m->c[i];
	if (c->state != CTR_STARTING)
		return;
	set_waiting(c, reason, mem_strdup(why));
	machine_record(m, i, true, "Failed", "Error: %s", why);
	container_event(m, i, CEV_CREATE_FAILED, now);
}

void machine_start_failed(struct machine *m, int i, const struct run_result *r, const char *why,
			  struct instant now)
{
	struct container *c = &m->c[i];
	if (c->state != CTR_STARTING)
		return;
	struct run_result failed = *r;
	failed.message = why;
	failed.reason = "StartError";
	failed.exit_code = 128; /* as containerd reports a program that could not be executed */
	new_run(c, r);
	container_begun(m, i);
	end_run(c, &failed, now);
	set_waiting(c, "RunContainerError", mem_strdup(why));
	machine_record(m, i, false, "Created", "Created container: %s", m->pod->list.v[i].name);
	machine_record(m, i, true, "Failed", "Error: %s", why);
	container_event(m, i, CEV_START_FAILED, now);
}

void machine_exited(struct machine *m, int i, const struct run_result *r, struct instant now)
{
	struct container *c = &m->c[i];
	/* A notice about another run than the present one is old news. */
	if (c->state != CTR_RUNNING || !c->cur.id || strcmp(c->cur.id, r->id) != 0)
		return;
	end_run(c, r, now);
	resize_ended(m, i);
	container_event(m, i, CEV_EXITED, now);
}
