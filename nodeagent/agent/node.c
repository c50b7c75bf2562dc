/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/node.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/rand.h"
#include "count/count.h"
#include "object/condition.h"
#include "object/rfc3339.h"

#define REGISTER_DELAY_NS (100 * NS_PER_MS)
#define REGISTER_DELAY_MAX_NS (7 * NS_PER_S) /* kubelet: registerWithAPIServer */

static void register_node(void *arg);
static void write_status(struct node *n);

void node_record(struct node *n, bool warning, const char *reason, const char *fmt, ...)
{
	autobuf struct buf b = BUF_INIT_MAX(1024);
	va_list ap;
	if (!n->host.events)
		return;
	va_start(ap, fmt);
	buf_addvf(&b, fmt, ap);
	va_end(ap);
	/* The kubelet names the node as its own uid, and clients search for that. */
	const struct event_ref ref = {.api_version = "v1", .kind = "Node", .name = n->name, .uid = n->name};
	events_record(n->host.events, "kubelet", n->name, &ref, warning, reason, "%s", buf_str(&b));
}

static char *node_path(const struct node *n, const char *sub)
{
	autobuf struct buf b = BUF_INIT;
	rest_path(&b, "", "v1", NULL, "nodes", n->name, sub);
	return buf_take(&b, NULL);
}

/* ---- lease ---- */

static char *lease_path(const struct node *n)
{
	autobuf struct buf b = BUF_INIT;
	rest_path(&b, "coordination.k8s.io", "v1", "kube-node-lease", "leases", n ? n->name : NULL, NULL);
	return buf_take(&b, NULL);
}

static void schedule_lease(struct node *n)
{
	int64_t now = clock_mono_ns();
	n->lease_at_ns += NODE_LEASE_NS;
	if (n->lease_at_ns <= now) /* the machine slept */
		n->lease_at_ns = now + NODE_LEASE_NS;
	loop_timer_set(n->host.loop, &n->lease_timer, n->lease_at_ns);
}

static void lease_done(void *arg, const js *reply, const struct err *err)
{
	struct node *n = arg;
	if (err->reason == REASON_NONE || err->reason == REASON_ALREADY_EXISTS) {
		n->lease_made = true;
		if (n->lease_failing)
			write_status(n);
		n->lease_failing = false;
	} else {
		if (err->reason == REASON_NOT_FOUND)
			n->lease_made = false;
		if (!n->lease_failing)
			log_warn_err(err, "could not renew lease", "node=%s", n->name);
		n->lease_failing = true;
	}
}

static js *new_lease(const struct node *n)
{
	js *o = js_new_obj(), *meta = js_ensure(o, "metadata", NULL), *owner = js_new_obj();
	js_set_str(o, "apiVersion", "coordination.k8s.io/v1");
	js_set_str(o, "kind", "Lease");
	js_set_str(meta, "name", n->name);
	js_set_str(meta, "namespace", "kube-node-lease");
	js_set_str(owner, "apiVersion", "v1");
	js_set_str(owner, "kind", "Node");
	js_set_str(owner, "name", n->name);
	js_set_str(owner, "uid", n->uid);
	js_push(js_ensure_arr(meta, "ownerReferences"), owner);
	js *spec = js_ensure(o, "spec", NULL);
	js_set_str(spec, "holderIdentity", n->name);
	js_set_int(spec, "leaseDurationSeconds", NODE_LEASE_SECONDS);
	return o;
}

static void renew_lease(void *arg)
{
	struct node *n = arg;
	char now[RFC3339_MAX];
	js *body = n->lease_made ? js_new_obj() : new_lease(n);
	rfc3339_format_micro(clock_wall_ns(), now);
	js_set_str(js_ensure(body, "spec", NULL), "renewTime", now);
	if (n->lease_made)
		api_call(n->host.api, REST_PATCH_MERGE, lease_path(n), body, false, lease_done, n);
	else
		api_call(n->host.api, REST_POST, lease_path(NULL), body, false, lease_done, n);
	schedule_lease(n);
}

/* ---- status ---- */

static void status_written(void *arg, const js *reply, const struct err *err)
{
	struct node *n = arg;
	n->status_under_way = false;
	if (err->reason == REASON_NOT_FOUND) {
		node_deleted(n);
		return;
	}
	if (err->reason != REASON_NONE) {
		log_warn_err(err, "could not write node status", "node=%s", n->name);
		loop_timer_set(n->host.loop, &n->status_timer, clock_mono_ns() + NODE_LEASE_NS);
	} else if (n->object.ready && !n->announced_ready) {
		n->announced_ready = true;
		node_record(n, false, "NodeReady", "Node %s status is now: NodeReady", n->name);
	}
	if (n->status_wanted)
		write_status(n);
}

static void remember(struct node *n, const js *status)
{
	autobuf struct buf text = BUF_INIT;
	js_write(&text, status);
	free(n->status);
	n->status = buf_take(&text, NULL);
}

static void write_status(struct node *n)
{
	if (!n->registered)
		return;
	n->status_wanted = n->status_under_way;
	if (n->status_under_way)
		return;
	autojson js *old = pod_field(n->status);
	js *status = nodeobject_status(&n->object, old, clock_wall_ns()), *body = js_new_obj();
	remember(n, status);
	js_set(body, "status", status);
	n->status_under_way = true;
	api_call(n->host.api, REST_PATCH_STRATEGIC, node_path(n, "status"), body, false, status_written, n);
	loop_timer_set(n->host.loop, &n->status_timer,
		       clock_mono_ns() + rand_jitter(NODE_STATUS_NS, n->host.simulated ? 0.2 : 0.02));
}

void node_tell(struct node *n)
{
	write_status(n);
}

static void look(struct node *n)
{
	struct err why = ERR_INIT;
	bool network = !n->network_ready || n->network_ready(n->arg, &why), down = n->host.node.shutting_down;
	bool ready = network && !down;
	if (!ready) {
		free(n->not_ready_why);
		n->not_ready_why = mem_printf(
			"%s%s%s%s%s", !network && down ? "[" : "",
			network ? "" : "container runtime network not ready: ", network ? "" : why.msg,
			!network && down ? ", " : "",
			down ? network ? "node is shutting down" : "node is shutting down]" : "");
	}
	if (n->object.ready && !ready) {
		n->announced_ready = false;
		node_record(n, false, "NodeNotReady", "Node %s status is now: NodeNotReady", n->name);
	}
	n->object.ready = ready;
	n->object.not_ready_why = n->not_ready_why;
}

struct node_image_job {
	struct node *n;
	bool write_anyway;
	struct runtime_image_list list;
	struct err err;
};

static void images_work(void *arg)
{
	struct node_image_job *j = arg;
	(void)!j->n->host.rt->ops->image_list(j->n->host.rt, &j->list, &j->err);
}

static bool same_names(char *const *a, char *const *b)
{
	size_t i = 0;
	while (a && b && a[i] && b[i] && !strcmp(a[i], b[i]))
		i++;
	return a && b ? !a[i] && !b[i] : a == b;
}

static bool same_images(const struct runtime_image_list *a, const struct runtime_image_list *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->v[i].id, b->v[i].id) != 0 || !same_names(a->v[i].names, b->v[i].names))
			return false;
	return true;
}

static void images_done(void *arg)
{
	struct node_image_job *j = arg;
	struct node *n = j->n;
	bool was = n->object.ready;
	look(n);
	bool changed = j->write_anyway || was != n->object.ready;
	if (j->err.reason == REASON_NONE && !same_images(&n->images, &j->list)) {
		struct runtime_image_list old = n->images;
		n->images = j->list;
		j->list = old;
		changed = true;
	}
	runtime_image_list_release(&j->list);
	free(j);
	if (changed)
		write_status(n);
}

static void refresh(struct node *n, bool write_anyway)
{
	struct node_image_job *j = MEM_NEW(struct node_image_job);
	j->n = n;
	j->write_anyway = write_anyway;
	loop_job(n->host.loop, LANE_WORK, images_work, images_done, j);
}

void node_refresh(struct node *n)
{
	refresh(n, false);
}

static void on_status_timer(void *arg)
{
	refresh(arg, true);
}

/* ---- registration ---- */

static void again(struct node *n, const struct err *err)
{
	if (!n->register_delay_ns)
		log_warn_err(err, "could not register node", "node=%s", n->name);
	n->register_delay_ns = n->register_delay_ns ? n->register_delay_ns * 2 : REGISTER_DELAY_NS;
	if (n->register_delay_ns > REGISTER_DELAY_MAX_NS)
		n->register_delay_ns = REGISTER_DELAY_MAX_NS;
	loop_timer_set(n->host.loop, &n->register_timer, clock_mono_ns() + n->register_delay_ns);
}

static void learn(struct node *n, const js *o)
{
	const char *cidr = js_str(o, "spec", "podCIDR", NULL), *ready = NULL;
	const js *taints = js_arr(o, "spec", "taints", NULL),
		 *capacity = js_obj(o, "status", "capacity", NULL);
	struct labels *labels = labels_new(js_obj(o, "metadata", "labels", NULL));
	autobuf struct buf text = BUF_INIT;
	autobuf struct buf amounts = BUF_INIT;
	if (taints)
		js_write(&text, taints);
	if (capacity)
		js_write(&amounts, capacity);
	ready = js_str(condition_find(js_arr(o, "status", "conditions", NULL), "Ready"), "status", NULL);
	node_seen(n, cidr, taints ? buf_str(&text) : NULL, capacity ? buf_str(&amounts) : NULL, labels,
		  ready);
	free(labels);
}

static void registered(struct node *n, const js *o, bool has_status)
{
	free(n->uid);
	n->uid = mem_strdup(meta_uid(o));
	n->registered = true;
	n->register_delay_ns = 0;
	log_v(2, "registered node", "node=%s", n->name);
	if (n->statics)
		staticpods_registered(n->statics, n->uid);
	learn(n, o);
	if (has_status)
		loop_timer_set(n->host.loop, &n->status_timer,
			       clock_mono_ns() + rand_jitter(NODE_STATUS_NS, n->host.simulated ? 0.2 : 0.02));
	else
		write_status(n);
	if (has_status && n->object.ready && !n->announced_ready) {
		n->announced_ready = true;
		node_record(n, false, "NodeReady", "Node %s status is now: NodeReady", n->name);
	}
	renew_lease(n);
	node_refresh(n);
}

static void reconciled(void *arg, const js *reply, const struct err *err)
{
	struct node *n = arg;
	if (err->reason != REASON_NONE)
		again(n, err);
	else
		registered(n, reply, false);
}

/* The Node is there from an earlier life: it gets our labels, and our podCIDR when it has none. */
static void existing(void *arg, const js *reply, const struct err *err)
{
	struct node *n = arg;
	if (err->reason != REASON_NONE) {
		again(n, err);
		return;
	}
	js *patch = js_new_obj();
	js_set(js_ensure(patch, "metadata", NULL), "labels", nodeobject_labels(&n->object));
	if (!js_str(reply, "spec", "podCIDR", NULL) && n->pod_cidr) {
		js *spec = js_ensure(patch, "spec", NULL);
		js_set_str(spec, "podCIDR", n->pod_cidr);
		js_push(js_ensure_arr(spec, "podCIDRs"), js_new_str(n->pod_cidr));
	}
	free(n->status);
	autobuf struct buf text = BUF_INIT;
	js_write(&text, js_obj(reply, "status", NULL));
	n->status = buf_take(&text, NULL);
	api_call(n->host.api, REST_PATCH_MERGE, node_path(n, NULL), patch, true, reconciled, n);
}

static void created(void *arg, const js *reply, const struct err *err)
{
	struct node *n = arg;
	if (err->reason == REASON_ALREADY_EXISTS)
		api_call(n->host.api, REST_GET, node_path(n, NULL), NULL, true, existing, n);
	else if (err->reason != REASON_NONE)
		again(n, err);
	else
		registered(n, reply,
			   condition_find(js_arr(reply, "status", "conditions", NULL), "Ready") != NULL);
}

static void register_node(void *arg)
{
	struct node *n = arg;
	autobuf struct buf path = BUF_INIT;
	look(n);
	rest_path(&path, "", "v1", NULL, "nodes", NULL, NULL);
	js *o = nodeobject_new(&n->object, clock_wall_ns());
	remember(n, js_obj(o, "status", NULL));
	api_call(n->host.api, REST_POST, buf_take(&path, NULL), o, true, created, n);
}

void node_deleted(struct node *n)
{
	if (!n->registered)
		return;
	n->registered = n->lease_made = n->announced_ready = false;
	loop_timer_set(n->host.loop, &n->lease_timer, CLOCK_NEVER);
	loop_timer_set(n->host.loop, &n->status_timer, CLOCK_NEVER);
	loop_timer_set(n->host.loop, &n->register_timer, clock_mono_ns() + NS_PER_S);
}

struct node_taints {
	struct taint *v;
	size_t n;
};

static struct node_taints *decode_taints(const char *text)
{
	static const struct decode_row rows[] = {
		DECODE_ARRAY("taints", struct node_taints, v, n, &taint_spec)};
	static const struct decode_spec spec = DECODE_SPEC(struct node_taints, rows);
	struct err err = ERR_INIT;
	autofree char *doc = mem_printf("{\"taints\":%s}", text ? text : "[]");
	return decode_new(&spec, doc, strlen(doc), &err);
}

/* Pods are admitted by what others advertise, too (kubelet's admission asks the Node as the API has it). */
static void offer(struct node *n)
{
	struct resources all = {0};
	struct err ignored = ERR_INIT; /* the API server has judged them */
	(void)(nodeobject_add(n->object.facts->huge, &all, &ignored) == 0 &&
	       nodeobject_add(n->object.resources, &all, &ignored) == 0 &&
	       nodeobject_add(n->foreign, &all, &ignored) == 0);
	n->host.node.allocatable.scalars = all.scalars;
	n->host.node.allocatable.n_scalars = all.n_scalars;
	resources_release(&n->offered);
	n->offered = all;
}

/* Whether what others advertise here is not what it was. */
static bool learn_foreign(struct node *n, const char *capacity)
{
	autojson js *amounts = capacity ? pod_field(capacity) : NULL;
	bool changed;
	js *foreign = nodeobject_foreign(&n->object, amounts, n->foreign, &changed);

	js_autoput(&n->foreign);
	n->object.foreign = n->foreign = foreign;
	if (changed)
		offer(n);
	return changed;
}

void node_seen(struct node *n, const char *pod_cidr, const char *taints, const char *capacity,
	       const struct labels *labels, const char *ready)
{
	bool news = learn_foreign(n, capacity);
	free(n->labels);
	n->labels = labels_dup(labels);
	free(n->taints);
	n->taints = decode_taints(taints);
	n->host.node.labels = n->labels;
	n->host.node.taints = n->taints ? n->taints->v : NULL;
	n->host.node.n_taints = n->taints ? n->taints->n : 0;
	if (pod_cidr && *pod_cidr && (!n->pod_cidr || strcmp(n->pod_cidr, pod_cidr) != 0)) {
		free(n->pod_cidr);
		n->pod_cidr = mem_strdup(pod_cidr);
		n->object.pod_cidr = n->pod_cidr;
		if (n->cidr_changed)
			n->cidr_changed(n->arg, n, n->pod_cidr);
	}
	/* Somebody thinks otherwise about us: the control plane after a lost Lease, or a hand. */
	news |= ready && strcmp(ready, n->object.ready ? "True" : "False") != 0;
	if (n->registered && news)
		write_status(n);
}

void node_start(struct node *n, double lease_phase)
{
	n->register_timer.fn = register_node;
	n->lease_timer.fn = renew_lease;
	n->status_timer.fn = on_status_timer;
	n->register_timer.arg = n->lease_timer.arg = n->status_timer.arg = n;
	n->object.name = n->name;
	n->object.pod_cidr = n->pod_cidr;
	n->object.images = &n->images;
	n->host.node.name = n->name;
	if (!n->host.simulated)
		count_tell(COUNT_NODE, n->name, NULL, 1);
	/* The second renewal comes early, at the node's own place in the ten seconds; the rest keep to that.
	 */
	n->lease_at_ns = clock_mono_ns() + (int64_t)(lease_phase * (double)NODE_LEASE_NS) - NODE_LEASE_NS / 2;
	node_record(n, false, "Starting", "Starting kubelet.");
	if (!*n->host.cluster_dns)
		node_record(
			n, true, "MissingClusterDNS",
			"kubelet does not have ClusterDNS IP configured and cannot create Pod using \"ClusterFirst\" "
			"policy. Falling back to \"Default\" policy.");
	node_record(n, false, "NodeAllocatableEnforced", "Updated Node Allocatable limit across pods");
	node_record(n, false, "NodeHasSufficientMemory", "Node %s status is now: NodeHasSufficientMemory",
		    n->name);
	node_record(n, false, "NodeHasNoDiskPressure", "Node %s status is now: NodeHasNoDiskPressure",
		    n->name);
	node_record(n, false, "NodeHasSufficientPID", "Node %s status is now: NodeHasSufficientPID", n->name);
	register_node(n);
}
