/* SPDX-License-Identifier: Apache-2.0 */
/* What a definition's status says, state by state, beside what others have been granted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include "crd/crd_internal.h"
#include "object/yaml.h"
#include "storage/storage_rig.h"
#include "view/view.h"

#define NOW_NS (1767225600LL * 1000000000)

static struct storage_rig rig;
static struct schema *schema;
static struct storage *storage;
static struct views *views;

static int setup(void **state)
{
	struct err err = ERR_INIT;

	schema = kinds_load(NULL, &err);
	assert_non_null(schema);
	storage_rig_open(&rig, schema);
	storage = rig.storage;
	views = views_new(storage, schema);
	return 0;
}

static int teardown(void **state)
{
	views_free(views);
	storage_rig_close(&rig);
	schema_free(schema);
	return 0;
}

static js *yaml(const char *text)
{
	struct err err = ERR_INIT;
	js *o = yaml_parse(text, strlen(text), NULL, &err);

	if (!o)
		fail_msg("%s: %s", text, err.msg);
	return o;
}

/* Another definition of the group, with names that it has been granted. */
static void grant(const char *accepted)
{
	autofree char *text = mem_printf(
		"{kind: CustomResourceDefinition, apiVersion: apiextensions.k8s.io/v1, metadata: {name: others.sea.io, uid: u}, spec: {group: sea.io}, status: {acceptedNames: %s}}",
		accepted);
	const struct kind *k = schema_kind(schema, "apiextensions.k8s.io", "v1", "CustomResourceDefinition");
	autojson js *o = yaml(text);
	autobuf struct buf b = BUF_INIT;
	struct err err = ERR_INIT;

	js_write(&b, o);
	autoobj struct obj *draft = obj_new(k, buf_str(&b), b.len, &err),
			   *old = storage_get(storage_resource(storage, k), "", "others.sea.io");
	assert_non_null(draft);
	int rc = old ? storage_update(storage_resource(storage, k), old, draft, 0, NULL, &err)
		     : storage_create(storage_resource(storage, k), draft, NULL, &err);
	assert_int_equal(rc, 0);
}

/* "Type=Status(Reason) " for each condition. */
static void describe(struct buf *out, const js *status)
{
	js_array_for_each (c, js_arr(status, "conditions", NULL))
		buf_addf(out, "%s=%s(%s) ", js_str0(c, "type", NULL), js_str0(c, "status", NULL),
			 js_str0(c, "reason", NULL));
}

#define NAMES "plural: boats, singular: boat, kind: Boat, listKind: BoatList"
#define FREE "{plural: others, singular: other, kind: Other, listKind: OtherList}"
#define CONDITIONS(established, accepted)                                                                    \
	"conditions: [{type: NamesAccepted, status: '" accepted                                              \
	"', reason: x}, {type: Established, status: '" established "', reason: z}]"

static void names(void **state)
{
	static const struct {
		const char *others, *names, *status, *want, *accepted;
		bool conflict;
	} rows[] = {
		{FREE, NAMES, "{}", "NamesAccepted=True(NoConflicts) Established=True(InitialNamesAccepted) ",
		 "boats boat Boat BoatList", false},
		{"{plural: boats}", NAMES, "{}",
		 "NamesAccepted=False(PluralConflict) Established=False(NotAccepted) ", " boat Boat BoatList",
		 true},
		/* resources, singulars and short names are one set */
		{"{plural: others, shortNames: [boat]}", NAMES, "{}",
		 "NamesAccepted=False(SingularConflict) Established=False(NotAccepted) ",
		 "boats  Boat BoatList", true},
		{"{plural: others, kind: Boat}", NAMES, "{}",
		 "NamesAccepted=False(KindConflict) Established=False(NotAccepted) ", "boats boat  BoatList",
		 true},
		/* and kinds and kinds of lists another one */
		{"{plural: others, kind: BoatList}", NAMES, "{}",
		 "NamesAccepted=False(ListKindConflict) Established=False(NotAccepted) ", "boats boat Boat ",
		 true},
		{"{plural: s1, singular: s2}", NAMES ", shortNames: [s1, s2, s3]", "{}",
		 "NamesAccepted=False(ShortNamesConflict) Established=False(NotAccepted) ",
		 "boats boat Boat BoatList", true},
		/* what is established stays so, with the names that it has */
		{"{plural: others, shortNames: [s]}", NAMES ", shortNames: [s]",
		 "{acceptedNames: {" NAMES "}, " CONDITIONS("True", "True") "}",
		 "NamesAccepted=False(ShortNamesConflict) Established=True(z) ", "boats boat Boat BoatList",
		 true},
		{"{plural: others, kind: Ship}",
		 "plural: boats, singular: boat, kind: Ship, listKind: ShipList",
		 "{acceptedNames: {" NAMES "}, " CONDITIONS("True", "True") "}",
		 "NamesAccepted=False(KindConflict) Established=True(z) ", "boats boat Boat ShipList", true},
		/* the conflict is gone */
		{FREE, NAMES, "{acceptedNames: {plural: boats}, " CONDITIONS("False", "False") "}",
		 "NamesAccepted=True(NoConflicts) Established=True(InitialNamesAccepted) ",
		 "boats boat Boat BoatList", false},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *text =
			mem_printf("{spec: {group: sea.io, names: {%s}, versions: []}, status: %s}",
				   rows[i].names, rows[i].status);
		autojson js *crd = yaml(text);
		autobuf struct buf got = BUF_INIT, accepted = BUF_INIT;
		bool conflict;
		grant(rows[i].others);
		autojson js *status = crd_status(views, schema, crd, NOW_NS, &conflict);
		describe(&got, status);
		const js *a = js_obj(status, "acceptedNames", NULL);
		buf_addf(&accepted, "%s %s %s %s", js_str0(a, "plural", NULL), js_str0(a, "singular", NULL),
			 js_str0(a, "kind", NULL), js_str0(a, "listKind", NULL));
		if (strcmp(buf_str(&got), rows[i].want) || strcmp(buf_str(&accepted), rows[i].accepted))
			fail_msg("%zu: %s, %s", i, buf_str(&got), buf_str(&accepted));
		assert_int_equal(conflict, rows[i].conflict);
	}
}

/* The kinds of the start have their names before anybody else. */
static void names_of_the_start(void **state)
{
	autojson js *crd = yaml(
		"{spec: {group: apps, names: {plural: deploys, singular: deploy, kind: Deployment, listKind: DeploymentList}}}");
	bool conflict;
	autojson js *status = crd_status(views, schema, crd, NOW_NS, &conflict);

	assert_true(conflict);
	assert_false(crd_condition_is_true(status, "NamesAccepted"));
}

#define ACCEPTED "acceptedNames: {" NAMES "}, " CONDITIONS("False", "True")
#define DONE "NamesAccepted=True(x) Established=True(InitialNamesAccepted) "

static void conditions(void **state)
{
	static const struct {
		const char *meta, *group, *spec, *status, *want, *message;
	} rows[] = {
		{"{}", "sea.io", "versions: []", "{" ACCEPTED "}", DONE, NULL},
		/* a webhook whose certificates nobody can read */
		{"{}", "sea.io", "conversion: {webhook: {clientConfig: {caBundle: Cg==}}}", "{" ACCEPTED "}",
		 "NamesAccepted=True(x) Established=False(InvalidCABundle) ",
		 "The conversion webhook CABundle is invalid"},
		{"{}", "sea.io", "conversion: {webhook: {clientConfig: {caBundle: Cg==}}}",
		 "{acceptedNames: {" NAMES "}, " CONDITIONS("True", "True") "}",
		 "NamesAccepted=True(x) Established=True(z) ", NULL},
		/* schemas that are not structural, as another server may have left them */
		{"{}", "sea.io", "preserveUnknownFields: true", "{" ACCEPTED "}",
		 DONE "NonStructuralSchema=True(Violations) ",
		 "spec.preserveUnknownFields: Invalid value: true: must be false"},
		{"{}", "sea.io",
		 "preserveUnknownFields: true, versions: [{name: v1, schema: {openAPIV3Schema: {type: object, properties: {a: {}, b: {}}}}}]",
		 "{" ACCEPTED "}", DONE "NonStructuralSchema=True(Violations) ",
		 "[spec.preserveUnknownFields: Invalid value: true: must be false, "
		 "spec.versions[0].schema.openAPIV3Schema.properties[a].type: Required value: must not be empty for specified object fields, "
		 "spec.versions[0].schema.openAPIV3Schema.properties[b].type: Required value: must not be empty for specified object fields]"},
		{"{}", "sea.io",
		 "versions: [{name: v1, schema: {openAPIV3Schema: {type: object}}}, {name: v2, schema: {openAPIV3Schema: {type: object, $ref: x}}}]",
		 "{" ACCEPTED "}", DONE "NonStructuralSchema=Unknown(StructuralError) ",
		 "failed to check validation schema for version v2: OpenAPIV3Schema '$ref' is not supported"},
		/* and it goes with its cause */
		{"{}", "sea.io", "versions: [{name: v1, schema: {openAPIV3Schema: {type: object}}}]",
		 "{acceptedNames: {" NAMES
		 "}, conditions: [{type: NonStructuralSchema, status: 'True', reason: Violations}, {type: NamesAccepted, status: 'True', reason: x}]}",
		 DONE, NULL},
		{"{}", "sea.k8s.io", "versions: []", "{" ACCEPTED "}",
		 DONE "KubernetesAPIApprovalPolicyConformant=False(MissingAnnotation) ", NULL},
		{"{annotations: {api-approved.kubernetes.io: 'https://x/1'}}", "sea.k8s.io", "versions: []",
		 "{" ACCEPTED "}", DONE "KubernetesAPIApprovalPolicyConformant=True(ApprovedAnnotation) ",
		 "approved in https://x/1"},
	};
	grant(FREE);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *text =
			mem_printf("{metadata: %s, spec: {group: %s, names: {" NAMES "}, %s}, status: %s}",
				   rows[i].meta, rows[i].group, rows[i].spec, rows[i].status);
		autojson js *crd = yaml(text);
		autobuf struct buf got = BUF_INIT;
		bool conflict;
		autojson js *status = crd_status(views, schema, crd, NOW_NS, &conflict);
		const js *list = js_arr(status, "conditions", NULL), *last = js_at(list, js_len(list) - 1);
		describe(&got, status);
		if (strcmp(buf_str(&got), rows[i].want))
			fail_msg("%zu: %s", i, buf_str(&got));
		if (rows[i].message)
			assert_string_equal(js_str0(last, "message", NULL), rows[i].message);
		/* nothing more to say: the same status, its times included */
		js_set(crd, "status", js_dup(status));
		autojson js *again = crd_status(views, schema, crd, NOW_NS + 60LL * 1000000000, &conflict);
		assert_true(js_equal(status, again));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(names_of_the_start),
		cmocka_unit_test(conditions),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
