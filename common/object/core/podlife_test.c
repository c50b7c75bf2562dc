/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/clock.h"
#include "object/core/podlife.h"
#include "object/json_test.h"

struct status {
	enum pod_phase phase;
	struct object_condition ready;
};
static const struct decode_row rows[] = {
	DECODE_ENUM("phase", struct status, phase, podlife_phase_names),
	DECODE_FIND("conditions", "type", "Ready", struct status, ready, &podlife_condition_spec),
};
static const struct decode_spec status_spec = DECODE_SPEC(struct status, rows);

static void test_phases(void **state)
{
	const struct {
		const char *text;
		enum pod_phase want;
		bool terminal;
	} cases[] = {
		{"{}", PHASE_PENDING, false},
		{JSON("{'phase':'Running'}"), PHASE_RUNNING, false},
		{JSON("{'phase':'Succeeded'}"), PHASE_SUCCEEDED, true},
		{JSON("{'phase':'Failed'}"), PHASE_FAILED, true},
		{JSON("{'phase':'Unknown'}"), PHASE_UNKNOWN, false},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = ERR_INIT;
		const struct meta alive = {0}, dying = {.deleted_ns = 1};
		autofree struct status *s =
			decode_new(&status_spec, cases[i].text, strlen(cases[i].text), &err);
		assert_int_equal(s->phase, cases[i].want);
		assert_int_equal(podlife_phase_terminal(s->phase), cases[i].terminal);
		assert_int_equal(podlife_active(s->phase, &alive), !cases[i].terminal);
		assert_false(podlife_active(s->phase, &dying));
	}
	assert_string_equal(podlife_phase_name(PHASE_FAILED), "Failed");
}

static void test_ready_for_a_while(void **state)
{
	const struct {
		const char *text;
		int32_t seconds;
		bool want; /* at 100 s */
	} cases[] = {
		{"{}", 0, false},
		{JSON("{'conditions':[{'type':'Ready','status':'False'}]}"), 0, false},
		{JSON("{'conditions':[{'type':'Ready','status':'True'}]}"), 0, true},
		{JSON("{'conditions':[{'type':'Ready','status':'True','lastTransitionTime':'1970-01-01T00:01:30Z'}]}"),
		 10, true},
		{JSON("{'conditions':[{'type':'Ready','status':'True','lastTransitionTime':'1970-01-01T00:01:30Z'}]}"),
		 11, false},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = ERR_INIT;
		autofree struct status *s =
			decode_new(&status_spec, cases[i].text, strlen(cases[i].text), &err);
		if (podlife_condition_true_for(&s->ready, cases[i].seconds, 100 * NS_PER_S) != cases[i].want)
			fail_msg("%s", cases[i].text);
	}
}

static void test_an_init_container_that_restarts_is_a_sidecar(void **state)
{
	assert_int_equal(container_init_role(RESTART_ALWAYS), CONTAINER_SIDECAR);
	assert_int_equal(container_init_role(RESTART_UNSET), CONTAINER_INIT);
	assert_string_equal(podlife_restart_policy_names[RESTART_ON_FAILURE], "OnFailure");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_phases), cmocka_unit_test(test_ready_for_a_while),
		cmocka_unit_test(test_an_init_container_that_restarts_is_a_sidecar)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
