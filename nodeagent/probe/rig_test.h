/* SPDX-License-Identifier: Apache-2.0 */
/* For the tests of this room: one run, on a loop that the test turns itself. */
#ifndef PROBE_RIG_TEST_H
#define PROBE_RIG_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "probe/probe.h"

#define RIG __attribute__((unused))

struct rig {
	struct loop *loop;
	struct probe_host *host;
	/* of the run that has ended last */
	bool done;
	struct probe_answer answer;
	char text[PROBE_OUTPUT_MAX + 64], state[32];
};

RIG static void rig_start(struct rig *r, struct runtime *rt)
{
	static const struct loop_lane lanes[] = {{"exec", 2}, {"names", 1}};
	*r = (struct rig){.loop = loop_new(&(struct loop_config){lanes, ARRAY_LEN(lanes), false})};
	assert_non_null(r->loop);
	r->host = probe_host_new(r->loop, rt, 0, 1);
}

RIG static void rig_stop(struct rig *r)
{
	probe_host_free(r->host);
	loop_settle(r->loop); /* what was cancelled while it began */
	loop_free(r->loop);
}

RIG static void rig_done(void *arg, const struct probe_answer *a)
{
	struct rig *r = arg;
	assert_false(r->done);
	r->done = true;
	r->answer = *a;
	snprintf(r->text, sizeof(r->text), "%s", a->text);
	snprintf(r->state, sizeof(r->state), "%s", a->state ? a->state : "");
}

RIG static void rig_run(struct rig *r, const struct probe_request *rq)
{
	r->done = false;
	assert_non_null(probe_start(r->host, rq, rig_done, r));
	assert_false(r->done);
	while (!r->done)
		loop_turn(r->loop, clock_mono_ns() + NS_PER_S);
}

RIG static void rig_expect(struct rig *r, enum probe_verdict v, const char *text)
{
	if (r->answer.verdict != v || strcmp(r->text, text) != 0)
		fail_msg("%d «%s», not %d «%s»", r->answer.verdict, r->text, v, text);
}

#endif
