/* SPDX-License-Identifier: Apache-2.0 */
/* What a client is warned of by each kind, when it makes an object and when it changes one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "kinds/causes_test.h"

#define CORE(kind, sub, spec, old) "", kind, sub, JSON("{" spec "}"), old
#define OF(group, kind, sub, spec, old) group, kind, sub, JSON("{" spec "}"), old
#define SLICE(type, address, rest) "'addressType':'" type "','endpoints':[{'addresses':['" address "']}]" rest
#define ZERO(path)                                                                                           \
	path ": non-standard IP address \"01.1.1.1\" will be considered invalid in a future Kubernetes "     \
	     "release: use \"1.1.1.1\"\n"
#define ZEROS                                                                                                \
	"'spec':{'clusterIPs':['01.1.1.1'],'externalIPs':['01.1.1.1'],'loadBalancerIP':'01.1.1.1',"          \
	"'loadBalancerSourceRanges':['1.1.1.1/24']}"
#define ALL_ZEROS                                                                                            \
	ZERO("spec.clusterIPs[0]")                                                                           \
	ZERO("spec.externalIPs[0]")                                                                          \
	ZERO("spec.loadBalancerIP")                                                                          \
	"spec.loadBalancerSourceRanges[0]: CIDR value \"1.1.1.1/24\" is ambiguous in this context (should "  \
	"be \"1.1.1.0/24\" or \"1.1.1.1/32\"?)\n"
#define HEADLESS(field) field " is ignored for headless services\n"
#define MOUNTABLE "'metadata':{'annotations':{'kubernetes.io/enforce-mountable-secrets':'x'}}"
#define MOUNTABLE_TEXT                                                                                       \
	"metadata.annotations[kubernetes.io/enforce-mountable-secrets]: deprecated in v1.32+; prefer "       \
	"separate namespaces to isolate access to mounted secrets\n"
#define ADDRESSES "'subsets':[{'addresses':[{'ip':'01.1.1.1'}],'notReadyAddresses':[{'ip':'01.1.1.1'}]}]"
#define TEMPLATE(name, generation, grace)                                                                    \
	"'metadata':{'name':'" name "','generation':" generation                                             \
	"},'spec':{'template':{'spec':{'terminationGracePeriodSeconds':" grace "}}}"
#define NEGATIVE                                                                                             \
	"spec.template.spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and "   \
	"will be treated as 1\n"
#define DOTS                                                                                                 \
	", which can result in surprising behavior; a DNS label is recommended: [must not contain dots]\n"
#define CLAIMS "'spec':{'volumeClaimTemplates':[{},{'spec':{'resources':{'requests':{'storage':'1500m'}}}}]}"
#define FRACTION "fractional byte value \"1500m\" is invalid, must be an integer\n"
#define WORKLOAD(kind)                                                                                       \
	{"apps", kind,                                                                                       \
	 "",	 JSON("{" TEMPLATE("a.b", "1", "-1") "}"),                                                   \
	 NULL,	 "metadata.name: this is used in Pod names and hostnames" DOTS NEGATIVE},                    \
		{"apps",                                                                                     \
		 kind,                                                                                       \
		 "",                                                                                         \
		 JSON("{" TEMPLATE("a.b", "2", "-1") "}"),                                                   \
		 JSON("{" TEMPLATE("a.b", "1", "-1") "}"),                                                   \
		 NEGATIVE},                                                                                  \
		{"apps",                                                                                     \
		 kind,                                                                                       \
		 "",                                                                                         \
		 JSON("{" TEMPLATE("a.b", "1", "-1") "}"),                                                   \
		 JSON("{" TEMPLATE("a.b", "1", "-1") "}"),                                                   \
		 ""},                                                                                        \
	{                                                                                                    \
		"apps", kind, "status", JSON("{" TEMPLATE("a.b", "1", "-1") "}"),                            \
			JSON("{" TEMPLATE("a.b", "1", "-1") "}"), ""                                         \
	}

static void add(void *arg, const char *text)
{
	buf_addf(arg, "%s\n", text);
}

static void warnings(void **state)
{
	const struct {
		const char *group, *kind, *subresource, *new, *old, *want;
	} rows[] = {
		{CORE("Pod", "", "'metadata':{'name':'a.b'},'spec':{'terminationGracePeriodSeconds':-1}",
		      NULL),
		 "metadata.name: this is used in the Pod's hostname" DOTS
		 "spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1\n"},
		{CORE("Pod", "", "'metadata':{'name':'a.b'},'spec':{'terminationGracePeriodSeconds':-1}",
		      "{}"),
		 ""},
		{CORE("Pod", "status",
		      "'status':{'podIPs':[{'ip':'01.1.1.1'}],'hostIPs':[{'ip':'1.1.1.1'},{'ip':'01.1.1.1'}]}",
		      "{}"),
		 ZERO("status.podIPs[0].ip") ZERO("status.hostIPs[1].ip")},
		{CORE("Service", "", ZEROS, NULL), ALL_ZEROS},
		{CORE("Service", "", ZEROS, "{}"), ALL_ZEROS},
		{CORE("Service", "",
		      "'metadata':{'annotations':{'service.kubernetes.io/topology-aware-hints':''}}", NULL),
		 "annotation service.kubernetes.io/topology-aware-hints is deprecated, please use service.kubernetes.io/topology-mode instead\n"},
		{CORE("Service", "",
		      "'spec':{'type':'ClusterIP','clusterIP':'None','clusterIPs':['None'],'sessionAffinity':'ClientIP',"
		      "'loadBalancerIP':'1.1.1.1','externalIPs':['1.1.1.1']}",
		      NULL),
		 HEADLESS("spec.loadBalancerIP") HEADLESS("spec.externalIPs")
			 HEADLESS("spec.SessionAffinity")},
		{CORE("Service", "",
		      "'spec':{'type':'ExternalName','externalName':'a','externalIPs':['1.1.1.1']}", NULL),
		 "spec.externalIPs is ignored when spec.type is \"ExternalName\"\n"},
		{CORE("Service", "", "'spec':{'type':'ClusterIP','externalName':'a'}", "{}"),
		 "spec.externalName is ignored when spec.type is not \"ExternalName\"\n"},
		{CORE("Service", "status",
		      ZEROS ",'status':{'loadBalancer':{'ingress':[{'hostname':'h'},{'ip':'01.1.1.1'}]}}",
		      "{}"),
		 ZERO("status.loadBalancer.ingress[1]")},
		{CORE("Endpoints", "", ADDRESSES, NULL),
		 ZERO("subsets[0].addresses[0].ip") ZERO("subsets[0].notReadyAddresses[0].ip")},
		{CORE("Endpoints", "", ADDRESSES, "{}"),
		 ZERO("subsets[0].addresses[0].ip") ZERO("subsets[0].notReadyAddresses[0].ip")},
		{CORE("Endpoints", "",
		      "'metadata':{'labels':{'endpoints.kubernetes.io/managed-by':'endpoint-controller'}}," ADDRESSES,
		      "{}"),
		 ""},
		{CORE("Node", "", "'spec':{'externalID':'x','podCIDRs':['1.1.1.0/24','1.1.1.1/24']}", "{}"),
		 "spec.externalID: this field is deprecated, and is unused by Kubernetes\n"
		 "spec.podCIDRs[1]: CIDR value \"1.1.1.1/24\" is ambiguous in this context (should be \"1.1.1.0/24\" or \"1.1.1.1/32\"?)\n"},
		{CORE("Node", "status", "'spec':{'externalID':'x'}", "{}"), ""},
		{CORE("ServiceAccount", "", MOUNTABLE, NULL), MOUNTABLE_TEXT},
		{CORE("ServiceAccount", "", MOUNTABLE, "{}"), MOUNTABLE_TEXT},
		{CORE("ServiceAccount", "", MOUNTABLE, JSON("{" MOUNTABLE "}")), ""},
		{OF("discovery.k8s.io", "EndpointSlice", "", SLICE("IPv4", "01.1.1.1", ""), NULL),
		 ZERO("endpoints[0].addresses[0]")},
		{OF("discovery.k8s.io", "EndpointSlice", "", SLICE("IPv4", "01.1.1.1", ""), "{}"),
		 ZERO("endpoints[0].addresses[0]")},
		{OF("discovery.k8s.io", "EndpointSlice", "",
		    SLICE("IPv4", "01.1.1.1",
			  ",'metadata':{'labels':{'endpointslice.kubernetes.io/managed-by':'endpointslice-controller.k8s.io'}}"),
		    NULL),
		 ""},
		{OF("discovery.k8s.io", "EndpointSlice", "", SLICE("FQDN", "a.b", ""), NULL),
		 "spec.addressType: FQDN endpoints are deprecated\n"},
		{OF("discovery.k8s.io", "EndpointSlice", "", SLICE("FQDN", "a.b", ""), "{}"), ""},
		{OF("networking.k8s.io", "Ingress", "",
		    "'metadata':{'annotations':{'kubernetes.io/ingress.class':'a'}}", NULL),
		 "annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead\n"},
		{OF("networking.k8s.io", "Ingress", "",
		    "'metadata':{'annotations':{'kubernetes.io/ingress.class':'a'}},'spec':{'ingressClassName':'a'}",
		    NULL),
		 ""},
		{OF("networking.k8s.io", "Ingress", "status",
		    "'status':{'loadBalancer':{'ingress':[{'hostname':'h'},{'ip':'01.1.1.1'}]}}", "{}"),
		 ZERO("status.loadBalancer.ingress[1].ip")},
		{OF("networking.k8s.io", "NetworkPolicy", "",
		    "'spec':{'ingress':[{'from':[{'ipBlock':{'cidr':'1.1.1.1/24'}}]}],'egress':[{'to':[{'ipBlock':{'cidr':'1.1.0.0/16','except':["
		    "'1.1.1.1/24']}}]}]}",
		    NULL),
		 "spec.ingress[0].from[0].ipBlock.cidr: CIDR value \"1.1.1.1/24\" is ambiguous in this context (should be \"1.1.1.0/24\" or \"1.1.1.1/32\"?)\n"
		 "spec.egress[0].to[0].ipBlock.except[0]: CIDR value \"1.1.1.1/24\" is ambiguous in this context (should be \"1.1.1.0/24\" or \"1.1.1.1/32\"?)\n"},
		{OF("storage.k8s.io", "StorageClass", "",
		    "'allowedTopologies':[{'matchLabelExpressions':[{'key':'a'},{'key':'beta.kubernetes.io/os'}]}]",
		    NULL),
		 "allowedTopologies[0].matchLabelExpressions[1].key: deprecated since v1.14; use \"kubernetes.io/os\" instead\n"},
		{OF("storage.k8s.io", "CSIStorageCapacity", "",
		    "'nodeTopology':{'matchExpressions':[{'key':'beta.kubernetes.io/os'}],'matchLabels':{'beta.kubernetes.io/arch':'a'}}",
		    "{}"),
		 "nodeTopology.matchExpressions[0].key: beta.kubernetes.io/os is deprecated since v1.14; use \"kubernetes.io/os\" instead\n"
		 "nodeTopology.matchLabels.beta.kubernetes.io/arch: deprecated since v1.14; use \"kubernetes.io/arch\" instead\n"},
		{OF("node.k8s.io", "RuntimeClass", "",
		    "'scheduling':{'nodeSelector':{'beta.kubernetes.io/os':'linux','a':'b'}}", "{}"),
		 "scheduling.nodeSelector: deprecated since v1.14; use \"kubernetes.io/os\" instead\n"},
		{OF("apps", "StatefulSet", "", CLAIMS, NULL),
		 "spec.volumeClaimTemplates[1].resources.requests[storage]: " FRACTION},
		{OF("apps", "StatefulSet", "", CLAIMS, "{}"),
		 "spec.volumeClaimTemplates[1].Spec.resources.requests[storage]: " FRACTION},
		{OF("apps", "StatefulSet", "status", CLAIMS, "{}"), ""},
		{CORE("Secret", "", "'type':'kubernetes.io/tls','data':{'tls.crt':'eA==','tls.key':''}",
		      NULL),
		 "tls: failed to find any PEM data in certificate input\n"},
		{CORE("Secret", "", "'type':'kubernetes.io/tls','data':{'tls.crt':'eA==','tls.key':''}",
		      "{}"),
		 "tls: failed to find any PEM data in certificate input\n"},
		{CORE("Secret", "", "'type':'Opaque','data':{'tls.crt':'eA=='}", NULL), ""},
		{CORE("PersistentVolume", "",
		      "'metadata':{'annotations':{'volume.beta.kubernetes.io/mount-options':'a'}},'spec':{'storageos':{},'nodeAffinity':{"
		      "'required':{'nodeSelectorTerms':[{},{'matchExpressions':[{'key':'beta.kubernetes.io/os'}]}]}}}",
		      NULL),
		 "metadata.annotations[volume.beta.kubernetes.io/mount-options]: deprecated since v1.31; use \"mountOptions\" attribute instead\n"
		 "spec.nodeAffinity.required.nodeSelectorTerms[1].matchExpressions[0].key: beta.kubernetes.io/os is deprecated since v1.14; use \"kubernetes.io/os\" instead\n"
		 "spec.storageOS: deprecated in v1.22, non-functional in v1.25+\n"},
		{CORE("PersistentVolumeClaim", "",
		      "'spec':{'resources':{'requests':{'storage':'1500m'},'limits':{'storage':'1'}}}", NULL),
		 "spec.resources.requests[storage]: " FRACTION},
		WORKLOAD("Deployment"),
		WORKLOAD("ReplicaSet"),
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct kind *k = schema_kind(causes_schema, rows[i].group, "v1", rows[i].kind);
		struct err err = ERR_INIT;
		autobuf struct buf got = BUF_INIT;
		const struct strategy_ctx ctx = {
			.subresource = rows[i].subresource, .warn = add, .warn_arg = &got};
		autojson js *new = js_parse(rows[i].new, strlen(rows[i].new), NULL, &err);
		autojson js *old =
			rows[i].old ? js_parse(rows[i].old, strlen(rows[i].old), NULL, &err) : NULL;
		assert_true(new && (old || !rows[i].old));
		strategy_find(k)->warn(&ctx, new, old);
		if (strcmp(buf_str(&got), rows[i].want))
			fail_msg("%s %s: %s\nwant %s", rows[i].kind, rows[i].new, buf_str(&got),
				 rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(warnings)};

	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}
