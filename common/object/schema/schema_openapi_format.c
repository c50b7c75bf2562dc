/* SPDX-License-Identifier: Apache-2.0 */
/* The formats of OpenAPI strings that are checked (kubernetes/kube-openapi pkg/validation/strfmt). */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include "base/base64.h"
#include "object/name.h"
#include "object/rfc3339.h"
#include "object/name.h"
#include "object/schema/schema_internal.h"

static bool is_date_time(const char *s, size_t n)
{
	struct err ignored = ERR_INIT;
	int64_t ns;
	return rfc3339_parse(s, &ns, &ignored) == 0;
}

static bool is_date(const char *s, size_t n)
{
	int y, m, d, end = 0;
	static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	if (n != 10 || sscanf(s, "%4d-%2d-%2d%n", &y, &m, &d, &end) != 3 || end != 10 || m < 1 || m > 12)
		return false;
	bool leap = (y % 4 == 0 && y % 100) || y % 400 == 0;
	return d >= 1 && d <= days[m - 1] - (m == 2 && !leap);
}

static bool is_ipv4(const char *s, size_t n)
{
	unsigned char bytes[16];
	return inet_pton(AF_INET, s, bytes) == 1;
}

static bool is_ipv6(const char *s, size_t n)
{
	unsigned char bytes[16];
	return inet_pton(AF_INET6, s, bytes) == 1;
}

static bool is_cidr(const char *s, size_t n)
{
	char address[64];
	const char *slash = memchr(s, '/', n);
	int bits, end = 0;
	if (!slash || (size_t)(slash - s) >= sizeof(address) ||
	    sscanf(slash + 1, "%3d%n", &bits, &end) != 1 || slash[1 + end] || bits < 0 ||
	    !isdigit((unsigned char)slash[1]))
		return false;
	memcpy(address, s, (size_t)(slash - s));
	address[slash - s] = '\0';
	return (is_ipv4(address, 0) && bits <= 32) || (is_ipv6(address, 0) && bits <= 128);
}

/* 8-4-4-4-12 hexadecimal digits, the hyphens optional. */
static bool is_uuid_of(const char *s, size_t n, char version)
{
	static const int at[] = {8, 12, 16, 20, 32};
	int digits = 0;
	for (size_t i = 0; i < n; i++) {
		bool between = false;
		for (size_t k = 0; k < ARRAY_LEN(at) - 1; k++)
			between |= digits == at[k];
		if (s[i] == '-' && between && i && s[i - 1] != '-')
			continue;
		if (!isxdigit((unsigned char)s[i]) || (version && digits == 12 && s[i] != version) ||
		    (version >= '4' && digits == 16 && !strchr("89abAB", s[i])))
			return false;
		digits++;
	}
	return digits == 32;
}

static bool is_uuid(const char *s, size_t n)
{
	return is_uuid_of(s, n, 0);
}

static bool is_uuid3(const char *s, size_t n)
{
	return is_uuid_of(s, n, '3');
}

static bool is_uuid4(const char *s, size_t n)
{
	return is_uuid_of(s, n, '4');
}

static bool is_uuid5(const char *s, size_t n)
{
	return is_uuid_of(s, n, '5');
}

static bool is_byte(const char *s, size_t n)
{
	autobuf struct buf out = BUF_INIT;
	struct err ignored = ERR_INIT;
	return base64_decode(&out, s, n, &ignored) == 0;
}

static bool is_hostname(const char *s, size_t n)
{
	size_t label = 0;
	for (size_t i = 0; i <= n; i++) {
		char c = i < n ? s[i] : '.';
		if (c == '.') {
			if (!label || label > 63 || s[i - 1] == '-')
				return false;
			label = 0;
		} else if ((isalnum((unsigned char)c) || (unsigned char)c >= 0x80) || (c == '-' && label)) {
			label++;
		} else {
			return false;
		}
	}
	return n <= 255;
}

/* As Go's url.ParseRequestURI: an absolute path, or a scheme and more. */
static bool is_uri(const char *s, size_t n)
{
	if (!n || (!isalpha((unsigned char)*s) && *s != '/'))
		return false;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] <= 0x20 || s[i] == 0x7f)
			return false;
	size_t scheme = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");
	return *s == '/' || (s[scheme] == ':' && s[scheme + 1]);
}

static bool is_email(const char *s, size_t n)
{
	const char *at = memrchr(s, '@', n);
	return at && at > s && at[1] && !strpbrk(at + 1, " @<>()\"");
}

static bool is_mac(const char *s, size_t n)
{
	if (n != 17)
		return false;
	for (size_t i = 0; i < n; i++)
		if (i % 3 == 2 ? s[i] != s[2] || !strchr(":-", s[i]) : !isxdigit((unsigned char)s[i]))
			return false;
	return true;
}

/* 1h30m, -1.5s, 0 */
static bool is_duration(const char *s, size_t n)
{
	static const char *const units[] = {"ns", "us", "µs", "ms", "s", "m", "h", "d", "w"};
	s += *s == '-' || *s == '+';
	if (!strcmp(s, "0"))
		return true;
	bool some = false;
	while (*s) {
		size_t digits = strspn(s, "0123456789."), unit = 0;
		if (!digits || (digits == 1 && *s == '.'))
			return false;
		s += digits;
		s += strspn(s, " ");
		for (size_t i = 0; i < ARRAY_LEN(units); i++)
			if (!strncmp(s, units[i], strlen(units[i])) && strlen(units[i]) > unit)
				unit = strlen(units[i]);
		if (!unit)
			return false;
		s += unit;
		some = true;
	}
	return some;
}

static bool is_short_name(const char *s, size_t n)
{
	struct name_faults f;
	return strlen(s) == n && !name_check_dns1123_label(s, &f);
}

static bool is_long_name(const char *s, size_t n)
{
	struct name_faults f;
	return strlen(s) == n && !name_check_dns1123_subdomain(s, &f);
}

static bool is_hex(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isxdigit((unsigned char)s[i]))
			return false;
	return true;
}

static bool is_hex_colour(const char *s, size_t n)
{
	size_t sign = n && *s == '#';
	return (n - sign == 3 || n - sign == 6) && is_hex(s + sign, n - sign);
}

static bool is_object_id(const char *s, size_t n)
{
	return n == 24 && is_hex(s, n);
}

/* 123-45-6789, with spaces or nothing between */
static bool is_ssn(const char *s, size_t n)
{
	static const unsigned digits[] = {3, 2, 4};
	const char *end = s + n;
	for (size_t i = 0; i < ARRAY_LEN(digits); i++) {
		if (i && s < end && (*s == '-' || *s == ' '))
			s++;
		for (unsigned k = 0; k < digits[i]; k++, s++)
			if (s == end || !isdigit((unsigned char)*s))
				return false;
	}
	return s == end;
}

openapi_format_fn *openapi_format(const char *name)
{
	static const struct {
		const char *name;
		openapi_format_fn *check;
	} formats[] = {
		{"date-time", is_date_time},
		{"datetime", is_date_time},
		{"date", is_date},
		{"ipv4", is_ipv4},
		{"ipv6", is_ipv6},
		{"cidr", is_cidr},
		{"uuid", is_uuid},
		{"uuid3", is_uuid3},
		{"uuid4", is_uuid4},
		{"uuid5", is_uuid5},
		{"byte", is_byte},
		{"hostname", is_hostname},
		{"uri", is_uri},
		{"email", is_email},
		{"mac", is_mac},
		{"duration", is_duration},
		{"k8s-short-name", is_short_name},
		{"k8s-long-name", is_long_name},
		{"hexcolor", is_hex_colour},
		{"bsonobjectid", is_object_id},
		{"ssn", is_ssn},
	};
	for (size_t i = 0; i < ARRAY_LEN(formats); i++)
		if (!strcmp(formats[i].name, name))
			return formats[i].check;
	return NULL;
}
