/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/discovery/pieces.h"

#include <stdlib.h>
#include <string.h>
#include "base/mem.h"

struct pieces {
	struct response_stream stream;
	struct document **v; /* one reference each, until it is sent */
	size_t n, cap;
	size_t at, off; /* which is being sent, and how much of it is */
};

struct pieces *pieces_new(void)
{
	return MEM_NEW(struct pieces);
}

void pieces_free(struct pieces *p)
{
	if (!p)
		return;
	for (size_t i = p->at; i < p->n; i++)
		document_unref(p->v[i]);
	free(p->v);
	free(p);
}

void pieces_add(struct pieces *p, struct document *d)
{
	if (p->n == p->cap) {
		p->cap = p->cap ? p->cap * 2 : 16;
		p->v = mem_realloc_array(p->v, p->cap, sizeof(struct document *));
	}
	p->v[p->n++] = d;
}

void pieces_add_bytes(struct pieces *p, struct buf *body)
{
	pieces_add(p, document_new(body, ""));
}

static long read_some(void *arg, char *to, size_t max)
{
	struct pieces *p = arg;
	size_t done = 0, len;
	while (done < max && p->at < p->n) {
		const char *from = document_bytes(p->v[p->at], &len);
		size_t left = len - p->off, n = left < max - done ? left : max - done;
		memcpy(to + done, from + p->off, n);
		done += n;
		p->off += n;
		if (p->off < len)
			break;
		document_unref(p->v[p->at++]);
		p->off = 0;
	}
	return done ? (long)done : -1;
}

static void close_all(void *arg)
{
	pieces_free(arg);
}

void pieces_respond(struct pieces *p, struct response *rs)
{
	p->stream = (struct response_stream){.read = read_some, .close = close_all, .arg = p};
	rs->status = 200;
	rs->stream = &p->stream;
	rs->finite = true;
}
