/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kubernetes/kubernetes staging/src/k8s.io/apiserver/pkg/util/webhook/validation.go. Of a URL the parts are taken as Go's
 * url.Parse takes them; what it objects to is reported as there.
 */
#include "kinds/webhook_client.h"

#include <stdio.h>
#include "object/name.h"

#define FORM "; desired format: https://host[/path]"

/* ---- URLs ---- */

struct url {
	struct buf scheme, user, host, query, fragment;
	bool has_user;
};

static void url_release(struct url *u)
{
	buf_release(&u->scheme);
	buf_release(&u->user);
	buf_release(&u->host);
	buf_release(&u->query);
	buf_release(&u->fragment);
}

static bool is_scheme(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool letter = (s[i] | 0x20) >= 'a' && (s[i] | 0x20) <= 'z';
		if (!letter && (!i || !strchr("0123456789+-.", s[i])))
			return false;
	}
	return n > 0;
}

/* NULL, or what Go says of the bytes that are wrong anywhere. */
static const char *bad_bytes(const char *s)
{
	for (const char *p = s; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return "net/url: invalid control character in URL";
	return NULL;
}

/* host[:port], the port of digits. */
static char *bad_host(const char *host)
{
	const char *colon = *host == '[' ? strchr(host, ']') : NULL;

	if (*host == '[' && !colon)
		return mem_strdup("missing ']' in host");
	colon = colon ? colon + 1 : strrchr(host, ':');
	if (!colon || !*colon)
		return NULL;
	if (*colon == ':' && colon[1 + strspn(colon + 1, "0123456789")] == '\0')
		return NULL;
	return mem_printf("invalid port \"%s\" after host", colon);
}

/* Cuts what stands behind the mark off; into out. */
static void cut(char *s, char mark, struct buf *out)
{
	char *at = strchr(s, mark);

	if (!at)
		return;
	buf_adds(out, at + 1);
	*at = '\0';
}

static void take_authority(char *s, struct url *u)
{
	char *end = strchr(s, '/'), *at;

	if (end)
		*end = '\0';
	at = strrchr(s, '@');
	if (at) {
		u->has_user = true;
		buf_add(&u->user, s, (size_t)(at - s));
	}
	buf_adds(&u->host, at ? at + 1 : s);
}

/* NULL when it is a URL, else why it is none. */
static char *parse_url(const char *text, struct url *u)
{
	autofree char *copy = mem_strdup(text);
	char *s = copy;

	if (bad_bytes(text))
		return mem_strdup(bad_bytes(text));
	cut(s, '#', &u->fragment);
	char *colon = strchr(s, ':'), *slash = strpbrk(s, "/?");
	if (colon == s)
		return mem_strdup("missing protocol scheme");
	if (colon && (!slash || colon < slash)) {
		if (!is_scheme(s, (size_t)(colon - s)))
			return mem_strdup("first path segment in URL cannot contain colon");
		for (; s < colon; s++)
			buf_addc(&u->scheme, *s >= 'A' && *s <= 'Z' ? (char)(*s | 0x20) : *s);
		s = colon + 1;
	}
	cut(s, '?', &u->query);
	if (!strncmp(s, "//", 2))
		take_authority(s + 2, u);
	return bad_host(buf_str(&u->host));
}

static void check_url(const char *text, const char *path, struct field_errors *errs)
{
	struct url u = {.has_user = false};
	autofree char *why = parse_url(text, &u);
	autofree char *detail =
		why ? mem_printf("url must be a valid URL: parse \"%s\": %s" FORM, text, why) : NULL;

	if (detail)
		field_error_required(errs, path, detail);
	if (!why && strcmp(buf_str(&u.scheme), "https"))
		field_error_invalid_str(errs, path, buf_str(&u.scheme),
					"'https' is the only allowed URL scheme" FORM);
	if (!why && !u.host.len)
		field_error_invalid_str(errs, path, "", "host must be specified" FORM);
	if (!why && u.has_user)
		field_error_invalid_str(errs, path, buf_str(&u.user),
					"user information is not permitted in the URL");
	if (!why && u.fragment.len)
		field_error_invalid_str(errs, path, buf_str(&u.fragment),
					"fragments are not permitted in the URL");
	if (!why && u.query.len)
		field_error_invalid_str(errs, path, buf_str(&u.query),
					"query parameters are not permitted in the URL");
	url_release(&u);
}

/* ---- Services ---- */

static void check_step(const char *whole, const char *step, size_t i, const char *path,
		       struct field_errors *errs)
{
	struct name_faults wrong = {.n = 0};

	if (!*step) {
		autofree char *detail = mem_printf("segment[%zu] may not be empty", i);
		field_error_invalid_str(errs, path, whole, detail);
	} else {
		name_check_dns1123_subdomain(step, &wrong);
	}
	for (size_t f = 0; f < wrong.n; f++) {
		autofree char *detail = mem_printf("segment[%zu]: %s", i, wrong.v[f]);
		field_error_invalid_str(errs, path, whole, detail);
	}
}

static void check_service_path(const char *text, const char *path, struct field_errors *errs)
{
	autofree char *copy = NULL;
	size_t n = strlen(text), i = 0;

	if (!strcmp(text, "/") || !n)
		return;
	if (!strcmp(text, "//")) {
		field_error_invalid_str(errs, path, text, "segment[0] may not be empty");
		return;
	}
	if (*text != '/')
		field_error_invalid_str(errs, path, text, "must start with a '/'");
	copy = mem_strdup(text + 1); /* of any first byte, as upstream */
	n = strlen(copy);
	if (n && copy[n - 1] == '/')
		copy[n - 1] = '\0';
	for (char *rest = copy, *step; (step = strsep(&rest, "/")); i++)
		check_step(text, step, i, path, errs);
}

/* Upstream calls its check with name and namespace interchanged, so each is reported where the other is. */
static void check_service(const js *service, const char *path, struct field_errors *errs)
{
	const js *port = js_field(service, "port");
	int64_t number = port ? json_object_get_int64(port) : 0;
	const char *way = js_str(service, "path", NULL);

	if (!*js_str0(service, "namespace", NULL))
		field_error_required(errs, PATH("%s.name", path), "");
	if (!*js_str0(service, "name", NULL))
		field_error_required(errs, PATH("%s.namespace", path), "");
	if (number < 1 || number > 65535)
		field_error_invalid(errs, PATH("%s.port", path), port,
				    "port is not valid: must be between 1 and 65535, inclusive");
	if (way)
		check_service_path(way, PATH("%s.path", path), errs);
}

void webhook_client_check(const js *config, const char *path, struct field_errors *errs)
{
	const char *url = js_str(config, "url", NULL);
	const js *service = js_obj(config, "service", NULL);

	if (!url == !service)
		field_error_required(errs, path, "exactly one of url or service is required");
	else if (url)
		check_url(url, PATH("%s.url", path), errs);
	else
		check_service(service, PATH("%s.service", path), errs);
}
