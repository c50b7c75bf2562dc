/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a worker has done for it that takes time: one kind of job, one row per type.
 *
 * A job is prepared on the loop, works on a thread of its lane, where it touches nothing but itself, the frozen Pod it
 * holds a reference to and the runtime, and is done on the loop, where its result goes to the machine and the worker is
 * kicked. It may have further stages (an image that is not there is pulled): done makes it another type. One rule of
 * life: a worker lives until its jobs are back. What nobody wants any more when it comes back (the Pod was cancelled,
 * the image changed) is dropped by done; every operation of the runtime has its own deadline.
 *
 * job.c: the life of a job, and which action is which type. job_sandbox.c, job_image.c, job_start.c, job_stop.c,
 * job_remove.c, job_resize.c: the types. Loop thread but for `work`.
 */
#ifndef POD_JOB_H
#define POD_JOB_H

#include "pod/worker.h"

struct job;
enum job_way {
	JOB_GO,	  /* to its lane; or, when prepare has failed (j->err), to done */
	JOB_WAIT, /* for something: job_go will be called */
	JOB_SKIP, /* there is nothing to do, and the machine knows */
};
struct job_type {
	size_t size; /* of the struct that begins with struct job */
	enum worker_lane lane;
	enum job_way (*prepare)(struct job *j,
				const struct action *a); /* a NULL: not an action; NULL = JOB_GO */
	void (*work)(struct job *j);
	bool (*done)(struct job *j);	/* true when it is over; else it has become another type */
	void (*release)(struct job *j); /* may be NULL */
};
struct job {
	const struct job_type *type;
	struct worker *w;
	struct pod_host *host;
	const struct pod *pod;	  /* a reference: as it was when the job was made */
	int container;		  /* -1 = the Pod */
	struct loop_job *at_work; /* since job_go and until done */
	struct err err;
};

/* The types. Each extends struct job; the worker begins them by action or by name. */
extern const struct job_type job_sandbox, job_check_sandbox, job_volumes;
extern const struct job_type job_image;
extern const struct job_type job_start;
extern const struct job_type job_signal, job_check_end;
extern const struct job_type job_teardown, job_forget;
extern const struct job_type job_resize;

/* Makes one and sets it going. */
void job_begin(const struct job_type *t, struct worker *w, int container, const struct action *a);
/* Makes one that its maker fills in before job_go. */
struct job *job_new(const struct job_type *t, struct worker *w, int container);
/* What it waited for is there (or j->err says why not). */
void job_go(struct job *j);
/* In done: the job goes on as another type of the same size. Returns false, for done to return. */
bool job_become(struct job *j, const struct job_type *t);
/* Still waiting in its lane, it comes to done without having worked. */
void job_withdraw(struct job *j);
/* Drops one that job_go was not called for. */
void job_drop(struct job *j);

/* job_image.c: ends the pulls that the Pod does not want any more. */
void job_cancel_pulls(struct worker *w);

/* job_start.c: what a container's environment refers to. */
void job_add_config(struct config_set *s, struct pod_host *h, const struct pod *p,
		    const struct container_spec *c);

/* job_resize.c: grants what the Pod asks for, or says why not. */
void job_resize_consider(struct worker *w);
/* There may be more room than there was. */
void job_resize_retry(struct pod_host *h);
#define JOB_RESOURCES_FILE "resources.json" /* in the Pod's directory: resize_save */

const struct container_spec *job_container(const struct job *j);
const char *job_container_kind(const struct job *j); /* as metrics name it */
struct container *job_machine_container(const struct job *j);
void job_log(const struct job *j, const char *what); /* its err, with the Pod's name */

/* job_remove.c: removes the runtime's containers and sandboxes of this Pod that the machine has not taken over. */
void job_sweep_begin(struct worker *w, const struct runtime_list *list);

#endif
