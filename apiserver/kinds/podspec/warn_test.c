/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "kinds/podspec/podspec.h"
#include "object/json_test.h"

#define ONE "'containers':[{'name':'c','image':'i'}]"
#define ENV(second) "'initContainers':[{'name':'c','env':[{'name':'A','value':'x'},{'name':'A'," second "}]}]"
#define HIDDEN                                                                                               \
	"initContainers[0].env[1]: hides previous definition of \"A\", which may be dropped when using apply\n"
#define SECCOMP "non-functional in v1.27+; use the \"seccompProfile\" field instead\n"
#define APPARMOR "container.apparmor.security.beta.kubernetes.io/c"

static void add(void *arg, const char *text)
{
	buf_addf(arg, "%s\n", text);
}

static void warnings(void **state)
{
	static const struct {
		const char *base, *annotations, *spec, *want;
	} rows[] = {
		{"", "", ONE, ""},
		{"", "'scheduler.alpha.kubernetes.io/critical-pod':''", ONE,
		 "metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use the \"priorityClassName\" field instead\n"},
		{"", "", "'volumes':[{'emptyDir':{}},{'gitRepo':{}}]",
		 "spec.volumes[1].gitRepo: deprecated in v1.11\n"},
		{"", "", "'hostAliases':[{'ip':'1.1.1.1'},{'ip':'1.1.1.2'},{'ip':'1.1.1.1'}]",
		 "spec.hostAliases[2].ip: duplicate ip \"1.1.1.1\"\n"},
		{"", "", "'imagePullSecrets':[{'name':'a'},{'name':'a'},{}]",
		 "spec.imagePullSecrets[1].name: duplicate name \"a\"\nspec.imagePullSecrets[2].name: invalid empty name \"\"\n"},
		{"", "'seccomp.security.alpha.kubernetes.io/pod':'x'", ONE,
		 "metadata.annotations[seccomp.security.alpha.kubernetes.io/pod]: " SECCOMP},
		{"", "'seccomp.security.alpha.kubernetes.io/pod':'x'",
		 "'securityContext':{'seccompProfile':{}}," ONE, ""},
		{"", "'container.seccomp.security.alpha.kubernetes.io/c':'x'", ONE,
		 "metadata.annotations[container.seccomp.security.alpha.kubernetes.io/c]: " SECCOMP},
		{"", "'" APPARMOR "':'unconfined'", ONE, ""}, /* told of elsewhere */
		{"spec.template.", "'" APPARMOR "':'unconfined'", ONE,
		 "spec.template.metadata.annotations[" APPARMOR
		 "]: deprecated since v1.30; use the \"appArmorProfile\" field instead\n"},
		{"spec.template.", "'" APPARMOR "':'unconfined'",
		 "'securityContext':{'appArmorProfile':{}}," ONE, ""},
		{"", "", ENV("'value':'y'"), "spec." HIDDEN},
		{"", "", ENV("'value':'$(A)'"), "spec." HIDDEN},
		{"", "", ENV("'valueFrom':{}"), "spec." HIDDEN},
		{"", "", ENV("'value':'$(A)y'"), ""},
		{"spec.template.", "", ENV("'value':'y'"), "spec.template.spec." HIDDEN},
		{"", "",
		 "'containers':[{'ports':[{'containerPort':1},{'containerPort':2},{'containerPort':1}]}]",
		 "spec.containers[0].ports[2]: duplicate port definition with spec.containers[0].ports[0]\n"},
		{"", "", "'terminationGracePeriodSeconds':-1",
		 "spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1\n"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		autobuf struct buf got = BUF_INIT;
		autofree char *text = mem_printf("{'metadata':{'annotations':{%s}},'spec':{%s}}",
						 rows[i].annotations, rows[i].spec);
		for (char *p = text; *p; p++)
			if (*p == '\'')
				*p = '"';
		autojson js *o = js_parse(text, strlen(text), NULL, &err);
		assert_non_null(o);
		podspec_warn(js_obj(o, "metadata", NULL), js_obj(o, "spec", NULL), rows[i].base, add, &got);
		if (strcmp(buf_str(&got), rows[i].want))
			fail_msg("%s: %s", text, buf_str(&got));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(warnings)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
