/* SPDX-License-Identifier: Apache-2.0 */
/* Why: maxSurge, maxUnavailable and their like are counts or shares, resolved by one rule. */
#include "object/intstr.h"

#include <stdlib.h>
#include <string.h>
#include "object/scan.h"

int intstr_scaled(const js *v, int total, bool round_up, int *ret, struct err *err)
{
	int64_t n;

	if (js_is_int(v)) {
		n = json_object_get_int64(v);
		if (n < INT32_MIN || n > INT32_MAX)
			return err_set(err, REASON_INVALID,
				       "invalid value for IntOrString: %lld is not an int32", (long long)n);
		*ret = (int)n;
		return 0;
	}
	const char *s = js_str(v, NULL);

	if (!s)
		return err_set(err, REASON_INVALID, "nil value for IntOrString");
	size_t len = strlen(s);

	if (!len || s[len - 1] != '%')
		return err_set(err, REASON_INVALID,
			       "invalid value for IntOrString: invalid type: string is not a percentage");
	bool sign = *s == '+' || *s == '-';

	if (len < 2u + sign || !scan_literal_int(s + (*s == '+'), len - 1 - (*s == '+'), &n) ||
	    n < INT32_MIN || n > INT32_MAX)
		return err_set(
			err, REASON_INVALID,
			"invalid value for IntOrString: invalid value \"%.64s\": strconv.Atoi: parsing \"%.*s\": invalid syntax",
			s, (int)(len - 1 < 64 ? len - 1 : 64), s);
	int64_t product = n * total, whole = product / 100, rest = product % 100;

	if (round_up && rest > 0)
		whole++;
	if (!round_up && rest < 0)
		whole--;
	*ret = whole > INT32_MAX ? INT32_MAX : whole < INT32_MIN ? INT32_MIN : (int)whole;
	return 0;
}
