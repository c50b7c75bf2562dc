/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line is built on the stack and leaves with one write(2), so lines of several threads never mix and a log
 * file needs no lock. Line breaks and control characters are escaped: whoever chose a name or an error text
 * cannot forge a line. What does not fit is cut.
 */
#include "base/log.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"

#define LINE_MAX_BYTES 4096

int log_verbosity;

static atomic_int log_fd = STDERR_FILENO;

struct line {
	size_t len;
	char p[LINE_MAX_BYTES];
};

static void add_char(struct line *l, char c)
{
	if (l->len < sizeof(l->p) - 1)
		l->p[l->len++] = c;
}

/* quote also escapes what would end a quoted string. */
static void add_text(struct line *l, const char *s, bool quote)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '\n' || c == '\t' || c == '\r' || (quote && (c == '"' || c == '\\'))) {
			add_char(l, '\\');
			add_char(l, c == '\n' ? 'n' : c == '\t' ? 't' : c == '\r' ? 'r' : (char)c);
		} else if (c < 0x20 || c == 0x7f) {
			char hex[5];

			snprintf(hex, sizeof(hex), "\\x%02x", c);
			add_text(l, hex, false);
		} else {
			add_char(l, (char)c);
		}
	}
}

static void add_time(struct line *l)
{
	int64_t ns = clock_wall_ns();
	time_t s = (time_t)(ns / NS_PER_S);
	struct tm tm;
	char text[80];

	gmtime_r(&s, &tm);
	snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ ", tm.tm_year + 1900, tm.tm_mon + 1,
		 tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(ns % NS_PER_S / NS_PER_MS));
	add_text(l, text, false);
}

void log_write(enum log_level level, const char *msg, const struct err *err, const char *kv, ...)
{
	static const char *const names[] = {
		[LOG_ERROR] = "ERROR \"", [LOG_WARNING] = "WARNING \"", [LOG_INFO] = "INFO \""};
	struct line l;
	int saved = errno;

	l.len = 0;
	add_time(&l);
	add_text(&l, names[level], false);
	add_text(&l, msg, true);
	add_char(&l, '"');
	if (err) {
		add_text(&l, " err=\"", false);
		add_text(&l, err->msg, true);
		add_char(&l, '"');
	}
	if (kv && *kv) {
		char text[LINE_MAX_BYTES / 2];
		va_list ap;

		va_start(ap, kv);
		vsnprintf(text, sizeof(text), kv, ap);
		va_end(ap);
		add_char(&l, ' ');
		add_text(&l, text, false);
	}
	l.p[l.len++] = '\n'; /* add_char leaves its place */
	ssize_t n = write(log_fd, l.p, l.len);

	(void)n; /* nowhere to say so */
	errno = saved;
}

void log_set_fd(int fd)
{
	log_fd = fd < 0 ? STDERR_FILENO : fd;
}
