/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See informer_late.h. One that is stopped stays in its set, empty and without a connection: who has found it may look
 * into it for ever, and objects refer to its type.
 */
#include "controller/informer_late.h"

#include <stdlib.h>
#include "base/mem.h"
#include "controller/informer_internal.h"
#include "controller/informer_late_internal.h"

void informer_late_free_type(struct informer *i)
{
	struct informer_type *t = (struct informer_type *)i->type;

	free((char *)t->group);
	free((char *)t->version);
	free((char *)t->resource);
	free((char *)t->kind);
	free(t);
}

static const struct informer_type *make_type(const struct informer_type *like,
					     const struct informer_late *what)
{
	struct informer_type *t = MEM_NEW(struct informer_type);

	*t = *like;
	t->group = mem_strdup(what->group);
	t->version = mem_strdup(what->version);
	t->resource = mem_strdup(what->resource);
	t->kind = mem_strdup(what->kind);
	return t;
}

static bool sees_all(const struct informer *i, const char *group, const char *resource)
{
	return !i->query && !i->type->keep && !strcmp(i->type->group, group) &&
	       !strcmp(i->type->resource, resource);
}

/* Under the lock. */
static struct informer *find(struct informer_set *s, const char *group, const char *resource)
{
	for (struct map_iter it = {0}; map_next(&s->all, &it);)
		if (sees_all(it.value, group, resource))
			return it.value;
	return NULL;
}

struct informer *informer_late_find(struct informer_set *s, const char *group, const char *resource)
{
	pthread_mutex_lock(&s->lock);
	struct informer *i = find(s, group, resource);
	pthread_mutex_unlock(&s->lock);
	return i;
}

static struct informer *make(struct informer_set *s, const struct informer_type *like,
			     const struct informer_late *what)
{
	autofree char *key = mem_printf("%s.%s", what->resource, what->group);
	struct informer *i = informer_join(s, key, make_type(like, what), NULL);

	i->late = i->asleep = i->stopped = true;
	s->n_late++;
	return i;
}

/* On the loop: it does what was asked for last. */
static void follow(void *arg)
{
	struct informer *i = arg;
	struct informer_set *s = i->set;

	pthread_mutex_lock(&s->lock);
	bool run = !i->asleep && !atomic_load(&s->stopping), same = run == !i->stopped;
	i->stopped = !run;
	i->synced = i->synced && run;
	pthread_mutex_unlock(&s->lock);
	if (same)
		return;
	if (run) {
		informer_schedule(i, 0);
		return;
	}
	reflector_stop(i);
	informer_emptied(i);
}

/* Under the lock. */
static void ask(struct informer *i, bool asleep)
{
	i->asleep = asleep;
	if (i->set->started && !atomic_load(&i->set->stopping))
		loop_post(i->set->loop, follow, i);
}

struct informer *informer_late_add(struct informer_set *s, const struct informer_type *like,
				   const struct informer_late *what)
{
	pthread_mutex_lock(&s->lock);
	struct informer *i = find(s, what->group, what->resource);

	if (!i)
		i = make(s, like, what);
	if (i->asleep)
		ask(i, false);
	pthread_mutex_unlock(&s->lock);
	return i;
}

void informer_late_stop(struct informer *i)
{
	struct informer_set *s = i->set;

	pthread_mutex_lock(&s->lock);
	if (i->late && !i->asleep)
		ask(i, true);
	pthread_mutex_unlock(&s->lock);
}

bool informer_late_asleep(struct informer *i)
{
	pthread_mutex_lock(&i->set->lock);
	bool ret = i->late && i->asleep;
	pthread_mutex_unlock(&i->set->lock);
	return ret;
}

bool informer_late_is(const struct informer *i)
{
	return i->late;
}
