/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/places.h"

#include <stdlib.h>

#include "base/mem.h"

void places_init(struct places *p, struct loop *l)
{
	p->loop = l;
	crowd_init(&p->strangers, PLACES_STRANGERS, PLACES_PER_ADDRESS);
}

void places_release(struct places *p)
{
	crowd_release(&p->strangers);
}

/* No longer one of the strangers. */
static void take_out(struct place *p)
{
	crowd_leave(&p->all->strangers, &p->stranger);
	loop_timer_set(p->loop, &p->deadline, CLOCK_NEVER);
}

static void end(void *arg)
{
	struct place *p = arg;
	take_out(p);
	(void)shutdown(p->fd, SHUT_RDWR);
}

struct place *places_take(struct places *p, int fd, const struct sockaddr *from)
{
	char name[CROWD_PLACE_MAX];
	struct place *x = MEM_NEW(struct place);
	*x = (struct place){.loop = p->loop, .all = p, .fd = fd};
	x->deadline = (struct loop_timer){.fn = end, .arg = x};
	crowd_place_name(from, name);
	crowd_enter(&p->strangers, &x->stranger, name);
	struct crowd_member *surplus = crowd_surplus(&p->strangers, &x->stranger);
	if (surplus)
		end(CONTAINER_OF(surplus, struct place, stranger));
	loop_timer_set(p->loop, &x->deadline, clock_mono_ns() + PLACES_STRANGER_NS);
	return x;
}

bool places_know(struct place *x)
{
	if (x->known)
		return true;
	/* One that is being ended stays so. */
	if (!x->stranger.place || x->all->n_known == PLACES_KNOWN)
		return false;
	take_out(x);
	x->known = true;
	x->all->n_known++;
	return true;
}

void places_leave(struct place *x)
{
	take_out(x);
	if (x->known)
		x->all->n_known--;
	free(x);
}
