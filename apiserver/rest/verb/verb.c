/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frame of a write. What fails here or below is described by an error value, field errors and a subject;
 * only `fail` knows how that becomes a Status, so wording and details are the same for all verbs.
 *
 * Most results are stored bytes that leave as they are. They are shown where the store calls back; what has to
 * be rendered first (tables, YAML, another version) goes to a worker once more.
 */
#include "rest/verb/verb.h"

#include <stdio.h>
#include <stdlib.h>
#include "base/rune.h"
#include "rest/deadline.h"
#include "rest/lane.h"
#include "rest/present.h"
#include "rest/route.h"

/* ---- options of the query ---- */

static const struct kind option_kinds[] = {
	{.group = "meta.k8s.io", .version = "v1", .kind = "CreateOptions", .resource = ""},
	{.group = "meta.k8s.io", .version = "v1", .kind = "UpdateOptions", .resource = ""},
	{.group = "meta.k8s.io", .version = "v1", .kind = "PatchOptions", .resource = ""},
};

static void about_options(struct operation *o)
{
	for (size_t i = 0; i < ARRAY_LEN(option_kinds); i++)
		if (!strcmp(option_kinds[i].kind, o->verb->options))
			o->call.about = (struct subject){.kind = &option_kinds[i], .name = ""};
}

static void read_validation(struct operation *o)
{
	static const char *const validations[] = {"", "Ignore", "Strict", "Warn", NULL};
	const char *v = request_param(o->rq, "fieldValidation");

	if (!v || !*v || !strcmp(v, "Warn"))
		o->validation = VALIDATE_WARN;
	else if (!strcmp(v, "Strict"))
		o->validation = VALIDATE_STRICT;
	else if (!strcmp(v, "Ignore"))
		o->validation = VALIDATE_IGNORE;
	else
		field_error_not_supported(&o->call.errs, "fieldValidation", v, validations);
}

static void check_manager(struct operation *o)
{
	const char *manager = request_param(o->rq, "fieldManager");

	if (manager)
		registry_check_manager(&o->call.errs, "fieldManager", manager);
}

#define REPLACED "\xef\xbf\xbd" /* U+FFFD for what is no UTF-8 */

/* Who writes: as he says himself, else what his User-Agent begins with. */
static void find_manager(struct operation *o)
{
	const char *said = request_param(o->rq, "fieldManager"), *p = o->rq->user_agent;
	size_t n = 0;

	o->rq->attr.manager = said && *said ? said : o->manager;
	while (*p && *p != '/') {
		const char *from = p;
		unsigned rune = rune_next(&p);
		bool valid = rune != 0xfffd;
		size_t len = valid ? (size_t)(p - from) : sizeof(REPLACED) - 1;
		if (!rune_is_printable(rune))
			continue;
		if (n + len >= sizeof(o->manager))
			break;
		memcpy(o->manager + n, valid ? from : REPLACED, len);
		n += len;
	}
	o->manager[n] = '\0';
}

static int read_options(struct operation *o, struct err *err)
{
	if (!o->verb->options)
		return 0;
	if (!strcmp(o->verb->options, "PatchOptions") && verb_patch_options(o, err) < 0)
		return -1;
	if (!strcmp(o->verb->options, "CreateOptions") && body_check_type(o->rq->content_type, err) < 0)
		return -1;
	check_manager(o);
	options_dry_run_of(o->rq, &o->call.errs);
	read_validation(o);
	if (!o->call.errs.n)
		return 0;
	about_options(o);
	return registry_check(&o->call, err);
}

/* ---- the way out ---- */

static void fail(struct operation *o)
{
	if (o->call.err.reason == REASON_EXPIRED && o->selection.after)
		present_list_expired(o->rs, &o->selection);
	else if (o->call.text.len)
		response_status_parts(
			o->rs, &(struct status_parts){.reason = o->call.err.reason,
						      .message = o->call.text.p,
						      .causes = o->call.errs.n ? &o->call.errs : NULL});
	else
		response_status_about(o->rs, &o->call.err, &o->call.about, &o->call.errs);
}

static void leave(struct exchange *x)
{
	present_status(&x->rq, &x->rs);
	lane_leave(x);
	x->done(x);
}

static void finish(struct operation *o)
{
	struct exchange *x = o->x;

	registry_call_release(&o->call);
	js_autoput(&o->body);
	js_autoput(&o->misnamed);
	verb_patch_release(&o->patch);
	options_release(&o->selection);
	free(o);
	leave(x);
}

static void present(void *arg)
{
	struct operation *o = arg;

	o->verb->present(o);
	finish(o);
}

static void on_done(struct registry_call *c)
{
	struct operation *o = CONTAINER_OF(c, struct operation, call);

	if (c->err.reason != REASON_NONE) {
		fail(o);
		finish(o);
	} else if (o->verb->renders || !present_is_raw(o->rq, c->obj)) {
		lane_again(o->lane, present, o);
	} else {
		present(o);
	}
}

/* ---- the way in ---- */

static void go_on(void *arg)
{
	struct operation *o = arg;

	registry_continue(&o->call);
}

static void on_again(struct registry_call *c)
{
	struct operation *o = CONTAINER_OF(c, struct operation, call);

	lane_again(o->lane, go_on, o);
}

static void on_warning(void *arg, const char *text)
{
	response_warn(arg, "%s", text);
}

void verb_run(struct exchange *x, struct lane *lane)
{
	if (deadline_passed(&x->rq, &x->rs)) {
		leave(x);
		return;
	}
	struct operation *o = MEM_NEW(struct operation);

	o->x = x;
	o->rq = &x->rq;
	o->rs = &x->rs;
	o->verb = x->rq.route->write;
	o->lane = lane;
	o->call.registry = x->rq.api->registry;
	o->call.attr = &x->rq.attr;
	o->call.about = (struct subject){.kind = x->rq.attr.kind, .name = x->rq.attr.name};
	o->call.warn = on_warning;
	o->call.warn_arg = o->rs;
	o->call.done = on_done;
	o->call.again = on_again;
	find_manager(o);
	if (negotiate(o->rq, &o->accept, &o->call.err) < 0 ||
	    negotiate_options(o->rq, &o->accept, &o->call.err) < 0 || read_options(o, &o->call.err) < 0 ||
	    (o->verb->read && o->verb->read(o, &o->call.err) < 0)) {
		fail(o);
		finish(o);
		return;
	}
	registry_call_init(&o->call);
	o->verb->start(o);
}
