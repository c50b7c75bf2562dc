/* SPDX-License-Identifier: Apache-2.0 */
/* Label selectors, affinity terms and spread constraints as they are decoded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "object/core/interpod.h"
#include "object/json_test.h"

struct pod {
	struct labels *labels;
	struct pod_affinity *affinity;
	struct pod_spread *spread;
	size_t n_spread;
};
static const struct decode_row rows[] = {
	DECODE_LABELS("labels", struct pod, labels),
	DECODE_POINTER("affinity", struct pod, affinity, &pod_affinity_spec),
	DECODE_ARRAY("spread", struct pod, spread, n_spread, &pod_spread_spec),
};
static const struct decode_spec spec = DECODE_SPEC(struct pod, rows);

static struct pod *decode(const char *quoted)
{
	struct err err = ERR_INIT;
	const char *text = JSON(quoted);
	struct pod *p = decode_new(&spec, text, strlen(text), &err);

	if (!p)
		fail_msg("%s: %s", err.msg, text);
	return p;
}

#define TERM(more)                                                                                              \
	"{'affinity':{'podAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':[{'topologyKey':'z'" more \
	"}]}}}"
static void test_namespaces_of_a_term(void **state)
{
	static const struct {
		const char *term;
		bool own, red, blue;
	} cases[] = {
		{TERM(""), true, false, false},
		{TERM(",'namespaces':['blue']"), false, false, true},
		{TERM(",'namespaceSelector':{}"), true, true, true},
		{TERM(",'namespaceSelector':{'matchLabels':{'team':'r'}}"), false, true, false},
		{TERM(",'namespaces':['blue'],'namespaceSelector':{'matchLabels':{'team':'r'}}"), false, true,
		 true},
		{TERM(",'namespaces':[],'namespaceSelector':null"), true, false, false},
	};
	autofree struct pod *red = decode("{'labels':{'team':'r'}}");

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		autofree struct pod *p = decode(cases[i].term);
		const struct pod_term *t = &p->affinity->required[0];

		assert_int_equal(pod_affinity_term_in(t, "own", "own", NULL), cases[i].own);
		assert_int_equal(pod_affinity_term_in(t, "own", "red", red->labels), cases[i].red);
		assert_int_equal(pod_affinity_term_in(t, "own", "blue", NULL), cases[i].blue);
	}
	assert_null(decode_spec_check(&spec));
}

static void test_selectors(void **state)
{
	static const struct {
		const char *selector;
		bool want;
	} cases[] = {
		{"{}", true},
		{"{'matchLabels':{}}", true},
		{"{'matchLabels':{'a':'1'}}", true},
		{"{'matchLabels':{'a':'2'}}", false},
		{"{'matchLabels':{'a':'1','c':'1'}}", false},
		{"{'matchExpressions':[{'key':'a','operator':'In','values':['0','1']}]}", true},
		{"{'matchExpressions':[{'key':'a','operator':'NotIn','values':['1']}]}", false},
		{"{'matchExpressions':[{'key':'c','operator':'NotIn','values':['1']}]}", true},
		{"{'matchExpressions':[{'key':'b','operator':'Exists'},{'key':'c','operator':'DoesNotExist'}]}",
		 true},
		{"{'matchLabels':{'a':'1'},'matchExpressions':[{'key':'b','operator':'DoesNotExist'}]}",
		 false},
	};
	autofree struct pod *p = decode("{'labels':{'a':'1','b':''}}");

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		autofree char *text = mem_printf(TERM(",'labelSelector':%s"), cases[i].selector);
		autofree struct pod *with = decode(text);
		const struct label_query *q = with->affinity->required[0].selector;

		if (label_query_matches(q, p->labels) != cases[i].want)
			fail_msg("%s", cases[i].selector);
		assert_int_equal(label_query_empty(q), i < 2);
	}
	assert_false(label_query_matches(NULL, p->labels));
	assert_false(label_query_empty(NULL));
}

static void test_preferences_and_constraints(void **state)
{
	autofree struct pod *p = decode(
		"{'affinity':{'nodeAffinity':{},'podAntiAffinity':{'preferredDuringSchedulingIgnoredDuringExecution':[{'weight':7,"
		"'podAffinityTerm':{'topologyKey':'k'}}]}},'spread':[{'topologyKey':'z','maxSkew':2,'whenUnsatisfiable':'ScheduleAnyway',"
		"'minDomains':3,'nodeAffinityPolicy':'Ignore','nodeTaintsPolicy':'Honor','matchLabelKeys':['h']},{}]}");

	assert_int_equal(p->affinity->n_preferred_anti, 1);
	assert_int_equal(p->affinity->preferred_anti[0].weight, 7);
	assert_string_equal(p->affinity->preferred_anti[0].term.topology_key, "k");
	assert_int_equal(p->affinity->n_required, 0);
	assert_int_equal(p->n_spread, 2);
	assert_int_equal(p->spread[0].max_skew, 2);
	assert_int_equal(p->spread[0].min_domains, 3);
	assert_int_equal(p->spread[0].action, SPREAD_SCHEDULE_ANYWAY);
	assert_int_equal(p->spread[0].affinity_policy, SPREAD_IGNORE);
	assert_int_equal(p->spread[0].taints_policy, SPREAD_HONOR);
	assert_string_equal(p->spread[0].label_keys[0], "h");
	assert_int_equal(p->spread[1].min_domains, 1); /* what is absent */
	assert_int_equal(p->spread[1].action, SPREAD_DO_NOT_SCHEDULE);
	assert_int_equal(p->spread[1].affinity_policy, SPREAD_HONOR);
	assert_int_equal(p->spread[1].taints_policy, SPREAD_IGNORE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_namespaces_of_a_term),
					   cmocka_unit_test(test_selectors),
					   cmocka_unit_test(test_preferences_and_constraints)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
