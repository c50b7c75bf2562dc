/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log file read to its end, or followed until its writer has ended. It lives on the loop; the file is read on a lane of
 * the loop, a piece at a time, and only when somebody asks for more: a client that does not read costs one piece.
 *
 * Who follows a log is not stopped by its rotation: what the file that was renamed still holds is read first, then the one
 * that has its name now. As upstream, what was rotated away before is not read, and nobody waits for who reads slowly.
 */
#ifndef SERVE_FOLLOW_H
#define SERVE_FOLLOW_H

#include "log/crilog.h"
#include "loop/loop.h"

struct follow;
/* path: owned from now on. following: at the end of the file wait for more, until follow_finish. */
struct follow *follow_new(struct loop *l, size_t lane, char *path, const struct crilog_options *o,
			  bool following, loop_fn *fn, void *arg);
/* fn is called once, later, when there is something to take, or it is over. Not while asked already. */
void follow_ask(struct follow *f);
size_t follow_take(struct follow *f, char *out, size_t max);
bool follow_over(const struct follow *f);		/* nothing is left, and nothing will come */
const struct err *follow_error(const struct follow *f); /* REASON_NONE: it was read well */
/* The writer has ended: what it has written is all. */
void follow_finish(struct follow *f);
void follow_free(struct follow *f); /* at any time; fn is not called any more */

#endif
