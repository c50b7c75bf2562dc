/* SPDX-License-Identifier: Apache-2.0 */
#include "pod/volumes.h"

#include "object/quantity.h"
#include "volume/volume.h"

/*
 * source: the kind's object in spec.volumes[]. set_up makes the volume; path says where its content is; owned: fsGroup
 * concerns it. fsGroupChangePolicy does not: as the API has it, it says nothing of volumes that live as long as the Pod.
 */
struct volume_kind {
	const char *field;
	bool owned;
	int (*set_up)(const char *root, const char *uid, const char *name, const js *source, struct err *err);
	char *(*path)(const char *root, const char *uid, const char *name, const js *source);
};

static int empty_dir_set_up(const char *root, const char *uid, const char *name, const js *source,
			    struct err *err)
{
	struct quantity q = {0};
	autofree char *path = NULL;
	const char *limit = js_str(source, "sizeLimit", NULL);
	if (limit && quantity_parse(limit, &q, err) < 0)
		return -1;
	return volume_empty_dir(root, uid, name, js_str0(source, "medium", NULL), quantity_value(&q), &path,
				err);
}

static char *empty_dir_path(const char *root, const char *uid, const char *name, const js *source)
{
	return volume_dir(root, uid, "empty-dir", name);
}

static int host_path_set_up(const char *root, const char *uid, const char *name, const js *source,
			    struct err *err)
{
	return volume_host_path(js_str0(source, "path", NULL), js_str0(source, "type", NULL), err);
}

static char *host_path_path(const char *root, const char *uid, const char *name, const js *source)
{
	return mem_strdup(js_str0(source, "path", NULL));
}

static const struct volume_kind kinds[] = {
	{"emptyDir", true, empty_dir_set_up, empty_dir_path},
	{"hostPath", false, host_path_set_up, host_path_path},
};

static const struct volume_kind *kind_of(const js *volume, const js **ret_source)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if ((*ret_source = js_obj(volume, kinds[i].field, NULL)))
			return &kinds[i];
	return NULL;
}

static int set_up(const struct volume_kind *k, const char *root, const struct pod *p, const char *name,
		  const js *source, struct err *err)
{
	if (k->set_up(root, p->o.meta.uid, name, source, err) < 0)
		return -1;
	if (!k->owned || p->fs_group < 0)
		return 0;
	autofree char *path = k->path(root, p->o.meta.uid, name, source);
	return volume_set_group(path, p->fs_group, false, err);
}

int volumes_set_up(const char *root, const struct pod *p, struct err *err)
{
	autojson js *volumes = pod_field(p->volumes);
	js_array_for_each (v, volumes) {
		const char *name = js_str0(v, "name", NULL);
		const js *source;
		const struct volume_kind *k = kind_of(v, &source);
		if (!k)
			return err_set(
				err, REASON_INVALID,
				"MountVolume.SetUp failed for volume \"%s\" : this kind of volume is not supported by this node",
				name);
		if (set_up(k, root, p, name, source, err) < 0)
			return err_wrap(err, "MountVolume.SetUp failed for volume \"%s\" ", name);
	}
	return 0;
}

int volumes_tear_down(const char *root, const char *pod_uid, struct err *err)
{
	return volume_cleanup(root, pod_uid, err);
}

const char *volumes_mount_source(struct arena *a, const char *root, const struct pod *p,
				 const struct container_spec *c, size_t index, const char *sub_path,
				 struct err *err)
{
	autojson js *volumes = pod_field(p->volumes);
	const char *wanted = c->mounts[index].name;
	js_array_for_each (v, volumes) {
		const js *source;
		const struct volume_kind *k = kind_of(v, &source);
		if (!k || strcmp(js_str0(v, "name", NULL), wanted) != 0)
			continue;
		autofree char *path = k->path(root, p->o.meta.uid, wanted, source), *bound = NULL;
		if (!*sub_path)
			return arena_strdup(a, path);
		if (volume_subpath(root, p->o.meta.uid, wanted, path, c->name, (int)index, sub_path, &bound,
				   err) < 0) {
			(void)err_wrap(err,
				       "failed to prepare subPath for volumeMount \"%s\" of container \"%s\"",
				       wanted, c->name);
			return NULL;
		}
		return arena_strdup(a, bound);
	}
	(void)err_set(err, REASON_NOT_FOUND, "volume \"%s\" of container \"%s\" does not exist", wanted,
		      c->name);
	return NULL;
}
