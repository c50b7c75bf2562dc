/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IP addresses and networks as fields of the API hold them (kubernetes/utils net ParseIPSloppy): either family, with
 * leading zeros in the parts of an IPv4 address, because fields older than Go's refusal of them keep taking them. Any thread.
 */
#ifndef OBJECT_IP_H
#define OBJECT_IP_H

#include <stdbool.h>

struct ip {
	unsigned char b[16]; /* IPv4 as ::ffff:a.b.c.d */
	bool v4;	     /* it is one, however it was written */
};
bool ip_parse(const char *s, struct ip *ret);
bool ip_parse_cidr(const char *s, struct ip *ret, unsigned *ret_bits);
/* As RFC 5952 has it; IPv4 as such, however it was written. */
#define IP_TEXT_MAX 46
void ip_format(const struct ip *ip, char out[IP_TEXT_MAX]);
/* Without what lies behind the first bits, of 128: an IPv4 network's are 96 more. */
struct ip ip_network(const struct ip *ip, unsigned bits);
extern const char ip_detail[], ip_cidr_detail[]; /* what upstream says of those that are none */

/* Addresses that mean something by themselves. */
enum ip_scope { IP_PLAIN, IP_UNSPECIFIED, IP_LOOPBACK, IP_LINK_LOCAL, IP_LINK_LOCAL_MULTICAST };
enum ip_scope ip_scope(const struct ip *ip);

#endif
