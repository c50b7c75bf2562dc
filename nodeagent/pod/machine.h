/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of one Pod as a state machine: (spec, what was observed, the clock) -> what to do next.
 *
 * It is pure. It never blocks, calls nothing, and reads no clock: the worker (worker.h) tells it what
 * happened (machine_started, machine_exited …), asks what to do (machine_step fills todo), does it as jobs,
 * and tells the results. So a test drives whole lives with a fake clock and no runtime.
 *
 * Two levels. A container is a state × event table (life/container.c): idle, image being looked for, image there,
 * being started, running, waiting for a restart, done …; how one that runs is ended: life/ending.h. The Pod is a
 * stage (machine.c): being set up, running, stopping, being torn down, ended, gone. Level-triggered: machine_step
 * looks at the whole state and may be called at any time; a second call without news asks for nothing new.
 *
 * Order of starting: regular init containers one by one, each must succeed; a sidecar (init container with
 * restartPolicy Always) counts as passed once it is started, by its postStart hook and its startup probe; then
 * the app containers in list order, each started (its postStart hook over) before the next is, none waited for.
 * Ephemeral containers start whenever they are seen, once. Order of stopping: preStop hooks and all that are no
 * sidecars at once, then sidecars in reverse order.
 *
 * Back-off, floors and waiting times are the kubelet's: backoff.h; MIN_GRACE 2 s between SIGTERM and SIGKILL;
 * RETRY 10 s after a container could not be created; a sandbox that fails is tried again after 1 s, doubling
 * up to 10 s.
 *
 * One thread. Strings given to events are copied.
 */
#ifndef POD_MACHINE_H
#define POD_MACHINE_H

#include "pod/life/backoff.h"
#include "pod/spec.h"
#include "runtime/runtime.h"

#define MIN_GRACE_NS (2 * NS_PER_S)
#define CREATE_RETRY_NS (10 * NS_PER_S)
#define SANDBOX_RETRY_MAX_NS (10 * NS_PER_S)
#define PULL_ERROR_SHOWN_NS (2 * NS_PER_S) /* ErrImagePull is shown this long before ImagePullBackOff */

struct instant {
	int64_t mono_ns, wall_ns;
};

/* ---- containers ---- */

enum container_state {
	CTR_IDLE,	 /* not started, or to be started again at once */
	CTR_IMAGE,	 /* image job in flight */
	CTR_IMAGE_ERROR, /* no image; shown as the error itself for a moment */
	CTR_IMAGE_WAIT,	 /* no image; waiting out the pull back-off */
	CTR_READY,	 /* image there, its turn to start has not come */
	CTR_STARTING,	 /* create-and-start job in flight */
	CTR_RETRY,	 /* could not be created; tried again at until_ns */
	CTR_RUNNING,
	CTR_BACKOFF, /* ended, CrashLoopBackOff until until_ns */
	CTR_DONE,    /* ended for good, or never to be started */
	CTR_STATES
};

enum container_event {
	CEV_BEGIN, /* its turn has come: look for the image */
	CEV_IMAGE_OK,
	CEV_IMAGE_FAILED,
	CEV_START, /* the start job was asked for */
	CEV_STARTED,
	CEV_CREATE_FAILED,
	CEV_START_FAILED,
	CEV_EXITED,
	CEV_TIMER,  /* until_ns has passed */
	CEV_CANCEL, /* the Pod stops: do not start (again) */
	CONTAINER_EVENTS
};

/* How far the ending of a running container is. */
enum stop_stage {
	STOP_NONE,
	STOP_ASKED, /* waits for the postStart hook */
	STOP_HOOK,  /* the preStop hook runs */
	STOP_TURN,  /* waits for what has to end before */
	STOP_SIGNALED,
	STOP_KILLED
};

/* One run of a container. */
struct container_run {
	char *id;		/* runtime's, without scheme; NULL = there was no such run */
	char *image, *image_id; /* as status shows them */
	char *user;		/* the same as JSON text; NULL: not known */
	int stop_signal;	/* 0: not known */
	unsigned attempt;
	int64_t started_ns, finished_ns; /* wall; finished 0 while running */
	int exit_code;
	const char *reason; /* static; "Completed", "Error", "OOMKilled" … */
	char *message;
};

struct container {
	enum container_state state;
	struct container_run cur, prev; /* the present or latest run, and the one before */
	unsigned attempt;		/* of the next run */
	int64_t until_ns; /* monotonic; CTR_IMAGE_ERROR, CTR_IMAGE_WAIT, CTR_RETRY, CTR_BACKOFF, kill time */
	struct backoff restart, pull;
	int64_t ended_ns, ended_before_ns; /* monotonic, of the latest end and of the one before; 0 = none */
	const char *waiting_reason;
	char *waiting_message;
	char *pull_error;
	char *pull_volume;    /* the image of a volume that could not be had; NULL: it was its own */
	enum stop_stage stop; /* of the present run, as what follows */
	int64_t grace_end_ns; /* monotonic, while it is being stopped */
	bool postponed;	      /* its postStart hook has not succeeded: the API is not told that it runs */
	bool replaced;	      /* ended by us to be started again */
	bool redefined;	      /* its image was changed while it ran: it starts again, whatever the policy */
	bool resized;	      /* ended to be started again with other resources; until it runs */
	char *actuated; /* the resources of its present run (JSON text) where they differ from what it is granted */
	bool outdated; /* its image was changed while it was being started, or while there was no agent: to be
			    redefined once it runs */
	bool hooking
		[HOOK_KINDS]; /* under way, of the present run; there is no next one before they are over */
	enum probe_result probed[PROBE_KINDS]; /* of the present run: what counts; UNKNOWN until told */
};

/* ---- pods ---- */

enum pod_stage {
	POD_SETUP,    /* sandbox and volumes are being made */
	POD_ACTIVE,   /* containers run or are about to */
	POD_RESET,    /* the sandbox was lost: what is left of it is removed, then SETUP again */
	POD_STOPPING, /* containers are being stopped */
	POD_TEARDOWN, /* sandbox and volumes are being removed */
	POD_ENDED,    /* nothing of it runs; its last status waits to be acknowledged, or for deletion */
	POD_DELETING, /* DELETE in flight */
	POD_GONE,     /* may be forgotten once the API object is gone */
	POD_STAGES
};

enum action_type {
	ACT_SANDBOX,  /* make the sandbox (attempt = sandbox_attempt) */
	ACT_VOLUMES,  /* mount the volumes */
	ACT_IMAGE,    /* container: see to it that the image is there */
	ACT_START,    /* container: create and start */
	ACT_HOOK,     /* container: run its hook */
	ACT_SIGNAL,   /* container: sig; 0 = the image's stop signal */
	ACT_RESIZE,   /* give the cgroups what is granted */
	ACT_TEARDOWN, /* remove containers, sandbox, and (unless keep_volumes) volumes */
	ACT_DELETE,   /* DELETE the API object */
	ACT_EVENT,    /* record an event */
};

struct action {
	enum action_type type;
	int container; /* -1 = the Pod */
	int sig;
	enum hook_kind hook;
	bool keep_volumes;
	bool warning;	    /* ACT_EVENT */
	const char *reason; /* static */
	char *message;	    /* owned */
};
struct actions {
	struct action *v;
	size_t n, cap;
};
void machine_actions_release(struct actions *a);

/* Trying again after 1 s, doubling up to SANDBOX_RETRY_MAX_NS. */
struct retry {
	int64_t at_ns, delay_ns; /* monotonic; 0 = no failure yet */
};

/* life/resize.h */
struct resize {
	const char *pending; /* why what the Pod asks for is not granted; static, NULL = it is */
	char *message;
	int64_t pending_generation,
		generation; /* of the Pod that asks, and of the one that was granted last */
	bool in_progress;   /* the API is told so */
	char *trouble;	    /* what the last try came to; NULL = nothing */
	bool owed, busy;    /* cgroups are not as granted, beyond what the job that is in flight knows */
	struct retry retry;
};

struct machine {
	const struct pod *pod; /* borrowed; the worker's reference; its resources are those granted */
	enum pod_stage stage;
	struct container *c;
	size_t n;
	size_t n_begun;	 /* init containers up to the last one that ran in this sandbox */
	bool apps_begun; /* an app container ran in this sandbox */

	bool sandbox_up, volumes_up;
	bool sandbox_busy, volumes_busy, teardown_busy; /* a job is in flight */
	bool teardown_keeps;				/* the one in flight leaves the volumes */
	struct resize resize;
	unsigned sandbox_attempt;
	char *sandbox_id;
	char ips[RUNTIME_IPS_MAX][46];
	struct retry sandbox_retry, volumes_retry, teardown_retry, delete_retry;

	bool deleting;	/* deletionTimestamp was seen */
	bool vanished;	/* the API object is gone */
	bool rejected;	/* the node refused it: nothing of it was ever started */
	bool evicted;	/* the node ends it: condition DisruptionTarget */
	bool preempted; /* and that for a critical Pod */
	bool held;    /* admitted, but others are still in its place: nothing is begun; the owner's to set */
	bool final;   /* no container will be started any more; phase may become terminal */
	bool settled; /* the API had a terminal phase when the Pod was first seen: its status is left alone */
	bool final_acked; /* the API has the status of version >= final_version */
	int64_t stop_deadline_ns;
	enum pod_phase forced_phase; /* PHASE_FAILED when rejected or past the deadline, else PHASE_UNKNOWN */
	char *reason, *message;	     /* status.reason and .message, NULL = none */

	int64_t start_wall_ns; /* status.startTime */
	uint64_t version;      /* moves whenever the status may have changed */
	uint64_t final_version;
	struct actions todo; /* what the worker is to do next; it takes and clears them */
};

/* The machine of a Pod first seen now. */
void machine_init(struct machine *m, const struct pod *p, struct instant now);
void machine_release(struct machine *m);
/* The Pod was refused by the node: nothing is started. */
void machine_reject(struct machine *m, const char *reason, const char *message);
/* A newer form of the Pod (deletion, new grace, new deadline, new image). */
void machine_update(struct machine *m, const struct pod *p, struct instant now);
/* The API object is gone. */
void machine_vanished(struct machine *m, struct instant now);

/*
 * The Pod is not new to this node: an earlier agent, or this one before the machine restarted, ran it.
 * `status` is the API's (may be NULL), `list` what the runtime has. Call right after machine_init. Running
 * containers stay running.
 */
void machine_adopt(struct machine *m, const js *status, const struct runtime_list *list, struct instant now);
/* Of one that had ended: `last` was its status then, which the API may not have yet. */
void machine_adopt_ended(struct machine *m, const js *last, const struct runtime_list *list,
			 struct instant now);

/* ---- what happened ---- */
void machine_sandbox_up(struct machine *m, const struct runtime_sandbox *s);
void machine_sandbox_failed(struct machine *m, const char *why, struct instant now);
void machine_sandbox_lost(struct machine *m, struct instant now);
void machine_volumes_up(struct machine *m);
void machine_volumes_failed(struct machine *m, const char *why, struct instant now);
/* pull_ns < 0: it was already there. size in bytes. */
/* pull_ns: how long the pull took, -1 = it was there; waited_ns: since it was asked for. */
void machine_image_ok(struct machine *m, int i, int64_t pull_ns, int64_t waited_ns, int64_t size,
		      struct instant now);
/* i -1: for a volume, which is the Pod's. */
void machine_image_pulling(struct machine *m, int i, const char *image);
/* The same of an image that the container mounts: it does not do without it, but has not got all with it. */
void machine_volume_image_ok(struct machine *m, int i, const char *image, int64_t pull_ns, int64_t waited_ns,
			     int64_t size);
void machine_volume_image_failed(struct machine *m, int i, const char *image, const char *reason,
				 const char *why, struct instant now);
/* reason is one of the image reasons below (static). */
void machine_image_failed(struct machine *m, int i, const char *reason, const char *why, struct instant now);
struct run_result { /* strings borrowed */
	const char *id, *image, *image_id;
	const struct runtime_user *user; /* NULL: not known */
	int stop_signal;		 /* 0: the same */
	int64_t started_ns, finished_ns; /* wall */
	int exit_code;
	bool oom_killed;
	const char *reason; /* static; NULL = by exit code */
	const char *message;
};
void machine_started(struct machine *m, int i, const struct run_result *r, struct instant now);
/* reason: CreateContainerConfigError or CreateContainerError (static). */
void machine_create_failed(struct machine *m, int i, const char *reason, const char *why, struct instant now);
/* Created, but its program could not be executed. */
void machine_start_failed(struct machine *m, int i, const struct run_result *r, const char *why,
			  struct instant now);
void machine_exited(struct machine *m, int i, const struct run_result *r, struct instant now);
/*
 * The hook of ACT_HOOK is over; told once for each. One whose container has ended is not waited for: it is told at once,
 * whatever it may still be doing. message may be NULL.
 */
void machine_hook_done(struct machine *m, int i, enum hook_kind hook, bool ok, const char *message,
		       struct instant now);
/*
 * The result of a probe that counts (thresholds are the prober's) has become another one than c[i].probed says, of the
 * present run. Startup: failed, it is killed; liveness too. Readiness is told in the status.
 */
void machine_probed(struct machine *m, int i, enum probe_kind kind, enum probe_result result,
		    struct instant now); /* for tests */
/* The node wants it gone: Failed, with this reason and message, and the condition DisruptionTarget. */
void machine_evict(struct machine *m, const char *reason, const char *message, int64_t grace_s,
		   struct instant now);
/* The same in the words for one that makes room for a critical Pod, in its own grace. */
void machine_preempt(struct machine *m, struct instant now);
/* As machine_evict without that condition: it is the Pod's own fault. */
void machine_fail(struct machine *m, const char *reason, const char *message, int64_t grace_s,
		  struct instant now);
void machine_torn_down(struct machine *m, bool ok, struct instant now);
void machine_status_acked(struct machine *m, uint64_t version);
/* ok also when the object was gone already or is another Pod. */
void machine_deleted(struct machine *m, bool ok, struct instant now);

extern const char MACHINE_ERR_IMAGE_PULL[], MACHINE_ERR_IMAGE_NEVER_PULL[], MACHINE_INVALID_IMAGE_NAME[];
extern const char MACHINE_CREATE_CONFIG_ERROR[], MACHINE_CREATE_ERROR[];

/* Decides what to do now and appends it to todo. */
void machine_step(struct machine *m, struct instant now);
/* Monotonic time at which machine_step has something to do even without news; CLOCK_NEVER = none. */
int64_t machine_next_ns(const struct machine *m, struct instant now);

bool container_alive(const struct container *c); /* runs or is being started */
/* It runs, its postStart hook has returned and its startup probe, if it has one, has succeeded. */
bool container_started(const struct machine *m, int i);
/* And its readiness probe, too. An init container that is no sidecar is ready when it has done its work. */
bool container_ready(const struct machine *m, int i);
size_t machine_apps_end(
	const struct machine *m); /* the app containers are those from list.n_init on and before this */
/* The first init container that has not let the next one start; list.n_init when all have. */
size_t machine_init_turn(const struct machine *m);
bool machine_all_ended(const struct machine *m);       /* no container runs or is being started */
bool machine_ready_to_forget(const struct machine *m); /* GONE and the object has vanished */

/* ---- inside the machine: life/ ---- */
void container_event(struct machine *m, int i, enum container_event e, struct instant now);
bool container_handles(enum container_state s, enum container_event e); /* for tests; the cell is not empty */
bool container_failed(const struct container *c); /* ended for good with another code than 0 */
/* `10s`, `1m20s`, `5m0s`: a duration as Go prints it. */
void machine_go_duration(int64_t ns, char out[32]); /* for tests */
void machine_record(struct machine *m, int container, bool warning, const char *reason, const char *fmt, ...)
	PRINTF(5, 6);
char *container_user_text(const struct runtime_user *u); /* as status shows it; NULL of NULL */
void container_run_release(struct container_run *r);
void container_begun(struct machine *m, int i);			     /* it ran in this sandbox */
void machine_lose_containers(struct machine *m, struct instant now); /* their sandbox is gone */
struct action *machine_push(struct machine *m, enum action_type t, int container);
void machine_retry_later(struct retry *r, struct instant now);

#endif
