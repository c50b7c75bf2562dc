/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading and writing the descriptors of an exec'd or attached process. exec gives plain pipes (or a terminal); attach
 * gives conmon's socket, where a packet is one byte that names the channel and up to 8 KiB, and a fifo that takes
 * "1 ROWS COLUMNS" to resize the terminal. Both are told apart by `packets`.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "runtime/runtime_internal.h"

#define PACKET_MAX 8192
#define PACKET_STDERR 3

void runtime_stream_init(struct runtime_stream *s)
{
	*s = (struct runtime_stream){.in = -1, .out = -1, .errors = -1, .control = -1, .status = -1};
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void runtime_stream_close(struct runtime_stream *s)
{
	/* in of an attachment is out. */
	if (s->packets)
		s->in = -1;
	int *const fds[] = {&s->in, &s->out, &s->errors, &s->control, &s->status};
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		close_fd(fds[i]);
}

static ssize_t read_packet(int fd, void *p, size_t n, enum runtime_channel *ret)
{
	char channel = 0;
	struct iovec v[] = {{&channel, 1}, {p, n}};
	struct msghdr m = {.msg_iov = v, .msg_iovlen = ARRAY_LEN(v)};
	ssize_t got = recvmsg(fd, &m, MSG_DONTWAIT);
	*ret = channel == PACKET_STDERR ? RUNTIME_STDERR : RUNTIME_STDOUT;
	return got > 0 ? got - 1 : got;
}

ssize_t runtime_stream_read(struct runtime_stream *s, int fd, void *p, size_t n, enum runtime_channel *ret)
{
	if (s->packets)
		return read_packet(fd, p, n, ret);
	*ret = fd == s->errors ? RUNTIME_STDERR : RUNTIME_STDOUT;
	ssize_t got = read(fd, p, n);
	/* A terminal whose last process has closed it. */
	return got < 0 && errno == EIO ? 0 : got;
}

ssize_t runtime_stream_write(struct runtime_stream *s, const void *p, size_t n)
{
	if (!s->packets)
		return write(s->in, p, n);
	return send(s->in, p, n < PACKET_MAX ? n : PACKET_MAX, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void runtime_stream_end_input(struct runtime_stream *s)
{
	if (!s->packets) {
		close_fd(&s->in);
	} else if (s->in >= 0) {
		(void)shutdown(s->in, SHUT_WR);
		s->in = -1;
	}
}

bool runtime_stream_ended(struct runtime_stream *s, int *ret_code)
{
	struct runtime_report r;
	ssize_t n = recv(s->status, &r, sizeof(r), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	*ret_code = n == (ssize_t)sizeof(r) && r.kind == RUNTIME_REPORT_ENDED ? r.value : -1;
	return true;
}

int runtime_stream_resize(struct runtime_stream *s, int columns, int rows, struct err *err)
{
	struct winsize w = {.ws_col = (unsigned short)columns, .ws_row = (unsigned short)rows};
	if (s->control < 0)
		return 0;
	if (columns < 0 || rows < 0 || columns > UINT16_MAX || rows > UINT16_MAX)
		return err_set(err, REASON_INVALID, "terminal of %d columns and %d rows", columns, rows);
	int rc = s->packets ? dprintf(s->control, "1 %d %d\n", rows, columns)
			    : ioctl(s->control, TIOCSWINSZ, &w);
	return rc < 0 ? err_errno(err, "resize terminal") : 0;
}
