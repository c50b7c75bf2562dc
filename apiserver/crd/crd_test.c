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

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(served_and_deleted),
					   cmocka_unit_test(names_in_use), cmocka_unit_test(schema_changes)};
	return cmocka_run_group_tests(tests, setup, teardown);
}
