/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "object/core/affinity.h"

struct pod {
	struct labels *selector;
	struct node_affinity *affinity;
};
static const struct decode_row rows[] = {
	DECODE_LABELS("nodeSelector", struct pod, selector),
	DECODE_POINTER("affinity.nodeAffinity", struct pod, affinity, &node_affinity_spec),
};
static const struct decode_spec pod_spec = DECODE_SPEC(struct pod, rows);

#define REQUIRED(terms)                                                                                                      \
	"{\"affinity\":{\"nodeAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":{\"nodeSelectorTerms\":[" terms \
	"]}}}}"
#define EXPR(key, op, values) "{\"key\":\"" key "\",\"operator\":\"" op "\",\"values\":[" values "]}"
#define TERM(exprs) "{\"matchExpressions\":[" exprs "]}"
#define FIELD(exprs) "{\"matchFields\":[" exprs "]}"

/* Against a node n1 with the labels disk=ssd, cores=8. */
static const struct {
	const char *pod;
	bool want;
} matches[] = {
	{"{}", true},
	{"{\"nodeSelector\":{\"disk\":\"ssd\"}}", true},
	{"{\"nodeSelector\":{\"disk\":\"ssd\",\"x\":\"y\"}}", false},
	{"{\"nodeSelector\":{\"disk\":\"hdd\"}}", false},
	{REQUIRED(""), false},
	{REQUIRED("{}"), false},
	{REQUIRED("{}," TERM(EXPR("disk", "Exists", ""))), true},
	{REQUIRED(TERM(EXPR("disk", "In", "\"hdd\",\"ssd\""))), true},
	{REQUIRED(TERM(EXPR("disk", "In", "\"hdd\""))), false},
	{REQUIRED(TERM(EXPR("disk", "NotIn", "\"hdd\""))), true},
	{REQUIRED(TERM(EXPR("gpu", "NotIn", "\"x\""))), true},
	{REQUIRED(TERM(EXPR("gpu", "DoesNotExist", ""))), true},
	{REQUIRED(TERM(EXPR("cores", "Gt", "\"7\""))), true},
	{REQUIRED(TERM(EXPR("cores", "Lt", "\"8\""))), false},
	{REQUIRED(TERM(EXPR("disk", "Exists", "") "," EXPR("gpu", "Exists", ""))), false},
	{REQUIRED(TERM(EXPR("gpu", "Exists", "")) "," FIELD(EXPR("metadata.name", "In", "\"n1\""))), true},
	{REQUIRED(FIELD(EXPR("metadata.name", "In", "\"n2\""))), false},
	{REQUIRED(FIELD(EXPR("metadata.name", "NotIn", "\"n2\""))), true},
	{REQUIRED(FIELD(EXPR("metadata.name", "NotIn", "\"n1\""))), false},
	{REQUIRED(FIELD(EXPR("metadata.name", "Exists", ""))), false},
	{REQUIRED(FIELD(EXPR("metadata.uid", "In", "\"n1\""))), false},
};

static struct labels *node_labels(void)
{
	autojson js *map = js_new_obj();
	js_set_str(map, "disk", "ssd");
	js_set_str(map, "cores", "8");
	return labels_new(map);
}

static void test_matching(void **state)
{
	autofree struct labels *l = node_labels();
	for (size_t i = 0; i < ARRAY_LEN(matches); i++) {
		struct err err = ERR_INIT;
		autofree struct pod *p = decode_new(&pod_spec, matches[i].pod, strlen(matches[i].pod), &err);
		if (node_affinity_matches(p->selector, p->affinity, "n1", l) != matches[i].want)
			fail_msg("%s", matches[i].pod);
	}
	assert_null(decode_spec_check(&pod_spec));
}

static void test_weights_of_met_preferences_add_up(void **state)
{
	static const char text[] =
		"{\"affinity\":{\"nodeAffinity\":{\"preferredDuringSchedulingIgnoredDuringExecution\":["
		"{\"weight\":5,\"preference\":" TERM(
			EXPR("disk", "Exists", "")) "},{\"weight\":7,\"preference\":{}},"
						    "{\"weight\":30,\"preference\":" FIELD(
							    EXPR("metadata.name", "In", "\"n1\"")) "}]}}}";
	struct err err = ERR_INIT;
	autofree struct labels *l = node_labels();
	autofree struct pod *p = decode_new(&pod_spec, text, strlen(text), &err);
	assert_int_equal(node_affinity_weight(p->affinity, "n1", l), 35);
	assert_int_equal(node_affinity_weight(p->affinity, "n2", l), 5);
	assert_int_equal(node_affinity_weight(NULL, "n1", l), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_matching),
					   cmocka_unit_test(test_weights_of_met_preferences_add_up)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
