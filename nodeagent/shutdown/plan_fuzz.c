/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as the list of priorities: refused with a message, or groups in order, of which each Pod has one. */
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "shutdown/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct plan p;
	struct err err = ERR_INIT;
	autofree char *text = mem_strndup((const char *)data, size);
	int rc = plan_make(&p, &(struct plan_config){.by_priority = text}, &err);
	if ((rc < 0) != (err.reason != REASON_NONE))
		abort();
	for (size_t i = 0; rc == 0 && i < p.n; i++)
		if (p.v[i].seconds < 0 || (i && p.v[i].priority < p.v[i - 1].priority) ||
		    plan_find(&p, p.v[i].priority) > i || plan_total_s(&p) < p.v[i].seconds)
			abort();
	return 0;
}
