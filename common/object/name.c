/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checks are scans over a character table rather than regular expressions; the expressions appear only in
 * the texts, which clients see and scripts match. A value that breaks several rules is told each of them.
 */
#include "object/name.h"

#include <stdbool.h>
#include <string.h>

#define DNS_LABEL_FMT "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
#define DNS_SUBDOMAIN_FMT DNS_LABEL_FMT "(\\." DNS_LABEL_FMT ")*"
#define DNS_SUBDOMAIN_MSG                                                                                    \
	"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "    \
	"and must "                                                                                          \
	"start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "    \
	"'" DNS_SUBDOMAIN_FMT "')"
#define DNS_UNDERSCORE_FMT "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
#define DNS_UNDERSCORE_MSG                                                                                   \
	"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or "    \
	"'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for "    \
	"validation is '" DNS_UNDERSCORE_FMT "(\\." DNS_UNDERSCORE_FMT ")*')"
#define LABEL_KEY_FMT "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
#define LABEL_KEY_MSG                                                                                        \
	"must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "          \
	"alphanumeric "                                                                                      \
	"character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "              \
	"'" LABEL_KEY_FMT "')"

enum { LOWER = 1, UPPER = 2, DIGIT = 4, DASH = 8, UNDER = 16, DOT = 32, ALNUM = LOWER | UPPER | DIGIT };

static unsigned class_of(char c)
{
	if (c >= 'a' && c <= 'z')
		return LOWER;
	if (c >= 'A' && c <= 'Z')
		return UPPER;
	if (c >= '0' && c <= '9')
		return DIGIT;
	return c == '-' ? DASH : c == '_' ? UNDER : c == '.' ? DOT : 0;
}

/* n characters, at least one; the ends are of class `ends`, all of class `all`. */
static bool made_of(const char *s, size_t n, unsigned ends, unsigned all)
{
	if (!n || !(class_of(s[0]) & ends) || !(class_of(s[n - 1]) & ends))
		return false;
	for (size_t i = 1; i + 1 < n; i++)
		if (!(class_of(s[i]) & all))
			return false;
	return true;
}

static bool is_subdomain(const char *s, size_t n)
{
	const char *end = s + n;

	for (;;) {
		const char *dot = memchr(s, '.', (size_t)(end - s)), *to = dot ? dot : end;

		if (!made_of(s, (size_t)(to - s), LOWER | DIGIT, LOWER | DIGIT | DASH))
			return false;
		if (!dot)
			return true;
		s = dot + 1;
	}
}

static void object_to(struct name_faults *ret, bool wrong, const char *text)
{
	if (wrong)
		ret->v[ret->n++] = text;
}

size_t name_check_dns1123_label(const char *s, struct name_faults *ret)
{
	size_t n = strlen(s);

	ret->n = 0;
	object_to(ret, n > 63, "must be no more than 63 characters");
	if (made_of(s, n, LOWER | DIGIT, LOWER | DIGIT | DASH))
		return ret->n;
	object_to(
		ret, true,
		is_subdomain(s, n)
			? "must not contain dots"
			: "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
			  "'" DNS_LABEL_FMT "')");
	return ret->n;
}

size_t name_check_dns1123_subdomain(const char *s, struct name_faults *ret)
{
	size_t n = strlen(s);

	ret->n = 0;
	object_to(ret, n > 253, "must be no more than 253 characters");
	object_to(ret, !is_subdomain(s, n), DNS_SUBDOMAIN_MSG);
	return ret->n;
}

size_t name_check_wildcard_subdomain(const char *s, struct name_faults *ret)
{
	size_t n = strlen(s);

	ret->n = 0;
	object_to(ret, n > 253, "must be no more than 253 characters");
	object_to(
		ret, strncmp(s, "*.", 2) || !is_subdomain(s + 2, n - 2),
		"a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is "
		"'\\*\\." DNS_SUBDOMAIN_FMT "')");
	return ret->n;
}

size_t name_check_dns1123_subdomain_underscore(const char *s, struct name_faults *ret)
{
	bool wrong = false;

	ret->n = 0;
	object_to(ret, strlen(s) > 253, "must be no more than 253 characters");
	for (const char *p = s;; p++) {
		size_t n = strcspn(p, ".");
		bool first = *p == '_'; /* one at the start of a label is fine */

		wrong |= !made_of(p + first, n - first, LOWER | DIGIT, LOWER | DIGIT | DASH | UNDER);
		p += n;
		if (!*p)
			break;
	}
	object_to(ret, wrong, DNS_UNDERSCORE_MSG);
	return ret->n;
}

size_t name_check_dns1035_label(const char *s, struct name_faults *ret)
{
	size_t n = strlen(s);

	ret->n = 0;
	object_to(ret, n > 63, "must be no more than 63 characters");
	object_to(
		ret, !n || class_of(s[0]) != LOWER || !made_of(s, n, LOWER | DIGIT, LOWER | DIGIT | DASH),
		"a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for "
		"validation is '[a-z]([-a-z0-9]*[a-z0-9])?')");
	return ret->n;
}

size_t name_check_qualified(const char *s, struct name_faults *ret)
{
	const char *slash = strchr(s, '/'), *name = slash ? slash + 1 : s;
	size_t n = strlen(name);

	ret->n = 0;
	if (strchr(name, '/')) {
		object_to(ret, true,
			  "a qualified name " LABEL_KEY_MSG
			  " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')");
		return ret->n;
	}
	if (slash) {
		object_to(ret, slash == s, "prefix part must be non-empty");
		object_to(ret, slash - s > 253, "prefix part must be no more than 253 characters");
		object_to(ret, slash > s && !is_subdomain(s, (size_t)(slash - s)),
			  "prefix part " DNS_SUBDOMAIN_MSG);
	}
	object_to(ret, !n, "name part must be non-empty");
	object_to(ret, n > 63, "name part must be no more than 63 characters");
	object_to(ret, !made_of(name, n, ALNUM, ALNUM | DASH | UNDER | DOT), "name part " LABEL_KEY_MSG);
	return ret->n;
}

size_t name_check_label_value(const char *s, struct name_faults *ret)
{
	size_t n = strlen(s);

	ret->n = 0;
	object_to(ret, n > 63, "must be no more than 63 characters");
	object_to(
		ret, n && !made_of(s, n, ALNUM, ALNUM | DASH | UNDER | DOT),
		"a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', "
		"regex used for validation is '(" LABEL_KEY_FMT ")?')");
	return ret->n;
}

size_t name_check_path_segment(const char *s, struct name_faults *ret)
{
	ret->n = 0;
	object_to(ret, !strcmp(s, "."), "may not be '.'");
	object_to(ret, !strcmp(s, ".."), "may not be '..'");
	object_to(ret, strchr(s, '/'), "may not contain '/'");
	object_to(ret, strchr(s, '%'), "may not contain '%'");
	return ret->n;
}

size_t name_check_env_var(const char *s, struct name_faults *ret)
{
	bool wrong = false;

	ret->n = 0;
	object_to(ret, !*s, "environment variable name must be non-empty");
	for (; *s; s++)
		wrong |= *s < 0x20 || *s > 0x7e || *s == '=';
	object_to(
		ret, wrong,
		"a valid environment variable name must consist only of printable ASCII characters other than '='");
	return ret->n;
}

size_t name_check_port_name(const char *s, struct name_faults *ret)
{
	size_t n = strlen(s);
	bool letter = false, charset = n > 0;

	for (size_t i = 0; i < n; i++) {
		unsigned c = class_of(s[i]);

		letter |= c == LOWER;
		charset &= (c & (LOWER | DIGIT | DASH)) != 0;
	}
	ret->n = 0;
	object_to(ret, n > 15, "must be no more than 15 characters");
	object_to(ret, !charset, "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
	object_to(ret, !letter, "must contain at least one letter (a-z)");
	object_to(ret, strstr(s, "--"), "must not contain consecutive hyphens");
	object_to(ret, n && (s[0] == '-' || s[n - 1] == '-'), "must not begin or end with a hyphen");
	return ret->n;
}

size_t name_check_config_key(const char *s, struct name_faults *ret)
{
	size_t n = strlen(s);

	ret->n = 0;
	object_to(ret, n > 253, "must be no more than 253 characters");
	object_to(
		ret, !made_of(s, n, ALNUM | DASH | UNDER | DOT, ALNUM | DASH | UNDER | DOT),
		"a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')");
	if (!strcmp(s, "."))
		object_to(ret, true, "must not be '.'");
	else if (!strcmp(s, ".."))
		object_to(ret, true, "must not be '..'");
	else
		object_to(ret, !strncmp(s, "..", 2), "must not start with '..'");
	return ret->n;
}

void name_faults_join(const struct name_faults *f, const char *between, struct buf *out)
{
	for (size_t i = 0; i < f->n; i++)
		buf_addf(out, "%s%s", i ? between : "", f->v[i]);
}

/* ---- API versions ---- */

struct api_version {
	int stage; /* 0: none of Kubernetes' form, alpha, beta, GA */
	unsigned long major, minor;
};

static bool number(const char **p, unsigned long *ret)
{
	const char *s = *p;
	for (*ret = 0; *s >= '0' && *s <= '9' && s - *p < 9; s++)
		*ret = *ret * 10 + (unsigned long)(*s - '0');
	bool any = s > *p;
	*p = s;
	return any;
}

static struct api_version parse_version(const char *s)
{
	static const char *const stages[] = {"alpha", "beta"};
	struct api_version v = {.stage = 3}, none = {.stage = 0};
	if (*s++ != 'v' || !number(&s, &v.major))
		return none;
	for (int i = 0; *s && i < 2; i++)
		if (!strncmp(s, stages[i], strlen(stages[i]))) {
			s += strlen(stages[i]);
			v.stage = 1 + i;
			if (!number(&s, &v.minor))
				return none;
			break;
		}
	return *s ? none : v;
}

static int compare(unsigned long a, unsigned long b)
{
	return (a > b) - (a < b);
}

int name_compare_versions(const char *a, const char *b)
{
	struct api_version x = parse_version(a), y = parse_version(b);
	if (!x.stage && !y.stage)
		return strcmp(b, a);
	int c = compare((unsigned long)x.stage, (unsigned long)y.stage);
	c = c ? c : compare(x.major, y.major);
	return c ? c : compare(x.minor, y.minor);
}
