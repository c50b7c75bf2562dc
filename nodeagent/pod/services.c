/* SPDX-License-Identifier: Apache-2.0 */
#include "pod/services.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "object/decode.h"
#include "object/meta.h"

#define API_SERVER_NAMESPACE "default"
#define API_SERVER_NAME "kubernetes"
#define PER_PORT 5 /* variables; and three per Service */

struct service_port {
	const char *name, *protocol;
	int32_t port;
};
struct service {
	struct informer_object o;
	const char *cluster_ip;
	struct service_port *ports;
	size_t n_ports;
};

static const struct decode_row port_rows[] = {
	DECODE_STRING("name", struct service_port, name),
	DECODE_STRING("protocol", struct service_port, protocol),
	DECODE_INT32("port", struct service_port, port),
};
static const struct service_port port_initial = {.name = "", .protocol = "TCP"};
static const struct decode_spec port_spec =
	DECODE_SPEC(struct service_port, port_rows, .initial = &port_initial);
static const struct decode_row service_rows[] = {
	DECODE_STRUCT("metadata", struct service, o.meta, &meta_spec),
	DECODE_STRING("spec.clusterIP", struct service, cluster_ip),
	DECODE_ARRAY("spec.ports", struct service, ports, n_ports, &port_spec),
};
static const struct service service_initial = {.cluster_ip = ""};
static const struct decode_spec service_decode =
	DECODE_SPEC(struct service, service_rows, .initial = &service_initial);

static bool has_address(const void *o)
{
	const struct service *s = o;
	return *s->cluster_ip && strcmp(s->cluster_ip, "None") != 0 && s->n_ports;
}

static void by_namespace(const void *o, size_t index, struct informer_keys *keys)
{
	informer_keys_add(keys, ((const struct service *)o)->o.meta.namespace);
}

const struct informer_type services_type = {
	.version = "v1",
	.group = "",
	.resource = "services",
	.kind = "Service",
	.rows = &service_decode,
	.keep = has_address,
	.n_indexes = 1,
	.index = by_namespace,
};

/* ---- variables ---- */

struct variables {
	struct arena *a;
	struct runtime_kv *v;
	size_t n;
};

/* As names of variables have it: capitals and underscores. */
static char *variable_name(struct arena *a, const char *s)
{
	char *name = arena_strdup(a, s);
	for (char *c = name; *c; c++)
		*c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
	return name;
}

static void add(struct variables *v, const char *key, const char *value)
{
	v->v[v->n++] = (struct runtime_kv){key, value};
}

static void add_link(struct variables *v, const struct service *s, const char *name,
		     const struct service_port *p, bool first)
{
	struct arena *a = v->a;
	bool v6 = strchr(s->cluster_ip, ':') != NULL;
	char *lower = arena_strdup(a, p->protocol);
	for (char *c = lower; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	const char *url = arena_printf(a, "%s://%s%s%s:%d", lower, v6 ? "[" : "", s->cluster_ip,
				       v6 ? "]" : "", p->port);
	const char *prefix = arena_printf(a, "%s_PORT_%d_%s", name, p->port, variable_name(a, p->protocol));
	if (first)
		add(v, arena_printf(a, "%s_PORT", name), url);
	add(v, prefix, url);
	add(v, arena_printf(a, "%s_PROTO", prefix), lower);
	add(v, arena_printf(a, "%s_PORT", prefix), arena_printf(a, "%d", p->port));
	add(v, arena_printf(a, "%s_ADDR", prefix), arena_strdup(a, s->cluster_ip));
}

static void add_service(struct variables *v, const struct service *s)
{
	struct arena *a = v->a;
	const char *name = variable_name(a, s->o.meta.name);
	add(v, arena_printf(a, "%s_SERVICE_HOST", name), arena_strdup(a, s->cluster_ip));
	add(v, arena_printf(a, "%s_SERVICE_PORT", name), arena_printf(a, "%d", s->ports[0].port));
	for (size_t i = 0; i < s->n_ports; i++)
		if (*s->ports[i].name)
			add(v,
			    arena_printf(a, "%s_SERVICE_PORT_%s", name, variable_name(a, s->ports[i].name)),
			    arena_printf(a, "%d", s->ports[i].port));
	for (size_t i = 0; i < s->n_ports; i++)
		add_link(v, s, name, &s->ports[i], i == 0);
}

static int by_name(const void *x, const void *y)
{
	const struct service *a = *(const void *const *)x, *b = *(const void *const *)y;
	return strcmp(a->o.meta.name, b->o.meta.name);
}

static bool holds_api_server(const void **v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(((const struct service *)v[i])->o.meta.name, API_SERVER_NAME))
			return true;
	return false;
}

const struct runtime_kv *services_env(struct informer *all, const char *ns, bool links, struct arena *a,
				      size_t *ret_n)
{
	const void **own = NULL;
	size_t n = all && links ? informer_list(all, 0, ns, &own) : 0, room = 0;
	/* A namespace's own Service of that name stands for the API server's. */
	const struct service *api = all && !holds_api_server(own, n)
					    ? informer_get(all, API_SERVER_NAMESPACE "/" API_SERVER_NAME)
					    : NULL;
	if (n)
		qsort(own, n, sizeof(*own), by_name);
	for (size_t i = 0; i < n; i++)
		room += 3 + PER_PORT * ((const struct service *)own[i])->n_ports;
	struct variables v = {.a = a};
	v.v = arena_array(a, room + (api ? 3 + PER_PORT * api->n_ports : 0), sizeof(*v.v));
	if (api)
		add_service(&v, api);
	for (size_t i = 0; i < n; i++)
		add_service(&v, own[i]);
	informer_unref(api);
	informer_unref_all(own, n);
	*ret_n = v.n;
	return v.v;
}
