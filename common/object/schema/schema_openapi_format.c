/* SPDX-License-Identifier: Apache-2.0 */
/* The formats of OpenAPI strings that are checked (kubernetes/kube-openapi pkg/validation/strfmt). */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "base/base64.h"
#include "object/rfc3339.h"
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

/* Nothing is not base64 of anything (govalidator.IsBase64). */
static bool is_byte(const char *s, size_t n)
{
	autobuf struct buf out = BUF_INIT;
	struct err ignored = ERR_INIT;
	return n && base64_decode(&out, s, n, &ignored) == 0;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Letters of any script and symbols; digits, except in the last of several labels. */
static bool in_hostname(char c, bool digits)
{
	return (unsigned char)c >= 0x80 || isalpha((unsigned char)c) ||
	       (digits && (is_digit(c) || (c && strchr("$+<=>^`|~", c))));
}

/* One label alone has at most one hyphen, behind its first character; of several the last has two letters or more and
   nothing else. */
static bool is_label(const char *s, size_t n, bool alone, bool last)
{
	size_t hyphens = 0, runes = 0;
	for (size_t i = 0; i < n; i++) {
		runes += ((unsigned char)s[i] & 0xc0) != 0x80;
		hyphens += s[i] == '-';
		if (s[i] == '-' ? last || (alone && i != 1) : !in_hostname(s[i], !last))
			return false;
	}
	if (!n || runes > (alone && hyphens ? 64U : 63U))
		return false;
	return last ? runes >= 2 : s[0] != '-' && (alone || s[n - 1] != '-');
}

static bool is_hostname(const char *s, size_t n)
{
	const char *end = s + n;
	bool alone = !memchr(s, '.', n);
	if (n > 255)
		return false;
	for (;;) {
		const char *dot = memchr(s, '.', (size_t)(end - s));
		size_t len = (size_t)((dot ? dot : end) - s);
		if (len > 63 || !is_label(s, len, alone, !dot && !alone))
			return false;
		if (!dot)
			return true;
		s = dot + 1;
	}
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

/* What Go's time.ParseDuration takes: 1h30m, -1.5s, 0 */
static bool is_go_duration(const char *s)
{
	static const char *const units[] = {"ns", "us", "µs", "μs", "ms", "s", "m", "h"};
	s += *s == '-' || *s == '+';
	if (!strcmp(s, "0"))
		return true;
	bool some = false;
	while (*s) {
		size_t whole = strspn(s, "0123456789"), unit = 0;
		s += whole;
		size_t part = *s == '.' ? strspn(s + 1, "0123456789") : 0;
		s += *s == '.' ? 1 + part : 0;
		for (size_t i = 0; i < ARRAY_LEN(units); i++)
			if (!strncmp(s, units[i], strlen(units[i])) && strlen(units[i]) > unit)
				unit = strlen(units[i]);
		if (!unit || (!whole && !part))
			return false;
		s += unit;
		some = true;
	}
	return some;
}

/* The last name of a unit may go on: "2 days", "3 seconds". */
static bool is_unit(const char *s, size_t n)
{
	static const char *const names[] = {"ns", "us", "µs", "ms", "s", "m", "h", "hr", "d", "w", "wk"},
				 *const starts[] = {"nano", "micro", "milli", "sec",
						    "min",  "hour",  "day",   "week"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strlen(names[i]) == n && !strncasecmp(s, names[i], n))
			return true;
	for (size_t i = 0; i < ARRAY_LEN(starts); i++)
		if (strlen(starts[i]) <= n && !strncasecmp(s, starts[i], strlen(starts[i])))
			return true;
	return false;
}

/* ... or what has a number with such a unit anywhere (strfmt.ParseDuration). */
static bool is_duration(const char *s, size_t n)
{
	bool some = is_go_duration(s);
	while (!some && *(s += strcspn(s, "0123456789"))) {
		s += strspn(s, "0123456789");
		s += strspn(s, " \t\n\f\r");
		size_t unit = 0;
		while (isalpha((unsigned char)s[unit]) || !strncmp(s + unit, "µ", 2) ||
		       (unit && !strncmp(s + unit - 1, "µ", 2)))
			unit++;
		some = unit && is_unit(s, unit);
		s += unit;
	}
	return some;
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

/* ---- numbers that check themselves ---- */

#define DIGITS_MAX 19 /* of a credit card's, and of any that is looked at */

/* What is no digit, and no X in the end, is between them. False: too many, or something else. */
static bool digits_of(const char *s, size_t n, const char *between, bool x, char out[DIGITS_MAX + 1])
{
	size_t len = 0;
	for (size_t i = 0; i < n; i++) {
		if (between ? s[i] && strchr(between, s[i]) : !is_digit(s[i]))
			continue;
		if (len == DIGITS_MAX || !(is_digit(s[i]) || (x && s[i] == 'X' && len == 9)))
			return false;
		out[len++] = s[i];
	}
	out[len] = '\0';
	return true;
}

#define ISBN_BETWEEN " \t\n\f\r-"

static bool is_isbn10(const char *s, size_t n)
{
	char d[DIGITS_MAX + 1];
	int sum = 0;
	if (!digits_of(s, n, ISBN_BETWEEN, true, d) || strlen(d) != 10)
		return false;
	for (int i = 0; i < 10; i++)
		sum += (i + 1) * (d[i] == 'X' ? 10 : d[i] - '0');
	return sum % 11 == 0;
}

static bool is_isbn13(const char *s, size_t n)
{
	char d[DIGITS_MAX + 1];
	int sum = 0;
	if (!digits_of(s, n, ISBN_BETWEEN, false, d) || strlen(d) != 13)
		return false;
	for (int i = 0; i < 13; i++)
		sum += (i % 2 ? 3 : 1) * (d[i] - '0');
	return sum % 10 == 0;
}

static bool is_isbn(const char *s, size_t n)
{
	return is_isbn10(s, n) || is_isbn13(s, n);
}

/* Whose numbers begin so and are so long. */
static bool is_issued(const char *d, size_t n)
{
	static const struct {
		size_t n;
		const char *from, *to;
	} rows[] = {
		{13, "4", "4"},	  {16, "4", "4"},   {16, "51", "55"},	  {16, "6011", "6011"},
		{16, "65", "65"}, {15, "34", "34"}, {15, "37", "37"},	  {14, "300", "305"},
		{14, "36", "36"}, {14, "38", "38"}, {15, "2131", "2131"}, {15, "1800", "1800"},
		{16, "35", "35"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (n == rows[i].n && strncmp(d, rows[i].from, strlen(rows[i].from)) >= 0 &&
		    strncmp(d, rows[i].to, strlen(rows[i].to)) <= 0)
			return true;
	return false;
}

static bool is_credit_card(const char *s, size_t n)
{
	char d[DIGITS_MAX + 1];
	int sum = 0;
	if (!digits_of(s, n, NULL, false, d) || !is_issued(d, strlen(d)))
		return false;
	size_t len = strlen(d);
	for (size_t i = 0; i < len; i++) {
		int digit = (d[len - 1 - i] - '0') * (i % 2 ? 2 : 1);
		sum += digit > 9 ? digit - 9 : digit;
	}
	return sum % 10 == 0;
}

static const char *skip_spaces(const char *s)
{
	return s + strspn(s, " \t\n\f\r");
}

/* rgb(0, 128, 255) */
static bool is_rgb_colour(const char *s, size_t n)
{
	if (strlen(s) != n || strncmp(s, "rgb(", 4))
		return false;
	s += 4;
	for (int i = 0; i < 3; i++) {
		s = skip_spaces(s);
		size_t digits = strspn(s, "0123456789");
		if (!digits || digits > 3 || (digits > 1 && *s == '0') || strtol(s, NULL, 10) > 255)
			return false;
		s = skip_spaces(s + digits);
		if (*s++ != ",,)"[i])
			return false;
	}
	return !*s;
}

static bool is_password(const char *s, size_t n)
{
	(void)s;
	(void)n;
	return true;
}

/* Hyphens do not count: "date-time" is "datetime". Those of Kubernetes' own names have some, and so are none to v1.34. */
openapi_format_fn *openapi_format(const char *name)
{
	static const struct {
		const char *name;
		openapi_format_fn *check;
	} formats[] = {
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
		{"hexcolor", is_hex_colour},
		{"bsonobjectid", is_object_id},
		{"ssn", is_ssn},
		{"isbn", is_isbn},
		{"isbn10", is_isbn10},
		{"isbn13", is_isbn13},
		{"creditcard", is_credit_card},
		{"rgbcolor", is_rgb_colour},
		{"password", is_password},
	};
	autofree char *plain = mem_strdup(name);
	char *to = plain;
	for (const char *c = name; *c; c++)
		if (*c != '-')
			*to++ = *c;
	*to = '\0';
	for (size_t i = 0; i < ARRAY_LEN(formats); i++)
		if (!strcmp(formats[i].name, plain))
			return formats[i].check;
	return NULL;
}
