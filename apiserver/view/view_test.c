/* SPDX-License-Identifier: Apache-2.0 */
/* The views over a real store, through their doors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/mem.h"
#include "base/thread.h"
#include "view/definition.h"
#include "view/namespace.h"
#include "view/service.h"
#include "view/view_internal.h"
#include "storage/storage_rig.h"

static const char kinds_yaml[] =
	"package: test/v1\n"
	"kinds:\n"
	"  - {kind: Namespace, version: v1, resource: namespaces, singular: namespace, scope: Cluster}\n"
	"  - {kind: Service, version: v1, resource: services, singular: service, scope: Namespaced}\n"
	"  - {kind: CustomResourceDefinition, group: apiextensions.k8s.io, version: v1, resource: customresourcedefinitions, singular: crd, scope: Cluster}\n"
	"types:\n"
	"  CustomResourceDefinition: {metadata: 1 Meta}\n"
	"  Meta: {name: 1 string}\n"
	"  Namespace: {metadata: 1 Meta}\n"
	"  Service: {metadata: 1 Meta}\n";

struct env {
	char dir[64];
	struct schema *schema;
	struct storage *s;
	struct views *v;
	struct resource *namespaces, *services, *crds;
};

static void open_env(struct env *e)
{
	struct err err = ERR_INIT;
	autofree char *path = mem_printf("%s/db", e->dir);
	struct storage_config c = {.engine = "sqlite", .path = path};
	e->s = storage_open(&c, e->schema, &err);
	assert_non_null(e->s);
	e->namespaces = storage_resource(e->s, schema_kind(e->schema, "", "v1", "Namespace"));
	e->services = storage_resource(e->s, schema_kind(e->schema, "", "v1", "Service"));
	e->crds = storage_resource(
		e->s, schema_kind(e->schema, "apiextensions.k8s.io", "v1", "CustomResourceDefinition"));
	e->v = views_new(e->s, e->schema);
}

static void close_env(struct env *e)
{
	views_free(e->v);
	storage_close(e->s);
}

static int begin(void **state)
{
	struct env *e = MEM_NEW(struct env);
	struct err err = ERR_INIT;
	struct schema_file file = {.name = "test.yaml", .p = kinds_yaml, .n = sizeof(kinds_yaml) - 1};
	snprintf(e->dir, sizeof(e->dir), "/tmp/view_test.XXXXXX");
	assert_non_null(mkdtemp(e->dir));
	e->schema = schema_load(&file, 1, &err);
	assert_non_null(e->schema);
	open_env(e);
	*state = e;
	return 0;
}

static int end(void **state)
{
	struct env *e = *state;
	char cmd[96];
	close_env(e);
	schema_free(e->schema);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", e->dir);
	free(e);
	return system(cmd);
}

/* rest: members behind metadata's name and namespace, then what follows metadata. */
static struct obj *put(struct resource *r, const char *ns, const char *name, const char *meta,
		       const char *rest)
{
	struct err err = ERR_INIT;
	autofree char *text = mem_printf(
		"{\"kind\":\"%s\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"%s\"%s%s%s,\"uid\":\"u\"%s}%s}",
		resource_kind(r)->kind, name, *ns ? ",\"namespace\":\"" : "", ns, *ns ? "\"" : "", meta,
		rest);
	autoobj struct obj *draft = obj_new(resource_kind(r), text, strlen(text), &err);
	autoobj struct obj *old = storage_get(r, ns, name);
	struct obj *ret = NULL;
	int rc = old ? storage_update(r, old, draft, 0, &ret, &err) : storage_create(r, draft, &ret, &err);
	if (rc < 0)
		fail_msg("%s", err.msg);
	return ret;
}

static void take(struct resource *r, const char *ns, const char *name)
{
	struct err err = ERR_INIT;
	autoobj struct obj *old = storage_get(r, ns, name);
	assert_int_equal(storage_delete(r, old, NULL, &err), 0);
}

static view_service_claim ip(const char *text)
{
	struct in_addr in;
	assert_int_equal(inet_pton(AF_INET, text, &in), 1);
	return ntohl(in.s_addr);
}

static void namespaces_are_known_at_once(void **state)
{
	struct env *e = *state;
	struct view_namespace n = {.terminating = true};
	assert_false(view_namespace(e->v, "a", &n));
	obj_unref(put(e->namespaces, "", "a", "", ""));
	assert_true(view_namespace(e->v, "a", &n));
	assert_false(n.terminating);
	obj_unref(put(e->namespaces, "", "a", ",\"deletionTimestamp\":\"2026-01-01T00:00:00Z\"", ""));
	assert_true(view_namespace(e->v, "a", &n));
	assert_true(n.terminating);
	close_env(e);
	open_env(e); /* what is there at the start */
	assert_true(view_namespace(e->v, "a", &n));
	assert_true(n.terminating);
	take(e->namespaces, "", "a");
	assert_false(view_namespace(e->v, "a", &n));
}

static bool holds(struct env *e, const char *key, view_service_claim c)
{
	return view_service_taken(e->v, c) && !view_service_lost(e->v, key, c);
}

static void note_claim(void *arg, view_service_claim c)
{
	*(view_service_claim *)arg += c;
}

static void the_first_service_holds(void **state)
{
	struct env *e = *state;
	view_service_claim told = 0;
	view_service_listen(e->v, note_claim, &told);
	obj_unref(put(
		e->services, "ns", "a", "",
		",\"spec\":{\"clusterIP\":\"10.0.0.1\",\"ports\":[{\"nodePort\":30001},{\"nodePort\":30001},{}],\"healthCheckNodePort\":30002}"));
	assert_int_equal(told, ip("10.0.0.1") + 30001 + 30002);
	assert_true(holds(e, "ns/a", ip("10.0.0.1")));
	assert_true(holds(e, "ns/a", 30001));
	assert_true(holds(e, "ns/a", 30002));
	assert_false(view_service_taken(e->v, 0));
	/* as another API server would, which did not know */
	obj_unref(put(e->services, "ns", "b", "",
		      ",\"spec\":{\"clusterIP\":\"10.0.0.1\",\"ports\":[{\"nodePort\":30001}]}"));
	obj_unref(put(e->services, "ns", "c", "", ",\"spec\":{\"clusterIP\":\"10.0.0.1\"}"));
	assert_true(holds(e, "ns/a", ip("10.0.0.1")));
	assert_false(holds(e, "ns/b", ip("10.0.0.1")));
	/* a change of something else changes no order */
	obj_unref(put(e->services, "ns", "a", ",\"labels\":{\"x\":\"y\"}",
		      ",\"spec\":{\"clusterIP\":\"10.0.0.1\",\"ports\":[{\"nodePort\":30003}]}"));
	assert_true(holds(e, "ns/a", ip("10.0.0.1")));
	assert_true(holds(e, "ns/b", 30001));
	assert_true(holds(e, "ns/a", 30003));
	assert_false(view_service_taken(e->v, 30002));
	take(e->services, "ns", "b");
	take(e->services, "ns", "a");
	assert_true(holds(e, "ns/c", ip("10.0.0.1")));
	take(e->services, "ns", "c");
	assert_false(view_service_taken(e->v, ip("10.0.0.1")));
	assert_false(view_service_taken(e->v, 30001));
	/* none at all */
	obj_unref(put(e->services, "ns", "d", "", ",\"spec\":{\"clusterIP\":\"None\"}"));
}

struct asking {
	struct env *e;
	atomic_bool stop;
};

static void *ask(void *arg)
{
	struct asking *a = arg;
	struct view_namespace n;
	while (!atomic_load(&a->stop)) {
		view_namespace(a->e->v, "a", &n);
		holds(a->e, "ns/a", ip("10.0.0.1"));
	}
	return NULL;
}

static void questions_and_changes_do_not_meet(void **state)
{
	struct asking a = {.e = *state};
	pthread_t t = thread_start("ask", ask, &a);
	for (int i = 0; i < 50; i++) {
		obj_unref(put(a.e->namespaces, "", "a", "", ""));
		obj_unref(put(a.e->services, "ns", "a", "", ",\"spec\":{\"clusterIP\":\"10.0.0.1\"}"));
		take(a.e->namespaces, "", "a");
		take(a.e->services, "ns", "a");
	}
	atomic_store(&a.stop, true);
	pthread_join(t, NULL);
}

static void note_name(void *arg, const char *name)
{
	buf_addf(arg, "%s ", name);
}

static void granted_names_are_counted(void **state)
{
	struct env *e = *state;
	autobuf struct buf told = BUF_INIT;
	static const char sea[] =
		",\"spec\":{\"group\":\"sea\"},\"status\":{\"acceptedNames\":{\"plural\":\"boats\",\"singular\":\"boat\",\"kind\":\"Boat\","
		"\"listKind\":\"BoatList\",\"shortNames\":[\"b\"]}}";
	view_crd_listen(e->v, note_name, &told);
	obj_unref(put(e->crds, "", "boats.sea", "", sea));
	obj_unref(put(e->crds, "", "twice.sea", "", sea));
	obj_unref(put(e->crds, "", "cars.land", "", ",\"spec\":{\"group\":\"land\"}"));
	assert_string_equal(buf_str(&told), "boats.sea twice.sea cars.land ");
	static const char *const resources[] = {"boats", "boat", "b"}, *const kinds[] = {"Boat", "BoatList"};
	for (int left = 2; left >= 0; left--) {
		for (size_t i = 0; i < ARRAY_LEN(resources); i++)
			assert_int_equal(view_crd_granted(e->v, "sea", VIEW_CRD_RESOURCE, resources[i]),
					 left > 0);
		for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
			assert_int_equal(view_crd_granted(e->v, "sea", VIEW_CRD_KIND, kinds[i]), left > 0);
		if (left == 2)
			take(e->crds, "", "twice.sea");
		else if (left == 1)
			obj_unref(put(e->crds, "", "boats.sea",
				      ",\"deletionTimestamp\":\"2026-01-02T03:04:05Z\"",
				      ",\"spec\":{\"group\":\"sea\"}"));
	}
	assert_false(view_crd_granted(e->v, "land", VIEW_CRD_RESOURCE, "boats"));
	assert_true(view_crd_terminating(e->v, "boats.sea"));
	assert_false(view_crd_terminating(e->v, "cars.land"));
	assert_false(view_crd_terminating(e->v, "none"));
	view_crd_listen(e->v, NULL, NULL);
	buf_clear(&told);
	view_crd_each(e->v, "land", note_name, &told);
	assert_string_equal(buf_str(&told), "cars.land ");
	view_crd_each(e->v, NULL, note_name, &told);
	assert_int_equal(told.len, strlen("cars.land boats.sea cars.land "));
}

static void tables_are_sound(void **state)
{
	static const struct view_row *const rows[] = {&view_namespace_row, &view_service_row, &view_crd_row};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_null(decode_spec_check(rows[i]->spec));
}

int main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, begin, end)
	const struct CMUnitTest tests[] = {T(namespaces_are_known_at_once), T(the_first_service_holds),
					   T(questions_and_changes_do_not_meet), T(granted_names_are_counted),
					   cmocka_unit_test(tables_are_sound)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
