/* SPDX-License-Identifier: Apache-2.0 */
#include "pod/perform.h"

#include <assert.h>
#include <stdlib.h>

struct perform *perform_job(struct worker *w, int container)
{
	struct perform *j = MEM_NEW(struct perform);
	j->w = w;
	j->pod = informer_ref(w->pod);
	j->host = w->host;
	j->container = container;
	return j;
}

void perform_job_free(struct perform *j)
{
	informer_unref(j->pod);
	free(j->id);
	free(j->containers.v);
	free(j->sandboxes.v);
	free(j->log_path);
	free(j->dir);
	free(j->message_path);
	pullsecret_free(j->secrets);
	runtime_image_release(&j->image);
	buf_release(&j->message);
	free(j);
}

void perform_begin(struct perform *j, enum worker_lane lane, loop_fn *work, loop_fn *done)
{
	j->w->under_way++;
	loop_job(j->host->loop, lane, work, done, j);
}

void perform_finish(struct perform *j)
{
	struct worker *w = j->w;
	perform_job_free(j);
	w->under_way--;
	worker_kick(w);
}

const struct container_spec *perform_spec(const struct perform *j)
{
	return &j->pod->containers[j->container];
}

static void do_start(struct worker *w, const struct action *a)
{
	worker_start(w, a->container);
}

static void (*const performers[])(struct worker *, const struct action *) = {
	[ACT_SANDBOX] = perform_sandbox, [ACT_VOLUMES] = perform_volumes, [ACT_IMAGE] = perform_image,
	[ACT_START] = do_start,		 [ACT_SIGNAL] = perform_signal,	  [ACT_TEARDOWN] = perform_teardown,
};

void worker_perform(struct worker *w, const struct action *a)
{
	assert(a->type < ARRAY_LEN(performers));
	performers[a->type](w, a);
}
