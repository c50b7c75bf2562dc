/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an unquoted YAML word means: the core of YAML 1.1 as gopkg.in/yaml.v2 (and so sigs.k8s.io/yaml) reads
 * it. Dates stay strings. Both directions use it: the reader to type a word, the writer to know which strings
 * need quotes.
 */
#include "object/yaml_scalar.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *word;
	enum yaml_type type;
	double value;
} words[] = {
	{"", YAML_NULL, 0},
	{"~", YAML_NULL, 0},
	{"null", YAML_NULL, 0},
	{"Null", YAML_NULL, 0},
	{"NULL", YAML_NULL, 0},
	{"y", YAML_BOOL, 1},
	{"Y", YAML_BOOL, 1},
	{"yes", YAML_BOOL, 1},
	{"Yes", YAML_BOOL, 1},
	{"YES", YAML_BOOL, 1},
	{"true", YAML_BOOL, 1},
	{"True", YAML_BOOL, 1},
	{"TRUE", YAML_BOOL, 1},
	{"on", YAML_BOOL, 1},
	{"On", YAML_BOOL, 1},
	{"ON", YAML_BOOL, 1},
	{"n", YAML_BOOL, 0},
	{"N", YAML_BOOL, 0},
	{"no", YAML_BOOL, 0},
	{"No", YAML_BOOL, 0},
	{"NO", YAML_BOOL, 0},
	{"false", YAML_BOOL, 0},
	{"False", YAML_BOOL, 0},
	{"FALSE", YAML_BOOL, 0},
	{"off", YAML_BOOL, 0},
	{"Off", YAML_BOOL, 0},
	{"OFF", YAML_BOOL, 0},
	{".nan", YAML_DOUBLE, NAN},
	{".NaN", YAML_DOUBLE, NAN},
	{".NAN", YAML_DOUBLE, NAN},
	{".inf", YAML_DOUBLE, HUGE_VAL},
	{".Inf", YAML_DOUBLE, HUGE_VAL},
	{".INF", YAML_DOUBLE, HUGE_VAL},
	{"+.inf", YAML_DOUBLE, HUGE_VAL},
	{"+.Inf", YAML_DOUBLE, HUGE_VAL},
	{"+.INF", YAML_DOUBLE, HUGE_VAL},
	{"-.inf", YAML_DOUBLE, -HUGE_VAL},
	{"-.Inf", YAML_DOUBLE, -HUGE_VAL},
	{"-.INF", YAML_DOUBLE, -HUGE_VAL},
};

#define LONGEST_NUMBER 512 /* what is longer is a string */

/* Go's strconv.ParseInt and ParseUint with base 0. */
static bool integer(const char *s, struct yaml_scalar *ret)
{
	bool negative = *s == '-';
	int base = 10;

	s += *s == '-' || *s == '+';
	if (*s == '0' && s[1]) {
		char c = s[1] | 0x20;

		base = c == 'x' ? 16 : c == 'b' ? 2 : 8;
		s += c == 'x' || c == 'b' || c == 'o' ? 2 : 1;
	}
	if (!((*s >= '0' && *s <= '9') || (*s >= 'a' && *s <= 'f') || (*s >= 'A' && *s <= 'F')))
		return false; /* strtoull would take blanks and signs */
	char *end;

	errno = 0;
	unsigned long long v = strtoull(s, &end, base);

	if (errno || *end || end == s || (negative && v > (unsigned long long)INT64_MAX + 1))
		return false;
	if (base == 16 && (s[1] | 0x20) == 'x')
		return false; /* "0x0x1" */
	ret->type = v > INT64_MAX && !negative ? YAML_UINT : YAML_INT;
	ret->u = v;
	ret->i = negative ? (int64_t)(0 - v) : (int64_t)v;
	return true;
}

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? */
static bool is_float(const char *s)
{
	size_t whole, frac = 0;

	s += *s == '-' || *s == '+';
	whole = strspn(s, "0123456789");
	s += whole;
	if (*s == '.') {
		frac = strspn(s + 1, "0123456789");
		s += 1 + frac;
	}
	if (!whole && !frac)
		return false;
	if (*s == 'e' || *s == 'E') {
		s++;
		s += *s == '-' || *s == '+';
		size_t n = strspn(s, "0123456789");

		if (!n)
			return false;
		s += n;
	}
	return !*s;
}

struct yaml_scalar yaml_resolve(const char *s, size_t n)
{
	struct yaml_scalar ret = {.type = YAML_STRING};
	char plain[LONGEST_NUMBER], *out = plain;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strlen(words[i].word) != n || memcmp(words[i].word, s, n))
			continue;
		ret.type = words[i].type;
		ret.b = words[i].value != 0;
		ret.d = words[i].value;
		return ret;
	}
	if (n >= sizeof(plain) || !strchr("0123456789+-.", *s) || memchr(s, '\0', n))
		return ret;
	for (size_t i = 0; i < n; i++)
		if (s[i] != '_')
			*out++ = s[i];
	*out = '\0';
	if (*s != '.' && integer(plain, &ret))
		return ret;
	if (is_float(plain)) {
		ret.type = YAML_DOUBLE;
		ret.d = strtod(plain, NULL);
	}
	return ret;
}
