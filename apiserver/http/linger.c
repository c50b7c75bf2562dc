/* SPDX-License-Identifier: Apache-2.0 */
/* What comes is read and dropped until the client closes, or for two seconds, or a megabyte. A bounded number. */
#include "http/linger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/list.h"

#define LINGER_NS (2 * NS_PER_S)
#define LINGER_BYTES ((size_t)1 << 20)
#define LINGER_MAX 256

struct linger_end {
	struct list link;
	struct lingers *all;
	struct loop_io io;
	struct loop_timer timer;
	size_t taken;
};
struct lingers {
	struct loop *loop;
	struct list list;
	size_t n;
};

static void end(void *arg)
{
	struct linger_end *g = arg;
	list_del(&g->link);
	g->all->n--;
	loop_timer_set(g->all->loop, &g->timer, CLOCK_NEVER);
	loop_io_stop(&g->io);
	close(g->io.fd);
	free(g);
}

static void on_bytes(void *arg, unsigned events)
{
	char drop[16384];
	struct linger_end *g = arg;
	ssize_t n = recv(g->io.fd, drop, sizeof(drop), MSG_DONTWAIT);
	if (n > 0)
		g->taken += (size_t)n;
	if (n > 0 ? g->taken >= LINGER_BYTES : !(n < 0 && (errno == EAGAIN || errno == EINTR)))
		end(g);
}

void linger_start(struct lingers *ls, int fd)
{
	struct err err = ERR_INIT;
	int copy = ls->n < LINGER_MAX ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
	if (copy < 0)
		return;
	struct linger_end *g = MEM_NEW(struct linger_end);
	g->all = ls;
	list_init(&g->link);
	list_push_back(&ls->list, &g->link);
	ls->n++;
	g->io.fd = copy;
	g->io.fn = on_bytes;
	g->timer.fn = end;
	g->io.arg = g->timer.arg = g;
	shutdown(copy, SHUT_WR);
	loop_timer_set(ls->loop, &g->timer, clock_mono_ns() + LINGER_NS);
	if (loop_io_start(ls->loop, &g->io, copy, LOOP_READ, &err) < 0)
		end(g);
}

struct lingers *lingers_new(struct loop *l)
{
	struct lingers *ls = MEM_NEW(struct lingers);
	ls->loop = l;
	list_init(&ls->list);
	return ls;
}

void lingers_free(struct lingers *ls)
{
	list_for_each_safe (pos, &ls->list)
		end(list_entry(pos, struct linger_end, link));
	free(ls);
}
