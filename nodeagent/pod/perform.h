/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The jobs of a worker. Each is one struct perform: filled on the loop, worked on by a pool thread that
 * touches nothing but the job, the frozen Pod it holds a reference to and the runtime; finished on the loop,
 * where the result goes to the machine and the worker is kicked.
 *
 * perform.c: the life of a job, and which action is done by whom. perform_sandbox.c, perform_image.c,
 * perform_stop.c, perform_remove.c: the jobs. (Starting a container is start.c.) Loop thread.
 */
#ifndef POD_PERFORM_H
#define POD_PERFORM_H

#include "pod/pullsecret.h"
#include "pod/worker.h"

/* Removes what the Pod leaves behind when it is forgotten: its logs and its directory. */
void perform_forget(struct worker *w);
/* Removes the runtime's containers and sandboxes of this Pod that the machine has not taken over. */
void perform_sweep(struct worker *w, const struct runtime_list *list);

/* ---- inside: the jobs ---- */

struct perform_ids {
	char (*v)[RUNTIME_ID_MAX];
	size_t n;
};

struct perform {
	struct worker *w;
	const struct pod *pod; /* a reference */
	struct pod_host *host;
	int container;
	char *id; /* of a container or sandbox */
	unsigned attempt;
	int sig;
	bool keep_volumes;
	struct perform_ids containers, sandboxes;
	char *log_path, *dir, *message_path;
	bool fallback;
	struct pullsecret *secrets;
	int64_t begun_ns, took_ns;
	/* results */
	struct runtime_sandbox sandbox;
	struct runtime_image image;
	struct runtime_container status;
	struct buf message;
	bool ready;
	struct err err;
};

struct perform *perform_job(struct worker *w, int container);
void perform_job_free(struct perform *j);
void perform_begin(struct perform *j, enum worker_lane lane, loop_fn *work, loop_fn *done);
void perform_finish(struct perform *j); /* the end of every `done`; may free the worker */
const struct container_spec *perform_spec(const struct perform *j);

/* One per action type. */
void perform_sandbox(struct worker *w, const struct action *a);
void perform_volumes(struct worker *w, const struct action *a);
void perform_image(struct worker *w, const struct action *a);
void perform_signal(struct worker *w, const struct action *a);
void perform_teardown(struct worker *w, const struct action *a);

#endif
