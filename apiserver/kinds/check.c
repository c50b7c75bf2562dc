/* SPDX-License-Identifier: Apache-2.0 */
#include "kinds/check.h"

#include <stdio.h>
#include <string.h>
#include "object/ip.h"
#include "object/name.h"
#include "object/quantity.h"

bool check_is_ip(const char *s)
{
	struct ip ip;

	return ip_parse(s, &ip);
}

bool check_ip(const char *s, const char *path, struct field_errors *errs)
{
	if (check_is_ip(s))
		return true;
	field_error_invalid_str(errs, path, s, ip_detail);
	return false;
}

bool check_cidr(const char *s, const char *path, struct field_errors *errs)
{
	struct ip ip;
	unsigned bits;

	if (ip_parse_cidr(s, &ip, &bits))
		return true;
	field_error_invalid_str(errs, path, s, ip_cidr_detail);
	return false;
}

void check_ip_scope(const char *s, const char *path, struct field_errors *errs)
{
	static const char *const details[] = {
		[IP_LOOPBACK] = "may not be in the loopback range (127.0.0.0/8, ::1/128)",
		[IP_LINK_LOCAL] = "may not be in the link-local range (169.254.0.0/16, fe80::/10)",
		[IP_LINK_LOCAL_MULTICAST] =
			"may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)",
	};
	struct ip ip;

	if (!ip_parse(s, &ip)) {
		field_error_invalid_str(errs, path, s, "must be a valid IP address");
	} else if (ip_scope(&ip) == IP_UNSPECIFIED) {
		autofree char *detail = mem_printf("may not be unspecified (%s)", s);
		field_error_invalid_str(errs, path, s, detail);
	} else if (ip_scope(&ip) != IP_PLAIN) {
		field_error_invalid_str(errs, path, s, details[ip_scope(&ip)]);
	}
}

/* ---- JSON in a text ---- */

static const char *form(const js *o)
{
	return js_is_obj(o)   ? "object"
	       : js_is_arr(o) ? "array"
	       : js_is_str(o) ? "string"
	       : js_is_num(o) ? "number"
			      : "bool";
}

js *check_json(const char *p, size_t n, bool list, char detail[CHECK_DETAIL_MAX])
{
	struct err err = ERR_INIT;

	while (n && strchr(" \t\r\n", p[n - 1]))
		n--;
	for (; n && strchr(" \t\r\n", *p); p++)
		n--;
	if (n == 4 && !memcmp(p, "null", 4))
		return list ? js_new_arr() : js_new_obj();
	js *o = js_parse(p, n, NULL, &err);
	if (!o) {
		const char *where = strstr(err.msg, " (byte"); /* which Go does not say */
		snprintf(detail, CHECK_DETAIL_MAX, "%.*s", where ? (int)(where - err.msg) : 200, err.msg);
		return NULL;
	}
	if (list ? js_is_arr(o) : js_is_obj(o))
		return o;
	snprintf(detail, CHECK_DETAIL_MAX, "json: cannot unmarshal %s into Go value of type %s", form(o),
		 list ? "[]v1.Taint" : "map[string]interface {}");
	json_object_put(o);
	return NULL;
}

size_t check_bytes(const js *base64)
{
	const char *s = js_str0(base64, NULL);
	size_t n = strlen(s), pad = n && s[n - 1] == '=' ? 1 + (n > 1 && s[n - 2] == '=') : 0;

	return n / 4 * 3 - pad;
}

/* ---- resources ---- */

bool check_is_extended(const char *resource)
{
	struct name_faults f;

	if (!strchr(resource, '/') || strstr(resource, "kubernetes.io/") ||
	    !strncmp(resource, "requests.", 9))
		return false;
	autofree char *quota = mem_printf("requests.%s", resource);
	return !name_check_qualified(quota, &f);
}

bool check_is_counted(const char *resource)
{
	static const char *const names[] = {
		"pods",
		"resourcequotas",
		"services",
		"replicationcontrollers",
		"secrets",
		"configmaps",
		"persistentvolumeclaims",
		"services.nodeports",
		"services.loadbalancers",
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!strcmp(resource, names[i]))
			return true;
	return false;
}

void check_resource_quantity(const char *resource, const char *value, const char *path,
			     struct field_errors *errs)
{
	struct err err = ERR_INIT;
	struct quantity q;

	if (quantity_parse(value, &q, &err) < 0)
		return; /* decoding has seen to it */
	if (q.nano < 0)
		field_error_invalid_str(errs, path, value, "must be greater than or equal to 0");
	if (quantity_milli(&q) % 1000 && (check_is_counted(resource) || check_is_extended(resource)))
		field_error_invalid_str(errs, path, value, "must be an integer");
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
