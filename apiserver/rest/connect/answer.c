/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 9112, as strict as it takes to know where the answer ends. */
#include "rest/connect/answer.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_LINE_MAX ((size_t)4 << 10)

void answer_release(struct answer *a)
{
	buf_release(&a->lines);
}

/* ---- headers ---- */

bool answer_next(const struct buf *lines, size_t *at, struct answer_line *ret)
{
	const char *p = buf_str(lines) + *at;
	const char *end = *at < lines->len ? memchr(p, '\n', lines->len - *at) : NULL;
	const char *colon = end ? memchr(p, ':', (size_t)(end - p)) : NULL;

	if (!colon)
		return false;
	*at += (size_t)(end - p) + 1;
	ret->name = p;
	ret->name_len = (size_t)(colon - p);
	ret->value = colon + 1;
	while (end > ret->value && strchr("\r \t", end[-1]))
		end--;
	while (ret->value < end && (*ret->value == ' ' || *ret->value == '\t'))
		ret->value++;
	ret->value_len = (size_t)(end - ret->value);
	return true;
}

bool answer_is(const struct answer_line *l, const char *name)
{
	return strlen(name) == l->name_len && !strncasecmp(l->name, name, l->name_len);
}

bool answer_value(const struct buf *lines, const char *name, struct buf *out)
{
	struct answer_line l;
	size_t at = 0;

	while (answer_next(lines, &at, &l))
		if (answer_is(&l, name)) {
			buf_add(out, l.value, l.value_len);
			return true;
		}
	return false;
}

/* One of the words of a list with commas. */
static bool lists(const struct answer_line *list, const struct answer_line *l)
{
	const char *p = list->value, *end = p + list->value_len;

	while (p < end) {
		const char *comma = memchr(p, ',', (size_t)(end - p)), *stop = comma ? comma : end;
		while (p < stop && (*p == ' ' || *p == '\t'))
			p++;
		const char *last = stop;
		while (last > p && (last[-1] == ' ' || last[-1] == '\t'))
			last--;
		if ((size_t)(last - p) == l->name_len && !strncasecmp(p, l->name, l->name_len))
			return true;
		p = stop + 1;
	}
	return false;
}

bool answer_is_hop(const struct buf *lines, const struct answer_line *l)
{
	static const char *const names[] = {"Connection",
					    "Proxy-Connection",
					    "Keep-Alive",
					    "Proxy-Authenticate",
					    "Proxy-Authorization",
					    "Te",
					    "Trailer",
					    "Transfer-Encoding",
					    "Upgrade"};
	struct answer_line other;
	size_t at = 0;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (answer_is(l, names[i]))
			return true;
	while (answer_next(lines, &at, &other))
		if (answer_is(&other, "Connection") && lists(&other, l))
			return true;
	return false;
}

/* ---- the head ---- */

static int malformed(struct err *err, const char *what)
{
	return err_set(err, REASON_UNAVAILABLE,
		       "net/http: HTTP/1.x transport connection broken: malformed %s", what);
}

/* The length of the head with its empty line; 0: not there yet. */
static size_t find_end(const struct buf *in)
{
	const char *p = buf_str(in), *at = p, *end = p + in->len;

	while ((at = memchr(at, '\n', (size_t)(end - at)))) {
		at++;
		if (at < end && *at == '\n')
			return (size_t)(at - p) + 1;
		if (end - at >= 2 && at[0] == '\r' && at[1] == '\n')
			return (size_t)(at - p) + 2;
	}
	return 0;
}

static int parse_status(const char *p, size_t n)
{
	if (n < 12 || strncmp(p, "HTTP/1.", 7) || p[8] != ' ' || (n > 12 && !strchr(" \r\n", p[12])))
		return -1;
	for (int i = 9; i < 12; i++)
		if (p[i] < '0' || p[i] > '9')
			return -1;
	return (p[9] - '0') * 100 + (p[10] - '0') * 10 + (p[11] - '0');
}

static bool is_name(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)p[i] <= ' ' || (unsigned char)p[i] >= 0x7f ||
		    strchr("\"(),/:;<=>?@[\\]{}", p[i]))
			return false;
	return n > 0;
}

static bool is_value(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (((unsigned char)p[i] < ' ' && p[i] != '\t') || p[i] == 0x7f)
			return false;
	return true;
}

/* Every line is one header; those that go over several lines are of another time. */
static bool take_lines(struct answer *a, const char *p, size_t n)
{
	const struct buf raw = {.p = (char *)(uintptr_t)p, .len = n};
	size_t at = 0;

	while (at < n && p[at] != '\r' && p[at] != '\n') {
		struct answer_line l;
		if (!answer_next(&raw, &at, &l) || !is_name(l.name, l.name_len) ||
		    !is_value(l.value, l.value_len))
			return false;
		buf_addf(&a->lines, "%.*s: %.*s\r\n", (int)l.name_len, l.name, (int)l.value_len, l.value);
	}
	return true;
}

static bool parse_length(const struct answer_line *l, int64_t *ret)
{
	uint64_t v = 0;

	for (size_t i = 0; i < l->value_len; i++) {
		if (l->value[i] < '0' || l->value[i] > '9' || v > INT64_MAX / 10 - 9)
			return false;
		v = v * 10 + (uint64_t)(l->value[i] - '0');
	}
	*ret = (int64_t)v;
	return l->value_len > 0;
}

static int find_framing(struct answer *a, struct err *err)
{
	struct answer_line l;
	int64_t length;
	size_t at = 0;

	a->length = -1;
	a->framing = ANSWER_CLOSE;
	while (answer_next(&a->lines, &at, &l)) {
		if (answer_is(&l, "Transfer-Encoding")) {
			if (l.value_len != 7 || strncasecmp(l.value, "chunked", 7))
				return malformed(err, "transfer encoding");
			a->framing = ANSWER_CHUNKED;
		} else if (answer_is(&l, "Content-Length")) {
			if (!parse_length(&l, &length) || (a->length >= 0 && a->length != length))
				return malformed(err, "content length");
			a->length = length;
		}
	}
	if (a->framing == ANSWER_CHUNKED)
		a->length = -1;
	else if (a->length >= 0)
		a->framing = ANSWER_LENGTH;
	if (a->bodiless || a->status == 204 || a->status == 304) {
		a->framing = ANSWER_LENGTH;
		a->over = true;
	} else if (a->framing == ANSWER_LENGTH) {
		a->left = (uint64_t)a->length;
		a->over = !a->left;
	}
	return 1;
}

int answer_head(struct answer *a, struct buf *in, struct err *err)
{
	for (;;) {
		size_t n = find_end(in);
		if (n > ANSWER_HEAD_MAX || (!n && in->len > ANSWER_HEAD_MAX))
			return err_set(err, REASON_UNAVAILABLE,
				       "net/http: server response headers exceeded %zu bytes; aborted",
				       ANSWER_HEAD_MAX);
		if (!n)
			return 0;
		int status = parse_status(in->p, n);
		const char *lines = memchr(in->p, '\n', n);
		buf_clear(&a->lines);
		if (status < 100)
			return malformed(err, "HTTP response");
		if (!take_lines(a, lines + 1, n - (size_t)(lines + 1 - in->p)))
			return malformed(err, "MIME header");
		buf_consume(in, n);
		if (status >= 200 || status == 101) {
			a->status = status;
			if (find_framing(a, err) == 1)
				return 1;
			a->status = 0;
			return -1;
		}
	}
}

/* ---- the body ---- */

static int cut_short(struct err *err)
{
	return err_set(err, REASON_UNAVAILABLE, "unexpected EOF");
}

static void move(struct buf *in, size_t *at, struct buf *out, uint64_t *left)
{
	size_t n = in->len - *at < *left ? in->len - *at : (size_t)*left;

	buf_add(out, buf_str(in) + *at, n);
	*at += n;
	*left -= n;
}

/* A size in hexadecimal digits, and whatever is said behind a semicolon. */
static bool parse_size(const char *p, size_t n, uint64_t *ret)
{
	size_t i = 0;

	*ret = 0;
	for (; i < n && i <= 15; i++) {
		char c = (char)(p[i] | 0x20);
		int d = p[i] >= '0' && p[i] <= '9' ? p[i] - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
		if (d < 0)
			break;
		*ret = *ret << 4 | (unsigned)d;
	}
	return i && i <= 15 && (i == n || strchr("; \t\r", p[i]));
}

/* One line of the framing. 1: done, 0: not there yet, -1: it makes no sense. */
static int take_line(struct answer *a, const char *p, size_t n, size_t *used)
{
	const char *end = memchr(p, '\n', n);

	if (!end)
		return n > CHUNK_LINE_MAX ? -1 : 0;
	size_t len = (size_t)(end - p);
	*used = len + 1;
	len -= len && p[len - 1] == '\r';
	switch (a->chunk) {
	case CHUNK_SIZE:
		if (!parse_size(p, len, &a->left))
			return -1;
		a->chunk = a->left ? CHUNK_DATA : CHUNK_TRAILER;
		return 1;
	case CHUNK_END:
		a->chunk = CHUNK_SIZE;
		return len ? -1 : 1;
	default:
		a->over = !len;
		return 1;
	}
}

static int take_chunks(struct answer *a, struct buf *in, struct buf *out, struct err *err)
{
	size_t at = 0;
	int r = 1;

	while (r == 1 && at < in->len && !a->over) {
		size_t used = 0;
		if (a->chunk == CHUNK_DATA) {
			move(in, &at, out, &a->left);
			a->chunk = a->left ? CHUNK_DATA : CHUNK_END;
			continue;
		}
		r = take_line(a, in->p + at, in->len - at, &used);
		at += used;
	}
	buf_consume(in, at);
	return r < 0 ? malformed(err, "chunked encoding") : 0;
}

int answer_body(struct answer *a, struct buf *in, struct buf *out, bool ended, struct err *err)
{
	size_t at = 0;

	if (a->over)
		return 0;
	switch (a->framing) {
	case ANSWER_CHUNKED:
		if (take_chunks(a, in, out, err) < 0)
			return -1;
		break;
	case ANSWER_LENGTH:
		move(in, &at, out, &a->left);
		buf_consume(in, at);
		a->over = !a->left;
		break;
	case ANSWER_CLOSE:
		buf_add(out, buf_str(in), in->len);
		buf_release(in);
		a->over = ended;
	}
	return ended && !a->over ? cut_short(err) : 0;
}
