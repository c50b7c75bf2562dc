/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/probe_url.h"

#include <ctype.h>
#include <stdlib.h>

#define PORT_MAX 65535

/* ---- escaping ---- */

static bool has_control(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return true;
	return false;
}

static bool is_escape(const char *s, size_t n)
{
	return n >= 3 && s[0] == '%' && isxdigit((unsigned char)s[1]) && isxdigit((unsigned char)s[2]);
}

static bool escapes_hold(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] == '%' && !is_escape(s + i, n - i))
			return false;
	return true;
}

/* raw: what looks like an escape is none. */
static const char *escaped(struct arena *a, const char *s, size_t n, const char *allowed, bool raw)
{
	static const char hex[] = "0123456789ABCDEF";
	autobuf struct buf b = BUF_INIT;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];
		if (isalnum(c) || (c && strchr(allowed, c)) || (!raw && is_escape(s + i, n - i))) {
			buf_addc(&b, (char)c);
		} else {
			buf_addc(&b, '%');
			buf_addc(&b, hex[c >> 4]);
			buf_addc(&b, hex[c & 15]);
		}
	}
	return arena_strdup(a, buf_str(&b));
}

static const char in_path[] = "-_.~$&+,/:;=@!'()*[]", in_query[] = "-_.~$&+,/:;=@!'()*[]?%\"<>^`{}|\\#";

/* ---- taking apart ---- */

/* "PATH?QUERY#FRAGMENT". False: it is none of that kind. */
static bool split(struct arena *a, const char *s, struct probe_url *u)
{
	size_t n = strlen(s), path = strcspn(s, "?#");
	const char *query = s + path;
	size_t fragment = strcspn(query, "#");
	if (has_control(s, n) || !escapes_hold(s, path))
		return false;
	u->path = escaped(a, s, path, in_path, false);
	u->query = escaped(a, query, fragment, in_query, true);
	u->fragment = escaped(a, query + fragment, strlen(query + fragment), in_query, true);
	return true;
}

static const char *rooted(struct arena *a, const char *path)
{
	return *path && *path != '/' ? arena_printf(a, "/%s", path) : path;
}

/* Behind "scheme:" of a text that has one. */
static const char *behind_scheme(const char *s)
{
	size_t n = 0;
	while (isalnum((unsigned char)s[n]) || (n && s[n] && strchr("+-.", s[n])))
		n++;
	return n && isalpha((unsigned char)*s) && s[n] == ':' ? s + n + 1 : NULL;
}

/* "USER@HOST:PORT" of n bytes. */
static bool take_authority(struct arena *a, const char *s, size_t n, struct probe_url *u)
{
	const char *at = memrchr(s, '@', n), *end = s + n;
	if (at)
		s = at + 1;
	const char *bracket = *s == '[' ? memchr(s, ']', (size_t)(end - s)) : NULL;
	if (*s == '[' && !bracket)
		return false;
	const char *colon = memchr(bracket ? bracket : s, ':', (size_t)(end - (bracket ? bracket : s)));
	const char *host_end = bracket ? bracket : colon ? colon : end;
	s += bracket != NULL;
	u->host = arena_strndup(a, s, (size_t)(host_end - s));
	u->has_port = colon && colon + 1 < end;
	u->port = u->https ? 443 : 80;
	if (!u->has_port)
		return true;
	char *stop;
	long port = strtol(colon + 1, &stop, 10);
	u->port = (int)port;
	return stop == end && port > 0 && port <= PORT_MAX;
}

void probe_url_make(struct arena *a, bool https, const char *host, int port, const char *path,
		    struct probe_url *ret)
{
	*ret = (struct probe_url){.https = https,
				  .scheme = https ? "https" : "http",
				  .host = host,
				  .port = port,
				  .has_port = true,
				  .query = "",
				  .fragment = ""};
	/* A whole URL, or one without its scheme, gives its path: the rest is said elsewhere. */
	const char *rest = behind_scheme(path);
	const char *s = rest && !strncmp(rest, "//", 2) ? rest : path;
	if (!strncmp(s, "//", 2))
		s += 2 + strcspn(s + 2, "/?#");
	if (!split(a, s, ret)) /* what is no URL is taken as it stands */
		ret->path = escaped(a, path, strlen(path), in_path, true);
	ret->path = rooted(a, ret->path);
}

/* ---- redirects ---- */

static const char *without_dots(struct arena *a, const char *path)
{
	autobuf struct buf b = BUF_INIT;
	for (const char *p = path; *p;) {
		const char *seg = p + 1; /* p is a slash */
		size_t n = strcspn(seg, "/");
		bool last = !seg[n], up = n == 2 && !memcmp(seg, "..", 2);
		if (up) {
			const char *slash = b.len ? memrchr(b.p, '/', b.len) : NULL;
			buf_truncate(&b, slash ? (size_t)(slash - b.p) : 0);
		}
		if (!up && !(n == 1 && *seg == '.')) {
			buf_addc(&b, '/');
			buf_add(&b, seg, n);
		} else if (last) {
			buf_addc(&b, '/');
		}
		p = seg + n;
	}
	return arena_strdup(a, buf_str(&b));
}

static const char *joined(struct arena *a, const char *base, const char *path)
{
	if (*path == '/')
		return without_dots(a, path);
	const char *slash = strrchr(base, '/');
	return without_dots(a, arena_printf(a, "%.*s/%s", slash ? (int)(slash - base) : 0, base, path));
}

bool probe_url_follow(struct arena *a, const struct probe_url *base, const char *location,
		      struct probe_url *ret, bool *ret_absolute)
{
	struct probe_url u = *base;
	const char *rest = behind_scheme(location), *s = rest ? rest : location;
	if (ret_absolute)
		*ret_absolute = rest != NULL;
	if (rest) {
		char *scheme = arena_strndup(a, location, (size_t)(rest - location) - 1);
		for (char *p = scheme; *p; p++)
			*p = (char)tolower((unsigned char)*p);
		u.scheme = scheme;
		u.https = !strcmp(scheme, "https");
	}
	bool authority = !strncmp(s, "//", 2);
	if (rest && !authority)
		return false;
	if (authority) {
		size_t n = strcspn(s + 2, "/?#");
		if (!take_authority(a, s + 2, n, &u))
			return false;
		s += 2 + n;
	}
	struct probe_url ref;
	if (!split(a, s, &ref))
		return false;
	u.fragment = ref.fragment;
	if (authority) {
		u.path = without_dots(a, rooted(a, ref.path));
		u.query = ref.query;
	} else if (*ref.path) {
		u.path = joined(a, base->path, ref.path);
		u.query = ref.query;
	} else if (*ref.query) {
		u.query = ref.query;
	}
	*ret = u;
	return true;
}

/* ---- putting together ---- */

void probe_url_authority(struct buf *out, const struct probe_url *u)
{
	buf_addf(out, strchr(u->host, ':') ? "[%s]" : "%s", u->host);
	if (u->has_port)
		buf_addf(out, ":%d", u->port);
}

void probe_url_write(struct buf *out, const struct probe_url *u)
{
	buf_addf(out, "%s://", u->scheme);
	probe_url_authority(out, u);
	buf_adds(out, u->path);
	buf_adds(out, u->query);
	buf_adds(out, u->fragment);
}

void probe_url_target(struct buf *out, const struct probe_url *u)
{
	buf_adds(out, *u->path ? u->path : "/");
	buf_adds(out, u->query);
}
