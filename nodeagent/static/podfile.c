/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See podfile.h. Upstream runs the API server's whole validation; here what the node depends on is judged, and the API
 * server judges the rest when it is given the mirror. Anything that would have to be asked of the API is refused.
 */
#include "static/podfile.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/map.h"
#include "client/tls.h"
#include "object/name.h"
#include "object/rfc3339.h"
#include "object/yaml.h"

#define UID_DIGITS 32
#define CONTAINERS_MAX 1000

const char PODFILE_SOURCE[] = "kubernetes.io/config.source";
const char PODFILE_HASH[] = "kubernetes.io/config.hash";
const char PODFILE_MIRROR[] = "kubernetes.io/config.mirror";
static const char seen_annotation[] = "kubernetes.io/config.seen";

/* ---- what it may not refer to ---- */

static const char *const lists[] = {"initContainers", "containers", "ephemeralContainers"};

static bool env_refers(const js *container, const char *key_ref, const char *ref)
{
	js_array_for_each (e, js_arr(container, "env", NULL))
		if (js_obj(e, "valueFrom", key_ref, NULL))
			return true;
	js_array_for_each (e, js_arr(container, "envFrom", NULL))
		if (js_obj(e, ref, NULL))
			return true;
	return false;
}

static bool containers_refer(const js *spec, const char *key_ref, const char *ref)
{
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		js_array_for_each (c, js_arr(spec, lists[i], NULL))
			if (env_refers(c, key_ref, ref))
				return true;
	return false;
}

static const struct {
	const char *source, *what;
} volume_rows[] =
	{
		{"secret", "secrets"},
		{"configMap", "configmaps"},
		{"csi", "csidrivers (via CSI volumes)"},
		{"glusterfs", "endpoints (via glusterFS volumes)"},
		{"persistentVolumeClaim", "persistentvolumeclaims"},
		{"ephemeral", "persistentvolumeclaims (via ephemeral volumes)"},
		{"azureFile", "secrets (via azureFile volumes)"},
},
  projected_rows[] = {
	  {"secret", "secrets"},
	  {"configMap", "configmaps"},
	  {"serviceAccountToken", "serviceaccounts (via projected volumes)"},
	  {"clusterTrustBundle", "clustertrustbundles"},
	  {"podCertificate", "podcertificates"},
};

static const char *volumes_refer(const js *spec)
{
	js_array_for_each (v, js_arr(spec, "volumes", NULL)) {
		for (size_t i = 0; i < ARRAY_LEN(volume_rows); i++)
			if (js_obj(v, volume_rows[i].source, NULL))
				return volume_rows[i].what;
		js_array_for_each (s, js_arr(v, "projected", "sources", NULL))
			for (size_t i = 0; i < ARRAY_LEN(projected_rows); i++)
				if (js_obj(s, projected_rows[i].source, NULL))
					return projected_rows[i].what;
	}
	return NULL;
}

static const char *refers(const js *spec)
{
	if (*js_str0(spec, "serviceAccountName", NULL) || *js_str0(spec, "serviceAccount", NULL))
		return "serviceaccounts";
	if (js_len(js_arr(spec, "imagePullSecrets", NULL)) ||
	    containers_refer(spec, "secretKeyRef", "secretRef"))
		return "secrets";
	if (containers_refer(spec, "configMapKeyRef", "configMapRef"))
		return "configmaps";
	if (js_len(js_arr(spec, "resourceClaims", NULL)))
		return "resourceclaims";
	return volumes_refer(spec);
}

/* ---- whether it can be a Pod ---- */

static int check_name(const char *what, const char *value, name_check *check, struct err *err)
{
	struct name_faults wrong;
	if (check(value, &wrong))
		return err_set(err, REASON_INVALID, "invalid pod: %s: Invalid value: \"%.100s\": %s", what,
			       value, wrong.v[0]);
	return 0;
}

static int check_container(const js *spec, const char *list, const js *c, struct map *names, struct err *err)
{
	const char *name = js_str0(c, "name", NULL);
	autofree char *what = mem_printf("spec.%s.name", list);
	if (check_name(what, name, name_check_dns1123_label, err) < 0)
		return -1;
	if (map_set(names, name, (void *)spec))
		return err_set(err, REASON_INVALID, "invalid pod: %s: Duplicate value: \"%s\"", what, name);
	if (!*js_str0(c, "image", NULL))
		return err_set(err, REASON_INVALID, "invalid pod: spec.%s{%s}.image: Required value", list,
			       name);
	return 0;
}

static int check_containers(const js *spec, struct err *err)
{
	automap struct map names = MAP_INIT;
	if (!js_len(js_arr(spec, "containers", NULL)))
		return err_set(err, REASON_INVALID, "invalid pod: spec.containers: Required value");
	if (js_len(js_get(spec, "ephemeralContainers", NULL)))
		return err_set(err, REASON_INVALID,
			       "invalid pod: spec.ephemeralContainers: Forbidden: cannot be set on create");
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		const js *list = js_arr(spec, lists[i], NULL);
		if (js_len(list) > CONTAINERS_MAX)
			return err_set(err, REASON_INVALID, "invalid pod: too many containers");
		js_array_for_each (c, list)
			if (check_container(spec, lists[i], c, &names, err) < 0)
				return -1;
	}
	return 0;
}

static int check(const js *o, struct err *err)
{
	const js *spec = js_obj(o, "spec", NULL);
	if (check_name("metadata.name", js_str0(o, "metadata", "name", NULL), name_check_dns1123_subdomain,
		       err) < 0 ||
	    check_name("metadata.namespace", js_str0(o, "metadata", "namespace", NULL),
		       name_check_dns1123_label, err) < 0 ||
	    check_containers(spec, err) < 0)
		return -1;
	if (*js_str0(o, "metadata", "uid", NULL) &&
	    check_name("metadata.uid", js_str0(o, "metadata", "uid", NULL), name_check_dns1123_label, err) <
		    0)
		return -1;
	const char *what = refers(spec);
	if (what)
		return err_set(err, REASON_INVALID, "static pods may not reference %s", what);
	return 0;
}

/* ---- what it gets ---- */

static char *lower(const char *s)
{
	char *copy = mem_strdup(s);
	for (char *c = copy; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c += 'a' - 'A';
	return copy;
}

static char *hash_of(const js *o, const char *path, const char *node)
{
	char hex[65];
	autobuf struct buf text = BUF_INIT;
	js_write_sorted(&text, o, NULL);
	buf_addf(&text, "host:%sfile:%s", node, path);
	struct tls_sha256 *s = tls_sha256_new();
	tls_sha256_add(s, buf_str(&text), text.len);
	tls_sha256_end(s, hex);
	return mem_strndup(hex, UID_DIGITS);
}

static void tolerate(js *spec)
{
	js *t = js_new_obj();
	js_set_str(t, "operator", "Exists");
	js_set_str(t, "effect", "NoExecute");
	js_push(js_ensure_arr(spec, "tolerations"), t);
}

static void complete(js *o, const char *path, const char *node)
{
	js *meta = js_ensure(o, "metadata", NULL), *spec = js_ensure(o, "spec", NULL);
	autofree char *suffix = lower(node), *name = mem_printf("%s-%s", js_str0(meta, "name", NULL), suffix);
	if (!*js_str0(meta, "uid", NULL)) {
		autofree char *uid = hash_of(o, path, node);
		js_set_str(meta, "uid", uid);
	}
	js_set_str(meta, "name", name);
	if (!*js_str0(meta, "namespace", NULL))
		js_set_str(meta, "namespace", "default");
	js_set_str(spec, "nodeName", node);
	js *annotations = js_ensure(meta, "annotations", NULL);
	js_set_str(annotations, PODFILE_HASH, js_str0(meta, "uid", NULL));
	js_set_str(annotations, PODFILE_SOURCE, "file");
	js_del(annotations, PODFILE_MIRROR);
	js_del(meta, "deletionTimestamp");
	js_del(meta, "resourceVersion");
	js_del(meta, "ownerReferences");
	js_del(o, "status");
	tolerate(spec);
}

static int check_kind(const js *o, const char *path, struct err *err)
{
	const char *version = js_str0(o, "apiVersion", NULL), *kind = js_str0(o, "kind", NULL);
	if (strcmp(version, "v1") != 0 || strcmp(kind, "Pod") != 0)
		return err_set(
			err, REASON_INVALID,
			"%s: couldn't parse as pod(kind \"%s\" of version \"%s\"), please check config file",
			path, kind, version);
	if (!*js_str0(o, "metadata", "name", NULL))
		return err_set(err, REASON_INVALID, "invalid pod: name is needed for the pod");
	return 0;
}

static const struct pod *decode(const js *o, struct err *err)
{
	autobuf struct buf text = BUF_INIT;
	js_write(&text, o);
	struct pod *p = informer_make(&pod_type, buf_str(&text), text.len, err);
	if (p) /* no annotation says so: whoever writes to the API could */
		p->is_static = true;
	return p;
}

struct podfile *podfile_parse(const char *text, size_t n, const char *path, const char *node, struct err *err)
{
	autojson js *o = yaml_parse(text, n, NULL, err);
	if (!o) {
		err_wrap_text(err, "%s: couldn't parse as pod", path);
		return NULL;
	}
	if (check_kind(o, path, err) < 0)
		return NULL;
	complete(o, path, node);
	const struct pod *pod = check(o, err) < 0 ? NULL : decode(o, err);
	if (!pod)
		return NULL;
	struct podfile *f = MEM_NEW(struct podfile);
	*f = (struct podfile){.path = mem_strdup(path),
			      .key = mem_printf("%s/%s", pod->o.meta.namespace, pod->o.meta.name),
			      .object = STEAL(o),
			      .pod = pod};
	return f;
}

void podfile_free(struct podfile *f)
{
	if (!f)
		return;
	free(f->path);
	free(f->key);
	js_autoput(&f->object);
	informer_unref(f->pod);
	free(f);
}

const struct pod *podfile_ending(const struct podfile *f, int64_t now_wall_ns)
{
	struct err err = ERR_INIT;
	char now[RFC3339_MAX];
	autojson js *o = js_dup(f->object);
	js *meta = js_ensure(o, "metadata", NULL);
	rfc3339_format(now_wall_ns, now);
	js_set_str(meta, "deletionTimestamp", now);
	js_set_int(meta, "deletionGracePeriodSeconds", f->pod->grace_s);
	return decode(o, &err);
}

js *podfile_mirror(const struct podfile *f, const char *node, const char *node_uid)
{
	js *o = js_dup(f->object), *meta = js_ensure(o, "metadata", NULL), *owner = js_new_obj();
	char now[RFC3339_MAX];
	js_set_str(js_ensure(meta, "annotations", NULL), PODFILE_MIRROR, f->pod->o.meta.uid);
	rfc3339_format(clock_wall_ns(), now);
	js_set_str(js_ensure(meta, "annotations", NULL), seen_annotation, now);
	js_del(meta, "uid");
	js_set_str(owner, "apiVersion", "v1");
	js_set_str(owner, "kind", "Node");
	js_set_str(owner, "name", node);
	js_set_str(owner, "uid", node_uid);
	js_set_bool(owner, "controller", true);
	js_push(js_ensure_arr(meta, "ownerReferences"), owner);
	return o;
}
