/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Node IPAM (kubernetes/kubernetes pkg/controller/nodeipam, the range allocator): a node that comes without podCIDRs gets the
 * next free network of each family. What nodes have is what is taken: it is learnt from them, so that nothing has to be kept
 * over a restart, and a node that brings its own is left alone. Without --allocate-node-cidrs nothing of this happens.
 */
#include "ipam/ipam.h"
#include "control.h"
#include "controllers.h"
#include "decode/node.h"
#include "ipam/cidr_set.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"

#define FAMILIES 2
#define MASK_V4 24
#define MASK_V6 64

static struct {
	pthread_mutex_t lock; /* guards what the sets hold */
	struct cidr_set *sets[FAMILIES];
	size_t n; /* 0: nothing is given out */
} ipam = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- settings ---- */

static size_t split(char *text, char *parts[FAMILIES + 1])
{
	char *save = NULL;
	size_t n = 0;

	for (char *p = strtok_r(text, ",", &save); p && n <= FAMILIES; p = strtok_r(NULL, ",", &save))
		parts[n++] = p;
	return n;
}

static unsigned mask_of(const struct ipam_config *c, bool v4, bool dual)
{
	int own = v4 ? c->mask_v4 : c->mask_v6;

	if (own)
		return (unsigned)own;
	return c->mask && !dual ? (unsigned)c->mask : v4 ? MASK_V4 : MASK_V6;
}

static void clear(void)
{
	for (size_t i = 0; i < ipam.n; i++)
		cidr_set_free(ipam.sets[i]);
	ipam.n = 0;
}

static int add_set(const struct ipam_config *c, const char *cidr, bool dual, struct err *err)
{
	struct ip ip;
	unsigned bits;
	bool v4 = ip_parse_cidr(cidr, &ip, &bits) && ip.v4;
	struct cidr_set *s = cidr_set_new(cidr, mask_of(c, v4, dual), err);

	if (!s)
		return -1;
	ipam.sets[ipam.n++] = s;
	return 0;
}

static int make_sets(const struct ipam_config *c, char *const cidrs[], size_t n, struct err *err)
{
	if (n == 0)
		return err_set(err, REASON_INVALID,
			       "--cluster-cidr must be set when --allocate-node-cidrs is");
	if (n > FAMILIES)
		return err_set(err, REASON_INVALID,
			       "length of clusterCIDRs is:%zu more than max allowed of %d", n, FAMILIES);
	if (n == FAMILIES && c->mask)
		return err_set(err, REASON_INVALID,
			       "usage of --node-cidr-mask-size is not allowed with dual-stack clusters");
	for (size_t i = 0; i < n; i++)
		if (add_set(c, cidrs[i], n == FAMILIES, err) < 0)
			return -1;
	if (n == FAMILIES && cidr_set_is_v4(ipam.sets[0]) == cidr_set_is_v4(ipam.sets[1]))
		return err_set(
			err, REASON_INVALID,
			"len of ClusterCIDRs==%zu and they are not configured as dual stack (at least one from "
			"each IPFamily",
			n);
	return 0;
}

static int keep_services(const char *cidr, struct err *err)
{
	struct ip ip;
	unsigned bits;

	if (!ip_parse_cidr(cidr, &ip, &bits))
		return err_set(err, REASON_INVALID, "invalid CIDR address: %s", cidr);
	for (size_t i = 0; i < ipam.n; i++)
		(void)cidr_set_occupy(ipam.sets[i], cidr);
	return 0;
}

int ipam_configure(const struct ipam_config *c, struct err *err)
{
	autofree char *cluster = mem_strdup(c->cluster_cidrs), *services = mem_strdup(c->service_cidrs);
	char *parts[FAMILIES + 1];
	int rc = 0;

	clear();
	if (!c->allocate)
		return 0;
	rc = make_sets(c, parts, split(cluster, parts), err);
	size_t n = split(services, parts);

	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = keep_services(parts[i], err);
	if (rc < 0)
		clear();
	return rc;
}

/* ---- what nodes have ---- */

static void mark(const char *const *cidrs, size_t n, bool (*how)(struct cidr_set *s, const char *cidr))
{
	pthread_mutex_lock(&ipam.lock);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < ipam.n; k++)
			(void)how(ipam.sets[k], cidrs[i]);
	pthread_mutex_unlock(&ipam.lock);
}

static void enqueue_node(struct workqueue *q, void *state, struct informer **informers, const void *old,
			 const void *new)
{
	const struct cm_node *was = old, *is = new;

	if (!ipam.n)
		return;
	if (was && (!is || strcmp(was->base.meta.uid, is->base.meta.uid) != 0))
		mark(was->pod_cidrs, was->n_pod_cidrs, cidr_set_release);
	if (is && is->n_pod_cidrs)
		mark(is->pod_cidrs, is->n_pod_cidrs, cidr_set_occupy);
	else if (is)
		controller_enqueue_self(q, state, informers, old, new);
}

/* ---- giving ---- */

struct gift {
	char text[FAMILIES][CIDR_TEXT_MAX];
	const char *cidrs[FAMILIES];
	size_t n;
};

/* One of each family, or none. */
static bool take(struct gift *g)
{
	bool all = true;

	pthread_mutex_lock(&ipam.lock);
	for (size_t i = 0; all && i < ipam.n; i++) {
		all = cidr_set_next(ipam.sets[i], g->text[i]);
		if (all)
			g->cidrs[g->n++] = g->text[i];
	}
	pthread_mutex_unlock(&ipam.lock);
	if (!all)
		mark(g->cidrs, g->n, cidr_set_release);
	return all;
}

static int give(struct controller_ctx *ctx, const struct cm_node *n, struct err *err)
{
	struct gift g = {.n = 0};
	autojson js *body = js_new_obj();

	if (!take(&g)) {
		control_event(ctx, &n->base, false, "CIDRNotAvailable",
			      "Node %s status is now: CIDRNotAvailable", n->base.meta.name);
		return err_set(
			err, REASON_UNAVAILABLE,
			"failed to allocate cidr from cluster cidr: CIDR allocation failed; there are no "
			"remaining CIDRs left to allocate in the accepted range");
	}
	js *spec = js_ensure(body, "spec", NULL), *list = js_ensure_arr(spec, "podCIDRs");

	js_set_str(spec, "podCIDR", g.cidrs[0]);
	for (size_t i = 0; i < g.n; i++)
		js_push(list, js_new_str(g.cidrs[i]));
	control_guard(body, &n->base);
	int rc = control_patch(ctx, ctx->informers[0], &n->base, REST_PATCH_MERGE, NULL, body, err);
	const struct cm_node *now = informer_get(ctx->informers[0], n->base.meta.name);

	/* An answer that was lost may have been a success: the node's next event tells. */
	if (!now || strcmp(now->base.meta.uid, n->base.meta.uid) != 0 ||
	    (rc < 0 && (err->reason == REASON_CONFLICT || err->reason == REASON_INVALID)))
		mark(g.cidrs, g.n, cidr_set_release);
	else if (rc == 0 && now->n_pod_cidrs) /* it may have brought its own meanwhile */
		mark(now->pod_cidrs, now->n_pod_cidrs, cidr_set_occupy);
	informer_unref(now);
	return rc;
}

static int sync(struct controller_ctx *ctx, const char *key, struct err *err)
{
	const struct cm_node *n = informer_get(ctx->informers[0], key);
	int rc = !n || n->n_pod_cidrs || n->base.meta.deleted_ns ? 0 : give(ctx, n, err);

	informer_unref(n);
	return rc;
}

const struct controller ipam_controller = {
	.name = "node-ipam",
	.component = "cidrAllocator",
	.watches = {{&cm_node_type, NULL, enqueue_node}},
	.account = "node-controller",
	.workers = 5,
	.sync = sync,
};
