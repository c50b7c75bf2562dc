/* SPDX-License-Identifier: Apache-2.0 */
/* JSON written as it goes: no tree, commas where they belong. key NULL: an item of a list, or the root. */
#ifndef REST_DISCOVERY_EMIT_INTERNAL_H
#define REST_DISCOVERY_EMIT_INTERNAL_H

#include "object/json.h"

struct emit {
	struct buf *b;
	bool more; /* something stands before the next member */
};

void emit_open(struct emit *e, const char *key, char bracket);
void emit_close(struct emit *e, char bracket);
void emit_text(struct emit *e, const char *key, const char *text, size_t n);
void emit_string(struct emit *e, const char *key, const char *text);
void emit_bool(struct emit *e, const char *key, bool value);
void emit_raw(struct emit *e, const char *key, const char *json); /* a value that is JSON already */
void emit_tree(struct emit *e, const char *key, const js *value);

#endif
