/* SPDX-License-Identifier: Apache-2.0 */
/* What validation of structural types asks of values alone: what JSON calls them, whether they are whole, and which are equal. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "object/schema/schema_internal.h"

const char *structural_word(const js *v)
{
	switch (json_object_get_type(v)) {
	case json_type_boolean:
		return "boolean";
	case json_type_int:
		return "integer";
	case json_type_double:
		return "number";
	case json_type_string:
		return "string";
	case json_type_array:
		return "array";
	case json_type_object:
		return "object";
	default:
		return "null";
	}
}

/* As go-openapi's swag.IsFloat64AJSONInteger, which forgives what is lost in a division. */
bool structural_is_whole(double d)
{
	if (!(fabs(d) <= STRUCTURAL_WHOLE_MAX))
		return false;
	double whole = trunc(d);
	return d == whole || (whole != 0 && fabs(d - whole) / (fabs(d) + fabs(whole)) < 1e-9);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void structural_text(struct buf *out, const js *v)
{
	if (js_is_num(v)) { /* to Go an integer is no float */
		buf_addf(out, js_is_int(v) ? "%.17g" : "~%.17g", js_num(v));
	} else if (js_is_arr(v)) {
		buf_addc(out, '[');
		js_array_for_each (item, v) {
			structural_text(out, item);
			buf_addc(out, ',');
		}
		buf_addc(out, ']');
	} else if (js_is_obj(v)) {
		size_t n = 0;
		const char **keys = mem_array(js_len(v) + 1, sizeof(*keys));
		for (struct js_iter it = js_iter(v); js_next(&it);)
			keys[n++] = it.key;
		qsort(keys, n, sizeof(*keys), by_text);
		for (size_t i = 0; i < n; i++) {
			buf_add_json_string(out, keys[i], strlen(keys[i]));
			structural_text(out, js_field(v, keys[i]));
			buf_addc(out, ',');
		}
		buf_addc(out, '}');
		free(keys);
	} else {
		js_write(out, v);
	}
}
