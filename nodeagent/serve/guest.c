/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/guest.h"

#include <stdlib.h>

#include "base/mem.h"
#include "serve/transport.h"

struct guest {
	struct guests *all;
	struct MHD_Connection *c;
	struct place *place;
	struct transport transport;
	struct list link; /* in asleep */
	struct loop_io io;
	bool asleep;
};

void guests_init(struct guests *g, struct loop *l, loop_fn *drive, void *arg)
{
	*g = (struct guests){.loop = l, .drive = drive, .arg = arg};
	list_init(&g->asleep);
}

static void stop_waiting(struct guest *x)
{
	if (!x->asleep)
		return;
	x->asleep = false;
	list_del(&x->link);
	loop_io_stop(&x->io);
}

static void wake(struct guest *x)
{
	stop_waiting(x);
	MHD_resume_connection(x->c);
}

void guests_wake(struct guests *g)
{
	while (!list_empty(&g->asleep))
		wake(list_entry(g->asleep.next, struct guest, link));
}

static void on_readable(void *arg, unsigned events)
{
	struct guest *x = arg;
	struct guests *all = x->all;
	wake(x);
	all->drive(all->arg);
}

static void on_wait(struct transport *t)
{
	struct guest *x = CONTAINER_OF(t, struct guest, transport);
	struct err ignored = ERR_INIT; /* then it spins for as long as a stranger may */
	if (x->asleep || loop_io_start(x->all->loop, &x->io, t->fd, LOOP_READ, &ignored) < 0)
		return;
	x->asleep = true;
	list_push_back(&x->all->asleep, &x->link);
	MHD_suspend_connection(x->c);
}

static const struct transport_events events = {.wait = on_wait};

struct guest *guest_enter(struct guests *g, struct MHD_Connection *c, struct place *place)
{
	struct guest *x = MEM_NEW(struct guest);
	*x = (struct guest){.all = g, .c = c, .place = place};
	x->io = (struct loop_io){.fn = on_readable, .arg = x};
	x->transport = (struct transport){.events = &events, .fd = place->fd, .exact = true};
	transport_attach(&x->transport,
			 MHD_get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION)->tls_session);
	return x;
}

struct place *guest_place(const struct guest *x)
{
	return x->place;
}

void guest_leave(struct guest *x)
{
	stop_waiting(x);
	transport_release(&x->transport);
	places_leave(x->place);
	free(x);
}
