/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile bytes from a store: refused, or an object that publishing changes in nothing but its revision. */
#include <stdlib.h>
#include "storage/obj.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct selectable fields[] = {
		{.field = "spec.nodeName"}, {.field = "status.phase", .dflt = "x"}, {.field = "type"}};
	static const struct kind kind = {.group = "",
					 .version = "v1",
					 .kind = "Pod",
					 .resource = "pods",
					 .storage = "pods",
					 .selectable = fields,
					 .n_selectable = 3};
	struct err err = ERR_INIT;
	/* Exactly n bytes, so that the sanitizer sees a read beyond them. */
	char *copy = mem_memdup(p, n);
	struct obj *draft = obj_new(&kind, copy, n, &err);
	free(copy);
	if (!draft)
		return 0;
	struct obj *o = obj_publish(draft, 12345678901234567890u);
	autojson js *tree = obj_tree(o, &err);
	autojson js *before = obj_tree(draft, &err);
	const char *rv = js_str0(tree, "metadata", "resourceVersion", NULL);
	if (!tree != !before || (tree && strcmp(rv, "12345678901234567890") != 0))
		abort();
	struct obj *again = obj_publish(o, 1);
	if (again->len != draft->len + again->rv_len || obj_len(again) != obj_len(draft) + again->rv_len ||
	    strcmp(again->key, draft->key) != 0 || again->labels->n != draft->labels->n)
		abort();
	obj_unref(draft);
	obj_unref(o);
	obj_unref(again);
	return 0;
}
