/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One Pod's worker: it does what the machine asks for (jobs on the runtime, events, status writes, the final
 * DELETE) and tells the machine what came of it. All state belongs to the loop's thread; jobs work on copies
 * and on a reference to the frozen Pod of the moment.
 *
 * Status is coalesced: at most one write of a Pod is under way, and the next one is built from what holds
 * when that one has ended.
 *
 * worker.c: life, actions, status. job.h: what takes time.
 */
#ifndef POD_WORKER_H
#define POD_WORKER_H

#include "pod/api.h"
#include "base/list.h"
#include "base/map.h"
#include "controller/event.h"
#include "loop/loop.h"
#include "pod/admit.h"
#include "pod/config_cache.h"
#include "pod/machine.h"
#include "pod/probes.h"
#include "pod/status.h"

/* The lanes of the agent's loop. What takes milliseconds (mounts, containers) has its own, apart from what
   may take minutes (image pulls, one at a time unless the agent is told otherwise), and logs are read for people, who start
   commands in containers, too: who attaches to one, or wants a port of a Pod, does not wait for those commands. Commands of
   probes are started apart from containers, and a name server that does not answer holds up nobody else. What compresses
   logs or counts files may take seconds. A credential provider may take a minute, and pulls that need none do not wait. */
enum worker_lane {
	LANE_WORK,
	LANE_PULL,
	LANE_CREDENTIAL,
	LANE_LOG,
	LANE_EXEC,
	LANE_NAME,
	LANE_STREAM,
	LANE_ATTACH,
	LANE_PORT,
	LANE_DISK,
	LANES
};
extern const struct loop_lane worker_lanes[LANES];

/* What a node offers its Pods; lives as long as any worker. Loop thread. */
struct pod_host {
	struct loop *loop;
	struct api *api;
	struct config_cache *config;
	struct events *events; /* NULL = record none */
	struct runtime *rt;
	struct providers *providers; /* of registries' credentials; NULL = none */
	struct pullrate *pullrate;   /* NULL = as often as one likes */
	const char *root;	     /* state directory */
	const char *cluster_domain, *cluster_dns;
	struct admit_node node; /* used and pods are kept up by the workers */
	const char *host_ip;
	int64_t capacity_memory;
	int64_t pod_max_pids;	     /* 0 = no limit */
	struct userns_ranges *users; /* of Pods with user namespaces; NULL: of one that is simulated */
	struct informer *services;   /* NULL = none */
	struct probe_host *prober;   /* NULL: every probe and hook succeeds */
	int64_t began_wall_ns;	     /* when the agent began */
	bool simulated;		     /* no files, no volumes; a status is written once nothing is under way */

	int64_t burstable_cpu; /* requested by the admitted ones of that class, millicores */
	struct map workers;    /* uid -> struct worker * */
	struct map ids;	       /* container (from its creation on) and sandbox id -> struct worker * */
	size_t running_pods, running_containers;
	bool resizes_deferred, resizes_posted;	    /* some wait for room; they are to be looked at */
	void (*counts_changed)(struct pod_host *h); /* or a Pod has come to its end; optional, as the next */
	void (*image_pulled)(struct pod_host *h);
	void (*class_changed)(struct pod_host *h);		/* what burstable Pods request together */
	void (*pod_ended)(struct pod_host *h, const char *uid); /* its worker has ended */
};

struct worker;
/* A Pod of this node. `list` (may be NULL) is what the runtime had when the agent started. Takes its own
 * reference. */
void worker_see(struct pod_host *h, const struct pod *p, const struct runtime_list *list);
/* Of a static Pod with this uid: where its status is written; NULL: there is no mirror (any more). */
void worker_mirror(struct pod_host *h, const char *uid, const struct pod *mirror);
/* The API object with this uid is gone. */
void worker_vanish(struct pod_host *h, const char *uid);
/* The node wants the Pod gone: machine_evict. False when it ends already. The worker may be gone afterwards. */
bool worker_evict(struct worker *w, const char *reason, const char *message, int64_t grace_s);
/* The same for what is its own fault: machine_fail. */
bool worker_fail(struct worker *w, const char *reason, const char *message, int64_t grace_s);
/* The runtime says that a container (or a sandbox's pause) has ended. */
void worker_ended(struct pod_host *h, const char *id);

/* A ConfigMap or Secret has changed: volumes follow. arg: a struct pod_host. */
void worker_config_changed(void *arg, const struct config_object *o);

struct worker *worker_find(struct pod_host *h, const char *ns,
			   const char *name); /* NULL when there is none */
const struct machine *worker_machine(const struct worker *w);
const struct pod *worker_pod(const struct worker *w);
/* The status as it would be written now. The caller puts it. */
js *worker_status(const struct worker *w);
/* `fn` runs on the loop when the container's present run has ended or the Pod goes away; at once when it has.
 */
struct worker_waiter {
	struct list link; /* list_init before */
	int container;
	void (*fn)(void *arg);
	void *arg;
};
void worker_wait_end(struct worker *w, struct worker_waiter *wt);

/* ---- inside: worker.c, job*.c ---- */

struct worker_container {
	char *image_id, *image_ref, *digest_ref, *image_user; /* of the image found last */
	int64_t image_size;
	struct map volumes;	       /* name -> char *, the image found last for it */
	char starting[RUNTIME_ID_MAX]; /* of the run whose start is under way; "" = none */
	bool ended_early;	       /* its end was told before its start */
	struct job *pulling;	       /* its image; NULL = nobody does */
};
void worker_image_release(struct worker_container *c);

struct worker {
	struct pod_host *host;
	const struct pod *wish; /* a reference: as it is in the API */
	const struct pod *pod;	/* a reference: the same, but for resources that are not granted */
	struct machine m;
	struct worker_container *c;
	struct config_set config; /* all that the Pod names: known while the Pod is here */
	struct loop_timer timer;
	size_t under_way;		       /* jobs and calls; the worker lives until they are back */
	char sandbox_starting[RUNTIME_ID_MAX]; /* that is being made; "" = none */
	bool sandbox_ended_early;	       /* its end was told before it was made */
	bool admitted, counted_running, counted_over, forgotten;
	bool volumes_owed; /* what the volumes are made of may have changed since they were */
	size_t counted_containers;
	int64_t seen_ns; /* for the first time; 0 = it has run */

	struct status_known known, sending; /* what the API has of the status, and will have */
	uint64_t sent_version, sending_version;
	uint64_t written_rv; /* that the last write made, or the Pod had before it */
	char *mirror_uid; /* of a static Pod: of the Pod in the API that its status is written to; NULL = none */
	bool report_under_way, report_overtaken;  /* overtaken: to a mirror that is no longer the one */
	int64_t report_retry_ns, report_delay_ns; /* 0 = not failing */
	struct list waiters;
	struct probes *probes; /* NULL until the first */
	struct list hooks;     /* under way */
};

struct instant worker_now(void);
/* After anything happened: decide, act, report, and be freed when it is over. */
void worker_kick(struct worker *w);
void worker_grant(struct worker *w); /* what it wishes */
void worker_perform(struct worker *w, const struct action *a);
void worker_check_end(struct worker *w, int container); /* asks the runtime how it ended */
void worker_check_sandbox(struct worker *w);
/* An event about the Pod (container -1) or one of its containers. */
void worker_record(struct worker *w, int container, bool warning, const char *reason, const char *message);
char *worker_dir(const struct worker *w); /* ROOT/pods/UID */

#endif
