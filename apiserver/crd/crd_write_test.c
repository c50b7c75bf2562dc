/* SPDX-License-Identifier: Apache-2.0 */
/* What the worker writes: a status of the revision that it was computed from, the last finalizer, the end of all objects. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include "crd/crd_internal.h"
#include "kinds/apiextensions/definition.h"
#include "object/json_test.h"
#include "storage/storage_rig.h"

static const struct admission_row no_admission[] = {{0}};
static struct storage_rig rig;
static struct schema *schema;
static struct storage *storage;
static struct registry *registry;
static const struct kind *definitions, *maps;

static int setup(void **state)
{
	struct err err = ERR_INIT;

	schema = kinds_load(NULL, &err);
	assert_non_null(schema);
	storage_rig_open(&rig, schema);
	storage = rig.storage;
	struct registry_config rc = {.schema = schema, .storage = storage, .admission = no_admission};
	registry = registry_new(&rc, &err);
	assert_non_null(registry);
	definitions = schema_kind(schema, "apiextensions.k8s.io", "v1", "CustomResourceDefinition");
	maps = schema_kind(schema, "", "v1", "ConfigMap");
	return 0;
}

static int teardown(void **state)
{
	registry_free(registry);
	storage_rig_close(&rig);
	schema_free(schema);
	return 0;
}

static struct obj *put(const struct kind *k, const char *text)
{
	struct err err = ERR_INIT;
	autoobj struct obj *draft = obj_new(k, text, strlen(text), &err);
	struct obj *o = NULL;

	assert_non_null(draft);
	if (storage_create(storage_resource(storage, k), draft, &o, &err) < 0)
		fail_msg("%s", err.msg);
	return o;
}

#define DEFINITION(name, meta)                                                                                                         \
	"{'kind':'CustomResourceDefinition','apiVersion':'apiextensions.k8s.io/v1','metadata':{'name':'" name                          \
	"','uid':'u'" meta "},"                                                                                                        \
	"'spec':{'group':'sea.io','names':{'plural':'boats','singular':'boat','kind':'Boat','listKind':'BoatList'},'scope':'Cluster'," \
	"'versions':[{'name':'v1','served':true,'storage':true,'schema':{'openAPIV3Schema':{'type':'object'}}}],"                      \
	"'conversion':{'strategy':'None'}},'status':{'conditions':null,'acceptedNames':{'plural':'','kind':''},'storedVersions':['v1']}}"

static js *accepted(void)
{
	static const char text[] =
		"{'conditions':[],'acceptedNames':{'plural':'boats','kind':'Boat'},'storedVersions':['v1']}";
	struct err err = ERR_INIT;

	return js_parse(JSON(text), sizeof(text) - 1, NULL, &err);
}

/* Of the revision that it was computed from, and of no other: what has changed meanwhile is looked at again. */
static void statuses(void **state)
{
	autoobj struct obj *o = put(definitions, JSON(DEFINITION("boats.sea.io", "")));
	autojson js *status = accepted();
	struct err err = ERR_INIT;

	assert_int_equal(crd_write_status(registry, definitions, o, status, false, &err), 0);
	autoobj struct obj *now = storage_get(storage_resource(storage, definitions), "", "boats.sea.io");
	autojson js *tree = obj_tree(now, &err);
	assert_string_equal(js_str0(tree, "status", "acceptedNames", "plural", NULL), "boats");
	assert_string_equal(js_str0(tree, "spec", "names", "plural", NULL), "boats");
	assert_int_equal(crd_write_status(registry, definitions, o, status, false, &err), -1);
	assert_int_equal(err.reason, REASON_CONFLICT);
}

/* What may not be written is told with its cause. */
static void refusals(void **state)
{
	autoobj struct obj *o = put(definitions, JSON(DEFINITION("bad.sea.io", "")));
	autojson js *status = accepted();
	struct err err = ERR_INIT;

	js_set_str(js_obj(status, "acceptedNames", NULL), "plural", "No_Name");
	assert_int_equal(crd_write_status(registry, definitions, o, status, false, &err), -1);
	assert_int_equal(err.reason, REASON_INVALID);
	assert_int_equal(strncmp(err.msg, "status.acceptedNames.plural: ", 29), 0);
}

/* With the last finalizer goes the definition; others' finalizers hold it. */
static void ends(void **state)
{
	static const char meta[] =
		",'deletionTimestamp':'2026-01-01T00:00:00Z','finalizers':['" DEFINITION_FINALIZER "'%s]";
	static const struct {
		const char *name, *others;
		bool gone;
	} rows[] = {{"free.sea.io", "", true}, {"held.sea.io", ",'a.b/c'", false}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *more = mem_printf(meta, rows[i].others);
		autofree char *text = mem_printf(DEFINITION("%s", "%s"), rows[i].name, more);
		autoobj struct obj *o = put(definitions, JSON(text));
		autojson js *status = accepted();
		struct err err = ERR_INIT;
		if (crd_write_status(registry, definitions, o, status, true, &err) < 0)
			fail_msg("%s", err.msg);
		autoobj struct obj *now =
			storage_get(storage_resource(storage, definitions), "", rows[i].name);
		assert_int_equal(now == NULL, rows[i].gone);
		autojson js *tree = now ? obj_tree(now, &err) : NULL;
		if (now)
			assert_int_equal(js_len(js_arr(tree, "metadata", "finalizers", NULL)), 1);
	}
}

/* All of the kind, in every namespace; who has a finalizer is marked and stays. */
static void instances(void **state)
{
	static const char *const objects[] = {
		"{'kind':'ConfigMap','apiVersion':'v1','metadata':{'name':'a','namespace':'x','uid':'1'}}",
		"{'kind':'ConfigMap','apiVersion':'v1','metadata':{'name':'a','namespace':'y','uid':'2'}}",
		"{'kind':'ConfigMap','apiVersion':'v1','metadata':{'name':'b','namespace':'y','uid':'3','finalizers':['a.b/c']}}"};
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(objects); i++)
		obj_unref(put(maps, JSON(objects[i])));
	assert_int_equal(crd_delete_instances(registry, maps, &err), 0);
	assert_int_equal(resource_count(storage_resource(storage, maps)), 1);
	autoobj struct obj *held = storage_get(storage_resource(storage, maps), "y", "b");
	autojson js *tree = obj_tree(held, &err);
	assert_non_null(js_get(tree, "metadata", "deletionTimestamp", NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(statuses), cmocka_unit_test(refusals),
					   cmocka_unit_test(ends), cmocka_unit_test(instances)};
	return cmocka_run_group_tests(tests, setup, teardown);
}
