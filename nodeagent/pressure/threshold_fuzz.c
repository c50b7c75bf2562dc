/* SPDX-License-Identifier: Apache-2.0 */
/* Any text in each of the flags: refused with a message, or thresholds that can be reckoned with. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "pressure/threshold.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = ERR_INIT;
	struct thresholds t;
	char *text = mem_strndup((const char *)data, size), *save = NULL;
	const char *v[4] = {"", "", "", ""};
	char *line = strtok_r(text, "\n", &save);
	for (size_t i = 0; i < ARRAY_LEN(v) && line; i++, line = strtok_r(NULL, "\n", &save))
		v[i] = line;
	const struct threshold_config c = {v[0], v[1], v[2], v[3], size & 1, size & 2};
	int rc = threshold_parse(&c, &t, &err);
	if (rc < 0 && err.reason == REASON_NONE)
		abort();
	for (size_t i = 0; rc == 0 && i < t.n; i++)
		if (t.n > THRESHOLDS_MAX || t.v[i].grace_ns < 0 ||
		    threshold_quantity(&t.v[i].value, 1 << 20) < 0)
			abort();
	free(text);
	return 0;
}
