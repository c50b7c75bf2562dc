/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of managers of new objects, by what decides them: who made the object, in which version, and which fields it has
 * (fieldset_digest). A ReplicaSet's thousand Pods have one list but for its time, so it is worked out once.
 *
 * A few dozen places, each for the last that fell on it. What decides a list is kept as 128 bits of a keyed hash, which nobody
 * can aim at. Kinds of definitions are left out: their types come and go.
 */
#include "registry/managed_internal.h"

#include "base/map.h"
#include "base/rand.h"
#include "object/rfc3339.h"

#define PLACES 64

struct managed_memo {
	pthread_mutex_t lock;
	uint64_t keys[2][2];
	struct place {
		uint64_t hash[2];
		struct obj_managed *list; /* NULL: free */
	} places[PLACES];
};

struct managed_memo *managed_memo_new(void)
{
	struct managed_memo *m = MEM_NEW(struct managed_memo);

	pthread_mutex_init(&m->lock, NULL);
	rand_bytes(m->keys, sizeof(m->keys));
	return m;
}

void managed_memo_free(struct managed_memo *m)
{
	for (size_t i = 0; i < PLACES; i++)
		obj_managed_unref(m->places[i].list);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

bool managed_memo_key(struct managed_memo *m, const struct registry_call *c, const char *author,
		      const js *new, struct managed_memo_key *ret)
{
	autobuf struct buf b = BUF_INIT;

	if (*c->ctx.subresource || c->kind->type->structural)
		return false;
	buf_reserve(&b, 2048);
	buf_add(&b, &c->kind, sizeof(c->kind));
	buf_add(&b, author, strlen(author) + 1);
	if (!fieldset_digest(&b, c->kind->type, new))
		return false;
	for (size_t i = 0; i < 2; i++)
		ret->hash[i] = map_siphash13(m->keys[i], b.p, b.len);
	return true;
}

struct obj_managed *managed_memo_get(struct managed_memo *m, const struct managed_memo_key *key,
				     int64_t now_ns)
{
	struct place *p = &m->places[key->hash[0] % PLACES];
	struct obj_managed *list = NULL;
	char time[RFC3339_MAX];

	pthread_mutex_lock(&m->lock);
	if (p->list && !memcmp(p->hash, key->hash, sizeof(p->hash)))
		list = obj_managed_ref(p->list);
	pthread_mutex_unlock(&m->lock);
	if (!list)
		return NULL;
	rfc3339_format(now_ns, time);
	struct obj_managed *ret = obj_managed_at(list, time);

	obj_managed_unref(list);
	return ret;
}

void managed_memo_put(struct managed_memo *m, const struct managed_memo_key *key, struct obj_managed *list)
{
	struct place *p = &m->places[key->hash[0] % PLACES];

	pthread_mutex_lock(&m->lock);
	struct obj_managed *was = p->list;

	memcpy(p->hash, key->hash, sizeof(p->hash));
	p->list = obj_managed_ref(list);
	pthread_mutex_unlock(&m->lock);
	obj_managed_unref(was);
}
