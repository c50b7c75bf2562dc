/* SPDX-License-Identifier: Apache-2.0 */
/* What the kinds of networking.k8s.io are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "kinds/causes_test.h"

#define KIND(kind, text) "networking.k8s.io", kind, JSON(text)

/* ---- Ingresses ---- */

#define SERVICE "'service':{'name':'s','port':{'number':80}}"
#define SPEC(text) KIND("Ingress", "{'spec':{" text "}}")
#define BACKEND(text) SPEC("'defaultBackend':{" text "}")
#define ROUTE(text) SPEC("'rules':[{'http':{'paths':[{" text "}]}}]")
#define AT "spec.rules[0].http.paths[0]."
#define SUBDOMAIN ": a lowercase RFC 1123 subdomain must consist …\n"

static void test_ingress(void **state)
{
	const struct causes_row rows[] = {
		{BACKEND(SERVICE), ""},
		{ROUTE("'path':'/a','pathType':'Prefix','backend':{" SERVICE "}"), ""},
		{SPEC(""),
		 "spec: Invalid value: null: either `defaultBackend` or `rules` must be specified\n"},
		{BACKEND(""),
		 "spec.defaultBackend: Invalid value: \"\": resource or service backend is required\n"},
		{BACKEND(SERVICE ",'resource':{'kind':'K','name':'n'}"),
		 "spec.defaultBackend: Invalid value: \"\": cannot set both resource and service backends\n"},
		{BACKEND("'resource':{'apiGroup':'a_b','kind':'','name':'a/b'}"),
		 "spec.defaultBackend.resource.apiGroup: Invalid value: \"a_b\"" SUBDOMAIN
		 "spec.defaultBackend.resource.kind: Required value\n"
		 "spec.defaultBackend.resource.name: Invalid value: \"a/b\": may not contain '/'\n"},
		{BACKEND("'service':{'name':'','port':{}}"),
		 "spec.defaultBackend.service.name: Required value\n"
		 "spec.defaultBackend: Required value: port name or number is required\n"},
		{BACKEND("'service':{'name':'1s','port':{'name':'a','number':1}}"),
		 "spec.defaultBackend.service.name: Invalid value: \"1s\": a DNS-1035 label must consist …\n"
		 "spec.defaultBackend: Invalid value: \"\": cannot set both port name & port number\n"},
		{BACKEND("'service':{'name':'s','port':{'name':'--'}}"),
		 "spec.defaultBackend.service.port.name: Invalid value: \"--\": must contain at least one letter (a-z)\n"
		 "spec.defaultBackend.service.port.name: Invalid value: \"--\": must not begin or end with a hyphen\n"
		 "spec.defaultBackend.service.port.name: Invalid value: \"--\": must not contain consecutive hyphens\n"},
		{BACKEND("'service':{'name':'s','port':{'number':65536}}"),
		 "spec.defaultBackend.service.port.number: Invalid value: 65536: must be between 1 and 65535, inclusive\n"},
		{SPEC("'rules':[{'http':{}}]"), "spec.rules[0].http.paths: Required value\n"},
		{ROUTE(""), AT "pathType: Required value: pathType must be specified\n"},
		{ROUTE("'path':'a','pathType':'x','backend':{}"), AT
		 "backend: Invalid value: \"\": resource or service backend is required\n" AT
		 "pathType: Unsupported value: \"x\": supported values: \"Exact\", \"ImplementationSpecific\", \"Prefix\"\n"},
		{ROUTE("'pathType':'Exact','backend':{" SERVICE "}"),
		 AT "path: Invalid value: \"\": must be an absolute path\n"},
		{ROUTE("'path':'a//b/./c/../d%2f%2F/..','pathType':'Prefix','backend':{" SERVICE "}"),
		 AT "path: Invalid value: \"a//b/./c/../d%2f%2F/..\": cannot end with '/..'\n" AT
		    "path: Invalid value: \"a//b/./c/../d%2f%2F/..\": must be an absolute path\n" AT
		    "path: Invalid value: \"a//b/./c/../d%2f%2F/..\": must not contain '%2F'\n" AT
		    "path: Invalid value: \"a//b/./c/../d%2f%2F/..\": must not contain '%2f'\n" AT
		    "path: Invalid value: \"a//b/./c/../d%2f%2F/..\": must not contain '/../'\n" AT
		    "path: Invalid value: \"a//b/./c/../d%2f%2F/..\": must not contain '/./'\n" AT
		    "path: Invalid value: \"a//b/./c/../d%2f%2F/..\": must not contain '//'\n"},
		{ROUTE("'path':'/a/.','pathType':'Exact','backend':{" SERVICE "}"),
		 AT "path: Invalid value: \"/a/.\": cannot end with '/.'\n"},
		{ROUTE("'path':'a//','pathType':'ImplementationSpecific','backend':{" SERVICE "}"),
		 AT "path: Invalid value: \"a//\": must be an absolute path\n"},
		{ROUTE("'path':'','pathType':'ImplementationSpecific','backend':{" SERVICE "}"), ""},
	};
	causes_check(rows, ARRAY_LEN(rows));
}

#define WILDCARD                                                                                             \
	": a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist …\n"
static void test_ingress_hosts(void **state)
{
	const struct causes_row rows[] = {
		{SPEC("'rules':[{'host':'a.b'},{'host':'*.a.b'}],'tls':[{'hosts':['a','*.a'],'secretName':'s'}]"),
		 ""},
		{SPEC("'rules':[{'host':'1.2.3.4'},{'host':'a_b'},{'host':'a.*'}]"),
		 "spec.rules[0].host: Invalid value: \"1.2.3.4\": must be a DNS name, not an IP address\n"
		 "spec.rules[1].host: Invalid value: \"a_b\"" SUBDOMAIN
		 "spec.rules[2].host: Invalid value: \"a.*\"" WILDCARD},
		{SPEC("'rules':[{}],'tls':[{'hosts':['a_b','*'],'secretName':'a_b'}],'ingressClassName':''"),
		 "spec.ingressClassName: Invalid value: \"\"" SUBDOMAIN
		 "spec.tls[0].hosts[0]: Invalid value: \"a_b\"" SUBDOMAIN
		 "spec.tls[0].hosts[1]: Invalid value: \"*\"" WILDCARD
		 "spec.tls[0].secretName: Invalid value: \"a_b\"" SUBDOMAIN},
		{KIND("Ingress",
		      "{'metadata':{'annotations':{'kubernetes.io/ingress.class':'a'}},'spec':{'ingressClassName':'b','rules':[{}]}}"),
		 "annotations.kubernetes.io/ingress.class: Invalid value: \"a\": must match `ingressClassName` when both are specified\n"},
		{KIND("Ingress",
		      "{'metadata':{'annotations':{'kubernetes.io/ingress.class':'a'}},'spec':{'ingressClassName':'a','rules':[{}]}}"),
		 ""},
	};
	causes_check(rows, ARRAY_LEN(rows));
}

static void test_ingressclass(void **state)
{
#define CLASS(text) KIND("IngressClass", "{'spec':{" text "}}")
#define PARAMETERS(text) CLASS("'controller':'a.b/c','parameters':{'kind':'K','name':'n'" text "}")
	const struct causes_row rows[] = {
		{PARAMETERS(""), ""},
		{PARAMETERS(",'scope':'Namespace','namespace':'n'"), ""},
		{CLASS(""), "spec.controller: Required value\n"},
		{CLASS("'controller':'/a'"),
		 "spec.controller: Invalid value: \"/a\": must be a domain-prefixed path (such as \"acme.io/foo\")\n"},
		{CLASS("'controller':'a_b/c d'"),
		 "spec.controller: Invalid value: \"a_b\"" SUBDOMAIN
		 "spec.controller: Invalid value: \"c d\": Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')\n"},
		{PARAMETERS(",'apiGroup':'a_b','kind':'','name':'..'"),
		 "spec.parameters.apiGroup: Invalid value: \"a_b\"" SUBDOMAIN
		 "spec.parameters.kind: Required value\n"
		 "spec.parameters.name: Invalid value: \"..\": may not be '..'\n"},
		{PARAMETERS(",'namespace':'n'"),
		 "spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'\n"},
		{PARAMETERS(",'scope':'Namespace'"),
		 "spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'\n"},
		{PARAMETERS(",'scope':'Namespace','namespace':'a.b'"),
		 "spec.parameters.namespace: Invalid value: \"a.b\": must not contain dots\n"},
		{PARAMETERS(",'scope':'x'"),
		 "spec.parameters.scope: Unsupported value: \"x\": supported values: \"Cluster\", \"Namespace\"\n"},
	};
	causes_check(rows, ARRAY_LEN(rows));
}

/* ---- NetworkPolicies ---- */

#define POLICY(text) KIND("NetworkPolicy", "{'spec':{" text "}}")
#define PORT(text) POLICY("'ingress':[{'ports':[{" text "}]}]")
#define PEER(text) POLICY("'egress':[{'to':[{" text "}]}]")
#define FIRST_PORT "spec.ingress[0].ports[0]."
#define FIRST_PEER "spec.egress[0].to[0]"
#define CIDR_TEXT "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)\n"

static void test_networkpolicy(void **state)
{
	const struct causes_row rows[] = {
		{POLICY(""), ""},
		{PORT("'port':80,'endPort':80"), ""},
		{PORT("'port':'http','protocol':'x'"), FIRST_PORT
		 "protocol: Unsupported value: \"x\": supported values: \"TCP\", \"UDP\", \"SCTP\"\n"},
		{PORT("'endPort':1"),
		 FIRST_PORT "endPort: Invalid value: 1: may not be specified when `port` is not specified\n"},
		{PORT("'port':'http','endPort':1"),
		 FIRST_PORT "endPort: Invalid value: 1: may not be specified when `port` is non-numeric\n"},
		{PORT("'port':80,'endPort':79"),
		 FIRST_PORT "endPort: Invalid value: 80: must be greater than or equal to `port`\n"},
		{PORT("'port':0,'endPort':65536"), FIRST_PORT
		 "endPort: Invalid value: 65536: must be between 1 and 65535, inclusive\n" FIRST_PORT
		 "port: Invalid value: 0: must be between 1 and 65535, inclusive\n"},
		{PEER(""), FIRST_PEER ": Required value: must specify a peer\n"},
		{PEER("'podSelector':{},'namespaceSelector':{}"), ""},
		{PEER("'podSelector':{},'ipBlock':{'cidr':'10.0.0.0/8'}"),
		 FIRST_PEER ": Forbidden: may not specify both ipBlock and another peer\n"},
		{PEER("'podSelector':{'matchExpressions':[{'key':'a','operator':'In'}]}"), FIRST_PEER
		 ".podSelector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'\n"},
		{PEER("'ipBlock':{'except':['x']}"), FIRST_PEER ".ipBlock.cidr: Required value\n"},
		{PEER("'ipBlock':{'cidr':'x'}"),
		 FIRST_PEER ".ipBlock.cidr: Invalid value: \"x\": " CIDR_TEXT},
		{PEER("'ipBlock':{'cidr':'10.0.0.0/8','except':['10.1.0.0/16','10.0.0.0/8','11.0.0.0/16','x','2001:db8::/64']}"),
		 FIRST_PEER
		 ".ipBlock.except[1]: Invalid value: \"10.0.0.0/8\": must be a strict subset of `cidr`\n" FIRST_PEER
		 ".ipBlock.except[2]: Invalid value: \"11.0.0.0/16\": must be a strict subset of `cidr`\n" FIRST_PEER
		 ".ipBlock.except[3]: Invalid value: \"x\": " CIDR_TEXT FIRST_PEER
		 ".ipBlock.except[4]: Invalid value: \"2001:db8::/64\": must be a strict subset of `cidr`\n"},
		{PEER("'ipBlock':{'cidr':'2001:db8::/32','except':['2001:db8:1::/48','2001::/33']}"),
		 FIRST_PEER
		 ".ipBlock.except[1]: Invalid value: \"2001::/33\": must be a strict subset of `cidr`\n"},
		{POLICY("'policyTypes':['Ingress','x']"),
		 "spec.policyTypes[1]: Unsupported value: \"x\": supported values: \"Ingress\", \"Egress\"\n"},
		{POLICY("'policyTypes':['Ingress','x','Egress']"),
		 "spec.policyTypes: Invalid value: [\"Ingress\",\"x\",\"Egress\"]: may not specify more than two policyTypes\n"},
	};
	causes_check(rows, ARRAY_LEN(rows));
}

/* ---- addresses ---- */

static void test_addresses(void **state)
{
#define CIDRS(text) KIND("ServiceCIDR", "{'spec':{'cidrs':[" text "]}}")
#define ADDRESS(name, ref)                                                                                   \
	KIND("IPAddress", "{'metadata':{'name':'" name "'},'spec':{'parentRef':{" ref "}}}")
#define REF "'resource':'services','namespace':'n','name':'s'"
	const struct causes_row rows[] = {
		{CIDRS("'10.0.0.0/8','2001:db8::/112'"), ""},
		{CIDRS(""), "spec.cidrs: Required value: at least one CIDR required\n"},
		{CIDRS("'a','b','c'"),
		 "spec.cidrs: Invalid value: {\"CIDRs\":[\"a\",\"b\",\"c\"]}: may only hold up to 2 values\n"},
		{CIDRS("'10.0.0.0/8','11.0.0.0/8'"),
		 "spec.cidrs: Invalid value: [\"10.0.0.0/8\",\"11.0.0.0/8\"]: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64\n"},
		{CIDRS("'x','10.0.0.1/8'"),
		 "spec.cidrs[0]: Invalid value: \"x\": " CIDR_TEXT
		 "spec.cidrs[1]: Invalid value: \"10.0.0.1/8\": must not have bits set beyond the prefix length\n"},
		{CIDRS("'010.0.0.0/8','2001:0db8::/64'"),
		 "spec.cidrs[0]: Invalid value: \"010.0.0.0/8\": must not have leading 0s in IP or prefix length\n"
		 "spec.cidrs[1]: Invalid value: \"2001:0db8::/64\": must be in canonical form (\"2001:db8::/64\")\n"},
		{ADDRESS("10.1.2.3", REF), ""},
		{ADDRESS("2001:db8::1", REF), ""},
		{ADDRESS("10.1.2", REF),
		 "metadata.name: Invalid value: \"10.1.2\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)\n"},
		{ADDRESS("2001:DB8::1", REF),
		 "metadata.name: Invalid value: \"2001:DB8::1\": must be in canonical form (\"2001:db8::1\")\n"},
		{KIND("IPAddress", "{'metadata':{'name':'1.1.1.1'}}"), "spec.parentRef: Required value\n"},
		{KIND("IPAddress", "{'metadata':{'name':'1.1.1.1','generateName':'1.1.1'}}"),
		 "metadata.generateName: Invalid value: \"1.1.1\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)\n"
		 "spec.parentRef: Required value\n"},
		{ADDRESS("1.1.1.1", "'group':'a_b','namespace':'a/b'"),
		 "spec.parentRef.group: Invalid value: \"a_b\"" SUBDOMAIN
		 "spec.parentRef.name: Required value\n"
		 "spec.parentRef.namespace: Invalid value: \"a/b\": may not contain '/'\n"
		 "spec.parentRef.resource: Required value\n"},
	};
	causes_check(rows, ARRAY_LEN(rows));
}

/* ---- updates ---- */

static void test_updates(void **state)
{
#define OF(kind) "networking.k8s.io", kind, ""
	const struct causes_update rows[] = {
		{OF("IngressClass"), "{'spec':{'controller':'a/b'}}", "{'spec':{'controller':'a/c'}}",
		 "spec.controller: Invalid value: \"a/b\": field is immutable\n"},
		/* once it is there */
		{OF("Ingress"),
		 "{'metadata':{'annotations':{'kubernetes.io/ingress.class':'a'}},'spec':{'ingressClassName':'b','rules':[{}]}}",
		 "{'spec':{'rules':[{}]}}", ""},
		{"networking.k8s.io", "Ingress", "status",
		 "{'spec':{'rules':[{}]},'status':{'loadBalancer':{'ingress':[{'ip':'x','hostname':'1.2.3.4'},{'hostname':'a_b'}]}}}",
		 "{'spec':{'rules':[{}]}}",
		 "status.loadBalancer.ingress[0].hostname: Invalid value: \"1.2.3.4\": must be a DNS name, not an IP address\n"
		 "status.loadBalancer.ingress[0].ip: Invalid value: \"x\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)\n"
		 "status.loadBalancer.ingress[1].hostname: Invalid value: \"a_b\"" SUBDOMAIN},
		{OF("ServiceCIDR"), "{'spec':{'cidrs':['10.0.0.0/8','2001:db8::/64']}}",
		 "{'spec':{'cidrs':['10.0.0.0/8']}}", ""},
		{OF("ServiceCIDR"), "{'spec':{'cidrs':['11.0.0.0/8','10.0.0.0/8']}}",
		 "{'spec':{'cidrs':['10.0.0.0/8']}}",
		 "spec.cidrs: Invalid value: [\"11.0.0.0/8\",\"10.0.0.0/8\"]: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64\n"
		 "spec.cidrs[0]: Invalid value: \"11.0.0.0/8\": field is immutable\n"},
		{OF("ServiceCIDR"), "{'spec':{'cidrs':['11.0.0.0/8']}}", "{'spec':{'cidrs':['10.0.0.0/8']}}",
		 "spec.cidrs[0]: Invalid value: \"11.0.0.0/8\": field is immutable\n"},
		{OF("ServiceCIDR"), "{'spec':{'cidrs':['10.0.0.0/8']}}",
		 "{'spec':{'cidrs':['10.0.0.0/8','2001:db8::/64']}}",
		 "spec.cidrs: Invalid value: [\"10.0.0.0/8\"]: field is immutable\n"},
		{OF("IPAddress"),
		 "{'metadata':{'name':'1.1.1.1'},'spec':{'parentRef':{'resource':'a','name':'c'}}}",
		 "{'metadata':{'name':'1.1.1.1'},'spec':{'parentRef':{'resource':'a','name':'b'}}}",
		 "spec.parentRef: Invalid value: {\"resource\":\"a\",\"name\":\"c\"}: field is immutable\n"},
	};
	causes_check_updates(rows, ARRAY_LEN(rows));
}

static void test_stored(void **state)
{
	static const struct causes_stored rows[] = {
		{OF("NetworkPolicy"), "{}",
		 "{'metadata':{},'spec':{'podSelector':{},'policyTypes':['Ingress']}}"},
		{OF("NetworkPolicy"), "{'spec':{'egress':[{'ports':[{'port':1}]}]}}",
		 "{'metadata':{},'spec':{'podSelector':{},'egress':[{'ports':[{'protocol':'TCP','port':1}]}],'policyTypes':['Ingress','Egress']}}"},
		{OF("NetworkPolicy"), "{'spec':{'egress':[{}],'policyTypes':['Ingress']}}",
		 "{'metadata':{},'spec':{'podSelector':{},'egress':[{}],'policyTypes':['Ingress']}}"},
		{OF("Ingress"),
		 "{'spec':{'rules':[{}]},'status':{'loadBalancer':{'ingress':[{'ip':'1.1.1.1'}]}}}",
		 "{'metadata':{},'spec':{'rules':[{}]},'status':{'loadBalancer':{}}}"},
		{OF("IngressClass"), "{'spec':{'controller':'a/b','parameters':{'kind':'K','name':'n'}}}",
		 "{'metadata':{},'spec':{'controller':'a/b','parameters':{'kind':'K','name':'n','scope':'Cluster'}}}"},
	};
	causes_check_stored(rows, ARRAY_LEN(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ingress),	     cmocka_unit_test(test_ingress_hosts),
		cmocka_unit_test(test_ingressclass), cmocka_unit_test(test_networkpolicy),
		cmocka_unit_test(test_addresses),    cmocka_unit_test(test_updates),
		cmocka_unit_test(test_stored),
	};
	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}
