/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs against a real API: how many Pods at work, what counts, and how they end. */
#include "controllers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rig/rig.h"

static struct rig *r;

static int set_up(void **state)
{
	r = rig_new(&job_controller, &ttl_after_finished_controller, NULL);
	return 0;
}

static int tear_down(void **state)
{
	rig_free(r);
	return 0;
}

/* The Job `work` with more of a spec. */
static void make_job(const char *spec, const char *restart)
{
	rig_create(
		r,
		"apiVersion: batch/v1\n"
		"kind: Job\n"
		"metadata: {name: work}\n"
		"spec:\n"
		"  %s\n"
		"  template:\n"
		"    spec: {restartPolicy: %s, containers: [{name: c, image: i, env: [{name: A, value: b}]}]}\n",
		spec, restart);
}

/* The i-th Pod by name, as "Pod/NAME". */
static const char *pod(size_t i)
{
	static char text[4][300];
	static size_t turn;
	const char *p = rig_names(r, "Pod");

	for (; i && p; i--)
		p = strchr(p, ' ') ? strchr(p, ' ') + 1 : NULL;
	assert_non_null(p);
	turn = (turn + 1) % 4;
	snprintf(text[turn], sizeof(text[0]), "Pod/%.*s", (int)strcspn(p, " "), p);
	return text[turn];
}

static void end_pod(const char *name, const char *phase, int code)
{
	char at[64];

	strftime(at, sizeof(at), "%Y-%m-%dT%H:%M:%SZ", gmtime(&(time_t){clock_wall_ns() / NS_PER_S}));
	rig_patch(
		r, name, "status",
		"status: {phase: %s, containerStatuses: [{name: c, image: i, imageID: '', ready: false, "
		"restartCount: 0, state: {terminated: {exitCode: %d, startedAt: '%s', finishedAt: '%s'}}}]}",
		phase, code, at, at);
}

static void expect_events(const char *first, ...)
{
	va_list ap;

	va_start(ap, first);
	for (const char *e = first; e; e = va_arg(ap, const char *))
		rig_expect_event(r, e);
	va_end(ap);
	rig_expect_no_event(r);
}

#define CREATED "Job/work Normal SuccessfulCreate Created pod: work-*"
#define DELETED "Job/work Normal SuccessfulDelete Deleted pod: work-*"

/* ---- the plain life ---- */

static void test_creates_as_many_as_asked_for(void **state)
{
	make_job("parallelism: 2\n  completions: 3", "Never");
	rig_run(r);
	assert_int_equal(rig_count(r, "Pod"), 2);
	expect_events(CREATED, CREATED, NULL);
	rig_expect(r, pod(0),
		   "metadata:\n"
		   "  generateName: work-\n"
		   "  finalizers: [batch.kubernetes.io/job-tracking]\n"
		   "  ownerReferences: [{apiVersion: batch/v1, kind: Job, name: work, controller: true}]\n"
		   "  labels: {job-name: work, batch.kubernetes.io/job-name: work}\n"
		   "spec: {hostname: null, restartPolicy: Never}\n");
	rig_expect(r, "Job/work",
		   "status: {active: 2, ready: 0, terminating: 0, succeeded: null, failed: null, "
		   "startTime: '2026-01-01T00:00:00Z', uncountedTerminatedPods: {}, conditions: null}");
	rig_run_pods(r);
	rig_run(r);
	rig_expect(r, "Job/work", "status: {active: 2, ready: 2}");
	rig_forget(r);
	assert_int_equal(rig_run(r), 0);
	assert_int_equal(rig_calls(r, RIG_WRITES), 0);
}

static void test_completes(void **state)
{
	make_job("parallelism: 2\n  completions: 3", "Never");
	rig_run(r);
	end_pod(pod(0), "Succeeded", 0);
	rig_run(r);
	assert_int_equal(rig_count(r, "Pod"), 3);
	rig_expect(r, "Job/work",
		   "status: {active: 2, succeeded: 1, uncountedTerminatedPods: {succeeded: null}}");
	clock_advance(5 * NS_PER_S);
	for (size_t i = 0; i < 3; i++)
		end_pod(pod(i), "Succeeded", 0);
	rig_run(r);
	rig_expect(
		r, "Job/work",
		"status:\n"
		"  active: null\n"
		"  ready: 0\n"
		"  terminating: 0\n"
		"  succeeded: 3\n"
		"  completionTime: '2026-01-01T00:00:05Z'\n"
		"  conditions:\n"
		"  - {type: SuccessCriteriaMet, status: 'True', reason: CompletionsReached, message: Reached expected number of succeeded pods}\n"
		"  - {type: Complete, status: 'True', reason: CompletionsReached, lastProbeTime: '2026-01-01T00:00:05Z'}\n");
	for (size_t i = 0; i < 3; i++)
		rig_expect(r, pod(i), "metadata: {finalizers: null}");
	expect_events(CREATED, CREATED, CREATED, "Job/work Normal Completed Job completed", NULL);
}

static void test_without_completions_one_success_is_enough(void **state)
{
	make_job("parallelism: 3", "Never");
	rig_run(r);
	end_pod(pod(1), "Succeeded", 0);
	rig_run(r);
	assert_int_equal(rig_count(r, "Pod"), 3); /* the others may go on; none is replaced */
	end_pod(pod(0), "Failed", 1);
	end_pod(pod(2), "Succeeded", 0);
	clock_advance(3600 * NS_PER_S);
	rig_run(r);
	assert_int_equal(rig_count(r, "Pod"), 3);
	rig_expect(
		r, "Job/work",
		"status: {succeeded: 2, failed: 1, conditions: [{type: SuccessCriteriaMet}, {type: Complete}]}");
}

/* ---- failures ---- */

static void test_waits_longer_after_each_failure(void **state)
{
	make_job("backoffLimit: 2", "Never");
	rig_run(r);
	for (int i = 1; i <= 2; i++) {
		for (size_t k = 0; k < rig_count(r, "Pod"); k++)
			end_pod(pod(k), "Failed", 1);
		rig_run(r);
		assert_int_equal(rig_count(r, "Pod"), i);
		clock_advance((i * 10 - 1) * NS_PER_S);
		rig_run(r);
		assert_int_equal(rig_count(r, "Pod"), i);
		clock_advance(2 * NS_PER_S);
		rig_run(r);
		assert_int_equal(rig_count(r, "Pod"), i + 1);
		rig_expect(r, "Job/work", "status: {active: 1, failed: %d}", i);
	}
	for (size_t k = 0; k < 3; k++)
		end_pod(pod(k), "Failed", 1);
	rig_run(r);
	rig_expect(
		r, "Job/work",
		"status:\n"
		"  active: null\n"
		"  failed: 3\n"
		"  conditions:\n"
		"  - {type: FailureTarget, status: 'True', reason: BackoffLimitExceeded}\n"
		"  - {type: Failed, status: 'True', reason: BackoffLimitExceeded, message: Job has reached the specified backoff limit}\n");
	assert_int_equal(rig_count(r, "Pod"), 3);
	expect_events(CREATED, CREATED, CREATED,
		      "Job/work Warning BackoffLimitExceeded Job has reached the specified backoff limit",
		      NULL);
}

static void test_restarts_count_with_on_failure(void **state)
{
	make_job("backoffLimit: 3", "OnFailure");
	rig_run(r);
	rig_patch(
		r, pod(0), "status",
		"status: {phase: Running, containerStatuses: [{name: c, image: i, imageID: '', ready: true, "
		"restartCount: 3, state: {running: {}}}]}");
	rig_run(r);
	rig_expect(
		r, "Job/work",
		"status: {failed: 1, terminating: 0, conditions: [{type: FailureTarget, reason: BackoffLimitExceeded}, {type: Failed}]}");
	assert_int_equal(rig_count(r, "Pod"), 0);
}

static void test_deadline(void **state)
{
	make_job("activeDeadlineSeconds: 30", "Never");
	rig_run(r);
	clock_advance(29 * NS_PER_S);
	rig_run(r);
	rig_expect(r, "Job/work", "status: {conditions: null}");
	clock_advance(NS_PER_S);
	rig_run(r);
	rig_run(r);
	rig_expect(
		r, "Job/work",
		"status: {active: null, failed: 1, conditions: [{type: FailureTarget, reason: DeadlineExceeded, "
		"message: Job was active longer than specified deadline}, {type: Failed}]}");
	expect_events(CREATED, DELETED,
		      "Job/work Warning DeadlineExceeded Job was active longer than specified deadline",
		      NULL);
}

static void test_failure_policy(void **state)
{
	make_job("backoffLimit: 0\n"
		 "  podFailurePolicy:\n"
		 "    rules:\n"
		 "    - {action: Ignore, onPodConditions: [{type: DisruptionTarget, status: 'True'}]}\n"
		 "    - {action: FailJob, onExitCodes: {containerName: c, operator: In, values: [7, 42]}}",
		 "Never");
	rig_run(r);
	end_pod(pod(0), "Failed", 42);
	rig_patch(r, pod(0), "status", "status: {conditions: [{type: DisruptionTarget, status: 'True'}]}");
	rig_run(r);
	rig_expect(r, "Job/work", "status: {failed: null, conditions: null}");
	clock_advance(11 * NS_PER_S);
	rig_run(r);
	assert_int_equal(rig_count(r, "Pod"), 2);
	for (size_t i = 0; i < 2; i++)
		end_pod(pod(i), "Failed", 42);
	rig_run(r);
	rig_expect(
		r, "Job/work",
		"status: {failed: 1, conditions: [{type: FailureTarget, reason: PodFailurePolicy, message: "
		"'Container c for pod default/work-????? failed with exit code 42 matching FailJob rule at index 1'}, {type: Failed}]}");
}

/* ---- fewer, later, not at all ---- */

static void test_fewer_at_once_is_no_failure(void **state)
{
	make_job("parallelism: 3\n  completions: 5", "Never");
	rig_run(r);
	rig_patch(r, "Job/work", NULL, "spec: {parallelism: 1}");
	rig_run(r);
	rig_expect(r, "Job/work", "status: {active: 1, failed: null}");
	assert_int_equal(rig_count(r, "Pod"), 1);
	expect_events(CREATED, CREATED, CREATED, DELETED, DELETED, NULL);
}

static void test_suspend_and_resume(void **state)
{
	make_job("suspend: true\n  parallelism: 2", "Never");
	rig_run(r);
	assert_int_equal(rig_count(r, "Pod"), 0);
	rig_expect(
		r, "Job/work",
		"status: {startTime: null, conditions: [{type: Suspended, status: 'True', reason: JobSuspended}]}");
	clock_advance(60 * NS_PER_S);
	rig_patch(r, "Job/work", NULL, "spec: {suspend: false}");
	rig_run(r);
	rig_expect(
		r, "Job/work",
		"status: {active: 2, startTime: '2026-01-01T00:01:00Z', conditions: [{type: Suspended, status: 'False', reason: JobResumed}]}");
	rig_patch(r, "Job/work", NULL, "spec: {suspend: true}");
	rig_run(r);
	assert_int_equal(rig_count(r, "Pod"), 0);
	rig_expect(r, "Job/work",
		   "status: {active: null, failed: null, conditions: [{type: Suspended, status: 'True'}]}");
	expect_events("Job/work Normal Suspended Job suspended", CREATED, CREATED,
		      "Job/work Normal Resumed Job resumed", DELETED, DELETED,
		      "Job/work Normal Suspended Job suspended", NULL);
}

static void test_another_controller_manages_it(void **state)
{
	make_job("managedBy: example.test/other", "Never");
	rig_run(r);
	assert_int_equal(rig_count(r, "Pod"), 0);
	rig_expect(r, "Job/work", "status: {startTime: null}");
}

/* ---- indexes ---- */

static void test_indexes(void **state)
{
	make_job("completionMode: Indexed\n  completions: 4\n  parallelism: 3", "Never");
	rig_run(r);
	assert_int_equal(rig_count(r, "Pod"), 3);
	rig_expect(
		r, pod(1),
		"metadata:\n"
		"  generateName: work-1-\n"
		"  annotations: {batch.kubernetes.io/job-completion-index: '1'}\n"
		"  labels: {batch.kubernetes.io/job-completion-index: '1'}\n"
		"spec:\n"
		"  hostname: work-1\n"
		"  containers:\n"
		"  - env:\n"
		"    - {name: A}\n"
		"    - name: JOB_COMPLETION_INDEX\n"
		"      valueFrom: {fieldRef: {fieldPath: \"metadata.labels\\\\['batch.kubernetes.io/job-completion-index']\"}}\n");
	end_pod(pod(0), "Succeeded", 0);
	end_pod(pod(2), "Succeeded", 0);
	rig_run(r);
	rig_expect(r, "Job/work",
		   "status: {succeeded: 2, active: 2, completedIndexes: '0,2', failedIndexes: null}");
	end_pod(pod(3), "Succeeded", 0);
	rig_run(r);
	clock_advance(NS_PER_S);
	end_pod(pod(1), "Failed", 1);
	rig_run(r);
	rig_expect(r, "Job/work",
		   "status: {succeeded: 3, failed: 1, active: null, completedIndexes: '0,2,3'}");
	clock_advance(11 * NS_PER_S);
	rig_run(r);
	rig_expect(r, pod(1), "metadata: {generateName: work-1-}");
	rig_expect(r, pod(2), "metadata: {generateName: work-1-}");
	end_pod(pod(1), "Succeeded", 0);
	end_pod(pod(2), "Succeeded", 0);
	rig_run(r);
	rig_expect(r, "Job/work",
		   "status: {succeeded: 4, completedIndexes: 0-3, conditions: [{}, {type: Complete}]}");
}

static void test_limit_per_index(void **state)
{
	make_job("completionMode: Indexed\n  completions: 2\n  parallelism: 2\n  backoffLimitPerIndex: 1",
		 "Never");
	rig_run(r);
	end_pod(pod(0), "Failed", 1);
	rig_run(r);
	rig_expect(
		r, pod(0),
		"metadata: {finalizers: [batch.kubernetes.io/job-tracking]}"); /* waits for its successor */
	clock_advance(11 * NS_PER_S);
	rig_run(r);
	assert_int_equal(rig_count(r, "Pod"), 3);
	rig_expect(r, "Job/work", "status: {active: 2, failed: 1, failedIndexes: ''}");
	end_pod(pod(2), "Succeeded", 0);
	for (size_t i = 0; i < 2; i++)
		end_pod(pod(i), "Failed", 1);
	rig_run(r);
	rig_expect(
		r, "Job/work",
		"status: {failed: 2, succeeded: 1, completedIndexes: '1', failedIndexes: '0', conditions: [{type: FailureTarget, "
		"reason: FailedIndexes, message: Job has failed indexes}, {type: Failed}]}");
}

static void test_success_policy(void **state)
{
	make_job("completionMode: Indexed\n  completions: 3\n  parallelism: 3\n"
		 "  successPolicy: {rules: [{succeededIndexes: '0,2', succeededCount: 1}]}",
		 "Never");
	rig_run(r);
	end_pod(pod(1), "Succeeded", 0);
	rig_run(r);
	rig_expect(r, "Job/work", "status: {active: 2, conditions: null}");
	end_pod(pod(2), "Succeeded", 0);
	rig_run(r);
	rig_run(r);
	rig_expect(
		r, "Job/work",
		"status: {succeeded: 2, failed: null, active: null, conditions: [{type: SuccessCriteriaMet, reason: SuccessPolicy, message: "
		"Matched rules at index 0}, {type: Complete}]}");
}

/* ---- what is left behind ---- */

static void test_pods_of_a_job_that_is_gone_are_let_go(void **state)
{
	make_job("parallelism: 2", "Never");
	rig_run(r);
	rig_delete(r, "Job/work", "propagationPolicy: Orphan");
	rig_patch(r, "Job/work", NULL,
		  "metadata: {finalizers: null}"); /* as the garbage collector does at last */
	rig_expect_absent(r, "Job/work");
	rig_run(r);
	for (size_t i = 0; i < 2; i++)
		rig_expect(r, pod(i), "metadata: {finalizers: null}");
}

static void test_deleted_pods_are_replaced(void **state)
{
	make_job("podReplacementPolicy: Failed", "Never");
	rig_run(r);
	rig_run_pods(r);
	rig_delete(r, pod(0), "");
	rig_run(r);
	assert_int_equal(rig_count(r, "Pod"), 1); /* it ends first */
	rig_expect(r, "Job/work", "status: {active: null, terminating: 1}");
	end_pod(pod(0), "Failed", 143);
	rig_run(r);
	clock_advance(11 * NS_PER_S);
	rig_run(r);
	rig_expect(r, "Job/work", "status: {active: 1, terminating: 0, failed: 1}");
}

static void test_goes_when_its_time_is_over(void **state)
{
	make_job("ttlSecondsAfterFinished: 10", "Never");
	rig_run(r);
	end_pod(pod(0), "Succeeded", 0);
	rig_run(r);
	clock_advance(9 * NS_PER_S);
	rig_run(r);
	rig_expect(r, "Job/work", "metadata: {deletionTimestamp: null}");
	clock_advance(2 * NS_PER_S);
	rig_run(r);
	rig_expect(r, "Job/work", "metadata: {finalizers: [foregroundDeletion]}");
}

static void test_nothing_is_counted_twice_when_the_status_cannot_be_written(void **state)
{
	make_job("parallelism: 2\n  completions: 2", "Never");
	rig_run(r);
	end_pod(pod(0), "Succeeded", 0);
	rig_fail(r, .call = "PATCH *status", .reason = REASON_UNAVAILABLE, .message = "no", .lost = true,
		 .times = 1);
	struct rig_result first = rig_sync(r, "job", "default/work");
	assert_int_equal(first.rc, -1);
	rig_heal(r);
	rig_run(r);
	rig_expect(r, "Job/work", "status: {succeeded: 1, active: 1}");
	end_pod(pod(0), "Succeeded", 0);
	end_pod(pod(1), "Succeeded", 0);
	rig_run(r);
	rig_expect(r, "Job/work", "status: {succeeded: 2, conditions: [{}, {type: Complete}]}");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_creates_as_many_as_asked_for),
		TEST(test_completes),
		TEST(test_without_completions_one_success_is_enough),
		TEST(test_waits_longer_after_each_failure),
		TEST(test_restarts_count_with_on_failure),
		TEST(test_deadline),
		TEST(test_failure_policy),
		TEST(test_fewer_at_once_is_no_failure),
		TEST(test_suspend_and_resume),
		TEST(test_another_controller_manages_it),
		TEST(test_indexes),
		TEST(test_limit_per_index),
		TEST(test_success_policy),
		TEST(test_pods_of_a_job_that_is_gone_are_let_go),
		TEST(test_deleted_pods_are_replaced),
		TEST(test_goes_when_its_time_is_over),
		TEST(test_nothing_is_counted_twice_when_the_status_cannot_be_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
