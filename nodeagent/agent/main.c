/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node agent: runs the Pods that are bound to its node.
 *
 *	nodeagent --kubeconfig FILE …			the daemon
 *	nodeagent image import FILE --root-dir DIR	puts the images of an archive into the node's store
 *	nodeagent cleanup --root-dir DIR		removes what the daemon keeps in the kernel: containers,
 *							mounts, network, cgroups
 */
#include <assert.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/configfile.h"
#include "base/flags.h"
#include "base/log.h"
#include "base/settle.h"
#include "base/thread.h"
#include "object/version.h"
#include "serve/gate_metric.h"
#include "serve/health.h"
#include "image/import.h"
#include "serve/server.h"
#include "os/tree.h"
#include "pressure/threshold.h"

#define DEFAULT_PORT 10250

static struct agent_config config;
static const char *config_file;
static bool pin;

static const struct flag flags[] = {
	{"config", FLAG_STRING, &config_file, "",
	 "KubeletConfiguration of kubelet.config.k8s.io/v1beta1; flags beside it win.", 0, 0},
	{"kubeconfig", FLAG_STRING, &config.kubeconfig, "",
	 "kubeconfig file with the API server and the node's credentials.", 0, 0},
	{"node-ip", FLAG_STRING, &config.node_ip, "",
	 "Address of the node; 0.0.0.0 or :: = any of that family; default: that of the default route.", 0,
	 0},
	{"hostname-override", FLAG_STRING, &config.hostname_override, "",
	 "Name of the node; default: the host name.", 0, 0},
	{"root-dir", FLAG_STRING, &config.root_dir, "/var/lib/coracle/node", "State directory.", 0, 0},
	{"port", FLAG_INT, &config.port, "0",
	 "HTTPS port for the API server; default: 10250, for fake nodes none.", 0, 65535},
	{"healthz-port", FLAG_INT, &config.healthz_port, "10248",
	 "Port for /healthz and /metrics on loopback; 0 = none.", 0, 65535},
	{"tls-cert-file", FLAG_STRING, &config.tls_cert_file, "",
	 "Serving certificate; default: one made at start-up.", 0, 0},
	{"tls-private-key-file", FLAG_STRING, &config.tls_key_file, "", "Its key.", 0, 0},
	{"client-ca-file", FLAG_STRING, &config.client_ca_file, "",
	 "CA whose client certificates may call; without it nobody may.", 0, 0},
	{"container-runtime-binary", FLAG_STRING, &config.container_runtime, "",
	 "OCI runtime; default: crun, or runc where cgroups are not v2 only.", 0, 0},
	{"runtime-handlers", FLAG_STRING, &config.runtime_handlers, "",
	 "OCI runtimes that RuntimeClasses mean by their handler: HANDLER=BINARY, comma-separated.", 0, 0},
	{"pause-binary", FLAG_STRING, &config.pause, "",
	 "First process of a sandbox; default: beside this program.", 0, 0},
	{"pod-cidr", FLAG_STRING, &config.pod_cidr, "",
	 "Addresses for Pods; default: the Node's spec.podCIDR.", 0, 0},
	{"max-pods", FLAG_INT, &config.max_pods, "110", "How many Pods the node takes.", 1, 10000},
	{"pod-max-pids", FLAG_INT, &config.pod_max_pids, "-1",
	 "How many processes and threads a Pod may have; -1: as many as the machine.", -1, 1 << 22},
	{"user-namespaces-ids-per-pod", FLAG_INT, &config.ids_per_pod, "65536",
	 "How many users a Pod with hostUsers: false has, a multiple of 65536.", 65536, INT_MAX},
	{"cni-conf-dir", FLAG_STRING, &config.cni_conf_dir, "",
	 "CNI configuration; default: /etc/cni/net.d, else our own.", 0, 0},
	{"cni-bin-dir", FLAG_STRING, &config.cni_bin_dir, "",
	 "CNI plugins; default: /usr/lib/cni:/opt/cni/bin.", 0, 0},
	{"insecure-registries", FLAG_STRING, &config.insecure_registries, "",
	 "Registries (host[:port], comma-separated) reached by plain HTTP.", 0, 0},
	{"registry-config-path", FLAG_STRING, &config.registry_config, "/etc/coracle/certs.d",
	 "Mirrors, CAs and client certificates of registries: HOST/hosts.toml, as containerd's.", 0, 0},
	{"image-credential-provider-config", FLAG_STRING, &config.provider_config, "",
	 "CredentialProviderConfig: a file, or a directory of *.json, *.yaml and *.yml.", 0, 0},
	{"image-credential-provider-bin-dir", FLAG_STRING, &config.provider_bin_dir, "",
	 "Directory of the credential providers' programs.", 0, 0},
	{"serialize-image-pulls", FLAG_STRING, &config.serialize_pulls, "",
	 "true: images are pulled one at a time; default: true, unless --max-parallel-image-pulls is larger.",
	 0, 0},
	{"max-parallel-image-pulls", FLAG_INT, &config.parallel_pulls, NULL,
	 "How many images are pulled at a time, 64 at most; default: as many as are wanted.", 1, INT_MAX},
	{"registry-qps", FLAG_INT, &config.registry_qps, "5",
	 "How many pulls may begin in a second; 0: any number.", 0, INT_MAX},
	{"registry-burst", FLAG_INT, &config.registry_burst, "10",
	 "How many may at once, when there were none for a while.", 0, INT_MAX},
	{"cluster-dns", FLAG_STRING, &config.cluster_dns, "",
	 "Addresses of the cluster's DNS, comma-separated.", 0, 0},
	{"cluster-domain", FLAG_STRING, &config.cluster_domain, "cluster.local", "Domain of the cluster.", 0,
	 0},
	{"node-labels", FLAG_STRING, &config.node_labels, "",
	 "Labels the node registers with: KEY=VALUE, comma-separated.", 0, 0},
	{"register-with-taints", FLAG_STRING, &config.taints, "",
	 "Taints the node registers with: KEY=VALUE:EFFECT, comma-separated.", 0, 0},
	{"allowed-unsafe-sysctls", FLAG_STRING, &config.unsafe_sysctls, "",
	 "Further sysctls that Pods may set, comma-separated; one may end with *.", 0, 0},
	{"pod-manifest-path", FLAG_STRING, &config.static_pods, "",
	 "Directory of static Pods' manifests, or one file.", 0, 0},
	{"file-check-frequency", FLAG_DURATION, &config.static_look_ns, "20s",
	 "How often it is looked at even if nothing is told of it.", 0, 0},
	{"container-log-max-size", FLAG_STRING, &config.log_max_size, "10Mi",
	 "A container's log is rotated when it is as large; -1: never.", 0, 0},
	{"container-log-max-files", FLAG_INT, &config.log_max_files, "5",
	 "How many files a container's log may have, at least 2.", 0, 1 << 20},
	{"container-log-max-workers", FLAG_INT, &config.log_max_workers, "1",
	 "How many logs are rotated at a time (4 at most).", 1, 1 << 20},
	{"container-log-monitor-interval", FLAG_DURATION, &config.log_every_ns, "10s",
	 "How often logs are looked at, at least every so often.", 0, 0},
	{"system-reserved", FLAG_STRING, &config.system_reserved, "",
	 "Kept from Pods for the system: cpu=100m,memory=1Gi,ephemeral-storage=1Gi,pid=1000.", 0, 0},
	{"kube-reserved", FLAG_STRING, &config.kube_reserved, "", "The same for Kubernetes' own daemons.", 0,
	 0},
	{"enforce-node-allocatable", FLAG_STRING, &config.enforce, "pods",
	 "pods: their cgroup is bounded by what is not reserved; none.", 0, 0},
	{"eviction-hard", FLAG_STRING, &config.eviction_hard, THRESHOLD_DEFAULT_HARD,
	 "Thresholds at which Pods are evicted at once: memory.available<100Mi,nodefs.available<10%; empty: none.",
	 0, 0},
	{"eviction-soft", FLAG_STRING, &config.eviction_soft, "", "Those at which they are after a while.", 0,
	 0},
	{"eviction-soft-grace-period", FLAG_STRING, &config.eviction_grace, "",
	 "That while: memory.available=1m30s.", 0, 0},
	{"eviction-minimum-reclaim", FLAG_STRING, &config.eviction_reclaim, "",
	 "How much beyond the threshold is freed: nodefs.available=500Mi.", 0, 0},
	{"eviction-max-pod-grace-period", FLAG_INT, &config.eviction_max_grace_s, "0",
	 "Longest grace in seconds of a Pod that a soft threshold evicts.", 0, 1 << 30},
	{"eviction-pressure-transition-period", FLAG_DURATION, &config.eviction_transition_ns, "5m",
	 "How long a pressure condition stays after its cause.", 0, 0},
	{"merge-default-eviction-settings", FLAG_BOOL, &config.eviction_merge_defaults, "false",
	 "Default thresholds for what --eviction-hard does not say.", 0, 0},
	{"image-gc-high-threshold", FLAG_INT, &config.images.high_percent, "85",
	 "Unused images are removed when their file system is so full, in percent; 100: whatever.", 0, 100},
	{"image-gc-low-threshold", FLAG_INT, &config.images.low_percent, "80",
	 "Until it is no fuller than this.", 0, 100},
	{"minimum-image-ttl-duration", FLAG_DURATION, &config.images.min_age_ns, "2m",
	 "An image known for less than this stays.", 0, 0},
	{"image-maximum-gc-age", FLAG_DURATION, &config.images.max_age_ns, "0s",
	 "One that was not used for so long goes in any case; 0: never.", 0, 0},
	{"shutdown-grace-period", FLAG_DURATION, &config.shutdown_ns, "0s",
	 "How long the machine's shutdown waits for Pods; 0 = not at all.", 0, 0},
	{"shutdown-grace-period-critical-pods", FLAG_DURATION, &config.shutdown_critical_ns, "0s",
	 "How much of that is kept for critical Pods, which end last.", 0, 0},
	{"shutdown-grace-period-by-pod-priority", FLAG_STRING, &config.shutdown_by_priority, "",
	 "Instead of both: PRIORITY:SECONDS, comma-separated; the lowest end first.", 0, 0},
	{"logind-conf-dir", FLAG_STRING, &config.logind_conf, "/etc/systemd/logind.conf.d",
	 "Where systemd's login manager is told, if need be, to wait for that long.", 0, 0},
	{"fake-nodes", FLAG_INT, &config.fake_nodes, "0",
	 "Be this many nodes whose containers are pretended.", 0, 10000},
	{"fake-node-prefix", FLAG_STRING, &config.fake_node_prefix, "fake-",
	 "Their names are PREFIX0000, PREFIX0001 …", 0, 0},
	{"fake-zones", FLAG_INT, &config.fake_zones, "0",
	 "Spread them over this many zones: zone-1, zone-2 …", 0, 10000},
	{"fake-taints", FLAG_STRING, &config.fake_taints, "",
	 "Taints they register with: KEY=VALUE:EFFECT, comma-separated.", 0, 0},
	{"fake-resources", FLAG_STRING, &config.fake_resources, "",
	 "Extended resources they have: NAME=QUANTITY, comma-separated.", 0, 0},
	{"fake-events", FLAG_BOOL, &config.fake_events, "false", "Let fake nodes record events.", 0, 0},
	{"pin", FLAG_BOOL, &pin, "true",
	 "Of image import: garbage collection leaves the images alone, for no registry has them.", 0, 0},
	FLAG_FEATURE_GATES,
	{0},
};

static const struct flags_program program = {
	.name = "nodeagent",
	.about = "Runs the Pods that are bound to its node.",
	.version = VERSION_LINE,
	.table = flags,
};

/* ---- the file ---- */

static void write_config(void *arg, const char *query, struct buf *out)
{
	autojson js *told = configfile_told(flags);
	js_write(out, told);
}

/* What it says takes the place of the flags' defaults; its texts stay for the life of the process. */
static enum flags_result read_file(int argc, char **argv, struct err *err)
{
	static struct configfile *file;
	static struct flag *table;
	autobuf struct buf text = BUF_INIT;
	assert(!configfile_stray(flags));
	if (!*config_file)
		return FLAGS_OK;
	if (tree_read(config_file, CONFIGFILE_MAX, &text, err) == 0)
		file = configfile_parse(buf_str(&text), text.len, err);
	if (!file) {
		err_wrap(err, "failed to load kubelet config file, path: %s", config_file);
		return FLAGS_ERROR;
	}
	table = configfile_flags(file, flags);
	const struct flags_program again = {
		.name = program.name, .about = program.about, .version = program.version, .table = table};
	return flags_parse(&again, argc, argv, err);
}

static enum flags_result read_flags(int argc, char **argv, struct err *err)
{
	enum flags_result r = flags_parse(&program, argc, argv, err);
	return r == FLAGS_OK ? read_file(argc, argv, err) : r;
}

static const char *default_pause(void)
{
	static const char *const places[] = {"/../libexec/coracle/pause", "/pause"};
	static char path[PATH_MAX];
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	self[n < 0 ? 0 : n] = '\0';
	char *dir = dirname(self);
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		int len = snprintf(path, sizeof(path), "%s%s", dir, places[i]);
		if (len > 0 && (size_t)len < sizeof(path) && access(path, X_OK) == 0)
			break;
	}
	return path;
}

static void fill_defaults(void)
{
	struct rlimit files;
	if (config.fake_nodes && !*config.node_ip)
		config.node_ip = "127.0.0.1";
	if (!config.port && !config.fake_nodes)
		config.port = DEFAULT_PORT;
	/* So that who wants several need not say both. */
	if (!*config.serialize_pulls)
		config.serialize_pulls = config.parallel_pulls < 2 ? "true" : "false";
	if (!*config.pause)
		config.pause = default_pause();
	/* Every fake node has a watch of its own. */
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
}

static int fail(const struct err *err, const char *what)
{
	log_err(err, what, NULL);
	return 1;
}

/* ---- subcommands ---- */

/* Only the image store is opened: a daemon may be running on the rest. */
static int import_image(const char *file)
{
	struct err err = ERR_INIT;
	autofree char *dir = mem_printf("%s/images", config.root_dir);
	struct image_store *store = NULL;
	int n = -1;
	if (tree_mkdirs(config.root_dir, 0755, &err) == 0 && tree_mkdirs(dir, 0700, &err) == 0 &&
	    (store = image_store_open(dir, &err)))
		n = image_import(store, file, NULL, pin, &err);
	if (store)
		image_store_free(store);
	if (n < 0)
		return fail(&err, "cannot import");
	printf("%d image%s imported\n", n, n == 1 ? "" : "s");
	return 0;
}

static int clean_up(const char *unused)
{
	struct err err = ERR_INIT;
	/* What was never used needs no cleaning, and cleaning makes no directories. */
	if (access(config.root_dir, F_OK) < 0)
		return 0;
	struct runtime *rt = agent_open_runtime(&config, NULL, NULL, NULL, &err);
	if (!rt)
		return fail(&err, "cannot open the state directory");
	return rt->ops->teardown(rt, &err) < 0 ? fail(&err, "cannot remove everything") : 0;
}

static const struct subcommand {
	const char *words[2]; /* the second may be NULL */
	bool file;	      /* takes one argument */
	int (*run)(const char *file);
} subcommands[] = {
	{{"image", "import"}, true, import_image},
	{{"cleanup", NULL}, false, clean_up},
};

/* The subcommand that argv begins with; its words and its argument are taken out of argv. */
static const struct subcommand *find_subcommand(int *argc, char **argv, const char **file)
{
	for (size_t i = 0; i < ARRAY_LEN(subcommands); i++) {
		const struct subcommand *s = &subcommands[i];
		int words = s->words[1] ? 2 : 1, taken = words + s->file;
		if (*argc <= taken || strcmp(argv[1], s->words[0]) != 0 ||
		    (s->words[1] && strcmp(argv[2], s->words[1]) != 0))
			continue;
		*file = s->file ? argv[words + 1] : NULL;
		memmove(argv + 1, argv + 1 + taken, (size_t)(*argc - taken) * sizeof(*argv));
		*argc -= taken;
		return s;
	}
	return NULL;
}

/* ---- the daemon ---- */

static void *run_loop(void *arg)
{
	agent_run(arg);
	return NULL;
}

static int run_daemon(void)
{
	struct err err = ERR_INIT;
	struct health *health = NULL;
	/* Static: what the agent owns stays reachable until the process ends, which is what frees it. */
	static struct agent *agent;
	static struct server *server;
	gate_metric_report();
	if (!*config.kubeconfig && (config.fake_nodes || !*config.static_pods)) {
		(void)err_set(
			&err, REASON_INVALID,
			"--kubeconfig is required, or --pod-manifest-path for a node without an API server");
		return fail(&err, "cannot start");
	}
	if (!(agent = agent_new(&config, &err)))
		return fail(&err, "cannot start");
	health_add_page("/configz", "application/json", write_config, NULL);
	struct server_config serving;
	agent_server_config(agent, &serving);
	if (config.port && !(server = server_start(&serving, &err)))
		return fail(&err, "cannot serve");
	if (config.healthz_port &&
	    !(health = health_start(agent_loop(agent), "127.0.0.1", config.healthz_port, NULL, &err)))
		return fail(&err, "cannot serve health checks");
	pthread_t loop = thread_start("loop", run_loop, agent);
	settle_stop_wait();
	log_info("stopping", NULL);
	server_stop(server);
	health_stop(health);
	agent_stop(agent);
	pthread_join(loop, NULL);
	agent_shut_down(agent);
	return 0;
}

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	const char *file = NULL;
	const struct subcommand *sub = find_subcommand(&argc, argv, &file);
	switch (read_flags(argc, argv, &err)) {
	case FLAGS_EXIT:
		return 0;
	case FLAGS_ERROR:
		fprintf(stderr, "nodeagent: %s\n", err.msg);
		return 2;
	case FLAGS_OK:
		break;
	}
	stop_install();
	fill_defaults();
	return sub ? sub->run(file) : run_daemon();
}
