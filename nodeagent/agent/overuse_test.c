/* SPDX-License-Identifier: Apache-2.0 */
/* Which of a Pod's limits of disk it exceeds, and the words for it. */
#include "agent/overuse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define MI (INT64_C(1) << 20)

/* Two apps beside an init container, and an emptyDir. */
static void test_judge(void **state)
{
	static const struct {
		int64_t init, limits[2], used[2], logs, volume;
		bool memory;
		const char *size, *want; /* NULL = it may stay */
	} rows[] = {
		{0, {0, 0}, {900 * MI, 0}, 0, 0, false, NULL, NULL},
		{0, {10 * MI, 0}, {10 * MI, 0}, 0, 0, false, NULL, NULL},
		{0,
		 {10 * MI, 0},
		 {0, 0},
		 0,
		 11 * MI,
		 false,
		 NULL,
		 "Pod ephemeral local storage usage exceeds the total limit of containers 10Mi. "},
		{0, {10 * MI, 0}, {0, 0}, 0, 11 * MI, true, NULL, NULL},
		{0,
		 {10 * MI, 5 * MI},
		 {0, 4 * MI},
		 2 * MI,
		 0,
		 false,
		 NULL,
		 "Container b exceeded its local ephemeral storage limit \"5Mi\". "},
		/* What the init container may have, all of them may. */
		{20 * MI, {10 * MI, 0}, {0, 0}, 0, 11 * MI, false, NULL, NULL},
		{0, {0, 0}, {0, 0}, 0, 3 * MI, false, "3Mi", NULL},
		{0,
		 {0, 0},
		 {0, 0},
		 0,
		 3 * MI + 1,
		 true,
		 "3072Ki",
		 "Usage of EmptyDir volume \"v\" exceeds the limit \"3Mi\". "},
		{0, {0, 0}, {0, 0}, 0, 3 * MI, false, "0", NULL},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct container_spec specs[3] = {{.name = "i"}, {.name = "a"}, {.name = "b"}};
		specs[0].resources.storage_limit = rows[i].init ? rows[i].init : QUANTITY_UNSET;
		specs[1].resources.storage_limit = rows[i].limits[0] ? rows[i].limits[0] : QUANTITY_UNSET;
		specs[2].resources.storage_limit = rows[i].limits[1] ? rows[i].limits[1] : QUANTITY_UNSET;
		autofree char *volumes =
			rows[i].size ? mem_printf("[{\"name\":\"v\",\"emptyDir\":{\"sizeLimit\":\"%s\"}}]",
						  rows[i].size)
				     : NULL;
		const struct pod pod = {.list = {.v = specs, .n = 3, .n_init = 1}, .volumes = volumes};
		struct census_container containers[2] = {
			{.name = (char *)"a", .rootfs = {.bytes = rows[i].used[0]}},
			{.name = (char *)"b",
			 .rootfs = {.bytes = rows[i].used[1]},
			 .logs = {.bytes = rows[i].logs}}};
		struct census_volume volume = {
			.name = (char *)"v", .local = !rows[i].memory, .used = {.bytes = rows[i].volume}};
		const struct census_pod used = {
			.containers = containers, .n = 2, .volumes = &volume, .n_volumes = 1};
		autobuf struct buf why = BUF_INIT;
		const char *signal = overuse_judge(&pod, &used, &why);
		if (!signal != !rows[i].want || (signal && strcmp(buf_str(&why), rows[i].want) != 0))
			fail_msg("row %zu: %s", i, signal ? buf_str(&why) : "stays");
		if (signal)
			assert_string_equal(signal, *rows[i].want == 'U'   ? "emptydirfs.limit"
						    : *rows[i].want == 'P' ? "ephemeralpodfs.limit"
									   : "ephemeralcontainerfs.limit");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_judge)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
