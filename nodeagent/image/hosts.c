/* SPDX-License-Identifier: Apache-2.0 */
#include "image/hosts.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/mem.h"
#include "os/tree.h"

#define KEYS_MAX 8    /* parts of a table's name */
#define VALUES_MAX 64 /* strings of one list */

struct value {
	char *text[VALUES_MAX]; /* the strings, of lists of lists as well */
	size_t n;
	bool list, is_bool, on;
};

struct hosts_parser {
	const char *p;
	int line;
	const char *dir;
	struct image_hosts *hosts;
	struct image_host server; /* the registry itself */
	struct image_host *at;	  /* what the present table is about; NULL = nothing that is looked at */
};

void image_hosts_release(struct image_hosts *h)
{
	for (size_t i = 0; i < h->n; i++) {
		free(h->v[i].url);
		free(h->v[i].ca);
		free(h->v[i].cert);
		free(h->v[i].key);
	}
	free(h->v);
	*h = (struct image_hosts){0};
}

static void add_host(struct image_hosts *h, struct image_host host)
{
	h->v = mem_realloc_array(h->v, h->n + 1, sizeof(*h->v));
	h->v[h->n++] = host;
}

static int bad(const struct hosts_parser *p, struct err *err, const char *what)
{
	return err_set(err, REASON_INVALID, "hosts.toml: line %d: %s", p->line, what);
}

/* ---- TOML ---- */

static void skip_blank(struct hosts_parser *p, bool lines)
{
	for (;; p->p++) {
		if (*p->p == '#')
			p->p += strcspn(p->p, "\n");
		if (*p->p == '\n' && lines)
			p->line++;
		else if (*p->p != ' ' && *p->p != '\t' && *p->p != '\r')
			return;
	}
}

static int end_of_line(struct hosts_parser *p, struct err *err)
{
	skip_blank(p, false);
	return *p->p && *p->p != '\n' ? bad(p, err, "the line goes on after its end") : 0;
}

/* "basic" or 'literal', on one line. */
static char *quoted(struct hosts_parser *p, struct err *err)
{
	autobuf struct buf b = BUF_INIT;
	char quote = *p->p++;
	for (; *p->p != quote; p->p++) {
		char c = *p->p;
		if (!c || c == '\n') {
			bad(p, err, "a string without an end");
			return NULL;
		}
		if (c == '\\' && quote == '"') {
			if (!p->p[1] || !strchr("\"\\tn", p->p[1])) {
				bad(p, err, "an escape that is not supported");
				return NULL;
			}
			p->p++;
			c = *p->p == 't' ? '\t' : *p->p == 'n' ? '\n' : *p->p;
		}
		buf_addc(&b, c);
	}
	p->p++;
	return buf_take(&b, NULL);
}

static char *bare_key(struct hosts_parser *p, struct err *err)
{
	size_t n = strspn(p->p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
	if (!n) {
		bad(p, err, "a name is missing");
		return NULL;
	}
	char *key = mem_strndup(p->p, n);
	p->p += n;
	return key;
}

static void free_keys(char **keys, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(keys[i]);
}

/* a."b".c, up to `end`. Returns how many, -1 on failure. */
static int keys_until(struct hosts_parser *p, char end, char **keys, struct err *err)
{
	size_t n = 0;
	for (;; p->p++) {
		skip_blank(p, false);
		char *key = *p->p == '"' || *p->p == '\'' ? quoted(p, err) : bare_key(p, err);
		if (!key)
			break;
		keys[n++] = key;
		skip_blank(p, false);
		if (*p->p == end) {
			p->p++;
			return (int)n;
		}
		if (*p->p != '.' || n == KEYS_MAX) {
			bad(p, err, "a name goes on in a way that is not supported");
			break;
		}
	}
	free_keys(keys, n);
	return -1;
}

static void value_release(struct value *v)
{
	free_keys(v->text, v->n);
}

static int take_string(struct hosts_parser *p, struct value *v, struct err *err)
{
	if (v->n == VALUES_MAX)
		return bad(p, err, "a list is too long");
	v->text[v->n] = quoted(p, err);
	if (!v->text[v->n])
		return -1;
	v->n++;
	return 0;
}

/* Lists of strings, and of such lists. */
static int take_list(struct hosts_parser *p, struct value *v, int depth, struct err *err)
{
	v->list = true;
	for (p->p++;; p->p++) {
		skip_blank(p, true);
		if (*p->p == ']')
			break;
		if (*p->p == '[' && depth == 0) {
			if (take_list(p, v, depth + 1, err) < 0)
				return -1;
		} else if (*p->p != '"' && *p->p != '\'') {
			return bad(p, err, "a list may hold strings and lists of strings");
		} else if (take_string(p, v, err) < 0) {
			return -1;
		}
		skip_blank(p, true);
		if (*p->p == ']')
			break;
		if (*p->p != ',')
			return bad(p, err, "a comma is missing");
	}
	p->p++;
	return 0;
}

static int take_value(struct hosts_parser *p, struct value *v, struct err *err)
{
	skip_blank(p, false);
	if (*p->p == '[')
		return take_list(p, v, 0, err);
	if ((*p->p == '"' || *p->p == '\'') && strncmp(p->p, "\"\"\"", 3) != 0 &&
	    strncmp(p->p, "'''", 3) != 0)
		return take_string(p, v, err);
	v->is_bool = v->on = !strncmp(p->p, "true", 4);
	v->is_bool |= !strncmp(p->p, "false", 5);
	p->p += v->on ? 4 : 5;
	return v->is_bool ? 0 : bad(p, err, "a value must be a string, a list of strings, true or false");
}

/* ---- what it means ---- */

static char *file_name(const struct hosts_parser *p, const char *file)
{
	return *file == '/' ? mem_strdup(file) : mem_printf("%s/%s", p->dir, file);
}

static void replace(char **old, char *new)
{
	free(*old);
	*old = new;
}

/* https://HOST[/PATH]; the protocol's version belongs to it unless the path says it all. */
static int set_url(struct hosts_parser *p, struct image_host *h, const char *url, struct err *err)
{
	size_t n = strlen(url);
	const char *scheme = strstr(url, "://") ? "" : "https://";
	const char *host = strstr(url, "://") ? strstr(url, "://") + 3 : url;
	if ((*scheme == '\0' && strncasecmp(url, "https://", 8) && strncasecmp(url, "http://", 7)) ||
	    !*host || *host == '/' || strpbrk(url, " \t\r\n?#@"))
		return bad(p, err, "a host must be http://HOST or https://HOST");
	while (n && url[n - 1] == '/')
		n--;
	bool versioned = n >= 3 && !strncmp(url + n - 3, "/v2", 3);
	replace(&h->url, mem_printf("%s%.*s%s", scheme, (int)n, url, versioned ? "" : "/v2"));
	return 0;
}

static int set_capabilities(struct hosts_parser *p, struct image_host *h, const struct value *v,
			    struct err *err)
{
	h->resolves = false;
	for (size_t i = 0; i < v->n; i++) {
		if (!strcmp(v->text[i], "resolve"))
			h->resolves = true;
		else if (strcmp(v->text[i], "pull") != 0 && strcmp(v->text[i], "push") != 0)
			return bad(p, err, "capabilities are pull, resolve and push");
	}
	return 0;
}

static int set_field(struct hosts_parser *p, struct image_host *h, const char *key, const struct value *v,
		     struct err *err)
{
	bool one = !v->is_bool && v->n == 1;
	if (!strcmp(key, "server") && h == &p->server && one)
		return set_url(p, h, v->text[0], err);
	if (!strcmp(key, "capabilities") && v->list)
		return set_capabilities(p, h, v, err);
	if (!strcmp(key, "ca") && one)
		replace(&h->ca, file_name(p, v->text[0]));
	else if (!strcmp(key, "client") && !v->is_bool && (v->n == 1 || v->n == 2)) {
		replace(&h->cert, file_name(p, v->text[0]));
		replace(&h->key, file_name(p, v->text[v->n - 1]));
	} else if (!strcmp(key, "skip_verify") && v->is_bool)
		h->skip_verify = v->on;
	else if (!strcmp(key, "override_path") && v->is_bool && h->url) {
		char *version = h->url + strlen(h->url) - 3;
		if (v->on && !strcmp(version, "/v2"))
			*version = '\0';
	} else {
		return err_set(err, REASON_INVALID, "hosts.toml: line %d: \"%.100s\" is not supported so",
			       p->line, key);
	}
	return 0;
}

static int take_field(struct hosts_parser *p, struct err *err)
{
	char *keys[KEYS_MAX + 1];
	struct value v = {.n = 0};
	int n = keys_until(p, '=', keys, err), rc;
	if (n < 0)
		return -1;
	rc = n == 1 ? 0 : bad(p, err, "dotted names are not supported here");
	if (rc == 0)
		rc = take_value(p, &v, err);
	if (rc == 0)
		rc = end_of_line(p, err);
	if (rc == 0)
		rc = set_field(p, p->at, keys[0], &v, err);
	value_release(&v);
	free_keys(keys, (size_t)n);
	return rc;
}

/* [host."URL"] */
static int take_table(struct hosts_parser *p, struct err *err)
{
	char *keys[KEYS_MAX + 1];
	p->p++;
	int n = keys_until(p, ']', keys, err), rc = 0;
	if (n < 0)
		return -1;
	if (n != 2 || strcmp(keys[0], "host") != 0)
		rc = bad(p, err, "a table must be [host.\"URL\"]");
	else if (p->hosts->n == IMAGE_HOSTS_MAX)
		rc = bad(p, err, "too many hosts");
	if (rc == 0) {
		add_host(p->hosts, (struct image_host){.mirror = true, .resolves = true});
		p->at = &p->hosts->v[p->hosts->n - 1];
		rc = set_url(p, p->at, keys[1], err);
	}
	free_keys(keys, (size_t)n);
	return rc == 0 ? end_of_line(p, err) : rc;
}

static int parse_lines(struct hosts_parser *p, struct err *err)
{
	for (;;) {
		skip_blank(p, true);
		if (!*p->p)
			return 0;
		if ((*p->p == '[' ? take_table(p, err) : take_field(p, err)) < 0)
			return -1;
	}
}

int image_hosts_parse(const char *text, const char *domain, const char *dir, struct image_hosts *ret,
		      struct err *err)
{
	struct image_hosts hosts = {0};
	struct hosts_parser p = {.p = text, .line = 1, .dir = dir, .hosts = &hosts};
	p.server.resolves = true;
	p.at = &p.server;
	p.server.url = mem_printf("https://%s/v2", domain);
	int rc = parse_lines(&p, err);
	add_host(&hosts, p.server);
	if (rc == 0)
		*ret = hosts;
	else
		image_hosts_release(&hosts);
	return rc;
}

int image_hosts_read(const char *dir, const struct image_ref *ref, struct image_hosts *ret, struct err *err)
{
	const char *const names[] = {ref->domain, "_default"};
	*ret = (struct image_hosts){0};
	for (size_t i = 0; dir && *dir && i < ARRAY_LEN(names); i++) {
		autofree char *below = mem_printf("%s/%s", dir, names[i]),
			      *file = mem_printf("%s/hosts.toml", below);
		autobuf struct buf b = BUF_INIT;
		struct err e = ERR_INIT;
		if (tree_read(file, IMAGE_HOSTS_FILE_MAX, &b, &e) == 0)
			return image_hosts_parse(buf_str(&b), image_ref_host(ref), below, ret, err) < 0
				       ? err_wrap(err, "%s", file)
				       : 0;
		if (e.reason != REASON_NOT_FOUND) {
			*err = e;
			return -1;
		}
	}
	return 0;
}
