/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a strict reader complains of, in the order in which upstream's readers do: the parser finds what is repeated,
 * conforming finds what nobody knows, and each of them knows nothing of the other (sigs.k8s.io/json for built-in kinds;
 * kubernetes/apiextensions-apiserver pkg/apiserver customresource_handler.go for custom ones).
 */
#ifndef REST_VERB_STRICT_H
#define REST_VERB_STRICT_H

#include "object/json.h"
#include "object/schema.h"

/* Repeated keys, then unknown fields. *ret is empty before; release it with schema_strict_errors_release. */
void strict_join(const struct js_duplicates *dup, const struct strict_errors *unknown,
		 struct strict_errors *ret);
/* As they come in the document, which was parsed before; what is repeated below an unknown field is none. */
void strict_merge(const char *json, size_t n, const struct js_duplicates *dup,
		  const struct strict_errors *unknown, struct strict_errors *ret);
/* As the readers meet unknown fields that do not read the text itself. */
enum strict_order {
	STRICT_BY_KEY,	/* a document whose objects went through maps: YAML, a patched one */
	STRICT_BY_TEXT, /* the result of a strategic patch */
	STRICT_BY_PART, /* a custom resource: its metadata, then all else, each by the texts */
};
void strict_sort(struct strict_errors *unknown, enum strict_order order);
/* Moves them behind the others, each with `head` before it. */
void strict_append(struct strict_errors *ret, const char *head, struct strict_errors *from);

#endif
