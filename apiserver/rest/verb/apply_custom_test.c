/* SPDX-License-Identifier: Apache-2.0 */
/* Server-side apply on custom resources: conflicts, force, lists by keys that have defaults, what nobody has named, and a
 * schema that changes under the owners. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "rest/verb/story_test.h"

#define BOATS "/apis/sea.io/v1/namespaces/default/boats"

static const char kind_text[] =
	"{'group':'sea.io','version':'v1','kind':'Boat','resource':'boats','singular':'boat','scope':'Namespaced','type':'Boat','generation':true,'status':true,"
	"'subresources':{'status':{'verbs':'get patch update'}}}";
static const char first[] =
	"{'type':'object','properties':{"
	"'spec':{'type':'object','properties':{'crew':{'type':'integer'},'old':{'type':'string'},"
	"'free':{'type':'object','x-kubernetes-preserve-unknown-fields':true},"
	"'whole':{'type':'object','x-kubernetes-map-type':'atomic','additionalProperties':{'type':'string'}},"
	"'tags':{'type':'array','x-kubernetes-list-type':'set','items':{'type':'string'}},"
	"'ports':{'type':'array','x-kubernetes-list-type':'map','x-kubernetes-list-map-keys':['port','protocol'],'items':{'type':'object','required':['port'],"
	"'properties':{'port':{'type':'integer'},'protocol':{'type':'string','default':'TCP'},'name':{'type':'string'}}}}}},"
	"'status':{'type':'object','properties':{'crew':{'type':'integer'}}}}}";
/* crew has become a text, old is gone, and tags are one field */
static const char second[] =
	"{'type':'object','properties':{'spec':{'type':'object','properties':{'crew':{'x-kubernetes-int-or-string':true},"
	"'tags':{'type':'array','items':{'type':'string'}},'sails':{'type':'integer','default':1}}}}}";

static struct schema_part *part;

static void serve(const char *openapi)
{
	struct schema *schema = (struct schema *)(uintptr_t)rig.api.schema;
	struct schema_builder *b = schema_builder_new(schema);
	struct err err = ERR_INIT;
	struct kind *const *kinds;
	autofree char *type = mem_strdup(JSON(openapi)), *text = mem_strdup(JSON(kind_text));
	autojson js *about = js_parse(type, strlen(type), NULL, &err),
		    *kind = js_parse(text, strlen(text), NULL, &err);

	if (schema_builder_openapi(b, "Boat", about, &err) < 0 || schema_builder_kind(b, kind, &err) < 0)
		fail_msg("%s", err.msg);
	struct schema_part *next = schema_builder_finish(b, &err), *before = part;
	assert_non_null(next);
	assert_int_equal(schema_part_kinds(next, &kinds), 1);
	assert_int_equal(storage_add_resource(rig.api.storage, kinds[0], &err), 0);
	assert_int_equal(schema_change(schema, next, before, &err), 0);
	part = next;
	if (!before)
		return;
	assert_int_equal(schema_part_kinds(before, &kinds), 1);
	storage_remove_resource(rig.api.storage, kinds[0]);
	schema_retire(schema, before);
}

static int setup(void **state)
{
	rig_setup(state);
	serve(first);
	return 0;
}

#define BOAT(name, spec)                                                                                     \
	"{'apiVersion':'sea.io/v1','kind':'Boat','metadata':{'name':'" name "'},'spec':" spec "}"

STORY(conflict_and_force,
      {"apply", BOATS "/a?fieldManager=one", BOAT("a", "{'crew':1}"), 201,
       "one Apply sea.io/v1 {'f:spec':{'f:crew':{}}}", "'generation':1"},
      {"apply", BOATS "/a?fieldManager=two", BOAT("a", "{'crew':2}"), 409, NULL,
       "Apply failed with 1 conflict: conflict with \\\"one\\\": .spec.crew"},
      {"apply", BOATS "/a?fieldManager=two&force=true", BOAT("a", "{'crew':2}"), 200,
       "two Apply sea.io/v1 {'f:spec':{'f:crew':{}}}", "'crew':2"},
      {"apply", BOATS "/a?fieldManager=two", BOAT("a", "{'crow':2}"), 500, NULL,
       "failed to create typed patch object (/a; sea.io/v1, Kind=Boat): .spec.crow: field not declared in schema"},
      {"apply", BOATS "/a?fieldManager=two", BOAT("a", "{'crew':'x'}"), 500, NULL,
       ".spec.crew: expected numeric (int or float), got string"})

STORY(lists_by_key,
      {"apply", BOATS "/l?fieldManager=one", BOAT("l", "{'ports':[{'port':1}],'tags':['x']}"), 201,
       "one Apply sea.io/v1 {'f:spec':{'f:ports':{'k:{\\\"port\\\":1,\\\"protocol\\\":\\\"TCP\\\"}':{'.':{},'f:port':{}}},'f:tags':{'v:\\\"x\\\"':{}}}}",
       "'ports':[{'port':1,'protocol':'TCP'}]"},
      {"apply", BOATS "/l?fieldManager=two",
       BOAT("l",
	    "{'ports':[{'port':1,'protocol':'UDP'},{'port':1,'protocol':'TCP','name':'n'}],'tags':['y']}"),
       200, NULL,
       "'ports':[{'port':1,'protocol':'UDP'},{'name':'n','port':1,'protocol':'TCP'}],'tags':['x','y']"},
      {"apply", BOATS "/l?fieldManager=two",
       BOAT("l", "{'ports':[{'port':1,'name':'m'},{'port':1,'protocol':'TCP'}]}"), 500, NULL,
       "duplicate entries for key [port=1,protocol=\\\"TCP\\\"]"},
      {"apply", BOATS "/l?fieldManager=two", BOAT("l", "{'tags':['y']}"), 200, NULL,
       "'spec':{'ports':[{'port':1,'protocol':'TCP'}],'tags':['x','y']}"})

STORY(free_and_whole,
      {"apply", BOATS "/f?fieldManager=one", BOAT("f", "{'free':{'a':{'b':1}},'whole':{'x':'1'}}"), 201,
       "one Apply sea.io/v1 {'f:spec':{'f:free':{'f:a':{'.':{},'f:b':{}}},'f:whole':{}}}", NULL},
      {"apply", BOATS "/f?fieldManager=two", BOAT("f", "{'free':{'a':{'c':2}}}"), 200, NULL,
       "'free':{'a':{'b':1,'c':2}}"},
      {"apply", BOATS "/f?fieldManager=two", BOAT("f", "{'whole':{'y':'2'}}"), 409, NULL, ".spec.whole"})

STORY(status_is_another_road,
      {"apply", BOATS "/s?fieldManager=one", BOAT("s", "{'crew':1},'status':{'crew':9}"), 201,
       "one Apply sea.io/v1 {'f:spec':{'f:crew':{}}}", "'spec':{'crew':1}}"},
      {"apply", BOATS "/s/status?fieldManager=two", BOAT("s", "{'crew':5},'status':{'crew':3}"), 200,
       "one Apply sea.io/v1 {'f:spec':{'f:crew':{}}}; two Apply sea.io/v1/status {'f:status':{'f:crew':{}}}",
       "'spec':{'crew':1},'status':{'crew':3}"})

STORY(before_the_change, {"apply", BOATS "/c?fieldManager=one",
			  BOAT("c", "{'crew':1,'old':'o','tags':['x']}"), 201, NULL, "'old':'o'"})
STORY(behind_the_change, {"GET", BOATS "/c", NULL, 200, NULL, "'spec':{'crew':1,'sails':1,'tags':['x']}"},
      /* what the set does not have any more is let go, what has become one field is still owned */
      {"apply", BOATS "/c?fieldManager=two", BOAT("c", "{'tags':['y']}"), 409, NULL,
       "conflict with \\\"one\\\": .spec.tags"},
      {"apply", BOATS "/c?fieldManager=one", BOAT("c", "{'crew':'all','tags':['y']}"), 200,
       "one Apply sea.io/v1 {'f:spec':{'f:crew':{},'f:tags':{}}}", "'crew':'all'"},
      {"apply", BOATS "/c?fieldManager=one", BOAT("c", "{'old':'o'}"), 500, NULL,
       ".spec.old: field not declared in schema"})

static void a_schema_that_changes(void **state)
{
	before_the_change(state);
	serve(second);
	behind_the_change(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conflict_and_force),	 cmocka_unit_test(lists_by_key),
		cmocka_unit_test(free_and_whole),	 cmocka_unit_test(status_is_another_road),
		cmocka_unit_test(a_schema_that_changes),
	};
	return cmocka_run_group_tests(tests, setup, rig_teardown);
}
