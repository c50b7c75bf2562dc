/* SPDX-License-Identifier: Apache-2.0 */
/* See quota_usage.h. */
#include "quota/quota_usage.h"

#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/mem.h"
#include "object/meta.h"
#include "object/rfc3339.h"

#define CLASS_MARK ".storageclass.storage.k8s.io/"

static const struct quantity one = {.nano = 1000000000, .format = QUANTITY_DECIMAL_SI};

/* ---- sums ---- */

void quota_sum_release(struct quota_sum *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->v[i].name);
	free(s->v);
	*s = (struct quota_sum){0};
}

static struct quota_amount *find(const struct quota_sum *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->v[i].name, name))
			return &s->v[i];
	return NULL;
}

const struct quantity *quota_sum_get(const struct quota_sum *s, const char *name)
{
	const struct quota_amount *a = find(s, name);

	return a ? &a->q : NULL;
}

static void put(struct quota_sum *s, const char *name, const struct quantity *q)
{
	struct quota_amount *a = find(s, name);

	if (!a) {
		s->v = mem_realloc_array(s->v, s->n + 1, sizeof(*s->v));
		a = &s->v[s->n++];
		a->name = mem_strdup(name);
	}
	a->q = *q;
}

/* The first amount that is not nothing says how the sum is written. */
void quota_sum_add(struct quota_sum *s, const char *name, const struct quantity *q)
{
	struct quota_amount *a = find(s, name);
	struct quantity sum = *q;

	if (a) {
		sum.nano = a->q.nano + q->nano;
		sum.format = a->q.nano ? a->q.format : q->format;
	}
	put(s, name, &sum);
}

static void add_all(struct quota_sum *s, const struct quota_sum *more)
{
	for (size_t i = 0; i < more->n; i++)
		quota_sum_add(s, more->v[i].name, &more->v[i].q);
}

static void raise_all(struct quota_sum *s, const struct quota_sum *to)
{
	for (size_t i = 0; i < to->n; i++) {
		const struct quantity *q = quota_sum_get(s, to->v[i].name);

		if (!q || quantity_cmp(q, &to->v[i].q) < 0)
			put(s, to->v[i].name, &to->v[i].q);
	}
}

static bool read_quantity(const js *v, struct quantity *ret)
{
	struct err ignored = ERR_INIT;

	return v && quantity_parse(json_object_get_string((js *)v), ret, &ignored) == 0;
}

static void add_list(struct quota_sum *s, const js *list)
{
	struct quantity q;

	for (struct js_iter it = js_iter(list); js_next(&it);)
		if (read_quantity(it.value, &q))
			quota_sum_add(s, it.key, &q);
}

static void set_list(struct quota_sum *s, const js *list)
{
	struct quantity q;

	for (struct js_iter it = js_iter(list); js_next(&it);)
		if (read_quantity(it.value, &q))
			put(s, it.key, &q);
}

static bool is_one_of(const char *name, const char *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(name, v[i]))
			return true;
	return false;
}

static bool starts(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

/* ---- Pods ---- */

/* Of all containers, as they run together or start one by one; which = "requests" or "limits". */
static void sum_pod(const js *spec, const char *which, struct quota_sum *ret)
{
	struct quota_sum sidecars = {0}, start = {0};

	js_array_for_each (c, js_arr(spec, "containers", NULL))
		add_list(ret, js_obj(c, "resources", which, NULL));
	js_array_for_each (c, js_arr(spec, "initContainers", NULL)) {
		const js *list = js_obj(c, "resources", which, NULL);
		struct quota_sum at = {0};

		if (!strcmp(js_str0(c, "restartPolicy", NULL), "Always")) {
			add_list(ret, list);
			add_list(&sidecars, list);
		} else {
			add_list(&at, list);
		}
		add_all(&at, &sidecars);
		raise_all(&start, &at);
		quota_sum_release(&at);
	}
	raise_all(ret, &start);
	set_list(ret, js_obj(spec, "resources", which, NULL));
	for (struct js_iter it = js_iter(js_obj(spec, "overhead", NULL)); js_next(&it);) {
		struct quantity q;
		const struct quantity *limit = quota_sum_get(ret, it.key);

		if (read_quantity(it.value, &q) && (*which == 'r' || (limit && limit->nano)))
			quota_sum_add(ret, it.key, &q);
	}
	quota_sum_release(&sidecars);
	quota_sum_release(&start);
}

static const char *const bounded[] = {"cpu", "memory", "ephemeral-storage"};

/* Of somebody's domain, and not Kubernetes' own. */
static bool is_extended(const char *name)
{
	const char *slash = strchr(name, '/');

	return slash && !starts(name, "requests.") &&
	       !memmem(name, (size_t)(slash - name), "kubernetes.io", 13);
}

static bool is_over(const js *pod, int64_t now_ns)
{
	const char *phase = js_str0(pod, "status", "phase", NULL);
	const char *deleted = js_str(pod, "metadata", "deletionTimestamp", NULL);
	const js *grace = js_get(pod, "metadata", "deletionGracePeriodSeconds", NULL);
	struct err ignored = ERR_INIT;
	int64_t at_ns;

	if (!strcmp(phase, "Succeeded") || !strcmp(phase, "Failed"))
		return true;
	return deleted && grace && rfc3339_parse(deleted, &at_ns, &ignored) == 0 &&
	       now_ns > at_ns + js_int(pod, 0, "metadata", "deletionGracePeriodSeconds", NULL) * NS_PER_S;
}

static void add_prefixed(struct quota_sum *into, const char *prefix, const char *name,
			 const struct quantity *q)
{
	autofree char *full = mem_printf("%s%s", prefix, name);

	quota_sum_add(into, full, q);
}

static void use_pod(const js *o, int64_t now_ns, struct quota_sum *into)
{
	const js *spec = js_obj(o, "spec", NULL);
	struct quota_sum requests = {0}, limits = {0};

	quota_sum_add(into, "count/pods", &one);
	if (is_over(o, now_ns))
		return;
	quota_sum_add(into, "pods", &one);
	sum_pod(spec, "requests", &requests);
	sum_pod(spec, "limits", &limits);
	for (size_t i = 0; i < requests.n; i++) {
		const char *name = requests.v[i].name;
		bool plain = is_one_of(name, bounded, ARRAY_LEN(bounded)) || starts(name, "hugepages-");

		if (plain)
			quota_sum_add(into, name, &requests.v[i].q);
		if (plain || is_extended(name))
			add_prefixed(into, "requests.", name, &requests.v[i].q);
	}
	for (size_t i = 0; i < limits.n; i++)
		if (is_one_of(limits.v[i].name, bounded, ARRAY_LEN(bounded)))
			add_prefixed(into, "limits.", limits.v[i].name, &limits.v[i].q);
	quota_sum_release(&requests);
	quota_sum_release(&limits);
}

static bool knows_pod(const char *name)
{
	static const char *const others[] = {"pods", "count/pods"};
	const char *bare = starts(name, "requests.") ? name + 9 : starts(name, "limits.") ? name + 7 : name;

	if (is_one_of(name, others, ARRAY_LEN(others)) || is_one_of(bare, bounded, ARRAY_LEN(bounded)))
		return true;
	if (starts(name, "limits."))
		return false;
	return starts(bare, "hugepages-") || (bare != name && is_extended(bare));
}

static bool across(const js *terms, const char *inside)
{
	js_array_for_each (t, terms) {
		const js *term = inside ? js_obj(t, inside, NULL) : t;

		if (js_len(js_arr(term, "namespaces", NULL)) || js_obj(term, "namespaceSelector", NULL))
			return true;
	}
	return false;
}

static bool affects_others(const js *pod)
{
	static const char *const kinds[] = {"podAffinity", "podAntiAffinity"};
	bool ret = false;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		const js *a = js_obj(pod, "spec", "affinity", kinds[i], NULL);

		ret |= across(js_arr(a, "requiredDuringSchedulingIgnoredDuringExecution", NULL), NULL) ||
		       across(js_arr(a, "preferredDuringSchedulingIgnoredDuringExecution", NULL),
			      "podAffinityTerm");
	}
	return ret;
}

static bool has_value(const js *values, const char *v)
{
	js_array_for_each (x, values)
		if (js_is_str(x) && !strcmp(json_object_get_string((js *)x), v))
			return true;
	return false;
}

/* "" = it has none. */
static bool selects(const char *value, const char *op, const js *values)
{
	if (!strcmp(op, "In"))
		return *value && has_value(values, value);
	if (!strcmp(op, "NotIn"))
		return !*value || !has_value(values, value);
	return !strcmp(op, "DoesNotExist") ? !*value : *value;
}

/* What the class is written as by the API server; a Pod at rest has it. */
static bool is_best_effort(const js *pod)
{
	return !strcmp(js_str0(pod, "status", "qosClass", NULL), "BestEffort");
}

static bool pod_in_scope(const js *o, const char *scope, const char *op, const js *values)
{
	bool ends = js_int(o, -1, "spec", "activeDeadlineSeconds", NULL) >= 0;

	if (!strcmp(scope, "Terminating"))
		return ends;
	if (!strcmp(scope, "NotTerminating"))
		return !ends;
	if (!strcmp(scope, "BestEffort"))
		return is_best_effort(o);
	if (!strcmp(scope, "NotBestEffort"))
		return !is_best_effort(o);
	if (!strcmp(scope, "CrossNamespacePodAffinity"))
		return affects_others(o);
	return !strcmp(scope, "PriorityClass") &&
	       selects(js_str0(o, "spec", "priorityClassName", NULL), op, values);
}

/* ---- Services ---- */

static bool no_scope(const js *o, const char *scope, const char *op, const js *values)
{
	return false;
}

static bool knows_service(const char *name)
{
	static const char *const names[] = {"services", "services.nodeports", "services.loadbalancers",
					    "count/services"};

	return is_one_of(name, names, ARRAY_LEN(names));
}

static void use_service(const js *o, int64_t now_ns, struct quota_sum *into)
{
	const char *type = js_str0(o, "spec", "type", NULL);
	const js *ports = js_arr(o, "spec", "ports", NULL);
	bool balanced = !strcmp(type, "LoadBalancer"),
	     all = js_bool(o, true, "spec", "allocateLoadBalancerNodePorts", NULL);
	struct quantity n = one;

	quota_sum_add(into, "services", &one);
	quota_sum_add(into, "count/services", &one);
	if (!balanced && strcmp(type, "NodePort") != 0)
		return;
	if (balanced)
		quota_sum_add(into, "services.loadbalancers", &one);
	n.nano = 0;
	js_array_for_each (p, ports)
		n.nano += !balanced || all || js_int(p, 0, "nodePort", NULL) ? one.nano : 0;
	quota_sum_add(into, "services.nodeports", &n);
}

/* ---- claims ---- */

static bool knows_claim(const char *name)
{
	static const char *const names[] = {"persistentvolumeclaims", "requests.storage",
					    "count/persistentvolumeclaims"};
	const char *mark = strstr(name, CLASS_MARK);
	const char *bare = mark ? mark + strlen(CLASS_MARK) : name;

	return is_one_of(bare, names, mark ? 2 : 3);
}

static const char *class_of(const js *claim)
{
	const char *old = meta_annotation(claim, "volume.beta.kubernetes.io/storage-class");

	return old ? old : js_str0(claim, "spec", "storageClassName", NULL);
}

static void use_claim(const js *o, int64_t now_ns, struct quota_sum *into)
{
	const char *class = class_of(o);
	struct quantity asked, given;
	autofree char *prefix = *class ? mem_printf("%s%s", class, CLASS_MARK) : NULL;

	quota_sum_add(into, "persistentvolumeclaims", &one);
	quota_sum_add(into, "count/persistentvolumeclaims", &one);
	if (prefix)
		add_prefixed(into, prefix, "persistentvolumeclaims", &one);
	if (!read_quantity(js_get(o, "spec", "resources", "requests", "storage", NULL), &asked))
		return;
	if (read_quantity(js_get(o, "status", "allocatedResources", "storage", NULL), &given) &&
	    quantity_cmp(&given, &asked) > 0)
		asked = given;
	quota_sum_add(into, "requests.storage", &asked);
	if (prefix)
		add_prefixed(into, prefix, "requests.storage", &asked);
}

static bool claim_in_scope(const js *o, const char *scope, const char *op, const js *values)
{
	return !strcmp(scope, "VolumeAttributesClass") &&
	       selects(js_str0(o, "spec", "volumeAttributesClassName", NULL), op, values);
}

/* ---- claims of devices ---- */

#define DEVICE_CLASS_MARK ".deviceclass.resource.k8s.io/devices"
#define DEVICES_MAX 32 /* that one claim can get: what «all» counts as */

static bool knows_devices(const char *name)
{
	size_t n = strlen(name), mark = sizeof(DEVICE_CLASS_MARK) - 1;

	return !strcmp(name, "count/resourceclaims.resource.k8s.io") ||
	       (n > mark && !strcmp(name + n - mark, DEVICE_CLASS_MARK));
}

static void count_devices(const js *request, struct quota_sum *into)
{
	const char *mode = js_str0(request, "allocationMode", NULL);
	int64_t n = !strcmp(mode, "ExactCount") ? js_int(request, 0, "count", NULL)
		    : !strcmp(mode, "All")	? DEVICES_MAX
						: 0;
	struct quantity q = {.nano = (__int128)n * one.nano, .format = QUANTITY_DECIMAL_SI};
	autofree char *name = mem_printf("%s" DEVICE_CLASS_MARK, js_str0(request, "deviceClassName", NULL));

	quota_sum_add(into, name, &q);
}

/* Of alternatives, of each class the most that any of them may take. */
static void use_devices(const js *o, int64_t now_ns, struct quota_sum *into)
{
	quota_sum_add(into, "count/resourceclaims.resource.k8s.io", &one);
	js_array_for_each (r, js_arr(o, "spec", "devices", "requests", NULL)) {
		const js *alternatives = js_arr(r, "firstAvailable", NULL),
			 *exactly = js_obj(r, "exactly", NULL);
		struct quota_sum most = {0};

		js_array_for_each (a, alternatives) {
			struct quota_sum single = {0};

			count_devices(a, &single);
			raise_all(&most, &single);
			quota_sum_release(&single);
		}
		if (!js_len(alternatives) && exactly)
			count_devices(exactly, &most);
		add_all(into, &most);
		quota_sum_release(&most);
	}
}

const struct quota_kind quota_kinds[] = {
	{"", "pods", knows_pod, pod_in_scope, use_pod},
	{"", "services", knows_service, no_scope, use_service},
	{"", "persistentvolumeclaims", knows_claim, claim_in_scope, use_claim},
	{"resource.k8s.io", "resourceclaims", knows_devices, no_scope, use_devices},
	{0},
};

/* ---- all others ---- */

bool quota_counts(const char *name, const char **ret_resource, size_t *ret_len, const char **ret_group)
{
	static const char *const old[] = {"configmaps", "secrets", "resourcequotas",
					  "replicationcontrollers"};
	const char *resource = starts(name, "count/") ? name + 6 : NULL;

	if (!resource && !is_one_of(name, old, ARRAY_LEN(old)))
		return false;
	resource = resource ? resource : name;
	const char *dot = strchr(resource, '.');

	*ret_resource = resource;
	*ret_len = dot ? (size_t)(dot - resource) : strlen(resource);
	*ret_group = dot ? dot + 1 : "";
	return *ret_len > 0;
}
