/* SPDX-License-Identifier: Apache-2.0 */
/* See cidr_set.h. Networks count from the beginning of the cluster's; an address is a number of 128 bits in either family. */
#include "ipam/cidr_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"

#define SETS_BITS_MAX 16 /* as upstream's */
#define V4_BITS 96	 /* in front of an IPv4 address */

struct cidr_set {
	struct ip first;
	unsigned cluster_bits, node_bits; /* of 128 */
	size_t n, next, taken;
	unsigned char used[]; /* bits */
};

typedef unsigned __int128 number;

static number number_of(const struct ip *ip)
{
	number v = 0;

	for (size_t i = 0; i < sizeof(ip->b); i++)
		v = v << 8 | ip->b[i];
	return v;
}

/* *bits: of 128. */
static bool parse(const char *cidr, struct ip *ip, unsigned *bits)
{
	if (!ip_parse_cidr(cidr, ip, bits))
		return false;
	if (ip->v4 && *bits <= 32)
		*bits += V4_BITS;
	return !ip->v4 || *bits >= V4_BITS;
}

struct cidr_set *cidr_set_new(const char *cluster, unsigned node_bits, struct err *err)
{
	struct ip ip;
	unsigned bits;

	if (!parse(cluster, &ip, &bits)) {
		err_set(err, REASON_INVALID, "invalid CIDR address: %s", cluster);
		return NULL;
	}
	unsigned written = ip.v4 ? bits - V4_BITS : bits;

	if (node_bits < written || node_bits > (ip.v4 ? 32 : 128)) {
		err_set(err, REASON_INVALID,
			"invalid CIDR %s, mask size of cluster CIDR must be less than or equal to --node-cidr-mask-size "
			"%u configured for CIDR family",
			cluster, node_bits);
		return NULL;
	}
	if (node_bits - written > SETS_BITS_MAX) {
		err_set(err, REASON_INVALID,
			"new CIDR set failed; the node CIDR size is too big: %s holds more than 65536 of /%u",
			cluster, node_bits);
		return NULL;
	}
	size_t n = (size_t)1 << (node_bits - written);
	struct cidr_set *s = mem_zalloc(sizeof(*s) + n / 8 + 1);

	s->first = ip_network(&ip, bits);
	s->cluster_bits = bits;
	s->node_bits = ip.v4 ? node_bits + V4_BITS : node_bits;
	s->n = n;
	return s;
}

void cidr_set_free(struct cidr_set *s)
{
	free(s);
}

bool cidr_set_is_v4(const struct cidr_set *s)
{
	return s->first.v4;
}

static bool is_used(const struct cidr_set *s, size_t i)
{
	return s->used[i / 8] >> (i % 8) & 1;
}

static void mark(struct cidr_set *s, size_t i, bool used)
{
	if (is_used(s, i) == used)
		return;
	s->used[i / 8] ^= (unsigned char)(1u << (i % 8));
	s->taken += used ? 1 : (size_t)-1;
}

static void write_cidr(const struct cidr_set *s, size_t i, char ret[CIDR_TEXT_MAX])
{
	number v = number_of(&s->first) | (number)i << (128 - s->node_bits);
	struct ip ip = s->first;
	char text[IP_TEXT_MAX];

	for (size_t k = sizeof(ip.b); k-- > 0; v >>= 8)
		ip.b[k] = (unsigned char)v;
	ip_format(&ip, text);
	snprintf(ret, CIDR_TEXT_MAX, "%s/%u", text, s->node_bits - (ip.v4 ? V4_BITS : 0));
}

bool cidr_set_next(struct cidr_set *s, char ret[CIDR_TEXT_MAX])
{
	if (s->taken == s->n)
		return false;
	while (is_used(s, s->next))
		s->next = (s->next + 1) % s->n;
	mark(s, s->next, true);
	write_cidr(s, s->next, ret);
	s->next = (s->next + 1) % s->n;
	return true;
}

/* Which of them a network touches. */
static bool span(const struct cidr_set *s, const char *cidr, size_t *first, size_t *last)
{
	struct ip ip;
	unsigned bits;

	if (!parse(cidr, &ip, &bits) || ip.v4 != s->first.v4)
		return false;
	unsigned shared = bits < s->cluster_bits ? bits : s->cluster_bits;
	struct ip a = ip_network(&ip, shared), b = ip_network(&s->first, shared);

	if (memcmp(a.b, b.b, sizeof(a.b)) != 0)
		return false;
	*first = 0;
	*last = s->n - 1;
	if (bits <= s->cluster_bits)
		return true;
	ip = ip_network(&ip, bits);
	number at = number_of(&ip) - number_of(&s->first);
	number end = bits >= 128 ? at : at | (((number)1 << (128 - bits)) - 1);

	*first = s->node_bits >= 128 ? (size_t)at : (size_t)(at >> (128 - s->node_bits));
	*last = s->node_bits >= 128 ? (size_t)end : (size_t)(end >> (128 - s->node_bits));
	return true;
}

static bool mark_all(struct cidr_set *s, const char *cidr, bool used)
{
	size_t first, last;

	if (!span(s, cidr, &first, &last))
		return false;
	for (size_t i = first; i <= last; i++)
		mark(s, i, used);
	return true;
}

bool cidr_set_occupy(struct cidr_set *s, const char *cidr)
{
	return mark_all(s, cidr, true);
}

bool cidr_set_release(struct cidr_set *s, const char *cidr)
{
	return mark_all(s, cidr, false);
}
