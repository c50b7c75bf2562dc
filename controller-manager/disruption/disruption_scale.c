/* SPDX-License-Identifier: Apache-2.0 */
/* See disruption_scale.h; the order of upstream's finders. */
#include "disruption/disruption_scale.h"

#include <stdlib.h>
#include <string.h>
#include "base/map.h"
#include "base/mem.h"
#include "decode/deployment.h"
#include "decode/replicaset.h"

struct scale {
	char *uid;
	int32_t replicas;
};

struct search {
	struct controller_ctx *ctx;
	struct restmap *kinds;
	const char *ns;
	struct scale found; /* uid NULL: nobody */
};

static void found(struct search *s, const char *uid, int32_t replicas)
{
	s->found = (struct scale){mem_strdup(uid), replicas};
}

static const void *get(struct search *s, size_t watch, const struct owner_ref *r)
{
	autobuf struct buf key = BUF_INIT;

	meta_key(&key, s->ns, r->name);
	const struct informer_object *o = informer_get(s->ctx->informers[watch], buf_str(&key));

	if (o && !strcmp(o->meta.uid, r->uid))
		return o;
	informer_unref(o);
	return NULL;
}

static bool is_kind(const struct owner_ref *r, const char *kind, const char *group)
{
	size_t len = strlen(group);

	return r && !strcmp(r->kind, kind) &&
	       (len ? !strncmp(r->api_version, group, len) && r->api_version[len] == '/'
		    : !strchr(r->api_version, '/'));
}

static bool is_workload(const struct owner_ref *r, const char *kind)
{
	return is_kind(r, kind, "apps") || is_kind(r, kind, "extensions");
}

/* The Deployment decides for its ReplicaSet, if there is one. */
static void of_set(struct search *s, const struct owner_ref *r)
{
	const struct cm_replicaset *rs = get(s, DISRUPTION_SETS, r);
	const struct owner_ref *above = rs ? meta_controller(&rs->base.meta) : NULL;

	if (rs && !(above && !strcmp(above->kind, "Deployment"))) {
		found(s, rs->base.meta.uid, rs->replicas);
	} else if (rs && is_workload(above, "Deployment")) {
		const struct cm_deployment *d = get(s, DISRUPTION_DEPLOYMENTS, above);

		if (d)
			found(s, d->base.meta.uid, d->replicas);
		informer_unref(d);
	}
	informer_unref(rs);
}

static void of_controller(struct search *s, const struct owner_ref *r)
{
	const struct cm_replicaset *rc = get(s, DISRUPTION_CONTROLLERS, r);

	if (rc)
		found(s, rc->base.meta.uid, rc->replicas);
	informer_unref(rc);
}

static int of_anybody(struct search *s, const struct owner_ref *r, struct err *err)
{
	const char *slash = strchr(r->api_version, '/');
	autofree char *group =
		slash ? mem_strndup(r->api_version, (size_t)(slash - r->api_version)) : mem_strdup("");
	autobuf struct buf path = BUF_INIT;
	autojson js *live = NULL;
	struct restmap_row row;
	struct err e = ERR_INIT;

	if (restmap_of_kind(s->kinds, s->ctx->rest, r->api_version, r->kind, &row, err) < 0)
		return -1;
	if (!row.scale)
		return err_set(err, REASON_INVALID, "%s%s%s does not implement the scale subresource",
			       row.resource, *group ? "." : "", group);
	rest_path(&path, group, slash ? slash + 1 : r->api_version, s->ns, row.resource, r->name, "scale");
	if (rest_do(s->ctx->rest, REST_GET, buf_str(&path), NULL, &live, &e) == 0) {
		if (!strcmp(meta_uid(live), r->uid))
			found(s, r->uid, (int32_t)js_int(live, 0, "spec", "replicas", NULL));
		return 0;
	}
	if (e.reason == REASON_NOT_FOUND)
		return 0;
	*err = e;
	return -1;
}

static int find(struct search *s, const struct owner_ref *r, struct err *err)
{
	if (is_workload(r, "ReplicaSet"))
		of_set(s, r);
	else if (is_kind(r, "ReplicationController", ""))
		of_controller(s, r);
	return s->found.uid ? 0 : of_anybody(s, r, err);
}

int disruption_scale(struct controller_ctx *ctx, struct restmap *kinds, const void *const *pods, size_t n,
		     int32_t *ret, bool *ret_unmanaged, struct err *err)
{
	automap struct map asked = MAP_INIT, counted = MAP_INIT;

	*ret = 0;
	*ret_unmanaged = false;
	for (size_t i = 0; i < n; i++) {
		const struct meta *m = &((const struct cm_pod *)pods[i])->base.meta;
		const struct owner_ref *r = meta_controller(m);
		struct search s = {.ctx = ctx, .kinds = kinds, .ns = m->namespace};

		*ret_unmanaged |= !r;
		if (!r || map_set(&asked, r->uid, ctx))
			continue;
		if (find(&s, r, err) < 0)
			return -1;
		if (!s.found.uid)
			return err_set(err, REASON_NOT_FOUND, "found no controllers for pod \"%s\"", m->name);
		if (!map_set(&counted, s.found.uid, ctx))
			*ret += s.found.replicas;
		free(s.found.uid);
	}
	return 0;
}
