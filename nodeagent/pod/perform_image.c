/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seeing to it that an image is there: a look on the disk in the quick lane and, where the policy or the look
 * says so, a pull in the slow one, with what credentials the Pod's Secrets hold.
 */
#include "pod/perform.h"

#include <stdlib.h>

/* The Pod's image was changed while the old one was looked for: what came of that interests nobody. */
static bool outdated(const struct perform *j)
{
	return strcmp(perform_spec(j)->image, j->w->pod->containers[j->container].image) != 0;
}

static void image_found(struct perform *j, int64_t pull_ns)
{
	if (outdated(j))
		return;
	struct worker_container *c = &j->w->c[j->container];
	free(c->image_id);
	free(c->image_ref);
	free(c->digest_ref);
	free(c->image_user);
	c->image_id = STEAL(j->image.id);
	c->image_ref = STEAL(j->image.ref);
	c->digest_ref = STEAL(j->image.digest_ref);
	c->image_user = STEAL(j->image.user);
	c->image_size = j->image.size;
	machine_image_ok(&j->w->m, j->container, pull_ns, c->image_size, worker_now());
}

static void image_failed(struct perform *j)
{
	if (outdated(j))
		return;
	const struct container_spec *s = perform_spec(j);
	autofree char *text = NULL;
	const char *reason = REASON_ERR_IMAGE_PULL;
	if (j->err.reason == REASON_INVALID) {
		reason = REASON_INVALID_IMAGE_NAME;
		text = mem_printf(
			"Failed to apply default image tag \"%s\": couldn't parse image name \"%s\": invalid reference format",
			s->image, s->image);
	} else if (s->pull_policy == PULL_NEVER) {
		reason = REASON_ERR_IMAGE_NEVER_PULL;
		text = mem_printf("Container image \"%s\" is not present with pull policy of Never",
				  s->image);
	}
	machine_image_failed(&j->w->m, j->container, reason, text ? text : j->err.msg, worker_now());
}

static void pull_work(void *arg)
{
	struct perform *j = arg;
	struct runtime *rt = j->host->rt;
	struct runtime_auth auth;
	bool have = j->secrets && pullsecret_find(j->secrets, perform_spec(j)->image, &auth);
	j->begun_ns = clock_mono_ns();
	(void)!rt->ops->image_pull(rt, perform_spec(j)->image, have ? &auth : NULL, &j->image, &j->err);
	j->took_ns = clock_mono_ns() - j->begun_ns;
}

static void pull_done(void *arg)
{
	struct perform *j = arg;
	struct pod_host *h = j->host;
	bool pulled = j->err.reason == REASON_NONE;
	if (pulled)
		image_found(j, j->took_ns);
	else
		image_failed(j);
	perform_finish(j);
	if (pulled && h->image_pulled)
		h->image_pulled(h);
}

static void pull_with(void *arg, struct pullsecret *secrets)
{
	struct perform *j = arg;
	j->secrets = secrets;
	loop_job(j->host->loop, LANE_PULL, pull_work, pull_done, j);
}

static void pull(struct perform *j)
{
	j->err = (struct err)ERR_INIT;
	machine_image_pulling(&j->w->m, j->container);
	pullsecret_fetch(j->host->api, j->pod, pull_with, j);
}

static void image_work(void *arg)
{
	struct perform *j = arg;
	struct runtime *rt = j->host->rt;
	(void)!rt->ops->image_get(rt, perform_spec(j)->image, &j->image, &j->err);
}

static void image_done(void *arg)
{
	struct perform *j = arg;
	bool absent = j->err.reason == REASON_NOT_FOUND;
	if (j->err.reason == REASON_NONE)
		image_found(j, -1);
	else if (absent && !outdated(j) && perform_spec(j)->pull_policy != PULL_NEVER &&
		 j->w->m.c[j->container].state == CTR_IMAGE) {
		pull(j); /* the job goes on in the other lane */
		worker_kick(j->w);
		return;
	} else {
		image_failed(j);
	}
	perform_finish(j);
}

void perform_image(struct worker *w, const struct action *a)
{
	struct perform *j = perform_job(w, a->container);
	if (perform_spec(j)->pull_policy == PULL_ALWAYS && !w->host->simulated) {
		w->under_way++;
		pull(j);
	} else {
		perform_begin(j, LANE_WORK, image_work, image_done);
	}
}
