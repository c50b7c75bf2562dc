/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "object/schema.h"
#include "object/json_test.h"

static const char meta_yaml[] = "package: meta/v1\n"
				"types:\n"
				"  UID: string go=types.UID\n"
				"  Meta:\n"
				"    name: 1 string\n"
				"    uid: 2 UID\n"
				"    labels: 3 {string} keyformat=label-key format=label-value\n"
				"    created: 4 time omitzero\n"
				"    deleted: 5 *time\n"
				"    finalizers: 6 [string] merge set format=finalizer\n";

static const char boat_yaml[] = "package: core/v1\n"
				"kinds:\n"
				"  - kind: Boat\n"
				"    group: sea\n"
				"    version: v1\n"
				"    resource: boats\n"
				"    singular: boat\n"
				"    short: [bo]\n"
				"    categories: [all, floating]\n"
				"    scope: Namespaced\n"
				"    status: true\n"
				"    name_format: dns1123-label\n"
				"    verbs: get list create\n"
				"    heartbeat_field: spec.seen\n"
				"    subresources:\n"
				"      status: {verbs: get update}\n"
				"      scale: {group: autoscaling, kind: Scale, verbs: get}\n"
				"    selectable:\n"
				"      spec.port: {bucket: true, default: none}\n"
				"    columns:\n"
				"      - [Name, string, name, 0, .metadata.name, \"The name\"]\n"
				"      - [Age, string, \"\", 1, \"@age\", \"The age\"]\n"
				"  - kind: OldBoat\n"
				"    version: v1\n"
				"    resource: oldboats\n"
				"    singular: oldboat\n"
				"    scope: Cluster\n"
				"    type: old.Boat\n"
				"    stored_as: sea/v1/Boat\n"
				"    selectable: {hull.port: {}}\n"
				"types:\n"
				"  Policy: string enum=Always|Never\n"
				"  Amounts: \"{quantity}\"\n"
				"  Boat:\n"
				"    kind: 0 string\n"
				"    apiVersion: 0 string\n"
				"    metadata: 1 Meta\n"
				"    spec: 2 Spec members={\"lights\":true}\n"
				"    status: 3 Status\n"
				"  old.Boat:\n"
				"    kind: 0 string\n"
				"    apiVersion: 0 string\n"
				"    metadata: 1 Meta\n"
				"    hull: 2 *Spec stored=spec\n"
				"  Status:\n"
				"    phase: 1 string\n"
				"    times: 2 [Time]\n"
				"  Time:\n"
				"    by: 1 time\n"
				"  Hold:\n"
				"    $union: cargo\n"
				"    $union_default: empty\n"
				"    empty: 1 *Empty member\n"
				"    crate: 2 *Crate member\n"
				"  Empty:\n"
				"    medium: 1 string\n"
				"  Crate:\n"
				"    weight: 1 quantity\n"
				"    data: 2 bytes\n"
				"  Room:\n"
				"    name: 1 string always required format=dns1123-label\n"
				"    hold: 2 Hold inline\n"
				"    lock: 3 *bool\n"
				"    policy: 4 Policy default=Always\n"
				"    tries: 5 int32 min=1 max=9 default=3\n"
				"  Wind:\n"
				"    up: 1 *intstr default=\"25%\"\n"
				"    down: 2 *intstr default=1\n"
				"  Spec:\n"
				"    crew: 1 *int32 min=0 default=2\n"
				"    big: 2 int64\n"
				"    lights: 3 *bool\n"
				"    rooms: 4 [Room] always merge=name map=name required unique=name\n"
				"    port: 5 string immutable\n"
				"    homePort: 6 string from=port\n"
				"    sail: 7 string\n"
				"    wind: 8 *Wind default={} when=sail:Up|Half\n"
				"    limits: 9 Amounts\n"
				"    seen: 10 *microtime\n"
				"    flag: 11 string minlen=2 maxlen=4\n"
				"    depth: 12 *int32 min=1\n"
				"    extra: 13 raw\n"
				"    door: 14 intstr min=1 max=99 format=port-name\n"
				"    mode: 15 *int32 min=0 max=7 detail=\"must be one octal digit\"\n"
				"docs:\n"
				"  Boat: Floats.\n"
				"  Spec.crew: People on board.\n";

static struct schema *schema;
static const struct type *boat;

static struct schema *load(const char *a, const char *b, struct err *err)
{
	struct schema_file files[] = {{.name = "b.yaml", .p = b, .n = strlen(b), .lasting = true},
				      {.name = "a.yaml", .p = a, .n = strlen(a), .lasting = true}};
	return schema_load(files, ARRAY_LEN(files), err);
}

static int setup(void **state)
{
	struct err err = ERR_INIT;
	schema = load(meta_yaml, boat_yaml, &err); /* in the wrong order, on purpose */
	if (!schema)
		print_error("%s\n", err.msg);
	assert_non_null(schema);
	boat = schema_type(schema, "Boat");
	return 0;
}

static int teardown(void **state)
{
	schema_free(schema);
	return 0;
}

static js *parse(const char *s)
{
	struct err err = ERR_INIT;
	js *o = js_parse(s, strlen(s), NULL, &err);
	assert_non_null(o);
	return o;
}

static void assert_json(const js *o, const char *want)
{
	autobuf struct buf b = BUF_INIT;
	js_write(&b, o);
	assert_string_equal(buf_str(&b), want);
}

static void kinds_are_read(void **state)
{
	const struct kind *k = schema_kind(schema, "sea", "v1", "Boat");
	assert_non_null(k);
	assert_ptr_equal(schema_resource(schema, "sea", "v1", "boats"), k);
	assert_null(schema_kind(schema, "", "v1", "Boat"));
	assert_ptr_equal(k->type, boat);
	assert_string_equal(k->storage, "sea/boats");
	assert_string_equal(k->short_names[0], "bo");
	assert_string_equal(k->categories[1], "floating");
	assert_int_equal(k->verbs, VERB_GET | VERB_LIST | VERB_CREATE);
	assert_true(k->namespaced && k->has_status && !k->has_generation && k->heartbeat);
	assert_string_equal(k->heartbeat_field, "spec.seen");
	assert_int_equal(k->n_subresources, 2);
	assert_null(k->subresources[0].group);
	assert_string_equal(k->subresources[0].kind, "Boat");
	assert_string_equal(k->subresources[1].group, "autoscaling");
	assert_int_equal(k->subresources[1].verbs, VERB_GET);
	assert_string_equal(k->selectable[0].path, "spec.port");
	assert_string_equal(k->selectable[0].dflt, "none");
	assert_true(k->selectable[0].bucket);
	assert_int_equal(k->columns[1].priority, 1);
	assert_string_equal(k->columns[1].cell, "@age");
	struct doc doc = schema_field(schema_type(schema, "Spec"), "crew")->doc;
	assert_int_equal(boat->doc.n, strlen("Floats."));
	assert_memory_equal(boat->doc.p, "Floats.", boat->doc.n);
	assert_memory_equal(doc.p, "People on board.", doc.n);
	assert_true(doc.p > boat_yaml && doc.p < boat_yaml + sizeof(boat_yaml)); /* not copied */

	const struct kind *old = schema_kind(schema, "", "v1", "OldBoat");
	assert_ptr_equal(old->storage_kind, k);
	assert_string_equal(old->storage, k->storage);
	assert_string_equal(old->selectable[0].path, "spec.port");
	assert_string_equal(old->selectable[0].dflt, "");
	assert_int_equal(old->verbs, 255);
	const struct kind *const *all;
	assert_int_equal(schema_kinds(schema, &all), 2);
}

static void bad_files_are_refused(void **state)
{
	const struct {
		const char *types, *want;
	} rows[] = {
		{"{T: {a: 1 nothing}}", "type T: a: unknown type `nothing`"},
		{"{T: {a: 1 string colour=red}}", "unknown attribute"},
		{"{T: {a: 1 string min}}", "wants a value"},
		{"{T: {a: 1 string required=yes}}", "takes no value"},
		{"{T: {a: x string}}", "not a number"},
		{"{T: {a: 1}}", "not a text"},
		{JSON("{T: {a: '1'}}"), "NUMBER TYPE"},
		{"{T: {a: 1 string format=none}}", "unknown format"},
		{"{T: {a: 1 string, b: 1 string}}", "protobuf number 1 occurs twice"},
		{"{T: {a: 1 int32 default=many}}", "default"},
		{"{T: {a: 1 int32 default=99999999999}}", "cannot unmarshal number 99999999999"},
		{"{T: {a: 1 T}}", "holds itself"},
		{"{T: {a: 1 U inline}, U: {b: 1 T}}", "holds itself"},
		{JSON("{T: {a: '1 *T default={}'}}"), "holds itself"},
		{"{T: {a: 1 string, i: 2 U inline}, U: {a: 1 string}}", "occurs twice"},
		{"{T: {i: 2 V inline}}", "not an object type"},
		{"{T: {i: 1024 V inline}, V: {a: 1 string}}", "inlined 2 deep, with numbers below 1024"},
		{"{T: {i: 2 T inline}}", "inlined 2 deep"},
		{"{T: {i: 2 U inline}, U: {j: 2 V inline}, V: {k: 2 W inline}, W: {a: 1 string}}",
		 "inlined 2 deep"},
		{"{T: {a: 1 string from=b}}", "no such field"},
		{"{string: {a: 1 string}}", "exists already"},
		{"{T: 7}", "neither"},
		{"[]", NULL},
		{JSON("{T: {a: 1 *T}, U: '{quantity}', V: {l: '1 [V] always'}}"), NULL},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		autofree char *text = mem_printf("package: x/v1\ntypes: %s\n", rows[i].types);
		struct schema_file f = {.name = "f.yaml", .p = text, .n = strlen(text)};
		struct schema *s = schema_load(&f, 1, &err);
		bool as_wanted = rows[i].want ? !s && strstr(err.msg, rows[i].want) : s != NULL;
		if (!as_wanted)
			print_error("%s: %s\n", rows[i].types, err.msg);
		schema_free(s);
		assert_true(as_wanted);
	}
}

static void assert_same_errors(const struct strict_errors *a, const struct strict_errors *b)
{
	assert_int_equal(a->n, b->n);
	for (size_t i = 0; i < a->n; i++)
		assert_string_equal(a->v[i], b->v[i]);
}

/* What is taken to pieces becomes what a copy would: in bytes, and member by member. */
static void assert_taken(const char *text)
{
	struct strict_errors strict = {0}, strict_taken = {0};
	struct err err = ERR_INIT, err_taken = ERR_INIT;
	autojson js *in = parse(text), *given = parse(text);
	autojson js *want = schema_decode(boat, in, &strict, &err);
	autojson js *out = schema_take(boat, STEAL(given), &strict_taken, &err_taken);
	assert_same_errors(&strict, &strict_taken);
	schema_strict_errors_release(&strict);
	schema_strict_errors_release(&strict_taken);
	assert_string_equal(err.msg, err_taken.msg);
	assert_true(!want == !out);
	if (!want)
		return;
	autobuf struct buf b = BUF_INIT;
	js_write(&b, want);
	assert_json(out, buf_str(&b));
	assert_true(js_equal(want, out));
	assert_null(js_field(out, "zzz"));
}

static void crowds_are_taken(void **state)
{
	for (int n = 1; n < 200; n += 13) {
		autobuf struct buf b = BUF_INIT;
		buf_adds(&b, "{\"metadata\":{\"labels\":{\"a\":null");
		for (int i = 0; i < n; i++)
			buf_addf(&b, ",\"l%d\":\"%d\"", i, i);
		buf_adds(&b, "}},\"spec\":{\"rooms\":[null");
		for (int i = 0; i < n; i++)
			buf_addf(&b, ",{\"name\":\"r%d\"}", i);
		buf_adds(&b, "],\"limits\":{\"none\":null,\"cpu\":1000,\"mem\":\"1024Mi\"}");
		for (int i = 0; i < n; i++)
			buf_addf(&b, ",\"u%d\":{}", i);
		buf_adds(&b, ",\"port\":\"p\"}}");
		assert_taken(buf_str(&b));
	}
}

static void conforms(void **state)
{
	const struct {
		const char *in, *want;
	} rows[] = {
		/* order, unknown fields, values that Go always writes */
		{JSON("{'spec':{'big':5,'zzz':1,'crew':0},'kind':'Boat','apiVersion':'sea/v1'}"),
		 JSON("{'kind':'Boat','apiVersion':'sea/v1','metadata':{},'spec':{'crew':0,'big':5,'rooms':null,'door':0},'status':{}}")},
		/* zero values by value vanish, by pointer stay; null is absence */
		{JSON("{'metadata':{'name':'','labels':{},'created':null},'spec':{'big':0,'lights':false,'rooms':[],"
		      "'port':'','depth':null}}"),
		 JSON("{'metadata':{},'spec':{'lights':false,'rooms':null,'door':0},'status':{}}")},
		/* null inside maps and lists is the zero value */
		{JSON("{'metadata':{'labels':{'a':null}},'spec':{'limits':{'x':null},'rooms':[null]}}"),
		 JSON("{'metadata':{'labels':{'a':''}},'spec':{'rooms':[{'name':''}],'limits':{'x':'0'},'door':0},'status':{}}")},
		/* the zero time is null, by value also when it is absent; as a pointer only when it is given */
		{JSON("{'metadata':{'created':'0001-01-01T00:00:00Z'},'spec':{'seen':'0001-01-01T00:00:00.000000Z'},"
		      "'status':{'times':[{'by':'0001-01-01T00:00:00Z'},{'by':'9999-12-31T23:59:59Z'},{}]}}"),
		 JSON("{'metadata':{},'spec':{'rooms':null,'seen':null,'door':0},'status':{'times':[{'by':null},"
		      "{'by':'9999-12-31T23:59:59Z'},{'by':null}]}}")},
		/* canonical scalars, inlined members, raw */
		{"{\"metadata\":{\"created\":\"2026-01-02T17:04:05+02:00\"},\"spec\":{\"limits\":{\"cpu\":\"0.1\",\"m\":1024,"
		 "\"n\":\"1024Mi\"},\"seen\":\"2026-01-02T15:04:05.500000Z\",\"rooms\":[{\"crate\":{\"data\":\"YWJj\\n\"},\"name\":\"a\"}],"
		 "\"extra\":{\"b\":null,\"a\":[]},\"door\":\"http\"}}",
		 JSON("{'metadata':{'created':'2026-01-02T15:04:05Z'},'spec':{'rooms':[{'name':'a','crate':{'weight':'0',"
		      "'data':'YWJj'}}],'limits':{'cpu':'100m','m':'1024','n':'1Gi'},"
		      "'seen':'2026-01-02T15:04:05.500000Z','extra':{'b':null,'a':[]},'door':'http'},'status':{}}")},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		autojson js *in = parse(rows[i].in), *out = schema_conform(boat, in, NULL, &err);
		assert_taken(rows[i].in);
		if (!out)
			print_error("%s: %s\n", rows[i].in, err.msg);
		assert_non_null(out);
		assert_json(out, rows[i].want);
		autobuf struct buf written = BUF_INIT;
		schema_write(&written, boat, out);
		assert_string_equal(buf_str(&written), rows[i].want);
		js_del(js_obj(out, "spec", NULL), "seen"); /* a null that is read is an absent pointer */
		autojson js *again = schema_conform(boat, out, NULL, &err);
		assert_true(js_equal(again, out));
	}
}

static void wrong_types_are_named(void **state)
{
	const struct {
		const char *in, *want;
	} rows[] = {
		{"[]", "json: cannot unmarshal array into Go value of type v1.Boat"},
		{JSON("{'spec':{'crew':'3'}}"),
		 "json: cannot unmarshal string into Go struct field Spec.spec.crew of type int32"},
		{JSON("{'spec':{'crew':1.5}}"),
		 "json: cannot unmarshal number 1.5 into Go struct field Spec.spec.crew of type int32"},
		{JSON("{'spec':{'crew':2147483648}}"),
		 "json: cannot unmarshal number 2147483648 into Go struct field Spec.spec.crew of type int32"},
		{JSON("{'spec':{'big':9223372036854775808}}"),
		 "json: cannot unmarshal number 9223372036854775808 into Go struct field Spec.spec.big of type int64"},
		{JSON("{'spec':{'rooms':{}}}"),
		 "json: cannot unmarshal object into Go struct field Spec.spec.rooms of type []v1.Room"},
		{JSON("{'spec':{'rooms':[{'name':1}]}}"),
		 "json: cannot unmarshal number into Go struct field Room.spec.rooms.name of type string"},
		{JSON("{'spec':{'rooms':[{'policy':[]}]}}"),
		 "json: cannot unmarshal array into Go struct field Room.spec.rooms.policy of type v1.Policy"},
		{JSON("{'metadata':{'uid':true}}"),
		 "json: cannot unmarshal bool into Go struct field Meta.metadata.uid of type types.UID"},
		{JSON("{'metadata':{'labels':{'a':1}}}"),
		 "json: cannot unmarshal number into Go struct field Meta.metadata.labels of type string"},
		{JSON("{'spec':{'door':true}}"),
		 "json: cannot unmarshal bool into Go struct field Spec.spec.door of type int32"},
		{JSON("{'spec':{'limits':{'a':'1x'}}}"), "quantities must match the regular expression "
							 "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"},
		{JSON("{'spec':{'rooms':[{'crate':{'data':'a!bc'}}]}}"),
		 "illegal base64 data at input byte 1"},
		{JSON("{'metadata':{'created':'soon'}}"),
		 "parsing time \"soon\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"soon\" as \"2006\""},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		autojson js *in = parse(rows[i].in), *out = schema_conform(boat, in, NULL, &err);
		assert_null(out);
		assert_int_equal(err.reason, REASON_BAD_REQUEST);
		assert_string_equal(err.msg, rows[i].want);
		assert_taken(rows[i].in);
	}
}

static void unknown_fields_are_listed(void **state)
{
	struct err err = ERR_INIT;
	autojson js *in = parse(JSON(
		"{'a':1,'spec':{'rooms':[{'x':1},{'crate':{'y':{'z':1}}}],'foo':1},'metadata':{'labels':{'free':''}}}"));
	struct strict_errors strict = {0};
	autojson js *out = schema_conform(boat, in, &strict, &err);
	assert_non_null(out);
	assert_int_equal(strict.n, 4);
	assert_string_equal(strict.v[0], "unknown field \"a\"");
	assert_string_equal(strict.v[1], "unknown field \"spec.rooms[0].x\"");
	assert_string_equal(strict.v[2], "unknown field \"spec.rooms[1].crate.y\"");
	assert_string_equal(strict.v[3], "unknown field \"spec.foo\"");
	schema_strict_errors_release(&strict);
}

static void defaults(void **state)
{
	const struct {
		const char *in, *want;
	} rows[] = {
		{"{}",
		 JSON("{'metadata':{},'spec':{'crew':2,'lights':true,'rooms':null,'door':0},'status':{}}")},
		{JSON("{'spec':{'crew':0,'lights':false}}"),
		 JSON("{'metadata':{},'spec':{'crew':0,'lights':false,'rooms':null,'door':0},'status':{}}")},
		{JSON("{'spec':{'rooms':[{'name':'a'},{'name':'b','crate':{},'policy':'Never','tries':0}]}}"),
		 JSON("{'metadata':{},'spec':{'crew':2,'lights':true,'rooms':[{'name':'a','empty':{},'policy':'Always',"
		      "'tries':3},{'name':'b','crate':{'weight':'0'},'policy':'Never','tries':3}],'door':0},'status':{}}")},
		{JSON("{'spec':{'port':'x','sail':'Half'}}"),
		 "{\"metadata\":{},\"spec\":{\"crew\":2,\"lights\":true,\"rooms\":null,\"port\":\"x\",\"homePort\":\"x\",\"sail\":\"Half\","
		 "\"wind\":{\"up\":\"25%\",\"down\":1},\"door\":0},\"status\":{}}"},
		{JSON("{'spec':{'sail':'Down','wind':{'down':0}}}"),
		 "{\"metadata\":{},\"spec\":{\"crew\":2,\"lights\":true,\"rooms\":null,\"sail\":\"Down\",\"wind\":{\"up\":\"25%\",\"down\":0},"
		 "\"door\":0},\"status\":{}}"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		autojson js *in = parse(rows[i].in), *out = schema_decode(boat, in, NULL, &err);
		assert_taken(rows[i].in);
		assert_non_null(out);
		assert_json(out, rows[i].want);
		/* In two steps, and again: the same, but for the order, which schema_write restores. */
		autojson js *slow = schema_conform(boat, in, NULL, &err);
		schema_default(boat, slow);
		assert_true(js_equal(slow, out));
		schema_default(boat, slow);
		autobuf struct buf b = BUF_INIT;
		schema_write(&b, boat, slow);
		assert_string_equal(buf_str(&b), rows[i].want);
	}
}

static void write_keeps_unknown(void **state)
{
	autojson js *o = parse("{\"zz\":[1],\"status\":{\"phase\":\"up\",\"x\":\"\\\"\"},\"kind\":\"Boat\"}");
	autobuf struct buf b = BUF_INIT;
	schema_write(&b, boat, o);
	assert_string_equal(buf_str(&b),
			    "{\"kind\":\"Boat\",\"status\":{\"phase\":\"up\",\"x\":\"\\\"\"},\"zz\":[1]}");
}

static void assert_errors(struct field_errors *errs, const char *want)
{
	autobuf struct buf b = BUF_INIT;
	for (size_t i = 0; i < field_errors_kept(errs); i++)
		buf_addf(&b, "%s: %s\n", errs->v[i].field, errs->v[i].message);
	assert_string_equal(buf_str(&b), want);
	field_errors_release(errs);
}

static void validates(void **state)
{
	const struct {
		const char *in, *want;
	} rows[] = {
		{JSON("{'spec':{'rooms':[{'name':'a'}],'door':1}}"), ""},
		{JSON("{'spec':{'door':'web'}}"), "spec.rooms: Required value\n"},
		{JSON("{'spec':{'rooms':[],'door':100}}"),
		 "spec.rooms: Required value\nspec.door: Invalid value: 100: must be between 1 and 99, inclusive\n"},
		{JSON("{'spec':{'rooms':[{'crate':{},'empty':{},'policy':'Maybe','tries':10}],'door':5}}"),
		 "spec.rooms[0].name: Required value\n"
		 "spec.rooms[0].policy: Unsupported value: \"Maybe\": supported values: \"Always\", \"Never\"\n"
		 "spec.rooms[0].tries: Invalid value: 10: must be between 1 and 9, inclusive\n"
		 "spec.rooms[0].crate: Forbidden: may not specify more than 1 cargo\n"},
		{JSON("{'spec':{'rooms':[{'name':'a'},{'name':'b'},{'name':'a'}],'door':5,'crew':-1,'depth':0,"
		      "'flag':'x','mode':9}}"),
		 "spec.crew: Invalid value: -1: must be greater than or equal to 0\n"
		 "spec.rooms[2].name: Duplicate value: \"a\"\n"
		 "spec.flag: Invalid value: \"x\": must not be empty\n"
		 "spec.depth: Invalid value: 0: must be greater than zero\n"
		 "spec.mode: Invalid value: 9: must be one octal digit\n"},
		{JSON("{'spec':{'rooms':[{'name':'a'}],'door':5,'flag':'abcde'}}"),
		 "spec.flag: Too long: may not be more than 4 bytes\n"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		autojson js *in = parse(rows[i].in), *o = schema_decode(boat, in, NULL, &err);
		assert_non_null(o);
		struct field_errors errs = {.n = 0};
		schema_validate(boat, o, "", &errs);
		assert_errors(&errs, rows[i].want);
	}
	autojson js *none = js_new_obj();
	struct field_errors errs = {.n = 0};
	schema_validate(schema_type(schema, "Room"), none, "a.b", &errs);
	assert_errors(&errs, "a.b.name: Required value\na.b: Required value: must specify a cargo\n");
}

/* A type may be constrained wherever it is used: items of items, values of maps. */
static void constraints_are_of_types(void **state)
{
	static const char yaml[] = "package: x/v1\n"
				   "types:\n"
				   "  Short: string maxlen=3 enum=a|bb|dddd\n"
				   "  Row: \"[Short] minlen=1\"\n"
				   "  Share: int32 min=0 max=100\n"
				   "  T:\n"
				   "    grid: 1 [Row] maxlen=2\n"
				   "    shares: 2 {[Share]} keyformat=dns1123-label\n"
				   "    small: 3 Share max=10\n";
	struct schema_file f = {.name = "f.yaml", .p = yaml, .n = sizeof(yaml) - 1};
	struct err err = ERR_INIT;
	struct schema *s = schema_load(&f, 1, &err);
	if (!s)
		fail_msg("%s", err.msg);
	autojson js *o =
		parse(JSON("{'grid':[['a','c'],[],['dddd']],'shares':{'x':[1,101],'A':[]},'small':11}"));
	struct field_errors errs = {.n = 0};
	schema_validate(schema_type(s, "T"), o, "", &errs);
	assert_errors(
		&errs,
		"grid: Too many: 3: must have at most 2 items\n"
		"grid[0][1]: Unsupported value: \"c\": supported values: \"a\", \"bb\", \"dddd\"\n"
		"grid[1]: Required value\n"
		"grid[2][0]: Too long: may not be more than 3 bytes\n"
		"shares[x][1]: Invalid value: 101: must be between 0 and 100, inclusive\n"
		"shares[A]: Invalid value: \"A\": a lowercase RFC 1123 label must consist of lower case "
		"alphanumeric characters or '-', and must start and end with an alphanumeric character "
		"(e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')\n"
		"small: Invalid value: 11: must be between 0 and 10, inclusive\n");
	schema_free(s);
}

static void formats_say_where(void **state)
{
	autojson js *o = parse(JSON("{'name':'x','labels':{'a b':'c d'},'finalizers':['-']}"));
	struct field_errors errs = {.n = 0};
	schema_validate(schema_type(schema, "Meta"), o, "metadata", &errs);
	assert_int_equal(errs.n, 3);
	assert_string_equal(errs.v[0].field, "metadata.labels");
	assert_memory_equal(errs.v[0].message, "Invalid value: \"a b\": name part", 30);
	assert_string_equal(errs.v[0].reason, "FieldValueInvalid");
	assert_string_equal(errs.v[1].field, "metadata.labels");
	assert_string_equal(errs.v[2].field, "metadata.finalizers");
	field_errors_release(&errs);
}

static void immutable_fields(void **state)
{
	autojson js *a = parse(JSON("{'spec':{'port':'x'}}")), *b = parse(JSON("{'spec':{'port':'y'}}")),
		    *c = parse("{}");
	struct field_errors errs = {.n = 0};
	schema_validate_update(boat, a, a, "", &errs);
	assert_int_equal(errs.n, 0);
	schema_validate_update(boat, a, b, "", &errs);
	assert_errors(&errs, "spec.port: Invalid value: \"y\": field is immutable\n");
	schema_validate_update(boat, a, c, "", &errs);
	assert_errors(&errs, "spec.port: Invalid value: \"\": field is immutable\n");
}

static void many_errors_are_counted(void **state)
{
	struct field_errors errs = {.n = 0};
	for (int i = 0; i < FIELD_ERRORS_MAX + 5; i++)
		field_error_required(&errs, "a", NULL);
	assert_int_equal(errs.n, FIELD_ERRORS_MAX + 5);
	field_errors_release(&errs);
}

static void error_wording(void **state)
{
	static const char *const words[] = {"a", "b", NULL};
	autojson js *v = parse(JSON("{'a':[1]}"));
	struct field_errors errs = {.n = 0};
	field_error_required(&errs, "f", "because");
	field_error_invalid(&errs, "f", v, "bad");
	field_error_invalid_str(&errs, "f", "x\n\"\\\x01", "bad");
	field_error_not_supported(&errs, "f", "c", words);
	field_error_forbidden(&errs, "f", "no");
	field_error_duplicate(&errs, "f", "x");
	field_error_too_long(&errs, "f", 1);
	field_error_too_many(&errs, "f", 5, 3);
	field_error_not_found(&errs, "f", "x");
	assert_errors(&errs, "f: Required value: because\n"
			     "f: Invalid value: {\"a\":[1]}: bad\n"
			     "f: Invalid value: \"x\\n\\\"\\\\\\x01\": bad\n"
			     "f: Unsupported value: \"c\": supported values: \"a\", \"b\"\n"
			     "f: Forbidden: no\n"
			     "f: Duplicate value: \"x\"\n"
			     "f: Too long: may not be more than 1 byte\n"
			     "f: Too many: 5: must have at most 3 items\n"
			     "f: Not found: \"x\"\n");
}

static void converts(void **state)
{
	const struct kind *k = schema_kind(schema, "sea", "v1", "Boat"),
			  *old = schema_kind(schema, "", "v1", "OldBoat");
	autojson js *o =
		parse(JSON("{'kind':'OldBoat','apiVersion':'v1','metadata':{'name':'x'},'hull':{'crew':1}}"));
	autojson js *stored = schema_convert(old, k, o), *back = schema_convert(k, old, stored);
	assert_json(
		stored,
		JSON("{'kind':'Boat','apiVersion':'sea/v1','metadata':{'name':'x'},'spec':{'crew':1},'status':{}}"));
	assert_true(js_equal(back, o));
}

/* Custom resources name their fields as they like. */
static void names_are_escaped(void **state)
{
	static const char text[] =
		"package: core/v1\n\ntypes:\n  Odd:\n    a\\b\"c: 1 string\n    d: 2 string\n";
	struct schema_file file = {.name = "odd.yaml", .p = text, .n = sizeof(text) - 1};
	struct err err = ERR_INIT;
	struct schema *s = schema_load(&file, 1, &err);
	assert_non_null(s);
	static const char in[] = "{\"d\":\"x\",\"a\\\\b\\\"c\":\"y\"}";
	autojson js *o = js_parse(in, sizeof(in) - 1, NULL, &err);
	autojson js *out = schema_decode(schema_type(s, "Odd"), o, NULL, &err);
	autobuf struct buf b = BUF_INIT;
	schema_write(&b, schema_type(s, "Odd"), out);
	assert_string_equal(buf_str(&b), "{\"a\\\\b\\\"c\":\"y\",\"d\":\"x\"}");
	js_autoput(&out);
	out = NULL;
	schema_free(s);
}

/* What only clients are told. */
static void clients_are_told(void **state)
{
	static const char text[] =
		"package: core/v1\ntypes:\n  Chest:\n    $go: Box\n    $map: atomic\n"
		"    a: 1 string always\n    b: 2 string always unlisted\n    c: 3 string\n"
		"    d: 4 *Lid listed atomic\n  Lid: {a: 1 string}\n";
	const struct schema_file f = {.name = "f", .p = text, .n = strlen(text)};
	struct err err = ERR_INIT;
	struct schema *s = schema_load(&f, 1, &err);
	assert_non_null(s);
	const struct type *t = schema_type(s, "Chest"), *lid = schema_type(s, "Lid");
	assert_string_equal(t->go, "v1.Box");
	assert_true(t->atomic && !lid->atomic);
	assert_true(schema_field(t, "a")->listed && schema_field(t, "d")->listed);
	assert_false(schema_field(t, "b")->listed || schema_field(t, "c")->listed);
	assert_true(schema_field(t, "d")->atomic && !schema_field(t, "a")->atomic);
	schema_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_are_read),
		cmocka_unit_test(bad_files_are_refused),
		cmocka_unit_test(conforms),
		cmocka_unit_test(wrong_types_are_named),
		cmocka_unit_test(crowds_are_taken),
		cmocka_unit_test(unknown_fields_are_listed),
		cmocka_unit_test(defaults),
		cmocka_unit_test(write_keeps_unknown),
		cmocka_unit_test(names_are_escaped),
		cmocka_unit_test(validates),
		cmocka_unit_test(constraints_are_of_types),
		cmocka_unit_test(formats_say_where),
		cmocka_unit_test(immutable_fields),
		cmocka_unit_test(many_errors_are_counted),
		cmocka_unit_test(error_wording),
		cmocka_unit_test(converts),
		cmocka_unit_test(clients_are_told),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
