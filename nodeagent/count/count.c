/* SPDX-License-Identifier: Apache-2.0 */
#include "count/count.h"

#include <string.h>

#include "base/mem.h"
#include "serve/metric.h"

#define MIB (INT64_C(1) << 20)
#define GIB (INT64_C(1) << 30)

static const double usual_seconds[] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 0},
		    start_seconds[] = {0.5, 1,	 2,   3,   4,	5,   6,	  8,   10,   20,   30,	 45,   60,
				       120, 180, 240, 300, 360, 480, 600, 900, 1200, 1800, 2700, 3600, 0},
		    pull_seconds[] = {1,   5,	10,  20,  30,	60,   120,  180,  240, 300,
				      360, 480, 600, 900, 1200, 1800, 2700, 3600, 0},
		    few[] = {1, 2, 4, 8, 16, 0};

static const struct metric_def families[COUNT_FAMILIES] = {
	[COUNT_NODE] = {"kubelet_node_name", "[ALPHA] The node's name. The count is always 1.", METRIC_GAUGE,
			"node", NULL},
	[COUNT_PODS] = {"kubelet_started_pods_total", "[ALPHA] Cumulative number of pods started",
			METRIC_COUNTER, NULL, NULL},
	[COUNT_PODS_FAILED] = {"kubelet_started_pods_errors_total",
			       "[ALPHA] Cumulative number of errors when starting pods", METRIC_COUNTER, NULL,
			       NULL},
	[COUNT_USER_PODS] =
		{"kubelet_started_user_namespaced_pods_total",
		 "[ALPHA] Cumulative number of pods with user namespaces started. This metric will "
		 "only be collected on Linux.",
		 METRIC_COUNTER, NULL, NULL},
	[COUNT_USER_PODS_FAILED] = {"kubelet_started_user_namespaced_pods_errors_total",
				    "[ALPHA] Cumulative number of errors when starting pods with user "
				    "namespaces. This metric will only be collected on Linux.",
				    METRIC_COUNTER, NULL, NULL},
	[COUNT_CONTAINERS] = {"kubelet_started_containers_total",
			      "[ALPHA] Cumulative number of containers started", METRIC_COUNTER,
			      "container_type", NULL},
	[COUNT_CONTAINERS_FAILED] = {"kubelet_started_containers_errors_total",
				     "[ALPHA] Cumulative number of errors when starting containers",
				     METRIC_COUNTER, "code,container_type", NULL},
	[COUNT_CONTAINERS_OF_POD] = {"kubelet_containers_per_pod_count",
				     "[ALPHA] The number of containers per pod.", METRIC_HISTOGRAM, NULL,
				     few},
	[COUNT_START] =
		{"kubelet_pod_start_duration_seconds",
		 "[ALPHA] Duration in seconds from kubelet seeing a pod for the first time to the pod "
		 "starting to run",
		 METRIC_HISTOGRAM, NULL, start_seconds},
	[COUNT_PULL] = {"kubelet_image_pull_duration_seconds",
			"[ALPHA] Duration in seconds to pull an image.", METRIC_HISTOGRAM,
			"image_size_in_bytes", pull_seconds},
	[COUNT_SANDBOX] = {"kubelet_run_podsandbox_duration_seconds",
			   "[ALPHA] Duration in seconds of the run_podsandbox operations. Broken down by "
			   "RuntimeClass.Handler.",
			   METRIC_HISTOGRAM, "runtime_handler", usual_seconds},
	[COUNT_SANDBOX_FAILED] = {"kubelet_run_podsandbox_errors_total",
				  "[ALPHA] Cumulative number of the run_podsandbox operation errors by "
				  "RuntimeClass.Handler.",
				  METRIC_COUNTER, "runtime_handler", NULL},
	[COUNT_EVICTIONS] = {"kubelet_evictions",
			     "[ALPHA] Cumulative number of pod evictions by eviction signal", METRIC_COUNTER,
			     "eviction_signal", NULL},
	[COUNT_PREEMPTIONS] = {"kubelet_preemptions",
			       "[ALPHA] Cumulative number of pod preemptions by preemption resource",
			       METRIC_COUNTER, "preemption_signal", NULL},
	[COUNT_REJECTIONS] = {"kubelet_admission_rejections_total",
			      "[ALPHA] Cumulative number pod admission rejections by the Kubelet.",
			      METRIC_COUNTER, "reason", NULL},
};

void count_tell(enum count_family f, const char *a, const char *b, double v)
{
	static void (*const tell[])(struct metric_series * s,
				    double v) = {[METRIC_COUNTER] = metric_add,
						 [METRIC_GAUGE] = metric_set,
						 [METRIC_HISTOGRAM] = metric_observe};
	const struct metric_def *def = &families[f];
	autofree char *both = b ? mem_printf("%s\x1f%s", a, b) : NULL;
	tell[def->type](metric_series(metric_register(def), both ? both : a), v);
}

const char *count_size(int64_t bytes)
{
	static const struct {
		int64_t above;
		const char *name;
	} sizes[] = {{100 * GIB, "GT100GB"},	 {60 * GIB, "60GB-100GB"}, {40 * GIB, "40GB-60GB"},
		     {30 * GIB, "30GB-40GB"},	 {20 * GIB, "20GB-30GB"},  {10 * GIB, "10GB-20GB"},
		     {5 * GIB, "5GB-10GB"},	 {GIB, "1GB-5GB"},	   {500 * MIB, "500MB-1GB"},
		     {100 * MIB, "100MB-500MB"}, {10 * MIB, "10MB-100MB"}, {0, "0-10MB"}};
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		if (bytes > sizes[i].above)
			return sizes[i].name;
	return "N/A";
}

/* Others than these could be any number; the ones of extended resources have its name in them. */
const char *count_rejection(const char *reason)
{
	static const char *const known[] = {"AppArmor",
					    "PodOSSelectorNodeLabelDoesNotMatch",
					    "PodOSNotSupported",
					    "InvalidNodeInfo",
					    "InitContainerRestartPolicyForbidden",
					    "SupplementalGroupsPolicyNotSupported",
					    "UnexpectedAdmissionError",
					    "UnknownReason",
					    "UnexpectedPredicateFailureType",
					    "OutOfcpu",
					    "OutOfmemory",
					    "OutOfephemeral-storage",
					    "OutOfpods",
					    "PodLevelResourcesNotSupported",
					    "node(s) had taints that the pod didn't tolerate",
					    "Evicted",
					    "SysctlForbidden",
					    "TopologyAffinityError",
					    "NodeShutdown",
					    "VolumeAttachmentLimitExceeded"};
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (!strcmp(known[i], reason))
			return known[i];
	return !strncmp(reason, "OutOf", 5) ? "OutOfExtendedResources" : "Other";
}
