/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "kinds/advice.h"
#include "object/json_test.h"

#define NON_STANDARD(what, s, use)                                                                           \
	"p: non-standard " what " \"" s                                                                      \
	"\" will be considered invalid in a future Kubernetes release: use \"" use "\"\n"
#define AMBIGUOUS(s, one, other)                                                                             \
	"p: CIDR value \"" s "\" is ambiguous in this context (should be \"" one "\" or \"" other "\"?)\n"
#define CANONICAL(what, s, use)                                                                              \
	"p: IPv6 " what " \"" s "\" should be in RFC 5952 canonical format (\"" use "\")\n"

static void add(void *arg, const char *text)
{
	buf_addf(arg, "%s\n", text);
}

static void spellings(void **state)
{
	static const struct {
		const char *s, *want;
	} rows[] = {
		{"1.2.3.4", ""},
		{"01.2.3.4", NON_STANDARD("IP address", "01.2.3.4", "1.2.3.4")},
		{"::ffff:1.2.3.4", NON_STANDARD("IP address", "::ffff:1.2.3.4", "1.2.3.4")},
		{"2001:db8::1", ""},
		{"::", ""},
		{"::1", ""},
		{"::102:304", ""},
		{"::1.2.3.4", CANONICAL("address", "::1.2.3.4", "::102:304")},
		{"2001:DB8::1", CANONICAL("address", "2001:DB8::1", "2001:db8::1")},
		{"2001:db8:0:0::1", CANONICAL("address", "2001:db8:0:0::1", "2001:db8::1")},
		{"2001:db8:0:1:1:1:1:1", ""},
		{"x", ""},
		{"1.2.3.0/24", ""},
		{"1.2.3.4/32", ""},
		{"1.2.3.4/24", AMBIGUOUS("1.2.3.4/24", "1.2.3.0/24", "1.2.3.4/32")},
		{"01.2.3.0/24", NON_STANDARD("CIDR value", "01.2.3.0/24", "1.2.3.0/24")},
		{"1.2.3.0/024", NON_STANDARD("CIDR value", "1.2.3.0/024", "1.2.3.0/24")},
		{"01.2.3.4/24", AMBIGUOUS("01.2.3.4/24", "1.2.3.0/24", "1.2.3.4/32")
					NON_STANDARD("CIDR value", "01.2.3.4/24", "1.2.3.0/24")},
		{"::ffff:1.2.3.0/120", NON_STANDARD("CIDR value", "::ffff:1.2.3.0/120", "1.2.3.0/24")},
		{"2001:db8::/64", ""},
		{"2001:db8::1/64", AMBIGUOUS("2001:db8::1/64", "2001:db8::/64", "2001:db8::1/128")},
		{"2001:DB8::/64", CANONICAL("CIDR value", "2001:DB8::/64", "2001:db8::/64")},
		{"2001:db8::/064", NON_STANDARD("CIDR value", "2001:db8::/064", "2001:db8::/64")},
		{"1.2.3.0/x", ""},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autobuf struct buf got = BUF_INIT;
		const struct strategy_ctx ctx = {.warn = add, .warn_arg = &got};
		(strchr(rows[i].s, '/') ? advice_cidr : advice_ip)(&ctx, rows[i].s, "p");
		assert_string_equal(buf_str(&got), rows[i].want);
	}
}

static void names(void **state)
{
	static const struct {
		const char *name, *want;
	} rows[] = {
		{"a-b", ""},
		{"a.b",
		 "metadata.name: this is used in X, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]\n"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autobuf struct buf got = BUF_INIT;
		const struct strategy_ctx ctx = {.warn = add, .warn_arg = &got};
		autojson js *o = js_new_obj();
		js_set_str(js_ensure(o, "metadata", NULL), "name", rows[i].name);
		advice_name(&ctx, o, "X");
		assert_string_equal(buf_str(&got), rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(spellings), cmocka_unit_test(names)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
