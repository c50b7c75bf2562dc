/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table is walked twice here, for defaults and for arguments; flags_help.c walks it for people. Spelling,
 * wording and forgiveness are pflag's as upstream's daemons use it ('_' equals '-', a later flag wins), so unit
 * files written for upstream keep working.
 */
#include "base/flags.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/clock.h"
#include "base/flags_internal.h"
#include "base/gate.h"
#include "base/log.h"

const struct flag flags_common[] = {
	{"v", FLAG_INT, &log_verbosity, NULL, "Number for the log level verbosity.", 0, 100},
	{0},
};

/* ---- values ---- */
static const struct {
	const char *name;
	int64_t ns;
} units[] = {
	{"ns", 1},	   {"us", NS_PER_US}, {"µs", NS_PER_US},    {"μs", NS_PER_US},
	{"ms", NS_PER_MS}, {"s", NS_PER_S},   {"m", 60 * NS_PER_S}, {"h", 3600 * NS_PER_S},
};

/* One "1.5h" step at *p, added to *total. NULL, or what is wrong. */
static const char *duration_step(const char **p, __int128 *total, size_t *unit_len)
{
	const char *s = *p;
	__int128 whole = 0, fraction = 0, scale = 1;
	bool digits = false;

	for (; *s >= '0' && *s <= '9'; s++, digits = true)
		if ((whole = whole * 10 + (*s - '0')) > INT64_MAX)
			return "invalid";
	if (*s == '.')
		for (s++; *s >= '0' && *s <= '9'; s++, digits = true)
			if (scale < (__int128)1000000000000000000)
				fraction = fraction * 10 + (*s - '0'), scale *= 10;
	if (!digits)
		return "invalid";
	size_t len = strcspn(s, ".0123456789");

	*unit_len = len;
	*p = s;
	if (!len)
		return "missing";
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (strlen(units[i].name) != len || memcmp(units[i].name, s, len))
			continue;
		*total += whole * units[i].ns + fraction * units[i].ns / scale;
		*p = s + len;
		return *total > INT64_MAX ? "invalid" : NULL;
	}
	return "unknown";
}

int flags_duration(const char *s, int64_t *ret_ns, struct err *err)
{
	const char *p = s + (*s == '-' || *s == '+');
	__int128 total = 0;

	if (!strcmp(p, "0")) {
		*ret_ns = 0;
		return 0;
	}
	if (!*p)
		return err_set(err, REASON_BAD_REQUEST, "time: invalid duration \"%s\"", s);
	while (*p) {
		size_t len;
		const char *wrong = duration_step(&p, &total, &len);

		if (!wrong)
			continue;
		if (*wrong == 'm')
			return err_set(err, REASON_BAD_REQUEST, "time: missing unit in duration \"%s\"", s);
		if (*wrong == 'u')
			return err_set(err, REASON_BAD_REQUEST,
				       "time: unknown unit \"%.*s\" in duration \"%s\"", (int)len, p, s);
		return err_set(err, REASON_BAD_REQUEST, "time: invalid duration \"%s\"", s);
	}
	*ret_ns = *s == '-' ? -(int64_t)total : (int64_t)total;
	return 0;
}

static int set_int(const struct flag *f, const char *v, struct err *err)
{
	char *end;

	errno = 0;
	long n = strtol(v, &end, 0);

	if (end == v || *end)
		return err_set(err, REASON_BAD_REQUEST, "strconv.ParseInt: parsing \"%s\": invalid syntax",
			       v);
	if (errno || n < INT_MIN || n > INT_MAX)
		return err_set(err, REASON_BAD_REQUEST,
			       "strconv.ParseInt: parsing \"%s\": value out of range", v);
	if ((f->min || f->max) && (n < f->min || n > f->max))
		return err_set(err, REASON_BAD_REQUEST, "must be between %ld and %ld", f->min, f->max);
	*(int *)f->target = (int)n;
	return 0;
}

int flags_bool(const char *v, bool *ret, struct err *err)
{
	static const char *const words[2][6] = {{"0", "f", "F", "false", "FALSE", "False"},
						{"1", "t", "T", "true", "TRUE", "True"}};

	for (int value = 0; value < 2; value++)
		for (size_t i = 0; i < ARRAY_LEN(words[0]); i++)
			if (!strcmp(words[value][i], v)) {
				*ret = value;
				return 0;
			}
	return err_set(err, REASON_BAD_REQUEST, "strconv.ParseBool: parsing \"%s\": invalid syntax", v);
}

static int set_float(const struct flag *f, const char *v, struct err *err)
{
	char *end;
	float x = strtof(v, &end);

	if (end == v || *end || isnan(x))
		return err_set(err, REASON_BAD_REQUEST, "strconv.ParseFloat: parsing \"%s\": invalid syntax",
			       v);
	*(float *)f->target = x;
	return 0;
}

static int set(const struct flag *f, const char *v, struct err *err)
{
	switch (f->type) {
	case FLAG_STRING:
		*(const char **)f->target = v;
		return 0;
	case FLAG_INT:
		return set_int(f, v, err);
	case FLAG_BOOL:
		return flags_bool(v, f->target, err);
	case FLAG_DURATION:
		return flags_duration(v, f->target, err);
	case FLAG_FLOAT:
		return set_float(f, v, err);
	case FLAG_GATES:
		return gate_say(v, err);
	}
	return -1;
}

static int set_default(const struct flag *f, struct err *err)
{
	if (f->type == FLAG_GATES)
		gate_forget();
	if (f->def)
		return set(f, f->def, err) ? err_wrap(err, "default of --%s", f->name) : 0;
	switch (f->type) {
	case FLAG_STRING:
		*(const char **)f->target = "";
		break;
	case FLAG_INT: /* also where 0 lies outside the range: it means "not given" */
		*(int *)f->target = 0;
		break;
	case FLAG_BOOL:
		*(bool *)f->target = false;
		break;
	case FLAG_DURATION:
		*(int64_t *)f->target = 0;
		break;
	case FLAG_FLOAT:
		*(float *)f->target = 0;
		break;
	case FLAG_GATES:
		break;
	}
	return 0;
}

/* ---- arguments ---- */
static bool same_name(const char *name, const char *given, size_t n)
{
	if (strlen(name) != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (name[i] != (given[i] == '_' ? '-' : given[i]))
			return false;
	return true;
}

static const struct flag *find(const struct flag *table, const char *given, size_t n)
{
	for (const struct flag *f = table; f->name; f++)
		if (same_name(f->name, given, n))
			return f;
	return NULL;
}

/* --help, --help=FORM and --version: prints what was asked for. False: the argument is none of them. */
static bool asks(const struct flags_program *p, const char *name, size_t n)
{
	autobuf struct buf b = BUF_INIT;

	if (same_name("version", name, n))
		buf_addf(&b, "%s\n", p->version);
	else if (!same_name("help", name, n))
		return false;
	else if (!strcmp(name + n, "=man"))
		flags_write_man(p, &b);
	else if (!strcmp(name + n, "=bash"))
		flags_write_completion(p, &b);
	else
		flags_write_help(p, &b);
	fputs(buf_str(&b), stdout);
	fflush(stdout);
	return true;
}

/* Reads argv[*i], and argv[*i + 1] where the value stands apart. */
static enum flags_result one(const struct flags_program *p, int argc, char **argv, int *i, struct err *err)
{
	const char *arg = argv[*i], *name = arg + 2;

	if (arg[0] != '-' || !arg[1]) {
		err_set(err, REASON_BAD_REQUEST, "%s does not take any arguments, got \"%s\"", p->name, arg);
		return FLAGS_ERROR;
	}
	if (arg[1] != '-') {
		if (arg[1] != 'h' && arg[1] != 'v') {
			err_set(err, REASON_BAD_REQUEST, "unknown shorthand flag: '%c' in %s", arg[1], arg);
			return FLAGS_ERROR;
		}
		name = arg[1] == 'h' && !arg[2] ? "help" : arg + 1;
	}
	size_t n = strcspn(name, "=");

	if (asks(p, name, n))
		return FLAGS_EXIT;
	const struct flag *f = find(p->table, name, n);

	f = f ? f : find(flags_common, name, n);
	if (!f) {
		err_set(err, REASON_BAD_REQUEST, "unknown flag: --%.*s", (int)n, name);
		return FLAGS_ERROR;
	}
	const char *value = name[n] == '=' ? name + n + 1 : NULL;

	if (!value && f->type == FLAG_BOOL)
		value = "true";
	if (!value && *i + 1 >= argc) {
		err_set(err, REASON_BAD_REQUEST, "flag needs an argument: --%s", f->name);
		return FLAGS_ERROR;
	}
	if (!value)
		value = argv[++*i];
	if (set(f, value, err)) {
		if (f->type != FLAG_GATES) /* whose errors are whole sentences */
			err_wrap(err, "invalid argument \"%s\" for \"--%s\" flag", value, f->name);
		return FLAGS_ERROR;
	}
	return FLAGS_OK;
}

enum flags_result flags_parse(const struct flags_program *p, int argc, char **argv, struct err *err)
{
	for (const struct flag *f = p->table; f->name; f++)
		if (set_default(f, err))
			return FLAGS_ERROR;
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--") && i + 1 == argc)
			break;
		enum flags_result r = one(p, argc, argv, &i, err);

		if (r != FLAGS_OK)
			return r;
	}
	return FLAGS_OK;
}
