/* SPDX-License-Identifier: Apache-2.0 */
#include "credential/keyring.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <strings.h>

#include "base/arena.h"
#include "base/base64.h"
#include "object/core/image_ref.h"

#define DEFAULT_REGISTRY "index.docker.io"

struct registry_place { /* HOST[:PORT][/PATH]; labels of the host may hold wildcards */
	const char *host, *port, *path;
	size_t host_len, port_len;
};
struct credential {
	const char *key; /* the place */
	const char *username, *password;
	size_t order; /* as they came */
};
struct keyring {
	struct arena a;
	struct credential *v; /* the greatest key first, which puts longer paths before shorter ones */
	size_t n, cap;
};

void keyring_free(struct keyring *s)
{
	if (!s)
		return;
	arena_release(&s->a);
	free(s->v);
	free(s);
}

/* "https://reg.io/v1/team" is reg.io/team: the scheme and the version of a protocol are no part of a place. */
static char *key_of(struct keyring *s, const char *server)
{
	if (!strncmp(server, "https://", 8) || !strncmp(server, "http://", 7))
		server = strstr(server, "://") + 3;
	size_t host = strcspn(server, "/?#"), user = host;
	while (user && server[user - 1] != '@')
		user--;
	const char *path = server + host;
	if (!strncmp(path, "/v1/", 4) || !strncmp(path, "/v2/", 4))
		path += 3;
	size_t n = strcspn(path, "?#");
	autofree char *key =
		mem_printf("%.*s%.*s", (int)(host - user), server + user, n == 1 ? 0 : (int)n, path);
	return arena_strdup(&s->a, key);
}

static void add_entry(struct keyring *s, const char *server, const js *auth)
{
	autobuf struct buf both = BUF_INIT;
	struct err err = ERR_INIT;
	const char *user = js_str(auth, "username", NULL), *password = js_str(auth, "password", NULL);
	const char *joined = js_str(auth, "auth", NULL), *colon;
	if (joined && *joined) { /* it wins over the two beside it */
		if (base64_decode(&both, joined, strlen(joined), &err) < 0 ||
		    !(colon = strchr(buf_str(&both), ':')))
			return;
		user = arena_strndup(&s->a, buf_str(&both), (size_t)(colon - buf_str(&both)));
		password = colon + 1;
	}
	if (!user || !password)
		return;
	if (s->n == s->cap)
		s->v = mem_realloc_array(s->v, s->cap = s->cap ? s->cap * 2 : 4, sizeof(*s->v));
	s->v[s->n] = (struct credential){.key = key_of(s, server),
					 .username = arena_strdup(&s->a, user),
					 .password = arena_strdup(&s->a, password),
					 .order = s->n};
	s->n++;
}

static int greater_first(const void *a, const void *b)
{
	const struct credential *x = a, *y = b;
	int c = strcmp(y->key, x->key);
	return c ? c : (x->order > y->order) - (x->order < y->order);
}

void keyring_add_auths(struct keyring **s, const js *auths)
{
	if (!auths)
		return;
	if (!*s)
		*s = MEM_NEW(struct keyring);
	for (struct js_iter it = js_iter(auths); js_next(&it);)
		add_entry(*s, it.key, it.value);
	if ((*s)->n)
		qsort((*s)->v, (*s)->n, sizeof(*(*s)->v), greater_first);
}

void keyring_add_secret(struct keyring **s, const js *secret)
{
	static const struct {
		const char *type, *key;
	} forms[] = {{"kubernetes.io/dockerconfigjson", ".dockerconfigjson"},
		     {"kubernetes.io/dockercfg", ".dockercfg"}};
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		autobuf struct buf text = BUF_INIT;
		struct err err = ERR_INIT;
		const char *data = js_str(secret, "data", forms[i].key, NULL);
		if (strcmp(js_str0(secret, "type", NULL), forms[i].type) != 0 || !data ||
		    base64_decode(&text, data, strlen(data), &err) < 0)
			continue;
		autojson js *doc = js_parse(buf_str(&text), text.len, NULL, &err);
		keyring_add_auths(s, i == 0 ? js_obj(doc, "auths", NULL) : js_obj(doc, NULL));
	}
}

/* ---- which are for an image ---- */

static struct registry_place place_of(const char *key)
{
	struct registry_place p = {.host = key, .host_len = strcspn(key, "/")};
	p.path = key + p.host_len;
	p.port = p.path;
	const char *colon = memrchr(key, ':', p.host_len);
	if (colon && !memchr(colon, ']', p.host_len - (size_t)(colon - key))) {
		p.port = colon + 1;
		p.port_len = (size_t)(p.path - p.port);
		p.host_len = (size_t)(colon - key);
	}
	return p;
}

/* Label by label: a wildcard stands for no dot. */
static bool hosts_match(const struct registry_place *glob, const struct registry_place *p)
{
	size_t i = 0, k = 0;
	for (;;) {
		char pattern[256], label[256];
		size_t n = 0, m = 0;
		while (i + n < glob->host_len && glob->host[i + n] != '.')
			n++;
		while (k + m < p->host_len && p->host[k + m] != '.')
			m++;
		if (n >= sizeof(pattern) || m >= sizeof(label))
			return false;
		memcpy(pattern, glob->host + i, n);
		memcpy(label, p->host + k, m);
		pattern[n] = label[m] = '\0';
		i += n + 1;
		k += m + 1;
		if (fnmatch(pattern, label, 0) != 0 || (i > glob->host_len) != (k > p->host_len))
			return false;
		if (i > glob->host_len)
			return true;
	}
}

static bool places_match(const char *key, const struct registry_place *image)
{
	const struct registry_place glob = place_of(key);
	return glob.port_len == image->port_len && !memcmp(glob.port, image->port, glob.port_len) &&
	       !strncmp(image->path, glob.path, strlen(glob.path)) && hosts_match(&glob, image);
}

bool keyring_matches(const char *pattern, const char *repository)
{
	const struct registry_place p = place_of(repository);
	return places_match(pattern, &p);
}

size_t keyring_find(const struct keyring *s, const char *image, struct runtime_auth **ret)
{
	struct image_ref ref;
	struct err ignored = ERR_INIT;
	size_t n = 0;
	*ret = NULL;
	if (!s || !s->n || image_ref_parse(image, &ref, &ignored) < 0)
		return 0;
	autofree char *name = mem_printf("%s/%s", ref.domain, ref.path);
	struct registry_place p = place_of(name);
	struct runtime_auth *v = mem_array(s->n, sizeof(*v));
	for (size_t i = 0; i < s->n; i++)
		if (places_match(s->v[i].key, &p))
			v[n++] = (struct runtime_auth){s->v[i].username, s->v[i].password};
	/* Docker's own registry is known by another name. */
	bool other_name = !n && !strcmp(ref.domain, "docker.io");
	for (size_t i = 0; i < s->n && other_name; i++)
		if (!strcmp(s->v[i].key, DEFAULT_REGISTRY))
			v[n++] = (struct runtime_auth){s->v[i].username, s->v[i].password};
	*ret = v;
	return n;
}
