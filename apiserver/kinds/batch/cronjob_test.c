/* SPDX-License-Identifier: Apache-2.0 */
/* CronJobs: schedules, zones, templates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/causes_test.h"

#define TEMPLATE(more)                                                                                                       \
	",'jobTemplate':{'spec':{'template':{'spec':{'restartPolicy':'Never','containers':[{'name':'c','image':'i'}]}}" more \
	"}}"
#define OBJECT(name, more) "{'metadata':{'name':'" name "','namespace':'n'},'spec':{" more "}}"
#define CRON(more) "batch", "CronJob", "", OBJECT("c", more TEMPLATE(""))
#define SCHEDULE "'schedule':'* * * * *'"
#define INVALID ": Invalid value: "
#define LONG "a123456789012345678901234567890123456789012345678901"

static void causes(void **state)
{
	static const struct causes_update rows[] = {
		{CRON(SCHEDULE), NULL, ""},
		{CRON("'schedule':'@every 5m','timeZone':'Europe/Berlin'"), NULL, ""},
		{CRON("'suspend':true"), NULL, "spec.schedule: Required value\n"},
		{CRON("'schedule':'* * *'"), NULL,
		 "spec.schedule" INVALID "\"* * *\": expected exactly 5 fields, found 3: [* * *]\n"},
		{CRON("'schedule':'TZ=UTC * * * * *'"), NULL,
		 "spec.schedule" INVALID
		 "\"TZ=UTC * * * * *\": cannot use TZ or CRON_TZ in schedule, use timeZone field instead\n"},
		{CRON("'schedule':'TZ=UTC * * * * *','timeZone':'UTC'"),
		 OBJECT("c", "'schedule':'TZ=UTC 1 * * * *'" TEMPLATE("")),
		 "spec.schedule" INVALID
		 "\"TZ=UTC * * * * *\": cannot use both timeZone field and TZ or CRON_TZ in schedule\n"},
		{CRON("'schedule':'TZ=UTC 2 * * * *'"),
		 OBJECT("c", "'schedule':'TZ=UTC 1 * * * *'" TEMPLATE("")), ""},
		{CRON(SCHEDULE ",'timeZone':''"), NULL,
		 "spec.timeZone" INVALID "\"\": timeZone must be nil or non-empty string\n"},
		{CRON(SCHEDULE ",'timeZone':'../UTC'"), NULL,
		 "spec.timeZone" INVALID "\"../UTC\": unknown time zone ../UTC\n"},
		{CRON(SCHEDULE ",'timeZone':'local'"), NULL,
		 "spec.timeZone" INVALID
		 "\"local\": timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones\n"
		 "spec.timeZone" INVALID "\"local\": unknown time zone local\n"},
		{CRON(SCHEDULE ",'timeZone':'Mars/Base'"), NULL,
		 "spec.timeZone" INVALID "\"Mars/Base\": unknown time zone Mars/Base\n"},
		{CRON(SCHEDULE ",'timeZone':'Mars/Base'"),
		 OBJECT("c", SCHEDULE ",'timeZone':'Mars/Base'" TEMPLATE("")), ""},
		{CRON(SCHEDULE
		      ",'concurrencyPolicy':'x','startingDeadlineSeconds':-1,'successfulJobsHistoryLimit':-1,'failedJobsHistoryLimit':-1"),
		 NULL,
		 "spec.concurrencyPolicy: Unsupported value: \"x\": supported values: \"Allow\", \"Forbid\", \"Replace\"\n"
		 "spec.failedJobsHistoryLimit" INVALID "-1: must be greater than or equal to 0\n"
		 "spec.startingDeadlineSeconds" INVALID "-1: must be greater than or equal to 0\n"
		 "spec.successfulJobsHistoryLimit" INVALID "-1: must be greater than or equal to 0\n"},
		{"batch", "CronJob", "",
		 OBJECT("c", SCHEDULE TEMPLATE(",'selector':{},'manualSelector':true,'parallelism':-1")),
		 NULL,
		 "spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: \"nil\", \"false\"\n"
		 "spec.jobTemplate.spec.parallelism" INVALID "-1: must be greater than or equal to 0\n"
		 "spec.jobTemplate.spec.selector" INVALID "{}: `selector` will be auto-generated\n"},
		{"batch", "CronJob", "", OBJECT(LONG "2", SCHEDULE TEMPLATE("")), NULL,
		 "metadata.name" INVALID "\"" LONG "2\": must be no more than 52 characters\n"},
		{"batch", "CronJob", "", OBJECT(LONG, SCHEDULE TEMPLATE("")), NULL, ""},
	};

	causes_check_updates(rows, ARRAY_LEN(rows));
}

/* A template gets a Pod template's defaults, not those of a Job. */
static void defaults(void **state)
{
	autobuf struct buf got = BUF_INIT, text = BUF_INIT;
	js *o = NULL;

	causes_of("batch", "CronJob", "", JSON(OBJECT("c", SCHEDULE TEMPLATE(""))), NULL, &got, &o);
	js *spec = js_obj(o, "spec", NULL);
	assert_null(js_get(spec, "jobTemplate", "spec", "parallelism", NULL));
	assert_string_equal(js_str0(spec, "jobTemplate", "spec", "template", "spec", "dnsPolicy", NULL),
			    "ClusterFirst");
	js_del(spec, "jobTemplate");
	js_write(&text, spec);
	assert_string_equal(
		buf_str(&text),
		JSON("{'schedule':'* * * * *','concurrencyPolicy':'Allow','suspend':false,'successfulJobsHistoryLimit':3,'failedJobsHistoryLimit':1}"));
	json_object_put(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(causes), cmocka_unit_test(defaults)};
	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}
