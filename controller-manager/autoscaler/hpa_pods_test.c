/* SPDX-License-Identifier: Apache-2.0 */
/* What Pods ask for, as an autoscaler sees it: upstream's TestCalculateRequests, and init containers under a Pod's own word. */
#include "autoscaler/hpa_pods.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "base/mem.h"
#include "object/json_test.h"

#define ONE "{'name':'one','resources':{'requests':{'cpu':'100m'}}}"
#define TWO "{'name':'two','resources':{'requests':{'cpu':'50m','memory':'1Ki'}}}"
#define BARE "{'name':'one'}"

static const struct {
	const char *name, *spec, *container, *resource;
	int64_t want; /* -1: refused */
	const char *error;
} rows[] = {
	{"a sum", "{'containers':[" ONE "," TWO "]}", "", "cpu", 150, NULL},
	{"the Pod's own word", "{'resources':{'requests':{'cpu':'800m'}},'containers':[" ONE "," TWO "]}", "",
	 "cpu", 800, NULL},
	{"one does not say", "{'containers':[" BARE "," TWO "]}", "", "cpu", -1,
	 "missing request for cpu in container one of Pod p"},
	{"it need not under the Pod's word",
	 "{'resources':{'requests':{'cpu':'800m'}},'containers':[" BARE "," TWO "]}", "", "cpu", 800, NULL},
	{"one container", "{'containers':[" ONE "," TWO "]}", "one", "cpu", 100, NULL},
	{"one container, whatever the Pod says",
	 "{'resources':{'requests':{'cpu':'800m'}},'containers':[" ONE "," TWO "]}", "one", "cpu", 100, NULL},
	{"init containers that run on",
	 "{'containers':[" ONE "],'initContainers':[{'name':'i','resources':{'requests':{'cpu':'20m'}}},"
	 "{'name':'s','restartPolicy':'Always','resources':{'requests':{'cpu':'50m'}}}]}",
	 "", "cpu", 150, NULL},
	{"an init container by name is none", "{'containers':[" ONE "],'initContainers':[" TWO "]}", "two",
	 "cpu", 0, NULL},
	{"bytes in thousandths", "{'containers':[" TWO "]}", "", "memory", 1024000, NULL},
	{"of what the Pod does not name, the containers' sum",
	 "{'resources':{'requests':{'cpu':'1'}},'containers':[" ONE "," TWO "]}", "", "memory", 1024000,
	 NULL},
	{"or their start",
	 "{'resources':{'requests':{'memory':'1'}},'containers':[" ONE "],'initContainers':["
	 "{'name':'s','restartPolicy':'Always','resources':{'requests':{'cpu':'50m'}}},"
	 "{'name':'i','resources':{'requests':{'cpu':'200m'}}}]}",
	 "", "cpu", 250, NULL},
	{"and the overhead",
	 "{'overhead':{'cpu':'7m'},'resources':{'requests':{'cpu':'800m'}},'containers':[" ONE "]}", "",
	 "cpu", 807, NULL},
	{"without a word of its own there is none", "{'overhead':{'cpu':'7m'},'containers':[" ONE "]}", "",
	 "cpu", 100, NULL},
	{"nobody says", "{'resources':{'requests':{'cpu':'1'}},'containers':[" ONE "]}", "", "memory", -1,
	 "missing pod-level request for memory in Pod p"},
	{"limits alone are no word", "{'resources':{'limits':{'cpu':'1'}},'containers':[" ONE "]}", "", "cpu",
	 100, NULL},
	{"nor is another resource", "{'resources':{'requests':{'example.com/a':'1'}},'containers':[" ONE "]}",
	 "", "cpu", 100, NULL},
};

static void test_requests(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct hpa_pods pods = {0};
		struct err err = ERR_INIT;
		autofree char *spec = mem_strdup(JSON(rows[i].spec));
		autofree char *text =
			mem_printf("{\"items\":[{\"metadata\":{\"name\":\"p\"},\"spec\":%s}]}", spec);
		int64_t got = -1;

		assert_int_equal(hpa_pods_add(&pods, text, strlen(text), &err), 0);
		int rc = hpa_pods_request(pods.v[0], rows[i].container, rows[i].resource, &got, &err);

		if (rc != (rows[i].want < 0 ? -1 : 0) || (rc == 0 && got != rows[i].want))
			print_error("%s: %lld %s\n", rows[i].name, (long long)got, err.msg);
		assert_int_equal(rc, rows[i].want < 0 ? -1 : 0);
		if (rc == 0)
			assert_int_equal(got, rows[i].want);
		else
			assert_string_equal(err.msg, rows[i].error);
		hpa_pods_release(&pods);
	}
}

static void test_table(void **state)
{
	assert_null(decode_spec_check(&hpa_pods_page_spec));
}

static void test_not_a_list(void **state)
{
	struct hpa_pods pods = {0};
	struct err err = ERR_INIT;

	assert_int_equal(hpa_pods_add(&pods, "[", 1, &err), -1);
	assert_int_equal(hpa_pods_add(&pods, "{}", 2, &err), 0);
	assert_int_equal(pods.n, 0);
	hpa_pods_release(&pods);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_requests), cmocka_unit_test(test_table),
					   cmocka_unit_test(test_not_a_list)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
