/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a whole write costs when it carries more of something: eight times as many may take some eight times as long. A
 * kind's own lists are tried in kinds/growth_test.c, here is what the registry and the verbs do with them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <time.h>
#include "rest/rig_test.h"

#define FEW 500
#define TIMES 8 /* a loop in a loop makes 64 times the work of it */
#define SLACK_MS 8
#define CMS "/api/v1/namespaces/default/configmaps"

static double cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* `item` is repeated with the number of it in the place of each '#'. */
static void add_items(struct buf *b, const char *item, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		buf_adds(b, i ? "," : "");
		for (const char *p = item; *p; p++)
			if (*p == '#')
				buf_addf(b, "%u", i);
			else
				buf_addc(b, *p == '\'' ? '"' : *p);
	}
}

struct row {
	const char *name, *method, *path, *type, *before, *item, *after;
	int status; /* 0: any */
};
#define META "{\"metadata\":{\"name\":\"x\","
static const struct row rows[] = {
	{"finalizers", "POST", CMS "?dryRun=All", "application/json", META "\"finalizers\":[", "'a.b/f#'",
	 "]}}", 201},
	{"finalizers of what is being deleted", "PUT", CMS "/leaving", "application/json",
	 "{\"metadata\":{\"name\":\"leaving\",\"finalizers\":[\"a.b/stay\",", "'a.b/f#'", "]}}", 422},
	{"owners", "POST", CMS "?dryRun=All", "application/json", META "\"ownerReferences\":[",
	 "{'apiVersion':'v1','kind':'Pod','name':'p#','uid':'u#'}", "]}}", 201},
	{"owners that are one", "POST", CMS "?dryRun=All", "application/json", META "\"ownerReferences\":[",
	 "{'apiVersion':'v1','kind':'Pod','name':'p','uid':'u'}", "]}}", 201},
	{"owners that all control", "POST", CMS "?dryRun=All", "application/json",
	 META "\"ownerReferences\":[",
	 "{'apiVersion':'v1','kind':'Pod','name':'p#','uid':'u#','controller':true}", "]}}", 422},
	{"managed fields", "POST", CMS "?dryRun=All", "application/json", META "\"managedFields\":[",
	 "{'manager':'m#','operation':'Update'}", "]}}", 201},
	{"managers that own something", "POST", CMS "?dryRun=All", "application/json",
	 META "\"managedFields\":[",
	 "{'manager':'m#','operation':'Update','apiVersion':'v1','fieldsType':'FieldsV1','fieldsV1':{'f:data':{'f:k#':{}}}}",
	 "]}}", 201},
	{"labels", "POST", CMS "?dryRun=All", "application/json", META "\"labels\":{", "'l#':'v'", "}}}",
	 201},
	{"bad labels", "POST", CMS "?dryRun=All", "application/json", META "\"labels\":{", "'l#':'a b'",
	 "}}}", 422},
	{"unknown fields", "POST", CMS "?dryRun=All&fieldValidation=Strict", "application/json",
	 META "\"namespace\":\"default\"},", "'f#':1", "}", 400},
	{"duplicate fields", "POST", CMS "?dryRun=All", "application/json",
	 META "\"namespace\":\"default\"},", "'data':{}", "}", 201},
	{"duplicate fields beside unknown ones", "POST", CMS "?dryRun=All", "application/json",
	 META "\"namespace\":\"default\"},", "'data':{},'f#':1", "}", 201},
	{"yaml", "POST", CMS "?dryRun=All", "application/yaml", META "\"annotations\":{", "'a#':'v'", "}}}",
	 201},
	{"operations of a JSON patch", "PATCH", CMS "/there?dryRun=All", "application/json-patch+json", "[",
	 "{'op':'add','path':'/data/k#','value':'v'}", "]", 200},
	{"a merge patch", "PATCH", CMS "/there?dryRun=All", "application/merge-patch+json", "{\"data\":{",
	 "'k#':'v'", "}}", 200},
	{"a strategic patch of a list of words", "PATCH", CMS "/there?dryRun=All",
	 "application/strategic-merge-patch+json", "{\"metadata\":{\"finalizers\":[", "'a.b/f#'", "]}}", 200},
	{"a strategic patch of a list with keys", "PATCH", CMS "/there?dryRun=All",
	 "application/strategic-merge-patch+json", "{\"metadata\":{\"ownerReferences\":[",
	 "{'apiVersion':'v1','kind':'Pod','name':'p#','uid':'u#'}", "]}}", 200},
	{"the order of a list in a strategic patch", "PATCH", CMS "/there?dryRun=All",
	 "application/strategic-merge-patch+json", "{\"metadata\":{\"$setElementOrder/ownerReferences\":[",
	 "{'uid':'u#'}", "]}}", 200},
	{"items that a strategic patch deletes", "PATCH", CMS "/there?dryRun=All",
	 "application/strategic-merge-patch+json", "{\"metadata\":{\"ownerReferences\":[",
	 "{'$patch':'delete','uid':'u#'}", "]}}", 200},
	{"notes of a binding", "POST", "/api/v1/namespaces/default/pods/x/binding?dryRun=All",
	 "application/json", META "\"annotations\":{", "'a#':'v'", "}},\"target\":{\"name\":\"n\"}}", 404},
};

static double time_of(const struct row *r, unsigned n)
{
	autobuf struct buf b = BUF_INIT;
	double best = 1e9;

	buf_adds(&b, r->before);
	add_items(&b, r->item, n);
	buf_adds(&b, r->after);
	for (int i = 0; i < 3; i++) {
		double begin = cpu_ms();
		autoreply struct rig_reply reply =
			rig_send(&rig, r->method, r->path, r->type, buf_str(&b), b.len);
		double took = cpu_ms() - begin;
		if (reply.status != r->status)
			fail_msg("%s: %d %.300s", r->name, reply.status, buf_str(&reply.text));
		best = took < best ? took : best;
	}
	return best;
}

static bool grows(double few, double many)
{
	return many > few * TIMES * 2.5 + SLACK_MS;
}

static void test_growth(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		double few = time_of(&rows[i], FEW), many = time_of(&rows[i], FEW * TIMES);
		for (int again = 0; again < 5 && grows(few, many); again++) {
			few = time_of(&rows[i], FEW); /* other work has the machine, too */
			many = time_of(&rows[i], FEW * TIMES);
		}
		if (grows(few, many))
			fail_msg("%s: %.2f ms for %d, %.2f ms for %d", rows[i].name, few, FEW, many,
				 FEW * TIMES);
	}
}

static int setup(void **state)
{
	rig_open(&rig);
	autoreply struct rig_reply there =
		rig_call(&rig, "POST", CMS, "{\"metadata\":{\"name\":\"there\"},\"data\":{\"k\":\"v\"}}");
	autoreply struct rig_reply two = rig_call(
		&rig, "POST", CMS, "{\"metadata\":{\"name\":\"leaving\",\"finalizers\":[\"a.b/stay\"]}}");
	autoreply struct rig_reply gone = rig_call(&rig, "DELETE", CMS "/leaving", NULL);
	return there.status == 201 && two.status == 201 && gone.status == 200 ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_growth)};
	return cmocka_run_group_tests(tests, setup, rig_teardown);
}
