/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "kinds/core/service_alloc.h"
#include "storage/storage.h"
#include "storage/storage_rig.h"
#include "view/view.h"

static const char kinds_yaml[] =
	"package: test/v1\n"
	"kinds:\n"
	"  - {kind: Service, version: v1, resource: services, singular: service, scope: Namespaced}\n"
	"types:\n"
	"  Meta: {name: 1 string}\n"
	"  Service: {metadata: 1 Meta}\n";

static struct storage_rig rig;
static struct schema *schema;
static struct storage *storage;
static struct views *views;
static struct resource *services;

static int begin(void **state)
{
	struct err err = ERR_INIT;
	struct schema_file file = {.name = "test.yaml", .p = kinds_yaml, .n = sizeof(kinds_yaml) - 1};
	schema = schema_load(&file, 1, &err);
	assert_non_null(schema);
	storage_rig_open(&rig, schema);
	storage = rig.storage;
	services = storage_resource(storage, schema_kind(schema, "", "v1", "Service"));
	views = views_new(storage, schema);
	return 0;
}

static int end(void **state)
{
	views_free(views);
	storage_rig_close(&rig);
	schema_free(schema);
	return 0;
}

/* As a write that was given these does, or another server's. */
static struct obj *store(const char *name, const char *spec)
{
	struct err err = ERR_INIT;
	struct obj *ret = NULL;
	autofree char *text = mem_printf(
		"{\"kind\":\"Service\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"%s\",\"namespace\":\"ns\",\"uid\":\"u\"},\"spec\":%s}",
		name, spec);
	autoobj struct obj *draft = obj_new(resource_kind(services), text, strlen(text), &err);
	assert_int_equal(storage_create(services, draft, &ret, &err), 0);
	return ret;
}

static void test_cidrs(void **state)
{
	static const char *const bad[] = {"",	   "10.96.0.0", "10.96.0.0/7", "10.96.0.0/31", "10.96.0.0/x",
					  "::/64", "10.96.0/12"};
	struct err err = ERR_INIT;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_null(service_alloc_new(bad[i], views, &err));
	struct service_alloc *a = service_alloc_new("10.96.0.0/12", views, &err);
	char ip[16];
	service_alloc_first(a, ip);
	assert_string_equal(ip, "10.96.0.1");
	service_alloc_free(a);
	a = service_alloc_new("10.97.3.4/12", views, &err);
	assert_string_equal(service_alloc_cidr(a), "10.96.0.0/12");
	service_alloc_free(a);
}

static void test_ips(void **state)
{
	struct err err = ERR_INIT;
	struct service_alloc *a = service_alloc_new("10.0.0.0/29", views, &err);
	char ip[16];

	assert_int_equal(service_alloc_ip(a, "10.0.0.0", ip), ALLOC_OUTSIDE); /* network */
	assert_int_equal(service_alloc_ip(a, "10.0.0.7", ip), ALLOC_OUTSIDE); /* broadcast */
	assert_int_equal(service_alloc_ip(a, "10.0.0.8", ip), ALLOC_OUTSIDE);
	assert_int_equal(service_alloc_ip(a, "nonsense", ip), ALLOC_OUTSIDE);
	assert_int_equal(service_alloc_ip(a, "10.0.0.3", ip), ALLOC_OK);
	assert_int_equal(service_alloc_ip(a, "10.0.0.3", ip), ALLOC_TAKEN);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(service_alloc_ip(a, "", ip), ALLOC_OK);
		assert_string_not_equal(ip, "10.0.0.3");
	}
	assert_int_equal(service_alloc_ip(a, "", ip), ALLOC_FULL);
	service_free_ip(a, "10.0.0.3");
	assert_int_equal(service_alloc_ip(a, "", ip), ALLOC_OK);
	assert_string_equal(ip, "10.0.0.3");
	service_alloc_free(a);
}

static void test_ports(void **state)
{
	struct err err = ERR_INIT;
	struct service_alloc *a = service_alloc_new("10.0.0.0/24", views, &err);
	int port;

	assert_int_equal(service_alloc_port(a, 30007, &port), ALLOC_OK);
	assert_int_equal(service_alloc_port(a, 30007, &port), ALLOC_TAKEN);
	assert_int_equal(service_alloc_port(a, 29999, &port), ALLOC_OUTSIDE);
	assert_int_equal(service_alloc_port(a, 32768, &port), ALLOC_OUTSIDE);
	for (int i = 0; i < NODE_PORT_MAX - NODE_PORT_MIN; i++)
		assert_int_equal(service_alloc_port(a, 0, &port), ALLOC_OK);
	assert_int_equal(service_alloc_port(a, 0, &port), ALLOC_FULL);
	service_free_port(a, 30500);
	assert_int_equal(service_alloc_port(a, 0, &port), ALLOC_OK);
	assert_int_equal(port, 30500);
	service_alloc_free(a);
}

static void test_stored_services_hold(void **state)
{
	static const char spec[] =
		"{\"clusterIP\":\"10.0.0.9\",\"ports\":[{\"nodePort\":30007},{\"port\":1}]}";
	struct err err = ERR_INIT;
	struct service_alloc *a = service_alloc_new("10.0.0.0/24", views, &err);
	char ip[16];
	int port;

	assert_int_equal(service_alloc_ip(a, "10.0.0.9", ip), ALLOC_OK);
	autoobj struct obj *first = store("first", spec); /* takes over from what was under way */
	service_free_ip(a, "10.0.0.9");			  /* no write of it has failed: not free */
	assert_int_equal(service_alloc_ip(a, "10.0.0.9", ip), ALLOC_TAKEN);
	assert_int_equal(service_alloc_port(a, 30007, &port), ALLOC_TAKEN);
	assert_true(service_alloc_kept_ip(a, "ns/first", "10.0.0.9"));
	assert_true(service_alloc_kept_port(a, "ns/first", 30007));
	/* another server did not know */
	autoobj struct obj *second = store("second", spec);
	assert_false(service_alloc_kept_ip(a, "ns/second", "10.0.0.9"));
	assert_false(service_alloc_kept_port(a, "ns/second", 30007));
	assert_true(service_alloc_kept_ip(a, "ns/first", "10.0.0.9"));
	assert_true(service_alloc_kept_ip(a, "ns/late", "10.0.0.10")); /* nobody has it: not seen yet */
	assert_int_equal(storage_delete(services, first, NULL, &err), 0);
	assert_int_equal(service_alloc_ip(a, "10.0.0.9", ip), ALLOC_TAKEN);
	assert_int_equal(storage_delete(services, second, NULL, &err), 0);
	assert_int_equal(service_alloc_ip(a, "10.0.0.9", ip), ALLOC_OK);
	assert_int_equal(service_alloc_port(a, 30007, &port), ALLOC_OK);
	service_alloc_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cidrs),
		cmocka_unit_test(test_ips),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_stored_services_hold),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
