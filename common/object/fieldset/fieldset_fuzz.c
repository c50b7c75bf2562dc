/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FieldsV1 texts, and objects that are merged: two sets and two documents, in lines. What is written reads back as the
 * same set; sets obey their laws; what is merged differs from the configuration in nothing that it is alone to say.
 */
#include <assert.h>
#include <stdlib.h>
#include "object/fieldset/fieldset.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct schema *schema;
static const struct type *type;

static void clean_up(void)
{
	schema_free(schema);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char text[] = "package: test/v1\n"
				   "types:\n"
				   "  O:\n"
				   "    a: 1 *int32\n"
				   "    b: 2 string\n"
				   "    m: 3 {string}\n"
				   "    o: 4 *O\n"
				   "    l: 5 [O] always map=a,b\n"
				   "    s: 6 [string] set\n"
				   "    t: 7 [string]\n"
				   "    u: 8 {O} atomic\n"
				   "    r: 9 raw\n"
				   "    k: 10 {O}\n";
	const struct schema_file f = {.name = "o", .p = text, .n = sizeof(text) - 1};
	struct err err = ERR_INIT;

	schema = schema_load(&f, 1, &err);
	if (!schema)
		abort();
	type = schema_type(schema, "O");
	atexit(clean_up);
	return 0;
}

static const struct fieldset *read_set(struct arena *a, const char *p, size_t n)
{
	const struct fieldset *s, *again;
	struct err err = ERR_INIT;
	autobuf struct buf text = BUF_INIT;

	if (buf_utf8_valid(p, n) != n || fieldset_parse(a, p, n, &s, &err) < 0)
		return NULL;
	fieldset_write(&text, s);
	char *copy = arena_strndup(a, buf_str(&text), text.len);
	if (fieldset_parse(a, copy, text.len, &again, &err) < 0 || !fieldset_equal(s, again))
		abort();
	return s;
}

static void check_laws(struct arena *a, const struct fieldset *x, const struct fieldset *y)
{
	const struct fieldset *both = fieldset_union(a, x, y), *shared = fieldset_intersection(a, x, y);
	const struct fieldset *left = fieldset_difference(a, x, y);

	assert(fieldset_equal(both, fieldset_union(a, y, x)));
	assert(fieldset_equal(shared, fieldset_intersection(a, y, x)));
	assert(fieldset_size(x) == fieldset_size(left) + fieldset_size(shared));
	assert(fieldset_size(both) == fieldset_size(left) + fieldset_size(y));
	assert(fieldset_equal(fieldset_union(a, left, shared), x));
	assert(!fieldset_intersection(a, fieldset_without(a, x, y), y));
	(void)fieldset_reconcile(a, type, both);
	(void)fieldset_named(a, type, both);
}

static js *read_object(const char *p, size_t n)
{
	struct err err = ERR_INIT;
	js *o = js_parse(p, n, NULL, &err);

	if (js_is_obj(o))
		return o;
	js_autoput(&o);
	return NULL;
}

static void check_digests(struct arena *a, const js *x, const js *y, const struct fieldset_changes *of_x)
{
	autobuf struct buf p = BUF_INIT, q = BUF_INIT;
	struct fieldset_changes of_y;

	if (!fieldset_digest(&p, type, x) || !fieldset_digest(&q, type, y) || p.len != q.len ||
	    memcmp(p.p, q.p, p.len) != 0)
		return;
	fieldset_compare(a, type, NULL, y, &of_y);
	assert(fieldset_equal(of_x->added, of_y.added) && fieldset_equal(of_x->modified, of_y.modified));
}

static void check_objects(struct arena *a, const js *live, const js *config, const struct fieldset *s)
{
	struct fieldset_changes c;
	autobuf struct buf why = BUF_INIT;

	fieldset_compare(a, type, live, live, &c);
	assert(!c.added && !c.modified && !c.removed);
	fieldset_compare(a, type, NULL, live, &c);
	assert(!c.removed);
	check_digests(a, live, config, &c);
	autojson js *less = fieldset_remove(type, live, s);
	fieldset_compare(a, type, live, less, &c);
	assert(!c.added);
	if (fieldset_check(type, config, &why) < 0)
		return;
	autojson js *merged = fieldset_merge(type, live, config);
	fieldset_compare(a, type, live, merged, &c);
	autojson js *again = fieldset_merge(type, merged, config);
	fieldset_compare(a, type, merged, again, &c);
	assert(!c.added && !c.modified && !c.removed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autoarena struct arena a = ARENA_INIT;
	const char *part[4], *p = (const char *)data, *end = p + size;
	size_t n[4];

	for (int i = 0; i < 4; i++) {
		const char *nl = i < 3 ? memchr(p, '\n', (size_t)(end - p)) : NULL;
		part[i] = p;
		n[i] = (size_t)((nl ? nl : end) - p);
		p = nl ? nl + 1 : end;
	}
	const struct fieldset *x = read_set(&a, part[0], n[0]), *y = read_set(&a, part[1], n[1]);
	check_laws(&a, x, y);
	autojson js *live = read_object(part[2], n[2]), *config = read_object(part[3], n[3]);
	if (live && config)
		check_objects(&a, live, config, x);
	return 0;
}
