/* SPDX-License-Identifier: Apache-2.0 */
/* The named checks of kind files (`format=NAME`): a table of them, and those that are not in name.h. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "object/ip.h"
#include "object/labels.h"
#include "object/name.h"
#include "object/schema/schema_internal.h"

static size_t only(struct name_faults *ret, const char *text)
{
	ret->v[0] = text;
	ret->n = text != NULL;
	return ret->n;
}

static size_t check_annotation_key(const char *s, struct name_faults *ret)
{
	char lower[512];
	size_t n = strlen(s);
	if (n >= sizeof(lower)) /* too long in any case: let the check say how */
		return name_check_qualified(s, ret);
	for (size_t i = 0; i <= n; i++)
		lower[i] = (char)tolower((unsigned char)s[i]);
	return name_check_qualified(lower, ret);
}

/* Several objections are one text there. */
static size_t check_taint_value(const char *s, struct name_faults *ret)
{
	static _Thread_local char both[512];
	if (name_check_label_value(s, ret) > 1) {
		snprintf(both, sizeof(both), "%s;%s", ret->v[0], ret->v[1]);
		return only(ret, both);
	}
	return ret->n;
}

static size_t check_selector_operator(const char *s, struct name_faults *ret)
{
	int op = selector_op_parse(s);
	return only(ret, op >= 0 && op <= SELECTOR_NOT_EXISTS ? NULL : "not a valid selector operator");
}

static size_t check_node_selector_operator(const char *s, struct name_faults *ret)
{
	return only(ret, selector_op_parse(s) >= 0 ? NULL : "not a valid selector operator");
}

static bool has_backsteps(const char *s)
{
	for (const char *p = s; (p = strstr(p, "..")); p += 2)
		if ((p == s || p[-1] == '/') && (p[2] == '\0' || p[2] == '/'))
			return true;
	return false;
}

static size_t check_no_backsteps(const char *s, struct name_faults *ret)
{
	return only(ret, has_backsteps(s) ? "must not contain '..'" : NULL);
}

static size_t check_absolute_path(const char *s, struct name_faults *ret)
{
	return only(ret, s[0] == '/' ? NULL : "must be an absolute path");
}

static size_t check_descending_path(const char *s, struct name_faults *ret)
{
	only(ret, s[0] == '/' ? "must be a relative path" : NULL);
	if (has_backsteps(s))
		ret->v[ret->n++] = "must not contain '..'";
	return ret->n;
}

static size_t check_relative_path(const char *s, struct name_faults *ret)
{
	check_descending_path(s, ret);
	if (strncmp(s, "..", 2) == 0 && s[2] != '/')
		ret->v[ret->n++] = "must not start with '..'";
	return ret->n;
}

/* A dash at the end is fine there: something may follow. */
static size_t check_subdomain_prefix(const char *s, struct name_faults *ret)
{
	size_t n = strlen(s);
	autofree char *name = mem_strdup(s);
	if (n > 1 && name[n - 1] == '-')
		name[n - 1] = 'a';
	return name_check_dns1123_subdomain(name, ret);
}

/* In any case. */
static size_t check_csi_driver(const char *s, struct name_faults *ret)
{
	autofree char *lower = mem_strdup(s);
	for (char *p = lower; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return name_check_dns1123_subdomain(lower, ret);
}

static size_t check_http_header(const char *s, struct name_faults *ret)
{
	size_t n = strspn(s, "-ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
	return only(
		ret,
		n > 0 && s[n] == '\0'
			? NULL
			: "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')");
}

/* GROUP/VERSION or VERSION. */
static size_t check_group_version(const char *s, struct name_faults *ret)
{
	const char *slash = strchr(s, '/'), *version = slash ? slash + 1 : s;
	return only(ret, *version && !strchr(version, '/') ? NULL : "version must not be empty");
}

static size_t check_ip(const char *s, struct name_faults *ret)
{
	struct ip ip;
	return only(ret, ip_parse(s, &ip) ? NULL : ip_detail);
}

static size_t check_cidr(const char *s, struct name_faults *ret)
{
	struct ip ip;
	unsigned bits;
	return only(ret, ip_parse_cidr(s, &ip, &bits) ? NULL : ip_cidr_detail);
}

static const struct format formats[] = {
	{.name = "dns1123-label", .check = name_check_dns1123_label},
	{.name = "dns1123-subdomain", .check = name_check_dns1123_subdomain},
	{.name = "dns1035-label", .check = name_check_dns1035_label},
	{.name = "path-segment", .check = name_check_path_segment},
	{.name = "label-key", .check = name_check_qualified, .map_errors_at_map = true},
	{.name = "label-value", .check = name_check_label_value, .map_errors_at_map = true},
	{.name = "taint-value", .check = check_taint_value},
	{.name = "annotation-key", .check = check_annotation_key, .map_errors_at_map = true},
	{.name = "finalizer", .check = name_check_qualified, .list_errors_at_list = true},
	{.name = "port-name", .check = name_check_port_name},
	{.name = "env-var", .check = name_check_env_var},
	{.name = "config-key", .check = name_check_config_key},
	{.name = "selector-operator", .check = check_selector_operator},
	{.name = "node-selector-operator", .check = check_node_selector_operator},
	{.name = "no-backsteps", .check = check_no_backsteps},
	{.name = "absolute-path", .check = check_absolute_path},
	{.name = "relative-path", .check = check_relative_path},
	{.name = "descending-path", .check = check_descending_path},
	{.name = "dns1123-subdomain-prefix", .check = check_subdomain_prefix},
	{.name = "csi-driver", .check = check_csi_driver},
	{.name = "ip", .check = check_ip},
	{.name = "cidr", .check = check_cidr},
	{.name = "group-version", .check = check_group_version},
	{.name = "http-header", .check = check_http_header},
};

const struct format *format_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(formats); i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	return NULL;
}
