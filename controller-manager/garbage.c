/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Garbage collection of dependants (kubernetes/kubernetes pkg/controller/garbagecollector), without a graph.
 *
 * Every informer is indexed by owner uid already, so «who depends on X» is a lookup and «does owner X exist»
 * another. A key is RESOURCE/NS/NAME; sync looks at that one object:
 *  - all its owners are gone (asked of the apiserver, since informers of two resources are not in step):
 *    delete it, in the state in which that was found, for it may have been orphaned a moment ago;
 *  - some are gone or only wait for it (foreground), others stay: drop those references;
 *  - it is being deleted with finalizer `foregroundDeletion`: delete its dependants, drop the finalizer once
 *    none blocks;
 *  - with finalizer `orphan`: take the references out of its dependants, then drop the finalizer.
 * An owner's end enqueues its dependants, a dependant's end its owners. Owners of kinds unknown here are left
 * alone.
 */
#include "control.h"
#include "controllers.h"
#include "decode/deployment.h"
#include "decode/node.h"
#include "decode/plain.h"
#include "decode/pod.h"
#include "decode/replicaset.h"
#include "decode/revision.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/map.h"

#define FOREGROUND "foregroundDeletion"
#define ORPHAN "orphan"

/* The watches, by name: the order of the table at the end. */
static const struct informer_type *const kinds[] = {
	&cm_pod_type,
	&cm_replicaset_type,
	&cm_deployment_type,
	&cm_controllerrevision_type,
	&cm_configmap_type,
	&cm_secret_type,
	&cm_service_type,
	&cm_endpoints_type,
	&cm_serviceaccount_type,
	&cm_lease_type,
	&cm_node_type,
	&cm_namespace_type,
};

static void add_key(struct workqueue *q, const struct informer_object *o)
{
	autobuf struct buf key = BUF_INIT;
	buf_addf(&key, "%s/%s/%s", o->type->resource, o->meta.namespace, o->meta.name);
	workqueue_add(q, buf_str(&key));
}

static void enqueue_dependants(struct workqueue *q, struct informer **informers, const char *uid)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		const void **v;
		size_t n = informer_list(informers[i], INDEX_OWNER_UID, uid, &v);
		for (size_t k = 0; k < n; k++)
			add_key(q, v[k]);
		informer_unref_all(v, n);
	}
}

static bool has_finalizer(const struct meta *m, const char *name)
{
	for (size_t i = 0; i < m->n_finalizers; i++)
		if (strcmp(m->finalizers[i], name) == 0)
			return true;
	return false;
}

/* Which of the kinds it is of; their number when it is none of them. Other groups may have kinds of the same name. */
static size_t kind_of(const struct owner_ref *r)
{
	const char *slash = strchr(r->api_version, '/');
	size_t len = slash ? (size_t)(slash - r->api_version) : 0, i = 0;

	while (i < ARRAY_LEN(kinds) && (strcmp(kinds[i]->kind, r->kind) || strlen(kinds[i]->group) != len ||
					memcmp(kinds[i]->group, r->api_version, len)))
		i++;
	return i;
}

static bool cluster_scoped(const struct informer_type *t)
{
	return t == &cm_node_type || t == &cm_namespace_type;
}

static const struct informer_object *find_owner(struct informer **informers, const char *ns,
						const struct owner_ref *r)
{
	autobuf struct buf key = BUF_INIT;
	size_t i = kind_of(r);

	if (i == ARRAY_LEN(kinds))
		return NULL;
	meta_key(&key, cluster_scoped(kinds[i]) ? "" : ns, r->name);
	return informer_get(informers[i], buf_str(&key));
}

/* An owner in foreground deletion may wait for what this reference came from. */
static void enqueue_waiting_owner(struct workqueue *q, struct informer **informers, const char *ns,
				  const struct owner_ref *r)
{
	const struct informer_object *owner = find_owner(informers, ns, r);

	if (owner && owner->meta.deleted_ns)
		add_key(q, owner);
	informer_unref(owner);
}

/* Owners that the object blocked before and does not block any more. An object may have thousands. */
static void enqueue_unblocked(struct workqueue *q, struct informer **informers, const struct meta *old,
			      const struct meta *new)
{
	automap struct map blocked = MAP_INIT;

	for (size_t i = 0; new &&i < new->n_owners; i++)
		if (new->owners[i].block_owner_deletion)
			map_set(&blocked, new->owners[i].uid, (void *)new);
	for (size_t i = 0; i < old->n_owners; i++)
		if (!new || (old->owners[i].block_owner_deletion && !map_has(&blocked, old->owners[i].uid)))
			enqueue_waiting_owner(q, informers, old->namespace, &old->owners[i]);
}

static bool same_owners(const struct meta *a, const struct meta *b)
{
	bool same = a->n_owners == b->n_owners;

	for (size_t i = 0; same && i < a->n_owners; i++)
		same = !strcmp(a->owners[i].uid, b->owners[i].uid);
	return same;
}

static void enqueue(struct workqueue *q, void *state, struct informer **informers, const void *old_object,
		    const void *new_object)
{
	const struct informer_object *old = old_object, *new = new_object;
	if (!new) {
		enqueue_dependants(q, informers, old->meta.uid);
		enqueue_unblocked(q, informers, &old->meta, NULL);
		return;
	}
	if (old)
		enqueue_unblocked(q, informers, &old->meta, &new->meta);
	if (new->meta.deleted_ns) {
		if (has_finalizer(&new->meta, FOREGROUND) || has_finalizer(&new->meta, ORPHAN))
			add_key(q, new);
		return;
	}
	/* A dependant is looked at when it appears and when its owners change; most never need a request (see
	 * absent). */
	if (new->meta.n_owners > 0 && (!old || !same_owners(&old->meta, &new->meta)))
		add_key(q, new);
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
static int orphan_dependants(struct controller_ctx *ctx, const struct informer_object *owner, struct err *err)
{
	int rc = 0;
	for (size_t i = 0; i < ARRAY_LEN(kinds) && rc == 0; i++) {
		const void **v;
		size_t n = informer_list(ctx->informers[i], INDEX_OWNER_UID, owner->meta.uid, &v);
		for (size_t k = 0; k < n && rc == 0; k++) {
			const struct informer_object *o = v[k];
			bool *drop = mem_array(o->meta.n_owners, sizeof(bool));
			for (size_t r = 0; r < o->meta.n_owners; r++)
				drop[r] = strcmp(o->meta.owners[r].uid, owner->meta.uid) == 0;
			rc = drop_owners(ctx, o, drop, err);
			free(drop);
		}
		informer_unref_all(v, n);
	}
	return rc < 0 ? rc : drop_finalizer(ctx, owner, ORPHAN, err);
}

static int delete_dependants(struct controller_ctx *ctx, const struct informer_object *owner, struct err *err)
{
	int rc = 0;
	size_t blocking = 0;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		const void **v;
		size_t n = informer_list(ctx->informers[i], INDEX_OWNER_UID, owner->meta.uid, &v);
		for (size_t k = 0; k < n; k++) {
			const struct informer_object *o = v[k];
			for (size_t r = 0; r < o->meta.n_owners; r++)
				blocking += strcmp(o->meta.owners[r].uid, owner->meta.uid) == 0 &&
					    o->meta.owners[r].block_owner_deletion;
			if (o->meta.deleted_ns == 0)
				add_key(ctx->queue, o); /* its own sync decides: it may have other owners */
		}
		informer_unref_all(v, n);
	}
	if (blocking == 0)
		rc = drop_finalizer(ctx, owner, FOREGROUND, err);
	return rc;
}

/* ---- dependants ---- */
enum owner_state { OWNER_SOLID, OWNER_ABSENT, OWNER_WAITING, OWNER_STATES };

/* The informer's word that an owner exists is good; that it does not is checked live. */
static int owner_state(struct controller_ctx *ctx, const struct informer_object *o, const struct owner_ref *r,
		       enum owner_state *ret, struct err *err)
{
	*ret = OWNER_SOLID;
	size_t kind = kind_of(r);
	if (kind == ARRAY_LEN(kinds))
		return 0;
	const struct informer_type *type = kinds[kind];
	bool cluster = cluster_scoped(type);
	/* An owner that lives in a namespace cannot be found from outside of one: the reference is wrong, the object is not. */
	if (!cluster && !*o->meta.namespace)
		return 0;
	const struct informer_object *owner = find_owner(ctx->informers, o->meta.namespace, r);
	bool same = owner && strcmp(owner->meta.uid, r->uid) == 0;
	if (same && owner->meta.deleted_ns && has_finalizer(&owner->meta, FOREGROUND))
		*ret = OWNER_WAITING;
	informer_unref(owner);
	if (same)
		return 0;
	autobuf struct buf path = BUF_INIT;
	rest_path(&path, type->group, type->version, cluster ? NULL : o->meta.namespace, type->resource,
		  r->name, NULL);
	autojson js *live = NULL;
	struct err e = ERR_INIT;
	if (rest_do(ctx->rest, REST_GET, buf_str(&path), NULL, &live, &e) < 0) {
		if (e.reason != REASON_NOT_FOUND) {
			*err = e;
			return -1;
		}
		*ret = OWNER_ABSENT;
	} else if (strcmp(meta_uid(live), r->uid) != 0)
		*ret = OWNER_ABSENT;
	return 0;
}

/* What is known of the dependants of an object. */
struct below {
	bool any, waiting; /* there are some; one of them is in foreground deletion itself */
};

static struct below look_below(struct controller_ctx *ctx, const struct informer_object *o)
{
	struct below ret = {false, false};

	for (size_t i = 0; i < ARRAY_LEN(kinds) && !ret.waiting; i++) {
		const void **v;
		size_t n = informer_list(ctx->informers[i], INDEX_OWNER_UID, o->meta.uid, &v);

		ret.any |= n > 0;
		for (size_t k = 0; k < n; k++) {
			const struct meta *m = &((const struct informer_object *)v[k])->meta;

			ret.waiting |= m->deleted_ns && has_finalizer(m, FOREGROUND);
		}
		informer_unref_all(v, n);
	}
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

struct owners { /* how many of an object's owners are in which state */
	size_t n[OWNER_STATES];
	bool *drop; /* by owner: the reference is of no more use */
};

static int classify_owners(struct controller_ctx *ctx, const struct informer_object *o, struct owners *ret,
			   struct err *err)
{
	for (size_t i = 0; i < o->meta.n_owners; i++) {
		enum owner_state st;

		if (owner_state(ctx, o, &o->meta.owners[i], &st, err) < 0)
			return -1;
		ret->drop[i] = st != OWNER_SOLID;
		ret->n[st]++;
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

static int judge(struct controller_ctx *ctx, const struct informer_object *o, struct err *err)
{
	struct owners owners = {.drop = mem_array(o->meta.n_owners, sizeof(bool))};
	int rc = classify_owners(ctx, o, &owners, err);

	if (rc == 0 && owners.n[OWNER_SOLID] == 0)
		rc = collect(ctx, o, owners.n[OWNER_WAITING] > 0, err);
	else if (rc == 0 && owners.n[OWNER_WAITING] + owners.n[OWNER_ABSENT] > 0)
		rc = drop_owners(ctx, o, owners.drop, err);
	free(owners.drop);
	return rc;
}

static int sync(struct controller_ctx *ctx, const char *key, struct err *err)
{
	const char *slash = strchr(key, '/');
	const char *rest = slash[1] == '/' ? slash + 2 : slash + 1; /* cluster scope: "nodes//NAME" */
	const struct informer_object *o = NULL;
	for (size_t i = 0; i < ARRAY_LEN(kinds) && !o; i++)
		if (strlen(kinds[i]->resource) == (size_t)(slash - key) &&
		    strncmp(kinds[i]->resource, key, (size_t)(slash - key)) == 0)
			o = informer_get(ctx->informers[i], rest);
	if (!o)
		return 0;
	int rc = 0;
	if (o->meta.deleted_ns && has_finalizer(&o->meta, ORPHAN))
		rc = orphan_dependants(ctx, o, err);
	else if (o->meta.deleted_ns && has_finalizer(&o->meta, FOREGROUND))
		rc = delete_dependants(ctx, o, err);
	else if (o->meta.deleted_ns == 0 && o->meta.n_owners > 0)
		rc = judge(ctx, o, err);
	informer_unref(o);
	return rc;
}

const struct controller garbage_collector = {
	.name = "garbage-collector",
	.watches =
		{
			{&cm_pod_type, NULL, enqueue},
			{&cm_replicaset_type, NULL, enqueue},
			{&cm_deployment_type, NULL, enqueue},
			{&cm_controllerrevision_type, NULL, enqueue},
			{&cm_configmap_type, NULL, enqueue},
			{&cm_secret_type, NULL, enqueue},
			{&cm_service_type, NULL, enqueue},
			{&cm_endpoints_type, NULL, enqueue},
			{&cm_serviceaccount_type, NULL, enqueue},
			{&cm_lease_type, NULL, enqueue},
			{&cm_node_type, NULL, enqueue},
			{&cm_namespace_type, NULL, enqueue},
		},
	.account = "generic-garbage-collector",
	.workers = 2,
	.sync = sync,
};
