/* SPDX-License-Identifier: Apache-2.0 */
/* Names, and how Pods are made, ended and put right; see statefulset_round.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "statefulset/statefulset_round.h"

#define POD_NAME_LABEL "statefulset.kubernetes.io/pod-name"
#define POD_INDEX_LABEL "apps.kubernetes.io/pod-index"

enum { HOLE_NAME, HOLE_ORDINAL };

void statefulset_wake_after(struct statefulset_round *r, int64_t ns)
{
	ns = ns > 0 ? ns : 1;
	if (!r->wake_ns || ns < r->wake_ns)
		r->wake_ns = ns;
}

/* ---- identity ---- */

int32_t statefulset_ordinal(const char *set, const char *pod)
{
	size_t n = strlen(set);
	int64_t ordinal = 0;

	if (strncmp(set, pod, n) || pod[n] != '-')
		return -1;
	const char *digits = pod + n + 1;
	if (!*digits || (*digits == '0' && digits[1])) /* "web-01" is not the name of web's Pod 1 */
		return -1;
	for (const char *p = digits; *p; p++) {
		if (*p < '0' || *p > '9')
			return -1;
		ordinal = ordinal * 10 + *p - '0';
		if (ordinal > INT32_MAX)
			return -1;
	}
	return (int32_t)ordinal;
}

bool statefulset_member(const struct informer_object *set, const struct informer_object *pod)
{
	return statefulset_ordinal(set->meta.name, pod->meta.name) >= 0;
}

bool statefulset_in_range(const struct cm_statefulset *set, int32_t ordinal)
{
	return ordinal >= set->start && ordinal < (int64_t)set->start + set->replicas;
}

char *statefulset_pod_name(const struct cm_statefulset *set, int32_t ordinal)
{
	return mem_printf("%s-%d", set->base.meta.name, ordinal);
}

const char *statefulset_revision_of(const struct cm_pod *p)
{
	const char *v = labels_get(p->base.meta.labels, STATEFULSET_REVISION_LABEL);
	return v ? v : "";
}

bool statefulset_running_ready(const struct cm_pod *p)
{
	return p->phase == PHASE_RUNNING && cm_pod_ready(p);
}

static bool identity_matches(const struct cm_pod *p)
{
	const char *v = labels_get(p->base.meta.labels, POD_NAME_LABEL);
	return v && !strcmp(v, p->base.meta.name);
}

/* Each template's claim is a volume of the Pod. */
static bool storage_matches(const struct statefulset_round *r, const struct cm_pod *p)
{
	for (size_t i = 0; i < r->set->n_claims; i++) {
		autofree char *want = mem_printf("%s-%s", r->set->claim_names[i], p->base.meta.name);
		bool found = false;

		for (size_t k = 0; p->set && k < p->set->n_claims; k++)
			found |= !strcmp(p->set->claims[k].volume, r->set->claim_names[i]) &&
				 !strcmp(p->set->claims[k].claim, want);
		if (!found)
			return false;
	}
	return true;
}

/* ---- saying it ---- */

void statefulset_tell(struct controller_ctx *ctx, const struct informer_object *owner, const char *verb,
		      const char *pod, const struct err *failure)
{
	autofree char *reason =
		mem_printf("%s%c%s", failure ? "Failed" : "Successful", *verb - 'a' + 'A', verb + 1);

	if (failure)
		control_event(ctx, owner, true, reason, "%s Pod %s in StatefulSet %s failed error: %s", verb,
			      pod, owner->meta.name, failure->msg);
	else
		control_event(ctx, owner, false, reason, "%s Pod %s in StatefulSet %s successful", verb, pod,
			      owner->meta.name);
}

/* ---- making ---- */

static js *volume_of(const char *name, const char *pod)
{
	js *v = js_new_obj();
	autofree char *claim = mem_printf("%s-%s", name, pod);

	js_set_str(v, "name", name);
	js_set_str(js_ensure(v, "persistentVolumeClaim", NULL), "claimName", claim);
	return v;
}

/* Claims first; a volume of the template that has the name of one gives way. */
static js *volumes_of(const struct statefulset_round *r, const js *own, const char *pod)
{
	js *list = js_new_arr();
	automap struct map claimed = MAP_INIT;

	for (size_t i = 0; i < r->set->n_claims; i++) {
		js_push(list, volume_of(r->set->claim_names[i], pod));
		map_set(&claimed, r->set->claim_names[i], list);
	}
	js_array_for_each (v, own)
		if (!map_has(&claimed, js_str0(v, "name", NULL)))
			js_push(list, js_dup(v));
	return list;
}

static js *template_tree(struct statefulset_round *r, const struct cm_controllerrevision *revision,
			 struct err *err)
{
	if (revision->data_hash != r->set->data_hash)
		return history_template(r->history, revision, err);
	autojson js *data = js_parse(r->set->data, strlen(r->set->data), NULL, err);
	return cm_revision_template(data);
}

static struct pod_template *template_of(struct statefulset_round *r,
					const struct cm_controllerrevision *revision, struct err *err)
{
	autojson js *tree = template_tree(r, revision, err);
	autobuf struct buf text = BUF_INIT;

	if (!tree)
		return NULL;
	js_write(&text, tree);
	struct pod_template *t = pod_template_new(buf_str(&text), &r->set->base);
	js *pod = pod_template_tree(t), *meta = js_ensure(pod, "metadata", NULL),
	   *spec = js_ensure(pod, "spec", NULL), *labels = js_ensure(meta, "labels", NULL);
	const char *name = pod_template_hole(t, HOLE_NAME);
	js_set_str(meta, "name", name);
	js_set_str(labels, POD_NAME_LABEL, name);
	js_set_str(labels, POD_INDEX_LABEL, pod_template_hole(t, HOLE_ORDINAL));
	js_set_str(labels, STATEFULSET_REVISION_LABEL, revision->base.meta.name);
	js_set_str(spec, "hostname", name);
	if (*r->set->service)
		js_set_str(spec, "subdomain", r->set->service);
	if (r->set->n_claims)
		js_set(spec, "volumes", volumes_of(r, js_arr(spec, "volumes", NULL), name));
	return t;
}

struct named_pod {
	char ordinal[16], *name;
};

static void fill(void *arg, size_t i, const char *holes[POD_TEMPLATE_HOLES])
{
	const struct named_pod *p = arg;

	holes[HOLE_NAME] = p[i].name;
	holes[HOLE_ORDINAL] = p[i].ordinal;
}

static int create_at(struct statefulset_round *r, const struct cm_controllerrevision *revision,
		     const int32_t *ordinals, size_t n, struct err *err)
{
	struct pod_template *t = template_of(r, revision, err);
	struct named_pod *v = mem_array(n, sizeof(*v));
	struct pod_burst b = {.ctx = r->ctx,
			      .pods = r->pod_informer,
			      .owner = &r->set->base,
			      .template = t,
			      .fill = fill,
			      .arg = v,
			      .tell = statefulset_tell};

	for (size_t i = 0; i < n; i++) {
		snprintf(v[i].ordinal, sizeof(v[i].ordinal), "%" PRId32, ordinals[i]);
		v[i].name = statefulset_pod_name(r->set, ordinals[i]);
	}
	int rc = t ? pod_control_create(&b, n, err) : -1;
	for (size_t i = 0; i < n; i++)
		free(v[i].name);
	free(v);
	pod_template_free(t);
	return rc;
}

/* Below the partition, or without one below the number of those that are left, Pods are made as they were. */
static bool made_as_before(const struct statefulset_round *r, int32_t ordinal)
{
	const struct cm_statefulset *s = r->set;

	if (s->partition >= 0)
		return ordinal < (int64_t)s->start + s->partition;
	return !s->on_delete && ordinal < (int64_t)s->start + s->status.current;
}

int statefulset_create(struct statefulset_round *r, const int32_t *ordinals, size_t n, struct err *err)
{
	size_t old = 0;

	while (old < n && made_as_before(r, ordinals[old]))
		old++;
	if (old && create_at(r, r->current, ordinals, old, err) < 0)
		return -1;
	return old < n ? create_at(r, r->update, ordinals + old, n - old, err) : 0;
}

/* ---- ending and putting right ---- */

int statefulset_delete(struct statefulset_round *r, const struct cm_pod *const *v, size_t n, struct err *err)
{
	return pod_control_delete(r->control, r->ctx, r->pod_informer, &r->set->base, v, n, err);
}

static int patch_pod(struct statefulset_round *r, const struct cm_pod *p, struct err *err)
{
	autojson js *body = js_new_obj();
	js *labels = js_ensure(body, "metadata", "labels", NULL);
	char ordinal[16];

	snprintf(ordinal, sizeof(ordinal), "%" PRId32,
		 statefulset_ordinal(r->set->base.meta.name, p->base.meta.name));
	js_set_str(js_obj(body, "metadata", NULL), "uid", p->base.meta.uid);
	js_set_str(labels, POD_NAME_LABEL, p->base.meta.name);
	js_set_str(labels, POD_INDEX_LABEL, ordinal);
	if (!storage_matches(r, p))
		js_set(js_ensure(body, "spec", NULL), "volumes", volumes_of(r, NULL, p->base.meta.name));
	return control_patch(r->ctx, r->pod_informer, &p->base, REST_PATCH_STRATEGIC, NULL, body, err);
}

int statefulset_repair(struct statefulset_round *r, const struct cm_pod *p, struct err *err)
{
	int32_t ordinal = statefulset_ordinal(r->set->base.meta.name, p->base.meta.name);
	bool identity = identity_matches(p), storage = storage_matches(r, p);

	if (identity && storage && statefulset_claims_match(r, ordinal, p))
		return 0;
	int rc = storage ? statefulset_retain_claims(r, ordinal, p, err)
			 : statefulset_make_claims(r, ordinal, p, err);
	if (rc == 0 && !(identity && storage))
		rc = patch_pod(r, p, err);
	statefulset_tell(r->ctx, &r->set->base, "update", p->base.meta.name, rc < 0 ? err : NULL);
	return rc;
}
