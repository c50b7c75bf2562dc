/* SPDX-License-Identifier: Apache-2.0 */
/* For the tests that pull: a directory, stores in it, and an image of one layer with one file. */
#ifndef IMAGE_RIG_TEST_H
#define IMAGE_RIG_TEST_H

#include <archive.h>
#include <archive_entry.h>

#include "image/pull.h"
#include "os/tree.h"

#define RIG __attribute__((unused))

static char root[] = "/tmp/pull_test.XXXXXX";

RIG static int setup(void **state)
{
	return mkdtemp(root) ? 0 : -1;
}

RIG static int teardown(void **state)
{
	struct err err = ERR_INIT;
	return tree_remove(root, &err);
}

RIG static struct image_store *open_store(const char *name)
{
	struct err err = ERR_INIT;
	autofree char *dir = mem_printf("%s/%s", root, name);
	struct image_store *s = image_store_open(dir, &err);
	if (!s)
		fail_msg("%s", err.msg);
	return s;
}

/* ---- making an image ---- */

RIG static void add(struct archive *a, const char *path, const void *p, size_t n)
{
	struct archive_entry *e = archive_entry_new();
	archive_entry_set_pathname(e, path);
	archive_entry_set_filetype(e, AE_IFREG);
	archive_entry_set_perm(e, 0644);
	archive_entry_set_size(e, (la_int64_t)n);
	assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
	assert_int_equal(archive_write_data(a, p, n), n);
	archive_entry_free(e);
}

/* A layer with one file, as bytes. */
RIG static void make_layer(const char *text, struct buf *out)
{
	autofree char *tmp = mem_printf("%s/layer.tmp", root);
	struct err err = ERR_INIT;
	struct archive *a = archive_write_new();
	archive_write_set_format_ustar(a);
	assert_int_equal(archive_write_open_filename(a, tmp), ARCHIVE_OK);
	add(a, "hello", text, strlen(text));
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
	assert_int_equal(tree_read(tmp, 4 << 20, out, &err), 0);
}

struct image {
	struct buf layer, config, manifest, index;
	char layer_digest[IMAGE_DIGEST_MAX], config_digest[IMAGE_DIGEST_MAX], digest[IMAGE_DIGEST_MAX];
};

/* Manifest and index of what is there. */
RIG static void describe_image(struct image *i, const char *annotation)
{
	buf_addf(
		&i->manifest,
		"{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"config\":{\"mediaType\":\"application/"
		"vnd.oci.image.config.v1+json\",\"digest\":\"%s\",\"size\":%zu},\"layers\":[{"
		"\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"%s\",\"size\":%zu}]}",
		i->config_digest, i->config.len, i->layer_digest, i->layer.len);
	image_digest_of(i->manifest.p, i->manifest.len, i->digest);
	buf_addf(
		&i->index,
		"{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"manifests\":[{"
		"\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"digest\":\"%s\",\"size\":%zu,"
		"\"annotations\":{\"org.opencontainers.image.ref.name\":\"%s\"}}]}",
		i->digest, i->manifest.len, annotation);
}

RIG static void make_image(struct image *i, const char *text, const char *annotation)
{
	*i = (struct image){.layer = BUF_INIT};
	make_layer(text, &i->layer);
	image_digest_of(i->layer.p, i->layer.len, i->layer_digest);
	buf_addf(
		&i->config,
		"{\"architecture\":\"%s\",\"os\":\"linux\",\"config\":{\"Entrypoint\":[\"/ep\"],\"Cmd\":[\"a\",\"b\"],"
		"\"Env\":[\"X=1\"],\"User\":\"nobody\",\"WorkingDir\":\"/w\",\"StopSignal\":\"SIGQUIT\"},"
		"\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"%s\"]}}",
		image_arch(), i->layer_digest);
	image_digest_of(i->config.p, i->config.len, i->config_digest);
	describe_image(i, annotation);
}

RIG static void free_image(struct image *i)
{
	buf_release(&i->layer);
	buf_release(&i->config);
	buf_release(&i->manifest);
	buf_release(&i->index);
}

RIG static void expect_hello(struct image_store *s, const struct image_record *r, const char *text)
{
	struct err err = ERR_INIT;
	autobuf struct buf b = BUF_INIT;
	assert_true(r->n_layers >= 1);
	autofree char *dir = image_store_layer_path(s, r->layers[r->n_layers - 1]),
		      *p = mem_printf("%s/hello", dir);
	assert_int_equal(tree_read(p, 4096, &b, &err), 0);
	assert_string_equal(b.p, text);
}

#endif
