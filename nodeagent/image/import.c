/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An archive's members come in any order, so one pass copies every regular file aside, hashing it on the way,
 * and notes its name; then the documents that were found say which of them matter. Nothing is believed:
 * members are known by the digest they have, not by the name they carry.
 */
#include "image/import.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/map.h"
#include "client/tls.h"
#include "object/json.h"
#include "os/tree.h"

#define MEMBERS_MAX 4096
#define READ_BLOCK (64 * 1024)
#define IMAGES_MAX 64 /* of one archive */

struct member {
	char digest[IMAGE_DIGEST_MAX];
	char *file;
	int64_t size;
};

struct import {
	struct image_store *store;
	const char *name;
	bool pin;
	struct map members;   /* path in the archive -> struct member *, owner */
	struct map by_digest; /* digest -> the same, borrowed */
	struct map links;     /* path -> char * target, as old docker save writes shared layers */
	int count;
};

/* ---- reading the archive ---- */

static int copy_out(struct archive *a, int fd, struct member *m, struct err *err)
{
	struct tls_sha256 *h = tls_sha256_new();
	char hex[65];
	int rc = 0;
	for (;;) {
		const void *p;
		size_t n;
		la_int64_t off;
		int r = archive_read_data_block(a, &p, &n, &off);
		if (r == ARCHIVE_EOF)
			break;
		if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
			rc = err_set(err, REASON_INVALID, "archive: %s", archive_error_string(a));
		else if (off != m->size)
			rc = err_set(err, REASON_INVALID, "archive: sparse member");
		else if (write(fd, p, n) != (ssize_t)n)
			rc = err_errno(err, "write %s", m->file);
		if (rc < 0)
			break;
		tls_sha256_add(h, p, n);
		m->size += (int64_t)n;
	}
	tls_sha256_end(h, hex);
	snprintf(m->digest, sizeof(m->digest), "sha256:%s", hex);
	return rc;
}

static void member_free(struct member *m)
{
	unlink(m->file);
	free(m->file);
	free(m);
}

static const char *without_dot(const char *path)
{
	while (!strncmp(path, "./", 2))
		path += 2;
	return path;
}

static int take_member(struct import *im, struct archive *a, const char *path, struct err *err)
{
	struct member *m = MEM_NEW(struct member);
	autoclose int fd = image_store_ingest(im->store, &m->file, err);
	if (fd < 0) {
		free(m);
		return -1;
	}
	if (copy_out(a, fd, m, err) < 0) {
		member_free(m);
		return -1;
	}
	struct member *before = map_set(&im->members, path, m);
	if (before)
		member_free(before);
	return 0;
}

/* The target of DIR/layer.tar -> ../OTHER/layer.tar, as a path of the archive. */
static char *resolve_link(const char *path, const char *target)
{
	if (!strncmp(target, "../", 3))
		return mem_strdup(target + 3);
	const char *slash = strrchr(path, '/');
	return slash ? mem_printf("%.*s/%s", (int)(slash - path), path, target) : mem_strdup(target);
}

static int read_archive(struct import *im, struct archive *a, struct err *err)
{
	for (int n = 0;; n++) {
		struct archive_entry *e;
		int rc = archive_read_next_header(a, &e);
		if (rc == ARCHIVE_EOF)
			return 0;
		if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
			return err_set(err, REASON_INVALID, "archive: %s", archive_error_string(a));
		if (n == MEMBERS_MAX)
			return err_set(err, REASON_TOO_LARGE, "archive: more than %d members", MEMBERS_MAX);
		const char *path = archive_entry_pathname(e);
		if (!path)
			continue;
		path = without_dot(path);
		if (archive_entry_filetype(e) == AE_IFLNK && archive_entry_symlink(e))
			free(map_set(&im->links, path, resolve_link(path, archive_entry_symlink(e))));
		else if (archive_entry_filetype(e) == AE_IFREG && take_member(im, a, path, err) < 0)
			return -1;
	}
}

static int open_and_read(struct import *im, const char *file, struct err *err)
{
	struct archive *a = archive_read_new();
	archive_read_support_filter_all(a);
	archive_read_support_format_tar(a);
	int rc;
	if (archive_read_open_filename(a, file, READ_BLOCK) != ARCHIVE_OK)
		rc = err_set(err, REASON_INVALID, "%s: %s", file, archive_error_string(a));
	else
		rc = read_archive(im, a, err);
	archive_read_free(a);
	return rc;
}

/* ---- making images of it ---- */

static struct member *find_member(struct import *im, const char *path)
{
	const char *target = map_get(&im->links, path);
	return map_get(&im->members, target ? target : path);
}

static int read_member(const struct member *m, size_t max, struct buf *out, struct err *err)
{
	return tree_read(m->file, max, out, err);
}

/* The name in its full form; NULL when there is none that parses. */
static char *full_name(const char *name)
{
	struct image_ref ref;
	struct err ignored = ERR_INIT;
	if (!name || !*name || image_ref_parse(name, &ref, &ignored) < 0)
		return NULL;
	return image_ref_string(&ref);
}

/* ref.name may be a whole name or, as the specification has it, a bare tag, which does not name an image. */
static char *choose_name(const struct import *im, const char *annotated)
{
	bool whole = strpbrk(annotated, "/:") != NULL;
	char *name = whole ? full_name(annotated) : NULL;
	if (!name && im->name)
		name = full_name(im->name);
	return name ? name : full_name(annotated);
}

static int add_layers(struct import *im, const struct image_manifest *m, const struct buf *text,
		      int64_t *ret_size, struct err *err)
{
	struct image_config c;
	if (image_config_parse(buf_str(text), text->len, &c, err) < 0)
		return -1;
	int rc = image_config_check(&c, m, err);
	for (size_t i = 0; i < m->n && rc == 0; i++) {
		const struct member *l = map_get(&im->by_digest, m->layers[i].digest);
		rc = l ? image_store_add_layer(im->store, l->digest, c.diff_ids[i], l->file, err)
		       : err_set(err, REASON_INVALID, "archive: layer %s is missing", m->layers[i].digest);
		*ret_size += l ? l->size : 0;
	}
	image_config_release(&c);
	return rc;
}

static int store_image(struct import *im, struct image_manifest *m, const struct member *config,
		       const char *const *names, struct err *err)
{
	int64_t size = 0;
	autobuf struct buf c = BUF_INIT;
	if (read_member(config, IMAGE_CONFIG_MAX, &c, err) < 0 || add_layers(im, m, &c, &size, err) < 0)
		return -1;
	const struct image_entry e = {
		.size = size, .names = names, .pin = im->pin ? IMAGE_PINNED : IMAGE_UNPINNED};
	struct image_record *r = image_store_commit(im->store, m, buf_str(&c), c.len, &e, err);
	if (!r)
		return -1;
	image_record_unref(r);
	im->count++;
	return 0;
}

static int store_manifest(struct import *im, const struct image_descriptor *d, const char *name, int depth,
			  struct err *err);

static int store_index(struct import *im, const struct image_manifest *ix, const char *name, int depth,
		       struct err *err)
{
	if (depth > 2 || ix->n > IMAGES_MAX)
		return err_set(err, REASON_INVALID, "archive: index of indexes, or of too many images");
	for (size_t i = 0; i < ix->n; i++)
		if (store_manifest(im, &ix->layers[i], ix->layers[i].name[0] ? ix->layers[i].name : name,
				   depth + 1, err) < 0)
			return -1;
	return 0;
}

static int store_manifest(struct import *im, const struct image_descriptor *d, const char *name, int depth,
			  struct err *err)
{
	const struct member *file = map_get(&im->by_digest, d->digest);
	if (!file)
		return err_set(err, REASON_INVALID, "archive: manifest %s is missing", d->digest);
	autobuf struct buf b = BUF_INIT;
	struct image_manifest m;
	if (read_member(file, IMAGE_MANIFEST_MAX, &b, err) < 0 ||
	    image_manifest_parse(buf_str(&b), b.len, &m, err) < 0)
		return -1;
	int rc;
	const struct member *config = m.is_index ? NULL : map_get(&im->by_digest, m.config.digest);
	if (m.is_index) {
		rc = store_index(im, &m, name, depth, err);
	} else if (!config) {
		rc = err_set(err, REASON_INVALID, "archive: config %s is missing", m.config.digest);
	} else {
		autofree char *full = choose_name(im, name);
		rc = store_image(im, &m, config, (const char *const[]){full, NULL}, err);
	}
	image_manifest_release(&m);
	return rc;
}

static int store_oci(struct import *im, const struct member *index, struct err *err)
{
	autobuf struct buf b = BUF_INIT;
	struct image_manifest ix;
	if (read_member(index, IMAGE_MANIFEST_MAX, &b, err) < 0 ||
	    image_manifest_parse(buf_str(&b), b.len, &ix, err) < 0)
		return -1;
	int rc = ix.is_index ? store_index(im, &ix, "", 0, err)
			     : err_set(err, REASON_INVALID, "archive: index.json is no index");
	image_manifest_release(&ix);
	return rc;
}

/* One element of docker save's manifest.json. */
static int store_docker_image(struct import *im, const js *o, struct err *err)
{
	const struct member *config = find_member(im, js_str0(o, "Config", NULL));
	const js *layers = js_arr(o, "Layers", NULL), *tags = js_arr(o, "RepoTags", NULL);
	if (!config || js_len(layers) > IMAGE_LAYERS_MAX || js_len(tags) > IMAGES_MAX)
		return err_set(err, REASON_INVALID, "archive: bad image in manifest.json");
	struct image_manifest m = {.layers = mem_array(js_len(layers) + 1, sizeof(*m.layers))};
	char *names[IMAGES_MAX + 2] = {NULL};
	size_t n = 0;
	int rc = 0;
	js_array_for_each (l, layers) {
		const struct member *f = find_member(im, js_is_str(l) ? json_object_get_string(l) : "");
		if (!f && !rc)
			rc = err_set(err, REASON_INVALID, "archive: a layer is missing");
		if (f)
			memcpy(m.layers[m.n++].digest, f->digest, sizeof(f->digest));
	}
	js_array_for_each (t, tags) {
		char *full = full_name(js_is_str(t) ? json_object_get_string(t) : NULL);
		if (full)
			names[n++] = full;
	}
	if (!n && (names[0] = full_name(im->name)))
		n = 1;
	if (rc == 0)
		rc = store_image(im, &m, config, (const char *const *)names, err);
	while (n)
		free(names[--n]);
	image_manifest_release(&m);
	return rc;
}

static int store_docker(struct import *im, const struct member *manifest, struct err *err)
{
	autobuf struct buf b = BUF_INIT;
	if (read_member(manifest, IMAGE_MANIFEST_MAX, &b, err) < 0)
		return -1;
	autojson js *doc = js_parse(buf_str(&b), b.len, NULL, err);
	if (!doc)
		return err_wrap(err, "manifest.json");
	if (js_len(js_is_arr(doc) ? doc : NULL) > IMAGES_MAX)
		return err_set(err, REASON_INVALID, "archive: more than %d images", IMAGES_MAX);
	js_array_for_each (o, js_is_arr(doc) ? doc : NULL)
		if (store_docker_image(im, o, err) < 0)
			return -1;
	return 0;
}

int image_import(struct image_store *s, const char *file, const char *name, bool pin, struct err *err)
{
	struct import im = {.store = s, .name = name, .pin = pin};
	int rc = open_and_read(&im, file, err);
	for (struct map_iter it = {0}; map_next(&im.members, &it);)
		map_set(&im.by_digest, ((struct member *)it.value)->digest, it.value);
	const struct member *index = map_get(&im.members, "index.json");
	const struct member *docker = map_get(&im.members, "manifest.json");
	if (rc == 0 && index)
		rc = store_oci(&im, index, err);
	else if (rc == 0 && docker)
		rc = store_docker(&im, docker, err);
	else if (rc == 0)
		rc = err_set(err, REASON_INVALID, "%s: neither an OCI nor a docker image archive", file);
	for (struct map_iter it = {0}; map_next(&im.members, &it);)
		member_free(it.value);
	for (struct map_iter it = {0}; map_next(&im.links, &it);)
		free(it.value);
	map_release(&im.members);
	map_release(&im.by_digest);
	map_release(&im.links);
	return rc < 0 ? err_wrap(err, "cannot import %s", file) : im.count;
}
