/* SPDX-License-Identifier: Apache-2.0 */
/* kubectl explain has something to say about every type and every field that a client can send or get. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "base/map.h"
#include "kinds/kinds_test.h"

static struct map seen;
static size_t missing, fields;

/* Said once for all kinds, by TypeMeta. */
static bool is_common(const struct field *f)
{
	return !strcmp(f->name, "kind") || !strcmp(f->name, "apiVersion") || !strcmp(f->name, "metadata");
}

static void walk(const struct type *t)
{
	while (t->elem)
		t = t->elem;
	bool message = t->form == TYPE_OBJECT || t->form == TYPE_EITHER;
	if (!message || !t->name || map_set(&seen, t->name, &seen))
		return;
	if (!t->doc.n) {
		print_error("%s has no doc\n", t->name);
		missing++;
	}
	for (unsigned i = 0; i < t->n_fields; i++) {
		const struct field *f = &t->fields[i];
		fields++;
		if (t->form == TYPE_OBJECT && !f->doc.n && !is_common(f)) {
			print_error("%s.%s has no doc\n", t->name, f->name);
			missing++;
		}
		walk(f->type);
	}
}

static void everything_has_a_doc(void **state)
{
	static const char *const bodies[] = {
		"TypeMeta",	 "ListMeta",	    "Status",	    "DeleteOptions",
		"CreateOptions", "UpdateOptions",   "PatchOptions", "WatchEvent",
		"APIGroupList",	 "APIResourceList", "APIVersions",  "Info",
		"Patch",	 "Scale",	    "Eviction",	    "PartialObjectMetadata"};
	const struct kind *const *kinds;
	size_t n = schema_kinds(schema, &kinds);
	for (size_t i = 0; i < n; i++)
		walk(kinds[i]->type);
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		assert_non_null(schema_type(schema, bodies[i]));
		walk(schema_type(schema, bodies[i]));
	}
	map_release(&seen);
	assert_true(fields > 900);
	assert_int_equal(missing, 0);
	const struct type *every = schema_type(schema, "TypeMeta");
	for (unsigned i = 0; i < every->n_fields; i++)
		assert_true(is_common(&every->fields[i]) && every->fields[i].doc.n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(everything_has_a_doc)};
	return cmocka_run_group_tests(tests, setup, teardown);
}
