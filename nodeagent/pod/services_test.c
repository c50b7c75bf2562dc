/* SPDX-License-Identifier: Apache-2.0 */
#include "pod/services.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "object/json_test.h"

/* An informer that was never started: it knows what it is told. */
struct scene {
	struct rest_config config;
	struct loop *loop;
	struct rest *rest;
	struct informer_set *set;
	struct informer *all;
};

static void tell(struct scene *s, const char *object)
{
	informer_inject_bytes(s->all, object, strlen(object));
}

#define SERVICE(rv, ns, name, spec)                                                                          \
	JSON("{'metadata':{'namespace':'" ns "','name':'" name "','uid':'" ns name                           \
	     "','resourceVersion':'" rv "'},"                                                                \
	     "'spec':{" spec "}}")

static int setup(void **state)
{
	struct scene *s = MEM_NEW(struct scene);
	s->config.kube.server = mem_strdup("http://127.0.0.1:1");
	s->loop = loop_new(NULL);
	s->rest = rest_new_on(s->loop, &s->config, 0);
	s->set = informer_set_new(s->rest);
	s->all = informer_add(s->set, &services_type, NULL, NULL, NULL);
	tell(s, SERVICE("2", "default", "kubernetes",
			"'clusterIP':'10.96.0.1','ports':[{'name':'https','port':443,'protocol':'TCP'}]"));
	tell(s, SERVICE("3", "default", "other", "'clusterIP':'10.96.0.9','ports':[{'port':1}]"));
	tell(s, SERVICE("4", "ns", "my-db",
			"'clusterIP':'10.96.0.7','ports':[{'name':'sql','port':5432},"
			"{'name':'dns-udp','port':53,'protocol':'UDP'}]"));
	tell(s, SERVICE("5", "ns", "headless", "'clusterIP':'None','ports':[{'port':1}]"));
	tell(s, SERVICE("6", "ns", "elsewhere", "'type':'ExternalName','externalName':'x.y'"));
	tell(s, SERVICE("7", "six", "web", "'clusterIP':'fd00::7','ports':[{'port':80}]"));
	tell(s, SERVICE("8", "own", "kubernetes", "'clusterIP':'10.96.0.44','ports':[{'port':1443}]"));
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct scene *s = *state;
	informer_set_stop(s->set);
	informer_set_free(s->set);
	rest_free(s->rest);
	loop_free(s->loop);
	free(s->config.kube.server);
	free(s);
	return 0;
}

static const char API[] =
	"KUBERNETES_SERVICE_HOST=10.96.0.1 KUBERNETES_SERVICE_PORT=443 KUBERNETES_SERVICE_PORT_HTTPS=443 "
	"KUBERNETES_PORT=tcp://10.96.0.1:443 KUBERNETES_PORT_443_TCP=tcp://10.96.0.1:443 "
	"KUBERNETES_PORT_443_TCP_PROTO=tcp KUBERNETES_PORT_443_TCP_PORT=443 KUBERNETES_PORT_443_TCP_ADDR=10.96.0.1 ";

static void expect(struct scene *s, const char *ns, bool links, const char *first, const char *more)
{
	autoarena struct arena a = ARENA_INIT;
	autobuf struct buf got = BUF_INIT, want = BUF_INIT;
	size_t n;
	const struct runtime_kv *v = services_env(s->all, ns, links, &a, &n);
	for (size_t i = 0; i < n; i++)
		buf_addf(&got, "%s=%s ", v[i].key, v[i].value);
	buf_addf(&want, "%s%s", first, more);
	assert_string_equal(buf_str(&got), buf_str(&want));
}

static void test_variables(void **state)
{
	expect(*state, "empty", true, API, "");
	expect(*state, "ns", false, API, "");
	expect(*state, "default", false, API, "");
	expect(*state, "ns", true, API,
	       "MY_DB_SERVICE_HOST=10.96.0.7 MY_DB_SERVICE_PORT=5432 MY_DB_SERVICE_PORT_SQL=5432 "
	       "MY_DB_SERVICE_PORT_DNS_UDP=53 MY_DB_PORT=tcp://10.96.0.7:5432 "
	       "MY_DB_PORT_5432_TCP=tcp://10.96.0.7:5432 MY_DB_PORT_5432_TCP_PROTO=tcp "
	       "MY_DB_PORT_5432_TCP_PORT=5432 MY_DB_PORT_5432_TCP_ADDR=10.96.0.7 "
	       "MY_DB_PORT_53_UDP=udp://10.96.0.7:53 MY_DB_PORT_53_UDP_PROTO=udp MY_DB_PORT_53_UDP_PORT=53 "
	       "MY_DB_PORT_53_UDP_ADDR=10.96.0.7 ");
	expect(*state, "six", true, API,
	       "WEB_SERVICE_HOST=fd00::7 WEB_SERVICE_PORT=80 WEB_PORT=tcp://[fd00::7]:80 "
	       "WEB_PORT_80_TCP=tcp://[fd00::7]:80 WEB_PORT_80_TCP_PROTO=tcp WEB_PORT_80_TCP_PORT=80 "
	       "WEB_PORT_80_TCP_ADDR=fd00::7 ");
	expect(*state, "own", true, "",
	       "KUBERNETES_SERVICE_HOST=10.96.0.44 KUBERNETES_SERVICE_PORT=1443 KUBERNETES_PORT=tcp://10.96.0.44:1443 "
	       "KUBERNETES_PORT_1443_TCP=tcp://10.96.0.44:1443 KUBERNETES_PORT_1443_TCP_PROTO=tcp "
	       "KUBERNETES_PORT_1443_TCP_PORT=1443 KUBERNETES_PORT_1443_TCP_ADDR=10.96.0.44 ");
}

static void test_no_services(void **state)
{
	autoarena struct arena a = ARENA_INIT;
	size_t n = 7;
	(void)services_env(NULL, "ns", true, &a, &n);
	assert_int_equal(n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_variables, setup, teardown),
		cmocka_unit_test(test_no_services),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
