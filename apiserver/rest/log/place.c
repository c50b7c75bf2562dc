/* SPDX-License-Identifier: Apache-2.0 */
/* See place.h. */
#include "rest/log/place.h"

#include <arpa/inet.h>
#include <string.h>
#include "base/mem.h"
#include "object/name.h"

/* It becomes a part of a URL, and whoever wrote the node chose it. */
static bool is_host(const char *s)
{
	struct in6_addr ip;
	struct name_faults f;

	return inet_pton(AF_INET, s, &ip) == 1 || inet_pton(AF_INET6, s, &ip) == 1 ||
	       !name_check_dns1123_subdomain(s, &f);
}

static const char *node_address(const js *node)
{
	static const char *const types[] = {"InternalIP", "Hostname"};

	for (size_t t = 0; t < ARRAY_LEN(types); t++)
		js_array_for_each (a, js_arr(node, "status", "addresses", NULL)) {
			const char *address = js_str0(a, "address", NULL);
			if (!strcmp(js_str0(a, "type", NULL), types[t]) && is_host(address))
				return address;
		}
	return NULL;
}

int place_url(struct buf *url, const js *node, struct err *err)
{
	const char *address = node_address(node);
	int64_t port = js_int(node, 0, "status", "daemonEndpoints", "kubeletEndpoint", "Port", NULL);

	if (!address || port < 1 || port > 65535)
		return err_set(err, REASON_INTERNAL, "no preferred addresses found; known addresses: []");
	buf_addf(url, strchr(address, ':') ? "https://[%s]:%d" : "https://%s:%d", address, (int)port);
	return 0;
}
