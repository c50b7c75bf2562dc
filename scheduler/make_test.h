/* SPDX-License-Identifier: Apache-2.0 */
/* For the tests of this folder: Pods and Nodes out of YAML, as a user would write them. */
#ifndef MAKE_TEST_H
#define MAKE_TEST_H

#include "node.h"
#include "object/decode.h"
#include "object/yaml.h"
#include "pod.h"

static inline const void *make(const struct informer_type *t, const char *yaml)
{
	struct err err = ERR_INIT;
	autojson js *o = yaml_parse(yaml, strlen(yaml), NULL, &err);
	autobuf struct buf text = BUF_INIT;
	if (!o)
		fail_msg("%s: %s", err.msg, yaml);
	js_write(&text, o);
	struct informer_object *io = decode_new(t->rows, buf_str(&text), text.len, &err);
	if (!io)
		fail_msg("%s: %s", err.msg, yaml);
	io->refs = 1;
	io->type = t;
	return io;
}

static inline const struct sched_pod *make_pod(const char *yaml)
{
	return make(&sched_pod_type, yaml);
}

static inline const struct sched_node *make_node(const char *yaml)
{
	return make(&sched_node_type, yaml);
}

#endif
