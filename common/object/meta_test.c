/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "object/decode.h"
#include "object/meta.h"

static const char doc[] =
	"{\"metadata\":{\"name\":\"web\",\"namespace\":\"prod\",\"uid\":\"u1\",\"resourceVersion\":\"18446744073709551615\","
	"\"generation\":3,\"creationTimestamp\":\"1970-01-01T00:00:05Z\",\"deletionTimestamp\":\"1970-01-01T00:00:09Z\","
	"\"labels\":{\"app\":\"x\"},\"annotations\":{\"note\":\"y\"},\"finalizers\":[\"f1\",\"f2\"],"
	"\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"name\":\"n\",\"uid\":\"u2\"},{\"apiVersion\":\"apps/"
	"v1\",\"kind\":\"ReplicaSet\",\"name\":\"rs\",\"uid\":\"u3\",\"controller\":true,\"blockOwnerDeletion\":true}]}}";

static js *tree(void)
{
	struct err err = ERR_INIT;

	return js_parse(doc, sizeof(doc) - 1, NULL, &err);
}

static void readers(void **state)
{
	autojson js *o = tree(), *empty = js_new_obj();

	assert_string_equal(meta_name(o), "web");
	assert_string_equal(meta_namespace(o), "prod");
	assert_string_equal(meta_uid(o), "u1");
	assert_string_equal(meta_label(o, "app"), "x");
	assert_string_equal(meta_annotation(o, "note"), "y");
	assert_null(meta_label(o, "note"));
	assert_true(meta_deleting(o));
	assert_true(meta_has_finalizer(o, "f2"));
	assert_false(meta_has_finalizer(o, "f"));
	assert_string_equal(js_str(meta_controller_ref(o), "name", NULL), "rs");
	assert_string_equal(meta_name(empty), "");
	assert_false(meta_deleting(empty));
	assert_null(meta_controller_ref(empty));
	meta_set_label(empty, "a", "b");
	meta_set_annotation(empty, "c", "d");
	assert_string_equal(meta_label(empty, "a"), "b");
	assert_string_equal(meta_annotation(empty, "c"), "d");
	autojson js *ref = meta_new_controller_ref("apps/v1", "ReplicaSet", "rs", "u3");

	assert_true(js_equal(ref, meta_controller_ref(o)));
}

static void decoded(void **state)
{
	autojson js *o = tree(), *empty = js_new_obj();
	struct meta m;

	meta_decode(&m, o, META_ANNOTATIONS);
	assert_string_equal(m.name, "web");
	assert_string_equal(m.namespace, "prod");
	assert_true(m.rv == UINT64_MAX);
	assert_int_equal(m.generation, 3);
	assert_int_equal(m.created_ns, 5000000000);
	assert_int_equal(m.deleted_ns, 9000000000);
	assert_string_equal(labels_get(m.labels, "app"), "x");
	assert_string_equal(labels_get(m.annotations, "note"), "y");
	assert_int_equal(m.n_owners, 2);
	assert_string_equal(meta_controller(&m)->uid, "u3");
	assert_true(meta_controller(&m)->block_owner_deletion);
	assert_int_equal(m.n_finalizers, 2);
	assert_string_equal(m.finalizers[1], "f2");
	meta_release(&m);
	meta_decode(&m, empty, 0);
	assert_string_equal(m.namespace, "");
	assert_int_equal(m.labels->n, 0);
	assert_null(m.annotations);
	assert_null(meta_controller(&m));
	assert_int_equal(m.rv, 0);
	meta_release(&m);
	meta_release(&m);
}

static void keys(void **state)
{
	autobuf struct buf b = BUF_INIT;
	const char *ns, *name;

	meta_key(&b, "prod", "web");
	assert_string_equal(buf_str(&b), "prod/web");
	meta_key_split(b.p, &ns, &name);
	assert_string_equal(ns, "prod");
	assert_string_equal(name, "web");
	buf_clear(&b);
	meta_key(&b, "", "node-1");
	assert_string_equal(buf_str(&b), "node-1");
	meta_key_split(b.p, &ns, &name);
	assert_string_equal(ns, "");
	assert_string_equal(name, "node-1");
}

/* What the rows read is what the tree reads. */
static void from_bytes(void **state)
{
	struct holder {
		struct meta meta;
	};
	static const struct decode_row rows[] = {
		DECODE_STRUCT("metadata", struct holder, meta, &meta_annotated_spec)};
	static const struct decode_spec spec = DECODE_SPEC(struct holder, rows);
	struct err err = ERR_INIT;
	autojson js *o = tree();
	autofree struct holder *h = decode_new(&spec, doc, sizeof(doc) - 1, &err);
	struct meta m;

	meta_decode(&m, o, META_ANNOTATIONS);
	assert_string_equal(h->meta.name, m.name);
	assert_string_equal(h->meta.namespace, m.namespace);
	assert_string_equal(h->meta.uid, m.uid);
	assert_true(h->meta.rv == m.rv && h->meta.generation == m.generation);
	assert_true(h->meta.created_ns == m.created_ns && h->meta.deleted_ns == m.deleted_ns);
	assert_true(labels_equal(h->meta.labels, m.labels) &&
		    labels_equal(h->meta.annotations, m.annotations));
	assert_int_equal(h->meta.n_owners, m.n_owners);
	assert_string_equal(meta_controller(&h->meta)->name, "rs");
	assert_string_equal(h->meta.owners[0].api_version, "v1");
	assert_int_equal(h->meta.n_finalizers, 2);
	assert_string_equal(h->meta.finalizers[1], "f2");
	assert_null(decode_spec_check(&spec));
	meta_release(&m);
	autofree struct holder *empty = decode_new(&spec, "{}", 2, &err);
	assert_string_equal(empty->meta.namespace, "");
	assert_null(empty->meta.labels);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(readers), cmocka_unit_test(decoded),
					   cmocka_unit_test(keys), cmocka_unit_test(from_bytes)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
