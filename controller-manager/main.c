/* SPDX-License-Identifier: Apache-2.0 */
/* kube-controller-manager's place: the list of controllers. */
#include <limits.h>
#include "autoscaler/hpa.h"
#include "choice.h"
#include "controller/daemon.h"
#include "controllers.h"
#include "ipam/ipam.h"
#include "node_lifecycle.h"
#include "pod_gc.h"
#include "quota/quota.h"
#include "root_ca.h"

static const struct controller *const controllers[] = {
	&deployment_controller,
	&replicaset_controller,
	&replication_controller,
	&garbage_collector,
	&namespace_controller,
	&node_lifecycle_controller,
	&taint_eviction_controller,
	&serviceaccount_controller,
	&root_ca_publisher,
	&pod_garbage_collector,
	&job_controller,
	&disruption_controller,
	&ttl_controller,
	&resourcequota_controller,
	&ttl_after_finished_controller,
	&daemonset_controller,
	&statefulset_controller,
	&cronjob_controller,
	&hpa_controller,
	&ipam_controller,
	NULL,
};

/* How many objects of a kind are looked at at once, by the controller's name; any other takes what its row says. */
static int concurrent_cronjobs, concurrent_daemonsets, concurrent_statefulsets, concurrent_deployments,
	concurrent_autoscalers, concurrent_sets, concurrent_rcs, concurrent_gc, concurrent_jobs,
	concurrent_namespaces, concurrent_quotas;
static const struct {
	const char *name;
	const int *workers;
} concurrency[] = {
	{"cronjob", &concurrent_cronjobs},
	{"daemonset", &concurrent_daemonsets},
	{"deployment", &concurrent_deployments},
	{"garbage-collector", &concurrent_gc},
	{"horizontal-pod-autoscaler", &concurrent_autoscalers},
	{"job", &concurrent_jobs},
	{"namespace", &concurrent_namespaces},
	{"replicaset", &concurrent_sets},
	{"replicationcontroller", &concurrent_rcs},
	{"resourcequota", &concurrent_quotas},
	{"statefulset", &concurrent_statefulsets},
};

static const char *controllers_flag;
static const char *root_ca_file;
static int terminated_threshold;
static bool own_accounts;
static int64_t quota_period_ns;
static struct node_lifecycle_config nodes;
static struct hpa_config autoscaling;
static struct ipam_config addresses;
static int64_t node_monitor_period_ns; /* nothing is polled here: a node is looked at when its time is over */
static const struct flag flags[] = {
	{"controllers", FLAG_STRING, &controllers_flag, "*",
	 "Which controllers run, by upstream's names: '*' all, 'NAME' that one, '-NAME' not that one.", 0, 0},
	{"root-ca-file", FLAG_STRING, &root_ca_file, "",
	 "CA bundle that every namespace's kube-root-ca.crt gets; without it, the kubeconfig's CA.", 0, 0},
	{"use-service-account-credentials", FLAG_BOOL, &own_accounts, "false",
	 "Each controller speaks to the API as a ServiceAccount of its own; the API must serve TokenRequests.",
	 0, 0},
	{"node-monitor-period", FLAG_DURATION, &node_monitor_period_ns, "5s",
	 "How late at most a node's silence is noticed; it is noticed at once, whatever this says.", 0, 0},
	{"node-monitor-grace-period", FLAG_DURATION, &nodes.grace_ns, "50s",
	 "How long a running node may be silent before it is marked as not ready.", 0, 0},
	{"node-startup-grace-period", FLAG_DURATION, &nodes.startup_grace_ns, "1m0s",
	 "How long a starting node may be silent before it is marked as not ready.", 0, 0},
	{"node-eviction-rate", FLAG_FLOAT, &nodes.zones.rate, "0.1",
	 "Nodes per second of a healthy zone that are emptied when they are not ready.", 0, 0},
	{"secondary-node-eviction-rate", FLAG_FLOAT, &nodes.zones.secondary_rate, "0.01",
	 "The same of an unhealthy zone; 0 when it is no larger than --large-cluster-size-threshold.", 0, 0},
	{"unhealthy-zone-threshold", FLAG_FLOAT, &nodes.zones.unhealthy, "0.55",
	 "The part of a zone's nodes (at least three) that must be not ready for it to be unhealthy.", 0, 0},
	{"large-cluster-size-threshold", FLAG_INT, &nodes.zones.large, "50",
	 "Nodes that a zone may have and still be small.", 0, 0},
	{"allocate-node-cidrs", FLAG_BOOL, &addresses.allocate, "false",
	 "Nodes that come without podCIDRs get some.", 0, 0},
	{"cluster-cidr", FLAG_STRING, &addresses.cluster_cidrs, "",
	 "What they are parts of: one network, or one of each family.", 0, 0},
	{"service-cluster-ip-range", FLAG_STRING, &addresses.service_cidrs, "",
	 "Networks of Services, which no node gets.", 0, 0},
	{"node-cidr-mask-size", FLAG_INT, &addresses.mask, "0",
	 "Bits of a node's network in a cluster of one family; 0 = 24 for IPv4, 64 for IPv6.", 0, 128},
	{"node-cidr-mask-size-ipv4", FLAG_INT, &addresses.mask_v4, "0", "The same for IPv4.", 0, 32},
	{"node-cidr-mask-size-ipv6", FLAG_INT, &addresses.mask_v6, "0", "The same for IPv6.", 0, 128},
	{"horizontal-pod-autoscaler-sync-period", FLAG_DURATION, &autoscaling.sync_period_ns, "15s",
	 "How often an autoscaler's metrics are asked for.", 0, 0},
	{"horizontal-pod-autoscaler-downscale-stabilization", FLAG_DURATION, &autoscaling.down_window_ns,
	 "5m0s", "How long a higher recommendation keeps an autoscaler from scaling down.", 0, 0},
	{"horizontal-pod-autoscaler-tolerance", FLAG_FLOAT, &autoscaling.tolerance, "0.1",
	 "How far from one the ratio of a metric to its target must be to change anything.", 0, 0},
	{"horizontal-pod-autoscaler-cpu-initialization-period", FLAG_DURATION,
	 &autoscaling.cpu_initialization_ns, "5m0s",
	 "How long after a Pod's start its CPU may be left out of account.", 0, 0},
	{"horizontal-pod-autoscaler-initial-readiness-delay", FLAG_DURATION,
	 &autoscaling.initial_readiness_ns, "30s",
	 "How long after a Pod's start a change of its readiness counts as its first.", 0, 0},
	{"terminated-pod-gc-threshold", FLAG_INT, &terminated_threshold, "12500",
	 "Finished Pods that may be kept before the oldest are deleted; 0 = all.", 0, INT_MAX},
	{"concurrent-cron-job-syncs", FLAG_INT, &concurrent_cronjobs, "2",
	 "CronJobs that are looked at at once.", 1, 100},
	{"concurrent-daemonset-syncs", FLAG_INT, &concurrent_daemonsets, "2",
	 "DaemonSets that are looked at at once.", 1, 100},
	{"concurrent-deployment-syncs", FLAG_INT, &concurrent_deployments, "2",
	 "Deployments that are looked at at once.", 1, 100},
	{"concurrent-gc-syncs", FLAG_INT, &concurrent_gc, "2",
	 "Objects that the garbage collector looks at at once.", 1, 100},
	{"concurrent-horizontal-pod-autoscaler-syncs", FLAG_INT, &concurrent_autoscalers, "5",
	 "Autoscalers that are looked at at once.", 1, 100},
	{"concurrent-job-syncs", FLAG_INT, &concurrent_jobs, "2", "Jobs that are looked at at once.", 1, 100},
	{"concurrent-namespace-syncs", FLAG_INT, &concurrent_namespaces, "2",
	 "Namespaces that are emptied at once.", 1, 100},
	{"concurrent-rc-syncs", FLAG_INT, &concurrent_rcs, "2",
	 "ReplicationControllers that are looked at at once.", 1, 100},
	{"concurrent-replicaset-syncs", FLAG_INT, &concurrent_sets, "2",
	 "ReplicaSets that are looked at at once.", 1, 100},
	{"concurrent-resource-quota-syncs", FLAG_INT, &concurrent_quotas, "2",
	 "Quotas that are counted at once.", 1, 100},
	{"resource-quota-sync-period", FLAG_DURATION, &quota_period_ns, "5m0s",
	 "How often the use of a namespace's quotas is counted anew without a reason.", 0, 0},
	{"concurrent-statefulset-syncs", FLAG_INT, &concurrent_statefulsets, "5",
	 "StatefulSets that are looked at at once.", 1, 100},
	{0},
};

/* The table as it is run, with what flags say. */
static const struct controller *const *chosen(struct err *err)
{
	static struct controller tuned[CHOICE_MAX];
	static const struct controller *ret[CHOICE_MAX];

	if (choice_make(controllers_flag, controllers, ret, err) < 0)
		return NULL;
	for (size_t i = 0; ret[i]; i++) {
		tuned[i] = *ret[i];
		ret[i] = &tuned[i];
		for (size_t k = 0; k < ARRAY_LEN(concurrency); k++)
			if (!strcmp(concurrency[k].name, tuned[i].name))
				tuned[i].workers = *concurrency[k].workers;
	}
	return ret;
}

static void *make(struct rest *r, struct err *err)
{
	pod_gc_set_threshold(terminated_threshold);
	quota_set_period(quota_period_ns);
	node_lifecycle_configure(&nodes);
	hpa_configure(&autoscaling);
	if (ipam_configure(&addresses, err) < 0)
		return NULL;
	if (!*root_ca_file)
		root_ca_set(rest_get_config(r)->kube.ca_pem);
	else if (root_ca_load(root_ca_file, err) < 0)
		return NULL;
	const struct controller *const *table = chosen(err);

	if (!table)
		return NULL;
	struct controller_set *s = controller_set_new(table, r, "controller-manager");

	if (own_accounts)
		controller_set_use_accounts(s);
	return s;
}

static void run(void *set)
{
	controller_set_start(set);
}

static bool synced(void *set)
{
	return controller_set_synced(set);
}

static void destroy(void *set)
{
	controller_set_free(set);
}

static const struct daemon daemon_def = {
	.name = "controller-manager",
	.summary = "Runs the controllers that make the cluster's state what objects ask for.",
	.port = "10257",
	.flags = flags,
	.make = make,
	.run = run,
	.synced = synced,
	.destroy = destroy,
};

int main(int argc, char **argv)
{
	return daemon_main(&daemon_def, argc, argv);
}
