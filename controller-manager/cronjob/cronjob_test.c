/* SPDX-License-Identifier: Apache-2.0 */
/* CronJobs against a real API: when Jobs begin, which ones go, and what the status says (upstream's cases). */
#include "controllers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "rig/rig.h"

#define MINUTE (60 * NS_PER_S)
#define HOUR (60 * MINUTE)
#define FIRST "c-29453820"  /* 2026-01-01T01:00:00Z in minutes */
#define SECOND "c-29453880" /* 02:00 */

static struct rig *r;

static int set_up(void **state)
{
	r = rig_new(&cronjob_controller, NULL);
	return 0;
}

static int tear_down(void **state)
{
	rig_free(r);
	return 0;
}

static void make(const char *spec)
{
	rig_create(
		r,
		"apiVersion: batch/v1\n"
		"kind: CronJob\n"
		"metadata: {name: c}\n"
		"spec:\n"
		"  %s\n"
		"  jobTemplate:\n"
		"    metadata: {labels: {a: b}, annotations: {k: v}}\n"
		"    spec: {template: {spec: {restartPolicy: Never, containers: [{name: m, image: i}]}}}\n",
		spec);
}

static void pass(int64_t ns)
{
	clock_advance(ns);
	rig_run(r);
}

static void end_job(const char *job, const char *first, const char *condition, const char *at)
{
	rig_patch(
		r, job, "status",
		"status: {startTime: '2026-01-01T00:00:00Z', %s conditions: [{type: %s, status: 'True'}, {type: "
		"%s, status: 'True', lastTransitionTime: '%s'}]}",
		*at ? "succeeded: 1, completionTime: '2026-01-01T01:10:00Z'," : "", first, condition,
		"2026-01-01T01:10:00Z");
}

static void succeed(const char *job)
{
	end_job(job, "SuccessCriteriaMet", "Complete", "x");
}

static void fail_job(const char *job)
{
	end_job(job, "FailureTarget", "Failed", "");
}

#define CREATED(job) "CronJob/c Normal SuccessfulCreate Created job " job

/* ---- when ---- */

static void test_begins_when_it_is_time(void **state)
{
	make("schedule: '0 * * * *'");
	rig_run(r);
	pass(HOUR - NS_PER_S);
	assert_int_equal(rig_count(r, "Job"), 0);
	assert_int_equal(rig_calls(r, RIG_WRITES), 0);
	pass(2 * NS_PER_S);
	rig_expect(
		r, "Job/" FIRST,
		"metadata:\n"
		"  labels: {a: b}\n"
		"  annotations: {k: v, batch.kubernetes.io/cronjob-scheduled-timestamp: '2026-01-01T01:00:00Z'}\n"
		"  ownerReferences: [{apiVersion: batch/v1, kind: CronJob, name: c, uid: '*', controller: true, "
		"blockOwnerDeletion: true}]\n"
		"spec: {template: {spec: {restartPolicy: Never}}}\n");
	rig_expect(r, "CronJob/c",
		   "status:\n"
		   "  lastScheduleTime: '2026-01-01T01:00:00Z'\n"
		   "  lastSuccessfulTime: null\n"
		   "  active: [{kind: Job, apiVersion: batch/v1, namespace: default, name: " FIRST
		   ", uid: '*', resourceVersion: '*'}]\n");
	rig_expect_event(r, CREATED(FIRST));
	rig_expect_no_event(r);
	rig_forget(r);
	pass(30 * MINUTE);
	assert_int_equal(rig_calls(r, RIG_WRITES), 0);
	pass(31 * MINUTE);
	assert_string_equal(rig_names(r, "Job"), FIRST " " SECOND);
}

static void test_whatever_stands_in_its_way(void **state)
{
	static const struct {
		const char *name, *spec;
		bool runs;		  /* the first Job still does */
		int64_t late_s;		  /* at least: the clock goes on while informers come back */
		const char *jobs, *event; /* after the second time; NULL: none */
	} rows[] = {
		{"done", "concurrencyPolicy: Allow", false, 1, FIRST " " SECOND, CREATED(SECOND)},
		{"done", "concurrencyPolicy: Forbid", false, 1, FIRST " " SECOND, CREATED(SECOND)},
		{"done", "concurrencyPolicy: Replace", false, 1, FIRST " " SECOND, CREATED(SECOND)},
		{"runs", "concurrencyPolicy: Allow", true, 1, FIRST " " SECOND, CREATED(SECOND)},
		{"runs", "concurrencyPolicy: Forbid", true, 1, FIRST,
		 "CronJob/c Normal JobAlreadyActive Not starting job because prior execution is running and "
		 "concurrency policy is Forbid"},
		{"runs", "concurrencyPolicy: Replace", true, 1, SECOND,
		 "CronJob/c Normal SuccessfulDelete Deleted job " FIRST},
		{"in time", "startingDeadlineSeconds: 100", false, 80, FIRST " " SECOND, CREATED(SECOND)},
		{"too late", "startingDeadlineSeconds: 100", false, 101, FIRST, NULL},
		{"a day late", "concurrencyPolicy: Allow", false, 86400, FIRST " c-29455320",
		 CREATED("c-29455320")},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *spec = mem_printf("schedule: '0 * * * *'\n  %s", rows[i].spec);
		make(spec);
		rig_run(r);
		pass(HOUR + NS_PER_S);
		if (!rows[i].runs)
			succeed("Job/" FIRST);
		rig_run(r);
		rig_forget(r);
		pass(HOUR - NS_PER_S + rows[i].late_s * NS_PER_S);
		if (strcmp(rig_names(r, "Job"), rows[i].jobs) != 0)
			fail_msg("%s, %s: %s", rows[i].name, rows[i].spec, rig_names(r, "Job"));
		if (rows[i].event)
			rig_expect_event(r, rows[i].event);
		else
			rig_expect_no_event(r);
		(void)tear_down(NULL);
		(void)set_up(NULL);
	}
}

static void test_suspended(void **state)
{
	make("schedule: '0 * * * *'\n  suspend: true");
	pass(90 * MINUTE);
	assert_int_equal(rig_count(r, "Job"), 0);
	rig_patch(r, "CronJob/c", NULL, "spec: {suspend: false}");
	rig_run(r);
	assert_string_equal(rig_names(r, "Job"), FIRST); /* late, but nobody forbids it */
}

/* Of the times that were missed only the newest counts, and more than a hundred are told of. */
static void test_many_missed(void **state)
{
	make("schedule: '0 * * * *'");
	rig_run(r);
	pass(7 * 24 * HOUR + 5 * MINUTE);
	rig_expect_event(r,
			 "CronJob/c Warning TooManyMissedTimes too many missed start times. Set or decrease "
			 ".spec.startingDeadlineSeconds or check clock skew");
	rig_expect_event(r, CREATED("c-29463840"));
	assert_int_equal(rig_count(r, "Job"), 1);
	rig_expect(r, "CronJob/c", "status: {lastScheduleTime: '2026-01-08T00:00:00Z'}");
}

static void test_a_new_schedule_waits_for_its_first_time(void **state)
{
	make("schedule: '0 12 * * *'");
	rig_run(r);
	pass(90 * MINUTE);
	rig_patch(r, "CronJob/c", NULL, "spec: {schedule: '0 * * * *'}");
	rig_settle(r);
	rig_run(r);
	assert_int_equal(rig_count(r, "Job"), 0);
	pass(31 * MINUTE);
	assert_string_equal(rig_names(r, "Job"), SECOND);
}

static void test_zones(void **state)
{
	make("schedule: '0 9 * * *'\n  timeZone: Asia/Kolkata");
	rig_run(r);
	pass(3 * HOUR + 31 * MINUTE); /* 03:30Z */
	rig_expect(r, "CronJob/c", "status: {lastScheduleTime: '2026-01-01T03:30:00Z'}");
	rig_expect(
		r, "Job/c-29453970",
		"metadata: {annotations: {batch.kubernetes.io/cronjob-scheduled-timestamp: '2026-01-01T09:00:00+05:30'}}");
}

static void test_a_day_that_never_comes(void **state)
{
	make("schedule: '0 0 31 2 *'");
	rig_run(r);
	rig_expect_event(
		r, "CronJob/c Warning InvalidSchedule invalid schedule: 0 0 31 2 * : time difference between "
		   "two schedules is less than 1 second");
	assert_int_equal(rig_sync(r, "cronjob", "default/c").requeue_after_ns, RIG_NEVER);
}

/* ---- what the Jobs are ---- */

static void test_ends_are_seen(void **state)
{
	make("schedule: '0 * * * *'");
	rig_run(r);
	pass(HOUR + NS_PER_S);
	rig_forget(r);
	succeed("Job/" FIRST);
	rig_run(r);
	rig_expect_event(r, "CronJob/c Normal SawCompletedJob Saw completed job: " FIRST
			    ", condition: Complete");
	rig_expect(r, "CronJob/c",
		   "status: {active: null, lastScheduleTime: '2026-01-01T01:00:00Z', lastSuccessfulTime: "
		   "'2026-01-01T01:10:00Z'}");
	pass(HOUR);
	rig_expect_event(r, CREATED(SECOND));
	fail_job("Job/" SECOND);
	rig_run(r);
	rig_expect_event(r,
			 "CronJob/c Normal SawCompletedJob Saw completed job: " SECOND ", condition: Failed");
	rig_forget(r);
	assert_int_equal(rig_run(r), 0);
}

static void test_a_job_that_went(void **state)
{
	make("schedule: '0 * * * *'");
	rig_run(r);
	pass(HOUR + NS_PER_S);
	rig_forget(r);
	rig_delete(r, "Job/" FIRST, "propagationPolicy: Background");
	rig_run(r);
	rig_expect_event(r, "CronJob/c Normal MissingJob Active job went missing: " FIRST);
	rig_expect(r, "CronJob/c", "status: {active: null}");
	assert_int_equal(rig_count(r, "Job"), 0); /* its time is not made up for */
}

/* As `kubectl create job --from` makes it. */
static void test_a_job_that_somebody_made(void **state)
{
	make("schedule: '0 * * * *'");
	rig_create(
		r,
		"apiVersion: batch/v1\n"
		"kind: Job\n"
		"metadata:\n"
		"  name: by-hand\n"
		"  annotations: {cronjob.kubernetes.io/instantiate: manual}\n"
		"  ownerReferences: [{apiVersion: batch/v1, kind: CronJob, name: c, uid: $CronJob/c, controller: true}]\n"
		"spec: {template: {spec: {restartPolicy: Never, containers: [{name: m, image: i}]}}}\n");
	rig_run(r);
	rig_expect_event(
		r, "CronJob/c Warning UnexpectedJob Saw a job that the controller did not create or forgot: "
		   "by-hand");
	rig_expect(r, "CronJob/c", "status: {active: null}");
	succeed("Job/by-hand");
	rig_run(r);
	rig_expect(r, "CronJob/c", "status: {lastSuccessfulTime: '2026-01-01T01:10:00Z'}");
}

static void test_history(void **state)
{
	make("schedule: '0 * * * *'\n  successfulJobsHistoryLimit: 1\n  failedJobsHistoryLimit: 0");
	rig_run(r);
	pass(HOUR + NS_PER_S);
	succeed("Job/" FIRST);
	pass(HOUR);
	assert_string_equal(rig_names(r, "Job"), FIRST " " SECOND);
	rig_forget(r);
	succeed("Job/" SECOND);
	rig_run(r);
	assert_string_equal(rig_names(r, "Job"), SECOND);
	rig_expect_event(r, "CronJob/c Normal SawCompletedJob *");
	rig_expect_event(r, "CronJob/c Normal SuccessfulDelete Deleted job " FIRST);
	pass(HOUR);
	fail_job("Job/c-29453940");
	rig_run(r);
	assert_string_equal(rig_names(r, "Job"), SECOND);
}

/* ---- an API that fails, a daemon that ends ---- */

static void test_nothing_is_made_twice(void **state)
{
	make("schedule: '0 * * * *'");
	rig_run(r);
	clock_advance(HOUR + NS_PER_S);
	rig_fail(r, .call = "PATCH */cronjobs/c/status", .reason = REASON_UNAVAILABLE, .message = "no",
		 .times = 1);
	assert_int_equal(rig_sync(r, "cronjob", "default/c").rc, -1);
	rig_expect_event(r, CREATED(FIRST));
	rig_expect(r, "CronJob/c", "status: {active: null, lastScheduleTime: null}");
	rig_run(r); /* its Job is there; it knows it by its name */
	rig_expect(r, "CronJob/c",
		   "status: {active: [{name: " FIRST "}], lastScheduleTime: '2026-01-01T01:00:00Z'}");
	assert_int_equal(rig_count(r, "Job"), 1);
}

static void test_an_answer_that_is_lost(void **state)
{
	make("schedule: '0 * * * *'");
	rig_run(r);
	clock_advance(HOUR + NS_PER_S);
	rig_fail(r, .call = "POST */jobs", .reason = REASON_TIMEOUT, .message = "lost", .times = 1,
		 .lost = true);
	assert_int_equal(rig_sync(r, "cronjob", "default/c").rc, -1);
	rig_expect_event(r, "CronJob/c Warning FailedCreate Error creating job: lost");
	rig_must_sync(r, "cronjob", "default/c");
	rig_expect(r, "CronJob/c", "status: {active: [{name: " FIRST "}]}");
	assert_int_equal(rig_count(r, "Job"), 1);
}

/* A stranger's Job of that name is left alone, and its time has passed. */
static void test_a_name_that_is_taken(void **state)
{
	make("schedule: '0 * * * *'");
	rig_create(r,
		   "apiVersion: batch/v1\n"
		   "kind: Job\n"
		   "metadata: {name: " FIRST "}\n"
		   "spec: {template: {spec: {restartPolicy: Never, containers: [{name: m, image: i}]}}}\n");
	rig_run(r);
	pass(HOUR + NS_PER_S);
	rig_expect(r, "CronJob/c", "status: {active: null, lastScheduleTime: null}");
	rig_expect(r, "Job/" FIRST, "metadata: {ownerReferences: null}");
	rig_expect_no_event(r);
}

static void test_one_that_goes_begins_nothing(void **state)
{
	make("schedule: '0 * * * *'");
	rig_patch(r, "CronJob/c", NULL, "metadata: {finalizers: [a.example.com/wait]}");
	rig_run(r);
	rig_delete(r, "CronJob/c", "");
	pass(2 * HOUR);
	assert_int_equal(rig_count(r, "Job"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		T(test_begins_when_it_is_time),
		T(test_whatever_stands_in_its_way),
		T(test_suspended),
		T(test_many_missed),
		T(test_a_new_schedule_waits_for_its_first_time),
		T(test_zones),
		T(test_a_day_that_never_comes),
		T(test_ends_are_seen),
		T(test_a_job_that_went),
		T(test_a_job_that_somebody_made),
		T(test_history),
		T(test_nothing_is_made_twice),
		T(test_an_answer_that_is_lost),
		T(test_a_name_that_is_taken),
		T(test_one_that_goes_begins_nothing),
	};
	setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
