/* SPDX-License-Identifier: Apache-2.0 */
#include "kinds/check.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/unique.h"
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

/* ---- strict addresses (apimachinery pkg/util/validation IsValidIP, IsValidCIDR) ---- */

/* A number that an IPv4 address is made of begins with a zero that does not count. */
static bool has_leading_zero(const char *s)
{
	if (strchr(s, ':') && !strchr(s, '.'))
		return false;
	for (const char *p = strrchr(s, ':') ? strrchr(s, ':') + 1 : s; *p; p++)
		if (*p == '0' && isdigit((unsigned char)p[1]) && (p == s || !isdigit((unsigned char)p[-1])))
			return true;
	return false;
}

static bool not_canonical(const char *s, const char *canonical, const char *path, struct field_errors *errs)
{
	if (!strcmp(s, canonical))
		return false;
	autofree char *detail = mem_printf("must be in canonical form (\"%s\")", canonical);
	field_error_invalid_str(errs, path, s, detail);
	return true;
}

bool check_ip_strict(const char *s, const char *path, struct field_errors *errs)
{
	char canonical[IP_TEXT_MAX];
	struct ip ip;

	if (!ip_parse(s, &ip)) {
		field_error_invalid_str(errs, path, s, ip_detail);
	} else if (has_leading_zero(s)) {
		field_error_invalid_str(errs, path, s, "must not have leading 0s");
	} else if (ip.v4 && strchr(s, ':')) {
		field_error_invalid_str(errs, path, s, "must not be an IPv4-mapped IPv6 address");
	} else {
		ip_format(&ip, canonical);
		return !not_canonical(s, canonical, path, errs);
	}
	return false;
}

bool check_cidr_strict(const char *s, const char *path, struct field_errors *errs)
{
	struct ip ip;
	unsigned bits;

	if (!ip_parse_cidr(s, &ip, &bits)) {
		field_error_invalid_str(errs, path, s, ip_cidr_detail);
		return false;
	}
	struct ip network = ip_network(&ip, ip.v4 ? bits + 96 : bits);
	const char *slash = strchr(s, '/'), *detail = NULL;
	autofree char *address = mem_strndup(s, (size_t)(slash - s));
	if (has_leading_zero(address) || (slash[1] == '0' && slash[2]))
		detail = "must not have leading 0s in IP or prefix length";
	else if (ip.v4 && strchr(address, ':'))
		detail = "must not have an IPv4-mapped IPv6 address";
	else if (memcmp(network.b, ip.b, sizeof(ip.b)) != 0)
		detail = "must not have bits set beyond the prefix length";
	if (detail) {
		field_error_invalid_str(errs, path, s, detail);
		return false;
	}
	char text[IP_TEXT_MAX];
	ip_format(&ip, text);
	autofree char *canonical = mem_printf("%s/%u", text, bits);
	return !not_canonical(s, canonical, path, errs);
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
	char look = errs->look;

	errs->look = '3';
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
	errs->look = look;
}

void check_share(js *v, const char *path, struct field_errors *errs)
{
	if (!v)
		return;
	if (js_is_int(v)) {
		if (json_object_get_int64(v) < 0)
			field_error_invalid(errs, path, v, "must be greater than or equal to 0");
		return;
	}
	const char *s = json_object_get_string(v);
	size_t digits = strspn(s, "0123456789");
	if (!digits || s[digits] != '%' || s[digits + 1])
		field_error_invalid(
			errs, path, v,
			"a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')");
}

int64_t check_share_value(js *v)
{
	if (!v)
		return 0;
	if (js_is_int(v))
		return json_object_get_int64(v);
	char *end;
	int64_t n = strtoll(json_object_get_string(v), &end, 10);
	return !*end || !strcmp(end, "%") ? n : 0;
}

void check_share_of_all(js *v, const char *path, struct field_errors *errs)
{
	if (js_is_str(v) && check_share_value(v) > 100)
		field_error_invalid(errs, path, v, "must not be greater than 100%");
}

/* ---- conditions: kubernetes/apimachinery pkg/apis/meta/v1/validation ValidateConditions ---- */

#define REASON_MAX 1024
#define MESSAGE_MAX (32 << 10)

static bool is_condition_reason(const char *s)
{
	size_t n = strlen(s);

	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)s[i]) && !strchr("_,:", s[i]))
			return false;
	return n && isalpha((unsigned char)s[0]) && s[n - 1] != ',' && s[n - 1] != ':';
}

static void check_condition(const js *c, const char *path, struct field_errors *errs)
{
	static const char *const statuses[] = {"False", "True", "Unknown", NULL};
	const char *type = js_str0(c, "type", NULL), *status = js_str0(c, "status", NULL),
		   *reason = js_str0(c, "reason", NULL);
	struct name_faults bad;

	if (name_check_qualified(type, &bad))
		field_error_names(errs, PATH("%s.type", path), type, &bad);
	if (strcmp(status, "True") && strcmp(status, "False") && strcmp(status, "Unknown"))
		field_error_not_supported(errs, PATH("%s.status", path), status, statuses);
	if (js_int(c, 0, "observedGeneration", NULL) < 0)
		field_error_invalid(errs, PATH("%s.observedGeneration", path),
				    js_field(c, "observedGeneration"),
				    "must be greater than or equal to zero");
	if (!js_field(c, "lastTransitionTime"))
		field_error_required(errs, PATH("%s.lastTransitionTime", path), "");
	if (!*reason)
		field_error_required(errs, PATH("%s.reason", path), "");
	else if (!is_condition_reason(reason))
		field_error_invalid_str(
			errs, PATH("%s.reason", path), reason,
			"a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for validation is '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?')");
	if (strlen(reason) > REASON_MAX)
		field_error_too_long(errs, PATH("%s.reason", path), REASON_MAX);
	if (strlen(js_str0(c, "message", NULL)) > MESSAGE_MAX)
		field_error_too_long(errs, PATH("%s.message", path), MESSAGE_MAX);
}

void check_conditions(const js *conditions, const char *path, struct field_errors *errs)
{
	autounique struct unique types = {.n = 0};

	js_array_for_each (c, conditions) {
		const char *type = js_str0(c, "type", NULL);
		if (unique_seen(&types, type))
			field_error_duplicate(errs, PATH("%s[%zu].type", path, c_i), type);
		check_condition(c, PATH("%s[%zu]", path, c_i), errs);
	}
}
