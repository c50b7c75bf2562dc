/* SPDX-License-Identifier: Apache-2.0 */
/* Counts and conditions of a Deployment (kubernetes/kubernetes pkg/controller/deployment/progress.go). */
#include "deployment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "object/condition.h"
#include "object/rfc3339.h"

void deployment_count(const struct deployment_sync *s, struct deployment_status *ret)
{
	*ret = (struct deployment_status){.observed_generation = s->d->base.meta.generation,
					  .collisions = s->collisions};
	for (size_t i = 0; i < s->n; i++) {
		const struct cm_replicaset *rs = s->sets[i].rs;
		ret->replicas += rs->status.replicas;
		ret->ready += rs->status.ready;
		ret->available += rs->status.available;
		if ((ssize_t)i == s->new_set)
			ret->updated = rs->status.replicas;
	}
	int32_t wanted = deployment_sum(s, false);
	ret->unavailable = wanted > ret->available ? wanted - ret->available : 0;
}

bool deployment_complete(const struct cm_deployment *d, const struct deployment_status *st)
{
	return st->updated == d->replicas && st->replicas == d->replicas && st->available == d->replicas &&
	       st->observed_generation >= d->base.meta.generation;
}

void deployment_set_progressing(struct deployment_sync *s, const char *status, const char *reason,
				const char *message)
{
	condition_set(s->conditions, "Progressing", status, reason, message, s->now, true);
}

static bool made_progress(const struct deployment_status *old, const struct deployment_status *new)
{
	return new->updated > old->updated || new->replicas - new->updated < old->replicas - old->updated ||
	       new->ready > old->ready || new->available > old->available;
}

static int64_t last_update_ns(const js *condition)
{
	int64_t ns = 0;
	struct err err = ERR_INIT;
	const char *text = js_str(condition, "lastUpdateTime", NULL);
	return text && rfc3339_parse(text, &ns, &err) == 0 ? ns : 0;
}

static bool reason_is(const js *condition, const char *reason)
{
	return condition && strcmp(js_str0(condition, "reason", NULL), reason) == 0;
}

/* Each step renews lastUpdateTime, from which the deadline counts; lastTransitionTime stays while the status
 * does. */
static void renew_progressing(struct deployment_sync *s, const char *text)
{
	const js *c = condition_find(s->conditions, "Progressing");
	bool was_true = strcmp(js_str0(c, "status", NULL), "True") == 0;
	autofree char *since = was_true ? mem_strdup(js_str(c, "lastTransitionTime", NULL)) : NULL;
	condition_remove(s->conditions, "Progressing");
	deployment_set_progressing(s, "True", "ReplicaSetUpdated", text);
	js_set_str(condition_find(s->conditions, "Progressing"), "lastTransitionTime", since);
}

void deployment_judge_progress(struct deployment_sync *s)
{
	const struct cm_deployment *d = s->d;
	if (d->progress_deadline == INT32_MAX) {
		condition_remove(s->conditions, "Progressing");
		return;
	}
	struct deployment_status st;
	deployment_count(s, &st);
	const js *c = condition_find(s->conditions, "Progressing");
	if (st.replicas == st.updated && reason_is(c, "NewReplicaSetAvailable"))
		return; /* complete already: what happens to its Pods now is no rollout */
	char subject[300], text[360];
	if (s->new_set >= 0)
		snprintf(subject, sizeof(subject), "ReplicaSet \"%s\"",
			 s->sets[s->new_set].rs->base.meta.name);
	else
		snprintf(subject, sizeof(subject), "Deployment \"%s\"", d->base.meta.name);
	if (deployment_complete(d, &st)) {
		snprintf(text, sizeof(text), "%s has successfully progressed.", subject);
		deployment_set_progressing(s, "True", "NewReplicaSetAvailable", text);
		return;
	}
	if (made_progress(&d->status, &st)) {
		snprintf(text, sizeof(text), "%s is progressing.", subject);
		renew_progressing(s, text);
		c = condition_find(s->conditions, "Progressing");
	}
	if (!c || reason_is(c, "NewReplicaSetAvailable") || reason_is(c, "ProgressDeadlineExceeded"))
		return;
	int64_t deadline = last_update_ns(c) + d->progress_deadline * NS_PER_S;
	if (deadline <= s->now) {
		snprintf(text, sizeof(text), "%s has timed out progressing.", subject);
		deployment_set_progressing(s, "False", "ProgressDeadlineExceeded", text);
	} else
		s->ctx->requeue_after_ns =
			deadline - s->now + NS_PER_S; /* times in the API are whole seconds */
}

static void judge_availability(struct deployment_sync *s, const struct deployment_status *st)
{
	bool enough = st->available >= s->d->replicas - rollout_bounds(s->d).unavailable;
	condition_set(s->conditions, "Available", enough ? "True" : "False",
		      enough ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
		      enough ? "Deployment has minimum availability."
			     : "Deployment does not have minimum availability.",
		      s->now, true);
}

/* ReplicaFailure is the new set's, else the first old set's that has one. */
static void copy_failure(struct deployment_sync *s)
{
	for (size_t k = 0; k < s->n; k++) {
		size_t i = s->new_set >= 0
				   ? (k == 0 ? (size_t)s->new_set : (k <= (size_t)s->new_set ? k - 1 : k))
				   : k;
		const char *text = s->sets[i].rs->status.conditions;
		struct err err = ERR_INIT;
		autojson js *list = text ? js_parse(text, strlen(text), NULL, &err) : NULL;
		const js *c = condition_find(list, "ReplicaFailure");
		if (!c)
			continue;
		condition_set(s->conditions, "ReplicaFailure", js_str0(c, "status", NULL),
			      js_str0(c, "reason", NULL), js_str0(c, "message", NULL), s->now, true);
		return;
	}
	condition_remove(s->conditions, "ReplicaFailure");
}

static bool same_counts(const struct deployment_status *a, const struct deployment_status *b)
{
	return a->observed_generation == b->observed_generation && a->replicas == b->replicas &&
	       a->updated == b->updated && a->ready == b->ready && a->available == b->available &&
	       a->unavailable == b->unavailable && a->collisions == b->collisions;
}

static void status_body(struct deployment_sync *s, const struct deployment_status *st, js *status)
{
	js_set_int(status, "observedGeneration", st->observed_generation);
	control_set_count(status, "replicas", st->replicas);
	control_set_count(status, "updatedReplicas", st->updated);
	control_set_count(status, "readyReplicas", st->ready);
	control_set_count(status, "availableReplicas", st->available);
	control_set_count(status, "unavailableReplicas", st->unavailable);
	if (st->collisions >= 0)
		js_set_int(status, "collisionCount", st->collisions);
	js_set(status, "conditions", js_dup(s->conditions));
}

static bool status_differs(const struct deployment_sync *s, const struct deployment_status *st)
{
	autobuf struct buf conditions = BUF_INIT;

	js_write(&conditions, s->conditions);
	return !same_counts(&s->d->status, st) || !s->d->status.conditions ||
	       strcmp(s->d->status.conditions, buf_str(&conditions)) != 0;
}

/* The revision's annotation goes the same way: a write of the object itself would raise its generation. */
int deployment_write_status(struct deployment_sync *s, struct err *err)
{
	struct deployment_status st;
	autojson js *body = js_new_obj();

	deployment_count(s, &st);
	judge_availability(s, &st);
	copy_failure(s);
	if (status_differs(s, &st))
		status_body(s, &st, js_ensure(body, "status", NULL));
	if (*s->revision)
		js_set_str(js_ensure(body, "metadata", "annotations", NULL), ANNOTATION_REVISION,
			   s->revision);
	if (js_len(body) == 0)
		return 0;
	return control_patch_status(s->ctx, s->ctx->informers[DEPLOYMENT_WATCH_DEPLOYMENTS], &s->d->base,
				    body, err);
}
