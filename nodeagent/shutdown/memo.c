/* SPDX-License-Identifier: Apache-2.0 */
#include "shutdown/memo.h"

#include <string.h>

#include "object/json.h"
#include "object/rfc3339.h"
#include "os/tree.h"

#define NEVER "0001-01-01T00:00:00Z"
#define MEMO_MAX 4096

static void set_time(js *o, const char *key, int64_t ns)
{
	char text[RFC3339_MAX];
	rfc3339_format_nano(ns, text);
	js_set_str(o, key, ns ? text : NEVER);
}

int memo_write(const char *path, const struct memo *m, struct err *err)
{
	autojson js *o = js_new_obj();
	autobuf struct buf text = BUF_INIT;
	set_time(o, "startTime", m->began_ns);
	set_time(o, "endTime", m->ended_ns);
	js_write(&text, o);
	return tree_write(path, buf_str(&text), text.len, 0644, TREE_DURABLE, err);
}

static int read_time(const js *o, const char *key, int64_t *ret, struct err *err)
{
	const char *text = js_str0(o, key, NULL);
	*ret = 0;
	return *text && strcmp(text, NEVER) != 0 ? rfc3339_parse(text, ret, err) : 0;
}

int memo_read(const char *path, struct memo *ret, struct err *err)
{
	autobuf struct buf text = BUF_INIT;
	struct err why = ERR_INIT;
	*ret = (struct memo){0};
	if (tree_read(path, MEMO_MAX, &text, &why) < 0) {
		if (why.reason == REASON_NOT_FOUND)
			return 0;
		*err = why;
		return -1;
	}
	autojson js *o = js_parse(buf_str(&text), text.len, NULL, err);
	if (!o || read_time(o, "startTime", &ret->began_ns, err) < 0)
		return -1;
	return read_time(o, "endTime", &ret->ended_ns, err);
}
