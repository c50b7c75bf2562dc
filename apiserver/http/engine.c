/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What speaks HTTP on a loop: libmicrohttpd, as several daemons of which each has some of the connections.
 *
 * It walks all suspended connections of a daemon whenever one of them is resumed. A watch is suspended for its life, and
 * every request that is not answered at once is resumed: with all connections of a loop in one daemon the walks past 1,000
 * watches were a tenth of what a rollout cost the server (perf; 2.5 % since), and grew with them. So a daemon takes
 * ENGINE_ROOM connections, and the next one is started when all are full (16 KB). Of those that nobody is left in one is
 * kept for who comes.
 *
 * libmicrohttpd has no thread of its own. The loop waits on its epoll descriptor and then runs it without
 * waiting: left to itself, 0.9.75 calls epoll_wait again with the full timeout, before it serves anybody,
 * whenever exactly 128 events are ready. It is run again as long as it has something at hand, and once more
 * after a connection broke, because it forgets connections that it closed in the middle of a reply.
 */
#include "http/http_internal.h"

#include <stdlib.h>
#include <string.h>
#include "base/mem.h"

#define ENGINE_ROOM 128
#define ROUNDS 4

/* AES-128-GCM first: half the work of 256 for the same practical strength, and what Go prefers with AES
   hardware. X25519 first: it is what clients offer a key for at once, another one costs them a round trip. */
#define PRIORITIES                                                                                           \
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-"        \
	"POLY1305:"                                                                                          \
	"-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:%SERVER_PRECEDENCE"

struct engine {
	struct list link;
	struct wire *w;
	struct MHD_Daemon *daemon;
	struct loop_io polled; /* its epoll descriptor */
	struct conn *adding;   /* on its way into it */
	size_t live;	       /* connections */
	bool again;
};

/* ---- what it calls ---- */

static void on_connection(void *cls, struct MHD_Connection *mhd, void **ctx,
			  enum MHD_ConnectionNotificationCode code)
{
	struct engine *e = cls;
	struct conn *c = *ctx;
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		*ctx = c = STEAL(e->adding);
		e->live++;
		wire_begun(c, mhd);
	} else if (c) {
		*ctx = NULL;
		e->live--;
		wire_ended(c);
	}
}

/* It says in its log that it is about to refuse, and nowhere else. */
static void on_library_says(void *cls, const char *fmt, va_list ap)
{
	static const char refusal[] = "Error processing request (HTTP response code is %u";
	if (strncmp(fmt, refusal, sizeof(refusal) - 1))
		return;
	struct conn *c = connmem_user();
	if (c)
		transfer_refuse_raw(c, va_arg(ap, unsigned));
}

static void on_polled(void *arg, unsigned events)
{
	struct engine *e = arg;
	e->again = true;
	wire_drive(e->w);
}

/* ---- life ---- */

static struct MHD_Daemon *start_daemon(struct engine *e)
{
	struct wire *w = e->w;
	const struct listener *l = w->l;
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_TLS | MHD_USE_NO_LISTEN_SOCKET |
			 MHD_USE_ERROR_LOG;
	struct MHD_OptionItem trust[] = {{MHD_OPTION_HTTPS_MEM_TRUST, 0, l->ca}, {MHD_OPTION_END, 0, NULL}};
	return MHD_start_daemon(
		flags, 0, NULL, NULL, transfer_on_request, w, MHD_OPTION_EXTERNAL_LOGGER, on_library_says, w,
		MHD_OPTION_HTTPS_MEM_CERT, l->cert, MHD_OPTION_HTTPS_MEM_KEY, l->key,
		MHD_OPTION_HTTPS_PRIORITIES, PRIORITIES, MHD_OPTION_CONNECTION_LIMIT, (unsigned)l->max + 1,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNMEM_SIZE, MHD_OPTION_CONNECTION_TIMEOUT, 0u,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, e, MHD_OPTION_NOTIFY_COMPLETED,
		transfer_on_completed, w, MHD_OPTION_URI_LOG_CALLBACK, transfer_on_target, w,
		MHD_OPTION_ARRAY, l->ca ? trust : trust + 1, MHD_OPTION_END);
}

static void stop(struct engine *e)
{
	loop_io_stop(&e->polled);
	if (e->daemon)
		MHD_stop_daemon(e->daemon);
	list_del(&e->link);
	free(e);
}

int engine_start(struct wire *w, struct err *err)
{
	struct engine *e = MEM_NEW(struct engine);
	e->w = w;
	e->polled.fn = on_polled;
	e->polled.arg = e;
	list_push_back(&w->engines, &e->link);
	e->daemon = start_daemon(e);
	if (!e->daemon) {
		stop(e);
		return err_set(err, REASON_INTERNAL,
			       "cannot start the HTTPS server: is the key the certificate's?");
	}
	int fd = MHD_get_daemon_info(e->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	if (loop_io_start(w->loop, &e->polled, fd, LOOP_READ, err) < 0) {
		stop(e);
		return -1;
	}
	return 0;
}

/* Those that nobody needs. */
static void stop_empty(struct wire *w)
{
	bool spare = false;
	list_for_each_safe (pos, &w->engines) {
		struct engine *e = list_entry(pos, struct engine, link);
		if (e->live || e->again)
			continue;
		if (spare)
			stop(e);
		spare = true;
	}
}

/* ---- connections ---- */

static struct engine *with_room(struct wire *w)
{
	struct engine *best = NULL;
	struct err ignore = ERR_INIT;
	list_for_each (pos, &w->engines) {
		struct engine *e = list_entry(pos, struct engine, link);
		if (e->live < ENGINE_ROOM)
			return e;
		if (!best || e->live < best->live)
			best = e;
	}
	/* without another one there is no room, but a place */
	return engine_start(w, &ignore) < 0 ? best : list_entry(w->engines.prev, struct engine, link);
}

bool engine_add(struct conn *c, const struct sockaddr *a, socklen_t len)
{
	struct engine *e = c->engine = with_room(c->w);
	e->adding = c;
	bool ok = MHD_add_connection(e->daemon, c->io.fd, a, len) == MHD_YES;
	/* it has closed the descriptor when it failed */
	if (!ok && e->adding)
		wire_forget(c);
	e->adding = NULL;
	e->again |= ok;
	return ok;
}

void engine_resume(struct conn *c)
{
	MHD_resume_connection(c->mhd);
	engine_look(c->engine);
}

/* ---- running ---- */

void engine_look(struct engine *e)
{
	e->again = true;
	if (!e->w->driving)
		wire_look(e->w);
}

static bool has_more(const struct engine *e)
{
	MHD_UNSIGNED_LONG_LONG ms;
	return e->again || (MHD_get_timeout(e->daemon, &ms) == MHD_YES && !ms);
}

static void run(struct engine *e)
{
	int rounds = 0;
	do {
		e->again = false;
		MHD_run_wait(e->daemon, 0);
	} while (has_more(e) && ++rounds < ROUNDS);
	e->again |= rounds == ROUNDS;
}

bool engine_run_all(struct wire *w)
{
	bool more = false;
	list_for_each (pos, &w->engines) {
		struct engine *e = list_entry(pos, struct engine, link);
		if (e->again)
			run(e);
	}
	/* one of them may have given another something to do */
	list_for_each (pos, &w->engines)
		more |= list_entry(pos, struct engine, link)->again;
	stop_empty(w);
	return more;
}

void engine_stop_all(struct wire *w)
{
	list_for_each_safe (pos, &w->engines)
		stop(list_entry(pos, struct engine, link));
}
