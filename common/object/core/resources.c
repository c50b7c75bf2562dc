/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The four resources that every node has are fields, by a table of their names; others are a short list. Sums of
 * Pods wrap instead of overflowing: what was added can be taken away again, whatever it was.
 */
#include "object/core/resources.h"

#include <stdlib.h>
#include <string.h>

static const struct decode_row amount_rows[] = {
	DECODE_KEY(struct resource_amount, name),
	DECODE_VALUE("", struct resource_amount, value),
	DECODE_MILLI("", struct resource_amount, milli),
};
const struct decode_spec resources_amount_spec = DECODE_SPEC(struct resource_amount, amount_rows);

static const struct decode_row requirements_rows[] = {
	DECODE_MAP("requests", struct resource_requirements, requests, n_requests, &resources_amount_spec),
	DECODE_MAP("limits", struct resource_requirements, limits, n_limits, &resources_amount_spec),
};
const struct decode_spec resources_requirements_spec =
	DECODE_SPEC(struct resource_requirements, requirements_rows);

static const struct decode_row scalar_rows[] = {DECODE_STRING("name", struct resource_scalar, name)};
static const struct decode_spec scalar_spec = DECODE_SPEC(struct resource_scalar, scalar_rows);
static const struct decode_row resources_rows[] = {
	DECODE_ARRAY("scalars", struct resources, scalars, n_scalars, &scalar_spec),
};
const struct decode_spec resources_spec = DECODE_SPEC(struct resources, resources_rows);

static const struct {
	const char *name;
	size_t offset;
	bool milli;
} fields[] = {
	{"pods", offsetof(struct resources, pods), false},
	{"cpu", offsetof(struct resources, cpu_milli), true},
	{"memory", offsetof(struct resources, memory), false},
	{"ephemeral-storage", offsetof(struct resources, ephemeral), false},
};

static int64_t *field(const struct resources *r, size_t i)
{
	return (int64_t *)((char *)r + fields[i].offset);
}

const struct resource_amount *resources_find(const struct resource_amount *v, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(v[i].name, name))
			return &v[i];
	return NULL;
}

static int64_t *scalar_find(const struct resources *r, const char *name)
{
	for (size_t i = 0; i < r->n_scalars; i++)
		if (!strcmp(r->scalars[i].name, name))
			return &r->scalars[i].value;
	return NULL;
}

static int64_t *scalar_ensure(struct resources *r, const char *name)
{
	int64_t *old = scalar_find(r, name);
	if (old)
		return old;
	r->scalars = mem_realloc_array(r->scalars, r->n_scalars + 1, sizeof(*r->scalars));
	r->scalars[r->n_scalars] = (struct resource_scalar){.name = mem_strdup(name)};
	return &r->scalars[r->n_scalars++].value;
}

/* The place of a resource by name. */
static int64_t *ensure(struct resources *r, const char *name, bool *milli)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		if (strcmp(fields[i].name, name))
			continue;
		*milli = fields[i].milli;
		return field(r, i);
	}
	*milli = false;
	return scalar_ensure(r, name);
}

void resources_release(struct resources *r)
{
	for (size_t i = 0; i < r->n_scalars; i++)
		free((char *)r->scalars[i].name);
	free(r->scalars);
	*r = (struct resources){0};
}

int64_t resources_scalar(const struct resources *r, const char *name)
{
	const int64_t *v = scalar_find(r, name);
	return v ? *v : 0;
}

static int64_t clamp(int64_t v)
{
	return v < 0 ? 0 : v > RESOURCE_MAX ? RESOURCE_MAX : v;
}

static void add(int64_t *a, int64_t b)
{
	*a = (int64_t)((uint64_t)*a + (uint64_t)b);
}

void resources_add_list(struct resources *r, const struct resource_amount *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool milli;
		int64_t *place = ensure(r, v[i].name, &milli);
		*place = clamp(clamp(*place) + clamp(milli ? v[i].milli : v[i].value));
	}
}

void resources_add(struct resources *a, const struct resources *b, int factor)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		add(field(a, i), factor * *field(b, i));
	for (size_t i = 0; i < b->n_scalars; i++)
		add(scalar_ensure(a, b->scalars[i].name), factor * b->scalars[i].value);
}

void resources_keep(struct resources *r, struct arena *a)
{
	struct resources kept = *r;
	kept.scalars = r->n_scalars ? arena_array(a, r->n_scalars, sizeof(*kept.scalars)) : NULL;
	for (size_t i = 0; i < r->n_scalars; i++)
		kept.scalars[i] =
			(struct resource_scalar){arena_strdup(a, r->scalars[i].name), r->scalars[i].value};
	resources_release(r);
	*r = kept;
}

bool resources_decode(struct scan *s, struct arena *a, void *ret)
{
	struct list {
		struct resource_amount *v;
		size_t n;
	} list;
	static const struct decode_row rows[] = {DECODE_MAP("", struct list, v, n, &resources_amount_spec)};
	static const struct decode_spec spec = DECODE_SPEC(struct list, rows);
	struct resources *r = ret;
	if (!decode_value(&spec, s, a, &list))
		return false;
	*r = (struct resources){0};
	resources_add_list(r, list.v, list.n);
	resources_keep(r, a);
	return true;
}

static void raise(int64_t *a, int64_t b)
{
	if (b > *a)
		*a = b;
}

static void resources_max(struct resources *a, const struct resources *b)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		raise(field(a, i), *field(b, i));
	for (size_t i = 0; i < b->n_scalars; i++)
		raise(scalar_ensure(a, b->scalars[i].name), b->scalars[i].value);
}

static bool scalars_within(const struct resources *a, const struct resources *b)
{
	for (size_t i = 0; i < a->n_scalars; i++)
		if (a->scalars[i].value != resources_scalar(b, a->scalars[i].name))
			return false;
	return true;
}

bool resources_equal(const struct resources *a, const struct resources *b)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (*field(a, i) != *field(b, i))
			return false;
	return scalars_within(a, b) && scalars_within(b, a);
}

size_t resources_shortages(const struct resources *want, const struct resources *used,
			   const struct resources *capacity, struct resource_shortage *ret, size_t max)
{
	size_t n = 0;
	for (size_t i = 0; i < ARRAY_LEN(fields) + want->n_scalars; i++) {
		bool fixed = i < ARRAY_LEN(fields);
		size_t k = i - ARRAY_LEN(fields);
		const char *name = fixed ? fields[i].name : want->scalars[k].name;
		struct resource_shortage s = {
			.name = name,
			.requested = fixed ? *field(want, i) : want->scalars[k].value,
			.used = fixed ? *field(used, i) : resources_scalar(used, name),
			.capacity = fixed ? *field(capacity, i) : resources_scalar(capacity, name),
		};
		if (s.requested <= 0 || s.requested <= s.capacity - s.used)
			continue;
		if (n < max)
			ret[n] = s;
		n++;
	}
	return n;
}

/* ---- of a Pod ---- */
void pod_sum_add(struct pod_sum *s, enum container_role role, const struct resource_amount *v, size_t n)
{
	if (role != CONTAINER_INIT)
		resources_add_list(&s->run, v, n);
	if (role == CONTAINER_APP)
		return;
	if (role == CONTAINER_SIDECAR) {
		resources_add_list(&s->sidecars, v, n);
		resources_max(&s->start, &s->sidecars);
		return;
	}
	struct resources now = {0};
	resources_add(&now, &s->sidecars, 1);
	resources_add_list(&now, v, n);
	resources_max(&s->start, &now);
	resources_release(&now);
}

static bool at_pod_level(const char *name)
{
	return !strcmp(name, "cpu") || !strcmp(name, "memory") || !strncmp(name, "hugepages-", 10);
}

static void pod_sum_end(struct pod_sum *s, const struct resource_amount *level, size_t n_level,
			struct resources *ret)
{
	bool milli;
	resources_max(&s->run, &s->start);
	for (size_t i = 0; i < n_level; i++)
		if (at_pod_level(level[i].name)) {
			int64_t *place = ensure(&s->run, level[i].name, &milli);
			*place = clamp(milli ? level[i].milli : level[i].value);
		}
	*ret = s->run;
	resources_release(&s->sidecars);
	resources_release(&s->start);
	*s = (struct pod_sum){0};
}

void pod_sum_requests(struct pod_sum *s, const struct resource_amount *level, size_t n_level,
		      const struct resource_amount *overhead, size_t n_overhead, struct resources *ret)
{
	pod_sum_end(s, level, n_level, ret);
	resources_add_list(ret, overhead, n_overhead);
	ret->pods = 1;
}

void pod_sum_limits(struct pod_sum *s, const struct resource_amount *level, size_t n_level,
		    const struct resource_amount *overhead, size_t n_overhead, struct resources *ret)
{
	pod_sum_end(s, level, n_level, ret);
	for (size_t i = 0; i < n_overhead; i++) {
		bool milli;
		if (*ensure(ret, overhead[i].name, &milli) > 0)
			resources_add_list(ret, &overhead[i], 1);
	}
}
