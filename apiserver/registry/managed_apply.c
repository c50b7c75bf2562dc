/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Server-side apply (structured-merge-diff merge/update.go; kubernetes/apimachinery pkg/util/managedfields/internal:
 * structuredmerge.go, lastappliedmanager.go, lastappliedupdater.go, skipnonapplied.go).
 *
 * A manager says what he wants of an object. What he said the last time and does not say any more goes, unless somebody
 * else wants it; where he changes what is another's, both are told apart by a conflict, or he takes it by force. The
 * result then takes the road of every update, or of a new object.
 */
#include "registry/managed_internal.h"

#include <stdio.h>
#include <stdlib.h>

#define KUBECTL "kubectl" /* the one manager who may have applied on his own side before */
#define LAST_APPLIED "kubectl.kubernetes.io/last-applied-configuration"
#define BEFORE_FIRST "before-first-apply"
#define ANNOTATIONS_MAX (256 << 10) /* bytes of keys and values together */
#define TOLD_BYTES (4 << 20)	    /* of conflicts; their number is always right */

struct applying {
	struct registry_call *call;
	struct managed m;
	bool scale;		 /* m and all else are about the Scale … */
	struct managers parent;	 /* … of the object that these own */
	const js *config, *live; /* both in the version of m */
	const char *manager;
	bool force;
	/* of each manager, beside m.managers: what he would lose */
	const struct fieldset **conflicts;
	size_t n_conflicts;
	js *result; /* NULL: nothing changes */
};

/* ---- versions ---- */

/* o in another version, as a reference of the caller's; NULL: there is no such version. */
static js *to_version(const struct managed *m, const char *version, js *o, const struct type **ret_type)
{
	js *made;
	const js *there = managed_convert(m, version, o, &made, ret_type);

	return made ? made : there ? json_object_get(o) : NULL;
}

static js *from_version(const struct managed *m, const char *version, js *o)
{
	return managed_convert_back(m, version, o);
}

/* ---- what is not wanted any more ---- */

static const struct fieldset *named_of(struct arena *a, const struct type *t, const js *o)
{
	return fieldset_named(a, t, fieldset_of(a, t, o));
}

/* Gives back to `pruned` what managers of one version own of `merged`. */
static js *keep_owned(struct applying *p, js *merged, js *pruned, const char *version)
{
	struct managed *m = &p->m;
	struct arena *a = m->managers.arena;
	const struct type *t;
	const struct fieldset *owned = NULL;
	autojson js *whole = to_version(m, version, merged, &t),
		    *rest = whole ? to_version(m, version, pruned, &t) : NULL;

	if (!rest)
		return json_object_get(pruned);
	for (size_t i = 0; i < m->managers.n; i++)
		if (!strcmp(m->managers.v[i].version, version))
			owned = fieldset_union(a, owned, m->managers.v[i].set);
	owned = fieldset_union(a, named_of(a, t, rest), fieldset_named(a, t, owned));
	autojson js *kept = fieldset_remove(t, whole, fieldset_difference(a, named_of(a, t, whole), owned));
	return from_version(m, version, kept);
}

static js *keep_owned_by_all(struct applying *p, js *merged, js *pruned, const char *first)
{
	const struct managers *all = &p->m.managers;
	js *rest = keep_owned(p, merged, pruned, first);

	for (size_t i = 0; i < all->n; i++) {
		const char *version = all->v[i].version;
		bool done = !strcmp(version, first);
		for (size_t k = 0; k < i && !done; k++)
			done = !strcmp(all->v[k].version, version);
		if (done)
			continue;
		js *next = keep_owned(p, merged, rest, version);
		js_autoput(&rest);
		rest = next;
	}
	return rest;
}

/* Takes out of `merged` what was in the last set, is not in this one, and nobody else wants. */
static js *prune(struct applying *p, js *merged, const struct manager *last)
{
	struct managed *m = &p->m;
	struct arena *a = m->managers.arena;
	const struct type *t;
	autojson js *whole = last->set ? to_version(m, last->version, merged, &t) : NULL;

	if (!whole)
		return json_object_get(merged);
	const struct fieldset *was = fieldset_named(a, t, last->set);
	autojson js *bare = fieldset_remove(t, whole, was), *spoken = from_version(m, last->version, bare);
	autojson js *pruned = keep_owned_by_all(p, merged, spoken, last->version);
	autojson js *rest = to_version(m, last->version, pruned, &t);
	/* what others have put there without owning it stays */
	const struct fieldset *gone = fieldset_difference(a, named_of(a, t, whole), named_of(a, t, rest));
	autojson js *kept = fieldset_remove(t, whole, fieldset_intersection(a, gone, was));
	return from_version(m, last->version, kept);
}

/* ---- conflicts ---- */

/* What of the others' changes hands between live and result; noted in p->conflicts where it is taken from them. */
static void judge_others(struct applying *p, const js *result, const struct manager *self)
{
	struct managed *m = &p->m;
	struct arena *a = m->managers.arena;
	struct managed_changes mine = {.version = NULL}, other = {.version = NULL};

	managed_compare(m, &mine, m->version, p->live, result);
	p->conflicts = arena_array(a, m->managers.n + 1, sizeof(*p->conflicts));
	p->n_conflicts = 0;
	for (size_t i = 0; i < m->managers.n; i++) {
		struct manager *who = &m->managers.v[i];
		if (who == self)
			continue;
		struct managed_changes *v =
			managed_changes_for(m, &mine, &other, who->version, p->live, result);
		p->conflicts[i] = v->known ? fieldset_intersection(a, who->set, v->changed) : NULL;
		p->n_conflicts += p->conflicts[i] != NULL;
		who->left =
			v->known ? fieldset_difference(a, fieldset_difference(a, who->set, p->conflicts[i]),
						       v->c.removed)
				 : NULL;
	}
}

/* True when somebody objects. */
static bool apply(struct applying *p)
{
	struct managed *m = &p->m;
	struct managers *all = &m->managers;
	struct manager like = {
		.name = p->manager, .version = m->version, .subresource = m->subresource, .applied = true};

	for (size_t i = 0; i < all->n; i++) {
		const struct type *t;
		js *made;
		if (managed_convert(m, all->v[i].version, p->live, &made, &t))
			all->v[i].set = fieldset_reconcile(all->arena, t, all->v[i].set);
		else
			all->v[i].set = NULL;
		js_autoput(&made);
	}
	managers_drop_empty(all);
	struct manager *self = managers_find(all, &like), last = self ? *self : like;
	if (!self)
		self = managers_add(all, &like);
	self->version = m->version;
	self->set = managed_reset(all->arena, m->reset, fieldset_of(all->arena, m->type, p->config));
	autojson js *merged = fieldset_merge(m->type, p->live, p->config);
	autojson js *result = prune(p, merged, &last);
	judge_others(p, result, self);
	if (p->n_conflicts && !p->force)
		return true;
	for (size_t i = 0; i < all->n; i++)
		if (&all->v[i] != self)
			all->v[i].set = all->v[i].left;
	self->set = managed_strip(all->arena, self->set);
	p->result = js_equal(p->live, result) ? NULL : STEAL(result);
	if (p->result && !p->scale)
		managed_now(m, self);
	managers_drop_empty(all);
	return false;
}

/* ---- what kubectl has applied on its own side ---- */

/* The fields that stand in the annotation and are still so; 0 when there is none that counts. */
static bool allowed_conflicts(struct applying *p, const struct fieldset **ret)
{
	struct arena *a = p->m.managers.arena;
	const char *text = js_str0(p->live, "metadata", "annotations", LAST_APPLIED, NULL);
	struct err ignore = ERR_INIT;
	struct fieldset_changes c;
	autobuf struct buf why = BUF_INIT;
	autojson js *o = *text ? js_parse(text, strlen(text), NULL, &ignore) : NULL;

	if (!js_is_obj(o) || strcmp(js_str0(o, "apiVersion", NULL), p->m.version) ||
	    strcmp(js_str0(o, "kind", NULL), p->m.kind_name) || fieldset_check(p->m.type, o, &why) < 0)
		return false;
	fieldset_compare(a, p->m.type, o, p->live, &c);
	const struct fieldset *s = fieldset_of(a, p->m.type, o);
	s = fieldset_difference(a, s, c.modified);
	s = fieldset_difference(a, s, c.added);
	*ret = managed_own(a, fieldset_difference(a, s, c.removed));
	return true;
}

/* Conflicts with what kubectl itself has put there are none. Those left, in p. */
static bool objects(struct applying *p)
{
	const struct fieldset *allowed;
	size_t left = 0;

	if (strcmp(p->manager, KUBECTL) || !allowed_conflicts(p, &allowed))
		return true;
	for (size_t i = 0; i < p->m.managers.n; i++) {
		p->conflicts[i] = fieldset_difference(p->m.managers.arena, p->conflicts[i], allowed);
		left += p->conflicts[i] != NULL;
	}
	return left;
}

static size_t annotations_size(const js *annotations)
{
	size_t n = 0;

	for (struct js_iter it = js_iter(annotations); js_next(&it);)
		n += strlen(it.key) + strlen(js_str0(it.value, NULL));
	return n;
}

/* The annotation says what is applied now, so that going back to applying on the own side finds it. */
static void follow_last_applied(const struct applying *p, js *new)
{
	js *annotations = js_obj(new, "metadata", "annotations", NULL);
	autobuf struct buf text = BUF_INIT;

	if (strcmp(p->manager, KUBECTL) || !*js_str0(annotations, LAST_APPLIED, NULL))
		return;
	autojson js *config = js_dup(p->config);
	js *own = js_obj(config, "metadata", "annotations", NULL);
	if (own)
		js_del(own, LAST_APPLIED);
	js_write_sorted(&text, config, NULL);
	buf_addc(&text, '\n');
	js_set_str(annotations, LAST_APPLIED, text.p);
	if (annotations_size(annotations) > ANNOTATIONS_MAX)
		js_del(annotations, LAST_APPLIED);
}

/* ---- words ---- */

static void write_manager(struct buf *out, const struct manager *m)
{
	buf_add_json_string(out, m->name, strlen(m->name));
	if (*m->subresource)
		buf_addf(out, " with subresource \"%s\"", m->subresource);
	if (!m->applied)
		buf_addf(out, " using %s", m->version);
}

struct told {
	struct applying *p;
	const char *cause; /* "conflict with …" */
	struct buf text;
	size_t n, bytes;
};

static void tell_path(void *arg, const char *path)
{
	struct told *t = arg;
	struct field_errors *errs = &t->p->call->errs;

	t->n++;
	t->bytes += 2 * strlen(path) + strlen(t->cause);
	if (t->bytes > TOLD_BYTES)
		return;
	errs->max = t->n;
	buf_addf(&t->text, "\n- %s", path);
	field_errors_add(errs, "FieldManagerConflict", mem_strdup(path), mem_strdup(t->cause));
}

static int by_manager(const void *a, const void *b)
{
	const struct manager *const *x = a, *const *y = b;
	int c = strcmp((*x)->name, (*y)->name);

	if (!c)
		c = (int)(*x)->applied - (int)(*y)->applied;
	if (!c)
		c = strcmp((*x)->version, (*y)->version);
	return c ? c : strcmp((*x)->subresource, (*y)->subresource);
}

static int tell_conflicts(struct applying *p, struct err *err)
{
	const struct managers *all = &p->m.managers;
	autofree const struct manager **order = mem_array(all->n + 1, sizeof(*order));
	struct told t = {.p = p};
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++)
		if (p->conflicts[i])
			order[n++] = &all->v[i];
	qsort(order, n, sizeof(*order), by_manager);
	for (size_t i = 0; i < n; i++) {
		autobuf struct buf who = BUF_INIT;
		write_manager(&who, order[i]);
		autofree char *cause = mem_printf("conflict with %s", who.p);
		buf_addf(&t.text, "%sconflicts with %s:", i ? "\n" : "", who.p);
		t.cause = cause;
		fieldset_each(p->conflicts[order[i] - all->v], tell_path, &t);
	}
	struct buf *text = &p->call->text;
	buf_clear(text);
	if (t.n == 1)
		buf_addf(text, "Apply failed with 1 conflict: %s: %s", p->call->errs.v[0].message,
			 p->call->errs.v[0].field);
	else
		buf_addf(text, "Apply failed with %zu conflicts: %s", t.n, t.text.p);
	buf_release(&t.text);
	return err_set(err, REASON_CONFLICT, "%s", "");
}

/* The kind as Go prints it: "apps/v1, Kind=Deployment". */
static void write_kind(struct buf *out, const js *o)
{
	const char *version = js_str0(o, "apiVersion", NULL), *slash = strchr(version, '/');

	if (slash && strchr(slash + 1, '/'))
		buf_adds(out, "/, Kind="); /* which is no version */
	else
		buf_addf(out, "%s%s, Kind=%s", slash ? "" : "/", version, js_str0(o, "kind", NULL));
}

static void write_object(struct buf *out, const js *o)
{
	buf_addf(out, "%s/%s; ", js_str0(o, "metadata", "namespace", NULL),
		 js_str0(o, "metadata", "name", NULL));
	write_kind(out, o);
}

static int misfit(struct applying *p, const char *why, struct err *err)
{
	struct buf *text = &p->call->text;

	buf_clear(text);
	buf_adds(text, "failed to create typed patch object (");
	write_object(text, p->config);
	buf_addf(text, "): %s", why);
	return err_set(err, REASON_UNKNOWN, "%s", "");
}

static int check_config(struct applying *p, struct err *err)
{
	autobuf struct buf why = BUF_INIT;

	if (strcmp(js_str0(p->config, "apiVersion", NULL), p->m.version) ||
	    strcmp(js_str0(p->config, "kind", NULL), p->m.kind_name)) {
		write_kind(&why, p->config);
		return err_set(err, REASON_BAD_REQUEST, "invalid object type: %.300s", buf_str(&why));
	}
	if (js_arr(p->config, "metadata", "managedFields", NULL))
		return err_set(err, REASON_BAD_REQUEST, "metadata.managedFields must be nil");
	return fieldset_check(p->m.type, p->config, &why) < 0 ? misfit(p, buf_str(&why), err) : 0;
}

/* ---- the change ---- */

static int decode_managers(struct applying *p, const struct obj *old, struct err *err)
{
	struct err why = ERR_INIT;

	if (managers_of(p->m.managers.arena, old->managed, &p->m.managers, &why) < 0)
		return err_set(err, REASON_UNKNOWN, "failed to decode managed fields: %.400s", why.msg);
	if (p->scale)
		managed_scale_enter(&p->m, &p->parent);
	return 0;
}

/* Runs it, a second time by force when only kubectl's own past objects. */
static int run(struct applying *p, const struct obj *old, struct err *err)
{
	for (;;) {
		p->m.managers = (struct managers){.arena = p->m.managers.arena};
		if (old && decode_managers(p, old, err) < 0)
			return -1;
		if (old && !p->m.managers.n)
			managed_note(&p->m, BEFORE_FIRST, NULL, p->live);
		if (!apply(p))
			return 0;
		if (objects(p))
			return tell_conflicts(p, err);
		p->force = true;
	}
}

/* Upstream asks the field's own decoder, which does not know where it is. */
static void unlike(struct applying *p, const char *why, struct err *err)
{
	static const char place[] = " into Go struct field ";
	autobuf struct buf text = BUF_INIT, kind = BUF_INIT;
	const char *at = strstr(why, place), *type = at ? strstr(at, " of type ") : NULL;

	write_object(&text, p->config);
	write_kind(&kind, p->config);
	if (type)
		err_set(err, REASON_UNKNOWN,
			"failed to convert new object (%.300s) to proper version: unable to convert unstructured object to %s: %.*s into Go value%s",
			buf_str(&text), buf_str(&kind), (int)(at - why), why, type);
	else
		err_set(err, REASON_UNKNOWN,
			"failed to convert new object (%.300s) to proper version: unable to convert unstructured object to %s: %.300s",
			buf_str(&text), buf_str(&kind), why);
}

static js *decode_result(struct applying *p, js *o, struct err *err)
{
	struct err why = ERR_INIT;
	js *new = schema_decode_merged(p->m.type, o, &why);

	if (!new) {
		unlike(p, why.msg, err);
		return NULL;
	}
	js_set_str(new, "kind", p->m.kind_name);
	js_set_str(new, "apiVersion", p->m.version);
	return new;
}

static int check_uid(struct registry_call *c, const js *new, struct err *err)
{
	char res[256];
	const char *uid = js_str0(new, "metadata", "uid", NULL);

	if (!*uid)
		return 0;
	return err_set(
		err, REASON_CONFLICT,
		"Operation cannot be fulfilled on %s \"%s\": uid mismatch: the provided object specified uid %.64s, and no existing object was found",
		registry_resource_text(c->kind, res), c->name, uid);
}

/* What the configuration makes of p->live, conformed; the managers are those of the result. */
static js *make(struct applying *p, const struct registry_apply *want, const struct obj *old, struct err *err)
{
	if (check_config(p, err) < 0 || run(p, old, err) < 0)
		return NULL;
	autojson js *result = p->result ? p->result : json_object_get((js *)(uintptr_t)p->live);
	if (want->judge && want->judge(want->arg, err) < 0)
		return NULL;
	return decode_result(p, result, err);
}

static js *change(struct registry_call *c, void *arg, const struct obj *old, const js *old_tree,
		  struct err *err)
{
	const struct registry_apply *want = arg;
	autoarena struct arena a = ARENA_INIT;
	bool convert = c->kind != c->stored;
	autojson js *empty = old ? NULL : js_new_obj();
	autojson js *theirs = old && convert ? strategy_convert(c->stored, c->kind, old_tree) : NULL;
	struct applying p = {.call = c,
			     .config = want->config,
			     .live = !old     ? empty
				     : theirs ? theirs
					      : old_tree,
			     .manager = c->attr->manager,
			     .force = want->force};

	managed_init(&p.m, c, &a);
	autojson js *new = make(&p, want, old, err);
	if (!new)
		return NULL;
	follow_last_applied(&p, new);
	managed_keep(c, &p.m);
	if ((!old && check_uid(c, new, err) < 0) || registry_check_identity(c, new, err) < 0)
		return NULL;
	return convert ? strategy_convert(c->kind, c->stored, new) : STEAL(new);
}

static js *change_scale(struct registry_call *c, void *arg, const struct obj *old, const js *old_tree,
			struct err *err)
{
	const struct registry_apply *want = arg;
	autoarena struct arena a = ARENA_INIT;
	autojson js *live = registry_scale_of(c->kind, old_tree);
	struct applying p = {.call = c,
			     .scale = true,
			     .config = want->config,
			     .live = live,
			     .manager = c->attr->manager,
			     .force = want->force};

	managed_scale_init(&p.m, c, &a);
	autojson js *scale = make(&p, want, old, err);
	if (!scale || registry_check_identity(c, scale, err) < 0)
		return NULL;
	managed_scale_leave(&p.m, &p.parent);
	managed_keep(c, &p.m);
	return registry_scale_apply(c, scale, old_tree, err);
}

void registry_apply(struct registry_call *c, const struct registry_apply *want)
{
	bool scale = !strcmp(c->ctx.subresource, "scale");
	struct registry_change apply_it = {.make = scale ? change_scale : change,
					   .arg = (void *)(uintptr_t)want,
					   .flags = *c->ctx.subresource ? 0 : CHANGE_CREATES};

	c->applied = true;
	registry_change(c, &apply_it);
}
