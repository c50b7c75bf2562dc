/* SPDX-License-Identifier: Apache-2.0 */
/* What yaml_parse read, yaml_write writes so that it reads the same. */
#include <assert.h>
#include <math.h>
#include "object/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct js_duplicates dup = {0};
	struct err err;
	autojson js *all = yaml_parse_all((const char *)p, n, &err),
		    *o = yaml_parse((const char *)p, n, &dup, &err);

	js_duplicates_release(&dup);
	assert(!all || !js_len(all) || js_is_arr(all));
	if (!o)
		return 0;
	autobuf struct buf b = BUF_INIT;

	yaml_write(&b, o);
	autojson js *again = yaml_parse(buf_str(&b), b.len, NULL, &err);

	assert(again && js_equal(o, again));
	return 0;
}
