/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "object/core/qos.h"
#include "object/json_test.h"

static void test_classes(void **state)
{
	const struct {
		const char *containers[2], *want;
	} rows[] = {
		{{"{}", "{}"}, "BestEffort"},
		{{JSON("{'requests':{'cpu':0}}"), NULL}, "BestEffort"},
		{{JSON("{'requests':{'example.com/gpu':1},'limits':{'example.com/gpu':1}}"), NULL},
		 "BestEffort"},
		{{JSON("{'limits':{'cpu':1,'memory':1},'requests':{'cpu':1,'memory':1}}"), NULL},
		 "Guaranteed"},
		{{JSON("{'limits':{'cpu':1,'memory':1},'requests':{'cpu':1,'memory':1}}"), "{}"},
		 "Burstable"},
		{{JSON("{'limits':{'cpu':1,'memory':1},'requests':{'cpu':'1000m','memory':1}}"),
		  JSON("{'limits':{'cpu':'2','memory':'2'},'requests':{'cpu':2,'memory':2}}")},
		 "Guaranteed"},
		{{JSON("{'limits':{'cpu':1,'memory':1},'requests':{'cpu':'500m','memory':1}}"), NULL},
		 "Burstable"},
		{{JSON("{'limits':{'cpu':1},'requests':{'cpu':1}}"), NULL}, "Burstable"},
		{{JSON("{'requests':{'memory':1}}"), NULL}, "Burstable"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct qos q = {0};
		for (size_t k = 0; k < 2 && rows[i].containers[k]; k++) {
			struct err err = ERR_INIT;
			const char *text = rows[i].containers[k];
			autofree struct resource_requirements *r =
				decode_new(&resources_requirements_spec, text, strlen(text), &err);
			qos_add(&q, r);
		}
		assert_string_equal(qos_class_name(qos_class(&q)), rows[i].want);
	}
}

static void test_amounts_beyond_reason(void **state)
{
	struct qos q = {0};
	for (int i = 0; i < 100; i++)
		qos_add_amounts(&q, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX);
	assert_int_equal(qos_class(&q), QOS_GUARANTEED);
	qos_add_amounts(&q, -1, -1, -1, -1);
	assert_int_equal(qos_class(&q), QOS_BURSTABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_classes),
					   cmocka_unit_test(test_amounts_beyond_reason)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
