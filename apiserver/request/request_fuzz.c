/* SPDX-License-Identifier: Apache-2.0 */
/* Any target is split or refused, within the memory it was given; what is split can be routed. */
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "rest/route.h"
#include "kinds/kinds.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct api api;
	static struct request rq;
	struct err err = ERR_INIT;
	if (!api.schema)
		api.schema = kinds_load(NULL, &err);
	if (!n)
		return 0;
	autofree char *target = mem_strndup((const char *)data + 1, n - 1);
	autofree char *scratch = mem_alloc(request_scratch_size(target));
	rq.api = &api;
	rq.method = (enum method)(data[0] % (METHOD_OTHER + 1));
	if (request_parse_target(&rq, target, scratch, &err) < 0)
		return 0;
	autofree char *segments = mem_alloc(strlen(rq.path) + 1);
	char allow[ROUTE_ALLOW_MAX];
	if (route_find(&rq, segments) == ROUTE_NOT_ALLOWED)
		route_allowed(&rq, allow);
	return 0;
}
