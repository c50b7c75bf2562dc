/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of an object: a configuration merged into it (structured-merge-diff typed/merge.go), items taken out of it
 * (typed/remove.go). Results share what they can with what they are made of.
 *
 * Merged lists keep the order of the configuration where it says one; items that only the object has stay where they
 * are between their neighbours.
 */
#include "object/fieldset/fieldset_internal.h"

#include <stdlib.h>

static js *share(const js *v)
{
	return v ? json_object_get((js *)(uintptr_t)v) : NULL;
}

/* ---- merging ---- */

static bool merge(struct arena *a, const struct shape *s, const js *live, const js *config, js **ret);

/* Both are there; whether something is left. */
static bool merge_members(struct arena *a, const struct shape *s, const js *live, const js *config, js **ret)
{
	js *out = js_new_obj();

	for (struct js_iter it = js_iter(live); js_next(&it);) {
		js *theirs, *merged;
		bool named;
		if (!config || !json_object_object_get_ex(config, it.key, &theirs)) {
			js_set(out, it.key, share(it.value));
			continue;
		}
		struct shape member = shape_member(s, it.key, &named);
		if (merge(a, &member, it.value, theirs, &merged))
			js_set(out, it.key, merged);
	}
	for (struct js_iter it = js_iter(config); js_next(&it);)
		if (!live || !json_object_object_get_ex(live, it.key, NULL))
			js_set(out, it.key, share(it.value));
	*ret = out;
	if (js_len(out))
		return true;
	js_autoput(&out);
	*ret = NULL;
	return false;
}

#define NOWHERE SIZE_MAX
struct known { /* an item by its name */
	const js *live, *config;
	bool in_live, twice, in_config, done;
};
struct items {
	size_t *id, n; /* of every item, in order: its number among the known */
	const js *list;
};

static void number_items(struct items *it, const struct shape_entry *v, size_t n, struct known *known,
			 const size_t *ids, bool live)
{
	for (size_t i = 0; i < js_len(it->list); i++)
		it->id[i] = NOWHERE;
	for (size_t i = 0; i < n; i++) {
		struct known *k = &known[ids[i]];
		it->id[v[i].at] = ids[i];
		if (live) {
			k->twice |= k->in_live;
			k->in_live = true;
			k->live = k->twice ? NULL : v[i].item; /* which of them, nobody knows */
		} else {
			k->in_config = true;
			k->config = v[i].item;
		}
	}
	/* those without a name are not looked at */
	for (size_t i = 0; i < js_len(it->list); i++)
		if (it->id[i] != NOWHERE)
			it->id[it->n++] = it->id[i];
}

struct merge_list {
	struct arena *arena;
	struct shape item;
	struct known *known;
	js *out;
	const struct items *config;
	size_t next; /* the next item of the configuration, from here on, that both have; by place */
};

static size_t next_shared(const struct merge_list *m, size_t from)
{
	while (from < m->config->n && !m->known[m->config->id[from]].in_live)
		from++;
	return from;
}

static void take_both(struct merge_list *m, size_t id)
{
	struct known *k = &m->known[id];
	js *merged;

	k->done = true;
	if (!k->in_live)
		js_push(m->out, share(k->config));
	else if (merge(m->arena, &m->item, k->live, k->config, &merged))
		js_push(m->out, merged);
}

static void merge_in_order(struct merge_list *m, const struct items *live)
{
	const struct items *config = m->config;
	size_t i = 0, k = 0;

	m->next = next_shared(m, 0);
	while (i < live->n || k < config->n) {
		if (i < live->n && k < config->n) {
			if (live->id[i] == config->id[k]) {
				take_both(m, live->id[i]);
				i++;
				k++;
				m->next = m->next < config->n ? next_shared(m, m->next + 1) : m->next;
				continue;
			}
			if (m->known[live->id[i]].in_config && m->next < config->n &&
			    config->id[m->next] != live->id[i]) {
				i++; /* both have it, but it is not its turn */
				continue;
			}
		}
		if (i < live->n && !m->known[live->id[i]].in_config) {
			js_push(m->out, share(js_at(live->list, i)));
			i++;
			continue;
		}
		if (i < live->n && m->known[live->id[i]].done)
			i++;
		if (k < config->n) {
			size_t id = config->id[k];
			take_both(m, id);
			if (m->next < config->n && config->id[m->next] == id)
				m->next = next_shared(m, m->next + 1);
			k++;
		}
	}
}

static bool merge_lists(struct arena *a, const struct shape *s, const js *live, const js *config, js **ret)
{
	size_t n, m, n_known = 0, i = 0, k = 0;
	struct shape_entry *x = shape_entries(a, s, live, &n), *y = shape_entries(a, s, config, &m);
	struct known *known = arena_array(a, n + m + 1, sizeof(*known));
	size_t *x_id = arena_array(a, n + 1, sizeof(*x_id)), *y_id = arena_array(a, m + 1, sizeof(*y_id));

	while (i < n || k < m) {
		int c = i == n ? 1 : k == m ? -1 : fieldset_element_compare(&x[i].e, &y[k].e);
		const struct fieldset_element *e = c <= 0 ? &x[i].e : &y[k].e;
		while (i < n && !fieldset_element_compare(&x[i].e, e))
			x_id[i++] = n_known;
		while (k < m && !fieldset_element_compare(&y[k].e, e))
			y_id[k++] = n_known;
		n_known++;
	}
	struct items theirs = {.id = arena_array(a, js_len(config) + 1, sizeof(size_t)), .list = config};
	struct items ours = {.id = arena_array(a, js_len(live) + 1, sizeof(size_t)), .list = live};
	number_items(&ours, x, n, known, x_id, true);
	number_items(&theirs, y, m, known, y_id, false);
	struct merge_list list = {
		.arena = a, .item = shape_elem(s), .known = known, .out = js_new_arr(), .config = &theirs};
	merge_in_order(&list, &ours);
	*ret = list.out;
	if (js_len(list.out))
		return true;
	js_autoput(ret);
	*ret = NULL;
	return false;
}

/* Both are there, NULL being JSON's null. Whether anything is left; it may be null. */
static bool merge(struct arena *a, const struct shape *s, const js *live, const js *config, js **ret)
{
	enum shape_form was = shape_form(s, live), is = shape_form(s, config);
	enum shape_form form = is == SHAPE_LEAF && !config ? was : is; /* null suits everything */

	bool empty = !js_len(live) && !js_len(config);
	if (form == SHAPE_LEAF || empty || (live && was != form)) {
		*ret = share(config);
		return true;
	}
	return (form == SHAPE_LIST ? merge_lists : merge_members)(a, s, live, config, ret);
}

js *fieldset_merge(const struct type *type, const js *live, const js *config)
{
	autoarena struct arena a = ARENA_INIT;
	struct shape s = shape_of(type);
	js *ret;

	return merge(&a, &s, live, config, &ret) && ret ? ret : js_new_obj();
}

/* ---- taking out ---- */

static js *remove_from(struct arena *a, const struct shape *s, const js *v, const struct fieldset *rm);

static js *remove_members(struct arena *a, const struct shape *s, const js *o, const struct fieldset *rm)
{
	js *out = js_new_obj();

	for (struct js_iter it = js_iter(o); js_next(&it);) {
		struct fieldset_element e = {
			.by = FIELDSET_FIELD, .n = (uint32_t)strlen(it.key), .p = it.key};
		const struct fieldset_node *node = fieldset_find(rm, &e);
		bool named;
		if (node && node->member)
			continue;
		struct shape member = shape_member(s, it.key, &named);
		js_set(out, it.key, node ? remove_from(a, &member, it.value, node->below) : share(it.value));
	}
	return out;
}

static js *remove_items(struct arena *a, const struct shape *s, const js *list, const struct fieldset *rm)
{
	js *out = js_new_arr();
	struct shape of = shape_elem(s);
	char why[256];

	js_array_for_each (item, list) {
		struct fieldset_element e;
		const struct fieldset_node *node =
			shape_item(a, s, item, &e, why) ? NULL : fieldset_find(rm, &e);
		if (node && node->member)
			continue;
		js_push(out, node ? remove_from(a, &of, item, node->below) : share(item));
	}
	return out;
}

/* NULL: null, which is what is left of something whose every part went. */
static js *remove_from(struct arena *a, const struct shape *s, const js *v, const struct fieldset *rm)
{
	enum shape_form form = shape_form(s, v);

	if (form == SHAPE_LEAF && !js_is_obj(v) && !js_is_arr(v))
		return share(v);
	if (form == SHAPE_LEAF || !js_len(v))
		return NULL;
	js *out = (form == SHAPE_LIST ? remove_items : remove_members)(a, s, v, rm);
	if (js_len(out))
		return out;
	js_autoput(&out);
	return NULL;
}

js *fieldset_remove(const struct type *type, const js *o, const struct fieldset *s)
{
	autoarena struct arena a = ARENA_INIT;
	struct shape root = shape_of(type);

	if (!s)
		return share(o);
	js *ret = remove_from(&a, &root, o, s);
	return ret ? ret : js_new_obj();
}
