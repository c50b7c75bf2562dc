/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of one volume that take each other's place, or stand in a directory that another file's name takes
 * (kubernetes/kubernetes pkg/api/pod/warnings.go warningsForOverlappingVirtualPaths).
 *
 * Upstream compares each with all before it. Here paths are sorted, so that those that a path lies in stand before it in a
 * stack; what is found is told in upstream's order. A client is told of no more than PAIRS of one volume.
 */
#include <stdlib.h>
#include "kinds/podspec/podspec_internal.h"

#define PAIRS 256

struct file {
	const char *path;
	size_t len;	    /* without slashes behind it */
	const char *source; /* what it comes from, in a volume of several; "" */
	size_t index;
};
struct pair {
	const struct file *one, *other; /* `other` is named first in the volume */
};
struct volume_files {
	struct file *v;
	size_t n, room;
	char **sources;
	size_t n_sources;
	struct pair pairs[PAIRS];
	size_t n_pairs;
};

/* ---- collecting ---- */

static void add(struct volume_files *f, const char *path, const char *source)
{
	size_t len = strlen(path);

	while (len && path[len - 1] == '/')
		len--;
	if (!len)
		return;
	if (f->n == f->room) {
		f->room = f->room ? 2 * f->room : 8;
		f->v = mem_realloc_array(f->v, f->room, sizeof(*f->v));
	}
	f->v[f->n] = (struct file){.path = path, .len = len, .source = source, .index = f->n};
	f->n++;
}

static void add_items(struct volume_files *f, const js *items, const char *source)
{
	js_array_for_each (item, items)
		add(f, js_str0(item, "path", NULL), source);
}

/* `SORT "NAME"`, as long as f lives. */
static const char *named(struct volume_files *f, const char *sort, const char *name)
{
	f->sources = mem_realloc_array(f->sources, f->n_sources + 1, sizeof(*f->sources));
	return f->sources[f->n_sources++] = mem_printf("%s \"%s\"", sort, name);
}

static void release(struct volume_files *f)
{
	for (size_t i = 0; i < f->n_sources; i++)
		free(f->sources[i]);
	free(f->sources);
	free(f->v);
}

/* ---- comparing ---- */

/* A slash is less than anything else, so that what is in a directory stands right behind it. */
static int compare_files(const void *a, const void *b)
{
	const struct file *x = a, *y = b;
	size_t n = x->len < y->len ? x->len : y->len, i = 0;

	while (i < n && x->path[i] == y->path[i])
		i++;
	if (i == n && x->len == y->len)
		return x->index < y->index ? -1 : 1;
	if (i == n)
		return x->len < y->len ? -1 : 1;
	return (x->path[i] == '/' ? -1 : (unsigned char)x->path[i]) <
			       (y->path[i] == '/' ? -1 : (unsigned char)y->path[i])
		       ? -1
		       : 1;
}

static bool is_within(const struct file *f, const struct file *dir)
{
	return f->len >= dir->len && !memcmp(f->path, dir->path, dir->len) &&
	       (f->len == dir->len || f->path[dir->len] == '/');
}

static int compare_pairs(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	if (x->one->index != y->one->index)
		return x->one->index < y->one->index ? -1 : 1;
	return x->other->index < y->other->index ? -1 : x->other->index > y->other->index;
}

static void find_pairs(struct volume_files *f)
{
	autofree const struct file **within = mem_array(f->n + 1, sizeof(*within)); /* of the one before */
	size_t depth = 0;

	qsort(f->v, f->n, sizeof(*f->v), compare_files);
	for (size_t i = 0; i < f->n && f->n_pairs < PAIRS; i++) {
		while (depth && !is_within(&f->v[i], within[depth - 1]))
			depth--;
		for (size_t d = 0; d < depth && f->n_pairs < PAIRS; d++) {
			bool later = f->v[i].index > within[d]->index;
			f->pairs[f->n_pairs++] =
				(struct pair){later ? &f->v[i] : within[d], later ? within[d] : &f->v[i]};
		}
		within[depth++] = &f->v[i];
	}
	qsort(f->pairs, f->n_pairs, sizeof(*f->pairs), compare_pairs);
}

/* ---- telling ---- */

static char *shown(const struct file *f)
{
	return *f->source ? mem_printf("\"%.*s\" (%s)", (int)f->len, f->path, f->source)
			  : mem_printf("\"%.*s\"", (int)f->len, f->path);
}

static void tell(const struct podspec_warning *w, struct volume_files *f, const char *volume,
		 const char *what)
{
	if (f->n > 1)
		find_pairs(f);
	for (size_t i = 0; i < f->n_pairs; i++) {
		autofree char *one = shown(f->pairs[i].one), *other = shown(f->pairs[i].other);
		strategy_warn(w->ctx, "volume \"%s\" (%s): overlapping paths: %s with %s", volume, what, one,
			      other);
	}
}

static void warn_items(const struct podspec_warning *w, const char *volume, const js *items, const char *what)
{
	struct volume_files f = {.n = 0};

	add_items(&f, items, "");
	tell(w, &f, volume, what);
	release(&f);
}

/* What each sort of source brings; false: nothing is there that could. */
static bool add_source(struct volume_files *f, const js *source)
{
	const js *map = js_obj(source, "configMap", NULL), *secret = js_obj(source, "secret", NULL),
		 *token = js_obj(source, "serviceAccountToken", NULL),
		 *bundle = js_obj(source, "clusterTrustBundle", NULL),
		 *certificate = js_obj(source, "podCertificate", NULL);

	if (js_arr(map, "items", NULL)) {
		add_items(f, js_arr(map, "items", NULL), named(f, "ConfigMap", js_str0(map, "name", NULL)));
	} else if (js_arr(secret, "items", NULL)) {
		add_items(f, js_arr(secret, "items", NULL),
			  named(f, "Secret", js_str0(secret, "name", NULL)));
	} else if (js_arr(source, "downwardAPI", "items", NULL)) {
		add_items(f, js_arr(source, "downwardAPI", "items", NULL), "DownwardAPI");
	} else if (token) {
		add(f, js_str0(token, "path", NULL), "ServiceAccountToken");
	} else if (bundle) {
		const char *name = js_str(bundle, "name", NULL);
		add(f, js_str0(bundle, "path", NULL),
		    named(f, "ClusterTrustBundle", name ? name : js_str0(bundle, "signerName", NULL)));
	} else if (certificate) {
		add(f, js_str0(certificate, "certificateChainPath", NULL), "PodCertificate chain");
		add(f, js_str0(certificate, "keyPath", NULL), "PodCertificate key");
		add(f, js_str0(certificate, "credentialBundlePath", NULL),
		    "PodCertificate credential bundle");
	}
	return js_len(source);
}

static void warn_projected(const struct podspec_warning *w, const char *volume, const js *sources)
{
	struct volume_files f = {.n = 0};

	js_array_for_each (s, sources)
		if (!add_source(&f, s))
			strategy_warn(w->ctx, "volume \"%s\" (Projected) has no sources provided", volume);
	tell(w, &f, volume, "Projected");
	release(&f);
}

void podspec_warn_paths(const struct podspec_warning *w)
{
	js_array_for_each (v, js_arr(w->spec, "volumes", NULL)) {
		const char *name = js_str0(v, "name", NULL);
		autofree char *map = mem_printf("ConfigMap \"%s\"", js_str0(v, "configMap", "name", NULL)),
			      *secret = mem_printf("Secret \"%s\"", js_str0(v, "secret", "secretName", NULL));
		warn_items(w, name, js_arr(v, "configMap", "items", NULL), map);
		warn_items(w, name, js_arr(v, "secret", "items", NULL), secret);
		warn_items(w, name, js_arr(v, "downwardAPI", "items", NULL), "DownwardAPI");
		warn_projected(w, name, js_arr(v, "projected", "sources", NULL));
	}
}
