/* SPDX-License-Identifier: Apache-2.0 */
#include "pod/volumes.h"

#include <stdlib.h>

#include "base/gate.h"
#include "base/log.h"
#include "object/quantity.h"
#include "pod/limits.h"
#include "volume/projection.h"
#include "volume/volume.h"

struct volumes_item {
	const struct volume_kind *kind;
	const char *name;
	const js *source; /* the kind's object in spec.volumes[] */
	struct projection files;
};

/*
 * set_up makes the volume; path says where its content is; owned: fsGroup concerns it. fsGroupChangePolicy does not: as the
 * API has it, it says nothing of volumes that live as long as the Pod. plugin: names its directory, NULL = none of ours.
 * projected: its files are planned first, and no container writes them. memory: they are kept there, for they may be secret.
 * image: behind the gate ImageVolume; the runtime has its files.
 */
struct volume_kind {
	const char *field, *plugin;
	bool owned, projected, memory, image;
	int (*set_up)(const char *root, const struct pod *p, const struct volumes_plan *plan,
		      const struct volumes_item *v, struct err *err);
};

/* ---- emptyDir ---- */

/* A volume in memory takes no more than its Pod may, nor than all Pods together. */
static int64_t memory_limit(const struct volumes_plan *plan, int64_t asked)
{
	return asked > 0 && (asked <= plan->memory || !plan->memory) ? asked : plan->memory;
}

#define HUGE_MEDIUM "HugePages"

struct huge_search {
	const char *medium;
	bool any;	       /* size: the only one that is requested */
	int64_t wanted, found; /* bytes of a page */
};

static int huge_note(struct huge_search *s, const char *resource, struct err *err)
{
	int64_t size = limits_huge_page(resource);
	if (!size)
		return 0;
	if (s->any && s->found && s->found != size)
		return err_set(err, REASON_INVALID,
			       "medium: %s can't be used if container requests multiple huge page sizes",
			       s->medium);
	if (s->any || s->wanted == size)
		s->found = size;
	return 0;
}

/* The size of the pages that a medium stands for, which somebody in the Pod has to request (kubernetes/kubernetes
   pkg/volume/emptydir getPageSizeMountOption). */
static int huge_page(const struct pod *p, const char *medium, int64_t *ret, struct err *err)
{
	const char *size = medium + strlen(HUGE_MEDIUM);
	struct huge_search s = {.medium = medium, .any = !*size};
	struct quantity q = {0};

	if (*size && quantity_parse(size + 1, &q, err) < 0)
		return -1;
	s.wanted = quantity_value(&q);
	for (size_t i = 0; i < p->level.n_requests; i++)
		if (huge_note(&s, p->level.requests[i].name, err) < 0)
			return -1;
	for (size_t i = 0; i < p->list.n; i++) {
		autojson js *resources = pod_field(p->list.v[i].resources_text);
		for (struct js_iter it = js_iter(js_obj(resources, "requests", NULL)); js_next(&it);)
			if (huge_note(&s, it.key, err) < 0)
				return -1;
	}
	*ret = s.found;
	if (s.found > 0)
		return 0;
	return err_set(
		err, REASON_INVALID,
		"medium %s: hugePages storage requested, but there is no resource request for huge pages",
		medium);
}

static bool is_huge(const char *medium)
{
	return !strncmp(medium, HUGE_MEDIUM, strlen(HUGE_MEDIUM)) &&
	       (!medium[strlen(HUGE_MEDIUM)] || medium[strlen(HUGE_MEDIUM)] == '-');
}

static int empty_dir_set_up(const char *root, const struct pod *p, const struct volumes_plan *plan,
			    const struct volumes_item *v, struct err *err)
{
	struct quantity q = {0};
	autofree char *path = NULL;
	const char *medium = js_str0(v->source, "medium", NULL);
	int64_t page;
	if (is_huge(medium))
		return huge_page(p, medium, &page, err) < 0
			       ? -1
			       : volume_huge_pages(root, p->o.meta.uid, v->name, page, &path, err);
	const char *limit = js_str(v->source, "sizeLimit", NULL);
	if (limit && quantity_parse(limit, &q, err) < 0)
		return -1;
	return volume_empty_dir(root, p->o.meta.uid, v->name, medium, memory_limit(plan, quantity_value(&q)),
				&path, err);
}

/* ---- hostPath ---- */

static int host_path_set_up(const char *root, const struct pod *p, const struct volumes_plan *plan,
			    const struct volumes_item *v, struct err *err)
{
	return volume_host_path(js_str0(v->source, "path", NULL), js_str0(v->source, "type", NULL), err);
}

/* ---- files ---- */

static int files_set_up(const char *root, const struct pod *p, const struct volumes_plan *plan,
			const struct volumes_item *v, struct err *err)
{
	autofree char *path = NULL;
	if (volume_make(root, p->o.meta.uid, v->kind->plugin, v->name, v->kind->memory, memory_limit(plan, 0),
			&path, err) < 0)
		return -1;
	return volume_write_files(path, v->files.v, v->files.n, p->fs_group, err);
}

/* ---- image ---- */

/* It is fetched for, and mounted with, each container that mounts it. */
static int image_set_up(const char *root, const struct pod *p, const struct volumes_plan *plan,
			const struct volumes_item *v, struct err *err)
{
	return 0;
}

/* ---- all kinds ---- */

static const struct volume_kind kinds[] = {
	{"emptyDir", "empty-dir", .owned = true, .set_up = empty_dir_set_up},
	{"hostPath", NULL, .set_up = host_path_set_up},
	{"configMap", "configmap", .projected = true, .set_up = files_set_up},
	{"secret", "secret", .projected = true, .memory = true, .set_up = files_set_up},
	{"downwardAPI", "downward-api", .projected = true, .memory = true, .set_up = files_set_up},
	{"projected", "projected", .projected = true, .memory = true, .set_up = files_set_up},
	{"image", NULL, .image = true, .set_up = image_set_up},
};

static const struct volume_kind *kind_of(const js *volume, const js **ret_source)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if ((*ret_source = js_obj(volume, kinds[i].field, NULL)))
			return kinds[i].image && !gate_enabled(GATE_ImageVolume) ? NULL : &kinds[i];
	return NULL;
}

static char *volume_path(const char *root, const char *uid, const struct volumes_item *v)
{
	return v->kind->plugin ? volume_dir(root, uid, v->kind->plugin, v->name)
			       : mem_strdup(js_str0(v->source, "path", NULL));
}

static int failed(const char *name, struct err *err)
{
	return err_wrap(err, "MountVolume.SetUp failed for volume \"%s\" ", name);
}

/* ---- what they are made of ---- */

struct adder {
	struct config_set *set;
	struct config_cache *cache;
	const char *ns;
};

static void add_object(void *arg, bool secret, const char *name)
{
	const struct adder *a = arg;
	config_set_add(a->set, a->cache, secret ? CONFIG_SECRET : CONFIG_MAP, a->ns, name);
}

void volumes_add_config(struct config_set *s, struct config_cache *c, const struct pod *p)
{
	struct adder a = {s, c, p->o.meta.namespace};
	autojson js *volumes = pod_field(p->volumes);
	js_array_for_each (v, volumes) {
		const js *source;
		const struct volume_kind *k = kind_of(v, &source);
		if (k)
			projection_objects(k->field, source, add_object, &a);
	}
}

static bool same_resources(const struct pod *a, const struct pod *b)
{
	for (size_t i = 0; i < a->list.n && i < b->list.n; i++)
		if (memcmp(&a->list.v[i].resources, &b->list.v[i].resources, sizeof(a->list.v[i].resources)))
			return false;
	return true;
}

bool volumes_follow_pod(const struct pod *old, const struct pod *p)
{
	return p->volumes && strstr(p->volumes, "\"downwardAPI\"") &&
	       !(labels_equal(old->o.meta.labels, p->o.meta.labels) &&
		 labels_equal(old->o.meta.annotations, p->o.meta.annotations) && same_resources(old, p));
}

struct volumes_lookup {
	const struct env_context *ctx;
	const struct config_set *set;
};

static const js *object(void *arg, bool secret, const char *name, struct err *err)
{
	const struct volumes_lookup *l = arg;
	return config_set_get(l->set, secret ? CONFIG_SECRET : CONFIG_MAP, name, err);
}

static int value(void *arg, const js *item, struct buf *out, struct err *err)
{
	const struct volumes_lookup *l = arg;
	const js *resource = js_obj(item, "resourceFieldRef", NULL);
	const struct env_var e = {.ref = js_str0(resource, "resource", NULL),
				  .key = js_str0(resource, "containerName", NULL),
				  .divisor = js_str0(resource, "divisor", NULL)};
	if (resource)
		return env_resource(out, l->ctx, &e, err);
	return env_field(out, l->ctx, js_str0(item, "fieldRef", "fieldPath", NULL), err);
}

static int plan_item(struct volumes_plan *plan, const js *volume, const struct volumes_lookup *l,
		     struct err *err)
{
	struct volumes_item *v = &plan->v[plan->n];
	const struct projection_source s = {object, value, (void *)l};
	v->name = js_str0(volume, "name", NULL);
	v->kind = kind_of(volume, &v->source);
	if (!v->kind)
		return err_set(
			err, REASON_INVALID,
			"MountVolume.SetUp failed for volume \"%s\" : this kind of volume is not supported by this node",
			v->name);
	if (v->kind->projected &&
	    projection_build(&plan->a, &s, v->kind->field, v->source, &v->files, err) < 0)
		return failed(v->name, err);
	plan->n++;
	return 0;
}

/* As the kubelet sizes it: the Pod's limit where it has one, else all that Pods may have. */
static int64_t memory_of(const struct env_context *ctx)
{
	int64_t limit = limits_pod(ctx->pod, 0).memory_bytes, all = ctx->allocatable_memory;
	return limit > 0 && (limit <= all || !all) ? limit : all;
}

int volumes_plan(struct volumes_plan *ret, const struct env_context *ctx, const struct config_set *set,
		 struct err *err)
{
	const struct volumes_lookup l = {ctx, set};
	int rc = 0;
	ret->volumes = pod_field(ctx->pod->volumes);
	ret->v = arena_array(&ret->a, js_len(ret->volumes), sizeof(*ret->v));
	ret->memory = memory_of(ctx);
	/* The first failure is told; the others get their volumes all the same. */
	js_array_for_each (v, ret->volumes) {
		struct err why = ERR_INIT;
		if (plan_item(ret, v, &l, &why) < 0 && rc == 0) {
			*err = why;
			rc = -1;
		}
	}
	return rc;
}

void volumes_plan_release(struct volumes_plan *p)
{
	js_autoput(&p->volumes);
	arena_release(&p->a);
	*p = (struct volumes_plan){.n = 0};
}

/* ---- doing it ---- */

static int set_up(const char *root, const struct pod *p, const struct volumes_plan *plan,
		  const struct volumes_item *v, struct err *err)
{
	if (v->kind->set_up(root, p, plan, v, err) < 0)
		return -1;
	if (!v->kind->owned || p->fs_group < 0)
		return 0;
	autofree char *path = volume_path(root, p->o.meta.uid, v);
	return volume_set_group(path, p->fs_group, false, err);
}

int volumes_set_up(const char *root, const struct pod *p, const struct volumes_plan *plan, struct err *err)
{
	int rc = 0;
	for (size_t i = 0; i < plan->n; i++) {
		struct err why = ERR_INIT;
		if (set_up(root, p, plan, &plan->v[i], &why) < 0 && rc == 0) {
			*err = why;
			rc = failed(plan->v[i].name, err);
		}
	}
	return rc;
}

int volumes_tear_down(const char *root, const char *pod_uid, struct err *err)
{
	return volume_cleanup(root, pod_uid, err);
}

/* ---- mounts ---- */

static enum runtime_propagation propagation(const char *s)
{
	if (!strcmp(s, "Bidirectional"))
		return RUNTIME_BIDIRECTIONAL;
	return !strcmp(s, "HostToContainer") ? RUNTIME_HOST_TO_CONTAINER : RUNTIME_PRIVATE;
}

/* Every runtime that we start can do it. */
static int recursive(const struct volume_mount *m, bool *ret, struct err *err)
{
	*ret = *m->recursive_readonly && strcmp(m->recursive_readonly, "Disabled") != 0;
	if (*ret && !m->readonly)
		return err_set(
			err, REASON_INVALID,
			"failed to resolve recursive read-only mode: volume \"%s\" requested recursive "
			"read-only mode, but it is not read-only",
			m->name);
	if (*ret && *m->propagation && strcmp(m->propagation, "None") != 0)
		return err_set(
			err, REASON_INVALID,
			"failed to resolve recursive read-only mode: volume \"%s\" requested recursive "
			"read-only mode, but it is not compatible with propagation \"%s\"",
			m->name, m->propagation);
	return 0;
}

/* Why it failed is the host's business: the Pod's owner is told that it did. */
static int bind_sub_path(const char *root, const struct pod *p, const struct container_spec *c, size_t index,
			 const char *sub_path, char **path, struct err *err)
{
	const char *volume = c->mounts[index].name;
	struct err why = ERR_INIT;
	char *bound = NULL;
	if (volume_subpath(root, p->o.meta.uid, volume, *path, c->name, (int)index, sub_path, &bound, &why) <
	    0) {
		log_warn_err(&why, "could not prepare subPath", "pod=%s/%s container=%s volume=%s",
			     p->o.meta.namespace, p->o.meta.name, c->name, volume);
		return err_set(err, why.reason,
			       "failed to prepare subPath for volumeMount \"%s\" of container \"%s\"", volume,
			       c->name);
	}
	free(*path);
	*path = bound;
	return 0;
}

static int find_volume(const js *volumes, const char *name, struct volumes_item *ret)
{
	js_array_for_each (v, volumes)
		if (!strcmp(js_str0(v, "name", NULL), name) && (ret->kind = kind_of(v, &ret->source))) {
			ret->name = name;
			return 0;
		}
	return -1;
}

static bool has_image(const struct volumes_image *v, size_t n, const char *volume)
{
	while (n > 0)
		if (!strcmp(v[--n].volume, volume))
			return true;
	return false;
}

size_t volumes_images(struct arena *a, const struct pod *p, const struct container_spec *c,
		      struct volumes_image **ret)
{
	autojson js *volumes = pod_field(p->volumes);
	struct volumes_image *v = *ret = arena_array(a, c->n_mounts + 1, sizeof(*v));
	size_t n = 0;
	for (size_t i = 0; i < c->n_mounts; i++) {
		struct volumes_item item = {0};
		const char *name = c->mounts[i].name;
		if (find_volume(volumes, name, &item) < 0 || !item.kind->image || has_image(v, n, name))
			continue;
		const char *reference = js_str0(item.source, "reference", NULL);
		v[n++] = (struct volumes_image){
			name, arena_strdup(a, reference),
			pod_pull_policy(js_str0(item.source, "pullPolicy", NULL), reference)};
	}
	v[n++] = (struct volumes_image){NULL, c->image, c->pull_policy};
	return n;
}

int volumes_mount(struct arena *a, const char *root, const struct pod *p, const struct container_spec *c,
		  size_t index, const char *sub_path, const char *image, struct runtime_mount *ret,
		  struct err *err)
{
	const struct volume_mount *m = &c->mounts[index];
	autojson js *volumes = pod_field(p->volumes);
	struct volumes_item v = {0};
	bool all;
	if (find_volume(volumes, m->name, &v) < 0)
		return err_set(err, REASON_NOT_FOUND,
			       "cannot find volume \"%s\" to mount into container \"%s\"", m->name, c->name);
	autofree char *path = volume_path(root, p->o.meta.uid, &v);
	if ((*sub_path && !v.kind->image && bind_sub_path(root, p, c, index, sub_path, &path, err) < 0) ||
	    recursive(m, &all, err) < 0)
		return -1;
	*ret = (struct runtime_mount){.host = arena_strdup(a, path),
				      .container = m->path,
				      .image = image,
				      .sub_path = sub_path,
				      .readonly = m->readonly || v.kind->projected || v.kind->image,
				      .recursive = all,
				      .propagation = propagation(m->propagation)};
	return 0;
}
