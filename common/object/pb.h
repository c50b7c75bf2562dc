/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kubernetes protobuf <-> JSON trees by the field numbers of the schema (no generated code).
 *
 * The envelope is the 4 bytes "k8s\0" and a runtime.Unknown message {1: TypeMeta{1: apiVersion, 2: kind}, 2:
 * raw, 3: contentEncoding, 4: contentType}. Unknown field numbers are skipped; lengths and depth are bounded
 * by the input and JS_MAX_DEPTH. Quantity, Time, MicroTime, IntOrString, Duration and FieldsV1 have their
 * upstream encodings. Any thread.
 */
#ifndef OBJECT_PB_H
#define OBJECT_PB_H

#include "object/schema.h"

/* Reads only the envelope: borrowed views into p. */
struct pb_envelope {
	char api_version[128], kind[128];
	const char *raw;
	size_t raw_len;
};
int pb_open(const char *p, size_t n, struct pb_envelope *ret, struct err *err) MUST_CHECK;
/* Decodes the raw message of `type`; apiVersion and kind are not part of it (the caller sets them). */
js *pb_decode(const struct type *type, const char *p, size_t n, struct err *err) MUST_CHECK;
/* The inverse, with envelope. */
int pb_encode(struct buf *out, const struct type *type, const char *api_version, const char *kind,
	      const js *o, struct err *err) MUST_CHECK;
/* For messages that are put together from messages (lists): a length-delimited field, and the envelope around a
   whole. */
void pb_add_part(struct buf *out, int number, const void *p, size_t n);
/* What stands before the n bytes of such a field, and how many bytes both make for a number below 16. */
void pb_add_head(struct buf *out, int number, size_t n);
size_t pb_part_size(size_t n);
void pb_seal(struct buf *out, const char *api_version, const char *kind, const struct buf *raw);

#endif
