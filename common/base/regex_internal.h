/* SPDX-License-Identifier: Apache-2.0 */
/* regex_parse.c makes a tree of a pattern, regex.c a program of the tree. */
#ifndef BASE_REGEX_INTERNAL_H
#define BASE_REGEX_INTERNAL_H

#include <stdint.h>
#include "base/regex.h"

#define REGEX_LAST_RUNE 0x10ffff
#define REGEX_NO_MAX UINT32_MAX

enum regex_form {
	REGEX_EMPTY,
	REGEX_SET,    /* one character out of ranges */
	REGEX_CAT,    /* left, then right */
	REGEX_ALT,    /* left or right */
	REGEX_REPEAT, /* left, min to max times */
	REGEX_ASSERT,
};
enum regex_assert {
	REGEX_TEXT_START,
	REGEX_TEXT_END,
	REGEX_LINE_START,
	REGEX_LINE_END,
	REGEX_WORD,
	REGEX_NO_WORD
};

struct regex_range {
	uint32_t lo, hi;
};
struct regex_node {
	enum regex_form form;
	enum regex_assert assert;
	uint32_t min, max; /* max REGEX_NO_MAX: any number */
	uint32_t n_ranges;
	const struct regex_range *ranges;
	const struct regex_node *left, *right;
};

/* Nodes live in tmp, ranges in keep. */
const struct regex_node *regex_parse(struct arena *tmp, struct arena *keep, const char *p, size_t n,
				     struct err *err);
/* The next character; a broken byte is U+FFFD. */
uint32_t regex_rune(const char **p, const char *end);

#endif
