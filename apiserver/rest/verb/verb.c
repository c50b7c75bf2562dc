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

/* The next code point of valid UTF-8; what is not valid stands for itself, byte by byte. */
static unsigned next_rune(const char **p)
{
	const unsigned char *s = (const unsigned char *)*p;
	unsigned n = *s >= 0xf0	  ? 4
		     : *s >= 0xe0 ? 3
		     : *s >= 0xc2 ? 2
				  : 1,
		 rune = n == 1 ? *s : *s & (0x7fu >> n);

	for (unsigned i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80) {
			*p += 1;
			return 0xfffd;
		}
		rune = rune << 6 | (s[i] & 0x3f);
	}
	*p += n;
	return rune;
}

/* As unicode.IsPrint has it of what people send: no control, format or private character, no space but the plain. */
static bool is_printable(unsigned rune)
{
	static const unsigned short not [][2] = {
		{0, 0x1f},	  {0x7f, 0xa0},	    {0xad, 0xad},     {0x2000, 0x200f}, {0x2028, 0x202f},
		{0x205f, 0x206f}, {0x3000, 0x3000}, {0xd800, 0xf8ff}, {0xfeff, 0xfeff}, {0xfff0, 0xfffb}};

	for (size_t i = 0; i < ARRAY_LEN(not ); i++)
		if (rune >= not [i][0] && rune <= not [i][1])
			return false;
	return true;
}

#define MANAGER_FAULTS_MAX 8 /* more say nothing new */

static void check_manager(struct operation *o)
{
	const char *manager = request_param(o->rq, "fieldManager"), *p = manager;
	unsigned faults = 0;

	if (manager && strlen(manager) > 128)
		field_error_too_long(&o->call.errs, "fieldManager", 128);
	while (p && *p && faults < MANAGER_FAULTS_MAX) {
		size_t at = (size_t)(p - manager);
		unsigned rune = next_rune(&p);
		char detail[64];
		if (is_printable(rune))
			continue;
		snprintf(detail, sizeof(detail), "invalid character U+%04X (at position %zu)", rune, at);
		field_error_invalid_str(&o->call.errs, "fieldManager", manager, detail);
		faults++;
	}
}

static int read_options(struct operation *o, struct err *err)
{
	if (!o->verb->options)
		return 0;
	options_dry_run_of(o->rq, &o->call.errs);
	read_validation(o);
	check_manager(o);
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
	else
		response_status_about(o->rs, &o->call.err, &o->call.about, &o->call.errs);
}

static void finish(struct operation *o)
{
	struct exchange *x = o->x;

	registry_call_release(&o->call);
	js_autoput(&o->body);
	verb_patch_release(&o->patch);
	options_release(&o->selection);
	free(o);
	present_status(&x->rq, &x->rs);
	lane_leave(x);
	x->done(x);
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
	if (negotiate(o->rq, &o->accept, &o->call.err) < 0 || read_options(o, &o->call.err) < 0 ||
	    (o->verb->read && o->verb->read(o, &o->call.err) < 0)) {
		fail(o);
		finish(o);
		return;
	}
	registry_call_init(&o->call);
	o->verb->start(o);
}
