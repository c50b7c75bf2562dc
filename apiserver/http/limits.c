/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All connections that do the same have equally long, so a list in order of arrival is a list in order of
 * deadlines: setting a limit is moving a node, which a busy connection does four times a request. One timer
 * stands for all; it is set when something comes before it, and looks for the next when it fires, so traffic
 * does not move it.
 */
#include "http/limits.h"

static const int64_t lengths[LIMITS] = {
	[LIMIT_HANDSHAKE] = 10 * NS_PER_S, [LIMIT_HEADER] = 32 * NS_PER_S, [LIMIT_BODY] = 60 * NS_PER_S,
	[LIMIT_REPLY] = 60 * NS_PER_S,	   [LIMIT_QUIET] = 10 * NS_PER_S,  [LIMIT_IDLE] = 80 * NS_PER_S,
};

static struct limits_node *first(const struct limits *l, size_t which)
{
	const struct list *head = &l->lists[which];
	return list_empty(head) ? NULL : list_entry(head->next, struct limits_node, link);
}

static void on_timer(void *arg)
{
	struct limits *l = arg;
	int64_t now = clock_mono_ns(), next = CLOCK_NEVER;
	struct limits_node *n;
	for (size_t i = 0; i < LIMITS; i++)
		while ((n = first(l, i)) && n->deadline_ns <= now) {
			limits_clear(n);
			l->expired(n);
		}
	for (size_t i = 0; i < LIMITS; i++)
		if ((n = first(l, i)) && n->deadline_ns < next)
			next = n->deadline_ns;
	loop_timer_set(l->loop, &l->timer, next);
}

void limits_init(struct limits *l, struct loop *loop, void (*expired)(struct limits_node *n))
{
	*l = (struct limits){.loop = loop, .timer = {.fn = on_timer, .arg = l}, .expired = expired};
	l->timer.at_ns = CLOCK_NEVER;
	for (size_t i = 0; i < LIMITS; i++)
		list_init(&l->lists[i]);
}

void limits_release(struct limits *l)
{
	loop_timer_set(l->loop, &l->timer, CLOCK_NEVER);
}

void limits_init_node(struct limits_node *n)
{
	list_init(&n->link);
}

void limits_set(struct limits *l, struct limits_node *n, enum limit which)
{
	list_del(&n->link);
	n->deadline_ns = clock_mono_ns() + lengths[which];
	list_push_back(&l->lists[which], &n->link);
	if (!l->timer.node.pos || n->deadline_ns < l->timer.at_ns)
		loop_timer_set(l->loop, &l->timer, n->deadline_ns);
}

void limits_clear(struct limits_node *n)
{
	list_del(&n->link);
}
