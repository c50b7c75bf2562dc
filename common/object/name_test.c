/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "base/mem.h"
#include "object/name.h"

#define L63 "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabc"

static void tables(void **state)
{
	/* what must be in the answer; NULL = valid */
	static const struct {
		name_check *check;
		const char *value, *objection;
	} rows[] = {
		{name_check_dns1123_label, "a", NULL},
		{name_check_dns1123_label, "1-a", NULL},
		{name_check_dns1123_label, L63, NULL},
		{name_check_dns1123_label, L63 "x", "must be no more than 63 characters"},
		{name_check_dns1123_label, "a.b", "must not contain dots"},
		{name_check_dns1123_label, "", "a lowercase RFC 1123 label must consist of"},
		{name_check_dns1123_label, "A",
		 "(e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"},
		{name_check_dns1123_label, "-a", "start and end with an alphanumeric character"},
		{name_check_dns1123_subdomain, "a.b-c.1", NULL},
		{name_check_dns1123_subdomain, "a..b", "a lowercase RFC 1123 subdomain must consist of"},
		{name_check_dns1123_subdomain, "a.",
		 "(e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"},
		{name_check_dns1123_subdomain, "a_b", "subdomain"},
		{name_check_dns1123_subdomain, L63 L63 L63 L63 "abc", "must be no more than 253 characters"},
		{name_check_wildcard_subdomain, "*.a.b", NULL},
		{name_check_wildcard_subdomain, "*", "a wildcard DNS-1123 subdomain must start with '*.'"},
		{name_check_wildcard_subdomain, "*.*.a", "'\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0"},
		{name_check_wildcard_subdomain, "a.b", "followed by a valid DNS subdomain"},
		{name_check_wildcard_subdomain, "*." L63 L63 L63 L63, "must be no more than 253 characters"},
		{name_check_dns1123_subdomain_underscore, "_a._b_c.d", NULL},
		{name_check_dns1123_subdomain_underscore, "a_", "alphanumeric characters, '_', '-' or '.'"},
		{name_check_dns1123_subdomain_underscore, "__a",
		 "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0"},
		{name_check_dns1123_subdomain_underscore, "", "a lowercase RFC 1123 subdomain"},
		{name_check_dns1035_label, "a1-b", NULL},
		{name_check_dns1035_label, "1a", "start with an alphabetic character"},
		{name_check_dns1035_label, "", "a DNS-1035 label must consist of"},
		{name_check_qualified, "a", NULL},
		{name_check_qualified, "A_b.C-1", NULL},
		{name_check_qualified, "example.com/A", NULL},
		{name_check_qualified, "", "name part must be non-empty"},
		{name_check_qualified, "example.com/", "name part must be non-empty"},
		{name_check_qualified, "/a", "prefix part must be non-empty"},
		{name_check_qualified, "Example.com/a", "prefix part a lowercase RFC 1123 subdomain"},
		{name_check_qualified, "a/b/c",
		 "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"},
		{name_check_qualified, "a b", "name part must consist of alphanumeric characters"},
		{name_check_qualified, L63 "x", "name part must be no more than 63 characters"},
		{name_check_label_value, "", NULL},
		{name_check_label_value, "a.b_C", NULL},
		{name_check_label_value, "a b", "a valid label must be an empty string or consist of"},
		{name_check_label_value, "a-", "a valid label must be"},
		{name_check_label_value, L63 "x", "must be no more than 63 characters"},
		{name_check_path_segment, "a:b", NULL},
		{name_check_path_segment, ".", "may not be '.'"},
		{name_check_path_segment, "..", "may not be '..'"},
		{name_check_path_segment, "a/b", "may not contain '/'"},
		{name_check_path_segment, "a%b", "may not contain '%'"},
		{name_check_env_var, "A b-1", NULL},
		{name_check_env_var, "", "must be non-empty"},
		{name_check_env_var, "A=B", "other than '='"},
		{name_check_env_var, "A\xc3\xa9", "printable ASCII"},
		{name_check_port_name, "http-2", NULL},
		{name_check_port_name, "",
		 "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"},
		{name_check_port_name, "8080", "must contain at least one letter (a-z)"},
		{name_check_port_name, "a--b", "must not contain consecutive hyphens"},
		{name_check_port_name, "-a", "must not begin or end with a hyphen"},
		{name_check_port_name, "abcdefghijklmnop", "must be no more than 15 characters"},
		{name_check_config_key, "a.b_C-1", NULL},
		{name_check_config_key, ".a", NULL},
		{name_check_config_key, ".", "must not be '.'"},
		{name_check_config_key, "..", "must not be '..'"},
		{name_check_config_key, "..a", "must not start with '..'"},
		{name_check_config_key, "a b", "a valid config key must consist of"},
		{name_check_config_key, "", "a valid config key must consist of"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct name_faults f;
		autobuf struct buf got = BUF_INIT;

		rows[i].check(rows[i].value, &f);
		name_faults_join(&f, "; ", &got);
		if (rows[i].objection ? !strstr(buf_str(&got), rows[i].objection) : f.n)
			fail_msg("%s: %s", rows[i].value, f.n ? buf_str(&got) : "valid");
	}
}

/* A value that breaks several rules is told all of them, in upstream's order. */
static void each_fault_counts(void **state)
{
	static const struct {
		name_check *check;
		const char *value, *faults;
	} rows[] = {
		{name_check_dns1123_label, L63 "A", "must be no more than 63|a lowercase RFC 1123 label"},
		{name_check_dns1123_label, L63 ".x", "must be no more than 63|must not contain dots"},
		{name_check_dns1123_subdomain, L63 L63 L63 L63 "A.", "must be no more than 253|a lowercase"},
		{name_check_dns1035_label, "1" L63, "must be no more than 63|a DNS-1035 label"},
		{name_check_qualified, "", "name part must be non-empty|name part must consist"},
		{name_check_qualified, "A/",
		 "prefix part a low|name part must be non|name part must consist"},
		{name_check_qualified, L63 L63 L63 L63 "aA/" L63 "-",
		 "prefix part must be no|prefix part a low|name part must be no|name part must consist"},
		{name_check_qualified, "a/b/", "a qualified name"},
		{name_check_label_value, L63 "-", "must be no more than 63|a valid label"},
		{name_check_path_segment, "%/", "may not contain '/'|may not contain '%'"},
		{name_check_port_name, "-1--234567890123456-",
		 "must be no more than 15|must contain at least one|must not contain consec|must not begin"},
		{name_check_port_name, "", "must contain only|must contain at least one"},
		{name_check_config_key, L63 L63 L63 L63 "a ", "must be no more than 253|a valid config"},
		{name_check_config_key, ".. ", "a valid config|must not start with '..'"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct name_faults f;
		const char *want = rows[i].faults;

		rows[i].check(rows[i].value, &f);
		for (size_t k = 0; k < f.n; k++) {
			size_t n = strcspn(want, "|");

			if (!n || strncmp(f.v[k], want, n) != 0)
				fail_msg("%s: %s", rows[i].value, f.v[k]);
			want += n + (want[n] == '|');
		}
		assert_string_equal(want, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(tables), cmocka_unit_test(each_fault_counts)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
