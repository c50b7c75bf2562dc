/* SPDX-License-Identifier: Apache-2.0 */
/* What kubectl looks for: the index, and a PATCH operation with fieldValidation for every kind that can be
 * patched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "kinds/kinds.h"
#include "rest/api.h"
#include "rest/discovery/openapi.h"

static struct api api;

static js *fetch(const char *path)
{
	struct request rq = {.path = path, .if_none_match = "", .api = &api};
	struct response rs = {0};
	struct err err = ERR_INIT;
	handle_openapi(&rq, &rs);
	assert_int_equal(rs.status, 200);
	rq.if_none_match = rs.etag;
	struct response again = {0};
	handle_openapi(&rq, &again);
	assert_int_equal(again.status, 304);
	js *o = js_parse(rs.shared.p, rs.shared.n, NULL, &err);
	assert_non_null(o);
	response_release(&rs);
	return o;
}

static bool has_parameter(const js *op, const char *name)
{
	js_array_for_each (p, js_arr(op, "parameters", NULL))
		if (!strcmp(js_str0(p, "name", NULL), name) && !strcmp(js_str0(p, "in", NULL), "query"))
			return true;
	return false;
}

static void test_every_kind(void **state)
{
	const struct kind *const *all;
	size_t n = schema_kinds(api.schema, &all), seen = 0;
	autojson js *index = fetch("/openapi/v3");
	for (size_t i = 0; i < n; i++) {
		const struct kind *k = all[i];
		char gv[128], path[256];
		if (!k->resource || !(k->verbs & VERB_PATCH))
			continue;
		snprintf(gv, sizeof(gv), "%s%s%s/%s", *k->group ? "apis" : "api", *k->group ? "/" : "",
			 k->group, k->version);
		const char *url = js_str0(index, "paths", gv, "serverRelativeURL", NULL);
		snprintf(path, sizeof(path), "/openapi/v3/%s", gv);
		assert_int_equal(strncmp(url, path, strlen(path)), 0);
		assert_int_equal(strncmp(url + strlen(path), "?hash=", 6), 0);
		autojson js *doc = fetch(path);
		snprintf(path, sizeof(path), "/%s%s/%s/{name}", gv,
			 k->namespaced ? "/namespaces/{namespace}" : "", k->resource);
		const js *op = js_obj(doc, "paths", path, "patch", NULL);
		assert_true(has_parameter(op, "fieldValidation"));
		assert_true(has_parameter(op, "dryRun"));
		assert_string_equal(js_str0(op, "x-kubernetes-group-version-kind", "kind", NULL), k->kind);
		seen++;
	}
	assert_true(seen > 10);
}

static void test_unknown(void **state)
{
	struct request rq = {.path = "/openapi/v3/apis/nope/v1", .if_none_match = "", .api = &api};
	struct response rs = {0};
	handle_openapi(&rq, &rs);
	assert_int_equal(rs.status, 404);
	response_release(&rs);
}

static int load(void **state)
{
	struct err err = ERR_INIT;
	api.schema = kinds_load(NULL, &err);
	if (api.schema)
		api.openapi = openapi_new(api.schema);
	return api.schema ? 0 : -1;
}

static int unload(void **state)
{
	openapi_free(api.openapi);
	schema_free((struct schema *)(uintptr_t)api.schema);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_kind), cmocka_unit_test(test_unknown)};
	return cmocka_run_group_tests(tests, load, unload);
}
