/* SPDX-License-Identifier: Apache-2.0 */
/* The create of a virtual kind: what is sent goes through admission as any object, and is answered instead of stored. */
#include "registry/registry_internal.h"

static enum progress answer(struct registry_call *c)
{
	c->answer = c->answers(c, c->answers_arg, c->body, &c->err);
	if (c->answer)
		c->body = NULL; /* it is that, completed */
	return PROGRESS_END;
}

static registry_step_fn *const answer_steps[] = {pipeline_mutate_body, pipeline_validate_body, answer};

void registry_answer(struct registry_call *c, js *body, registry_answer_fn *fn, void *arg)
{
	c->body = body;
	c->answers = fn;
	c->answers_arg = arg;
	if (objectmeta_check_namespace(c, body, &c->err) < 0)
		c->done(c);
	else
		registry_start(c, answer_steps);
}
