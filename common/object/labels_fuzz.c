/* SPDX-License-Identifier: Apache-2.0 */
/* Selectors and field selectors from query strings; a selector's written form parses back to itself. */
#include <assert.h>
#include <stdlib.h>
#include "object/labels.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	autofree char *text = mem_strndup((const char *)p, n);
	struct field_selector f;
	struct err err;

	if (!field_selector_parse(text, &f, &err))
		field_selector_release(&f);
	struct selector *s __attribute__((cleanup(selector_autofree))) = selector_parse(text, &err);

	if (!s)
		return 0;
	autobuf struct buf a = BUF_INIT, b = BUF_INIT;

	selector_write(&a, s);
	struct selector *again __attribute__((cleanup(selector_autofree))) =
		selector_parse(buf_str(&a), &err);

	assert(again);
	selector_write(&b, again);
	assert(!strcmp(buf_str(&a), buf_str(&b)));
	autojson js *map = js_new_obj();

	js_set_str(map, "a", "1");
	struct labels *l __attribute__((cleanup(labels_autofree))) = labels_new(map);

	assert(selector_matches(s, l) == selector_matches(again, l));
	return 0;
}
