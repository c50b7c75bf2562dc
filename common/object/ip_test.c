/* SPDX-License-Identifier: Apache-2.0 */
#include "object/ip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/mem.h"

static void addresses(void **state)
{
	static const struct {
		const char *s;
		bool ok, v4;
		enum ip_scope scope;
	} rows[] = {
		{"10.9.8.7", true, true, IP_PLAIN},
		{"010.0009.8.7", true, true, IP_PLAIN},
		{"::ffff:1.2.3.4", true, true, IP_PLAIN},
		{"2001:db8::ffff", true, false, IP_PLAIN},
		{"0.0.0.0", true, true, IP_UNSPECIFIED},
		{"0::0", true, false, IP_UNSPECIFIED},
		{"127.255.0.1", true, true, IP_LOOPBACK},
		{"::1", true, false, IP_LOOPBACK},
		{"169.254.1.1", true, true, IP_LINK_LOCAL},
		{"febf::1", true, false, IP_LINK_LOCAL},
		{"fec0::1", true, false, IP_PLAIN},
		{"224.0.0.255", true, true, IP_LINK_LOCAL_MULTICAST},
		{"224.0.1.1", true, true, IP_PLAIN},
		{"ff02::1", true, false, IP_LINK_LOCAL_MULTICAST},
		{"", false, false, IP_PLAIN},
		{"10.9.8", false, false, IP_PLAIN},
		{"10.9.8.256", false, false, IP_PLAIN},
		{"10.9.8.7.6", false, false, IP_PLAIN},
		{"10.9.8.99999999999999999999", false, false, IP_PLAIN},
		{"fe80::1%eth0", false, false, IP_PLAIN},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ip ip;

		if (ip_parse(rows[i].s, &ip) != rows[i].ok ||
		    (rows[i].ok && (ip.v4 != rows[i].v4 || ip_scope(&ip) != rows[i].scope)))
			fail_msg("%s", rows[i].s);
	}
}

static void networks(void **state)
{
	static const struct {
		const char *s;
		int bits; /* -1: none */
	} rows[] = {
		{"10.9.8.0/24", 24},	     {"10.9.8.7/024", 24}, {"2001:db8::/64", 64},
		{"::ffff:1.2.3.4/120", 120}, {"0.0.0.0/0", 0},	   {"10.9.8.0/33", -1},
		{"10.9.8.0/", -1},	     {"10.9.8.0/8x", -1},  {"10.9.8.0", -1},
		{"10.9.8.0/-1", -1},	     {"x/8", -1},	   {"::/129", -1},
		{"10.9.8.0/8/8", -1},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ip ip;
		unsigned bits;
		bool ok = ip_parse_cidr(rows[i].s, &ip, &bits);

		if (ok != (rows[i].bits >= 0) || (ok && bits != (unsigned)rows[i].bits))
			fail_msg("%s", rows[i].s);
	}
}

static void texts(void **state)
{
	static const struct {
		const char *s;
		unsigned bits;
		const char *text, *network;
	} rows[] = {
		{"010.1.2.3", 120, "10.1.2.3", "10.1.2.0"},
		{"::ffff:1.2.3.4", 128, "1.2.3.4", "1.2.3.4"},
		{"::ffff:1.2.3.4", 80, "1.2.3.4", "::"},
		{"::1.2.3.4", 112, "::102:304", "::102:0"},
		{"::0.0.3.4", 128, "::304", "::304"},
		{"2001:DB8:0:0:0::1", 32, "2001:db8::1", "2001:db8::"},
		{"1:0:0:2:0:0:0:3", 0, "1:0:0:2::3", "::"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[IP_TEXT_MAX];
		struct ip ip;
		assert_true(ip_parse(rows[i].s, &ip));
		ip_format(&ip, text);
		assert_string_equal(text, rows[i].text);
		ip = ip_network(&ip, rows[i].bits);
		ip_format(&ip, text);
		assert_string_equal(text, rows[i].network);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(addresses), cmocka_unit_test(networks),
					   cmocka_unit_test(texts)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
