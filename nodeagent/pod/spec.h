/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the node agent keeps of a Pod: decoded once from the watch event, frozen, then only read.
 *
 * Fields that are used while the Pod runs are decoded; those that are used once, when it starts (volumes,
 * affinity, host aliases), stay as JSON text and are parsed then. Everything a struct pod points at lives in
 * its arena. Field meaning and defaults are those of core/v1 (the apiserver has defaulted the object; the
 * decoder supplies the same defaults where a field is absent all the same). Frozen structs: any thread.
 */
#ifndef POD_SPEC_H
#define POD_SPEC_H

#include "controller/informer.h"
#include "object/core/demand.h"
#include "object/core/pod.h"
#include "base/arena.h"

enum pull_policy { PULL_IF_NOT_PRESENT, PULL_ALWAYS, PULL_NEVER };
enum dns_policy { DNS_CLUSTER_FIRST, DNS_CLUSTER_FIRST_HOST_NET, DNS_DEFAULT, DNS_NONE };
enum { QUANTITY_UNSET = -1 };

struct container_resources {		/* QUANTITY_UNSET where absent */
	int64_t cpu_request, cpu_limit; /* millicores */
	int64_t memory_request, memory_limit, storage_request, storage_limit; /* bytes */
};

enum env_source { ENV_VALUE, ENV_FIELD, ENV_RESOURCE, ENV_CONFIG_MAP, ENV_SECRET };
struct env_var {
	const char *name;
	enum env_source source;
	const char *value;   /* ENV_VALUE */
	const char *ref;     /* field path; resource; name of the ConfigMap or Secret */
	const char *key;     /* its key; container name of a resourceFieldRef ("" = this one) */
	const char *divisor; /* resourceFieldRef; "" = 1 */
	bool optional;
};
struct env_from {
	const char *prefix, *ref;
	bool secret, optional;
};
struct volume_mount {
	const char *name, *path, *sub_path, *sub_path_expr, *propagation; /* "" = none */
	bool readonly;
};
struct container_port {
	int container_port, host_port;
	const char *protocol, *host_ip;
};

struct container_spec {
	const char *name, *image;
	enum pull_policy pull_policy;
	bool init;				  /* of spec.initContainers */
	bool sidecar;				  /* init container with restartPolicy Always */
	const char *const *command, *const *args; /* NULL-terminated, NULL = not given */
	const struct env_var *env;
	const struct env_from *env_from;
	const struct volume_mount *mounts;
	const struct container_port *ports; /* those with a hostPort */
	size_t n_env, n_env_from, n_mounts, n_ports;
	const char *working_dir; /* NULL = the image's */
	struct container_resources resources;
	int64_t run_as_user, run_as_group; /* -1 = not given; the Pod's where the container has none */
	bool run_as_non_root;
	const char *const *cap_add, *const *cap_drop;
	bool privileged, readonly_root, no_new_privs, unmasked_proc;
	bool tty, stdin_open, stdin_once;
	const char *termination_path;
	bool termination_fallback; /* terminationMessagePolicy: FallbackToLogsOnError */
};

struct pod {
	struct informer_object o; /* first; o.meta with annotations */
	struct arena arena;
	const char *node_name, *service_account;
	const char *hostname, *subdomain; /* "" = not given */
	enum restart_policy restart;
	enum dns_policy dns;
	bool host_network, host_pid, host_ipc, share_pid, fqdn_hostname;
	bool static_mirror;	   /* the mirror of a static Pod: not ours to run */
	int64_t grace_s;	   /* spec.terminationGracePeriodSeconds */
	int64_t active_deadline_s; /* 0 = none */
	int64_t deletion_grace_s;  /* metadata.deletionGracePeriodSeconds; -1 while not being deleted */
	struct container_spec *containers; /* init containers first, in order */
	size_t n_init, n_containers;	   /* n_containers counts both */
	const uint32_t *groups;		   /* supplementalGroups and fsGroup */
	size_t n_groups;
	const char *const *pull_secrets; /* NULL-terminated */
	struct pod_demand *demand;	 /* what it asks of the node; a block of its own */
	/* JSON text of the field, NULL = absent. */
	const char *volumes, *host_aliases, *dns_config, *sysctls;
	const char *readiness_gates;
	enum pod_phase phase; /* as the API has it */
	const char *status;   /* JSON text of .status as the API has it */
};

/* Informer type of Pods as the agent sees them. */
extern const struct informer_type pod_type;

/* The decoder by itself; `into` is zeroed but for o.meta. */
bool pod_decode(void *into, const js *o);
void pod_release(void *o);

/* Parses one of the text fields above; NULL when absent. The caller puts it. */
js *pod_field(const char *text);
/* Index by name among all containers; -1 when there is none. */
int pod_container_index(const struct pod *p, const char *name);

#endif
