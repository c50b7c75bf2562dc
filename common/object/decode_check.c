/* SPDX-License-Identifier: Apache-2.0 */
/* Are the rows of a table in an order that decode.c can follow? Called by tests only. */
#include <string.h>
#include "object/decode.h"

/* Where the steps that a and b have in common end. */
static size_t common_steps(const char *a, const char *b)
{
	size_t end = 0;
	for (size_t i = 0;; i++) {
		bool step_a = !a[i] || a[i] == '.', step_b = !b[i] || b[i] == '.';
		if (step_a && step_b)
			end = i;
		if (a[i] != b[i] || !a[i])
			return end;
	}
}

static const char *check_order(const struct decode_spec *spec, size_t i)
{
	const char *path = spec->rows[i].path;
	for (size_t k = i + 1; k < spec->n; k++) {
		size_t shared = common_steps(path, spec->rows[k].path);
		for (size_t between = i + 1; between < k; between++)
			if (common_steps(path, spec->rows[between].path) < shared)
				return path;
		/* One that ends where another goes on stands before it. */
		if (shared && strlen(spec->rows[k].path) == shared && strlen(path) > shared)
			return path;
	}
	return NULL;
}

const char *decode_spec_check(const struct decode_spec *spec)
{
	for (size_t i = 0; i < spec->n; i++) {
		const struct decode_row *row = &spec->rows[i];
		const char *wrong = spec->literal ? NULL : check_order(spec, i);
		if (!wrong && !*row->path && i && *spec->rows[i - 1].path)
			wrong = spec->rows[i - 1].path;
		if (!wrong && row->sub && row->sub != spec)
			wrong = decode_spec_check(row->sub);
		if (wrong)
			return wrong;
	}
	return NULL;
}
