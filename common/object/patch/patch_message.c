/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the strategic merge says when it fails, in upstream's words; values in them look as Go's fmt package
 * prints decoded JSON.
 */
#include <stdlib.h>
#include <string.h>
#include "object/patch/patch_internal.h"

static int cmp_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Go's %v, bounded because it is only for a message. */
void patch_write_go(struct buf *out, const js *v)
{
	if (out->len > ERR_MSG_MAX)
		return;
	if (!v) {
		buf_adds(out, "<nil>");
	} else if (js_is_str(v)) {
		buf_adds(out, json_object_get_string((js *)v));
	} else if (js_is_arr(v)) {
		buf_addc(out, '[');
		js_array_for_each (item, v) {
			if (item_i)
				buf_addc(out, ' ');
			patch_write_go(out, item);
		}
		buf_addc(out, ']');
	} else if (js_is_obj(v)) {
		size_t n = js_len(v), i = 0;
		autofree const char **keys = mem_array(n + 1, sizeof(*keys));
		json_object_object_foreach ((js *)v, key, item) {
			(void)item;
			keys[i++] = key;
		}
		qsort(keys, n, sizeof(*keys), cmp_keys);
		buf_adds(out, "map[");
		for (i = 0; i < n; i++) {
			buf_addf(out, "%s%s:", i ? " " : "", keys[i]);
			patch_write_go(out, js_field(v, keys[i]));
		}
		buf_addc(out, ']');
	} else {
		js_write(out, v);
	}
}

int patch_no_merge_key(const js *item, const char *key, struct err *err)
{
	autobuf struct buf b = BUF_INIT;
	patch_write_go(&b, item);
	return err_set(err, REASON_UNKNOWN, "map: %.300s does not contain declared merge key: %s",
		       buf_str(&b), key);
}

int patch_bad_directive(const js *item, struct err *err)
{
	autobuf struct buf b = BUF_INIT;
	patch_write_go(&b, item);
	const js *word = js_field(item, "$patch");
	autobuf struct buf text = BUF_INIT;
	if (js_is_int(word)) /* as Go prints what it did not expect */
		buf_addf(&text, "%%!s(int64=%lld)", (long long)js_int(word, 0, NULL));
	else if (js_is_bool(word))
		buf_addf(&text, "%%!s(bool=%s)", js_bool(word, false, NULL) ? "true" : "false");
	else
		patch_write_go(&text, word);
	return err_set(err, REASON_UNKNOWN, "unknown patch type: %.60s in map: %.300s", buf_str(&text),
		       buf_str(&b));
}

/* Go's name of what JSON decoded to. */
const char *patch_go_type(const js *v)
{
	return js_is_obj(v)    ? "map[string]interface {}"
	       : js_is_arr(v)  ? "[]interface {}"
	       : js_is_str(v)  ? "string"
	       : js_is_int(v)  ? "int64"
	       : js_is_num(v)  ? "float64"
	       : js_is_bool(v) ? "bool"
			       : "%!s(<nil>)";
}

int patch_no_list(const js *v, struct err *err)
{
	return err_set(err, REASON_UNKNOWN, "expected a []interface {}, but received a %s", patch_go_type(v));
}
