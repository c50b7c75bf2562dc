/* SPDX-License-Identifier: Apache-2.0 */
/* See providerconfig.h (kubernetes/kubernetes pkg/credentialprovider/plugin/config.go). */
#include "credential/providerconfig.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/faults.h"
#include "base/flags.h"
#include "base/map.h"
#include "client/tls.h"
#include "object/yaml.h"
#include "os/tree.h"

#define ROWS_MAX 1000

static const char *const api_versions[] = {"credentialprovider.kubelet.k8s.io/v1",
					   "credentialprovider.kubelet.k8s.io/v1alpha1",
					   "credentialprovider.kubelet.k8s.io/v1beta1"};
static const char *const file_versions[] = {"kubelet.config.k8s.io/v1", "kubelet.config.k8s.io/v1beta1",
					    "kubelet.config.k8s.io/v1alpha1"};

/* Tells them, and is done with them. */
static int end_faults(struct faults *f, const char *what, struct err *err)
{
	int rc = faults_end(f, REASON_INVALID, what, true, err);
	faults_release(f);
	return rc;
}

static bool is_one_of(const char *s, const char *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(s, v[i]))
			return true;
	return false;
}

/* ---- decoding, strictly ---- */

static void check_fields(const js *o, const char *path, const char *const *known, size_t n, struct faults *f)
{
	for (struct js_iter it = js_iter(o); js_next(&it);)
		if (!is_one_of(it.key, known, n))
			faults_add(f, "unknown field \"%s%s%.200s\"", path, *path ? "." : "", it.key);
}

static const char *text_field(struct arena *a, const js *o, const char *path, const char *key,
			      struct faults *f)
{
	const js *v = js_field(o, key);
	if (v && !js_is_str(v))
		faults_add(f, "%s.%s: must be a string", path, key);
	return arena_strdup(a, js_str0(o, key, NULL));
}

static const char **text_list(struct arena *a, const js *o, const char *path, const char *key,
			      struct faults *f)
{
	const js *list = js_field(o, key);
	const char **v = arena_array(a, js_len(list) + 1, sizeof(*v));
	if (list && !js_is_arr(list)) {
		faults_add(f, "%s.%s: must be a list of strings", path, key);
		return v;
	}
	for (size_t i = 0; i < js_len(list); i++) {
		if (!js_is_str(js_at(list, i)))
			faults_add(f, "%s.%s[%zu]: must be a string", path, key, i);
		v[i] = arena_strdup(a, js_str0(js_at(list, i), NULL));
	}
	return v;
}

static const char **env_list(struct arena *a, const js *o, const char *path, struct faults *f)
{
	static const char *const known[] = {"name", "value"};
	const js *list = js_field(o, "env");
	const char **v = arena_array(a, js_len(list) + 1, sizeof(*v));
	if (list && !js_is_arr(list)) {
		faults_add(f, "%s.env: must be a list", path);
		return v;
	}
	for (size_t i = 0; i < js_len(list); i++) {
		autofree char *at = mem_printf("%s.env[%zu]", path, i);
		const js *e = js_at(list, i);
		if (!js_is_obj(e))
			faults_add(f, "%s: must be an object", at);
		check_fields(e, at, known, ARRAY_LEN(known), f);
		v[i] = arena_printf(a, "%s=%s", text_field(a, e, at, "name", f),
				    text_field(a, e, at, "value", f));
	}
	return v;
}

/* ---- judging, in upstream's words ---- */

/* What url.Parse says of "https://" and it; NULL: nothing. */
static const char *bad_url(struct arena *a, const char *s)
{
	size_t host = strcspn(s, "/?#");
	const char *what = NULL, *colon = memrchr(s, ':', host);
	for (const char *p = s; *p && !what; p++) {
		if (iscntrl((unsigned char)*p))
			what = "net/url: invalid control character in URL";
		else if (*p == '%' && (!isxdigit((unsigned char)p[1]) || !isxdigit((unsigned char)p[2])))
			what = arena_printf(a, "invalid URL escape \"%.3s\"", p);
		else if ((size_t)(p - s) < host && strchr(" <>\"{}|\\^`", *p))
			what = arena_printf(a, "invalid character \"%c\" in host name", *p);
	}
	if (!what && colon && !memchr(colon, ']', host - (size_t)(colon - s)) &&
	    strspn(colon + 1, "0123456789") != host - (size_t)(colon - s) - 1)
		what = arena_printf(a, "invalid port \"%.*s\" after host", (int)(host - (size_t)(colon - s)),
				    colon);
	return what ? arena_printf(a, "parse \"https://%s\": %s", s, what) : NULL;
}

static void check_name(const char *name, struct faults *f)
{
	if (strchr(name, '/'))
		faults_add(f, "providers.name: Invalid value: \"%s\": provider name cannot contain '/'",
			   name);
	if (strchr(name, ' '))
		faults_add(f, "providers.name: Invalid value: \"%s\": provider name cannot contain spaces",
			   name);
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		faults_add(f, "providers.name: Invalid value: \"%s\": provider name cannot be '%s'", name,
			   name);
}

static void check_version(const char *v, struct faults *f)
{
	if (!*v)
		faults_add(f, "providers.apiVersion: Required value");
	else if (!is_one_of(v, api_versions, ARRAY_LEN(api_versions)))
		faults_add(
			f,
			"providers.apiVersion: Unsupported value: \"%s\": supported values: \"%s\", \"%s\", \"%s\"",
			v, api_versions[0], api_versions[1], api_versions[2]);
}

static void check_match(struct arena *a, const char *const *match, struct faults *f)
{
	if (!*match)
		faults_add(
			f,
			"providers.matchImages: Required value: at least 1 item in matchImages is required");
	for (; *match; match++) {
		const char *why = bad_url(a, *match);
		if (why)
			faults_add(f,
				   "providers.matchImages: Invalid value: \"%s\": match image is invalid: %s",
				   *match, why);
	}
}

static void check_row(struct arena *a, const struct providerconfig_row *r, const js *o, struct faults *f)
{
	const char *duration = js_str(o, "defaultCacheDuration", NULL);
	check_name(r->name, f);
	check_version(r->api_version, f);
	check_match(a, r->match, f);
	if (!js_get(o, "defaultCacheDuration", NULL))
		faults_add(f, "providers.defaultCacheDuration: Required value");
	else if (duration && r->cache_ns < 0)
		faults_add(
			f,
			"providers.defaultCacheDuration: Invalid value: \"%s\": must be greater than or equal to 0",
			duration);
	if (js_get(o, "tokenAttributes", NULL))
		faults_add(
			f,
			"providers.tokenAttributes: Forbidden: tokenAttributes is not supported: plugins are given no "
			"service account tokens");
}

/* ---- a file ---- */

static void read_row(struct arena *a, const js *o, size_t i, struct providerconfig_row *r, struct faults *f)
{
	static const char *const known[] = {"name", "matchImages", "defaultCacheDuration", "apiVersion",
					    "args", "env",	   "tokenAttributes"};
	struct err ignored = ERR_INIT;
	autofree char *path = mem_printf("providers[%zu]", i);
	const js *duration = js_get(o, "defaultCacheDuration", NULL);
	if (!js_is_obj(o))
		faults_add(f, "%s: must be an object", path);
	check_fields(o, path, known, ARRAY_LEN(known), f);
	*r = (struct providerconfig_row){.name = text_field(a, o, path, "name", f),
					 .api_version = text_field(a, o, path, "apiVersion", f),
					 .match = text_list(a, o, path, "matchImages", f),
					 .args = text_list(a, o, path, "args", f),
					 .env = env_list(a, o, path, f)};
	if (duration &&
	    (!js_is_str(duration) || flags_duration(js_str0(duration, NULL), &r->cache_ns, &ignored) < 0))
		faults_add(f, "%s.defaultCacheDuration: must be a duration such as \"5m\"", path);
}

static js *read_document(const char *text, size_t n, struct faults *f, struct err *err)
{
	static const char *const known[] = {"apiVersion", "kind", "providers"};
	struct js_duplicates dup = {0};
	js *o = n > PROVIDERCONFIG_MAX ? NULL : yaml_parse(text, n, &dup, err);
	if (n > PROVIDERCONFIG_MAX)
		(void)err_set(err, REASON_TOO_LARGE, "more than %zu bytes", PROVIDERCONFIG_MAX);
	for (size_t i = 0; i < dup.n; i++)
		faults_add(f, "yaml: %s", dup.path[i]);
	js_duplicates_release(&dup);
	if (!o)
		return NULL;
	const char *version = js_str0(o, "apiVersion", NULL), *kind = js_str0(o, "kind", NULL);
	const js *list = js_field(o, "providers");
	if (strcmp(kind, "CredentialProviderConfig") != 0 ||
	    !is_one_of(version, file_versions, ARRAY_LEN(file_versions)))
		faults_add(f, "no kind \"%s\" is registered for version \"%s\"", kind, version);
	check_fields(o, "", known, ARRAY_LEN(known), f);
	if (list && !js_is_arr(list))
		faults_add(f, "providers: must be a list");
	else if (js_len(list) > ROWS_MAX)
		faults_add(f, "providers: must have at most %d items", ROWS_MAX);
	return o;
}

/* Its rows go behind those that are there. Their values are judged in `judged`, when all files are read. */
static int add_file(struct providerconfig *c, const char *text, size_t n, struct faults *judged,
		    struct err *err)
{
	struct faults f = {0};
	struct err why = ERR_INIT;
	autojson js *o = read_document(text, n, &f, &why);
	const js *list = f.n ? NULL : js_arr(o, "providers", NULL);
	if (why.reason != REASON_NONE)
		faults_add(&f, "%s", why.msg);
	c->v = mem_realloc_array(c->v, c->n + js_len(list) + 1, sizeof(*c->v));
	for (size_t i = 0; i < js_len(list) && !f.n; i++) {
		struct providerconfig_row *r = &c->v[c->n];
		read_row(&c->a, js_at(list, i), i, r, &f);
		if (!f.n)
			check_row(&c->a, r, js_at(list, i), judged);
		c->n += !f.n;
	}
	return end_faults(&f, "", err);
}

static int check_names_differ(const struct providerconfig *c, struct err *err)
{
	automap struct map seen = MAP_INIT;
	for (size_t i = 0; i < c->n; i++)
		if (map_set(&seen, c->v[i].name, c->v))
			return err_set(err, REASON_INVALID,
				       "duplicate provider name \"%s\" found in configuration file(s)",
				       c->v[i].name);
	return 0;
}

static int judge(const struct providerconfig *c, struct faults *f, struct err *err)
{
	if (!c->n)
		faults_add(f, "providers: Required value: at least 1 item in plugins is required");
	return end_faults(f, "failed to validate credential provider config: ", err);
}

int providerconfig_parse(const char *text, size_t n, struct providerconfig *ret, struct err *err)
{
	struct faults judged = {0};
	*ret = (struct providerconfig){0};
	int rc = add_file(ret, text, n, &judged, err);
	if (rc == 0)
		rc = check_names_differ(ret, err);
	if (rc == 0)
		rc = judge(ret, &judged, err);
	buf_release(&judged.text);
	if (rc < 0)
		providerconfig_release(ret);
	return rc;
}

void providerconfig_release(struct providerconfig *c)
{
	arena_release(&c->a);
	free(c->v);
	*c = (struct providerconfig){0};
}

/* ---- files ---- */

struct config_files {
	char **v;
	size_t n, cap;
};

static void add_name(struct config_files *n, const char *name)
{
	if (n->n == n->cap)
		n->v = mem_realloc_array(n->v, n->cap = n->cap ? n->cap * 2 : 8, sizeof(*n->v));
	n->v[n->n++] = mem_strdup(name);
}

static bool take_name(void *arg, const char *name)
{
	static const char *const endings[] = {".json", ".yaml", ".yml"};
	const char *dot = strrchr(name, '.');
	if (dot && is_one_of(dot, endings, ARRAY_LEN(endings)))
		add_name(arg, name);
	return true;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The length goes first, so that two files are not one. */
static void hash_file(struct tls_sha256 *h, const struct buf *b)
{
	unsigned char n[8];
	for (int i = 0; i < 8; i++)
		n[i] = (unsigned char)((uint64_t)b->len >> (56 - 8 * i));
	tls_sha256_add(h, n, sizeof(n));
	tls_sha256_add(h, buf_str(b), b->len);
}

static int read_one(struct providerconfig *c, const char *path, struct tls_sha256 *h, struct faults *judged,
		    struct err *err)
{
	autobuf struct buf text = BUF_INIT;
	if (tree_read(path, PROVIDERCONFIG_MAX, &text, err) < 0)
		return err_wrap(err, "unable to read file \"%s\"", path);
	hash_file(h, &text);
	if (add_file(c, buf_str(&text), text.len, judged, err) < 0)
		return err_wrap(err, "error decoding config \"%s\"", path);
	return check_names_differ(c, err);
}

static int list_files(const char *path, struct config_files *ret, struct err *err)
{
	struct stat st;
	if (!*path)
		return err_set(err, REASON_INVALID, "credential provider config path is empty");
	if (stat(path, &st) < 0) {
		(void)err_errno(err, "stat %s", path);
		return err_wrap(err, "unable to access path \"%s\"", path);
	}
	if (!S_ISDIR(st.st_mode)) {
		add_name(ret, path);
		return 0;
	}
	if (tree_names(path, take_name, ret, err) < 0)
		return err_wrap(err, "unable to read directory \"%s\"", path);
	if (!ret->n)
		return err_set(err, REASON_INVALID, "no configuration files found in directory \"%s\"", path);
	qsort(ret->v, ret->n, sizeof(*ret->v), by_name);
	for (size_t i = 0; i < ret->n; i++) {
		char *full = mem_printf("%s/%s", path, ret->v[i]);
		free(ret->v[i]);
		ret->v[i] = full;
	}
	return 0;
}

int providerconfig_read(const char *path, struct providerconfig *ret, struct err *err)
{
	struct config_files files = {0};
	struct faults judged = {0};
	char hex[65];
	*ret = (struct providerconfig){0};
	int rc = list_files(path, &files, err);
	struct tls_sha256 *h = tls_sha256_new();
	for (size_t i = 0; i < files.n; i++) {
		if (rc == 0)
			rc = read_one(ret, files.v[i], h, &judged, err);
		free(files.v[i]);
	}
	free(files.v);
	tls_sha256_end(h, hex);
	snprintf(ret->hash, sizeof(ret->hash), "sha256:%s", hex);
	if (rc == 0)
		rc = judge(ret, &judged, err);
	buf_release(&judged.text);
	if (rc < 0)
		providerconfig_release(ret);
	return rc;
}
