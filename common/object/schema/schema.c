/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a loaded schema is made of: parts, and generations of look-up tables over them.
 *
 * A part is what came in together and goes together: the built-in kind files are one, every addition at run time is
 * another. It owns the memory of its types and kinds. A generation is one allocation that is never changed once
 * readers can see it: the list of kinds and two hash tables over it. A change makes a new generation and swaps one
 * pointer, so that readers need no lock; what the old one alone referred to is freed later:
 *
 * Readers that may outlast a change pin the schema. There are epochs; a pin counts in the epoch in which it was
 * taken, and an epoch ends only when nobody is left in the one before it. What was retired in epoch n was
 * unreachable for everybody who came in n + 1 or later, so it is freed when epoch n + 2 begins. Three counters are
 * enough, because pins exist in two neighbouring epochs only.
 *
 * The interpreter is spread over schema_build.c, schema_load.c, schema_line.c, schema_link.c and schema_kind.c
 * (reading kind files), schema_format.c, schema_conform.c, schema_default.c, schema_validate.c and schema_write.c
 * (walking trees with it), field_error.c.
 */
#include "object/schema.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "object/schema/schema_internal.h"

struct generation {
	size_t n;
	const struct kind **list; /* in load order */
	unsigned mask;		  /* of both tables: positions in list + 1, 0 = empty */
	uint32_t *by_kind, *by_resource;
	const struct kind *kinds[]; /* and the tables behind */
};

/* What nobody can find any more, until nobody can hold it. */
struct retired {
	struct retired *next;
	uint64_t epoch;
	struct generation *generation; /* one of the two */
	struct schema_part *part;
};

/* ---- parts ---- */
struct schema_part *part_new(struct schema *s)
{
	struct schema_part *p = MEM_NEW(struct schema_part);
	p->schema = s;
	p->base = s->base;
	atomic_init(&p->refs, 1);
	return p;
}

static void part_free(struct schema_part *p)
{
	for (size_t i = 0; i < p->n_trees; i++)
		json_object_put(p->trees[i]);
	free(p->trees);
	free(p->kinds);
	map_release(&p->types);
	arena_release(&p->arena);
	free(p);
}

struct type *part_type(const struct schema_part *p, const char *name, size_t n)
{
	struct type *t = map_getn(&p->types, name, n);
	return t || !p->base ? t : map_getn(&p->base->types, name, n);
}

/* Ids of kinds that are gone are given out again, so arrays by id stay as long as the most kinds there were. */
void part_take_ids(struct schema_part *p)
{
	struct schema *s = p->schema;
	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < p->n_kinds; i++)
		p->kinds[i]->id =
			s->n_free_ids ? s->free_ids[--s->n_free_ids] : atomic_fetch_add(&s->n_ids, 1);
	p->has_ids = true;
	pthread_mutex_unlock(&s->lock);
}

static void give_ids_back(struct schema *s, const struct schema_part *p)
{
	size_t n = s->n_free_ids + p->n_kinds;
	s->free_ids = mem_realloc_array(s->free_ids, n ? n : 1, sizeof(*s->free_ids));
	for (size_t i = 0; i < p->n_kinds; i++)
		s->free_ids[s->n_free_ids++] = p->kinds[i]->id;
}

static void part_unref(struct schema_part *p)
{
	struct schema *s = p->schema;
	if (atomic_fetch_sub(&p->refs, 1) != 1)
		return;
	pthread_mutex_lock(&s->lock);
	if (p->has_ids)
		give_ids_back(s, p);
	pthread_mutex_unlock(&s->lock);
	part_free(p);
}

void schema_part_free(struct schema_part *part)
{
	if (part)
		part_unref(part);
}

size_t schema_part_kinds(const struct schema_part *part, struct kind *const **ret)
{
	*ret = part->kinds;
	return part->n_kinds;
}

const struct kind *schema_kind_ref(const struct kind *k)
{
	if (k && k->part && k->part->base) /* those of the start stay */
		atomic_fetch_add(&k->part->refs, 1);
	return k;
}

void schema_kind_unref(const struct kind *k)
{
	if (k && k->part && k->part->base)
		part_unref(k->part);
}

/* ---- generations ---- */
static unsigned place_hash(const char *group, const char *version, const char *name)
{
	const char *const v[] = {group, version, name};
	unsigned h = 2166136261u;
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		for (const char *p = v[i]; *p; p++)
			h = (h ^ (unsigned char)*p) * 16777619u;
		h = (h ^ '/') * 16777619u;
	}
	return h ^ h >> 15;
}

static const char *name_of(const struct kind *k, bool resource)
{
	return resource ? k->resource : k->kind;
}

/* The slot of the table where the name is, or the empty one where it would be. */
static uint32_t *slot_of(const struct generation *g, bool resource, const char *group, const char *version,
			 const char *name)
{
	uint32_t *table = resource ? g->by_resource : g->by_kind;
	for (unsigned i = place_hash(group, version, name) & g->mask;; i = (i + 1) & g->mask) {
		if (!table[i])
			return &table[i];
		const struct kind *k = g->list[table[i] - 1];
		if (!strcmp(name_of(k, resource), name) && !strcmp(k->group, group) &&
		    !strcmp(k->version, version))
			return &table[i];
	}
}

static int index_kind(struct generation *g, size_t at, struct err *err)
{
	const struct kind *k = g->list[at];
	for (int resource = 0; resource < 2; resource++) {
		uint32_t *slot = slot_of(g, resource, k->group, k->version, name_of(k, resource));
		if (*slot)
			return err_set(err, REASON_INVALID,
				       "kind %s: the kind or its resource exists already", k->kind);
		*slot = (uint32_t)at + 1;
	}
	return 0;
}

/* The kinds of `was` without those of `out`, then those of `in`; each may be NULL. */
static struct generation *generation_new(const struct generation *was, const struct schema_part *in,
					 const struct schema_part *out, struct err *err)
{
	size_t n = (was ? was->n : 0) + (in ? in->n_kinds : 0), size = 4;
	while (size < n * 2)
		size *= 2;
	struct generation *g =
		mem_zalloc(sizeof(*g) + n * sizeof(*g->kinds) + 2 * size * sizeof(*g->by_kind));
	g->list = g->kinds;
	g->mask = (unsigned)size - 1;
	g->by_kind = (uint32_t *)(g->kinds + n);
	g->by_resource = g->by_kind + size;
	for (size_t i = 0; was && i < was->n; i++)
		if (!out || was->list[i]->part != out)
			g->list[g->n++] = was->list[i];
	for (size_t i = 0; in && i < in->n_kinds; i++)
		g->list[g->n++] = in->kinds[i];
	for (size_t i = 0; i < g->n; i++)
		if (index_kind(g, i, err) < 0) {
			free(g);
			return NULL;
		}
	return g;
}

/* ---- epochs ---- */
#define EPOCHS ARRAY_LEN(((struct schema *)0)->pins)

struct schema_pin schema_pin(const struct schema *cs)
{
	struct schema *s = (struct schema *)cs;
	for (;;) {
		uint64_t epoch = atomic_load(&s->epoch);
		unsigned slot = epoch % EPOCHS;
		atomic_fetch_add(&s->pins[slot], 1);
		if (atomic_load(&s->epoch) == epoch)
			return (struct schema_pin){slot + 1};
		atomic_fetch_sub(&s->pins[slot], 1);
	}
}

/* Takes off the list what nobody can hold; under the lock. */
static struct retired *collect(struct schema *s)
{
	struct retired *free_now = NULL;
	for (int i = 0; i < 2; i++) {
		uint64_t epoch = atomic_load(&s->epoch);
		if (atomic_load(&s->pins[(epoch + EPOCHS - 1) % EPOCHS]))
			break;
		atomic_store(&s->epoch, epoch + 1);
	}
	for (struct retired **at = &s->retired; *at;) {
		struct retired *r = *at;
		if (atomic_load(&s->epoch) - r->epoch < 2) {
			at = &r->next;
			continue;
		}
		*at = r->next;
		r->next = free_now;
		free_now = r;
	}
	atomic_store(&s->waiting, s->retired != NULL);
	return free_now;
}

static void free_retired(struct retired *r)
{
	while (r) {
		struct retired *next = r->next;
		free(r->generation);
		schema_part_free(r->part);
		free(r);
		r = next;
	}
}

void schema_unpin(const struct schema *cs, struct schema_pin *pin)
{
	struct schema *s = (struct schema *)cs;
	if (!pin->slot)
		return;
	bool last = atomic_fetch_sub(&s->pins[pin->slot - 1], 1) == 1;
	pin->slot = 0;
	if (!last || !atomic_load(&s->waiting) || pthread_mutex_trylock(&s->lock))
		return; /* whoever has the lock collects, or the next one to leave */
	struct retired *r = collect(s);
	pthread_mutex_unlock(&s->lock);
	free_retired(r);
}

uint64_t schema_epoch(const struct schema *s)
{
	return atomic_load(&s->epoch);
}

bool schema_passed(const struct schema *cs, uint64_t epoch)
{
	struct schema *s = (struct schema *)cs;
	pthread_mutex_lock(&s->lock);
	struct retired *r = collect(s);
	bool passed = atomic_load(&s->epoch) - epoch >= 2;
	pthread_mutex_unlock(&s->lock);
	free_retired(r);
	return passed;
}

/* Under the lock; what may be freed now is returned. */
static struct retired *retire(struct schema *s, struct generation *g, struct schema_part *p)
{
	struct retired *r = MEM_NEW(struct retired);
	*r = (struct retired){s->retired, atomic_load(&s->epoch), g, p};
	s->retired = r;
	return collect(s);
}

int schema_change(struct schema *s, struct schema_part *in, struct schema_part *out, struct err *err)
{
	struct retired *r = NULL;
	pthread_mutex_lock(&s->lock);
	struct generation *was = atomic_load(&s->now), *g = generation_new(was, in, out, err);
	if (g) {
		atomic_store(&s->now, g);
		r = retire(s, was, NULL);
	}
	pthread_mutex_unlock(&s->lock);
	free_retired(r);
	return g ? 0 : -1;
}

void schema_retire(struct schema *s, struct schema_part *part)
{
	pthread_mutex_lock(&s->lock);
	struct retired *r = retire(s, NULL, part);
	pthread_mutex_unlock(&s->lock);
	free_retired(r);
}

size_t schema_retired(const struct schema *cs)
{
	struct schema *s = (struct schema *)cs;
	size_t n = 0;
	pthread_mutex_lock(&s->lock);
	for (const struct retired *r = s->retired; r; r = r->next)
		n++;
	pthread_mutex_unlock(&s->lock);
	return n;
}

/* ---- the schema ---- */
struct schema *schema_new(void)
{
	struct schema *s = MEM_NEW(struct schema);
	pthread_mutex_init(&s->lock, NULL);
	s->base = part_new(s);
	atomic_store(&s->base->refs, 2); /* a builder that fails gives up one */
	struct err ignored = ERR_INIT;
	atomic_init(&s->now, generation_new(NULL, NULL, NULL, &ignored));
	return s;
}

void schema_free(struct schema *s)
{
	if (!s)
		return;
	struct generation *g = atomic_load(&s->now);
	free_retired(s->retired);
	for (size_t i = 0; i < g->n;) { /* each part once: its kinds stand together */
		struct schema_part *p = g->list[i]->part;
		i += p->n_kinds;
		if (p != s->base)
			schema_part_free(p);
	}
	part_free(s->base);
	free(g);
	free(s->free_ids);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

/* ---- look-ups ---- */
static const struct kind *look_up(const struct schema *s, bool resource, const char *group,
				  const char *version, const char *name)
{
	const struct generation *g = atomic_load(&s->now);
	uint32_t at = *slot_of(g, resource, group, version, name);
	return at ? g->list[at - 1] : NULL;
}

const struct kind *schema_kind(const struct schema *s, const char *group, const char *version,
			       const char *kind)
{
	return look_up(s, false, group, version, kind);
}

const struct kind *schema_resource(const struct schema *s, const char *group, const char *version,
				   const char *resource)
{
	return look_up(s, true, group, version, resource);
}

const struct type *schema_type(const struct schema *s, const char *name)
{
	return map_get(&s->base->types, name);
}

size_t schema_kinds(const struct schema *s, const struct kind *const **ret)
{
	const struct generation *g = atomic_load(&s->now);
	*ret = g->list;
	return g->n;
}

unsigned schema_kind_count(const struct schema *s)
{
	return atomic_load(&s->n_ids);
}

void schema_bind(struct schema *s, const struct strategy *(*find)(const struct kind *k))
{
	for (size_t i = 0; i < s->base->n_kinds; i++)
		s->base->kinds[i]->strategy = find(s->base->kinds[i]);
	s->find_strategy = find;
}

/* ---- fields of a type ---- */
/* The table's keys are the schema's, not the client's, so a plain hash is enough: probes are bounded by the
 * table. */
static unsigned name_hash(const char *s)
{
	unsigned h = 2166136261u;
	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 16777619u;
	return h ^ h >> 15;
}

int schema_field_index(const struct type *t, const char *name)
{
	const struct type_index *ix = t->index;
	if (!ix->slots)
		return -1;
	for (unsigned i = name_hash(name) & ix->mask; ix->slots[i]; i = (i + 1) & ix->mask) {
		unsigned f = ix->slots[i] - 1u;
		if (strcmp(t->fields[f].name, name) == 0)
			return (int)f;
	}
	return -1;
}

/*
 * The place of a member. Trees that were conformed have the type's own key strings, in its order, so it is nearly always
 * one of the next fields.
 */
int member_index(const struct type *t, const char *key, unsigned *next)
{
	for (unsigned i = *next; i < t->n_fields; i++)
		if (t->fields[i].name == key) {
			*next = i + 1;
			return (int)i;
		}
	return schema_field_index(t, key);
}

const struct field *schema_field(const struct type *type, const char *name)
{
	int i = type->form == TYPE_OBJECT ? schema_field_index(type, name) : -1;
	return i < 0 ? NULL : &type->fields[i];
}

const struct field *schema_either(const struct type *type, const js *v)
{
	for (unsigned i = 0; i < type->n_fields; i++) {
		enum type_form form = type->fields[i].type->form;
		if (form == TYPE_OBJECT ? js_is_obj(v) : form == TYPE_LIST ? js_is_arr(v) : js_is_bool(v))
			return &type->fields[i];
	}
	return NULL;
}

static bool needs_escapes(const char *name)
{
	for (const unsigned char *p = (const unsigned char *)name; *p; p++)
		if (*p < 0x20 || *p >= 0x7f || *p == '"' || *p == '\\')
			return true;
	return false;
}

int schema_index_fields(struct arena *arena, struct type *t, const char **ret_duplicate)
{
	struct type_index *ix = t->index;
	unsigned size = 4;
	while (size < t->n_fields * 2)
		size *= 2;
	ix->slots = arena_alloc(arena, size * sizeof(*ix->slots));
	ix->mask = size - 1;
	for (unsigned f = 0; f < t->n_fields; f++) {
		if (schema_field_index(t, t->fields[f].name) >= 0) {
			*ret_duplicate = t->fields[f].name;
			return -1;
		}
		unsigned i = name_hash(t->fields[f].name) & ix->mask;
		while (ix->slots[i])
			i = (i + 1) & ix->mask;
		ix->slots[i] = (uint16_t)(f + 1);
		ix->escapes |= needs_escapes(t->fields[f].name);
	}
	return 0;
}
