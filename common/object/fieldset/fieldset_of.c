/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of objects, and sets beside their type (structured-merge-diff typed/tofieldset.go, typed/reconcile_schema.go,
 * fieldpath/set.go EnsureNamedFieldsAreMembers).
 */
#include "object/fieldset/fieldset_internal.h"

/* ---- what an object mentions ---- */

static bool set_of(struct arena *a, const struct shape *s, const js *v, const struct fieldset **below);

static const struct fieldset *set_of_members(struct arena *a, const struct shape *s, const js *o)
{
	struct fieldset_node *v = arena_array(a, js_len(o) + 1, sizeof(*v));
	size_t n = 0;

	for (struct js_iter it = js_iter(o); js_next(&it);) {
		bool named;
		struct shape member = shape_member(s, it.key, &named);
		struct fieldset_node node = {
			.e = {.by = FIELDSET_FIELD, .n = (uint32_t)strlen(it.key), .p = it.key}};
		bool leaf = set_of(a, &member, it.value, &node.below);
		bool nothing = !it.value || (js_is_obj(it.value) && !js_len(it.value));
		node.member = leaf || nothing || !named;
		if (node.member || node.below)
			v[n++] = node;
	}
	return fieldset_make(a, v, n);
}

/* Of items that are there twice, only that they are is said. */
static const struct fieldset *set_of_items(struct arena *a, const struct shape *s, const js *list)
{
	size_t n, kept = 0;
	struct shape_entry *entries = shape_entries(a, s, list, &n);
	struct fieldset_node *v = arena_array(a, n + 1, sizeof(*v));
	struct shape item = shape_elem(s);

	for (size_t i = 0, k; i < n; i = k) {
		struct fieldset_node node = {.e = entries[i].e, .member = true};
		for (k = i + 1; k < n && !fieldset_element_compare(&entries[i].e, &entries[k].e);)
			k++;
		if (k == i + 1)
			set_of(a, &item, entries[i].item, &node.below);
		v[kept++] = node;
	}
	return fieldset_make(a, v, kept);
}

/* Whether v is one field as a whole; else what is below it. */
static bool set_of(struct arena *a, const struct shape *s, const js *v, const struct fieldset **below)
{
	*below = NULL;
	switch (shape_form(s, v)) {
	case SHAPE_LEAF:
		return true;
	case SHAPE_LIST:
		if (v)
			*below = set_of_items(a, s, v);
		return false;
	default:
		if (v)
			*below = set_of_members(a, s, v);
		return false;
	}
}

const struct fieldset *fieldset_of(struct arena *a, const struct type *type, const js *o)
{
	struct shape s = shape_of(type);
	const struct fieldset *ret;

	set_of(a, &s, o, &ret);
	return ret;
}

/* ---- sets beside their type ---- */

/* The shape of what a node stands for; false: the type does not know. */
static bool node_shape(const struct shape *s, const struct fieldset_node *node, struct shape *ret,
		       bool *ret_named)
{
	const struct type *t = s->type;

	*ret_named = false;
	if (!t)
		return false;
	if (node->e.by == FIELDSET_FIELD && (t->form == TYPE_OBJECT || t->form == TYPE_MAP)) {
		autofree char *key = mem_strndup(node->e.p, node->e.n);
		*ret = shape_member(s, key, ret_named);
		return ret->type;
	}
	if (node->e.by != FIELDSET_FIELD && t->form == TYPE_LIST) {
		*ret = shape_elem(s);
		return true;
	}
	return false;
}

static const struct fieldset *named(struct arena *a, const struct shape *s, const struct fieldset *set)
{
	struct fieldset_node *v = arena_array(a, set->n, sizeof(*v));

	for (size_t i = 0; i < set->n; i++) {
		struct shape below;
		bool is_named;
		v[i] = set->v[i];
		bool known = node_shape(s, &v[i], &below, &is_named);
		v[i].member |= is_named;
		if (v[i].below && known)
			v[i].below = named(a, &below, v[i].below);
	}
	struct fieldset *ret = arena_alloc(a, sizeof(*ret));
	*ret = (struct fieldset){.n = set->n, .v = v};
	return ret;
}

const struct fieldset *fieldset_named(struct arena *a, const struct type *type, const struct fieldset *set)
{
	struct shape s = shape_of(type);

	return set ? named(a, &s, set) : NULL;
}

/* A list or a map of which the type says that it is one field. */
static bool is_atomic(const struct shape *s)
{
	const struct type *t = s->type;

	return (t->form == TYPE_LIST && (s->atomic || s->list == LIST_ATOMIC)) ||
	       ((t->form == TYPE_MAP || t->form == TYPE_OBJECT) && s->atomic);
}

/* The same set when nothing changes. */
static const struct fieldset *reconcile(struct arena *a, const struct shape *s, const struct fieldset *set)
{
	struct fieldset_node *v = NULL;

	for (size_t i = 0; i < set->n; i++) {
		struct fieldset_node node = set->v[i];
		struct shape below;
		bool is_named;
		if (!node.below || !node_shape(s, &node, &below, &is_named))
			continue;
		if (is_atomic(&below)) {
			node.member = true;
			node.below = NULL;
		} else {
			node.below = reconcile(a, &below, node.below);
		}
		if (node.below == set->v[i].below)
			continue;
		if (!v) {
			v = arena_array(a, set->n, sizeof(*v));
			memcpy(v, set->v, set->n * sizeof(*v));
		}
		v[i] = node;
	}
	if (!v)
		return set;
	struct fieldset *ret = arena_alloc(a, sizeof(*ret));
	*ret = (struct fieldset){.n = set->n, .v = v};
	return ret;
}

const struct fieldset *fieldset_reconcile(struct arena *a, const struct type *type,
					  const struct fieldset *set)
{
	struct shape s = shape_of(type);

	return set ? reconcile(a, &s, set) : NULL;
}
