/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML to json-c trees (the only file that sees libyaml): one document, JSON-compatible types as
 * sigs.k8s.io/yaml reads them (YAML 1.1 booleans, ints, floats; unquoted only). Anchors and aliases work, but
 * their expansion is bounded as json.h bounds a document, only depth is less: libyaml looks at every open
 * level for every token. Any thread.
 */
#ifndef OBJECT_YAML_H
#define OBJECT_YAML_H

#include "object/json.h"

#define YAML_MAX_DEPTH 100

js *yaml_parse(const char *p, size_t n, struct js_duplicates *dup, struct err *err) MUST_CHECK;
/* Several documents separated by ---; empty ones are skipped. Returns a JSON array. */
js *yaml_parse_all(const char *p, size_t n, struct err *err) MUST_CHECK; /* for tests */
void yaml_write(struct buf *out, const js *o); /* block style, strings quoted where needed */

#endif
