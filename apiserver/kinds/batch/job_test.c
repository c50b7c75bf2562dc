/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs: what the server makes of them, what they may say, and what may change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/causes_test.h"

#define META "'metadata':{'name':'j','namespace':'n','uid':'u'}"
#define POD(meta, more)                                                                                      \
	"'template':{'metadata':{" meta                                                                      \
	"},'spec':{'restartPolicy':'Never','containers':[{'name':'c','image':'i'}]" more "}}"
#define JOB(more) "batch", "Job", "", "{" META ",'spec':{" POD("", "") more "}}"
#define INVALID ": Invalid value: "
#define REQUIRED ": Required value"
#define INDEXED ",'completionMode':'Indexed','completions':5"
#define RULES(rule) ",'podFailurePolicy':{'rules':[" rule "]}"
#define RULE "spec.podFailurePolicy.rules[0]"

static void spec_causes(void **state)
{
	static const struct causes_update rows[] = {
		{JOB(""), NULL, ""},
		{JOB(",'parallelism':-1,'completions':-1,'backoffLimit':-1,'ttlSecondsAfterFinished':-1,'activeDeadlineSeconds':-1"),
		 NULL,
		 "spec.activeDeadlineSeconds" INVALID "-1: must be greater than or equal to 0\n"
		 "spec.backoffLimit" INVALID "-1: must be greater than or equal to 0\n"
		 "spec.completions" INVALID "-1: must be greater than or equal to 0\n"
		 "spec.parallelism" INVALID "-1: must be greater than or equal to 0\n"
		 "spec.ttlSecondsAfterFinished" INVALID "-1: must be greater than or equal to 0\n"},
		{JOB(",'completionMode':'Odd'"), NULL,
		 "spec.completionMode: Unsupported value: \"Odd\": supported values: \"NonIndexed\", \"Indexed\"\n"},
		{JOB(",'completionMode':'Indexed','parallelism':100001"), NULL,
		 "spec.completions" REQUIRED ": when completion mode is Indexed\n"
		 "spec.parallelism" INVALID
		 "100001: must be less than or equal to 100000 when completion mode is Indexed\n"},
		{JOB(INDEXED ",'maxFailedIndexes':6"), NULL,
		 "spec.backoffLimitPerIndex" REQUIRED ": when maxFailedIndexes is specified\n"
		 "spec.maxFailedIndexes" INVALID "6: must be less than or equal to completions\n"},
		{JOB(",'backoffLimitPerIndex':1,'maxFailedIndexes':1"), NULL,
		 "spec.backoffLimitPerIndex" INVALID "1: requires indexed completion mode\n"
		 "spec.maxFailedIndexes" INVALID "1: requires indexed completion mode\n"},
		{JOB(",'completionMode':'Indexed','completions':100001,'backoffLimitPerIndex':1,'parallelism':10001"),
		 NULL,
		 "spec.maxFailedIndexes" REQUIRED ": must be specified when completions is above 100000\n"
		 "spec.parallelism" INVALID
		 "10001: must be less than or equal to 10000 when completions are above 100000 and used with backoff limit per index\n"},
		{JOB(",'managedBy':'kueue'"), NULL,
		 "spec.managedBy" INVALID
		 "\"kueue\": must be a domain-prefixed path (such as \"acme.io/foo\")\n"},
		{JOB(",'managedBy':'a_b/c d'"), NULL,
		 "spec.managedBy" INVALID "\"a_b\": a lowercase RFC 1123 subdomain must consist …\n"
		 "spec.managedBy" INVALID
		 "\"c d\": Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')\n"},
		{JOB(",'managedBy':'acme.io/0123456789012345678901234567890123456789012345678901234567890123'"),
		 NULL, "spec.managedBy: Too long: may not be more than 63 bytes\n"},
		{JOB(",'podReplacementPolicy':'x'"), NULL,
		 "spec.podReplacementPolicy: Unsupported value: \"x\": supported values: \"Failed\", \"TerminatingOrFailed\"\n"},
		{"batch", "Job", "",
		 "{" META ",'spec':{'template':{'spec':{'containers':[{'name':'c','image':'i'}]}}}}", NULL,
		 "spec.template.spec.restartPolicy" REQUIRED ": valid values: \"OnFailure\", \"Never\"\n"},
		{"batch", "Job", "",
		 "{'metadata':{'name':'a.b','namespace':'n','uid':'u'},'spec':{" POD("", "") INDEXED "}}",
		 NULL,
		 "metadata.name" INVALID
		 "\"a.b\": will not able to create pod with invalid DNS label: a.b-4\n"},
	};

	causes_check_updates(rows, ARRAY_LEN(rows));
}

static void policy_causes(void **state)
{
	static const struct causes_update rows[] = {
		{JOB(RULES(
			 "{'action':'Ignore','onPodConditions':[{'type':'DisruptionTarget'}]},{'action':'FailJob','onExitCodes':{"
			 "'containerName':'c','operator':'In','values':[1,42]}}")),
		 NULL, ""},
		{JOB(RULES("{}")), NULL,
		 RULE ".action" REQUIRED
		      ": valid values: [\"Count\" \"FailIndex\" \"FailJob\" \"Ignore\"]\n" RULE INVALID
		      "specifying one of OnExitCodes and OnPodConditions is required\n"},
		{JOB(RULES(
			 "{'action':'FailIndex','onExitCodes':{'containerName':'x','operator':'In','values':[3,0,3]},'onPodConditions':[{"
			 "'type':'a b','status':'x'}]}")),
		 NULL,
		 RULE
		 ".action" INVALID "\"FailIndex\": requires the backoffLimitPerIndex to be set\n" RULE
		 ".onExitCodes.containerName" INVALID
		 "\"x\": must be one of the container or initContainer names in the pod template\n" RULE
		 ".onExitCodes.values" INVALID "[3,0,3]: must be ordered\n" RULE
		 ".onExitCodes.values[1]" INVALID "0: must not be 0 for the In operator\n" RULE
		 ".onExitCodes.values[2]: Duplicate value: 3\n" RULE
		 ".onPodConditions[0].status: Unsupported value: \"x\": supported values: \"False\", \"True\", \"Unknown\"\n" RULE
		 ".onPodConditions[0].type" INVALID "\"a b\": name part must consist …\n" RULE INVALID
		 "specifying both OnExitCodes and OnPodConditions is not supported\n"},
		{JOB(RULES(
			 "{'action':'Odd','onExitCodes':{'operator':'','values':[]}}") ",'podReplacementPolicy':'TerminatingOrFailed'"),
		 NULL,
		 RULE
		 ".action: Unsupported value: \"Odd\": supported values: \"Count\", \"FailIndex\", \"FailJob\", \"Ignore\"\n" RULE
		 ".onExitCodes.operator" REQUIRED ": valid values: [\"In\" \"NotIn\"]\n" RULE
		 ".onExitCodes.values" INVALID "null: at least one value is required\n"
		 "spec.podReplacementPolicy: Unsupported value: \"TerminatingOrFailed\": supported values: \"Failed\"\n"},
		{"batch", "Job", "",
		 "{" META
		 ",'spec':{'template':{'spec':{'restartPolicy':'OnFailure','containers':[{'name':'c','image':'i'}]}}" RULES(
			 "{'action':'Count','onExitCodes':{'operator':'NotIn','values':[0]}}") "}}",
		 NULL,
		 "spec.template.spec.restartPolicy" INVALID
		 "\"OnFailure\": only \"Never\" is supported when podFailurePolicy is specified\n"},
		{JOB(",'successPolicy':{'rules':[]}"), NULL,
		 "spec.successPolicy" INVALID "{\"rules\":null}: requires indexed completion mode\n"},
		{JOB(INDEXED ",'successPolicy':{'rules':[]}"), NULL,
		 "spec.successPolicy.rules" REQUIRED
		 ": at least one rules must be specified when the successPolicy is specified\n"},
		{JOB(INDEXED
		     ",'successPolicy':{'rules':[{},{'succeededIndexes':'0-2','succeededCount':4},{'succeededIndexes':'9'},{"
		     "'succeededCount':6}]}"),
		 NULL,
		 "spec.successPolicy.rules[0]" REQUIRED
		 ": at least one of succeededCount or succeededIndexes must be specified\n"
		 "spec.successPolicy.rules[1].succeededCount" INVALID
		 "4: must be less than or equal to 3 (the number of indexes in the specified succeededIndexes field)\n"
		 "spec.successPolicy.rules[2].succeededIndexes" INVALID
		 "\"9\": error parsing succeededIndexes: too large index: \"9\"\n"
		 "spec.successPolicy.rules[3].succeededCount" INVALID
		 "6: must be less than or equal to 5 (the number of specified completions)\n"},
	};

	causes_check_updates(rows, ARRAY_LEN(rows));
}

/* What is filled in: defaults, labels and a selector of its own. */
static void made(void **state)
{
	autobuf struct buf got = BUF_INIT, text = BUF_INIT;
	js *o = NULL;

	causes_of("batch", "Job", "", JSON("{" META ",'spec':{" POD("'labels':{'a':'b'}", "") "}}"), NULL,
		  &got, &o);
	assert_string_equal(buf_str(&got), "");
	js_write(&text, js_obj(o, "spec", "selector", NULL));
	js_write(&text, js_obj(o, "spec", "template", "metadata", "labels", NULL));
	js_write(&text, js_obj(o, "metadata", "labels", NULL));
	assert_string_equal(
		buf_str(&text),
		JSON("{'matchLabels':{'batch.kubernetes.io/controller-uid':'u'}}{'a':'b','controller-uid':'u','job-name':'j',"
		     "'batch.kubernetes.io/controller-uid':'u','batch.kubernetes.io/job-name':'j'}{'a':'b','controller-uid':'u','job-name':'j',"
		     "'batch.kubernetes.io/controller-uid':'u','batch.kubernetes.io/job-name':'j'}"));
	static const struct {
		const char *field;
		int64_t want;
	} numbers[] = {{"completions", 1}, {"parallelism", 1}, {"backoffLimit", 6}};
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		assert_int_equal(js_int(o, -1, "spec", numbers[i].field, NULL), numbers[i].want);
	assert_string_equal(js_str0(o, "spec", "completionMode", NULL), "NonIndexed");
	assert_string_equal(js_str0(o, "spec", "podReplacementPolicy", NULL), "TerminatingOrFailed");
	assert_false(js_bool(o, true, "spec", "suspend", NULL));
	json_object_put(o);
}

static void selector_causes(void **state)
{
#define WITH(labels, more) "batch", "Job", "", "{" META ",'spec':{" POD("'labels':{" labels "}", "") more "}}"
	static const struct causes_update rows[] = {
		{WITH("'job-name':'x'", ""), NULL,
		 "spec.template.metadata.labels[job-name]" INVALID
		 "{\"job-name\":\"x\",\"controller-uid\":\"u\",\"batch.kubernetes.io/controller-uid\":\"u\",\"batch.kubernetes.io/job-name\":\"j\"}: must be 'j'\n"},
		{WITH("", ",'selector':{'matchLabels':{'a':'b'}}"), NULL,
		 "spec.selector" INVALID
		 "{\"matchLabels\":{\"a\":\"b\",\"batch.kubernetes.io/controller-uid\":\"u\"}}: `selector` not auto-generated\n"
		 "spec.template.metadata.labels" INVALID
		 "{\"controller-uid\":\"u\",\"job-name\":\"j\",\"batch.kubernetes.io/controller-uid\":\"u\",\"batch.kubernetes.io/job-name\":\"j\"}: `selector` does not match template `labels`\n"},
		{WITH("'a':'b'", ",'manualSelector':true,'selector':{'matchLabels':{'a':'b'}}"), NULL, ""},
		{WITH("'a':'b'", ",'manualSelector':true"), NULL,
		 "spec.selector" REQUIRED "\n"
		 "spec.template.metadata.labels" INVALID
		 "{\"a\":\"b\"}: `selector` does not match template `labels`\n"},
	};

	causes_check_updates(rows, ARRAY_LEN(rows));
}

#define OWN                                                                                                  \
	"'labels':{'controller-uid':'u','job-name':'j','batch.kubernetes.io/controller-uid':'u','batch.kubernetes.io/job-name':'j'}"
#define SELECT ",'selector':{'matchLabels':{'batch.kubernetes.io/controller-uid':'u'}}"
#define STORED(pod, more) "{" META ",'spec':{" POD(OWN, pod) SELECT more "}}"
#define UPDATE(pod, more) "batch", "Job", "", STORED(pod, more)

static void updates(void **state)
{
	static const struct causes_update rows[] = {
		{UPDATE("", ",'parallelism':3,'suspend':true"), STORED("", ""),
		 "spec.completions" INVALID "null: field is immutable\n"},
		{UPDATE("", ",'completions':1,'parallelism':3,'suspend':true"), STORED("", ""), ""},
		{UPDATE("", ",'completions':2"), STORED("", ""),
		 "spec.completions" INVALID "2: field is immutable\n"},
		{UPDATE("", ",'completionMode':'Indexed','completions':4,'parallelism':4"),
		 STORED("", ",'completionMode':'Indexed','completions':2,'parallelism':2"), ""},
		{UPDATE("", ",'completionMode':'Indexed','completions':4,'parallelism':2"),
		 STORED("", ",'completionMode':'Indexed','completions':2,'parallelism':2"),
		 "spec.completions" INVALID "4: can only be modified in tandem with spec.parallelism\n"},
		{UPDATE("", ",'managedBy':'a.b/c'"), STORED("", ""),
		 "spec.managedBy" INVALID "\"a.b/c\": field is immutable\n"},
		{UPDATE(",'nodeSelector':{'a':'b'},'affinity':{'nodeAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':{"
			"'nodeSelectorTerms':[{'matchExpressions':[{'key':'a','operator':'Exists'}]}]}}}",
			",'suspend':true"),
		 STORED("", ",'suspend':true"), ""},
		{UPDATE("", ",'suspend':true"),
		 STORED(",'affinity':{'nodeAffinity':{}},'tolerations':[{'operator':'Exists'}]",
			",'suspend':true"),
		 ""},
	};

	causes_check_updates(rows, ARRAY_LEN(rows));
	/* not while it runs, and nothing else */
	static const char *const fixed[][2] = {
		{STORED(",'nodeSelector':{'a':'b'}", ""), STORED("", "")},
		{STORED(",'hostNetwork':true", ",'suspend':true"), STORED("", ",'suspend':true")},
	};
	for (size_t i = 0; i < ARRAY_LEN(fixed); i++) {
		autobuf struct buf got = BUF_INIT;
		causes_of("batch", "Job", "", JSON(fixed[i][0]), JSON(fixed[i][1]), &got, NULL);
		assert_true(
			!strncmp(buf_str(&got), "spec.template" INVALID, strlen("spec.template" INVALID)) &&
			strstr(buf_str(&got), ": field is immutable\n"));
	}
}

/* Its own labels stay; without any it has the template's, and those that were made. */
static void labels(void **state)
{
#define MADE                                                                                                 \
	"'controller-uid':'u','job-name':'j','batch.kubernetes.io/controller-uid':'u','batch.kubernetes.io/job-name':'j'"
	static const struct {
		const char *own, *of_template, *want;
	} rows[] = {
		{",'labels':{'a':'b'}", "'labels':{'a':'b'}", "{'a':'b'}"},
		{",'labels':{'x':'y'}", "'labels':{'a':'b'}", "{'x':'y'}"},
		{"", "'labels':{}", "{" MADE "}"},
		{"", "'annotations':{}", "{" MADE "}"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *job = mem_printf(
			"{'metadata':{'name':'j','namespace':'n','uid':'u'%s},'spec':{'template':{'metadata':{%s},'spec':"
			"{'restartPolicy':'Never','containers':[{'name':'c','image':'i'}]}}}}",
			rows[i].own, rows[i].of_template);
		autobuf struct buf got = BUF_INIT, text = BUF_INIT;
		autojson js *o = NULL;
		causes_of("batch", "Job", "", JSON(job), NULL, &got, &o);
		assert_string_equal(buf_str(&got), "");
		js_write(&text, js_obj(o, "metadata", "labels", NULL));
		assert_string_equal(buf_str(&text), JSON(rows[i].want));
	}
#undef MADE
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spec_causes), cmocka_unit_test(policy_causes),	  cmocka_unit_test(made),
		cmocka_unit_test(labels),      cmocka_unit_test(selector_causes), cmocka_unit_test(updates)};
	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}
