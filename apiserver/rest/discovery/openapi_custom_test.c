/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "object/json_test.h"
#include "kinds/kinds.h"
#include "rest/discovery/openapi_v2_internal.h"

static struct schema *schema;
static struct kind boat = {.group = "sea.example.com", .version = "v1", .kind = "Boat", .resource = "boats"};

/* What one property, or (NULL) the whole definition, becomes. */
static js *becomes(bool v3, const char *openapi, const char *property)
{
	struct err err = ERR_INIT;
	autofree char *text = mem_printf(
		"{\"spec\":{\"versions\":[{\"name\":\"v2\"},{\"name\":\"v1\",\"schema\":{\"openAPIV3Schema\":%s}}]}}",
		openapi);
	autojson js *crd = js_parse(text, strlen(text), NULL, &err);
	assert_non_null(crd);
	autobuf struct buf b = BUF_INIT;
	struct openapi_writer w = {.e = {.b = &b}, .schema = schema, .v3 = v3};
	emit_open(&w.e, NULL, '{');
	openapi_custom_write(&w, &boat, crd);
	emit_close(&w.e, '}');
	openapi_writer_release(&w);
	js *o = js_parse(b.p, b.len, NULL, &err);
	assert_non_null(o);
	if (!property)
		return o;
	js *part = js_dup(js_obj(o, "properties", property, NULL));
	json_object_put(o);
	return part;
}

static void nodes(void **state)
{
	const struct {
		const char *in, *v3, *v2; /* v3 NULL: as it is */
	} rows[] = {
		{JSON("{'type':'string','description':'A name.','pattern':'^a','enum':['a','b'],'default':'a'}"),
		 NULL,
		 JSON("{'type':'string','description':'A name.','pattern':'^a','enum':['a','b'],'default':'a'}")},
		{JSON("{'type':'integer','anyOf':[{'minimum':1}],'not':{'minimum':9}}"), NULL,
		 JSON("{'type':'integer'}")},
		{JSON("{'anyOf':[{'type':'integer'},{'type':'string'}],'x-kubernetes-int-or-string':true}"),
		 NULL, JSON("{'x-kubernetes-int-or-string':true}")},
		{JSON("{'type':'object','nullable':true,'properties':{'a':{'type':'string'}}}"), NULL, "{}"},
		{JSON("{'type':'object','x-kubernetes-preserve-unknown-fields':true,'properties':{'a':{'type':'string'}}}"),
		 NULL, JSON("{'x-kubernetes-preserve-unknown-fields':true}")},
		{JSON("{'type':'array','items':{'type':'string','oneOf':[{'pattern':'x'}]},'x-kubernetes-list-type':'set'}"),
		 NULL, JSON("{'type':'array','items':{'type':'string'},'x-kubernetes-list-type':'set'}")},
		{JSON("{'type':'array','nullable':true,'items':{'type':'string'}}"), NULL, "{}"},
		{JSON("{'type':'object','additionalProperties':{'type':'integer','nullable':true}}"), NULL,
		 JSON("{'type':'object','additionalProperties':{}}")},
		{JSON("{'type':'object','required':['a','b'],'properties':{'a':{'type':'string','nullable':true},"
		      "'b':{'type':'string'}}}"),
		 NULL,
		 JSON("{'type':'object','required':['b'],'properties':{'a':{},'b':{'type':'string'}}}")},
		{JSON("{'type':'string','example':'x','externalDocs':{'url':'u'}}"),
		 JSON("{'type':'string'}"), JSON("{'type':'string'}")},
		{JSON("{'x-kubernetes-preserve-unknown-fields':true}"), NULL,
		 JSON("{'x-kubernetes-preserve-unknown-fields':true}")},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (int v3 = 0; v3 < 2; v3++) {
			const char *text = !v3 ? rows[i].v2 : rows[i].v3 ? rows[i].v3 : rows[i].in;
			struct err err = ERR_INIT;
			autofree char *whole =
				mem_printf("{\"type\":\"object\",\"properties\":{\"x\":%s}}", rows[i].in);
			autojson js *want = js_parse(text, strlen(text), NULL, &err),
				    *got = becomes(v3, whole, "x");
			autobuf struct buf b = BUF_INIT;
			js_write(&b, got);
			if (!js_equal(want, got))
				fail_msg("row %zu, v%d: %s", i, v3 ? 3 : 2, buf_str(&b));
		}
}

/* apiVersion, kind and metadata are the server's to describe, also within. */
static void envelopes(void **state)
{
	static const char *const common[] = {"apiVersion", "kind", "metadata"};
	static const char schema_text[] =
		"{\"type\":\"object\",\"description\":\"Floats.\",\"properties\":{\"kind\":{\"type\":\"string\"},\"spec\":{\"type\":"
		"\"object\",\"x-kubernetes-embedded-resource\":true,\"required\":[\"kind\",\"a\"]}}}";
	for (int v3 = 0; v3 < 2; v3++) {
		autojson js *all = becomes(v3, schema_text, NULL), *spec = becomes(v3, schema_text, "spec");
		assert_string_equal(js_str0(all, "description", NULL), "Floats.");
		assert_null(js_field(all, "required"));
		assert_int_equal(js_len(js_arr(spec, "required", NULL)), 3);
		for (size_t i = 0; i < ARRAY_LEN(common); i++) {
			assert_non_null(js_str(all, "properties", common[i], "description", NULL));
			assert_non_null(js_str(spec, "properties", common[i], "description", NULL));
		}
		const js *meta = js_obj(all, "properties", "metadata", NULL);
		const char *ref = v3 ? js_str0(js_at(js_arr(meta, "allOf", NULL), 0), "$ref", NULL)
				     : js_str0(meta, "$ref", NULL);
		assert_non_null(strstr(ref, "/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"));
	}
}

/* Old kubectls would take any list of fields for all of them. */
static void open_objects(void **state)
{
	const char *open =
		JSON("{'type':'object','x-kubernetes-preserve-unknown-fields':true,'properties':{'a':"
		     "{'type':'string'}}}");
	autojson js *v2 = becomes(false, open, NULL), *v3 = becomes(true, open, NULL),
		    *none = becomes(true, "null", NULL);
	assert_null(js_field(v2, "properties"));
	assert_string_equal(js_str0(v2, "type", NULL), "object");
	assert_non_null(js_obj(v3, "properties", "a", NULL));
	assert_null(js_field(none, "properties"));
}

/* A part with two custom kinds, in the schema. */
static struct schema_part *serve_fleet(void)
{
	static const char kind[] =
		"{'group':'sea.example.com','version':'v1','kind':'%s','resource':'%ss','singular':'%s','scope':'Cluster','type':'%s'}",
			  type[] = "{'type':'object','properties':{'a':{'type':'string'}}}";
	static const char *const names[] = {"boat", "raft"};
	struct err err = ERR_INIT;
	autojson js *about = js_parse(JSON(type), strlen(type), NULL, &err);
	struct schema_builder *b = schema_builder_new(schema);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		autofree char *text = mem_printf(kind, names[i], names[i], names[i], names[i]);
		const char *good = JSON(text);
		autojson js *k = js_parse(good, strlen(good), NULL, &err);
		assert_int_equal(schema_builder_openapi(b, names[i], about, &err), 0);
		if (schema_builder_kind(b, k, &err) < 0)
			fail_msg("%s", err.msg);
	}
	struct schema_part *part = schema_builder_finish(b, &err);
	assert_non_null(part);
	assert_int_equal(schema_change(schema, part, NULL, &err), 0);
	return part;
}

static js *withdraw_fleet(void *arg, const struct kind *k)
{
	struct schema_part **part = arg;
	struct err err = ERR_INIT;
	assert_non_null(k);
	if (*part)
		assert_int_equal(schema_change(schema, NULL, *part, &err), 0);
	*part = NULL;
	return NULL;
}

/* What is told is how it was when the writing began. */
static void kinds_go_meanwhile(void **state)
{
	struct schema_part *part = serve_fleet(), *mine = part;
	struct schema_pin pin = schema_pin(schema);
	autobuf struct buf b = BUF_INIT;
	openapi_document_write(&b, schema, "apis/sea.example.com/v1", withdraw_fleet, &part);
	assert_null(part);
	assert_non_null(strstr(buf_str(&b), "com.example.sea.v1.boat\""));
	assert_non_null(strstr(buf_str(&b), "com.example.sea.v1.raft\""));
	schema_unpin(schema, &pin);
	schema_retire(schema, mine);
}

struct voyage {
	struct openapi_v2 *v2;
	struct schema_part *part;
};

/* The fleet goes while its first part is written. */
static js *sail_away(void *arg, const struct kind *k)
{
	struct voyage *v = arg;
	struct kind *const *kinds;
	struct err err = ERR_INIT;
	size_t n = v->part ? schema_part_kinds(v->part, &kinds) : 0;
	if (v->part)
		assert_int_equal(schema_change(schema, NULL, v->part, &err), 0);
	for (size_t i = 0; i < n; i++)
		openapi_v2_forget(v->v2, kinds[i]);
	v->part = NULL;
	return NULL;
}

static struct buf compose(struct openapi_v2 *v)
{
	char hash[DOCUMENT_HASH_LEN];
	struct response rs = {0};
	struct buf b = BUF_INIT;
	pieces_respond(openapi_v2_compose(v, false, hash), &rs);
	assert_int_equal(strlen(hash), DOCUMENT_HASH_LEN - 1);
	for (long n = 0; n >= 0;) {
		buf_reserve(&b, 16384);
		n = rs.stream->read(rs.stream->arg, b.p + b.len, 16384);
		b.len += n > 0 ? (size_t)n : 0;
	}
	response_release(&rs);
	buf_adds(&b, "");
	return b;
}

/* ... and what is written of it then is kept for nobody. */
static void parts_go_meanwhile(void **state)
{
	struct shelf *shelf = shelf_new();
	struct voyage voyage = {.part = serve_fleet()};
	struct schema_part *mine = voyage.part;
	struct openapi_v2 *v = voyage.v2 = openapi_v2_new(schema, shelf, sail_away, &voyage);
	autobuf struct buf with = compose(v);
	assert_null(voyage.part);
	assert_non_null(strstr(with.p, "com.example.sea.v1.boat\""));
	assert_non_null(strstr(with.p, "com.example.sea.v1.raft\""));
	assert_int_equal(openapi_v2_written(v), 4);
	assert_int_equal(shelf_len(shelf), 4); /* two halves of what is built in and of what is shared */
	schema_retire(schema, mine);
	autobuf struct buf without = compose(v);
	assert_null(strstr(without.p, "sea.example.com"));
	assert_int_equal(openapi_v2_written(v), 5); /* the group-version is shared no more */
	openapi_v2_free(v);
	shelf_free(shelf);
}

static int load(void **state)
{
	struct err err = ERR_INIT;
	schema = kinds_load(NULL, &err);
	return schema ? 0 : -1;
}

static int unload(void **state)
{
	schema_free(schema);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nodes), cmocka_unit_test(envelopes), cmocka_unit_test(open_objects),
		cmocka_unit_test(kinds_go_meanwhile), cmocka_unit_test(parts_go_meanwhile)};
	return cmocka_run_group_tests(tests, load, unload);
}
