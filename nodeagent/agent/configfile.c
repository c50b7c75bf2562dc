/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See configfile.h (kubernetes/kubernetes staging/src/k8s.io/kubelet/config/v1beta1, pkg/kubelet/apis/config/validation).
 *
 * A value becomes the text that its flag takes: a list is joined by commas, a map is KEY=VALUE,…, limits are KEY<VALUE,….
 * What a zero value means is the type's: of most numbers, and of all durations, "the default".
 */
#include "agent/configfile.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/faults.h"
#include "base/gate.h"
#include "object/quantity.h"
#include "object/yaml.h"

#define API_VERSION "kubelet.config.k8s.io/v1beta1"
#define KIND "KubeletConfiguration"

enum field_type {
	STRING,
	INT,
	INT_OR_ZERO,
	BOOL,
	DURATION,
	QUANTITY,
	LIST,
	MAP,
	LIMITS,
	TAINTS,
	PRIORITIES,
	GATES,
	ANY
};

struct configfile_row {
	const char *field;
	enum field_type type;
	const char *flag; /* NULL: there is no choice */
	/* The value that there is, as text; "": none but the zero value. NULL without a flag: whatever it is, nothing here
	   depends on it, or the agent does less than it allows. */
	const char *only;
	int64_t min, max; /* both 0 = any */
};

#define FLAG(f, t, name)                                                                                     \
	{                                                                                                    \
		.field = f, .type = t, .flag = name                                                          \
	}
#define RANGE(f, t, name, least, most)                                                                       \
	{                                                                                                    \
		.field = f, .type = t, .flag = name, .min = least, .max = most                               \
	}
#define ONLY(f, t, text)                                                                                     \
	{                                                                                                    \
		.field = f, .type = t, .only = text                                                          \
	}
#define MOOT(f, t)                                                                                           \
	{                                                                                                    \
		.field = f, .type = t                                                                        \
	}

static const struct configfile_row rows[] = {
	/* the server */
	RANGE("port", INT, "port", 1, 65535),
	FLAG("tlsCertFile", STRING, "tls-cert-file"),
	FLAG("tlsPrivateKeyFile", STRING, "tls-private-key-file"),
	FLAG("authentication.x509.clientCAFile", STRING, "client-ca-file"),
	RANGE("healthzPort", INT_OR_ZERO, "healthz-port", 0, 65535),
	ONLY("enableServer", BOOL, "true"),
	ONLY("address", STRING, "0.0.0.0"),
	ONLY("readOnlyPort", INT, ""),
	ONLY("healthzBindAddress", STRING, "127.0.0.1"),
	ONLY("authentication.anonymous.enabled", BOOL, "false"),
	MOOT("authentication.webhook.enabled", BOOL),
	MOOT("authentication.webhook.cacheTTL", DURATION),
	ONLY("authorization.mode", STRING, "Webhook"),
	MOOT("authorization.webhook.cacheAuthorizedTTL", DURATION),
	MOOT("authorization.webhook.cacheUnauthorizedTTL", DURATION),
	ONLY("enableDebuggingHandlers", BOOL, "true"),
	MOOT("enableContentionProfiling", BOOL),
	MOOT("enableProfilingHandler", BOOL),
	MOOT("enableDebugFlagsHandler", BOOL),
	MOOT("enableSystemLogHandler", BOOL),
	ONLY("enableSystemLogQuery", BOOL, "false"),
	MOOT("streamingConnectionIdleTimeout", DURATION),
	ONLY("tlsCipherSuites", LIST, ""),
	ONLY("tlsMinVersion", STRING, ""),
	ONLY("rotateCertificates", BOOL, "false"),
	ONLY("serverTLSBootstrap", BOOL, "false"),
	/* the node */
	RANGE("maxPods", INT, "max-pods", 1, 10000),
	FLAG("podCIDR", STRING, "pod-cidr"),
	RANGE("podPidsLimit", INT_OR_ZERO, "pod-max-pids", -1, 1 << 22),
	FLAG("registerWithTaints", TAINTS, "register-with-taints"),
	ONLY("registerNode", BOOL, "true"),
	ONLY("podsPerCore", INT, ""),
	ONLY("nodeLeaseDurationSeconds", INT, "40"),
	ONLY("nodeStatusReportFrequency", DURATION, "5m"),
	ONLY("nodeStatusMaxImages", INT_OR_ZERO, "50"),
	ONLY("providerID", STRING, ""),
	MOOT("nodeStatusUpdateFrequency", DURATION),
	/* Pods */
	FLAG("clusterDNS", LIST, "cluster-dns"),
	FLAG("clusterDomain", STRING, "cluster-domain"),
	ONLY("resolvConf", STRING, "/etc/resolv.conf"),
	FLAG("allowedUnsafeSysctls", LIST, "allowed-unsafe-sysctls"),
	ONLY("seccompDefault", BOOL, "false"),
	FLAG("staticPodPath", STRING, "pod-manifest-path"),
	FLAG("fileCheckFrequency", DURATION, "file-check-frequency"),
	ONLY("staticPodURL", STRING, ""),
	ONLY("staticPodURLHeader", ANY, ""),
	ONLY("runOnce", BOOL, "false"),
	ONLY("podLogsDir", STRING, ""),
	MOOT("syncFrequency", DURATION),
	MOOT("httpCheckFrequency", DURATION),
	MOOT("hairpinMode", STRING),
	MOOT("configMapAndSecretChangeDetectionStrategy", STRING),
	MOOT("enableControllerAttachDetach", BOOL),
	MOOT("volumePluginDir", STRING),
	MOOT("volumeStatsAggPeriod", DURATION),
	ONLY("crashLoopBackOff.maxContainerRestartPeriod", DURATION, ""),
	FLAG("shutdownGracePeriod", DURATION, "shutdown-grace-period"),
	FLAG("shutdownGracePeriodCriticalPods", DURATION, "shutdown-grace-period-critical-pods"),
	FLAG("shutdownGracePeriodByPodPriority", PRIORITIES, "shutdown-grace-period-by-pod-priority"),
	RANGE("userNamespaces.idsPerPod", INT, "user-namespaces-ids-per-pod", 65536, INT32_MAX),
	FLAG("containerLogMaxSize", QUANTITY, "container-log-max-size"),
	FLAG("containerLogMaxFiles", INT_OR_ZERO, "container-log-max-files"),
	RANGE("containerLogMaxWorkers", INT_OR_ZERO, "container-log-max-workers", 1, 1 << 20),
	FLAG("containerLogMonitorInterval", DURATION, "container-log-monitor-interval"),
	/* images */
	RANGE("imageGCHighThresholdPercent", INT_OR_ZERO, "image-gc-high-threshold", 0, 100),
	RANGE("imageGCLowThresholdPercent", INT_OR_ZERO, "image-gc-low-threshold", 0, 100),
	FLAG("imageMinimumGCAge", DURATION, "minimum-image-ttl-duration"),
	FLAG("imageMaximumGCAge", DURATION, "image-maximum-gc-age"),
	FLAG("serializeImagePulls", BOOL, "serialize-image-pulls"),
	RANGE("maxParallelImagePulls", INT_OR_ZERO, "max-parallel-image-pulls", 1, INT32_MAX),
	RANGE("registryPullQPS", INT_OR_ZERO, "registry-qps", 0, INT32_MAX),
	RANGE("registryBurst", INT, "registry-burst", 0, INT32_MAX),
	ONLY("imagePullCredentialsVerificationPolicy", STRING, "NeverVerify"),
	ONLY("preloadedImagesVerificationAllowlist", LIST, ""),
	/* resources */
	FLAG("systemReserved", MAP, "system-reserved"),
	FLAG("kubeReserved", MAP, "kube-reserved"),
	FLAG("enforceNodeAllocatable", LIST, "enforce-node-allocatable"),
	ONLY("cgroupsPerQOS", BOOL, "true"),
	ONLY("cpuCFSQuota", BOOL, "true"),
	ONLY("cpuCFSQuotaPeriod", DURATION, "100ms"),
	FLAG("evictionHard", LIMITS, "eviction-hard"),
	FLAG("evictionSoft", LIMITS, "eviction-soft"),
	FLAG("evictionSoftGracePeriod", MAP, "eviction-soft-grace-period"),
	FLAG("evictionMinimumReclaim", MAP, "eviction-minimum-reclaim"),
	RANGE("evictionMaxPodGracePeriod", INT, "eviction-max-pod-grace-period", 0, 1 << 30),
	FLAG("evictionPressureTransitionPeriod", DURATION, "eviction-pressure-transition-period"),
	FLAG("mergeDefaultEvictionSettings", BOOL, "merge-default-eviction-settings"),
	MOOT("oomScoreAdj", INT_OR_ZERO),
	ONLY("cgroupDriver", STRING, "cgroupfs"),
	ONLY("cgroupRoot", STRING, ""),
	ONLY("kubeletCgroups", STRING, ""),
	ONLY("systemCgroups", STRING, ""),
	ONLY("cpuManagerPolicy", STRING, "none"),
	ONLY("cpuManagerPolicyOptions", MAP, ""),
	MOOT("cpuManagerReconcilePeriod", DURATION),
	ONLY("memoryManagerPolicy", STRING, "None"),
	ONLY("reservedMemory", ANY, ""),
	ONLY("topologyManagerPolicy", STRING, "none"),
	MOOT("topologyManagerScope", STRING),
	ONLY("topologyManagerPolicyOptions", MAP, ""),
	ONLY("qosReserved", MAP, ""),
	ONLY("systemReservedCgroup", STRING, ""),
	ONLY("kubeReservedCgroup", STRING, ""),
	ONLY("reservedSystemCPUs", STRING, ""),
	ONLY("failSwapOn", BOOL, "false"),
	ONLY("failCgroupV1", BOOL, "false"),
	ONLY("memorySwap.swapBehavior", STRING, "NoSwap"),
	MOOT("memoryThrottlingFactor", ANY),
	MOOT("kernelMemcgNotification", BOOL),
	ONLY("localStorageCapacityIsolation", BOOL, "true"),
	ONLY("protectKernelDefaults", BOOL, "false"),
	ONLY("singleProcessOOMKill", BOOL, "false"),
	MOOT("maxOpenFiles", INT),
	/* the client, and what upstream does with other programs */
	MOOT("contentType", STRING),
	MOOT("kubeAPIQPS", INT_OR_ZERO),
	MOOT("kubeAPIBurst", INT),
	MOOT("eventRecordQPS", INT_OR_ZERO),
	MOOT("eventBurst", INT),
	MOOT("runtimeRequestTimeout", DURATION),
	ONLY("containerRuntimeEndpoint", STRING, ""),
	ONLY("imageServiceEndpoint", STRING, ""),
	MOOT("makeIPTablesUtilChains", BOOL),
	MOOT("iptablesMasqueradeBit", INT_OR_ZERO),
	MOOT("iptablesDropBit", INT_OR_ZERO),
	FLAG("featureGates", GATES, "feature-gates"),
	ONLY("showHiddenMetricsForVersion", STRING, ""),
	MOOT("logging", ANY),
	ONLY("tracing", ANY, ""),
};
#define ROWS ARRAY_LEN(rows)

struct configfile {
	char *text[ROWS]; /* as the flag takes it; NULL = the file says nothing */
};

/* ---- a value as a flag's text ---- */

static char *join_list(const js *v)
{
	autobuf struct buf b = BUF_INIT;
	for (size_t i = 0; i < js_len(v); i++) {
		const js *item = js_at(v, i);
		if (!js_is_str(item) || strchr(js_str0(item, NULL), ','))
			return NULL;
		buf_addf(&b, "%s%s", i ? "," : "", js_str0(item, NULL));
	}
	return buf_take(&b, NULL);
}

static char *join_map(const js *v, char between)
{
	autobuf struct buf b = BUF_INIT;
	for (struct js_iter it = js_iter(v); js_next(&it);) {
		const char *value = js_is_str(it.value) ? js_str0(it.value, NULL) : NULL;
		if (!value || strpbrk(value, ",<=") || strpbrk(it.key, ",<="))
			return NULL;
		buf_addf(&b, "%s%s%c%s", b.len ? "," : "", it.key, between, value);
	}
	return buf_take(&b, NULL);
}

static char *join_taints(const js *v)
{
	autobuf struct buf b = BUF_INIT;
	for (size_t i = 0; i < js_len(v); i++) {
		const js *t = js_at(v, i);
		const char *key = js_str0(t, "key", NULL), *value = js_str0(t, "value", NULL),
			   *effect = js_str0(t, "effect", NULL);
		if (!js_is_obj(t) || !*key || !*effect || strpbrk(key, ",=:") || strpbrk(value, ",=:") ||
		    strpbrk(effect, ",=:"))
			return NULL;
		buf_addf(&b, "%s%s%s%s:%s", i ? "," : "", key, *value ? "=" : "", value, effect);
	}
	return buf_take(&b, NULL);
}

static char *join_priorities(const js *v)
{
	autobuf struct buf b = BUF_INIT;
	for (size_t i = 0; i < js_len(v); i++) {
		const js *item = js_at(v, i), *priority = js_field(item, "priority"),
			 *seconds = js_field(item, "shutdownGracePeriodSeconds");
		if (!js_is_obj(item) || js_len(item) != (size_t)(priority != NULL) + (seconds != NULL) ||
		    (priority && !js_is_int(priority)) || (seconds && !js_is_int(seconds)))
			return NULL;
		buf_addf(&b, "%s%" PRId64 ":%" PRId64, i ? "," : "", js_int(item, 0, "priority", NULL),
			 js_int(item, 0, "shutdownGracePeriodSeconds", NULL));
	}
	return buf_take(&b, NULL);
}

static char *join_gates(const js *v)
{
	autobuf struct buf b = BUF_INIT;
	for (struct js_iter it = js_iter(v); js_next(&it);) {
		if (!js_is_bool(it.value) || strpbrk(it.key, ",=:"))
			return NULL;
		buf_addf(&b, "%s%s=%s", b.len ? "," : "", it.key,
			 js_bool(it.value, false, NULL) ? "true" : "false");
	}
	return buf_take(&b, NULL);
}

static char *int_text(const js *v)
{
	int64_t n = js_is_int(v) ? js_int(v, INT64_MAX, NULL) : INT64_MAX;
	return n < INT32_MIN || n > INT32_MAX ? NULL : mem_printf("%" PRId64, n);
}

static char *duration_text(const js *v)
{
	struct err ignored = ERR_INIT;
	int64_t ns;
	bool good = js_is_str(v) && flags_duration(js_str0(v, NULL), &ns, &ignored) == 0 && ns >= 0;
	return good ? mem_strdup(ns ? js_str0(v, NULL) : "") : NULL;
}

static char *quantity_text(const js *v)
{
	struct err ignored = ERR_INIT;
	struct quantity q;
	bool good =
		js_is_str(v) && (!*js_str0(v, NULL) || quantity_parse(js_str0(v, NULL), &q, &ignored) == 0);
	return good ? mem_strdup(js_str0(v, NULL)) : NULL;
}

/* NULL: it is of another type. */
static char *text_of(enum field_type type, const js *v)
{
	switch (type) {
	case STRING:
		return js_is_str(v) ? mem_strdup(js_str0(v, NULL)) : NULL;
	case INT:
	case INT_OR_ZERO:
		return int_text(v);
	case BOOL:
		return js_is_bool(v) ? mem_strdup(js_bool(v, false, NULL) ? "true" : "false") : NULL;
	case DURATION:
		return duration_text(v);
	case QUANTITY:
		return quantity_text(v);
	case LIST:
		return js_is_arr(v) ? join_list(v) : NULL;
	case MAP:
	case LIMITS:
		return js_is_obj(v) ? join_map(v, type == MAP ? '=' : '<') : NULL;
	case TAINTS:
		return js_is_arr(v) ? join_taints(v) : NULL;
	case PRIORITIES:
		return js_is_arr(v) ? join_priorities(v) : NULL;
	case GATES:
		return js_is_obj(v) ? join_gates(v) : NULL;
	case ANY:
		return mem_strdup(js_len(v) ? "…" : "");
	}
	return NULL;
}

static const char *const type_words[] = {
	[STRING] = "a string",
	[INT] = "a 32-bit integer",
	[INT_OR_ZERO] = "a 32-bit integer",
	[BOOL] = "true or false",
	[DURATION] = "a duration such as \"5s\"",
	[QUANTITY] = "a quantity such as \"10Mi\"",
	[LIST] = "a list of strings without commas",
	[MAP] = "a map of strings without commas",
	[LIMITS] = "a map of strings without commas",
	[TAINTS] = "a list of taints",
	[PRIORITIES] = "a list of priorities and their seconds",
	[GATES] = "a map of names to true or false",
	[ANY] = "anything",
};

/* What the zero value of the type means is that nothing was said. Limits that are empty are none. */
static bool is_zero(enum field_type type, const char *text)
{
	if (type == LIMITS)
		return false;
	return !*text || (type == INT && !strcmp(text, "0"));
}

/* ---- reading ---- */

static void check_choice(const struct configfile_row *r, const char *text, struct faults *f)
{
	int64_t n = strtoll(text, NULL, 10), a, b;
	struct err ignored = ERR_INIT;
	bool outside = r->flag && (r->min || r->max) && (n < r->min || n > r->max);
	if (outside && r->max == INT32_MAX && r->min)
		faults_add(f, "invalid configuration: %s %s must be a positive number", r->field, text);
	else if (outside && r->max == INT32_MAX)
		faults_add(f, "invalid configuration: %s (--%s) %s must not be a negative number", r->field,
			   r->flag, text);
	else if (outside)
		faults_add(f,
			   "invalid configuration: %s (--%s) %s must be between %" PRId64 " and %" PRId64
			   ", inclusive",
			   r->field, r->flag, text, r->min, r->max);
	if (r->flag || !r->only || !strcmp(r->only, text))
		return;
	if (r->type == DURATION && flags_duration(text, &a, &ignored) == 0 &&
	    flags_duration(*r->only ? r->only : "0", &b, &ignored) == 0 && a == b)
		return;
	if (*r->only)
		faults_add(f, "%s: Unsupported value: \"%s\": supported values: \"%s\"", r->field, text,
			   r->only);
	else
		faults_add(f, "%s: Forbidden: is not supported", r->field);
}

static void take(struct configfile *c, size_t i, const js *v, struct faults *f)
{
	const struct configfile_row *r = &rows[i];
	autofree char *text = text_of(r->type, v);
	if (!text) {
		faults_add(f, "%s: Invalid value: must be %s", r->field, type_words[r->type]);
		return;
	}
	if (is_zero(r->type, text))
		return;
	check_choice(r, text, f);
	free(c->text[i]);
	c->text[i] = STEAL(text);
}

static bool begins(const char *field, const char *path)
{
	size_t n = strlen(path);
	return !strncmp(field, path, n) && field[n] == '.';
}

static void read_object(struct configfile *c, const js *o, const char *path, struct faults *f);

static void read_field(struct configfile *c, const js *v, const char *path, struct faults *f)
{
	bool inner = false;
	for (size_t i = 0; i < ROWS; i++) {
		if (!strcmp(rows[i].field, path)) {
			if (v)
				take(c, i, v, f);
			return;
		}
		inner |= begins(rows[i].field, path);
	}
	if (!inner)
		faults_add(f, "unknown field \"%.200s\"", path);
	else if (v && !js_is_obj(v))
		faults_add(f, "%s: Invalid value: must be an object", path);
	else if (v)
		read_object(c, v, path, f);
}

static void read_object(struct configfile *c, const js *o, const char *path, struct faults *f)
{
	for (struct js_iter it = js_iter(o); js_next(&it) && f->n < FAULTS_MAX;) {
		autofree char *below = mem_printf("%s%s%.200s", path, *path ? "." : "", it.key);
		if (*path || (strcmp(below, "apiVersion") != 0 && strcmp(below, "kind") != 0))
			read_field(c, it.value, below, f);
	}
}

static void check_version(const js *o, struct faults *f)
{
	const char *version = js_str0(o, "apiVersion", NULL), *kind = js_str0(o, "kind", NULL);
	if (strcmp(version, API_VERSION) != 0 || strcmp(kind, KIND) != 0)
		faults_add(f,
			   "no kind \"%s\" is registered for version \"%s\": this agent reads " KIND
			   " of " API_VERSION,
			   kind, version);
}

static void read_document(struct configfile *c, const js *o, const struct js_duplicates *dup,
			  struct faults *f)
{
	for (size_t i = 0; i < dup->n; i++)
		faults_add(f, "yaml: %s", dup->path[i]);
	if (!js_is_obj(o)) {
		faults_add(f, "not an object");
		return;
	}
	check_version(o, f);
	if (!f->n)
		read_object(c, o, "", f);
}

struct configfile *configfile_parse(const char *text, size_t n, struct err *err)
{
	struct js_duplicates dup = {0};
	autofaults struct faults f = {.n = 0};
	if (n > CONFIGFILE_MAX) {
		err_set(err, REASON_TOO_LARGE, "more than %zu bytes", CONFIGFILE_MAX);
		return NULL;
	}
	autojson js *o = yaml_parse(text, n, &dup, err);
	struct configfile *c = o ? MEM_NEW(struct configfile) : NULL;
	if (c)
		read_document(c, o, &dup, &f);
	if (faults_end(&f, REASON_BAD_REQUEST, "", false, err) < 0)
		configfile_free(STEAL(c));
	js_duplicates_release(&dup);
	return c;
}

void configfile_free(struct configfile *c)
{
	for (size_t i = 0; c && i < ROWS; i++)
		free(c->text[i]);
	free(c);
}

/* ---- flags ---- */

static const struct flag *find_flag(const struct flag *table, const char *name)
{
	for (; table->name; table++)
		if (!strcmp(table->name, name))
			return table;
	return NULL;
}

struct flag *configfile_flags(const struct configfile *c, const struct flag *table)
{
	size_t n = 0;
	while (table[n].name)
		n++;
	struct flag *copy = mem_array(n + 1, sizeof(*copy));
	memcpy(copy, table, n * sizeof(*copy));
	for (size_t i = 0; i < ROWS; i++) {
		const struct flag *f = rows[i].flag && c->text[i] ? find_flag(copy, rows[i].flag) : NULL;
		if (f)
			copy[f - copy].def = c->text[i];
	}
	return copy;
}

const char *configfile_stray(const struct flag *table)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].flag && !find_flag(table, rows[i].flag))
			return rows[i].flag;
	return NULL;
}

/* ---- what holds ---- */

static js *split_list(const char *text)
{
	js *list = js_new_arr();
	autofree char *copy = mem_strdup(text);
	char *save = NULL;
	for (char *item = strtok_r(copy, ",", &save); item; item = strtok_r(NULL, ",", &save))
		js_push(list, js_new_str(item));
	return list;
}

static js *split_map(const char *text)
{
	js *map = js_new_obj();
	autofree char *copy = mem_strdup(text);
	char *save = NULL;
	for (char *item = strtok_r(copy, ",", &save); item; item = strtok_r(NULL, ",", &save)) {
		size_t n = strcspn(item, "=<");
		bool value = item[n] != '\0';
		item[n] = '\0';
		js_set_str(map, item, value ? item + n + 1 : "");
	}
	return map;
}

static js *split_taints(const char *text)
{
	js *list = js_new_arr();
	autofree char *copy = mem_strdup(text);
	char *save = NULL;
	for (char *item = strtok_r(copy, ",", &save); item; item = strtok_r(NULL, ",", &save)) {
		js *t = js_new_obj();
		char *colon = strrchr(item, ':'), *equals;
		if (colon)
			*colon = '\0';
		if ((equals = strchr(item, '=')))
			*equals = '\0';
		js_set_str(t, "key", item);
		js_set_str(t, "value", equals ? equals + 1 : NULL);
		js_set_str(t, "effect", colon ? colon + 1 : "");
		js_push(list, t);
	}
	return list;
}

static js *split_priorities(const char *text)
{
	js *list = js_new_arr();
	for (const char *p = text; *p; p += strcspn(p, ","), p += *p == ',') {
		js *o = js_new_obj();
		js_set_int(o, "priority", strtoll(p, NULL, 10));
		js_set_int(o, "shutdownGracePeriodSeconds", strtoll(p + strcspn(p, ":") + 1, NULL, 10));
		js_push(list, o);
	}
	return list;
}

/* As Go prints a duration: 1h0m0s, 1m30s, 300ms. */
static js *go_duration(int64_t ns)
{
	char text[64];
	int64_t s = ns / NS_PER_S, ms = ns % NS_PER_S / NS_PER_MS;
	if (s == 0 && ms)
		snprintf(text, sizeof(text), "%" PRId64 "ms", ms);
	else if (s < 60)
		snprintf(text, sizeof(text), "%" PRId64 "s", s);
	else if (s < 3600)
		snprintf(text, sizeof(text), "%" PRId64 "m%" PRId64 "s", s / 60, s % 60);
	else
		snprintf(text, sizeof(text), "%" PRId64 "h%" PRId64 "m%" PRId64 "s", s / 3600, s / 60 % 60,
			 s % 60);
	return js_new_str(text);
}

/* Of a text as a flag has it. */
static js *value_of(enum field_type type, const char *text)
{
	struct err ignored = ERR_INIT;
	int64_t ns = 0;
	switch (type) {
	case INT:
	case INT_OR_ZERO:
		return js_new_int(strtoll(text, NULL, 10));
	case BOOL:
		return js_new_bool(!strcmp(text, "true"));
	case DURATION:
		return go_duration(flags_duration(text, &ns, &ignored) == 0 ? ns : 0);
	case LIST:
		return split_list(text);
	case MAP:
	case LIMITS:
		return split_map(text);
	case TAINTS:
		return split_taints(text);
	case PRIORITIES:
		return split_priorities(text);
	case STRING:
	case QUANTITY:
	case GATES:
	case ANY:
		break;
	}
	return js_new_str(text);
}

static js *said_gates(void)
{
	js *map = js_new_obj();
	for (enum gate g = 0; g < GATE_COUNT; g++)
		if (gate_said(g) >= 0)
			js_set(map, gate_row(g)->name, js_new_bool(gate_said(g)));
	return map;
}

static js *target_value(const struct configfile_row *r, const struct flag *f)
{
	switch (f->type) {
	case FLAG_INT: /* 0 outside the range: it was not given */
		return *(const int *)f->target || r->min <= 0 ? js_new_int(*(const int *)f->target) : NULL;
	case FLAG_BOOL:
		return js_new_bool(*(const bool *)f->target);
	case FLAG_DURATION:
		return go_duration(*(const int64_t *)f->target);
	case FLAG_FLOAT:
		return js_new_double((double)*(const float *)f->target);
	case FLAG_GATES:
		return said_gates();
	case FLAG_STRING:
		break;
	}
	const char *text = *(const char *const *)f->target;
	return *text ? value_of(r->type, text) : NULL;
}

static void put(js *o, const char *path, js *v)
{
	autofree char *copy = mem_strdup(path);
	char *name = copy;
	for (char *dot; (dot = strchr(name, '.')); name = dot + 1) {
		*dot = '\0';
		o = js_ensure(o, name, NULL);
	}
	js_set(o, name, v);
}

js *configfile_told(const struct flag *table)
{
	js *top = js_new_obj(), *o = js_ensure(top, "kubeletconfig", NULL);
	for (size_t i = 0; i < ROWS; i++) {
		const struct configfile_row *r = &rows[i];
		const struct flag *f = r->flag ? find_flag(table, r->flag) : NULL;
		js *v = f ? target_value(r, f) : r->only && *r->only ? value_of(r->type, r->only) : NULL;
		if (v)
			put(o, r->field, v);
	}
	return top;
}
