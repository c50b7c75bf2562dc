/* SPDX-License-Identifier: Apache-2.0 */
/* Whole lives of Pods with a fake clock and no runtime: the test does what the machine asks for, or holds it back. */
#ifndef POD_LIFE_TEST_H
#define POD_LIFE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "object/condition.h"
#include "pod/life/resize.h"
#include "pod/machine.h"
#include "pod/make_test.h"
#include "pod/status.h"

#define LIFE __attribute__((unused))
#define T0 (INT64_C(1767225600) * NS_PER_S) /* 2026-01-01T00:00:00Z */

struct life {
	struct pod *pod;
	char *text; /* that it was made from */
	struct machine m;
	struct instant now;
	struct buf events, acts; /* "Reason: message\n"; "start(a) " */
	unsigned hold;		 /* bit per action type that is not done */
};

static const char *const act_names[] = {
	[ACT_SANDBOX] = "sandbox", [ACT_VOLUMES] = "volumes", [ACT_IMAGE] = "image",
	[ACT_START] = "start",	   [ACT_SIGNAL] = "signal",   [ACT_TEARDOWN] = "teardown",
	[ACT_DELETE] = "delete",   [ACT_EVENT] = "",	      [ACT_HOOK] = "hook",
	[ACT_RESIZE] = "resize",
};

LIFE static void do_action(struct life *l, const struct action *a)
{
	struct machine *m = &l->m;
	if (a->type == ACT_EVENT) {
		buf_addf(&l->events, "%s %s: %s\n", a->warning ? "W" : "N", a->reason, a->message);
		return;
	}
	buf_adds(&l->acts, act_names[a->type]);
	if (a->container >= 0)
		buf_addf(&l->acts, "(%s%s)", l->pod->list.v[a->container].name,
			 a->sig == 9		      ? ",9"
			 : a->sig		      ? ",sig"
			 : a->type != ACT_HOOK	      ? ""
			 : a->hook == HOOK_POST_START ? ",post"
						      : ",pre");
	buf_addc(&l->acts, ' ');
	if (l->hold & (1u << a->type))
		return;
	struct runtime_sandbox s = {.id = "sb", .ips = {"10.244.0.5"}};
	char id[32];
	struct run_result r = {
		.id = id, .image = "docker.io/i:1", .image_id = "i@sha256:1", .started_ns = l->now.wall_ns};
	switch (a->type) {
	case ACT_SANDBOX:
		machine_sandbox_up(m, &s);
		break;
	case ACT_VOLUMES:
		machine_volumes_up(m);
		break;
	case ACT_IMAGE:
		machine_image_ok(m, a->container, -1, -1, 0, l->now);
		break;
	case ACT_START:
		snprintf(id, sizeof(id), "%s%u", l->pod->list.v[a->container].name,
			 m->c[a->container].attempt);
		machine_started(m, a->container, &r, l->now);
		break;
	case ACT_HOOK:
		machine_hook_done(m, a->container, a->hook, true, NULL, l->now);
		break;
	case ACT_RESIZE:
		resize_done(m, NULL, l->now);
		break;
	case ACT_TEARDOWN:
		machine_torn_down(m, true, l->now);
		break;
	case ACT_DELETE:
		machine_deleted(m, true, l->now);
		break;
	default:
		break;
	}
}

LIFE static void settle(struct life *l)
{
	machine_step(&l->m, l->now);
	while (l->m.todo.n) {
		struct actions todo = l->m.todo;
		l->m.todo = (struct actions){0};
		for (size_t i = 0; i < todo.n; i++)
			do_action(l, &todo.v[i]);
		machine_actions_release(&todo);
		machine_step(&l->m, l->now);
	}
}

LIFE static void advance_s(struct life *l, double s)
{
	int64_t ns = (int64_t)(s * (double)NS_PER_S);
	l->now.mono_ns += ns;
	l->now.wall_ns += ns;
	settle(l);
}

LIFE static void begin(struct life *l, const char *pod)
{
	*l = (struct life){.pod = make_pod(pod), .text = mem_strdup(pod), .now = {1000 * NS_PER_S, T0}};
	machine_init(&l->m, l->pod, l->now);
}

LIFE static void end(struct life *l)
{
	machine_release(&l->m);
	free_pod(l->pod);
	free(l->text);
	buf_release(&l->events);
	buf_release(&l->acts);
}

LIFE static void exits(struct life *l, int i, int code)
{
	autofree char *id = mem_strdup(l->m.c[i].cur.id);
	struct run_result r = {.id = id, .exit_code = code, .finished_ns = l->now.wall_ns};
	machine_exited(&l->m, i, &r, l->now);
	settle(l);
}

LIFE static js *status(struct life *l)
{
	const struct status_node node = {.host_ip = "192.168.1.7", .runtime = "coracle"};
	return status_build(&l->m, &node, NULL, l->now.wall_ns);
}

LIFE static void expect_phase(struct life *l, const char *phase)
{
	assert_string_equal(podlife_phase_name(status_phase(&l->m)), phase);
}

LIFE static void expect_acts(struct life *l, const char *acts)
{
	assert_string_equal(buf_str(&l->acts), acts);
	buf_clear(&l->acts);
}

LIFE static void expect_event(struct life *l, const char *line)
{
	if (!strstr(buf_str(&l->events), line))
		fail_msg("no event «%s» in:\n%s", line, buf_str(&l->events));
	buf_clear(&l->events);
}

/* Path into the container's entry: "state.waiting.reason". */
LIFE static void expect_container(struct life *l, const char *name, const char *path, const char *value)
{
	autojson js *st = status(l);
	const js *o = status_container(st, name);
	autofree char *copy = mem_strdup(path);
	char *state = NULL;
	for (char *key = strtok_r(copy, ".", &state); key; key = strtok_r(NULL, ".", &state))
		o = js_field(o, key);
	autobuf struct buf got = BUF_INIT;
	if (js_is_str(o))
		buf_adds(&got, js_str0(o, NULL));
	else if (o)
		js_write(&got, o);
	else
		buf_adds(&got, "-");
	assert_string_equal(buf_str(&got), value);
}

LIFE static void expect_condition(struct life *l, const char *type, const char *is, const char *reason,
				  const char *message)
{
	autojson js *st = status(l);
	const js *c = condition_find(js_arr(st, "conditions", NULL), type);
	assert_non_null(c);
	assert_string_equal(js_str0(c, "status", NULL), is);
	assert_string_equal(js_str0(c, "reason", NULL), reason);
	assert_string_equal(js_str0(c, "message", NULL), message);
}

#define POD(spec)                                                                                            \
	"{\"metadata\":{\"name\":\"p\",\"namespace\":\"ns\",\"uid\":\"u1\",\"generation\":1},\"spec\":"      \
	"{" spec "}}"
#define ONE "\"containers\":[{\"name\":\"a\",\"image\":\"i:1\"}]"
#define TWO "\"containers\":[{\"name\":\"a\",\"image\":\"i:1\"},{\"name\":\"b\",\"image\":\"i:1\"}]"

#define INIT                                                                                                 \
	"\"initContainers\":[{\"name\":\"i1\",\"image\":\"i:1\"},{\"name\":\"i2\",\"image\":\"i:1\"}]," ONE

/* The Pod as the API has it now: `was` in its text has become `is`. */
LIFE static void becomes(struct life *l, const char *was, const char *is)
{
	const char *at = strstr(l->text, was);
	assert_non_null(at);
	char *text = mem_printf("%.*s%s%s", (int)(at - l->text), l->text, is, at + strlen(was));
	struct pod *old = l->pod;
	free(l->text);
	l->text = text;
	l->pod = make_pod(text);
	machine_update(&l->m, l->pod, l->now);
	free_pod(old);
	settle(l);
}

LIFE static void deletes(struct life *l, int grace)
{
	autofree char *meta = mem_printf(
		"\"deletionTimestamp\":\"2026-01-01T00:00:30Z\",\"deletionGracePeriodSeconds\":%d,\"uid\":\"u1\"",
		grace);
	becomes(l, "\"uid\":\"u1\"", meta);
}

LIFE static void hook_ends(struct life *l, int i, enum hook_kind hook, bool ok)
{
	machine_hook_done(&l->m, i, hook, ok, ok ? NULL : "what the hook said", l->now);
	settle(l);
}

LIFE static void probed(struct life *l, int i, enum probe_kind kind, enum probe_result result)
{
	machine_probed(&l->m, i, kind, result, l->now);
	settle(l);
}

#endif
