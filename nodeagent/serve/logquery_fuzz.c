/* SPDX-License-Identifier: Apache-2.0 */
/* Arbitrary parameters "key=value&…": what is accepted is in range. */
#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "serve/logquery.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree char *text = mem_strndup((const char *)data, size);
	char *state = NULL;
	struct logquery q;
	struct err err = ERR_INIT;
	logquery_init(&q);
	for (char *p = strtok_r(text, "&", &state); p; p = strtok_r(NULL, "&", &state)) {
		char *value = strchr(p, '=');
		if (value)
			*value++ = '\0';
		if (logquery_set(&q, p, value, INT64_C(1767225600000000000), &err) < 0)
			return 0;
	}
	assert(q.options.tail_lines >= -1 && q.options.limit_bytes >= -1 && q.options.limit_bytes != 0);
	assert(q.options.streams >= CRILOG_STDOUT && q.options.streams <= CRILOG_BOTH);
	return 0;
}
