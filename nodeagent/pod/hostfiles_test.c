/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "pod/hostfiles.h"
#include "pod/make_test.h"

#define POD(meta, spec)                                                                                      \
	"{\"metadata\":{\"name\":\"" meta "\",\"namespace\":\"ns\",\"uid\":\"u\"},\"spec\":{" spec           \
	"\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}"
#define NAME_70 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgg.hhhhhhhh"

static void test_hostname(void **state)
{
	static const struct {
		const char *pod, *want;
	} rows[] = {
		{POD("web", ""), "web"},
		{POD("web", "\"hostname\":\"other\","), "other"},
		{POD(NAME_70, ""), "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgg"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct pod *p = make_pod(rows[i].pod);
		char name[64];
		hostfiles_hostname(p, name);
		assert_string_equal(name, rows[i].want);
		free_pod(p);
	}
}

static void test_nodename(void **state)
{
	static const struct {
		const char *pod, *want;
	} rows[] = {
		{POD("web", "\"subdomain\":\"sub\","), "web"},
		{POD("web", "\"setHostnameAsFQDN\":true,"), "web"},
		{POD("web", "\"hostname\":\"h\",\"subdomain\":\"sub\",\"setHostnameAsFQDN\":true,"),
		 "h.sub.ns.svc.cluster.local"},
		{POD("a2345678901234567890123456789012345678902",
		     "\"subdomain\":\"s\",\"setHostnameAsFQDN\":true,"),
		 "a2345678901234567890123456789012345678902.s.ns.svc.cluster.local"},
		{POD("a23456789012345678901234567890123456789023",
		     "\"subdomain\":\"s\",\"setHostnameAsFQDN\":true,"),
		 "failed to construct FQDN from pod hostname and cluster domain, FQDN "
		 "a23456789012345678901234567890123456789023.s.ns.svc.cluster.local is too long (64 characters is the max, 65 "
		 "characters requested)"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct pod *p = make_pod(rows[i].pod);
		char name[HOSTFILES_NAME_MAX];
		struct err err = ERR_INIT;
		int rc = hostfiles_nodename(p, "cluster.local", name, &err);
		assert_string_equal(rc < 0 ? err.msg : name, rows[i].want);
		free_pod(p);
	}
}

static void test_hosts(void **state)
{
	const char *ips[RUNTIME_IPS_MAX] = {"10.0.0.5", ""};
	static const char head[] =
		"# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n"
		"::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\n"
		"fe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n";
	static const struct {
		const char *pod, *want;
		bool with_head;
	} rows[] = {
		{POD("web", ""), "10.0.0.5\tweb\n", true},
		{POD("web", "\"hostname\":\"h\",\"subdomain\":\"sub\","),
		 "10.0.0.5\th.sub.ns.svc.cluster.local\th\n", true},
		{POD("web", "\"hostAliases\":[{\"ip\":\"1.1.1.1\",\"hostnames\":[\"a\",\"b\"]}],"),
		 "10.0.0.5\tweb\n\n# Entries added by HostAliases.\n1.1.1.1\ta\tb\n", true},
		{POD("web", "\"hostNetwork\":true,"),
		 "# Kubernetes-managed hosts file (host network).\n127.0.0.1 me\n", false},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct pod *p = make_pod(rows[i].pod);
		autobuf struct buf b = BUF_INIT, want = BUF_INIT;
		hostfiles_hosts(&b, p, ips, "cluster.local", "127.0.0.1 me\n");
		buf_addf(&want, "%s%s", rows[i].with_head ? head : "", rows[i].want);
		assert_string_equal(buf_str(&b), buf_str(&want));
		free_pod(p);
	}
}

#define HOST_RESOLV "# comment\nnameserver 9.9.9.9\nsearch lan example.com\noptions timeout:2\n"

static void test_resolv(void **state)
{
	static const struct {
		const char *pod, *dns, *want;
	} rows[] = {
		{POD("w", ""), "10.96.0.10",
		 "search ns.svc.cluster.local svc.cluster.local cluster.local lan example.com\nnameserver 10.96.0.10\n"
		 "options ndots:5\n"},
		/* Without a cluster DNS, and for what the policy says, the host's own. */
		{POD("w", ""), "", "search lan example.com\nnameserver 9.9.9.9\noptions timeout:2\n"},
		{POD("w", "\"dnsPolicy\":\"Default\","), "10.96.0.10",
		 "search lan example.com\nnameserver 9.9.9.9\noptions timeout:2\n"},
		{POD("w", "\"hostNetwork\":true,"), "10.96.0.10",
		 "search lan example.com\nnameserver 9.9.9.9\noptions timeout:2\n"},
		{POD("w", "\"hostNetwork\":true,\"dnsPolicy\":\"ClusterFirstWithHostNet\","), "10.96.0.10",
		 "search ns.svc.cluster.local svc.cluster.local cluster.local lan example.com\nnameserver 10.96.0.10\n"
		 "options ndots:5\n"},
		{POD("w",
		     "\"dnsPolicy\":\"None\",\"dnsConfig\":{\"nameservers\":[\"1.1.1.1\",\"2.2.2.2\",\"3.3.3.3\",\"4.4.4.4\"],"
		     "\"searches\":[\"x.y\"],\"options\":[{\"name\":\"ndots\",\"value\":\"2\"},{\"name\":\"rotate\"}]},"),
		 "10.96.0.10",
		 "search x.y\nnameserver 1.1.1.1\nnameserver 2.2.2.2\nnameserver 3.3.3.3\noptions ndots:2 rotate\n"},
		{POD("w", "\"dnsConfig\":{\"options\":[{\"name\":\"ndots\",\"value\":\"2\"}]},"),
		 "10.96.0.10",
		 "search ns.svc.cluster.local svc.cluster.local cluster.local lan example.com\nnameserver 10.96.0.10\n"
		 "options ndots:2\n"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct pod *p = make_pod(rows[i].pod);
		autobuf struct buf b = BUF_INIT;
		const struct hostfiles_dns dns = {rows[i].dns, "cluster.local", HOST_RESOLV};
		hostfiles_resolv(&b, p, &dns);
		assert_string_equal(buf_str(&b), rows[i].want);
		free_pod(p);
	}
}

/* Domains of 200, 300 and 200 … characters: one that is too long is left out alone, one too many ends the list. */
static void test_search_limits(void **state)
{
	static const struct {
		size_t long_ones, n; /* of 200 characters, then short ones */
		size_t want;
	} rows[] = {{0, 40, 32}, {10, 5, 10}, {11, 5, 10}, {9, 30, 32}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autobuf struct buf text = BUF_INIT, out = BUF_INIT;
		buf_addf(&text,
			 "{\"metadata\":{\"name\":\"w\",\"namespace\":\"ns\",\"uid\":\"u\"},\"spec\":{"
			 "\"containers\":[{\"name\":\"a\",\"image\":\"i\"}],\"dnsPolicy\":\"None\","
			 "\"dnsConfig\":{\"searches\":[\"%0300d\"",
			 0);
		for (size_t k = 0; k < rows[i].long_ones; k++)
			buf_addf(&text, ",\"%0200zu\"", k);
		for (size_t k = 0; k < rows[i].n; k++)
			buf_addf(&text, ",\"%s%zu\"",
				 rows[i].long_ones > 9 ? "a-name-of-some-length-that-does-not-fit-" : "s", k);
		buf_adds(&text, "]}}}");
		struct pod *p = make_pod(buf_str(&text));
		const struct hostfiles_dns dns = {"", "", ""};
		hostfiles_resolv(&out, p, &dns);
		size_t words = 0;
		for (const char *c = buf_str(&out); *c && *c != '\n'; c++)
			words += *c == ' ';
		assert_int_equal(words, rows[i].want);
		assert_true(strcspn(buf_str(&out), "\n") <= strlen("search ") + 2048);
		free_pod(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_hostname), cmocka_unit_test(test_nodename),
					   cmocka_unit_test(test_hosts), cmocka_unit_test(test_resolv),
					   cmocka_unit_test(test_search_limits)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
