/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the OCI runtime share. Nobody else includes this.
 *
 *	ROOT/sandboxes/ID/	state.json, shm
 *	ROOT/containers/ID/	state.json, config.json, upper, work, rootfs, mounts, pidfile, oom, conmon.pid
 *	ROOT/exits/ID		exit code, written by conmon
 *	ROOT/netns/UID-ID	network namespaces, bind-mounted
 *	ROOT/pause/		the only file of a sandbox's root
 *	ROOT/runtime/		crun's or runc's own state
 *	ROOT/lock		held by the agent, and by the programs that it runs to their end
 *	ROOT/images, ROOT/cni	see image/store.h, network/network.h
 *
 * A record (sandbox or container) is counted; its fixed part is set before it can be found, its changing part
 * is guarded by oci.lock. Its state.json is written by rename without syncing: what it describes does not
 * outlive the machine.
 */
#ifndef RUNTIME_OCI_INTERNAL_H
#define RUNTIME_OCI_INTERNAL_H

#include <pthread.h>
#include <sys/types.h>
#include "base/buf.h"
#include "base/map.h"
#include "image/pull.h"
#include "network/network.h"
#include "object/json.h"
#include "runtime/runtime.h"
#include "runtime/oci_cgroup.h"

struct oci_watch;
struct oci_handlers;

struct oci {
	struct runtime rt;
	struct runtime_ops ops;
	struct runtime_config c; /* owned copies */
	char *oci_runtime, *conmon;
	struct oci_handlers *handlers;
	struct oci_cgroups *cgroups;
	struct image_store *images;
	struct image_puller *puller;
	struct network *network;
	struct oci_watch *watch;
	int lock_fd;	       /* oci_lock; the programs that we run have it too, all but conmon */
	int oom_floor;	       /* no process of ours may be given a lower oom_score_adj */
	uint64_t own_caps;     /* oci_caps_own */
	pthread_mutex_t lock;  /* guards the maps and the records' changing parts; no I/O under it */
	struct map sandboxes;  /* id -> struct oci_sandbox *, one reference */
	struct map containers; /* id -> struct oci_container * */
	struct map claims;     /* image id -> struct oci_claim * */
};

/* A process that may long be gone, and its pid somebody else's. */
struct oci_process {
	pid_t pid;
	uint64_t start; /* process_start_time() */
};
enum oci_life {
	OCI_DEAD,
	OCI_ALIVE,
	OCI_UNSEEN
}; /* unseen: it cannot be looked at, for want of a descriptor */
enum oci_life oci_process_look(const struct oci_process *p);
bool oci_process_alive(const struct oci_process *p); /* or unseen: that is not dead */
/* A pidfd of exactly this process; -1 when it is gone. */
int oci_process_open(const struct oci_process *p);
/* Waits that long for it to end by itself, then SIGKILL, then until it is gone. */
int oci_process_kill(const struct oci_process *p, int64_t grace_ns, struct err *err) MUST_CHECK;

struct oci_kvs {
	struct runtime_kv *v;
	size_t n;
};

struct oci_sandbox {
	int refs;
	char id[RUNTIME_ID_MAX];
	char *pod_uid, *pod_namespace, *pod_name, *hostname;
	unsigned attempt;
	bool host_network, host_pid, host_ipc, share_pid;
	struct userns_map users;
	int64_t created_ns;
	struct oci_kvs labels, annotations;
	struct runtime_port *ports;
	size_t n_ports;
	char *program;		    /* the OCI runtime that its containers are made by */
	char *dir, *netns, *cgroup; /* netns "" with host_network */
	/* changing */
	struct oci_process pause;
	char ips[RUNTIME_IPS_MAX][46];
	char *network; /* for network_remove, from before it is made; NULL = none */
	bool complete; /* creation reached its end */
	bool stopped;  /* its end was asked for: nobody is told of it */
};

struct oci_container {
	int refs;
	char id[RUNTIME_ID_MAX], sandbox_id[RUNTIME_ID_MAX];
	char *pod_uid, *name, *image_id, *image_ref, *image_asked, *digest_ref, *log_path, *termination_log;
	char **mounted; /* ids of the images that it mounts; NULL-terminated */
	unsigned attempt;
	bool tty, stdin_open, stdin_once;
	int64_t created_ns;
	struct oci_kvs labels, annotations;
	struct runtime_user *user;    /* NULL: made by an agent that did not keep it */
	int stop_signal;	      /* 0: the same */
	struct runtime_limits limits; /* until it is started */
	uint32_t owner;	    /* of its pipes, so that it can open them again; 0: whoever the runtime says */
	char *program;	    /* the OCI runtime that it was made by */
	char *dir, *cgroup; /* cgroup: below its sandbox's */
	/* changing */
	struct oci_process init, conmon;
	int64_t launched_ns;		 /* the runtime was about to be asked to start it */
	int64_t started_ns, finished_ns; /* finished_ns != 0: exit_code and oom_killed hold */
	int exit_code;
	bool oom_killed, complete;
	bool look_again; /* its end cannot be found out at present: a timer of the watch's is set */
	/* Held while state.json is written; a removal that has begun is the end of writing. Before oci.lock.
	 */
	pthread_mutex_t file_lock;
	bool removed;
};

/* oci_record.c */
void oci_sandbox_unref(struct oci_sandbox *s);
void oci_container_unref(struct oci_container *c);
struct oci_sandbox *oci_sandbox_find(struct oci *o, const char *id);	 /* a reference, or NULL */
struct oci_container *oci_container_find(struct oci *o, const char *id); /* a reference, or NULL */
struct oci_sandbox *oci_sandbox_new(struct oci *o, const struct runtime_sandbox_spec *spec,
				    const char *program);
struct oci_container *oci_container_new(struct oci *o, const struct runtime_container_spec *spec,
					const struct oci_sandbox *s, const struct image_record *image);
/* Fills in the parts of a record that follow from the others. */
void oci_sandbox_derive(const struct oci *o, struct oci_sandbox *s);
void oci_container_derive(const struct oci *o, struct oci_container *c);
/* An id that can be a file's name, and is nobody's yet. */
int oci_check_id(struct oci *o, const char *id, struct err *err) MUST_CHECK;
/* Makes it findable; the map takes its own reference. */
void oci_sandbox_add(struct oci *o, struct oci_sandbox *s);
void oci_container_add(struct oci *o, struct oci_container *c);
void oci_sandbox_forget(struct oci *o, const char *id);
void oci_container_forget(struct oci *o, const char *id);
/* References to all, NULL-terminated; the caller unrefs and frees the array. */
struct oci_sandbox **oci_all_sandboxes(struct oci *o);
struct oci_container **oci_all_containers(struct oci *o);

/* oci_state.c */
int oci_sandbox_save(struct oci *o, struct oci_sandbox *s, struct err *err) MUST_CHECK;
int oci_container_save(struct oci *o, struct oci_container *c, struct err *err) MUST_CHECK;
/* Reads all records; what cannot be read is removed from the disk. */
int oci_state_load(struct oci *o, struct err *err) MUST_CHECK;

/* oci_handlers.c: which OCI runtime a RuntimeClass's handler means. */
/* extra: as runtime_config's, may be NULL; usual: the one that needs no name, and has its program's. userns: the machine
   can do what a user namespace needs of it. */
struct oci_handlers *oci_handlers_new(const char *usual, const char *extra, bool userns,
				      struct err *err) MUST_CHECK;
void oci_handlers_free(struct oci_handlers *h);
/* Its program; REASON_INVALID: there is none of that name (NULL and "": the usual one). */
const char *oci_handlers_find(const struct oci_handlers *h, const char *name, struct err *err) MUST_CHECK;
const struct runtime_handler *oci_handlers_all(const struct runtime *rt, size_t *ret_n);
/* What the text of `PROGRAM features` says; nothing of a text that is none. */
struct runtime_handler oci_handlers_features(const char *text, size_t n); /* for tests */

/* oci.c */
/* The full path of a program; NULL: there is none. */
char *oci_find_program(const char *name, struct err *err) MUST_CHECK;

/* oci_adopt.c */
/* Waits for what an earlier agent ran. The lock is held from now on. */
int oci_lock(struct oci *o, struct err *err) MUST_CHECK;
/* Watches what an earlier agent left, and removes what it did not finish. */
void oci_adopt(struct oci *o);

/* oci_image.c */
/* The image's name for people (a tag) and for status.imageID; borrowed from the record. */
const char *oci_image_name(const struct image_record *r);
const char *oci_image_digest_ref(const struct image_record *r, const char *name);
int oci_image_get(struct runtime *rt, const char *ref, struct runtime_image *ret, struct err *err);
int oci_image_pull(struct runtime *rt, const char *ref, const struct runtime_auth *auth,
		   struct cancel *cancel, struct runtime_image *ret, struct err *err);
int oci_image_remove(struct runtime *rt, const char *ref, int64_t *ret_freed, struct err *err);
int oci_image_list(struct runtime *rt, struct runtime_image_list *ret, struct err *err);
int oci_image_import(struct runtime *rt, const char *file, const char *name, struct err *err);
/* For a container that is being made: what it is made of, which is not removed until it is let go; by then the container
   is among those that are known, or will not be. */
struct image_record *oci_image_claim(struct oci *o, const char *id, struct err *err) MUST_CHECK;
void oci_image_unclaim(struct oci *o, struct image_record *r); /* NULL is fine */

/* oci_sandbox.c */
int oci_sandbox_run(struct runtime *rt, const struct runtime_sandbox_spec *spec, struct runtime_sandbox *ret,
		    struct err *err);
int oci_sandbox_stop(struct runtime *rt, const char *id, struct err *err);
int oci_sandbox_remove(struct runtime *rt, const char *id, struct err *err);
int oci_sandbox_status(struct runtime *rt, const char *id, struct runtime_sandbox *ret, struct err *err);
int oci_group_update(struct runtime *rt, const char *group, const struct runtime_limits *l, struct err *err);
int oci_group_usage(struct runtime *rt, const char *group, struct runtime_usage *ret, struct err *err);
char *oci_group_path(const struct oci *o, const char *group);
int oci_sandbox_update(struct runtime *rt, const char *id, const struct runtime_limits *l, struct err *err);
void oci_sandbox_inspect(const struct oci_sandbox *s, struct runtime_sandbox *ret);

/* oci_container.c */
int oci_container_create(struct runtime *rt, const struct runtime_container_spec *spec, struct err *err);
int oci_container_start(struct runtime *rt, const char *id, struct err *err);
int oci_container_signal(struct runtime *rt, const char *id, int sig, struct err *err);
int oci_container_status(struct runtime *rt, const char *id, struct runtime_container *ret, struct err *err);
int oci_container_update(struct runtime *rt, const char *id, const struct runtime_limits *l, struct err *err);
int oci_container_usage(struct runtime *rt, const char *id, struct runtime_usage *ret, struct err *err);
int oci_container_remove(struct runtime *rt, const char *id, struct err *err);
void oci_container_inspect(struct oci *o, struct oci_container *c, struct runtime_container *ret);
/* conmon died; if it left no exit file, the container it watched is ended. */
void oci_container_orphaned(struct oci *o, struct oci_container *c);

/* oci_stats.c */
int oci_stats_read(const struct oci_cgroups *g, const char *path, struct runtime_stats *ret,
		   struct err *err) MUST_CHECK; /* for tests */
int oci_container_stats(struct runtime *rt, const char *id, struct runtime_stats *ret, struct err *err);
int oci_sandbox_stats(struct runtime *rt, const char *id, struct runtime_stats *ret,
		      struct runtime_interface v[RUNTIME_INTERFACES_MAX], size_t *ret_n, struct err *err);
int oci_group_stats(struct runtime *rt, const char *group, struct runtime_stats *ret, struct err *err);

/* oci_conmon.c: runs conmon, which runs `RUNTIME create`; fills c->init and c->conmon. */
int oci_conmon_create(struct oci *o, struct oci_container *c, struct err *err) MUST_CHECK;
/* RUNTIME start / delete. */
int oci_runtime_start(struct oci *o, const struct oci_container *c, struct err *err) MUST_CHECK;
int oci_runtime_delete(struct oci *o, const struct oci_container *c, struct err *err) MUST_CHECK;

/* oci_exec.c */
int oci_exec(struct runtime *rt, const char *id, const struct runtime_exec_spec *spec,
	     struct runtime_stream *ret, struct err *err);
int oci_exec_sync(struct runtime *rt, const char *id, const char *const *argv, int64_t timeout_ns,
		  struct runtime_exec_result *ret, struct err *err);

/* oci_attach.c */
int oci_attach(struct runtime *rt, const char *id, struct runtime_stream *ret, struct err *err);
int oci_reopen_log(struct runtime *rt, const char *id, struct err *err);
int oci_port_forward(struct runtime *rt, const char *sandbox_id, int port, int *ret_fd, struct err *err);

/* oci_metered.c: the same operations, counted. */
void oci_metered(struct runtime_ops *ops);

/* oci_pause.c: pause in new namespaces. */
struct oci_pause_spec {
	const char *root_dir; /* holds "pause" */
	const char *hostname;
	bool net, ipc, uts, pid;	/* which namespaces are new */
	const struct userns_map *users; /* of a new one, which the others belong to; NULL = the host's */
	const struct runtime_kv *sysctls;
	size_t n_sysctls;
	/* Writes the process down. Pause waits for that, and does not outlive us before. */
	int (*known)(void *arg, const struct oci_process *p, struct err *err);
	void *arg;
};
int oci_pause_start(const struct oci_pause_spec *spec, struct oci_process *ret, struct err *err) MUST_CHECK;

/* oci_rootfs.c: DIR/rootfs over the image's layers and DIR/upper. users: whose the files are, in the namespace userns_fd
   (-1: the host's). */
int oci_rootfs_mount(struct image_store *images, const struct image_record *image, const char *dir,
		     const struct userns_map *users, int userns_fd, struct err *err) MUST_CHECK;

/* The image's layers, read-only, on DIR/rootfs; DIR is made. Returns what is to be mounted, free() it: that, or what lies at
   sub_path in it. What is left after a failure goes with the container's directory. */
char *oci_volume_mount(struct image_store *images, const struct image_record *image, const char *sub_path,
		       const char *dir, const struct userns_map *users, int userns_fd,
		       struct err *err) MUST_CHECK;

/* oci_user.c: who the container's process is, by the image's own /etc/passwd and /etc/group. */
int oci_user_resolve(const char *rootfs, const char *image_user, const struct runtime_container_spec *spec,
		     struct runtime_user *ret, struct err *err) MUST_CHECK;

/* oci_spec.c: config.json. Pure. */
struct oci_spec_input {
	const struct runtime_container_spec *spec;
	const struct image_config *image;
	const struct runtime_user *user;
	const char *rootfs, *cgroup, *hostname;
	const char *shm;			   /* host directory for /dev/shm */
	const char *netns, *ipcns, *utsns, *pidns; /* paths; NULL = the host's; pidns "" = a new one */
	const char *userns;			   /* NULL = the host's */
	struct userns_map users;		   /* of userns */
	bool unified;				   /* cgroup v2 */
	struct oci_lacks lacks;
	int oom_floor;
	uint64_t own_caps;
};
int oci_spec_write(const struct oci_spec_input *in, struct buf *out, struct err *err) MUST_CHECK;

/* oci_caps.c */
/* Adds the sets of `process.capabilities`. REASON_INVALID for an unknown name. */
int oci_caps_write(const struct runtime_container_spec *spec, uint64_t own, js *process,
		   struct err *err) MUST_CHECK;
uint64_t oci_caps_own(void); /* a bit for each capability that the agent can give */
/* The devices of the spec, or all of the host's for a privileged one: linux.devices and
 * linux.resources.devices. */
int oci_devices_write(const struct runtime_container_spec *spec, js *linux_, struct err *err) MUST_CHECK;

/* oci_seccomp.c: linux.seccomp, by what `process` may. */
int oci_seccomp_write(const struct runtime_container_spec *spec, const js *process, js *linux_,
		      struct err *err) MUST_CHECK;

/* oci_watch.c: sees exit files appear and processes end. No watch (NULL): nobody is told. */
struct oci_watch *oci_watch_start(struct oci *o, struct err *err) MUST_CHECK;
void oci_watch_stop(struct oci_watch *w);
void oci_watch_sandbox(struct oci_watch *w, const struct oci_sandbox *s);
void oci_watch_container(struct oci_watch *w, const struct oci_container *c);
/* For want of descriptors nobody can tell whether it has ended: it is looked at, and told of, in a while. */
void oci_watch_again(struct oci_watch *w, struct oci_container *c);

#endif
