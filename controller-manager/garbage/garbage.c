/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Garbage collection of dependants (kubernetes/kubernetes pkg/controller/garbagecollector), without a graph.
 *
 * Every informer is indexed by owner uid already, so «who depends on X» is a lookup and «does owner X exist»
 * another; which kinds are seen, garbage_kinds.h says. A key is RESOURCE.GROUP/NS/NAME; sync looks at that one object:
 *  - all its owners are gone (asked of the apiserver, since informers of two resources are not in step):
 *    delete it, in the state in which that was found, for it may have been orphaned a moment ago;
 *  - some are gone or only wait for it (foreground), others stay: drop those references;
 *  - it is being deleted with finalizer `foregroundDeletion`: delete its dependants, drop the finalizer once
 *    none blocks;
 *  - with finalizer `orphan`: take the references out of its dependants, then drop the finalizer.
 * An owner's end enqueues its dependants, a dependant's end its owners. What has an owner of a kind that nobody
 * serves is left alone, and looked at again the less often the longer that lasts.
 */
#include "control.h"
#include "controllers.h"
#include "garbage/garbage_kinds.h"
#include "decode/plain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/map.h"
#include "controller/informer_late.h"

#define FOREGROUND "foregroundDeletion"
#define ORPHAN "orphan"
#define UNKNOWN_MIN_NS (10 * NS_PER_S)
#define UNKNOWN_MAX_NS (1000 * NS_PER_S)
/* Keys that are no object's: */
#define KINDS "/kinds"		 /* what is watched may not be what should be */
#define EVERYTHING "/everything" /* the same, without asking what that is */

enum { WATCH_CONFIGMAPS, WATCH_NAMESPACES };

struct garbage {
	struct garbage_kinds *kinds;
	struct informer_set *set;
};

static void *init(struct informer **informers, struct workqueue *q)
{
	struct garbage *g = MEM_NEW(struct garbage);

	g->kinds = garbage_kinds_new();
	g->set = informer_get_set(informers[WATCH_CONFIGMAPS]);
	workqueue_add(q, KINDS);
	return g;
}

static void destroy(void *state)
{
	struct garbage *g = state;

	garbage_kinds_free(g->kinds);
	free(g);
}

/* ---- dependants ---- */

struct dependants {
	const void **v; /* references */
	size_t n;
};

static void dependants_of(struct informer_set *set, const char *uid, struct dependants *ret)
{
	struct informer **all;
	size_t n = informer_set_list(set, &all);

	*ret = (struct dependants){0};
	for (size_t i = 0; i < n; i++) {
		const void **v;
		size_t more = informer_list(all[i], INDEX_OWNER_UID, uid, &v);

		if (!more) {
			free(v);
			continue;
		}
		ret->v = mem_realloc_array((void *)ret->v, ret->n + more, sizeof(*ret->v));
		memcpy(ret->v + ret->n, v, more * sizeof(*v));
		ret->n += more;
		free(v);
	}
	free(all);
}

static void dependants_release(struct dependants *d)
{
	informer_unref_all(d->v, d->n);
}

/* ---- keys ---- */

static void write_key(struct buf *key, const struct informer_object *o)
{
	buf_addf(key, "%s%s%s/%s/%s", o->type->resource, *o->type->group ? "." : "", o->type->group,
		 o->meta.namespace, o->meta.name);
}

static void add_key(struct workqueue *q, const struct informer_object *o)
{
	autobuf struct buf key = BUF_INIT;

	write_key(&key, o);
	workqueue_add(q, buf_str(&key));
}

/* What a key names; NULL when it is not there. */
static const struct informer_object *find(struct informer_set *set, const char *key)
{
	const char *slash = strchr(key, '/'), *dot = memchr(key, '.', (size_t)(slash - key));
	const char *rest = slash[1] == '/' ? slash + 2 : slash + 1; /* cluster scope: "nodes//NAME" */
	autofree char *resource = mem_strndup(key, (size_t)((dot ? dot : slash) - key));
	autofree char *group = dot ? mem_strndup(dot + 1, (size_t)(slash - dot - 1)) : mem_strdup("");
	struct informer *i = informer_late_find(set, group, resource);

	return i ? informer_get(i, rest) : NULL;
}

/* The owner is gone: its uid does not come back, so nobody need ask for it. */
static void enqueue_dependants(struct workqueue *q, struct garbage *g, const char *uid)
{
	struct dependants d;

	dependants_of(g->set, uid, &d);
	if (d.n)
		garbage_kinds_set_gone(g->kinds, uid);
	for (size_t i = 0; i < d.n; i++)
		add_key(q, d.v[i]);
	dependants_release(&d);
}

static bool has_finalizer(const struct meta *m, const char *name)
{
	for (size_t i = 0; i < m->n_finalizers; i++)
		if (strcmp(m->finalizers[i], name) == 0)
			return true;
	return false;
}

/* ---- events ---- */

static bool same_kind(const struct informer_type *t, const struct owner_ref *r)
{
	const char *slash = strchr(r->api_version, '/');
	size_t len = slash ? (size_t)(slash - r->api_version) : 0;

	return !strcmp(t->kind, r->kind) && strlen(t->group) == len && !memcmp(t->group, r->api_version, len);
}

/* Of what is watched: it may be of the dependant's namespace or of none. NULL when it is not seen. */
static const struct informer_object *find_owner(struct informer_set *set, const char *ns,
						const struct owner_ref *r)
{
	autobuf struct buf key = BUF_INIT;
	const struct informer_object *ret = NULL;
	struct informer **all;
	size_t n = informer_set_list(set, &all);

	meta_key(&key, ns, r->name);
	for (size_t i = 0; i < n && !ret; i++) {
		if (!same_kind(informer_get_type(all[i]), r))
			continue;
		ret = informer_get(all[i], buf_str(&key));
		if (!ret)
			ret = informer_get(all[i], r->name);
	}
	free(all);
	return ret;
}

/* An owner in foreground deletion may wait for what this reference came from. */
static void enqueue_waiting_owner(struct workqueue *q, struct informer_set *set, const char *ns,
				  const struct owner_ref *r)
{
	const struct informer_object *owner = find_owner(set, ns, r);

	if (owner && owner->meta.deleted_ns)
		add_key(q, owner);
	informer_unref(owner);
}

/* Owners that the object blocked before and does not block any more. An object may have thousands. */
static void enqueue_unblocked(struct workqueue *q, struct informer_set *set, const struct meta *old,
			      const struct meta *new)
{
	automap struct map blocked = MAP_INIT;

	for (size_t i = 0; new &&i < new->n_owners; i++)
		if (new->owners[i].block_owner_deletion)
			map_set(&blocked, new->owners[i].uid, (void *)new);
	for (size_t i = 0; i < old->n_owners; i++)
		if (!new || (old->owners[i].block_owner_deletion && !map_has(&blocked, old->owners[i].uid)))
			enqueue_waiting_owner(q, set, old->namespace, &old->owners[i]);
}

static bool same_owners(const struct meta *a, const struct meta *b)
{
	bool same = a->n_owners == b->n_owners;

	for (size_t i = 0; same && i < a->n_owners; i++)
		same = !strcmp(a->owners[i].uid, b->owners[i].uid);
	return same;
}

static void enqueue(struct workqueue *q, void *state, const void *old_object, const void *new_object)
{
	const struct informer_object *old = old_object, *new = new_object;
	struct garbage *g = state;
	struct informer_set *set = g->set;

	if (!new) {
		enqueue_dependants(q, g, old->meta.uid);
		enqueue_unblocked(q, set, &old->meta, NULL);
		return;
	}
	if (old && strcmp(old->meta.uid,
			  new->meta.uid)) /* another one, of which nobody said that the first had gone */
		enqueue_dependants(q, g, old->meta.uid);
	if (old)
		enqueue_unblocked(q, set, &old->meta, &new->meta);
	if (new->meta.deleted_ns) {
		if (has_finalizer(&new->meta, FOREGROUND) || has_finalizer(&new->meta, ORPHAN))
			add_key(q, new);
		return;
	}
	/* A dependant is looked at when it appears and when its owners change; most never need a request (see
	 * owner_state). */
	if (new->meta.n_owners > 0 && (!old || !same_owners(&old->meta, &new->meta)))
		add_key(q, new);
}

static void on_listed(struct workqueue *q, void *state)
{
	garbage_kinds_unpark(((struct garbage *)state)->kinds, q);
}

static void enqueue_configmap(struct workqueue *q, void *state, struct informer **informers, const void *old,
			      const void *new)
{
	const struct informer_object *o = new ? new : old;

	if (!strcmp(o->meta.name, "coracle-dependants") && !strcmp(o->meta.namespace, "kube-system"))
		workqueue_add(q, KINDS);
}

/* ---- requests ---- */
static int patch(struct controller_ctx *ctx, const struct informer_object *o, const char *field, js *list,
		 struct err *err)
{
	autojson js *body = js_new_obj();

	control_guard(body, o);
	js_set(js_ensure(body, "metadata", NULL), field, list);
	return control_patch(ctx, NULL, o, REST_PATCH_MERGE, NULL, body, err);
}

static int drop_finalizer(struct controller_ctx *ctx, const struct informer_object *o, const char *name,
			  struct err *err)
{
	js *list = js_new_arr();
	for (size_t i = 0; i < o->meta.n_finalizers; i++)
		if (strcmp(o->meta.finalizers[i], name) != 0)
			js_push(list, js_new_str(o->meta.finalizers[i]));
	return patch(ctx, o, "finalizers", list, err);
}

/* Rewrites ownerReferences to those that `drop` does not mark. */
static int drop_owners(struct controller_ctx *ctx, const struct informer_object *o, const bool *drop,
		       struct err *err)
{
	js *list = js_new_arr();
	for (size_t i = 0; i < o->meta.n_owners; i++)
		if (!drop[i])
			js_push(list, control_owner_json(&o->meta.owners[i]));
	return patch(ctx, o, "ownerReferences", list, err);
}

/* ---- owners being deleted ---- */

static int orphan(struct controller_ctx *ctx, const struct informer_object *o, const char *uid,
		  struct err *err)
{
	autofree bool *drop = mem_array(o->meta.n_owners, sizeof(bool));

	for (size_t i = 0; i < o->meta.n_owners; i++)
		drop[i] = !strcmp(o->meta.owners[i].uid, uid);
	return drop_owners(ctx, o, drop, err);
}

static int orphan_dependants(struct controller_ctx *ctx, const struct informer_object *owner, struct err *err)
{
	struct dependants d;
	int rc = 0;

	dependants_of(ctx->set, owner->meta.uid, &d);
	for (size_t i = 0; i < d.n && rc == 0; i++)
		rc = orphan(ctx, d.v[i], owner->meta.uid, err);
	dependants_release(&d);
	return rc < 0 ? rc : drop_finalizer(ctx, owner, ORPHAN, err);
}

static bool blocks(const struct informer_object *o, const char *uid)
{
	bool ret = false;

	for (size_t i = 0; i < o->meta.n_owners; i++)
		ret |= !strcmp(o->meta.owners[i].uid, uid) && o->meta.owners[i].block_owner_deletion;
	return ret;
}

static int delete_dependants(struct controller_ctx *ctx, const struct informer_object *owner, struct err *err)
{
	struct dependants d;
	bool blocked = false;

	dependants_of(ctx->set, owner->meta.uid, &d);
	for (size_t i = 0; i < d.n; i++) {
		const struct informer_object *o = d.v[i];

		blocked |= blocks(o, owner->meta.uid);
		if (o->meta.deleted_ns == 0)
			add_key(ctx->queue, o); /* its own sync decides: it may have other owners */
	}
	dependants_release(&d);
	return blocked ? 0 : drop_finalizer(ctx, owner, FOREGROUND, err);
}

/* ---- dependants ---- */

enum owner_state { OWNER_SOLID, OWNER_ABSENT, OWNER_WAITING, OWNER_STATES };

struct judgement {
	struct controller_ctx *ctx;
	struct garbage *g;
	const struct informer_object *o;
	size_t n[OWNER_STATES]; /* how many of its owners are in which state */
	bool *drop;		/* by owner: the reference is of no more use */
	bool unheard;		/* the end of one of them may not be heard yet */
	bool senseless;		/* one can be nobody's owner from where it is */
	bool unknown;		/* one is of a kind that nobody serves */
};

/* Somebody who has that uid and lives elsewhere is no owner, though the reference names it. */
static void report_elsewhere(struct judgement *j, const struct owner_ref *r,
			     const struct garbage_owner_kind *kind)
{
	const struct informer_object *o = j->o;
	const void **namespaces;
	size_t n = informer_list(j->ctx->informers[WATCH_NAMESPACES], SIZE_MAX, "", &namespaces);

	for (size_t i = 0; kind->listed && kind->namespaced && i < n; i++) {
		const char *ns = ((const struct informer_object *)namespaces[i])->meta.name;
		autobuf struct buf key = BUF_INIT;

		meta_key(&key, ns, r->name);
		const struct informer_object *other = informer_get(kind->informer, buf_str(&key));

		if (other && !strcmp(other->meta.uid, r->uid) && strcmp(ns, o->meta.namespace))
			control_event(
				j->ctx, o, true, "OwnerRefInvalidNamespace",
				"ownerRef [%s/%s, namespace: %s, name: %s, uid: %s] does not exist in namespace \"%s\"",
				r->api_version, r->kind, o->meta.namespace, r->name, r->uid,
				o->meta.namespace);
		informer_unref(other);
	}
	informer_unref_all(namespaces, n);
}

/* The informer's word that an owner exists is good; that it does not is asked for. */
static int ask_for_owner(struct judgement *j, const struct owner_ref *r,
			 const struct garbage_owner_kind *kind, const char *ns, enum owner_state *ret,
			 struct err *err)
{
	autobuf struct buf path = BUF_INIT;
	autojson js *live = NULL;
	struct err e = ERR_INIT;
	const char *slash = strchr(kind->api_version, '/');
	autofree char *group =
		slash ? mem_strndup(kind->api_version, (size_t)(slash - kind->api_version)) : mem_strdup("");

	rest_path(&path, group, slash ? slash + 1 : kind->api_version, *ns ? ns : NULL, kind->resource,
		  r->name, NULL);
	if (rest_do(j->ctx->rest, REST_GET, buf_str(&path), NULL, &live, &e) < 0 &&
	    e.reason != REASON_NOT_FOUND) {
		*err = e;
		return -1;
	}
	if (live && !strcmp(meta_uid(live), r->uid)) {
		if (meta_deleting(live) && meta_has_finalizer(live, FOREGROUND))
			*ret = OWNER_WAITING;
		j->unheard |= !kind->listed;
		return 0;
	}
	*ret = OWNER_ABSENT;
	garbage_kinds_set_absent(j->g->kinds, ns, r);
	report_elsewhere(j, r, kind);
	return 0;
}

static int owner_state(struct judgement *j, const struct owner_ref *r, enum owner_state *ret, struct err *err)
{
	const struct informer_object *o = j->o, *owner = find_owner(j->ctx->set, o->meta.namespace, r);
	bool same = owner && !strcmp(owner->meta.uid, r->uid);
	struct garbage_owner_kind kind;

	*ret = OWNER_SOLID;
	if (same && owner->meta.deleted_ns && has_finalizer(&owner->meta, FOREGROUND))
		*ret = OWNER_WAITING;
	informer_unref(owner);
	if (same)
		return 0;
	*ret = OWNER_ABSENT;
	if (garbage_kinds_is_gone(j->g->kinds, r->uid) || garbage_kinds_is_absent(j->g->kinds, "", r) ||
	    garbage_kinds_is_absent(j->g->kinds, o->meta.namespace, r))
		return 0;
	*ret = OWNER_SOLID;
	struct err e = ERR_INIT;

	if (garbage_kinds_of_owner(j->g->kinds, j->ctx, r, &kind, &e) < 0) {
		j->unknown |= e.reason == REASON_NOT_FOUND;
		if (!j->unknown)
			*err = e;
		return j->unknown ? 0 : -1;
	}
	/* An owner that lives in a namespace cannot be found from outside of one: the reference is wrong, the object is not. */
	if (kind.namespaced && !*o->meta.namespace) {
		j->senseless = true;
		return 0;
	}
	return ask_for_owner(j, r, &kind, kind.namespaced ? o->meta.namespace : "", ret, err);
}

/* What is known of the dependants of an object. */
struct below {
	bool any, waiting; /* there are some; one of them is in foreground deletion itself */
};

static struct below look_below(struct controller_ctx *ctx, const struct informer_object *o)
{
	struct dependants d;
	struct below ret = {false, false};

	dependants_of(ctx->set, o->meta.uid, &d);
	ret.any = d.n > 0;
	for (size_t i = 0; i < d.n; i++) {
		const struct meta *m = &((const struct informer_object *)d.v[i])->meta;

		ret.waiting |= m->deleted_ns && has_finalizer(m, FOREGROUND);
	}
	dependants_release(&d);
	return ret;
}

/* A circle of owners: each would wait for the next for ever. As upstream, one of them stops blocking its own. */
static int unblock_owners(struct controller_ctx *ctx, const struct informer_object *o, struct err *err)
{
	js *list = js_new_arr();

	for (size_t i = 0; i < o->meta.n_owners; i++) {
		js *ref = control_owner_json(&o->meta.owners[i]);

		js_del(ref, "blockOwnerDeletion");
		js_push(list, ref);
	}
	return patch(ctx, o, "ownerReferences", list, err);
}

static int classify_owners(struct judgement *j, struct err *err)
{
	for (size_t i = 0; i < j->o->meta.n_owners; i++) {
		enum owner_state st;

		if (owner_state(j, &j->o->meta.owners[i], &st, err) < 0)
			return -1;
		j->drop[i] = st != OWNER_SOLID;
		j->n[st]++;
	}
	return 0;
}

/* No owner is left that would keep the object. */
static int collect(struct controller_ctx *ctx, const struct informer_object *o, bool owner_waits,
		   struct err *err)
{
	struct below below = owner_waits ? look_below(ctx, o) : (struct below){false, false};

	if (below.waiting && unblock_owners(ctx, o, err) < 0)
		return -1;
	/* Somebody waits for the whole tree below: go down in the foreground. */
	bool foreground = below.any || has_finalizer(&o->meta, FOREGROUND);
	const char *policy = has_finalizer(&o->meta, ORPHAN) && !below.any ? "Orphan"
			     : foreground				   ? "Foreground"
									   : "Background";

	/* The owners were judged by the informer's word: an object that was given others, or none, meanwhile stays. When
	   they were rewritten just now, that was found out by the way. */
	return below.waiting ? control_delete(ctx, o, policy, CONTROL_OWN_GRACE, err)
			     : control_delete_state(ctx, o, policy, err);
}

/* At an owner whose kind nobody serves. */
static int64_t look_again_after(const struct informer_object *o)
{
	int64_t age = clock_wall_ns() - o->meta.created_ns;

	return age < UNKNOWN_MIN_NS ? UNKNOWN_MIN_NS : age > UNKNOWN_MAX_NS ? UNKNOWN_MAX_NS : age;
}

static int judge(struct controller_ctx *ctx, const struct informer_object *o, const char *key,
		 struct err *err)
{
	struct judgement j = {.ctx = ctx, .g = ctx->state, .o = o};
	struct err e = ERR_INIT;

	j.drop = mem_array(o->meta.n_owners, sizeof(bool));
	int rc = classify_owners(&j, &e);

	if (rc == 0 && j.unheard)
		garbage_kinds_park(j.g->kinds, key);
	if (rc == 0 && j.unknown)
		ctx->requeue_after_ns = look_again_after(o);
	else if (rc == 0 && !j.senseless && j.n[OWNER_SOLID] == 0)
		rc = collect(ctx, o, j.n[OWNER_WAITING] > 0, &e);
	else if (rc == 0 && !j.senseless && j.n[OWNER_WAITING] + j.n[OWNER_ABSENT] > 0)
		rc = drop_owners(ctx, o, j.drop, &e);
	free(j.drop);
	if (rc < 0)
		*err = e;
	return rc;
}

static int sync_object(struct controller_ctx *ctx, const struct informer_object *o, const char *key,
		       struct err *err)
{
	struct garbage *g = ctx->state;
	bool orphans = has_finalizer(&o->meta, ORPHAN), foreground = has_finalizer(&o->meta, FOREGROUND);

	if (o->meta.deleted_ns == 0)
		return o->meta.n_owners > 0 ? judge(ctx, o, key, err) : 0;
	if (!orphans && !foreground)
		return 0;
	if (!garbage_kinds_settled(g->kinds, ctx)) {
		garbage_kinds_park(g->kinds, key);
		ctx->requeue_after_ns = NS_PER_S;
		return 0;
	}
	return orphans ? orphan_dependants(ctx, o, err) : delete_dependants(ctx, o, err);
}

static int sync(struct controller_ctx *ctx, const char *key, struct err *err)
{
	struct garbage *g = ctx->state;

	if (!strcmp(key, KINDS))
		return garbage_kinds_update(g->kinds, ctx, err);
	if (!strcmp(key, EVERYTHING))
		return garbage_kinds_watch_all(g->kinds, ctx, err);
	const struct informer_object *o = find(ctx->set, key);
	int rc = o ? sync_object(ctx, o, key, err) : 0;

	informer_unref(o);
	return rc;
}

const struct controller garbage_collector = {
	.name = "garbage-collector",
	.component = "garbage-collector-controller",
	.watches =
		{
			[WATCH_CONFIGMAPS] = {&cm_configmap_type, NULL, enqueue_configmap},
			[WATCH_NAMESPACES] = {&cm_namespace_type, NULL, NULL},
		},
	.account = "generic-garbage-collector",
	.workers = 2,
	.any = enqueue,
	.listed = on_listed,
	.sync = sync,
	.init = init,
	.destroy = destroy,
};
