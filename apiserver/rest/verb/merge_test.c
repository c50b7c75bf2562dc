/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What appliers and updaters make of every form of field, on a kind that has them all: the behaviours that
 * structured-merge-diff tests (merge/: leaf, set, key, nested, multiple_appliers, extract_apply, default_keys, duplicates,
 * preserve_unknown, obsolete_versions).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/clock.h"
#include "rest/verb/story_test.h"

static const char ships[] =
	"package: sea/v1\n"
	"kinds:\n"
	"  - {kind: Ship, group: sea.io, version: v1, resource: ships, singular: ship, scope: Namespaced}\n"
	"  - {kind: Ship, group: sea.io, version: v2, resource: ships, singular: ship, scope: Namespaced, type: Ship, stored_as: sea.io/v1/Ship}\n"
	"types:\n"
	"  Ship:\n"
	"    kind: 0 string\n"
	"    apiVersion: 0 string\n"
	"    metadata: 1 ObjectMeta\n"
	"    num: 2 *int64\n"
	"    str: 3 string\n"
	"    flag: 4 *bool\n"
	"    set: 5 [string] set\n"
	"    numbers: 6 [int64] set\n"
	"    list: 7 [Item] map=name\n"
	"    lists: 8 [Lists] map=name\n"
	"    maps: 9 [Maps] map=name\n"
	"    mapOfLists: 10 {ItemSet}\n"
	"    mapOfMaps: 11 {TextMap}\n"
	"    struct: 12 *Item\n"
	"    tight: 13 *Tight\n"
	"    plain: 14 [string]\n"
	"    book: 15 [Chapter] map=chapter,section\n"
	"    free: 16 *Free\n"
	"  TextMap: \"{string}\"\n"
	"  ItemSet: \"[string]\"\n"
	"  Item: {name: 1 string, value: \"2 *int64\", other: \"3 *int64\"}\n"
	"  Lists: {name: 1 string, value: \"2 [string] set\"}\n"
	"  Maps: {name: 1 string, value: \"2 {string}\"}\n"
	"  Tight: {$map: atomic, a: 1 string, b: 2 string}\n"
	"  Chapter: {chapter: 1 int64 default=1, section: 2 string default=A, text: 3 string}\n"
	"  Free: {$unknown: keep, num: \"1 *int64\"}\n";

#define ALL "/apis/sea.io/v1/namespaces/default/ships"
#define A ALL "/a"
#define BY(name) A "?fieldManager=" name
#define FORCE(name) A "?force=true&fieldManager=" name
#define SHIP(more) "{'apiVersion':'sea.io/v1','kind':'Ship','metadata':{'name':'a'}" more "}"
#define GONE                                                                                                 \
	{                                                                                                    \
		"DELETE", A, NULL, 200, NULL, NULL                                                           \
	}
#define APPLIED(name, fields) name " Apply sea.io/v1 " fields
#define UPDATED(name, fields) name " Update sea.io/v1 " fields
#define K(name) "'k:{\\\"name\\\":\\\"" name "\\\"}'"
#define V(text) "'v:\\\"" text "\\\"'"

STORY(leaves, {"apply", BY("one"), SHIP(",'num':1,'str':'s'"), 201, NULL, NULL},
      {"apply", BY("one"), SHIP(",'num':2,'str':'n','flag':false"), 200,
       APPLIED("one", "{'f:flag':{},'f:num':{},'f:str':{}}"), "'num':2,'str':'n','flag':false"},
      {"PUT", BY("c"), SHIP(",'num':2,'str':'n','flag':true"), 200,
       APPLIED("one", "{'f:num':{},'f:str':{}}") "; " UPDATED("c", "{'f:flag':{}}"), NULL},
      {"apply", BY("one"), SHIP(",'num':3,'str':'n'"), 200,
       APPLIED("one", "{'f:num':{},'f:str':{}}") "; " UPDATED("c", "{'f:flag':{}}"),
       "'num':3,'str':'n','flag':true"},
      {"PUT", BY("c"), SHIP(",'num':3,'str':'c','flag':true"), 200, NULL, NULL},
      {"apply", BY("one"), SHIP(",'num':4,'str':'n'"), 409, NULL,
       "Apply failed with 1 conflict: conflict with \\\"c\\\" using sea.io/v1: .str"},
      /* what is not said any more goes, unless it was lost before */
      {"apply", BY("one"), SHIP(""), 200, UPDATED("c", "{'f:flag':{},'f:str':{}}"),
       "},'str':'c','flag':true"},
      {"PUT", BY("d"), SHIP(""), 200, "", NULL}, GONE,
      {"apply", BY("one"), SHIP(",'str':'s'"), 201, NULL, NULL},
      {"apply", BY("one"), SHIP(""), 200, "", NULL}, GONE)

STORY(sets,
      {"apply", BY("one"), SHIP(",'set':['a','c']"), 201,
       APPLIED("one", "{'f:set':{" V("a") ":{}," V("c") ":{}}}"), NULL},
      {"PUT", BY("c"), SHIP(",'set':['a','b','c','d']"), 200,
       APPLIED("one", "{'f:set':{" V("a") ":{}," V("c") ":{}}}") "; " UPDATED(
	       "c", "{'f:set':{" V("b") ":{}," V("d") ":{}}}"),
       NULL},
      {"apply", BY("one"), SHIP(",'set':['a','x','c','z']"), 200,
       APPLIED("one", "{'f:set':{" V("a") ":{}," V("c") ":{}," V("x") ":{}," V("z") ":{}}}") "; " UPDATED(
	       "c", "{'f:set':{" V("b") ":{}," V("d") ":{}}}"),
       "'set':['a','b','x','c','d','z']"},
      {"apply", BY("one"), SHIP(",'set':['a','b','c']"), 200,
       APPLIED("one", "{'f:set':{" V("a") ":{}," V("b") ":{}," V("c") ":{}}}") "; " UPDATED(
	       "c", "{'f:set':{" V("b") ":{}," V("d") ":{}}}"),
       "'set':['a','b','c','d']"},
      GONE,
      /* the order is the applier's */
      {"apply", BY("one"), SHIP(",'set':['a','b','c','d']"), 201, NULL, NULL},
      {"apply", BY("one"), SHIP(",'set':['a','d','c','b']"), 200, NULL, "'set':['a','d','c','b']"},
      {"PUT", BY("c"), SHIP(",'set':['b','c','d','a']"), 200,
       APPLIED("one", "{'f:set':{" V("a") ":{}," V("b") ":{}," V("c") ":{}," V("d") ":{}}}"), NULL},
      {"apply", BY("one"), SHIP(",'set':['a','b','c','d']"), 200, NULL, "'set':['a','b','c','d']"},
      {"apply", BY("one"), SHIP(",'set':['d']"), 200, APPLIED("one", "{'f:set':{" V("d") ":{}}}"),
       "'set':['d']"},
      GONE,
      /* one that is there twice is changed by whoever says it once */
      {"POST", ALL "?fieldManager=u", SHIP(",'numbers':[1,1,3,4]"), 201,
       UPDATED("u", "{'f:numbers':{'.':{},'v:1':{},'v:3':{},'v:4':{}}}"), NULL},
      {"apply", BY("one"), SHIP(",'numbers':[5]"), 200, NULL, "'numbers':[1,1,3,4,5]"},
      {"apply", BY("one"), SHIP(",'numbers':[1]"), 409, NULL,
       "conflict with \\\"u\\\" using sea.io/v1: .numbers[=1]"},
      {"apply", FORCE("one"), SHIP(",'numbers':[1]"), 200,
       APPLIED("one", "{'f:numbers':{'v:1':{}}}") "; " UPDATED("u",
							       "{'f:numbers':{'.':{},'v:3':{},'v:4':{}}}"),
       "'numbers':[1,3,4]"},
      {"PUT", BY("w"), SHIP(",'numbers':[1,1,3,4]"), 200,
       UPDATED("u", "{'f:numbers':{'.':{},'v:3':{},'v:4':{}}}") "; " UPDATED("w", "{'f:numbers':{'v:1':{}}}"),
       NULL},
      {"PUT", BY("x"), SHIP(",'numbers':[1,3,4]"), 200,
       UPDATED("u", "{'f:numbers':{'.':{},'v:3':{},'v:4':{}}}") "; " UPDATED("x", "{'f:numbers':{'v:1':{}}}"),
       NULL},
      {"apply", BY("one"), SHIP(",'numbers':[7,7]"), 500, NULL, ".numbers: duplicate entries for key [=7]"},
      GONE)

#define ITEM(name) K(name) ":{'.':{},'f:name':{}}"
#define VALUED(name) K(name) ":{'.':{},'f:name':{},'f:value':{}}"

STORY(lists, {"apply", BY("one"), SHIP(",'list':[{'name':'a','value':1}]"), 201, NULL, NULL},
      {"apply", BY("one"), SHIP(",'list':[{'name':'b','value':2}]"), 200,
       APPLIED("one", "{'f:list':{" VALUED("b") "}}"), "'list':[{'name':'b','value':2}]"},
      {"apply", BY("two"), SHIP(",'list':[{'name':'b','value':3}]"), 409, NULL,
       "conflict with \\\"one\\\": .list[name=\\\"b\\\"].value"},
      {"apply", BY("two"), SHIP(",'list':[{'name':'b','value':2}]"), 200,
       APPLIED("two", "{'f:list':{" VALUED("b") "}}") "; " APPLIED("one", "{'f:list':{" VALUED("b") "}}"),
       NULL},
      GONE, {"apply", BY("one"), SHIP(",'list':[{'name':'a'},{'name':'b'},{'name':'c'}]"), 201, NULL, NULL},
      {"apply", BY("two"), SHIP(",'list':[{'name':'c'},{'name':'d'}]"), 200, NULL, NULL},
      {"apply", BY("one"), SHIP(",'list':[{'name':'a'}]"), 200,
       APPLIED("one", "{'f:list':{" ITEM("a") "}}") "; " APPLIED("two",
								 "{'f:list':{" ITEM("c") "," ITEM("d") "}}"),
       "'list':[{'name':'a'},{'name':'c'},{'name':'d'}]"},
      {"apply", BY("one"), SHIP(",'list':[{'value':1}]"), 500, NULL,
       "associative list with keys has an element that omits all key fields [\\\"name\\\"]"},
      GONE)

/* Items of one name: together they are owned, and changed. */
STORY(items_that_are_there_twice,
      {"POST", ALL "?fieldManager=u",
       SHIP(",'list':[{'name':'a','value':1},{'name':'a','value':2},{'name':'b','value':3}]"), 201,
       UPDATED("u", "{'f:list':{'.':{}," K("a") ":{}," VALUED("b") "}}"), NULL},
      {"PUT", BY("w"),
       SHIP(",'list':[{'name':'a','value':1},{'name':'a','value':2,'other':3},{'name':'b','value':3}]"), 200,
       UPDATED("u", "{'f:list':{'.':{}," VALUED("b") "}}") "; " UPDATED("w", "{'f:list':{" K("a") ":{}}}"),
       NULL},
      {"apply", BY("one"), SHIP(",'str':'x'"), 200, NULL,
       "'list':[{'name':'a','value':1},{'name':'a','value':2,'other':3},{'name':'b','value':3}]"},
      {"apply", FORCE("one"), SHIP(",'list':[{'name':'b','value':4}]"), 200,
       APPLIED("one", "{'f:list':{" VALUED("b") "}}") "; " UPDATED(
	       "u", "{'f:list':{'.':{}," ITEM("b") "}}") "; " UPDATED("w", "{'f:list':{" K("a") ":{}}}"),
       "'list':[{'name':'a','value':1},{'name':'a','value':2,'other':3},{'name':'b','value':4}]"},
      {"apply", BY("one"), SHIP(",'list':[{'name':'a','value':2}]"), 409, NULL,
       "conflict with \\\"w\\\" using sea.io/v1: .list[name=\\\"a\\\"]"},
      {"apply", FORCE("one"), SHIP(",'list':[{'name':'a','value':3}]"), 200,
       APPLIED("one", "{'f:list':{" VALUED("a") "}}") "; " UPDATED("u", "{'f:list':{'.':{}," ITEM("b") "}}"),
       "'list':[{'name':'a','value':3},{'name':'b'}]"},
      GONE,
      {"apply", BY("one"), SHIP(",'list':[{'name':'a','value':1},{'name':'b','value':3}]"), 201, NULL, NULL},
      {"PUT", BY("u"), SHIP(",'list':[{'name':'a','value':1},{'name':'a','value':2},{'name':'b','value':3}]"),
       200, APPLIED("one", "{'f:list':{" VALUED("b") "}}") "; " UPDATED("u", "{'f:list':{" K("a") ":{}}}"),
       NULL},
      {"apply", BY("one"), SHIP(",'list':[{'name':'b','value':3}]"), 200,
       APPLIED("one", "{'f:list':{" VALUED("b") "}}") "; " UPDATED("u", "{'f:list':{" K("a") ":{}}}"),
       "'list':[{'name':'a','value':1},{'name':'a','value':2},{'name':'b','value':3}]"},
      GONE)

#define LISTED(name, values) K(name) ":{'.':{},'f:name':{},'f:value':{" values "}}"

STORY(nested,
      {"apply", BY("one"),
       SHIP(",'lists':[{'name':'a','value':['b','c']}],'maps':[{'name':'a','value':{'b':'x','c':'y'}}]"), 201,
       NULL, NULL},
      {"apply", BY("one"),
       SHIP(",'lists':[{'name':'a','value':['a','c']}],'maps':[{'name':'a','value':{'a':'x','c':'z'}}]"), 200,
       APPLIED("one", "{'f:lists':{" LISTED("a", V("a") ":{}," V("c") ":{}") "},'f:maps':{" LISTED(
			      "a", "'f:a':{},'f:c':{}") "}}"),
       "'lists':[{'name':'a','value':['a','c']}],'maps':[{'name':'a','value':{'a':'x','c':'z'}}]"},
      {"apply", BY("one"),
       SHIP(",'lists':[{'name':'b','value':['a']}],'mapOfMaps':{'a':{'b':'x','c':'y'}},'mapOfLists':{'a':['b']}"),
       200,
       APPLIED("one",
	       "{'f:lists':{" LISTED(
		       "b",
		       V("a") ":{}") "},'f:mapOfLists':{'f:a':{}},'f:mapOfMaps':{'f:a':{'.':{},'f:b':{},'f:c':{}}}}"),
       "'lists':[{'name':'b','value':['a']}],'mapOfLists':{'a':['b']},'mapOfMaps':{'a':{'b':'x','c':'y'}}"},
      {"apply", BY("one"), SHIP(",'mapOfMaps':{'b':{'c':'z'}}"), 200,
       APPLIED("one", "{'f:mapOfMaps':{'f:b':{'.':{},'f:c':{}}}}"), "},'mapOfMaps':{'b':{'c':'z'}}"},
      GONE,
      /* what is below an item goes with it, but for what others own */
      {"apply", BY("one"), SHIP(",'lists':[{'name':'a'},{'name':'b','value':['c']}]"), 201, NULL, NULL},
      {"apply", BY("two"), SHIP(",'lists':[{'name':'b','value':['d']}]"), 200, NULL, NULL},
      {"PUT", BY("u"), SHIP(",'lists':[{'name':'a'},{'name':'b','value':['c','d','e']}]"), 200, NULL, NULL},
      {"apply", BY("one"), SHIP(",'lists':[{'name':'a'}]"), 200,
       APPLIED("one", "{'f:lists':{" ITEM("a") "}}") "; " APPLIED(
	       "two",
	       "{'f:lists':{" LISTED("b",
				     V("d") ":{}") "}}") "; " UPDATED("u",
								      "{'f:lists':{" K("b") ":{'f:value':{" V(
									      "e") ":{}}}}}"),
       "'lists':[{'name':'a'},{'name':'b','value':['d','e']}]"},
      GONE, {"apply", BY("one"), SHIP(",'lists':[{'name':'a'},{'name':'b','value':['c']}]"), 201, NULL, NULL},
      {"PUT", BY("u"), SHIP(",'lists':[{'name':'a'},{'name':'b','value':['c','d']}]"), 200, NULL, NULL},
      {"apply", BY("one"), SHIP(",'lists':[{'name':'a'}]"), 200,
       APPLIED("one", "{'f:lists':{" ITEM("a") "}}"), "'lists':[{'name':'a'}]"},
      GONE)

STORY(structs,
      {"apply", BY("one"), SHIP(",'struct':{'name':'a','value':1}"), 201,
       APPLIED("one", "{'f:struct':{'f:name':{},'f:value':{}}}"), NULL},
      {"apply", BY("one"), SHIP(""), 200, "", "'namespace':'default'"}, GONE,
      {"apply", BY("one"), SHIP(",'struct':{'name':'a'}"), 201, NULL, NULL},
      {"PUT", BY("u"), SHIP(",'struct':{'name':'a','value':1}"), 200, NULL, NULL},
      {"apply", BY("one"), SHIP(",'struct':{}"), 200,
       APPLIED("one", "{'f:struct':{}}") "; " UPDATED("u", "{'f:struct':{'f:value':{}}}"),
       "'struct':{'value':1}"},
      {"apply", BY("one"), SHIP(",'struct':null"), 200,
       APPLIED("one", "{'f:struct':{}}") "; " UPDATED("u", "{'f:struct':{'f:value':{}}}"),
       "'struct':{'value':1}"},
      GONE, {"apply", BY("one"), SHIP(",'struct':{'name':'a'}"), 201, NULL, NULL},
      {"PUT", BY("u"), SHIP(",'struct':{'name':'b','value':1}"), 200,
       UPDATED("u", "{'f:struct':{'f:name':{},'f:value':{}}}"), NULL},
      {"apply", BY("one"), SHIP(",'struct':null"), 200, NULL, "'struct':{'name':'b','value':1}"}, GONE)

STORY(as_a_whole,
      {"apply", BY("one"), SHIP(",'tight':{'a':'x'},'plain':['a','b']"), 201,
       APPLIED("one", "{'f:plain':{},'f:tight':{}}"), NULL},
      {"apply", BY("two"), SHIP(",'tight':{'b':'x'},'plain':['a']"), 409, NULL,
       "Apply failed with 2 conflicts: conflicts with \\\"one\\\":\\n- .plain\\n- .tight"},
      {"apply", FORCE("two"), SHIP(",'tight':{'b':'x'},'plain':['c']"), 200,
       APPLIED("two", "{'f:plain':{},'f:tight':{}}"), "'tight':{'b':'x'},'plain':['c']"},
      {"PUT", BY("u"), SHIP(",'tight':{'b':'x','a':'x'},'plain':['c']"), 200,
       APPLIED("two", "{'f:plain':{}}") "; " UPDATED("u", "{'f:tight':{}}"), NULL},
      {"apply", BY("two"), SHIP(""), 200, UPDATED("u", "{'f:tight':{}}"), "'tight':{'a':'x','b':'x'}}"}, GONE)

/* An empty map is owned as long as it is not written, an empty list never. */
STORY(empty_structures,
      {"apply", BY("one"), SHIP(",'set':[],'mapOfMaps':{}"), 201, APPLIED("one", "{'f:mapOfMaps':{}}"), NULL},
      {"apply", BY("two"), SHIP(",'set':['a','b'],'mapOfMaps':{'a':{'x':'y'}}"), 409, NULL,
       "conflict with \\\"one\\\": .mapOfMaps"},
      {"apply", BY("two"), SHIP(",'set':['a','b']"), 200, NULL, "'set':['a','b']"},
      {"apply", BY("two"), SHIP(",'set':['b']"), 200, NULL, "'set':['b']"},
      {"apply", BY("one"), SHIP(",'set':['c'],'mapOfMaps':{}"), 200,
       APPLIED("one", "{'f:mapOfMaps':{},'f:set':{" V("c") ":{}}}") "; " APPLIED("two",
										 "{'f:set':{" V("b") ":{}}}"),
       NULL},
      {"apply", BY("two"), SHIP(",'set':['b']"), 200, NULL, "'set':['b','c']"}, GONE)

#define CHAPTER(n, section, more)                                                                            \
	"'k:{\\\"chapter\\\":" n ",\\\"section\\\":\\\"" section "\\\"}':{'.':{}" more "}"

STORY(keys_have_defaults,
      {"apply", BY("one"), SHIP(",'book':[{'text':'x'}]"), 201,
       APPLIED("one", "{'f:book':{" CHAPTER("1", "A", ",'f:text':{}") "}}"),
       "'book':[{'chapter':1,'section':'A','text':'x'}]"},
      {"apply", BY("two"), SHIP(",'book':[{'section':'A','chapter':1,'text':'y'}]"), 409, NULL,
       "conflict with \\\"one\\\": .book[chapter=1,section=\\\"A\\\"].text"},
      {"apply", BY("one"), SHIP(",'book':[{'text':'x'},{'chapter':2,'text':'y'}]"), 200,
       APPLIED("one", "{'f:book':{" CHAPTER("1", "A", ",'f:text':{}") "," CHAPTER(
			      "2", "A", ",'f:chapter':{},'f:text':{}") "}}"),
       NULL},
      {"apply", BY("one"), SHIP(",'book':[{'text':'x'},{'section':'A'}]"), 500, NULL,
       ".book: duplicate entries for key [chapter=1,section=\\\"A\\\"]"},
      {"apply", BY("one"), SHIP(",'book':[{'text':'x','chapter':1.0}]"), 200, NULL, "'chapter':1,"}, GONE)

STORY(unknown_fields_are_kept, {"apply", BY("one"), SHIP(",'free':{'num':5,'x':{'y':1}}"), 201, NULL, NULL},
      {"apply", BY("one"), SHIP(",'free':{'num':6,'x':{'y':2}}"), 200, NULL, "'free':{'num':6,'x':{'y':2}}"},
      {"apply", BY("two"), SHIP(",'free':{'num':7}"), 409, NULL, "conflict with \\\"one\\\": .free.num"},
      GONE)

#define A2 "/apis/sea.io/v2/namespaces/default/ships/a?fieldManager="
#define SHIP2(more) "{'apiVersion':'sea.io/v2','kind':'Ship','metadata':{'name':'a'}" more "}"

/* An applier is one, whichever version he speaks; an updater is another in each. */
STORY(versions, {"apply", BY("one"), SHIP(",'num':1,'str':'s'"), 201, NULL, NULL},
      {"apply", A2 "one", SHIP2(",'num':2,'flag':true"), 200, "one Apply sea.io/v2 {'f:flag':{},'f:num':{}}",
       "'num':2,'flag':true"},
      {"merge", A2 "u", "{'num':3}", 200,
       "one Apply sea.io/v2 {'f:flag':{}}; u Update sea.io/v2 {'f:num':{}}", NULL},
      {"merge", BY("u"), "{'str':'x'}", 200,
       "one Apply sea.io/v2 {'f:flag':{}}; u Update sea.io/v1 {'f:str':{}}; u Update sea.io/v2 {'f:num':{}}",
       NULL},
      {"apply", BY("two"), SHIP(",'num':4,'str':'y'"), 409, NULL,
       "Apply failed with 2 conflicts: conflicts with \\\"u\\\" using sea.io/v1:\\n- .str\\nconflicts with \\\"u\\\" using sea.io/v2:\\n- .num"},
      {"apply", BY("one"), SHIP(",'list':[{'name':'a'}]"), 200, NULL, "'list':[{'name':'a'}]"},
      {"apply", A2 "one", SHIP2(""), 200, "u Update sea.io/v1 {'f:str':{}}; u Update sea.io/v2 {'f:num':{}}",
       NULL},
      /* whose version is no more has nothing */
      {"merge", BY("u"),
       "{'metadata':{'managedFields':[{'manager':'old','operation':'Apply','apiVersion':'sea.io/v0','fieldsType':'FieldsV1','fieldsV1':{'f:str':{}}},"
       "{'manager':'new','operation':'Apply','apiVersion':'sea.io/v1','fieldsType':'FieldsV1','fieldsV1':{'f:num':{}}}]}}",
       200, NULL, NULL},
      {"apply", BY("three"), SHIP(",'str':'z'"), 200,
       APPLIED("new", "{'f:num':{}}") "; " APPLIED("three", "{'f:str':{}}"), NULL},
      GONE)

#define OLD(name, version, second, field)                                                                    \
	"{'manager':'" name "','operation':'Update','apiVersion':'sea.io/" version                           \
	"','time':'2020-01-01T00:00:" second                                                                 \
	"Z','fieldsType':'FieldsV1','fieldsV1':{'f:mapOfLists':{'f:" field "':{}}}},"
#define LISTS_OF(version, fields) "Update sea.io/" version " {'f:mapOfLists':{" fields "}}"

/* The oldest become one for each version, when there is a second of it. */
STORY(too_many_updaters, {"POST", ALL "?fieldManager=c", SHIP(",'num':1"), 201, NULL, NULL},
      {"merge", BY("z"),
       "{'num':2,'metadata':{'managedFields':[" OLD("m1", "v2", "01", "a") OLD("m2", "v1", "02", "b") OLD(
	       "m3", "v1", "03", "c") OLD("m4", "v1", "04", "d") OLD("m5", "v2", "05",
								     "e") OLD("m6", "v2", "06",
									      "f") OLD("m7", "v2", "07", "g")
	       OLD("m8", "v2", "08", "h") OLD("m9", "v2", "09", "i") OLD("m10", "v2", "10", "k") OLD(
		       "m11", "v2",
		       "11",
		       "l") "{'manager':'m12','operation':'Update','apiVersion':'sea.io/v2','time':'2020-01-01T00:00:12Z','fieldsType':'FieldsV1','fieldsV1':{'f:str':{}}}]}}",
       200,
       "ancient-changes " LISTS_OF("v1", "'f:b':{},'f:c':{},'f:d':{}") "; ancient-changes " LISTS_OF("v2", "'f:a':{},'f:e':{}") "; m6 " LISTS_OF("v2", "'f:f':{}") "; m7 " LISTS_OF(
	       "v2",
	       "'f:g':{}") "; m8 " LISTS_OF("v2",
					    "'f:h':{}") "; m9 " LISTS_OF("v2",
									 "'f:i':{}") "; m10 " LISTS_OF("v2",
												       "'f:k':{}") "; m11 " LISTS_OF("v2",
																     "'f:l':{}") "; m12 Update sea.io/v2 {'f:str':{}}; z Update sea.io/v1 {'f:num':{}}",
       NULL},
      GONE)

static char folder[] = "/tmp/merge-test-XXXXXX";

static int setup(void **state)
{
	clock_fake(clock_wall_ns()); /* so that who writes is told apart by his name, and not by when */
	char *made = mkdtemp(folder);
	assert_non_null(made);
	autofree char *path = mem_printf("%s/ship.yaml", folder);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(ships, f);
	fclose(f);
	rig_open_kinds(&rig, folder);
	unlink(path);
	rmdir(folder);
	return 0;
}

static int teardown(void **state)
{
	rig_close(&rig);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaves),
		cmocka_unit_test(sets),
		cmocka_unit_test(lists),
		cmocka_unit_test(items_that_are_there_twice),
		cmocka_unit_test(nested),
		cmocka_unit_test(structs),
		cmocka_unit_test(as_a_whole),
		cmocka_unit_test(empty_structures),
		cmocka_unit_test(keys_have_defaults),
		cmocka_unit_test(unknown_fields_are_kept),
		cmocka_unit_test(versions),
		cmocka_unit_test(too_many_updaters),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
