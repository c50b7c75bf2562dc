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
			r->said |= 1u << i;
			return;
		}
	}
	if (r->n == REASONS_MAX)
		return;
	r->said |= 1u << r->n;
	r->v[r->n].text = mem_strdup(text);
	r->v[r->n++].count = n;
}

void reasons_add(struct reasons *r, const char *text)
{
	reasons_add_n(r, text, 1);
}

void reasons_add_final(struct reasons *r, const char *text)
{
	reasons_add_n(r, text, 1);
	r->final = true;
}

void reasons_release(struct reasons *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->v[i].text);
	*r = (struct reasons){0};
}

/* Upstream sorts the finished strings, counts included. */
static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void reasons_write(struct buf *out, size_t n_nodes, const struct reasons *why)
{
	if (n_nodes == 0) {
		buf_adds(out, "no nodes available to schedule pods");
		return;
	}
	char *texts[REASONS_MAX] = {0};
	for (size_t i = 0; i < why->n; i++)
		texts[i] = why->whole ? mem_strdup(why->v[i].text)
				      : mem_printf("%zu %s", why->v[i].count, why->v[i].text);
	qsort(texts, why->n, sizeof(texts[0]), by_text);
	buf_addf(out, "0/%zu nodes are available:", n_nodes);
	for (size_t i = 0; i < why->n; i++) {
		buf_adds(out, i ? ", " : " ");
		buf_adds(out, texts[i]);
		free(texts[i]);
	}
	if (why->n)
		buf_addc(out, '.');
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
