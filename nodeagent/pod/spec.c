/* SPDX-License-Identifier: Apache-2.0 */
#include "pod/spec.h"

#include <stdlib.h>

#include "base/gate.h"
#include "os/stopsignal.h"

/* Far beyond any machine; sums and products of these do not overflow. */
#define AMOUNT_MAX (INT64_C(1) << 46)
#define SECONDS_MAX (INT64_C(100) * 365 * 24 * 3600)
#define MIRROR_ANNOTATION "kubernetes.io/config.mirror"

static const char *const pull_names[] = {
	[PULL_IF_NOT_PRESENT] = "IfNotPresent", [PULL_ALWAYS] = "Always", [PULL_NEVER] = "Never"};
static const char *const dns_names[] = {
	[DNS_CLUSTER_FIRST] = "ClusterFirst",
	[DNS_CLUSTER_FIRST_HOST_NET] = "ClusterFirstWithHostNet",
	[DNS_DEFAULT] = "Default",
	[DNS_NONE] = "None",
};
static const char *const proc_names[] = {[PROC_DEFAULT] = "Default", [PROC_UNMASKED] = "Unmasked"};
static const char *const seccomp_names[] = {[SECCOMP_UNCONFINED] = "Unconfined",
					    [SECCOMP_RUNTIME_DEFAULT] = "RuntimeDefault",
					    [SECCOMP_LOCALHOST] = "Localhost"};
static const char *const apparmor_names[] = {[APPARMOR_UNCONFINED] = "Unconfined",
					     [APPARMOR_RUNTIME_DEFAULT] = "RuntimeDefault",
					     [APPARMOR_LOCALHOST] = "Localhost"};
static const char *const groups_names[] = {[GROUPS_MERGE] = "Merge", [GROUPS_STRICT] = "Strict"};
static const char *const message_names[] = {
	[MESSAGE_FILE] = "File", [MESSAGE_FALLBACK_TO_LOGS] = "FallbackToLogsOnError"};

/* ---- what a container consists of ---- */

static const struct decode_row env_rows[] = {
	DECODE_STRING("name", struct env_var, name),
	DECODE_STRING("value", struct env_var, value),
	DECODE_PRESENT("valueFrom.fieldRef", struct env_var, is_field),
	DECODE_STRING("valueFrom.fieldRef.fieldPath", struct env_var, ref),
	DECODE_PRESENT("valueFrom.resourceFieldRef", struct env_var, is_resource),
	DECODE_STRING("valueFrom.resourceFieldRef.resource", struct env_var, ref),
	DECODE_STRING("valueFrom.resourceFieldRef.containerName", struct env_var, key),
	DECODE_STRING("valueFrom.resourceFieldRef.divisor", struct env_var, divisor),
	DECODE_PRESENT("valueFrom.configMapKeyRef", struct env_var, is_config_map),
	DECODE_STRING("valueFrom.configMapKeyRef.name", struct env_var, ref),
	DECODE_STRING("valueFrom.configMapKeyRef.key", struct env_var, key),
	DECODE_BOOL("valueFrom.configMapKeyRef.optional", struct env_var, optional),
	DECODE_PRESENT("valueFrom.secretKeyRef", struct env_var, is_secret),
	DECODE_STRING("valueFrom.secretKeyRef.name", struct env_var, ref),
	DECODE_STRING("valueFrom.secretKeyRef.key", struct env_var, key),
	DECODE_BOOL("valueFrom.secretKeyRef.optional", struct env_var, optional),
};
static void env_finish(void *o)
{
	struct env_var *e = o;
	e->source = e->is_field	       ? ENV_FIELD
		    : e->is_resource   ? ENV_RESOURCE
		    : e->is_config_map ? ENV_CONFIG_MAP
		    : e->is_secret     ? ENV_SECRET
				       : ENV_VALUE;
}
static const struct env_var env_initial = {.name = "", .value = "", .ref = "", .key = "", .divisor = ""};
static const struct decode_spec env_spec =
	DECODE_SPEC(struct env_var, env_rows, .initial = &env_initial, .finish = env_finish);

static const struct decode_row env_from_rows[] = {
	DECODE_STRING("prefix", struct env_from, prefix),
	DECODE_STRING("configMapRef.name", struct env_from, ref),
	DECODE_BOOL("configMapRef.optional", struct env_from, optional),
	DECODE_PRESENT("secretRef", struct env_from, secret),
	DECODE_STRING("secretRef.name", struct env_from, ref),
	DECODE_BOOL("secretRef.optional", struct env_from, optional),
};
static const struct env_from env_from_initial = {.prefix = "", .ref = ""};
static const struct decode_spec env_from_spec =
	DECODE_SPEC(struct env_from, env_from_rows, .initial = &env_from_initial);

static const struct decode_row mount_rows[] = {
	DECODE_STRING("name", struct volume_mount, name),
	DECODE_STRING("mountPath", struct volume_mount, path),
	DECODE_STRING("subPath", struct volume_mount, sub_path),
	DECODE_STRING("subPathExpr", struct volume_mount, sub_path_expr),
	DECODE_STRING("mountPropagation", struct volume_mount, propagation),
	DECODE_STRING("recursiveReadOnly", struct volume_mount, recursive_readonly),
	DECODE_BOOL("readOnly", struct volume_mount, readonly),
};
static const struct volume_mount mount_initial = {"", "", "", "", "", "", false};
static const struct decode_spec mount_spec =
	DECODE_SPEC(struct volume_mount, mount_rows, .initial = &mount_initial);

static const struct decode_row port_rows[] = {
	DECODE_INT32("containerPort", struct container_port, container_port),
	DECODE_INT32("hostPort", struct container_port, host_port),
	DECODE_STRING("name", struct container_port, name),
	DECODE_STRING("protocol", struct container_port, protocol),
	DECODE_STRING("hostIP", struct container_port, host_ip),
};
static const struct container_port port_initial = {.name = "", .protocol = "", .host_ip = ""};
static const struct decode_spec port_spec =
	DECODE_SPEC(struct container_port, port_rows, .initial = &port_initial);

/* ---- probes and hooks ---- */

/* Durations that nobody can mean are as good as the longest that can be counted. */
static int64_t seconds(int64_t v)
{
	return v < 0 ? 0 : v > SECONDS_MAX ? SECONDS_MAX : v;
}

static const struct decode_row header_rows[] = {
	DECODE_STRING("name", struct handler_header, name),
	DECODE_STRING("value", struct handler_header, value),
};
static const struct handler_header header_initial = {"", ""};
static const struct decode_spec header_spec =
	DECODE_SPEC(struct handler_header, header_rows, .initial = &header_initial);

static const char *const scheme_names[] = {[SCHEME_HTTP] = "HTTP", [SCHEME_HTTPS] = "HTTPS"};

static const struct decode_row handler_rows[] = {
	DECODE_PRESENT("exec", struct handler_spec, is_exec),
	DECODE_STRINGS_TO_NULL("exec.command", struct handler_spec, command),
	DECODE_PRESENT("httpGet", struct handler_spec, is_http_get),
	DECODE_STRING("httpGet.host", struct handler_spec, host),
	DECODE_STRING("httpGet.path", struct handler_spec, path),
	DECODE_INT32("httpGet.port", struct handler_spec, port.number),
	DECODE_STRING("httpGet.port", struct handler_spec, port.name),
	DECODE_ENUM("httpGet.scheme", struct handler_spec, scheme, scheme_names),
	DECODE_ARRAY("httpGet.httpHeaders", struct handler_spec, headers, n_headers, &header_spec),
	DECODE_PRESENT("tcpSocket", struct handler_spec, is_tcp_socket),
	DECODE_STRING("tcpSocket.host", struct handler_spec, host),
	DECODE_INT32("tcpSocket.port", struct handler_spec, port.number),
	DECODE_STRING("tcpSocket.port", struct handler_spec, port.name),
	DECODE_PRESENT("grpc", struct handler_spec, is_grpc),
	DECODE_INT32("grpc.port", struct handler_spec, port.number),
	DECODE_STRING("grpc.service", struct handler_spec, service),
	DECODE_PRESENT("sleep", struct handler_spec, is_sleep),
	DECODE_INT64("sleep.seconds", struct handler_spec, sleep_s),
};

static void handler_finish(void *o)
{
	struct handler_spec *h = o;
	h->type = h->is_exec	     ? HANDLER_EXEC
		  : h->is_http_get   ? HANDLER_HTTP_GET
		  : h->is_tcp_socket ? HANDLER_TCP_SOCKET
		  : h->is_grpc	     ? HANDLER_GRPC
		  : h->is_sleep	     ? HANDLER_SLEEP
				     : HANDLER_NONE;
	h->https = h->scheme == SCHEME_HTTPS;
	h->sleep_s = seconds(h->sleep_s);
}

static const struct handler_spec handler_initial = {.host = "", .path = "", .port.name = "", .service = ""};
static const struct decode_spec handler_decode =
	DECODE_SPEC(struct handler_spec, handler_rows, .initial = &handler_initial, .finish = handler_finish);

static const struct decode_row probe_rows[] = {
	DECODE_STRUCT("", struct probe_spec, handler, &handler_decode),
	DECODE_INT64("initialDelaySeconds", struct probe_spec, initial_delay_s),
	DECODE_INT64("periodSeconds", struct probe_spec, period_s),
	DECODE_INT64("timeoutSeconds", struct probe_spec, timeout_s),
	DECODE_INT64("successThreshold", struct probe_spec, success_threshold),
	DECODE_INT64("failureThreshold", struct probe_spec, failure_threshold),
	DECODE_INT64("terminationGracePeriodSeconds", struct probe_spec, grace_s),
};

static int64_t at_least_one(int64_t v)
{
	return v < 1 ? 1 : seconds(v);
}

static void probe_finish(void *o)
{
	struct probe_spec *p = o;
	p->initial_delay_s = seconds(p->initial_delay_s);
	p->period_s = at_least_one(p->period_s);
	p->timeout_s = at_least_one(p->timeout_s);
	p->success_threshold = at_least_one(p->success_threshold);
	p->failure_threshold = at_least_one(p->failure_threshold);
	p->grace_s = p->grace_s < 0 ? -1 : seconds(p->grace_s);
}

static const struct probe_spec probe_initial = {
	.period_s = 10, .timeout_s = 1, .success_threshold = 1, .failure_threshold = 3, .grace_s = -1};
static const struct decode_spec probe_decode =
	DECODE_SPEC(struct probe_spec, probe_rows, .initial = &probe_initial, .finish = probe_finish);

static const struct decode_row hook_rows[] = {DECODE_STRUCT("", struct hook_spec, handler, &handler_decode)};
static const struct decode_spec hook_decode = DECODE_SPEC(struct hook_spec, hook_rows);

/* ---- resources ---- */

static const struct decode_row amounts_rows[] = {
	DECODE_MILLI("requests.cpu", struct container_resources, cpu_request),
	DECODE_VALUE("requests.memory", struct container_resources, memory_request),
	DECODE_VALUE("requests.ephemeral-storage", struct container_resources, storage_request),
	DECODE_MILLI("limits.cpu", struct container_resources, cpu_limit),
	DECODE_VALUE("limits.memory", struct container_resources, memory_limit),
	DECODE_VALUE("limits.ephemeral-storage", struct container_resources, storage_limit),
};

static int64_t amount(int64_t v)
{
	return v > AMOUNT_MAX ? AMOUNT_MAX : v < QUANTITY_UNSET ? 0 : v;
}

/* A limit without a request is the request (the apiserver's defaulting says the same). */
static void finish_amounts(int64_t *request, int64_t *limit)
{
	*request = amount(*request);
	*limit = amount(*limit);
	if (*request == QUANTITY_UNSET)
		*request = *limit;
}

static void amounts_finish(void *o)
{
	struct container_resources *r = o;
	finish_amounts(&r->cpu_request, &r->cpu_limit);
	finish_amounts(&r->memory_request, &r->memory_limit);
	finish_amounts(&r->storage_request, &r->storage_limit);
}

#define NO_AMOUNTS                                                                                           \
	{                                                                                                    \
		QUANTITY_UNSET, QUANTITY_UNSET, QUANTITY_UNSET, QUANTITY_UNSET, QUANTITY_UNSET,              \
			QUANTITY_UNSET                                                                       \
	}
static const struct container_resources amounts_initial = NO_AMOUNTS;
static const struct decode_spec amounts_decode = DECODE_SPEC(
	struct container_resources, amounts_rows, .initial = &amounts_initial, .finish = amounts_finish);

static const char *const resize_names[] = {
	[RESIZE_NOT_REQUIRED] = "NotRequired", [RESIZE_RESTART_CONTAINER] = "RestartContainer"};
static const struct decode_row resize_rows[] = {
	DECODE_ENUM("restartPolicy", struct resize_policy, restart, resize_names)};
static const struct decode_spec resize_decode = DECODE_SPEC(struct resize_policy, resize_rows);

static const char *const operator_names[] = {[RULE_IN] = "In", [RULE_NOT_IN] = "NotIn"};
static const char *const action_names[] = {[RULE_RESTART] = "Restart"};
static const struct decode_row code_rows[] = {DECODE_INT64("", struct exit_code, code)};
static const struct decode_spec code_decode = DECODE_SPEC(struct exit_code, code_rows);
static const struct decode_row rule_rows[] = {
	DECODE_ENUM("action", struct restart_rule, action, action_names),
	DECODE_ENUM("exitCodes.operator", struct restart_rule, operator, operator_names),
	DECODE_ARRAY("exitCodes.values", struct restart_rule, codes, n_codes, &code_decode),
};
static const struct restart_rule rule_initial = {.operator= RULE_NONE, .action = RULE_NOTHING};
static const struct decode_spec rule_decode =
	DECODE_SPEC(struct restart_rule, rule_rows, .initial = &rule_initial);

/* ---- containers ---- */

static const struct decode_row container_rows[] = {
	DECODE_STRING("name", struct container_spec, name),
	DECODE_STRING("image", struct container_spec, image),
	DECODE_ENUM("imagePullPolicy", struct container_spec, pull_policy, pull_names),
	DECODE_ENUM("restartPolicy", struct container_spec, restart, podlife_restart_policy_names),
	DECODE_ARRAY("restartPolicyRules", struct container_spec, rules, n_rules, &rule_decode),
	DECODE_STRING("targetContainerName", struct container_spec, target),
	DECODE_STRINGS_TO_NULL("command", struct container_spec, command),
	DECODE_STRINGS_TO_NULL("args", struct container_spec, args),
	DECODE_STRING("workingDir", struct container_spec, working_dir),
	DECODE_BOOL("tty", struct container_spec, tty),
	DECODE_BOOL("stdin", struct container_spec, stdin_open),
	DECODE_BOOL("stdinOnce", struct container_spec, stdin_once),
	DECODE_STRING("terminationMessagePath", struct container_spec, termination_path),
	DECODE_ENUM("terminationMessagePolicy", struct container_spec, message_policy, message_names),
	DECODE_ARRAY("env", struct container_spec, env, n_env, &env_spec),
	DECODE_ARRAY("envFrom", struct container_spec, env_from, n_env_from, &env_from_spec),
	DECODE_ARRAY("volumeMounts", struct container_spec, mounts, n_mounts, &mount_spec),
	DECODE_ARRAY("ports", struct container_spec, ports, n_ports, &port_spec),
	DECODE_POINTER("startupProbe", struct container_spec, probe[PROBE_STARTUP], &probe_decode),
	DECODE_POINTER("livenessProbe", struct container_spec, probe[PROBE_LIVENESS], &probe_decode),
	DECODE_POINTER("readinessProbe", struct container_spec, probe[PROBE_READINESS], &probe_decode),
	DECODE_POINTER("lifecycle.postStart", struct container_spec, hook[HOOK_POST_START], &hook_decode),
	DECODE_POINTER("lifecycle.preStop", struct container_spec, hook[HOOK_PRE_STOP], &hook_decode),
	DECODE_STRING("lifecycle.stopSignal", struct container_spec, stop_signal_name),
	DECODE_STRUCT("resources", struct container_spec, resources, &amounts_decode),
	DECODE_JSON("resources", struct container_spec, resources_text),
	DECODE_FIND("resizePolicy", "resourceName", "cpu", struct container_spec, resize_cpu, &resize_decode),
	DECODE_FIND("resizePolicy", "resourceName", "memory", struct container_spec, resize_memory,
		    &resize_decode),
	DECODE_INT64("securityContext.runAsUser", struct container_spec, run_as_user),
	DECODE_INT64("securityContext.runAsGroup", struct container_spec, run_as_group),
	DECODE_BOOL("securityContext.runAsNonRoot", struct container_spec, run_as_non_root),
	DECODE_PRESENT("securityContext.runAsNonRoot", struct container_spec, says_non_root),
	DECODE_BOOL("securityContext.privileged", struct container_spec, privileged),
	DECODE_BOOL("securityContext.readOnlyRootFilesystem", struct container_spec, readonly_root),
	DECODE_BOOL("securityContext.allowPrivilegeEscalation", struct container_spec, allow_escalation),
	DECODE_ENUM("securityContext.procMount", struct container_spec, proc_mount, proc_names),
	DECODE_ENUM("securityContext.seccompProfile.type", struct container_spec, seccomp.type,
		    seccomp_names),
	DECODE_STRING("securityContext.seccompProfile.localhostProfile", struct container_spec, seccomp.file),
	DECODE_ENUM("securityContext.appArmorProfile.type", struct container_spec, apparmor.type,
		    apparmor_names),
	DECODE_STRING("securityContext.appArmorProfile.localhostProfile", struct container_spec,
		      apparmor.name),
	DECODE_STRINGS_TO_NULL("securityContext.capabilities.add", struct container_spec, cap_add),
	DECODE_STRINGS_TO_NULL("securityContext.capabilities.drop", struct container_spec, cap_drop),
};

/* Always for :latest and for no tag at all, unless a digest is given. */
static enum pull_policy default_pull_policy(const char *image)
{
	const char *slash = strrchr(image, '/'), *last = slash ? slash + 1 : image;
	if (strchr(last, '@'))
		return PULL_IF_NOT_PRESENT;
	const char *tag = strchr(last, ':');
	return !tag || !strcmp(tag, ":latest") ? PULL_ALWAYS : PULL_IF_NOT_PRESENT;
}

enum pull_policy pod_pull_policy(const char *text, const char *image)
{
	for (size_t i = 0; i < ARRAY_LEN(pull_names); i++)
		if (!strcmp(text, pull_names[i]))
			return (enum pull_policy)i;
	return default_pull_policy(image);
}

static const char default_message_path[] = "/dev/termination-log";

static void host_ports_first(struct container_spec *c)
{
	for (size_t i = 0; i < c->n_ports; i++) {
		struct container_port port = c->ports[i];
		if (port.host_port <= 0)
			continue;
		c->ports[i] = c->ports[c->n_host_ports];
		c->ports[c->n_host_ports++] = port;
	}
}

static void drop_empty_handlers(struct container_spec *c)
{
	for (int k = 0; k < PROBE_KINDS; k++)
		if (c->probe[k] && c->probe[k]->handler.type == HANDLER_NONE)
			c->probe[k] = NULL;
	for (int k = 0; k < HOOK_KINDS; k++)
		if (c->hook[k] && c->hook[k]->handler.type == HANDLER_NONE)
			c->hook[k] = NULL;
}

static void container_finish(void *o)
{
	struct container_spec *c = o;
	if (c->pull_policy == PULL_UNSET)
		c->pull_policy = default_pull_policy(c->image);
	if (c->working_dir && !*c->working_dir)
		c->working_dir = NULL;
	if (!*c->termination_path)
		c->termination_path = default_message_path;
	c->no_new_privs = !c->allow_escalation;
	c->stop_signal = stopsignal_parse(c->stop_signal_name);
	host_ports_first(c);
	drop_empty_handlers(c);
}

static const struct container_spec container_initial = {
	.name = "",
	.image = "",
	.target = "",
	.pull_policy = PULL_UNSET,
	.restart = RESTART_UNSET,
	.resources = NO_AMOUNTS,
	.run_as_user = -1,
	.run_as_group = -1,
	.allow_escalation = true,
	.seccomp.file = "",
	.apparmor.name = "",
	.termination_path = default_message_path,
	.stop_signal_name = "",
};
static const struct decode_spec container_decode = DECODE_SPEC(
	struct container_spec, container_rows, .initial = &container_initial, .finish = container_finish);

/* ---- the three lists of containers as one ---- */

struct lists {
	struct container_spec *init, *app, *ephemeral;
	size_t n_init, n_app, n_ephemeral;
};
static const struct decode_row lists_rows[] = {
	DECODE_ARRAY("initContainers", struct lists, init, n_init, &container_decode),
	DECODE_ARRAY("containers", struct lists, app, n_app, &container_decode),
	DECODE_ARRAY("ephemeralContainers", struct lists, ephemeral, n_ephemeral, &container_decode),
};
static const struct decode_spec lists_spec = DECODE_SPEC(struct lists, lists_rows);

static void append(struct container_list *l, const struct container_spec *v, size_t n)
{
	if (n)
		memcpy(l->v + l->n, v, n * sizeof(*v));
	l->n += n;
}

/* Without the gates only sidecars have a policy of their own, and signals are the images'. */
static void ungated(struct container_spec *c)
{
	if (!gate_enabled(GATE_ContainerStopSignals)) {
		c->stop_signal = 0;
		c->stop_signal_name = "";
	}
	if (gate_enabled(GATE_ContainerRestartRules) && !c->ephemeral)
		return;
	c->n_rules = 0;
	if (!c->sidecar)
		c->restart = RESTART_UNSET;
}

static bool list_decode(struct scan *s, struct arena *a, void *field)
{
	struct container_list *l = field;
	struct lists t = {0};
	if (!decode_value(&lists_spec, s, a, &t))
		return false;
	l->n = 0;
	l->n_init = t.n_init;
	l->n_ephemeral = t.n_ephemeral;
	l->v = arena_array(a, t.n_init + t.n_app + t.n_ephemeral, sizeof(*l->v));
	append(l, t.init, t.n_init);
	append(l, t.app, t.n_app);
	append(l, t.ephemeral, t.n_ephemeral);
	for (size_t i = 0; i < l->n; i++) {
		l->v[i].init = i < t.n_init;
		l->v[i].ephemeral = i >= l->n - t.n_ephemeral;
		l->v[i].sidecar = i < t.n_init && l->v[i].restart == RESTART_ALWAYS;
		ungated(&l->v[i]);
	}
	return true;
}
/* Where a list points to. */
static const struct decode_row list_rows[] = {
	DECODE_ARRAY("", struct container_list, v, n, &container_decode)};
static const struct decode_spec list_spec = DECODE_SPEC(struct container_list, list_rows);

/* ---- the Pod ---- */

static const struct decode_row group_rows[] = {DECODE_INT64("", struct pod_group, id)};
static const struct decode_spec group_spec = DECODE_SPEC(struct pod_group, group_rows);
static const struct decode_row secret_rows[] = {DECODE_STRING("name", struct pod_secret_ref, name)};
static const struct pod_secret_ref secret_initial = {""};
static const struct decode_spec secret_spec =
	DECODE_SPEC(struct pod_secret_ref, secret_rows, .initial = &secret_initial);

static const struct decode_row pod_rows[] = {
	DECODE_STRUCT("metadata", struct pod, o.meta, &meta_annotated_spec),
	DECODE_INT64("metadata.deletionGracePeriodSeconds", struct pod, deletion_grace_s),
	DECODE_DEMAND("spec", struct pod, demand),
	DECODE_CALL("spec", struct pod, list, list_decode, &list_spec),
	DECODE_STRUCT("spec.resources", struct pod, level, &resources_requirements_spec),
	DECODE_MAP("spec.overhead", struct pod, overhead, n_overhead, &resources_amount_spec),
	DECODE_STRING("spec.nodeName", struct pod, node_name),
	DECODE_STRING("spec.serviceAccountName", struct pod, service_account),
	DECODE_INT64("spec.priority", struct pod, priority),
	DECODE_STRING("spec.priorityClassName", struct pod, priority_class),
	DECODE_STRING("spec.hostname", struct pod, hostname),
	DECODE_STRING("spec.subdomain", struct pod, subdomain),
	DECODE_STRING("spec.os.name", struct pod, os),
	DECODE_STRING("spec.runtimeClassName", struct pod, runtime_class),
	DECODE_ENUM("spec.restartPolicy", struct pod, restart, podlife_restart_policy_names),
	DECODE_ENUM("spec.dnsPolicy", struct pod, dns, dns_names),
	DECODE_BOOL("spec.hostNetwork", struct pod, host_network),
	DECODE_BOOL("spec.hostPID", struct pod, host_pid),
	DECODE_BOOL("spec.hostIPC", struct pod, host_ipc),
	DECODE_BOOL("spec.hostUsers", struct pod, host_users),
	DECODE_BOOL("spec.shareProcessNamespace", struct pod, share_pid),
	DECODE_BOOL("spec.enableServiceLinks", struct pod, service_links),
	DECODE_BOOL("spec.setHostnameAsFQDN", struct pod, fqdn_hostname),
	DECODE_INT64("spec.terminationGracePeriodSeconds", struct pod, grace_s),
	DECODE_INT64("spec.activeDeadlineSeconds", struct pod, active_deadline_s),
	DECODE_ARRAY("spec.imagePullSecrets", struct pod, pull_secrets, n_pull_secrets, &secret_spec),
	DECODE_INT64("spec.securityContext.runAsUser", struct pod, run_as_user),
	DECODE_INT64("spec.securityContext.runAsGroup", struct pod, run_as_group),
	DECODE_BOOL("spec.securityContext.runAsNonRoot", struct pod, run_as_non_root),
	DECODE_ENUM("spec.securityContext.seccompProfile.type", struct pod, seccomp.type, seccomp_names),
	DECODE_STRING("spec.securityContext.seccompProfile.localhostProfile", struct pod, seccomp.file),
	DECODE_ENUM("spec.securityContext.appArmorProfile.type", struct pod, apparmor.type, apparmor_names),
	DECODE_STRING("spec.securityContext.appArmorProfile.localhostProfile", struct pod, apparmor.name),
	DECODE_INT64("spec.securityContext.fsGroup", struct pod, fs_group),
	DECODE_ARRAY("spec.securityContext.supplementalGroups", struct pod, groups, n_groups, &group_spec),
	DECODE_ENUM("spec.securityContext.supplementalGroupsPolicy", struct pod, groups_policy, groups_names),
	DECODE_JSON("spec.securityContext.sysctls", struct pod, sysctls),
	DECODE_JSON("spec.volumes", struct pod, volumes),
	DECODE_JSON("spec.hostAliases", struct pod, host_aliases),
	DECODE_JSON("spec.dnsConfig", struct pod, dns_config),
	DECODE_JSON("spec.readinessGates", struct pod, readiness_gates),
	DECODE_JSON("status", struct pod, status),
	DECODE_ENUM("status.phase", struct pod, phase, podlife_phase_names),
};

/* What a container does not say is said by its Pod. */
static void inherit(const struct pod *p, struct container_spec *c)
{
	if (c->run_as_user < 0)
		c->run_as_user = p->run_as_user;
	if (c->run_as_group < 0)
		c->run_as_group = p->run_as_group;
	if (!c->says_non_root)
		c->run_as_non_root = p->run_as_non_root;
	if (c->seccomp.type == SECCOMP_UNSET)
		c->seccomp = p->seccomp;
	if (c->apparmor.type == APPARMOR_UNSET)
		c->apparmor = p->apparmor;
}

static void pod_finish(void *o)
{
	struct pod *p = o;
	p->grace_s = seconds(p->grace_s);
	p->active_deadline_s = seconds(p->active_deadline_s);
	if (!p->o.meta.deleted_ns)
		p->deletion_grace_s = -1;
	else
		p->deletion_grace_s = seconds(p->deletion_grace_s < 0 ? p->grace_s : p->deletion_grace_s);
	p->static_mirror = labels_get(p->o.meta.annotations, MIRROR_ANNOTATION) != NULL;
	for (size_t i = 0; i < p->list.n; i++)
		inherit(p, &p->list.v[i]);
}

static const struct pod pod_initial = {
	.node_name = "",
	.service_account = "",
	.hostname = "",
	.subdomain = "",
	.runtime_class = "",
	.priority_class = "",
	.service_links = true,
	.host_users = true,
	.grace_s = 30,
	.deletion_grace_s = -1,
	.run_as_user = -1,
	.run_as_group = -1,
	.seccomp.file = "",
	.apparmor.name = "",
	.fs_group = -1,
};
static const struct decode_spec pod_decode =
	DECODE_SPEC(struct pod, pod_rows, .initial = &pod_initial, .finish = pod_finish);

static bool has_containers(const void *o)
{
	const struct pod *p = o;
	return p->list.n > p->list.n_init + p->list.n_ephemeral;
}

const struct informer_type pod_type = {
	.version = "v1",
	.group = "",
	.resource = "pods",
	.kind = "Pod",
	.rows = &pod_decode,
	.keep = has_containers,
};

js *pod_field(const char *text)
{
	struct err err = ERR_INIT;
	return text ? js_parse(text, strlen(text), NULL, &err) : NULL;
}

enum restart_policy pod_restart_policy(const struct pod *p, const struct container_spec *c)
{
	return c->restart == RESTART_UNSET ? p->restart : c->restart;
}

static bool rule_matches(const struct restart_rule *r, int code)
{
	bool found = false;
	for (size_t i = 0; i < r->n_codes; i++)
		found |= r->codes[i].code == code;
	return r->operator!= RULE_NONE && found ==(r->operator== RULE_IN);
}

/* Rules add to a policy of its own: without one they say nothing. */
bool pod_restarts(const struct pod *p, const struct container_spec *c, int code)
{
	for (size_t i = 0; i < c->n_rules && c->restart != RESTART_UNSET; i++) {
		if (!rule_matches(&c->rules[i], code))
			continue;
		if (c->rules[i].action == RULE_RESTART)
			return true;
		break;
	}
	enum restart_policy policy = pod_restart_policy(p, c);
	return policy == RESTART_ON_FAILURE ? code != 0 : policy != RESTART_NEVER;
}

int pod_container_index(const struct pod *p, const char *name)
{
	for (size_t i = 0; i < p->list.n; i++)
		if (!strcmp(p->list.v[i].name, name))
			return (int)i;
	return -1;
}

/* ---- what a resize changes ---- */

struct container_resources pod_resources_read(const char *text)
{
	struct container_resources r = amounts_initial;
	autoarena struct arena a = ARENA_INIT;
	struct err ignored = ERR_INIT; /* it was read before */
	if (text)
		(void)!decode_into(&amounts_decode, text, strlen(text), &a, &r, &ignored);
	return r;
}

bool pod_resources_equal(const struct container_resources *a, const struct container_resources *b)
{
	return a->cpu_request == b->cpu_request && a->cpu_limit == b->cpu_limit &&
	       a->memory_request == b->memory_request && a->memory_limit == b->memory_limit;
}

bool pod_same_resources(const struct pod *a, const struct pod *b)
{
	for (size_t i = 0; i < a->list.n && i < b->list.n; i++)
		if (!pod_resources_equal(&a->list.v[i].resources, &b->list.v[i].resources))
			return false;
	return true;
}

enum container_role pod_container_role(const struct container_spec *c)
{
	return c->sidecar ? CONTAINER_SIDECAR : c->init ? CONTAINER_INIT : CONTAINER_APP;
}

/* What its containers ask for together, the Pod's own amounts and its overhead aside. */
static void ask(const struct container_list *l, struct resources *ret)
{
	struct pod_sum sum = {0};
	for (size_t i = 0; i < l->n - l->n_ephemeral; i++) {
		const struct container_spec *c = &l->v[i];
		const struct container_resources *r = &c->resources;
		const struct resource_amount v[] = {
			{"cpu", 0, r->cpu_request > 0 ? r->cpu_request : 0},
			{"memory", r->memory_request > 0 ? r->memory_request : 0, 0}};
		pod_sum_add(&sum, pod_container_role(c), v, ARRAY_LEN(v));
	}
	pod_sum_requests(&sum, NULL, 0, NULL, 0, ret);
}

struct granted { /* one block */
	struct pod p;
	const struct pod *base; /* a reference */
	struct container_spec v[];
};

static void granted_release(void *o)
{
	struct granted *g = o;
	g->p.o.meta = (struct meta){0}; /* the base's */
	informer_unref(g->base);
}
static const struct informer_type granted_type = {.kind = "Pod", .release = granted_release};

const struct pod *pod_with_resources(const struct pod *p, const char *const *texts)
{
	size_t n = p->list.n, size = sizeof(struct granted) + n * sizeof(struct container_spec), len = 0;
	for (size_t i = 0; i < n; i++)
		len += texts[i] ? strlen(texts[i]) + 1 : 0;
	struct granted *g = mem_zalloc(size + len);
	char *at = (char *)g + size;
	g->p = *p;
	g->p.o.refs = 1;
	g->p.o.type = &granted_type;
	g->base = informer_ref(p);
	g->p.list.v = g->v;
	for (size_t i = 0; i < n; i++) {
		g->v[i] = p->list.v[i];
		if (!texts[i])
			continue;
		g->v[i].resources = pod_resources_read(texts[i]);
		g->v[i].resources_text = memcpy(at, texts[i], strlen(texts[i]) + 1);
		at += strlen(texts[i]) + 1;
	}
	struct resources asked, gets;
	ask(&p->list, &asked);
	ask(&g->p.list, &gets);
	g->p.demand.requests.cpu_milli += gets.cpu_milli - asked.cpu_milli;
	g->p.demand.requests.memory += gets.memory - asked.memory;
	resources_release(&asked);
	resources_release(&gets);
	return &g->p;
}
