/* SPDX-License-Identifier: Apache-2.0 */
#include "image/record.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/buf.h"
#include "object/json.h"
#include "os/tree.h"

#define RECORD_MAX (1u << 20)

char *image_path(const char *dir, const char *sub, const char *digest, const char *suffix)
{
	return mem_printf("%s/%s/%s%s", dir, sub, digest + strlen("sha256:"), suffix);
}

struct image_record *image_record_ref(struct image_record *r)
{
	__atomic_add_fetch(&r->refs, 1, __ATOMIC_RELAXED);
	return r;
}

void image_record_unref(struct image_record *r)
{
	if (!r || __atomic_sub_fetch(&r->refs, 1, __ATOMIC_ACQ_REL))
		return;
	free(r->id);
	image_strings_free(r->names);
	free(r->layers);
	image_config_release(&r->config);
	free(r);
}

int image_record_save(const char *dir, const struct image_record *r, struct err *err)
{
	autojson js *o = js_new_obj();
	js *names = js_ensure_arr(o, "names"), *layers = js_ensure_arr(o, "layers");
	for (size_t i = 0; r->names[i]; i++)
		js_push(names, js_new_str(r->names[i]));
	for (size_t i = 0; i < r->n_layers; i++)
		js_push(layers, js_new_str(r->layers[i]));
	js_set_int(o, "size", r->size);
	if (r->pinned)
		js_set_bool(o, "pinned", true);
	autobuf struct buf b = BUF_INIT;
	js_write(&b, o);
	autofree char *path = image_path(dir, "records", r->id, ".json");
	return tree_write(path, b.p, b.len, 0644, TREE_DURABLE, err);
}

static int load_layers(const char *dir, const js *o, struct image_record *r, struct err *err)
{
	const js *layers = js_arr(o, "layers", NULL);
	if (js_len(layers) > IMAGE_LAYERS_MAX)
		return err_set(err, REASON_INVALID, "too many layers");
	r->layers = mem_array(js_len(layers) + 1, sizeof(*r->layers));
	js_array_for_each (l, layers) {
		const char *digest = js_is_str(l) ? json_object_get_string(l) : "";
		if (!image_ref_digest_valid(digest))
			return err_set(err, REASON_INVALID, "bad layer digest");
		autofree char *layer = image_path(dir, "layers", digest, "");
		if (access(layer, F_OK) < 0)
			return err_errno(err, "%s", layer);
		memcpy(r->layers[r->n_layers++], digest, strlen(digest) + 1);
	}
	return 0;
}

int image_record_load(const char *dir, struct image_record *r, struct err *err)
{
	autofree char *path = image_path(dir, "records", r->id, ".json");
	autofree char *config = image_path(dir, "blobs", r->id, "");
	autobuf struct buf b = BUF_INIT, c = BUF_INIT;
	if (tree_read(path, RECORD_MAX, &b, err) < 0 || tree_read(config, IMAGE_CONFIG_MAX, &c, err) < 0)
		return -1;
	autojson js *o = js_parse(buf_str(&b), b.len, NULL, err);
	if (!o || image_config_parse(buf_str(&c), c.len, &r->config, err) < 0 ||
	    load_layers(dir, o, r, err) < 0)
		return -1;
	const js *names = js_arr(o, "names", NULL);
	r->names = mem_array(js_len(names) + 1, sizeof(*r->names));
	size_t n = 0;
	js_array_for_each (name, names)
		if (js_is_str(name))
			r->names[n++] = mem_strdup(json_object_get_string(name));
	r->size = js_int(o, 0, "size", NULL);
	r->pinned = js_bool(o, false, "pinned", NULL);
	return 0;
}
