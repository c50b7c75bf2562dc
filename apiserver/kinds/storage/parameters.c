/* SPDX-License-Identifier: Apache-2.0 */
/* kubernetes/kubernetes pkg/apis/storage/validation validateProvisioner, validateParameters. */
#include "kinds/storage/parameters.h"

#include <ctype.h>
#include "object/name.h"

#define MAX_PARAMETERS 512
#define MAX_SIZE (256 << 10)

void parameters_check_driver(const js *o, const char *field, struct field_errors *errs)
{
	autofree char *name = mem_strdup(js_str0(o, field, NULL));
	struct name_faults bad;

	for (char *p = name; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	if (*name && name_check_qualified(name, &bad))
		field_error_names(errs, field, name, &bad);
}

void parameters_check(const js *o, struct field_errors *errs)
{
	const js *parameters = js_obj(o, "parameters", NULL);
	size_t size = 0;

	if (js_len(parameters) > MAX_PARAMETERS) {
		field_error_too_long(errs, "parameters", MAX_PARAMETERS);
		return;
	}
	for (struct js_iter it = js_iter(parameters); js_next(&it);) {
		if (!*it.key)
			field_error_invalid_str(errs, "parameters", "", "field can not be empty.");
		size += strlen(it.key) + strlen(js_str0(it.value, NULL));
	}
	if (size > MAX_SIZE)
		field_error_too_long(errs, "parameters", MAX_SIZE);
}

void parameters_check_kept(const js *new, const js *old, const char *field, struct field_errors *errs)
{
	errs->look = 'u';
	if (old && !js_equal(js_field(new, field), js_field(old, field)))
		field_error_forbidden(errs, field, PATH("updates to %s are forbidden.", field));
	errs->look = 0;
}
