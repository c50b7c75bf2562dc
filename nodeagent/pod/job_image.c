/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seeing to it that a container's images are there, those of its volumes first, one after the other: a look on the disk in
 * the quick lane and, where the policy or the look says so, a pull in the slow one, with what credentials the Pod's Secrets
 * hold and, behind those, what credential providers know, who are asked in a lane of their own. A pull ends early when its Pod
 * does not want it any more, whether it is under way or waits for its turn; what came of it then interests nobody.
 */
#include "pod/job.h"

#include <stdlib.h>

#include "count/count.h"
#include "credential/providers.h"
#include "image/pullrate.h"
#include "object/core/image_ref.h"
#include "pod/volumes.h"

struct image_job {
	struct job j;
	struct arena a;
	struct volumes_image *v; /* what is wanted, and which of it at present */
	size_t n, at;
	struct runtime_image image;
	struct config_set config;	    /* imagePullSecrets */
	struct keyring *secrets, *provided; /* NULL = none */
	int64_t asked_ns, took_ns;	    /* when its pull was asked for; how long the registry took */
	bool pulling;			    /* cancel can be used */
	struct cancel cancel;
};

/* The Pod's image was changed while the old one was looked for: what came of that interests nobody. */
static bool outdated(const struct job *j)
{
	return strcmp(job_container(j)->image, j->w->pod->list.v[j->container].image) != 0;
}

static const struct volumes_image *wanted(const struct job *j)
{
	const struct image_job *i = (const struct image_job *)j;
	return &i->v[i->at];
}

/* Those of its volumes before its own. */
static void volume_found(struct image_job *i, int64_t pull_ns, int64_t waited_ns)
{
	struct job *j = &i->j;
	const struct volumes_image *v = wanted(j);
	free(map_set(&j->w->c[j->container].volumes, v->volume, STEAL(i->image.id)));
	machine_volume_image_ok(&j->w->m, j->container, v->reference, pull_ns, waited_ns, i->image.size);
	if (pull_ns >= 0)
		count_tell(COUNT_PULL, count_size(i->image.size), NULL, (double)waited_ns / (double)NS_PER_S);
}

static void image_found(struct job *j, int64_t pull_ns, int64_t waited_ns)
{
	struct image_job *i = (struct image_job *)j;
	if (outdated(j))
		return;
	struct worker_container *c = &j->w->c[j->container];
	worker_image_release(c);
	c->image_id = STEAL(i->image.id);
	c->image_ref = STEAL(i->image.ref);
	c->digest_ref = STEAL(i->image.digest_ref);
	c->image_user = STEAL(i->image.user);
	c->image_size = i->image.size;
	machine_image_ok(&j->w->m, j->container, pull_ns, waited_ns, c->image_size, worker_now());
	count_tell(COUNT_CONTAINERS, job_container_kind(j), NULL, 1);
	if (pull_ns >= 0)
		count_tell(COUNT_PULL, count_size(c->image_size), NULL, (double)waited_ns / (double)NS_PER_S);
}

static void image_failed(struct job *j)
{
	if (outdated(j))
		return;
	const struct volumes_image *v = wanted(j);
	autofree char *text = NULL;
	const char *reason = MACHINE_ERR_IMAGE_PULL;
	struct image_ref ref;
	struct err ignored = ERR_INIT;
	if (image_ref_parse(v->reference, &ref, &ignored) < 0) {
		reason = MACHINE_INVALID_IMAGE_NAME;
		text = mem_printf(
			"Failed to apply default image tag \"%s\": couldn't parse image name \"%s\": "
			"invalid reference format",
			v->reference, v->reference);
	} else if (v->policy == PULL_NEVER) {
		reason = MACHINE_ERR_IMAGE_NEVER_PULL;
		text = mem_printf("Container image \"%s\" is not present with pull policy of Never",
				  v->reference);
	}
	const char *why = text ? text : j->err.msg;
	count_tell(COUNT_CONTAINERS, job_container_kind(j), NULL, 1);
	if (v->volume) { /* not an error of a start, as upstream counts them */
		machine_volume_image_failed(&j->w->m, j->container, v->reference, reason, why, worker_now());
		return;
	}
	machine_image_failed(&j->w->m, j->container, reason, why, worker_now());
	count_tell(COUNT_CONTAINERS_FAILED, reason, job_container_kind(j), 1);
}

/* What belongs to the image that it is about at present. */
static void let_go(struct image_job *i)
{
	runtime_image_release(&i->image);
	keyring_free(i->secrets);
	keyring_free(i->provided);
	config_set_release(&i->config);
	if (i->pulling)
		cancel_release(&i->cancel);
	i->image = (struct runtime_image){0};
	i->secrets = i->provided = NULL;
	i->config = (struct config_set){0};
	i->pulling = false;
}

static void release(struct job *j)
{
	struct image_job *i = (struct image_job *)j;
	let_go(i);
	arena_release(&i->a);
}

/* True when that was the last one, or nobody wants the next one any more. */
static bool go_on(struct job *j, int64_t pull_ns, int64_t waited_ns)
{
	struct image_job *i = (struct image_job *)j;
	if (i->at + 1 == i->n) {
		image_found(j, pull_ns, waited_ns);
		return true;
	}
	if (outdated(j) || job_machine_container(j)->state != CTR_IMAGE)
		return true;
	volume_found(i, pull_ns, waited_ns);
	let_go(i);
	i->at++;
	return job_become(j, &job_image);
}

/* ---- whoever may know credentials ---- */

static const struct job_type job_pull;

static void ask_with_secrets(void *arg)
{
	struct image_job *i = arg;
	const struct pod *p = i->j.pod;
	for (size_t k = 0; k < p->n_pull_secrets; k++) {
		struct err ignored = ERR_INIT; /* without it the registry says what is missing */
		const js *secret =
			config_set_get(&i->config, CONFIG_SECRET, p->pull_secrets[k].name, &ignored);
		if (secret)
			keyring_add_secret(&i->secrets, secret);
	}
	if (providers_want(i->j.host->providers, wanted(&i->j)->reference))
		job_go(&i->j);
	else
		(void)job_become(&i->j, &job_pull);
}

static void cancel_pull(struct job *j)
{
	cancel_now(&((struct image_job *)j)->cancel);
	job_withdraw(j);
}

static enum job_way ask_prepare(struct job *j, const struct action *a)
{
	struct image_job *i = (struct image_job *)j;
	const struct pod *p = j->pod;
	for (size_t k = 0; k < p->n_pull_secrets; k++)
		config_set_add(&i->config, j->host->config, CONFIG_SECRET, p->o.meta.namespace,
			       p->pull_secrets[k].name);
	struct worker_container *c = &j->w->c[j->container];
	i->pulling = true;
	cancel_init(&i->cancel);
	if (c->pulling)
		cancel_pull(c->pulling);
	c->pulling = j;
	config_set_wait(&i->config, ask_with_secrets, i);
	return JOB_WAIT;
}

static void ask_work(struct job *j)
{
	((struct image_job *)j)->provided = providers_ask(j->host->providers, wanted(j)->reference);
}

/* False when nobody wants the image any more. */
static bool still_wanted(struct job *j)
{
	return !cancel_canceled(&((struct image_job *)j)->cancel);
}

static void not_pulling(struct job *j)
{
	struct worker_container *c = &j->w->c[j->container];
	if (c->pulling == j)
		c->pulling = NULL;
}

static bool ask_done(struct job *j)
{
	if (still_wanted(j))
		return job_become(j, &job_pull);
	not_pulling(j);
	return true;
}

static const struct job_type job_ask = {.size = sizeof(struct image_job),
					.lane = LANE_CREDENTIAL,
					.prepare = ask_prepare,
					.work = ask_work,
					.done = ask_done,
					.release = release};

/* ---- pulling it ---- */

/* What several attempts have said, each once (apimachinery's NewAggregate). */
static void add_error(struct buf *all, size_t *n, const struct err *e)
{
	if (*n && strstr(buf_str(all), e->msg))
		return;
	buf_addf(all, "%s%s", *n ? ", " : "", e->msg);
	++*n;
}

/* The Secrets' before the providers'. */
static size_t credentials(const struct image_job *i, const char *image, struct runtime_auth **ret)
{
	struct runtime_auth *provided;
	size_t n = keyring_find(i->secrets, image, ret), more = keyring_find(i->provided, image, &provided);
	*ret = mem_realloc_array(*ret, n + more + 1, sizeof(**ret));
	for (size_t k = 0; k < more; k++)
		(*ret)[n + k] = provided[k];
	free(provided);
	return n + more;
}

static enum job_way pull_prepare(struct job *j, const struct action *a)
{
	((struct image_job *)j)->asked_ns = clock_mono_ns();
	if (still_wanted(j))
		machine_image_pulling(&j->w->m, wanted(j)->volume ? -1 : j->container, wanted(j)->reference);
	return JOB_GO;
}

/* With every credential that is for the image until one is good. */
static void pull_work(struct job *j)
{
	struct image_job *i = (struct image_job *)j;
	struct runtime *rt = j->host->rt;
	const char *image = wanted(j)->reference;
	autobuf struct buf said = BUF_INIT;
	struct runtime_auth *auths;
	size_t n = credentials(i, image, &auths), errors = 0;
	int64_t begun = clock_mono_ns();
	if (!pullrate_take(j->host->pullrate)) {
		(void)err_set(&j->err, REASON_UNAVAILABLE, "pull QPS exceeded");
		free(auths);
		return;
	}
	for (size_t k = 0; k < n || k == 0; k++) {
		j->err = (struct err)ERR_INIT;
		if (rt->ops->image_pull(rt, image, n ? &auths[k] : NULL, &i->cancel, &i->image, &j->err) ==
			    0 ||
		    j->err.reason == REASON_CANCELED)
			break;
		add_error(&said, &errors, &j->err);
	}
	if (j->err.reason != REASON_NONE && errors > 1)
		err_set(&j->err, j->err.reason, "[%s]", buf_str(&said));
	free(auths);
	i->took_ns = clock_mono_ns() - begun;
}

static bool pull_done(struct job *j)
{
	not_pulling(j);
	if (!still_wanted(j))
		return true;
	if (j->err.reason != REASON_NONE) {
		image_failed(j);
		return true;
	}
	struct image_job *i = (struct image_job *)j;
	if (j->host->image_pulled)
		j->host->image_pulled(j->host);
	return go_on(j, i->took_ns, clock_mono_ns() - i->asked_ns);
}

/* A Pod that is being deleted, or has another image by now, does not keep a transfer going. */
void job_cancel_pulls(struct worker *w)
{
	for (size_t k = 0; k < w->m.n; k++) {
		struct job *j = w->c[k].pulling;
		if (j && (outdated(j) || w->m.c[k].state != CTR_IMAGE))
			cancel_pull(j);
	}
}

static const struct job_type job_pull = {.size = sizeof(struct image_job),
					 .lane = LANE_PULL,
					 .prepare = pull_prepare,
					 .work = pull_work,
					 .done = pull_done,
					 .release = release};

/* ---- looking for it ---- */

static enum job_way image_prepare(struct job *j, const struct action *a)
{
	struct image_job *i = (struct image_job *)j;
	if (!i->v)
		i->n = volumes_images(&i->a, j->pod, job_container(j), &i->v);
	if (wanted(j)->policy != PULL_ALWAYS || j->host->simulated)
		return JOB_GO;
	(void)job_become(j, &job_ask);
	return JOB_WAIT;
}

static void image_work(struct job *j)
{
	struct runtime *rt = j->host->rt;
	(void)!rt->ops->image_get(rt, wanted(j)->reference, &((struct image_job *)j)->image, &j->err);
}

static bool image_done(struct job *j)
{
	bool may_pull = wanted(j)->policy != PULL_NEVER && !outdated(j) &&
			job_machine_container(j)->state == CTR_IMAGE;
	if (j->err.reason == REASON_NONE)
		return go_on(j, -1, -1);
	if (j->err.reason == REASON_NOT_FOUND && may_pull)
		return job_become(j, &job_ask);
	image_failed(j);
	return true;
}

const struct job_type job_image = {.size = sizeof(struct image_job),
				   .lane = LANE_WORK,
				   .prepare = image_prepare,
				   .work = image_work,
				   .done = image_done,
				   .release = release};
