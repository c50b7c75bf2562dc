/* SPDX-License-Identifier: Apache-2.0 */
/* See service_alloc.h. A free address is searched from a random start, so a range that is not nearly full is found
 * one in after a few looks. */
#include "kinds/core/service_alloc.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/map.h"
#include "base/rand.h"
#include "view/service.h"

struct service_alloc {
	struct views *views;
	char cidr[INET_ADDRSTRLEN + 16];
	uint32_t base, size;  /* network address, addresses in the range (network and broadcast included) */
	uint32_t band;	      /* first address index of the dynamic part */
	pthread_mutex_t lock; /* guards the one below; the view is asked under it, and never asks back */
	struct map under_way; /* view_service_claim -> anything */
};

/* Upstream reserves min(max(16, size/16), 256) addresses for fixed use. */
static uint32_t static_band(uint32_t size)
{
	uint32_t n = size / 16;

	if (size < 32)
		return 0;
	return n < 16 ? 16 : n > 256 ? 256 : n;
}

/* ---- what is under way ---- */

static void forget(void *arg, view_service_claim c)
{
	struct service_alloc *a = arg;

	pthread_mutex_lock(&a->lock);
	map_deln(&a->under_way, (const char *)&c, sizeof(c));
	pthread_mutex_unlock(&a->lock);
}

/* Under the lock. The view first: what it does not know yet is still under way. */
static bool taken(const struct service_alloc *a, view_service_claim c)
{
	return view_service_taken(a->views, c) || map_getn(&a->under_way, (const char *)&c, sizeof(c));
}

static void take(struct service_alloc *a, view_service_claim c)
{
	map_setn(&a->under_way, (const char *)&c, sizeof(c), a);
}

struct service_alloc *service_alloc_new(const char *cidr, struct views *views, struct err *err)
{
	char addr[32], network[INET_ADDRSTRLEN];
	struct in_addr in;
	int bits, len = 0;
	const char *slash = strchr(cidr, '/');

	if (!slash || (size_t)(slash - cidr) >= sizeof(addr) || strlen(cidr) >= sizeof(addr) ||
	    sscanf(slash + 1, "%d%n", &bits, &len) != 1 || slash[1 + len] || bits < 8 || bits > 30) {
		err_set(err, REASON_BAD_REQUEST,
			"service CIDR \"%s\" must be an IPv4 network between /8 and /30", cidr);
		return NULL;
	}
	memcpy(addr, cidr, (size_t)(slash - cidr));
	addr[slash - cidr] = '\0';
	if (inet_pton(AF_INET, addr, &in) != 1) {
		err_set(err, REASON_BAD_REQUEST, "service CIDR \"%s\" is no IPv4 network", cidr);
		return NULL;
	}
	struct service_alloc *a = MEM_NEW(struct service_alloc);
	pthread_mutex_init(&a->lock, NULL);
	a->size = 1u << (32 - bits);
	a->base = ntohl(in.s_addr) & ~(a->size - 1);
	in.s_addr = htonl(a->base);
	inet_ntop(AF_INET, &in, network, sizeof(network));
	snprintf(a->cidr, sizeof(a->cidr), "%s/%d", network, bits);
	a->band = 1 + static_band(a->size);
	a->views = views;
	view_service_listen(views, forget, a);
	return a;
}

void service_alloc_free(struct service_alloc *a)
{
	if (!a)
		return;
	view_service_listen(a->views, NULL, NULL);
	pthread_mutex_destroy(&a->lock);
	map_release(&a->under_way);
	free(a);
}

const char *service_alloc_cidr(const struct service_alloc *a)
{
	return a->cidr;
}

static void format(const struct service_alloc *a, uint32_t index, char out[16])
{
	struct in_addr in = {.s_addr = htonl(a->base + index)};

	inet_ntop(AF_INET, &in, out, 16);
}

/* False when ip is not an address of the range that a Service may have. */
static bool parse(const struct service_alloc *a, const char *ip, uint32_t *ret)
{
	struct in_addr in;

	if (inet_pton(AF_INET, ip, &in) != 1)
		return false;
	uint32_t v = ntohl(in.s_addr);
	if (v <= a->base || v - a->base >= a->size - 1)
		return false;
	*ret = v - a->base;
	return true;
}

/* A free one in [from, to), searched from a random place. Under the lock. */
static bool search(const struct service_alloc *a, uint32_t from, uint32_t to, uint32_t *ret)
{
	if (from >= to)
		return false;
	uint32_t n = to - from, start = (uint32_t)rand_below(n);
	for (uint32_t i = 0; i < n; i++) {
		*ret = from + (start + i) % n;
		if (!taken(a, *ret))
			return true;
	}
	return false;
}

enum alloc_result service_alloc_ip(struct service_alloc *a, const char *ip, char ret[16])
{
	uint32_t index = 0, claim, first = a->base, last = a->base + a->size - 1;
	enum alloc_result r = ALLOC_OK;

	if (*ip && !parse(a, ip, &index))
		return ALLOC_OUTSIDE;
	claim = a->base + index;
	pthread_mutex_lock(&a->lock);
	if (*ip)
		r = taken(a, claim) ? ALLOC_TAKEN : ALLOC_OK;
	else if (!search(a, first + a->band, last, &claim) && !search(a, first + 1, first + a->band, &claim))
		r = ALLOC_FULL;
	if (r == ALLOC_OK)
		take(a, claim);
	pthread_mutex_unlock(&a->lock);
	if (r == ALLOC_OK)
		format(a, claim - a->base, ret);
	return r;
}

void service_free_ip(struct service_alloc *a, const char *ip)
{
	uint32_t index;

	if (parse(a, ip, &index))
		forget(a, a->base + index);
}

void service_alloc_first(const struct service_alloc *a, char ret[16])
{
	format(a, 1, ret);
}

bool service_alloc_kept_ip(struct service_alloc *a, const char *key, const char *ip)
{
	uint32_t index;

	return !parse(a, ip, &index) || !view_service_lost(a->views, key, a->base + index);
}

enum alloc_result service_alloc_port(struct service_alloc *a, int port, int *ret)
{
	uint32_t claim = (uint32_t)port;
	enum alloc_result r = ALLOC_OK;

	if (port && (port < NODE_PORT_MIN || port > NODE_PORT_MAX))
		return ALLOC_OUTSIDE;
	pthread_mutex_lock(&a->lock);
	if (port)
		r = taken(a, claim) ? ALLOC_TAKEN : ALLOC_OK;
	else if (!search(a, NODE_PORT_MIN, NODE_PORT_MAX + 1, &claim))
		r = ALLOC_FULL;
	if (r == ALLOC_OK)
		take(a, claim);
	pthread_mutex_unlock(&a->lock);
	if (r == ALLOC_OK)
		*ret = (int)claim;
	return r;
}

void service_free_port(struct service_alloc *a, int port)
{
	if (port >= NODE_PORT_MIN && port <= NODE_PORT_MAX)
		forget(a, (view_service_claim)port);
}

bool service_alloc_kept_port(struct service_alloc *a, const char *key, int port)
{
	return port < NODE_PORT_MIN || port > NODE_PORT_MAX ||
	       !view_service_lost(a->views, key, (view_service_claim)port);
}
