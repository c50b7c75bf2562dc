/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bitmaps under one lock. The address bitmap of a /12 is 128 KB of zero pages of which a real cluster touches
 * a few, since a free address is searched from a random start. Several API servers on one store do not see
 * each other's bitmaps: the same address may then be given twice (upstream repairs that with a controller).
 */
#include "kinds/core/service_alloc.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/rand.h"

#define N_PORTS (NODE_PORT_MAX - NODE_PORT_MIN + 1)

struct service_alloc {
	pthread_mutex_t lock; /* guards the bitmaps */
	char cidr[32];
	uint32_t base, size; /* network address, addresses in the range (network and broadcast included) */
	uint32_t band;	     /* first address index of the dynamic part */
	uint8_t *ips;
	uint8_t ports[(N_PORTS + 7) / 8];
};

static bool get(const uint8_t *map, uint32_t i)
{
	return map[i / 8] >> (i % 8) & 1;
}

static void set(uint8_t *map, uint32_t i, bool on)
{
	if (on)
		map[i / 8] |= (uint8_t)(1u << (i % 8));
	else
		map[i / 8] &= (uint8_t) ~(1u << (i % 8));
}

/* Upstream reserves min(max(16, size/16), 256) addresses for fixed use. */
static uint32_t static_band(uint32_t size)
{
	uint32_t n = size / 16;

	if (size < 32)
		return 0;
	return n < 16 ? 16 : n > 256 ? 256 : n;
}

struct service_alloc *service_alloc_new(const char *cidr, struct err *err)
{
	char addr[32];
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
	snprintf(a->cidr, sizeof(a->cidr), "%s", cidr);
	a->size = 1u << (32 - bits);
	a->base = ntohl(in.s_addr) & ~(a->size - 1);
	a->band = 1 + static_band(a->size);
	a->ips = mem_zalloc((a->size + 7) / 8);
	return a;
}

void service_alloc_free(struct service_alloc *a)
{
	if (!a)
		return;
	pthread_mutex_destroy(&a->lock);
	free(a->ips);
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

/* A free index in [from, to), searched from a random place. */
static bool search(const uint8_t *map, uint32_t from, uint32_t to, uint32_t *ret)
{
	if (from >= to)
		return false;
	uint32_t n = to - from, start = (uint32_t)rand_below(n);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = from + (start + i) % n;
		if (!get(map, at)) {
			*ret = at;
			return true;
		}
	}
	return false;
}

enum alloc_result service_alloc_ip(struct service_alloc *a, const char *ip, char ret[16])
{
	uint32_t index = 0;
	enum alloc_result r = ALLOC_OK;

	if (*ip && !parse(a, ip, &index))
		return ALLOC_OUTSIDE;
	pthread_mutex_lock(&a->lock);
	if (*ip)
		r = get(a->ips, index) ? ALLOC_TAKEN : ALLOC_OK;
	else if (!search(a->ips, a->band, a->size - 1, &index) && !search(a->ips, 1, a->band, &index))
		r = ALLOC_FULL;
	if (r == ALLOC_OK)
		set(a->ips, index, true);
	pthread_mutex_unlock(&a->lock);
	if (r == ALLOC_OK)
		format(a, index, ret);
	return r;
}

void service_free_ip(struct service_alloc *a, const char *ip)
{
	uint32_t index;

	if (!parse(a, ip, &index))
		return;
	pthread_mutex_lock(&a->lock);
	set(a->ips, index, false);
	pthread_mutex_unlock(&a->lock);
}

void service_alloc_first(const struct service_alloc *a, char ret[16])
{
	format(a, 1, ret);
}

enum alloc_result service_alloc_port(struct service_alloc *a, int port, int *ret)
{
	uint32_t index = 0;
	enum alloc_result r = ALLOC_OK;

	if (port && (port < NODE_PORT_MIN || port > NODE_PORT_MAX))
		return ALLOC_OUTSIDE;
	pthread_mutex_lock(&a->lock);
	if (port) {
		index = (uint32_t)(port - NODE_PORT_MIN);
		r = get(a->ports, index) ? ALLOC_TAKEN : ALLOC_OK;
	} else if (!search(a->ports, 0, N_PORTS, &index)) {
		r = ALLOC_FULL;
	}
	if (r == ALLOC_OK)
		set(a->ports, index, true);
	pthread_mutex_unlock(&a->lock);
	if (r == ALLOC_OK)
		*ret = (int)index + NODE_PORT_MIN;
	return r;
}

void service_free_port(struct service_alloc *a, int port)
{
	if (port < NODE_PORT_MIN || port > NODE_PORT_MAX)
		return;
	pthread_mutex_lock(&a->lock);
	set(a->ports, (uint32_t)(port - NODE_PORT_MIN), false);
	pthread_mutex_unlock(&a->lock);
}

void service_alloc_learn(struct service_alloc *a, const js *service)
{
	const char *held = js_str(service, "spec", "clusterIP", NULL);
	char ip[16];
	int port;

	if (held && *held)
		service_alloc_ip(a, held, ip);
	js_array_for_each (p, js_arr(service, "spec", "ports", NULL)) {
		int64_t v = js_int(p, 0, "nodePort", NULL);
		if (v)
			service_alloc_port(a, (int)v, &port);
	}
	int64_t health = js_int(service, 0, "spec", "healthCheckNodePort", NULL);
	if (health)
		service_alloc_port(a, (int)health, &port);
}
