/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page that takes a while: whoever makes it fills in the body and says that it is ready, later, on the loop. The request
 * may be gone by then, which is no concern of his.
 */
#ifndef SERVE_ANSWER_H
#define SERVE_ANSWER_H

#include <stdbool.h>

#include "base/buf.h"
#include "loop/loop.h"

struct answer {
	int status;
	const char *type; /* static */
	struct buf body;
	/* inside */
	loop_fn *fn;
	void *arg;
	bool is_ready, gone;
};
struct answer *answer_new(loop_fn *fn, void *arg);
void answer_ready(struct answer *a); /* by its maker, once; then it is not his any more */
void answer_drop(struct answer *a);  /* by who waits for it; NULL is fine */

#endif
