/* SPDX-License-Identifier: Apache-2.0 */
#include "pod/admit.h"

#include <inttypes.h>
#include <stdio.h>

#include "pod/limits.h"

const char ADMIT_PORTS_REASON[] = "NodePorts";
const char ADMIT_PORTS_MESSAGE[] =
	"Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports";

/* An extended resource that the node does not offer is none of its business: it would not have got the Pod. */
static bool offered(const struct admit_node *n, const struct resource_shortage *s)
{
	for (size_t i = 0; i < n->allocatable.n_scalars; i++)
		if (!strcmp(n->allocatable.scalars[i].name, s->name))
			return true;
	return !strchr(s->name, '/');
}

size_t admit_lacks(const struct admit_node *n, const struct resources *want, const struct resources *used,
		   struct resource_shortage v[ADMIT_LACKS_MAX])
{
	size_t kept = 0, total = resources_shortages(want, used, &n->allocatable, v, ADMIT_LACKS_MAX);
	for (size_t i = 0; i < total && i < ADMIT_LACKS_MAX; i++)
		if (offered(n, &v[i]))
			v[kept++] = v[i];
	return kept;
}

static bool fits(const struct admit_node *n, const struct pod *p, char reason[ADMIT_REASON_MAX],
		 struct buf *message)
{
	struct resource_shortage v[ADMIT_LACKS_MAX];
	if (!admit_lacks(n, &p->demand.requests, &n->used, v))
		return true;
	snprintf(reason, ADMIT_REASON_MAX, "OutOf%s", v[0].name);
	buf_addf(message,
		 "Node didn't have enough resource: %s, requested: %" PRId64 ", used: %" PRId64
		 ", capacity: %" PRId64,
		 v[0].name, v[0].requested, v[0].used, v[0].capacity);
	return false;
}

static bool refuse(char reason[ADMIT_REASON_MAX], const char *predicate, struct buf *message, const char *why)
{
	snprintf(reason, ADMIT_REASON_MAX, "%s", predicate);
	buf_addf(message, "Predicate %s failed: %s", predicate, why);
	return false;
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

/* Which namespace keeps it; NULL = none, so it is the machine's. */
static const char *sysctl_namespace(const char *name)
{
	static const struct {
		const char *begin, *namespace;
	} rows[] = {{"kernel.shm", "ipc"},
		    {"kernel.msg", "ipc"},
		    {"kernel.sem", "ipc"},
		    {"fs.mqueue.", "ipc"},
		    {"net.", "net"}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (!strncmp(rows[i].begin, name, strlen(rows[i].begin)))
			return rows[i].namespace;
	return NULL;
}

static bool is_safe(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(safe_sysctls); i++)
		if (!strcmp(safe_sysctls[i], name))
			return true;
	return false;
}

/* One of a list "a.b,c.d*". */
static bool listed(const char *list, const char *name)
{
	for (const char *p = list ? list : ""; *p; p += *p == ',') {
		size_t n = strcspn(p, ",");
		bool prefix = n && p[n - 1] == '*';
		if (prefix ? !strncmp(p, name, n - 1) : strlen(name) == n && !strncmp(p, name, n))
			return true;
		p += n;
	}
	return false;
}

int admit_check_sysctls(const char *list, struct err *err)
{
	for (const char *p = list; *p; p += *p == ',') {
		size_t n = strcspn(p, ",");
		autofree char *one = mem_strndup(p, n);
		const char *star = strchr(one, '*');
		if (!n || strspn(one, "abcdefghijklmnopqrstuvwxyz0123456789-_./*") != n ||
		    (star && star[1]) || !sysctl_namespace(one))
			return err_set(err, REASON_BAD_REQUEST,
				       "the sysctls \"%s\" are not known to be namespaced", one);
		p += n;
	}
	return 0;
}

/* Why this one may not be set; NULL = it may. */
static const char *sysctl_trouble(const struct admit_node *n, const struct pod *p, const char *name)
{
	const char *namespace = sysctl_namespace(name);
	if (!is_safe(name) && !listed(n->unsafe_sysctls, name))
		return "not allowlisted";
	if (p->host_network && namespace && !strcmp(namespace, "net"))
		return "not allowed with host net enabled";
	if (p->host_ipc && namespace && !strcmp(namespace, "ipc"))
		return "not allowed with host ipc enabled";
	return NULL;
}

static bool sysctls_allowed(const struct admit_node *n, const struct pod *p, struct buf *message)
{
	autojson js *sysctls = pod_field(p->sysctls);
	js_array_for_each (s, sysctls) {
		autofree char *name = mem_strdup(js_str0(s, "name", NULL));
		for (char *c = name; *c; c++)
			*c = *c == '/' ? '.' : *c;
		const char *why = sysctl_trouble(n, p, name);
		if (!why)
			continue;
		buf_addf(message, "forbidden sysctl: \"%s\" %s", js_str0(s, "name", NULL), why);
		return false;
	}
	return true;
}

static bool confined(enum apparmor_type t)
{
	return t != APPARMOR_UNSET && t != APPARMOR_UNCONFINED;
}

/* Why the Pod's profiles cannot be enforced; NULL = they can, or there are none. */
static const char *apparmor_trouble(const struct admit_node *n, const struct pod *p)
{
	bool needed = confined(p->apparmor.type), dflt = false, unnamed = false;
	for (size_t i = 0; i < p->list.n; i++) {
		const struct apparmor_profile *a = &p->list.v[i].apparmor;
		needed |= confined(a->type);
		dflt |= a->type == APPARMOR_RUNTIME_DEFAULT;
		unnamed |= a->type == APPARMOR_LOCALHOST && !a->name[strspn(a->name, " ")];
	}
	if (!needed)
		return NULL;
	return !n->apparmor		      ? "AppArmor is not enabled on the host"
	       : unnamed		      ? "invalid empty AppArmor profile name"
	       : dflt && !n->apparmor_default ? "this node has no default profile"
					      : NULL;
}

#define CRITICAL_PRIORITY 2000000000

bool admit_is_critical(const struct pod *p)
{
	return p->is_static || p->static_mirror || p->priority >= CRITICAL_PRIORITY;
}

/* Under memory pressure alone, who requests some has his, and who tolerates it takes the risk (kubelet
   pkg/kubelet/eviction/eviction_manager.go Admit). */
static bool bears_pressure(const struct admit_node *n, const struct pod *p, struct buf *message)
{
	static const char *const names[] = {"MemoryPressure", "DiskPressure", "PIDPressure"};
	static const struct taint memory = {
		.key = "node.kubernetes.io/memory-pressure", .value = "", .effect = TAINT_NO_SCHEDULE};
	const struct pod_demand *d = &p->demand;
	bool any = false;
	for (size_t i = 0; i < ARRAY_LEN(names) && n->pressure; i++)
		any |= n->pressure[i];
	if (!any || admit_is_critical(p))
		return true;
	if (n->pressure[0] && !n->pressure[1] && !n->pressure[2] &&
	    (limits_qos(p) != QOS_BEST_EFFORT || taint_tolerated(&memory, d->tolerations, d->n_tolerations)))
		return true;
	buf_adds(message, "The node had condition: [");
	any = false;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (n->pressure[i]) {
			buf_addf(message, "%s%s", any ? " " : "", names[i]);
			any = true;
		}
	buf_adds(message, "]. ");
	return false;
}

/* Nothing but Linux runs here. */
static bool is_for_linux(const struct pod *p, char reason[ADMIT_REASON_MAX], struct buf *message)
{
	const char *label = labels_get(p->o.meta.labels, "kubernetes.io/os");
	if (label && strcmp(label, "linux") != 0) {
		snprintf(reason, ADMIT_REASON_MAX, "PodOSSelectorNodeLabelDoesNotMatch");
		buf_adds(message,
			 "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label");
		return false;
	}
	if (p->os && strcmp(p->os, "linux") != 0) {
		snprintf(reason, ADMIT_REASON_MAX, "PodOSNotSupported");
		buf_adds(message, "Failed to admit pod as the OS field doesn't match node OS");
		return false;
	}
	return true;
}

/* Of the taints the node agent cares for NoExecute only: the other effects are the scheduler's. */
static bool check(const struct admit_node *n, const struct pod *p, bool room, char reason[ADMIT_REASON_MAX],
		  struct buf *message)
{
	const struct pod_demand *d = &p->demand;
	if (!bears_pressure(n, p, message)) {
		snprintf(reason, ADMIT_REASON_MAX, "Evicted");
		return false;
	}
	if (!sysctls_allowed(n, p, message)) {
		snprintf(reason, ADMIT_REASON_MAX, "SysctlForbidden");
		return false;
	}
	if (!is_for_linux(p, reason, message) || (room && !fits(n, p, reason, message)))
		return false;
	if (!node_affinity_matches(d->node_selector, d->affinity, n->name, n->labels))
		return refuse(reason, "NodeAffinity", message,
			      "node(s) didn't match Pod's node affinity/selector");
	if (!p->is_static && taint_find_untolerated(n->taints, n->n_taints, d->tolerations, d->n_tolerations,
						    1 << TAINT_NO_EXECUTE))
		return refuse(reason, "TaintToleration", message,
			      "node(s) had taints that the pod didn't tolerate");
	const char *why = apparmor_trouble(n, p);
	if (why) {
		snprintf(reason, ADMIT_REASON_MAX, "AppArmor");
		buf_addf(message, "Cannot enforce AppArmor: %s", why);
		return false;
	}
	if (n->shutting_down) {
		snprintf(reason, ADMIT_REASON_MAX, "NodeShutdown");
		buf_adds(message, "Pod was rejected as the node is shutting down.");
		return false;
	}
	return true;
}

bool admit_check(const struct admit_node *n, const struct pod *p, char reason[ADMIT_REASON_MAX],
		 struct buf *message)
{
	return check(n, p, true, reason, message);
}

bool admit_suits(const struct admit_node *n, const struct pod *p, char reason[ADMIT_REASON_MAX],
		 struct buf *message)
{
	return check(n, p, false, reason, message);
}
