/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with an object, cause by cause, in upstream's words: the rules that only one kind has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include "kinds/kinds.h"
#include "kinds/strategy.h"
#include "object/json_test.h"

#define INVALID " FieldValueInvalid Invalid value: "
#define REQUIRED " FieldValueRequired Required value\n"
#define FORBIDDEN " FieldValueForbidden Forbidden: "
#define IP_TEXT "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)\n"
#define CIDR_TEXT "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)\n"
#define QUALIFIED                                                                                            \
	"name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')\n"

static struct schema *schema;

static int setup(void **state)
{
	struct err err = ERR_INIT;
	schema = kinds_load(NULL, &err);
	return schema ? 0 : -1;
}

static int teardown(void **state)
{
	schema_free(schema);
	return 0;
}

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
		 NULL, "reportingController" INVALID "\"a b\": " QUALIFIED},
		{"events.k8s.io/Event", JSON("{" ABOUT FULL "}"), NULL, ""},
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
		 "spec.podCIDRs[0]" INVALID "\"x\": " CIDR_TEXT "spec.podCIDRs" INVALID
		 "[\"x\",\"10.0.0.0/8\"]: may specify no more than one CIDR for each IP family\n"},
		{"Node", JSON("{'spec':{'podCIDRs':['10.0.0.0/8','2001:db8::/64']}}"), NULL, ""},
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

/* What becomes of an object before it is judged. */
static void prepared(void **state)
{
	const struct row rows[] = {
		{"ServiceAccount",
		 JSON("{'secrets':[{'kind':'Secret','namespace':'n','name':'a','uid':'u'},{}]}"), NULL,
		 JSON("{'metadata':{},'secrets':[{'name':'a'},{}]}")},
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
		assert_string_equal(buf_str(&got), rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(secrets), cmocka_unit_test(endpoints),	 cmocka_unit_test(events),
		cmocka_unit_test(nodes),   cmocka_unit_test(namespaces), cmocka_unit_test(prepared),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
