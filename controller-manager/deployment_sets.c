/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ReplicaSets of one Deployment: find the one with its template, create it, scale any, delete old ones.
 *
 * Templates are compared by a hash over their content without the pod-template-hash label; the same hash
 * names the set. A write's reply is injected into the informer, so the next sync sees it.
 */
#include "deployment.h"
#include "decode/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"

static int oldest_first(const void *a, const void *b)
{
	const struct meta *x = &(*(const struct cm_replicaset *const *)a)->base.meta;
	const struct meta *y = &(*(const struct cm_replicaset *const *)b)->base.meta;
	if (x->created_ns != y->created_ns)
		return x->created_ns < y->created_ns ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int64_t annotation_int(const struct cm_replicaset *rs, const char *key)
{
	const char *v = labels_get(rs->base.meta.annotations, key);
	return v ? strtoll(v, NULL, 10) : 0;
}

int deployment_load(struct deployment_sync *s, struct err *err)
{
	if (claim(s->ctx, s->ctx->informers[DEPLOYMENT_WATCH_SETS], &s->d->base, s->d->selector, NULL,
		  &s->owned, err) < 0)
		return -1;
	if (s->owned.n)
		qsort(s->owned.v, s->owned.n, sizeof(void *), oldest_first);
	s->n = s->owned.n;
	s->sets = mem_array(s->n + 1, sizeof(*s->sets)); /* room for a new one */
	s->new_set = -1;
	for (size_t i = 0; i < s->n; i++) {
		const struct cm_replicaset *rs = s->owned.v[i];
		s->sets[i] =
			(struct rollout_set){.rs = rs,
					     .replicas = rs->replicas,
					     .max_replicas = (int32_t)annotation_int(rs, ANNOTATION_MAX)};
		if (s->new_set < 0 && rs->template_hash == s->d->template_hash)
			s->new_set = (ssize_t)i;
	}
	return 0;
}

void deployment_unload(struct deployment_sync *s)
{
	claim_release(&s->owned);
	free(s->sets);
	js_autoput(&s->conditions);
}

int32_t deployment_sum(const struct deployment_sync *s, bool old_only)
{
	int32_t sum = 0;
	for (size_t i = 0; i < s->n; i++)
		if (!old_only || (ssize_t)i != s->new_set)
			sum += s->sets[i].replicas;
	return sum;
}

int32_t deployment_held(const struct deployment_sync *s)
{
	int32_t sum = 0;
	for (size_t i = 0; i < s->n; i++) {
		const struct rollout_set *set = &s->sets[i];
		int32_t there = set->rs && (ssize_t)i != s->new_set ? set->rs->status.replicas : 0;
		sum += there > set->replicas ? there : set->replicas;
	}
	return sum;
}

/* ---- annotations ---- */
static bool copied(const char *key)
{
	static const char *const skipped[] = {
		"kubectl.kubernetes.io/last-applied-configuration",
		ANNOTATION_REVISION,
		ANNOTATION_REVISION_HISTORY,
		ANNOTATION_DESIRED,
		ANNOTATION_MAX,
		"deprecated.deployment.rollback.to",
	};
	for (size_t i = 0; i < ARRAY_LEN(skipped); i++)
		if (strcmp(key, skipped[i]) == 0)
			return false;
	return true;
}

static void set_replica_annotations(const struct cm_deployment *d, js *annotations)
{
	char text[24];
	snprintf(text, sizeof(text), "%d", d->replicas);
	js_set_str(annotations, ANNOTATION_DESIRED, text);
	snprintf(text, sizeof(text), "%d", d->replicas + rollout_bounds(d).surge);
	js_set_str(annotations, ANNOTATION_MAX, text);
}

static int64_t max_old_revision(const struct deployment_sync *s)
{
	int64_t max = 0;
	for (size_t i = 0; i < s->n; i++) {
		int64_t r = annotation_int(s->sets[i].rs, ANNOTATION_REVISION);
		if ((ssize_t)i != s->new_set && r > max)
			max = r;
	}
	return max;
}

static void note_revision(struct deployment_sync *s, int64_t revision)
{
	char text[24];
	snprintf(text, sizeof(text), "%lld", (long long)revision);
	const char *have = labels_get(s->d->base.meta.annotations, ANNOTATION_REVISION);
	if (!have || strcmp(have, text) != 0)
		memcpy(s->revision, text, sizeof(text));
}

/* The existing new set carries the highest revision, the Deployment's annotations and minReadySeconds. */
static int refresh_new_set(struct deployment_sync *s, struct err *err)
{
	const struct cm_replicaset *rs = s->sets[s->new_set].rs;
	autojson js *body = js_new_obj();
	js *annotations = js_new_obj();
	js_set(js_ensure(body, "metadata", NULL), "annotations", annotations);
	const struct labels *want = s->d->base.meta.annotations;
	for (size_t i = 0; want && i < want->n; i++) {
		const char *have = labels_get(rs->base.meta.annotations, want->v[i].key);
		if (copied(want->v[i].key) && (!have || strcmp(have, want->v[i].value) != 0))
			js_set_str(annotations, want->v[i].key, want->v[i].value);
	}
	int64_t have = annotation_int(rs, ANNOTATION_REVISION), revision = max_old_revision(s) + 1;
	if (have < revision) {
		char text[24];
		snprintf(text, sizeof(text), "%lld", (long long)revision);
		js_set_str(annotations, ANNOTATION_REVISION, text);
		const char *history = labels_get(rs->base.meta.annotations, ANNOTATION_REVISION_HISTORY);
		if (have > 0) { /* rolled back to: its earlier revisions are kept */
			autofree char *list = history ? mem_printf("%s,%lld", history, (long long)have)
						      : mem_printf("%lld", (long long)have);
			js_set_str(annotations, ANNOTATION_REVISION_HISTORY, list);
		}
	} else
		revision = have;
	note_revision(s, revision);
	bool ready_differs = rs->min_ready_seconds != s->d->min_ready_seconds;
	if (ready_differs)
		js_set_int(js_ensure(body, "spec", NULL), "minReadySeconds", s->d->min_ready_seconds);
	if (js_len(annotations) == 0 && !ready_differs)
		return 0;
	return control_patch(s->ctx, s->ctx->informers[DEPLOYMENT_WATCH_SETS], &rs->base, REST_PATCH_MERGE,
			     NULL, body, err);
}

/* ---- creating ---- */
/* The alphabet of generated names, as upstream encodes its hash. */
static void hash_text(uint64_t hash, int32_t collisions, char out[16])
{
	static const char alphabet[] = "bcdfghjklmnpqrstvwxz2456789";
	if (collisions > 0)
		hash = (hash ^ (uint64_t)collisions) * UINT64_C(0x9e3779b97f4a7c15);
	uint32_t h = (uint32_t)(hash ^ (hash >> 32));
	char decimal[16];
	int n = snprintf(decimal, sizeof(decimal), "%u", h);
	for (int i = 0; i < n; i++)
		out[i] = alphabet[(unsigned char)decimal[i] % (sizeof(alphabet) - 1)];
	out[n] = '\0';
}

static js *new_set_body(const struct deployment_sync *s, const char *hash, int32_t replicas, int64_t revision,
			struct err *err)
{
	const struct cm_deployment *d = s->d;
	const struct meta *m = &d->base.meta;
	js *template = js_parse(d->template, strlen(d->template), NULL, err);
	js *selector = js_parse(d->selector_json, strlen(d->selector_json), NULL, err);
	assert(template && selector); /* our own js_write made them */
	js_set_str(js_ensure(template, "metadata", "labels", NULL), LABEL_TEMPLATE_HASH, hash);
	js_set_str(js_ensure(selector, "matchLabels", NULL), LABEL_TEMPLATE_HASH, hash);

	js *o = js_new_obj();
	js_set_str(o, "apiVersion", "apps/v1");
	js_set_str(o, "kind", "ReplicaSet");
	js *meta = js_ensure(o, "metadata", NULL);
	autofree char *name = mem_printf("%s-%s", m->name, hash);
	js_set_str(meta, "name", name);
	js_set_str(meta, "namespace", m->namespace);
	js_set(meta, "labels", js_dup(js_obj(template, "metadata", "labels", NULL)));
	js *annotations = js_ensure(meta, "annotations", NULL);
	for (size_t i = 0; m->annotations && i < m->annotations->n; i++)
		if (copied(m->annotations->v[i].key))
			js_set_str(annotations, m->annotations->v[i].key, m->annotations->v[i].value);
	set_replica_annotations(d, annotations);
	char text[24];
	snprintf(text, sizeof(text), "%lld", (long long)revision);
	js_set_str(annotations, ANNOTATION_REVISION, text);
	js *owners = js_new_arr();
	js_push(owners, meta_new_controller_ref("apps/v1", "Deployment", m->name, m->uid));
	js_set(meta, "ownerReferences", owners);
	js *spec = js_ensure(o, "spec", NULL);
	js_set_int(spec, "replicas", replicas);
	js_set_int(spec, "minReadySeconds", d->min_ready_seconds);
	js_set(spec, "selector", selector);
	js_set(spec, "template", template);
	return o;
}

/* AlreadyExists: ours with this very template (a lagging informer), or somebody else's, which costs a
 * collision. */
static int adopt_existing(struct deployment_sync *s, const char *name, struct err *err)
{
	autobuf struct buf path = BUF_INIT;
	rest_path(&path, "apps", "v1", s->d->base.meta.namespace, "replicasets", name, NULL);
	autojson js *live = NULL;
	if (rest_do(s->ctx->rest, REST_GET, buf_str(&path), NULL, &live, err) < 0)
		return -1;
	const js *owner = meta_controller_ref(live);
	if (owner && strcmp(js_str0(owner, "uid", NULL), s->d->base.meta.uid) == 0 &&
	    cm_template_hash(js_obj(live, "spec", "template", NULL)) == s->d->template_hash) {
		informer_inject(s->ctx->informers[DEPLOYMENT_WATCH_SETS], live);
		s->ctx->requeue_after_ns = 0;
		return 0;
	}
	s->collisions = (s->d->status.collisions > 0 ? s->d->status.collisions : 0) + 1;
	return 0;
}

static int create_new_set(struct deployment_sync *s, struct err *err)
{
	const struct cm_deployment *d = s->d;
	char hash[16], text[320];
	hash_text(d->template_hash, d->status.collisions, hash);
	int32_t replicas = rollout_new_replicas(d, deployment_held(s), 0);
	int64_t revision = max_old_revision(s) + 1;
	autojson js *body = new_set_body(s, hash, replicas, revision, err);
	autobuf struct buf path = BUF_INIT;
	rest_path(&path, "apps", "v1", d->base.meta.namespace, "replicasets", NULL, NULL);
	autojson js *reply = NULL;
	struct err e = ERR_INIT;
	if (rest_do(s->ctx->rest, REST_POST, buf_str(&path), body, &reply, &e) < 0) {
		if (e.reason == REASON_ALREADY_EXISTS)
			return adopt_existing(s, meta_name(body), err);
		if (e.reason == REASON_ENDING)
			return *err = e, -1; /* nothing to tell: it goes with its namespace */
		snprintf(text, sizeof(text), "Failed to create new replica set \"%s\": %.180s",
			 meta_name(body), e.msg);
		deployment_set_progressing(s, "False", "ReplicaSetCreateError", text);
		control_event(s->ctx, &s->d->base, true, "ReplicaSetCreateError", "%s", text);
		struct err status_err = ERR_INIT;
		if (deployment_write_status(s, &status_err) < 0)
			(void)status_err; /* the creation's failure is what counts, and it is retried */
		*err = e;
		return -1;
	}
	informer_inject(s->ctx->informers[DEPLOYMENT_WATCH_SETS], reply);
	if (replicas > 0) {
		control_event(s->ctx, &s->d->base, false, "ScalingReplicaSet",
			      "Scaled up replica set %s from 0 to %d", meta_name(reply), replicas);
	}
	note_revision(s, revision);
	snprintf(text, sizeof(text), "Created new replica set \"%s\"", meta_name(reply));
	deployment_set_progressing(s, "True", "NewReplicaSetCreated", text);
	/* The informer holds it now (unless it was deleted again already): the rest of this sync works with
	 * it. */
	autobuf struct buf key = BUF_INIT;
	meta_key(&key, d->base.meta.namespace, meta_name(reply));
	const struct cm_replicaset *rs =
		informer_get(s->ctx->informers[DEPLOYMENT_WATCH_SETS], buf_str(&key));
	if (rs) {
		s->owned.v = mem_realloc_array((void *)s->owned.v, s->n + 1, sizeof(void *));
		s->owned.v[s->n] = rs;
		s->owned.n = s->n + 1;
		s->sets[s->n] = (struct rollout_set){.rs = rs, .replicas = rs->replicas};
		s->new_set = (ssize_t)s->n++;
	}
	return 0;
}

int deployment_ensure_new_set(struct deployment_sync *s, bool create, struct err *err)
{
	if (s->new_set < 0)
		return create ? create_new_set(s, err) : 0;
	if (refresh_new_set(s, err) < 0)
		return -1;
	bool known = false;
	js_array_for_each (c, s->conditions)
		known |= strcmp(js_str0(c, "type", NULL), "Progressing") == 0;
	if (!known && s->d->progress_deadline != INT32_MAX) {
		char text[320];
		snprintf(text, sizeof(text), "Found new replica set \"%s\"",
			 s->sets[s->new_set].rs->base.meta.name);
		deployment_set_progressing(s, "True", "FoundNewReplicaSet", text);
	}
	return 0;
}

/* ---- scaling and cleaning ---- */
int deployment_scale_set(struct deployment_sync *s, size_t i, int32_t replicas, bool *changed,
			 struct err *err)
{
	struct rollout_set *set = &s->sets[i];
	const struct cm_replicaset *rs = set->rs;
	int32_t max = s->d->replicas + rollout_bounds(s->d).surge;
	bool size_differs = set->replicas != replicas;
	if (!size_differs && annotation_int(rs, ANNOTATION_DESIRED) == s->d->replicas &&
	    set->max_replicas == max)
		return 0;
	autojson js *body = js_new_obj();
	set_replica_annotations(s->d, js_ensure(body, "metadata", "annotations", NULL));
	if (size_differs)
		js_set_int(js_ensure(body, "spec", NULL), "replicas", replicas);
	if (control_patch(s->ctx, s->ctx->informers[DEPLOYMENT_WATCH_SETS], &rs->base, REST_PATCH_MERGE, NULL,
			  body, err) < 0)
		return -1;
	if (size_differs) {
		control_event(s->ctx, &s->d->base, false, "ScalingReplicaSet",
			      "Scaled %s replica set %s from %d to %d",
			      replicas > set->replicas ? "up" : "down", rs->base.meta.name, set->replicas,
			      replicas);
		*changed = true;
	}
	set->replicas = replicas;
	set->max_replicas = max;
	return 0;
}

static int lowest_revision_first(const void *a, const void *b)
{
	int64_t x = annotation_int(*(const struct cm_replicaset *const *)a, ANNOTATION_REVISION);
	int64_t y = annotation_int(*(const struct cm_replicaset *const *)b, ANNOTATION_REVISION);
	return x != y ? (x < y ? -1 : 1) : oldest_first(a, b);
}

int deployment_cleanup(struct deployment_sync *s, struct err *err)
{
	if (s->d->history_limit == INT32_MAX)
		return 0;
	const struct cm_replicaset **old = mem_array(s->n + 1, sizeof(struct cm_replicaset *));
	size_t n = 0;
	for (size_t i = 0; i < s->n; i++)
		if ((ssize_t)i != s->new_set && s->sets[i].rs->base.meta.deleted_ns == 0)
			old[n++] = s->sets[i].rs;
	qsort(old, n, sizeof(*old), lowest_revision_first);
	int rc = 0;
	ssize_t excess = (ssize_t)n - s->d->history_limit;
	for (ssize_t i = 0; i < excess && rc == 0; i++) {
		const struct cm_replicaset *rs = old[i];
		if (rs->replicas != 0 || rs->status.replicas != 0 ||
		    rs->status.observed_generation < rs->base.meta.generation)
			continue; /* Pods are left: its turn comes when they are gone */
		rc = control_delete(s->ctx, &rs->base, NULL, CONTROL_OWN_GRACE, err);
	}
	free(old);
	return rc;
}
