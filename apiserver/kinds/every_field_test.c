/* SPDX-License-Identifier: Apache-2.0 */
/* Every field of every kind, and of what else travels in bodies, is carried by JSON, YAML and protobuf alike. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/difference_test.h"
#include "kinds/kinds_test.h"
#include "kinds/samples.h"
#include "object/pb.h"
#include "object/yaml.h"

static struct samples *samples;

/* The value in protobuf and back. */
static js *through_pb(const struct type *t, const js *o)
{
	struct err err = ERR_INIT;
	autobuf struct buf b = BUF_INIT;
	struct pb_envelope e;

	if (pb_encode(&b, t, "v1", "X", o, &err) < 0 || pb_open(b.p, b.len, &e, &err) < 0)
		fail_msg("%s: %s", t->name, err.msg);
	autojson js *raw = pb_decode(t, e.raw, e.raw_len, &err),
		    *v = raw ? schema_conform(t, raw, NULL, &err) : NULL;
	if (!v)
		fail_msg("%s: %s", t->name, err.msg);
	return STEAL(v);
}

static js *through_text(const struct type *t, const js *o, bool yaml)
{
	struct err err = ERR_INIT;
	autobuf struct buf b = BUF_INIT;

	if (yaml)
		yaml_write(&b, o);
	else
		schema_write(&b, t, o);
	js *v = yaml ? yaml_parse(buf_str(&b), b.len, NULL, &err) : js_parse(buf_str(&b), b.len, NULL, &err);
	if (!v)
		fail_msg("%s: %s", t->name, err.msg);
	return v;
}

static void same(const struct type *t, const char *form, const js *got, const js *want)
{
	struct difference d = {.got = NULL};
	autobuf struct buf text = BUF_INIT;

	if (!contains(got, want, &d) || !contains(want, got, &d)) {
		write_difference(&text, &d);
		fail_msg("%s in %s: %.600s", t->name, form, buf_str(&text));
	}
	buf_release(&d.where);
}

static void survives(const struct type *t)
{
	struct err err = ERR_INIT;
	struct strict_errors strict = {.n = 0};
	autojson js *in = samples_raw(samples, t), *o = schema_conform(t, in, &strict, &err);

	if (!o || strict.n)
		fail_msg("%s: %s", t->name, o ? strict.v[0] : err.msg);
	same(t, "decoding", o, in);
	autojson js *json = through_text(t, o, false), *yaml = through_text(t, o, true),
		    *pb = through_pb(t, o);
	same(t, "JSON", json, o);
	same(t, "YAML", yaml, o);
	same(t, "protobuf", pb, o);
}

/* Kinds, and what travels in bodies of subresources. */
static void every_field_survives(void **state)
{
	static const char *const bodies[] = {"Scale",	      "Eviction",      "DeleteOptions",
					     "CreateOptions", "UpdateOptions", "PatchOptions",
					     "Status"};
	const struct kind *const *kinds;
	size_t n = schema_kinds(schema, &kinds);

	for (size_t i = 0; i < n; i++)
		survives(kinds[i]->type);
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++)
		survives(schema_type(schema, bodies[i]));
}

static void samples_name_types(void **state)
{
	autobuf struct buf unknown = BUF_INIT;

	samples_unknown(samples, schema, &unknown);
	assert_string_equal(buf_str(&unknown), "");
}

static int open_samples(void **state)
{
	struct err err = ERR_INIT;

	samples = samples_load(SAMPLES_DIR, &err);
	if (!samples)
		print_error("%s\n", err.msg);
	return samples ? setup(state) : -1;
}

static int close_samples(void **state)
{
	samples_free(samples);
	return teardown(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_name_types),
		cmocka_unit_test(every_field_survives),
	};
	return cmocka_run_group_tests(tests, open_samples, close_samples);
}
