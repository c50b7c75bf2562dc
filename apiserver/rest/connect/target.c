/* SPDX-License-Identifier: Apache-2.0 */
/* See target.h. */
#include "rest/connect/target.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/rand.h"
#include "client/http.h"
#include "object/json.h"
#include "rest/log/place.h"

void target_release(struct target *t)
{
	buf_release(&t->host);
	buf_release(&t->path);
	buf_release(&t->query);
}

/* ---- names and paths ---- */

static bool copy(char *to, size_t size, const char *p, size_t n)
{
	if (n >= size)
		return false;
	memcpy(to, p, n);
	to[n] = 0;
	return true;
}

bool target_split(const char *id, struct target_name *ret)
{
	const char *first = strchr(id, ':'), *second = first ? strchr(first + 1, ':') : NULL;

	memset(ret, 0, sizeof(*ret));
	if (second && strchr(second + 1, ':'))
		return false;
	const char *name = second ? first + 1 : id, *colon = second ? second : first;
	size_t n = colon ? (size_t)(colon - name) : strlen(name);
	if (second && !copy(ret->scheme, sizeof(ret->scheme), id, (size_t)(first - id)))
		return false;
	if (colon && !copy(ret->port, sizeof(ret->port), colon + 1, strlen(colon + 1)))
		return false;
	return n && copy(ret->name, sizeof(ret->name), name, n) &&
	       (!*ret->scheme || !strcmp(ret->scheme, "http") || !strcmp(ret->scheme, "https"));
}

bool target_is_allowed(const char *address)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (inet_pton(AF_INET, address, &v4) == 1) {
		uint32_t a = ntohl(v4.s_addr);
		return a && a >> 24 != 127 && a >> 16 != 0xa9fe && a >> 28 != 14 && a != UINT32_MAX;
	}
	if (inet_pton(AF_INET6, address, &v6) != 1)
		return false;
	return !IN6_IS_ADDR_UNSPECIFIED(&v6) && !IN6_IS_ADDR_LOOPBACK(&v6) && !IN6_IS_ADDR_MULTICAST(&v6) &&
	       !IN6_IS_ADDR_LINKLOCAL(&v6);
}

void target_join(struct buf *out, const char *p, size_t n)
{
	size_t from = out->len;
	const char *end = p + n;

	while (p < end) {
		const char *slash = memchr(p, '/', (size_t)(end - p)), *stop = slash ? slash : end;
		size_t len = (size_t)(stop - p);
		if (len == 2 && !strncmp(p, "..", 2)) {
			while (out->len > from && out->p[out->len - 1] != '/')
				buf_truncate(out, out->len - 1);
			if (out->len > from)
				buf_truncate(out, out->len - 1);
		} else if (len && !(len == 1 && *p == '.')) {
			buf_addc(out, '/');
			buf_add(out, p, len);
		}
		p = stop + 1;
	}
}

void target_clean(struct buf *out, const char *path)
{
	size_t n = strlen(path), from = out->len;

	target_join(out, path, n);
	if (n && (out->len == from || path[n - 1] == '/'))
		buf_addc(out, '/');
}

void target_escape(struct buf *out, const char *path)
{
	static const char hex[] = "0123456789ABCDEF";

	for (; *path; path++) {
		unsigned char c = (unsigned char)*path;
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		    strchr("-_.~$&+,/:;=@", c)) {
			buf_addc(out, (char)c);
		} else {
			buf_addc(out, '%');
			buf_addc(out, hex[c >> 4]);
			buf_addc(out, hex[c & 15]);
		}
	}
}

/* ---- objects ---- */

static js *find(const struct request *rq, struct target *t, const char *kind, const char *ns,
		const char *name, struct err *err)
{
	const struct kind *k = schema_kind(rq->api->schema, "", "v1", kind);
	autoobj struct obj *o =
		storage_get(storage_resource(rq->api->storage, k), k->namespaced ? ns : "", name);

	if (o)
		return obj_tree(o, err);
	snprintf(t->named, sizeof(t->named), "%s", name);
	t->about = (struct subject){.kind = k, .name = t->named};
	err_set(err, REASON_NOT_FOUND, "%s \"%s\" not found", k->resource, name);
	return NULL;
}

static int find_agent(const struct request *rq, struct target *t, const char *name, struct err *err)
{
	struct place_agent p;
	autojson js *node = find(rq, t, "Node", "", name, err);

	if (!node || place_find(&p, node, err) < 0)
		return -1;
	buf_adds(&t->host, p.host);
	t->port = p.port;
	t->tls = t->agent = true;
	return 0;
}

/* ---- exec, attach, port-forward ---- */

static void add_param(struct buf *query, const char *key, const char *value)
{
	buf_addf(query, "%s%s=", query->len ? "&" : "", key);
	http_escape(query, value);
}

/* In the order of url.Values.Encode. */
static int add_streams(const struct request *rq, struct target *t, struct err *err)
{
	static const char *const names[][2] = {
		{"stderr", "error"}, {"stdin", "input"}, {"stdout", "output"}, {"tty", "tty"}};

	if (!strcmp(rq->attr.subresource, "exec"))
		for (size_t i = 0; i < rq->n_params; i++)
			if (!strcmp(rq->params[i].key, "command"))
				add_param(&t->query, "command", rq->params[i].value);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (request_param_bool(rq, names[i][0]))
			add_param(&t->query, names[i][1], "1");
	return 0;
}

static int add_port(struct buf *ports, const char *p, size_t n, struct err *err)
{
	char text[64], *end;

	snprintf(text, sizeof(text), "%.*s", (int)n, p);
	long v = strtol(text, &end, 10);
	if (!n || *end || *text == ' ' || n >= sizeof(text))
		return err_set(err, REASON_BAD_REQUEST, "strconv.ParseInt: parsing \"%s\": invalid syntax",
			       text);
	if (v < INT32_MIN || v > INT32_MAX)
		return err_set(err, REASON_BAD_REQUEST,
			       "strconv.ParseInt: parsing \"%s\": value out of range", text);
	buf_addf(ports, "%s%ld", ports->len ? "," : "", v);
	return 0;
}

static int add_ports(const struct request *rq, struct target *t, struct err *err)
{
	autobuf struct buf ports = BUF_INIT;

	for (size_t i = 0; i < rq->n_params; i++) {
		const char *p = rq->params[i].value;
		if (strcmp(rq->params[i].key, "ports"))
			continue;
		for (size_t n;; p += n + 1) {
			n = strcspn(p, ",");
			if (add_port(&ports, p, n, err) < 0)
				return -1;
			if (!p[n])
				break;
		}
	}
	if (ports.len)
		add_param(&t->query, "port", ports.p);
	return 0;
}

static int find_stream(const struct request *rq, struct target *t, bool container, struct err *err)
{
	const struct attributes *a = &rq->attr;
	bool ports = !container;
	const char *which = "";

	if ((ports ? add_ports(rq, t, err) : add_streams(rq, t, err)) < 0)
		return -1;
	autojson js *pod = find(rq, t, "Pod", a->ns, a->name, err);
	if (!pod || (container && place_container(a->name, js_obj(pod, "spec", NULL),
						  request_param(rq, "container"), &which, err) < 0))
		return -1;
	const char *node = js_str0(pod, "spec", "nodeName", NULL);
	if (!*node)
		return err_set(err, REASON_BAD_REQUEST, "pod %s does not have a host assigned", a->name);
	buf_addf(&t->path, "/%s/%s/%s", ports ? "portForward" : a->subresource, a->ns, a->name);
	if (container)
		buf_addf(&t->path, "/%s", which);
	return find_agent(rq, t, node, err);
}

/* ---- proxies ---- */

static int not_allowed(struct err *err)
{
	return err_set(err, REASON_BAD_REQUEST, "address not allowed");
}

static int set_port(struct target *t, const char *port, struct err *err)
{
	char *end;
	long v = *port ? strtol(port, &end, 10) : t->tls ? 443 : 80;

	if (*port && (*end || v < 0 || v > 65535))
		return err_set(err, REASON_UNAVAILABLE,
			       "error trying to reach service: dial tcp: lookup tcp/%s: unknown port", port);
	t->port = (int)v;
	return 0;
}

static int find_pod(const struct request *rq, struct target *t, const struct target_name *id, struct err *err)
{
	char port[sizeof(id->port)];
	autojson js *pod = find(rq, t, "Pod", rq->attr.ns, id->name, err);

	if (!pod)
		return -1;
	snprintf(port, sizeof(port), "%s", id->port);
	js_array_for_each (c, js_arr(pod, "spec", "containers", NULL)) {
		const js *first = js_at(js_arr(c, "ports", NULL), 0);
		if (!*port && first)
			snprintf(port, sizeof(port), "%d", (int)js_int(first, 0, "containerPort", NULL));
	}
	const char *ip = js_str0(js_at(js_arr(pod, "status", "podIPs", NULL), 0), "ip", NULL);
	if (!*ip)
		ip = js_str0(pod, "status", "podIP", NULL);
	if (!target_is_allowed(ip))
		return not_allowed(err);
	buf_adds(&t->host, ip);
	return set_port(t, port, err);
}

static int find_node(const struct request *rq, struct target *t, const struct target_name *id,
		     struct err *err)
{
	if (find_agent(rq, t, id->name, err) < 0)
		return -1;
	char own[8];
	snprintf(own, sizeof(own), "%d", t->port);
	if (!*id->port || !strcmp(id->port, own))
		return 0;
	if (!target_is_allowed(t->host.p)) /* nor a name, which may be anybody's */
		return not_allowed(err);
	t->agent = false;
	t->tls = !strcmp(id->scheme, "https");
	return set_port(t, id->port, err);
}

/* A port that is a number is the Service's, whose name the Endpoints have. */
static int port_name(const struct request *rq, struct target *t, const struct target_name *id, char *ret,
		     size_t size, struct err *err)
{
	char *end;
	errno = 0;
	long long number = strtoll(id->port, &end, 10);

	snprintf(ret, size, "%s", id->port);
	if (!*id->port || *end || errno)
		return 0;
	autojson js *service = find(rq, t, "Service", rq->attr.ns, id->name, err);
	if (!service)
		return -1;
	js_array_for_each (p, js_arr(service, "spec", "ports", NULL))
		if (js_int(p, 0, "port", NULL) == number) {
			snprintf(ret, size, "%s", js_str0(p, "name", NULL));
			return 0;
		}
	return err_set(err, REASON_UNAVAILABLE, "no service port %lld found for service \"%s\"", number,
		       id->name);
}

/* Only Pods are proxied to, and only at addresses that are theirs. */
static bool is_pod(const struct request *rq, struct target *t, const js *address)
{
	struct err none = ERR_INIT;
	const char *ip = js_str0(address, "ip", NULL);

	if (strcmp(js_str0(address, "targetRef", "kind", NULL), "Pod") ||
	    strcmp(js_str0(address, "targetRef", "namespace", NULL), rq->attr.ns))
		return false;
	autojson js *pod =
		find(rq, t, "Pod", rq->attr.ns, js_str0(address, "targetRef", "name", NULL), &none);
	js_array_for_each (p, js_arr(pod, "status", "podIPs", NULL))
		if (!strcmp(js_str0(p, "ip", NULL), ip))
			return true;
	return false;
}

static bool pick_address(const struct request *rq, struct target *t, const js *subset)
{
	const js *addresses = js_arr(subset, "addresses", NULL);
	size_t n = js_len(addresses), seed = n ? (size_t)rand_below(n) : 0;

	for (size_t i = 0; i < n; i++) {
		const js *a = js_at(addresses, (seed + i) % n);
		if (!is_pod(rq, t, a))
			continue;
		buf_adds(&t->host, js_str0(a, "ip", NULL));
		return true;
	}
	return false;
}

static int find_service(const struct request *rq, struct target *t, const struct target_name *id,
			struct err *err)
{
	char name[64];

	if (port_name(rq, t, id, name, sizeof(name), err) < 0)
		return -1;
	autojson js *endpoints = find(rq, t, "Endpoints", rq->attr.ns, id->name, err);
	if (!endpoints)
		return -1;
	const js *subsets = js_arr(endpoints, "subsets", NULL);
	size_t n = js_len(subsets), seed = n ? (size_t)rand_below(n) : 0;
	for (size_t i = 0; i < n; i++) {
		const js *s = js_at(subsets, (seed + i) % n);
		js_array_for_each (p, js_arr(s, "ports", NULL))
			if (!strcmp(js_str0(p, "name", NULL), name) && pick_address(rq, t, s)) {
				t->port = (int)js_int(p, 0, "port", NULL);
				return 0;
			}
	}
	return err_set(err, REASON_UNAVAILABLE, "no endpoints available for service \"%s\"",
		       n ? rq->attr.name : id->name);
}

/* What the request says behind /proxy, and as it says it. */
static void add_path(const struct request *rq, struct target *t)
{
	const char *sub = rq->subpath, *query = strchr(rq->target, '?');
	autobuf struct buf raw = BUF_INIT;

	if (*sub)
		buf_addf(&raw, "%s%s", *sub == '/' ? "" : "/", sub);
	else if (rq->path[strlen(rq->path) - 1] == '/')
		buf_addc(&raw, '/');
	target_clean(&t->path, buf_str(&raw));
	if (query)
		buf_adds(&t->query, query + 1);
}

static const struct proxied {
	const char *resource, *word;
	int (*find)(const struct request *rq, struct target *t, const struct target_name *id,
		    struct err *err);
} proxied[] = {
	{"pods", "pod", find_pod}, {"services", "service", find_service}, {"nodes", "node", find_node}};

static int find_proxied(const struct request *rq, struct target *t, struct err *err)
{
	struct target_name id;
	const struct proxied *p = proxied;

	while (strcmp(p->resource, rq->attr.resource))
		p++;
	if (!target_split(rq->attr.name, &id))
		return err_set(err, REASON_BAD_REQUEST, "invalid %s request \"%s\"", p->word, rq->attr.name);
	add_path(rq, t);
	t->tls = !strcmp(id.scheme, "https");
	return p->find(rq, t, &id, err);
}

int target_find(const struct request *rq, struct target *ret, struct err *err)
{
	const char *sub = rq->attr.subresource;
	const char *dry = request_param(rq, "dryRun");

	if (dry && *dry)
		return err_set(err, REASON_BAD_REQUEST, "dryRun is not supported");
	return !strcmp(sub, "proxy") ? find_proxied(rq, ret, err)
				     : find_stream(rq, ret, strcmp(sub, "portforward") != 0, err);
}
