/* SPDX-License-Identifier: Apache-2.0 */
/* What every strategy uses. */
#include "kinds/strategy.h"

#include <stdio.h>

static const struct strategy none = {.group = "", .kind = ""};

const struct strategy *strategy_find(const struct kind *k)
{
	return k->strategy ? k->strategy : &none;
}

js *strategy_convert(const struct kind *from, const struct kind *to, const js *o)
{
	const struct strategy *s = strategy_find(from->storage_kind);

	return (s->convert ? s->convert : schema_convert)(from, to, o);
}

void strategy_carry(js *new, const js *old, const char *key)
{
	js *v = js_field(old, key);

	if (v)
		js_set(new, key, js_dup(v));
	else
		js_del(new, key);
}

void strategy_keep_metadata(js *new, const js *old)
{
	static const char *const kept[] = {"deletionTimestamp", "generation", "labels",
					   "annotations",	"finalizers", "ownerReferences"};

	for (size_t i = 0; i < ARRAY_LEN(kept); i++)
		strategy_carry(js_obj(new, "metadata", NULL), js_obj(old, "metadata", NULL), kept[i]);
}

void strategy_differences(struct buf *out, const js *a, const js *b)
{
	size_t n = 0;

	for (struct js_iter it = js_iter(a); js_next(&it);)
		if (!js_equal(it.value, js_field(b, it.key)))
			buf_addf(out, "%sspec.%s", n++ ? ", " : "", it.key);
	for (struct js_iter it = js_iter(b); js_next(&it);)
		if (!js_field(a, it.key))
			buf_addf(out, "%sspec.%s", n++ ? ", " : "", it.key);
}

void strategy_warn(const struct strategy_ctx *ctx, const char *fmt, ...)
{
	autobuf struct buf b = BUF_INIT;
	va_list ap;

	if (!ctx->warn)
		return;
	va_start(ap, fmt);
	buf_addvf(&b, fmt, ap);
	va_end(ap);
	ctx->warn(ctx->warn_arg, buf_str(&b));
}

const char *strategy_path(char *buf, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, FIELD_PATH_MAX, fmt, ap);
	va_end(ap);
	return buf;
}
