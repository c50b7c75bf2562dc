/* SPDX-License-Identifier: Apache-2.0 */
#include "image/manifest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/buf.h"
#include "object/json_test.h"

#define D1 "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define D2 "sha256:2222222222222222222222222222222222222222222222222222222222222222"
#define CONFIG "\"config\":{\"digest\":\"" D1 "\",\"size\":3}"

static void test_manifests(void **state)
{
	const struct {
		const char *text;
		bool index;
		int layers; /* -1: refused */
	} rows[] = {
		{"{\"schemaVersion\":2," CONFIG ",\"layers\":[{\"digest\":\"" D2 "\",\"size\":5}]}", false,
		 1},
		{"{\"schemaVersion\":2," CONFIG "}", false, 0},
		{"{\"manifests\":[{\"digest\":\"" D2 "\"}]}", true, 1},
		{"{\"manifests\":[{\"digest\":\"" D2
		 "\",\"platform\":{\"os\":\"windows\",\"architecture\":\"amd64\"}}]}",
		 true, 0},
		{"{\"schemaVersion\":1," CONFIG "}", false, -1},
		{JSON("{'schemaVersion':2}"), false, -1},
		{"{\"schemaVersion\":2," CONFIG ",\"layers\":[{\"digest\":\"sha256:../../etc\"}]}", false,
		 -1},
		{"{\"schemaVersion\":2," CONFIG ",\"layers\":[{\"digest\":\"" D2 "\",\"size\":-7}]}", false,
		 -1},
		{"{\"schemaVersion\":2," CONFIG ",\"layers\":[7]}", false, -1},
		{"{", false, -1},
		{"", false, -1},
		{"null", false, -1},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct image_manifest m;
		struct err err = ERR_INIT;
		int rc = image_manifest_parse(rows[i].text, strlen(rows[i].text), &m, &err);
		assert_int_equal(rc, rows[i].layers < 0 ? -1 : 0);
		if (rc < 0)
			continue;
		assert_int_equal(m.is_index, rows[i].index);
		assert_int_equal(m.n, rows[i].layers);
		image_manifest_release(&m);
	}
}

static void test_too_many_layers(void **state)
{
	autobuf struct buf b = BUF_INIT;
	struct image_manifest m;
	struct err err = ERR_INIT;
	buf_adds(&b, "{\"schemaVersion\":2," CONFIG ",\"layers\":[");
	for (int i = 0; i <= IMAGE_LAYERS_MAX; i++)
		buf_addf(&b, "%s{\"digest\":\"" D2 "\",\"size\":5}", i ? "," : "");
	buf_adds(&b, "]}");
	assert_int_equal(image_manifest_parse(b.p, b.len, &m, &err), -1);
	assert_string_equal(err.msg, "more than 128 layers");
}

static void test_config(void **state)
{
	static const char text[] =
		"{\"config\":{\"Entrypoint\":null,\"Cmd\":[\"sh\",\"-c\"],\"Env\":[],\"User\":\"1:2\"},\"rootfs\":{\"diff_ids\":[\"a\",\"b\"]}}";
	struct image_config c;
	struct err err = ERR_INIT;
	assert_int_equal(image_config_parse(text, strlen(text), &c, &err), 0);
	assert_null(c.entrypoint);
	assert_null(c.env);
	assert_string_equal(c.cmd[1], "-c");
	assert_null(c.cmd[2]);
	assert_string_equal(c.user, "1:2");
	assert_string_equal(c.working_dir, "");
	assert_non_null(c.diff_ids[1]);
	assert_null(c.diff_ids[2]);
	image_config_release(&c);
	static const char bad[] = "{\"config\":{\"Cmd\":[\"a\",3]}}";
	assert_int_equal(image_config_parse(bad, strlen(bad), &c, &err), -1);
	/* A config without anything is an image without defaults. */
	assert_int_equal(image_config_parse("{}", 2, &c, &err), 0);
	image_config_release(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_manifests),
		cmocka_unit_test(test_too_many_layers),
		cmocka_unit_test(test_config),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
