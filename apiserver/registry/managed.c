/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a write does to the owners of fields, whoever made it (kubernetes/apimachinery pkg/util/managedfields/internal:
 * fieldmanager.go, structuredmerge.go, managedfieldsupdater.go, skipnonapplied.go, stripmeta.go; structured-merge-diff
 * merge/update.go).
 *
 * Who changes a field gets it, and nobody else has it any more. What is compared is the object as its author left it,
 * before the kind's strategy and admission have their say. An update that changes nothing, or changes an object nobody
 * ever owned anything of, leaves the stored list alone without a look into it.
 */
#include "registry/managed_internal.h"

#include <stdio.h>
#include "object/rfc3339.h"
#include "base/rune.h"

#define NOBODY "unknown"
#define NAME_MAX_BYTES 128
#define SUBRESOURCE_MAX_BYTES 256
#define FAULTS_MAX 8	/* of one name; more say nothing new */
#define ARENA_ROOM 8192 /* on the stack: most lists need no more */

/* ---- fields that are nobody's ---- */

const struct fieldset *managed_strip(struct arena *a, const struct fieldset *s)
{
	static const struct fieldset_node meta[] = {
#define NAME(text) {.e = {.by = FIELDSET_FIELD, .n = sizeof(text) - 1, .p = text}, .member = true}
		NAME("clusterName"),
		NAME("creationTimestamp"),
		NAME("generation"),
		NAME("managedFields"),
		NAME("name"),
		NAME("namespace"),
		NAME("resourceVersion"),
		NAME("selfLink"),
		NAME("uid"),
#undef NAME
	};
	static const struct fieldset below = {.n = ARRAY_LEN(meta), .v = meta};
	static const struct fieldset_node top[] = {
		{.e = {.by = FIELDSET_FIELD, .n = 10, .p = "apiVersion"}, .member = true},
		{.e = {.by = FIELDSET_FIELD, .n = 4, .p = "kind"}, .member = true},
		{.e = {.by = FIELDSET_FIELD, .n = 8, .p = "metadata"}, .member = true, .below = &below},
	};
	static const struct fieldset all = {.n = ARRAY_LEN(top), .v = top};

	return fieldset_difference(a, s, &all);
}

void managed_init(struct managed *m, struct registry_call *c, struct arena *a)
{
	const struct kind *k = c->kind;

	*m = (struct managed){.registry = c->registry,
			      .kind = k,
			      .type = k->type,
			      .kind_name = k->kind,
			      .subresource = c->ctx.subresource,
			      .reset = managed_reset_find(c->kind, c->ctx.subresource),
			      .now_ns = c->ctx.now_ns,
			      .managers = {.arena = a}};
	snprintf(m->version, sizeof(m->version), "%s%s%s", k->group, *k->group ? "/" : "", k->version);
}

/* ---- versions ---- */

const struct kind *managed_kind(const struct managed *m, const char *version)
{
	char group[128];
	const char *slash = strrchr(version, '/');
	const struct kind *k = m->kind, *other;

	snprintf(group, sizeof(group), "%.*s", slash ? (int)(slash - version) : 0, version);
	other = schema_kind(m->registry->schema, group, slash ? slash + 1 : version, k->kind);
	return other && k->storage && other->storage && !strcmp(k->storage, other->storage) ? other : NULL;
}

static js *convert(const struct kind *from, const struct kind *to, const js *o)
{
	const struct kind *stored = from->storage_kind ? from->storage_kind : from;

	if (from == stored || to == stored)
		return strategy_convert(from, to, o);
	autojson js *hub = strategy_convert(from, stored, o);
	return strategy_convert(stored, to, hub);
}

const js *managed_convert(const struct managed *m, const char *version, const js *o, js **made,
			  const struct type **ret_type)
{
	*made = NULL;
	*ret_type = m->type;
	if (!strcmp(version, m->version))
		return o;
	const struct kind *to = m->type == m->kind->type ? managed_kind(m, version) : NULL;
	if (!to)
		return NULL;
	*ret_type = to->type;
	return *made = convert(m->kind, to, o);
}

js *managed_convert_back(const struct managed *m, const char *version, js *o)
{
	const struct kind *from = strcmp(version, m->version) ? managed_kind(m, version) : NULL;

	return from ? convert(from, m->kind, o) : json_object_get(o);
}

/* ---- fields change hands ---- */

const struct fieldset *managed_own(struct arena *a, const struct fieldset *s)
{
	autobuf struct buf text = BUF_INIT;
	struct err never = ERR_INIT;

	fieldset_write(&text, s);
	const char *kept = arena_strndup(a, text.p, text.len);
	return fieldset_parse(a, kept, text.len, &s, &never) < 0 ? NULL : s;
}

void managed_compare(struct managed *m, struct managed_changes *v, const char *version, const js *old,
		     const js *new)
{
	struct arena *a = m->managers.arena;
	js *old_made = NULL, *new_made;
	const js *from = old ? managed_convert(m, version, old, &old_made, &v->type) : NULL;
	const js *to = managed_convert(m, version, new, &new_made, &v->type);
	autojson js *free_old = old_made, *free_new = new_made;

	v->version = version;
	v->known = to && (from || !old);
	if (!v->known)
		return;
	fieldset_compare(a, v->type, from, to, &v->c);
	if (free_old || free_new) { /* names must outlive the trees */
		v->c.added = managed_own(a, v->c.added);
		v->c.modified = managed_own(a, v->c.modified);
		v->c.removed = managed_own(a, v->c.removed);
	}
	if (!strcmp(version, m->version)) {
		v->c.added = managed_reset(a, m->reset, v->c.added);
		v->c.modified = managed_reset(a, m->reset, v->c.modified);
		v->c.removed = managed_reset(a, m->reset, v->c.removed);
	}
	v->changed = fieldset_union(a, v->c.added, v->c.modified);
	v->felt = managed_strip(a, fieldset_union(a, v->changed, v->c.removed));
}

struct managed_changes *managed_changes_for(struct managed *m, struct managed_changes *mine,
					    struct managed_changes *other, const char *version, const js *old,
					    const js *new)
{
	if (!strcmp(version, m->version))
		return mine;
	if (!other->version || strcmp(other->version, version)) {
		*other = (struct managed_changes){.version = NULL};
		managed_compare(m, other, version, old, new);
	}
	return other;
}

/* Takes from a manager what was changed or removed. False: what he is said to own is no set. */
static bool take(struct managed *m, struct manager *who, const struct managed_changes *v)
{
	struct arena *a = m->managers.arena;

	if (!v->known) {
		who->set = NULL; /* of a version that is no more */
		who->unread = NULL;
		return true;
	}
	if (who->unread && !managers_meet(who, v->felt))
		return true;
	if (!managers_read(&m->managers, who))
		return false;
	who->set = fieldset_reconcile(a, v->type, who->set);
	who->set = fieldset_difference(a, who->set, fieldset_intersection(a, who->set, v->changed));
	who->set = fieldset_difference(a, who->set, v->c.removed);
	return true;
}

void managed_now(const struct managed *m, struct manager *who)
{
	char text[RFC3339_MAX];

	rfc3339_format(m->now_ns, text);
	who->time = arena_strdup(m->managers.arena, text);
	who->seconds = m->now_ns / 1000000000;
}

static void give(struct managed *m, const char *name, const struct fieldset *set)
{
	struct manager self = {.name = name, .version = m->version, .subresource = m->subresource};
	struct manager *who = managers_find(&m->managers, &self);

	if (!who)
		who = managers_add(&m->managers, &self);
	if (!managers_read(&m->managers, who))
		who->set = NULL;
	who->set = fieldset_union(m->managers.arena, set, who->set);
	if (strcmp(m->subresource, "scale")) /* of which upstream does not say when */
		managed_now(m, who);
}

bool managed_note(struct managed *m, const char *name, const js *old, const js *new)
{
	struct managed_changes mine = {.version = NULL}, other = {.version = NULL};
	struct managers *all = &m->managers;

	managed_compare(m, &mine, m->version, old, new);
	if (!mine.changed && !mine.c.removed)
		return false;
	for (size_t i = 0; i < all->n; i++)
		if (!take(m, &all->v[i], managed_changes_for(m, &mine, &other, all->v[i].version, old, new)))
			all->n = 0;
	const struct fieldset *set = managed_strip(all->arena, mine.changed);
	if (set)
		give(m, *name ? name : NOBODY, set);
	managers_drop_empty(all);
	managers_cap(all);
	return true;
}

/* ---- what a write says of managers itself ---- */

/* As nobody could say more clearly that the list is to be forgotten. */
static bool is_reset(const js *said)
{
	return !js_len(said) || (js_len(said) == 1 && js_is_obj(js_at(said, 0)) && !js_len(js_at(said, 0)));
}

static bool decode_said(struct managed *m, const js *said)
{
	struct arena *a = m->managers.arena;
	autobuf struct buf text = BUF_INIT;
	struct err ignore = ERR_INIT;

	js_write(&text, said);
	const char *p = arena_strndup(a, text.p, text.len);
	return managers_decode(a, p, text.len, &m->managers, &ignore) == 0 && m->managers.n;
}

static bool says_what_is(const js *said, const struct obj_managed *is)
{
	autobuf struct buf text = BUF_INIT, there = BUF_INIT;

	if (!is)
		return false;
	js_write(&text, said);
	obj_managed_write(is, &there);
	return text.len == there.len && !memcmp(text.p, there.p, there.len);
}

void registry_check_manager(struct field_errors *errs, const char *path, const char *name)
{
	const char *p = name;
	unsigned faults = 0;

	if (strlen(name) > NAME_MAX_BYTES)
		field_error_too_long(errs, path, NAME_MAX_BYTES);
	while (*p && faults < FAULTS_MAX) {
		size_t at = (size_t)(p - name);
		unsigned rune = rune_next(&p);
		char detail[64];
		if (rune_is_printable(rune))
			continue;
		snprintf(detail, sizeof(detail), "invalid character U+%04X (at position %zu)", rune, at);
		field_error_invalid_str(errs, path, name, detail);
		faults++;
	}
}

/* What came with the write may say what no query could. */
static void check_managers(struct registry_call *c, const struct managers *m)
{
	for (size_t i = 0; i < m->n; i++) {
		registry_check_manager(&c->errs, PATH("metadata.managedFields[%zu].manager", i),
				       m->v[i].name);
		if (strlen(m->v[i].subresource) > SUBRESOURCE_MAX_BYTES)
			field_error_too_long(&c->errs, PATH("metadata.managedFields[%zu].subresource", i),
					     SUBRESOURCE_MAX_BYTES);
	}
}

/* A reference that becomes the call's. */
static void set_managed(struct registry_call *c, struct obj_managed *managed)
{
	obj_managed_unref(c->managed);
	c->managed = managed;
	c->managed_set = true;
}

void managed_keep(struct registry_call *c, struct managed *m)
{
	autobuf struct buf text = BUF_INIT;

	managers_encode(&m->managers, &text);
	check_managers(c, &m->managers);
	set_managed(c, text.len ? obj_managed_new(text.p, text.len) : NULL);
}

static const char *author(const struct registry_call *c)
{
	return c->attr->manager ? c->attr->manager : "";
}

/* The stored form as the author speaks it; *made is the caller's. */
static const js *as_spoken(const struct registry_call *c, const js *o, js **made)
{
	*made = o && c->kind != c->stored ? strategy_convert(c->stored, c->kind, o) : NULL;
	return *made ? *made : o;
}

static void note_create(struct registry_call *c, const js *said, const js *new)
{
	char room[ARENA_ROOM];
	autoarena struct arena a = ARENA_INIT;
	struct managed m;

	arena_borrow(&a, room, sizeof(room));
	managed_init(&m, c, &a);
	if (said && !decode_said(&m, said))
		m.managers = (struct managers){.arena = &a};
	managed_note(&m, author(c), NULL, new);
	managed_keep(c, &m);
}

void managed_create(struct registry_call *c, const js *said)
{
	struct managed_memo *memo = c->registry->memo;
	struct managed_memo_key key;
	js *made;
	const js *new = as_spoken(c, c->new, &made);
	autojson js *free_new = made;

	(void)free_new;
	if (said && is_reset(said))
		said = NULL;
	if (said || !managed_memo_key(memo, c, author(c), new, &key)) {
		note_create(c, said, new);
		return;
	}
	struct obj_managed *known = managed_memo_get(memo, &key, c->ctx.now_ns);

	if (known) {
		set_managed(c, known);
		return;
	}
	note_create(c, NULL, new);
	if (c->managed && !c->errs.n)
		managed_memo_put(memo, &key, c->managed);
}

/* Most writes change fields of one or two managers. A definition's schema may have changed, which goes through all sets. */
static int read_stored(struct managed *m, const struct obj_managed *is, struct err *err)
{
	struct arena *a = m->managers.arena;

	return m->type->structural ? managers_of(a, is, &m->managers, err)
				   : managers_of_unread(a, is, &m->managers, err);
}

void managed_update(struct registry_call *c, const js *said)
{
	char room[ARENA_ROOM];
	autoarena struct arena a = ARENA_INIT;
	struct managed m;
	const struct obj_managed *is = c->old->managed;
	struct err ignore = ERR_INIT;
	bool theirs = said && !*c->ctx.subresource && !says_what_is(said, is);

	arena_borrow(&a, room, sizeof(room));
	if (theirs && is_reset(said)) {
		set_managed(c, NULL);
		return;
	}
	managed_init(&m, c, &a);
	theirs = theirs && decode_said(&m, said);
	if (!theirs && !is)
		return; /* nobody has ever applied it: nobody is noted */
	js *new_made, *old_made;
	const js *new = as_spoken(c, c->new, &new_made), *old = as_spoken(c, c->old_tree, &old_made);
	autojson js *free_new = new_made, *free_old = old_made;
	/* a list that is not right counts as none */
	if (!theirs && read_stored(&m, is, &ignore) < 0)
		m.managers = (struct managers){.arena = &a};
	if (managed_note(&m, author(c), old, new) || theirs)
		managed_keep(c, &m);
	(void)free_new;
	(void)free_old;
}
