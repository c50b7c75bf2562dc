/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every namespace has a ConfigMap `kube-root-ca.crt` with the CA that the apiserver's certificate is to be judged by
 * (kubernetes/kubernetes pkg/controller/certificates/rootcacertpublisher); Pods find it beside their token. Deleted or
 * changed, it is put right again.
 *
 * Keys are namespaces. Of such a ConfigMap the informer keeps a hash, which is all that is needed to see that nothing is
 * to be done.
 */
#include "root_ca.h"
#include "controllers.h"
#include "decode/plain.h"

#include <stdlib.h>
#include <string.h>
#include "base/map.h"
#include "base/mem.h"
#include "client/tls.h"

#define CA_MAX ((size_t)1 << 20)
enum { WATCH_NAMESPACES, WATCH_CONFIGMAPS };

/* Upstream's words: clients compare them. */
static const char description[] =
	"Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.";

static char *bundle; /* set before the start, read-only then */

void root_ca_set(const char *pem)
{
	free(bundle);
	bundle = pem && *pem ? mem_strdup(pem) : NULL;
}

int root_ca_load(const char *path, struct err *err)
{
	autobuf struct buf pem = BUF_INIT;

	if (tls_read_file(path, CA_MAX, &pem, err) < 0)
		return err_wrap(err, "--root-ca-file");
	if (!strstr(buf_str(&pem), "-----BEGIN CERTIFICATE-----"))
		return err_set(err, REASON_BAD_REQUEST, "--root-ca-file: %s holds no certificate in PEM",
			       path);
	root_ca_set(buf_str(&pem));
	return 0;
}

static void enqueue_configmap(struct workqueue *q, void *state, struct informer **informers, const void *old,
			      const void *new)
{
	const struct meta *m = &((const struct informer_object *)(new ? new : old))->meta;

	if (!strcmp(m->name, ROOT_CA_NAME))
		workqueue_add(q, m->namespace);
}

static js *desired(void)
{
	js *body = js_new_obj();

	js_set_str(js_ensure(body, "metadata", NULL), "name", ROOT_CA_NAME);
	js_set_str(js_ensure(body, "metadata", "annotations", NULL), ROOT_CA_ANNOTATION, description);
	js_set_str(js_ensure(body, "data", NULL), ROOT_CA_KEY, bundle);
	return body;
}

static int create(struct controller_ctx *ctx, const char *ns, struct err *err)
{
	autobuf struct buf path = BUF_INIT;
	autojson js *body = desired();
	struct err e = ERR_INIT;

	rest_path(&path, "", "v1", ns, "configmaps", NULL, NULL);
	if (rest_do(ctx->rest, REST_POST, buf_str(&path), body, NULL, &e) == 0 ||
	    e.reason == REASON_NOT_FOUND || e.reason == REASON_ALREADY_EXISTS)
		return 0; /* the namespace is gone; or the watch is late, and will say what is there */
	*err = e;
	return -1;
}

/* Our key, and no other, whatever else the object has. */
static int correct(struct controller_ctx *ctx, const struct cm_configmap *c, struct err *err)
{
	autobuf struct buf path = BUF_INIT;
	autojson js *live = NULL, *want = desired();
	struct err e = ERR_INIT;

	rest_path(&path, "", "v1", c->base.meta.namespace, "configmaps", ROOT_CA_NAME, NULL);
	if (rest_do(ctx->rest, REST_GET, buf_str(&path), NULL, &live, &e) == 0) {
		js_set_str(js_ensure(live, "metadata", "annotations", NULL), ROOT_CA_ANNOTATION, description);
		js_set(live, "data", js_take(want, "data"));
		if (rest_do(ctx->rest, REST_PUT, buf_str(&path), live, NULL, &e) == 0)
			return 0;
	}
	if (e.reason == REASON_NOT_FOUND)
		return 0; /* its deletion is on the way to us */
	*err = e;
	return -1;
}

static int sync_namespace(struct controller_ctx *ctx, const char *ns, struct err *err)
{
	autobuf struct buf key = BUF_INIT;

	meta_key(&key, ns, ROOT_CA_NAME);
	const struct cm_configmap *c = informer_get(ctx->informers[WATCH_CONFIGMAPS], buf_str(&key));
	int rc = 0;

	if (!c)
		rc = create(ctx, ns, err);
	else if (c->root_ca != map_hash(bundle, strlen(bundle)))
		rc = correct(ctx, c, err);
	informer_unref(c);
	return rc;
}

static int sync(struct controller_ctx *ctx, const char *key, struct err *err)
{
	const struct cm_namespace *ns = informer_get(ctx->informers[WATCH_NAMESPACES], key);
	int rc = 0;

	if (bundle && ns && !ns->base.meta.deleted_ns)
		rc = sync_namespace(ctx, key, err);
	informer_unref(ns);
	return rc;
}

const struct controller root_ca_publisher = {
	.name = "root-ca-certificate-publisher",
	.watches =
		{
			[WATCH_NAMESPACES] = {&cm_namespace_type, NULL, controller_enqueue_self},
			[WATCH_CONFIGMAPS] = {&cm_configmap_type, NULL, enqueue_configmap},
		},
	.account = "root-ca-cert-publisher",
	.workers = 1,
	.sync = sync,
};
