/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the controllers under test say to the API, seen on its way: the linker turns their calls of rest_do,
 * rest_do_raw, rest_batch_run and events_record into calls of the functions below (--wrap). Calls of other threads
 * and of the rig itself pass untouched.
 */
#include "rig/rig_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "object/yaml.h"
#include "object/status_reason.h"

__thread struct rig *rig_syncing;

int __real_rest_do(struct rest *r, enum rest_verb verb, const char *path, const js *body, js **ret,
		   struct err *err);
int __real_rest_do_raw(struct rest *r, enum rest_verb verb, const char *path, const char *body, size_t n,
		       struct buf *ret, struct err *err);
void __real_rest_batch_run(struct rest *r, struct rest_batch *b, size_t in_flight);
void __real_rest_call_run(struct rest *r, struct rest_call *v, size_t n, size_t in_flight);
int __wrap_rest_do(struct rest *r, enum rest_verb verb, const char *path, const js *body, js **ret,
		   struct err *err);
int __wrap_rest_do_raw(struct rest *r, enum rest_verb verb, const char *path, const char *body, size_t n,
		       struct buf *ret, struct err *err);
void __wrap_rest_batch_run(struct rest *r, struct rest_batch *b, size_t in_flight);
void __wrap_rest_call_run(struct rest *r, struct rest_call *v, size_t n, size_t in_flight);
void __wrap_events_record(struct events *e, const char *component, const char *host,
			  const struct event_ref *ref, bool warning, const char *reason, const char *fmt, ...)
	PRINTF(7, 8);

void rig_lines_add(struct rig_lines *l, char *text)
{
	l->v = mem_realloc_array(l->v, l->n + 1, sizeof(*l->v));
	l->v[l->n++] = text;
}

void rig_lines_clear(struct rig_lines *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	*l = (struct rig_lines){0};
}

/* ---- faults ---- */

void rig_add_fault(struct rig *r, const struct rig_fault *f)
{
	assert_true(r->n_faults < RIG_MAX_FAULTS);
	r->faults[r->n_faults].f = *f;
	r->faults[r->n_faults++].seen = 0;
}

void rig_heal(struct rig *r)
{
	r->n_faults = 0;
}

/* What somebody else does at this moment; the sync under test goes on with what it knows. */
static void interfere(struct rig *r, void (*fn)(struct rig *r))
{
	rig_syncing = NULL;
	fn(r);
	rig_syncing = r;
}

/* Notes the call; the fault that it meets, or NULL. */
static const struct rig_fault *meet(struct rig *r, enum rest_verb verb, const char *path)
{
	static const char *const methods[] = {
		[REST_GET] = "GET",
		[REST_POST] = "POST",
		[REST_PUT] = "PUT",
		[REST_PATCH_MERGE] = "PATCH",
		[REST_PATCH_STRATEGIC] = "PATCH",
		[REST_PATCH_JSON] = "PATCH",
		[REST_DELETE] = "DELETE",
	};
	char *line = mem_printf("%s %s", methods[verb], path);

	rig_lines_add(&r->calls, line);
	for (size_t i = 0; i < r->n_faults; i++) {
		const struct rig_fault *f = &r->faults[i].f;

		if (fnmatch(f->call, line, 0))
			continue;
		unsigned nth = r->faults[i].seen++;

		if (nth < f->after || (f->times && nth >= f->after + f->times))
			continue;
		if (!f->before)
			return f;
		interfere(r, f->before);
	}
	return NULL;
}

static int refuse(const struct rig_fault *f, struct err *err)
{
	return err_set(err, f->reason, "%s", f->message ? f->message : status_reason_name(f->reason));
}

int __wrap_rest_do(struct rest *r, enum rest_verb verb, const char *path, const js *body, js **ret,
		   struct err *err)
{
	const struct rig_fault *f = rig_syncing ? meet(rig_syncing, verb, path) : NULL;
	struct err ignored = ERR_INIT;

	if (!f)
		return __real_rest_do(r, verb, path, body, ret, err);
	if (f->reply) {
		autojson js *reply = yaml_parse(f->reply, strlen(f->reply), NULL, &ignored);

		if (ret)
			*ret = STEAL(reply);
		return 0;
	}
	if (f->lost && __real_rest_do(r, verb, path, body, NULL, &ignored) < 0)
		fail_msg("%s: %s", path, ignored.msg);
	return refuse(f, err);
}

int __wrap_rest_do_raw(struct rest *r, enum rest_verb verb, const char *path, const char *body, size_t n,
		       struct buf *ret, struct err *err)
{
	const struct rig_fault *f = rig_syncing ? meet(rig_syncing, verb, path) : NULL;
	struct err ignored = ERR_INIT;

	if (!f)
		return __real_rest_do_raw(r, verb, path, body, n, ret, err);
	if (f->reply) {
		autojson js *reply = yaml_parse(f->reply, strlen(f->reply), NULL, &ignored);

		if (ret)
			js_write(ret, reply);
		return 0;
	}
	if (f->lost && __real_rest_do_raw(r, verb, path, body, n, NULL, &ignored) < 0)
		fail_msg("%s: %s", path, ignored.msg);
	return refuse(f, err);
}

static void nothing(struct rest_call *c)
{
}

/* Runs those of the calls that reach the server, and ends the others. */
static void run_some(struct rest *r, struct rest_call *v, size_t n, size_t in_flight)
{
	autofree const struct rig_fault **met = mem_array(n + 1, sizeof(*met));
	autofree struct rest_call *sent = mem_array(n + 1, sizeof(*sent));
	size_t n_sent = 0;

	for (size_t i = 0; i < n; i++) {
		met[i] = meet(rig_syncing, v[i].verb, v[i].path);
		if (met[i] && !met[i]->lost)
			continue;
		sent[n_sent] = v[i];
		if (met[i]) {
			sent[n_sent].done = nothing;
			sent[n_sent].want_reply = sent[n_sent].want_bytes = false;
		}
		n_sent++;
	}
	__real_rest_call_run(r, sent, n_sent, in_flight);
	for (size_t i = 0, k = 0; i < n; i++) {
		void (*done)(struct rest_call * c) = v[i].done;

		if (!met[i] || met[i]->lost)
			v[i] = sent[k++];
		if (!met[i])
			continue;
		v[i].done = done;
		refuse(met[i], &v[i].err);
		done(&v[i]);
	}
}

void __wrap_rest_call_run(struct rest *r, struct rest_call *v, size_t n, size_t in_flight)
{
	if (rig_syncing)
		run_some(r, v, n, in_flight);
	else
		__real_rest_call_run(r, v, n, in_flight);
}

void __wrap_rest_batch_run(struct rest *r, struct rest_batch *b, size_t in_flight)
{
	for (size_t i = 0; i < b->n; i++)
		b->v[i].done = nothing;
	if (rig_syncing)
		run_some(r, b->v, b->n, in_flight);
	else
		__real_rest_batch_run(r, b, in_flight);
}

/* ---- events and calls ---- */

void __wrap_events_record(struct events *e, const char *component, const char *host,
			  const struct event_ref *ref, bool warning, const char *reason, const char *fmt, ...)
{
	autobuf struct buf text = BUF_INIT;
	va_list ap;

	if (!rig_syncing)
		return;
	assert_true(component && *component && ref->api_version && *ref->uid);
	buf_addf(&text, "%s/%s %s %s ", ref->kind, ref->name, warning ? "Warning" : "Normal", reason);
	va_start(ap, fmt);
	buf_addvf(&text, fmt, ap);
	va_end(ap);
	rig_lines_add(&rig_syncing->events, buf_take(&text, NULL));
}

void rig_expect_event(struct rig *r, const char *pattern)
{
	if (r->events.next == r->events.n)
		fail_msg("no event, expected: %s", pattern);
	const char *got = r->events.v[r->events.next++];

	if (fnmatch(pattern, got, 0))
		fail_msg("event:    %s\nexpected: %s", got, pattern);
}

void rig_expect_no_event(struct rig *r)
{
	if (r->events.next < r->events.n)
		fail_msg("unexpected event: %s", r->events.v[r->events.next]);
}

size_t rig_calls(const struct rig *r, const char *pattern)
{
	size_t n = 0;

	for (size_t i = 0; i < r->calls.n; i++)
		n += !fnmatch(pattern, r->calls.v[i], 0);
	return n;
}

void rig_forget(struct rig *r)
{
	rig_lines_clear(&r->events);
	rig_lines_clear(&r->calls);
}
