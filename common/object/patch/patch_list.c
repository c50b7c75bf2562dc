/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of a list that a strategic merge made.
 *
 * Items that the patch names stand in the patch's order. The others, which only the server has, keep their
 * order among themselves, and each slips in before the first of the former that stood behind it in the old
 * list. Items are found by the text of their merge key (or of themselves), through a map, because lists may
 * be long.
 */
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "object/patch/patch_internal.h"

void patch_list_note(struct map *m, const js *item, size_t position, const char *key)
{
	autobuf struct buf b = BUF_INIT;
	js_write(&b, key ? js_field(item, key) : item);
	if (!map_has(m, buf_str(&b)))
		map_set(m, buf_str(&b), (void *)(position + 1));
}

void patch_list_index(struct map *m, const js *list, const char *key)
{
	js_array_for_each (item, list)
		patch_list_note(m, item, item_i, key);
}

size_t patch_list_position(const struct map *m, const js *item, const char *key)
{
	autobuf struct buf b = BUF_INIT;
	const js *v = key ? js_field(item, key) : item;
	if (key && !v)
		return SIZE_MAX;
	js_write(&b, v);
	size_t i = (size_t)(uintptr_t)map_get(m, buf_str(&b));
	return i ? i - 1 : SIZE_MAX;
}

struct ranked {
	js *item;
	size_t rank, at; /* place in the ordering list; place before sorting */
	size_t server;	 /* place in the server's list */
};

static int cmp_ranked(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

js *patch_list_order(const js *merged, const js *order, const js *server, const char *key)
{
	automap struct map by_order = MAP_INIT, by_server = MAP_INIT;
	patch_list_index(&by_order, order, key);
	patch_list_index(&by_server, server, key);
	size_t n = js_len(merged), n_patch = 0, n_server = 0;
	autofree struct ranked *patch = mem_array(n + 1, sizeof(*patch)),
			       *only = mem_array(n + 1, sizeof(*only));
	js_array_for_each (item, merged) {
		struct ranked r = {
			.item = item, .at = item_i, .rank = patch_list_position(&by_order, item, key)};
		r.server = patch_list_position(&by_server, item, key);
		if (r.rank != SIZE_MAX) {
			patch[n_patch++] = r;
		} else {
			r.rank = r.server;
			only[n_server++] = r;
		}
	}
	qsort(patch, n_patch, sizeof(*patch), cmp_ranked);
	qsort(only, n_server, sizeof(*only), cmp_ranked);
	js *out = js_new_arr();
	for (size_t i = 0, j = 0; i < n_server || j < n_patch;) {
		bool server_first = i < n_server && (j == n_patch || (only[i].server != SIZE_MAX &&
								      patch[j].server != SIZE_MAX &&
								      only[i].server < patch[j].server));
		struct ranked *r = server_first ? &only[i++] : &patch[j++];
		js_push(out, r->item ? json_object_get(r->item) : NULL);
	}
	return out;
}
