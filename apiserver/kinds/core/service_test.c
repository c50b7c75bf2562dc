/* SPDX-License-Identifier: Apache-2.0 */
/* The address families of Services (kubernetes/kubernetes pkg/registry/core/service/storage: initIPFamilyFields). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/causes_test.h"

static void families(void **state)
{
	static const struct {
		const char *spec, *want, *causes;
	} rows[] = {
		{"'clusterIP':'None'", "RequireDualStack [\"IPv4\",\"IPv6\"]", ""},
		{"'clusterIP':'None','selector':{}", "RequireDualStack [\"IPv4\",\"IPv6\"]", ""},
		{"'clusterIP':'None','ipFamilyPolicy':'SingleStack'", "SingleStack [\"IPv4\"]", ""},
		{"'clusterIP':'None','ipFamilyPolicy':'PreferDualStack','ipFamilies':['IPv6']",
		 "PreferDualStack [\"IPv6\",\"IPv4\"]", ""},
		{"'clusterIP':'None','selector':{'a':'b'}", "SingleStack [\"IPv4\"]", ""},
		{"'ports':[{'port':80}]", "SingleStack [\"IPv4\"]", ""},
		{"'clusterIP':'None','selector':{'a':'b'},'ipFamilyPolicy':'RequireDualStack'",
		 "RequireDualStack [\"IPv4\"]",
		 "spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": this cluster is not configured for dual-stack services\n"},
		{"'clusterIP':'None','selector':{'a':'b'},'ipFamilies':['IPv6']", "SingleStack [\"IPv6\"]",
		 "spec.ipFamilies[0]: Invalid value: \"IPv6\": not configured on this cluster\n"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *text = mem_printf("{'metadata':{'name':'s'},'spec':{%s}}", rows[i].spec);
		autobuf struct buf causes = BUF_INIT, got = BUF_INIT;
		autojson js *o = NULL;
		causes_of("", "Service", "", JSON(text), NULL, &causes, &o);
		buf_addf(&got, "%s ", js_str0(o, "spec", "ipFamilyPolicy", NULL));
		js_write(&got, js_arr(o, "spec", "ipFamilies", NULL));
		if (strcmp(buf_str(&got), rows[i].want) || strcmp(buf_str(&causes), rows[i].causes))
			fail_msg("%s: %s\n%s", rows[i].spec, buf_str(&got), buf_str(&causes));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(families)};
	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}
