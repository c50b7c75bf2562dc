/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strategic merge patch (kubernetes/apimachinery pkg/util/strategicpatch) on private copies of document and
 * patch.
 *
 * Maps merge, null deletes. Lists are replaced unless their field merges: then scalars are united, and
 * objects with equal merge keys are merged. Directives in the patch steer: `$patch: replace|delete` in a map
 * or list item, `$retainKeys: [...]` (all other keys of the map go), `$deleteFromPrimitiveList/F`, and
 * `$setElementOrder/F`, which says in what order the items of F shall stand. The order of a merged list: the
 * patch's items in the patch's order, items that only the server has slipped in before the first patch item
 * that followed them in the old list.
 *
 * A field that the type does not know merges like any JSON; decoding refuses it later.
 *
 * Reasons are what upstream's handler makes of its errors: 400 for directives of the wrong form, 422 for
 * lists of lists, and for all else, such as a missing merge key or an unknown $patch, 500 without a reason,
 * which is REASON_UNKNOWN.
 */
#include <stdlib.h>
#include <string.h>
#include "base/map.h"
#include "object/patch.h"
#include "object/patch/patch_internal.h"

#define DIRECTIVE "$patch"
#define RETAIN "$retainKeys"
#define DELETE_PREFIX "$deleteFromPrimitiveList"
#define ORDER_PREFIX "$setElementOrder"

static int merge_map(js **original, js *patch, const struct type *t, int depth, struct err *err);

static bool has_prefix(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

static bool is_directive(const char *key)
{
	return strcmp(key, DIRECTIVE) == 0 || strcmp(key, RETAIN) == 0 || has_prefix(key, DELETE_PREFIX) ||
	       has_prefix(key, ORDER_PREFIX);
}

/* The list that a parallel one is about. */
static int list_of(const char *key, const char *prefix, const char *noun, const char **ret, struct err *err)
{
	const char *slash = key + strlen(prefix);

	if (*slash != '/')
		return err_set(err, REASON_BAD_REQUEST, "invalid patch format of %s list", noun);
	*ret = slash + 1;
	return 0;
}

/* ---- taking a part of the patch as it is ---- */

static bool clean(js *v);

static void clean_list(js *list)
{
	size_t kept = 0, n = js_len(list);
	for (size_t i = 0; i < n; i++) {
		js *item = js_at(list, i);
		if (!clean(item))
			continue;
		if (kept != i)
			json_object_array_put_idx(list, kept, item ? json_object_get(item) : NULL);
		kept++;
	}
	if (kept < n)
		json_object_array_del_idx(list, kept, n - kept);
}

/* Drops nulls and directives; false when nothing is to be kept at all. */
static bool clean(js *v)
{
	if (js_is_arr(v)) {
		clean_list(v);
		return true;
	}
	if (!js_is_obj(v))
		return true;
	if (json_object_object_get_ex(v, DIRECTIVE, NULL))
		return false;
	size_t n = js_len(v), gone_n = 0;
	autofree const char **gone = mem_array(n + 1, sizeof(*gone));
	json_object_object_foreach (v, key, item) {
		if (!item || is_directive(key) || !clean(item))
			gone[gone_n++] = key;
	}
	for (size_t i = 0; i < gone_n; i++)
		js_del(v, gone[i]);
	return true;
}

static void take(js *original, const char *key, js *v)
{
	if (clean(v))
		js_set(original, key, json_object_get(v));
	else
		js_del(original, key);
}

/* ---- lists: who is who ---- */
static bool same_item(const js *a, const js *b, const char *key)
{
	if (!key)
		return js_equal(a, b);
	const js *ka = js_field(a, key), *kb = js_field(b, key);
	return ka && kb && js_equal(ka, kb);
}

/* ---- lists: merging ---- */
static js *united_scalars(const js *original, const js *patch)
{
	automap struct map seen = MAP_INIT;
	js *out = js_new_arr();
	const js *both[] = {original, patch};
	for (size_t i = 0; i < 2; i++) {
		js_array_for_each (item, both[i]) {
			autobuf struct buf b = BUF_INIT;
			js_write(&b, item);
			if (!map_set(&seen, buf_str(&b), out))
				js_push(out, item ? json_object_get(item) : NULL);
		}
	}
	return out;
}

static js *without(const js *original, const js *gone)
{
	automap struct map dead = MAP_INIT;
	patch_list_index(&dead, gone, NULL);
	js *out = js_new_arr();
	js_array_for_each (item, original)
		if (patch_list_position(&dead, item, NULL) == SIZE_MAX)
			js_push(out, item ? json_object_get(item) : NULL);
	return out;
}

static void drop_items(js *list, const struct map *dead, const char *key)
{
	size_t kept = 0, n = js_len(list);
	for (size_t i = 0; i < n && map_len(dead); i++) {
		js *item = js_at(list, i);
		if (patch_list_position(dead, item, key) != SIZE_MAX)
			continue;
		if (kept != i)
			json_object_array_put_idx(list, kept, item ? json_object_get(item) : NULL);
		kept++;
	}
	if (kept < n && map_len(dead))
		json_object_array_del_idx(list, kept, n - kept);
}

/* Carries out the items with a directive; the others go to *rest. True in *replace: they are the whole list.
 */
static int special_items(js *original, const js *patch, const char *key, js *rest, bool *replace,
			 struct err *err)
{
	automap struct map dead = MAP_INIT;
	js_array_for_each (item, patch) {
		js *directive;
		if (!json_object_object_get_ex(item, DIRECTIVE, &directive)) {
			js_push(rest, json_object_get(item));
			continue;
		}
		const char *word = js_str0(directive, NULL);
		if (strcmp(word, "replace") == 0) {
			*replace = true;
		} else if (strcmp(word, "delete") == 0) {
			if (!js_field(item, key))
				return patch_no_merge_key(item, key, err);
			autobuf struct buf b = BUF_INIT;
			js_write(&b, js_field(item, key));
			map_set(&dead, buf_str(&b), (void *)1);
		} else if (strcmp(word, "merge") == 0) {
			return err_set(err, REASON_UNKNOWN,
				       "merging lists cannot yet be specified in the patch");
		} else {
			return patch_bad_directive(item, err);
		}
	}
	drop_items(original, &dead, key);
	return 0;
}

static int merge_items(js *original, const js *patch, const char *key, const struct type *elem, int depth,
		       struct err *err)
{
	automap struct map places = MAP_INIT;
	patch_list_index(&places, original, key);
	js_array_for_each (item, patch) {
		if (!js_field(item, key))
			return patch_no_merge_key(item, key, err);
		size_t i = patch_list_position(&places, item, key);
		if (i == SIZE_MAX) { /* another item of the patch with this key merges into this one */
			clean(item);
			js_push(original, json_object_get(item));
			patch_list_note(&places, item, js_len(original) - 1, key);
			continue;
		}
		js *merged = json_object_get(js_at(original, i));
		if (merge_map(&merged, item, elem, depth, err) < 0) {
			json_object_put(merged);
			return -1;
		}
		json_object_array_put_idx(original, i, merged);
	}
	return 0;
}

/* All items of both lists must be of one type, and no lists; *ret is one of them, NULL when there is none. */
static int one_type(const js *original, const js *patch, js **ret, struct err *err)
{
	const js *both[] = {original, patch};
	*ret = NULL;
	for (size_t i = 0; i < 2; i++) {
		js_array_for_each (item, both[i]) {
			if (js_is_arr(item))
				return err_set(err, REASON_INVALID, "lists of lists are not supported");
			if (*ret && item && strcmp(patch_go_type(*ret), patch_go_type(item)) == 0)
				continue;
			if (*ret || !item) {
				autobuf struct buf b = BUF_INIT;
				patch_write_go(&b, original);
				buf_addc(&b, ' ');
				patch_write_go(&b, patch);
				return err_set(err, REASON_UNKNOWN,
					       "list element types are not identical: [%.300s]", buf_str(&b));
			}
			*ret = item;
		}
	}
	return 0;
}

/* Merges two lists of field f into a new one. */
static js *merge_list(js *original, js *patch, const struct field *f, int depth, struct err *err)
{
	if (!f || !f->patch_merge) {
		clean(patch);
		return json_object_get(patch);
	}
	js *example;
	if (one_type(original, patch, &example, err) < 0)
		return NULL;
	if (!js_is_obj(example)) {
		autojson js *both = united_scalars(original, patch);
		return patch_list_order(both, patch, original, NULL);
	}
	if (!f->more->merge_key) {
		err_set(err, REASON_UNKNOWN, "cannot merge lists without merge key for %s", f->name);
		return NULL;
	}
	autojson js *rest = js_new_arr(), *server = js_new_arr();
	bool replace = false;
	if (special_items(original, patch, f->more->merge_key, rest, &replace, err) < 0)
		return NULL;
	if (replace) {
		clean(rest);
		return STEAL(rest);
	}
	js_array_for_each (item, original)
		js_push(server, item ? json_object_get(item) : NULL);
	if (merge_items(original, rest, f->more->merge_key, f->type->elem, depth, err) < 0)
		return NULL;
	return patch_list_order(original, rest, server, f->more->merge_key);
}

/* ---- $setElementOrder ---- */

/* The patch's items must stand in the order that the directive states. */
static int check_order(const js *patch, const js *order, const char *key, struct err *err)
{
	size_t at = 0, n = js_len(order);
	js_array_for_each (item, patch) {
		if (js_is_obj(item) && js_field(item, DIRECTIVE))
			continue;
		if (key && !js_field(item, key))
			return patch_no_merge_key(item, key, err);
		while (at < n && !same_item(js_at(order, at), item, key))
			at++;
		if (at == n) {
			autobuf struct buf p = BUF_INIT, o = BUF_INIT;
			patch_write_go(&p, patch);
			patch_write_go(&o, order);
			return err_set(err, REASON_UNKNOWN,
				       "The order in patch list:\n%.200s\n doesn't match %s list:\n%.200s\n",
				       buf_str(&p), "$setElementOrder", buf_str(&o));
		}
	}
	return 0;
}

static int order_one(js *original, js *patch, const char *name, const js *order, const struct type *t,
		     int depth, struct err *err)
{
	const struct field *f = t ? schema_field(t, name) : NULL;
	const char *key = f ? f->more->merge_key : NULL;
	js *old = js_arr(original, name, NULL), *new = js_arr(patch, name, NULL);
	if (!old && js_field(original, name))
		return patch_no_list(js_field(original, name), err);
	if (!new &&js_field(patch, name))
		return patch_no_list(js_field(patch, name), err);
	if (t && !f)
		return err_set(err, REASON_UNKNOWN,
			       "unable to find api field in struct %s for the json field \"%.100s\"", t->name,
			       name);
	js_array_for_each (item, order)
		if (key && !js_field(item, key))
			return patch_no_merge_key(item, key, err);
	if (new &&check_order(new, order, key, err) < 0)
		return -1;
	if (!old && !new)
		return 0;
	autojson js *server = js_new_arr(), *merged = NULL;
	js_array_for_each (was, old)
		js_push(server, was ? json_object_get(was) : NULL);
	if (old && new) {
		merged = merge_list(old, new, f, depth, err);
	} else {
		merged = json_object_get(old ? old : new);
		if (!old)
			clean(merged);
	}
	if (!merged)
		return -1;
	js_set(original, name, patch_list_order(merged, order, server, key));
	js_del(patch, name);
	return 0;
}

static int apply_orders(js *original, js *patch, const struct type *t, int depth, struct err *err)
{
	size_t n = 0;
	json_object_object_foreach (patch, key, v) {
		(void)v;
		n += has_prefix(key, ORDER_PREFIX);
	}
	if (n == 0)
		return 0;
	automap struct map names = MAP_INIT; /* copies: the patch loses members while they are carried out */
	json_object_object_foreach (patch, name, order) {
		(void)order;
		if (has_prefix(name, ORDER_PREFIX))
			map_set(&names, name, patch);
	}
	for (struct map_iter it = {0}; map_next(&names, &it);) {
		if (!json_object_object_get_ex(patch, it.key, NULL))
			continue; /* it was the list of another one */
		autojson js *list = js_take(patch, it.key);
		const char *of;
		if (!js_is_arr(list))
			return patch_no_list(list, err);
		if (list_of(it.key, ORDER_PREFIX, "setElementOrder", &of, err) < 0 ||
		    order_one(original, patch, of, list, t, depth, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- maps ---- */
static int bad_retain_keys(struct err *err)
{
	return err_set(err, REASON_BAD_REQUEST, "invalid patch format of retainKeys");
}

static int apply_retain(js *original, const js *patch, struct err *err)
{
	js *keep;
	if (!json_object_object_get_ex(patch, RETAIN, &keep))
		return 0;
	automap struct map kept = MAP_INIT;
	if (!js_is_arr(keep))
		return bad_retain_keys(err);
	js_array_for_each (item, keep) {
		if (js_is_str(item))
			map_set(&kept, json_object_get_string(item), keep);
	}
	json_object_object_foreach ((js *)patch, key, v) {
		if (v && !is_directive(key) && !map_has(&kept, key))
			return bad_retain_keys(err);
	}
	size_t n = 0;
	autofree char **gone = mem_array(js_len(original) + 1, sizeof(*gone));
	json_object_object_foreach (original, name, old) {
		(void)old;
		if (!map_has(&kept, name))
			gone[n++] = name;
	}
	for (size_t i = 0; i < n; i++)
		js_del(original, gone[i]);
	return 0;
}

/* Anything but two lists is passed over, as upstream does; null deletes the whole list. */
static int delete_scalars(js *original, const char *name, const js *gone, struct err *err)
{
	js *list = js_arr(original, name, NULL), *example;
	if (!gone)
		js_del(original, name);
	if (!list || !js_is_arr(gone))
		return 0;
	if (one_type(list, gone, &example, err) < 0)
		return -1;
	js_set(original, name, without(list, gone));
	return 0;
}

static int merge_key_of_map(js *original, const char *key, js *v, const struct type *t, int depth,
			    struct err *err)
{
	const struct field *f = t && t->form == TYPE_OBJECT ? schema_field(t, key) : NULL;
	js *old = js_field(original, key);
	if (js_is_obj(old) && js_is_obj(v) && !(f && f->patch_replace)) {
		const struct type *sub = f ? f->type : t && t->form == TYPE_MAP ? t->elem : NULL;
		js *merged = json_object_get(old);
		if (merge_map(&merged, v, sub, depth, err) < 0) {
			json_object_put(merged);
			return -1;
		}
		if (merged == old)
			json_object_put(merged);
		else
			js_set(original, key, merged);
		return 0;
	}
	if (js_is_arr(old) && js_is_arr(v)) {
		js *merged = merge_list(old, v, f, depth, err);
		if (!merged)
			return -1;
		js_set(original, key, merged);
		return 0;
	}
	take(original, key, v);
	return 0;
}

/* Merges patch into *original, which may be replaced; both are ours to change. */
static int merge_map(js **original, js *patch, const struct type *t, int depth, struct err *err)
{
	if (depth > JS_MAX_DEPTH)
		return err_set(err, REASON_BAD_REQUEST, "exceeded max depth");
	js *directive;
	if (json_object_object_get_ex(patch, DIRECTIVE, &directive)) {
		const char *word = js_str0(directive, NULL);
		bool replace = strcmp(word, "replace") == 0, del = strcmp(word, "delete") == 0;
		if (!replace && !del)
			return patch_bad_directive(patch, err);
		json_object_put(*original);
		*original = replace ? json_object_get(patch) : js_new_obj();
		js_del(patch, DIRECTIVE);
		if (replace)
			clean(*original);
		return 0;
	}
	if (t && t->form != TYPE_OBJECT && t->form != TYPE_MAP)
		t = NULL;
	if (apply_retain(*original, patch, err) < 0 ||
	    apply_orders(*original, patch, t && t->form == TYPE_OBJECT ? t : NULL, depth + 1, err) < 0)
		return -1;
	json_object_object_foreach (patch, key, v) {
		int r = 0;
		const char *of;
		if (has_prefix(key, DELETE_PREFIX))
			r = list_of(key, DELETE_PREFIX, "primitive", &of, err) < 0
				    ? -1
				    : delete_scalars(*original, of, v, err);
		else if (!v)
			js_del(*original, key);
		else if (!is_directive(key))
			r = merge_key_of_map(*original, key, v, t, depth + 1, err);
		if (r < 0)
			return -1;
	}
	return 0;
}

js *patch_strategic(const js *doc, const js *patch, const struct type *type, struct err *err)
{
	if (!js_is_obj(patch)) {
		err_set(err, REASON_BAD_REQUEST,
			"json: cannot unmarshal %s into Go value of type map[string]interface {}",
			js_word(patch));
		return NULL;
	}
	js *o = js_is_obj(doc) ? js_dup(doc) : js_new_obj();
	autojson js *p = js_dup(patch);
	if (merge_map(&o, p, type, 0, err) < 0) {
		json_object_put(o);
		return NULL;
	}
	return patch_result(o, err);
}
