/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing new of a kind whose definition goes: over a real store, which the definitions are in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include "admission/plugins.h"
#include "kinds/kinds.h"
#include "object/json_test.h"
#include "storage/storage_rig.h"
#include "view/view.h"

static const struct admission_row no_rows[] = {{0}};
static const struct attributes attr = ATTRIBUTES_INIT;
static struct storage_rig rig;
static struct schema *schema;
static struct storage *storage;
static struct views *views;
static struct admission *admission;

static int setup(void **state)
{
	struct err err = ERR_INIT;

	schema = kinds_load(NULL, &err);
	assert_non_null(schema);
	storage_rig_open(&rig, schema);
	storage = rig.storage;
	views = views_new(storage, schema);
	admission = admission_new(schema, storage, views, no_rows);
	return 0;
}

static int teardown(void **state)
{
	admission_free(admission);
	views_free(views);
	storage_rig_close(&rig);
	schema_free(schema);
	return 0;
}

static void define(const char *name, const char *meta)
{
	const struct kind *k = schema_kind(schema, "apiextensions.k8s.io", "v1", "CustomResourceDefinition");
	autofree char *text = mem_printf(
		"{'kind':'CustomResourceDefinition','apiVersion':'apiextensions.k8s.io/v1','metadata':{'name':'%s','uid':'u'%s},'spec':{'group':'sea.io'}}",
		name, meta);
	struct err err = ERR_INIT;
	autoobj struct obj *draft = obj_new(k, JSON(text), strlen(text), &err);

	assert_non_null(draft);
	if (storage_create(storage_resource(storage, k), draft, NULL, &err) < 0)
		fail_msg("%s", err.msg);
}

static void creates(void **state)
{
	static const struct type custom = {.structural = true}, built_in = {.structural = false};
	static const struct {
		const char *resource;
		const struct type *type;
		enum admission_answer want;
	} rows[] = {
		{"boats", &custom, ADMISSION_ALLOW},
		{"wrecks", &custom, ADMISSION_REFUSE},
		{"unheard", &custom, ADMISSION_ALLOW},
		/* a kind of the start that has such a name is none of theirs */
		{"wrecks", &built_in, ADMISSION_ALLOW},
	};
	define("boats.sea.io", "");
	define("wrecks.sea.io", ",'deletionTimestamp':'2026-01-01T00:00:00Z','finalizers':['a.b/c']");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct kind k = {.group = "sea.io",
				       .version = "v1",
				       .kind = "Boat",
				       .resource = rows[i].resource,
				       .type = rows[i].type};
		struct admission_call call = {.admission = admission,
					      .op = ADMIT_CREATE,
					      .kind = &k,
					      .attr = &attr,
					      .ns = "default",
					      .name = "x"};
		struct err err = ERR_INIT;
		assert_int_equal(admit_custom_resource(&call, &err), rows[i].want);
		if (rows[i].want != ADMISSION_REFUSE)
			continue;
		assert_int_equal(err.reason, REASON_FORBIDDEN);
		assert_string_equal(
			err.msg,
			"wrecks.sea.io \"x\" is forbidden: create not allowed while custom resource definition is terminating");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(creates)};

	return cmocka_run_group_tests(tests, setup, teardown);
}
