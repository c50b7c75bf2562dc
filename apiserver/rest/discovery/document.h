/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents that are made once and served many times (discovery, OpenAPI): bytes with an ETag, found by path, replaced
 * while others are being sent. An idle client that comes back with If-None-Match gets 304.
 *
 * Any thread. The lock is held for a look-up or a swap only; bytes that are being sent are kept by their count.
 */
#ifndef REST_DISCOVERY_DOCUMENT_H
#define REST_DISCOVERY_DOCUMENT_H

#include <pthread.h>
#include "base/map.h"
#include "request/request.h"
#include "request/response.h"

struct document;	      /* frozen, counted */
#define DOCUMENT_HASH_LEN 129 /* SHA-512 in upper-case hex, with the NUL */
/* Moves the bytes out; hash NULL: of these bytes. One reference. */
struct document *document_new(struct buf *body, const char *hash);
struct document *document_ref(struct document *d);
void document_unref(struct document *d); /* NULL is fine */
const char *document_bytes(const struct document *d, size_t *ret_len);
const char *document_hash(const struct document *d);
/* Whether If-None-Match names the ETag: in its list, weak or not, or as `*`. */
bool document_is_known(const char *if_none_match, const char *etag);
/* Status and bytes; with tagged, an ETag, or 304. Takes the reference over. */
void document_respond(struct document *d, const struct request *rq, struct response *rs, bool tagged);

struct documents {
	pthread_mutex_t lock;
	struct map by_path; /* struct document, one reference each */
};
void documents_init(struct documents *ds);
void documents_release(struct documents *ds);
struct document *documents_get(struct documents *ds, const char *path); /* a reference, or NULL */
/* Replaces; moves the bytes out. hash NULL: of these bytes. */
void documents_put(struct documents *ds, const char *path, struct buf *body, const char *hash);
void documents_drop(struct documents *ds, const char *path); /* absent: no-op */

#endif
