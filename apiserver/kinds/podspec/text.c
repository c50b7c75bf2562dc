/* SPDX-License-Identifier: Apache-2.0 */
/* Texts that several parts of a spec hold: paths inside something, words without space around them. */
#include "kinds/podspec/podspec_internal.h"

bool podspec_has_backsteps(const char *s)
{
	for (const char *p = s; (p = strstr(p, "..")); p += 2)
		if ((p == s || p[-1] == '/') && (!p[2] || p[2] == '/'))
			return true;
	return false;
}

void podspec_check_descending(const char *s, const char *path, struct field_errors *errs)
{
	if (*s == '/')
		field_error_invalid_str(errs, path, s, "must be a relative path");
	if (podspec_has_backsteps(s))
		field_error_invalid_str(errs, path, s, "must not contain '..'");
}

bool podspec_is_padded(const char *s)
{
	size_t n = strlen(s);

	return n && (strchr(" \t\n\v\f\r", s[0]) || strchr(" \t\n\v\f\r", s[n - 1]));
}
