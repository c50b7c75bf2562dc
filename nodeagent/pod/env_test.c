/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "pod/env.h"
#include "pod/make_test.h"
#include "object/json_test.h"

static const char *known(void *arg, const char *name)
{
	return !strcmp(name, "A") ? "va" : !strcmp(name, "EMPTY") ? "" : NULL;
}

/* The cases of upstream's expansion_test.go, in our own words. */
static void test_expand(void **state)
{
	static const struct {
		const char *in, *want;
	} rows[] = {
		{"$(A)", "va"},		{"x$(A)y", "xvay"}, {"$(A)$(A)", "vava"},   {"$(EMPTY)", ""},
		{"$(B)", "$(B)"},	{"$$(A)", "$(A)"},  {"$$$(A)", "$va"},	    {"$$$$(A)", "$$(A)"},
		{"$A", "$A"},		{"$", "$"},	    {"a$", "a$"},	    {"$(A", "$(A"},
		{"$(", "$("},		{"$()", "$()"},	    {"$(A))", "va)"},	    {"$((A)", "$((A)"},
		{"$$A", "$A"},		{"", ""},	    {"$(A$(A)", "$(A$(A)"}, {"$x(A)", "$x(A)"},
		{"\n$(A)\t", "\nva\t"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autobuf struct buf b = BUF_INIT;
		env_expand(&b, rows[i].in, known, NULL);
		assert_string_equal(buf_str(&b), rows[i].want);
	}
}

struct objects {
	js *config, *secret;
};

static const js *object(void *arg, bool secret, const char *name)
{
	struct objects *o = arg;
	if (!strcmp(name, "cm") && !secret)
		return o->config;
	return !strcmp(name, "sec") && secret ? o->secret : NULL;
}

static js *parse(const char *s)
{
	struct err err = ERR_INIT;
	return js_parse(s, strlen(s), NULL, &err);
}

#define POD                                                                                                  \
	"{\"metadata\":{\"name\":\"p\",\"namespace\":\"ns\",\"uid\":\"u1\",\"labels\":{\"app\":\"web\"},"    \
	"\"annotations\":{\"note\":\"hi\"}},\"spec\":{\"serviceAccountName\":\"sa\",\"containers\":[{"       \
	"\"name\":\"c\","                                                                                    \
	"\"image\":\"i\",\"resources\":{\"limits\":{\"cpu\":\"1500m\",\"memory\":\"100Mi\"}},%s}]}}"

static struct pod *pod_with(const char *part)
{
	autofree char *text = mem_printf(POD, part);
	return make_pod(text);
}

static int build(struct arena *a, const char *part, struct container_env *ret, struct err *err)
{
	static const struct runtime_kv services[] = {{"KUBERNETES_SERVICE_HOST", "10.96.0.1"},
						     {"X", "service"}};
	struct objects o = {parse(JSON("{'data':{'k':'v','a=b':'no','n':'1'}}")),
			    parse(JSON("{'data':{'pw':'c2VjcmV0'}}"))};
	struct pod *p = pod_with(part);
	struct env_context ctx = {.pod = p,
				  .c = p->list.v,
				  .node_name = "n1",
				  .host_ip = "1.2.3.4",
				  .pod_ips = {"10.0.0.5", "fd00::5"},
				  .allocatable_cpu_milli = 4000,
				  .allocatable_memory = 1 << 30,
				  .object = object,
				  .arg = &o,
				  .services = services,
				  .n_services = ARRAY_LEN(services)};
	int rc = env_build(a, &ctx, ret, err);
	js_autoput(&o.config);
	js_autoput(&o.secret);
	free_pod(p);
	return rc;
}

static const char *value(const struct container_env *e, const char *name)
{
	for (size_t i = 0; i < e->n; i++)
		if (!strcmp(e->kv[i].key, name))
			return e->kv[i].value;
	return "(none)";
}

#define FIELD(name, path) "{\"name\":\"" name "\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"" path "\"}}}"
#define RES(name, res, div)                                                                                  \
	"{\"name\":\"" name "\",\"valueFrom\":{\"resourceFieldRef\":{\"resource\":\"" res                    \
	"\",\"divisor\":\"" div "\"}}}"

static void test_build(void **state)
{
	autoarena struct arena a = ARENA_INIT;
	struct err err = ERR_INIT;
	struct container_env e = {0};
	const char *
		part = "\"envFrom\":[{\"prefix\":\"P_\",\"configMapRef\":{\"name\":\"cm\"}},{\"secretRef\":{"
		       "\"name\":\"none\",\"optional\":true}}],\"env\":[{\"name\":\"A\",\"value\":\"x\"},{\"name\":\"B\",\"value\":\"$(A)y$("
		       "P_k)$(LATER)\"},{\"name\":\"LATER\",\"value\":\"$(KUBERNETES_SERVICE_HOST)\"},{\"name\":\"A\",\"value\":\"$(A)2\"},"
		       "{\"name\":\"X\",\"value\":\"mine\"},{\"name\":\"K\",\"valueFrom\":{\"configMapKeyRef\":{\"name\":\"cm\",\"key\":"
		       "\"k\"}}},{\"name\":\"S\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"sec\",\"key\":\"pw\"}}},"
		       "{\"name\":\"O\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"sec\",\"key\":\"no\","
		       "\"optional\":true}}}," FIELD("NAME", "metadata.name") "," FIELD("LBL", "metadata.labels['app']") "," FIELD("ANN", "metadata.annotations['note']") "," FIELD("MISS", "metadata.labels['zz']") "," FIELD("IP", "status.podIP") "," FIELD("IPS", "status.podIPs") "," FIELD("HOST", "status.hostIP") "," FIELD(
			       "NODE",
			       "spec.nodeName") "," FIELD("SA",
							  "spec."
							  "serviceAccountNam"
							  "e") "," RES("CPU",
								       "limi"
								       "ts."
								       "cpu",
								       "0") "," RES("CPUM", "limits.cpu",
										    "1m") "," RES("MEM",
												  "limits.memory",
												  "1Mi") "," RES("REQ",
														 "requests.memory",
														 "1") "," RES("EPH",
															      "requests.ephemeral-storage",
															      "1") "],"
																   "\"command\":[\"run\",\"$(A)\"],\"args\":[\"$$(A)\",\"$(NAME)\"]";
	assert_int_equal(build(&a, part, &e, &err), 0);
	static const struct {
		const char *name, *want;
	} rows[] = {
		{"A", "x2"},
		{"B", "xyv$(LATER)"},
		{"LATER", "10.96.0.1"},
		{"P_k", "v"},
		{"P_n", "1"},
		{"P_a=b", "(none)"},
		{"X", "mine"},
		{"K", "v"},
		{"S", "secret"},
		{"O", "(none)"},
		{"NAME", "p"},
		{"LBL", "web"},
		{"ANN", "hi"},
		{"MISS", ""},
		{"IP", "10.0.0.5"},
		{"IPS", "10.0.0.5,fd00::5"},
		{"HOST", "1.2.3.4"},
		{"NODE", "n1"},
		{"SA", "sa"},
		{"CPU", "2"},
		{"CPUM", "1500"},
		{"MEM", "100"},
		{"REQ", "104857600"},
		{"EPH", "0"},
		{"KUBERNETES_SERVICE_HOST", "10.96.0.1"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(value(&e, rows[i].name), rows[i].want);
	assert_string_equal(e.command[1], "x2");
	assert_null(e.command[2]);
	assert_string_equal(e.args[0], "$(A)");
	assert_string_equal(e.args[1], "p");
}

static void test_errors(void **state)
{
	static const struct {
		const char *part, *want;
	} rows[] = {
		{"\"env\":[{\"name\":\"A\",\"valueFrom\":{\"configMapKeyRef\":{\"name\":\"x\",\"key\":\"k\"}}}]",
		 "configmap \"x\" not found"},
		{"\"env\":[{\"name\":\"A\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"x\",\"key\":\"k\"}}}]",
		 "secret \"x\" not found"},
		{"\"env\":[{\"name\":\"A\",\"valueFrom\":{\"configMapKeyRef\":{\"name\":\"cm\",\"key\":\"zz\"}}}]",
		 "couldn't find key zz in ConfigMap ns/cm"},
		{"\"env\":[{\"name\":\"A\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"sec\",\"key\":\"zz\"}}}]",
		 "couldn't find key zz in Secret ns/sec"},
		{"\"envFrom\":[{\"configMapRef\":{\"name\":\"x\"}}]", "configmap \"x\" not found"},
		{"\"env\":[" FIELD("A", "spec.zz") "]", "unsupported fieldPath: spec.zz"},
		{"\"env\":[" RES("A", "limits.zz", "1") "]", "unsupported container resource : limits.zz"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autoarena struct arena a = ARENA_INIT;
		struct err err = ERR_INIT;
		struct container_env e = {0};
		assert_int_equal(build(&a, rows[i].part, &e, &err), -1);
		assert_string_equal(err.msg, rows[i].want);
	}
}

/* Values that double with each variable are stopped before they fill the memory. */
static void test_bomb(void **state)
{
	autobuf struct buf part = BUF_INIT;
	autoarena struct arena a = ARENA_INIT;
	struct err err = ERR_INIT;
	struct container_env e = {0};
	buf_adds(&part, "\"env\":[{\"name\":\"V0\",\"value\":\"0123456789\"}");
	for (int i = 1; i < 60; i++)
		buf_addf(&part, ",{\"name\":\"V%d\",\"value\":\"$(V%d)$(V%d)\"}", i, i - 1, i - 1);
	buf_adds(&part, "]");
	assert_int_equal(build(&a, buf_str(&part), &e, &err), -1);
	assert_int_equal(err.reason, REASON_TOO_LARGE);
}

/* A path of a subPathExpr is relative, leads nowhere up, and misses no variable. */
static void test_sub_paths(void **state)
{
#define MOUNT(what)                                                                                          \
	"\"env\":[{\"name\":\"A\",\"value\":\"x/y\"},{\"name\":\"E\",\"value\":\"\"},"                       \
	"{\"name\":\"R\",\"value\":\"/root\"}],\"volumeMounts\":[{\"name\":\"v\",\"mountPath\":\"/m\"," what \
	"}]"
	static const struct {
		const char *part, *path, *error;
	} rows[] = {
		{MOUNT("\"subPathExpr\":\"a/$(A)\""), "a/x/y", NULL},
		{MOUNT("\"subPathExpr\":\"$$(A)..b\""), "$(A)..b", NULL},
		{MOUNT("\"subPath\":\"$(A)\""), "$(A)", NULL},
		{MOUNT("\"subPathExpr\":\"$(R)/z\""), NULL,
		 "error SubPath `/root/z` must not be an absolute path"},
		{MOUNT("\"subPath\":\"/abs\""), NULL, "error SubPath `/abs` must not be an absolute path"},
		{MOUNT("\"subPathExpr\":\"$(A)/../../..\""), NULL,
		 "unable to provision SubPath `x/y/../../..`: must not contain '..'"},
		{MOUNT("\"subPathExpr\":\"$(NONE)/$(A)\""), NULL, "missing value for NONE"},
		{MOUNT("\"subPathExpr\":\"$(E)\""), NULL, "missing value for E"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autoarena struct arena a = ARENA_INIT;
		struct err err = ERR_INIT;
		struct container_env e = {0};
		assert_int_equal(build(&a, rows[i].part, &e, &err), rows[i].path ? 0 : -1);
		if (rows[i].path)
			assert_string_equal(e.sub_paths[0], rows[i].path);
		else
			assert_string_equal(err.msg, rows[i].error);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_expand), cmocka_unit_test(test_build),
					   cmocka_unit_test(test_errors), cmocka_unit_test(test_bomb),
					   cmocka_unit_test(test_sub_paths)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
