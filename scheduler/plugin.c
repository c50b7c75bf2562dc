/* SPDX-License-Identifier: Apache-2.0 */
/* What plugins share; see plugin.h. */
#include "plugin.h"

#include <stdlib.h>
#include <string.h>

void reasons_add_n(struct reasons *r, const char *text, size_t n)
{
	for (size_t i = 0; i < r->n; i++) {
		if (!strcmp(r->v[i].text, text)) {
			r->v[i].count += n;
			return;
		}
	}
	if (r->n == REASONS_MAX)
		return;
	r->v[r->n].text = mem_strdup(text);
	r->v[r->n++].count = n;
}

void reasons_add(struct reasons *r, const char *text)
{
	reasons_add_n(r, text, 1);
}

void reasons_release(struct reasons *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->v[i].text);
	*r = (struct reasons){0};
}

static void normalize(int64_t *scores, size_t n, bool reverse)
{
	int64_t max = 0;
	for (size_t i = 0; i < n; i++)
		max = scores[i] > max ? scores[i] : max;
	for (size_t i = 0; i < n; i++) {
		int64_t scaled = max ? scores[i] * SCORE_MAX / max : 0;
		scores[i] = reverse ? SCORE_MAX - scaled : scaled;
	}
}

void plugin_normalize(const struct cycle_state *st, int64_t *scores, size_t n)
{
	normalize(scores, n, false);
}

void plugin_normalize_reverse(const struct cycle_state *st, int64_t *scores, size_t n)
{
	normalize(scores, n, true);
}
