/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PersistentVolumeClaims out of volumeClaimTemplates, and who owns them; see statefulset_round.h. They stay when nothing is
 * said. To go with the set, the set controls them; to go when the set shrinks, the Pod that is about to go does.
 */
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "statefulset/statefulset_round.h"

/* ---- which ---- */

static char *claim_name(const struct statefulset_round *r, size_t i, int32_t ordinal)
{
	return mem_printf("%s-%s-%d", r->set->claim_names[i], r->set->base.meta.name, ordinal);
}

/* A reference, or NULL. */
static const struct informer_object *find_claim(struct statefulset_round *r, const char *name)
{
	autobuf struct buf key = BUF_INIT;

	meta_key(&key, r->set->base.meta.namespace, name);
	return informer_get(r->claim_informer, buf_str(&key));
}

/* ---- whose ---- */

/* Who may own a claim: the set, or the Pod of an ordinal, which may not be there: without a uid then. */
struct claim_owners {
	struct owner_ref set, pod;
	bool set_wanted, pod_wanted; /* by the policy */
	bool keep_all;		     /* the policy has nothing to say */
};

static struct claim_owners owners_of(const struct statefulset_round *r, int32_t ordinal,
				     const struct cm_pod *p, char *pod_name)
{
	const struct cm_statefulset *s = r->set;
	bool condemned = !statefulset_in_range(s, ordinal);

	return (struct claim_owners){
		.set = {.api_version = (char *)"apps/v1",
			.kind = (char *)"StatefulSet",
			.name = s->base.meta.name,
			.uid = s->base.meta.uid},
		.pod = {.api_version = (char *)"v1",
			.kind = (char *)"Pod",
			.name = pod_name,
			.uid = p ? p->base.meta.uid : (char *)""},
		.set_wanted = s->claims_go_with_set && !(s->claims_go_with_pod && condemned),
		.pod_wanted = s->claims_go_with_pod && condemned,
		.keep_all = !s->claims_go_with_set && !s->claims_go_with_pod,
	};
}

static bool names(const struct owner_ref *ref, const struct owner_ref *o)
{
	return !strcmp(ref->api_version, o->api_version) && !strcmp(ref->kind, o->kind) &&
	       !strcmp(ref->name, o->name);
}

static bool has_owner(const struct meta *m, const struct owner_ref *o)
{
	for (size_t i = 0; *o->uid && i < m->n_owners; i++)
		if (!strcmp(m->owners[i].uid, o->uid))
			return true;
	return false;
}

/* The first reference of that name is to another object. */
static bool has_stale(const struct meta *m, const struct owner_ref *o)
{
	for (size_t i = 0; i < m->n_owners; i++)
		if (names(&m->owners[i], o))
			return strcmp(m->owners[i].uid, o->uid) != 0;
	return false;
}

/* Somebody else manages it; of no concern where the policy keeps all. */
static bool has_foreign_controller(const struct meta *m, const struct claim_owners *o)
{
	for (size_t i = 0; !o->keep_all && i < m->n_owners; i++) {
		const struct owner_ref *ref = &m->owners[i], *ours = names(ref, &o->set)   ? &o->set
								     : names(ref, &o->pod) ? &o->pod
											   : NULL;
		if (ours ? strcmp(ref->uid, ours->uid) != 0 : ref->controller)
			return true;
	}
	return false;
}

static bool owns_without_control(const struct meta *m, const struct claim_owners *o)
{
	for (size_t i = 0; i < m->n_owners; i++)
		if (!m->owners[i].controller && (!strcmp(m->owners[i].uid, o->set.uid) ||
						 (*o->pod.uid && !strcmp(m->owners[i].uid, o->pod.uid))))
			return true;
	return false;
}

static bool up_to_date(const struct meta *m, const struct claim_owners *o)
{
	bool set = has_owner(m, &o->set), pod = has_owner(m, &o->pod);

	if (has_stale(m, &o->set) || has_stale(m, &o->pod))
		return true; /* of somebody before us: not to be touched */
	if (has_foreign_controller(m, o))
		return !set && !pod;
	if (owns_without_control(m, o))
		return false;
	/* A Pod that is not there cannot own it, and is not asked to. */
	return set == o->set_wanted && (pod == o->pod_wanted || !*o->pod.uid);
}

bool statefulset_claims_match(struct statefulset_round *r, int32_t ordinal, const struct cm_pod *p)
{
	autofree char *pod = statefulset_pod_name(r->set, ordinal);
	struct claim_owners o = owners_of(r, ordinal, p, pod);
	bool ret = true;

	for (size_t i = 0; ret && i < r->set->n_claims; i++) {
		autofree char *name = claim_name(r, i, ordinal);
		const struct informer_object *claim = find_claim(r, name);

		ret = !claim || up_to_date(&claim->meta, &o);
		informer_unref(claim);
	}
	return ret;
}

bool statefulset_claim_is_stale(struct statefulset_round *r, int32_t ordinal)
{
	autofree char *pod = statefulset_pod_name(r->set, ordinal);
	struct claim_owners o = owners_of(r, ordinal, NULL, pod);
	bool ret = false;

	for (size_t i = 0; !ret && r->set->claims_go_with_pod && i < r->set->n_claims; i++) {
		autofree char *name = claim_name(r, i, ordinal);
		const struct informer_object *claim = find_claim(r, name);

		ret = claim && has_stale(&claim->meta, &o.pod);
		informer_unref(claim);
	}
	return ret;
}

static void add_owner(js *list, const struct owner_ref *o)
{
	js_push(list, meta_new_controller_ref(o->api_version, o->kind, o->name, o->uid));
}

static js *owners_body(const struct informer_object *claim, const struct claim_owners *o)
{
	const struct meta *m = &claim->meta;
	js *body = js_new_obj();

	control_guard(body, claim);
	js *list = js_ensure_arr(js_ensure(body, "metadata", NULL), "ownerReferences");
	for (size_t i = 0; i < m->n_owners; i++)
		if (!names(&m->owners[i], &o->set) && !names(&m->owners[i], &o->pod))
			js_push(list, control_owner_json(&m->owners[i]));
	if (has_foreign_controller(m, o))
		return body;
	if (o->set_wanted)
		add_owner(list, &o->set);
	if (o->pod_wanted && *o->pod.uid)
		add_owner(list, &o->pod);
	return body;
}

static int retain(struct statefulset_round *r, const struct informer_object *claim,
		  const struct claim_owners *o, struct err *err)
{
	if (has_foreign_controller(&claim->meta, o))
		control_event(
			r->ctx, &r->set->base, true, "ConflictingController",
			"PersistentVolumeClaim %s has a conflicting OwnerReference that acts as a managing "
			"controller, the retention policy is ignored for this claim",
			claim->meta.name);
	if (up_to_date(&claim->meta, o))
		return 0;
	autojson js *body = owners_body(claim, o);
	if (control_patch(r->ctx, r->claim_informer, claim, REST_PATCH_MERGE, NULL, body, err) < 0)
		return err_wrap(err, "could not update claim %s for delete policy ownerRefs",
				claim->meta.name);
	return 0;
}

int statefulset_retain_claims(struct statefulset_round *r, int32_t ordinal, const struct cm_pod *p,
			      struct err *err)
{
	autofree char *pod = statefulset_pod_name(r->set, ordinal);
	struct claim_owners o = owners_of(r, ordinal, p, pod);
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < r->set->n_claims; i++) {
		autofree char *name = claim_name(r, i, ordinal);
		const struct informer_object *claim = find_claim(r, name);

		rc = claim ? retain(r, claim, &o, err) : 0;
		informer_unref(claim);
	}
	return rc;
}

/* ---- making them ---- */

static js *claim_body(const struct statefulset_round *r, const js *template, const char *name)
{
	struct err ignored = ERR_INIT;
	js *o = js_dup(template), *meta = js_ensure(o, "metadata", NULL);
	autojson js *match = r->set->match_labels ? js_parse(r->set->match_labels,
							     strlen(r->set->match_labels), NULL, &ignored)
						  : NULL;

	js_set_str(o, "apiVersion", "v1");
	js_set_str(o, "kind", "PersistentVolumeClaim");
	js_del(o, "status");
	js_set_str(meta, "name", name);
	js_set_str(meta, "namespace", r->set->base.meta.namespace);
	for (struct js_iter it = js_iter(match); js_next(&it);)
		js_set(js_ensure(meta, "labels", NULL), it.key, js_dup(it.value));
	return o;
}

static void tell(struct statefulset_round *r, const char *claim, const char *pod, const struct err *failure)
{
	const struct informer_object *set = &r->set->base;

	if (failure)
		control_event(r->ctx, set, true, "FailedCreate",
			      "create Claim %s for Pod %s in StatefulSet %s failed error: %s", claim, pod,
			      set->meta.name, failure->msg);
	else
		control_event(r->ctx, set, false, "SuccessfulCreate",
			      "create Claim %s Pod %s in StatefulSet %s success", claim, pod, set->meta.name);
}

static int make_claim(struct statefulset_round *r, const js *template, const char *name, const char *pod,
		      struct err *err)
{
	autobuf struct buf path = BUF_INIT;
	autojson js *body = claim_body(r, template, name), *reply = NULL;
	struct err e = ERR_INIT;

	rest_path(&path, "", "v1", r->set->base.meta.namespace, "persistentvolumeclaims", NULL, NULL);
	if (rest_do(r->ctx->rest, REST_POST, buf_str(&path), body, &reply, &e) == 0) {
		informer_inject(r->claim_informer, reply);
		tell(r, name, pod, NULL);
		return 0;
	}
	if (e.reason != REASON_ALREADY_EXISTS && e.reason != REASON_ENDING)
		tell(r, name, pod, &e);
	*err = e;
	return err_wrap(err, "failed to create PVC %s", name);
}

int statefulset_make_claims(struct statefulset_round *r, int32_t ordinal, const struct cm_pod *p,
			    struct err *err)
{
	autofree char *pod = statefulset_pod_name(r->set, ordinal);
	autojson js *templates = NULL;
	int rc = 0;

	for (size_t i = 0; i < r->set->n_claims; i++) {
		autofree char *name = claim_name(r, i, ordinal);
		const struct informer_object *claim = find_claim(r, name);

		if (!claim && !templates)
			templates = js_parse(r->set->claims, strlen(r->set->claims), NULL, err);
		if (!claim)
			rc |= make_claim(r, js_at(templates, i), name, pod, err);
		else if (claim->meta.deleted_ns)
			rc |= err_set(err, REASON_CONFLICT, "pvc %s is being deleted", name);
		informer_unref(claim);
	}
	return rc ? -1 : statefulset_retain_claims(r, ordinal, p, err);
}
