/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "base/flags.h"
#include "base/gate.h"
#include "base/mem.h"

static void test_table(void **state)
{
	for (enum gate g = 0; g < GATE_COUNT; g++) {
		const struct gate_row *r = gate_row(g);

		if (g)
			assert_true(strcmp(gate_row(g - 1)->name, r->name) < 0);
		assert_int_equal(gate_enabled(g), r->on);
		assert_false(r->on && r->stage == GATE_ALPHA);
	}
	assert_false(gate_enabled(GATE_ImageVolume));
	assert_int_equal(gate_row(GATE_ImageVolume)->stage, GATE_BETA);
	assert_int_equal(gate_row(GATE_ContainerRestartRules)->stage, GATE_ALPHA);
	assert_true(gate_row(GATE_SidecarContainers)->locked);
}

/* "" = they are taken. */
static const struct {
	const char *text, *error;
} saids[] = {
	{"", ""},
	{",,", ""},
	{" ImageVolume = true ,,EnvFiles=T", ""},
	{"kube:ImageVolume=1,kube:EnvFiles=False", ""},
	{"SidecarContainers=true", ""},
	{"ImageVolume", "missing bool value for ImageVolume"},
	{"=true", "unrecognized feature gate: "},
	{"ImageVolume=maybe",
	 "invalid value of ImageVolume=maybe, err: strconv.ParseBool: parsing \"maybe\": invalid syntax"},
	{"Foo=true", "unrecognized feature gate: Foo"},
	{"imagevolume=true", "unrecognized feature gate: imagevolume"},
	{"NodeSwap=false", "cannot set feature gate NodeSwap to false, feature is locked to true"},
	{"EnvFiles=true,NodeSwap=false,SidecarContainers=0",
	 "[cannot set feature gate NodeSwap to false, feature is locked to true, cannot set feature gate "
	 "SidecarContainers to false, feature is locked to true]"},
	{"wardle:ImageVolume=true", "component not registered: wardle"},
	{"kube:ImageVolume=true,EnvFiles=true",
	 "set kube feature gates with default empty prefix or kube: prefix consistently, do not mix use"},
};

static void test_say(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(saids); i++) {
		struct err err = ERR_INIT;
		int r = gate_say(saids[i].text, &err);

		assert_string_equal(r < 0 ? err.msg : "", saids[i].error);
		if (r < 0) /* nothing of it counts */
			assert_int_equal(gate_said(GATE_EnvFiles), -1);
		gate_forget();
	}
}

static void test_stages(void **state)
{
	struct err err = ERR_INIT;

	assert_int_equal(gate_say("EnvFiles=false,AllAlpha=true", &err), 0);
	assert_false(gate_enabled(GATE_EnvFiles));
	assert_true(gate_enabled(GATE_ContainerRestartRules));
	assert_false(gate_enabled(GATE_ImageVolume));
	assert_false(gate_enabled(GATE_AllBeta));
	assert_int_equal(gate_say("AllBeta=true", &err), 0);
	assert_true(gate_enabled(GATE_ImageVolume));
	assert_int_equal(gate_said(GATE_ImageVolume), -1);
	assert_int_equal(gate_say("AllBeta=false", &err), 0);
	assert_false(gate_enabled(GATE_GracefulNodeShutdown));
	assert_true(gate_enabled(GATE_SidecarContainers));
	gate_forget();
	assert_true(gate_enabled(GATE_GracefulNodeShutdown));
	assert_false(gate_enabled(GATE_ContainerRestartRules));
}

/* What is said again adds to what was said and to the default, which a file gives; parsing anew begins anew. */
static void test_flag(void **state)
{
	struct flag table[] = {FLAG_FEATURE_GATES, {0}};
	const struct flags_program p = {.name = "a", .about = "A.", .version = "1", .table = table};
	char *argv[] = {(char *)"a", (char *)"--feature-gates=EnvFiles=false", (char *)"--feature-gates",
			(char *)"ContainerRestartRules=true", NULL};
	char *wrong[] = {(char *)"a", (char *)"--feature-gates=X=true", NULL};
	struct err err = ERR_INIT;

	table[0].def = "ImageVolume=true,EnvFiles=true";
	assert_int_equal(flags_parse(&p, 4, argv, &err), FLAGS_OK);
	assert_true(gate_enabled(GATE_ImageVolume));
	assert_true(gate_enabled(GATE_ContainerRestartRules));
	assert_int_equal(gate_said(GATE_EnvFiles), 0);
	assert_int_equal(flags_parse(&p, 2, wrong, &err), FLAGS_ERROR);
	assert_string_equal(err.msg, "unrecognized feature gate: X");
	table[0].def = NULL;
	assert_int_equal(flags_parse(&p, 1, argv, &err), FLAGS_OK);
	assert_int_equal(gate_said(GATE_ImageVolume), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_say),
		cmocka_unit_test(test_stages),
		cmocka_unit_test(test_flag),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
