/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/etcd/etcd_own_internal.h"

#include <string.h>

void etcd_own_init(struct etcd_own_list *l)
{
	list_init(&l->writes);
	l->shown_rev = 0;
}

void etcd_own_add(struct etcd_own_list *l, struct etcd_own *o)
{
	list_push_back(&l->writes, &o->link);
}

void etcd_own_del(struct etcd_own *o)
{
	list_del(&o->link);
}

static bool same(struct etcd_wire_slice a, struct etcd_wire_slice b)
{
	return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

/* Keys differ at their ends: the names. */
static bool same_key(struct etcd_wire_slice a, struct etcd_wire_slice b)
{
	return a.n == b.n && (a.n < 8 || memcmp(a.p + a.n - 8, b.p + b.n - 8, 8) == 0) && same(a, b);
}

struct etcd_own *etcd_own_match(struct etcd_own_list *l, const struct etcd_wire_kv *kv)
{
	list_for_each (pos, &l->writes) {
		struct etcd_own *o = list_entry(pos, struct etcd_own, link);
		if (!o->cookie || o->matched || o->shown || (o->rev && o->rev != kv->mod_rev) ||
		    !same_key(o->sent_key, kv->key))
			continue;
		if (kv->deleted ? o->sent_value.p != NULL
				: !o->sent_value.p || !same(o->sent_value, kv->value))
			continue;
		o->matched = true;
		return o;
	}
	return NULL;
}

void etcd_own_shown(struct etcd_own_list *l, uint64_t rev)
{
	struct list done = LIST_INIT(done), *pos;
	if (rev > l->shown_rev)
		l->shown_rev = rev;
	list_for_each_safe (p, &l->writes) {
		struct etcd_own *o = list_entry(p, struct etcd_own, link);
		o->shown |= o->matched && rev;
		o->matched = false;
		if (o->rev && o->rev <= l->shown_rev) {
			list_del(&o->link);
			list_push_back(&done, &o->link);
		}
	}
	while ((pos = list_pop_front(&done))) {
		struct etcd_own *o = list_entry(pos, struct etcd_own, link);
		o->done(o);
	}
}
