/* SPDX-License-Identifier: Apache-2.0 */
/* Definitions on a whole API server: served, granted names, changed, deleted with what they hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/mem.h"
#include "object/json_test.h"
#include "rig/apiserver_rig.h"

#define CRDS "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
#define BOATS "/apis/sea.io/v1/namespaces/default/boats"
#define PATIENCE_NS (20 * NS_PER_S)

static struct apiserver_rig *rig;
static struct rest *rest;

static int setup(void **state)
{
	rig = apiserver_rig_start(0);
	rest = rest_new(apiserver_rig_config(rig), 2);
	return 0;
}

static int teardown(void **state)
{
	rest_free(rest);
	apiserver_rig_stop(rig);
	return 0;
}

/* The reply, or "" with the error's text in *err. */
static char *call(enum rest_verb verb, const char *path, const char *body, struct err *err)
{
	autobuf struct buf reply = BUF_INIT;
	*err = (struct err)ERR_INIT;
	if (rest_do_raw(rest, verb, path, body, body ? strlen(body) : 0, &reply, err) < 0)
		return mem_strdup("");
	return buf_take(&reply, NULL);
}

static void must(enum rest_verb verb, const char *path, const char *body)
{
	struct err err;
	free(call(verb, path, body, &err));
	if (err.reason != REASON_NONE)
		fail_msg("%s: %s", path, err.msg);
}

/* Asks until the reply has the text, or (text NULL) there is none any more. */
static void until(const char *path, const char *text)
{
	int64_t deadline = clock_mono_ns() + PATIENCE_NS;
	struct err err;
	for (;;) {
		autofree char *reply = call(REST_GET, path, NULL, &err);
		if (text ? strstr(reply, text) != NULL : err.reason == REASON_NOT_FOUND)
			return;
		if (clock_mono_ns() > deadline)
			fail_msg("%s: no %s in %s", path, text ? text : "404", *reply ? reply : err.msg);
	}
}

static char *definition(const char *plural, const char *kind, const char *shorts, const char *schema)
{
	return mem_printf(
		"{'kind':'CustomResourceDefinition','apiVersion':'apiextensions.k8s.io/v1','metadata':{'name':'%s.sea.io'},'spec':{'group':'sea.io','scope':'Namespaced',"
		"'names':{'plural':'%s','kind':'%s','shortNames':[%s]},'versions':[{'name':'v1','served':true,'storage':true,'subresources':{'status':{}},"
		"'schema':{'openAPIV3Schema':{'type':'object','properties':{'spec':{'type':'object','properties':{%s}},'status':{'type':'object',"
		"'x-kubernetes-preserve-unknown-fields':true}}}}}]}}",
		plural, plural, kind, shorts, schema);
}

static void create(const char *plural, const char *kind, const char *shorts, const char *schema)
{
	autofree char *text = definition(plural, kind, shorts, schema);
	must(REST_POST, CRDS, JSON(text));
}

static void served_and_deleted(void **state)
{
	struct err err;
	create("boats", "Boat", "'b'", "'crew':{'type':'integer','default':2,'maximum':9}");
	until(CRDS "/boats.sea.io", "the initial names have been accepted");
	must(REST_POST, BOATS,
	     JSON("{'kind':'Boat','apiVersion':'sea.io/v1','metadata':{'name':'one'},'spec':{'x':1},'status':{'y':1}}"));
	autofree char *one = call(REST_GET, BOATS "/one", NULL, &err);
	assert_non_null(strstr(one, JSON("'spec':{'crew':2}")));
	assert_null(strstr(one, "status"));
	free(call(
		REST_POST, BOATS,
		JSON("{'kind':'Boat','apiVersion':'sea.io/v1','metadata':{'name':'two'},'spec':{'crew':10}}"),
		&err));
	assert_int_equal(err.reason, REASON_INVALID);
	until("/apis", "sea.io");
	until("/apis/sea.io/v1", "boats");
	/* what is held goes first, and nothing new comes */
	must(REST_POST, BOATS,
	     JSON("{'kind':'Boat','apiVersion':'sea.io/v1','metadata':{'name':'held','finalizers':['a.b/c']}}"));
	must(REST_DELETE, CRDS "/boats.sea.io", NULL);
	until(CRDS "/boats.sea.io", "InstanceDeletionInProgress");
	until(BOATS "/one", NULL);
	free(call(REST_POST, BOATS,
		  JSON("{'kind':'Boat','apiVersion':'sea.io/v1','metadata':{'name':'late'}}"), &err));
	assert_int_equal(err.reason, REASON_FORBIDDEN);
	assert_non_null(
		strstr(err.msg, "create not allowed while custom resource definition is terminating"));
	autofree char *held = call(REST_GET, BOATS "/held", NULL, &err);
	autofree char *freed = mem_strdup(held);
	char *at = strstr(freed, "\"a.b/c\"");
	assert_non_null(at);
	memset(at, ' ', strlen("\"a.b/c\""));
	must(REST_PUT, BOATS "/held", freed);
	until(CRDS "/boats.sea.io", NULL);
	until(BOATS, NULL);
}

/* A name that another one holds is granted when that is gone. */
static void names_in_use(void **state)
{
	create("ships", "Ship", "'s'", "");
	until(CRDS "/ships.sea.io", "NoConflicts");
	create("sails", "Sail", "'s'", "");
	until(CRDS "/sails.sea.io", "ShortNamesConflict");
	until(CRDS "/sails.sea.io", "\\\"s\\\" is already in use");
	create("shipz", "Ship", "", "");
	until(CRDS "/shipz.sea.io", "ListKindConflict");
	until(CRDS "/shipz.sea.io", "NotAccepted");
	must(REST_DELETE, CRDS "/ships.sea.io", NULL);
	until(CRDS "/ships.sea.io", NULL);
	until(CRDS "/sails.sea.io", "no conflicts found");
	until(CRDS "/shipz.sea.io", "the initial names have been accepted");
	until("/apis/sea.io/v1/shipz", "ShipList");
	must(REST_DELETE, CRDS "/shipz.sea.io", NULL);
	must(REST_DELETE, CRDS "/sails.sea.io", NULL);
	until(CRDS "/shipz.sea.io", NULL);
	until(CRDS "/sails.sea.io", NULL);
}

/* Objects that were there before have the defaults that come later, and lose what the schema does not know any more. */
static void schema_changes(void **state)
{
	struct err err;
	create("boats", "Boat", "", "'crew':{'type':'integer'},'old':{'type':'string'}");
	until(BOATS, "BoatList");
	must(REST_POST, BOATS,
	     JSON("{'kind':'Boat','apiVersion':'sea.io/v1','metadata':{'name':'one'},'spec':{'crew':1,'old':'o'}}"));
	autofree char *is = call(REST_GET, CRDS "/boats.sea.io", NULL, &err);
	const char *at = strstr(is, "\"old\":{\"type\":\"string\"}");
	assert_non_null(at);
	autofree char *new = mem_printf("%.*s\"sails\":{\"type\":\"integer\",\"default\":3}%s",
					(int)(at - is), is, at + strlen("\"old\":{\"type\":\"string\"}"));
	must(REST_PUT, CRDS "/boats.sea.io", new);
	until(BOATS "/one", JSON("'spec':{'crew':1,'sails':3}"));
	must(REST_DELETE, CRDS "/boats.sea.io", NULL);
	until(CRDS "/boats.sea.io", NULL);
}

static char *rafts(const char *stored)
{
	bool v1 = !strcmp(stored, "v1");

	return mem_printf(
		"'spec':{'group':'sea.io','scope':'Namespaced','names':{'plural':'rafts','kind':'Raft'},'versions':["
		"{'name':'v1beta1','served':true,'storage':%s,'schema':{'openAPIV3Schema':{'type':'object','properties':{'spec':{'type':'object','properties':{'logs':{'type':'integer'},'old':{'type':'string'}}}}}}},"
		"{'name':'v1','served':true,'storage':%s,'schema':{'openAPIV3Schema':{'type':'object','properties':{'spec':{'type':'object','properties':{'logs':{'type':'integer'},'rope':{'type':'string','default':'hemp'}}}}}}}]}",
		v1 ? "false" : "true", v1 ? "true" : "false");
}

static void merge(const char *path, const char *body)
{
	must(REST_PATCH_MERGE, path, body);
}

/* The text of a member of what is at a path; the caller's. */
static char *member(const char *path, const char *key)
{
	struct err err;
	autofree char *reply = call(REST_GET, path, NULL, &err), *start = mem_printf("\"%s\":\"", key);
	const char *at = strstr(reply, start);

	if (!at)
		fail_msg("%s: no %s in %s", path, key, reply);
	at += strlen(start);
	return mem_printf("%.*s", (int)strcspn(at, "\""), at);
}

/* What was stored in one version is read in the other one, and written once more it is stored in that. */
static void storage_versions(void **state)
{
	static const char beta[] = "/apis/sea.io/v1beta1/namespaces/default/rafts/one",
			  ga[] = "/apis/sea.io/v1/namespaces/default/rafts/one", crd[] = CRDS "/rafts.sea.io";
	autofree char *spec = rafts("v1beta1"), *later = rafts("v1");
	autofree char *new = mem_printf(
		"{'kind':'CustomResourceDefinition','apiVersion':'apiextensions.k8s.io/v1','metadata':{'name':'rafts.sea.io'},%s}",
		spec);
	autofree char *switched = mem_printf("{%s}", later);

	must(REST_POST, CRDS, JSON(new));
	until("/apis/sea.io/v1/namespaces/default/rafts", "RaftList");
	must(REST_POST, "/apis/sea.io/v1beta1/namespaces/default/rafts",
	     JSON("{'kind':'Raft','apiVersion':'sea.io/v1beta1','metadata':{'name':'one'},'spec':{'logs':9,'old':'x'}}"));
	until(ga, JSON("'spec':{'logs':9}"));
	until(ga, JSON("'apiVersion':'sea.io/v1','kind':'Raft'"));
	merge(crd, JSON(switched));
	until(crd, JSON("'storedVersions':['v1beta1','v1']"));
	until(ga, JSON("'spec':{'logs':9,'rope':'hemp'}"));
	until(beta, JSON("'spec':{'logs':9}"));
	/* a version of which something may be stored stays; what was read and is written back is stored in the other one, once */
	struct err err;
	free(call(
		REST_PATCH_MERGE, crd,
		JSON("{'spec':{'versions':[{'name':'v1','served':true,'storage':true,'schema':{'openAPIV3Schema':{'type':'object'}}}]}}"),
		&err));
	assert_int_equal(err.reason, REASON_INVALID);
	assert_non_null(strstr(err.msg, "v1beta1 was previously a storage version"));
	autofree char *first = member(ga, "resourceVersion"), *body = call(REST_GET, ga, NULL, &err);
	must(REST_PUT, ga, body);
	autofree char *second = member(ga, "resourceVersion"), *again = call(REST_GET, ga, NULL, &err);
	assert_string_not_equal(first, second);
	must(REST_PUT, ga, again);
	autofree char *third = member(ga, "resourceVersion");
	assert_string_equal(second, third);
	merge(CRDS "/rafts.sea.io/status", JSON("{'status':{'storedVersions':['v1']}}"));
	merge(CRDS "/rafts.sea.io/status", JSON("{'status':{'storedVersions':[]}}"));
	until(crd, JSON("'storedVersions':['v1']")); /* none is the one of now */
	merge(crd,
	      JSON("{'spec':{'versions':[{'name':'v1','served':true,'storage':true,'schema':{'openAPIV3Schema':{'type':'object'}}}]}}"));
	until(beta, NULL);
	until(ga, JSON("'apiVersion':'sea.io/v1'"));
	must(REST_DELETE, crd, NULL);
	until(crd, NULL);
}

/* What is wrong with an object of a user's own kind, in upstream's words. */
static void refused_objects(void **state)
{
	static const struct {
		enum rest_verb verb;
		const char *path, *body, *want;
	} rows[] = {
		{REST_POST, BOATS, "{}",
		 "the object provided is unrecognized (must be of type Boat): Object ~Kind~ is missing in ~{}~ ({})"},
		/* its metadata is as everybody's */
		{REST_POST, BOATS,
		 "{'kind':'Boat','apiVersion':'sea.io/v1','metadata':{'name':'x','labels':{'a':'!'}}}",
		 "Boat.sea.io \"x\" is invalid: metadata.labels: Invalid value: \"!\": a valid label must be"},
		{REST_POST, BOATS,
		 "{'kind':'Boat','apiVersion':'sea.io/v1','metadata':{'name':'x','annotations':{'!':'a'}}}",
		 "Boat.sea.io \"x\" is invalid: metadata.annotations: Invalid value: \"!\": name part must"},
		{REST_POST, BOATS,
		 "{'kind':'Boat','apiVersion':'sea.io/v1','metadata':{'name':'x','finalizers':['Bad Name']}}",
		 "Boat.sea.io \"x\" is invalid: metadata.finalizers: Invalid value: \"Bad Name\": name part must"},
		{REST_PATCH_MERGE, BOATS "/there", "{'metadata':{'finalizers':['a/b/c']}}",
		 "Boat.sea.io \"there\" is invalid: metadata.finalizers: Invalid value: \"a/b/c\": a qualified name must"},
		{REST_POST, BOATS,
		 "{'kind':'Boat','apiVersion':'sea.io/v1','metadata':{'name':'x','ownerReferences':[{}]}}",
		 "[metadata.ownerReferences.apiVersion: Invalid value: \"\": version must not be empty, metadata.ownerReferences.kind: "},
		{REST_POST, BOATS,
		 "{'kind':'Boat','apiVersion':'sea.io/v1','metadata':{'name':'x'},'spec':{'t':{'apiVersion':'v1','kind':'Pod',"
		 "'metadata':{'namespace':'B'}}}}",
		 "Boat.sea.io \"x\" is invalid: spec.t.metadata.namespace: Invalid value: \"B\": a lowercase RFC 1123 label"},
		{REST_POST, BOATS, "{'kind':'Boat'}",
		 "the API version in the data () does not match the expected API version (sea.io/v1)"},
		{REST_POST, BOATS, "{'kind':'Boat','apiVersion':'sea.io/v2'}",
		 "the API version in the data (sea.io/v2) does not match the expected API version (sea.io/v1)"},
		/* another group and version is another object, another kind a mistake in this one */
		{REST_POST, BOATS, "{'kind':'Pod','apiVersion':'v1','metadata':{'name':'x'}}",
		 "the API version in the data (v1) does not match the expected API version (sea.io/v1)"},
		{REST_POST, BOATS, "{'kind':'Ship','apiVersion':'sea.io/v1','metadata':{'name':'x'}}",
		 "Ship.sea.io \"x\" is invalid: kind: Invalid value: \"Ship\": must be Boat"},
		{REST_PUT, BOATS "/there",
		 "{'kind':'Ship','apiVersion':'sea.io/v1','metadata':{'name':'there'}}",
		 "Ship.sea.io \"there\" is invalid: kind: Invalid value: \"Ship\": must be Boat"},
		{REST_PATCH_MERGE, BOATS "/there", "{'kind':'Ship'}",
		 "Ship.sea.io \"there\" is invalid: kind: Invalid value: \"Ship\": must be Boat"},
		/* what a patch makes of it is no other version, and says what it is */
		{REST_PATCH_MERGE, BOATS "/there", "{'apiVersion':'sea.io/v2'}",
		 "Boat.sea.io \"there\" is invalid: apiVersion: Invalid value: \"sea.io/v2\": must be sea.io/v1"},
		{REST_PATCH_JSON, BOATS "/there", "[{'op':'replace','path':'/apiVersion','value':'v1'}]",
		 "Boat.sea.io \"there\" is invalid: apiVersion: Invalid value: \"v1\": must be sea.io/v1"},
		{REST_PATCH_MERGE, BOATS "/there", "{'apiVersion':'sea.io/v2','kind':'Ship'}",
		 "is invalid: [kind: Invalid value: \"Ship\": must be Boat, apiVersion: Invalid value: \"sea.io/v2\": must be"},
		{REST_PATCH_MERGE, BOATS "/there", "{'apiVersion':null}",
		 "Object ~apiVersion~ is missing in ~object has no apiVersion field~"},
		{REST_PATCH_JSON, BOATS "/there",
		 "[{'op':'replace','path':'','value':{'b':1,'a':{'d':2,'c':3}}}]",
		 "patch: Invalid value: \"{\\\"a\\\":{\\\"c\\\":3,\\\"d\\\":2},\\\"b\\\":1}\": Object ~Kind~ is missing in ~{\"a\":{\"c\":3,\"d\":2},\"b\":1}~"},
		{REST_POST, BOATS,
		 "{'kind':'Boat','apiVersion':'sea.io/v1','metadata':{'name':'x'},'spec':{'t':{'apiVersion':'v1','kind':'Pod',"
		 "'metadata':{'ownerReferences':[{}]}}}}",
		 "[spec.t.metadata.ownerReferences.apiVersion: Invalid value: \"\": version must not be empty, spec.t.metadata.ownerReferences.kind: "},
		{REST_POST, BOATS, "{'kind':'Boat','apiVersion':'sea.io/v1','metadata':{'name':5}}",
		 "cannot be handled as a Boat: json: cannot unmarshal number into Go struct field ObjectMeta.name of type string"},
		{REST_POST, BOATS,
		 "{'kind':'Boat','apiVersion':'sea.io/v1','metadata':{'name':'x'},'spec':{'t':{'kind':5}}}",
		 "cannot be handled as a Boat: spec.t.kind: Invalid value: 5: must be a string"},
		{REST_POST, BOATS,
		 "{'kind':'Boat','apiVersion':'sea.io/v1','metadata':{'name':'x'},'spec':{'t':{'metadata':{'labels':1}}}}",
		 "cannot be handled as a Boat: spec.t.metadata: Invalid value: {\"labels\":1}: json: cannot unmarshal number into Go struct field ObjectMeta.labels of type"},
		/* what is not there is nobody's, who say it without a Status; but what is no part of an object */
		{REST_POST, "/apis/sea.io/v1/boats",
		 "{'kind':'Boat','apiVersion':'sea.io/v1','metadata':{'name':'x'}}", "404 page not found"},
		{REST_GET, "/apis/sea.io/v1/ships", "", "404 page not found"},
		{REST_GET, BOATS "/there/bogus", "", "boats.sea.io \"there\" not found"},
	};
	struct err err;

	create("boats", "Boat", "",
	       "'t':{'type':'object','x-kubernetes-embedded-resource':true,'x-kubernetes-preserve-unknown-fields':true}");
	until(BOATS, "BoatList");
	until("/apis/sea.io/v1",
	      JSON("['delete','deletecollection','get','list','patch','create','update','watch']"));
	until(CRDS "/boats.sea.io", JSON("{'manager':'kube-apiserver','operation':'Update'"));
	must(REST_POST, BOATS, JSON("{'kind':'Boat','apiVersion':'sea.io/v1','metadata':{'name':'there'}}"));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		free(call(rows[i].verb, rows[i].path, JSON(rows[i].body), &err));
		autofree char *want = mem_strdup(rows[i].want);
		for (char *p = want; (p = strchr(p, '~'));)
			*p = '\'';
		if (!strstr(err.msg, want))
			fail_msg("%zu: %s", i, err.msg);
	}
	must(REST_DELETE, CRDS "/boats.sea.io", NULL);
	until(CRDS "/boats.sea.io", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(served_and_deleted),
					   cmocka_unit_test(names_in_use), cmocka_unit_test(schema_changes),
					   cmocka_unit_test(storage_versions),
					   cmocka_unit_test(refused_objects)};
	return cmocka_run_group_tests(tests, setup, teardown);
}
