/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts of volumes and block devices in a container. Some of upstream's paths know no index. */
#include "kinds/podspec/podspec_internal.h"

struct mounts {
	const struct podspec_container *c;
	struct unique mount_names, mount_paths, device_names, device_paths;
	struct field_errors *errs;
};

/* Upstream keeps them by name: of several with one name the last path counts. */
static void collect(const js *list, const char *path_key, struct unique *names, struct unique *paths)
{
	autounique struct unique later = {.n = 0};

	for (size_t i = js_len(list); i-- > 0;) {
		const js *o = js_at(list, i);
		const char *name = js_str0(o, "name", NULL);
		unique_seen(names, name);
		if (!unique_seen(&later, name))
			unique_seen(paths, js_str0(o, path_key, NULL));
	}
}

static void check_sub_paths(const struct mounts *m, const js *mount, size_t i)
{
	const char *sub = js_str0(mount, "subPath", NULL), *expr = js_str0(mount, "subPathExpr", NULL);

	if (*sub)
		podspec_check_descending(sub, PATH("%s.volumeMounts.subPath", m->c->path), m->errs);
	if (*expr && *sub)
		field_error_invalid_str(m->errs, PATH("%s.volumeMounts[%zu].subPathExpr", m->c->path, i),
					expr, "subPathExpr and subPath are mutually exclusive");
	if (*expr)
		podspec_check_descending(expr, PATH("%s.volumeMounts.subPathExpr", m->c->path), m->errs);
}

static void check_read_only(const struct mounts *m, const js *mount)
{
	const char *recursive = js_str0(mount, "recursiveReadOnly", NULL);
	const char *propagation = js_str(mount, "mountPropagation", NULL);

	if (strcmp(recursive, "Enabled") && strcmp(recursive, "IfPossible"))
		return;
	const char *path = PATH("%s.volumeMounts.recursiveReadOnly", m->c->path);
	if (!js_bool(mount, false, "readOnly", NULL))
		field_error_forbidden(m->errs, path, "may only be specified when readOnly is true");
	if (propagation && strcmp(propagation, "None"))
		field_error_forbidden(m->errs, path,
				      "may only be specified when mountPropagation is None or not specified");
}

static void check_mount(struct mounts *m, struct unique *seen, const js *mount, size_t i)
{
	const char *name = js_str0(mount, "name", NULL), *where = js_str0(mount, "mountPath", NULL);
	const char *base = m->c->path;

	if (!map_has(&m->c->spec->volumes, name))
		field_error_not_found(m->errs, PATH("%s.volumeMounts[%zu].name", base, i), name);
	if (unique_seen(seen, where))
		field_error_invalid_str(m->errs, PATH("%s.volumeMounts[%zu].mountPath", base, i), where,
					"must be unique");
	m->errs->look = '3';
	if (unique_has(&m->device_names, name))
		field_error_invalid_str(m->errs, PATH("%s.volumeMounts[%zu].name", base, i), name,
					"must not already exist in volumeDevices");
	if (unique_has(&m->device_paths, where))
		field_error_invalid_str(m->errs, PATH("%s.volumeMounts[%zu].mountPath", base, i), where,
					"must not already exist as a path in volumeDevices");
	m->errs->look = 0;
	check_sub_paths(m, mount, i);
	if (!strcmp(js_str0(mount, "mountPropagation", NULL), "Bidirectional") &&
	    !js_bool(m->c->o, false, "securityContext", "privileged", NULL))
		field_error_forbidden(
			m->errs, PATH("%s.volumeMounts.mountPropagation", base),
			"Bidirectional mount propagation is available only to privileged containers");
	check_read_only(m, mount);
}

static void check_device_path(struct mounts *m, struct unique *seen, const char *path, size_t i)
{
	const char *at = PATH("%s.volumeDevices[%zu].devicePath", m->c->path, i);

	if (unique_has(seen, path))
		field_error_invalid_str(m->errs, at, path, "must be unique");
	if (podspec_has_backsteps(path))
		field_error_invalid_str(m->errs, at, path, "can not contain backsteps ('..')");
	else
		unique_seen(seen, path);
	m->errs->look = '3';
	if (unique_has(&m->mount_paths, path))
		field_error_invalid_str(m->errs, at, path,
					"must not already exist as a path in volumeMounts");
	m->errs->look = 0;
}

static void check_device(struct mounts *m, struct unique *names, struct unique *paths, const js *device,
			 size_t i)
{
	const char *name = js_str0(device, "name", NULL);
	const js *volume = map_get(&m->c->spec->volumes, name);
	const char *at = PATH("%s.volumeDevices[%zu].name", m->c->path, i);

	if (*name && unique_seen(names, name))
		field_error_invalid_str(m->errs, at, name, "must be unique");
	if (!volume)
		field_error_not_found(m->errs, at, name);
	else if (!js_field(volume, "persistentVolumeClaim") && !js_field(volume, "ephemeral"))
		field_error_invalid_str(
			m->errs, at, name,
			"can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode");
	check_device_path(m, paths, js_str0(device, "devicePath", NULL), i);
	m->errs->look = '3';
	if (unique_has(&m->mount_names, name))
		field_error_invalid_str(m->errs, at, name, "must not already exist in volumeMounts");
	m->errs->look = 0;
}

void podspec_check_mounts(const struct podspec_container *c)
{
	const js *mounts = js_arr(c->o, "volumeMounts", NULL), *devices = js_arr(c->o, "volumeDevices", NULL);
	struct mounts m = {.c = c, .errs = c->spec->errs};
	autounique struct unique names = {.n = 0}, paths = {.n = 0}, mount_paths = {.n = 0};

	if (devices) {
		collect(mounts, "mountPath", &m.mount_names, &m.mount_paths);
		collect(devices, "devicePath", &m.device_names, &m.device_paths);
	}
	js_array_for_each (mount, mounts) {
		m.errs->item = (unsigned)mount_i + 1;
		check_mount(&m, &mount_paths, mount, mount_i);
	}
	m.errs->item = 0;
	js_array_for_each (device, devices)
		check_device(&m, &names, &paths, device, device_i);
	unique_release(&m.mount_names);
	unique_release(&m.mount_paths);
	unique_release(&m.device_names);
	unique_release(&m.device_paths);
}
