/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How an object leaves the server: decided from the Accept header once per request.
 *
 * Whole objects leave as their stored bytes, unparsed. PartialObjectMetadata is cut out of them, pretty JSON
 * is a filter over them; only Tables and YAML need a tree, which lives for one row.
 */
#ifndef REST_NEGOTIATE_H
#define REST_NEGOTIATE_H

#include "request/request.h"
#include "request/status.h"
#include "storage/obj.h"

enum presentation { PRESENT_OBJECT, PRESENT_TABLE, PRESENT_PARTIAL };
struct accept {
	enum presentation as;
	bool pretty; /* ?pretty=true, or curl, wget, Mozilla as User-Agent (kubernetes/apiserver negotiation)
		      */
	bool yaml;   /* application/yaml asked for */
	const char *version; /* "v1" or "v1beta1" of Table / PartialObjectMetadata; static */
	enum {
		INCLUDE_METADATA,
		INCLUDE_OBJECT,
		INCLUDE_NONE
	} include; /* tables: what rows carry as `object` */
};
/* REASON_NOT_ACCEPTABLE when nothing in the list can be served. */
int negotiate(const struct request *rq, struct accept *ret, struct err *err) MUST_CHECK;
const char *accept_content_type(const struct accept *a);

/* The reply to a single-object request: HTTP `status`, o (borrowed) as asked for by the client, in the
 * version of rq->attr.kind. */
void present_object(const struct request *rq, struct response *rs, int status, struct obj *o);
/* The Scale of a parent. */
void present_scale(const struct request *rq, struct response *rs, const struct obj *parent);
/* Whether that is nothing but o's own bytes. */
bool present_is_raw(const struct request *rq, const struct obj *o);
/* The same for a tree that is not stored (dry run, Scale), in the client's version. */
void present_tree(const struct request *rq, struct response *rs, int status, const js *o);

/* ---- for list.c and watch.c ---- */
struct list_meta {
	uint64_t rv;
	const char *next;  /* continue token; NULL = none */
	int64_t remaining; /* -1 = not told */
};
/* What stands around the items: `{"kind":…,"items":[` … `]}`. Compact JSON. */
void present_open(struct buf *out, const struct kind *k, const struct accept *a, const struct list_meta *m);
/* One item between them. */
void present_item(struct buf *out, const struct kind *k, const struct accept *a, const struct obj *o);
/* The same as the whole body of a single-object reply or watch event. `columns`: a Table that describes its
 * columns. */
void present_single(struct buf *out, const struct kind *k, const struct accept *a, const struct obj *o,
		    bool columns);
/* o's bytes in version k: as stored, or converted into *scratch. */
void present_bytes(const struct kind *k, const struct obj *o, struct buf *scratch, const char **p, size_t *n);

#endif
