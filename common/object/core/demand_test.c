/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "object/core/demand.h"
#include "object/json_test.h"

struct pod {
	struct pod_demand demand;
};
static const struct decode_row rows[] = {DECODE_DEMAND("spec", struct pod, demand)};
static const struct decode_spec pod_spec = DECODE_SPEC(struct pod, rows);

static struct pod *make(const char *spec)
{
	struct err err = ERR_INIT;
	autofree char *text = mem_printf("{\"spec\":%s}", spec);
	struct pod *p = decode_new(&pod_spec, text, strlen(text), &err);
	assert_non_null(p);
	return p;
}

#define MB (INT64_C(1) << 20)

static void test_sums(void **state)
{
	const struct {
		const char *spec;
		int64_t cpu, memory, nonzero_cpu, nonzero_memory;
	} cases[] = {
		{JSON("{'containers':[{}]}"), 0, 0, 100, 200 * MB},
		{JSON("{'containers':[{'resources':{'requests':{'cpu':'50m'}}},{}]}"), 50, 0, 150, 400 * MB},
		{JSON("{'containers':[{'resources':{'requests':{'cpu':0,'memory':0}}}]}"), 0, 0, 0, 0},
		{JSON("{'containers':[{}],'overhead':{'cpu':'10m'}}"), 10, 0, 110, 200 * MB},
		{JSON("{'containers':[{'resources':{'requests':{'cpu':'300m'}}}],'initContainers':["
		      "{'resources':{'requests':{'cpu':'100m'}}},"
		      "{'restartPolicy':'Always','resources':{'requests':{'cpu':'200m'}}},"
		      "{'resources':{'requests':{'cpu':'700m','memory':'1Mi'}}}]}"),
		 900, MB, 900, 400 * MB},
		{"{}", 0, 0, 0, 0},
		{"null", 0, 0, 0, 0},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		autofree struct pod *p = make(cases[i].spec);
		const struct pod_demand *d = &p->demand;
		if (d->requests.cpu_milli != cases[i].cpu || d->requests.memory != cases[i].memory ||
		    d->requests.pods != 1 || d->nonzero_cpu_milli != cases[i].nonzero_cpu ||
		    d->nonzero_memory != cases[i].nonzero_memory)
			fail_msg("%s", cases[i].spec);
	}
}

static void test_ports(void **state)
{
	autofree struct pod *p =
		make(JSON("{'containers':[{'ports':[{'hostPort':80},{'containerPort':81}]}],"
			  "'initContainers':[{'ports':[{'hostPort':82}]},"
			  "{'restartPolicy':'Always','ports':[{'hostPort':83,'hostIP':'1.2.3.4'}]}]}"));
	assert_int_equal(p->demand.n_ports, 2);
	assert_int_equal(p->demand.ports[0].port, 80);
	assert_int_equal(p->demand.ports[1].port, 83);
	assert_string_equal(p->demand.ports[1].ip, "1.2.3.4");
	autofree struct pod *host =
		make(JSON("{'hostNetwork':true,'containers':[{'ports':[{'containerPort':83}]}]}"));
	assert_int_equal(host->demand.n_ports, 1);
	assert_true(pod_demand_ports_conflict(&p->demand, &host->demand));
	autofree struct pod *none = make(JSON("{'containers':[{'ports':[{'containerPort':83}]}]}"));
	assert_false(pod_demand_ports_conflict(&p->demand, &none->demand));
}

static void test_the_rest_is_in_the_block(void **state)
{
	autofree struct pod *p =
		make(JSON("{'nodeSelector':{'a':'b'},'tolerations':[{'key':'k','operator':'Exists'}],"
			  "'affinity':{'nodeAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':"
			  "{'nodeSelectorTerms':[{'matchExpressions':[{'key':'x','operator':'Exists'}]}]}}},"
			  "'containers':[{'resources':{'requests':{'example.com/gpu':2}}}]}"));
	assert_string_equal(labels_get(p->demand.node_selector, "a"), "b");
	assert_string_equal(p->demand.tolerations[0].key, "k");
	assert_string_equal(p->demand.affinity->required[0].expressions[0].key, "x");
	assert_int_equal(p->demand.affinity->required[0].expressions[0].op, SELECTOR_EXISTS);
	assert_int_equal(resources_scalar(&p->demand.requests, "example.com/gpu"), 2);
	assert_null(decode_spec_check(&pod_spec));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_sums), cmocka_unit_test(test_ports),
					   cmocka_unit_test(test_the_rest_is_in_the_block)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
