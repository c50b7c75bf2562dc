/* SPDX-License-Identifier: Apache-2.0 */
/* For the tests of this room: a struct pod out of JSON text. */
#ifndef POD_MAKE_TEST_H
#define POD_MAKE_TEST_H

#include <stdlib.h>
#include "pod/spec.h"

static inline struct pod *make_pod(const char *text)
{
	struct err err = ERR_INIT;
	autojson js *o = js_parse(text, strlen(text), NULL, &err);
	struct pod *p = MEM_NEW(struct pod);
	assert_non_null(o);
	meta_decode(&p->o.meta, o, META_ANNOTATIONS);
	assert_true(pod_decode(p, o));
	return p;
}

static inline void free_pod(struct pod *p)
{
	pod_release(p);
	meta_release(&p->o.meta);
	free(p);
}

#endif
