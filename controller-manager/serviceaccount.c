/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every namespace has a ServiceAccount `default`, for Pods that name none (kubernetes/kubernetes
 * pkg/controller/serviceaccount): made when the namespace is, and again when somebody deletes it.
 *
 * Keys are namespaces. The informers are those that garbage collection has anyway.
 */
#include "controllers.h"
#include "decode/plain.h"

#include <string.h>

#define NAME "default"
enum { WATCH_NAMESPACES, WATCH_SERVICEACCOUNTS };

static void enqueue_account(struct workqueue *q, void *state, struct informer **informers, const void *old,
			    const void *new)
{
	const struct meta *m = &((const struct informer_object *)(new ? new : old))->meta;

	if (!new && !strcmp(m->name, NAME))
		workqueue_add(q, m->namespace);
}

static bool exists(struct informer *accounts, const char *ns)
{
	autobuf struct buf key = BUF_INIT;

	meta_key(&key, ns, NAME);
	const void *o = informer_get(accounts, buf_str(&key));

	informer_unref(o);
	return o;
}

static int create(struct controller_ctx *ctx, const char *ns, struct err *err)
{
	autobuf struct buf path = BUF_INIT;
	autojson js *body = js_new_obj(), *made = NULL;
	struct err e = ERR_INIT;

	js_set_str(js_ensure(body, "metadata", NULL), "name", NAME);
	rest_path(&path, "", "v1", ns, "serviceaccounts", NULL, NULL);
	if (rest_do(ctx->rest, REST_POST, buf_str(&path), body, &made, &e) == 0) {
		informer_inject(ctx->informers[WATCH_SERVICEACCOUNTS], made);
		return 0;
	}
	if (e.reason == REASON_ALREADY_EXISTS || e.reason == REASON_NOT_FOUND)
		return 0; /* the watch is late; or the namespace is gone */
	*err = e;
	return -1;
}

static int sync(struct controller_ctx *ctx, const char *key, struct err *err)
{
	const struct cm_namespace *ns = informer_get(ctx->informers[WATCH_NAMESPACES], key);
	int rc = 0;

	if (ns && !ns->base.meta.deleted_ns && !exists(ctx->informers[WATCH_SERVICEACCOUNTS], key))
		rc = create(ctx, key, err);
	informer_unref(ns);
	return rc;
}

const struct controller serviceaccount_controller = {
	.name = "serviceaccount",
	.watches =
		{
			[WATCH_NAMESPACES] = {&cm_namespace_type, NULL, controller_enqueue_self},
			[WATCH_SERVICEACCOUNTS] = {&cm_serviceaccount_type, NULL, enqueue_account},
		},
	.account = "service-account-controller",
	.workers = 1,
	.sync = sync,
};
