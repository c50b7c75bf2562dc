/* SPDX-License-Identifier: Apache-2.0 */
/* For tests that send something and look whether it came back: where it did not. After cmocka.h. */
#ifndef KINDS_DIFFERENCE_TEST_H
#define KINDS_DIFFERENCE_TEST_H

#include "object/json.h"

/* The first place where something that was sent is not what came back. */
struct difference {
	struct buf where;
	const js *got, *sent;
};

static inline bool contains(const js *got, const js *sent, struct difference *d)
{
	size_t len = d->where.len;

	if (js_is_obj(sent) && js_is_obj(got)) {
		for (struct js_iter it = js_iter(sent); js_next(&it); d->where.len = len) {
			buf_addf(&d->where, "%s%s", len ? "." : "", it.key);
			if (!contains(js_field(got, it.key), it.value, d))
				return false;
		}
		return true;
	}
	if (js_is_arr(sent) && js_is_arr(got) && js_len(sent) == js_len(got)) {
		js_array_for_each (item, sent) {
			buf_addf(&d->where, "[%zu]", item_i);
			if (!contains(js_at(got, item_i), item, d))
				return false;
			d->where.len = len;
		}
		return true;
	}
	d->got = got;
	d->sent = sent;
	return js_equal(got, sent);
}

static inline void write_difference(struct buf *out, struct difference *d)
{
	buf_addf(out, "%s: ", buf_str(&d->where));
	js_write(out, d->sent);
	buf_adds(out, " became ");
	js_write(out, d->got);
}

#endif
