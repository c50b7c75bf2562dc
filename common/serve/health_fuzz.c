/* SPDX-License-Identifier: Apache-2.0 */
/* The health listener's request parser, and the pages that its result selects. */
#include "serve/health.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct health_request rq;
	autobuf struct buf out = BUF_INIT;
	const char *type = NULL;
	char *copy = mem_memdup(p, n ? n : 1); /* of exactly that size, so that reading on is seen */
	int status = health_parse_request(copy, n, &rq);

	if (status != 0 && status != 200 && status != 400 && status != 405 && status != 414 && status != 431)
		abort();
	if (status == 200) {
		if (rq.path[0] != '/' || memchr(rq.path, ' ', strlen(rq.path)))
			abort();
		if (strcmp(rq.path, "/metrics") && health_page(rq.path, rq.query, &out, &status, &type) &&
		    !out.len)
			abort();
	}
	free(copy);
	return 0;
}
