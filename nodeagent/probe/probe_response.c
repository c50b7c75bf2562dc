/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/probe_response.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define LINE_MAX_BYTES 65536

void probe_response_init(struct probe_response *r, size_t body_max)
{
	*r = (struct probe_response){.body_max = body_max, .line = BUF_INIT_MAX(LINE_MAX_BYTES)};
}

void probe_response_release(struct probe_response *r)
{
	free(STEAL(r->location));
	buf_release(&r->body);
	buf_release(&r->line);
}

bool probe_response_headed(const struct probe_response *r)
{
	return r->state >= RESPONSE_BODY && r->state <= RESPONSE_DONE;
}

static void bad(struct probe_response *r, const char *fmt, const char *text)
{
	r->state = RESPONSE_BAD;
	snprintf(r->what, sizeof(r->what), fmt, text);
}

/* ---- the head ---- */

#define BROKEN "net/http: HTTP/1.x transport connection broken: "

static void take_status(struct probe_response *r, const char *s)
{
	const char *space = strchr(s, ' ');
	if (!space) {
		bad(r, BROKEN "malformed HTTP response \"%.80s\"", s);
		return;
	}
	while (*space == ' ')
		space++;
	size_t digits = strspn(space, "0123456789");
	if (digits != 3 || (space[3] && space[3] != ' ')) {
		bad(r, BROKEN "malformed HTTP status code \"%.60s\"", space);
		return;
	}
	if (strncmp(s, "HTTP/1.", 7) != 0 || !isdigit((unsigned char)s[7]) || s[8] != ' ') {
		bad(r, BROKEN "malformed HTTP version \"%.40s\"", s);
		return;
	}
	r->status = (int)strtol(space, NULL, 10);
	r->state = RESPONSE_HEADERS;
}

static const char *value_of(const char *line, const char *name)
{
	size_t n = strlen(name);
	if (strncasecmp(line, name, n) != 0 || line[n] != ':')
		return NULL;
	for (line += n + 1; *line == ' ' || *line == '\t'; line++)
		;
	return line;
}

static void take_header(struct probe_response *r, const char *s)
{
	const char *v;
	if ((v = value_of(s, "Location")) && !r->location) {
		r->location = mem_strdup(v);
	} else if ((v = value_of(s, "Content-Length"))) {
		char *end;
		unsigned long long n = strtoull(v, &end, 10);
		if (!isdigit((unsigned char)*v) || (*end && *end != ' ' && *end != '\t') || n > INT64_MAX) {
			bad(r, BROKEN "bad Content-Length \"%.60s\"", v);
			return;
		}
		r->left = n;
		r->sized = true;
	} else if ((v = value_of(s, "Transfer-Encoding"))) {
		if (strcasecmp(v, "chunked") != 0)
			bad(r, BROKEN "unsupported transfer encoding: \"%.60s\"", v);
		r->chunked = true;
	}
}

static void end_head(struct probe_response *r)
{
	if (r->status < 200 && r->status != 101) { /* "100 Continue": the real one follows */
		free(STEAL(r->location));
		r->chunked = r->sized = false;
		r->left = 0;
		r->state = RESPONSE_STATUS_LINE;
		return;
	}
	bool none = r->status == 204 || r->status == 304 || r->status == 101;
	if (none || (r->sized && !r->chunked && !r->left) || !r->body_max)
		r->state = RESPONSE_DONE;
	else
		r->state = r->chunked ? RESPONSE_CHUNK_LINE : RESPONSE_BODY;
}

/* ---- the body ---- */

static void take_chunk_line(struct probe_response *r, const char *s)
{
	char *end;
	unsigned long long n = strtoull(s, &end, 16);
	if (!isxdigit((unsigned char)*s) || end - s > 15) {
		bad(r, "%s", "invalid byte in chunk length");
		return;
	}
	r->left = n;
	r->state = n ? RESPONSE_CHUNK : RESPONSE_DONE;
}

static void take_line(struct probe_response *r)
{
	const char *s = buf_str(&r->line);
	switch (r->state) {
	case RESPONSE_STATUS_LINE:
		take_status(r, s);
		break;
	case RESPONSE_HEADERS:
		if (*s)
			take_header(r, s);
		else
			end_head(r);
		break;
	case RESPONSE_CHUNK_LINE:
		take_chunk_line(r, s);
		break;
	default: /* behind a chunk */
		r->state = RESPONSE_CHUNK_LINE;
		break;
	}
}

/* Up to and with the end of a line; how many bytes that were. */
static size_t take_line_bytes(struct probe_response *r, const char *p, size_t n)
{
	const char *nl = memchr(p, '\n', n);
	size_t len = nl ? (size_t)(nl - p) : n;
	if (!r->body.len)
		r->head += nl ? len + 1 : len;
	buf_add(&r->line, p, len);
	if (buf_overflowed(&r->line) || r->head > PROBE_HEAD_MAX) {
		bad(r, "%s", "net/http: server response headers exceeded 1048576 bytes; aborted");
		return n;
	}
	if (!nl)
		return len;
	while (r->line.len && strchr(" \t\r", r->line.p[r->line.len - 1]))
		buf_truncate(&r->line, r->line.len - 1);
	take_line(r);
	buf_clear(&r->line);
	return len + 1;
}

static size_t take_body_bytes(struct probe_response *r, const char *p, size_t n)
{
	bool counted = r->chunked || r->sized;
	size_t take = counted && r->left < n ? (size_t)r->left : n;
	size_t room = r->body_max - r->body.len, keep = take < room ? take : room;
	buf_add(&r->body, p, keep);
	r->left -= counted ? take : 0;
	if (r->body.len >= r->body_max)
		r->state = RESPONSE_DONE;
	else if (counted && !r->left)
		r->state = r->chunked ? RESPONSE_CHUNK_END : RESPONSE_DONE;
	return take;
}

bool probe_response_take(struct probe_response *r, const char *p, size_t n)
{
	r->started = r->started || n;
	while (n && r->state < RESPONSE_DONE) {
		bool bytes = r->state == RESPONSE_BODY || r->state == RESPONSE_CHUNK;
		size_t took = bytes ? take_body_bytes(r, p, n) : take_line_bytes(r, p, n);
		p += took;
		n -= took;
	}
	return r->state < RESPONSE_DONE;
}

void probe_response_end(struct probe_response *r)
{
	if (r->state >= RESPONSE_DONE)
		return;
	if (r->state == RESPONSE_BODY && !r->sized)
		r->state = RESPONSE_DONE;
	else
		bad(r, "%s", r->started ? "unexpected EOF" : "EOF");
}
