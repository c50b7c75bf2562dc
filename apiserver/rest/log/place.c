/* SPDX-License-Identifier: Apache-2.0 */
/* See place.h. */
#include "rest/log/place.h"

#include <arpa/inet.h>
#include <string.h>
#include "base/mem.h"
#include "object/name.h"

#define DEFAULT_PORT 10250 /* of an agent that does not tell */

/* It becomes a part of a URL, and whoever wrote the node chose it. */
static bool is_host(const char *s)
{
	struct in6_addr ip;
	struct name_faults f;

	return inet_pton(AF_INET, s, &ip) == 1 || inet_pton(AF_INET6, s, &ip) == 1 ||
	       !name_check_dns1123_subdomain(s, &f);
}

/* The order that kubeadm tells the API server. */
static const char *node_address(const js *node)
{
	static const char *const types[] = {"InternalIP", "ExternalIP", "Hostname"};

	for (size_t t = 0; t < ARRAY_LEN(types); t++)
		js_array_for_each (a, js_arr(node, "status", "addresses", NULL)) {
			const char *address = js_str0(a, "address", NULL);
			if (!strcmp(js_str0(a, "type", NULL), types[t]) && is_host(address))
				return address;
		}
	return NULL;
}

int place_find(struct place_agent *ret, const js *node, struct err *err)
{
	int64_t port = js_int(node, 0, "status", "daemonEndpoints", "kubeletEndpoint", "Port", NULL);

	ret->host = node_address(node);
	ret->port = port > 0 ? (int)port : DEFAULT_PORT;
	if (!ret->host || port > 65535)
		return err_set(err, REASON_INTERNAL, "no preferred addresses found; known addresses: []");
	return 0;
}

int place_url(struct buf *url, const js *node, struct err *err)
{
	struct place_agent p;

	if (place_find(&p, node, err) < 0)
		return -1;
	buf_addf(url, strchr(p.host, ':') ? "https://[%s]:%d" : "https://%s:%d", p.host, p.port);
	return 0;
}

/* ---- which container ---- */

/* As upstream's VisitContainers comes by them. */
static int ambiguous(const char *pod, const js *spec, struct err *err)
{
	static const char *const lists[] = {"initContainers", "containers", "ephemeralContainers"};
	autobuf struct buf b = BUF_INIT;

	for (size_t l = 0; l < ARRAY_LEN(lists); l++)
		js_array_for_each (c, js_arr(spec, lists[l], NULL))
			buf_addf(&b, "%s%s", b.len ? " " : "", js_str0(c, "name", NULL));
	return err_set(err, REASON_BAD_REQUEST,
		       "a container name must be specified for pod %s, choose one of: [%s]", pod,
		       buf_str(&b));
}

int place_container(const char *pod, const js *spec, const char *asked, const char **ret, struct err *err)
{
	static const char *const lists[] = {"containers", "initContainers", "ephemeralContainers"};
	const js *containers = js_arr(spec, "containers", NULL);

	if (!asked || !*asked) {
		if (js_len(containers) != 1)
			return ambiguous(pod, spec, err);
		*ret = js_str0(js_at(containers, 0), "name", NULL);
		return 0;
	}
	for (size_t l = 0; l < ARRAY_LEN(lists); l++)
		js_array_for_each (c, js_arr(spec, lists[l], NULL)) {
			if (!strcmp(js_str0(c, "name", NULL), asked)) {
				*ret = js_str0(c, "name", NULL);
				return 0;
			}
		}
	return err_set(err, REASON_BAD_REQUEST, "container %s is not valid for pod %s", asked, pod);
}
