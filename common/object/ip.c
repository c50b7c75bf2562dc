/* SPDX-License-Identifier: Apache-2.0 */
#include "object/ip.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

const char ip_detail[] = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
const char ip_cidr_detail[] = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";

static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

/* A decimal number up to max, leading zeros allowed; the place behind it, NULL when there is none. */
static const char *number(const char *s, unsigned max, unsigned *ret)
{
	unsigned v = 0;
	const char *p = s;

	for (; *p >= '0' && *p <= '9'; p++)
		if ((v = v * 10 + (unsigned)(*p - '0')) > max)
			return NULL;
	*ret = v;
	return p > s ? p : NULL;
}

static bool parse_v4(const char *s, unsigned char b[4])
{
	for (int i = 0; i < 4; i++) {
		unsigned v;

		if ((i && *s++ != '.') || !(s = number(s, 255, &v)))
			return false;
		b[i] = (unsigned char)v;
	}
	return !*s;
}

bool ip_parse(const char *s, struct ip *ret)
{
	struct ip ip;

	memcpy(ip.b, mapped, sizeof(mapped));
	if (!parse_v4(s, ip.b + sizeof(mapped)) && inet_pton(AF_INET6, s, ip.b) != 1)
		return false;
	ip.v4 = !memcmp(ip.b, mapped, sizeof(mapped));
	*ret = ip;
	return true;
}

bool ip_parse_cidr(const char *s, struct ip *ret, unsigned *ret_bits)
{
	char address[INET6_ADDRSTRLEN + 64]; /* and zeros */
	const char *slash = strchr(s, '/'), *end;
	unsigned bits;
	struct ip ip;

	if (!slash || (size_t)(slash - s) >= sizeof(address))
		return false;
	memcpy(address, s, (size_t)(slash - s));
	address[slash - s] = '\0';
	end = number(slash + 1, 128, &bits);
	if (!end || *end || !ip_parse(address, &ip) || (!strchr(address, ':') && bits > 32))
		return false;
	*ret = ip;
	*ret_bits = bits;
	return true;
}

void ip_format(const struct ip *ip, char out[IP_TEXT_MAX])
{
	static const unsigned char none[12];
	unsigned high = (unsigned)ip->b[12] << 8 | ip->b[13], low = (unsigned)ip->b[14] << 8 | ip->b[15];

	if (ip->v4)
		inet_ntop(AF_INET, ip->b + sizeof(mapped), out, IP_TEXT_MAX);
	else if (high && !memcmp(ip->b, none, sizeof(none)))
		snprintf(out, IP_TEXT_MAX, "::%x:%x", high, low); /* where inet_ntop would write dots */
	else
		inet_ntop(AF_INET6, ip->b, out, IP_TEXT_MAX);
}

struct ip ip_network(const struct ip *ip, unsigned bits)
{
	struct ip n = *ip;

	for (unsigned i = bits; i < 128; i++)
		n.b[i / 8] &= (unsigned char)~(0x80u >> i % 8);
	n.v4 = !memcmp(n.b, mapped, sizeof(mapped));
	return n;
}

enum ip_scope ip_scope(const struct ip *ip)
{
	static const unsigned char none[16], one[16] = {[15] = 1};
	const unsigned char *v4 = ip->b + sizeof(mapped);

	if (ip->v4 ? !memcmp(v4, none, 4) : !memcmp(ip->b, none, 16))
		return IP_UNSPECIFIED;
	if (ip->v4 ? v4[0] == 127 : !memcmp(ip->b, one, 16))
		return IP_LOOPBACK;
	if (ip->v4 ? v4[0] == 169 && v4[1] == 254 : ip->b[0] == 0xfe && (ip->b[1] & 0xc0) == 0x80)
		return IP_LINK_LOCAL;
	if (ip->v4 ? v4[0] == 224 && !v4[1] && !v4[2] : ip->b[0] == 0xff && (ip->b[1] & 0x0f) == 2)
		return IP_LINK_LOCAL_MULTICAST;
	return IP_PLAIN;
}
