/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/places.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void places_init(struct places *p, struct loop *l)
{
	p->loop = l;
	list_init(&p->strangers);
}

static void set_address(struct place *p, const struct sockaddr *from)
{
	static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
	if (from->sa_family == AF_INET6) {
		memcpy(p->address, &((const struct sockaddr_in6 *)from)->sin6_addr, sizeof(p->address));
		return;
	}
	memcpy(p->address, mapped, sizeof(mapped));
	if (from->sa_family == AF_INET)
		memcpy(p->address + sizeof(mapped), &((const struct sockaddr_in *)from)->sin_addr, 4);
}

static bool same_address(const struct place *a, const struct place *b)
{
	return !memcmp(a->address, b->address, sizeof(a->address));
}

static size_t count(const struct places *p, const struct place *like)
{
	size_t n = 0;
	list_for_each (l, &p->strangers)
		n += same_address(list_entry(l, struct place, link), like);
	return n;
}

/* No longer one of the strangers. */
static void take_out(struct place *p)
{
	if (!p->stranger)
		return;
	p->stranger = false;
	list_del(&p->link);
	p->all->n_strangers--;
	loop_timer_set(p->loop, &p->deadline, CLOCK_NEVER);
}

static void end(void *arg)
{
	struct place *p = arg;
	take_out(p);
	(void)shutdown(p->fd, SHUT_RDWR);
}

static void make_room(struct places *p, const struct place *newcomer)
{
	struct place *worst = NULL;
	size_t most = 0;
	if (count(p, newcomer) < PLACES_PER_ADDRESS && p->n_strangers < PLACES_STRANGERS)
		return;
	list_for_each (l, &p->strangers) {
		struct place *x = list_entry(l, struct place, link);
		size_t n = count(p, x);
		if (same_address(x, newcomer) && n >= PLACES_PER_ADDRESS) {
			worst = x;
			break;
		}
		if (n > most) {
			most = n;
			worst = x;
		}
	}
	end(worst);
}

struct place *places_take(struct places *p, int fd, const struct sockaddr *from)
{
	struct place *x = MEM_NEW(struct place);
	*x = (struct place){.loop = p->loop, .all = p, .fd = fd, .stranger = true};
	x->deadline = (struct loop_timer){.fn = end, .arg = x};
	set_address(x, from);
	make_room(p, x);
	list_push_back(&p->strangers, &x->link);
	p->n_strangers++;
	loop_timer_set(p->loop, &x->deadline, clock_mono_ns() + PLACES_STRANGER_NS);
	return x;
}

bool places_know(struct place *x)
{
	if (x->known)
		return true;
	/* One that is being ended stays so. */
	if (!x->stranger || x->all->n_known == PLACES_KNOWN)
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
