/* SPDX-License-Identifier: Apache-2.0 */
/* Calls without any request: on a real store, from this thread and from workers, with admission that takes its
 * time. What clients see of it is tested in rest/. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/thread.h"
#include "kinds/kinds.h"
#include "registry/registry.h"
#include "storage/storage_rig.h"

static struct schema *schema;
static struct storage *storage;
static struct registry *registry;
static struct pool *pool;
static char dir[64];

/* ---- admission that waits ---- */

static sem_t asked, answer;
static bool refuses;

static enum admission_answer ask_around(struct admission_call *a, struct err *err)
{
	sem_post(&asked);
	while (sem_wait(&answer) < 0)
		;
	return refuses ? admission_forbid(a, err, "the hook says no") : ADMISSION_ALLOW;
}

static enum admission_answer park(struct admission_call *a, struct err *err)
{
	return strcmp(a->name, "parked") ? ADMISSION_ALLOW : admission_ask(a, ask_around, err);
}

static enum admission_answer stamp(struct admission_call *a, struct err *err)
{
	js_set_str(js_ensure(a->obj, "metadata", "labels", NULL), "by", a->attr->user->name);
	return ADMISSION_ALLOW;
}

/* Final means final: what the mutating phase has done is there. */
static enum admission_answer judge(struct admission_call *a, struct err *err)
{
	if (!*js_str0(a->obj, "metadata", "labels", "by", NULL))
		return admission_forbid(a, err, "nobody has stamped it");
	return user_in_group(a->attr->user, "readers") ? admission_forbid(a, err, "readers do not write")
						       : ADMISSION_ALLOW;
}

#define CONTESTED 30777

/* Between allocation and the store: another API server gives the same address to a Service of its own. */
static enum admission_answer forestall(struct admission_call *a, struct err *err)
{
	if (strcmp(a->name, "slow"))
		return ADMISSION_ALLOW;
	autofree char *text = mem_printf(
		"{\"kind\":\"Service\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"quick\",\"namespace\":\"default\",\"uid\":\"u\"},\"spec\":{\"clusterIP\":\"%s\"}}",
		js_str0(a->obj, "spec", "clusterIP", NULL));
	autoobj struct obj *draft = obj_new(a->kind, text, strlen(text), err);
	assert_int_equal(storage_create(storage_resource(storage, a->kind), draft, NULL, err), 0);
	return ADMISSION_ALLOW;
}

/* The same with a node port, between the allocation of a change and the store. */
static enum admission_answer forestall_port(struct admission_call *a, struct err *err)
{
	int port = (int)js_int(js_at(js_arr(a->obj, "spec", "ports", NULL), 0), 0, "nodePort", NULL);

	if (strcmp(a->name, "open") || port != CONTESTED)
		return ADMISSION_ALLOW;
	autofree char *text = mem_printf(
		"{\"kind\":\"Service\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"first\",\"namespace\":\"default\",\"uid\":\"u\"},\"spec\":{\"ports\":[{\"nodePort\":%d}]}}",
		port);
	autoobj struct obj *draft = obj_new(a->kind, text, strlen(text), err);
	assert_int_equal(storage_create(storage_resource(storage, a->kind), draft, NULL, err), 0);
	return ADMISSION_ALLOW;
}

static int overtakers; /* how many writes of "put" somebody else is quicker than */

static enum admission_answer overtake(struct admission_call *a, struct err *err)
{
	struct resource *res = storage_resource(storage, a->kind);

	if (strcmp(a->name, "put") || overtakers-- <= 0)
		return ADMISSION_ALLOW;
	autoobj struct obj *old = storage_get(res, "default", "put");
	autojson js *tree = obj_tree(old, err);
	autobuf struct buf b = BUF_INIT;
	js_del(js_obj(tree, "metadata", NULL), "resourceVersion");
	js_set_str(js_ensure(tree, "data", NULL), "quick", overtakers & 1 ? "a" : "b");
	js_write(&b, tree);
	autoobj struct obj *draft = obj_new(a->kind, b.p, b.len, err);
	assert_int_equal(storage_update(res, old, draft, 0, NULL, err), 0);
	return ADMISSION_ALLOW;
}

static const struct admission_row rows[] = {
	{"Overtake", "", "ConfigMap", "", ADMIT_UPDATE, NULL, overtake},
	{"Forestall", "", "Service", "", ADMIT_CREATE, NULL, forestall},
	{"ForestallPort", "", "Service", "", ADMIT_UPDATE, NULL, forestall_port},
	{"Judge", "", "ConfigMap", "", ADMIT_CREATE, NULL, judge},
	{"Park", "*", "*", "*", ADMIT_CREATE | ADMIT_DELETE, NULL, park},
	{"Stamp", "", "ConfigMap", "", ADMIT_CREATE, stamp, NULL},
	{0},
};

/* ---- calls ---- */

static const char *const nobody[] = {NULL}, *const readers[] = {"readers", NULL};
static const struct user ann = {.name = "ann", .uid = "", .groups = nobody},
			 bob = {.name = "bob", .uid = "", .groups = readers};

static struct attributes attributes(const char *verb, const char *name, const struct user *u)
{
	struct attributes a = ATTRIBUTES_INIT;

	a.user = u;
	a.verb = verb;
	a.resource_request = true;
	a.version = "v1";
	a.resource = "configmaps";
	a.kind = schema_kind(schema, "", "v1", "ConfigMap");
	a.ns = "default";
	a.name = name;
	return a;
}

static js *config_map(const char *name, const char *value)
{
	js *o = js_new_obj();

	js_set_str(o, "kind", "ConfigMap");
	js_set_str(o, "apiVersion", "v1");
	js_set_str(js_ensure(o, "metadata", NULL), *name == '-' ? "generateName" : "name", name);
	js_set_str(js_ensure(o, "data", NULL), "k", value);
	return o;
}

static int create(const char *name, const struct user *u, struct err *err)
{
	struct attributes a = attributes("create", "", u);
	struct registry_sync s;

	registry_sync_init(&s, registry, &a);
	registry_create(&s.call, config_map(name, "v"));
	int rc = registry_sync_wait(&s, err);
	if (rc == 0)
		assert_string_equal(s.call.obj->name, name);
	registry_call_release(&s.call);
	return rc;
}

static void must_create(const char *name)
{
	struct err err = ERR_INIT;

	if (create(name, &ann, &err) < 0)
		fail_msg("%s: %s", name, err.msg);
}

struct background {
	struct registry_call call;
	struct attributes attr;
	sem_t done;
};

static void go_on(void *arg)
{
	registry_continue(arg);
}

static void again(struct registry_call *c)
{
	assert_true(pool_submit(pool, go_on, c));
}

static void done(struct registry_call *c)
{
	sem_post(&CONTAINER_OF(c, struct background, call)->done);
}

static void background_init(struct background *b, const struct user *u)
{
	*b = (struct background){.call = {.registry = registry, .again = again, .done = done}};
	b->attr = attributes("create", "", u);
	b->call.attr = &b->attr;
	sem_init(&b->done, 0, 0);
	registry_call_init(&b->call);
}

static void wait_for(sem_t *s)
{
	while (sem_wait(s) < 0)
		;
}

/* ---- tests ---- */

/* One hook hangs: its own write waits, and no other, though there is but one worker. */
static void test_parked_hook(void **state)
{
	struct background b;
	char name[32];

	background_init(&b, &ann);
	refuses = false;
	registry_create(&b.call, config_map("parked", "v"));
	wait_for(&asked);
	for (int i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "other-%d", i);
		must_create(name);
	}
	assert_int_equal(sem_trywait(&b.done), -1);
	sem_post(&answer);
	wait_for(&b.done);
	assert_int_equal(b.call.err.reason, REASON_NONE);
	assert_string_equal(b.call.obj->name, "parked");
	registry_call_release(&b.call);
}

static void test_hook_refuses(void **state)
{
	struct err err = ERR_INIT;
	struct attributes a = attributes("delete", "parked", &ann);
	const struct delete_options none = {.has_grace = false};
	struct registry_sync s;

	refuses = true;
	sem_post(&answer);
	registry_sync_init(&s, registry, &a);
	registry_delete(&s.call, &none);
	assert_int_equal(registry_sync_wait(&s, &err), -1);
	assert_int_equal(err.reason, REASON_FORBIDDEN);
	assert_string_equal(err.msg, "configmaps \"parked\" is forbidden: the hook says no");
	registry_call_release(&s.call);
	wait_for(&asked);
	autoobj struct obj *there = registry_get(registry, a.kind, "default", "parked");
	assert_non_null(there);
}

/* More of them than the lane holds: those beyond are told, nobody waits for ever. */
static void test_lane_is_bounded(void **state)
{
	enum { MANY = 300 };
	struct background *b = mem_array(MANY, sizeof(*b));
	size_t refused = 0;

	refuses = true;
	for (size_t i = 0; i < MANY; i++) {
		background_init(&b[i], &ann);
		registry_create(&b[i].call, config_map("parked", "v"));
	}
	for (size_t i = 0; i < MANY; i++)
		sem_post(&answer);
	for (size_t i = 0; i < MANY; i++) {
		wait_for(&b[i].done);
		refused += b[i].call.err.reason == REASON_TOO_MANY_REQUESTS;
		assert_true(b[i].call.err.reason == REASON_TOO_MANY_REQUESTS ||
			    b[i].call.err.reason == REASON_FORBIDDEN);
		registry_call_release(&b[i].call);
	}
	assert_true(refused > 0 && refused < MANY);
	while (sem_trywait(&answer) == 0 || sem_trywait(&asked) == 0)
		;
	free(b);
}

static void test_phases(void **state)
{
	struct err err = ERR_INIT;

	must_create("stamped");
	autoobj struct obj *o =
		registry_get(registry, schema_kind(schema, "", "v1", "ConfigMap"), "default", "stamped");
	assert_non_null(strstr(o->bytes, "\"labels\":{\"by\":\"ann\"}"));
	assert_int_equal(create("never", &bob, &err), -1);
	assert_string_equal(err.msg, "configmaps \"never\" is forbidden: readers do not write");
}

struct race {
	int runs;
	int rivals; /* how many attempts somebody else spoils */
};

static js *append(struct registry_call *c, void *arg, const struct obj *old, const js *old_tree,
		  struct err *err)
{
	struct race *r = arg;
	js *new = js_dup(old_tree);

	if (r->runs++ < r->rivals) {
		struct race quick = {.rivals = 0};
		struct attributes a = attributes("patch", "raced", &ann);
		struct registry_change change = {.make = append, .arg = &quick};
		struct registry_sync s;
		registry_sync_init(&s, registry, &a);
		registry_change(&s.call, &change);
		assert_int_equal(registry_sync_wait(&s, err), 0);
		registry_call_release(&s.call);
	}
	js_set_str(js_ensure(new, "data", NULL), "k", PATH("%sx", js_str0(old_tree, "data", "k", NULL)));
	return new;
}

static void change_under(int rivals, int want_runs, enum reason want)
{
	struct race r = {.rivals = rivals};
	struct err err = ERR_INIT;
	struct attributes a = attributes("patch", "raced", &ann);
	struct registry_change change = {.make = append, .arg = &r};
	struct registry_sync s;

	registry_sync_init(&s, registry, &a);
	registry_change(&s.call, &change);
	assert_int_equal(registry_sync_wait(&s, &err), want == REASON_NONE ? 0 : -1);
	assert_int_equal(err.reason, want);
	assert_int_equal(r.runs, want_runs);
	registry_call_release(&s.call);
}

static void test_races(void **state)
{
	must_create("raced");
	change_under(1, 2, REASON_NONE);
	autoobj struct obj *o =
		registry_get(registry, schema_kind(schema, "", "v1", "ConfigMap"), "default", "raced");
	assert_non_null(strstr(o->bytes, "\"k\":\"vxx\""));
	change_under(3, 4, REASON_NONE);
	change_under(100, REGISTRY_CONFLICT_RETRIES + 1, REASON_CONFLICT);
}

/* Who names no version, or 0, means the object as it is by then. */
static void test_whole_objects_race(void **state)
{
	static const char *const versions[] = {"", "0"};
	struct err err = ERR_INIT;
	struct attributes a = attributes("update", "put", &ann);

	must_create("put");
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		struct registry_sync s;
		js *whole = config_map("put", versions[i]);
		js_set_str(js_obj(whole, "metadata", NULL), "resourceVersion", versions[i]);
		overtakers = 2;
		registry_sync_init(&s, registry, &a);
		registry_update(&s.call, whole);
		if (registry_sync_wait(&s, &err) < 0)
			fail_msg("\"%s\": %s", versions[i], err.msg);
		assert_null(strstr(s.call.obj->bytes, "quick"));
		registry_call_release(&s.call);
	}
}

static void test_collection(void **state)
{
	struct err err = ERR_INIT;
	struct attributes a = attributes("deletecollection", "", &ann);
	const struct delete_options none = {.has_grace = false};
	struct registry_sync s;

	for (int i = 0; i < 20; i++) {
		char name[32];
		snprintf(name, sizeof(name), "heap-%d", i);
		must_create(name);
	}
	struct registry_selection all = {.query = {.ns = "default", .kind = a.kind}};
	registry_sync_init(&s, registry, &a);
	refuses = false;
	sem_post(&answer); /* "parked" is among them */
	registry_delete_collection(&s.call, &all, &none);
	assert_int_equal(registry_sync_wait(&s, &err), 0);
	assert_true(s.call.deleted.n > 20);
	registry_call_release(&s.call);
	assert_int_equal(resource_count(storage_resource(storage, a.kind)), 0);
}

static int create_service(const char *name, const char *ip, struct err *err)
{
	struct attributes a = attributes("create", "", &ann);
	struct registry_sync s;
	autofree char *text = mem_printf(
		"{\"kind\":\"Service\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"%s\"},\"spec\":{\"clusterIP\":\"%s\",\"ports\":[{\"port\":80,\"protocol\":\"TCP\"}]}}",
		name, ip);

	a.resource = "services";
	a.kind = schema_kind(schema, "", "v1", "Service");
	registry_sync_init(&s, registry, &a);
	registry_create(&s.call, js_parse(text, strlen(text), NULL, err));
	int rc = registry_sync_wait(&s, err);
	if (rc < 0 && s.call.errs.n)
		assert_non_null(strstr(s.call.errs.v[0].message, "provided IP is already allocated"));
	registry_call_release(&s.call);
	return rc;
}

static void test_an_address_has_one_service(void **state)
{
	struct err err = ERR_INIT;
	struct resource *services = storage_resource(storage, schema_kind(schema, "", "v1", "Service"));

	assert_int_equal(create_service("slow", "10.96.0.77", &err), -1);
	assert_int_equal(err.reason, REASON_SERVER_TIMEOUT);
	autoobj struct obj *slow = storage_get(services, "default", "slow"),
			   *quick = storage_get(services, "default", "quick");
	assert_null(slow);
	assert_non_null(quick);
	/* asked again, it is known; any other will do */
	assert_int_equal(create_service("third", "10.96.0.77", &err), -1);
	assert_int_equal(err.reason, REASON_INVALID);
	assert_int_equal(storage_delete(services, quick, NULL, &err), 0);
	assert_int_equal(create_service("third", "10.96.0.77", &err), 0);
}

static js *open_port(struct registry_call *c, void *arg, const struct obj *old, const js *old_tree,
		     struct err *err)
{
	const int *port = arg;
	js *new = js_dup(old_tree);

	js_set_str(js_obj(new, "spec", NULL), "type", "NodePort");
	js_set_int(js_at(js_arr(new, "spec", "ports", NULL), 0), "nodePort", *port);
	return new;
}

static int change_port(int port, struct err *err)
{
	struct attributes a = attributes("patch", "open", &ann);
	struct registry_change change = {.make = open_port, .arg = &port};
	struct registry_sync s;

	a.resource = "services";
	a.kind = schema_kind(schema, "", "v1", "Service");
	registry_sync_init(&s, registry, &a);
	registry_change(&s.call, &change);
	int rc = registry_sync_wait(&s, err);
	registry_call_release(&s.call);
	return rc;
}

/* A node port that a change adds, too: the Service is what it was before. */
static void test_a_node_port_has_one_service(void **state)
{
	struct err err = ERR_INIT;
	struct resource *services = storage_resource(storage, schema_kind(schema, "", "v1", "Service"));

	assert_int_equal(create_service("open", "10.96.0.99", &err), 0);
	assert_int_equal(change_port(30776, &err), 0);
	assert_int_equal(change_port(CONTESTED, &err), -1);
	assert_int_equal(err.reason, REASON_SERVER_TIMEOUT);
	autoobj struct obj *first = storage_get(services, "default", "first"),
			   *open = storage_get(services, "default", "open");
	assert_non_null(strstr(open->bytes, "\"nodePort\":30776"));
	assert_null(strstr(open->bytes, "\"nodePort\":30777"));
	/* asked again, it is known; then it is given up */
	assert_int_equal(change_port(CONTESTED, &err), -1);
	assert_int_equal(err.reason, REASON_INVALID);
	assert_int_equal(storage_delete(services, first, NULL, &err), 0);
	assert_int_equal(change_port(30778, &err), 0);
}

static int set_up(void **state)
{
	struct err err = ERR_INIT;
	char path[80];

	snprintf(dir, sizeof(dir), "/tmp/registry-test-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/db", dir);
	sem_init(&asked, 0, 0);
	sem_init(&answer, 0, 0);
	schema = kinds_load(NULL, &err);
	struct storage_config c = {.engine = "sqlite", .path = path, .prefix = "/registry"};
	storage = schema ? storage_open(&c, schema, &err) : NULL;
	if (!storage)
		fail_msg("%s", err.msg);
	struct registry_config rc = {.schema = schema, .storage = storage, .admission = rows};
	registry = registry_new(&rc, &err);
	pool = pool_new("work", 1, 1000);
	return registry ? 0 : -1;
}

static int tear_down(void **state)
{
	static const char *const files[] = {"db", "db-wal", "db-shm", "db-lazy"};
	char path[80];

	pool_free(pool);
	registry_free(registry);
	storage_close(storage);
	schema_free(schema);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		unlink(path);
	}
	rmdir(dir);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parked_hook),
		cmocka_unit_test(test_hook_refuses),
		cmocka_unit_test(test_lane_is_bounded),
		cmocka_unit_test(test_phases),
		cmocka_unit_test(test_races),
		cmocka_unit_test(test_whole_objects_race),
		cmocka_unit_test(test_collection),
		cmocka_unit_test(test_an_address_has_one_service),
		cmocka_unit_test(test_a_node_port_has_one_service),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
