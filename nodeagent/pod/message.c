/* SPDX-License-Identifier: Apache-2.0 */
#include "pod/message.h"

#include "log/crilog.h"
#include "os/tree.h"

char *message_path(const char *root, const char *uid, const char *container, unsigned attempt)
{
	return mem_printf("%s/pods/%s/containers/%s/%u", root, uid, container, attempt);
}

/* What a container wrote need not be text: the message stops at the first byte that JSON could not carry. */
static void take(struct buf *out, const struct buf *text, size_t max)
{
	size_t n = text->len < max ? text->len : max;
	buf_add(out, text->p, buf_utf8_valid(text->p, n));
}

void message_read(struct buf *out, const char *path, const char *log_path)
{
	autobuf struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	if (tree_read(path, MESSAGE_MAX * 16, &text, &err) == 0 && text.len) {
		take(out, &text, MESSAGE_MAX);
		return;
	}
	if (!log_path)
		return;
	buf_clear(&text);
	crilog_tail(&text, log_path, MESSAGE_LOG_LINES, MESSAGE_LOG_MAX);
	if (text.len)
		take(out, &text, MESSAGE_LOG_MAX);
}
