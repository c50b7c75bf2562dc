/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with an object, cause by cause, in upstream's words: the rules that only one kind has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include "base/base64.h"
#include "kinds/kinds_test.h"
#include "kinds/strategy.h"
#include "object/json_test.h"

#define INVALID " FieldValueInvalid Invalid value: "
#define REQUIRED " FieldValueRequired Required value\n"
#define FORBIDDEN " FieldValueForbidden Forbidden: "
#define IP_TEXT "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)\n"
#define CIDR_TEXT "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)\n"
#define QUALIFIED                                                                                            \
	"name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')\n"

/* `group/Kind`, "Kind" of the core group, with /subresource behind a colon */
struct row {
	const char *kind, *object, *old, *want; /* old: NULL on create. want: `FIELD REASON MESSAGE` lines */
};

static const struct kind *kind_of(const char *text, const char **subresource)
{
	char group[64] = "", name[64];
	const char *slash = strchr(text, '/'), *colon = strchr(text, ':');

	*subresource = colon ? colon + 1 : "";
	if (slash)
		snprintf(group, sizeof(group), "%.*s", (int)(slash - text), text);
	text = slash ? slash + 1 : text;
	snprintf(name, sizeof(name), "%.*s", (int)(colon ? colon - text : (long)strlen(text)), text);
	return schema_kind(schema, group, "v1", name);
}

static js *decode(const struct kind *k, const char *text)
{
	struct err err = ERR_INIT;
	autojson js *in = js_parse(text, strlen(text), NULL, &err);
	autojson js *o = in ? schema_decode(k->type, in, NULL, &err) : NULL;
	if (!o)
		fail_msg("%s: %s", text, err.msg);
	return k->storage_kind == k ? STEAL(o) : schema_convert(k, k->storage_kind, o);
}

/* The object as it would be stored, and in *out what is wrong with it. */
static js *judge(const struct row *r, struct buf *out)
{
	const char *subresource;
	const struct kind *k = kind_of(r->kind, &subresource);
	const struct strategy *s = strategy_find(k->storage_kind);
	const struct strategy_ctx ctx = {.subresource = subresource, .kind = k};
	struct field_errors errs = {.n = 0};
	js *o = decode(k, r->object);
	autojson js *was = r->old ? decode(k, r->old) : NULL;

	if (s->default_more)
		s->default_more(o);
	if (s->prepare)
		s->prepare(&ctx, o, was);
	schema_validate(k->storage_kind->type, o, "", &errs);
	if (was)
		schema_validate_update(k->storage_kind->type, was, o, "", &errs);
	if (s->validate)
		s->validate(&ctx, o, was, &errs);
	for (size_t i = 0; i < field_errors_kept(&errs); i++)
		buf_addf(out, "%s %s %s\n", errs.v[i].field, errs.v[i].reason, errs.v[i].message);
	field_errors_release(&errs);
	return o;
}

static void check(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		autobuf struct buf got = BUF_INIT;
		js_autoput(&(js *){judge(&rows[i], &got)});
		if (strcmp(buf_str(&got), rows[i].want))
			fail_msg("%s %s:\n%s", rows[i].kind, rows[i].object, buf_str(&got));
	}
}
#define CHECK(rows) check(rows, ARRAY_LEN(rows))

static void secrets(void **state)
{
#define REDACTED "\"<secret contents redacted>\": "
	const struct row rows[] = {
		{"Secret", JSON("{'type':'kubernetes.io/dockercfg'}"), NULL, "data[.dockercfg]" REQUIRED},
		{"Secret", JSON("{'type':'kubernetes.io/dockercfg','data':{'.dockercfg':'eHl6'}}"), NULL,
		 "data[.dockercfg]" INVALID REDACTED
		 "invalid character 'x' looking for beginning of value\n"},
		{"Secret",
		 JSON("{'type':'kubernetes.io/dockerconfigjson','stringData':{'.dockerconfigjson':'[]'}}"),
		 NULL,
		 "data[.dockerconfigjson]" INVALID REDACTED
		 "json: cannot unmarshal array into Go value of type map[string]interface {}\n"},
		{"Secret", JSON("{'type':'kubernetes.io/dockerconfigjson','data':{'.dockerconfigjson':''}}"),
		 NULL, "data[.dockerconfigjson]" INVALID REDACTED "unexpected end of JSON input\n"},
		{"Secret",
		 JSON("{'type':'kubernetes.io/dockerconfigjson','stringData':{'.dockerconfigjson':' null '}}"),
		 NULL, ""},
		{"Secret", JSON("{'type':'kubernetes.io/ssh-auth','data':{'ssh-privatekey':''}}"), NULL,
		 "data[ssh-privatekey]" REQUIRED},
		{"Secret", JSON("{'type':'kubernetes.io/tls','data':{'tls.crt':''}}"), NULL,
		 "data[tls.key]" REQUIRED},
		{"Secret", JSON("{'type':'kubernetes.io/basic-auth'}"), NULL,
		 "data[username]" REQUIRED "data[password]" REQUIRED},
		{"Secret", JSON("{'data':{'..a ':''}}"), NULL,
		 "data[..a ]" INVALID
		 "\"..a \": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')\n"
		 "data[..a ]" INVALID "\"..a \": must not start with '..'\n"},
		{"Secret", JSON("{'type':'a'}"), JSON("{'type':'b'}"),
		 "type" INVALID "\"a\": field is immutable\n"},
	};
	CHECK(rows);
}

/* The limit is on the bytes, not on how they are written. */
static void sizes(void **state)
{
	static const struct {
		const char *kind, *field, *want;
		size_t bytes;
	} rows[] = {
		{"Secret", "data", "", 1 << 20},
		{"Secret", "data", "data FieldValueTooLong Too long: may not be more than 1048576 bytes\n",
		 (1 << 20) + 1},
		{"ConfigMap", "binaryData", "", 1 << 20},
		{"ConfigMap", "binaryData",
		 "[] FieldValueTooLong Too long: may not be more than 1048576 bytes\n", (1 << 20) + 1},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autobuf struct buf bytes = BUF_INIT, text = BUF_INIT, got = BUF_INIT;
		for (size_t n = 0; n < rows[i].bytes; n++)
			buf_addc(&bytes, 'x');
		buf_addf(&text, "{\"%s\":{\"k\":\"", rows[i].field);
		base64_encode(&text, bytes.p, bytes.len);
		buf_adds(&text, "\"}}");
		js_autoput(&(js *){judge(&(struct row){rows[i].kind, buf_str(&text), NULL, NULL}, &got)});
		assert_string_equal(buf_str(&got), rows[i].want);
	}
}

static void endpoints(void **state)
{
#define ADDRESS(ip) JSON("{'subsets':[{'addresses':[{'ip':'" ip "'}]}]}")
#define AT "subsets[0].addresses[0].ip" INVALID
	const struct row rows[] = {
		{"Endpoints", ADDRESS("10.1.2.3"), NULL, ""},
		{"Endpoints", ADDRESS(""), NULL, AT "\"\": " IP_TEXT AT "\"\": must be a valid IP address\n"},
		{"Endpoints", ADDRESS("0.0.0.0"), NULL, AT "\"0.0.0.0\": may not be unspecified (0.0.0.0)\n"},
		{"Endpoints", ADDRESS("::"), NULL, AT "\"::\": may not be unspecified (::)\n"},
		{"Endpoints", ADDRESS("127.0.0.9"), NULL,
		 AT "\"127.0.0.9\": may not be in the loopback range (127.0.0.0/8, ::1/128)\n"},
		{"Endpoints", ADDRESS("fe80::1"), NULL,
		 AT "\"fe80::1\": may not be in the link-local range (169.254.0.0/16, fe80::/10)\n"},
		{"Endpoints", ADDRESS("224.0.0.1"), NULL,
		 AT
		 "\"224.0.0.1\": may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)\n"},
		{"Endpoints", JSON("{'subsets':[{}]}"), NULL,
		 "subsets[0] FieldValueRequired Required value: must specify `addresses` or `notReadyAddresses`\n"},
	};
	CHECK(rows);
}

static void events(void **state)
{
#define ABOUT "'metadata':{'name':'e','namespace':'n'},'regarding':{'namespace':'n'},"
#define FULL                                                                                                 \
	"'reportingController':'c','reportingInstance':'i','action':'a','reason':'r','type':'Normal',"       \
	"'eventTime':'2026-01-02T15:04:05.000000Z'"
	const struct row rows[] = {
		{"Event",
		 JSON("{'metadata':{'namespace':'n'},'involvedObject':{'namespace':'n'},'reason':'','type':'odd'}"),
		 NULL, ""},
		{"Event", JSON("{'metadata':{'namespace':'n'},'involvedObject':{'namespace':'m'}}"), NULL,
		 "involvedObject.namespace" INVALID "\"m\": does not match event.namespace\n"},
		{"Event",
		 JSON("{'metadata':{'namespace':'n'},'involvedObject':{'namespace':'n'},'eventTime':'2026-01-02T15:04:05.000000Z',"
		      "'reportingComponent':'a b','reportingInstance':'i','action':'x','reason':'r'}"),
		 NULL, "reportingComponent" INVALID "\"a b\": " QUALIFIED},
		{"events.k8s.io/Event", JSON("{" ABOUT FULL "}"), NULL, ""},
		{"events.k8s.io/Event",
		 JSON("{'metadata':{'namespace':'default','generateName':'a.b-'},'regarding':{'namespace':'default'}," FULL
		      "}"),
		 NULL, ""},
		{"events.k8s.io/Event",
		 JSON("{'metadata':{'namespace':'default','generateName':'-'},'regarding':{'namespace':'default'}," FULL
		      "}"),
		 NULL,
		 "metadata.generateName" INVALID "\"-\": "
		 "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')\n"},
		{"events.k8s.io/Event",
		 JSON("{" ABOUT "'type':'odd','deprecatedCount':1,'deprecatedSource':{'host':'h'},"
		      "'deprecatedFirstTimestamp':'2026-01-02T15:04:05Z','series':{'count':1}}"),
		 NULL,
		 "series.count" INVALID "\"\": should be at least 2\n"
		 "series.lastObservedTime" REQUIRED "eventTime" REQUIRED "type" INVALID
		 "\"\": has invalid value: odd\n"
		 "firstTimestamp" INVALID "\"\": needs to be unset\n"
		 "count" INVALID "\"\": needs to be unset\n"
		 "source" INVALID "\"\": needs to be unset\n"},
		{"events.k8s.io/Event",
		 JSON("{" ABOUT "'eventTime':'2026-01-02T15:04:05.000000Z','type':'Warning'}"), NULL,
		 "reportingController" REQUIRED "reportingController" INVALID
		 "\"\": name part must be non-empty\n"
		 "reportingController" INVALID "\"\": " QUALIFIED "reportingInstance" REQUIRED
		 "action" REQUIRED "reason" REQUIRED},
		{"events.k8s.io/Event", JSON("{" ABOUT FULL ",'note':'x','related':{'name':'o'}}"),
		 JSON("{" ABOUT FULL ",'note':'y'}"),
		 "message" INVALID "\"x\": field is immutable\n"
		 "related" INVALID "{\"name\":\"o\"}: field is immutable\n"},
		{"events.k8s.io/Event",
		 JSON("{" ABOUT FULL
		      ",'series':{'count':2,'lastObservedTime':'2026-01-02T15:04:05.000000Z'}}"),
		 JSON("{" ABOUT FULL "}"), ""},
	};
	CHECK(rows);
}

static void nodes(void **state)
{
	const struct row rows[] = {
		{"Node",
		 JSON("{'status':{'capacity':{'cpu':'-1','pods':'1500m','memory':'1500m','a.b/c':'0.5'}}}"),
		 NULL,
		 "status.capacity.cpu" INVALID "\"-1\": must be greater than or equal to 0\n"
		 "status.capacity.pods" INVALID "\"1500m\": must be an integer\n"
		 "status.capacity.a.b/c" INVALID "\"500m\": must be an integer\n"
		 "status.allocatable.cpu" INVALID "\"-1\": must be greater than or equal to 0\n"
		 "status.allocatable.pods" INVALID "\"1500m\": must be an integer\n"
		 "status.allocatable.a.b/c" INVALID "\"500m\": must be an integer\n"},
		{"Node:status",
		 JSON("{'status':{'allocatable':{'cpu':'-1'},'addresses':[{'type':'a','address':'b'},{'type':'a',"
		      "'address':'b'}]}}"),
		 "{}",
		 "status.allocatable.cpu" INVALID "\"-1\": must be greater than or equal to 0\n"
		 "status.addresses[1] FieldValueDuplicate Duplicate value: {\"Type\":\"a\",\"Address\":\"b\"}\n"},
		{"Node", JSON("{'spec':{'taints':[{'key':'a b','effect':''},{'key':'k','effect':'No'}]}}"),
		 NULL,
		 "metadata.taints[0].key" INVALID "\"a b\": " QUALIFIED "metadata.taints[0].effect" REQUIRED
		 "metadata.taints[1].effect FieldValueNotSupported Unsupported value: \"No\": supported values: \"NoSchedule\", \"PreferNoSchedule\", \"NoExecute\"\n"},
		{"Node",
		 JSON("{'spec':{'taints':[{'key':'k','effect':'NoExecute'},{'key':'k','value':'v','effect':'NoExecute'}]}}"),
		 NULL,
		 "metadata.taints[1] FieldValueDuplicate Duplicate value: {\"Key\":\"k\",\"Value\":\"v\",\"Effect\":\"NoExecute\",\"TimeAdded\":null}: taints must be unique by key and effect pair\n"},
		{"Node", JSON("{'spec':{'podCIDRs':['x','10.0.0.0/8']}}"), NULL,
		 "spec.podCIDRs[0]" INVALID "\"x\": " CIDR_TEXT
		 "spec.podCIDRs InternalError Internal error: invalid PodCIDRs. failed to check with dual stack with error:invalid CIDR[0]: <nil> (invalid CIDR address: x)\n"
		 "spec.podCIDRs" INVALID
		 "[\"x\",\"10.0.0.0/8\"]: may specify no more than one CIDR for each IP family\n"},
		{"Node", JSON("{'spec':{'podCIDRs':['10.0.0.0/8','2001:db8::/64']}}"), NULL, ""},
		{"Node", JSON("{'spec':{'podCIDRs':['10.0.0.0/8','10.0.0.0/8']}}"), NULL,
		 "spec.podCIDRs" INVALID
		 "[\"10.0.0.0/8\",\"10.0.0.0/8\"]: may specify no more than one CIDR for each IP family\n"},
		{"Node", JSON("{'spec':{'podCIDR':'A_ b!','podCIDRs':['10.0.0.0/8']}}"), NULL,
		 "spec.podCIDRs[0]" INVALID "\"A_ b!\": " CIDR_TEXT},
		{"Node", JSON("{'spec':{'externalID':'a','providerID':'b','podCIDR':'10.0.0.0/8'}}"),
		 JSON("{'spec':{'providerID':'c','podCIDR':'10.1.0.0/16','podCIDRs':['10.1.0.0/16']}}"),
		 "spec.podCIDRs" FORBIDDEN "node updates may not change podCIDR except from \"\" to valid\n"
		 "spec.providerID" FORBIDDEN
		 "node updates may not change providerID except from \"\" to valid\n"
		 "spec.externalID" FORBIDDEN "may not be updated\n"},
		{"Node",
		 JSON("{'metadata':{'annotations':{'scheduler.alpha.kubernetes.io/preferAvoidPods':'xy'}}}"),
		 NULL,
		 "metadata.annotations.AvoidPods" INVALID
		 "\"scheduler.alpha.kubernetes.io/preferAvoidPods\": invalid character 'x' looking for beginning of value\n"},
		{"Node",
		 "{\"metadata\":{\"annotations\":{\"scheduler.alpha.kubernetes.io/preferAvoidPods\":\"{\\\"preferAvoidPods\\\":[{}]}\"}}}",
		 NULL,
		 "metadata.annotations.scheduler.alpha.kubernetes.io/preferAvoidPods[0].PodSignature" REQUIRED},
	};
	CHECK(rows);
}

static void namespaces(void **state)
{
#define STANDARD "\"a b\": name is neither a standard finalizer name nor is it fully qualified\n"
	const struct row rows[] = {
		{"Namespace",
		 JSON("{'metadata':{'name':'x'},'spec':{'finalizers':['a b','a.b/c','orphan']}}"), NULL,
		 "spec.finalizers" INVALID "\"a b\": " QUALIFIED "spec.finalizers" INVALID STANDARD},
		{"Namespace:finalize",
		 JSON("{'metadata':{'name':'x'},'spec':{'finalizers':['kubernetes','a b']}}"), "{}",
		 "spec.finalizers[1]" INVALID "\"a b\": " QUALIFIED "spec.finalizers[1]" INVALID STANDARD},
		{"Namespace:status", JSON("{'metadata':{'name':'x'},'status':{'phase':'Terminating'}}"), "{}",
		 "status.Phase" INVALID
		 "\"Terminating\": may only be 'Active' if `deletionTimestamp` is empty\n"},
	};
	CHECK(rows);
}

static void services(void **state)
{
#define PORTS "'ports':[{'port':80}]"
#define BALANCED "'type':'LoadBalancer'," PORTS
	const struct row rows[] = {
		{"Service", JSON("{'spec':{" PORTS "}}"), NULL, ""},
		{"Service",
		 JSON("{'spec':{" PORTS
		      ",'sessionAffinity':'None','sessionAffinityConfig':{'clientIP':{}}}}"),
		 NULL, ""},
		{"Service", JSON("{'spec':{" PORTS ",'externalIPs':['x','0.0.0.0','127.0.0.1','10.1.2.3']}}"),
		 NULL,
		 "spec.externalIPs[0]" INVALID "\"x\": " IP_TEXT "spec.externalIPs[1]" INVALID
		 "\"0.0.0.0\": may not be unspecified (0.0.0.0)\n"
		 "spec.externalIPs[2]" INVALID
		 "\"127.0.0.1\": may not be in the loopback range (127.0.0.0/8, ::1/128)\n"},
		{"Service", JSON("{'spec':{" BALANCED ",'loadBalancerSourceRanges':['x',' 10.0.0.0/8 ']}}"),
		 NULL, "spec.LoadBalancerSourceRanges[0]" INVALID "\"x\": " CIDR_TEXT},
		{"Service", JSON("{'spec':{" PORTS ",'loadBalancerSourceRanges':['10.0.0.0/8']}}"), NULL,
		 "spec.LoadBalancerSourceRanges" FORBIDDEN
		 "may only be used when `type` is 'LoadBalancer'\n"},
		{"Service",
		 JSON("{'metadata':{'annotations':{'service.beta.kubernetes.io/load-balancer-source-ranges':'10.0.0.0/8, y'}},"
		      "'spec':{" BALANCED "}}"),
		 NULL,
		 "metadata.annotations[service.beta.kubernetes.io/load-balancer-source-ranges]" INVALID
		 "\"y\": " CIDR_TEXT},
		{"Service", JSON("{'spec':{'type':'LoadBalancer','ports':[{'port':10250}]}}"), NULL, ""},
		{"Service", JSON("{'spec':{" BALANCED ",'loadBalancerClass':'a b'}}"), NULL,
		 "spec.loadBalancerClass" INVALID "\"a b\": " QUALIFIED},
		{"Service",
		 JSON("{'spec':{'type':'NodePort','ports':[{'name':'a','port':80,'nodePort':30001},{'name':'b','port':81,"
		      "'nodePort':30001}]}}"),
		 NULL, "spec.ports[1].nodePort FieldValueDuplicate Duplicate value: 30001\n"},
		{"Service", JSON("{'spec':{" PORTS ",'clusterIP':'x'}}"), NULL,
		 "spec.clusterIPs[0]" INVALID "\"x\": " IP_TEXT},
		{"Service", JSON("{'spec':{" PORTS ",'clusterIPs':['10.0.0.1','10.0.0.2','10.0.0.3']}}"),
		 NULL,
		 "spec.clusterIPs" INVALID
		 "[\"10.0.0.1\",\"10.0.0.2\",\"10.0.0.3\"]: may only hold up to 2 values\n"
		 "spec.clusterIPs" INVALID
		 "[\"10.0.0.1\",\"10.0.0.2\",\"10.0.0.3\"]: may specify no more than one IP for each IP family\n"},
		{"Service",
		 JSON("{'spec':{" PORTS
		      ",'ipFamilies':['IPv6','IPv6'],'ipFamilyPolicy':'RequireDualStack'}}"),
		 NULL,
		 "spec.ipFamilies[0]" INVALID "\"IPv6\": not configured on this cluster\n"
		 "spec.ipFamilies[1] FieldValueDuplicate Duplicate value: \"IPv6\"\n"
		 "spec.ipFamilyPolicy" INVALID
		 "\"RequireDualStack\": this cluster is not configured for dual-stack services\n"},
		{"Service", JSON("{'spec':{'type':'NodePort','clusterIP':'None'," PORTS "}}"), NULL,
		 "spec.clusterIPs[0]" INVALID "\"None\": may not be set to 'None' for NodePort services\n"},
		{"Service",
		 JSON("{'metadata':{'annotations':{'service.kubernetes.io/topology-aware-hints':'a',"
		      "'service.kubernetes.io/topology-mode':'b'}},'spec':{" PORTS "}}"),
		 NULL,
		 "metadata.annotations[service.kubernetes.io/topology-mode]" INVALID
		 "\"b\": must match annotations[service.kubernetes.io/topology-aware-hints] when both are specified\n"},
		/* updates */
		{"Service", JSON("{'spec':{'clusterIP':'10.0.0.2','clusterIPs':['10.0.0.2']," PORTS "}}"),
		 JSON("{'spec':{'clusterIP':'10.0.0.1','clusterIPs':['10.0.0.1']," PORTS "}}"),
		 "spec.clusterIPs[0]" INVALID "[\"10.0.0.2\"]: may not change once set\n"},
		{"Service", JSON("{'spec':{" BALANCED "}}"),
		 JSON("{'spec':{" BALANCED ",'loadBalancerClass':'a'}}"),
		 "spec.loadBalancerClass" INVALID "null: may not change once set\n"},
		{"Service",
		 JSON("{'spec':{" BALANCED ",'externalTrafficPolicy':'Local','healthCheckNodePort':30001}}"),
		 JSON("{'spec':{" BALANCED ",'externalTrafficPolicy':'Local','healthCheckNodePort':30002}}"),
		 "spec.healthCheckNodePort" FORBIDDEN "field is immutable\n"},
		/* status */
		{"Service:status",
		 JSON("{'spec':{" BALANCED
		      "},'status':{'loadBalancer':{'ingress':[{'ip':'x'},{'hostname':'A'},"
		      "{'hostname':'1.2.3.4'},{'ipMode':'VIP'}]}}}"),
		 "{}",
		 "status.loadBalancer.ingress[0].ip" INVALID "\"x\": " IP_TEXT
		 "status.loadBalancer.ingress[1].hostname" INVALID
		 "\"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')\n"
		 "status.loadBalancer.ingress[2].hostname" INVALID
		 "\"1.2.3.4\": must be a DNS name, not an IP address\n"
		 "status.loadBalancer.ingress[3].ipMode" FORBIDDEN
		 "may not be specified when `ip` is not set\n"},
		{"Service:status",
		 JSON("{'spec':{" PORTS "},'status':{'loadBalancer':{'ingress':[{'ip':'x'}]}}}"), "{}",
		 "status.loadBalancer.ingress" FORBIDDEN
		 "may only be used when `spec.type` is 'LoadBalancer'\n"},
	};
	CHECK(rows);
}

static void workloads(void **state)
{
#define TEMPLATE                                                                                             \
	"'template':{'metadata':{'labels':{'a':'b'}},'spec':{'containers':[{'name':'c','image':'i',"         \
	"'terminationMessagePolicy':'File','imagePullPolicy':'Always'}]}}"
#define SELECTS "'selector':{'matchLabels':{'a':'b'}},"
	const struct row rows[] = {
		{"apps/Deployment", JSON("{'spec':{" SELECTS TEMPLATE "}}"), NULL, ""},
		{"apps/Deployment",
		 JSON("{'spec':{'selector':{'matchExpressions':[{'key':'a','operator':'x'}]},'template':{'spec':{}}}}"),
		 NULL,
		 "spec.selector.matchExpressions[0].operator" INVALID "\"x\": not a valid selector operator\n"
		 "spec.selector" INVALID
		 "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"x\"}]}: invalid label selector\n"},
		{"apps/ReplicaSet",
		 JSON("{'spec':{'selector':{'matchExpressions':[{'key':'a','operator':'In'}]}," TEMPLATE
		      "}}"),
		 NULL,
		 "spec.selector.matchExpressions[0].values FieldValueRequired Required value: must be specified when `operator` is 'In' or 'NotIn'\n"
		 "spec.selector" INVALID
		 "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\"}]}: invalid label selector\n"},
		{"apps/Deployment", JSON("{'spec':{" SELECTS "'strategy':{'type':'x'}," TEMPLATE "}}"), NULL,
		 "spec.strategy FieldValueNotSupported Unsupported value: {\"Type\":\"x\",\"RollingUpdate\":null}: supported values: \"Recreate\", \"RollingUpdate\"\n"},
		{"apps/Deployment",
		 JSON("{'spec':{" SELECTS "'strategy':{'type':'x','rollingUpdate':{'maxSurge':1}}," TEMPLATE
		      "}}"),
		 NULL,
		 "spec.strategy FieldValueNotSupported Unsupported value: {\"Type\":\"x\",\"RollingUpdate\":{\"MaxUnavailable\":\"25%\",\"MaxSurge\":1}}: supported values: \"Recreate\", \"RollingUpdate\"\n"},
		{"apps/Deployment:status", JSON("{'spec':{" SELECTS TEMPLATE "},'status':{'replicas':-1}}"),
		 JSON("{'spec':{" SELECTS TEMPLATE "}}"),
		 "status.replicas" INVALID "-1: must be greater than or equal to 0\n"
		 "status.updatedReplicas" INVALID "0: cannot be greater than status.replicas\n"
		 "status.readyReplicas" INVALID "0: cannot be greater than status.replicas\n"
		 "status.availableReplicas" INVALID "0: cannot be greater than status.replicas\n"},
	};
	CHECK(rows);
}

/* What becomes of an object before it is judged. */
static void prepared(void **state)
{
	const struct row rows[] = {
		{"ServiceAccount",
		 JSON("{'secrets':[{'kind':'Secret','namespace':'n','name':'a','uid':'u'},{}]}"), NULL,
		 JSON("{'metadata':{},'secrets':[{'name':'a'},{}]}")},
		{"Service",
		 JSON("{'spec':{'ports':[{'port':80}],'externalIPs':['1.2.3.4'],'sessionAffinityConfig':{'clientIP':{}}}}"),
		 NULL,
		 JSON("{'metadata':{},'spec':{'ports':[{'protocol':'TCP','port':80,'targetPort':80}],'type':'ClusterIP','externalIPs':["
		      "'1.2.3.4'],'sessionAffinity':'None','externalTrafficPolicy':'Cluster','ipFamilies':['IPv4'],'ipFamilyPolicy':"
		      "'SingleStack','internalTrafficPolicy':'Cluster'},'status':{'loadBalancer':{}}}")},
		{"Service:status",
		 JSON("{'spec':{'type':'LoadBalancer'},'status':{'loadBalancer':{'ingress':[{'ip':'1.2.3.4'}]}}}"),
		 "{}", NULL},
		{"Node", JSON("{'spec':{'podCIDR':'10.1.0.0/24','podCIDRs':['10.2.0.0/24','10.3.0.0/24']}}"),
		 NULL,
		 JSON("{'metadata':{},'spec':{'podCIDR':'10.1.0.0/24','podCIDRs':['10.1.0.0/24']},'status':{'daemonEndpoints':{"
		      "'kubeletEndpoint':{'Port':0}},'nodeInfo':{'machineID':'','systemUUID':'','bootID':'','kernelVersion':"
		      "'','osImage':'','containerRuntimeVersion':'','kubeletVersion':'','kubeProxyVersion':'','operatingSystem'"
		      ":'','architecture':''}}}")},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autobuf struct buf errs = BUF_INIT, got = BUF_INIT;
		const char *subresource;
		autojson js *o = judge(&rows[i], &errs);
		schema_write(&got, kind_of(rows[i].kind, &subresource)->type, o);
		if (rows[i].want)
			assert_string_equal(buf_str(&got), rows[i].want);
		else
			assert_non_null(strstr(buf_str(&got), "\"ipMode\":\"VIP\""));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(secrets),  cmocka_unit_test(sizes),	 cmocka_unit_test(endpoints),
		cmocka_unit_test(events),   cmocka_unit_test(nodes),	 cmocka_unit_test(namespaces),
		cmocka_unit_test(services), cmocka_unit_test(workloads), cmocka_unit_test(prepared),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
