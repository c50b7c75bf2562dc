/* SPDX-License-Identifier: Apache-2.0 */
/* A page of a node agent: what is read of it is in bounds, and two of it are measured. */
#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "rest/usage/gauge.h"
#include "rest/usage/page.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct gauge g = {0};

	for (int i = 1; i < 3; i++) {
		autofree char *text = mem_strndup((const char *)p, n);

		gauge_take(&g, text, "node", i * INT64_C(1000000000));
	}
	for (struct map_iter it = {0}; map_next(&g.sets, &it);) {
		const struct gauge_set *s = it.value;
		struct gauge_usage u;

		for (size_t i = 0; i < s->n; i++)
			if (gauge_measure(&s->v[i], &u))
				assert(u.cpu_nano >= 0 && u.memory >= 0 && u.window_ns > 0);
	}
	gauge_release(&g);
	return 0;
}
