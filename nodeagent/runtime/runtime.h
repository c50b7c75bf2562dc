/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the node agent asks of a container runtime: sandboxes, images, containers. Two implementations:
 * runtime_open's runs real containers (pause holds a sandbox, crun or runc under conmon a container, overlayfs its
 * files, CNI the network), fake.h's pretends.
 *
 * Operations block and may be called from any thread at once (they are jobs of a thread pool); calls for one
 * sandbox or one container must not overlap, except container_signal, *_status, list, and what works inside a running
 * container (update, exec, attach, port_forward, reopen_log). Ids are the caller's (runtime_new_id), so that the end of
 * a container is known as its own even when it is told before create and start have returned. Ends of containers are
 * told through runtime_config.on_exit. Nothing here depends on the agent's process: pause and
 * conmon outlive it, and list() of a new agent shows what an older one left, with the identity that the specs
 * carried.
 *
 * Specs are borrowed for the length of the call. What ret_ parameters receive is the caller's, with the
 * _release named beside the type. Reasons of errors: REASON_NOT_FOUND (no such thing; no such image),
 * REASON_INVALID (the image reference does not parse), REASON_UNAUTHORIZED and REASON_FORBIDDEN (the registry
 * refuses), REASON_UNAVAILABLE and REASON_TIMEOUT (the registry cannot be reached), anything else is the
 * machine's or the runtime's failure. Removing something that is gone succeeds.
 */
#ifndef RUNTIME_RUNTIME_H
#define RUNTIME_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/buf.h"
#include "base/cancel.h"
#include "loop/loop.h"
#include "os/hugepages.h"
#include "os/userns.h"
#include "runtime/stats.h"

#define RUNTIME_ID_MAX 65 /* 64 hex digits and NUL */
#define RUNTIME_IPS_MAX 2

struct runtime_kv {
	const char *key, *value;
};

/* Zero means "not set" in every field. */
struct runtime_limits {
	uint64_t cpu_shares;  /* from the request: max(2, millicores * 1024 / 1000) */
	int64_t cpu_quota_us; /* from the limit: millicores * 100, per 100 ms; at least 1000 */
	int64_t memory_bytes; /* from the limit */
	int64_t pids;
	int oom_score_adj; /* containers only; always applied */
	/* How much there may be in huge pages of a size; of a size that is not named nothing. bounds_huge false: as it is. */
	bool bounds_huge;
	size_t n_huge;
	struct runtime_huge {
		int64_t size, bytes; /* size: of a page */
	} huge[HUGEPAGES_SIZES_MAX];
};

struct runtime_port {
	int container_port, host_port; /* host_port > 0 */
	const char *protocol;	       /* "TCP", "UDP", "SCTP"; NULL = TCP */
	const char *host_ip;	       /* NULL or "" = all */
};

/* Who a sandbox or container belongs to; kept on disk and given back by list(). */
struct runtime_sandbox_spec {
	const char *id; /* runtime_new_id */
	const char *pod_uid, *pod_namespace, *pod_name;
	unsigned attempt;
	const char *hostname; /* NULL = pod_name; ignored with host_network */
	const char *handler;  /* which of the node's ways to run containers; NULL or "" = the usual one */
	bool host_network, host_pid, host_ipc, share_pid;
	struct userns_map users;	  /* of its own user namespace; length 0 = the host's */
	const struct runtime_port *ports; /* host ports to map */
	size_t n_ports;
	const struct runtime_kv *sysctls, *labels, *annotations;
	size_t n_sysctls, n_labels, n_annotations;
	struct runtime_limits limits; /* of the Pod's cgroup, above its containers' */
	const char *group;	      /* that the Pod's cgroup is in, as of group_update; NULL or "" = none */
};

struct runtime_sandbox {
	char id[RUNTIME_ID_MAX];
	char ips[RUNTIME_IPS_MAX][46]; /* "" = none; all "" with host_network */
	char netns[256];	       /* path; "" with host_network */
	bool ready;		       /* pause lives and its network is up */
	int64_t created_ns;
};

enum runtime_propagation { RUNTIME_PRIVATE, RUNTIME_HOST_TO_CONTAINER, RUNTIME_BIDIRECTIONAL };

struct runtime_mount {
	const char *host, *container; /* absolute; host exists (file or directory) */
	const char *image,
		*sub_path; /* image: id of one whose files are mounted, read-only, in place of host; NULL =
					 host's. sub_path: of these, "" = all */
	bool readonly, recursive; /* recursive: what is mounted in it is readonly, too */
	enum runtime_propagation propagation;
};

struct runtime_device {
	const char *host, *container;
	const char *permissions; /* of "rwm" */
};

enum runtime_seccomp { RUNTIME_SECCOMP_UNCONFINED, RUNTIME_SECCOMP_DEFAULT, RUNTIME_SECCOMP_FILE };

struct runtime_container_spec {
	const char *id; /* runtime_new_id */
	const char *sandbox_id;
	const char *pid_of; /* id of the container whose PID namespace it joins; NULL = as the sandbox says */
	const char *name;   /* of the container in the Pod */
	unsigned attempt;   /* restart count */
	const char *image_id;	 /* struct runtime_image.id */
	const char *image_asked; /* what the Pod calls it; for whoever reads list() */
	/* As in the Pod, already expanded; NULL-terminated, NULL = not given. runtime_argv() joins them with
	 * the image's. */
	const char *const *command, *const *args;
	const struct runtime_kv *env; /* added after the image's, replacing equal names */
	size_t n_env;
	const char *working_dir; /* NULL = the image's */
	const struct runtime_mount *mounts;
	size_t n_mounts;
	const struct runtime_device *devices;
	size_t n_devices;
	struct runtime_limits limits;
	/* -1 = the image's user. */
	int64_t run_as_user, run_as_group;
	const uint32_t *groups; /* supplemental */
	size_t n_groups;
	bool strict_groups; /* no others: not those of which the image makes the user a member */
	const char *const *cap_add, *const *cap_drop; /* "NET_ADMIN", "ALL"; NULL-terminated, may be NULL */
	bool privileged, readonly_root, no_new_privs;
	bool unmasked_proc; /* procMount: Unmasked */
	enum runtime_seccomp seccomp;
	const char *seccomp_file; /* path of an OCI profile */
	const char *apparmor;	  /* name of a profile that the kernel has; NULL = none */
	bool tty, stdin_open, stdin_once;
	int stop_signal;      /* 0 = the image's */
	const char *log_path; /* absolute; its directory is made */
	const char
		*termination_log; /* host file mounted at termination_path; NULL = none. Made when absent */
	const char *termination_path;
	const struct runtime_kv *labels, *annotations;
	size_t n_labels, n_annotations;
};

/* One of the node's ways to run containers, as the Node tells of it. */
struct runtime_handler {
	const char *name; /* "": the usual one */
	bool recursive_readonly, user_namespaces;
};

struct runtime_usage {
	int64_t cpu_ns; /* of all cores */
	int64_t memory; /* bytes in use, without files that nobody has touched lately: the working set */
	int64_t pids;	/* processes and threads */
};

enum runtime_state { RUNTIME_CREATED, RUNTIME_RUNNING, RUNTIME_EXITED, RUNTIME_UNKNOWN };

#define RUNTIME_GROUPS_MAX 256

/* Who a container's first process is to begin with. */
struct runtime_user {
	uint32_t uid, gid;
	uint32_t groups[RUNTIME_GROUPS_MAX]; /* all of them, gid among them */
	size_t n_groups;
};

struct runtime_container {
	char id[RUNTIME_ID_MAX];
	enum runtime_state state;
	int pid;       /* while running */
	int exit_code; /* once exited; 128 + signal */
	bool oom_killed;
	bool user_known;
	struct runtime_user user;
	int stop_signal; /* what it is to be ended with: its own, the image's, SIGTERM; 0 = not known */
	int64_t created_ns, started_ns, finished_ns; /* wall clock; 0 = not yet */
};

/* All strings owned. */
struct runtime_image {
	char *id;     /* "sha256:…" of its config */
	char *ref;    /* normalised name asked for: docker.io/library/busybox:latest */
	char **names; /* all its names, digest references first, NULL-terminated; for node.status.images */
	char *digest_ref; /* docker.io/library/busybox@sha256:…; what status.imageID shows. Imported images:
			     id */
	int64_t size;	  /* bytes of the layers, compressed as stored in the registry */
	bool used;	  /* image_list: some container is made of it */
	bool pinned;	  /* it stays, used or not */
	char **entrypoint, **cmd, **env;	/* NULL-terminated, may be NULL */
	char *working_dir, *user, *stop_signal; /* "" = none */
};
void runtime_image_release(struct runtime_image *i);

struct runtime_auth {
	const char *username, *password; /* both NULL = anonymous */
};

struct runtime_list_sandbox {
	struct runtime_sandbox s;
	char *pod_uid, *pod_namespace, *pod_name;
	unsigned attempt;
	struct runtime_kv *labels, *annotations; /* owned */
	size_t n_labels, n_annotations;
};
struct runtime_list_container {
	struct runtime_container c;
	char sandbox_id[RUNTIME_ID_MAX];
	char *pod_uid, *name, *image_id, *image_ref, *digest_ref, *log_path, *termination_log;
	char *image_asked; /* "" = made by an agent that did not keep it */
	unsigned attempt;
	struct runtime_kv *labels, *annotations;
	size_t n_labels, n_annotations;
};
struct runtime_list {
	struct runtime_list_sandbox *sandboxes;
	size_t n_sandboxes;
	struct runtime_list_container *containers;
	size_t n_containers;
};
void runtime_list_release(struct runtime_list *l);

struct runtime_image_list {
	struct runtime_image *v;
	size_t n;
};
void runtime_image_list_release(struct runtime_image_list *l);

/*
 * A conversation with a process: its descriptors, for whoever has a loop to watch them, and how to read and write
 * them (an attached container's output comes in packets that name their channel). Owned by the caller from exec or
 * attach on; one thread. Reads and writes do not block.
 */
enum runtime_channel { RUNTIME_STDOUT = 1, RUNTIME_STDERR };
struct runtime_stream {
	int in;	     /* its standard input; -1 = none, or closed */
	int out;     /* readable: output, of both channels where errors is -1 */
	int errors;  /* readable: standard error; -1 = none of its own */
	int control; /* the terminal, or what resizes it; -1 = there is no terminal */
	int status;  /* exec: readable once the process has ended; -1 = ask container_status */
	pid_t pid;   /* exec: the process, as long as status is open */
	bool packets;
};
void runtime_stream_init(struct runtime_stream *s);
void runtime_stream_close(struct runtime_stream *s); /* all of it; the process goes on */
/* What is there on s->out or s->errors (fd): > 0 bytes of *ret, 0 at the end, -1 with errno (EAGAIN: nothing yet). */
ssize_t runtime_stream_read(struct runtime_stream *s, int fd, void *p, size_t n, enum runtime_channel *ret);
/* How many bytes it took; -1 with errno. */
ssize_t runtime_stream_write(struct runtime_stream *s, const void *p, size_t n); /* for tests */
void runtime_stream_end_input(struct runtime_stream *s);			 /* for tests */
/* True once the exec'd process has ended; 128 + signal when by one. -1: nobody knows how. */
bool runtime_stream_ended(struct runtime_stream *s, int *ret_code);
int runtime_stream_resize(struct runtime_stream *s, int columns, int rows,
			  struct err *err) MUST_CHECK; /* for tests */

struct runtime_exec_spec {	 /* borrowed */
	const char *const *argv; /* NULL-terminated */
	bool tty;		 /* output is one channel then, and in and out are the terminal */
	bool in, out, errors;	 /* which of them are wanted */
};
/* Output of exec_sync; what goes beyond a buffer's max is dropped. */
struct runtime_exec_result {
	struct buf *out, *errors; /* NULL = not wanted; may be the same */
	int exit_code;
};

/* Implementations embed this first; callers hold a pointer to it. */
struct runtime {
	const struct runtime_ops *ops;
};

struct runtime_ops {
	const char *name;    /* "coracle", "fake": the scheme of containerID, "coracle://ID" */
	size_t id_digits;    /* how long the ids are that it wants */
	const char *version; /* for node.status.nodeInfo.containerRuntimeVersion, "coracle://VERSION" */
	/* What a sandbox's handler may be, sorted, as long as the runtime is there. NULL: of a runtime that pretends. */
	const struct runtime_handler *(*handlers)(const struct runtime *rt, size_t *ret_n);
	/* Makes network, namespaces, cgroup and pause. After a failure nothing is left. */
	int (*sandbox_run)(struct runtime *rt, const struct runtime_sandbox_spec *spec,
			   struct runtime_sandbox *ret, struct err *err);
	/* Ends its containers, its pause and its network; what they were stays known until they are removed. */
	int (*sandbox_stop)(struct runtime *rt, const char *sandbox_id, struct err *err);
	/* Kills and removes its containers, network, mounts, cgroup. Try again after an error. */
	int (*sandbox_remove)(struct runtime *rt, const char *sandbox_id, struct err *err);
	int (*sandbox_status)(struct runtime *rt, const char *sandbox_id, struct runtime_sandbox *ret,
			      struct err *err);
	/* New limits of the Pod's cgroup; 0 leaves one as it is. */
	int (*sandbox_update)(struct runtime *rt, const char *sandbox_id, const struct runtime_limits *l,
			      struct err *err);

	/* Makes the cgroup of a group of Pods ("burstable"; "": the one above them all) where there is none, and sets its
	   limits; 0 leaves one as it is. NULL: of a runtime that pretends. */
	int (*group_update)(struct runtime *rt, const char *group, const struct runtime_limits *l,
			    struct err *err);
	/* What is used in it and below; NULL and quick as container_usage. */
	int (*group_usage)(struct runtime *rt, const char *group, struct runtime_usage *ret, struct err *err);

	/* All that is counted of it; NULL as container_usage. interfaces: of the sandbox's network, none with the host's. */
	int (*group_stats)(struct runtime *rt, const char *group, struct runtime_stats *ret, struct err *err);
	int (*sandbox_stats)(struct runtime *rt, const char *sandbox_id, struct runtime_stats *ret,
			     struct runtime_interface interfaces[RUNTIME_INTERFACES_MAX],
			     size_t *ret_interfaces, struct err *err);
	int (*container_stats)(struct runtime *rt, const char *id, struct runtime_stats *ret,
			       struct err *err);

	/* From disk only; REASON_NOT_FOUND when it would have to be pulled. */
	int (*image_get)(struct runtime *rt, const char *ref, struct runtime_image *ret, struct err *err);
	/* Always asks the registry; concurrent pulls of one image share the work. auth may be NULL. cancel ends it
	   (REASON_CANCELED), the work too when nobody else wants it; may be NULL. */
	int (*image_pull)(struct runtime *rt, const char *ref, const struct runtime_auth *auth,
			  struct cancel *cancel, struct runtime_image *ret, struct err *err);
	/* REASON_CONFLICT: some container is made of it, or mounts it. *ret_freed (may be NULL): bytes. */
	int (*image_remove)(struct runtime *rt, const char *ref, int64_t *ret_freed, struct err *err);
	int (*image_list)(struct runtime *rt, struct runtime_image_list *ret, struct err *err);
	/* Out of an OCI or docker archive; `name` for those without one, may be NULL. Returns how many. */
	int (*image_import)(struct runtime *rt, const char *file, const char *name, struct err *err);

	/* The container exists and waits; nothing of it runs. After a failure nothing is left. */
	int (*container_create)(struct runtime *rt, const struct runtime_container_spec *spec,
				struct err *err);
	/* Fails when the program cannot be executed (kubelet: RunContainerError, StartError); the container
	   is then RUNTIME_EXITED with exit code 128. */
	int (*container_start)(struct runtime *rt, const char *id, struct err *err);
	/* To its first process: SIGTERM to stop it, SIGKILL to kill it. An exited container: success. How long
	   to wait in between is the Pod's business. */
	int (*container_signal)(struct runtime *rt, const char *id, int sig, struct err *err);
	int (*container_status)(struct runtime *rt, const char *id, struct runtime_container *ret,
				struct err *err);
	/* Kills it first when it still runs. The log file stays. */
	int (*container_remove)(struct runtime *rt, const char *id, struct err *err);
	/* New limits while it runs; 0 leaves one as it is. The OOM score stays. */
	int (*container_update)(struct runtime *rt, const char *id, const struct runtime_limits *l,
				struct err *err);
	/* What it has used since it began. NULL: of a runtime that pretends. Quick enough for the loop. */
	int (*container_usage)(struct runtime *rt, const char *id, struct runtime_usage *ret,
			       struct err *err);
	/* Opens its log file anew, after that has been renamed. */
	int (*container_reopen_log)(struct runtime *rt, const char *id, struct err *err);

	/* Runs argv inside to its end; killed after timeout_ns (REASON_TIMEOUT). REASON_NOT_FOUND: no such
	   container, or it does not run. A program that cannot be executed: REASON_INVALID. */
	int (*exec_sync)(struct runtime *rt, const char *id, const char *const *argv, int64_t timeout_ns,
			 struct runtime_exec_result *ret, struct err *err);
	/* Starts argv inside and returns once it runs; errors as above. */
	int (*exec)(struct runtime *rt, const char *id, const struct runtime_exec_spec *spec,
		    struct runtime_stream *ret, struct err *err);
	/* To the container's first process: output from now on, and its input where it has one. */
	int (*attach)(struct runtime *rt, const char *id, struct runtime_stream *ret, struct err *err);
	/* A connection to a port on the sandbox's loopback; the caller's. REASON_UNAVAILABLE: nobody listens. */
	int (*port_forward)(struct runtime *rt, const char *sandbox_id, int port, int *ret_fd,
			    struct err *err);

	int (*list)(struct runtime *rt, struct runtime_list *ret, struct err *err);
	/* The node's podCIDR, once the API server has told it. */
	int (*set_pod_cidr)(struct runtime *rt, const char *cidr, struct err *err);
	/* False while Pods cannot get a network; *why (may be NULL) gets the words for the node's Ready
	 * condition. */
	bool (*network_ready)(struct runtime *rt, struct err *why);

	/* Kills and removes everything this cluster has on the machine: containers, sandboxes, mounts,
	   network namespaces, bridge, firewall rules, cgroups. Images, logs and volumes stay as plain files.
	   Frees rt, also on failure. */
	int (*teardown)(struct runtime *rt, struct err *err);
	/* Stops watching; sandboxes and containers go on. No call may be running. */
	void (*free)(struct runtime *rt);
};

/* Called on the loop, or from inside a call of the runtime, when a container has ended and its exit code is known, or when
   a sandbox's pause has died by itself (id is then the sandbox's). May come more than once for one container, and for one
   already removed. Must not block and must not call the runtime. */
typedef void runtime_exit_fn(void *arg, const char *id);

struct runtime_config {		/* strings borrowed until free */
	const char *root;	/* state directory; everything lives below it */
	const char *cluster_id; /* [a-z0-9]{1,12}: names cgroups, bridge, firewall rules, so that they can be
				   found */
	const char *runtime;	/* "crun", "runc" or a path; NULL = crun on pure cgroup v2, else runc */
	const char *
		handlers; /* "NAME=PROGRAM,NAME=PROGRAM": further OCI runtimes, by RuntimeClass handlers; NULL = none */
	const char *conmon;			 /* NULL = from PATH */
	const char *pause;			 /* path of the static pause program */
	const char *cni_bin_dirs, *cni_conf_dir; /* colon-separated; see network.h */
	const char *pod_cidr;			 /* "10.244.0.0/24"; may come later by set_pod_cidr */
	const char *insecure_registries; /* comma-separated host[:port] reached by plain HTTP; loopback always
					    may */
	const char *registry_config;	 /* directory of hosts.toml files (image/hosts.h); NULL = none */
	runtime_exit_fn *on_exit;
	void *on_exit_arg;
	int64_t log_max; /* a log that grows beyond so many bytes before anybody rotates it is begun anew; 0 = none is */
	struct loop *loop; /* sees what ends; NULL = nobody is told */
	size_t lane;	   /* of the loop, for what blocks */
};

/* The real runtime. Adopts what is under c->root; c's strings are copied. NULL when a program or a kernel feature is
   missing (the message says which). */
struct runtime *runtime_open(const struct runtime_config *c, struct err *err) MUST_CHECK;

/* A new id for a sandbox or container of this runtime. */
void runtime_new_id(const struct runtime *rt, char id[RUNTIME_ID_MAX]);

/*
 * The four cases of ENTRYPOINT/CMD against command/args: command given -> command + args (the image's CMD is
 * dropped); only args -> ENTRYPOINT + args; neither -> ENTRYPOINT + CMD. All arrays NULL-terminated or NULL.
 * Returns a new array of borrowed strings (free only the array), or NULL when there is nothing to run.
 */
const char **runtime_argv(const char *const *command, const char *const *args, char *const *entrypoint,
			  char *const *cmd);
/* ROOT/logs/NS_NAME_UID/CONTAINER/ATTEMPT.log, the layout of /var/log/pods; free() it. */
char *runtime_log_path(const char *root, const char *ns, const char *name, const char *uid,
		       const char *container, unsigned attempt);
/* The Pod's log directory, for removal with the Pod. */
char *runtime_log_dir(const char *root, const char *ns, const char *name, const char *uid);

#endif
