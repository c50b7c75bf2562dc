/* SPDX-License-Identifier: Apache-2.0 */
/* Custom resources have no protobuf form, neither of an answer nor of a body; what is told of them has one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/kinds.h"
#include "object/json_test.h"
#include "object/pb.h"
#include "rest/negotiate.h"
#include "rest/present.h"
#include "rest/verb/body.h"

static struct schema *schema;
static const struct type any = {.form = TYPE_OBJECT, .structural = true, .preserve_unknown = true};
static const struct kind boat = {
	.group = "sea.io", .version = "v1", .kind = "Boat", .list_kind = "BoatList", .type = &any};

static int setup(void **state)
{
	struct err err = ERR_INIT;
	schema = kinds_load(NULL, &err);
	return schema ? 0 : -1;
}

static int teardown(void **state)
{
	schema_free(schema);
	return 0;
}

static void answers(void **state)
{
	static const struct {
		const char *object, *refused;
	} rows[] = {
		{"{'kind':'Boat','apiVersion':'sea.io/v1','metadata':{'name':'a'}}", NEGOTIATE_ACCEPTED},
		{"{'kind':'Status','apiVersion':'v1','status':'Failure'}", NULL},
		{"{'kind':'Scale','apiVersion':'autoscaling/v1','spec':{'replicas':1}}", NULL},
		{"{'kind':'PartialObjectMetadata','apiVersion':'meta.k8s.io/v1','metadata':{'name':'a'}}",
		 NULL},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		autobuf struct buf out = BUF_INIT;
		const char *o = JSON(rows[i].object);
		int rc = present_pb(&out, schema, &boat, o, strlen(o), &err);
		assert_int_equal(rc, rows[i].refused ? -1 : 0);
		if (!rc)
			continue;
		assert_int_equal(err.reason, REASON_NOT_ACCEPTABLE);
		assert_string_equal(err.msg, rows[i].refused);
	}
}

static void lists(void **state)
{
	struct err err = ERR_INIT;
	struct accept whole = {.media = MEDIA_PROTOBUF, .as = PRESENT_OBJECT},
		      part = {.media = MEDIA_PROTOBUF, .as = PRESENT_PARTIAL, .partial_list = true};
	assert_int_equal(negotiate_fits(&part, &boat, true, &err), 0);
	assert_int_equal(negotiate_fits(&whole, &boat, true, &err), -1);
	assert_int_equal(err.reason, REASON_NOT_ACCEPTABLE);
	assert_string_equal(err.msg, NEGOTIATE_ACCEPTED);
}

static void bodies(void **state)
{
	static const struct {
		const char *version, *kind, *want;
	} rows[] = {
		{"sea.io/v1", "Boat", "Boat in version \"v1\" cannot be handled as a Boat: " NEGOTIATE_NO_PB},
		{"land.io/v2", "Cart",
		 "Cart in version \"v2\" cannot be handled as a Boat: " NEGOTIATE_NO_PB},
		{"", "", "Boat in version \"v1\" cannot be handled as a Boat: " NEGOTIATE_NO_PB},
	};
	struct decode d = {
		.schema = schema, .type = &any, .group = "sea.io", .version = "v1", .kind = "Boat"};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		autobuf struct buf raw = BUF_INIT, body = BUF_INIT;
		pb_seal(&body, rows[i].version, rows[i].kind, &raw);
		assert_null(body_decode(&d, "application/vnd.kubernetes.protobuf", body.p, body.len, &err));
		assert_int_equal(err.reason, REASON_BAD_REQUEST);
		assert_string_equal(err.msg, rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(answers), cmocka_unit_test(lists),
					   cmocka_unit_test(bodies)};
	return cmocka_run_group_tests(tests, setup, teardown);
}
