/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All that is wrong with a configuration, told at once: "a, b", as upstream's aggregated errors read. One thread at a time.
 */
#ifndef BASE_FAULTS_H
#define BASE_FAULTS_H

#include "base/buf.h"
#include "base/err.h"

#define FAULTS_MAX 20 /* further ones are counted and not told */
struct faults {
	struct buf text; /* ", " between them */
	size_t n;
};
/* All zeroes to begin with, and ready for use again. */
void faults_release(struct faults *f);
#define autofaults __attribute__((cleanup(faults_release)))

void faults_add(struct faults *f, const char *fmt, ...) PRINTF(2, 3);
/* -1 when there are any: the error is `what` and their text, in brackets when there are several and `aggregate` says so. */
int faults_end(const struct faults *f, enum reason reason, const char *what, bool aggregate,
	       struct err *err) MUST_CHECK;

#endif
