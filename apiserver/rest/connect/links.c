/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page is copied as it comes; only a start tag is held back until it is complete, and of it only the value of an
 * attribute that is a URL is exchanged. Upstream parses and prints every start tag anew, which says the same in other
 * bytes. Scripts, styles and comments are no markup.
 */
#include "rest/connect/links.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rest/connect/target.h"

struct links {
	char *prefix, *server, *asked;
	enum { LINKS_TEXT, LINKS_TAG, LINKS_COMMENT, LINKS_RAW } state;
	struct buf held;  /* from '<' on */
	char quote;	  /* inside a value of the tag */
	bool value;	  /* behind '=': a quote begins one */
	char matched[16]; /* the last bytes of a comment, or of raw text */
	const char *raw;  /* the element whose text is raw */
};

/* Attributes that are URLs (HTML's index of attributes). */
static const struct link_tag {
	const char *tag, *attributes; /* between blanks */
} tags[] = {
	{"a", " href "},
	{"applet", " codebase "},
	{"area", " href "},
	{"audio", " src "},
	{"base", " href "},
	{"blockquote", " cite "},
	{"body", " background "},
	{"button", " formaction "},
	{"command", " icon "},
	{"del", " cite "},
	{"embed", " src "},
	{"form", " action "},
	{"frame", " longdesc src "},
	{"head", " profile "},
	{"html", " manifest "},
	{"iframe", " longdesc src "},
	{"img", " longdesc src usemap "},
	{"input", " src usemap formaction "},
	{"ins", " cite "},
	{"link", " href "},
	{"object", " classid codebase data usemap "},
	{"q", " cite "},
	{"script", " src "},
	{"source", " src "},
	{"video", " poster src "},
};

static const char *const raw_tags[] = {"script", "style",   "textarea", "title",
				       "iframe", "noembed", "noframes", "xmp"};

struct links *links_new(const char *prefix, const char *server, const char *asked)
{
	struct links *l = MEM_NEW(struct links);

	l->prefix = mem_strdup(prefix);
	l->server = mem_strdup(server);
	l->asked = mem_strdup(asked);
	return l;
}

void links_free(struct links *l)
{
	if (!l)
		return;
	free(l->prefix);
	free(l->server);
	free(l->asked);
	buf_release(&l->held);
	free(l);
}

/* ---- one URL ---- */

static bool same(const char *host, const char *p, size_t n)
{
	return strlen(host) == n && !strncasecmp(host, p, n);
}

void links_url(const struct links *l, const char *url, size_t n, struct buf *out)
{
	const char *end = url + n, *p = url;
	size_t scheme = 0;

	while (scheme < n && (isalnum((unsigned char)url[scheme]) || strchr("+-.", url[scheme])))
		scheme++;
	if (scheme && scheme + 2 < n && !strncmp(url + scheme, "://", 3))
		p += scheme + 1;
	const char *host = NULL, *path = p;
	if (end - p >= 2 && p[0] == '/' && p[1] == '/') {
		host = p + 2;
		path = host;
		while (path < end && !strchr("/?#", *path))
			path++;
	}
	bool asked = host && same(l->asked, host, (size_t)(path - host));
	bool ours = !host || asked || same(l->server, host, (size_t)(path - host));
	if (!ours || path == end || *path != '/') {
		buf_add(out, url, n);
		return;
	}
	if (asked) /* it stays where it was */
		buf_add(out, url, (size_t)(path - url));
	size_t prefix = strlen(l->prefix), len = strcspn(path, "?#");
	len = len < (size_t)(end - path) ? len : (size_t)(end - path);
	if (len >= prefix && !strncmp(path, l->prefix, prefix)) {
		buf_add(out, path, (size_t)(end - path));
		return;
	}
	buf_adds(out, l->prefix);
	size_t from = out->len;
	target_join(out, path, len);
	if (path[len - 1] == '/' && (out->len == from || out->p[out->len - 1] != '/'))
		buf_addc(out, '/');
	buf_add(out, path + len, (size_t)(end - path) - len);
}

/* ---- one tag ---- */

static const char *attributes_of(const char *name, size_t n)
{
	for (size_t i = 0; i < ARRAY_LEN(tags); i++)
		if (strlen(tags[i].tag) == n && !strncasecmp(tags[i].tag, name, n))
			return tags[i].attributes;
	return NULL;
}

static bool is_url(const char *attributes, const char *name, size_t n)
{
	char word[16];

	if (n + 3 > sizeof(word))
		return false;
	word[0] = word[n + 1] = ' ';
	for (size_t i = 0; i < n; i++)
		word[i + 1] = (char)tolower((unsigned char)name[i]);
	word[n + 2] = 0;
	return strstr(attributes, word) != NULL;
}

static const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && (isspace((unsigned char)*p) || *p == '/'))
		p++;
	return p;
}

/* From behind the name to the '>'. */
static void add_attributes(const struct links *l, const char *attributes, const char *p, const char *end,
			   struct buf *out)
{
	while (p < end) {
		const char *from = p, *name = skip_blanks(p, end);
		for (p = name; p < end && !isspace((unsigned char)*p) && !strchr("=/>", *p);)
			p++;
		size_t n = (size_t)(p - name);
		const char *eq = p;
		while (eq < end && isspace((unsigned char)*eq))
			eq++;
		if (eq == end || *eq != '=') {
			p += p == from; /* whatever it is, it goes on */
			buf_add(out, from, (size_t)(p - from));
			continue;
		}
		for (p = eq + 1; p < end && isspace((unsigned char)*p);)
			p++;
		char quote = p < end && (*p == '"' || *p == '\'') ? *p++ : 0;
		const char *value = p;
		while (p < end && (quote ? *p != quote : !isspace((unsigned char)*p)))
			p++;
		buf_add(out, from, (size_t)(value - from));
		if (is_url(attributes, name, n))
			links_url(l, value, (size_t)(p - value), out);
		else
			buf_add(out, value, (size_t)(p - value));
		if (quote && p < end)
			buf_addc(out, *p++);
	}
}

static size_t name_len(const struct buf *tag)
{
	size_t n = 1;

	while (n < tag->len && !isspace((unsigned char)tag->p[n]) && !strchr("/>", tag->p[n]))
		n++;
	return n - 1;
}

/* `held` is complete, with its '>'. */
static void end_tag(struct links *l, struct buf *out)
{
	struct buf *h = &l->held;
	size_t n = name_len(h);
	const char *attributes = attributes_of(h->p + 1, n);

	if (attributes) {
		buf_add(out, h->p, n + 1);
		add_attributes(l, attributes, h->p + 1 + n, h->p + h->len - 1, out);
		buf_addc(out, '>');
	} else {
		buf_add(out, h->p, h->len);
	}
	l->state = LINKS_TEXT;
	for (size_t i = 0; i < ARRAY_LEN(raw_tags); i++)
		if (strlen(raw_tags[i]) == n && !strncasecmp(raw_tags[i], h->p + 1, n)) {
			l->state = LINKS_RAW;
			l->raw = raw_tags[i];
			memset(l->matched, 0, sizeof(l->matched));
		}
	buf_release(h);
}

/* ---- a page ---- */

static bool ends_with(struct links *l, char c, const char *what)
{
	size_t n = strlen(what), size = sizeof(l->matched);

	memmove(l->matched, l->matched + 1, size - 1);
	l->matched[size - 1] = (char)tolower((unsigned char)c);
	return !memcmp(l->matched + size - n, what, n);
}

/* The tag, or what looked like one, is not to be understood: it goes out as it is. */
static void let_go(struct links *l, struct buf *out)
{
	buf_add(out, buf_str(&l->held), l->held.len);
	buf_release(&l->held);
	l->state = LINKS_TEXT;
}

static void take_tag(struct links *l, char c, struct buf *out)
{
	struct buf *h = &l->held;

	buf_addc(h, c);
	if (h->len == 2 && !isalpha((unsigned char)c) && c != '!' && c != '/') {
		let_go(l, out);
	} else if (h->len == 4 && !strncmp(h->p, "<!--", 4)) {
		let_go(l, out);
		l->state = LINKS_COMMENT;
		memset(l->matched, 0, sizeof(l->matched));
	} else if (l->quote) {
		l->quote = c == l->quote ? 0 : l->quote;
	} else if (c == '>') {
		end_tag(l, out);
	} else if ((c == '"' || c == '\'') && l->value) {
		l->quote = c;
	}
	if (!isspace((unsigned char)c))
		l->value = c == '=';
	if (h->len > LINKS_TAG_MAX)
		let_go(l, out);
}

static void take(struct links *l, char c, struct buf *out)
{
	char close[16];

	switch (l->state) {
	case LINKS_TAG:
		take_tag(l, c, out);
		return;
	case LINKS_COMMENT:
		buf_addc(out, c);
		if (ends_with(l, c, "-->"))
			l->state = LINKS_TEXT;
		return;
	case LINKS_RAW:
		buf_addc(out, c);
		snprintf(close, sizeof(close), "</%s", l->raw);
		if (ends_with(l, c, close))
			l->state = LINKS_TEXT;
		return;
	case LINKS_TEXT:
		if (c != '<') {
			buf_addc(out, c);
			return;
		}
		l->state = LINKS_TAG;
		l->quote = 0;
		l->value = false;
		buf_addc(&l->held, c);
	}
}

void links_add(struct links *l, const char *p, size_t n, bool last, struct buf *out)
{
	for (size_t i = 0; i < n; i++)
		take(l, p[i], out);
	if (last)
		let_go(l, out);
}
