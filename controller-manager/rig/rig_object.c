/* SPDX-License-Identifier: Apache-2.0 */
/* The rig's objects and what is expected of them; see rig.h. */
#include "rig/rig_internal.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "object/yaml.h"

static const struct {
	const char *kind, *group, *resource;
	bool cluster;
} kinds[] = {
	{"ConfigMap", "", "configmaps", false},
	{"ControllerRevision", "apps", "controllerrevisions", false},
	{"CronJob", "batch", "cronjobs", false},
	{"CustomResourceDefinition", "apiextensions.k8s.io", "customresourcedefinitions", true},
	{"DaemonSet", "apps", "daemonsets", false},
	{"Deployment", "apps", "deployments", false},
	{"Endpoints", "", "endpoints", false},
	{"Gadget", "example.com", "gadgets", true},
	{"HorizontalPodAutoscaler", "autoscaling", "horizontalpodautoscalers", false},
	{"Job", "batch", "jobs", false},
	{"Lease", "coordination.k8s.io", "leases", false},
	{"Namespace", "", "namespaces", true},
	{"Node", "", "nodes", true},
	{"PersistentVolumeClaim", "", "persistentvolumeclaims", false},
	{"Pod", "", "pods", false},
	{"PodDisruptionBudget", "policy", "poddisruptionbudgets", false},
	{"ReplicaSet", "apps", "replicasets", false},
	{"ReplicationController", "", "replicationcontrollers", false},
	{"ResourceQuota", "", "resourcequotas", false},
	{"Role", "rbac.authorization.k8s.io", "roles", false},
	{"Secret", "", "secrets", false},
	{"Service", "", "services", false},
	{"ServiceAccount", "", "serviceaccounts", false},
	{"StatefulSet", "apps", "statefulsets", false},
	{"Widget", "example.com", "widgets", false},
};

static size_t kind_index(const char *kind, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (strlen(kinds[i].kind) == len && !strncmp(kinds[i].kind, kind, len))
			return i;
	fail_msg("the rig does not know the kind %.*s", (int)len, kind);
	return 0;
}

static void add_path(struct buf *path, size_t k, const char *ns, const char *name, const char *sub)
{
	const char *version = strcmp(kinds[k].group, "autoscaling") ? "v1" : "v2";

	rest_path(path, kinds[k].group, version, kinds[k].cluster ? NULL : ns, kinds[k].resource, name, sub);
}

/* KIND/NAME or KIND/NAMESPACE/NAME to a path. */
static void object_path(const char *object, const char *sub, struct buf *path)
{
	const char *slash = strchr(object, '/');

	assert_non_null(slash);
	const char *name = strrchr(object, '/') + 1;
	autofree char *ns =
		name - 1 > slash ? mem_strndup(slash + 1, (size_t)(name - slash - 2)) : mem_strdup("default");

	add_path(path, kind_index(object, (size_t)(slash - object)), ns, name, sub);
}

/* ---- YAML ---- */

/* Puts uids in the place of $KIND/NAME. */
static void add_with_uids(struct rig *r, struct buf *out, const char *p, size_t n)
{
	for (const char *end = p + n; p < end; p++) {
		if (*p != '$' || !isupper((unsigned char)p[1])) {
			buf_addc(out, *p);
			continue;
		}
		size_t len =
			strspn(p + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/.-");
		autofree char *object = mem_strndup(p + 1, len);
		autojson js *o = rig_get(r, object);

		if (!o)
			fail_msg("$%s is not there", object);
		buf_adds(out, meta_uid(o));
		p += len;
	}
}

static js *parse(struct rig *r, const char *p, size_t n)
{
	autobuf struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	add_with_uids(r, &text, p, n);
	js *o = yaml_parse(buf_str(&text), text.len, NULL, &err);

	if (!o)
		fail_msg("%s in\n%s", err.msg, buf_str(&text));
	return o;
}

static js *parse_format(struct rig *r, const char *fmt, va_list ap)
{
	autobuf struct buf text = BUF_INIT;

	buf_addvf(&text, fmt, ap);
	return parse(r, buf_str(&text), text.len);
}

/* ---- making and changing ---- */

static void must(struct rig *r, enum rest_verb verb, const char *path, const js *body)
{
	struct err err = ERR_INIT;

	if (rest_do(r->rest, verb, path, body, NULL, &err) < 0)
		fail_msg("%s: %s", path, err.msg);
}

static void create_one(struct rig *r, js *o)
{
	const char *kind = js_str0(o, "kind", NULL);
	size_t k = kind_index(kind, strlen(kind));
	autofree char *ns = mem_strdup(*meta_namespace(o) ? meta_namespace(o) : "default");
	autobuf struct buf path = BUF_INIT;
	autojson js *status = js_new_obj();

	if (!js_get(o, "apiVersion", NULL)) {
		autofree char *version = mem_printf(*kinds[k].group ? "%s/v1" : "%sv1", kinds[k].group);

		js_set_str(o, "apiVersion", version);
	}
	js_set(status, "status", js_take(o, "status"));
	add_path(&path, k, ns, NULL, NULL);
	must(r, REST_POST, buf_str(&path), o);
	if (!js_get(status, "status", NULL))
		return;
	buf_clear(&path);
	add_path(&path, k, ns, meta_name(o), "status");
	must(r, REST_PATCH_MERGE, buf_str(&path), status);
}

void rig_create(struct rig *r, const char *yaml, ...)
{
	autobuf struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, yaml);
	buf_addvf(&text, yaml, ap);
	va_end(ap);
	for (const char *p = buf_str(&text), *end; *p; p = end) {
		end = strstr(p, "\n---\n");
		end = end ? end + 1 : p + strlen(p);
		autojson js *o = parse(r, p, (size_t)(end - p));

		create_one(r, o);
		if (*end)
			end += 4;
	}
}

void rig_patch(struct rig *r, const char *object, const char *sub, const char *yaml, ...)
{
	autobuf struct buf path = BUF_INIT;
	va_list ap;

	va_start(ap, yaml);
	autojson js *body = parse_format(r, yaml, ap);

	va_end(ap);
	object_path(object, sub, &path);
	must(r, REST_PATCH_MERGE, buf_str(&path), body);
}

void rig_delete(struct rig *r, const char *object, const char *options)
{
	autobuf struct buf path = BUF_INIT;
	autojson js *body = *options ? parse(r, options, strlen(options)) : NULL;

	object_path(object, NULL, &path);
	must(r, REST_DELETE, buf_str(&path), body);
}

js *rig_get(struct rig *r, const char *object)
{
	autobuf struct buf path = BUF_INIT;
	struct err err = ERR_INIT;
	js *o = NULL;

	object_path(object, NULL, &path);
	if (rest_do(r->rest, REST_GET, buf_str(&path), NULL, &o, &err) < 0 && err.reason != REASON_NOT_FOUND)
		fail_msg("%s: %s", object, err.msg);
	return o;
}

static js *list(struct rig *r, const char *kind)
{
	autobuf struct buf path = BUF_INIT;
	struct err err = ERR_INIT;
	js *o = NULL;

	add_path(&path, kind_index(kind, strlen(kind)), "default", NULL, NULL);
	if (rest_do(r->rest, REST_GET, buf_str(&path), NULL, &o, &err) < 0)
		fail_msg("%s: %s", kind, err.msg);
	return o;
}

const char *rig_names(struct rig *r, const char *kind)
{
	autojson js *all = list(r, kind);

	buf_clear(&r->names); /* the API lists in the order of names */
	js_array_for_each (o, js_arr(all, "items", NULL))
		buf_addf(&r->names, "%s%s", r->names.len ? " " : "", meta_name(o));
	return buf_str(&r->names);
}

size_t rig_count(struct rig *r, const char *kind)
{
	autojson js *all = list(r, kind);

	return js_len(js_arr(all, "items", NULL));
}

void rig_run_pods(struct rig *r)
{
	autojson js *all = list(r, "Pod");

	js_array_for_each (o, js_arr(all, "items", NULL)) {
		autofree char *pod = mem_printf("Pod/%s", meta_name(o));

		if (!meta_deleting(o) && strcmp(js_str0(o, "status", "phase", NULL), "Running"))
			rig_patch(r, pod, "status",
				  "status: {phase: Running, conditions: [{type: Ready, status: 'True'}]}");
	}
}

/* ---- expecting ---- */

/* Is everything of `want` in `have`? Otherwise `where` tells the path. */
static bool contains(const js *want, const js *have, struct buf *where)
{
	size_t len = where->len;

	if (js_is_obj(want)) {
		for (struct js_iter it = js_iter(want); js_next(&it);) {
			buf_addf(where, ".%s", it.key);
			if (!contains(it.value, js_field(have, it.key), where))
				return false;
			buf_truncate(where, len);
		}
		return js_is_obj(have);
	}
	if (js_is_arr(want)) {
		for (size_t i = 0; i < js_len(want); i++) {
			buf_addf(where, "[%zu]", i);
			if (!contains(js_at(want, i), js_at(have, i), where))
				return false;
			buf_truncate(where, len);
		}
		return js_is_arr(have) && js_len(have) == js_len(want);
	}
	if (js_is_str(want) && js_is_str(have))
		return !fnmatch(json_object_get_string((js *)want), json_object_get_string((js *)have), 0);
	return js_equal(want, have);
}

bool rig_has(struct rig *r, const char *object, const char *yaml)
{
	autobuf struct buf where = BUF_INIT;
	autojson js *have = rig_get(r, object), *want = parse(r, yaml, strlen(yaml));

	return have && contains(want, have, &where);
}

void rig_expect(struct rig *r, const char *object, const char *yaml, ...)
{
	autobuf struct buf where = BUF_INIT;
	autobuf struct buf text = BUF_INIT;
	autojson js *have = rig_get(r, object);
	va_list ap;

	va_start(ap, yaml);
	autojson js *want = parse_format(r, yaml, ap);

	va_end(ap);
	if (!have)
		fail_msg("%s is not there", object);
	if (contains(want, have, &where))
		return;
	yaml_write(&text, have);
	fail_msg("%s: %s differs from what is expected in\n%s", object, buf_str(&where), buf_str(&text));
}

void rig_expect_absent(struct rig *r, const char *object)
{
	autojson js *have = rig_get(r, object);

	if (have)
		fail_msg("%s is still there", object);
}
