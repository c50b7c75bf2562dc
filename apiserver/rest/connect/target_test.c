/* SPDX-License-Identifier: Apache-2.0 */
/* Names, addresses and paths, and which server objects lead to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "object/json_test.h"
#include "rest/connect/target.h"
#include "object/status_reason.h"
#include "rest/rig_test.h"
#include "rest/route.h"

static void names(void **state)
{
	static const struct {
		const char *id, *want; /* NULL: refused */
	} rows[] = {
		{"a", "|a|"},	  {"a:b", "|a|b"},	{"https:a:b", "https|a|b"}, {"http:a:", "http|a|"},
		{":a:1", "|a|1"}, {"ftp:a:1", NULL},	{"a:b:c:d", NULL},	    {"", NULL},
		{":80", NULL},	  {"httpss:a:1", NULL},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct target_name n;
		bool ok = target_split(rows[i].id, &n);
		autofree char *got = mem_printf("%s|%s|%s", n.scheme, n.name, n.port);
		assert_int_equal(ok, rows[i].want != NULL);
		if (ok)
			assert_string_equal(got, rows[i].want);
	}
}

static void addresses(void **state)
{
	static const char *const good[] = {"10.0.0.1", "192.168.1.1", "223.255.255.255", "fd00::1",
					   "240.0.0.1"};
	static const char *const bad[] = {"",
					  "0.0.0.0",
					  "127.0.0.1",
					  "127.9.9.9",
					  "169.254.169.254",
					  "224.0.0.1",
					  "255.255.255.255",
					  "::",
					  "::1",
					  "fe80::1",
					  "ff02::1",
					  "host",
					  "10.0.0.1 "};
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_true(target_is_allowed(good[i]));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(target_is_allowed(bad[i]));
}

static void paths(void **state)
{
	static const char *const rows[][3] = {
		{"", "", ""},
		{"/", "/", "/"},
		{"/a//b/./c", "/a/b/c", "/a/b/c"},
		{"/../../a/../b/", "/b/", "/b/"},
		{"/a b?ü", "/a b?ü", "/a%20b%3F%C3%BC"},
		{"/a+b=c;d@e:f,g", "/a+b=c;d@e:f,g", "/a+b=c;d@e:f,g"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autobuf struct buf clean = BUF_INIT;
		autobuf struct buf escaped = BUF_INIT;
		target_clean(&clean, rows[i][0]);
		target_escape(&escaped, buf_str(&clean));
		assert_string_equal(buf_str(&clean), rows[i][1]);
		assert_string_equal(buf_str(&escaped), rows[i][2]);
	}
}

/* ---- objects ---- */

static void make(const char *path, const char *object)
{
	autoreply struct rig_reply r = rig_call(&rig, "POST", path, JSON(object));
	if (r.status != 201)
		fail_msg("%s: %d %s", path, r.status, buf_str(&r.text));
}

static void status(const char *path, const char *patch)
{
	autofree char *target = mem_printf("%s/status", path);
	autoreply struct rig_reply r = rig_call(&rig, "PATCH", target, JSON(patch));
	if (r.status != 200)
		fail_msg("%s: %d %s", path, r.status, buf_str(&r.text));
}

#define NS "/api/v1/namespaces/default/"

static int objects(void **state)
{
	rig_setup(state);
	make("/api/v1/nodes", "{'metadata':{'name':'n'}}");
	status("/api/v1/nodes/n", "{'status':{'addresses':[{'type':'Hostname','address':'host'},"
				  "{'type':'InternalIP','address':'10.0.0.9'}],"
				  "'daemonEndpoints':{'kubeletEndpoint':{'Port':10251}}}}");
	make("/api/v1/nodes", "{'metadata':{'name':'bare'}}");
	make(NS "pods",
	     "{'metadata':{'name':'p'},'spec':{'nodeName':'n','containers':[{'name':'c','image':'i'},"
	     "{'name':'d','image':'i','ports':[{'containerPort':81}]}],"
	     "'initContainers':[{'name':'b','image':'i'}]}}");
	status(NS "pods/p", "{'status':{'podIP':'10.1.0.1','podIPs':[{'ip':'10.1.0.1'}]}}");
	make(NS "pods",
	     "{'metadata':{'name':'one'},'spec':{'nodeName':'n','containers':[{'name':'only','image':'i'}]}}");
	status(NS "pods/one", "{'status':{'podIP':'127.0.0.1','podIPs':[{'ip':'127.0.0.1'}]}}");
	make(NS "pods", "{'metadata':{'name':'free'},'spec':{'containers':[{'name':'only','image':'i'}]}}");
	make(NS "pods",
	     "{'metadata':{'name':'lost'},'spec':{'nodeName':'nowhere','containers':[{'name':'c','image':'i'}]}}");
	make(NS "services",
	     "{'metadata':{'name':'s'},'spec':{'ports':[{'name':'web','port':80},{'name':'x','port':9}]}}");
	make(NS "endpoints", "{'metadata':{'name':'s'},'subsets':[{'addresses':[{'ip':'10.1.0.7'},"
			     "{'ip':'10.1.0.8','targetRef':{'kind':'Pod','namespace':'default','name':'p'}},"
			     "{'ip':'10.1.0.1','targetRef':{'kind':'Pod','namespace':'default','name':'p'}}],"
			     "'ports':[{'name':'web','port':8080}]}]}");
	make(NS "services", "{'metadata':{'name':'none'},'spec':{'ports':[{'port':80}]}}");
	make(NS "endpoints", "{'metadata':{'name':'none'}}");
	return 0;
}

static const struct row {
	const char *method, *target;
	int status;	  /* of the refusal; 0: a server is found */
	const char *want; /* SCHEME HOST PORT PATH QUERY, or the message */
} rows[] = {
	{"POST",
	 NS "pods/one/exec?command=sh&command=-c&command=a%20b&stdin=1&stdout=true&stderr=false&tty=0", 0,
	 "agent 10.0.0.9 10251 /exec/default/one/only command=sh&command=-c&command=a%20b&input=1&output=1"},
	{"GET", NS "pods/p/attach?container=d&tty=1&stderr=1&command=x", 0,
	 "agent 10.0.0.9 10251 /attach/default/p/d error=1&tty=1"},
	{"GET", NS "pods/p/exec?container=b", 0, "agent 10.0.0.9 10251 /exec/default/p/b "},
	{"POST", NS "pods/p/portforward?ports=80,81&ports=82", 0,
	 "agent 10.0.0.9 10251 /portForward/default/p port=80%2C81%2C82"},
	{"POST", NS "pods/p/portforward", 0, "agent 10.0.0.9 10251 /portForward/default/p "},
	{"POST", NS "pods/p/portforward?ports=x", 400, "strconv.ParseInt: parsing \"x\": invalid syntax"},
	{"POST", NS "pods/p/portforward?ports=99999999999", 400,
	 "strconv.ParseInt: parsing \"99999999999\": value out of range"},
	{"POST", NS "pods/p/exec?command=x", 400,
	 "a container name must be specified for pod p, choose one of: [b c d]"},
	{"POST", NS "pods/p/exec?container=z", 400, "container z is not valid for pod p"},
	{"POST", NS "pods/no/exec", 404, "pods \"no\" not found"},
	{"POST", NS "pods/free/exec", 400, "pod free does not have a host assigned"},
	{"POST", NS "pods/lost/exec", 404, "nodes \"nowhere\" not found"},
	{"POST", NS "pods/one/exec?dryRun=All", 400, "dryRun is not supported"},
	{"GET", NS "pods/p/proxy", 0, "http 10.1.0.1 81  "},
	{"PUT", NS "pods/p/proxy/", 0, "http 10.1.0.1 81 / "},
	{"HEAD", NS "pods/https:p:444/proxy/a/../b%20c/?x=%31&y", 0, "https 10.1.0.1 444 /b c/ x=%31&y"},
	{"OPTIONS", NS "pods/http:p:/proxy//a", 0, "http 10.1.0.1 81 /a "},
	{"GET", NS "pods/p/proxy/1/2/3/4/5/6/7/8/9/10/11/12/13/14//15", 0,
	 "http 10.1.0.1 81 /1/2/3/4/5/6/7/8/9/10/11/12/13/14/15 "},
	{"GET", NS "pods/p:x/proxy/", 503,
	 "error trying to reach service: dial tcp: lookup tcp/x: unknown port"},
	{"GET", NS "pods/ftp:p:1/proxy/", 400, "invalid pod request \"ftp:p:1\""},
	{"GET", NS "pods/one/proxy/", 400, "address not allowed"},
	{"GET", NS "pods/free/proxy/", 400, "address not allowed"},
	{"DELETE", NS "services/s:web/proxy/a?resourceVersion=x", 0,
	 "http 10.1.0.1 8080 /a resourceVersion=x"},
	{"PATCH", NS "services/https:s:80/proxy/", 0, "https 10.1.0.1 8080 / "},
	{"POST", NS "services/s:81/proxy/", 503, "no service port 81 found for service \"s\""},
	{"POST", NS "services/s:x/proxy/", 503, "no endpoints available for service \"s:x\""},
	{"GET", NS "services/s/proxy/", 503, "no endpoints available for service \"s\""},
	{"GET", NS "services/none:80/proxy/", 503, "no endpoints available for service \"none\""},
	{"GET", NS "services/no/proxy/", 404, "endpoints \"no\" not found"},
	{"GET", NS "services/no:80/proxy/", 404, "services \"no\" not found"},
	{"GET", "/api/v1/nodes/n/proxy/logs/", 0, "agent 10.0.0.9 10251 /logs/ "},
	{"GET", "/api/v1/nodes/n:10251/proxy/logs/", 0, "agent 10.0.0.9 10251 /logs/ "},
	{"GET", "/api/v1/nodes/http:n:99/proxy/metrics", 0, "http 10.0.0.9 99 /metrics "},
	{"GET", "/api/v1/nodes/https:n:99/proxy/metrics", 0, "https 10.0.0.9 99 /metrics "},
	{"GET", "/api/v1/nodes/bare/proxy/", 500, "no preferred addresses found; known addresses: []"},
	{"GET", "/api/v1/nodes/no/proxy/", 404, "nodes \"no\" not found"},
};

static char *look(const struct row *r, enum reason *ret)
{
	struct rig_exchange *e = MEM_NEW(struct rig_exchange);
	struct request *rq = &e->x.rq;
	struct err err = ERR_INIT;
	struct target t = {0};
	char *got;
	/* everything but the server itself */
	rq->api = &rig.api;
	rq->method = request_method(r->method);
	e->scratch = mem_alloc(request_scratch_size(r->target));
	e->segments = mem_alloc(strlen(r->target) + 2);
	assert_int_equal(request_parse_target(rq, r->target, e->scratch, &err), 0);
	rq->kinds = schema_pin(rig.api.schema);
	assert_int_equal(route_find(rq, e->segments), ROUTE_OK);
	assert_int_equal(rq->route->class, ROUTE_CONNECT);
	*ret = target_find(rq, &t, &err) < 0 ? err.reason : REASON_NONE;
	got = *ret ? mem_strdup(err.msg)
		   : mem_printf("%s %s %d %s %s",
				t.agent ? "agent"
				: t.tls ? "https"
					: "http",
				buf_str(&t.host), t.port, buf_str(&t.path), buf_str(&t.query));
	assert_true(!t.agent || t.tls);
	target_release(&t);
	schema_unpin(rig.api.schema, &rq->kinds);
	rig_exchange_free(e);
	return got;
}

static void servers(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		enum reason reason;
		autofree char *got = look(&rows[i], &reason);
		int code = reason ? status_reason_code(reason) : 0;
		if (strcmp(got, rows[i].want) || code != rows[i].status)
			fail_msg("%s: %d %s", rows[i].target, code, got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(names), cmocka_unit_test(addresses),
					   cmocka_unit_test(paths), cmocka_unit_test(servers)};
	return cmocka_run_group_tests(tests, objects, rig_teardown);
}
