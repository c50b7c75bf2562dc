/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The objects are made by the ordinary create and update handlers, called with a request of the server's own,
 * so they pass the same defaulting, validation and allocation as anybody's.
 */
#include "bootstrap.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "object/status_reason.h"

struct object {
	const char *resource, *ns, *name;
	struct buf body;
};

static int call(struct api *api, handler_fn *handler, enum method method, const struct object *o,
		struct err *err)
{
	static const char *const masters[] = {"system:masters", "system:authenticated", NULL};
	static const char *const verbs[] = {[METHOD_POST] = "create", [METHOD_PUT] = "update"};
	struct request rq = {.method = method,
			     .method_name = method == METHOD_POST ? "POST" : "PUT",
			     .path = "/",
			     .accept = "application/json",
			     .content_type = "application/json",
			     .user_agent = "apiserver",
			     .authorization = "",
			     .if_none_match = "",
			     .remote = "",
			     .body = buf_str(&o->body),
			     .body_len = o->body.len,
			     .user = {"system:apiserver", "", masters},
			     .start_ns = clock_mono_ns(),
			     .attr.verb = verbs[method],
			     .attr.kind = schema_resource(api->schema, "", "v1", o->resource),
			     .attr.group = "",
			     .attr.version = "v1",
			     .attr.resource = o->resource,
			     .attr.ns = o->ns,
			     .attr.name = method == METHOD_PUT ? o->name : "",
			     .attr.subresource = "",
			     .api = api};
	struct response rs = {0};
	int status;
	if (!rq.attr.kind)
		return 404; /* a set of kinds without it */
	handler(&rq, &rs);
	status = rs.status;
	if (status >= 400 && status != 409)
		err_set(err, status_reason_from_code(status), "cannot create %s \"%s\": %.300s", o->resource,
			o->name, buf_str(&rs.body));
	response_release(&rs);
	return status;
}

static bool exists(struct api *api, const struct object *o)
{
	const struct kind *k = schema_resource(api->schema, "", "v1", o->resource);
	autoobj struct obj *found = k ? storage_get(storage_resource(api->storage, k), o->ns, o->name) : NULL;
	return found != NULL;
}

static int create(struct api *api, const struct object *o, struct err *err)
{
	if (exists(api, o))
		return 0;
	int status = call(api, rest_create, METHOD_POST, o, err);
	return status < 400 || status == 404 || status == 409 ? 0 : -1;
}

static int make_namespace(struct api *api, const char *name, struct err *err)
{
	struct object o = {.resource = "namespaces", .ns = "", .name = name};
	buf_addf(&o.body, "{\"kind\":\"Namespace\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"%s\"}}",
		 name);
	int rc = create(api, &o, err);
	buf_release(&o.body);
	return rc;
}

/* The first address of the range is the API's, as upstream's. */
static int first_address(const char *cidr, char out[INET_ADDRSTRLEN], struct err *err)
{
	struct in_addr a;
	char text[INET_ADDRSTRLEN] = "";
	size_t n = strcspn(cidr, "/");
	if (n < sizeof(text))
		memcpy(text, cidr, n);
	if (inet_pton(AF_INET, text, &a) != 1)
		return err_set(err, REASON_INVALID, "--service-cluster-ip-range %s is no IPv4 range", cidr);
	a.s_addr = htonl(ntohl(a.s_addr) + 1);
	inet_ntop(AF_INET, &a, out, INET_ADDRSTRLEN);
	return 0;
}

static int make_service(struct api *api, int port, struct err *err)
{
	char ip[INET_ADDRSTRLEN];
	struct object o = {.resource = "services", .ns = "default", .name = "kubernetes"};
	if (first_address(api->service_cidr, ip, err) < 0)
		return -1;
	buf_addf(
		&o.body,
		"{\"kind\":\"Service\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"kubernetes\",\"namespace\":\"default\",\"labels\":{\"component\":\"apiserver\",\"provider\":\"kubernetes\"}},\"spec\":{\"type\":"
		"\"ClusterIP\",\"clusterIP\":\"%s\",\"sessionAffinity\":\"None\",\"ports\":[{\"name\":\"https\",\"port\":443,\"protocol\":\"TCP\",\"targetPort\":%d}]}}",
		ip, port);
	int rc = create(api, &o, err);
	buf_release(&o.body);
	return rc;
}

/* Unlike the others these follow the server: it may have moved since the last start. */
static int make_endpoints(struct api *api, const char *address, int port, struct err *err)
{
	struct object o = {.resource = "endpoints", .ns = "default", .name = "kubernetes"};
	autobuf struct buf subsets = BUF_INIT;
	buf_addf(
		&subsets,
		"[{\"addresses\":[{\"ip\":\"%s\"}],\"ports\":[{\"name\":\"https\",\"port\":%d,\"protocol\":\"TCP\"}]}]",
		address, port);
	buf_addf(
		&o.body,
		"{\"kind\":\"Endpoints\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"kubernetes\",\"namespace\":\"default\"},\"subsets\":%s}",
		buf_str(&subsets));
	const struct kind *k = schema_resource(api->schema, "", "v1", o.resource);
	autoobj struct obj *old = k ? storage_get(storage_resource(api->storage, k), o.ns, o.name) : NULL;
	int rc = 0;
	if (!old)
		rc = create(api, &o, err);
	else if (!strstr(old->bytes, buf_str(&subsets)))
		rc = call(api, rest_update, METHOD_PUT, &o, err) < 400 ? 0 : -1;
	buf_release(&o.body);
	return rc;
}

int bootstrap(struct api *api, const char *address, int port, struct err *err)
{
	static const char *const namespaces[] = {"default", "kube-system", "kube-public", "kube-node-lease"};
	for (size_t i = 0; i < sizeof(namespaces) / sizeof(*namespaces); i++)
		if (make_namespace(api, namespaces[i], err) < 0)
			return -1;
	if (make_service(api, port, err) < 0)
		return -1;
	if (!strncmp(address, "127.", 4) ||
	    !strcmp(address, "::1")) /* of no use to anybody but this host, and not allowed */
		return 0;
	return make_endpoints(api, address, port, err);
}
