/* SPDX-License-Identifier: Apache-2.0 */
/* The status of a CronJob while a sync works on it: its Jobs under way by uid, however many there are. */
#include <stdlib.h>
#include <string.h>
#include "cronjob/cronjob_round.h"
#include "object/rfc3339.h"

static void index_entry(struct cronjob_status *s, const char *uid, size_t i)
{
	map_set(&s->index, uid, (void *)(i + 1));
	s->n_active++;
}

void cronjob_status_read(struct cronjob_status *s, const struct cm_cronjob *c)
{
	struct err ignored = ERR_INIT;
	const char *text = c->status.active;

	*s = (struct cronjob_status){.last_schedule_ns = c->status.last_schedule_ns,
				     .last_successful_ns = c->status.last_successful_ns};
	s->active = text ? js_parse(text, strlen(text), NULL, &ignored) : NULL;
	if (!s->active)
		s->active = js_new_arr();
	for (size_t i = 0; i < js_len(s->active); i++)
		if (!cronjob_status_has(s, js_str0(js_at(s->active, i), "uid", NULL)))
			index_entry(s, js_str0(js_at(s->active, i), "uid", NULL), i);
}

void cronjob_status_release(struct cronjob_status *s)
{
	json_object_put(s->active);
	map_release(&s->index);
}

bool cronjob_status_has(const struct cronjob_status *s, const char *uid)
{
	return map_has(&s->index, uid);
}

bool cronjob_status_has_name(const struct cronjob_status *s, const char *name)
{
	for (struct map_iter it = {0}; map_next(&s->index, &it);)
		if (!strcmp(js_str0(js_at(s->active, (size_t)it.value - 1), "name", NULL), name))
			return true;
	return false;
}

void cronjob_status_add(struct cronjob_status *s, const js *job)
{
	js *ref = js_new_obj();

	js_set_str(ref, "kind", "Job");
	js_set_str(ref, "namespace", js_str0(job, "metadata", "namespace", NULL));
	js_set_str(ref, "name", js_str0(job, "metadata", "name", NULL));
	js_set_str(ref, "uid", meta_uid(job));
	js_set_str(ref, "apiVersion", "batch/v1");
	js_set_str(ref, "resourceVersion", js_str0(job, "metadata", "resourceVersion", NULL));
	js_push(s->active, ref);
	index_entry(s, meta_uid(job), js_len(s->active) - 1);
	s->changed = true;
}

void cronjob_status_del(struct cronjob_status *s, const char *uid)
{
	if (!map_del(&s->index, uid))
		return;
	s->n_active--;
	s->changed = true;
}

/* In their order, without those that are gone. */
static js *what_is_active(const struct cronjob_status *s)
{
	if (!s->n_active)
		return NULL;
	js *list = js_new_arr();
	for (size_t i = 0; i < js_len(s->active); i++) {
		const js *ref = js_at(s->active, i);
		if ((size_t)map_get(&s->index, js_str0(ref, "uid", NULL)) == i + 1)
			js_push(list, js_dup(ref));
	}
	return list;
}

static void set_time(js *status, const char *key, int64_t ns)
{
	char text[RFC3339_MAX];

	if (!ns)
		return;
	rfc3339_format(ns, text);
	js_set_str(status, key, text);
}

int cronjob_status_write(struct cronjob_round *r, struct err *err)
{
	struct cronjob_status *s = &r->status;
	autojson js *body = js_new_obj();
	js *status = js_ensure(body, "status", NULL);

	if (!s->changed)
		return 0;
	js_set(status, "active", what_is_active(s));
	set_time(status, "lastScheduleTime", s->last_schedule_ns);
	set_time(status, "lastSuccessfulTime", s->last_successful_ns);
	return control_patch_status(r->ctx, r->cronjobs, &r->cronjob->base, body, err);
}
