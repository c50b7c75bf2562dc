/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/etcd/etcd_lease_internal.h"

#include <stdlib.h>
#include "base/clock.h"
#include "serve/metric.h"
#include "storage/store.h"

#define LEASE_WINDOW_S 60
#define LEASE_WINDOW_PART 20 /* of the time to live */
#define LEASE_OBJECTS_MAX 1000

struct lease {
	struct list link;
	struct etcd_leases *of;
	uint64_t ttl_s, id; /* id 0: none */
	uint64_t objects;
	int64_t until_ns; /* what is written up to then lives long enough */
	struct list waiting;
	struct etcd_call call;
	struct buf body;
	int64_t asked_ns; /* CLOCK_NEVER: nothing is asked for */
};

static uint64_t window_s(uint64_t ttl_s)
{
	uint64_t part = ttl_s / LEASE_WINDOW_PART;
	return part < LEASE_WINDOW_S ? part : LEASE_WINDOW_S;
}

static struct lease *find(struct etcd_leases *l, uint64_t ttl_s)
{
	list_for_each (pos, &l->all) {
		struct lease *e = list_entry(pos, struct lease, link);
		if (e->ttl_s == ttl_s)
			return e;
	}
	struct lease *e = MEM_NEW(struct lease);
	*e = (struct lease){.of = l, .ttl_s = ttl_s, .body = BUF_INIT, .asked_ns = CLOCK_NEVER};
	list_init(&e->waiting);
	etcd_client_wire(l->client)->grant(&e->body, ttl_s + window_s(ttl_s));
	list_push_back(&l->all, &e->link);
	return e;
}

/* How well leases are shared. */
static void count(uint64_t objects)
{
	static const double buckets[] = {10, 50, 100, 500, 1000, 2500, 5000, 0};
	static const struct metric_def def = {
		.name = "etcd_lease_object_counts",
		.help = "[ALPHA] Number of objects attached to a single etcd lease.",
		.type = METRIC_HISTOGRAM,
		.buckets = buckets};
	metric_observe(metric_series(metric_register(&def), NULL), (double)objects);
}

static bool usable(const struct lease *e)
{
	return e->id && e->objects < LEASE_OBJECTS_MAX && clock_mono_ns() < e->until_ns;
}

static void ask(struct lease *e);

static void take_reply(struct lease *e, const struct etcd_wire_slice *r, struct err *err)
{
	struct etcd_wire_grant_reply reply;
	if (etcd_client_wire(e->of->client)->read_grant(r->p, r->n, &reply, err) < 0)
		return;
	if (!reply.lease || reply.ttl_s < e->ttl_s) {
		err_set(err, REASON_UNAVAILABLE, "etcd: reply is not understood: no lease");
		return;
	}
	if (e->objects)
		count(e->objects);
	e->id = reply.lease;
	e->objects = 0;
	/* At least one write goes with it however short it is, as those that have waited cannot wait for ever. */
	e->until_ns = e->asked_ns + (int64_t)(reply.ttl_s - e->ttl_s) * NS_PER_S;
}

static void on_granted(struct etcd_call *k, const struct etcd_wire_slice *r, const struct err *failed)
{
	struct lease *e = CONTAINER_OF(k, struct lease, call);
	struct list waiting = LIST_INIT(waiting), *pos;
	struct err err = ERR_INIT;
	if (failed)
		err = *failed;
	else
		take_reply(e, r, &err);
	e->asked_ns = CLOCK_NEVER;
	bool ok = err.reason == REASON_NONE;
	while ((!ok || e->objects < LEASE_OBJECTS_MAX) && (pos = list_pop_front(&e->waiting))) {
		list_push_back(&waiting, pos);
		e->objects += ok;
	}
	if (!list_empty(&e->waiting))
		ask(e);
	uint64_t id = e->id;
	while ((pos = list_pop_front(&waiting))) {
		struct etcd_lease_wait *w = list_entry(pos, struct etcd_lease_wait, link);
		w->done(w, id, ok ? NULL : &err);
	}
}

static void ask(struct lease *e)
{
	e->call = (struct etcd_call){.method = ETCD_WIRE_GRANT,
				     .body = &e->body,
				     .timeout_ns = STORE_DEADLINE_NS,
				     .done = on_granted};
	e->asked_ns = clock_mono_ns();
	etcd_call(e->of->client, &e->call);
}

void etcd_lease_get(struct etcd_leases *l, uint64_t ttl_s, struct etcd_lease_wait *w)
{
	struct lease *e = find(l, ttl_s);
	if (usable(e)) {
		e->objects++;
		w->done(w, e->id, NULL);
		return;
	}
	list_push_back(&e->waiting, &w->link);
	if (e->asked_ns == CLOCK_NEVER)
		ask(e);
}

void etcd_lease_forget(struct etcd_leases *l, uint64_t lease)
{
	list_for_each (pos, &l->all) {
		struct lease *e = list_entry(pos, struct lease, link);
		if (e->id == lease)
			e->id = 0;
	}
}

void etcd_leases_init(struct etcd_leases *l, struct etcd_client *c)
{
	l->client = c;
	list_init(&l->all);
}

void etcd_leases_release(struct etcd_leases *l)
{
	struct list *pos;
	while ((pos = list_pop_front(&l->all))) {
		struct lease *e = list_entry(pos, struct lease, link);
		buf_release(&e->body);
		free(e);
	}
}
