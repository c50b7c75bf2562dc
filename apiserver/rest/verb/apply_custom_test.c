/* SPDX-License-Identifier: Apache-2.0 */
/* Server-side apply on custom resources: conflicts, force, lists by keys that have defaults, what nobody has named, and a
 * schema that changes under the owners. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/clock.h"
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
	"'note':{'type':'string'},'status':{'type':'object','properties':{'crew':{'type':'integer'}}}}}";
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
	clock_fake(clock_wall_ns()); /* so that who writes is told apart by his name, and not by when */
	rig_setup(state);
	serve(first);
	return 0;
}

#define BOAT(name, spec)                                                                                     \
	"{'apiVersion':'sea.io/v1','kind':'Boat','metadata':{'name':'" name "'},'spec':" spec "}"

/* Of a value that may be anything a null is an object without members: who adds one changes nothing else. */
STORY(a_null_that_grows,
      {"apply", BOATS "/g?fieldManager=one", BOAT("g", "{'free':{'a':{'b':null}}}"), 201, NULL, NULL},
      {"apply", BOATS "/g?fieldManager=two", BOAT("g", "{'free':{'a':null}}"), 200, NULL,
       "'free':{'a':{'b':null}}"},
      {"merge", BOATS "/g?fieldManager=three", "{'spec':{'free':{'a':{'b':{'c':1}}}}}", 200,
       "two Apply sea.io/v1 {'f:spec':{'f:free':{'f:a':{}}}}; "
       "one Apply sea.io/v1 {'f:spec':{'f:free':{'f:a':{'.':{},'f:b':{}}}}}; "
       "three Update sea.io/v1 {'f:spec':{'f:free':{'f:a':{'f:b':{'f:c':{}}}}}}",
       "'a':{'b':{'c':1}}"},
      {"apply", BOATS "/h?fieldManager=one", BOAT("h", "{'crew':null}"), 422, NULL,
       "spec.crew in body must be of type integer"},
      {"apply", BOATS "/h?fieldManager=one", BOAT("h", "{'crew':2.0,'free':{'a':[1.50,1e3]}}"), 201, NULL,
       "'spec':{'crew':2,'free':{'a':[1.5,1000]}}"},
      {"POST", BOATS, BOAT("n", "{'crew':2.0,'free':{'a':[1.50,1e3,123456789012345678901234567890]}}"), 201,
       NULL, "'spec':{'crew':2,'free':{'a':[1.5,1000,1.2345678901234568e+29]}}"})

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
       "'spec':{'crew':1},'status':{'crew':3}"},
      /* nothing else of the object comes along, though it was not there before */
      {"merge", BOATS "/s/status?fieldManager=three", "{'note':'x','status':{'crew':4}}", 200, NULL,
       "'spec':{'crew':1},'status':{'crew':4}"},
      {"merge", BOATS "/s?fieldManager=three", "{'note':'x'}", 200, NULL,
       "'note':'x','spec':{'crew':1},'status':{'crew':4}"},
      {"merge", BOATS "/s/status?fieldManager=three", "{'note':null,'status':{'crew':5}}", 200, NULL,
       "'note':'x','spec':{'crew':1},'status':{'crew':5}"})

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

/* ---- after structured-merge-diff's merge/schema_change_test.go: whole and parted structs ---- */

#define SPEC(fields) "{'type':'object','properties':{'spec':{'type':'object','properties':{" fields "}}}}"
#define PARTED "'struct':{'type':'object','properties':{'num':{'type':'integer'},'str':{'type':'string'}}"
#define ITEM(key, keys)                                                                                      \
	"'list':{'type':'array','x-kubernetes-list-type':'map','x-kubernetes-list-map-keys':[" keys          \
	"],'items':{'type':'object','properties':{'name':{'type':'string'},'id':{'type':'integer'" key       \
	"},'value':{'type':'integer'}}}}"
static const char parted[] = SPEC(PARTED "}"), whole[] = SPEC(PARTED ",'x-kubernetes-map-type':'atomic'}");

#define NUM "{'struct':{'num':1}}"
#define STR "{'struct':{'str':'s'}}"
STORY(parts_are_owned, {"apply", BOATS "/w?fieldManager=one", BOAT("w", NUM), 201, NULL, NULL},
      {"apply", BOATS "/x?fieldManager=one", BOAT("x", NUM), 201, NULL, NULL},
      {"apply", BOATS "/x?fieldManager=two&force=true", BOAT("x", "{'struct':{'num':2}}"), 200,
       "two Apply sea.io/v1 {'f:spec':{'f:struct':{'f:num':{}}}}", NULL})
STORY(parts_become_one,
      {"apply", BOATS "/w?fieldManager=two", BOAT("w", STR), 409, NULL,
       "Apply failed with 1 conflict: conflict with \\\"one\\\": .spec.struct"},
      {"apply", BOATS "/w?fieldManager=two&force=true", BOAT("w", STR), 200,
       "two Apply sea.io/v1 {'f:spec':{'f:struct':{}}}", "'spec':{'struct':{'str':'s'}}"},
      /* who owns none of the parts does not own the whole */
      {"apply", BOATS "/x?fieldManager=three", BOAT("x", STR), 409, NULL,
       "Apply failed with 1 conflict: conflict with \\\"two\\\": .spec.struct"},
      {"apply", BOATS "/x?fieldManager=two&force=true", BOAT("x", STR), 200,
       "two Apply sea.io/v1 {'f:spec':{'f:struct':{}}}", "'spec':{'struct':{'str':'s'}}"},
      {"apply", BOATS "/y?fieldManager=one", BOAT("y", "{'struct':{'num':1,'str':'a'}}"), 201,
       "one Apply sea.io/v1 {'f:spec':{'f:struct':{}}}", NULL},
      {"apply", BOATS "/y?fieldManager=two", BOAT("y", "{'struct':{'str':'b'}}"), 409, NULL,
       "conflict with \\\"one\\\": .spec.struct"})
/* whoever had it whole has none of its parts now */
STORY(one_becomes_parts,
      {"apply", BOATS "/y?fieldManager=two", BOAT("y", "{'struct':{'str':'b'}}"), 200,
       "one Apply sea.io/v1 {'f:spec':{'f:struct':{}}}; two Apply sea.io/v1 {'f:spec':{'f:struct':{'f:str':{}}}}",
       "'spec':{'struct':{'num':1,'str':'b'}}"},
      {"apply", BOATS "/y?fieldManager=one", BOAT("y", NUM), 200, NULL,
       "'spec':{'struct':{'num':1,'str':'b'}}"})

static void structs_change_their_form(void **state)
{
	serve(parted);
	parts_are_owned(state);
	serve(whole);
	parts_become_one(state);
	serve(parted);
	one_becomes_parts(state);
}

/* ---- lists whose items get another key ---- */

static const char by_name[] = SPEC(ITEM("", "'name'")), by_both[] = SPEC(ITEM("", "'name','id'")),
		  by_default[] = SPEC(ITEM(",'default':1", "'name','id'"));

#define BY_ID(name, id) "'k:{\\\"id\\\":" #id ",\\\"name\\\":\\\"" name "\\\"}'"
#define ID_ITEM(name, id) BY_ID(name, id) ":{'.':{},'f:id':{},'f:name':{},'f:value':{}}"
#define NAME_ITEM(name, id) BY_ID(name, id) ":{'.':{},'f:name':{},'f:value':{}}"
#define ONE_HAS(items) "one Apply sea.io/v1 {'f:spec':{'f:list':{" items "}}}"

STORY(three_by_name,
      {"apply", BOATS "/d?fieldManager=one",
       BOAT("d", "{'list':[{'name':'a','value':1},{'name':'b','value':1},{'name':'c','value':1}]}"), 201,
       NULL, NULL})
STORY(a_key_with_a_default,
      {"apply", BOATS "/d?fieldManager=one",
       BOAT("d", "{'list':[{'name':'a','value':2},{'name':'b','id':1,'value':2},{'name':'c','value':1},"
		 "{'name':'c','id':2,'value':2},{'name':'c','id':3,'value':3}]}"),
       200,
       ONE_HAS(NAME_ITEM("a", 1) "," ID_ITEM("b", 1) "," NAME_ITEM("c", 1) "," ID_ITEM("c", 2) "," ID_ITEM(
	       "c", 3)),
       "'list':[{'id':1,'name':'a','value':2},{'id':1,'name':'b','value':2},{'id':1,'name':'c','value':1},"
       "{'id':2,'name':'c','value':2},{'id':3,'name':'c','value':3}]"})

STORY(one_by_name,
      {"apply", BOATS "/o?fieldManager=one", BOAT("o", "{'list':[{'name':'a','value':1}]}"), 201, NULL, NULL},
      {"apply", BOATS "/i?fieldManager=one", BOAT("i", "{'list':[{'name':'a','id':1,'value':1}]}"), 201, NULL,
       NULL},
      {"apply", BOATS "/j?fieldManager=one", BOAT("j", "{'list':[{'name':'a','id':1,'value':1}]}"), 201, NULL,
       NULL})
#define WITHOUT "'k:{\\\"name\\\":\\\"a\\\"}':{'.':{},'f:name':{},'f:value':{}}"
STORY(a_key_that_may_be_missing,
      {"apply", BOATS "/o?fieldManager=one",
       BOAT("o", "{'list':[{'name':'a','value':2},{'name':'a','id':1,'value':1}]}"), 200,
       ONE_HAS(ID_ITEM("a", 1) "," WITHOUT), "'list':[{'name':'a','value':2},{'id':1,'name':'a','value':1}]"},
      /* the same item, and another one beside it */
      {"apply", BOATS "/i?fieldManager=one", BOAT("i", "{'list':[{'name':'a','id':1,'value':2}]}"), 200,
       ONE_HAS(ID_ITEM("a", 1)), "'list':[{'id':1,'name':'a','value':2}]"},
      {"apply", BOATS "/j?fieldManager=one",
       BOAT("j", "{'list':[{'name':'a','id':1,'value':1},{'name':'a','id':2,'value':2}]}"), 200,
       ONE_HAS(ID_ITEM("a", 1) "," ID_ITEM("a", 2)),
       "'list':[{'id':1,'name':'a','value':1},{'id':2,'name':'a','value':2}]"},
      {"apply", BOATS "/o?fieldManager=one", BOAT("o", "{'list':[{'name':'a','id':1,'value':1}]}"), 200,
       ONE_HAS(ID_ITEM("a", 1)), "'list':[{'id':1,'name':'a','value':1}]"})

static void lists_get_another_key(void **state)
{
	serve(by_name);
	three_by_name(state);
	serve(by_default);
	a_key_with_a_default(state);
	serve(by_name);
	one_by_name(state);
	serve(by_both);
	a_key_that_may_be_missing(state);
}

/* ---- after merge/extract_apply_test.go: who applies what he had and something more ---- */

static const char sets[] = SPEC(
	"'list':{'type':'array','x-kubernetes-list-type':'set','items':{'type':'string'}},"
	"'whole':{'type':'array','items':{'type':'string'}},"
	"'map':{'type':'object','additionalProperties':{'type':'string'}},"
	"'one':{'type':'object','x-kubernetes-map-type':'atomic','additionalProperties':{'type':'string'}}");
#define OWNS(who, fields) who " Apply sea.io/v1 {'f:spec':{" fields "}}"
#define UPDATED(who, fields) who " Update sea.io/v1 {'f:spec':{" fields "}}"
#define LIST(values) "'f:list':{" values "}"
#define V(v) "'v:\\\"" v "\\\"':{}"
#define WRITE(name, by, spec)                                                                                \
	{                                                                                                    \
		"merge", BOATS "/" name "?fieldManager=" by, "{'spec':" spec "}", 200, NULL, NULL            \
	}
#define TAKE(name, by, spec)                                                                                 \
	{                                                                                                    \
		"apply", BOATS "/" name "?fieldManager=" by, BOAT(name, spec), 200, NULL, NULL               \
	}
#define MAKE(name, by, spec)                                                                                 \
	{                                                                                                    \
		"apply", BOATS "/" name "?fieldManager=" by, BOAT(name, spec), 201, NULL, NULL               \
	}
#define IS(name, owners, spec)                                                                               \
	{                                                                                                    \
		"GET", BOATS "/" name, NULL, 200, owners, "'spec':" spec "}"                                 \
	}

STORY(adds_to_a_set, MAKE("p", "one", "{'list':['a']}"), TAKE("p", "one", "{'list':['a','b']}"),
      IS("p", OWNS("one", LIST(V("a") "," V("b"))), "{'list':['a','b']}"), TAKE("p", "one", "{'list':['b']}"),
      IS("p", OWNS("one", LIST(V("b"))), "{'list':['b']}"),
      /* somebody else has taken it out, or left it in */
      WRITE("p", "else", "{'list':['c']}"), TAKE("p", "one", "{'list':['d']}"),
      IS("p", OWNS("one", LIST(V("d"))) "; " UPDATED("else", LIST(V("c"))), "{'list':['c','d']}"),
      WRITE("p", "else", "{'list':['c','d','e']}"), TAKE("p", "one", "{'list':['d','f']}"),
      IS("p", OWNS("one", LIST(V("d") "," V("f"))) "; " UPDATED("else", LIST(V("c") "," V("e"))),
	 "{'list':['c','d','e','f']}"))

STORY(shares_a_set, MAKE("q", "one", "{'list':['a']}"), TAKE("q", "one2", "{'list':['a','b']}"),
      TAKE("q", "one", "{'list':['a','c']}"), IS("q", NULL, "{'list':['a','b','c']}"),
      /* what two have stays when one lets go */
      TAKE("q", "one2", "{'list':['b']}"), IS("q", NULL, "{'list':['a','b','c']}"), TAKE("q", "one", "{}"),
      IS("q", "one Apply sea.io/v1 {'f:spec':{}}; " OWNS("one2", LIST(V("b"))), "{'list':['b']}"))

/* An empty thing is owned as such, until something in it is. */
STORY(begins_with_nothing, MAKE("e", "one", "{'list':[],'map':{}}"),
      IS("e", OWNS("one", "'f:map':{}"), "{'list':[],'map':{}}"),
      TAKE("e", "two", "{'list':['a','b'],'map':{'a':'c','b':'d'}}"),
      TAKE("e", "two", "{'list':['b'],'map':{'b':'d'}}"), IS("e", NULL, "{'list':['b'],'map':{'b':'d'}}"),
      TAKE("e", "one", "{'list':['c'],'map':{'e':'f'}}"),
      IS("e", NULL, "{'list':['b','c'],'map':{'b':'d','e':'f'}}"), TAKE("e", "two", "{}"),
      IS("e", OWNS("one", LIST(V("c")) ",'f:map':{'f:e':{}}") "; two Apply sea.io/v1 {'f:spec':{}}",
	 "{'list':['c'],'map':{'e':'f'}}"),
      /* a null that is not allowed is not taken for nothing */
      {"apply", BOATS "/e?fieldManager=one", BOAT("e", "{'list':null,'map':null}"), 422, NULL,
       "Invalid value: \\\"null\\\": spec.map in body must be of type object: \\\"null\\\""})

STORY(has_it_whole, MAKE("t", "one", "{'whole':['a','b','c'],'one':{'a':'c','b':'d'}}"),
      IS("t", OWNS("one", "'f:one':{},'f:whole':{}"), "{'one':{'a':'c','b':'d'},'whole':['a','b','c']}"),
      TAKE("t", "one", "{'whole':['a'],'one':{'a':'c'}}"),
      IS("t", OWNS("one", "'f:one':{},'f:whole':{}"), "{'one':{'a':'c'},'whole':['a']}"),
      {"apply", BOATS "/t?fieldManager=one", BOAT("t", "{'list':['a','b','a']}"), 500, NULL,
       ".spec.list: duplicate entries for key [=\\\"a\\\"]"})

static void parts_of_sets_and_maps(void **state)
{
	serve(sets);
	adds_to_a_set(state);
	shares_a_set(state);
	begins_with_nothing(state);
	has_it_whole(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_null_that_grows),
		cmocka_unit_test(conflict_and_force),
		cmocka_unit_test(lists_by_key),
		cmocka_unit_test(free_and_whole),
		cmocka_unit_test(status_is_another_road),
		cmocka_unit_test(a_schema_that_changes),
		cmocka_unit_test(structs_change_their_form),
		cmocka_unit_test(lists_get_another_key),
		cmocka_unit_test(parts_of_sets_and_maps),
	};
	return cmocka_run_group_tests(tests, setup, rig_teardown);
}
