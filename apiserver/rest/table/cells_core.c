/* SPDX-License-Identifier: Apache-2.0 */
/* Cells of the core group's kinds but Pods, which have cells_pod.c. */
#include "rest/table/cells.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "object/condition.h"
#include "object/labels.h"
#include "object/meta.h"

/* ---- configuration ---- */

static void cell_data_count(struct buf *out, const struct cell *c)
{
	buf_addu(out, js_len(js_obj(c->o, "data", NULL)) + js_len(js_obj(c->o, "binaryData", NULL)));
}

static void cell_secrets_count(struct buf *out, const struct cell *c)
{
	buf_addu(out, js_len(js_arr(c->o, "secrets", NULL)));
}

/* ---- nodes ---- */

static void cell_node_status(struct buf *out, const struct cell *c)
{
	autobuf struct buf b = BUF_INIT;
	const char *word = "Unknown";
	js_array_for_each (cond, js_arr(c->o, "status", "conditions", NULL))
		if (!strcmp(js_str0(cond, "type", NULL), "Ready")) /* the last one counts */
			word = !strcmp(js_str0(cond, "status", NULL), "True") ? "Ready" : "NotReady";
	buf_adds(&b, word);
	if (js_bool(c->o, false, "spec", "unschedulable", NULL))
		cell_join(&b, "SchedulingDisabled");
	cell_text(out, &b, "");
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

#define MAX_ROLES 16
static void cell_node_roles(struct buf *out, const struct cell *c)
{
	static const char prefix[] = "node-role.kubernetes.io/";
	const char *roles[MAX_ROLES] = {NULL};
	size_t n = 0;
	autobuf struct buf b = BUF_INIT;
	const js *labels = js_obj(c->o, "metadata", "labels", NULL);
	if (labels) {
		json_object_object_foreach ((js *)(uintptr_t)labels, key, value) {
			const char *role = NULL;
			if (!strncmp(key, prefix, sizeof(prefix) - 1))
				role = key + sizeof(prefix) - 1;
			else if (!strcmp(key, "kubernetes.io/role") && js_is_str(value))
				role = json_object_get_string(value);
			if (role && *role && n < MAX_ROLES)
				roles[n++] = role;
		}
	}
	qsort(roles, n, sizeof(*roles), by_text);
	for (size_t i = 0; i < n; i++)
		if (!i || strcmp(roles[i], roles[i - 1]))
			cell_join(&b, roles[i]);
	cell_text(out, &b, CELL_NONE);
}

static void node_address(struct buf *out, const struct cell *c, const char *type)
{
	const char *found = CELL_NONE;
	js_array_for_each (a, js_arr(c->o, "status", "addresses", NULL)) {
		if (!strcmp(js_str0(a, "type", NULL), type)) {
			found = js_str0(a, "address", NULL);
			break;
		}
	}
	cell_str(out, found);
}

static void cell_node_internal_ip(struct buf *out, const struct cell *c)
{
	node_address(out, c, "InternalIP");
}

static void cell_node_external_ip(struct buf *out, const struct cell *c)
{
	node_address(out, c, "ExternalIP");
}

/* ---- services and endpoints ---- */

static void cell_svc_cluster_ip(struct buf *out, const struct cell *c)
{
	const js *first = js_at(js_arr(c->o, "spec", "clusterIPs", NULL), 0);
	const char *ip = js_is_str(first) ? json_object_get_string((js *)(uintptr_t)first)
					  : js_str0(c->o, "spec", "clusterIP", NULL);
	cell_str(out, *ip ? ip : CELL_NONE);
}

static void cell_svc_external_ip(struct buf *out, const struct cell *c)
{
	const char *type = js_str0(c->o, "spec", "type", NULL);
	bool balancer = !strcmp(type, "LoadBalancer");
	autobuf struct buf b = BUF_INIT;
	if (!strcmp(type, "ExternalName")) {
		cell_str(out, js_str0(c->o, "spec", "externalName", NULL));
		return;
	}
	if (balancer)
		cell_balancers(&b, js_obj(c->o, "status", NULL));
	js_array_for_each (ip, js_arr(c->o, "spec", "externalIPs", NULL))
		if (js_is_str(ip))
			cell_join(&b, json_object_get_string(ip));
	cell_text(out, &b, balancer ? "<pending>" : CELL_NONE);
}

static void cell_svc_ports(struct buf *out, const struct cell *c)
{
	autobuf struct buf b = BUF_INIT;
	js_array_for_each (p, js_arr(c->o, "spec", "ports", NULL)) {
		int64_t node_port = js_int(p, 0, "nodePort", NULL);
		buf_addf(&b, "%s%lld", b.len ? "," : "", (long long)js_int(p, 0, "port", NULL));
		if (node_port > 0)
			buf_addf(&b, ":%lld", (long long)node_port);
		buf_addf(&b, "/%s", js_str0(p, "protocol", NULL));
	}
	cell_text(out, &b, CELL_NONE);
}

static void cell_svc_selector(struct buf *out, const struct cell *c)
{
	cell_labels(out, js_obj(c->o, "spec", "selector", NULL));
}

#define MAX_ENDPOINTS 3
static void add_endpoint(struct buf *b, const js *address, const js *port)
{
	const char *ip = js_str0(address, "ip", NULL);
	bool v6 = strchr(ip, ':') && port;
	buf_addf(b, "%s%s%s%s", b->len ? "," : "", v6 ? "[" : "", ip, v6 ? "]" : "");
	if (port)
		buf_addf(b, ":%lld", (long long)js_int(port, 0, "port", NULL));
}

static void cell_endpoints(struct buf *out, const struct cell *c)
{
	autobuf struct buf b = BUF_INIT;
	size_t n = 0;
	const js *subsets = js_arr(c->o, "subsets", NULL);
	js_array_for_each (ss, subsets) {
		const js *addresses = js_arr(ss, "addresses", NULL), *ports = js_arr(ss, "ports", NULL);
		for (size_t p = 0; p < (js_len(ports) ? js_len(ports) : 1); p++) {
			size_t told = 0;
			for (; told < js_len(addresses) && n < MAX_ENDPOINTS; told++, n++)
				add_endpoint(&b, js_at(addresses, told), js_at(ports, p));
			n += js_len(addresses) - told;
		}
	}
	if (n > MAX_ENDPOINTS)
		buf_addf(&b, " + %zu more...", n - MAX_ENDPOINTS);
	cell_text(out, &b, js_len(subsets) ? "" : CELL_NONE);
}

/* ---- events (in the core/v1 form) ---- */

static const char *first_time(const struct cell *c)
{
	const char *t = js_str0(c->o, "firstTimestamp", NULL);
	return *t ? t : js_str0(c->o, "eventTime", NULL);
}

static void cell_event_first_seen(struct buf *out, const struct cell *c)
{
	buf_addc(out, '"');
	cell_since(out, first_time(c), c->now_ns);
	buf_addc(out, '"');
}

static void cell_event_last_seen(struct buf *out, const struct cell *c)
{
	const char *t = js_str0(c->o, "lastTimestamp", NULL);
	if (js_obj(c->o, "series", NULL))
		t = js_str0(c->o, "series", "lastObservedTime", NULL);
	else if (!*t)
		t = first_time(c);
	buf_addc(out, '"');
	cell_since(out, t, c->now_ns);
	buf_addc(out, '"');
}

static void cell_event_count(struct buf *out, const struct cell *c)
{
	int64_t count = js_int(c->o, 0, "count", NULL);
	if (js_obj(c->o, "series", NULL))
		count = js_int(c->o, 0, "series", "count", NULL);
	else if (!count)
		count = 1;
	buf_addi(out, count);
}

static void cell_event_object(struct buf *out, const struct cell *c)
{
	autobuf struct buf b = BUF_INIT;
	const char *name = js_str0(c->o, "involvedObject", "name", NULL);
	for (const char *p = js_str0(c->o, "involvedObject", "kind", NULL); *p; p++)
		buf_addc(&b, (char)tolower((unsigned char)*p));
	if (*name)
		buf_addf(&b, "/%s", name);
	cell_text(out, &b, "");
}

/* Without blanks around it. */
static void cell_event_message(struct buf *out, const struct cell *c)
{
	const char *s = js_str0(c->o, "message", NULL);
	s += strspn(s, " \t\n\v\f\r");
	size_t n = strlen(s);
	while (n && strchr(" \t\n\v\f\r", s[n - 1]))
		n--;
	buf_add_json_string(out, s, n);
}

static void cell_event_source(struct buf *out, const struct cell *c)
{
	const char *component = js_str0(c->o, "source", "component", NULL),
		   *host = js_str0(c->o, "source", "host", NULL);
	autobuf struct buf b = BUF_INIT;
	buf_adds(&b, *component ? component : js_str0(c->o, "reportingComponent", NULL));
	if (!*host)
		host = js_str0(c->o, "reportingInstance", NULL);
	if (*host)
		buf_addf(&b, ", %s", host);
	cell_text(out, &b, "");
}

/* ---- templates and quotas ---- */

static void cell_template_containers(struct buf *out, const struct cell *c)
{
	cell_containers_of(out, js_obj(c->o, "template", NULL), "name");
}

static void cell_template_images(struct buf *out, const struct cell *c)
{
	cell_containers_of(out, js_obj(c->o, "template", NULL), "image");
}

static void cell_template_labels(struct buf *out, const struct cell *c)
{
	cell_labels(out, js_obj(c->o, "template", "metadata", "labels", NULL));
}

/* "cpu: 1/2, pods: 3/10"; the limits, or all others. */
static void put_quota(struct buf *out, const struct cell *c, bool limits)
{
	autobuf struct buf b = BUF_INIT;
	autofree struct labels *hard =
		labels_new(js_obj(c->o, "status", "hard", NULL)); /* in the order of names */
	for (size_t i = 0; i < hard->n; i++) {
		const char *name = hard->v[i].key, *used = js_str(c->o, "status", "used", name, NULL);
		if (limits == !strncmp(name, "limits.", 7))
			buf_addf(&b, "%s%s: %s/%s", b.len ? ", " : "", name, used ? used : "0",
				 hard->v[i].value);
	}
	cell_text(out, &b, "");
}

static void cell_quota_request(struct buf *out, const struct cell *c)
{
	put_quota(out, c, false);
}

static void cell_quota_limit(struct buf *out, const struct cell *c)
{
	put_quota(out, c, true);
}

/* ---- components ---- */

static const js *health(const struct cell *c)
{
	return condition_find(js_arr(c->o, "conditions", NULL), "Healthy");
}

static void cell_component_status(struct buf *out, const struct cell *c)
{
	const js *h = health(c);
	cell_str(out, !h ? "Unknown" : strcmp(js_str0(h, "status", NULL), "True") ? "Unhealthy" : "Healthy");
}

static void cell_component_message(struct buf *out, const struct cell *c)
{
	cell_str(out, js_str0(health(c), "message", NULL));
}

static void cell_component_error(struct buf *out, const struct cell *c)
{
	cell_str(out, js_str0(health(c), "error", NULL));
}

const struct cell_row cells_core[] = {
	{"data_count", cell_data_count},
	{"endpoints", cell_endpoints},
	{"event_count", cell_event_count},
	{"event_first_seen", cell_event_first_seen},
	{"event_last_seen", cell_event_last_seen},
	{"event_message", cell_event_message},
	{"event_object", cell_event_object},
	{"event_source", cell_event_source},
	{"node_external_ip", cell_node_external_ip},
	{"node_internal_ip", cell_node_internal_ip},
	{"node_roles", cell_node_roles},
	{"node_status", cell_node_status},
	{"secrets_count", cell_secrets_count},
	{"svc_cluster_ip", cell_svc_cluster_ip},
	{"svc_external_ip", cell_svc_external_ip},
	{"svc_ports", cell_svc_ports},
	{"svc_selector", cell_svc_selector},
	{"component_error", cell_component_error},
	{"component_message", cell_component_message},
	{"component_status", cell_component_status},
	{"quota_limit", cell_quota_limit},
	{"quota_request", cell_quota_request},
	{"template_containers", cell_template_containers},
	{"template_images", cell_template_images},
	{"template_labels", cell_template_labels},
	{NULL, NULL},
};
