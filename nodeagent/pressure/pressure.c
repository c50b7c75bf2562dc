/* SPDX-License-Identifier: Apache-2.0 */
#include "pressure/pressure.h"

#include <stdlib.h>

#include "base/clock.h"
#include "object/quantity.h"

enum measure { BY_MEMORY, BY_DISK, BY_INODES, BY_PIDS };
static const struct {
	enum pressure_condition condition;
	const char *resource;
	enum measure measure;
} signals[PRESSURE_SIGNALS] = {
	[PRESSURE_MEMORY] = {PRESSURE_ON_MEMORY, "memory", BY_MEMORY},
	[PRESSURE_ALLOCATABLE_MEMORY] = {PRESSURE_ON_MEMORY, "memory", BY_MEMORY},
	[PRESSURE_NODEFS] = {PRESSURE_ON_DISK, "ephemeral-storage", BY_DISK},
	[PRESSURE_NODEFS_INODES] = {PRESSURE_ON_DISK, "inodes", BY_INODES},
	[PRESSURE_IMAGEFS] = {PRESSURE_ON_DISK, "ephemeral-storage", BY_DISK},
	[PRESSURE_IMAGEFS_INODES] = {PRESSURE_ON_DISK, "inodes", BY_INODES},
	[PRESSURE_PID] = {PRESSURE_ON_PID, "pids", BY_PIDS},
};

const char *pressure_resource(enum pressure_signal s)
{
	return signals[s].resource;
}

static bool is_met(const struct threshold *t, const struct pressure_observation *seen, bool with_reclaim)
{
	const struct pressure_observation *o = &seen[t->signal];
	int64_t wanted = threshold_quantity(&t->value, o->capacity);
	if (with_reclaim)
		wanted += threshold_quantity(&t->reclaim, o->capacity);
	return o->known && wanted > o->available;
}

static void note_conditions(struct pressure *p, int64_t now_ns)
{
	for (size_t i = 0; i < p->thresholds->n; i++)
		if (p->seen[i]) {
			enum pressure_condition c = signals[p->thresholds->v[i].signal].condition;
			p->ever[c] = true;
			p->last_ns[c] = now_ns;
		}
	for (size_t c = 0; c < PRESSURE_CONDITIONS; c++)
		p->on[c] =
			p->ever[c] && (p->last_ns[c] == now_ns || now_ns - p->last_ns[c] < p->transition_ns);
}

const struct threshold *
pressure_observe(struct pressure *p, const struct pressure_observation seen[PRESSURE_SIGNALS], int64_t now_ns)
{
	const struct threshold *starved = NULL;
	for (size_t i = 0; i < p->thresholds->n; i++) {
		const struct threshold *t = &p->thresholds->v[i];
		bool now = is_met(t, seen, false) || (p->met[i] && is_met(t, seen, true));
		if (now && !p->seen[i])
			p->first_ns[i] = now_ns;
		p->seen[i] = now;
		p->met[i] = now && now_ns - p->first_ns[i] >= t->grace_ns;
		/* Memory before all else. */
		bool memory = signals[t->signal].measure == BY_MEMORY;
		if (p->met[i] && (!starved || (memory && signals[starved->signal].measure != BY_MEMORY)))
			starved = t;
	}
	note_conditions(p, now_ns);
	return starved;
}

bool pressure_relieved(const struct pressure *p, const struct pressure_observation seen[PRESSURE_SIGNALS])
{
	for (size_t i = 0; i < p->thresholds->n; i++)
		if (is_met(&p->thresholds->v[i], seen, true))
			return false;
	return true;
}

static void earlier(int64_t *at, int64_t then)
{
	if (then < *at)
		*at = then;
}

int64_t pressure_next_ns(const struct pressure *p, int64_t now_ns)
{
	int64_t at = CLOCK_NEVER;
	for (size_t i = 0; i < p->thresholds->n; i++)
		if (p->seen[i] && !p->met[i])
			earlier(&at, p->first_ns[i] + p->thresholds->v[i].grace_ns);
	for (size_t c = 0; c < PRESSURE_CONDITIONS; c++)
		if (p->on[c])
			earlier(&at, p->last_ns[c] + p->transition_ns);
	return at < now_ns ? now_ns : at;
}

/* ---- Pods ---- */

static int64_t used(const struct pressure_pod *p, enum measure m)
{
	const int64_t v[] = {
		[BY_MEMORY] = p->memory, [BY_DISK] = p->disk, [BY_INODES] = p->inodes, [BY_PIDS] = p->pids};
	return v[m];
}

static int64_t requested(const struct pressure_pod *p, enum measure m)
{
	return m == BY_MEMORY ? p->memory_request : m == BY_DISK ? p->disk_request : 0;
}

static int compare(const void *a, const void *b, void *arg)
{
	const struct pressure_pod *x = a, *y = b;
	enum measure m = *(enum measure *)arg;
	int64_t over_x = used(x, m) - requested(x, m), over_y = used(y, m) - requested(y, m);
	/* Of pids nobody requests any: priority is first. A Pod of which nothing is known goes before the others. */
	bool exceeds_x = m != BY_PIDS && (!x->known || over_x > 0),
	     exceeds_y = m != BY_PIDS && (!y->known || over_y > 0);
	if (m != BY_PIDS && x->known != y->known)
		return x->known ? 1 : -1;
	if (exceeds_x != exceeds_y)
		return exceeds_x ? -1 : 1;
	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	if (x->known != y->known)
		return x->known ? 1 : -1;
	return over_x > over_y ? -1 : over_x < over_y;
}

void pressure_rank(struct pressure_pod *v, size_t n, enum pressure_signal starved)
{
	enum measure m = signals[starved].measure;
	if (n)
		qsort_r(v, n, sizeof(*v), compare, &m);
}

static void add_quantity(struct buf *out, int64_t v, enum measure m)
{
	struct quantity q = {.nano = (__int128)v * 1000000000,
			     .format = m == BY_MEMORY || m == BY_DISK ? QUANTITY_BINARY_SI
								      : QUANTITY_DECIMAL_SI};
	char text[QUANTITY_TEXT_MAX];
	quantity_format(&q, text);
	buf_adds(out, text);
}

struct consumption {
	int64_t used, requested;
};

static struct consumption usage_of(const struct pressure_container *c, enum measure m)
{
	return m == BY_MEMORY ? (struct consumption){c->memory, c->memory_request}
	       : m == BY_DISK ? (struct consumption){c->disk, c->disk_request}
			      : (struct consumption){0, 0};
}

static bool is_to_blame(const struct pressure_container *c, const struct consumption *u)
{
	return !c->ephemeral && u->used > u->requested;
}

void pressure_message(struct buf *out, const struct pressure_pod *p, const struct threshold *t,
		      const struct pressure_observation *seen)
{
	enum measure m = signals[t->signal].measure;
	const char *resource = signals[t->signal].resource;
	buf_addf(out, "The node was low on resource: %s. Threshold quantity: ", resource);
	add_quantity(out, threshold_quantity(&t->value, seen->capacity), m);
	buf_adds(out, ", available: ");
	add_quantity(out, seen->available, m);
	buf_adds(out, ". ");
	for (size_t i = 0; i < p->n; i++) {
		const struct pressure_container *c = &p->containers[i];
		struct consumption u = usage_of(c, m);
		if (!is_to_blame(c, &u))
			continue;
		buf_addf(out, "Container %s was using ", c->name);
		add_quantity(out, u.used, m);
		buf_adds(out, ", request is ");
		add_quantity(out, u.requested, m);
		buf_addf(out, ", has larger consumption of %s. ", resource);
	}
}

/* Names and quantities need no escapes. */
void pressure_annotations(struct buf *out, const struct pressure_pod *p, enum pressure_signal starved)
{
	enum measure m = signals[starved].measure;
	autobuf struct buf names = BUF_INIT, amounts = BUF_INIT;
	for (size_t i = 0; i < p->n; i++) {
		const struct pressure_container *c = &p->containers[i];
		struct consumption u = usage_of(c, m);
		if (!is_to_blame(c, &u))
			continue;
		buf_addf(&names, "%s%s", names.len ? "," : "", c->name);
		if (amounts.len)
			buf_addc(&amounts, ',');
		add_quantity(&amounts, u.used, m);
	}
	buf_addf(
		out,
		"{\"offending_containers\":\"%s\",\"offending_containers_usage\":\"%s\",\"starved_resource\":\"%s\"}",
		buf_str(&names), buf_str(&amounts), signals[starved].resource);
}
