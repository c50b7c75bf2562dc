/* SPDX-License-Identifier: Apache-2.0 */
/* js_parse never fails on what js_write made, and both agree with themselves after one round. */
#include <assert.h>
#include <stdlib.h>
#include "object/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct js_duplicates dup = {0};
	struct err err;
	autojson js *o = js_parse((const char *)p, n, &dup, &err);

	js_duplicates_release(&dup);
	if (!o)
		return 0;
	autobuf struct buf a = BUF_INIT, b = BUF_INIT, pretty = BUF_INIT;

	js_write(&a, o);
	autojson js *again = js_parse(buf_str(&a), a.len, &dup, &err);

	assert(again && !dup.n && js_equal(o, again));
	js_write_pretty(&pretty, o);
	autojson js *copy = js_dup(o), *third = js_parse(buf_str(&pretty), pretty.len, NULL, &err);

	assert(js_equal(copy, o) && js_equal(third, o));
	js_write(&b, copy);
	assert(a.len == b.len && !memcmp(a.p, b.p, a.len));
	return 0;
}
