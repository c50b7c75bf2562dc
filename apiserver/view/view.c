/* SPDX-License-Identifier: Apache-2.0 */
#include "view/view_internal.h"

#include <stdlib.h>
#include "base/log.h"

static const struct view_row *const rows[N_VIEWS] = {
	[VIEW_NAMESPACE] = &view_namespace_row,
	[VIEW_SERVICE] = &view_service_row,
	[VIEW_PRIORITY] = &view_priority_row,
	[VIEW_CRD] = &view_crd_row,
};

struct views {
	struct view v[N_VIEWS];
};

/* The kind's type was checked when it was written: what cannot be decoded has been put into the store by hand. */
static void *decode(const struct view *v, const struct obj *o)
{
	struct err err = ERR_INIT;
	void *value = decode_new(v->row->spec, o->bytes, o->len, &err);
	if (!value)
		log_err(&err, "stored object cannot be read", "kind=%s key=%s", v->row->kind, o->key);
	return value;
}

static void changed(void *arg, const struct obj *old, const struct obj *new)
{
	struct view *v = arg;
	void *value = new ? decode(v, new) : NULL;
	const char *key = new ? new->key : old->key;
	pthread_rwlock_wrlock(&v->lock);
	void *before = value ? map_set(&v->values, key, value) : map_del(&v->values, key);
	if (v->row->changed)
		v->row->changed(v, before, value);
	pthread_rwlock_unlock(&v->lock);
	/* Only this thread changes what the two point to. */
	if (v->row->tell)
		v->row->tell(v, before, value);
	free(before);
}

struct views *views_new(struct storage *s, const struct schema *schema)
{
	struct views *all = MEM_NEW(struct views);
	for (size_t i = 0; i < N_VIEWS; i++) {
		struct view *v = &all->v[i];
		const struct kind *k = schema_kind(schema, rows[i]->group, rows[i]->version, rows[i]->kind);
		v->row = rows[i];
		v->observer = (struct resource_observer){.changed = changed, .arg = v};
		pthread_rwlock_init(&v->lock, NULL);
		if (v->row->init)
			v->row->init(v);
		if (!k)
			continue;
		v->resource = storage_resource(s, k);
		resource_observe(v->resource, &v->observer);
	}
	return all;
}

void views_free(struct views *all)
{
	for (size_t i = 0; all && i < N_VIEWS; i++) {
		struct view *v = &all->v[i];
		if (v->resource)
			resource_unobserve(v->resource, &v->observer);
		for (struct map_iter it = {0}; map_next(&v->values, &it);)
			free(it.value);
		map_release(&v->values);
		if (v->row->release)
			v->row->release(v);
		pthread_rwlock_destroy(&v->lock);
	}
	free(all);
}

struct view *view_read(struct views *all, enum view_id id)
{
	pthread_rwlock_rdlock(&all->v[id].lock);
	return &all->v[id];
}

void view_done(struct view *v)
{
	pthread_rwlock_unlock(&v->lock);
}
