/* SPDX-License-Identifier: Apache-2.0 */
/* metadata is judged alike in every kind, by the schema and by what it cannot say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <time.h>
#include "kinds/kinds_test.h"
#include "object/json_test.h"
#include "registry/registry_internal.h"

#define INVALID "FieldValueInvalid"
#define STANDARD "name is neither a standard finalizer name nor is it fully qualified"

static js *decode(const struct kind *k, const char *metadata)
{
	struct err err = ERR_INIT;
	autojson js *in = js_new_obj(), *m = js_parse(metadata, strlen(metadata), NULL, &err);
	js_set(in, "metadata", m ? STEAL(m) : NULL);
	js *o = schema_decode(k->type, in, NULL, &err);
	if (!o)
		fail_msg("%s: %s", metadata, err.msg);
	return o;
}

/* What is wrong with metadata, as lines `FIELD REASON MESSAGE`; what else is wrong is left out. */
static void judge(const struct kind *k, const char *metadata, const char *old, struct buf *out)
{
	struct registry_call c = {.kind = k, .stored = k, .strategy = strategy_find(k)};
	autojson js *o = decode(k, metadata), *was = old ? decode(k, old) : NULL;

	if (was)
		objectmeta_prepare_update(o, was);
	objectmeta_validate(&c, o, was);
	schema_validate(k->type, o, "", &c.errs);
	for (size_t i = 0; i < field_errors_kept(&c.errs); i++) {
		const struct field_error *e = &c.errs.v[i];
		if (!strncmp(e->field, "metadata.", 9) && strcmp(e->field, "metadata.name") &&
		    strcmp(e->field, "metadata.namespace"))
			buf_addf(out, "%s %s %s\n", e->field, e->reason, e->message);
	}
	field_errors_release(&c.errs);
}

/* Upstream judges these by the rules of all objects alone, which know no list of standard finalizers. */
static bool free_finalizers(const struct kind *k)
{
	static const char *const kinds[] = {"Lease",
					    "Event",
					    "CustomResourceDefinition",
					    "RuntimeClass",
					    "PodDisruptionBudget",
					    "MutatingWebhookConfiguration",
					    "ValidatingWebhookConfiguration",
					    "ValidatingAdmissionPolicy",
					    "ValidatingAdmissionPolicyBinding"};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (!strcmp(k->kind, kinds[i]))
			return true;
	return false;
}

static void every_kind_alike(void **state)
{
	const struct {
		const char *metadata, *old; /* old: of an update */
		bool domain;		    /* says that a finalizer needs a domain */
		const char *want;
	} rows[] = {
		{"{}", NULL, false, ""},
		{JSON("{'generation':-7}"), NULL, false,
		 "metadata.generation " INVALID " Invalid value: -7: must be greater than or equal to 0\n"},
		{JSON("{'finalizers':['kubernetes','orphan','a.b/c']}"), NULL, false, ""},
		{JSON("{'finalizers':['a.b/c','abc']}"), NULL, true,
		 "metadata.finalizers[1] " INVALID " Invalid value: \"abc\": " STANDARD "\n"},
		{JSON("{'finalizers':['orphan','foregroundDeletion']}"), NULL, false,
		 "metadata.finalizers " INVALID
		 " Invalid value: [\"orphan\",\"foregroundDeletion\"]: finalizer orphan and foregroundDeletion cannot be both set\n"},
		{JSON("{'ownerReferences':[{'apiVersion':'v1','kind':'K','name':'n','uid':'u'}]}"), NULL,
		 false, ""},
		{JSON("{'ownerReferences':[{'apiVersion':'a/b/c','kind':'','name':'','uid':''}]}"), NULL,
		 false,
		 "metadata.ownerReferences.apiVersion " INVALID
		 " Invalid value: \"a/b/c\": version must not be empty\n"
		 "metadata.ownerReferences.kind " INVALID " Invalid value: \"\": must not be empty\n"
		 "metadata.ownerReferences.name " INVALID " Invalid value: \"\": must not be empty\n"
		 "metadata.ownerReferences.uid " INVALID " Invalid value: \"\": must not be empty\n"},
		{JSON("{'ownerReferences':[{'apiVersion':'a/','kind':'K','name':'n','uid':'u'},"
		      "{'kind':'K','name':'n','uid':'w'}]}"),
		 NULL, false,
		 "metadata.ownerReferences.apiVersion " INVALID
		 " Invalid value: \"a/\": version must not be empty\n"
		 "metadata.ownerReferences.apiVersion " INVALID
		 " Invalid value: \"\": version must not be empty\n"},
		{JSON("{'ownerReferences':[{'apiVersion':'/v1','kind':'Event','name':'n','uid':'u'}]}"), NULL,
		 false,
		 "metadata.ownerReferences " INVALID
		 " Invalid value: {\"apiVersion\":\"/v1\",\"kind\":\"Event\",\"name\":\"n\",\"uid\":\"u\"}: /v1, Kind=Event is disallowed from being an owner\n"},
		{JSON("{'labels':{'':''}}"), NULL, false,
		 "metadata.labels " INVALID " Invalid value: \"\": name part must be non-empty\n"
		 "metadata.labels " INVALID
		 " Invalid value: \"\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')\n"},
		{JSON("{'deletionTimestamp':'2026-01-02T15:04:05Z','deletionGracePeriodSeconds':3}"), "{}",
		 false,
		 "metadata.deletionTimestamp " INVALID
		 " Invalid value: \"2026-01-02T15:04:05Z\": field is immutable\n"
		 "metadata.deletionGracePeriodSeconds " INVALID " Invalid value: 3: field is immutable\n"},
		{JSON("{'deletionTimestamp':'2027-01-02T15:04:05Z','deletionGracePeriodSeconds':3}"),
		 JSON("{'deletionTimestamp':'2026-01-02T15:04:05Z','deletionGracePeriodSeconds':3}"), false,
		 ""},
		{JSON("{'uid':'v'}"), JSON("{'uid':'u'}"), false,
		 "metadata.uid " INVALID " Invalid value: \"v\": field is immutable\n"},
		{JSON("{'finalizers':['z.b/c','a.b/c','o.b/c']}"),
		 JSON("{'deletionTimestamp':'2026-01-02T15:04:05Z','finalizers':['o.b/c']}"), false,
		 "metadata.finalizers FieldValueForbidden Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{\"a.b/c\", \"z.b/c\"}\n"},
	};
	const struct kind *const *kinds;
	size_t n = schema_kinds(schema, &kinds), seen = 0;

	for (size_t i = 0; i < n; i++) {
		if (!(kinds[i]->verbs & VERB_GET) || kinds[i]->storage_kind != kinds[i])
			continue;
		seen++;
		for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
			autobuf struct buf got = BUF_INIT;
			bool silent = rows[r].domain && free_finalizers(kinds[i]);
			judge(kinds[i], rows[r].metadata, rows[r].old, &got);
			if (strcmp(buf_str(&got), silent ? "" : rows[r].want))
				fail_msg("%s %s: %s", kinds[i]->kind, rows[r].metadata, buf_str(&got));
		}
	}
	assert_true(seen >= 13);
}

/* A kind without generations keeps the one that it is given. */
static void generation(void **state)
{
	const struct kind *const *kinds;
	size_t n = schema_kinds(schema, &kinds);

	for (size_t i = 0; i < n; i++) {
		struct registry_call c = {
			.kind = kinds[i], .stored = kinds[i], .strategy = strategy_find(kinds[i])};
		autojson js *o = js_new_obj();
		js_set_int(js_ensure(o, "metadata", NULL), "generation", 7);
		objectmeta_prepare_create(&c, o);
		assert_int_equal(js_int(o, 0, "metadata", "generation", NULL),
				 kinds[i]->has_generation ? 1 : 7);
	}
}

/* CPU milliseconds that it takes to judge the finalizers of an object that is going away. */
static double cost(int n)
{
	const struct kind *k = schema_kind(schema, "", "v1", "ConfigMap");
	autobuf struct buf list = BUF_INIT, old = BUF_INIT, out = BUF_INIT;
	buf_adds(&list, "{\"finalizers\":[");
	for (int i = 0; i < n; i++)
		buf_addf(&list, "%s\"a.b/f%d\"", i ? "," : "", i);
	buf_adds(&list, "]");
	buf_addf(&old, "%s,\"deletionTimestamp\":\"2026-01-02T15:04:05Z\"}", buf_str(&list));
	buf_adds(&list, "}");
	clock_t start = clock();
	judge(k, buf_str(&list), buf_str(&old), &out);
	assert_int_equal(out.len, 0);
	return (double)(clock() - start) * 1000 / CLOCKS_PER_SEC;
}

static void growth(void **state)
{
	double few = cost(1000), many = cost(8000);
	for (int again = 0; again < 3 && many > 32 * few + 10; again++) {
		few = cost(1000); /* other work has the machine, too */
		many = cost(8000);
	}
	assert_true(many <= 32 * few + 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_kind_alike), cmocka_unit_test(generation),
					   cmocka_unit_test(growth)};

	return cmocka_run_group_tests(tests, setup, teardown);
}
