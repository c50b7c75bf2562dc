/* SPDX-License-Identifier: Apache-2.0 */
/* See crd.h. A granted name is counted: for a moment two definitions may hold the same one, written through different
   API servers. */
#include "view/definition.h"

#include <stdlib.h>
#include <string.h>
#include "view/view_internal.h"

struct crd_names {
	const char *plural, *singular, *kind, *list_kind;
	const char *const *shorts;
	size_t n_shorts;
};
struct crd {
	const char *name, *group;
	bool terminating;
	struct crd_names names;
};

static const struct decode_row name_rows[] = {
	DECODE_STRING("plural", struct crd_names, plural),
	DECODE_STRING("singular", struct crd_names, singular),
	DECODE_STRING("kind", struct crd_names, kind),
	DECODE_STRING("listKind", struct crd_names, list_kind),
	DECODE_STRINGS("shortNames", struct crd_names, shorts, n_shorts),
};
static const struct crd_names no_names = {.plural = "", .singular = "", .kind = "", .list_kind = ""};
static const struct decode_spec names_spec = DECODE_SPEC(struct crd_names, name_rows, .initial = &no_names);
static const struct decode_row crd_rows[] = {
	DECODE_STRING("metadata.name", struct crd, name),
	DECODE_PRESENT("metadata.deletionTimestamp", struct crd, terminating),
	DECODE_STRING("spec.group", struct crd, group),
	DECODE_STRUCT("status.acceptedNames", struct crd, names, &names_spec),
};
static const struct crd nothing = {
	.name = "", .group = "", .names = {.plural = "", .singular = "", .kind = "", .list_kind = ""}};
static const struct decode_spec spec = DECODE_SPEC(struct crd, crd_rows, .initial = &nothing);

struct granted {
	struct map counts;	   /* "r GROUP NAME", "k GROUP NAME" -> how many */
	pthread_mutex_t tell_lock; /* the listener, who is called under it */
	void (*listener)(void *arg, const char *name);
	void *arg;
};

static char *key_of(const char *group, enum view_crd_name what, const char *name)
{
	return mem_printf("%c %s %s", what == VIEW_CRD_KIND ? 'k' : 'r', group, name);
}

static void count(struct granted *g, const struct crd *c, enum view_crd_name what, const char *name, int by)
{
	if (!*name)
		return;
	autofree char *key = key_of(c->group, what, name);
	uintptr_t n = (uintptr_t)map_get(&g->counts, key) + (uintptr_t)by;
	if (n)
		map_set(&g->counts, key, (void *)n);
	else
		map_del(&g->counts, key);
}

static void count_all(struct granted *g, const struct crd *c, int by)
{
	if (!c)
		return;
	const struct crd_names *n = &c->names;
	const char *const kinds[] = {n->kind, n->list_kind}, *const resources[] = {n->plural, n->singular};
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		count(g, c, VIEW_CRD_KIND, kinds[i], by);
		count(g, c, VIEW_CRD_RESOURCE, resources[i], by);
	}
	for (size_t i = 0; i < n->n_shorts; i++)
		count(g, c, VIEW_CRD_RESOURCE, n->shorts[i], by);
}

static void changed(struct view *v, const void *old, const void *new)
{
	count_all(v->derived, old, -1);
	count_all(v->derived, new, 1);
}

static void tell(struct view *v, const void *old, const void *new)
{
	struct granted *g = v->derived;
	const struct crd *c = new ? new : old;
	pthread_mutex_lock(&g->tell_lock);
	if (g->listener && c)
		g->listener(g->arg, c->name);
	pthread_mutex_unlock(&g->tell_lock);
}

static void init(struct view *v)
{
	struct granted *g = MEM_NEW(struct granted);
	pthread_mutex_init(&g->tell_lock, NULL);
	v->derived = g;
}

static void release(struct view *v)
{
	struct granted *g = v->derived;
	map_release(&g->counts);
	pthread_mutex_destroy(&g->tell_lock);
	free(g);
}

const struct view_row view_crd_row = {.group = "apiextensions.k8s.io",
				      .version = "v1",
				      .kind = "CustomResourceDefinition",
				      .spec = &spec,
				      .changed = changed,
				      .tell = tell,
				      .init = init,
				      .release = release};

/* ---- questions ---- */

bool view_crd_terminating(struct views *views, const char *name)
{
	struct view *v = view_read(views, VIEW_CRD);
	const struct crd *c = map_get(&v->values, name);
	bool yes = c && c->terminating;
	view_done(v);
	return yes;
}

bool view_crd_granted(struct views *views, const char *group, enum view_crd_name what, const char *name)
{
	autofree char *key = key_of(group, what, name);
	struct view *v = view_read(views, VIEW_CRD);
	const struct granted *g = v->derived;
	bool yes = map_get(&g->counts, key);
	view_done(v);
	return yes;
}

void view_crd_each(struct views *views, const char *group, void (*fn)(void *arg, const char *name), void *arg)
{
	struct view *v = view_read(views, VIEW_CRD);
	for (struct map_iter it = {0}; map_next(&v->values, &it);) {
		const struct crd *c = it.value;
		if (!group || !strcmp(c->group, group))
			fn(arg, c->name);
	}
	view_done(v);
}

void view_crd_listen(struct views *views, void (*fn)(void *arg, const char *name), void *arg)
{
	struct view *v = view_read(views, VIEW_CRD);
	struct granted *g = v->derived;
	view_done(v);
	pthread_mutex_lock(&g->tell_lock);
	g->listener = fn;
	g->arg = arg;
	pthread_mutex_unlock(&g->tell_lock);
}
