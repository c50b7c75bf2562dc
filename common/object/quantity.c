/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One 128-bit count of nano-units replaces upstream's pair of int64-with-scale and arbitrary precision: every
 * value that the API accepts fits (2^63 * 10^9 < 2^93), sums of billions of them too, and arithmetic is
 * exact.
 *
 * Grammar, rounding and canonical form are upstream's, with its leniency: a number may lack digits on either
 * side of the point.
 */
#include "object/quantity.h"

#include <stdio.h>
#include <string.h>

typedef unsigned __int128 u128;

#define NANO INT64_C(1000000000)
#define NANO_MAX ((u128)INT64_MAX * (u128)NANO)

static const char format_wrong[] =
	"quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
static const char suffix_wrong[] = "unable to parse quantity's suffix";

static const struct {
	char text[3];
	unsigned char base;
	signed char exponent;
} suffixes[] = {
	{"n", 10, -9}, {"u", 10, -6}, {"m", 10, -3}, {"", 10, 0},   {"k", 10, 3},  {"M", 10, 6},
	{"G", 10, 9},  {"T", 10, 12}, {"P", 10, 15}, {"E", 10, 18}, {"Ki", 2, 10}, {"Mi", 2, 20},
	{"Gi", 2, 30}, {"Ti", 2, 40}, {"Pi", 2, 50}, {"Ei", 2, 60},
};
#define N_SUFFIXES (sizeof(suffixes) / sizeof(suffixes[0]))

/* The pieces of a quantity's text. */
struct parts {
	bool negative;
	const char *num, *denom, *suffix;
	size_t num_len, denom_len;
	int base, exponent;
	enum quantity_format format;
};

static const char *skip_digits(const char *s)
{
	while (*s >= '0' && *s <= '9')
		s++;
	return s;
}

/* NULL, or which rule the text breaks. */
static const char *split(const char *s, struct parts *p)
{
	if (!*s)
		return format_wrong;
	p->negative = *s == '-';
	s += *s == '-' || *s == '+';
	while (*s == '0')
		s++;
	p->num = s;
	s = skip_digits(s);
	p->num_len = (size_t)(s - p->num);
	p->denom = s;
	if (*s == '.') {
		p->denom = s + 1;
		s = skip_digits(s + 1);
		p->denom_len = (size_t)(s - p->denom);
	}
	p->suffix = s;
	s += strspn(s, "eEinumkKMGTP");
	s += *s == '-' || *s == '+';
	return *skip_digits(s) ? format_wrong : NULL;
}

static const char *interpret(struct parts *p)
{
	const char *s = p->suffix;
	bool negative;
	int v = 0;

	for (size_t i = 0; i < N_SUFFIXES; i++) {
		if (strcmp(s, suffixes[i].text))
			continue;
		p->base = suffixes[i].base;
		p->exponent = suffixes[i].exponent;
		p->format = p->base == 2 ? QUANTITY_BINARY_SI : QUANTITY_DECIMAL_SI;
		return NULL;
	}
	if ((*s | 0x20) != 'e' || !s[1])
		return suffix_wrong;
	s++;
	negative = *s == '-';
	s += *s == '-' || *s == '+';
	if (!*s || *skip_digits(s))
		return suffix_wrong;
	for (; *s; s++)
		if (v < 1000000) /* far beyond what any mantissa of a request can balance */
			v = v * 10 + (*s - '0');
	p->base = 10;
	p->exponent = negative ? -v : v;
	p->format = QUANTITY_DECIMAL_EXPONENT;
	return NULL;
}

static u128 times10(u128 v, int times)
{
	for (; v && times > 0; times--)
		if ((v *= 10) > NANO_MAX)
			return NANO_MAX;
	return v;
}

/* Digit i of num followed by denom. */
static inline unsigned digit(const struct parts *p, size_t i)
{
	return (unsigned)(i < p->num_len ? p->num[i] : p->denom[i - p->num_len]) - '0';
}

/* num.denom * 10^exponent in nano-units, rounded up, capped. */
static u128 decimal(const struct parts *p)
{
	size_t n = p->num_len + p->denom_len;
	long long shift = (long long)p->exponent - (long long)p->denom_len + 9;
	long long keep = shift >= 0 ? (long long)n : (long long)n + shift;
	u128 v = 0;

	for (size_t i = 0; i < n; i++) {
		if ((long long)i < keep)
			v = v > NANO_MAX ? v : v * 10 + digit(p, i);
		else if (digit(p, i))
			return v < NANO_MAX ? v + 1 : NANO_MAX;
	}
	if (v > NANO_MAX)
		return NANO_MAX;
	return shift > 0 ? times10(v, shift > 100 ? 100 : (int)shift) : v;
}

/* num.denom * 2^exponent in nano-units, rounded up, capped. Fractions count to 18 digits, further ones only
 * round up. */
static u128 binary(const struct parts *p)
{
	u128 whole = 0, fraction = 0, v;

	for (size_t i = 0; i < p->num_len; i++)
		if ((whole = whole * 10 + digit(p, i)) > INT64_MAX)
			return NANO_MAX;
	for (size_t i = 0; i < 18; i++)
		fraction = fraction * 10 + (i < p->denom_len ? (unsigned)p->denom[i] - '0' : 0);
	for (size_t i = 18; i < p->denom_len; i++)
		if (p->denom[i] != '0') {
			fraction++;
			break;
		}
	whole <<= p->exponent; /* under 2^123 */
	if (whole > INT64_MAX)
		return NANO_MAX;
	v = whole * (u128)NANO + ((fraction << p->exponent) + (NANO - 1)) / (u128)NANO;
	return v > NANO_MAX ? NANO_MAX : v;
}

int quantity_parse(const char *s, struct quantity *ret, struct err *err)
{
	struct parts p = {0};
	const char *wrong = split(s, &p);

	wrong = wrong ? wrong : interpret(&p);
	if (wrong)
		return err_set(err, REASON_BAD_REQUEST, "%s", wrong);
	u128 v = p.base == 2 ? binary(&p) : decimal(&p);

	if (p.format == QUANTITY_BINARY_SI && v && v < (u128)NANO)
		p.format = QUANTITY_DECIMAL_SI;
	ret->nano = p.negative ? -(__int128)v : (__int128)v;
	ret->format = p.format;
	return 0;
}

/* Writes v backwards and returns its first digit. */
static char *digits(char *end, u128 v)
{
	*--end = '\0';
	do
		*--end = (char)('0' + (int)(v % 10));
	while (v /= 10);
	return end;
}

static const char *suffix_of(int base, int exponent)
{
	for (size_t i = 0; i < N_SUFFIXES; i++)
		if (suffixes[i].base == base && suffixes[i].exponent == exponent)
			return suffixes[i].text;
	return "";
}

static void format_binary(char *out, bool negative, u128 units)
{
	char text[48];
	int exponent = 0;

	while (units >= 1024 && units % 1024 == 0 && exponent < 60) {
		units /= 1024;
		exponent += 10;
	}
	snprintf(out, QUANTITY_TEXT_MAX, "%s%s%s", negative ? "-" : "", digits(text + sizeof(text), units),
		 exponent ? suffix_of(2, exponent) : "");
}

static void format_decimal(char *out, bool negative, u128 nano, bool exponent_form)
{
	char text[48], e[16] = "";
	int exponent = -9;

	while (nano % 1000 == 0 && (exponent_form || exponent < 18)) {
		nano /= 1000;
		exponent += 3;
	}
	if (!exponent_form)
		snprintf(e, sizeof(e), "%s", suffix_of(10, exponent));
	else if (exponent)
		snprintf(e, sizeof(e), "e%d", exponent);
	snprintf(out, QUANTITY_TEXT_MAX, "%s%s%s", negative ? "-" : "", digits(text + sizeof(text), nano), e);
}

void quantity_format(const struct quantity *q, char out[QUANTITY_TEXT_MAX])
{
	bool negative = q->nano < 0;
	u128 v = negative ? -(u128)q->nano : (u128)q->nano;

	if (!v)
		memcpy(out, "0", 2);
	else if (q->format == QUANTITY_BINARY_SI && v % (u128)NANO == 0 && v >= 1024 * (u128)NANO)
		format_binary(out, negative, v / (u128)NANO);
	else
		format_decimal(out, negative, v, q->format == QUANTITY_DECIMAL_EXPONENT);
}

/* nano / unit, rounded up, saturated. */
static int64_t scaled(__int128 nano, int64_t unit)
{
	__int128 v = nano / unit + (nano > 0 && nano % unit);

	return v > INT64_MAX ? INT64_MAX : v < INT64_MIN ? INT64_MIN : (int64_t)v;
}

int64_t quantity_value(const struct quantity *q)
{
	return scaled(q->nano, NANO);
}

int64_t quantity_milli(const struct quantity *q)
{
	return scaled(q->nano, NANO / 1000);
}

void quantity_round_up_milli(struct quantity *q)
{
	const __int128 unit = NANO / 1000;
	__int128 rest = q->nano % unit;

	if (rest)
		q->nano += q->nano > 0 ? unit - rest : -unit - rest;
}

int quantity_cmp(const struct quantity *a, const struct quantity *b)
{
	return (a->nano > b->nano) - (a->nano < b->nano);
}
