/* SPDX-License-Identifier: Apache-2.0 */
#include "log/crilog.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "object/rfc3339.h"

enum { CHUNK = 16 * 1024 };

/* ---- one line ---- */

/* The next space-separated word of [*p, end). */
static bool next_word(const char **p, const char *end, const char **word, size_t *len)
{
	const char *space = memchr(*p, ' ', (size_t)(end - *p));
	if (!space || space == *p)
		return false;
	*word = *p;
	*len = (size_t)(space - *p);
	*p = space + 1;
	return true;
}

static bool is_word(const char *p, size_t n, const char *s)
{
	return n == strlen(s) && !memcmp(p, s, n);
}

bool crilog_parse(const char *p, size_t n, struct crilog_line *ret)
{
	const char *end = p + n, *when, *stream, *tags;
	size_t when_len, stream_len, tags_len;
	struct err err = ERR_INIT;
	char time[RFC3339_MAX];
	if (!next_word(&p, end, &when, &when_len) || when_len >= sizeof(time) ||
	    !next_word(&p, end, &stream, &stream_len))
		return false;
	/* The space after the tags is missing when the content is empty and the writer was terse. */
	if (!next_word(&p, end, &tags, &tags_len)) {
		tags = p;
		tags_len = (size_t)(end - p);
		p = end;
	}
	memcpy(time, when, when_len);
	time[when_len] = '\0';
	if (rfc3339_parse(time, &ret->ns, &err) < 0)
		return false;
	if (is_word(stream, stream_len, "stdout"))
		ret->stream = CRILOG_STDOUT;
	else if (is_word(stream, stream_len, "stderr"))
		ret->stream = CRILOG_STDERR;
	else
		return false;
	/* Tags are separated by colons; the first says whether the line is whole. */
	const char *colon = memchr(tags, ':', tags_len);
	size_t first = colon ? (size_t)(colon - tags) : tags_len;
	if (!is_word(tags, first, "F") && !is_word(tags, first, "P"))
		return false;
	ret->partial = *tags == 'P';
	ret->content = p;
	ret->content_len = (size_t)(end - p);
	return true;
}

/* ---- where the last lines begin ---- */

struct backwards {
	int fd;
	off_t begin;	 /* offset of text.p[0] */
	struct buf text; /* from begin to the end of what was not consumed yet */
};

static int more_before(struct backwards *b, struct err *err)
{
	char chunk[CHUNK];
	size_t n = b->begin < (off_t)sizeof(chunk) ? (size_t)b->begin : sizeof(chunk);
	ssize_t got = pread(b->fd, chunk, n, b->begin - (off_t)n);
	if (got < 0 || (size_t)got != n)
		return err_errno(err, "read log");
	autobuf struct buf joined = BUF_INIT;
	buf_add(&joined, chunk, n);
	buf_add(&joined, b->text.p, b->text.len);
	struct buf old = b->text;
	b->text = joined;
	joined = old;
	b->begin -= (off_t)n;
	return 0;
}

/* Cuts the last line off the text. False at the beginning of the file. A line beyond the limit is given up in
 * pieces. */
static int last_line(struct backwards *b, off_t *at, struct crilog_line *line, bool *valid, struct err *err)
{
	for (;;) {
		size_t end = b->text.len;
		if (end && b->text.p[end - 1] == '\n')
			end--;
		const char *nl = end ? memrchr(b->text.p, '\n', end) : NULL;
		if (!nl && b->begin > 0 && end < CRILOG_LINE_MAX) {
			if (more_before(b, err) < 0)
				return -1;
			continue;
		}
		if (!b->text.len)
			return 0;
		size_t start = nl ? (size_t)(nl + 1 - b->text.p) : 0;
		*at = b->begin + (off_t)start;
		/* The unfinished last line of the file is not there yet. */
		*valid = end < b->text.len && crilog_parse(b->text.p + start, end - start, line);
		buf_truncate(&b->text, start);
		return 1;
	}
}

/* Offset of the first of the last n lines of the wanted streams. A line of the container is an F entry with
   the P entries before it, so the n+1st F entry from the end marks the place behind which the wanted lines
   begin. */
static int find_tail(int fd, off_t size, int64_t n, enum crilog_stream streams, off_t *ret, struct err *err)
{
	struct backwards b = {.fd = fd, .begin = size};
	struct crilog_line line;
	off_t at = size, first = size;
	int64_t found = 0;
	bool valid;
	int rc = 0;
	while (n > 0 && (rc = last_line(&b, &at, &line, &valid, err)) > 0) {
		if (!valid || !(line.stream & streams))
			continue;
		if (!line.partial && found++ == n)
			break;
		first = at;
	}
	buf_release(&b.text);
	if (rc < 0)
		return -1;
	*ret = first;
	return 0;
}

/* ---- reading ---- */

int crilog_open(struct crilog_reader *r, int fd, const struct crilog_options *o, struct err *err)
{
	struct stat st;
	*r = (struct crilog_reader){.fd = fd, .o = *o, .left = o->limit_bytes};
	if (fstat(fd, &st) < 0)
		return err_errno(err, "stat log");
	if (o->tail_lines >= 0)
		return find_tail(fd, st.st_size, o->tail_lines, o->streams, &r->at, err);
	return 0;
}

void crilog_next(struct crilog_reader *r, int fd)
{
	r->fd = fd;
	r->at = 0;
	buf_clear(&r->raw);
}

void crilog_release(struct crilog_reader *r)
{
	buf_release(&r->raw);
}

bool crilog_limit_reached(const struct crilog_reader *r)
{
	return r->left == 0;
}

static void put(struct crilog_reader *r, struct buf *out, const char *p, size_t n)
{
	if (r->left >= 0 && (int64_t)n > r->left)
		n = (size_t)r->left;
	buf_add(out, p, n);
	if (r->left >= 0)
		r->left -= (int64_t)n;
}

static void show(struct crilog_reader *r, struct buf *out, const struct crilog_line *l)
{
	bool begins = !r->middle[l->stream];
	r->middle[l->stream] = l->partial;
	if (begins)
		r->skip[l->stream] = l->ns < r->o.since_ns;
	if (!(l->stream & r->o.streams) || r->skip[l->stream])
		return;
	if (begins && r->o.timestamps) { /* conmon writes local time */
		char time[RFC3339_MAX];
		rfc3339_format_nano(l->ns, time);
		put(r, out, time, strlen(time));
		put(r, out, " ", 1);
	}
	put(r, out, l->content, l->content_len);
	if (!l->partial)
		put(r, out, "\n", 1);
}

/* Handles the whole lines in r->raw. */
static void show_lines(struct crilog_reader *r, struct buf *out)
{
	size_t done = 0;
	const char *nl;
	struct crilog_line l;
	while (r->left != 0 && (nl = memchr(r->raw.p + done, '\n', r->raw.len - done))) {
		const char *p = r->raw.p + done;
		if (crilog_parse(p, (size_t)(nl - p), &l))
			show(r, out, &l);
		done = (size_t)(nl + 1 - r->raw.p);
	}
	buf_consume(&r->raw, done);
	if (r->raw.len > CRILOG_LINE_MAX)
		buf_clear(&r->raw);
}

int crilog_read(struct crilog_reader *r, struct buf *out, size_t max, struct err *err)
{
	char chunk[CHUNK];
	while (out->len < max && r->left != 0) {
		ssize_t n = pread(r->fd, chunk, sizeof(chunk), r->at);
		if (n < 0)
			return err_errno(err, "read log");
		if (n == 0)
			return 0;
		r->at += n;
		buf_add(&r->raw, chunk, (size_t)n);
		show_lines(r, out);
	}
	return r->left != 0;
}

void crilog_tail(struct buf *out, const char *path, int lines, size_t bytes)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	const struct crilog_options o = {.tail_lines = lines, .limit_bytes = -1, .streams = CRILOG_BOTH};
	struct crilog_reader r;
	struct err err = ERR_INIT;
	int rc = 1;
	if (fd < 0 || crilog_open(&r, fd, &o, &err) < 0)
		return;
	while (rc > 0) {
		rc = crilog_read(&r, out, out->len + CHUNK, &err);
		if (out->len > bytes)
			buf_consume(out, out->len - bytes);
	}
	crilog_release(&r);
}
