/* SPDX-License-Identifier: Apache-2.0 */
/* ConfigMaps (kubernetes/kubernetes pkg/apis/core/validation ValidateConfigMap and ValidateConfigMapUpdate).
 */
#include "kinds/check.h"
#include "kinds/strategies.h"

#define MAX_TOTAL (1 << 20) /* bytes of all values */

static size_t total(const js *map, bool base64)
{
	size_t n = 0;

	for (struct js_iter it = js_iter(map); js_next(&it);)
		n += base64 ? check_bytes(it.value) : (size_t)json_object_get_string_len(it.value);
	return n;
}

static void validate_fixed(const js *new, const js *old, struct field_errors *errs)
{
	static const char *const parts[] = {"data", "binaryData"};

	if (!js_bool(old, false, "immutable", NULL))
		return;
	if (!js_bool(new, false, "immutable", NULL))
		field_error_forbidden(errs, "immutable", "field is immutable when `immutable` is set");
	errs->look = '3';
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (!js_equal(js_field(new, parts[i]), js_field(old, parts[i])))
			field_error_forbidden(errs, parts[i], "field is immutable when `immutable` is set");
	errs->look = 0;
}

static void configmap_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
			       struct field_errors *errs)
{
	const js *data = js_obj(new, "data", NULL), *binary = js_obj(new, "binaryData", NULL);

	for (struct js_iter it = js_iter(binary); js_next(&it);)
		if (js_field(data, it.key))
			field_error_invalid_str(errs, PATH("data[%s]", it.key), it.key,
						"duplicate of key present in binaryData");
	if (total(data, false) + total(binary, true) > MAX_TOTAL)
		field_error_too_long(errs, "[]", MAX_TOTAL);
	if (old)
		validate_fixed(new, old, errs);
}

const struct strategy configmap_strategy = {
	.group = "",
	.kind = "ConfigMap",
	.validate = configmap_validate,
};
