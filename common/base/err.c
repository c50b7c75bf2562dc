/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages are formatted aside and then copied, so an error's own text may be among the arguments. A message
 * that is too long is cut before a whole UTF-8 sequence: it goes into JSON later.
 */
#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Copies text into the message, cut where a character begins. */
static void put(struct err *err, const char *text)
{
	size_t n = strlen(text);

	if (n >= ERR_MSG_MAX) {
		n = ERR_MSG_MAX - 1;
		while (n && ((unsigned char)text[n] & 0xc0) == 0x80)
			n--;
	}
	memcpy(err->msg, text, n);
	err->msg[n] = '\0';
}

void err_set_text(struct err *err, enum reason r, const char *fmt, ...)
{
	char text[ERR_MSG_MAX + 4];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	err->reason = r;
	put(err, text);
}

void err_errno_text(struct err *err, const char *fmt, ...)
{
	int saved = errno;
	char text[ERR_MSG_MAX + 4], what[128];
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(text))
		snprintf(text + n, sizeof(text) - (size_t)n, ": %s", strerror_r(saved, what, sizeof(what)));
	err->reason = REASON_IO;
	put(err, text);
	errno = saved;
}

void err_wrap_text(struct err *err, const char *fmt, ...)
{
	char text[2 * ERR_MSG_MAX + 4];
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(text, ERR_MSG_MAX, fmt, ap);
	va_end(ap);
	if (n < 0)
		n = 0;
	if (n >= ERR_MSG_MAX)
		n = ERR_MSG_MAX - 1;
	snprintf(text + n, sizeof(text) - (size_t)n, ": %s", err->msg);
	put(err, text);
}
