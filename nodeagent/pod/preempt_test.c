/* SPDX-License-Identifier: Apache-2.0 */
/* After upstream's cases (pkg/kubelet/preemption/preemption_test.go). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "object/json_test.h"
#include "pod/make_test.h"
#include "pod/preempt.h"

#define POD(resources)                                                                                       \
	JSON("{'metadata':{'name':'p','uid':'u'},'spec':{'containers':[{'name':'c','resources':{" resources  \
	     "}}]}}")
#define REQUESTS(cpu, memory) "'requests':{'cpu':'" cpu "','memory':'" memory "'}"
#define LIMITS(cpu, memory) ",'limits':{'cpu':'" cpu "','memory':'" memory "'}"

/* By their letters: best-effort, burstable, burstable that requests more, guaranteed, guaranteed that has more. */
static struct pod *make(char letter)
{
	const struct {
		char letter;
		const char *text;
	} kinds[] = {
		{'e', POD("")},
		{'b', POD(REQUESTS("100m", "100"))},
		{'B', POD(REQUESTS("300m", "300"))},
		{'g', POD(REQUESTS("100m", "100") LIMITS("100m", "100"))},
		{'G', POD(REQUESTS("300m", "300") LIMITS("300m", "300"))},
	};
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (kinds[i].letter == letter) {
			struct pod *p = make_pod(kinds[i].text);
			p->priority = letter; /* to be told by */
			return p;
		}
	abort();
}

static void test_choose(void **state)
{
	static const struct {
		const char *pods;
		int64_t cpu, memory, n_pods;
		const char *want, *error; /* one of them */
	} rows[] = {
		{"ebg", 0, 0, 0, "", NULL},
		{"", 100, 0, 0, NULL, "[(res: cpu, q: 100), ]"},
		{"b", 100, 100, 0, "b", NULL},
		{"b", 150, 100, 0, NULL, "[(res: cpu, q: 50), ]"},
		{"eb", 0, 0, 1, "e", NULL},
		{"bg", 100, 100, 0, "b", NULL},
		{"bB", 100, 100, 0, "b", NULL},
		{"Bb", 100, 100, 0, "b", NULL},
		{"bB", 150, 150, 0, "B", NULL},
		{"Bb", 350, 350, 0, "Bb", NULL},
		{"bBgG", 550, 550, 0, "BG", NULL},
		{"ebBgG", 0, 0, 5, "ebBgG", NULL},
		{"ebBgG", 100, 0, 2, "eb", NULL},
		{"bb", 300, 300, 3, NULL, "[(res: cpu, q: 100), (res: memory, q: 100), (res: pods, q: 1), ]"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct resource_shortage lacks[3];
		const int64_t wanted[] = {rows[i].cpu, rows[i].memory, rows[i].n_pods};
		static const char *const names[] = {"cpu", "memory", "pods"};
		struct pod *pods[8] = {NULL};
		const struct pod *v[8] = {NULL};
		struct err err = ERR_INIT;
		char got[8] = "";
		size_t n = strlen(rows[i].pods), n_lacks = 0, chosen = 0;
		for (size_t k = 0; k < ARRAY_LEN(names); k++)
			if (wanted[k]) /* of ten, of which nine are in use */
				lacks[n_lacks++] = (struct resource_shortage){names[k], wanted[k] + 1, 9, 10};
		for (size_t k = 0; k < n; k++)
			v[k] = pods[k] = make(rows[i].pods[k]);
		bool ok = preempt_choose(v, n, lacks, n_lacks, &chosen, &err) == 0;
		for (size_t k = 0; ok && k < chosen; k++)
			got[k] = (char)v[k]->priority;
		if (rows[i].error ? ok || !strstr(err.msg, rows[i].error)
				  : !ok || strcmp(got, rows[i].want) != 0)
			fail_msg("row %zu: %s\n%s", i, got, err.msg);
		for (size_t k = 0; k < n; k++)
			free_pod(pods[k]);
	}
}

static void test_may(void **state)
{
	static const struct {
		int64_t own, other;
		bool is_static, may;
	} rows[] = {
		{2000000000, 0, false, true},
		{2000001000, 2000000000, false, true},
		{2000000000, 2000001000, false, false},
		{2000000000, 2000000000, false, false},
		{2000000000, 0, true, true}, /* of a higher priority */
		{0, 0, true, false},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct pod p = {.priority = rows[i].own},
				 other = {.priority = rows[i].other, .is_static = rows[i].is_static};
		if (preempt_may(&p, &other) != rows[i].may)
			fail_msg("row %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_choose), cmocka_unit_test(test_may)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
