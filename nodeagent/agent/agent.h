/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node agent: one loop and the nodes that it serves (one real, or a fleet of fake ones). Set up and torn down by main;
 * everything in between happens on the loop. Without a kubeconfig it is alone: static Pods run, nobody is told of anything.
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include "agent/node.h"
#include "image/gc.h"

struct agent_config { /* strings borrowed for the agent's life */
	const char *kubeconfig, *node_ip, *hostname_override, *root_dir, *pod_cidr;
	const char *tls_cert_file, *tls_key_file, *client_ca_file;
	const char *container_runtime, *runtime_handlers, *pause, *cni_conf_dir, *cni_bin_dir,
		*insecure_registries;
	const char *registry_config;			/* directory of hosts.toml files */
	const char *provider_config, *provider_bin_dir; /* as providers_open; both "" = none */
	const char *serialize_pulls;			/* "true", "false" */
	int parallel_pulls;				/* 0 = any number */
	int registry_qps, registry_burst;
	const char *cluster_dns, *cluster_domain, *fake_node_prefix;
	const char *node_labels; /* "k=v,k=v" */
	const char *taints;	 /* as nodeobject_parse_taints */
	const char *unsafe_sysctls;
	const char *static_pods; /* directory, or a file; "" = none */
	int64_t static_look_ns;
	const char *log_max_size;
	int log_max_files, log_max_workers;
	int64_t log_every_ns;
	const char *system_reserved, *kube_reserved;
	const char *enforce; /* "pods", "none" */
	const char *eviction_hard, *eviction_soft, *eviction_grace, *eviction_reclaim;
	int64_t eviction_transition_ns;
	int eviction_max_grace_s;
	bool eviction_merge_defaults;
	int64_t shutdown_ns, shutdown_critical_ns; /* as plan_config */
	const char *shutdown_by_priority, *logind_conf;
	struct image_gc_policy images;
	int port, healthz_port, max_pods, pod_max_pids, fake_nodes;
	int ids_per_pod; /* with a user namespace */
	bool fake_events;
	int fake_zones;				  /* 0 = none; nodes go round */
	const char *fake_taints, *fake_resources; /* as nodeobject_parse_* */
};

struct agent;
struct server_config;
struct agent *agent_new(const struct agent_config *c, struct err *err) MUST_CHECK;
/* Connects to the API server and works until agent_stop. This thread becomes the loop's. */
void agent_run(struct agent *a);
void agent_stop(struct agent *a); /* any thread */
/* Ends the threads that talk to others. Pods go on; memory is the process's. */
void agent_shut_down(struct agent *a);

/* What the server needs to know of this agent. Before agent_run. */
void agent_server_config(struct agent *a, struct server_config *ret);
struct loop *agent_loop(struct agent *a); /* for what else the daemon answers */

/* The state directory of the real runtime, for the subcommands too: opens it, or fails with the reason. */
struct runtime *agent_open_runtime(const struct agent_config *c, struct loop *loop, runtime_exit_fn *on_exit,
				   void *arg, struct err *err) MUST_CHECK;

#endif
