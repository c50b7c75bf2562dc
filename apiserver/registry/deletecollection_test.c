/* SPDX-License-Identifier: Apache-2.0 */
/* Two API servers on one etcd: what one of them has acknowledged, a collection's deletion by the other one takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include "kinds/kinds.h"
#include "registry/registry.h"
#include "storage/etcd/etcd_process_test.h"
#include "storage/storage_rig.h"

#define ROUNDS 100

static const char *const groups[] = {NULL};
static const struct user ann = {.name = "ann", .uid = "", .groups = groups};
static const struct admission_row no_admission[] = {{0}};

struct server {
	struct storage *storage;
	struct registry *registry;
};
static char dir[64];
static struct etcd_process etcd;
static struct schema *schema;
static struct server one, other;

static void serve(struct server *s)
{
	struct err err = ERR_INIT;
	struct storage_config c = {.engine = "etcd", .etcd_servers = etcd.url, .prefix = "/registry"};
	s->storage = storage_open(&c, schema, &err);
	if (!s->storage)
		fail_msg("%s", err.msg);
	struct registry_config rc = {.schema = schema, .storage = s->storage, .admission = no_admission};
	s->registry = registry_new(&rc, &err);
	assert_non_null(s->registry);
}

static void stop(struct server *s)
{
	registry_free(s->registry);
	storage_close(s->storage);
}

static struct attributes attributes(const char *verb)
{
	struct attributes a = ATTRIBUTES_INIT;

	a.user = &ann;
	a.verb = verb;
	a.resource_request = true;
	a.version = "v1";
	a.resource = "configmaps";
	a.kind = schema_kind(schema, "", "v1", "ConfigMap");
	a.ns = "default";
	return a;
}

static void create(struct server *s, int i)
{
	struct err err = ERR_INIT;
	const struct kind *k = schema_kind(schema, "", "v1", "ConfigMap");
	autofree char *text = mem_printf(
		"{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"a-%03d\",\"namespace\":\"default\",\"uid\":\"u\"}}",
		i);
	autoobj struct obj *draft = obj_new(k, text, strlen(text), &err);

	if (storage_create(storage_resource(s->storage, k), draft, NULL, &err) < 0)
		fail_msg("%s", err.msg);
}

/* How many it has deleted; *next becomes where the rest begins. */
static size_t delete_all(struct server *s, size_t limit, uint64_t *rv, char **next)
{
	struct err err = ERR_INIT;
	struct attributes a = attributes("deletecollection");
	const struct delete_options none = {.has_grace = false};
	const struct registry_selection which = {
		.query = {.ns = "default", .kind = a.kind}, .exact = *rv, .after = *next, .limit = limit};
	struct registry_sync sync;

	registry_sync_init(&sync, s->registry, &a);
	registry_delete_collection(&sync.call, &which, &none);
	if (registry_sync_wait(&sync, &err) < 0)
		fail_msg("%s", err.msg);
	size_t n = sync.call.deleted.n;
	free(*next);
	*next = STEAL(sync.call.deleted.next);
	*rv = sync.call.deleted.rv;
	registry_call_release(&sync.call);
	return n;
}

static void what_the_other_has_acknowledged_goes(void **state)
{
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t rv = 0;
		char *next = NULL;
		create(&one, i);
		assert_int_equal(delete_all(&other, 0, &rv, &next), 1);
		assert_null(next);
	}
}

/* The pages are of one revision: what came behind the first of them stays. */
static void in_pages(void **state)
{
	uint64_t rv = 0;
	char *next = NULL;

	for (int i = 0; i < 50; i++)
		create(&one, i);
	assert_int_equal(delete_all(&other, 20, &rv, &next), 20);
	uint64_t first = rv;
	create(&one, 60);
	assert_int_equal(delete_all(&other, 20, &rv, &next), 20);
	assert_int_equal(delete_all(&other, 20, &rv, &next), 10);
	assert_null(next);
	assert_int_equal(rv, first);
	rv = 0;
	assert_int_equal(delete_all(&other, 0, &rv, &next), 1);
}

static int set_up(void **state)
{
	struct err err = ERR_INIT;

	snprintf(dir, sizeof(dir), "/tmp/collection-test-XXXXXX");
	assert_non_null(mkdtemp(dir));
	etcd_begin(&etcd, dir);
	schema = kinds_load(NULL, &err);
	assert_non_null(schema);
	serve(&one);
	serve(&other);
	return 0;
}

static int tear_down(void **state)
{
	autofree char *remove = mem_printf("rm -rf '%s'", dir);

	stop(&other);
	stop(&one);
	schema_free(schema);
	etcd_kill(&etcd);
	return system(remove);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_other_has_acknowledged_goes),
		cmocka_unit_test(in_pages),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
