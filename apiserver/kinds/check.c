/* SPDX-License-Identifier: Apache-2.0 */
#include "kinds/check.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

bool check_is_ip(const char *s)
{
	unsigned char addr[16];

	return inet_pton(AF_INET, s, addr) == 1 || inet_pton(AF_INET6, s, addr) == 1;
}

const char check_ip_detail[] = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";

bool check_is_cidr(const char *s)
{
	char addr[64];
	unsigned char bytes[16];
	const char *slash = strchr(s, '/');
	int bits, len = 0;

	if (!slash || (size_t)(slash - s) >= sizeof(addr) || sscanf(slash + 1, "%d%n", &bits, &len) != 1 ||
	    slash[1 + len] || bits < 0)
		return false;
	memcpy(addr, s, (size_t)(slash - s));
	addr[slash - s] = '\0';
	if (inet_pton(AF_INET, addr, bytes) == 1)
		return bits <= 32;
	return inet_pton(AF_INET6, addr, bytes) == 1 && bits <= 128;
}

void check_label_selector(const js *selector, const char *path, struct field_errors *errs)
{
	js_array_for_each (e, js_arr(selector, "matchExpressions", NULL)) {
		const char *op = js_str0(e, "operator", NULL);
		size_t n = js_len(js_arr(e, "values", NULL));
		if ((!strcmp(op, "In") || !strcmp(op, "NotIn")) && !n)
			field_error_required(errs, PATH("%s.matchExpressions[%zu].values", path, e_i),
					     "must be specified when `operator` is 'In' or 'NotIn'");
		if ((!strcmp(op, "Exists") || !strcmp(op, "DoesNotExist")) && n)
			field_error_forbidden(
				errs, PATH("%s.matchExpressions[%zu].values", path, e_i),
				"may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
	}
}
