/* SPDX-License-Identifier: Apache-2.0 */
/* After upstream's cases (pkg/kubelet/config/{common,file}_test.go). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "object/json_test.h"
#include "static/podfile.h"

#define POD(meta, spec)                                                                                      \
	"apiVersion: v1\nkind: Pod\nmetadata: {name: web" meta                                               \
	"}\nspec: {containers: [{name: c, image: i:1" spec "\n"
#define PLAIN POD("", "}]}")

static struct podfile *parse(const char *text, const char *path, const char *node)
{
	struct err err = ERR_INIT;
	struct podfile *f = podfile_parse(text, strlen(text), path, node, &err);
	if (!f)
		fail_msg("%s\n%s", err.msg, text);
	return f;
}

static void test_refusals(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"", "/m/x: couldn't parse as pod"},
		{"{", "/m/x: couldn't parse as pod"},
		{"[]", "/m/x: couldn't parse as pod(kind \"\" of version \"\")"},
		{"apiVersion: v1\nkind: Service\nmetadata: {name: x}",
		 "couldn't parse as pod(kind \"Service\""},
		{"apiVersion: v1\nkind: Pod\nspec: {}", "invalid pod: name is needed for the pod"},
		{"apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: []}",
		 "spec.containers: Required value"},
		{"apiVersion: v1\nkind: Pod\nmetadata: {name: x}\n", "spec.containers: Required value"},
		{"apiVersion: v1\nkind: Pod\nmetadata: {name: ../x}\nspec: {containers: [{name: c, image: i}]}",
		 "metadata.name: Invalid value: \"../x-n1\""},
		{POD(", namespace: a/b", "}]}"), "metadata.namespace: Invalid value: \"a/b\""},
		{POD(", uid: ../..", "}]}"), "metadata.uid: Invalid value"},
		{POD("", "}, {name: c, image: i}]}"), "spec.containers.name: Duplicate value: \"c\""},
		{POD("", "}], initContainers: [{name: C, image: i}]}"),
		 "spec.initContainers.name: Invalid value: \"C\""},
		{POD("", "}, {name: d}]}"), "spec.containers{d}.image: Required value"},
		{POD("", "}], ephemeralContainers: [{name: e, image: i}]}"), "cannot be set on create"},
		{POD("", "}], serviceAccountName: x}"), "static pods may not reference serviceaccounts"},
		{POD("", "}], imagePullSecrets: [{name: x}]}"), "static pods may not reference secrets"},
		{POD("", ", env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: k}}}]}]}"),
		 "static pods may not reference secrets"},
		{POD("", ", envFrom: [{configMapRef: {name: m}}]}]}"),
		 "static pods may not reference configmaps"},
		{POD("", "}], initContainers: [{name: d, image: i, envFrom: [{secretRef: {name: m}}]}]}"),
		 "static pods may not reference secrets"},
		{POD("", "}], resourceClaims: [{name: m}]}"), "static pods may not reference resourceclaims"},
		{POD("", "}], volumes: [{name: v, configMap: {name: m}}]}"),
		 "static pods may not reference configmaps"},
		{POD("", "}], volumes: [{name: v, persistentVolumeClaim: {claimName: m}}]}"),
		 "static pods may not reference persistentvolumeclaims"},
		{POD("",
		     "}], volumes: [{name: v, projected: {sources: [{downwardAPI: {items: []}}, {serviceAccountToken: {path: t}}]}}]}"),
		 "static pods may not reference serviceaccounts (via projected volumes)"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		struct podfile *f = podfile_parse(rows[i].text, strlen(rows[i].text), "/m/x", "N1", &err);
		if (f || !strstr(err.msg, rows[i].want))
			fail_msg("%s\nwanted: %s\ngot: %s", rows[i].text, rows[i].want,
				 f ? "(taken)" : err.msg);
	}
}

static void test_what_it_becomes(void **state)
{
	struct podfile *f = parse(
		POD(", annotations: {a: b, kubernetes.io/config.mirror: x}, labels: {l: m}, resourceVersion: '5'",
		    "}], tolerations: [{key: k, operator: Exists}], terminationGracePeriodSeconds: 7}\nstatus: {phase: Running}"),
		"/m/web.yaml", "Node-1");
	const struct pod *p = f->pod;
	assert_string_equal(f->key, "default/web-node-1");
	assert_string_equal(p->o.meta.name, "web-node-1");
	assert_string_equal(p->node_name, "Node-1");
	assert_int_equal(strlen(p->o.meta.uid), 32);
	assert_int_equal(strspn(p->o.meta.uid, "0123456789abcdef"), 32);
	assert_string_equal(labels_get(p->o.meta.annotations, PODFILE_HASH), p->o.meta.uid);
	assert_string_equal(labels_get(p->o.meta.annotations, PODFILE_SOURCE), "file");
	assert_string_equal(labels_get(p->o.meta.annotations, "a"), "b");
	assert_true(p->is_static);
	assert_false(p->static_mirror);
	assert_null(p->status);
	assert_int_equal(p->demand.n_tolerations, 2);
	assert_int_equal(p->demand.tolerations[1].effect, TAINT_NO_EXECUTE);
	assert_int_equal(p->demand.tolerations[1].op, TOLERATION_EXISTS);

	const struct pod *ending = podfile_ending(f, INT64_C(1700000000) * NS_PER_S);
	assert_int_equal(ending->deletion_grace_s, 7);
	assert_int_equal(ending->o.meta.deleted_ns, INT64_C(1700000000) * NS_PER_S);
	assert_string_equal(ending->o.meta.uid, p->o.meta.uid);
	assert_true(ending->is_static);
	informer_unref(ending);

	autojson js *m = podfile_mirror(f, "Node-1", "node-uid");
	const js *owner = js_at(js_arr(m, "metadata", "ownerReferences", NULL), 0);
	assert_null(js_get(m, "metadata", "uid", NULL));
	assert_string_equal(js_str0(m, "metadata", "annotations", PODFILE_MIRROR, NULL), p->o.meta.uid);
	assert_string_equal(js_str0(m, "metadata", "labels", "l", NULL), "m");
	assert_string_equal(js_str0(owner, "kind", NULL), "Node");
	assert_string_equal(js_str0(owner, "uid", NULL), "node-uid");
	assert_true(js_bool(owner, false, "controller", NULL));
	podfile_free(f);
}

static void test_the_uid_is_what_it_says_and_where(void **state)
{
	static const struct {
		const char *text, *path, *node;
		bool same;
	} rows[] = {
		{PLAIN, "/m/a", "n", true},
		{"{\"kind\":\"Pod\",\"spec\":{\"containers\":[{\"image\":\"i:1\",\"name\":\"c\"}]},\"apiVersion\":\"v1\","
		 "\"metadata\":{\"name\":\"web\"}}",
		 "/m/a", "n", true}, /* the same in other words */
		{PLAIN, "/m/b", "n", false},
		{PLAIN, "/m/a", "o", false},
		{POD("", "}], hostNetwork: true}"), "/m/a", "n", false},
	};
	struct podfile *first = parse(PLAIN, "/m/a", "n");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct podfile *f = parse(rows[i].text, rows[i].path, rows[i].node);
		assert_int_equal(!strcmp(f->pod->o.meta.uid, first->pod->o.meta.uid), rows[i].same);
		podfile_free(f);
	}
	podfile_free(first);
	struct podfile *own = parse(POD(", uid: my-own, namespace: kube-system", "}]}"), "/m/a", "n");
	assert_string_equal(own->pod->o.meta.uid, "my-own");
	assert_string_equal(own->key, "kube-system/web-n");
	podfile_free(own);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_what_it_becomes),
		cmocka_unit_test(test_the_uid_is_what_it_says_and_where),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
