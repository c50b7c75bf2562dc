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
				      .pinned = r->pinned,
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
				       .hosts_dir = o->c.registry_config};
	struct image_record *r = image_pull(o->puller, ref, &opt, cancel, err);
	if (!r)
		return -1;
	fill_image(r, ref, ret);
	return 0;
}

/* ---- in use ---- */

/* An image that containers are being made of, or that is being removed: never both. */
struct oci_claim {
	size_t makers;
	bool removing;
};

/* With the lock held. */
static struct oci_claim *claim_of(struct oci *o, const char *id)
{
	struct oci_claim *c = map_get(&o->claims, id);
	if (!c)
		map_set(&o->claims, id, c = MEM_NEW(struct oci_claim));
	return c;
}

/* With the lock held. */
static void drop_idle(struct oci *o, const char *id, const struct oci_claim *c)
{
	if (!c->makers && !c->removing)
		free(map_del(&o->claims, id));
}

struct image_record *oci_image_claim(struct oci *o, const char *id, struct err *err)
{
	pthread_mutex_lock(&o->lock);
	struct oci_claim *c = claim_of(o, id);
	bool removing = c->removing;
	c->makers += !removing;
	pthread_mutex_unlock(&o->lock);
	if (removing) {
		err_set(err, REASON_NOT_FOUND, "image %s is being removed", id);
		return NULL;
	}
	struct image_record *r = image_store_get(o->images, id, err);
	if (r)
		return r;
	pthread_mutex_lock(&o->lock);
	c->makers--;
	drop_idle(o, id, c);
	pthread_mutex_unlock(&o->lock);
	return NULL;
}

void oci_image_unclaim(struct oci *o, struct image_record *r)
{
	if (!r)
		return;
	pthread_mutex_lock(&o->lock);
	struct oci_claim *c = map_get(&o->claims, r->id);
	c->makers--;
	drop_idle(o, r->id, c);
	pthread_mutex_unlock(&o->lock);
	image_record_unref(r);
}

static bool container_uses(const struct oci_container *c, const char *id)
{
	bool used = !strcmp(c->image_id, id);
	for (size_t i = 0; !used && c->mounted[i]; i++)
		used = !strcmp(c->mounted[i], id);
	return used;
}

/* With the lock held. */
static bool image_in_use(struct oci *o, const char *id)
{
	const struct oci_claim *c = map_get(&o->claims, id);
	bool used = c && c->makers;
	for (struct map_iter it = {0}; !used && map_next(&o->containers, &it);)
		used = container_uses(it.value, id);
	return used;
}

static int remove_unused(struct oci *o, const char *id, int64_t *ret_freed, struct err *err)
{
	pthread_mutex_lock(&o->lock);
	struct oci_claim *c = claim_of(o, id);
	bool used = c->removing || image_in_use(o, id);
	c->removing |= !used;
	drop_idle(o, id, c);
	pthread_mutex_unlock(&o->lock);
	if (used)
		return err_set(err, REASON_CONFLICT, "image %s is in use", id);
	int rc = image_store_remove(o->images, id, ret_freed, err);
	pthread_mutex_lock(&o->lock);
	c->removing = false;
	drop_idle(o, id, c);
	pthread_mutex_unlock(&o->lock);
	return rc;
}

int oci_image_remove(struct runtime *rt, const char *ref, int64_t *ret_freed, struct err *err)
{
	struct oci *o = (struct oci *)rt;
	struct image_record *r = image_store_get(o->images, ref, err);
	if (!r)
		return err->reason == REASON_NOT_FOUND ? 0 : -1;
	int rc = remove_unused(o, r->id, ret_freed, err);
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
	pthread_mutex_lock(&o->lock);
	for (size_t i = 0; i < n; i++)
		ret->v[i].used = image_in_use(o, ret->v[i].id);
	pthread_mutex_unlock(&o->lock);
	free(v);
	return 0;
}

int oci_image_import(struct runtime *rt, const char *file, const char *name, struct err *err)
{
	return image_import(((struct oci *)rt)->images, file, name, true, err);
}
