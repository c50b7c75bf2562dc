/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a response that somebody must give back. */
#include "request/response.h"

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
	response_release_shared(&rs->shared);
	if (rs->stream)
		rs->stream->close(rs->stream->arg);
	rs->stream = NULL;
	for (size_t i = 0; i < rs->n_warnings; i++)
		free(rs->warnings[i]);
	rs->n_warnings = 0;
}

void response_static(struct response *rs, const char *p, size_t n)
{
	rs->shared = (struct shared_bytes){.p = p, .n = n};
}

const char *response_bytes(const struct response *rs, size_t *ret_len)
{
	*ret_len = rs->shared.p ? rs->shared.n : rs->body.len;
	return rs->shared.p ? rs->shared.p : buf_str(&rs->body);
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
	rs->warnings[rs->n_warnings++] = buf_take(&b, NULL);
}

void response_wake(struct response_waker *wake)
{
	if (wake)
		wake->wake(wake);
}
