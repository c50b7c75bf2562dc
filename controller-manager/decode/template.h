/* SPDX-License-Identifier: Apache-2.0 */
/* Pod templates: when two are the same. Any thread. */
#ifndef DECODE_TEMPLATE_H
#define DECODE_TEMPLATE_H

#include "object/json.h"

struct selector;

/* Without the pod-template-hash label, key order ignored. Stable over processes and versions: names of ReplicaSets
   come from it. */
uint64_t cm_template_hash(const js *template);
/* The compact text of a value, to be freed; NULL when it is absent. */
char *cm_json_text(const js *o);
/* A time of an object, wall nanoseconds; 0 when it is absent or none. */
int64_t cm_time(const js *o, const char *key);
/* spec.selector of a workload; an invalid one selects nothing. */
struct selector *cm_selector(const js *o);

#endif
