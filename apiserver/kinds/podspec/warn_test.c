/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "kinds/podspec/podspec.h"
#include "object/json_test.h"

#define ONE "'containers':[{'name':'c','image':'i'}]"
#define ENV(second) "'initContainers':[{'name':'c','env':[{'name':'A','value':'x'},{'name':'A'," second "}]}]"
#define HIDDEN                                                                                               \
	"initContainers[0].env[1]: hides previous definition of \"A\", which may be dropped when using apply\n"
#define SECCOMP "non-functional in v1.27+; use the \"seccompProfile\" field instead\n"
#define APPARMOR "container.apparmor.security.beta.kubernetes.io/c"

#define OVERLAP(volume, what, one, other)                                                                    \
	"volume \"" volume "\" (" what "): overlapping paths: " one " with " other "\n"
#define MAP(name, items) "{'name':'v','configMap':{'name':'" name "','items':[" items "]}}"
#define P(path) "{'path':'" path "'}"
#define SOURCES(sources) "'volumes':[{'name':'foo','projected':{'sources':[" sources "]}}]"
#define FROM(sort, name) "\"test\" (" sort " \"" name "\")"
#define TOKEN "{'serviceAccountToken':{'path':'test'}}"
#define FRACTION(value) "fractional byte value \"" value "\" is invalid, must be an integer\n"
#define PORTS(ports) "'containers':[{'ports':[{" ports "}]}]"
#define MEET(how, one, other)                                                                                \
	"spec.containers[0].ports[" one "]: " how " port definition with spec.containers[0].ports[" other    \
	"]\n"
#define NONE "a null labelSelector results in matching no pod\n"

static void add(void *arg, const char *text)
{
	buf_addf(arg, "%s\n", text);
}

static void warnings(void **state)
{
	static const struct {
		const char *base, *annotations, *spec, *want;
	} rows[] = {
		{"", "", ONE, ""},
		{"", "'scheduler.alpha.kubernetes.io/critical-pod':''", ONE,
		 "metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use the \"priorityClassName\" field instead\n"},
		{"", "", "'volumes':[{'emptyDir':{}},{'gitRepo':{}}]",
		 "spec.volumes[1].gitRepo: deprecated in v1.11, and disabled by default in v1.33+\n"},
		{"", "", "'hostAliases':[{'ip':'1.1.1.1'},{'ip':'1.1.1.2'},{'ip':'1.1.1.1'}]",
		 "spec.hostAliases[2].ip: duplicate ip \"1.1.1.1\"\n"},
		{"", "", "'imagePullSecrets':[{'name':'a'},{'name':'a'},{}]",
		 "spec.imagePullSecrets[1].name: duplicate name \"a\"\nspec.imagePullSecrets[2].name: invalid empty name \"\"\n"},
		{"", "'seccomp.security.alpha.kubernetes.io/pod':'x'", ONE,
		 "metadata.annotations[seccomp.security.alpha.kubernetes.io/pod]: " SECCOMP},
		{"", "'seccomp.security.alpha.kubernetes.io/pod':'x'",
		 "'securityContext':{'seccompProfile':{}}," ONE, ""},
		{"", "'container.seccomp.security.alpha.kubernetes.io/c':'x'", ONE,
		 "metadata.annotations[container.seccomp.security.alpha.kubernetes.io/c]: " SECCOMP},
		{"", "'" APPARMOR "':'unconfined'", ONE, ""}, /* told of elsewhere */
		{"spec.template.", "'" APPARMOR "':'unconfined'", ONE,
		 "spec.template.metadata.annotations[" APPARMOR
		 "]: deprecated since v1.30; use the \"appArmorProfile\" field instead\n"},
		{"spec.template.", "'" APPARMOR "':'unconfined'",
		 "'securityContext':{'appArmorProfile':{'type':'RuntimeDefault'}}," ONE,
		 "spec.template.metadata.annotations[" APPARMOR
		 "]: deprecated since v1.30; use the \"appArmorProfile\" field instead\n"},
		{"", "", ENV("'value':'y'"), "spec." HIDDEN},
		{"", "", ENV("'value':'$(A)'"), "spec." HIDDEN},
		{"", "", ENV("'valueFrom':{}"), "spec." HIDDEN},
		{"", "", ENV("'value':'$(A)y'"), ""},
		{"spec.template.", "", ENV("'value':'y'"), "spec.template.spec." HIDDEN},
		{"", "",
		 "'containers':[{'ports':[{'containerPort':1},{'containerPort':2},{'containerPort':1}]}]",
		 "spec.containers[0].ports[2]: duplicate port definition with spec.containers[0].ports[0]\n"},
		{"", "", "'volumes':[{'storageos':{}}]",
		 "spec.volumes[0].storageOS: deprecated in v1.22, non-functional in v1.25+\n"},
		{"", "", "'volumes':[" MAP("foo", P("test") "," P("a")) "]", ""},
		{"", "", "'volumes':[" MAP("foo", P("test") "," P("test")) "]",
		 OVERLAP("v", "ConfigMap \"foo\"", "\"test\"", "\"test\"")},
		{"", "", "'volumes':[" MAP("foo", P("test") "," P("test/app") "," P("test-app")) "]",
		 OVERLAP("v", "ConfigMap \"foo\"", "\"test/app\"", "\"test\"")},
		{"", "", "'volumes':[" MAP("foo", P("test/app/") "," P("") "," P("test/") "," P("t")) "]",
		 OVERLAP("v", "ConfigMap \"foo\"", "\"test\"", "\"test/app\"")},
		{"", "", "'volumes':[" MAP("a", P("x") "," P("y")) "," MAP("b", P("x")) "]", ""},
		{"", "",
		 "'volumes':[{'name':'s','secret':{'secretName':'foo','items':[" P("a") "," P("a/b/c") "," P(
			 "a/b") "]}},{'name':'d','downwardAPI':{'items':[" P("test") "," P("test") "]}}]",
		 OVERLAP("s", "Secret \"foo\"", "\"a/b/c\"", "\"a\"")
			 OVERLAP("s", "Secret \"foo\"", "\"a/b\"", "\"a\"")
				 OVERLAP("s", "Secret \"foo\"", "\"a/b\"", "\"a/b/c\"")
					 OVERLAP("d", "DownwardAPI", "\"test\"", "\"test\"")},
		{"", "", SOURCES("{'configMap':{'name':'Test','items':[" P("test") "]}}," TOKEN),
		 OVERLAP("foo", "Projected", "\"test\" (ServiceAccountToken)", FROM("ConfigMap", "Test"))},
		{"", "", SOURCES("{'secret':{'name':'Test','items':[" P("test") "]}}," TOKEN),
		 OVERLAP("foo", "Projected", "\"test\" (ServiceAccountToken)", FROM("Secret", "Test"))},
		{"", "", SOURCES(TOKEN ",{'downwardAPI':{'items':[" P("test/a") "]}},{'configMap':{}}"),
		 OVERLAP("foo", "Projected", "\"test/a\" (DownwardAPI)", "\"test\" (ServiceAccountToken)")},
		{"", "", SOURCES("{'clusterTrustBundle':{'signerName':'Test','path':'test'}}," TOKEN),
		 OVERLAP("foo", "Projected", "\"test\" (ServiceAccountToken)",
			 FROM("ClusterTrustBundle", "Test"))},
		{"", "", SOURCES("{'clusterTrustBundle':{'name':'Test','path':'test'}}," TOKEN),
		 OVERLAP("foo", "Projected", "\"test\" (ServiceAccountToken)",
			 FROM("ClusterTrustBundle", "Test"))},
		{"", "",
		 SOURCES("{'podCertificate':{'certificateChainPath':'test','keyPath':'test','credentialBundlePath':'x'}}"),
		 OVERLAP("foo", "Projected", "\"test\" (PodCertificate key)",
			 "\"test\" (PodCertificate chain)")},
		{"", "", SOURCES("{}"), "volume \"foo\" (Projected) has no sources provided\n"},
		{"", "",
		 "'volumes':[{'ephemeral':{'volumeClaimTemplate':{'spec':{'resources':{'requests':{'storage':'1500m'},'limits':{'storage':'2'}}}}}}]",
		 "spec.volumes[0].ephemeral.volumeClaimTemplate.spec.resources.requests[storage]: " FRACTION(
			 "1500m")},
		{"", "",
		 "'initContainers':[{'ports':[{'name':'a','containerPort':1}]}],'containers':[{'ports':[{'containerPort':2},{'name':'b',"
		 "'containerPort':3},{'name':'a','containerPort':4}]}]",
		 "spec.containers[0].ports[2]: duplicate port name \"a\" with spec.initContainers[0].ports[0], services and probes that "
		 "select ports by name will use spec.initContainers[0].ports[0]\n"},
		{"spec.template.", "'" APPARMOR "':'unconfined'",
		 "'securityContext':{'appArmorProfile':{'type':'Unconfined'}}," ONE, ""},
		{"spec.template.", "", "'overhead':{'memory':'500m','cpu':'1m'}",
		 "spec.template.spec.overhead[memory]: " FRACTION("500m")},
		{"", "",
		 "'initContainers':[{'resources':{'limits':{'ephemeral-storage':'1500m','memory':'1'},'requests':{'memory':'1m'}}}]",
		 "spec.initContainers[0].resources.requests[memory]: " FRACTION(
			 "1m") "spec.initContainers[0].resources.limits[ephemeral-storage]: " FRACTION("1500m")},
		{"", "", PORTS("'containerPort':1,'hostIP':'1.1.1.1','protocol':'TCP','name':'n'"),
		 "spec.containers[0].ports[0]: hostIP set without hostPort: {Name:n HostPort:0 ContainerPort:1 Protocol:TCP HostIP:1.1.1.1}\n"},
		{"", "", PORTS("'containerPort':1,'hostPort':2},{'containerPort':1,'hostPort':3"), ""},
		{"", "", PORTS("'containerPort':1,'protocol':'TCP'},{'containerPort':1,'protocol':'UDP'"),
		 ""},
		{"", "",
		 "'initContainers':[{'ports':[{'containerPort':1,'hostPort':2}]}]," PORTS(
			 "'containerPort':1"),
		 "spec.containers[0].ports[0]: overlapping port definition with spec.initContainers[0].ports[0]\n"},
		{"", "", PORTS("'containerPort':1},{'containerPort':1},{'containerPort':1"),
		 MEET("duplicate", "1", "0") MEET("duplicate", "2", "0") MEET("duplicate", "2", "1")},
		{"", "",
		 "'containers':[{'resources':{'limits':{'memory':'1m','ephemeral-storage':'2m'},'requests':{'memory':'3m'}}}]",
		 "spec.containers[0].resources.limits[memory]: " FRACTION("1m") "spec.containers[0].resources.requests[memory]: " FRACTION(
			 "3m") "spec.containers[0].resources.limits[ephemeral-storage]: " FRACTION("2m")},
		{"", "", PORTS("'containerPort':1},{'containerPort':1,'hostPort':3"),
		 MEET("overlapping", "1", "0")},
		{"", "",
		 PORTS("'containerPort':1,'hostPort':2},{'containerPort':1,'hostPort':2,'hostIP':'1.1.1.1'"),
		 MEET("dangerously ambiguous", "1", "0")},
		{"", "",
		 PORTS("'containerPort':1,'hostPort':2,'hostIP':'1.1.1.1'},{'containerPort':1,'hostPort':2"),
		 MEET("dangerously ambiguous", "1", "0")},
		{"", "",
		 PORTS("'containerPort':1,'hostPort':2,'hostIP':'1.1.1.1'},{'containerPort':1,'hostPort':2,'hostIP':'1.1.1.2'"),
		 ""},
		{"", "", "'nodeSelector':{'beta.kubernetes.io/os':'linux','x':'y'}",
		 "spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use \"kubernetes.io/os\" instead\n"},
		{"spec.template.", "",
		 "'affinity':{'nodeAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':{'nodeSelectorTerms':[{},{'matchExpressions':"
		 "[{'key':'node-role.kubernetes.io/master','values':['a b']}]}]},'preferredDuringSchedulingIgnoredDuringExecution':"
		 "[{'preference':{'matchExpressions':[{'key':'x','values':['a','a b']},{'key':'app.kubernetes.io/created-by'}]}}]}}",
		 "spec.template.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[1]"
		 ".matchExpressions[0].key: node-role.kubernetes.io/master is use \"node-role.kubernetes.io/control-plane\" instead\n"
		 "spec.template.spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference"
		 ".matchExpressions[0].values[1]: a b is invalid, a valid label must be an empty string or consist of alphanumeric "
		 "characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or "
		 "'12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')\n"
		 "spec.template.spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference"
		 ".matchExpressions[1].key: app.kubernetes.io/created-by is deprecated since v1.9\n"},
		{"", "",
		 "'topologySpreadConstraints':[{'topologyKey':'x','labelSelector':{}},{'topologyKey':'failure-domain.beta.kubernetes.io/zone'}]",
		 "spec.topologySpreadConstraints[1].topologyKey: failure-domain.beta.kubernetes.io/zone is deprecated since v1.17; use "
		 "\"topology.kubernetes.io/zone\" instead\nspec.topologySpreadConstraints[1].labelSelector: " NONE},
		{"", "",
		 "'affinity':{'podAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':[{'labelSelector':{}},{}]},"
		 "'podAntiAffinity':{'preferredDuringSchedulingIgnoredDuringExecution':[{'podAffinityTerm':{}}]}}",
		 "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[1].labelSelector: " NONE
		 "spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm.labelSelector: " NONE},
		{"", "", "'dnsConfig':{'nameservers':['1.1.1.1','01.1.1.1']},'hostAliases':[{'ip':'A::1'}]",
		 "spec.dnsConfig.nameservers[1]: non-standard IP address \"01.1.1.1\" will be considered invalid in a future Kubernetes "
		 "release: use \"1.1.1.1\"\nspec.hostAliases[0].ip: IPv6 address \"A::1\" should be in RFC 5952 canonical format (\"a::1\")\n"},
		{"", "", "'terminationGracePeriodSeconds':-1",
		 "spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1\n"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		autobuf struct buf got = BUF_INIT;
		autofree char *text = mem_printf("{'metadata':{'annotations':{%s}},'spec':{%s}}",
						 rows[i].annotations, rows[i].spec);
		for (char *p = text; *p; p++)
			if (*p == '\'')
				*p = '"';
		autojson js *o = js_parse(text, strlen(text), NULL, &err);
		const struct strategy_ctx ctx = {.warn = add, .warn_arg = &got};
		assert_non_null(o);
		podspec_warn(&ctx, js_obj(o, "metadata", NULL), js_obj(o, "spec", NULL), rows[i].base);
		if (strcmp(buf_str(&got), rows[i].want))
			fail_msg("%s: %s", text, buf_str(&got));
	}
}

/* Thousands of files cost no more than sorting them, and a client is told of some. */
static void many_paths(void **state)
{
	autobuf struct buf text = BUF_INIT, got = BUF_INIT;
	struct err err = ERR_INIT;
	size_t lines = 0;

	buf_adds(&text, "{\"volumes\":[{\"name\":\"v\",\"configMap\":{\"items\":[{\"path\":\"a\"}");
	for (unsigned i = 0; i < 50000; i++)
		buf_addf(&text, ",{\"path\":\"a/%u\"}", i);
	buf_adds(&text, "]}}]}");
	autojson js *spec = js_parse(buf_str(&text), text.len, NULL, &err);
	const struct strategy_ctx ctx = {.warn = add, .warn_arg = &got};
	podspec_warn(&ctx, NULL, spec, "");
	for (const char *p = buf_str(&got); (p = strchr(p, '\n')); p++)
		lines++;
	assert_int_equal(lines, 256);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(warnings), cmocka_unit_test(many_paths)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
