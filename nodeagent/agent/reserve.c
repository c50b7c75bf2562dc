/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/reserve.h"

#include <string.h>

#include "object/core/resources.h"
#include "object/quantity.h"

static int add_one(const char *name, const char *value, struct reserve *ret, struct err *err)
{
	const struct {
		const char *name;
		int64_t *to;
	} rows[] = {{"cpu", &ret->cpu_milli},
		    {"memory", &ret->memory},
		    {"ephemeral-storage", &ret->storage},
		    {"pid", &ret->pids}};
	struct quantity q;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (strcmp(rows[i].name, name) != 0)
			continue;
		if (quantity_parse(value, &q, err) < 0)
			return -1;
		int64_t v = i ? quantity_value(&q) : quantity_milli(&q);
		if (v < 0)
			return err_set(err, REASON_INVALID,
				       "resource quantity for \"%s\" cannot be negative: %s", name, value);
		*rows[i].to += v > RESOURCE_MAX ? RESOURCE_MAX : v;
		return 0;
	}
	return err_set(err, REASON_INVALID, "cannot reserve \"%s\" resource", name);
}

int reserve_add(const char *text, const char *flag, struct reserve *ret, struct err *err)
{
	autofree char *copy = mem_strdup(text);
	char *save = NULL;
	for (char *item = strtok_r(copy, ",", &save); item; item = strtok_r(NULL, ",", &save)) {
		char *equals = strchr(item, '=');
		if (!equals)
			return err_set(err, REASON_INVALID, "--%s: \"%s\" is no NAME=QUANTITY", flag, item);
		*equals = '\0';
		if (add_one(item, equals + 1, ret, err) < 0)
			return err_wrap(err, "--%s", flag);
	}
	return 0;
}

static int64_t without(int64_t all, int64_t part)
{
	return part < all ? all - part : 0;
}

struct reserve reserve_bound(const struct node_facts *f, const struct reserve *r)
{
	return (struct reserve){.cpu_milli = without(f->cpu_milli, r->cpu_milli),
				.memory = without(f->memory, r->memory),
				.storage = without(f->storage, r->storage),
				.pids = without(f->pids, r->pids)};
}

static int64_t kept(const struct thresholds *t, enum pressure_signal s, int64_t capacity)
{
	const struct threshold *hard = threshold_hard(t, s);
	return hard ? threshold_quantity(&hard->value, capacity) : 0;
}

/* Huge pages are memory that nobody else can have. */
struct reserve reserve_allocatable(const struct node_facts *f, const struct reserve *r,
				   const struct thresholds *t)
{
	struct reserve a = reserve_bound(f, r);
	a.memory = without(a.memory, kept(t, PRESSURE_MEMORY, f->memory) + f->huge_bytes);
	a.storage = without(a.storage, kept(t, PRESSURE_NODEFS, f->storage));
	return a;
}
