/* SPDX-License-Identifier: Apache-2.0 */
/* Any Accept header is understood or refused. */
#include <stdlib.h>
#include "base/mem.h"
#include "rest/negotiate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	autofree char *text = mem_strndup((const char *)data, n);
	struct request rq = {.accept = text, .user_agent = ""};
	struct err err = ERR_INIT;
	struct accept a;
	if (negotiate(&rq, &a, &err) == 0 && a.as > PRESENT_PARTIAL)
		abort();
	return 0;
}
