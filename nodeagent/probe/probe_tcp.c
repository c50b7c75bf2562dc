/* SPDX-License-Identifier: Apache-2.0 */
/* Does somebody accept connections? (pkg/probe/tcp) */
#include <unistd.h>

#include "probe/probe_dial.h"
#include "probe/probe_internal.h"

struct tcp_run {
	struct probe_run r;
	struct probe_dial dial;
};

static void dialed(void *arg, int fd, const char *what)
{
	struct tcp_run *t = arg;
	if (fd >= 0)
		close(fd);
	probe_end_text(&t->r, fd >= 0 ? PROBE_PASSED : PROBE_FAILED, "%s", what);
}

static void start(struct probe_run *r)
{
	struct tcp_run *t = (struct tcp_run *)r;
	t->dial = (struct probe_dial){.loop = r->host->loop,
				      .name_lane = r->host->name_lane,
				      .host = r->rq.host,
				      .port = r->rq.port,
				      .fn = dialed,
				      .arg = t};
	probe_dial_start(&t->dial);
}

static void expire(struct probe_run *r)
{
	autobuf struct buf b = BUF_INIT;
	probe_dial_address(&b, r->rq.host, r->rq.port);
	probe_end_text(r, PROBE_FAILED, "dial tcp %s: i/o timeout", buf_str(&b));
}

static void release(struct probe_run *r, bool kill)
{
	probe_dial_stop(&((struct tcp_run *)r)->dial);
}

const struct probe_way probe_tcp = {
	.size = sizeof(struct tcp_run), .start = start, .expire = expire, .release = release};
