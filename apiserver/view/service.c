/* SPDX-License-Identifier: Apache-2.0 */
/* See service.h. Claims are few per Service, and more than one per address is an accident: lists. */
#include "view/service.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include "base/unique.h"
#include "view/view_internal.h"

struct service_port {
	int32_t node_port;
};
struct service_claims {
	const char *ns, *name, *ip;
	const struct service_port *ports;
	size_t n_ports;
	int32_t health_port;
};

static const struct decode_row port_rows[] = {DECODE_INT32("nodePort", struct service_port, node_port)};
static const struct decode_spec port_spec = DECODE_SPEC(struct service_port, port_rows);
static const struct decode_row service_rows[] = {
	DECODE_STRING("metadata.name", struct service_claims, name),
	DECODE_STRING("metadata.namespace", struct service_claims, ns),
	DECODE_STRING("spec.clusterIP", struct service_claims, ip),
	DECODE_ARRAY("spec.ports", struct service_claims, ports, n_ports, &port_spec),
	DECODE_INT32("spec.healthCheckNodePort", struct service_claims, health_port),
};
static const struct service_claims nothing = {.ns = "", .name = "", .ip = ""};
static const struct decode_spec spec = DECODE_SPEC(struct service_claims, service_rows, .initial = &nothing);

struct claim { /* one of a Service, in the order in which they were made */
	struct claim *next;
	char *key; /* of the Service */
};
struct claims {
	struct map by_claim;	   /* claim -> struct claim, the holder first */
	pthread_mutex_t tell_lock; /* the listener, who is called under it */
	void (*listener)(void *arg, view_service_claim c);
	void *arg;
};

/* ---- what a Service claims ---- */

#define N_FIXED 2 /* address, health check */

static view_service_claim claim_at(const struct service_claims *s, size_t i)
{
	struct in_addr in;
	if (i == 0)
		return *s->ip && inet_pton(AF_INET, s->ip, &in) == 1 ? ntohl(in.s_addr) : 0;
	return (view_service_claim)(i == 1 ? s->health_port : s->ports[i - N_FIXED].node_port);
}

static bool is_first(struct unique *u, view_service_claim c)
{
	size_t i = u->seen++;
	return unique_first(u, &c, sizeof(c), i) == i;
}

static size_t n_claims(const struct service_claims *s)
{
	return s ? N_FIXED + s->n_ports : 0;
}

/* ---- who holds what ---- */

static struct claim *holder(const struct claims *all, view_service_claim c)
{
	return map_getn(&all->by_claim, (const char *)&c, sizeof(c));
}

static void add(struct claims *all, view_service_claim c, const char *key)
{
	struct claim *mine = MEM_NEW(struct claim), *last = holder(all, c);
	mine->key = mem_strdup(key);
	if (!last) {
		map_setn(&all->by_claim, (const char *)&c, sizeof(c), mine);
	} else {
		while (last->next)
			last = last->next;
		last->next = mine;
	}
}

static void claim_free(struct claim *c)
{
	free(c->key);
	free(c);
}

static void del(struct claims *all, view_service_claim c, const char *key)
{
	struct claim *first = holder(all, c), **at = &first;
	while (*at && strcmp((*at)->key, key))
		at = &(*at)->next;
	if (!*at)
		return;
	struct claim *gone = *at;
	*at = gone->next;
	claim_free(gone);
	if (first)
		map_setn(&all->by_claim, (const char *)&c, sizeof(c), first);
	else
		map_deln(&all->by_claim, (const char *)&c, sizeof(c));
}

/* fn for each claim of s, once, that `other` does not have. */
static void each(struct claims *all, const struct service_claims *s, const struct service_claims *other,
		 void (*fn)(struct claims *all, view_service_claim c, const char *key))
{
	autofree char *key = s ? mem_printf("%s/%s", s->ns, s->name) : NULL;
	autounique struct unique seen = {.n = 0};
	for (size_t i = 0; i < n_claims(other); i++)
		is_first(&seen, claim_at(other, i));
	for (size_t i = 0; i < n_claims(s); i++) {
		view_service_claim c = claim_at(s, i);
		if (c && is_first(&seen, c))
			fn(all, c, key);
	}
}

static void changed(struct view *v, const void *old, const void *new)
{
	each(v->derived, old, new, del);
	each(v->derived, new, old, add);
}

static void tell_one(struct claims *all, view_service_claim c, const char *key)
{
	(void)key;
	all->listener(all->arg, c);
}

static void tell(struct view *v, const void *old, const void *new)
{
	struct claims *all = v->derived;
	pthread_mutex_lock(&all->tell_lock);
	if (all->listener)
		each(all, new, old, tell_one);
	pthread_mutex_unlock(&all->tell_lock);
}

static void init(struct view *v)
{
	struct claims *all = MEM_NEW(struct claims);
	pthread_mutex_init(&all->tell_lock, NULL);
	v->derived = all;
}

static void release(struct view *v)
{
	struct claims *all = v->derived;
	for (struct map_iter it = {0}; map_next(&all->by_claim, &it);)
		for (struct claim *c = it.value, *next; c; c = next) {
			next = c->next;
			claim_free(c);
		}
	map_release(&all->by_claim);
	pthread_mutex_destroy(&all->tell_lock);
	free(all);
}

const struct view_row view_service_row = {.group = "",
					  .version = "v1",
					  .kind = "Service",
					  .spec = &spec,
					  .changed = changed,
					  .tell = tell,
					  .init = init,
					  .release = release};

/* ---- questions ---- */

bool view_service_taken(struct views *views, view_service_claim c)
{
	struct view *v = view_read(views, VIEW_SERVICE);
	bool taken = holder(v->derived, c) != NULL;
	view_done(v);
	return taken;
}

bool view_service_lost(struct views *views, const char *key, view_service_claim c)
{
	struct view *v = view_read(views, VIEW_SERVICE);
	const struct claim *first = holder(v->derived, c);
	bool yes = first && strcmp(first->key, key);
	view_done(v);
	return yes;
}

void view_service_listen(struct views *views, void (*fn)(void *arg, view_service_claim c), void *arg)
{
	struct view *v = view_read(views, VIEW_SERVICE);
	struct claims *all = v->derived;
	view_done(v);
	pthread_mutex_lock(&all->tell_lock);
	all->listener = fn;
	all->arg = arg;
	pthread_mutex_unlock(&all->tell_lock);
}
