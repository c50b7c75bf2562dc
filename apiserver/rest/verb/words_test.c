/* SPDX-License-Identifier: Apache-2.0 */
/* What writes are refused with, and warned of, to the letter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "object/json_test.h"
#include "rest/rig_test.h"

static struct rig rig;

#define CMS "/api/v1/namespaces/default/configmaps"
#define DEPLOYS "/apis/apps/v1/namespaces/default/deployments"
#define POST_JSON "POST", CMS, "application/json"
#define MERGE(path) "PATCH", CMS path, "application/merge-patch+json"
#define JSON_PATCH(path) "PATCH", CMS path, "application/json-patch+json"
#define STRATEGIC(path) "PATCH", CMS path, "application/strategic-merge-patch+json"
#define APPLY(path) "PATCH", CMS path, "application/apply-patch+yaml"
#define DELETE_JSON(path) "DELETE", CMS path, "application/json"

struct row {
	const char *method, *target, *type, *body;
	int status;
	const char *says;     /* the message, or its beginning when it ends in … */
	const char *warnings; /* one after the other, each with ` | ` behind it */
};

static void must_say(const struct row *w, const char *message)
{
	size_t n = strlen(w->says), dots = sizeof("…") - 1;
	bool part = n >= dots && !strcmp(w->says + n - dots, "…");

	if (part ? strncmp(message, w->says, n - dots) : strcmp(message, w->says))
		fail_msg("%s %s %s\nwant %s\n got %s", w->method, w->target, w->body, w->says, message);
}

static void check(const struct row *w)
{
	autobuf struct buf warned = BUF_INIT;
	autoreply struct rig_reply r =
		rig_send(&rig, w->method, w->target, *w->body ? w->type : "", w->body, strlen(w->body));

	for (size_t i = 0; i < r.n_warnings; i++)
		buf_addf(&warned, "%s | ", r.warnings[i]);
	if (r.status != w->status)
		fail_msg("%s %s %s\nwant %d\n got %d %s", w->method, w->target, w->body, w->status, r.status,
			 buf_str(&r.text));
	if (w->says)
		must_say(w, js_str0(r.body, "message", NULL));
	if (w->warnings)
		assert_string_equal(buf_str(&warned), w->warnings);
}

static void check_all(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check(&rows[i]);
}

static void patches_that_cannot_be_read(void **state)
{
	static const struct row rows[] = {
		/* what is not there is missed first */
		{MERGE("/no"), "{", 404, "configmaps \"no\" not found", ""},
		{JSON_PATCH("/no"), "{}", 404, "configmaps \"no\" not found", ""},
		{APPLY("/no?fieldManager=m"), "a: b: c", 400,
		 "error decoding YAML: error converting YAML to JSON: …", ""},
		{APPLY("/no?fieldManager=m"), "\t", 400,
		 "error decoding YAML: error converting YAML to JSON: …", ""},
		{APPLY("/no?fieldManager=m"), "~", 400, "invalid object type: /, Kind=", ""},
		{APPLY("/no?fieldManager=m"), "{\"apiVersion\":\"a/b/c\",\"kind\":\"ConfigMap\"}", 400,
		 "invalid object type: /, Kind=", ""},
		{APPLY("/no?fieldManager=m"),
		 "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"creationTimestamp\":5}}", 500,
		 "failed to convert new object (/; /v1, Kind=ConfigMap) to proper version: unable to convert unstructured object to "
		 "/v1, Kind=ConfigMap: json: cannot unmarshal number into Go value of type string",
		 ""},
		{"PATCH", DEPLOYS "/no/status?fieldManager=m", "application/apply-patch+yaml", "a: b: c", 404,
		 "deployments.apps \"no\" not found", ""},
		/* in the words of who reads it */
		{MERGE("/m"), "{", 400, "error decoding patch: …", ""},
		{JSON_PATCH("/m"), "[5]", 400,
		 "error decoding patch: json: cannot unmarshal number into Go value of type handlers.jsonPatchOp",
		 ""},
		{JSON_PATCH("/m?fieldValidation=Ignore"), "[[]]", 400,
		 "json: cannot unmarshal array into Go value of type jsonpatch.Operation", ""},
		{JSON_PATCH("/m"), "[null]", 422,
		 "the server rejected our request due to an error in our request", ""},
		{MERGE("/m"), "~", 400,
		 "error decoding patch: invalid character '~' looking for beginning of value", ""},
		{MERGE("/m?fieldValidation=Ignore"), "{", 400, "Invalid JSON Patch", ""},
		{MERGE("/m?fieldValidation=Ignore"), "1", 400, "Invalid JSON Patch", ""},
		{MERGE("/m?fieldValidation=Ignore"), "[1]", 422,
		 " \"\" is invalid: patch: Invalid value: \"[1]\": json: cannot unmarshal array into Go value of type v1.ConfigMap",
		 ""},
		{MERGE("/m"), " null ", 400, "Invalid JSON Patch", ""},
		{JSON_PATCH("/m?fieldValidation=Ignore"), "{}", 400,
		 "json: cannot unmarshal object into Go value of type jsonpatch.Patch", ""},
		{STRATEGIC("/m"), "[]", 400,
		 "json: cannot unmarshal array into Go value of type map[string]interface {}", ""},
		{STRATEGIC("/m"), "{", 400, "unexpected end of JSON input", ""},
		{STRATEGIC("/m"), "null", 200, NULL, ""},
		/* options together, and after the type */
		{"PATCH", CMS "/m?force=true&dryRun=x", "text/plain", "{}", 415,
		 "415: Unsupported Media Type", ""},
		{MERGE("/m?fieldValidation=x&dryRun=y&fieldManager=%01&force=1"), "{", 422,
		 "PatchOptions.meta.k8s.io \"\" is invalid: [force: Forbidden: may not be specified for non-apply patch, "
		 "fieldManager: Invalid value: \"\\x01\": invalid character U+0001 (at position 0), "
		 "dryRun: Unsupported value: [\"y\"]: supported values: \"All\", "
		 "fieldValidation: Unsupported value: \"x\": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"]",
		 ""},
		{APPLY("/m?dryRun=y"), "{}", 422,
		 "PatchOptions.meta.k8s.io \"\" is invalid: [fieldManager: Required value: is required for apply patch, "
		 "dryRun: Unsupported value: [\"y\"]: supported values: \"All\"]",
		 ""},
	};

	check_all(rows, ARRAY_LEN(rows));
}

/* What a strategic patch makes is restored from maps upstream, in other words than a document is decoded. */
static void restored(void **state)
{
#define PATCHED(shown, text) 422, " \"\" is invalid: patch: Invalid value: \"map[" shown "]\": " text, ""
	static const struct row rows[] = {
		{STRATEGIC("/m"), "{\"apiVersion\":5}",
		 PATCHED("apiVersion:5", "cannot convert int64 to string")},
		{STRATEGIC("/m"), "{\"kind\":[]}", PATCHED("kind:[]", "unrecognized type: string")},
		{STRATEGIC("/m"), "{\"data\":5}", PATCHED("data:5", "cannot restore map from int64")},
		{STRATEGIC("/m"), "{\"data\":{\"a\":true}}",
		 PATCHED("data:map[a:true]", "unrecognized type: string")},
		{STRATEGIC("/m"), "{\"data\":{\"a\":1.5}}",
		 PATCHED("data:map[a:1.5]", "unrecognized type: string")},
		{STRATEGIC("/m"), "{\"binaryData\":{\"a\":5}}",
		 PATCHED("binaryData:map[a:5]", "cannot restore slice from int64")},
		{STRATEGIC("/m"), "{\"immutable\":\"x\"}", PATCHED("immutable:x", "unrecognized type: bool")},
		{STRATEGIC("/m"), "{\"metadata\":5}",
		 PATCHED("metadata:5", "cannot restore struct from: int64")},
		{STRATEGIC("/m"), "{\"metadata\":{\"labels\":[\"a\"]}}",
		 PATCHED("metadata:map[labels:[a]]", "cannot restore map from slice")},
		{STRATEGIC("/m"), "{\"metadata\":{\"finalizers\":\"x\"}}",
		 PATCHED("metadata:map[finalizers:x]", "cannot restore slice from string")},
		{STRATEGIC("/m"), "{\"metadata\":{\"finalizers\":[5]}}",
		 PATCHED("metadata:map[finalizers:[5]]", "cannot convert int64 to string")},
		{STRATEGIC("/m"), "{\"metadata\":{\"generation\":1.5}}",
		 PATCHED("metadata:map[generation:1.5]", "cannot convert float64 to int64")},
		{STRATEGIC("/m"), "{\"metadata\":{\"generation\":\"x\"}}",
		 PATCHED("metadata:map[generation:x]", "unrecognized type: int64")},
		{STRATEGIC("/m"), "{\"metadata\":{\"creationTimestamp\":5}}",
		 PATCHED("metadata:map[creationTimestamp:5]",
			 "json: cannot unmarshal number into Go value of type string")},
	};

	check_all(rows, ARRAY_LEN(rows));
}

/* A built-in object without a version is one of no kind, and none of its fields is known. */
static void versions_that_are_patched_away(void **state)
{
#define NAMELESS "the name of the object (m based on URL) was undeterminable: name must be provided"
	static const struct row rows[] = {
		{MERGE("/m"), "{\"apiVersion\":null}", 400, NAMELESS, "unknown field \"metadata\" | "},
		{MERGE("/m"), "{\"apiVersion\":\"\",\"kind\":null,\"data\":{\"a\":\"b\"}}", 400, NAMELESS,
		 "unknown field \"data\" | unknown field \"metadata\" | "},
		{MERGE("/m?fieldValidation=Ignore"), "{\"apiVersion\":null}", 400, NAMELESS, ""},
		{MERGE("/m?fieldValidation=Strict"), "{\"apiVersion\":null}", 422,
		 " \"\" is invalid: patch: Invalid value: …", ""},
		{JSON_PATCH("/m"), "[{\"op\":\"remove\",\"path\":\"/apiVersion\"}]", 400, NAMELESS,
		 "unknown field \"metadata\" | "},
		{MERGE("/m"), "{\"kind\":null}", 200, NULL, ""},
		{STRATEGIC("/m"), "{\"apiVersion\":null}", 200, NULL, ""},
	};

	check_all(rows, ARRAY_LEN(rows));
}

static void strategic_patches(void **state)
{
	static const struct row rows[] = {
		{STRATEGIC("/m"), "{\"$setElementOrder\":[]}", 400,
		 "invalid patch format of setElementOrder list", ""},
		{STRATEGIC("/m"), "{\"$setElementOrderly/x\":[]}", 400,
		 "invalid patch format of setElementOrder list", ""},
		{STRATEGIC("/m"), "{\"$deleteFromPrimitiveList\":[]}", 400,
		 "invalid patch format of primitive list", ""},
		{STRATEGIC("/m"), "{\"$retainKeys\":1}", 400, "invalid patch format of retainKeys", ""},
		{STRATEGIC("/m"), "{\"$patch\":\"x\"}", 500, "unknown patch type: x in map: map[$patch:x]",
		 ""},
		{STRATEGIC("/m"), "{\"metadata\":{\"$setElementOrder/foo\":[]}}", 500,
		 "unable to find api field in struct ObjectMeta for the json field \"foo\"", ""},
		{STRATEGIC("/m"), "{\"metadata\":{\"$setElementOrder/name\":[]}}", 500,
		 "expected a []interface {}, but received a string", ""},
		{STRATEGIC("/m"), "{\"metadata\":{\"$setElementOrder/finalizers\":1}}", 500,
		 "expected a []interface {}, but received a int64", ""},
		{STRATEGIC("/m"), "{\"metadata\":{\"finalizers\":{\"a\":1}}}", 422,
		 " \"\" is invalid: patch: Invalid value: \"map[metadata:map[finalizers:map[a:1]]]\": …", ""},
		/* a number is what it is worth, but for decoders of text */
		{STRATEGIC("/m?dryRun=All"), "{\"metadata\":{\"generation\":1.0}}", 200, NULL, ""},
		{MERGE("/m?dryRun=All"), "{\"metadata\":{\"generation\":1.0}}", 422,
		 " \"\" is invalid: patch: …", ""},
		{STRATEGIC("/m?fieldValidation=Strict"), "{\"metadata\":{\"foo\":1}}", 422,
		 " \"\" is invalid: patch: Invalid value: \"map[metadata:map[foo:1]]\": strict decoding error: unknown field \"metadata.foo\"",
		 ""},
	};

	check_all(rows, ARRAY_LEN(rows));
}

/* What a body says that it is, in the words of who looks for it first. */
static void bodies_of_something_else(void **state)
{
	static const struct row rows[] = {
		{POST_JSON, "{\"apiVersion\":5,\"kind\":\"ConfigMap\"}", 400,
		 "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: json: "
		 "cannot unmarshal number into Go struct field .apiVersion of type string ({\"apiVersion\":5,\"kind\":\"Config ...)",
		 ""},
		{POST_JSON, "{\"kind\":[\"ConfigMap\"]}", 400,
		 "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: json: "
		 "cannot unmarshal array into Go struct field .kind of type string ({\"kind\":[\"ConfigMap\"]})",
		 ""},
		{POST_JSON, "{\"apiVersion\":\"a/b/c\"}", 400,
		 "the object provided is unrecognized (must be of type ConfigMap): unexpected GroupVersion string: a/b/c "
		 "({\"apiVersion\":\"a/b/c\"})",
		 ""},
		{POST_JSON, "{\"apiVersion\":\"v2\",\"kind\":\"ConfigMap\"}", 400,
		 "ConfigMap in version \"v2\" cannot be handled as a ConfigMap: no kind \"ConfigMap\" is registered for version \"v2\" in "
		 "scheme \"pkg/api/legacyscheme/scheme.go:30\"",
		 ""},
	};

	check_all(rows, ARRAY_LEN(rows));
}

#define STRICT "POST", CMS "?dryRun=All&fieldValidation=Strict"
#define WARN "POST", CMS "?dryRun=All"

static void what_strict_readers_find(void **state)
{
	static const struct row rows[] = {
		{STRICT, "application/json",
		 "{\"metadata\":{\"name\":\"x\",\"name\":\"x\",\"foo\":1,\"foo\":{\"a\":1,\"a\":2}},\"bar\":1}",
		 400,
		 "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: duplicate field \"metadata.name\", "
		 "unknown field \"metadata.foo\", unknown field \"bar\"",
		 ""},
		{STRICT, "application/json",
		 "{\"bar\":1,\"metadata\":{\"name\":\"x\",\"name\":\"x\",\"foo\":1},\"data\":{\"a\":\"1\",\"a\":\"2\"},\"zoo\":2,\"zoo\":3}",
		 400,
		 "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: unknown field \"bar\", "
		 "duplicate field \"metadata.name\", unknown field \"metadata.foo\", duplicate field \"data.a\", unknown field \"zoo\"",
		 ""},
		{"POST", "/api/v1/namespaces/default/pods/p/eviction", "application/json",
		 "{\"apiVersion\":\"policy/v1beta1\",\"metadata\":1}", 400,
		 "Eviction in version \"v1beta1\" cannot be handled as a Eviction: json: cannot unmarshal …",
		 ""},
		{"POST", "/api/v1/namespaces/default/pods/p/eviction", "application/json",
		 "{\"metadata\":{\"name\":\"p\"},\"deleteOptions\":{\"ignoreStoreReadErrorWithClusterBreakingPotential\":true}}",
		 422,
		 "Eviction.policy \"p\" is invalid: deleteOptions.ignoreStoreReadErrorWithClusterBreakingPotential: Invalid value: "
		 "true: can not be set for pod eviction, try after removing the option",
		 ""},
		{"POST", "/api/v1/namespaces/default/pods/p/eviction?fieldValidation=Strict",
		 "application/json", "{\"apiVersion\":\"policy/v1beta1\",\"kind\":\"Eviction\",\"foo\":1}",
		 400,
		 "Eviction in version \"v1beta1\" cannot be handled as a Eviction: strict decoding error: unknown field \"foo\"",
		 ""},
		{STRICT, "application/yaml",
		 "metadata:\n  name: x\n  name: z\ndata:\n  a: '1'\n  a:\n    '2'\nfoo: 1\n", 400,
		 "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: yaml: unmarshal errors:\n"
		 "  line 3: key \"name\" already set in map\n  line 7: key \"a\" already set in map, unknown field \"foo\"",
		 ""},
		{WARN, "application/yaml",
		 "metadata:\n  name: x\n  name: z\ndata:\n  a: '1'\n  a:\n    '2'\nfoo: 1\n", 201, NULL,
		 "line 3: key \"name\" already set in map | line 7: key \"a\" already set in map | unknown field \"foo\" | "},
		{"POST", CMS "?dryRun=All&fieldValidation=Ignore", "application/yaml",
		 "metadata:\n  name: x\n  name: z\nfoo: 1\n", 201, NULL, ""},
		{APPLY("/x?dryRun=All&fieldManager=m&fieldValidation=Strict"),
		 "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n  name: x\n", 400,
		 "error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  line 5: key \"name\" already set in map",
		 ""},
		{APPLY("/x?dryRun=All&fieldManager=m"),
		 "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\n\"metadata\":{\"name\":\"x\",\"name\":\"x\"}}",
		 201, NULL, "line 2: key \"name\" already set in map | "},
		{APPLY("/x?dryRun=All&fieldManager=m&fieldValidation=Ignore"),
		 "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n  name: x\n", 201, NULL, ""},
		{MERGE("/m?dryRun=All"), "{\"data\":{\"a\":\"1\",\"a\":\"2\"},\"foo\":1}", 200, NULL,
		 "duplicate field \"data.a\" | unknown field \"foo\" | "},
		{STRICT, "application/json",
		 "{\"metadata\":{\"name\":\"x\",\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"name\":\"n\",\"uid\":\"u\"},"
		 "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"name\":\"o\",\"uid\":\"u\"},{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"name\":\"n\",\"uid\":\"u\"},"
		 "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"name\":\"o\",\"uid\":\"u\"}]}}",
		 201, NULL,
		 ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as "
		 "1.24; please fix your requests; duplicate UID(s) observed: u, u | "},
		{MERGE("/m?dryRun=All"),
		 "{\"metadata\":{\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"name\":\"n\",\"uid\":\"u\"},"
		 "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"name\":\"n\",\"uid\":\"u\"}]}}",
		 200, NULL,
		 ".metadata.ownerReferences contains duplicate entries after mutating admission happens; API server dedups owner references in 1.20+, and may "
		 "reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: u | "},
	};

	check_all(rows, ARRAY_LEN(rows));
}

/* kubernetes/kubernetes test/integration/apiserver/field_validation_test.go: who reads the text tells it in order, who has it
   from a map by its keys. */
static void strict_in_every_form(void **state)
{
#define NESTED "spec.template.spec.containers[0]."
	const char *body = JSON(
		"{'spec':{'unknown1':1,'twice':1,'twice':2,'paused':true,'paused':false,'template':{'spec':{'containers':[{'name':'c',"
		"'image':'i','nested':1,'imagePullPolicy':'Always','imagePullPolicy':'Never'}]}}}}");
	const char *operations = JSON(
		"[{'op':'add','path':'/spec/unknown1','value':1,'foo':1},{'op':'add','path':'/spec/x','path':'/spec/twice','value':1},"
		"{'op':'add','path':'/spec/template/spec/containers/0/nested','value':1}]");
	static const char repeated[] = "duplicate field \"spec.twice\" | duplicate field \"spec.paused\" | "
				       "duplicate field \"" NESTED "imagePullPolicy\" | ";
	static const char unknown[] = "unknown field \"" NESTED "nested\" | unknown field \"spec.twice\" | "
				      "unknown field \"spec.unknown1\" | ";
	static const char yaml[] =
		"metadata:\n  name: e\nspec:\n  unknown1: 1\n  selector:\n    matchLabels: {a: b}\n  template:\n"
		"    metadata: {labels: {a: b}}\n    spec:\n      containers:\n      - {name: c, image: i, nested: 1}\n";
	autobuf struct buf both = BUF_INIT, ops = BUF_INIT;
	autoreply struct rig_reply made = rig_call(
		&rig, "POST", DEPLOYS,
		JSON("{'metadata':{'name':'d'},'spec':{'selector':{'matchLabels':{'a':'b'}},'template':{'metadata':{'labels':{'a':'b'}},"
		     "'spec':{'containers':[{'name':'c','image':'i'}]}}}}"));
	assert_int_equal(made.status, 201);
	buf_addf(&both, "%s%s", repeated, unknown);
	buf_addf(&ops, "json patch unknown field \"[0].foo\" | json patch duplicate field \"[1].path\" | %s",
		 unknown);
	const struct row rows[] = {
		{"PATCH", DEPLOYS "/d?dryRun=All", "application/merge-patch+json", body, 200, NULL, both.p},
		{"PATCH", DEPLOYS "/d?dryRun=All", "application/strategic-merge-patch+json", body, 200, NULL,
		 both.p},
		{"PATCH", DEPLOYS "/d?dryRun=All", "application/json-patch+json", operations, 200, NULL,
		 ops.p},
		{"PATCH", DEPLOYS "/d?dryRun=All&fieldValidation=Ignore", "application/json-patch+json",
		 operations, 200, NULL, ""},
		{"POST", DEPLOYS "?dryRun=All", "application/yaml", yaml, 201, NULL,
		 "unknown field \"" NESTED "nested\" | unknown field \"spec.unknown1\" | "},
	};
	check_all(rows, ARRAY_LEN(rows));
}

/* All of them are told, however long that gets; the first hundred are all. */
static void complains_of_a_hundred(void **state)
{
	static const char last[] =
		"duplicate field \\\"data.key-of-some-length-048\\\", unknown field \\\"f049\\\"\",\"reason";
	autobuf struct buf body = BUF_INIT;

	buf_adds(&body, "{\"metadata\":{\"name\":\"x\"}");
	for (int i = 0; i < 60; i++)
		buf_addf(
			&body,
			",\"f%03d\":1,\"data\":{\"key-of-some-length-%03d\":\"\",\"key-of-some-length-%03d\":\"\"}",
			i, i, i);
	buf_addc(&body, '}');
	autoreply struct rig_reply r = rig_send(&rig, "POST", CMS "?dryRun=All&fieldValidation=Strict",
						"application/json", body.p, body.len);
	assert_int_equal(r.status, 400);
	if (!strstr(r.text.p, last) || strstr(r.text.p, "f050"))
		fail_msg("%s", r.text.p);
}

/* As many as there is room for in headers. */
static void warns_of_a_hundred(void **state)
{
	autobuf struct buf body = BUF_INIT;

	buf_adds(&body, "{\"metadata\":{\"name\":\"x\"}");
	for (int i = 0; i < 120; i++)
		buf_addf(&body, ",\"f%03d\":1", i);
	buf_addc(&body, '}');
	autoreply struct rig_reply r =
		rig_send(&rig, "POST", CMS "?dryRun=All", "application/json", body.p, body.len);
	assert_int_equal(r.status, 201);
	assert_int_equal(r.n_warnings, 100);
	assert_string_equal(r.warnings[99], "unknown field \"f099\"");
}

static void creates_that_name_a_version(void **state)
{
	static const struct row rows[] = {
		{POST_JSON, "{\"metadata\":{\"name\":\"v\",\"resourceVersion\":\"1\"}}", 500,
		 "resourceVersion should not be set on objects to be created", ""},
		/* judged before, and not at all when nothing is stored */
		{POST_JSON, "{\"metadata\":{\"name\":\"V\",\"resourceVersion\":\"1\"}}", 422,
		 "ConfigMap \"V\" is invalid: …", ""},
		{"POST", CMS "?dryRun=All", "application/json",
		 "{\"metadata\":{\"name\":\"v\",\"resourceVersion\":\"1\"}}", 201, NULL, ""},
		{POST_JSON, "{\"metadata\":{\"name\":\"m\",\"resourceVersion\":\"1\"}}", 500,
		 "resourceVersion should not be set on objects to be created", ""},
		{POST_JSON, "{\"metadata\":{\"name\":\"v\",\"resourceVersion\":\"0\"}}", 201, NULL, ""},
		{DELETE_JSON("/v"), "", 200, NULL, ""},
		/* a prefix beside a name that is taken */
		{POST_JSON, "{\"metadata\":{\"name\":\"m\"}}", 409, "configmaps \"m\" already exists", ""},
		{POST_JSON, "{\"metadata\":{\"name\":\"m\",\"generateName\":\"m-\"}}", 409,
		 "configmaps \"m\" already exists, the server was not able to generate a unique name for the object",
		 ""},
		{"POST", CMS "?dryRun=All", "application/json",
		 "{\"metadata\":{\"name\":\"m\",\"generateName\":\"m-\"}}", 409,
		 "configmaps \"m\" already exists, the server was not able to generate a unique name for the object",
		 ""},
	};

	check_all(rows, ARRAY_LEN(rows));
}

static void options_of_deletions(void **state)
{
	static const struct row rows[] = {
		{DELETE_JSON("/m"), "{", 500, "couldn't get version/kind; json parse error: …", ""},
		{DELETE_JSON("/m"), "{\"kind\":\"Foo\",\"apiVersion\":\"v1\"}", 500,
		 "no kind \"Foo\" is registered for version \"v1\" in scheme …", ""},
		{DELETE_JSON("/m"), "{\"gracePeriodSeconds\":\"x\"}", 500, "json: cannot unmarshal string …",
		 ""},
		{DELETE_JSON("/m"), "{\"kind\":\"CreateOptions\",\"apiVersion\":\"v1\"}", 500,
		 "decoded object cannot be converted to DeleteOptions", ""},
		{DELETE_JSON("/m"), "{\"preconditions\":[]}", 500,
		 "json: cannot unmarshal array into Go struct field DeleteOptions.preconditions of type v1.Preconditions",
		 ""},
		{DELETE_JSON("/m"), "{\"dryRun\":\"All\"}", 500,
		 "json: cannot unmarshal string into Go struct field DeleteOptions.dryRun of type []string",
		 ""},
		{DELETE_JSON("/m"), "{\"gracePeriodSeconds\":1.5}", 500,
		 "json: cannot unmarshal number 1.5 into …", ""},
		{DELETE_JSON("/m"), "{\"preconditions\":{\"uid\":1}}", 500,
		 "json: cannot unmarshal number into …", ""},
		{DELETE_JSON("/m"), "[]", 500,
		 "couldn't get version/kind; json parse error: json: cannot unmarshal array into …", ""},
		{"DELETE", CMS "/m", "application/yaml", "a: [", 500, NULL, ""},
		{"DELETE", CMS "/m", "application/vnd.kubernetes.protobuf", "k8s", 500, NULL, ""},
		{"DELETE", CMS "/m?dryRun=All", "application/json",
		 "{\"dryRun\":[\"All\"],\"foo\":1,\"kind\":\"DeleteOptions\",\"apiVersion\":\"x/v9\"}", 200,
		 NULL, ""},
		{"DELETE", CMS "/m?gracePeriodSeconds=x", "", "", 400,
		 "strconv.ParseInt: parsing \"x\": invalid syntax", ""},
		{"DELETE", CMS "/m", "text/plain", "{}", 415,
		 "the body of the request was in an unknown format - …", ""},
		{DELETE_JSON("/m"),
		 "{\"orphanDependents\":true,\"propagationPolicy\":\"x\",\"dryRun\":[\"y\"]}", 422,
		 "DeleteOptions.meta.k8s.io \"\" is invalid: [propagationPolicy: Invalid value: \"x\": orphanDependents and deletionPropagation cannot be both set, "
		 "propagationPolicy: Unsupported value: \"x\": supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\", "
		 "dryRun: Unsupported value: [\"y\"]: supported values: \"All\"]",
		 ""},
		{DELETE_JSON("/m?orphanDependents=false&propagationPolicy=Orphan"), "", 422,
		 "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Invalid value: \"Orphan\": orphanDependents and deletionPropagation cannot be both set",
		 ""},
		/* a collection's options come first */
		{DELETE_JSON("?limit=x"), "{", 400, "strconv.ParseInt: parsing \"x\": invalid syntax", ""},
		{DELETE_JSON("?labelSelector=none%3Dsuch"), "{", 500, "couldn't get version/kind; …", ""},
		/* preconditions before who may */
		{"DELETE", "/api/v1/namespaces/default", "application/json",
		 "{\"preconditions\":{\"uid\":\"x\"}}", 409,
		 "Operation cannot be fulfilled on namespaces \"default\": Precondition failed: UID in precondition: x, …",
		 ""},
	};

	check_all(rows, ARRAY_LEN(rows));
}

#define PUT_JSON(path) "PUT", CMS path, "application/json"

/* A create looks at the form of its body first, an update at its options. */
static void forms_of_bodies(void **state)
{
	static const struct row rows[] = {
		{POST_JSON, "x", 400,
		 "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: "
		 "invalid character 'x' looking for beginning of value (78)",
		 ""},
		{"POST", CMS "?dryRun=x", "text/plain", "{}", 415, "the body of the request was in an …", ""},
		{"PUT", CMS "/m?dryRun=x", "text/plain", "{}", 422, "UpdateOptions.meta.k8s.io \"\" is …",
		 ""},
		{"PUT", CMS "/m", "text/plain", "{}", 415, "the body of the request was in an …", ""},
	};

	check_all(rows, ARRAY_LEN(rows));
}

static void versions_that_are_none(void **state)
{
	static const char none[] = "strconv.ParseUint: parsing \"+1\": invalid syntax";
	static const struct row rows[] = {
		{PUT_JSON("/m"), "{\"metadata\":{\"name\":\"m\",\"resourceVersion\":\"+1\"}}", 500, none, ""},
		{PUT_JSON("/m"),
		 "{\"metadata\":{\"name\":\"m\",\"resourceVersion\":\"18446744073709551616\"}}", 500,
		 "strconv.ParseUint: parsing \"18446744073709551616\": value out of range", ""},
		{PUT_JSON("/m"), "{\"metadata\":{\"name\":\"m\",\"resourceVersion\":\"00\"}}", 200, NULL, ""},
		{PUT_JSON("/none"), "{\"metadata\":{\"name\":\"none\",\"resourceVersion\":\"+1\"}}", 404,
		 "configmaps \"none\" not found", ""},
		{MERGE("/m"), "{\"metadata\":{\"resourceVersion\":\"+1\"}}", 500, none, ""},
		{"PUT", "/apis/coordination.k8s.io/v1/namespaces/default/leases/l", "application/json",
		 "{\"metadata\":{\"name\":\"l\",\"resourceVersion\":\"+1\"}}", 500, none, ""},
	};

	check_all(rows, ARRAY_LEN(rows));
}

/* On an update metadata is judged three times, as upstream does; the message says each thing once. */
static void metadata_is_judged_in_order(void **state)
{
	static const char *const fields[] = {
		/* the object, what has changed, and the kind's own: what has changed, and whose finalizers they are */
		"labels",
		"annotations",
		"ownerReferences.uid",
		"finalizers",
		"deletionGracePeriodSeconds",
		"labels",
		"annotations",
		"ownerReferences.uid",
		"deletionGracePeriodSeconds",
		"labels",
		"annotations",
		"ownerReferences.uid",
		"finalizers[0]",
		"finalizers[1]"};
	static const struct row once = {
		PUT_JSON("/m"), "{\"metadata\":{\"name\":\"m\",\"labels\":{\"a\":\"*\"}}}", 422,
		"ConfigMap \"m\" is invalid: metadata.labels: Invalid value: \"*\": a valid label …", ""};
	autoreply struct rig_reply r = rig_call(
		&rig, "PUT", CMS "/m",
		JSON("{'metadata':{'name':'m','finalizers':['a','-'],'annotations':{'-':''},'labels':{'a':'*'},'deletionGracePeriodSeconds':3,"
		     "'ownerReferences':[{'apiVersion':'v1','kind':'Pod','name':'p','uid':''}]},'data':{'*':''}}"));
	const js *causes = js_arr(r.body, "details", "causes", NULL);
	assert_int_equal(r.status, 422);
	assert_int_equal(js_len(causes), ARRAY_LEN(fields) + 1);
	js_array_for_each (cause, causes) {
		const char *field = js_str0(cause, "field", NULL);
		if (cause_i < ARRAY_LEN(fields))
			assert_string_equal(field + strlen("metadata."), fields[cause_i]);
		else
			assert_string_equal(field, "data[*]");
	}
	check(&once);
}

/* Maps have no order: one that is sent in another is no change. */
static void nothing_changes(void **state)
{
	autoreply struct rig_reply made =
		rig_call(&rig, "POST", CMS, JSON("{'metadata':{'name':'n'},'data':{'b':'1','a':'2'}}"));
	assert_int_equal(made.status, 201);
	assert_non_null(strstr(made.text.p, JSON("'data':{'a':'2','b':'1'}")));
	autoreply struct rig_reply put =
		rig_call(&rig, "PUT", CMS "/n", JSON("{'metadata':{'name':'n'},'data':{'a':'2','b':'1'}}"));
	autoreply struct rig_reply again =
		rig_call(&rig, "PUT", CMS "/n", JSON("{'metadata':{'name':'n'},'data':{'b':'1','a':'2'}}"));
	assert_int_equal(again.status, 200);
	assert_string_equal(js_str0(made.body, "metadata", "resourceVersion", NULL),
			    js_str0(put.body, "metadata", "resourceVersion", NULL));
	assert_string_equal(js_str0(made.body, "metadata", "resourceVersion", NULL),
			    js_str0(again.body, "metadata", "resourceVersion", NULL));
}

static int setup(void **state)
{
	rig_open(&rig);
	autoreply struct rig_reply r = rig_call(&rig, "POST", CMS, JSON("{'metadata':{'name':'m'}}"));
	return r.status == 201 ? 0 : -1;
}

static int teardown(void **state)
{
	rig_close(&rig);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bodies_of_something_else),
		cmocka_unit_test(patches_that_cannot_be_read),
		cmocka_unit_test(what_strict_readers_find),
		cmocka_unit_test(warns_of_a_hundred),
		cmocka_unit_test(strict_in_every_form),
		cmocka_unit_test(complains_of_a_hundred),
		cmocka_unit_test(forms_of_bodies),
		cmocka_unit_test(versions_that_are_none),
		cmocka_unit_test(metadata_is_judged_in_order),
		cmocka_unit_test(creates_that_name_a_version),
		cmocka_unit_test(options_of_deletions),
		cmocka_unit_test(strategic_patches),
		cmocka_unit_test(restored),
		cmocka_unit_test(versions_that_are_patched_away),
		cmocka_unit_test(nothing_changes),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
