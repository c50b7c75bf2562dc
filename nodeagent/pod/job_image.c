/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seeing to it that an image is there: a look on the disk in the quick lane and, where the policy or the look
 * says so, a pull in the slow one, with what credentials the Pod's Secrets hold. A pull ends early when its Pod does not
 * want it any more, whether it is under way or waits for its turn; what came of it then interests nobody.
 */
#include "pod/job.h"

#include <stdlib.h>

#include "pod/pullsecret.h"

struct image_job {
	struct job j;
	struct runtime_image image;
	struct config_set config; /* imagePullSecrets */
	struct pullsecret *secrets;
	int64_t asked_ns, took_ns; /* when its pull was asked for; how long the registry took */
	bool pulling;		   /* cancel can be used */
	struct cancel cancel;
};

/* The Pod's image was changed while the old one was looked for: what came of that interests nobody. */
static bool outdated(const struct job *j)
{
	return strcmp(job_container(j)->image, j->w->pod->list.v[j->container].image) != 0;
}

static void image_found(struct job *j, int64_t pull_ns, int64_t waited_ns)
{
	struct image_job *i = (struct image_job *)j;
	if (outdated(j))
		return;
	struct worker_container *c = &j->w->c[j->container];
	worker_container_release(c);
	c->image_id = STEAL(i->image.id);
	c->image_ref = STEAL(i->image.ref);
	c->digest_ref = STEAL(i->image.digest_ref);
	c->image_user = STEAL(i->image.user);
	c->image_size = i->image.size;
	machine_image_ok(&j->w->m, j->container, pull_ns, waited_ns, c->image_size, worker_now());
}

static void image_failed(struct job *j)
{
	if (outdated(j))
		return;
	const struct container_spec *s = job_container(j);
	autofree char *text = NULL;
	const char *reason = MACHINE_ERR_IMAGE_PULL;
	if (j->err.reason == REASON_INVALID) {
		reason = MACHINE_INVALID_IMAGE_NAME;
		text = mem_printf(
			"Failed to apply default image tag \"%s\": couldn't parse image name \"%s\": "
			"invalid reference format",
			s->image, s->image);
	} else if (s->pull_policy == PULL_NEVER) {
		reason = MACHINE_ERR_IMAGE_NEVER_PULL;
		text = mem_printf("Container image \"%s\" is not present with pull policy of Never",
				  s->image);
	}
	machine_image_failed(&j->w->m, j->container, reason, text ? text : j->err.msg, worker_now());
}

static void release(struct job *j)
{
	struct image_job *i = (struct image_job *)j;
	runtime_image_release(&i->image);
	pullsecret_free(i->secrets);
	config_set_release(&i->config);
	if (i->pulling)
		cancel_release(&i->cancel);
}

/* ---- pulling it ---- */

static void pull_with_secrets(void *arg)
{
	struct image_job *i = arg;
	const struct pod *p = i->j.pod;
	for (size_t k = 0; k < p->n_pull_secrets; k++) {
		struct err ignored = ERR_INIT; /* without it the registry says what is missing */
		const js *secret =
			config_set_get(&i->config, CONFIG_SECRET, p->pull_secrets[k].name, &ignored);
		if (secret)
			pullsecret_add(&i->secrets, secret);
	}
	job_go(&i->j);
}

static void cancel_pull(struct job *j)
{
	cancel_now(&((struct image_job *)j)->cancel);
	job_withdraw(j);
}

static enum job_way pull_prepare(struct job *j, const struct action *a)
{
	struct image_job *i = (struct image_job *)j;
	const struct pod *p = j->pod;
	for (size_t k = 0; k < p->n_pull_secrets; k++)
		config_set_add(&i->config, j->host->config, CONFIG_SECRET, p->o.meta.namespace,
			       p->pull_secrets[k].name);
	struct worker_container *c = &j->w->c[j->container];
	i->pulling = true;
	i->asked_ns = clock_mono_ns();
	cancel_init(&i->cancel);
	if (c->pulling)
		cancel_pull(c->pulling);
	c->pulling = j;
	machine_image_pulling(&j->w->m, j->container);
	config_set_wait(&i->config, pull_with_secrets, i);
	return JOB_WAIT;
}

/* What several attempts have said, each once (apimachinery's NewAggregate). */
static void add_error(struct buf *all, size_t *n, const struct err *e)
{
	if (*n && strstr(buf_str(all), e->msg))
		return;
	buf_addf(all, "%s%s", *n ? ", " : "", e->msg);
	++*n;
}

/* With every credential that is for the image until one is good. */
static void pull_work(struct job *j)
{
	struct image_job *i = (struct image_job *)j;
	struct runtime *rt = j->host->rt;
	const char *image = job_container(j)->image;
	autobuf struct buf said = BUF_INIT;
	struct runtime_auth *auths;
	size_t n = pullsecret_find(i->secrets, image, &auths), errors = 0;
	int64_t begun = clock_mono_ns();
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
	struct worker_container *c = &j->w->c[j->container];
	if (c->pulling == j)
		c->pulling = NULL;
	if (cancel_canceled(&((struct image_job *)j)->cancel))
		return true;
	if (j->err.reason != REASON_NONE) {
		image_failed(j);
		return true;
	}
	struct image_job *i = (struct image_job *)j;
	image_found(j, i->took_ns, clock_mono_ns() - i->asked_ns);
	if (j->host->image_pulled)
		j->host->image_pulled(j->host);
	return true;
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
	if (job_container(j)->pull_policy != PULL_ALWAYS || j->host->simulated)
		return JOB_GO;
	(void)job_become(j, &job_pull);
	return JOB_WAIT;
}

static void image_work(struct job *j)
{
	struct runtime *rt = j->host->rt;
	(void)!rt->ops->image_get(rt, job_container(j)->image, &((struct image_job *)j)->image, &j->err);
}

static bool image_done(struct job *j)
{
	bool may_pull = job_container(j)->pull_policy != PULL_NEVER && !outdated(j) &&
			job_machine_container(j)->state == CTR_IMAGE;
	if (j->err.reason == REASON_NONE)
		image_found(j, -1, -1);
	else if (j->err.reason == REASON_NOT_FOUND && may_pull)
		return job_become(j, &job_pull);
	else
		image_failed(j);
	return true;
}

const struct job_type job_image = {.size = sizeof(struct image_job),
				   .lane = LANE_WORK,
				   .prepare = image_prepare,
				   .work = image_work,
				   .done = image_done,
				   .release = release};
