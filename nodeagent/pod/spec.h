/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the node agent keeps of a Pod: decoded once from the watch event, frozen, then only read.
 *
 * Fields that are used while the Pod runs are decoded; those that are used once, when it starts (volumes,
 * host aliases), stay as JSON text and are parsed then. A struct pod and all it points to are one block. Field meaning and defaults are those of core/v1 (the apiserver has defaulted the object; the
 * decoder supplies the same defaults where a field is absent all the same). Frozen structs: any thread.
 */
#ifndef POD_SPEC_H
#define POD_SPEC_H

#include "controller/informer.h"
#include "object/core/demand.h"
#include "object/core/podlife.h"

enum pull_policy { PULL_IF_NOT_PRESENT, PULL_ALWAYS, PULL_NEVER, PULL_UNSET };
/* As it is called; what is no policy's name, by the image's tag. */
enum pull_policy pod_pull_policy(const char *text, const char *image);
enum dns_policy { DNS_CLUSTER_FIRST, DNS_CLUSTER_FIRST_HOST_NET, DNS_DEFAULT, DNS_NONE };
enum proc_mount { PROC_DEFAULT, PROC_UNMASKED };
enum seccomp_type { SECCOMP_UNSET, SECCOMP_UNCONFINED, SECCOMP_RUNTIME_DEFAULT, SECCOMP_LOCALHOST };
struct seccomp_profile {
	enum seccomp_type type;
	const char *file; /* localhostProfile; "" = none */
};
enum groups_policy { GROUPS_MERGE, GROUPS_STRICT };
enum apparmor_type { APPARMOR_UNSET, APPARMOR_UNCONFINED, APPARMOR_RUNTIME_DEFAULT, APPARMOR_LOCALHOST };
struct apparmor_profile {
	enum apparmor_type type;
	const char *name; /* localhostProfile; "" = none */
};
enum message_policy { MESSAGE_FILE, MESSAGE_FALLBACK_TO_LOGS };
enum probe_kind { PROBE_STARTUP, PROBE_LIVENESS, PROBE_READINESS, PROBE_KINDS };
enum probe_result { PROBE_UNKNOWN, PROBE_SUCCESS, PROBE_FAILURE };
enum hook_kind { HOOK_POST_START, HOOK_PRE_STOP, HOOK_KINDS };
enum { QUANTITY_UNSET = -1 };

struct container_resources {		/* QUANTITY_UNSET where absent */
	int64_t cpu_request, cpu_limit; /* millicores */
	int64_t memory_request, memory_limit, storage_request, storage_limit; /* bytes */
};
enum resize_restart { RESIZE_NOT_REQUIRED, RESIZE_RESTART_CONTAINER };
struct resize_policy {
	enum resize_restart restart;
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
	bool is_field, is_resource, is_config_map, is_secret; /* the decoder's */
};
struct env_from {
	const char *prefix, *ref;
	bool secret, optional;
};
struct volume_mount {
	const char *name, *path, *sub_path, *sub_path_expr, *propagation, *recursive_readonly; /* "" = none */
	bool readonly;
};
struct container_port {
	int32_t container_port, host_port;     /* host_port 0 = none */
	const char *name, *protocol, *host_ip; /* "" = none */
};

/* What a probe or a hook does. */
enum handler_type {
	HANDLER_NONE,
	HANDLER_EXEC,
	HANDLER_HTTP_GET,
	HANDLER_TCP_SOCKET,
	HANDLER_GRPC,
	HANDLER_SLEEP,
};
struct port_ref { /* an IntOrString */
	int32_t number;
	const char *name; /* "" = by number */
};
struct handler_header {
	const char *name, *value;
};
struct handler_spec {
	enum handler_type type;
	const char *const *command; /* exec; NULL-terminated, NULL = empty */
	const char *host;	    /* httpGet, tcpSocket; "" = the Pod's address */
	struct port_ref port;	    /* httpGet, tcpSocket, grpc */
	const char *path;	    /* httpGet */
	bool https;
	struct handler_header *headers;
	size_t n_headers;
	const char *service; /* grpc; "" = the server as a whole */
	int64_t sleep_s;
	enum handler_scheme { SCHEME_HTTP, SCHEME_HTTPS } scheme; /* the decoder's, as the next */
	bool is_exec, is_http_get, is_tcp_socket, is_grpc, is_sleep;
};

struct probe_spec {
	struct handler_spec handler;
	int64_t initial_delay_s, period_s, timeout_s; /* the last two at least 1 */
	int64_t success_threshold, failure_threshold; /* at least 1 */
	int64_t grace_s;			      /* terminationGracePeriodSeconds; -1 = the Pod's */
};

struct hook_spec {
	struct handler_spec handler;
};
struct pod_group {
	int64_t id;
};
struct pod_secret_ref {
	const char *name;
};

struct exit_code {
	int64_t code;
};
/* One of restartPolicyRules: with these codes it is started again. */
struct restart_rule {
	enum rule_operator { RULE_IN, RULE_NOT_IN, RULE_NONE } operator;
	enum rule_action { RULE_RESTART, RULE_NOTHING } action;
	struct exit_code *codes;
	size_t n_codes;
};

struct container_spec {
	const char *name, *image;
	enum pull_policy pull_policy;
	bool init;	    /* of spec.initContainers */
	bool sidecar;	    /* init container with restartPolicy Always */
	bool ephemeral;	    /* of spec.ephemeralContainers */
	const char *target; /* targetContainerName: whose processes an ephemeral one sees; "" = its own */
	const char *const *command, *const *args; /* NULL-terminated, NULL = not given */
	struct env_var *env;
	struct env_from *env_from;
	struct volume_mount *mounts;
	struct container_port *ports; /* those with a hostPort first */
	size_t n_env, n_env_from, n_mounts, n_ports, n_host_ports;
	const struct probe_spec *probe[PROBE_KINDS]; /* NULL = none */
	const struct hook_spec *hook[HOOK_KINDS];    /* NULL = none */
	int stop_signal;			     /* lifecycle's; 0 = the image's */
	const char *stop_signal_name;		     /* as it was said */
	const char *working_dir;		     /* NULL = the image's */
	struct container_resources resources;
	const char *resources_text; /* JSON of all of them; NULL = none */
	struct resize_policy resize_cpu, resize_memory;
	int64_t run_as_user, run_as_group; /* -1 = not given; the Pod's where the container has none */
	bool run_as_non_root;
	const char *const *cap_add, *const *cap_drop;
	bool privileged, readonly_root, no_new_privs;
	enum proc_mount proc_mount;
	struct seccomp_profile seccomp; /* the Pod's where the container has none, as the next */
	struct apparmor_profile apparmor;
	bool tty, stdin_open, stdin_once;
	const char *termination_path;
	enum message_policy message_policy;
	enum restart_policy restart; /* its own; RESTART_UNSET: the Pod's */
	struct restart_rule *rules;
	size_t n_rules;
	/* the decoder's, as the next */
	bool allow_escalation, says_non_root;
};

struct pod {
	struct informer_object o; /* first; o.meta with annotations */
	const char *node_name, *service_account;
	const char *hostname, *subdomain, *runtime_class; /* "" = not given */
	const char *os;					  /* spec.os.name; NULL = not given */
	enum restart_policy restart;
	enum dns_policy dns;
	bool host_network, host_pid, host_ipc, share_pid, fqdn_hostname;
	bool host_users;
	bool service_links;	   /* enableServiceLinks */
	bool static_mirror;	   /* the mirror of a static Pod: not ours to run */
	bool is_static;		   /* out of a file on the node; the API knows it by its mirror only */
	int64_t grace_s;	   /* spec.terminationGracePeriodSeconds */
	int64_t active_deadline_s; /* 0 = none */
	int64_t deletion_grace_s;  /* metadata.deletionGracePeriodSeconds; -1 while not being deleted */
	struct container_list {
		struct container_spec *v; /* init containers, containers, ephemeral containers, in order */
		size_t n, n_init;	  /* n counts all */
		size_t n_ephemeral;	  /* more may come while the Pod runs */
	} list;
	int64_t run_as_user,
		run_as_group; /* securityContext's, for containers that have none; -1 = not given */
	bool run_as_non_root;
	enum groups_policy groups_policy;
	struct seccomp_profile seccomp;
	struct apparmor_profile apparmor;
	struct pod_group *groups; /* supplementalGroups */
	struct pod_secret_ref *pull_secrets;
	size_t n_groups, n_pull_secrets;
	int64_t fs_group;		    /* -1 = none */
	struct pod_demand demand;	    /* what it asks of the node */
	struct resource_requirements level; /* its own, beside its containers' */
	struct resource_amount *overhead;   /* of its RuntimeClass */
	size_t n_overhead;
	/* JSON text of the field, NULL = absent. */
	const char *volumes, *host_aliases, *dns_config, *sysctls;
	const char *readiness_gates;
	int64_t priority;
	const char *priority_class; /* "" = not given */
	enum pod_phase phase;	    /* as the API has it */
	const char *status;	    /* JSON text of .status as the API has it */
};

/* Informer type of Pods as the agent sees them. */
extern const struct informer_type pod_type;

/* Parses one of the text fields above; NULL when absent. The caller puts it. */
js *pod_field(const char *text);
enum container_role pod_container_role(const struct container_spec *c); /* none of an ephemeral one's */
/* Its own, or the Pod's. */
enum restart_policy pod_restart_policy(const struct pod *p, const struct container_spec *c);
/* By policies and rules: whether a container that has ended with this code is to run again. */
bool pod_restarts(const struct pod *p, const struct container_spec *c, int code);
/* Index by name among all containers; -1 when there is none. */
int pod_container_index(const struct pod *p, const char *name);

/* ---- what a resize changes ---- */
/* The amounts in a container's resources (JSON text, NULL = none). */
struct container_resources pod_resources_read(const char *text);
/* cpu and memory, which are all that can change. */
bool pod_resources_equal(const struct container_resources *a, const struct container_resources *b);
bool pod_same_resources(const struct pod *a, const struct pod *b); /* of all containers that both have */
/* p with other resources: texts[i] of container i, NULL = as in p. A reference, which keeps p. */
const struct pod *pod_with_resources(const struct pod *p, const char *const *texts);

#endif
