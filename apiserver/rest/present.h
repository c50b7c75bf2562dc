/* SPDX-License-Identifier: Apache-2.0 */
/* An object, an item of a list or an event as the client wants to see it. Any thread. */
#ifndef REST_PRESENT_H
#define REST_PRESENT_H

#include "request/status.h"
#include "rest/negotiate.h"
#include "storage/storage.h"

/* The reply to a single-object request: HTTP `status`, o (borrowed) as asked for by the client, in the
 * version of rq->attr.kind. */
void present_object(const struct request *rq, struct response *rs, int status, struct obj *o);
/* Whether that is nothing but o's own bytes. */
bool present_is_raw(const struct request *rq, const struct obj *o);
/* The same for a tree that is not stored (dry run, Scale), in the client's version. */
void present_tree(const struct request *rq, struct response *rs, int status, const js *o);

/* A refusal, or what else is a Status, in the form that the client takes. Nothing to do for any other response. */
void present_status(const struct request *rq, struct response *rs);
/* A list (its references are taken over), read or just deleted, as the options asked for it. */
struct list_options;
void present_list(const struct request *rq, struct response *rs, const struct accept *a,
		  const struct list_options *o, struct obj_list *list);
/* There is no such next page any more: 410 with a token that goes on without consistency, as upstream offers it. */
void present_list_expired(struct response *rs, const struct list_options *o);

/* ---- for list.c and watch.c ---- */
struct list_meta {
	uint64_t rv;
	const char *next;  /* continue token; NULL = none */
	int64_t remaining; /* -1 = not told */
};
/* What stands around the items: `{"kind":…,"items":[` … `]}`. Compact JSON. */
void present_open(struct buf *out, const struct kind *k, const struct accept *a, const struct list_meta *m);
/* One item between them. Objects of a list do not say what they are: the list does. */
void present_item(struct buf *out, const struct kind *k, const struct accept *a, const struct obj *o);
/* The same as the whole body of a single-object reply or watch event. `columns`: a Table that describes its
 * columns. */
void present_single(struct buf *out, const struct kind *k, const struct accept *a, const struct obj *o,
		    bool columns);
/* An object that is nothing but a place in the stream, as JSON; `end`: the one behind the initial events, which says so
   whatever rows carry. */
void present_bookmark(struct buf *out, const struct kind *k, const struct accept *a, const struct buf *json,
		      uint64_t rv, bool end, bool columns);
/* A watch that cannot begin, after the request as such was found good: its only event says why. */
void present_watch_error(const struct request *rq, struct response *rs, const struct status_parts *st);
/* How much of an object's bytes stands before what it carries in a list (behind an opening brace); 0: it has another
   beginning. */
size_t present_head(const struct kind *k, const char *p, size_t n);

/* ---- present_pb.c: protobuf, from the JSON that would have been sent ---- */
int present_pb(struct buf *out, const struct schema *s, const struct kind *k, const char *p, size_t n,
	       struct err *err) MUST_CHECK;
/* The same for a list: open, items, seal. */
void present_pb_open(struct buf *raw, const struct schema *s, const struct list_meta *m);
int present_pb_item(struct buf *raw, const struct schema *s, const struct kind *k, const char *p, size_t n,
		    struct err *err) MUST_CHECK;
void present_pb_seal(struct buf *out, const struct kind *k, const struct accept *a, const struct buf *raw);

#endif
