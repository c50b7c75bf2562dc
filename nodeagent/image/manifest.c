/* SPDX-License-Identifier: Apache-2.0 */
#include "image/manifest.h"

#include <stdlib.h>
#include <string.h>
#include "object/json.h"

#define STRINGS_MAX 4096 /* of one entrypoint, cmd or env */

const char *image_arch(void)
{
#if defined(__x86_64__)
	return "amd64";
#elif defined(__aarch64__)
	return "arm64";
#elif defined(__riscv)
	return "riscv64";
#else
	return "unknown";
#endif
}

void image_strings_free(char **v)
{
	for (size_t i = 0; v && v[i]; i++)
		free(v[i]);
	free(v);
}

void image_manifest_release(struct image_manifest *m)
{
	free(m->layers);
	*m = (struct image_manifest){0};
}

void image_config_release(struct image_config *c)
{
	image_strings_free(c->entrypoint);
	image_strings_free(c->cmd);
	image_strings_free(c->env);
	image_strings_free(c->diff_ids);
	free(c->working_dir);
	free(c->user);
	free(c->stop_signal);
	*c = (struct image_config){0};
}

static int descriptor(const js *o, struct image_descriptor *d, struct err *err)
{
	const char *digest = js_str0(o, "digest", NULL);
	if (!image_ref_digest_valid(digest))
		return err_set(err, REASON_INVALID, "unsupported digest \"%.100s\"", digest);
	*d = (struct image_descriptor){.size = js_int(o, -1, "size", NULL)};
	memcpy(d->digest, digest, strlen(digest));
	if (d->size > IMAGE_LAYER_SIZE_MAX || d->size < -1)
		return err_set(err, REASON_INVALID, "unreasonable size of %s", digest);
	const char *name = js_str(o, "annotations", "io.containerd.image.name", NULL);
	if (!name)
		name = js_str0(o, "annotations", "org.opencontainers.image.ref.name", NULL);
	if (strlen(name) < sizeof(d->name))
		memcpy(d->name, name, strlen(name));
	return 0;
}

/* Entries without a platform fit: archives of one image seldom have any. */
static bool platform_fits(const js *entry)
{
	const js *p = js_obj(entry, "platform", NULL);
	return !p || (!strcmp(js_str0(p, "os", NULL), "linux") &&
		      !strcmp(js_str0(p, "architecture", NULL), image_arch()));
}

static int parse_index(const js *list, struct image_manifest *m, struct err *err)
{
	m->is_index = true;
	if (js_len(list) > IMAGE_INDEX_MAX)
		return err_set(err, REASON_INVALID, "more than %d entries in the image index",
			       IMAGE_INDEX_MAX);
	m->layers = mem_array(js_len(list) + 1, sizeof(*m->layers));
	js_array_for_each (e, list) {
		if (!platform_fits(e))
			continue;
		if (descriptor(e, &m->layers[m->n], err) < 0)
			return -1;
		m->n++;
	}
	return 0;
}

static int parse_manifest(const js *doc, struct image_manifest *m, struct err *err)
{
	const js *layers = js_arr(doc, "layers", NULL);
	if (js_int(doc, 0, "schemaVersion", NULL) != 2 || !js_obj(doc, "config", NULL))
		return err_set(err, REASON_INVALID,
			       "neither an image manifest nor an index of schema version 2");
	if (js_len(layers) > IMAGE_LAYERS_MAX)
		return err_set(err, REASON_INVALID, "more than %d layers", IMAGE_LAYERS_MAX);
	if (descriptor(js_obj(doc, "config", NULL), &m->config, err) < 0)
		return -1;
	m->layers = mem_array(js_len(layers) + 1, sizeof(*m->layers));
	js_array_for_each (l, layers) {
		if (descriptor(l, &m->layers[m->n], err) < 0)
			return -1;
		m->n++;
	}
	return 0;
}

int image_manifest_parse(const char *p, size_t n, struct image_manifest *ret, struct err *err)
{
	if (n > IMAGE_MANIFEST_MAX)
		return err_set(err, REASON_TOO_LARGE, "image manifest is larger than %u bytes",
			       IMAGE_MANIFEST_MAX);
	struct image_manifest m = {0};
	autojson js *doc = js_parse(p, n, NULL, err);
	if (!doc)
		return err_wrap(err, "image manifest");
	const js *list = js_arr(doc, "manifests", NULL);
	if ((list ? parse_index(list, &m, err) : parse_manifest(doc, &m, err)) < 0) {
		image_manifest_release(&m);
		return -1;
	}
	*ret = m;
	return 0;
}

/* NULL for null, absent and empty. */
static int strings(const js *config, const char *key, char ***ret, struct err *err)
{
	const js *a = js_arr(config, key, NULL);
	size_t n = js_len(a);
	if (n > STRINGS_MAX)
		return err_set(err, REASON_INVALID, "image config: more than %d strings in %s", STRINGS_MAX,
			       key);
	if (!n)
		return 0;
	char **v = mem_array(n + 1, sizeof(*v));
	for (size_t i = 0; i < n; i++) {
		if (!js_is_str(js_at(a, i))) {
			image_strings_free(v);
			return err_set(err, REASON_INVALID, "image config: %s[%zu] is not a string", key, i);
		}
		v[i] = mem_strdup(js_str0(js_at(a, i), NULL));
	}
	*ret = v;
	return 0;
}

int image_config_parse(const char *p, size_t n, struct image_config *ret, struct err *err)
{
	if (n > IMAGE_CONFIG_MAX)
		return err_set(err, REASON_TOO_LARGE, "image config is larger than %u bytes",
			       IMAGE_CONFIG_MAX);
	autojson js *doc = js_parse(p, n, NULL, err);
	if (!doc)
		return err_wrap(err, "image config");
	const js *c = js_obj(doc, "config", NULL);
	struct image_config r = {.working_dir = mem_strdup(js_str0(c, "WorkingDir", NULL)),
				 .user = mem_strdup(js_str0(c, "User", NULL)),
				 .stop_signal = mem_strdup(js_str0(c, "StopSignal", NULL))};
	if (strings(c, "Entrypoint", &r.entrypoint, err) < 0 || strings(c, "Cmd", &r.cmd, err) < 0 ||
	    strings(c, "Env", &r.env, err) < 0 ||
	    strings(js_obj(doc, "rootfs", NULL), "diff_ids", &r.diff_ids, err) < 0) {
		image_config_release(&r);
		return -1;
	}
	*ret = r;
	return 0;
}

int image_config_check(const struct image_config *c, const struct image_manifest *m, struct err *err)
{
	size_t n = 0;
	for (; c->diff_ids && c->diff_ids[n]; n++)
		if (!image_ref_digest_valid(c->diff_ids[n]))
			return err_set(err, REASON_INVALID, "image config: unsupported digest \"%.100s\"",
				       c->diff_ids[n]);
	if (n != m->n)
		return err_set(err, REASON_INVALID,
			       "mismatched image rootfs and manifest layers: %zu diff_ids, %zu layers", n,
			       m->n);
	return 0;
}
