/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a response that somebody must give back. */
#include "request/response.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"

void response_release_shared(struct shared_bytes *b)
{
	if (b->release)
		b->release(b->arg);
	*b = (struct shared_bytes){.p = NULL};
}

void response_clear(struct response *rs)
{
	response_release_shared(&rs->shared);
	buf_clear(&rs->body);
	rs->content_type = NULL;
	rs->is_status = false;
}

void response_release(struct response *rs)
{
	buf_release(&rs->body);
	buf_release(&rs->headers);
	response_release_shared(&rs->shared);
	if (rs->stream)
		rs->stream->close(rs->stream->arg);
	rs->stream = NULL;
	for (size_t i = 0; i < rs->n_warnings; i++)
		free(rs->warnings[i]);
	free(rs->warnings);
	rs->warnings = NULL;
	rs->n_warnings = 0;
	free(STEAL(rs->location));
	free(STEAL(rs->etag));
	response_flow_unref(STEAL(rs->flow));
}

struct response_flow *response_flow_new(const char *schema_uid, const char *level_uid)
{
	struct response_flow *f = MEM_NEW(struct response_flow);
	atomic_init(&f->refs, 1);
	snprintf(f->schema_uid, sizeof(f->schema_uid), "%s", schema_uid);
	snprintf(f->level_uid, sizeof(f->level_uid), "%s", level_uid);
	return f;
}

struct response_flow *response_flow_ref(struct response_flow *f)
{
	atomic_fetch_add_explicit(&f->refs, 1, memory_order_relaxed);
	return f;
}

void response_flow_unref(struct response_flow *f)
{
	if (f && atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) == 1)
		free(f);
}

void response_tag(struct response *rs, const char *hash)
{
	free(rs->etag);
	rs->etag = mem_printf("\"%s\"", hash);
}

const char *response_bytes(const struct response *rs, size_t *ret_len)
{
	*ret_len = rs->shared.p ? rs->shared.n : rs->body.len;
	return rs->shared.p ? rs->shared.p : buf_str(&rs->body);
}

/* ---- warnings: kubernetes/apiserver pkg/endpoints/filters/warning.go ---- */

#define WARNINGS_RUNES 4096 /* all together, before each of them is cut */
#define WARNING_RUNES 256   /* of one that is */

static size_t runes(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static void cut(char *s)
{
	for (size_t n = 0; *s; s++)
		if (((unsigned char)*s & 0xc0) != 0x80 && n++ == WARNING_RUNES) {
			*s = '\0';
			return;
		}
}

/* Cut ones fill the same room again. */
static void keep_within_headers(struct response *rs)
{
	size_t all = 0, n;

	for (size_t i = 0; i < rs->n_warnings; i++)
		all += runes(rs->warnings[i]);
	if (all <= WARNINGS_RUNES)
		return;
	all = 0;
	for (n = 0; n < rs->n_warnings && all < WARNINGS_RUNES; n++) {
		cut(rs->warnings[n]);
		all += runes(rs->warnings[n]);
	}
	while (rs->n_warnings > n)
		free(rs->warnings[--rs->n_warnings]);
}

void response_warn(struct response *rs, const char *fmt, ...)
{
	if (rs->n_warnings == RESPONSE_MAX_WARNINGS)
		return;
	autobuf struct buf b = BUF_INIT;
	va_list ap;
	va_start(ap, fmt);
	buf_addvf(&b, fmt, ap);
	va_end(ap);
	for (size_t i = 0; i < rs->n_warnings; i++)
		if (!strcmp(rs->warnings[i], buf_str(&b)))
			return;
	if (!rs->warnings)
		rs->warnings = mem_array(RESPONSE_MAX_WARNINGS, sizeof(*rs->warnings));
	rs->warnings[rs->n_warnings++] = buf_take(&b, NULL);
	keep_within_headers(rs);
}

void response_wake(struct response_waker *wake)
{
	if (wake)
		wake->wake(wake);
}
