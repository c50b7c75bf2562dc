/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A writing verb is a row: how its body is read, which function of the registry takes it, how the result is
 * shown. Everything around it is the same for all and stands once, in verb.c: query options in, Status out,
 * warnings, threads.
 *
 * A verb that runs is a struct operation, from the moment its request has a worker until the response is
 * complete. It holds no thread while the registry waits for the store.
 */
#ifndef REST_VERB_VERB_H
#define REST_VERB_VERB_H

#include "registry/registry.h"
#include "request/service.h"
#include "rest/api.h"
#include "rest/verb/body.h"
#include "rest/negotiate.h"
#include "rest/options.h"
#include "rest/verb/patch.h"

struct lane;
struct verb;
struct operation {
	struct registry_call call; /* err, errs and about also tell what goes wrong before it */
	const struct verb *verb;
	struct exchange *x;
	struct request *rq;
	struct response *rs;
	struct lane *lane;
	struct accept accept;
	enum field_validation validation;
	js *body;	   /* given to the registry */
	js *misnamed;	   /* of another kind than it should be: what the refusal tells of */
	char manager[129]; /* what the User-Agent makes of it */
	struct patch patch;
	unsigned runs;		     /* of the patch */
	struct registry_apply apply; /* or what is applied */
	struct delete_options deletion;
	struct list_options selection;
};

struct verb {
	/* The kind that is named when a query parameter is wrong: "CreateOptions" …; NULL: `read` sees to the query. */
	const char *options;
	/* Reads the body and what else it needs; NULL: nothing. */
	int (*read)(struct operation *o, struct err *err);
	/* Calls one operation of registry.h. */
	void (*start)(struct operation *o);
	/* Fills the response of a success. */
	void (*present)(struct operation *o);
	bool renders; /* present makes a body of its own: not on the store's thread */
};
extern const struct verb verb_create, verb_update, verb_patch, verb_delete, verb_deletecollection;
extern const struct verb verb_bind, verb_evict, verb_scale_update, verb_scale_patch, verb_ephemeral_update;

/* Runs x->rq's verb on the calling worker; x is in the lane, and leaves it before x->done. */
void verb_run(struct exchange *x, struct lane *lane);

#endif
