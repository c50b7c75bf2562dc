/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls to the API server that do not stop the loop, at most so many in flight: a burst of a thousand status
 * writes costs a few connections and no threads.
 */
#ifndef POD_API_H
#define POD_API_H

#include "client/rest.h"

struct api;
struct api *api_new(struct rest *r, size_t in_flight); /* r is on the agent's loop; borrowed */
/* Gives up what is under way; no `done` runs any more. Loop thread, or after loop_run. */
void api_free(struct api *a);

/* err->reason REASON_NONE: it went well. reply: borrowed, NULL unless asked for. */
typedef void api_done(void *arg, const js *reply, const struct err *err);
/* path and body are taken; body may be NULL. Loop thread. */
void api_call(struct api *a, enum rest_verb verb, char *path, js *body, bool want_reply, api_done *done,
	      void *arg);
/* A strategic patch of which nothing but the resourceVersion that it made is of interest; rv 0: not known. */
typedef void api_patched(void *arg, uint64_t rv, const struct err *err);
void api_patch(struct api *a, char *path, js *body, api_patched *done, void *arg);

#endif
