/* SPDX-License-Identifier: Apache-2.0 */
/* The scanner accepts what js_parse accepts, whatever mixture of its calls walks the document. */
#include <assert.h>
#include "object/json.h"
#include "object/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static bool walk(struct scan *s, unsigned *choice);

static bool scalar(struct scan *s, enum scan_type t)
{
	autobuf struct buf b = BUF_INIT;
	const char *p;
	size_t n;
	bool flag;

	switch (t) {
	case SCAN_STRING:
		if (!scan_string(s, &p, &n, &flag))
			return false;
		scan_unescape(&b, p, n);
		assert(flag || b.len == n);
		return true;
	case SCAN_NUMBER:
		return scan_number(s, &p, &n) && n > 0;
	case SCAN_TRUE:
	case SCAN_FALSE:
		return scan_bool(s, &flag);
	case SCAN_NULL:
		return scan_null(s);
	default:
		return false;
	}
}

static bool walk(struct scan *s, unsigned *choice)
{
	const char *key;
	size_t n;

	if ((*choice = *choice * 1103515245 + 12345) & 0x10000)
		return scan_skip(s);
	switch (scan_peek(s)) {
	case SCAN_OBJECT:
		if (!scan_enter_object(s))
			return false;
		while (scan_key(s, &key, &n)) {
			scan_key_is(key, n, "metadata");
			if (!walk(s, choice))
				return false;
		}
		return !scan_failed(s);
	case SCAN_ARRAY:
		if (!scan_enter_array(s))
			return false;
		while (scan_item(s))
			if (!walk(s, choice))
				return false;
		return !scan_failed(s);
	default:
		return scalar(s, scan_peek(s));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct scan a, b;
	unsigned choice = n ? p[0] : 0;
	struct err err;

	scan_init(&a, (const char *)p, n);
	scan_init(&b, (const char *)p, n);
	bool walked = walk(&a, &choice) && scan_finish(&a), skipped = scan_skip(&b) && scan_finish(&b);

	assert(walked == skipped);
	assert(a.depth >= 0 && a.p <= a.end);
	if (!walked)
		scan_err(&a, &err);
	autojson js *o = js_parse((const char *)p, n, NULL, &err);

	assert(!o || walked);
	return 0;
}
