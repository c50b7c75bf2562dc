/* SPDX-License-Identifier: Apache-2.0 */
/* For the tests of this daemon: decoded objects out of YAML, as a user would write them. */
#ifndef DECODE_MAKE_TEST_H
#define DECODE_MAKE_TEST_H

#include <string.h>
#include "base/mem.h"
#include "controller/informer.h"
#include "object/decode.h"
#include "object/yaml.h"

/* free() it. */
static inline void *make_decoded(const struct informer_type *t, const char *yaml)
{
	struct err err = ERR_INIT;
	autobuf struct buf text = BUF_INIT;
	autojson js *tree = yaml_parse(yaml, strlen(yaml), NULL, &err);

	if (!tree)
		fail_msg("%s: %s", err.msg, yaml);
	js_write(&text, tree);
	void *o = decode_new(t->rows, text.p, text.len, &err);

	if (!o)
		fail_msg("%s", err.msg);
	return o;
}

#endif
