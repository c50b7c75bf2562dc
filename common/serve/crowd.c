/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whoever comes is let in and the one goes that has done nothing for longest, of the same address when there
 * are too many from there. Refusing the newcomer instead would let a few silent connections shut out everybody
 * else for as long as they may be silent; as it is, a client needs to be faster than a flood fills the room.
 */
#include "serve/crowd.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

struct crowd_place {
	struct list members; /* least recently active first */
	size_t n, bytes;
	char name[];
};

void crowd_init(struct crowd *c, size_t max, size_t max_per_place)
{
	*c = (struct crowd){
		.max = max, .max_per_place = max_per_place, .max_bytes = SIZE_MAX, .places = MAP_INIT};
	list_init(&c->all);
}

void crowd_release(struct crowd *c)
{
	assert(!c->n);
	map_release(&c->places);
}

static struct crowd_place *place_of(struct crowd *c, const char *name)
{
	struct crowd_place *p = map_get(&c->places, name);
	if (p)
		return p;
	size_t n = strlen(name) + 1;
	p = mem_zalloc(sizeof(*p) + n);
	memcpy(p->name, name, n);
	list_init(&p->members);
	map_set(&c->places, name, p);
	return p;
}

void crowd_enter(struct crowd *c, struct crowd_member *m, const char *place)
{
	m->place = place_of(c, place);
	m->place->n++;
	c->n++;
	list_init(&m->all);
	list_init(&m->same);
	list_push_back(&c->all, &m->all);
	list_push_back(&m->place->members, &m->same);
}

void crowd_leave(struct crowd *c, struct crowd_member *m)
{
	struct crowd_place *p = m->place;
	if (!p)
		return;
	m->place = NULL;
	p->bytes -= m->bytes;
	c->n--;
	list_del(&m->all);
	list_del(&m->same);
	if (--p->n)
		return;
	map_del(&c->places, p->name);
	free(p);
}

void crowd_touch(struct crowd *c, struct crowd_member *m)
{
	if (!m->place)
		return;
	list_del(&m->all);
	list_push_back(&c->all, &m->all);
	list_del(&m->same);
	list_push_back(&m->place->members, &m->same);
}

bool crowd_take(struct crowd *c, struct crowd_member *m, size_t n)
{
	m->bytes += n;
	c->bytes += n;
	if (m->place)
		m->place->bytes += n;
	return c->bytes <= c->max_bytes && (!m->place || m->place->bytes <= c->max_bytes / CROWD_BYTES_SHARE);
}

void crowd_give(struct crowd *c, struct crowd_member *m)
{
	c->bytes -= m->bytes;
	if (m->place)
		m->place->bytes -= m->bytes;
	m->bytes = 0;
}

struct crowd_member *crowd_oldest(const struct crowd *c)
{
	return c->n ? list_entry(c->all.next, struct crowd_member, all) : NULL;
}

struct crowd_member *crowd_surplus(const struct crowd *c, const struct crowd_member *last)
{
	const struct crowd_place *p = last->place;
	if (p && p->n > c->max_per_place)
		return list_entry(p->members.next, struct crowd_member, same);
	return c->n > c->max ? crowd_oldest(c) : NULL;
}

/* Who has one IPv6 address has 2^64 of them. */
void crowd_place_name(const struct sockaddr *from, char name[CROWD_PLACE_MAX])
{
	struct in6_addr v6;
	*name = '\0';
	if (from->sa_family == AF_INET) {
		inet_ntop(AF_INET, &((const struct sockaddr_in *)from)->sin_addr, name, CROWD_PLACE_MAX);
	} else if (from->sa_family == AF_INET6) {
		v6 = ((const struct sockaddr_in6 *)from)->sin6_addr;
		if (IN6_IS_ADDR_V4MAPPED(&v6)) {
			inet_ntop(AF_INET, &v6.s6_addr[12], name, CROWD_PLACE_MAX);
			return;
		}
		memset(&v6.s6_addr[8], 0, 8);
		inet_ntop(AF_INET6, &v6, name, CROWD_PLACE_MAX);
	}
}
