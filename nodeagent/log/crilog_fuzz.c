/* SPDX-License-Identifier: Apache-2.0 */
/* A log file of arbitrary bytes, read from the front and from its last lines: never more output than input
   plus the timestamps, and reading in pieces gives what reading at once gives. */
#include <assert.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "object/rfc3339.h"
#include "log/crilog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(int fd, const struct crilog_options *o, size_t piece, struct buf *out)
{
	struct crilog_reader r;
	struct err err = ERR_INIT;
	int rc = 1;
	if (crilog_open(&r, fd, o, &err) < 0)
		abort();
	while (rc > 0)
		rc = crilog_read(&r, out, out->len + piece, &err);
	assert(rc == 0);
	crilog_release(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	if (size < 2)
		return 0;
	if (fd < 0)
		fd = memfd_create("log", MFD_CLOEXEC);
	if (ftruncate(fd, 0) < 0 || pwrite(fd, data + 2, size - 2, 0) != (ssize_t)(size - 2))
		abort();
	const struct crilog_options all = {.tail_lines = -1, .limit_bytes = -1, .streams = CRILOG_BOTH};
	const struct crilog_options some = {.tail_lines = data[0] % 16,
					    .limit_bytes = data[1] & 1 ? data[1] : -1,
					    .timestamps = data[1] & 2,
					    .streams = 1 + data[0] % 3};
	autobuf struct buf a = BUF_INIT, b = BUF_INIT, c = BUF_INIT;
	read_all(fd, &all, 1 << 20, &a);
	read_all(fd, &all, 1, &b);
	assert(a.len == b.len && (!a.len || !memcmp(a.p, b.p, a.len)));
	assert(a.len <= size);
	read_all(fd, &some, 1 << 20, &c);
	assert(c.len <= size * (some.timestamps ? RFC3339_MAX : 1));
	if (some.limit_bytes >= 0)
		assert((int64_t)c.len <= some.limit_bytes);
	return 0;
}
