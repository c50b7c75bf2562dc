/* SPDX-License-Identifier: Apache-2.0 */
/* What the kinds of resource.k8s.io are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "kinds/causes_test.h"

#define KIND(kind, text) "resource.k8s.io", kind, JSON(text)
#define CLAIM(text) KIND("ResourceClaim", "{'spec':{'devices':{" text "}}}")
#define REQUEST(text) CLAIM("'requests':[{'name':'r'" text "}]")
#define EXACTLY(text) REQUEST(",'exactly':{'deviceClassName':'c'" text "}")
#define AT "spec.devices.requests[0]"
#define LABEL ": a lowercase RFC 1123 label must consist …\n"
#define SUBDOMAIN ": a lowercase RFC 1123 subdomain must consist …\n"
/* a struct of which encoding/json shows nothing */
#define UNSHOWN "{\"Driver\":{},\"Pool\":{},\"Device\":{},\"ShareID\":{}}"
#define REFERENCE                                                                                            \
	": must be the name of a request in the claim or the name of a request and a subrequest separated by '/'\n"

static void test_requests(void **state)
{
	const struct causes_row rows[] = {
		{EXACTLY(""), ""},
		{EXACTLY(",'allocationMode':'All','tolerations':[{'effect':'NoExecute'},{'key':'a','operator':'Exists'}],'capacity':{'requests':{'a':'1'}}"),
		 ""},
		{REQUEST(",'firstAvailable':[{'name':'a','deviceClassName':'c','count':2}]"), ""},
		{REQUEST(""),
		 AT ": Required value: exactly one of `exactly` or `firstAvailable` is required\n"},
		{REQUEST(",'exactly':{'deviceClassName':'c'},'firstAvailable':[{'name':'a','deviceClassName':'c'}]"),
		 AT
		 ": Invalid value: null: exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set\n"},
		{CLAIM("'requests':[{'exactly':{}},{'name':'A','exactly':{'deviceClassName':'a_b'}},{'name':'A','exactly':{'deviceClassName':'c'}}]"),
		 AT ".exactly.deviceClassName: Required value\n" AT ".name: Invalid value: \"\"" LABEL
		    "spec.devices.requests[1].exactly.deviceClassName: Invalid value: \"a_b\"" SUBDOMAIN
		    "spec.devices.requests[1].name: Invalid value: \"A\"" LABEL
		    "spec.devices.requests[2].name: Duplicate value: \"A\"\n"
		    "spec.devices.requests[2].name: Invalid value: \"A\"" LABEL},
		{EXACTLY(",'allocationMode':'x'"), AT
		 ".exactly.allocationMode: Unsupported value: \"x\": supported values: \"All\", \"ExactCount\"\n"},
		{EXACTLY(",'tolerations':[{'key':'a b','operator':'x','effect':'y'},{'operator':'Exists','value':'v'},{'value':'-'}]"),
		 AT
		 ".exactly.tolerations[0].effect: Unsupported value: \"y\": supported values: \"NoExecute\", \"NoSchedule\"\n" AT
		 ".exactly.tolerations[0].key: Invalid value: \"a b\": name part must consist …\n" AT
		 ".exactly.tolerations[0].operator: Unsupported value: \"x\": supported values: \"Equal\", \"Exists\"\n" AT
		 ".exactly.tolerations[1].value: Invalid value: \"v\": must be empty for operator `Exists`\n" AT
		 ".exactly.tolerations[2].value: Invalid value: \"-\": a valid label must be an empty string or consist …\n"},
		{EXACTLY(",'count':-1"), AT ".exactly.count: Invalid value: -1: must be greater than zero\n"},
		{EXACTLY(",'allocationMode':'All','count':1"),
		 AT ".exactly.count: Invalid value: 1: must not be specified when allocationMode is 'All'\n"},
		{EXACTLY(",'selectors':[{},{'cel':{}}]"),
		 AT ".exactly.selectors[0].cel: Required value\n" AT
		    ".exactly.selectors[1].cel.expression: Required value\n"},
		{REQUEST(",'firstAvailable':[{'name':'a','deviceClassName':'c'},{'name':'a','deviceClassName':'c'},{}]"),
		 AT ".firstAvailable[1].name: Duplicate value: \"a\"\n" AT
		    ".firstAvailable[2].deviceClassName: Required value\n" AT
		    ".firstAvailable[2].name: Invalid value: \"\"" LABEL},
	};
	causes_check(rows, ARRAY_LEN(rows));
}

static void test_references(void **state)
{
#define REST(text)                                                                                           \
	CLAIM("'requests':[{'name':'r','firstAvailable':[{'name':'a','deviceClassName':'c'}]}]," text)
#define CONSTRAINT(text) REST("'constraints':[{" text "}]")
#define CONFIG(text) REST("'config':[{" text "}]")
	const struct causes_row rows[] = {
		{CONSTRAINT("'requests':['r','r/a'],'matchAttribute':'a.b/c'"), ""},
		{CONSTRAINT("'distinctAttribute':'a.b/c'"), ""},
		{CONSTRAINT("'matchAttribute':'a.b/c','distinctAttribute':'-'"), ""}, /* not looked at */
		{CONSTRAINT("'distinctAttribute':''"),
		 "spec.devices.constraints[0].distinctAttribute: Required value: name required\n"},
		{CONSTRAINT(""), "spec.devices.constraints[0].matchAttribute: Required value\n"},
		{KIND("ResourceClaimTemplate",
		      "{'spec':{'metadata':{'name':'A_','generation':-1,'labels':{'a':'b c'}},'spec':{}}}"),
		 "spec.metadata.generation: Forbidden: cannot be set\n"
		 "spec.metadata.labels: Invalid value: \"b c\": a valid label must be an empty string or consist …\n"
		 "spec.metadata.name: Forbidden: cannot be set\n"},
		{CONSTRAINT("'matchAttribute':'1a'"),
		 "spec.devices.constraints[0].matchAttribute: Invalid value: \"1a\": a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')\n"
		 "spec.devices.constraints[0].matchAttribute: Invalid value: \"1a\": must include a domain\n"},
		{CONSTRAINT("'matchAttribute':'/'"),
		 "spec.devices.constraints[0].matchAttribute: Required value: the domain must not be empty\n"
		 "spec.devices.constraints[0].matchAttribute: Required value: the name must not be empty\n"},
		{CONSTRAINT("'matchAttribute':'a_b/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'"),
		 "spec.devices.constraints[0].matchAttribute: Invalid value: \"a_b\"" SUBDOMAIN
		 "spec.devices.constraints[0].matchAttribute: Too long: may not be more than 32 bytes\n"},
		{CONSTRAINT("'requests':['r','r','x','r/b','r/a/b','R'],'matchAttribute':'a/b'"),
		 "spec.devices.constraints[0].requests[1]: Duplicate value: \"r\"\n"
		 "spec.devices.constraints[0].requests[2]: Invalid value: \"x\"" REFERENCE
		 "spec.devices.constraints[0].requests[3]: Invalid value: \"r/b\"" REFERENCE
		 "spec.devices.constraints[0].requests[4]: Invalid value: \"r/a/b\"" REFERENCE
		 "spec.devices.constraints[0].requests[5]: Invalid value: \"R\"" LABEL
		 "spec.devices.constraints[0].requests[5]: Invalid value: \"R\"" REFERENCE},
		{CONFIG("'opaque':{'driver':'d','parameters':{}}"), ""},
		{CONFIG("'requests':['x']"),
		 "spec.devices.config[0].opaque: Required value\n"
		 "spec.devices.config[0].requests[0]: Invalid value: \"x\"" REFERENCE},
		{CONFIG("'opaque':{}"), "spec.devices.config[0].opaque.driver: Invalid value: \"\"" SUBDOMAIN
					"spec.devices.config[0].opaque.driver: Required value\n"
					"spec.devices.config[0].opaque.parameters: Required value\n"},
		{CONFIG("'opaque':{'driver':'D','parameters':[]}"),
		 "spec.devices.config[0].opaque.parameters: Invalid value: \"<value omitted>\": must be a valid JSON object\n"},
	};
	causes_check(rows, ARRAY_LEN(rows));
}

static void test_sizes(void **state)
{
	static const struct {
		const char *kind, *lead, *item, *tail, *want;
		size_t n;
	} rows[] = {
		{"ResourceClaim", "{'spec':{'devices':{'requests':[",
		 "{'name':'r#','exactly':{'deviceClassName':'c'}}", "]}}}",
		 "spec.devices.requests: Too many: 33: must have at most 32 items\n", 33},
		{"ResourceClaim", "{'spec':{'devices':{'requests':[{'name':'r','firstAvailable':[",
		 "{'name':'a#','deviceClassName':'c'}", "]}]}}}",
		 "spec.devices.requests[0].firstAvailable: Too many: 9: must have at most 8 items\n", 9},
		{"ResourceClaimTemplate", "{'spec':{'spec':{'devices':{'constraints':[",
		 "{'matchAttribute':'a/b'}", "]}}}}",
		 "spec.spec.devices.constraints: Too many: 33: must have at most 32 items\n", 33},
		{"DeviceClass", "{'spec':{'selectors':[", "{'cel':{'expression':'true'}}", "]}}",
		 "spec.selectors: Too many: 33: must have at most 32 items\n", 33},
		{"DeviceClass", "{'spec':{'config':[", "{'opaque':{'driver':'d','parameters':{}}}", "]}}",
		 "spec.config: Too many: 33: must have at most 32 items\n", 33},
		{"DeviceClass", "{'spec':{'selectors':[{'cel':{'expression':'true", ",", "'}}]}}",
		 "spec.selectors[0].cel.expression: Too long: may not be more than 10240 bytes\n", 10240},
		{"DeviceClass", "{'spec':{'config':[{'opaque':{'driver':'d','parameters':{'a':'", "x",
		 "'}}}]}}", "spec.config[0].opaque.parameters: Too long: may not be more than 10240 bytes\n",
		 10240},
		{"ResourceSlice",
		 "{'spec':{'allNodes':true,'driver':'d','pool':{'name':'p','resourceSliceCount':1},'devices':[",
		 "{'name':'d#'}", "]}}", "spec.devices: Too many: 129: must have at most 128 items\n", 129},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autobuf struct buf text = BUF_INIT;
		buf_adds(&text, rows[i].lead);
		for (size_t n = 0; n < rows[i].n; n++) {
			size_t lead = strcspn(rows[i].item, "#");
			buf_addf(&text, "%s%.*s", n && *rows[i].item == '{' ? "," : "", (int)lead,
				 rows[i].item);
			if (rows[i].item[lead]) /* its number */
				buf_addf(&text, "%zu%s", n, rows[i].item + lead + 1);
		}
		buf_adds(&text, rows[i].tail);
		const struct causes_row row = {"resource.k8s.io", rows[i].kind, JSON(buf_str(&text)),
					       rows[i].want};
		causes_check(&row, 1);
	}
}

#define SLICE(text)                                                                                          \
	KIND("ResourceSlice", "{'spec':{'driver':'d','pool':{'name':'p','resourceSliceCount':1}" text "}}")
#define PLACES "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required"
static void test_slices(void **state)
{
#define DEVICE(text) SLICE(",'allNodes':true,'devices':[{'name':'d'" text "}]")
	const struct causes_row rows[] = {
		{SLICE(",'nodeName':'n'"), ""},
		{SLICE(",'nodeSelector':{'nodeSelectorTerms':[{'matchExpressions':[{'key':'a','operator':'Exists'}]}]}"),
		 ""},
		{SLICE(""), "spec: Required value: " PLACES "\n"},
		{SLICE(",'perDeviceNodeSelection':true"), "spec: Required value: " PLACES "\n"},
		{SLICE(",'nodeName':'n','allNodes':true"),
		 "spec: Invalid value: \"{`nodeName`, `allNodes`}\": " PLACES
		 ", but multiple fields are set\n"},
		{SLICE(",'nodeName':'','allNodes':false"),
		 "spec.allNodes: Invalid value: false: must be either unset or set to true\n"
		 "spec.nodeName: Invalid value: \"\": must be either unset or set to a non-empty string\n"
		 "spec: Required value: " PLACES "\n"},
		{SLICE(",'nodeSelector':{'nodeSelectorTerms':[{},{}]}"),
		 "spec.nodeSelector.nodeSelectorTerms: Invalid value: [{},{}]: must have exactly one node selector term\n"},
		{SLICE(",'nodeSelector':{'nodeSelectorTerms':[{'matchExpressions':[{'key':'a','operator':'In'}]}]}"),
		 "spec.nodeSelector.nodeSelectorTerms[0].matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'\n"},
		{KIND("ResourceSlice", "{'spec':{'allNodes':true,'pool':{'generation':-1}}}"),
		 "spec.driver: Invalid value: \"\"" SUBDOMAIN "spec.driver: Required value\n"
		 "spec.pool.generation: Invalid value: -1: must be greater than or equal to zero\n"
		 "spec.pool.name: Required value\n"
		 "spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero\n"},
		{KIND("ResourceSlice",
		      "{'spec':{'allNodes':true,'driver':'D','pool':{'name':'a/b_/c','resourceSliceCount':1}}}"),
		 "spec.pool.name: Invalid value: \"b_\"" SUBDOMAIN},
		{DEVICE(",'taints':[{}],'nodeName':'x','attributes':{'a':{'int':0},'b.c/d':{'bool':false},'e':{'version':'1.2.3'}},"
			"'capacity':{'m':{'value':'1Gi','requestPolicy':{}}}"),
		 ""},
		{DEVICE("},{'name':'d'},{'name':'A'"), "spec.devices[1].name: Duplicate value: \"d\"\n"
						       "spec.devices[2].name: Invalid value: \"A\"" LABEL},
		{DEVICE(",'attributes':{'a':{},'b':{'int':1,'bool':true},'a/':{'int':1}}"),
		 "spec.devices[0].attributes[a/]: Required value: the name must not be empty\n"
		 "spec.devices[0].attributes[a]: Required value: exactly one value must be specified\n"
		 "spec.devices[0].attributes[b]: Invalid value: {\"IntValue\":1,\"BoolValue\":true,\"StringValue\":null,\"VersionValue\":null}: exactly one value must be specified\n"},
	};
	causes_check(rows, ARRAY_LEN(rows));
}

static void test_versions(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
		{"0.0.0", true},     {"1.2.3-alpha.1+build.007", true},
		{"1.2.3--", true},   {"1.2.3-0a", true},
		{"1.2.3+0", true},   {"1.2", false},
		{"v1.2.3", false},   {"01.2.3", false},
		{"1.2.3.", false},   {"1.2.3-", false},
		{"1.2.3-01", false}, {"1.2.3-a..b", false},
		{"1.2.3+", false},   {"1.2.3 ", false},
		{"", false},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *text = mem_printf(
			"{'spec':{'allNodes':true,'driver':'d','pool':{'name':'p','resourceSliceCount':1},'devices':[{'name':'d','attributes':{'a':{'version':'%s'}}}]}}",
			rows[i].text);
		autobuf struct buf got = BUF_INIT;
		causes_of("resource.k8s.io", "ResourceSlice", "", JSON(text), NULL, &got, NULL);
		if (!got.len != rows[i].good)
			fail_msg("%s: %s", rows[i].text, buf_str(&got));
	}
}

/* ---- status ---- */

#define WANTS "'spec':{'devices':{'requests':[{'name':'r','exactly':{'deviceClassName':'c'}}]}}"
#define GIVEN "{'request':'r','driver':'d','pool':'p','device':'x'}"
#define ALLOCATION "'allocation':{'devices':{'results':[" GIVEN "]}}"
#define USER(uid) "{'resource':'pods','name':'a','uid':'" uid "'}"
#define DELETING "'metadata':{'deletionTimestamp':'2026-01-02T03:04:05Z'},"
#define STATUS(now, was)                                                                                     \
	"resource.k8s.io", "ResourceClaim", "status", "{" WANTS ",'status':{" now "}}",                      \
		"{" WANTS ",'status':{" was "}}"
static void test_status(void **state)
{
	const struct causes_update rows[] = {
		{STATUS(ALLOCATION ",'reservedFor':[" USER("u") "]", ""), ""},
		{STATUS("'reservedFor':[" USER("u") "]", ""),
		 "status.reservedFor: Forbidden: may not be specified when `allocated` is not set\n"},
		{STATUS(ALLOCATION ",'reservedFor':[" USER("u") "," USER("u") ",{}]", ALLOCATION),
		 "status.reservedFor[1].uid: Duplicate value: \"u\"\n"
		 "status.reservedFor[2].name: Required value\n"
		 "status.reservedFor[2].resource: Required value\n"
		 "status.reservedFor[2].uid: Required value\n"},
		{STATUS("'allocation':{'devices':{'results':[]}}", ALLOCATION),
		 "status.allocation: Invalid value: {\"devices\":{}}: field is immutable\n"},
		{STATUS("", ALLOCATION), ""},
		{STATUS("'allocation':{'devices':{'results':[{}],'config':[{'source':'x','requests':['y'],'opaque':{'driver':'d','parameters':{}}}]}}",
			""),
		 "status.allocation.devices.config[0].requests[0]: Invalid value: \"y\"" REFERENCE
		 "status.allocation.devices.config[0].source: Unsupported value: \"x\": supported values: \"FromClaim\", \"FromClass\"\n"
		 "status.allocation.devices.results[0].device: Invalid value: \"\"" LABEL
		 "status.allocation.devices.results[0].driver: Invalid value: \"\"" SUBDOMAIN
		 "status.allocation.devices.results[0].driver: Required value\n"
		 "status.allocation.devices.results[0].pool: Required value\n"
		 "status.allocation.devices.results[0].request: Invalid value: \"\"" LABEL
		 "status.allocation.devices.results[0].request: Invalid value: \"\"" REFERENCE},
		{STATUS(ALLOCATION
			",'devices':[{'driver':'d','pool':'p','device':'x','data':{'a':1},'networkData':{'ips':['1.2.3.4/24','2001:db8::1/64']}}]",
			ALLOCATION),
		 ""},
		{STATUS(ALLOCATION
			",'devices':[{'driver':'d','pool':'p','device':'y','data':[],'networkData':{'ips':['1.2.3.4','2001:DB8::1/64','1.1.1.1/8','1.1.1.1/8']}}]",
			ALLOCATION),
		 "status.devices[0].data: Invalid value: \"<value omitted>\": must be a valid JSON object\n"
		 "status.devices[0].networkData.ips[0]: Invalid value: \"1.2.3.4\": must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)\n"
		 "status.devices[0].networkData.ips[1]: Invalid value: \"2001:DB8::1/64\": must be in canonical form (\"2001:db8::1/64\")\n"
		 "status.devices[0].networkData.ips[3]: Duplicate value: \"1.1.1.1/8\"\n"
		 "status.devices[0]: Invalid value: " UNSHOWN ": must be an allocated device in the claim\n"},
		{"resource.k8s.io", "ResourceClaim", "status",
		 "{" DELETING WANTS ",'status':{" ALLOCATION ",'reservedFor':[" USER("u") "]}}",
		 "{" DELETING WANTS ",'status':{" ALLOCATION ",'reservedFor':[" USER("u") "," USER("v") "]}}",
		 ""},
		{"resource.k8s.io", "ResourceClaim", "status",
		 "{" DELETING WANTS ",'status':{" ALLOCATION ",'reservedFor':[" USER("w") "]}}",
		 "{" DELETING WANTS ",'status':{" ALLOCATION ",'reservedFor':[" USER("u") "]}}",
		 "status.reservedFor: Forbidden: new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set\n"},
	};
	causes_check_updates(rows, ARRAY_LEN(rows));
}

static void test_updates(void **state)
{
#define OF(kind) "resource.k8s.io", kind, ""
#define POOL(name) "'pool':{'name':'" name "','resourceSliceCount':1}"
	const struct causes_update rows[] = {
		{OF("ResourceClaim"), "{'spec':{'devices':{}}}", "{" WANTS "}",
		 "spec: Invalid value: {\"devices\":{\"requests\":null}}: field is immutable\n"},
		{OF("ResourceClaimTemplate"), "{'spec':{'spec':{'devices':{}}}}", "{'spec':{" WANTS "}}",
		 "spec: Invalid value: {\"metadata\":{},\"spec\":{\"devices\":{\"requests\":null}}}: field is immutable\n"},
		{OF("ResourceSlice"), "{'spec':{'driver':'e','nodeName':'o'," POOL("q") "}}",
		 "{'spec':{'driver':'d','nodeName':'n'," POOL("p") "}}",
		 "spec.driver: Invalid value: \"e\": field is immutable\n"
		 "spec.nodeName: Invalid value: \"o\": field is immutable\n"
		 "spec.pool.name: Invalid value: \"q\": field is immutable\n"},
	};
	causes_check_updates(rows, ARRAY_LEN(rows));
}

/* Many things at once, in upstream's order; a list that is too long or has something twice is told so behind its items. */
static void test_order(void **state)
{
#define NEW(kind, text, causes)                                                                              \
	{                                                                                                    \
		"resource.k8s.io", kind, "", text, NULL, causes                                              \
	}
#define R "spec.devices.requests"
	static const char label[] =
		": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')\n";
#define IDENTIFIER                                                                                           \
	": a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')\n"
	autofree char *of_claim = mem_printf(
		R
		"[0].name: Invalid value: \"A\"%s" R "[0].firstAvailable[0].name: Invalid value: \"B\"%s" R
		"[0].firstAvailable[0].deviceClassName: Required value\n" R
		"[0].firstAvailable[1].count: Invalid value: -1: must be greater than zero\n" R
		"[0].firstAvailable[2].name: Invalid value: \"B\"%s" R
		"[0].firstAvailable[2].name: Duplicate value: \"B\"\n" R
		"[0].exactly.deviceClassName: Required value\n" R
		"[0].exactly.selectors[0].cel: Required value\n" R
		"[0].exactly.allocationMode: Unsupported value: \"x\": supported values: \"All\", \"ExactCount\"\n" R
		"[0]: Invalid value: null: exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set\n" R
		"[1].name: Invalid value: \"A\"%s" R
		"[1]: Required value: exactly one of `exactly` or `firstAvailable` is required\n" R
		"[1].name: Duplicate value: \"A\"\n"
		"spec.devices.constraints[0].requests[2]: Invalid value: \"x\"" REFERENCE
		"spec.devices.constraints[0].requests[1]: Duplicate value: \"r\"\n"
		"spec.devices.constraints[0].matchAttribute: Invalid value: \"a-b\"" IDENTIFIER
		"spec.devices.constraints[0].matchAttribute: Invalid value: \"a-b\": must include a domain\n"
		"spec.devices.constraints[1].matchAttribute: Required value: name required\n"
		"spec.devices.constraints[2].matchAttribute: Required value\n"
		"spec.devices.config[0].requests[0]: Invalid value: \"x\"" REFERENCE
		"spec.devices.config[0].opaque: Required value\n",
		label, label, label, label);
	const struct causes_update rows[] = {
		NEW("ResourceClaim",
		    "{'spec':{'devices':{'config':[{'requests':['x']}],'constraints':[{'requests':['r','r','x'],'matchAttribute':'a-b'},{'matchAttribute':''},{}],"
		    "'requests':[{'name':'A','exactly':{'selectors':[{}],'allocationMode':'x'},'firstAvailable':[{'name':'B'},"
		    "{'name':'a','deviceClassName':'c','count':-1},{'name':'B','deviceClassName':'c'}]},{'name':'A'},"
		    "{'name':'r','exactly':{'deviceClassName':'c'}}]}}}",
		    of_claim),
		NEW("ResourceSlice",
		    "{'spec':{'driver':'d','pool':{'name':'','resourceSliceCount':0,'generation':-1},'nodeName':'n',"
		    "'nodeSelector':{},'allNodes':false,'devices':[{'name':'d','attributes':{'/':{},'version':{'version':'1','int':3}},"
		    "'capacity':{'a/':{'value':'1'}}},{'name':'d'}]}}",
		    "spec.pool.name: Required value\n"
		    "spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero\n"
		    "spec.pool.generation: Invalid value: -1: must be greater than or equal to zero\n"
		    "spec.nodeSelector.nodeSelectorTerms: Required value: must have at least one node selector term\n"
		    "spec.nodeSelector.nodeSelectorTerms: Invalid value: null: must have exactly one node selector term\n"
		    "spec.allNodes: Invalid value: false: must be either unset or set to true\n"
		    "spec: Invalid value: \"{`nodeName`, `nodeSelector`}\": " PLACES
		    ", but multiple fields are set\n"
		    "spec.devices[0].attributes[/]: Required value: the domain must not be empty\n"
		    "spec.devices[0].attributes[/]: Required value: the name must not be empty\n"
		    "spec.devices[0].attributes[/]: Required value: exactly one value must be specified\n"
		    "spec.devices[0].attributes[version].version: Invalid value: \"1\": must be a string compatible with semver.org spec 2.0.0\n"
		    "spec.devices[0].attributes[version]: Invalid value: {\"IntValue\":3,\"BoolValue\":null,\"StringValue\":null,\"VersionValue\":\"1\"}: exactly one value must be specified\n"
		    "spec.devices[0].capacity[a/]: Required value: the name must not be empty\n"
		    "spec.devices[1].name: Duplicate value: \"d\"\n"),
		{STATUS("'reservedFor':[" USER(
				"u") ",{'uid':'u'}],'devices':[{'driver':'d','pool':'p','device':'y','data':[],"
				     "'networkData':{'ips':['1.1.1.1/8','1.1.1.1/8','x']}},{'driver':'d','pool':'p','device':'y'}]",
			""),
		 "status.reservedFor[1].resource: Required value\n"
		 "status.reservedFor[1].name: Required value\n"
		 "status.reservedFor[1].uid: Duplicate value: \"u\"\n"
		 "status.devices[0]: Invalid value: " UNSHOWN ": must be an allocated device in the claim\n"
		 "status.devices[0].data: Invalid value: \"<value omitted>\": must be a valid JSON object\n"
		 "status.devices[0].networkData.ips[2]: Invalid value: \"x\": must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)\n"
		 "status.devices[0].networkData.ips[1]: Duplicate value: \"1.1.1.1/8\"\n"
		 "status.devices[1]: Invalid value: " UNSHOWN ": must be an allocated device in the claim\n"
		 "status.devices[1].deviceID: Duplicate value: " UNSHOWN "\n"
		 "status.reservedFor: Forbidden: may not be specified when `allocated` is not set\n"},
		{OF("ResourceSlice"), "{'spec':{'driver':'e','nodeName':'o'," POOL("q") "}}",
		 "{'spec':{'driver':'d','nodeName':'n'," POOL("p") "}}",
		 "spec.pool.name: Invalid value: \"q\": field is immutable\n"
		 "spec.driver: Invalid value: \"e\": field is immutable\n"
		 "spec.nodeName: Invalid value: \"o\": field is immutable\n"},
	};
	causes_check_order(rows, ARRAY_LEN(rows));
}

/* Settings that are larger than what is taken today stay where they are. */
static void test_large_settings(void **state)
{
	static const struct {
		const char *kind, *lead, *tail, *changed;
		bool kept; /* even when something else makes the update wrong */
	} rows[] = {
		{"DeviceClass", "{'spec':{'config':[", "]}}", "],'extendedResourceName':'a.b/c'}}", true},
		{"DeviceClass", "{'spec':{'config':[", "]}}", ",{'opaque':{'driver':'d','parameters':{}}}]}}",
		 false},
		{"ResourceClaim", "{'spec':{'devices':{'config':[", "]}}}", "]}}}", true},
		{"ResourceClaimTemplate", "{'spec':{'spec':{'devices':{'config':[", "]}}}}", "]}}}}", true},
	};
	static char x[10241];

	memset(x, 'x', sizeof(x) - 1);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autobuf struct buf config = BUF_INIT, got = BUF_INIT;
		buf_addf(&config, "%s{'opaque':{'driver':'d','parameters':{'a':'%s'}}}", rows[i].lead, x);
		autofree char *old = mem_printf("%s%s", buf_str(&config), rows[i].tail),
			      *new = mem_printf("%s%s", buf_str(&config), rows[i].changed);
		causes_of("resource.k8s.io", rows[i].kind, "", JSON(new), NULL, &got, NULL);
		assert_non_null(strstr(buf_str(&got), "Too long"));
		buf_clear(&got);
		causes_of("resource.k8s.io", rows[i].kind, "", JSON(new), JSON(old), &got, NULL);
		assert_int_equal(strstr(buf_str(&got), "Too long") == NULL, rows[i].kept);
	}
}

static void test_stored(void **state)
{
	static const struct causes_stored rows[] = {
		{OF("ResourceClaim"),
		 "{'spec':{'devices':{'requests':[{'name':'r','exactly':{'deviceClassName':'c','tolerations':[{}],'capacity':{}}}]}},"
		 "'status':{'reservedFor':[{}]}}",
		 "{'metadata':{},'spec':{'devices':{'requests':[{'name':'r','exactly':{'deviceClassName':'c','allocationMode':'ExactCount','count':"
		 "1,'tolerations':[{'operator':'Equal'}]}}]}},'status':{}}"},
		{OF("DeviceClass"), "{'spec':{'extendedResourceName':'a.b/c'}}", "{'metadata':{},'spec':{}}"},
		{OF("ResourceSlice"),
		 "{'spec':{'allNodes':true,'driver':'d','pool':{'name':'p','resourceSliceCount':1},'devices':[{'name':'a','taints':[{}],"
		 "'capacity':{'m':{'value':'1','requestPolicy':{}}}}],'sharedCounters':[{}]}}",
		 "{'metadata':{},'spec':{'driver':'d','pool':{'name':'p','generation':0,'resourceSliceCount':1},'allNodes':true,'devices':[{'name':"
		 "'a','capacity':{'m':{'value':'1'}}}]}}"},
	};
	causes_check_stored(rows, ARRAY_LEN(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests), cmocka_unit_test(test_references),
		cmocka_unit_test(test_sizes),	 cmocka_unit_test(test_slices),
		cmocka_unit_test(test_versions), cmocka_unit_test(test_status),
		cmocka_unit_test(test_updates),	 cmocka_unit_test(test_stored),
		cmocka_unit_test(test_order),	 cmocka_unit_test(test_large_settings),
	};
	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}
