/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/discovery/emit_internal.h"

#include <string.h>

static void begin(struct emit *e, const char *key)
{
	if (e->more)
		buf_addc(e->b, ',');
	e->more = true;
	if (!key)
		return;
	buf_add_json_string(e->b, key, strlen(key));
	buf_addc(e->b, ':');
}

void emit_open(struct emit *e, const char *key, char bracket)
{
	begin(e, key);
	buf_addc(e->b, bracket);
	e->more = false;
}

void emit_close(struct emit *e, char bracket)
{
	buf_addc(e->b, bracket);
	e->more = true;
}

void emit_text(struct emit *e, const char *key, const char *text, size_t n)
{
	begin(e, key);
	buf_add_json_string(e->b, text, n);
}

void emit_string(struct emit *e, const char *key, const char *text)
{
	emit_text(e, key, text, strlen(text));
}

void emit_bool(struct emit *e, const char *key, bool value)
{
	emit_raw(e, key, value ? "true" : "false");
}

void emit_raw(struct emit *e, const char *key, const char *json)
{
	begin(e, key);
	buf_adds(e->b, json);
}

void emit_tree(struct emit *e, const char *key, const js *value)
{
	begin(e, key);
	js_write(e->b, value);
}
