/* SPDX-License-Identifier: Apache-2.0 */
/* What metadata.generation counts: the content of an object, and of some kinds labels or annotations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "object/json_test.h"
#include "rest/rig_test.h"

#define SLICES "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
#define INGRESSES "/apis/networking.k8s.io/v1/namespaces/default/ingresses"
#define CLASSES "/apis/storage.k8s.io/v1/storageclasses"
#define DEVICES "/apis/resource.k8s.io/v1/deviceclasses"
#define LABEL "{'metadata':{'labels':{'a':'b'}}}"
#define ANNOTATION "{'metadata':{'annotations':{'a':'b'}}}"

static void test_generation(void **state)
{
	static const struct {
		const char *collection, *object, *rest, *patch;
		int64_t made, then;
	} rows[] = {
		/* no spec: all of it counts */
		{SLICES, "'addressType':'IPv4'", "", "{'endpoints':[{'addresses':['10.1.2.3']}]}", 1, 2},
		{SLICES, "'addressType':'IPv4'", "", LABEL, 1, 2},
		{SLICES, "'addressType':'IPv4'", "", ANNOTATION, 1, 1},
		{INGRESSES, "'spec':{'rules':[{}]}", "", "{'spec':{'rules':[{'host':'a'}]}}", 1, 2},
		{INGRESSES, "'spec':{'rules':[{}]}", "", LABEL, 1, 1},
		{INGRESSES, "'spec':{'rules':[{}]}", "/status",
		 "{'status':{'loadBalancer':{'ingress':[{'ip':'10.1.2.3'}]}}}", 1, 1},
		{DEVICES, "'spec':{}", "", "{'spec':{'selectors':[{'cel':{'expression':'true'}}]}}", 1, 2},
		/* has none */
		{CLASSES, "'provisioner':'p'", "", "{'allowVolumeExpansion':true}", 0, 0},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *body = mem_printf("{'metadata':{'name':'x'},%s}", rows[i].object);
		autofree char *item = mem_printf("%s/x", rows[i].collection);
		autofree char *target = mem_printf("%s%s", item, rows[i].rest);
		autoreply struct rig_reply made = rig_call(&rig, "POST", rows[i].collection, JSON(body));
		autoreply struct rig_reply then = rig_call(&rig, "PATCH", target, JSON(rows[i].patch));
		autoreply struct rig_reply gone = rig_call(&rig, "DELETE", item, NULL);
		if (made.status != 201 || then.status != 200 || gone.status != 200)
			fail_msg("%s: %s", target, buf_str(&then.text));
		assert_int_equal(js_int(made.body, 0, "metadata", "generation", NULL), rows[i].made);
		if (js_int(then.body, 0, "metadata", "generation", NULL) != rows[i].then)
			fail_msg("%s %s: %s", target, rows[i].patch, buf_str(&then.text));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_generation)};
	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
