/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regular expressions in the syntax of Go's regexp (RE2), without captures: does a text contain a match?
 *
 * Patterns come from users, so matching must be linear in the text whatever the pattern is: all states are followed at
 * once (Thompson), nothing backtracks. PCRE2 would need match limits, which turn a slow pattern into a wrong answer;
 * RE2 itself has no C interface; POSIX is another language. Not supported, and refused: Unicode classes (\p{..}).
 * `(?i)` folds ASCII only.
 *
 * A compiled expression lives in its arena, is frozen, and may be used from any thread.
 */
#ifndef BASE_REGEX_H
#define BASE_REGEX_H

#include "base/arena.h"
#include "base/err.h"

#define REGEX_MAX_PATTERN 4096 /* bytes */
#define REGEX_MAX_PROGRAM 8192 /* states, after repetitions are written out */
#define REGEX_MAX_REPEAT 1000  /* as RE2 */

struct regex;
struct regex *regex_compile(struct arena *a, const char *pattern, size_t n, struct err *err) MUST_CHECK;
/* The text is UTF-8; bytes that are none count as U+FFFD. */
bool regex_match(const struct regex *r, const char *text, size_t n);

#endif
