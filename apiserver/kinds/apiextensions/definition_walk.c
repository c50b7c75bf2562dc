/* SPDX-License-Identifier: Apache-2.0 */
/* Where a walk over a schema is: one text that grows and shrinks. */
#include "kinds/apiextensions/apiextensions_internal.h"

const char *definition_path(struct definition_walk *w, const char *fmt, ...)
{
	va_list ap;

	buf_clear(&w->text);
	buf_add(&w->text, buf_str(&w->path), w->path.len);
	va_start(ap, fmt);
	buf_addvf(&w->text, fmt, ap);
	va_end(ap);
	return buf_str(&w->text);
}

void definition_enter(struct definition_walk *w, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_addvf(&w->path, fmt, ap);
	va_end(ap);
}

void definition_leave(struct definition_walk *w, size_t start)
{
	buf_truncate(&w->path, start);
}

void definition_walk_release(struct definition_walk *w)
{
	buf_release(&w->path);
	buf_release(&w->text);
}

bool definition_is_meta(const char *property)
{
	return !strcmp(property, "metadata") || !strcmp(property, "kind") || !strcmp(property, "apiVersion");
}
