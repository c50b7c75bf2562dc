/* SPDX-License-Identifier: Apache-2.0 */
/* What EndpointSlices are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "kinds/causes_test.h"

#define SLICE(type, endpoints, ports)                                                                        \
	"discovery.k8s.io", "EndpointSlice",                                                                 \
		JSON("{'addressType':'" type "','endpoints':[" endpoints "],'ports':[" ports "]}")
#define AT(text, rest) "{'addresses':['" text "']" rest "}"
#define FIRST "endpoints[0].addresses[0]: "
#define IP_TEXT "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)\n"

static void test_addresses(void **state)
{
	const struct causes_row rows[] = {
		{SLICE("IPv4", AT("10.1.2.3", ""), ""), ""},
		{SLICE("IPv6", AT("2001:db8::1", ""), ""), ""},
		{SLICE("FQDN", AT("a.example.com.", ""), ""), ""},
		{SLICE("IPv4", AT("2001:db8::1", ""), ""),
		 "endpoints[0].addresses: Invalid value: \"2001:db8::1\": must be an IPv4 address\n"},
		{SLICE("IPv6", AT("10.1.2.3", ""), ""),
		 "endpoints[0].addresses: Invalid value: \"10.1.2.3\": must be an IPv6 address\n"},
		/* version 6 has one spelling, version 4 any */
		{SLICE("IPv6", AT("2001:DB8::1", ""), ""),
		 FIRST "Invalid value: \"2001:DB8::1\": must be in canonical form (\"2001:db8::1\")\n"},
		{SLICE("IPv4", AT("10.1.2.003", ""), ""), ""},
		{SLICE("IPv4", AT("x", ""), ""), FIRST "Invalid value: \"x\": " IP_TEXT},
		{SLICE("IPv4", AT("127.0.0.1", "") "," AT("0.0.0.0", "") "," AT("169.254.1.1", ""), ""), FIRST
		 "Invalid value: \"127.0.0.1\": may not be in the loopback range (127.0.0.0/8, ::1/128)\n"
		 "endpoints[1].addresses[0]: Invalid value: \"0.0.0.0\": may not be unspecified (0.0.0.0)\n"
		 "endpoints[2].addresses[0]: Invalid value: \"169.254.1.1\": may not be in the link-local range (169.254.0.0/16, fe80::/10)\n"},
		{SLICE("FQDN", AT("", "") "," AT("a_b", "") "," AT("host", ""), ""), FIRST
		 "Required value\n"
		 "endpoints[1].addresses[0]: Invalid value: \"a_b\": a lowercase RFC 1123 subdomain must consist …\n"
		 "endpoints[2].addresses[0]: Invalid value: \"host\": should be a domain with at least two segments separated by dots\n"},
		{SLICE("FQDN",
		       AT("a.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
			  ""),
		       ""),
		 FIRST
		 "Invalid value: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\": must be no more than 63 characters\n"},
		{SLICE("x", AT("x", ""), ""),
		 "addressType: Unsupported value: \"x\": supported values: \"FQDN\", \"IPv4\", \"IPv6\"\n"},
		{SLICE("", "{}", ""),
		 "addressType: Required value\n"
		 "endpoints[0].addresses: Required value: must contain at least 1 address\n"},
	};
	causes_check(rows, ARRAY_LEN(rows));
}

static void test_endpoints(void **state)
{
	const struct causes_row rows[] = {
		{SLICE("IPv4", AT("10.1.2.3", ",'hostname':'A.b','nodeName':'a_b'"), ""),
		 "endpoints[0].hostname: Invalid value: \"A.b\": a lowercase RFC 1123 label must consist …\n"
		 "endpoints[0].nodeName: Invalid value: \"a_b\": a lowercase RFC 1123 subdomain must consist …\n"},
		{SLICE("IPv4", AT("10.1.2.3", ",'deprecatedTopology':{'a b':'c d'}"), ""), ""},
		{SLICE("IPv4",
		       AT("10.1.2.3",
			  ",'hints':{'forZones':[{'name':'a'},{'name':'a'},{'name':'b c'}],'forNodes':[{'name':'n'},{'name':'n'},{'name':''}]}"),
		       ""),
		 "endpoints[0].hints.forNodes[1].name: Duplicate value: \"n\"\n"
		 "endpoints[0].hints.forNodes[2].name: Invalid value: \"\": a lowercase RFC 1123 subdomain must consist …\n"
		 "endpoints[0].hints.forZones[1].name: Duplicate value: \"a\"\n"
		 "endpoints[0].hints.forZones[2].name: Invalid value: \"b c\": a valid label must be an empty string or consist …\n"},
		{SLICE("IPv4",
		       AT("10.1.2.3",
			  ",'hints':{'forZones':[{'name':'1'},{'name':'2'},{'name':'3'},{'name':'4'},{'name':'5'},{'name':'6'},{'name':'7'},{'name':'8'},{'name':'9'}]}"),
		       ""),
		 "endpoints[0].hints.forZones: Too many: 9: must have at most 8 items\n"},
		{SLICE("IPv4", "",
		       "{},{'name':''},{'name':'a'},{'name':'a','protocol':'x'},{'name':'A','appProtocol':'a b'}"),
		 "ports[1].name: Duplicate value: \"\"\n"
		 "ports[3].name: Duplicate value: \"a\"\n"
		 "ports[3].protocol: Unsupported value: \"x\": supported values: \"SCTP\", \"TCP\", \"UDP\"\n"
		 "ports[4].appProtocol: Invalid value: \"a b\": name part must consist …\n"
		 "ports[4].name: Invalid value: \"A\": a lowercase RFC 1123 label must consist …\n"},
	};
	causes_check(rows, ARRAY_LEN(rows));
}

/* n items of a list, each the same text. */
static char *many(const char *lead, const char *item, size_t n, const char *tail)
{
	struct buf b = BUF_INIT;

	buf_adds(&b, lead);
	for (size_t i = 0; i < n; i++)
		buf_addf(&b, "%s%s", i ? "," : "", item);
	buf_adds(&b, tail);
	return buf_take(&b, NULL);
}

/* What is too much is not looked into. */
static void test_too_many(void **state)
{
	autofree char *endpoints = many("{\"addressType\":\"IPv4\",\"endpoints\":[", "{}", 1001, "]}");
	autofree char *ports = many("{\"addressType\":\"IPv4\",\"ports\":[", "{}", 20001, "]}");
	autofree char *addresses = many("{\"addressType\":\"IPv4\",\"endpoints\":[{\"addresses\":[",
					"\"10.1.2.3\"", 101, "]}]}");
	const struct causes_row rows[] = {
		{"discovery.k8s.io", "EndpointSlice", endpoints,
		 "endpoints: Too many: 1001: must have at most 1000 items\n"},
		{"discovery.k8s.io", "EndpointSlice", ports,
		 "ports: Too many: 20001: must have at most 20000 items\n"},
		{"discovery.k8s.io", "EndpointSlice", addresses,
		 "endpoints[0].addresses: Too many: 101: must have at most 100 items\n"},
	};
	causes_check(rows, ARRAY_LEN(rows));
}

#define OF "discovery.k8s.io", "EndpointSlice", ""
static void test_update(void **state)
{
	const struct causes_update rows[] = {
		{OF, "{'addressType':'IPv6','endpoints':[]}", "{'addressType':'IPv4','endpoints':[]}",
		 "addressType: Invalid value: \"IPv6\": field is immutable\n"},
		/* as they were: not judged again */
		{OF, "{'addressType':'IPv4','endpoints':[{'addresses':['x']}],'ports':[{'name':'a'}]}",
		 "{'addressType':'IPv4','endpoints':[{'addresses':['x']}]}", ""},
		{OF, "{'addressType':'IPv4','endpoints':[{'addresses':['y']}]}",
		 "{'addressType':'IPv4','endpoints':[{'addresses':['x']}]}",
		 FIRST "Invalid value: \"y\": " IP_TEXT},
	};
	causes_check_updates(rows, ARRAY_LEN(rows));
}

static void test_stored(void **state)
{
	static const struct causes_stored rows[] = {
		{OF,
		 "{'addressType':'IPv4','ports':[{'port':80}],'endpoints':[{'addresses':['10.1.2.3'],'deprecatedTopology':{'a':'b'}}]}",
		 "{'metadata':{},'addressType':'IPv4','endpoints':[{'addresses':['10.1.2.3'],'conditions':{}}],"
		 "'ports':[{'name':'','protocol':'TCP','port':80}]}"},
	};
	causes_check_stored(rows, ARRAY_LEN(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses), cmocka_unit_test(test_endpoints),
		cmocka_unit_test(test_too_many),  cmocka_unit_test(test_update),
		cmocka_unit_test(test_stored),
	};
	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}
