/* SPDX-License-Identifier: Apache-2.0 */
#include "pod/admit.h"

#include <inttypes.h>

const char ADMIT_PORTS_REASON[] = "NodePorts";
const char ADMIT_PORTS_MESSAGE[] =
	"Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports";

static bool any_address(const char *ip)
{
	return !*ip || !strcmp(ip, "0.0.0.0") || !strcmp(ip, "::");
}

static bool same_port(const struct container_port *a, const struct container_port *b)
{
	const char *pa = *a->protocol ? a->protocol : "TCP", *pb = *b->protocol ? b->protocol : "TCP";
	return a->host_port == b->host_port && !strcmp(pa, pb) &&
	       (any_address(a->host_ip) || any_address(b->host_ip) || !strcmp(a->host_ip, b->host_ip));
}

static bool takes_port(const struct pod *p, const struct container_port *port)
{
	for (size_t i = 0; i < p->n_containers; i++)
		for (size_t k = 0; k < p->containers[i].n_ports; k++)
			if (same_port(&p->containers[i].ports[k], port))
				return true;
	return false;
}

bool admit_ports_conflict(const struct pod *a, const struct pod *b)
{
	for (size_t i = 0; i < a->n_containers; i++)
		for (size_t k = 0; k < a->containers[i].n_ports; k++)
			if (takes_port(b, &a->containers[i].ports[k]))
				return true;
	return false;
}

struct shortage {
	const char *reason, *resource;
	int64_t requested, used, capacity;
};

static bool fits(const struct admit_node *n, const struct pod *p, const char **ret_reason,
		 struct buf *message)
{
	struct resources want = resources_requests(p);
	const struct shortage rows[] = {
		{"OutOfpods", "pods", 1, n->pods, n->max_pods},
		{"OutOfcpu", "cpu", want.cpu_milli, n->used.cpu_milli, n->allocatable.cpu_milli},
		{"OutOfmemory", "memory", want.memory, n->used.memory, n->allocatable.memory},
		{"OutOfephemeral-storage", "ephemeral-storage", want.storage, n->used.storage,
		 n->allocatable.storage},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct shortage *s = &rows[i];
		if (s->requested <= 0 || s->requested <= s->capacity - s->used)
			continue;
		*ret_reason = s->reason;
		buf_addf(message,
			 "Node didn't have enough resource: %s, requested: %" PRId64 ", used: %" PRId64
			 ", capacity: %" PRId64,
			 s->resource, s->requested, s->used, s->capacity);
		return false;
	}
	return true;
}

/* One matchExpressions or matchFields entry. */
static bool expression_matches(const js *e, const struct labels *l)
{
	const char *values[64];
	int op = selector_op_parse(js_str0(e, "operator", NULL));
	struct requirement r = {.key = js_str0(e, "key", NULL), .values = values};
	if (op < 0)
		return false;
	r.op = (enum selector_op)op;
	js_array_for_each (v, js_arr(e, "values", NULL))
		if (r.n < ARRAY_LEN(values))
			values[r.n++] = js_str0(v, NULL);
	return requirement_matches(&r, l);
}

static bool term_matches(const js *term, const struct admit_node *n)
{
	const js *exprs = js_arr(term, "matchExpressions", NULL), *fields = js_arr(term, "matchFields", NULL);
	struct labels *name = mem_zalloc(sizeof(*name) + sizeof(name->v[0]));
	bool ok = js_len(exprs) + js_len(fields) > 0; /* an empty term selects nothing */
	name->n = 1;
	name->v[0] = (struct label){"metadata.name", n->name};
	js_array_for_each (e, exprs)
		ok = ok && expression_matches(e, n->labels);
	js_array_for_each (f, fields)
		ok = ok && expression_matches(f, name);
	mem_autofree(&name);
	return ok;
}

static bool node_matches(const struct admit_node *n, const struct pod *p)
{
	autojson js *wanted = pod_field(p->node_selector), *affinity = pod_field(p->affinity);
	if (wanted) {
		json_object_object_foreach (wanted, key, v) {
			const char *has = labels_get(n->labels, key);
			if (!has || strcmp(has, js_str0(v, NULL)) != 0)
				return false;
		}
	}
	if (!affinity)
		return true;
	js_array_for_each (t, js_arr(affinity, "nodeSelectorTerms", NULL))
		if (term_matches(t, n))
			return true;
	return false;
}

static bool tolerates(const js *t, const js *taint)
{
	const char *effect = js_str0(t, "effect", NULL), *key = js_str0(t, "key", NULL);
	if (*effect && strcmp(effect, js_str0(taint, "effect", NULL)) != 0)
		return false;
	if (*key && strcmp(key, js_str0(taint, "key", NULL)) != 0)
		return false;
	if (!strcmp(js_str0(t, "operator", NULL), "Exists"))
		return true;
	return *key && !strcmp(js_str0(t, "value", NULL), js_str0(taint, "value", NULL));
}

/* The node agent cares for NoExecute only: the other effects are the scheduler's. */
static bool taints_tolerated(const struct admit_node *n, const struct pod *p)
{
	autojson js *taints = pod_field(n->taints), *tolerations = pod_field(p->tolerations);
	js_array_for_each (taint, taints) {
		bool ok = strcmp(js_str0(taint, "effect", NULL), "NoExecute") != 0;
		js_array_for_each (t, tolerations)
			ok = ok || tolerates(t, taint);
		if (!ok)
			return false;
	}
	return true;
}

/* What a Pod may set without the node's leave (kubelet pkg/kubelet/sysctl): it touches its own namespaces only. */
static const char *const safe_sysctls[] = {
	"kernel.shm_rmid_forced",	    "net.ipv4.ip_local_port_range",
	"net.ipv4.ip_local_reserved_ports", "net.ipv4.ip_unprivileged_port_start",
	"net.ipv4.ping_group_range",	    "net.ipv4.tcp_fin_timeout",
	"net.ipv4.tcp_keepalive_intvl",	    "net.ipv4.tcp_keepalive_probes",
	"net.ipv4.tcp_keepalive_time",	    "net.ipv4.tcp_rmem",
	"net.ipv4.tcp_syncookies",	    "net.ipv4.tcp_wmem",
};

/* Why this one may not be set; NULL = it may. */
static const char *sysctl_trouble(const struct pod *p, const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(safe_sysctls); i++) {
		if (strcmp(safe_sysctls[i], name) != 0)
			continue;
		if (p->host_network && !strncmp(name, "net.", 4))
			return "not allowed with host net enabled";
		if (p->host_ipc && !strncmp(name, "kernel.", 7))
			return "not allowed with host ipc enabled";
		return NULL;
	}
	return "not allowlisted";
}

static bool sysctls_allowed(const struct pod *p, struct buf *message)
{
	autojson js *sysctls = pod_field(p->sysctls);
	js_array_for_each (s, sysctls) {
		autofree char *name = mem_strdup(js_str0(s, "name", NULL));
		for (char *c = name; *c; c++)
			*c = *c == '/' ? '.' : *c;
		const char *why = sysctl_trouble(p, name);
		if (!why)
			continue;
		buf_addf(message, "forbidden sysctl: \"%s\" %s", js_str0(s, "name", NULL), why);
		return false;
	}
	return true;
}

bool admit_check(const struct admit_node *n, const struct pod *p, const char **ret_reason,
		 struct buf *message)
{
	if (!fits(n, p, ret_reason, message))
		return false;
	if (!node_matches(n, p)) {
		*ret_reason = "NodeAffinity";
		buf_adds(message,
			 "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector");
		return false;
	}
	if (!taints_tolerated(n, p)) {
		*ret_reason = "TaintToleration";
		buf_adds(message,
			 "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate");
		return false;
	}
	if (!sysctls_allowed(p, message)) {
		*ret_reason = "SysctlForbidden";
		return false;
	}
	return true;
}
