/* SPDX-License-Identifier: Apache-2.0 */
/* See template.h. */
#include "decode/template.h"

#include <string.h>
#include "base/mem.h"
#include "object/labels.h"
#include "object/rfc3339.h"

char *cm_json_text(const js *o)
{
	if (!o)
		return NULL;
	autobuf struct buf b = BUF_INIT;
	js_write(&b, o);
	return buf_take(&b, NULL);
}

int64_t cm_time(const js *o, const char *key)
{
	const char *s = js_str(o, key, NULL);
	struct err ignored = ERR_INIT;
	int64_t ns;

	return s && rfc3339_parse(s, &ns, &ignored) == 0 ? ns : 0;
}

struct selector *cm_selector(const js *o)
{
	struct err err = ERR_INIT;
	struct selector *s = selector_from_json(js_obj(o, "spec", "selector", NULL), &err);
	return s ? s : selector_from_json(NULL, &err); /* an invalid one selects nothing */
}

static uint64_t fnv(uint64_t h, const void *p, size_t n)
{
	for (const unsigned char *c = p; n > 0; n--, c++)
		h = (h ^ *c) * UINT64_C(0x100000001b3);
	return h;
}

#define FNV_START UINT64_C(0xcbf29ce484222325)

/* Members of an object are summed, so their order does not matter; items of a list are chained. */
static uint64_t hash_value(const js *v, bool template_labels)
{
	uint64_t h = FNV_START;
	if (js_is_obj(v)) {
		uint64_t sum = 0;
		json_object_object_foreach ((js *)v, key, member) {
			if (template_labels && strcmp(key, "pod-template-hash") == 0)
				continue;
			uint64_t m = fnv(FNV_START, key, strlen(key) + 1);
			uint64_t value = hash_value(member, strcmp(key, "labels") == 0);
			sum += fnv(m, &value, sizeof(value));
		}
		return fnv(h, &sum, sizeof(sum));
	}
	if (js_is_arr(v)) {
		js_array_for_each (item, v) {
			uint64_t value = hash_value(item, false);
			h = fnv(h, &value, sizeof(value));
		}
		return h ^ 1;
	}
	autobuf struct buf b = BUF_INIT;
	js_write(&b, v);
	return fnv(h, b.p, b.len);
}

uint64_t cm_template_hash(const js *template)
{
	return hash_value(template, false);
}
