/* SPDX-License-Identifier: Apache-2.0 */
/* Bursts of creations and deletions; see pod_control.h. */
#include "pod_control.h"

#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/map.h"
#include "base/mem.h"
#include "object/condition.h"

#define IN_FLIGHT 64

struct pod_control {
	pthread_mutex_t lock; /* guards deleting */
	struct map deleting;  /* uids of Pods that we deleted and the informer still shows as live */
	pod_control_tell *tell;
};

struct pod_control *pod_control_new(void)
{
	struct pod_control *pc = MEM_NEW(struct pod_control);

	pthread_mutex_init(&pc->lock, NULL);
	return pc;
}

void pod_control_set_tell(struct pod_control *pc, pod_control_tell *tell)
{
	pc->tell = tell;
}

void pod_control_free(struct pod_control *pc)
{
	if (!pc)
		return;
	map_release(&pc->deleting);
	pthread_mutex_destroy(&pc->lock);
	free(pc);
}

static void set_deleting(struct pod_control *pc, const char *uid, bool yes)
{
	pthread_mutex_lock(&pc->lock);
	if (yes)
		map_set(&pc->deleting, uid, pc);
	else
		map_del(&pc->deleting, uid);
	pthread_mutex_unlock(&pc->lock);
}

void pod_control_saw(struct pod_control *pc, const struct cm_pod *old, const struct cm_pod *new)
{
	if (!new || new->base.meta.deleted_ns)
		set_deleting(pc, (new ? new : old)->base.meta.uid, false);
}

bool pod_control_ending(struct pod_control *pc, const struct cm_pod *p)
{
	bool deleting;

	if (p->base.meta.deleted_ns)
		return true;
	pthread_mutex_lock(&pc->lock);
	deleting = map_has(&pc->deleting, p->base.meta.uid);
	pthread_mutex_unlock(&pc->lock);
	return deleting;
}

bool pod_control_active(struct pod_control *pc, const struct cm_pod *p)
{
	return cm_pod_active(p) && !pod_control_ending(pc, p);
}

int pod_control_worth(const struct cm_pod *a, const struct cm_pod *b, int rank)
{
	static const int phase_worth[] = {[PHASE_PENDING] = 0, [PHASE_UNKNOWN] = 1, [PHASE_RUNNING] = 2};
#define FIRST_IF(less, greater)                                                                              \
	if ((less) != (greater))                                                                             \
	return (less) ? -1 : 1
	FIRST_IF(!*a->node, !*b->node);
	FIRST_IF(phase_worth[a->phase]<phase_worth[b->phase], phase_worth[a->phase]> phase_worth[b->phase]);
	FIRST_IF(!cm_pod_ready(a), !cm_pod_ready(b));
	if (rank)
		return rank;
	if (cm_pod_ready(a) && cm_pod_ready(b))
		FIRST_IF(a->ready.since_ns > b->ready.since_ns, a->ready.since_ns < b->ready.since_ns);
	FIRST_IF(a->restarts > b->restarts, a->restarts < b->restarts);
	FIRST_IF(a->base.meta.created_ns > b->base.meta.created_ns,
		 a->base.meta.created_ns < b->base.meta.created_ns);
#undef FIRST_IF
	return strcmp(a->base.meta.name, b->base.meta.name);
}

/* ---- creating ---- */

struct creation { /* one batch of a burst */
	struct pod_burst *burst;
	struct err err; /* the last failure */
};
struct creation_call {
	struct creation *k;
	size_t i; /* of the burst */
};

struct named {
	const char *name;
};
static const struct decode_row named_rows[] = {DECODE_STRING("metadata.name", struct named, name)};
static const struct decode_spec named_spec = DECODE_SPEC(struct named, named_rows);

static void tell_created(const struct rest_call *c, const char *name)
{
	const struct creation_call *call = c->tag;
	struct pod_burst *b = call->k->burst;
	const char *holes[POD_TEMPLATE_HOLES] = {NULL};

	if (b->tell) {
		b->fill(b->arg, call->i, holes);
		if (c->err.reason != REASON_ALREADY_EXISTS)
			b->tell(b->ctx, b->owner, "create", holes[0], name ? NULL : &c->err);
	} else if (name) {
		control_event(b->ctx, b->owner, false, "SuccessfulCreate", "Created pod: %s", name);
	} else {
		control_event(b->ctx, b->owner, true, "FailedCreate", "Error creating: %s", c->err.msg);
	}
}

static void created(struct rest_call *c)
{
	struct creation *k = ((const struct creation_call *)c->tag)->k;
	struct pod_burst *b = k->burst;

	if (c->err.reason == REASON_NONE) {
		struct err ignored = ERR_INIT;
		autofree struct named *made = decode_new(&named_spec, c->bytes.p, c->bytes.len, &ignored);

		b->created++;
		informer_inject_bytes(b->pods, c->bytes.p, c->bytes.len);
		tell_created(c, made && made->name ? made->name : "");
		buf_release(&c->bytes);
		return;
	}
	k->err = c->err;
	if (c->err.reason != REASON_ENDING)
		tell_created(c, NULL);
}

static void write_body(struct pod_burst *b, size_t i, struct buf *out)
{
	const char *holes[POD_TEMPLATE_HOLES] = {NULL};

	if (b->fill)
		b->fill(b->arg, i, holes);
	pod_template_write(b->template, holes, out);
}

/* Pods first … first + n - 1 of the burst. Those that do not differ share the bytes of one body. */
static int create_batch(struct pod_burst *b, size_t first, size_t n, struct err *err)
{
	autobuf struct buf path = BUF_INIT;
	autobuf struct buf shared = BUF_INIT;
	struct rest_call *v = mem_array(n, sizeof(*v));
	struct creation_call *tags = mem_array(n, sizeof(*tags));
	struct creation k = {.burst = b, .err = ERR_INIT};

	rest_path(&path, "", "v1", b->owner->meta.namespace, "pods", NULL, NULL);
	if (!b->fill)
		write_body(b, first, &shared);
	for (size_t i = 0; i < n; i++) {
		tags[i] = (struct creation_call){&k, first + i};
		v[i] = (struct rest_call){.verb = REST_POST,
					  .path = buf_str(&path),
					  .body = shared,
					  .want_bytes = true,
					  .done = created,
					  .tag = &tags[i]};
		if (b->fill)
			write_body(b, first + i, &v[i].body);
	}
	rest_call_run(b->ctx->rest, v, n, IN_FLIGHT);
	for (size_t i = 0; b->fill && i < n; i++)
		buf_release(&v[i].body);
	free(v);
	free(tags);
	if (k.err.reason == REASON_NONE)
		return 0;
	*err = k.err;
	return -1;
}

int pod_control_create(struct pod_burst *b, size_t n, struct err *err)
{
	size_t done = 0;

	b->created = 0;
	for (size_t batch = 1; done < n; batch *= 2) {
		size_t k = batch < n - done ? batch : n - done;

		if (create_batch(b, done, k, err) < 0)
			return -1;
		done += k;
	}
	return 0;
}

/* ---- deleting ---- */

static bool shown(struct informer *pods, const struct meta *m)
{
	autobuf struct buf key = BUF_INIT;

	meta_key(&key, m->namespace, m->name);
	const struct cm_pod *p = informer_get(pods, key.p);
	bool same = p && !strcmp(p->base.meta.uid, m->uid);

	informer_unref(p);
	return same;
}

static void tell_deleted(struct pod_control *pc, struct controller_ctx *ctx,
			 const struct informer_object *owner, const char *name, const struct err *failure)
{
	if (pc->tell)
		pc->tell(ctx, owner, "delete", name, failure);
	else if (failure)
		control_event(ctx, owner, true, "FailedDelete", "Error deleting: %s", failure->msg);
	else
		control_event(ctx, owner, false, "SuccessfulDelete", "Deleted pod: %s", name);
}

static int deleted(struct pod_control *pc, struct controller_ctx *ctx, struct informer *pods,
		   const struct informer_object *owner, const struct rest_call *c, struct err *err)
{
	const struct meta *m = &((const struct cm_pod *)c->tag)->base.meta;

	if (c->err.reason == REASON_NONE)
		tell_deleted(pc, ctx, owner, m->name, NULL);
	/* Gone already: the watch will say so, or has said it before we asked. */
	if (c->err.reason == REASON_NOT_FOUND && !shown(pods, m))
		set_deleting(pc, m->uid, false);
	if (c->err.reason == REASON_NONE || c->err.reason == REASON_NOT_FOUND)
		return 0;
	set_deleting(pc, m->uid, false);
	tell_deleted(pc, ctx, owner, m->name, &c->err);
	*err = c->err;
	return -1;
}

int pod_control_delete(struct pod_control *pc, struct controller_ctx *ctx, struct informer *pods,
		       const struct informer_object *owner, const struct cm_pod *const *v, size_t n,
		       struct err *err)
{
	struct rest_batch batch = REST_BATCH_INIT;
	int rc = 0;

	for (size_t i = 0; i < n; i++) {
		const struct meta *m = &v[i]->base.meta;
		autobuf struct buf path = BUF_INIT;
		struct rest_call *c;

		control_path(&path, &v[i]->base, NULL);
		c = rest_batch_add(&batch, REST_DELETE, buf_str(&path), NULL, (void *)v[i]);
		buf_addf(&c->body, "{\"preconditions\":{\"uid\":\"%s\"}}", m->uid);
		set_deleting(pc, m->uid, true);
	}
	rest_batch_run(ctx->rest, &batch, IN_FLIGHT);
	for (size_t i = 0; i < n; i++)
		if (deleted(pc, ctx, pods, owner, &batch.v[i], err) < 0)
			rc = -1;
	rest_batch_release(&batch);
	return rc;
}

/* ---- an end that others decide on ---- */

int pod_control_mark(struct controller_ctx *ctx, struct informer *pods, const struct cm_pod *p,
		     const char *reason, const char *message, const char *phase, struct err *err)
{
	autojson js *body = js_new_obj();

	js_set_str(js_ensure(body, "metadata", NULL), "uid", p->base.meta.uid);
	js_set_str(js_ensure(body, "status", NULL), "phase", phase);
	if (reason)
		condition_set(js_ensure_arr(js_ensure(body, "status", NULL), "conditions"),
			      "DisruptionTarget", "True", reason, message, clock_wall_ns(), false);
	return control_patch(ctx, pods, &p->base, REST_PATCH_STRATEGIC, "status", body, err);
}
