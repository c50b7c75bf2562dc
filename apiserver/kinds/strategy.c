/* SPDX-License-Identifier: Apache-2.0 */
/* What every strategy uses. */
#include "kinds/strategy.h"

#include <stdio.h>

static const struct strategy none = {.group = "", .kind = ""};

const struct strategy *strategy_find(const struct kind *k)
{
	return k->strategy ? k->strategy : &none;
}

void strategy_carry(js *new, const js *old, const char *key)
{
	js *v = js_field(old, key);

	if (v)
		js_set(new, key, js_dup(v));
	else
		js_del(new, key);
}

const char *strategy_path(char *buf, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, FIELD_PATH_MAX, fmt, ap);
	va_end(ap);
	return buf;
}
