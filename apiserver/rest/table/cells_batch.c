/* SPDX-License-Identifier: Apache-2.0 */
/* Cells of Jobs and CronJobs. */
#include <string.h>
#include "object/condition.h"
#include "object/meta.h"
#include "object/rfc3339.h"
#include "rest/table/cells.h"

static void cell_job_status(struct buf *out, const struct cell *c)
{
	static const struct {
		const char *condition; /* NULL: being deleted */
		const char *word;
	} rows[] = {
		{"Complete", "Complete"},
		{"Failed", "Failed"},
		{NULL, "Terminating"},
		{"Suspended", "Suspended"},
		{"FailureTarget", "FailureTarget"},
		{"SuccessCriteriaMet", "SuccessCriteriaMet"},
	};
	const js *conditions = js_arr(c->o, "status", "conditions", NULL);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const js *d = rows[i].condition ? condition_find(conditions, rows[i].condition) : NULL;
		if (rows[i].condition ? !strcmp(js_str0(d, "status", NULL), "True") : meta_deleting(c->o)) {
			cell_str(out, rows[i].word);
			return;
		}
	}
	cell_str(out, "Running");
}

static void cell_job_completions(struct buf *out, const struct cell *c)
{
	long long done = js_int(c->o, 0, "status", "succeeded", NULL),
		  parallelism = js_int(c->o, 0, "spec", "parallelism", NULL);
	if (js_get(c->o, "spec", "completions", NULL))
		buf_addf(out, "\"%lld/%lld\"", done, (long long)js_int(c->o, 0, "spec", "completions", NULL));
	else if (parallelism > 1)
		buf_addf(out, "\"%lld/1 of %lld\"", done, parallelism);
	else
		buf_addf(out, "\"%lld/1\"", done);
}

static void cell_job_duration(struct buf *out, const struct cell *c)
{
	const char *start = js_str(c->o, "status", "startTime", NULL),
		   *end = js_str(c->o, "status", "completionTime", NULL);
	struct err ignore = ERR_INIT;
	int64_t until = c->now_ns;
	buf_addc(out, '"');
	if (start && (!end || rfc3339_parse(end, &until, &ignore) == 0))
		cell_since(out, start, until);
	buf_addc(out, '"');
}

static void cell_cron_zone(struct buf *out, const struct cell *c)
{
	const char *zone = js_str(c->o, "spec", "timeZone", NULL);
	cell_str(out, zone ? zone : CELL_NONE);
}

/* A text, in a column of booleans: as upstream. */
static void cell_cron_suspend(struct buf *out, const struct cell *c)
{
	const js *v = js_get(c->o, "spec", "suspend", NULL);
	cell_str(out, !v ? "<unset>" : js_bool(v, false, NULL) ? "True" : "False");
}

static void cell_cron_active(struct buf *out, const struct cell *c)
{
	buf_addu(out, js_len(js_arr(c->o, "status", "active", NULL)));
}

static void cell_cron_last(struct buf *out, const struct cell *c)
{
	const char *last = js_str(c->o, "status", "lastScheduleTime", NULL);
	if (!last) {
		cell_str(out, CELL_NONE);
		return;
	}
	buf_addc(out, '"');
	cell_since(out, last, c->now_ns);
	buf_addc(out, '"');
}

static void cell_cron_containers(struct buf *out, const struct cell *c)
{
	cell_containers_of(out, js_obj(c->o, "spec", "jobTemplate", "spec", "template", NULL), "name");
}

static void cell_cron_images(struct buf *out, const struct cell *c)
{
	cell_containers_of(out, js_obj(c->o, "spec", "jobTemplate", "spec", "template", NULL), "image");
}

static void cell_cron_selector(struct buf *out, const struct cell *c)
{
	cell_selector_of(out, js_obj(c->o, "spec", "jobTemplate", "spec", "selector", NULL));
}

const struct cell_row cells_batch[] = {
	{"cron_active", cell_cron_active},
	{"cron_containers", cell_cron_containers},
	{"cron_images", cell_cron_images},
	{"cron_last", cell_cron_last},
	{"cron_suspend", cell_cron_suspend},
	{"cron_selector", cell_cron_selector},
	{"cron_zone", cell_cron_zone},
	{"job_completions", cell_job_completions},
	{"job_duration", cell_job_duration},
	{"job_status", cell_job_status},
	{NULL, NULL},
};
