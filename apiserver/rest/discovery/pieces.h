/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reply made of documents that stand one behind the other: nobody puts them together, each is sent from where it is.
 * One thread at a time; the documents are shared as ever.
 */
#ifndef REST_DISCOVERY_PIECES_H
#define REST_DISCOVERY_PIECES_H

#include "rest/discovery/document.h"

struct pieces;
struct pieces *pieces_new(void);
void pieces_free(struct pieces *p);			   /* NULL is fine */
void pieces_add(struct pieces *p, struct document *d);	   /* takes the reference over */
void pieces_add_bytes(struct pieces *p, struct buf *body); /* moves them out */
/* 200 and a stream of all of them, in their order. Takes the pieces over. */
void pieces_respond(struct pieces *p, struct response *rs);

#endif
