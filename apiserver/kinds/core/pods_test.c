/* SPDX-License-Identifier: Apache-2.0 */
/* Pods from create to status: what the server fills in, what may change, what a report may say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <time.h>
#include "kinds/causes_test.h"
#include "kinds/strategies.h"

#define POD(meta, spec, status)                                                                              \
	"{'metadata':{'name':'p','namespace':'n'" meta                                                       \
	"},'spec':{'containers':[{'name':'c','image':'i'}]" spec                                             \
	"},'status':{'qosClass':'BestEffort'" status "}}"

/* ---- status ---- */

static const char ip_text[] = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";

static void status_causes(void **state)
{
	const struct {
		const char *old, *new, *causes;
	} rows[] = {
		{"", "", ""},
		{"", ",'podIP':'10.0.0.1','podIPs':[{'ip':'10.0.0.1'},{'ip':'fd00::1'}]", ""},
		{"", ",'podIP':'010.000.000.001'", ""},
		{"", ",'podIP':'x'", "status.podIPs[0]: Invalid value: \"x\": IP\n"},
		{"", ",'podIPs':[{'ip':'10.0.0.1'},{'ip':'10.0.0.2'}]",
		 "status.podIPs: Invalid value: [{\"ip\":\"10.0.0.1\"},{\"ip\":\"10.0.0.2\"}]: may specify no more than one IP for each IP family\n"},
		{"", ",'podIPs':[{'ip':'fd00::1'},{'ip':'10.0.0.1'},{'ip':'fd00::1'}]",
		 "status.podIPs: Invalid value: [{\"ip\":\"fd00::1\"},{\"ip\":\"10.0.0.1\"},{\"ip\":\"fd00::1\"}]: may specify no more than one IP for each IP family\n"
		 "status.podIPs[2]: Duplicate value: {\"ip\":\"fd00::1\"}\n"},
		{"", ",'podIPs':[{'ip':'10.0.0.1'},{'ip':''}]",
		 "status.podIPs: Internal error: failed to check for dual stack with error:invalid IP[1]: <nil>\n"
		 "status.podIPs: Invalid value: [{\"ip\":\"10.0.0.1\"},{\"ip\":\"\"}]: may specify no more than one IP for each IP family\n"
		 "status.podIPs[1]: Invalid value: \"\": IP\n"},
		{"", ",'hostIP':'10.0.0.1','hostIPs':[{'ip':'10.0.0.2'}]",
		 "status.hostIPs[0].ip: Invalid value: \"10.0.0.2\": must be equal to `hostIP`\n"},
		{"", ",'hostIP':'x','hostIPs':[{'ip':'x'}]", "status.hostIPs[0]: Invalid value: \"x\": IP\n"},
		{"", ",'nominatedNodeName':'A_'",
		 "status.nominatedNodeName: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist …\n"},
		{",'nominatedNodeName':'A_'", ",'nominatedNodeName':'A_'", ""},
		{"", ",'conditions':[{'type':'a b','status':'True'},{'type':'Ready','status':'True'}]",
		 "status.conditions[0].Type: Invalid value: \"a b\": name part must consist …\n"},
		{"",
		 ",'observedGeneration':-1,'conditions':[{'type':'Ready','status':'True','observedGeneration':-2}]",
		 "status.conditions[0].observedGeneration: Invalid value: -2: must be a non-negative integer\n"
		 "status.observedGeneration: Invalid value: -1: must be a non-negative integer\n"},
		{"", ",'resourceClaimStatuses':[{'name':'x'},{'name':'x','resourceClaimName':'A_'}]",
		 "status.resourceClaimStatuses[0].name: Invalid value: \"x\": must match the name of an entry in `spec.resourceClaims`\n"
		 "status.resourceClaimStatuses[1].name: Duplicate value: \"x\"\n"
		 "status.resourceClaimStatuses[1].name: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist …\n"
		 "status.resourceClaimStatuses[1].name: Invalid value: \"x\": must match the name of an entry in `spec.resourceClaims`\n"},
		{"",
		 ",'containerStatuses':[{'name':'c','user':{'linux':{'uid':-1,'gid':1,'supplementalGroups':[-1]}}}]",
		 "status.containerStatuses[0].linux.supplementalGroups[0]: Invalid value: -1: must be between 0 and 2147483647, inclusive\n"
		 "status.containerStatuses[0].linux.uid: Invalid value: -1: must be between 0 and 2147483647, inclusive\n"},
		{",'ephemeralContainerStatuses':[{'name':'e','state':{'terminated':{'exitCode':1}}}]",
		 ",'ephemeralContainerStatuses':[{'name':'e','state':{'running':{}}}]",
		 "status.ephemeralContainerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state\n"},
		{",'containerStatuses':[{'name':'c','state':{'terminated':{'exitCode':1}}}]",
		 ",'containerStatuses':[{'name':'c','state':{'running':{}}}]", ""},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *new = mem_printf(POD("", "", "%s"), rows[i].new);
		autofree char *old = mem_printf(POD("", "", "%s"), rows[i].old);
		autobuf struct buf got = BUF_INIT, want = BUF_INIT;
		causes_of("", "Pod", "status", JSON(new), JSON(old), &got, NULL);
		const char *mark = strstr(rows[i].causes, ": IP\n");
		buf_addf(&want, "%.*s", mark ? (int)(mark - rows[i].causes) : 9999, rows[i].causes);
		if (mark)
			buf_addf(&want, ": %s\n", ip_text);
		assert_string_equal(buf_str(&got), buf_str(&want));
	}
}

/* Sidecars may come back under any policy, other init containers and failed ones as the policy has it. */
static void states_end(void **state)
{
	static const char spec[] = ",'restartPolicy':'%s','initContainers':[{'name':'i','image':'i'},"
				   "{'name':'s','image':'i','restartPolicy':'Always'}]";
	static const struct {
		const char *policy, *list, *name;
		int code;
		bool refused;
	} rows[] = {
		{"Never", "containerStatuses", "c", 1, true},
		{"OnFailure", "containerStatuses", "c", 1, false},
		{"OnFailure", "containerStatuses", "c", 0, true},
		{"Always", "containerStatuses", "c", 0, false},
		{"Never", "initContainerStatuses", "i", 0, true},
		{"Never", "initContainerStatuses", "s", 0, false},
		{"Never", "initContainerStatuses", "gone", 0, true},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		autofree char *more = mem_printf(spec, rows[i].policy);
#pragma GCC diagnostic pop
		autofree char *old = mem_printf(
			POD("", "%s", ",'%s':[{'name':'%s','state':{'terminated':{'exitCode':%d}}}]"), more,
			rows[i].list, rows[i].name, rows[i].code);
		autofree char *new = mem_printf(POD("", "%s", ",'%s':[{'name':'%s','state':{'running':{}}}]"),
						more, rows[i].list, rows[i].name);
		autobuf struct buf got = BUF_INIT;
		causes_of("", "Pod", "status", JSON(new), JSON(old), &got, NULL);
		assert_int_equal(got.len != 0, rows[i].refused);
	}
}

/* n sidecars, what is told of them, and n conditions. */
static js *with_many(unsigned n, const char *state)
{
	js *pod = js_new_obj(), *spec = js_ensure(pod, "spec", NULL),
	   *status = js_ensure(pod, "status", NULL);
	js *inits = js_ensure_arr(spec, "initContainers"),
	   *told = js_ensure_arr(status, "initContainerStatuses"),
	   *conditions = js_ensure_arr(status, "conditions");

	js_set_str(spec, "restartPolicy", "Never");
	for (unsigned i = 0; i < n; i++) {
		js *c = js_new_obj(), *s = js_new_obj(), *d = js_new_obj();
		autofree char *name = mem_printf("n%u", i);
		js_set_str(c, "name", name);
		js_set_str(c, "restartPolicy", "Always");
		js_set_str(s, "name", name);
		js_ensure(s, "state", state, NULL);
		js_set_str(d, "type", name);
		js_set_str(d, "status", "True");
		if (!strcmp(state, "terminated"))
			js_set_int(d, "observedGeneration", i + 1);
		js_push(inits, c);
		js_push(told, s);
		js_push(conditions, d);
	}
	return pod;
}

/* CPU milliseconds of a report. */
static double report(unsigned n)
{
	struct strategy_ctx ctx = {.subresource = "status"};
	struct field_errors errs = {.n = 0};
	autojson js *old = with_many(n, "terminated"), *new = with_many(n, "running");
	clock_t start = clock();

	pods_strategy.prepare(&ctx, new, old);
	pods_strategy.validate(&ctx, new, old, &errs);
	double took = (double)(clock() - start) * 1000 / CLOCKS_PER_SEC;
	assert_int_equal(errs.n, 0);
	assert_int_equal(js_int(js_at(js_arr(new, "status", "conditions", NULL), n - 1), 0,
				"observedGeneration", NULL),
			 n);
	return took;
}

#define FEW 500
#define TIMES 8 /* a loop in a loop makes 64 times the work of it */
#define SLACK_MS 4

static void reports_grow_evenly(void **state)
{
	double few = report(FEW), many = report(FEW * TIMES);

	for (int again = 0; again < 3 && many > 4 * TIMES * few + SLACK_MS; again++) {
		few = report(FEW); /* other work has the machine, too */
		many = report(FEW * TIMES);
	}
	if (many > 4 * TIMES * few + SLACK_MS)
		fail_msg("%.2f ms, then %.2f ms", few, many);
}

/* podIP wins over podIPs, and each makes the other. */
static void addresses_agree(void **state)
{
	static const struct {
		const char *status, *ip, *ips;
	} rows[] = {
		{",'podIP':'1.1.1.1'", "1.1.1.1", "[{\"ip\":\"1.1.1.1\"}]"},
		{",'podIPs':[{'ip':'1.1.1.2'}]", "1.1.1.2", "[{\"ip\":\"1.1.1.2\"}]"},
		{",'podIP':'1.1.1.1','podIPs':[{'ip':'1.1.1.2'},{'ip':'::1'}]", "1.1.1.1",
		 "[{\"ip\":\"1.1.1.1\"}]"},
		{",'podIP':'1.1.1.1','podIPs':[{'ip':'1.1.1.1'},{'ip':'::1'}]", "1.1.1.1",
		 "[{\"ip\":\"1.1.1.1\"},{\"ip\":\"::1\"}]"},
		{"", "", ""},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *text = mem_printf(POD("", "", "%s"), rows[i].status);
		autobuf struct buf ips = BUF_INIT, causes = BUF_INIT;
		js *pod = NULL;
		causes_of("", "Pod", "status", JSON(text), JSON(POD("", "", "")), &causes, &pod);
		if (js_get(pod, "status", "podIPs", NULL))
			js_write(&ips, js_get(pod, "status", "podIPs", NULL));
		assert_string_equal(js_str0(pod, "status", "podIP", NULL), rows[i].ip);
		assert_string_equal(buf_str(&ips), rows[i].ips);
		json_object_put(pod);
	}
}

/* ---- spec ---- */

static void create_fills_in(void **state)
{
	autobuf struct buf got = BUF_INIT, selector = BUF_INIT;
	js *pod = NULL;

	causes_of(
		"", "Pod", "",
		JSON(POD(
			",'labels':{'a':'b'},'annotations':{'container.apparmor.security.beta.kubernetes.io/c':'localhost/x'}",
			",'topologySpreadConstraints':[{'maxSkew':1,'topologyKey':'k','whenUnsatisfiable':'DoNotSchedule',"
			"'labelSelector':{},'matchLabelKeys':['a','none']}],'affinity':{'podAntiAffinity':{"
			"'preferredDuringSchedulingIgnoredDuringExecution':[{'weight':1,'podAffinityTerm':{"
			"'topologyKey':'k','labelSelector':{},'mismatchLabelKeys':['a']}}]}}",
			",'phase':'Running'")),
		NULL, &got, &pod);
	assert_string_equal(buf_str(&got), "");
	assert_string_equal(js_str0(pod, "status", "phase", NULL), "Pending");
	const js *c = js_at(js_arr(pod, "spec", "containers", NULL), 0);
	assert_string_equal(js_str0(c, "securityContext", "appArmorProfile", "localhostProfile", NULL), "x");
	js_write(&selector, js_obj(js_at(js_arr(pod, "spec", "topologySpreadConstraints", NULL), 0),
				   "labelSelector", NULL));
	const js *term = js_at(js_arr(pod, "spec", "affinity", "podAntiAffinity",
				      "preferredDuringSchedulingIgnoredDuringExecution", NULL),
			       0);
	js_write(&selector, js_obj(term, "podAffinityTerm", "labelSelector", NULL));
	assert_string_equal(buf_str(&selector),
			    JSON("{'matchExpressions':[{'key':'a','operator':'In','values':['b']}]}"
				 "{'matchExpressions':[{'key':'a','operator':'NotIn','values':['b']}]}"));
	json_object_put(pod);
}

#define GATED ",'schedulingGates':[{'name':'g'}]"
#define TERMS(terms)                                                                                                 \
	",'affinity':{'nodeAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':{'nodeSelectorTerms':[" terms \
	"]}}}"
#define TERM(more) "{'matchExpressions':[{'key':'a','operator':'Exists'}" more "]}"
#define TERMS_PATH                                                                                           \
	"spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"

static void update_causes(void **state)
{
	const struct {
		const char *old, *new, *causes; /* the first one; lists of what differs are for people */
	} rows[] = {
		{POD("", "", ""), POD("", "", ""), ""},
		{POD("", "", ""), POD("", ",'activeDeadlineSeconds':5", ""), ""},
		{POD("", ",'activeDeadlineSeconds':5", ""), POD("", ",'activeDeadlineSeconds':6", ""),
		 "spec.activeDeadlineSeconds: Invalid value: 6: must be less than or equal to previous value\n"},
		{POD("", ",'activeDeadlineSeconds':5", ""), POD("", "", ""),
		 "spec.activeDeadlineSeconds: Invalid value: null: must not update from a positive integer to nil value\n"},
		{POD("", "", ""), POD("", ",'hostname':'h'", ""),
		 "spec: Forbidden: pod updates may not change"},
		{POD("", "", ""), POD("", ",'initContainers':[{'name':'x','image':'i'}]", ""),
		 "spec.initContainers: Forbidden: pod updates may not add or remove containers\n"},
		{POD("", ",'tolerations':[{'key':'a'}]", ""), POD("", "", ""),
		 "spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds\n"},
		{POD("", "", ""), POD("", GATED, ""),
		 "spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'g'\n"},
		{POD("", GATED ",'nodeSelector':{'a':'b'}", ""),
		 POD("", GATED ",'nodeSelector':{'a':'b','c':'d'}", ""), ""},
		{POD("", GATED ",'nodeSelector':{'a':'b'}", ""),
		 POD("", GATED ",'nodeSelector':{'a':'c'}", ""),
		 "spec.nodeSelector: Invalid value: {\"a\":\"c\"}: only additions to spec.nodeSelector"},
		{POD("", GATED, ""), POD("", GATED TERMS(TERM("")), ""), ""},
		{POD("", GATED TERMS(TERM("")), ""),
		 POD("", GATED TERMS(TERM(",{'key':'b','operator':'Exists'}")), ""), ""},
		{POD("", GATED TERMS(TERM("")), ""), POD("", GATED TERMS(TERM("") "," TERM("")), ""),
		 TERMS_PATH ": Invalid value: "},
		{POD("", GATED TERMS(TERM("")), ""),
		 POD("", GATED TERMS("{'matchExpressions':[{'key':'b','operator':'Exists'}]}"), ""),
		 TERMS_PATH "[0]: Invalid value: "},
		{POD("", GATED TERMS(TERM("")), ""), POD("", GATED, ""),
		 TERMS_PATH ": Invalid value: null: "},
		{POD(",'annotations':{'container.apparmor.security.beta.kubernetes.io/c':'unconfined'}", "",
		     ""),
		 POD("", "", ""),
		 "metadata.annotations[container.apparmor.security.beta.kubernetes.io/c]: Forbidden: may not remove or update AppArmor annotations\n"},
		{POD("", "", ""),
		 POD(",'annotations':{'container.apparmor.security.beta.kubernetes.io/c':'unconfined'}", "",
		     ""),
		 "metadata.annotations[container.apparmor.security.beta.kubernetes.io/c]: Forbidden: may not add AppArmor annotations\n"},
		{POD("", ",'nodeName':'n'", ""),
		 POD(",'annotations':{'kubernetes.io/config.mirror':'x'}", ",'nodeName':'n'", ""),
		 "metadata.annotations[kubernetes.io/config.mirror]: Forbidden: may not add mirror pod annotation\n"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autobuf struct buf got = BUF_INIT;
		causes_of("", "Pod", "", JSON(rows[i].new), JSON(rows[i].old), &got, NULL);
		bool same = *rows[i].causes ? !strncmp(buf_str(&got), rows[i].causes, strlen(rows[i].causes))
					    : !got.len;
		if (!same)
			fail_msg("%s\nwant %s\ngot %s", rows[i].new, rows[i].causes, buf_str(&got));
	}
}

/* Fields behind a gate that is closed are not kept. */
static void test_status_without_what_is_not_offered(void **state)
{
	autobuf struct buf errs = BUF_INIT, got = BUF_INIT;
	autojson js *o = NULL;

	causes_of(
		"", "Pod", "status",
		JSON("{'status':{'extendedResourceClaimStatus':{'resourceClaimName':'c'},'containerStatuses':[{'name':'c',"
		     "'allocatedResourcesStatus':[{'name':'claim:x'}]}]}}"),
		JSON("{'status':{}}"), &errs, &o);
	schema_write(&got, schema_kind(causes_schema, "", "v1", "Pod")->type, o);
	assert_null(strstr(buf_str(&got), "extendedResourceClaimStatus"));
	assert_null(strstr(buf_str(&got), "allocatedResourcesStatus"));
	assert_non_null(strstr(buf_str(&got), "\"containerStatuses\":[{\"name\":\"c\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status_without_what_is_not_offered),
		cmocka_unit_test(status_causes),
		cmocka_unit_test(states_end),
		cmocka_unit_test(reports_grow_evenly),
		cmocka_unit_test(addresses_agree),
		cmocka_unit_test(create_fills_in),
		cmocka_unit_test(update_causes),
	};

	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}
