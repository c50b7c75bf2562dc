/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/imagegc.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/statvfs.h>

#include "base/log.h"
#include "serve/metric.h"

#define PERIOD_NS (5 * 60 * NS_PER_S)

struct imagegc {
	struct node *node;
	const char *dir;
	struct image_gc *gc;
	struct loop_timer timer;
	/* of a look; between its thread and the loop */
	struct err err;
	bool removed_any;
	bool failed; /* the last look */
};

/* ---- what image/gc asks ---- */

static int list(void *arg, struct image_gc_image **ret, size_t *ret_n, struct err *err)
{
	const struct imagegc *g = arg;
	struct runtime *rt = g->node->host.rt;
	struct runtime_image_list l = {0};
	if (rt->ops->image_list(rt, &l, err) < 0)
		return -1;
	*ret = mem_array(l.n + 1, sizeof(**ret));
	for (*ret_n = 0; *ret_n < l.n; ++*ret_n)
		(*ret)[*ret_n] = (struct image_gc_image){
			.id = STEAL(l.v[*ret_n].id), .used = l.v[*ret_n].used, .pinned = l.v[*ret_n].pinned};
	runtime_image_list_release(&l);
	return 0;
}

static int remove_one(void *arg, const char *id, int64_t *ret_freed, struct err *err)
{
	struct runtime *rt = ((const struct imagegc *)arg)->node->host.rt;
	return rt->ops->image_remove(rt, id, ret_freed, err);
}

static void removed(void *arg, const char *id, int64_t bytes, bool aged)
{
	static const struct metric_def def = {
		.name = "kubelet_image_garbage_collected_total",
		.help = "[ALPHA] Total number of images garbage collected by the kubelet, whether through disk usage or "
			"image age.",
		.type = METRIC_COUNTER,
		.label_names = "reason"};
	const char *reason = aged ? "age" : "space";
	metric_add(metric_series(metric_register(&def), reason), 1);
	log_info("removed an image that nobody uses", "image=%s bytes=%" PRId64 " reason=%s", id, bytes,
		 reason);
	__atomic_store_n(&((struct imagegc *)arg)->removed_any, true, __ATOMIC_RELAXED);
}

static int space(void *arg, int64_t *ret_capacity, int64_t *ret_available, struct err *err)
{
	const struct imagegc *g = arg;
	struct statvfs v;
	if (statvfs(g->dir, &v) < 0)
		return err_errno(err, "%s", g->dir);
	*ret_capacity = (int64_t)v.f_blocks * (int64_t)v.f_frsize;
	*ret_available = (int64_t)v.f_bavail * (int64_t)v.f_frsize;
	return 0;
}

static const struct image_gc_ops ops = {
	.list = list, .remove = remove_one, .removed = removed, .space = space};

/* ---- the look ---- */

static void work(void *arg)
{
	struct imagegc *g = arg;
	g->err = (struct err)ERR_INIT;
	(void)!image_gc_collect(g->gc, &g->err);
}

/* As the kubelet tells it: too little to free at once, other failures when they come twice in a row. */
static void done(void *arg)
{
	struct imagegc *g = arg;
	bool failed = g->err.reason != REASON_NONE;
	if (g->err.reason == REASON_UNAVAILABLE)
		node_record(g->node, true, "FreeDiskSpaceFailed", "%s", g->err.msg);
	else if (g->err.reason == REASON_INTERNAL)
		node_record(g->node, true, "InvalidDiskCapacity", "%s", g->err.msg);
	if (failed) {
		log_warn_err(&g->err, "image garbage collection failed", "in_a_row=%s",
			     g->failed ? "true" : "false");
		if (g->failed)
			node_record(g->node, true, "ImageGCFailed", "%s", g->err.msg);
	}
	g->failed = failed;
	if (__atomic_exchange_n(&g->removed_any, false, __ATOMIC_RELAXED))
		node_refresh(g->node);
	loop_timer_set(g->node->host.loop, &g->timer, clock_mono_ns() + PERIOD_NS);
}

static void on_timer(void *arg)
{
	struct imagegc *g = arg;
	loop_job(g->node->host.loop, LANE_WORK, work, done, g);
}

struct imagegc *imagegc_new(struct node *n, const char *images_dir, const struct image_gc_policy *p)
{
	struct imagegc *g = MEM_NEW(struct imagegc);
	*g = (struct imagegc){.node = n, .dir = images_dir, .timer = {.fn = on_timer, .arg = g}};
	g->gc = image_gc_new(p, &ops, g);
	return g;
}

void imagegc_start(struct imagegc *g)
{
	on_timer(g);
}

void imagegc_stop(struct imagegc *g)
{
	loop_timer_set(g->node->host.loop, &g->timer, CLOCK_NEVER);
	image_gc_free(g->gc);
	free(g);
}

int64_t imagegc_free_unused(struct imagegc *g)
{
	struct err err = ERR_INIT;
	int64_t freed = image_gc_free_unused(g->gc, &err);
	if (err.reason != REASON_NONE)
		log_warn_err(&err, "could not remove unused images", NULL);
	return freed;
}
