/* SPDX-License-Identifier: Apache-2.0 */
/* What the runtime says of the image store, and who uses what of it. */
#include <stdlib.h>
#include <string.h>
#include "image/import.h"
#include "runtime/oci_internal.h"

const char *oci_image_name(const struct image_record *r)
{
	for (size_t i = 0; r->names[i]; i++)
		if (!strchr(r->names[i], '@'))
			return r->names[i];
	return r->names[0] ? r->names[0] : r->id;
}

const char *oci_image_digest_ref(const struct image_record *r, const char *name)
{
	/* The one of the same repository, if it has several. */
	size_t repo = name ? strcspn(name, "@") : 0;
	const char *colon = name ? memrchr(name, ':', repo) : NULL;
	if (colon && !memchr(colon, '/', repo - (size_t)(colon - name)))
		repo = (size_t)(colon - name);
	const char *first = NULL;
	for (size_t i = 0; r->names[i]; i++) {
		const char *at = strchr(r->names[i], '@');
		if (!at)
			continue;
		if (!first)
			first = r->names[i];
		if (name && (size_t)(at - r->names[i]) == repo && !memcmp(r->names[i], name, repo))
			return r->names[i];
	}
	return first ? first : r->id;
}

static char **dup_strings(char *const *v)
{
	size_t n = 0;
	while (v && v[n])
		n++;
	char **copy = v ? mem_array(n + 1, sizeof(*copy)) : NULL;
	for (size_t i = 0; i < n; i++)
		copy[i] = mem_strdup(v[i]);
	return copy;
}

/* Consumes the reference. `asked` NULL: under its own name. */
static void fill_image(struct image_record *r, const char *asked, struct runtime_image *ret)
{
	struct image_ref ref;
	struct err ignored = ERR_INIT;
	char *name = asked && image_ref_parse(asked, &ref, &ignored) == 0 ? image_ref_string(&ref)
									  : mem_strdup(oci_image_name(r));
	*ret = (struct runtime_image){.id = mem_strdup(r->id),
				      .ref = name,
				      .digest_ref = mem_strdup(oci_image_digest_ref(r, name)),
				      .names = dup_strings(r->names),
				      .size = r->size,
				      .entrypoint = dup_strings(r->config.entrypoint),
				      .cmd = dup_strings(r->config.cmd),
				      .env = dup_strings(r->config.env),
				      .working_dir = mem_strdup(r->config.working_dir),
				      .user = mem_strdup(r->config.user),
				      .stop_signal = mem_strdup(r->config.stop_signal)};
	image_record_unref(r);
}

int oci_image_get(struct runtime *rt, const char *ref, struct runtime_image *ret, struct err *err)
{
	struct oci *o = (struct oci *)rt;
	struct image_record *r = image_store_get(o->images, ref, err);
	if (!r)
		return -1;
	fill_image(r, ref, ret);
	return 0;
}

int oci_image_pull(struct runtime *rt, const char *ref, const struct runtime_auth *auth,
		   struct cancel *cancel, struct runtime_image *ret, struct err *err)
{
	struct oci *o = (struct oci *)rt;
	struct registry_options opt = {.username = auth ? auth->username : NULL,
				       .password = auth ? auth->password : NULL,
				       .insecure = o->c.insecure_registries,
				       .ca_file = o->c.registry_ca};
	struct image_record *r = image_pull(o->puller, ref, &opt, cancel, err);
	if (!r)
		return -1;
	fill_image(r, ref, ret);
	return 0;
}

static bool image_in_use(struct oci *o, const char *id)
{
	bool used = false;
	pthread_mutex_lock(&o->lock);
	for (struct map_iter it = {0}; map_next(&o->containers, &it);)
		used |= !strcmp(((const struct oci_container *)it.value)->image_id, id);
	pthread_mutex_unlock(&o->lock);
	return used;
}

int oci_image_remove(struct runtime *rt, const char *ref, struct err *err)
{
	struct oci *o = (struct oci *)rt;
	struct image_record *r = image_store_get(o->images, ref, err);
	if (!r)
		return err->reason == REASON_NOT_FOUND ? 0 : -1;
	int rc = image_in_use(o, r->id) ? err_set(err, REASON_CONFLICT, "image %s is in use", r->id)
					: image_store_remove(o->images, r->id, err);
	image_record_unref(r);
	return rc;
}

int oci_image_list(struct runtime *rt, struct runtime_image_list *ret, struct err *err)
{
	struct oci *o = (struct oci *)rt;
	size_t n;
	struct image_record **v = image_store_list(o->images, &n);
	ret->v = mem_array(n + 1, sizeof(*ret->v));
	ret->n = n;
	for (size_t i = 0; i < n; i++)
		fill_image(v[i], NULL, &ret->v[i]);
	free(v);
	return 0;
}

int oci_image_import(struct runtime *rt, const char *file, const char *name, struct err *err)
{
	return image_import(((struct oci *)rt)->images, file, name, err);
}
