/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One text for a whole burst; see pod_control.h.
 *
 * A hole is a word that occurs nowhere else: a random number made for this template. After the tree was written out,
 * the text is cut at these words; a Pod is the pieces with its own words between them, escaped as JSON strings are.
 */
#include "pod_control.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "base/rand.h"

#define NAME_MAX_LEN 253 /* of a Pod, a generated suffix aside */
#define HOLE_LEN 24

struct piece {
	const char *p;
	size_t n;
	ssize_t hole; /* behind it; -1 = the end */
};

struct pod_template {
	js *tree; /* NULL once written out */
	char holes[POD_TEMPLATE_HOLES][HOLE_LEN];
	struct buf text;
	struct piece *pieces;
	size_t n_pieces;
};

static void set_owner(js *meta, const struct informer_object *owner)
{
	autofree char *api_version = control_api_version(owner->type);
	js *owners = js_new_arr();

	js_push(owners,
		meta_new_controller_ref(api_version, owner->type->kind, owner->meta.name, owner->meta.uid));
	js_set(meta, "ownerReferences", owners);
}

struct pod_template *pod_template_new(const char *template, const struct informer_object *owner)
{
	struct pod_template *t = MEM_NEW(struct pod_template);
	struct err err = ERR_INIT;
	uint64_t word = rand_u64();

	for (size_t i = 0; i < POD_TEMPLATE_HOLES; i++)
		snprintf(t->holes[i], HOLE_LEN, "hole-%016" PRIx64 "-%zu", word, i);
	t->tree = js_parse(template, strlen(template), NULL, &err);
	assert(t->tree); /* our own js_write made it */
	js *meta = js_ensure(t->tree, "metadata", NULL);
	bool fits = strlen(owner->meta.name) < NAME_MAX_LEN;
	autofree char *prefix = mem_printf(fits ? "%s-" : "%s", owner->meta.name);

	js_set_str(t->tree, "apiVersion", "v1");
	js_set_str(t->tree, "kind", "Pod");
	js_set_str(meta, "generateName", prefix);
	js_set_str(meta, "namespace", owner->meta.namespace);
	js_del(meta, "name");
	set_owner(meta, owner);
	return t;
}

void pod_template_free(struct pod_template *t)
{
	if (!t)
		return;
	js_autoput(&t->tree);
	buf_release(&t->text);
	free(t->pieces);
	free(t);
}

js *pod_template_tree(struct pod_template *t)
{
	assert(t->tree);
	return t->tree;
}

const char *pod_template_hole(struct pod_template *t, size_t i)
{
	assert(i < POD_TEMPLATE_HOLES);
	return t->holes[i];
}

/* ---- cutting ---- */

static void add_piece(struct pod_template *t, const char *p, size_t n, ssize_t hole)
{
	t->pieces = mem_realloc_array(t->pieces, t->n_pieces + 1, sizeof(*t->pieces));
	t->pieces[t->n_pieces++] = (struct piece){p, n, hole};
}

static void cut(struct pod_template *t)
{
	size_t word = strlen(t->holes[0]);
	const char *p, *hit;

	js_write(&t->text, t->tree);
	js_autoput(&t->tree);
	t->tree = NULL;
	/* All but the last character is the same in every hole. */
	for (p = buf_str(&t->text); (hit = memmem(p, strlen(p), t->holes[0], word - 1)); p = hit + word)
		add_piece(t, p, (size_t)(hit - p), hit[word - 1] - '0');
	add_piece(t, p, strlen(p), -1);
}

void pod_template_write(struct pod_template *t, const char *const holes[], struct buf *out)
{
	if (t->tree)
		cut(t);
	for (size_t i = 0; i < t->n_pieces; i++) {
		const struct piece *p = &t->pieces[i];
		size_t quote = out->len + p->n;

		buf_add(out, p->p, p->n);
		if (p->hole < 0)
			continue;
		/* Escaped in place, without the quotes around it. */
		buf_add_json_string(out, holes[p->hole], strlen(holes[p->hole]));
		memmove(out->p + quote, out->p + quote + 1, out->len - quote - 2);
		buf_truncate(out, out->len - 2);
	}
}
