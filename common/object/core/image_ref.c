/* SPDX-License-Identifier: Apache-2.0 */
#include "object/core/image_ref.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include "base/mem.h"

#define NAME_MAX_LEN 255
#define TAG_MAX_LEN 128
#define HEX_LEN 64

static bool is_lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_alnum(char c)
{
	return is_lower_alnum(c) || (c >= 'A' && c <= 'Z');
}

static bool all_hex(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!((s[i] >= '0' && s[i] <= '9') || (s[i] >= 'a' && s[i] <= 'f')))
			return false;
	return true;
}

bool image_ref_digest_valid(const char *s)
{
	return strlen(s) == 7 + HEX_LEN && !strncmp(s, "sha256:", 7) && all_hex(s + 7, HEX_LEN);
}

/* One component: runs of [a-z0-9] joined by ".", "_", "__" or any number of "-". */
static bool component_valid(const char *s, size_t n)
{
	size_t i = 0;
	for (;;) {
		size_t start = i;
		while (i < n && is_lower_alnum(s[i]))
			i++;
		if (i == start)
			return false;
		if (i == n)
			return true;
		if (s[i] == '-') {
			while (i < n && s[i] == '-')
				i++;
		} else if (s[i] == '_') {
			i += i + 1 < n && s[i + 1] == '_' ? 2 : 1;
		} else if (s[i] == '.') {
			i++;
		} else {
			return false;
		}
	}
}

static bool path_valid(const char *s, size_t n)
{
	for (size_t start = 0, i = 0; i <= n; i++) {
		if (i < n && s[i] != '/')
			continue;
		if (!component_valid(s + start, i - start))
			return false;
		start = i + 1;
	}
	return true;
}

static bool port_valid(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] < '0' || s[i] > '9')
			return false;
	return n > 0;
}

static bool host_label_valid(const char *s, size_t n)
{
	if (!n || !is_alnum(s[0]) || !is_alnum(s[n - 1]))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!is_alnum(s[i]) && s[i] != '-')
			return false;
	return true;
}

static bool domain_valid(const char *s, size_t n)
{
	if (n && s[0] == '[') {
		const char *end = memchr(s, ']', n);
		if (!end || end == s + 1)
			return false;
		for (const char *p = s + 1; p < end; p++)
			if (!isxdigit((unsigned char)*p) && *p != ':')
				return false;
		size_t rest = n - (size_t)(end + 1 - s);
		return !rest || (end[1] == ':' && port_valid(end + 2, rest - 1));
	}
	const char *colon = memchr(s, ':', n);
	size_t host = colon ? (size_t)(colon - s) : n;
	if (colon && !port_valid(colon + 1, n - host - 1))
		return false;
	for (size_t start = 0, i = 0; i <= host; i++) {
		if (i < host && s[i] != '.')
			continue;
		if (!host_label_valid(s + start, i - start))
			return false;
		start = i + 1;
	}
	return true;
}

static bool tag_valid(const char *s, size_t n)
{
	if (!n || n > TAG_MAX_LEN || s[0] == '.' || s[0] == '-')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!is_alnum(s[i]) && s[i] != '_' && s[i] != '.' && s[i] != '-')
			return false;
	return true;
}

static bool has_upper(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] >= 'A' && s[i] <= 'Z')
			return true;
	return false;
}

/* How long the domain at the start of a name is; 0 when the name starts with the path. */
static size_t domain_length(const char *s, size_t n)
{
	const char *slash = memchr(s, '/', n);
	if (!slash)
		return 0;
	size_t d = (size_t)(slash - s);
	bool host = memchr(s, '.', d) || memchr(s, ':', d) || has_upper(s, d) ||
		    (d == strlen("localhost") && !memcmp(s, "localhost", d));
	return host ? d : 0;
}

/* What is wrong with it, NULL when nothing. */
static const char *parse(const char *s, struct image_ref *r)
{
	static const char format[] = "invalid reference format";
	size_t n = strlen(s);
	if (!n)
		return format;
	if (n == HEX_LEN && all_hex(s, n))
		return "invalid repository name, cannot specify 64-byte hexadecimal strings";
	const char *at = memchr(s, '@', n);
	if (at) {
		if (!image_ref_digest_valid(at + 1))
			return format;
		memcpy(r->digest, at + 1, strlen(at + 1) + 1);
		n = (size_t)(at - s);
	}
	size_t d = domain_length(s, n);
	const char *path = d ? s + d + 1 : s;
	size_t path_len = n - (size_t)(path - s);
	const char *colon = memchr(path, ':', path_len);
	if (colon) {
		size_t tag = path_len - (size_t)(colon + 1 - path);
		if (!tag_valid(colon + 1, tag))
			return format;
		memcpy(r->tag, colon + 1, tag);
		path_len = (size_t)(colon - path);
	}
	if (has_upper(path, path_len))
		return "invalid reference format: repository name must be lowercase";
	if ((d && !domain_valid(s, d)) || !path_valid(path, path_len))
		return format;
	bool hub = !d || (d == strlen("docker.io") && !memcmp(s, "docker.io", d)) ||
		   (d == strlen("index.docker.io") && !memcmp(s, "index.docker.io", d));
	bool official = hub && !memchr(path, '/', path_len);
	if ((hub ? strlen("docker.io") : d) + 1 + (official ? strlen("library/") : 0) + path_len >
	    NAME_MAX_LEN)
		return "repository name must not be more than 255 characters";
	snprintf(r->domain, sizeof(r->domain), "%.*s", hub ? 9 : (int)d, hub ? "docker.io" : s);
	snprintf(r->path, sizeof(r->path), "%s%.*s", official ? "library/" : "", (int)path_len, path);
	if (!r->tag[0] && !r->digest[0])
		memcpy(r->tag, "latest", sizeof("latest"));
	return NULL;
}

int image_ref_parse(const char *s, struct image_ref *ret, struct err *err)
{
	struct image_ref r = {0};
	const char *wrong = parse(s, &r);
	if (wrong)
		return err_set(err, REASON_INVALID, "couldn't parse image name \"%.300s\": %s", s, wrong);
	*ret = r;
	return 0;
}

char *image_ref_string(const struct image_ref *r)
{
	return mem_printf("%s/%s%s%s%s%s", r->domain, r->path, r->tag[0] ? ":" : "", r->tag,
			  r->digest[0] ? "@" : "", r->digest);
}

char *image_ref_with_digest(const struct image_ref *r, const char *digest)
{
	return mem_printf("%s/%s@%s", r->domain, r->path, digest);
}

const char *image_ref_host(const struct image_ref *r)
{
	return strcmp(r->domain, "docker.io") ? r->domain : "registry-1.docker.io";
}

bool image_ref_is_loopback(const struct image_ref *r)
{
	const char *d = r->domain;
	if (!strncmp(d, "[::1]", 5))
		return true;
	size_t host = strcspn(d, ":");
	if (host == strlen("localhost") && !memcmp(d, "localhost", host))
		return true;
	if (strncmp(d, "127.", 4))
		return false;
	for (size_t i = 4; i < host; i++)
		if (d[i] != '.' && (d[i] < '0' || d[i] > '9'))
			return false;
	return true;
}
