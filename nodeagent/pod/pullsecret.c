/* SPDX-License-Identifier: Apache-2.0 */
#include "pod/pullsecret.h"

#include <stdlib.h>

#include "base/base64.h"

struct credential {
	const char *server, *username, *password;
};
struct pullsecret {
	struct arena a;
	struct credential *v;
	size_t n;
};

void pullsecret_free(struct pullsecret *s)
{
	if (!s)
		return;
	arena_release(&s->a);
	free(s->v);
	free(s);
}

/* https://index.docker.io/v1/ and docker.io are one registry. */
static const char *bare_server(const char *s)
{
	const char *p = strstr(s, "://");
	s = p ? p + 3 : s;
	return !strncmp(s, "index.docker.io", 15) ? "docker.io" : s;
}

static void add_entry(struct pullsecret *s, const char *server, const js *auth)
{
	autobuf struct buf both = BUF_INIT;
	struct err err = ERR_INIT;
	const char *user = js_str(auth, "username", NULL), *password = js_str(auth, "password", NULL);
	const char *joined = js_str(auth, "auth", NULL), *colon;
	if ((!user || !password) && joined && base64_decode(&both, joined, strlen(joined), &err) == 0 &&
	    (colon = strchr(buf_str(&both), ':'))) {
		user = arena_strndup(&s->a, buf_str(&both), (size_t)(colon - buf_str(&both)));
		password = colon + 1;
	}
	if (!user || !password)
		return;
	server = bare_server(server);
	size_t n = strlen(server);
	while (n && server[n - 1] == '/')
		n--;
	s->v = mem_realloc_array(s->v, s->n + 1, sizeof(*s->v));
	s->v[s->n++] = (struct credential){arena_strndup(&s->a, server, n), arena_strdup(&s->a, user),
					   arena_strdup(&s->a, password)};
}

void pullsecret_add(struct pullsecret **s, const js *secret)
{
	static const char *const keys[] = {".dockerconfigjson", ".dockercfg"};
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		autobuf struct buf text = BUF_INIT;
		struct err err = ERR_INIT;
		const char *data = js_str(secret, "data", keys[i], NULL);
		if (!data || base64_decode(&text, data, strlen(data), &err) < 0)
			continue;
		autojson js *doc = js_parse(buf_str(&text), text.len, NULL, &err);
		js *auths = i == 0 ? js_obj(doc, "auths", NULL) : js_obj(doc, NULL);
		if (!auths)
			continue;
		if (!*s)
			*s = MEM_NEW(struct pullsecret);
		json_object_object_foreach (auths, server, auth)
			add_entry(*s, server, auth);
	}
}

bool pullsecret_find(const struct pullsecret *s, const char *image, struct runtime_auth *ret)
{
	autofree char *full = NULL;
	size_t first = strcspn(image, "/"), best = 0;
	bool has_host = image[first] && (memchr(image, '.', first) || memchr(image, ':', first) ||
					 (first == 9 && !strncmp(image, "localhost", 9)));
	full = has_host ? mem_strdup(image) : mem_printf("docker.io/%s", image);
	for (size_t i = 0; i < s->n; i++) {
		size_t n = strlen(s->v[i].server);
		if (n <= best || strncmp(full, s->v[i].server, n) != 0 ||
		    (full[n] && !strchr("/:@", full[n])))
			continue;
		best = n;
		*ret = (struct runtime_auth){s->v[i].username, s->v[i].password};
	}
	return best > 0;
}
