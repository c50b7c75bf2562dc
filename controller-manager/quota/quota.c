/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The status of ResourceQuotas (kubernetes/kubernetes pkg/controller/resourcequota): the bounds that are in force, and
 * what the namespace uses of them.
 *
 * Nothing is kept for it but the quotas' names. A count is read when it is wanted: how many objects there are says a list of
 * one, and Pods, Services and claims are read in pages and summed. So it costs nothing where there is no quota, and is never
 * behind. Changes are heard through the informers that exist; kinds that only a quota asks for are watched from then on.
 */
#include "quota/quota.h"
#include "control.h"
#include "controllers.h"
#include "decode/plain.h"
#include "decode/pod.h"
#include "quota/quota_usage.h"
#include "restmap.h"

#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/map.h"
#include "controller/informer_late.h"

#define SETTLE_NS (200 * NS_PER_MS) /* what comes together is counted together */
#define PAGE 200

static int64_t period_ns = 300 * NS_PER_S;

void quota_set_period(int64_t ns)
{
	period_ns = ns;
}

struct quota {
	struct restmap *kinds;
	struct informer *quotas;
};

static void *init(struct informer **informers, struct workqueue *q)
{
	struct quota *s = MEM_NEW(struct quota);

	s->kinds = restmap_new();
	s->quotas = informers[0];
	return s;
}

static void destroy(void *state)
{
	struct quota *s = state;

	restmap_free(s->kinds);
	free(s);
}

/* ---- events ---- */

/* Of most kinds only the number matters; of Pods also when they end. */
static bool matters(const struct informer_object *old, const struct informer_object *new)
{
	if (!old || !new)
		return true;
	const struct informer_type *t = new->type;
	if (t == &cm_pod_type) {
		const struct cm_pod *a = (const void *)old, *b = (const void *)new;

		return podlife_phase_terminal(a->phase) != podlife_phase_terminal(b->phase) ||
		       !old->meta.deleted_ns != !new->meta.deleted_ns;
	}
	return !*t->group &&
	       (!strcmp(t->resource, "services") || !strcmp(t->resource, "persistentvolumeclaims"));
}

static void enqueue_any(struct workqueue *q, void *state, const void *old, const void *new)
{
	const struct quota *s = state;
	const struct informer_object *o = new ? new : old;
	const void **quotas;

	if (informer_len(s->quotas) == 0 || !*o->meta.namespace || !matters(old, new))
		return;
	size_t n = informer_list(s->quotas, INDEX_NAMESPACE, o->meta.namespace, &quotas);

	for (size_t i = 0; i < n; i++) {
		const struct informer_object *quota = quotas[i];
		autobuf struct buf key = BUF_INIT;

		meta_key(&key, quota->meta.namespace, quota->meta.name);
		workqueue_add_after(q, buf_str(&key), SETTLE_NS);
	}
	informer_unref_all(quotas, n);
}

/* ---- counting ---- */

struct quota_count {
	struct controller_ctx *ctx;
	struct quota *s;
	const js *quota; /* live */
	const char *ns;
	struct quota_sum used;
	struct map names; /* those of hard that could be counted */
	bool half;	  /* a sum is not complete, which is none */
	int64_t now;
};

/* Its changes are to be heard. */
static int hear(struct quota_count *c, const char *group, const char *version, const char *resource,
		struct err *err)
{
	autofree char *api_version = *group ? mem_printf("%s/%s", group, version) : mem_strdup(version);
	struct restmap_row row;

	if (informer_late_find(c->ctx->set, group, resource))
		return 0;
	if (restmap_of_resource(c->s->kinds, c->ctx->rest, api_version, resource, &row, err) < 0)
		return -1;
	if (row.watched)
		(void)informer_late_add(c->ctx->set, &cm_metadata_type,
					&(struct informer_late){group, version, resource, row.kind});
	return 0;
}

static bool in_scopes(const struct quota_count *c, const struct quota_kind *k, const js *o)
{
	js_array_for_each (s, js_arr(c->quota, "spec", "scopes", NULL))
		if (!js_is_str(s) || !k->in_scope(o, json_object_get_string((js *)s), "Exists", NULL))
			return false;
	js_array_for_each (e, js_arr(c->quota, "spec", "scopeSelector", "matchExpressions", NULL))
		if (!k->in_scope(o, js_str0(e, "scopeName", NULL), js_str0(e, "operator", NULL),
				 js_arr(e, "values", NULL)))
			return false;
	return true;
}

static bool has_scopes(const struct quota_count *c)
{
	return js_len(js_arr(c->quota, "spec", "scopes", NULL)) ||
	       js_len(js_arr(c->quota, "spec", "scopeSelector", "matchExpressions", NULL));
}

static int sum_page(struct quota_count *c, const struct quota_kind *k, const char *path, char **cont,
		    struct err *err)
{
	autobuf struct buf page = BUF_INIT;
	autojson js *list = NULL;

	buf_addf(&page, "%s?limit=%d", path, PAGE);
	if (*cont) {
		buf_adds(&page, "&continue=");
		http_escape(&page, *cont);
	}
	if (rest_do(c->ctx->rest, REST_GET, buf_str(&page), NULL, &list, err) < 0)
		return -1;
	js_array_for_each (o, js_arr(list, "items", NULL))
		if (in_scopes(c, k, o))
			k->use(o, c->now, &c->used);
	free(*cont);
	const char *next = js_str0(list, "metadata", "continue", NULL);
	*cont = *next ? mem_strdup(next) : NULL;
	return 0;
}

static int sum_kind(struct quota_count *c, const struct quota_kind *k, struct err *err)
{
	autobuf struct buf path = BUF_INIT;
	char *cont = NULL;
	int rc = hear(c, k->group, "v1", k->resource, err);

	rest_path(&path, k->group, "v1", c->ns, k->resource, NULL, NULL);
	do {
		if (rc == 0)
			rc = sum_page(c, k, buf_str(&path), &cont, err);
	} while (rc == 0 && cont);
	free(cont);
	return rc;
}

static bool wants(struct quota_count *c, const struct quota_kind *k)
{
	bool any = false;

	for (struct js_iter it = js_iter(js_obj(c->quota, "spec", "hard", NULL)); js_next(&it);)
		if (k->knows(it.key)) {
			map_set(&c->names, it.key, c);
			any = true;
		}
	return any;
}

static char *version_of(struct quota_count *c, const char *group, struct err *err)
{
	autobuf struct buf path = BUF_INIT;
	autojson js *g = NULL;

	if (!*group)
		return mem_strdup("v1");
	buf_adds(&path, "/apis/");
	http_escape(&path, group);
	if (rest_do(c->ctx->rest, REST_GET, buf_str(&path), NULL, &g, err) < 0)
		return NULL;
	return mem_strdup(js_str0(g, "preferredVersion", "version", NULL));
}

/* A kind that nobody serves has no number, as upstream has none for it. */
static int count_objects(struct quota_count *c, const char *name, const char *group, const char *resource,
			 struct err *err)
{
	autobuf struct buf path = BUF_INIT;
	autojson js *list = NULL;
	autofree char *version = version_of(c, group, err);
	struct quantity n = {.format = QUANTITY_DECIMAL_SI};

	if (!version || hear(c, group, version, resource, err) < 0)
		return -1;
	rest_path(&path, group, version, c->ns, resource, NULL, NULL);
	buf_adds(&path, "?limit=1");
	if (!has_scopes(c) && rest_do(c->ctx->rest, REST_GET, buf_str(&path), NULL, &list, err) < 0)
		return -1;
	n.nano = ((__int128)js_len(js_arr(list, "items", NULL)) +
		  js_int(list, 0, "metadata", "remainingItemCount", NULL)) *
		 1000000000;
	quota_sum_add(&c->used, name, &n);
	map_set(&c->names, name, c);
	return 0;
}

static int count_others(struct quota_count *c, struct err *err)
{
	int rc = 0;

	for (struct js_iter it = js_iter(js_obj(c->quota, "spec", "hard", NULL)); js_next(&it);) {
		const char *resource, *group;
		size_t len;
		struct err e = ERR_INIT;

		if (map_has(&c->names, it.key) || !quota_counts(it.key, &resource, &len, &group))
			continue;
		autofree char *text = mem_strndup(resource, len);

		if (count_objects(c, it.key, group, text, &e) < 0 && e.reason != REASON_NOT_FOUND) {
			*err = e;
			rc = -1;
		}
	}
	return rc;
}

static int count(struct quota_count *c, struct err *err)
{
	for (const struct quota_kind *k = quota_kinds; k->resource; k++)
		if (wants(c, k) && sum_kind(c, k, err) < 0) {
			c->half = true;
			return -1;
		}
	return count_others(c, err);
}

/* ---- the status ---- */

static js *used_now(struct quota_count *c)
{
	js *used = js_new_obj();

	for (struct js_iter it = js_iter(js_obj(c->quota, "spec", "hard", NULL)); js_next(&it);) {
		const struct quantity *q = quota_sum_get(&c->used, it.key);
		const char *before = js_str(c->quota, "status", "used", it.key, NULL);
		char text[QUANTITY_TEXT_MAX] = "0";

		if (!map_has(&c->names, it.key) && !before)
			continue;
		if (q)
			quantity_format(q, text);
		js_set_str(used, it.key, map_has(&c->names, it.key) ? text : before);
	}
	return used;
}

static bool same_amounts(const js *a, const js *b)
{
	if (js_len(a) != js_len(b)) /* empty is absent */
		return false;
	for (struct js_iter it = js_iter(a); js_next(&it);) {
		struct quantity x, y;
		struct err ignored = ERR_INIT;
		const char *other = js_str(b, it.key, NULL);

		if (!other || !js_is_str(it.value) ||
		    quantity_parse(json_object_get_string((js *)it.value), &x, &ignored) < 0 ||
		    quantity_parse(other, &y, &ignored) < 0 || quantity_cmp(&x, &y))
			return false;
	}
	return true;
}

static int write(struct quota_count *c, struct err *err)
{
	autobuf struct buf path = BUF_INIT;
	autojson js *body = js_dup(c->quota), *used = used_now(c), *none = js_new_obj();
	const js *hard = js_obj(c->quota, "spec", "hard", NULL);
	struct err e = ERR_INIT;

	if (same_amounts(hard ? hard : none, js_obj(c->quota, "status", "hard", NULL)) &&
	    same_amounts(used, js_obj(c->quota, "status", "used", NULL)))
		return 0;
	js *status = js_ensure(body, "status", NULL);

	js_set(status, "hard", js_dup(hard ? hard : none));
	js_set(status, "used", STEAL(used));
	rest_path(&path, "", "v1", c->ns, "resourcequotas", meta_name(c->quota), "status");
	if (rest_do(c->ctx->rest, REST_PUT, buf_str(&path), body, NULL, &e) == 0 ||
	    e.reason == REASON_NOT_FOUND)
		return 0;
	*err = e;
	return -1;
}

/* ---- one sync ---- */

static int sync_quota(struct controller_ctx *ctx, const char *ns, const js *live, struct err *err)
{
	struct quota_count c = {.ctx = ctx, .s = ctx->state, .quota = live, .ns = ns, .now = clock_wall_ns()};
	struct err e = ERR_INIT;
	int rc = count(&c, &e);

	if (!c.half && write(&c, err) < 0)
		rc = -1;
	else if (rc < 0)
		*err = e;
	ctx->requeue_after_ns = period_ns;
	quota_sum_release(&c.used);
	map_release(&c.names);
	return rc;
}

static int sync(struct controller_ctx *ctx, const char *key, struct err *err)
{
	const struct informer_object *o = informer_get(ctx->informers[0], key);
	autobuf struct buf path = BUF_INIT;
	autojson js *live = NULL;
	struct err e = ERR_INIT;
	int rc = 0;

	if (!o)
		return 0;
	control_path(&path, o, NULL);
	if (rest_do(ctx->rest, REST_GET, buf_str(&path), NULL, &live, &e) == 0) {
		rc = sync_quota(ctx, o->meta.namespace, live, err);
	} else if (e.reason != REASON_NOT_FOUND) {
		*err = e;
		rc = -1;
	}
	informer_unref(o);
	return rc;
}

const struct controller resourcequota_controller = {
	.name = "resourcequota",
	.watches = {{&cm_resourcequota_type, NULL, controller_enqueue_self}, {&cm_pod_type, NULL, NULL}},
	.account = "resourcequota-controller",
	.workers = 2,
	.any = enqueue_any,
	.sync = sync,
	.init = init,
	.destroy = destroy,
};
