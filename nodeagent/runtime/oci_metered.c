/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the runtime's operations take and how often they fail: kubelet_runtime_operations_*, as a kubelet has them of its CRI
 * (kubernetes/kubernetes pkg/kubelet/kuberuntime/instrumented_services.go), by the CRI's names. Those that are asked for each
 * look at a Pod and read memory only (usage, stats) are not counted.
 */
#include "base/clock.h"
#include "runtime/oci_internal.h"
#include "serve/metric.h"

static void note(const char *operation, int64_t began_ns, bool failed)
{
	static const double seconds[] = {0.005,
					 0.0125,
					 0.03125,
					 0.078125,
					 0.1953125,
					 0.48828125,
					 1.220703125,
					 3.0517578125,
					 7.62939453125,
					 19.073486328125,
					 47.6837158203125,
					 119.20928955078125,
					 298.0232238769531,
					 745.0580596923828,
					 0};
	static const struct metric_def total = {
		.name = "kubelet_runtime_operations_total",
		.help = "[ALPHA] Cumulative number of runtime operations by operation type.",
		.type = METRIC_COUNTER,
		.label_names = "operation_type"};
	static const struct metric_def errors = {
		.name = "kubelet_runtime_operations_errors_total",
		.help = "[ALPHA] Cumulative number of runtime operation errors by operation type.",
		.type = METRIC_COUNTER,
		.label_names = "operation_type"};
	static const struct metric_def duration = {
		.name = "kubelet_runtime_operations_duration_seconds",
		.help = "[ALPHA] Duration in seconds of runtime operations. Broken down by operation type.",
		.type = METRIC_HISTOGRAM,
		.label_names = "operation_type",
		.buckets = seconds};
	metric_add(metric_series(metric_register(&total), operation), 1);
	metric_observe(metric_series(metric_register(&duration), operation),
		       (double)(clock_mono_ns() - began_ns) / (double)NS_PER_S);
	if (failed)
		metric_add(metric_series(metric_register(&errors), operation), 1);
}

#define METERED(member, operation, parameters, arguments)                                                    \
	static int metered_##member parameters                                                               \
	{                                                                                                    \
		int64_t began = clock_mono_ns();                                                             \
		int rc = oci_##member arguments;                                                             \
		note(operation, began, rc < 0);                                                              \
		return rc;                                                                                   \
	}

METERED(sandbox_run, "run_podsandbox",
	(struct runtime * rt, const struct runtime_sandbox_spec *spec, struct runtime_sandbox *ret,
	 struct err *err),
	(rt, spec, ret, err))
METERED(sandbox_stop, "stop_podsandbox", (struct runtime * rt, const char *id, struct err *err),
	(rt, id, err))
METERED(sandbox_remove, "remove_podsandbox", (struct runtime * rt, const char *id, struct err *err),
	(rt, id, err))
METERED(sandbox_status, "podsandbox_status",
	(struct runtime * rt, const char *id, struct runtime_sandbox *ret, struct err *err),
	(rt, id, ret, err))
METERED(sandbox_update, "update_podsandbox_resources",
	(struct runtime * rt, const char *id, const struct runtime_limits *l, struct err *err),
	(rt, id, l, err))
METERED(image_pull, "pull_image",
	(struct runtime * rt, const char *ref, const struct runtime_auth *auth, struct cancel *cancel,
	 struct runtime_image *ret, struct err *err),
	(rt, ref, auth, cancel, ret, err))
METERED(image_remove, "remove_image",
	(struct runtime * rt, const char *ref, int64_t *ret_freed, struct err *err),
	(rt, ref, ret_freed, err))
METERED(image_list, "list_images", (struct runtime * rt, struct runtime_image_list *ret, struct err *err),
	(rt, ret, err))
METERED(container_create, "create_container",
	(struct runtime * rt, const struct runtime_container_spec *spec, struct err *err), (rt, spec, err))
METERED(container_start, "start_container", (struct runtime * rt, const char *id, struct err *err),
	(rt, id, err))
METERED(container_signal, "stop_container", (struct runtime * rt, const char *id, int sig, struct err *err),
	(rt, id, sig, err))
METERED(container_status, "container_status",
	(struct runtime * rt, const char *id, struct runtime_container *ret, struct err *err),
	(rt, id, ret, err))
METERED(container_remove, "remove_container", (struct runtime * rt, const char *id, struct err *err),
	(rt, id, err))
METERED(container_update, "update_container",
	(struct runtime * rt, const char *id, const struct runtime_limits *l, struct err *err),
	(rt, id, l, err))
METERED(reopen_log, "reopen_container_log", (struct runtime * rt, const char *id, struct err *err),
	(rt, id, err))
METERED(exec_sync, "exec_sync",
	(struct runtime * rt, const char *id, const char *const *argv, int64_t timeout_ns,
	 struct runtime_exec_result *ret, struct err *err),
	(rt, id, argv, timeout_ns, ret, err))
METERED(exec, "exec",
	(struct runtime * rt, const char *id, const struct runtime_exec_spec *spec,
	 struct runtime_stream *ret, struct err *err),
	(rt, id, spec, ret, err))
METERED(attach, "attach", (struct runtime * rt, const char *id, struct runtime_stream *ret, struct err *err),
	(rt, id, ret, err))
METERED(port_forward, "port_forward",
	(struct runtime * rt, const char *sandbox_id, int port, int *ret_fd, struct err *err),
	(rt, sandbox_id, port, ret_fd, err))

/* An image that is not there is an answer. */
static int metered_image_get(struct runtime *rt, const char *ref, struct runtime_image *ret, struct err *err)
{
	int64_t began = clock_mono_ns();
	int rc = oci_image_get(rt, ref, ret, err);
	note("image_status", began, rc < 0 && err->reason != REASON_NOT_FOUND);
	return rc;
}

void oci_metered(struct runtime_ops *ops)
{
	ops->sandbox_run = metered_sandbox_run;
	ops->sandbox_stop = metered_sandbox_stop;
	ops->sandbox_remove = metered_sandbox_remove;
	ops->sandbox_status = metered_sandbox_status;
	ops->sandbox_update = metered_sandbox_update;
	ops->image_get = metered_image_get;
	ops->image_pull = metered_image_pull;
	ops->image_remove = metered_image_remove;
	ops->image_list = metered_image_list;
	ops->container_create = metered_container_create;
	ops->container_start = metered_container_start;
	ops->container_signal = metered_container_signal;
	ops->container_status = metered_container_status;
	ops->container_remove = metered_container_remove;
	ops->container_update = metered_container_update;
	ops->container_reopen_log = metered_reopen_log;
	ops->exec_sync = metered_exec_sync;
	ops->exec = metered_exec;
	ops->attach = metered_attach;
	ops->port_forward = metered_port_forward;
}
