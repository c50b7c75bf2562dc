/* SPDX-License-Identifier: Apache-2.0 */
/* For the tests of this room: a struct pod out of JSON text. */
#ifndef POD_MAKE_TEST_H
#define POD_MAKE_TEST_H

#include <stdlib.h>
#include "pod/spec.h"

static inline struct pod *make_pod(const char *text)
{
	struct err err = ERR_INIT;
	struct pod *p = decode_new(pod_type.rows, text, strlen(text), &err);
	assert_non_null(p);
	assert_true(pod_type.keep(p));
	return p;
}

static inline void free_pod(struct pod *p)
{
	free(p);
}

#endif
