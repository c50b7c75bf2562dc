/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/address.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"

union address {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static bool parse(const char *text, union address *ret)
{
	*ret = (union address){0};
	if (inet_pton(AF_INET, text, &ret->v4.sin_addr) == 1)
		ret->sa.sa_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &ret->v6.sin6_addr) == 1)
		ret->sa.sa_family = AF_INET6;
	return ret->sa.sa_family != AF_UNSPEC;
}

static void print(const union address *a, char out[ADDRESS_MAX])
{
	const void *bytes = a->sa.sa_family == AF_INET ? (const void *)&a->v4.sin_addr : &a->v6.sin6_addr;
	(void)inet_ntop(a->sa.sa_family, bytes, out, ADDRESS_MAX);
}

static bool is_any(const union address *a)
{
	return a->sa.sa_family == AF_INET ? a->v4.sin_addr.s_addr == INADDR_ANY
					  : IN6_IS_ADDR_UNSPECIFIED(&a->v6.sin6_addr);
}

/* Others can send to it: neither loopback nor link-local, multicast, broadcast. */
static bool is_global(const union address *a)
{
	if (a->sa.sa_family == AF_INET) {
		uint32_t n = ntohl(a->v4.sin_addr.s_addr);
		return n >> 24 != 0 && n >> 24 != 127 && n >> 16 != 0xa9fe && n >> 28 < 0xe;
	}
	const struct in6_addr *n = &a->v6.sin6_addr;
	return !IN6_IS_ADDR_UNSPECIFIED(n) && !IN6_IS_ADDR_LOOPBACK(n) && !IN6_IS_ADDR_LINKLOCAL(n) &&
	       !IN6_IS_ADDR_MULTICAST(n);
}

/* The source address of the default route; nothing is sent. */
static bool by_route(int family, union address *ret)
{
	union address to = {0};
	socklen_t n = sizeof(*ret);
	(void)parse(family == AF_INET ? "192.0.2.1" : "2001:db8::1", &to); /* for documentation: nobody's */
	if (family == AF_INET)
		to.v4.sin_port = htons(9);
	else
		to.v6.sin6_port = htons(9);
	autoclose int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return fd >= 0 && connect(fd, &to.sa, sizeof(to)) == 0 && getsockname(fd, &ret->sa, &n) == 0 &&
	       is_global(ret);
}

static bool by_interface(int family, union address *ret)
{
	struct ifaddrs *all = NULL;
	bool found = false;
	if (getifaddrs(&all) < 0)
		return false;
	for (struct ifaddrs *i = all; i && !found; i = i->ifa_next) {
		if (!i->ifa_addr || i->ifa_addr->sa_family != family || !(i->ifa_flags & IFF_UP))
			continue;
		*ret = (union address){0};
		memcpy(ret, i->ifa_addr, family == AF_INET ? sizeof(ret->v4) : sizeof(ret->v6));
		found = is_global(ret);
	}
	freeifaddrs(all);
	return found;
}

int address_choose(const char *wanted, const char *node_name, char out[ADDRESS_MAX], struct err *err)
{
	static const int families[] = {AF_INET, AF_INET6};
	union address a;
	int family = AF_UNSPEC;
	if (*wanted && !parse(wanted, &a))
		return err_set(err, REASON_INVALID, "--node-ip \"%.60s\" is no IP address", wanted);
	if (*wanted && is_any(&a))
		family = a.sa.sa_family;
	else if (*wanted || (parse(node_name, &a) && is_global(&a)))
		return print(&a, out), 0;
	for (size_t i = 0; i < 2 * ARRAY_LEN(families); i++) {
		int f = families[i % 2];
		if ((family == AF_UNSPEC || family == f) && (i < 2 ? by_route(f, &a) : by_interface(f, &a)))
			return print(&a, out), 0;
	}
	(void)parse(family == AF_INET6 ? "::1" : "127.0.0.1", &a);
	print(&a, out);
	return 0;
}
