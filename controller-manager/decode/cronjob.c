/* SPDX-License-Identifier: Apache-2.0 */
/* See cronjob.h. */
#include "decode/cronjob.h"

#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "decode/template.h"

static enum cronjob_policy policy_of(const char *s)
{
	return !strcmp(s, "Forbid")    ? CRONJOB_FORBID
	       : !strcmp(s, "Replace") ? CRONJOB_REPLACE
				       : CRONJOB_ALLOW;
}

static bool cronjob_decode(void *into, const js *o)
{
	struct cm_cronjob *c = into;
	const js *spec = js_obj(o, "spec", NULL), *status = js_obj(o, "status", NULL);
	const char *zone = js_str(spec, "timeZone", NULL);

	c->schedule = mem_strdup(js_str0(spec, "schedule", NULL));
	c->zone = zone ? mem_strdup(zone) : NULL;
	c->deadline_s = js_int(spec, CRONJOB_UNSET, "startingDeadlineSeconds", NULL);
	c->policy = policy_of(js_str0(spec, "concurrencyPolicy", NULL));
	c->suspended = js_bool(spec, false, "suspend", NULL);
	c->successful_limit = (int32_t)js_int(spec, CRONJOB_UNSET, "successfulJobsHistoryLimit", NULL);
	c->failed_limit = (int32_t)js_int(spec, CRONJOB_UNSET, "failedJobsHistoryLimit", NULL);
	c->template = cm_json_text(js_obj(spec, "jobTemplate", NULL));
	c->status.last_schedule_ns = cm_time(status, "lastScheduleTime");
	c->status.last_successful_ns = cm_time(status, "lastSuccessfulTime");
	c->status.active = cm_json_text(js_arr(status, "active", NULL));
	return true;
}

static void cronjob_release(void *o)
{
	struct cm_cronjob *c = o;

	free(c->schedule);
	free(c->zone);
	free(c->template);
	free(c->status.active);
}

const struct informer_type cm_cronjob_type = {
	.group = "batch",
	.version = "v1",
	.resource = "cronjobs",
	.kind = "CronJob",
	.size = sizeof(struct cm_cronjob),
	.decode = cronjob_decode,
	.release = cronjob_release,
	.n_indexes = INDEX_COMMON,
	.index = cm_index,
};
