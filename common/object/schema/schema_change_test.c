/* SPDX-License-Identifier: Apache-2.0 */
/* Kinds that come and go while others read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include "object/schema.h"

static const char base_yaml[] =
	"package: core/v1\n"
	"kinds:\n"
	"  - {kind: Boat, group: sea, version: v1, resource: boats, singular: boat, scope: Namespaced}\n"
	"types:\n"
	"  Meta:\n"
	"    name: 1 string\n"
	"  Boat:\n"
	"    kind: 0 string\n"
	"    metadata: 1 Meta\n";

static struct schema *load(void)
{
	struct schema_file f = {
		.name = "base.yaml", .p = base_yaml, .n = sizeof(base_yaml) - 1, .lasting = true};
	struct err err = ERR_INIT;
	struct schema *s = schema_load(&f, 1, &err);
	if (!s)
		fail_msg("%s", err.msg);
	return s;
}

/* A part with one kind of that name and resource. */
static struct schema_part *make(struct schema *s, const char *kind, const char *field)
{
	autobuf struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	buf_addf(&text,
		 "package: land/v1\n"
		 "kinds:\n"
		 "  - {kind: %s, group: land, version: v1, resource: %ss, singular: x, scope: Cluster}\n"
		 "types:\n"
		 "  %s:\n"
		 "    kind: 0 string\n"
		 "    metadata: 1 Meta\n"
		 "    %s: 2 string default=x\n"
		 "    more: 3 [{string}]\n"
		 "docs:\n"
		 "  %s: A thing.\n",
		 kind, kind, kind, field, kind);
	struct schema_file f = {.name = "more.yaml", .p = buf_str(&text), .n = text.len};
	struct schema_builder *b = schema_builder_new(s);
	if (schema_builder_file(b, &f, &err) < 0)
		fail_msg("%s", err.msg);
	struct schema_part *p = schema_builder_finish(b, &err);
	if (!p)
		fail_msg("%s", err.msg);
	return p;
}

static void change(struct schema *s, struct schema_part *in, struct schema_part *out)
{
	struct err err = ERR_INIT;
	if (schema_change(s, in, out, &err) < 0)
		fail_msg("%s", err.msg);
	if (out)
		schema_retire(s, out);
}

static void come_and_go(void **state)
{
	struct schema *s = load();
	struct schema_part *cart = make(s, "Cart", "wheels");
	assert_null(schema_kind(s, "land", "v1", "Cart")); /* not published yet */
	change(s, cart, NULL);
	const struct kind *k = schema_kind(s, "land", "v1", "Cart");
	assert_non_null(k);
	assert_ptr_equal(schema_resource(s, "land", "v1", "Carts"), k);
	assert_ptr_equal(schema_field(k->type, "metadata")->type, schema_type(s, "Meta"));
	assert_int_equal(k->id, 1);
	assert_int_equal(schema_kind_count(s), 2);
	const struct kind *const *all;
	assert_int_equal(schema_kinds(s, &all), 2);
	change(s, NULL, cart);
	assert_null(schema_kind(s, "land", "v1", "Cart"));
	assert_null(schema_resource(s, "land", "v1", "Carts"));
	assert_non_null(schema_kind(s, "sea", "v1", "Boat"));
	assert_int_equal(schema_retired(s), 0);
	schema_free(s);
}

static void one_step_for_readers(void **state)
{
	struct schema *s = load();
	struct schema_part *one = make(s, "Cart", "wheels"), *two = make(s, "Cart", "axles"),
			   *other = make(s, "Cart", "doors");
	struct err err = ERR_INIT;
	change(s, one, NULL);
	assert_int_equal(schema_change(s, other, NULL, &err), -1); /* there is one already */
	assert_string_equal(err.msg, "kind Cart: the kind or its resource exists already");
	schema_part_free(other);
	change(s, two, one);
	const struct kind *k = schema_kind(s, "land", "v1", "Cart");
	assert_non_null(schema_field(k->type, "axles"));
	assert_null(schema_field(k->type, "wheels"));
	schema_free(s);
}

/* What a pin or a reference holds stays readable; what neither holds is freed, and its id is given again. */
static void what_is_held_stays(void **state)
{
	struct schema *s = load();
	struct schema_part *cart = make(s, "Cart", "wheels");
	change(s, cart, NULL);
	struct schema_pin pin = schema_pin(s);
	const struct kind *k = schema_kind(s, "land", "v1", "Cart");
	unsigned id = k->id;
	change(s, NULL, cart);
	assert_int_equal(schema_retired(s), 2); /* the generation and the part */
	assert_string_equal(k->kind, "Cart");
	schema_kind_ref(k);
	schema_unpin(s, &pin);
	schema_unpin(s, &pin);
	assert_int_equal(schema_retired(s), 0);
	assert_string_equal(k->kind, "Cart"); /* by the reference alone */
	struct schema_part *next = make(s, "Sledge", "bells");
	struct kind *const *kinds;
	assert_int_equal(schema_part_kinds(next, &kinds), 1);
	assert_int_not_equal(kinds[0]->id, id);
	schema_kind_unref(k);
	struct schema_part *last = make(s, "Coach", "bells");
	schema_part_kinds(last, &kinds);
	assert_int_equal(kinds[0]->id, id);
	schema_part_free(last);
	schema_part_free(next);
	schema_free(s);
}

static void changes_for_ever_cost_nothing(void **state)
{
	struct schema *s = load();
	struct schema_part *now = make(s, "Cart", "wheels");
	change(s, now, NULL);
	for (int i = 0; i < 300; i++) {
		struct schema_pin pin = schema_pin(s);
		struct schema_part *next = make(s, "Cart", "wheels");
		change(s, next, now);
		now = next;
		schema_unpin(s, &pin);
		assert_true(schema_retired(s) <= 2);
	}
	assert_true(schema_kind_count(s) <= 5);
	schema_free(s);
}

/* ---- under load ---- */
struct load {
	struct schema *s;
	atomic_bool stop;
	atomic_long seen;
};

static void *reader(void *arg)
{
	struct load *l = arg;
	autojson js *in = js_new_obj();
	js_set_str(in, "kind", "Cart");
	while (!atomic_load(&l->stop)) {
		struct schema_pin pin = schema_pin(l->s);
		const struct kind *k = schema_kind(l->s, "land", "v1", "Cart");
		struct err err = ERR_INIT;
		if (k) {
			autojson js *o = schema_decode(k->type, in, NULL, &err);
			assert_non_null(o);
			autobuf struct buf text = BUF_INIT;
			schema_write(&text, k->type, o);
			atomic_fetch_add(&l->seen, 1);
		}
		const struct kind *const *all;
		size_t n = schema_kinds(l->s, &all);
		for (size_t i = 0; i < n; i++)
			assert_non_null(all[i]->kind);
		schema_unpin(l->s, &pin);
	}
	return NULL;
}

static void readers_and_changes(void **state)
{
	struct load l = {.s = load()};
	pthread_t t[3];
	for (size_t i = 0; i < ARRAY_LEN(t); i++)
		pthread_create(&t[i], NULL, reader, &l);
	for (int i = 0; i < 200 || atomic_load(&l.seen) < 10; i++) {
		struct schema_part *p = make(l.s, "Cart", i % 2 ? "wheels" : "axles");
		change(l.s, p, NULL);
		struct schema_part *q = make(l.s, "Cart", "doors");
		change(l.s, q, p);
		change(l.s, NULL, q);
	}
	atomic_store(&l.stop, true);
	for (size_t i = 0; i < ARRAY_LEN(t); i++)
		pthread_join(t[i], NULL);
	struct schema_pin pin = schema_pin(l.s);
	schema_unpin(l.s, &pin);
	assert_int_equal(schema_retired(l.s), 0);
	schema_free(l.s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(come_and_go),	       cmocka_unit_test(one_step_for_readers),
		cmocka_unit_test(what_is_held_stays),  cmocka_unit_test(changes_for_ever_cost_nothing),
		cmocka_unit_test(readers_and_changes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
