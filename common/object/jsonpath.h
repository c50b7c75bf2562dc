/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON paths as printer columns of CustomResourceDefinitions have them (kubernetes/client-go util/jsonpath, what stands
 * between its braces, without range and text):
 *
 *	.spec.replicas   .metadata.labels.a\.b/c   .list[0]   .list[-2:]   .list[*].name   .map['key']   ..name
 *	.list[0,2]       .status.conditions[?(@.type=="Ready")].status
 *
 * Compiled once, into an arena; any number of threads may evaluate it.
 */
#ifndef OBJECT_JSONPATH_H
#define OBJECT_JSONPATH_H

#include "base/arena.h"
#include "object/json.h"

#define JSONPATH_STEPS_MAX 64	  /* of one path, with what is inside its brackets */
#define JSONPATH_VALUES_MAX 65536 /* that an evaluation may look at */

struct jsonpath;
/* NULL with REASON_INVALID. */
const struct jsonpath *jsonpath_compile(struct arena *arena, const char *text, size_t n,
					struct err *err) MUST_CHECK;
/* The first value that is found, borrowed from o; *ret NULL = null. False: there is none, or a step does not suit what it
   meets. */
bool jsonpath_first(const struct jsonpath *p, const js *o, const js **ret);

#endif
