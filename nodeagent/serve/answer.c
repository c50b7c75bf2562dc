/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/answer.h"

#include <stdlib.h>

#include "base/mem.h"

struct answer *answer_new(loop_fn *fn, void *arg)
{
	struct answer *a = MEM_NEW(struct answer);
	*a = (struct answer){.status = 200, .type = "application/json", .fn = fn, .arg = arg};
	return a;
}

static void answer_free(struct answer *a)
{
	buf_release(&a->body);
	free(a);
}

void answer_ready(struct answer *a)
{
	a->is_ready = true;
	if (a->gone)
		answer_free(a);
	else
		a->fn(a->arg);
}

void answer_drop(struct answer *a)
{
	if (!a)
		return;
	a->gone = true;
	if (a->is_ready)
		answer_free(a);
}
