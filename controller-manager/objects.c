/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding of the controllers' objects; see objects.h. */
#include "objects.h"

#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "object/condition.h"
#include "object/rfc3339.h"

static int64_t time_ns(const char *s)
{
	int64_t ns = 0;
	struct err err = ERR_INIT;
	return s && rfc3339_parse(s, &ns, &err) == 0 ? ns : 0;
}

static char *json_text(const js *o)
{
	if (!o)
		return NULL;
	autobuf struct buf b = BUF_INIT;
	js_write(&b, o);
	return buf_take(&b, NULL);
}

/* ---- indexes ---- */
static size_t index_common(const void *o, size_t i, struct buf keys[])
{
	const struct meta *m = &((const struct informer_object *)o)->meta;
	if (i == INDEX_ORPHAN && meta_controller(m))
		return 0;
	if (i == INDEX_NAMESPACE || i == INDEX_ORPHAN) {
		buf_adds(&keys[0], m->namespace);
		return 1;
	}
	size_t n = m->n_owners < INFORMER_MAX_INDEX_KEYS ? m->n_owners : INFORMER_MAX_INDEX_KEYS;
	for (size_t k = 0; k < n; k++)
		buf_adds(&keys[k], m->owners[k].uid);
	return n;
}

static size_t index_pod(const void *o, size_t i, struct buf keys[])
{
	if (i != INDEX_POD_NODE)
		return index_common(o, i, keys);
	const struct cm_pod *p = o;
	if (!*p->node)
		return 0;
	buf_adds(&keys[0], p->node);
	return 1;
}

/* ---- Pods ---- */
static enum pod_phase phase_parse(const char *s)
{
	static const char *const names[] = {
		[PHASE_PENDING] = "Pending", [PHASE_RUNNING] = "Running", [PHASE_SUCCEEDED] = "Succeeded",
		[PHASE_FAILED] = "Failed",   [PHASE_UNKNOWN] = "Unknown",
	};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(s, names[i]) == 0)
			return (enum pod_phase)i;
	return PHASE_PENDING;
}

static void decode_tolerations(struct cm_pod *p, const js *list)
{
	js_array_for_each (t, list) {
		const char *effect = js_str0(t, "effect", NULL);
		if (*effect && strcmp(effect, "NoExecute") != 0)
			continue;
		p->tolerations =
			mem_realloc_array(p->tolerations, p->n_tolerations + 1, sizeof(*p->tolerations));
		p->tolerations[p->n_tolerations++] = (struct toleration){
			.key = mem_strdup(js_str0(t, "key", NULL)),
			.value = mem_strdup(js_str0(t, "value", NULL)),
			.exists = strcmp(js_str0(t, "operator", NULL), "Exists") == 0,
			.seconds = js_int(t, -1, "tolerationSeconds", NULL),
		};
	}
}

static bool pod_decode(void *into, const js *o)
{
	struct cm_pod *p = into;
	p->node = mem_strdup(js_str0(o, "spec", "nodeName", NULL));
	p->phase = phase_parse(js_str0(o, "status", "phase", NULL));
	const js *ready = condition_find(js_arr(o, "status", "conditions", NULL), "Ready");
	p->ready = strcmp(js_str0(ready, "status", NULL), "True") == 0;
	p->ready_since_ns = time_ns(js_str(ready, "lastTransitionTime", NULL));
	js_array_for_each (c, js_arr(o, "status", "containerStatuses", NULL)) {
		int32_t n = (int32_t)js_int(c, 0, "restartCount", NULL);
		if (n > p->restarts)
			p->restarts = n;
	}
	const char *cost = meta_annotation(o, "controller.kubernetes.io/pod-deletion-cost");
	p->deletion_cost = cost ? (int32_t)strtol(cost, NULL, 10) : 0;
	decode_tolerations(p, js_arr(o, "spec", "tolerations", NULL));
	return true;
}

static void pod_release(void *o)
{
	struct cm_pod *p = o;
	free(p->node);
	for (size_t i = 0; i < p->n_tolerations; i++) {
		free(p->tolerations[i].key);
		free(p->tolerations[i].value);
	}
	free(p->tolerations);
}

bool cm_pod_active(const struct cm_pod *p)
{
	return p->phase != PHASE_SUCCEEDED && p->phase != PHASE_FAILED && p->base.meta.deleted_ns == 0;
}

bool cm_pod_available(const struct cm_pod *p, int32_t min_ready_seconds, int64_t now)
{
	return p->ready &&
	       (min_ready_seconds == 0 || p->ready_since_ns + min_ready_seconds * NS_PER_S <= now);
}

/* ---- templates ---- */
static uint64_t fnv(uint64_t h, const void *p, size_t n)
{
	for (const unsigned char *c = p; n > 0; n--, c++)
		h = (h ^ *c) * UINT64_C(0x100000001b3);
	return h;
}

#define FNV_START UINT64_C(0xcbf29ce484222325)

/* Members of an object are summed, so their order does not matter; items of a list are chained. */
static uint64_t hash_value(const js *v, bool template_labels)
{
	uint64_t h = FNV_START;
	if (js_is_obj(v)) {
		uint64_t sum = 0;
		json_object_object_foreach ((js *)v, key, member) {
			if (template_labels && strcmp(key, "pod-template-hash") == 0)
				continue;
			uint64_t m = fnv(FNV_START, key, strlen(key) + 1);
			uint64_t value = hash_value(member, strcmp(key, "labels") == 0);
			sum += fnv(m, &value, sizeof(value));
		}
		return fnv(h, &sum, sizeof(sum));
	}
	if (js_is_arr(v)) {
		js_array_for_each (item, v) {
			uint64_t value = hash_value(item, false);
			h = fnv(h, &value, sizeof(value));
		}
		return h ^ 1;
	}
	autobuf struct buf b = BUF_INIT;
	js_write(&b, v);
	return fnv(h, b.p, b.len);
}

uint64_t cm_template_hash(const js *template)
{
	return hash_value(template, false);
}

/* ---- ReplicaSets ---- */
static struct selector *decode_selector(const js *o)
{
	struct err err = ERR_INIT;
	struct selector *s = selector_from_json(js_obj(o, "spec", "selector", NULL), &err);
	return s ? s : selector_from_json(NULL, &err); /* an invalid one selects nothing */
}

static bool replicaset_decode(void *into, const js *o)
{
	struct cm_replicaset *r = into;
	r->replicas = (int32_t)js_int(o, 1, "spec", "replicas", NULL);
	r->min_ready_seconds = (int32_t)js_int(o, 0, "spec", "minReadySeconds", NULL);
	r->selector = decode_selector(o);
	const js *template = js_obj(o, "spec", "template", NULL);
	r->template = json_text(template);
	r->template_hash = cm_template_hash(template);
	const js *status = js_obj(o, "status", NULL);
	r->status.replicas = (int32_t)js_int(status, 0, "replicas", NULL);
	r->status.fully_labeled = (int32_t)js_int(status, 0, "fullyLabeledReplicas", NULL);
	r->status.ready = (int32_t)js_int(status, 0, "readyReplicas", NULL);
	r->status.available = (int32_t)js_int(status, 0, "availableReplicas", NULL);
	r->status.observed_generation = js_int(status, 0, "observedGeneration", NULL);
	r->status.conditions = json_text(js_arr(status, "conditions", NULL));
	return true;
}

static void replicaset_release(void *o)
{
	struct cm_replicaset *r = o;
	selector_free(r->selector);
	free(r->template);
	free(r->status.conditions);
}

/* ---- Deployments ---- */
static bool deployment_decode(void *into, const js *o)
{
	struct cm_deployment *d = into;
	const js *spec = js_obj(o, "spec", NULL);
	d->replicas = (int32_t)js_int(spec, 1, "replicas", NULL);
	d->min_ready_seconds = (int32_t)js_int(spec, 0, "minReadySeconds", NULL);
	d->history_limit = (int32_t)js_int(spec, INT32_MAX, "revisionHistoryLimit", NULL);
	d->progress_deadline = (int32_t)js_int(spec, INT32_MAX, "progressDeadlineSeconds", NULL);
	d->paused = js_bool(spec, false, "paused", NULL);
	d->recreate = strcmp(js_str0(spec, "strategy", "type", NULL), "Recreate") == 0;
	d->max_surge = json_text(js_get(spec, "strategy", "rollingUpdate", "maxSurge", NULL));
	d->max_unavailable = json_text(js_get(spec, "strategy", "rollingUpdate", "maxUnavailable", NULL));
	d->selector = decode_selector(o);
	d->selector_json = json_text(js_obj(spec, "selector", NULL));
	const js *template = js_obj(spec, "template", NULL);
	d->template = json_text(template);
	d->template_hash = cm_template_hash(template);
	const js *status = js_obj(o, "status", NULL);
	struct deployment_status *s = &d->status;
	s->observed_generation = js_int(status, 0, "observedGeneration", NULL);
	s->replicas = (int32_t)js_int(status, 0, "replicas", NULL);
	s->updated = (int32_t)js_int(status, 0, "updatedReplicas", NULL);
	s->ready = (int32_t)js_int(status, 0, "readyReplicas", NULL);
	s->available = (int32_t)js_int(status, 0, "availableReplicas", NULL);
	s->unavailable = (int32_t)js_int(status, 0, "unavailableReplicas", NULL);
	s->collisions = (int32_t)js_int(status, -1, "collisionCount", NULL);
	s->conditions = json_text(js_arr(status, "conditions", NULL));
	return true;
}

static void deployment_release(void *o)
{
	struct cm_deployment *d = o;
	free(d->max_surge);
	free(d->max_unavailable);
	selector_free(d->selector);
	free(d->selector_json);
	free(d->template);
	free(d->status.conditions);
}

/* ---- Nodes, Leases, Namespaces ---- */
static bool condition_true(const js *conditions, const char *type)
{
	return strcmp(js_str0(condition_find(conditions, type), "status", NULL), "True") == 0;
}

static bool node_decode(void *into, const js *o)
{
	struct cm_node *n = into;
	n->unschedulable = js_bool(o, false, "spec", "unschedulable", NULL);
	const js *taints = js_arr(o, "spec", "taints", NULL);
	n->n_taints = js_len(taints);
	n->taints = n->n_taints ? mem_array(n->n_taints, sizeof(*n->taints)) : NULL;
	for (size_t i = 0; i < n->n_taints; i++) {
		const js *t = js_at(taints, i);
		n->taints[i] = (struct taint){
			.key = mem_strdup(js_str0(t, "key", NULL)),
			.value = mem_strdup(js_str0(t, "value", NULL)),
			.effect = mem_strdup(js_str0(t, "effect", NULL)),
			.added_ns = time_ns(js_str(t, "timeAdded", NULL)),
		};
	}
	const js *conditions = js_arr(o, "status", "conditions", NULL);
	n->ready = *js_str0(condition_find(conditions, "Ready"), "status", NULL);
	n->memory_pressure = condition_true(conditions, "MemoryPressure");
	n->disk_pressure = condition_true(conditions, "DiskPressure");
	n->pid_pressure = condition_true(conditions, "PIDPressure");
	n->network_unavailable = condition_true(conditions, "NetworkUnavailable");
	js_array_for_each (c, conditions) {
		int64_t beat = time_ns(js_str(c, "lastHeartbeatTime", NULL));
		if (beat > n->heartbeat_ns)
			n->heartbeat_ns = beat;
	}
	return true;
}

static void node_release(void *o)
{
	struct cm_node *n = o;
	for (size_t i = 0; i < n->n_taints; i++) {
		free(n->taints[i].key);
		free(n->taints[i].value);
		free(n->taints[i].effect);
	}
	free(n->taints);
}

static bool lease_decode(void *into, const js *o)
{
	((struct cm_lease *)into)->renew_ns = time_ns(js_str(o, "spec", "renewTime", NULL));
	return true;
}

static bool namespace_decode(void *into, const js *o)
{
	js_array_for_each (f, js_arr(o, "spec", "finalizers", NULL))
		if (js_is_str(f) && strcmp(json_object_get_string(f), "kubernetes") == 0)
			((struct cm_namespace *)into)->kubernetes_finalizer = true;
	return true;
}

static bool meta_only(void *into, const js *o)
{
	return true;
}

#define TYPE(ident, g, v, r, k, struct_name, decode_fn, release_fn, flags)                                   \
	const struct informer_type ident = {                                                                 \
		.group = g,                                                                                  \
		.version = v,                                                                                \
		.resource = r,                                                                               \
		.kind = k,                                                                                   \
		.size = sizeof(struct struct_name),                                                          \
		.meta_flags = flags,                                                                         \
		.decode = decode_fn,                                                                         \
		.release = release_fn,                                                                       \
		.n_indexes = INDEX_COMMON,                                                                   \
		.index = index_common,                                                                       \
	}

const struct informer_type cm_pod_type = {
	.group = "",
	.version = "v1",
	.resource = "pods",
	.kind = "Pod",
	.size = sizeof(struct cm_pod),
	.decode = pod_decode,
	.release = pod_release,
	.n_indexes = INDEX_POD_COUNT,
	.index = index_pod,
};
TYPE(cm_replicaset_type, "apps", "v1", "replicasets", "ReplicaSet", cm_replicaset, replicaset_decode,
     replicaset_release, META_ANNOTATIONS);
TYPE(cm_deployment_type, "apps", "v1", "deployments", "Deployment", cm_deployment, deployment_decode,
     deployment_release, META_ANNOTATIONS);
TYPE(cm_node_type, "", "v1", "nodes", "Node", cm_node, node_decode, node_release, 0);
TYPE(cm_lease_type, "coordination.k8s.io", "v1", "leases", "Lease", cm_lease, lease_decode, NULL, 0);
TYPE(cm_namespace_type, "", "v1", "namespaces", "Namespace", cm_namespace, namespace_decode, NULL, 0);
TYPE(cm_configmap_type, "", "v1", "configmaps", "ConfigMap", informer_object, meta_only, NULL, 0);
TYPE(cm_secret_type, "", "v1", "secrets", "Secret", informer_object, meta_only, NULL, 0);
TYPE(cm_service_type, "", "v1", "services", "Service", informer_object, meta_only, NULL, 0);
TYPE(cm_serviceaccount_type, "", "v1", "serviceaccounts", "ServiceAccount", informer_object, meta_only, NULL,
     0);
TYPE(cm_endpoints_type, "", "v1", "endpoints", "Endpoints", informer_object, meta_only, NULL, 0);
TYPE(cm_controllerrevision_type, "apps", "v1", "controllerrevisions", "ControllerRevision", informer_object,
     meta_only, NULL, 0);
