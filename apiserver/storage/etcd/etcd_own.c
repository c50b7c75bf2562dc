/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/etcd/etcd_own.h"

#include "base/clock.h"

void own_list_init(struct own_list *l)
{
	*l = (struct own_list){0};
	pthread_mutex_init(&l->lock, NULL);
	list_init(&l->writes);
}

void own_list_release(struct own_list *l)
{
	pthread_mutex_destroy(&l->lock);
}

void own_add(struct own_list *l, struct own *o)
{
	clock_cond_init(&o->cond);
	pthread_mutex_lock(&l->lock);
	list_push_back(&l->writes, &o->link);
	pthread_mutex_unlock(&l->lock);
}

bool own_remove(struct own_list *l, struct own *o, uint64_t rev, int64_t deadline_ns)
{
	bool in_time = true;
	pthread_mutex_lock(&l->lock);
	o->rev = rev;
	while (rev && l->shown_rev < rev && in_time)
		in_time = clock_cond_wait(&o->cond, &l->lock, deadline_ns);
	bool shown = !rev || l->shown_rev >= rev;
	o->leaving = true;
	while (o->in_sink)
		clock_cond_wait(&o->cond, &l->lock, CLOCK_NEVER);
	list_del(&o->link);
	pthread_mutex_unlock(&l->lock);
	pthread_cond_destroy(&o->cond);
	return shown;
}

static bool same(struct wire_slice a, struct wire_slice b)
{
	return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

struct own *own_match(struct own_list *l, const struct wire_kv *kv)
{
	struct own *found = NULL;
	pthread_mutex_lock(&l->lock);
	list_for_each (pos, &l->writes) {
		struct own *o = list_entry(pos, struct own, link);
		if (!o->cookie || o->leaving || o->shown || o->in_sink || (o->rev && o->rev != kv->mod_rev) ||
		    !same(o->key64, kv->key))
			continue;
		if (kv->deleted ? o->value64.p != NULL : !o->value64.p || !same(o->value64, kv->value))
			continue;
		o->in_sink = true;
		found = o;
		break;
	}
	pthread_mutex_unlock(&l->lock);
	return found;
}

void own_shown(struct own_list *l, uint64_t rev)
{
	pthread_mutex_lock(&l->lock);
	if (rev > l->shown_rev)
		l->shown_rev = rev;
	list_for_each (pos, &l->writes) {
		struct own *o = list_entry(pos, struct own, link);
		bool waits = o->rev && o->rev <= l->shown_rev;
		if (o->in_sink) {
			o->in_sink = false;
			o->shown = true;
			waits = true;
		}
		if (waits)
			pthread_cond_signal(&o->cond);
	}
	pthread_mutex_unlock(&l->lock);
}

uint64_t own_shown_rev(struct own_list *l)
{
	pthread_mutex_lock(&l->lock);
	uint64_t rev = l->shown_rev;
	pthread_mutex_unlock(&l->lock);
	return rev;
}
