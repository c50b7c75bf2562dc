/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wiring. Informers, API calls and the runtime's notices live on the loop; a notice may come from inside a call
 * of the runtime, so it is posted.
 *
 * Start-up order matters for one promise, that restarting the agent restarts nothing: the runtime is asked
 * what it has before the first Pod is seen; each Pod seen takes over what is its own; and when the informer
 * has delivered its first list, what nobody took over belongs to Pods that are gone, and is removed.
 */
#include "agent/agent.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/thread.h"
#include "serve/health.h"
#include "client/kubeconfig.h"
#include "credential/providers.h"
#include "object/quantity.h"
#include "object/version.h"
#include "agent/address.h"
#include "agent/evict.h"
#include "agent/nodeshutdown.h"
#include "agent/orphans.h"
#include "agent/pages.h"
#include "agent/pulls.h"
#include "agent/reserve.h"
#include "agent/rotation.h"
#include "image/pullrate.h"
#include "runtime/fake.h"
#include "os/tree.h"
#include "pod/limits.h"
#include "pod/services.h"
#include "serve/server.h"

struct agent {
	const struct agent_config *c;
	struct rest_config rest;
	struct rest *client; /* on the loop */
	struct loop *loop;
	struct api *api;
	struct config_cache *config;
	struct events *events;
	struct informer_set *informers;
	struct fake_world *world;
	js *labels;    /* of --node-labels; loop thread */
	js *taints;    /* that nodes register with; loop thread */
	js *resources; /* of fake nodes; loop thread */
	struct resources extended;
	struct runtime *rt; /* the real one */
	struct node_facts facts;
	struct reserve reserved;
	struct loop_lane lanes[LANES];
	size_t parallel_pulls;
	struct pullrate pullrate;
	struct userns_ranges users;    /* of the real node's Pods */
	struct thresholds thresholds;  /* of the real node */
	struct evict *evict;	       /* of it, too */
	struct imagegc *imagegc;       /* as well */
	struct plan plan;	       /* for its end */
	struct nodeshutdown *shutdown; /* NULL: nobody waits for it, and no bus is listened to */
	bool class_busy, class_again;
	char node_ip[ADDRESS_MAX];
	struct rotation *rotation; /* NULL: logs are left alone */
	int64_t log_max_size;
	struct pages pages;
	struct node *nodes;
	size_t n_nodes;
	struct informer_set *services; /* NULL: a fleet's containers read nothing */
};

static struct worker *find_pod(void *arg, const char *ns, const char *pod)
{
	struct agent *a = arg;
	for (size_t i = 0; i < a->n_nodes; i++) {
		struct worker *w = worker_find(&a->nodes[i].host, ns, pod);
		if (w)
			return w;
	}
	return NULL;
}

/* ---- Pods ---- */

/* On the loop, in the order of the list, so that on_synced finds every Pod seen. */
static void pod_changed(void *arg, const void *old, const void *new)
{
	struct node *n = arg;
	const struct pod *was = old, *is = new;
	if (n->statics && (is ? is : was)->static_mirror) {
		staticpods_mirror(n->statics, was, is);
		return;
	}
	/* States may be skipped: a Pod may be replaced by its namesake in one event. */
	if (was && (!is || strcmp(was->o.meta.uid, is->o.meta.uid) != 0))
		worker_vanish(&n->host, was->o.meta.uid);
	if (is)
		worker_see(&n->host, is, n->found);
}

/* ---- the first list ---- */

static void on_synced(void *arg)
{
	struct agent *a = arg;
	for (size_t i = 0; i < a->n_nodes; i++) {
		struct node *n = &a->nodes[i];
		if (!n->found)
			continue;
		orphans_remove(n);
		if (n->statics)
			staticpods_synced(n->statics);
		runtime_list_release(n->found);
		free(STEAL(n->found));
	}
	log_info("pods are synced", "nodes=%zu", a->n_nodes);
}

/* ---- ends of containers ---- */

struct exit_event {
	struct node *node;
	char id[RUNTIME_ID_MAX];
};

static void on_exit_event(void *arg)
{
	struct exit_event *e = arg;
	worker_ended(&e->node->host, e->id);
	free(e);
}

static void container_ended(void *arg, const char *id)
{
	struct node *n = arg;
	struct exit_event *e = MEM_NEW(struct exit_event);
	e->node = n;
	snprintf(e->id, sizeof(e->id), "%s", id);
	loop_post(n->host.loop, on_exit_event, e);
}

/* ---- the node's own object ---- */

struct node_view { /* of the Node object */
	struct informer_object o;
	const char *pod_cidr, *taints, *capacity; /* NULL = none; the last two: JSON texts */
	struct object_condition ready;
};

static const struct decode_row view_rows[] = {
	DECODE_STRUCT("metadata", struct node_view, o.meta, &meta_spec),
	DECODE_STRING("spec.podCIDR", struct node_view, pod_cidr),
	DECODE_JSON("spec.taints", struct node_view, taints),
	DECODE_JSON("status.capacity", struct node_view, capacity),
	DECODE_FIND("status.conditions", "type", "Ready", struct node_view, ready, &podlife_condition_spec),
};
static const struct decode_spec view_decode = DECODE_SPEC(struct node_view, view_rows);
static const struct informer_type view_type = {
	.group = "",
	.version = "v1",
	.resource = "nodes",
	.kind = "Node",
	.rows = &view_decode,
};

static void node_changed(void *arg, const void *old, const void *new)
{
	static const char *const words[] = {[CONDITION_ABSENT] = NULL,
					    [CONDITION_FALSE] = "False",
					    [CONDITION_TRUE] = "True",
					    [CONDITION_UNKNOWN] = "Unknown"};
	const struct node_view *v = new;
	if (v)
		node_seen(arg, v->pod_cidr, v->taints, v->capacity, v->o.meta.labels, words[v->ready.status]);
	else
		node_deleted(arg);
}

/*
 * One watch serves all fake nodes. What they say of themselves stays: a test that makes one fail, or takes it away, does
 * not want it to answer back.
 */
static void fleet_changed(void *arg, const void *old, const void *new)
{
	struct agent *a = arg;
	const struct node_view *v = new;
	const char *prefix = a->c->fake_node_prefix;
	size_t n = strlen(prefix);

	if (!v || strncmp(v->o.meta.name, prefix, n) != 0)
		return;
	size_t at = strtoul(v->o.meta.name + n, NULL, 10);
	if (at < a->n_nodes && !strcmp(a->nodes[at].name, v->o.meta.name))
		node_seen(&a->nodes[at], v->pod_cidr, v->taints, v->capacity, v->o.meta.labels, NULL);
}

/* ---- network ---- */

static bool network_is_ready(void *arg, struct err *why)
{
	struct runtime *rt = ((struct agent *)arg)->rt;
	return rt->ops->network_ready(rt, why);
}

struct cidr_job {
	struct agent *a;
	struct node *n;
	char *cidr;
	struct err err;
};

static void cidr_work(void *arg)
{
	struct cidr_job *j = arg;
	(void)!j->a->rt->ops->set_pod_cidr(j->a->rt, j->cidr, &j->err);
}

static void cidr_done(void *arg)
{
	struct cidr_job *j = arg;
	if (j->err.reason != REASON_NONE)
		log_err(&j->err, "could not set up the pod network", "cidr=%s", j->cidr);
	node_refresh(j->n);
	free(j->cidr);
	free(j);
}

static void cidr_changed(void *arg, struct node *n, const char *cidr)
{
	struct cidr_job *j = MEM_NEW(struct cidr_job);
	j->a = arg;
	j->n = n;
	j->cidr = mem_strdup(cidr);
	loop_job(j->a->loop, LANE_WORK, cidr_work, cidr_done, j);
}

/* ---- Services ---- */

/* The first Pod is seen when all Services are known: what a container is told of them it is told once. */
static void services_known(void *arg)
{
	struct agent *a = arg;
	informer_set_start(a->informers);
}

/* ---- the cgroups above the Pods' ---- */

struct class_job {
	struct agent *a;
	int64_t burstable_cpu;
	struct err err;
};

static void class_work(void *arg)
{
	struct class_job *j = arg;
	struct runtime *rt = j->a->rt;
	const struct runtime_limits burstable = limits_class(QOS_BURSTABLE, j->burstable_cpu);
	(void)!rt->ops->group_update(rt, limits_group(QOS_BURSTABLE), &burstable, &j->err);
}
static void class_changed(struct pod_host *h);
static void class_done(void *arg)
{
	struct class_job *j = arg;
	struct agent *a = j->a;
	if (j->err.reason != REASON_NONE)
		log_warn_err(&j->err, "could not share out the cpu among pods", NULL);
	free(j);
	a->class_busy = false;
	if (a->class_again)
		class_changed(&a->nodes->host);
}

static void class_changed(struct pod_host *h)
{
	struct agent *a = CONTAINER_OF(h, struct node, host)->arg;
	a->class_again = a->class_busy;
	if (a->class_busy)
		return;
	struct class_job *j = MEM_NEW(struct class_job);
	*j = (struct class_job){.a = a, .burstable_cpu = h->burstable_cpu};
	a->class_busy = true;
	loop_job(a->loop, LANE_WORK, class_work, class_done, j);
}

/* All Pods together have what is not reserved. */
static int make_groups(struct agent *a, struct err *err)
{
	const struct runtime_ops *ops = a->rt->ops;
	struct reserve bound = reserve_bound(&a->facts, &a->reserved);
	const struct runtime_limits best = limits_class(QOS_BEST_EFFORT, 0),
				    none = limits_class(QOS_BURSTABLE, 0);
	struct runtime_limits all = limits_class(QOS_BURSTABLE, bound.cpu_milli);
	if (!strcmp(a->c->enforce, "pods")) {
		all.memory_bytes = a->reserved.memory ? bound.memory : 0;
		all.pids = a->reserved.pids ? bound.pids : 0;
	}
	return ops->group_update(a->rt, "", &all, err) < 0 ||
			       ops->group_update(a->rt, "burstable", &none, err) < 0 ||
			       ops->group_update(a->rt, "besteffort", &best, err) < 0
		       ? -1
		       : 0;
}

static int read_bounds(struct agent *a, struct err *err)
{
	const struct agent_config *c = a->c;
	const struct threshold_config t = {.hard = c->eviction_hard,
					   .soft = c->eviction_soft,
					   .grace = c->eviction_grace,
					   .reclaim = c->eviction_reclaim,
					   .merge_defaults = c->eviction_merge_defaults,
					   .enforce_pods = !strcmp(c->enforce, "pods")};
	if (strcmp(c->enforce, "pods") != 0 && strcmp(c->enforce, "none") != 0)
		return err_set(err, REASON_INVALID,
			       "invalid configuration: option \"%s\" specified for enforceNodeAllocatable "
			       "(--enforce-node-allocatable). Valid options are \"pods\" or \"none\"",
			       c->enforce);
	if (rotation_check(c->log_max_size, c->log_max_files, c->log_every_ns, &a->log_max_size, err) < 0)
		return -1;
	const struct plan_config p = {c->shutdown_ns, c->shutdown_critical_ns, c->shutdown_by_priority};
	bool bad = plan_make(&a->plan, &p, err) < 0 ||
		   reserve_add(c->system_reserved, "system-reserved", &a->reserved, err) < 0 ||
		   reserve_add(c->kube_reserved, "kube-reserved", &a->reserved, err) < 0;
	bad = bad || image_gc_check(&c->images, err) < 0 ||
	      pulls_at_a_time(c->serialize_pulls, c->parallel_pulls, &a->parallel_pulls, err) < 0;
	return bad ? -1 : threshold_parse(&t, &a->thresholds, err);
}

/* ---- static Pods ---- */
static void pod_ended(struct pod_host *h, const char *uid)
{
	staticpods_ended(CONTAINER_OF(h, struct node, host)->statics, uid);
}

/* ---- metrics ---- */

static void image_pulled(struct pod_host *h)
{
	node_refresh(CONTAINER_OF(h, struct node, host));
}

static void counts_changed(struct pod_host *h)
{
	struct node *n = CONTAINER_OF(h, struct node, host);
	struct agent *a = n->statics ? n->arg : NULL;
	if (a && a->rotation && h->running_containers > n->told_containers)
		rotation_hurry(a->rotation);
	if (a && a->shutdown)
		nodeshutdown_look(a->shutdown);
	pages_count(n);
}

struct loop *agent_loop(struct agent *a)
{
	return a->loop;
}

void agent_server_config(struct agent *a, struct server_config *ret)
{
	const struct agent_config *c = a->c;
	*ret = (struct server_config){.port = c->port,
				      .node_ip = a->node_ip,
				      .cert_file = c->tls_cert_file,
				      .key_file = c->tls_key_file,
				      .client_ca_file = c->client_ca_file,
				      .source = {.loop = a->loop,
						 .root = c->root_dir,
						 .simulated = c->fake_nodes > 0,
						 .find = find_pod,
						 .arg = a},
				      .pods = pages_pods,
				      .running_pods = pages_running_pods,
				      .summary = pages_summary,
				      .cadvisor = pages_cadvisor,
				      .usage = pages_usage,
				      .probes = pages_probes,
				      .arg = &a->pages};
}

/* ---- making ---- */

static char *cluster_id(const char *root)
{
	/* Two agents on one machine differ in their state directory, so that names what the kernel keeps for
	 * them. */
	static const uint64_t key[2] = {0x636f7261636c65, 0x6e6f6465};
	return mem_printf("%08x", (unsigned)map_siphash13(key, root, strlen(root)));
}

/* What one look at the logs may miss, twice over. */
static int64_t log_max(const struct agent_config *c)
{
	struct err ignored = ERR_INIT;
	int64_t size = 0;
	if (rotation_check(c->log_max_size, c->log_max_files, c->log_every_ns, &size, &ignored) < 0 ||
	    size < 0)
		return 0;
	return 2 * size * c->log_max_files;
}

struct runtime *agent_open_runtime(const struct agent_config *c, struct loop *loop, runtime_exit_fn *on_exit,
				   void *arg, struct err *err)
{
	autofree char *id = cluster_id(c->root_dir);
	const struct runtime_config rc = {.root = c->root_dir,
					  .cluster_id = id,
					  .runtime = *c->container_runtime ? c->container_runtime : NULL,
					  .handlers = c->runtime_handlers,
					  .pause = c->pause,
					  .cni_bin_dirs = *c->cni_bin_dir ? c->cni_bin_dir : NULL,
					  .cni_conf_dir = *c->cni_conf_dir ? c->cni_conf_dir : NULL,
					  .pod_cidr = *c->pod_cidr ? c->pod_cidr : NULL,
					  .insecure_registries = c->insecure_registries,
					  .registry_config = c->registry_config,
					  .on_exit = on_exit,
					  .on_exit_arg = arg,
					  .log_max = log_max(c),
					  .loop = loop,
					  .lane = LANE_WORK};
	if (tree_mkdirs(c->root_dir, 0755, err) < 0)
		return NULL;
	return runtime_open(&rc, err);
}

static int find_leftovers(struct node *n, struct err *err)
{
	n->found = MEM_NEW(struct runtime_list);
	return n->host.rt->ops->list(n->host.rt, n->found, err);
}

static void fill_node(struct agent *a, struct node *n, char *name, const char *cidr)
{
	const struct agent_config *c = a->c;
	n->name = name;
	n->pod_cidr = *cidr ? mem_strdup(cidr) : NULL;
	n->host = (struct pod_host){
		.loop = a->loop,
		.api = a->api,
		.config = a->config,
		.events = a->events,
		.root = c->root_dir,
		.cluster_domain = c->cluster_domain,
		.cluster_dns = c->cluster_dns,
		.host_ip = a->node_ip,
		.capacity_memory = a->facts.memory,
		.pod_max_pids = c->pod_max_pids > 0 ? c->pod_max_pids : a->facts.pids,
		.simulated = c->fake_nodes > 0,
		.counts_changed = counts_changed,
		.node = {.name = name,
			 .unsafe_sysctls = c->unsafe_sysctls,
			 .allocatable = {.cpu_milli = a->facts.cpu_milli,
					 .memory = a->facts.memory,
					 .ephemeral = a->facts.storage,
					 .pods = c->max_pods,
					 .scalars = a->extended.scalars,
					 .n_scalars = a->extended.n_scalars}},
	};
	n->object = (struct node_object){.ip = a->node_ip,
					 .labels = a->labels,
					 .taints = a->taints,
					 .resources = a->resources,
					 .facts = &a->facts,
					 .port = c->port,
					 .max_pods = c->max_pods};
}

static const char *real_name(const struct agent *a)
{
	return *a->c->hostname_override ? a->c->hostname_override : a->facts.hostname;
}

static int make_real(struct agent *a, struct err *err)
{
	const struct agent_config *c = a->c;
	const char *name = real_name(a);
	struct node *n = a->nodes;
	fill_node(a, n, mem_strdup(name), c->pod_cidr);
	a->rt = agent_open_runtime(c, a->loop, container_ended, n, err);
	if (!a->rt || make_groups(a, err) < 0 ||
	    userns_ranges_open(&a->users, c->root_dir, c->ids_per_pod, c->max_pods, err) < 0)
		return -1;
	n->host.users = &a->users;
	n->object.handlers = a->rt->ops->handlers(a->rt, &n->object.n_handlers);
	n->object.allocatable.bounded = true;
	struct reserve free_ = reserve_allocatable(&a->facts, &a->reserved, &a->thresholds);
	n->host.node.allocatable.cpu_milli = n->object.allocatable.cpu_milli = free_.cpu_milli;
	n->host.node.allocatable.memory = n->object.allocatable.memory = free_.memory;
	n->host.node.allocatable.ephemeral = n->object.allocatable.storage = free_.storage;
	n->host.rt = a->rt;
	if ((*c->provider_config || *c->provider_bin_dir) &&
	    !(n->host.providers = providers_open(c->provider_config, c->provider_bin_dir, 0, err)))
		return -1;
	pullrate_init(&a->pullrate, c->registry_qps, c->registry_burst);
	n->host.pullrate = &a->pullrate;
	n->host.prober = probe_host_new(a->loop, a->rt, LANE_EXEC, LANE_NAME);
	n->host.began_wall_ns = clock_wall_ns();
	n->host.node.apparmor = a->facts.apparmor;
	if (a->services)
		n->host.services = informer_add(a->services, &services_type, NULL, NULL, NULL);
	n->host.image_pulled = image_pulled;
	n->host.class_changed = class_changed;
	a->evict =
		evict_new(&(struct evict_config){.node = n,
						 .thresholds = &a->thresholds,
						 .transition_ns = c->eviction_transition_ns,
						 .max_grace_s = c->eviction_max_grace_s,
						 .pods_memory = reserve_bound(&a->facts, &a->reserved).memory,
						 .pids = a->facts.pids,
						 .proc = "/proc",
						 .image_policy = &c->images});
	n->host.pod_ended = pod_ended;
	n->statics = staticpods_new(&(struct staticpod_config){
		.host = &n->host, .path = c->static_pods, .every_ns = c->static_look_ns});
	if (a->config)
		config_cache_on_change(a->config, worker_config_changed, &n->host);
	if (a->log_max_size >= 0)
		a->rotation = rotation_new(&(struct rotation_config){.node = n,
								     .max_size = a->log_max_size,
								     .max_files = c->log_max_files,
								     .workers = c->log_max_workers,
								     .every_ns = c->log_every_ns});
	n->network_ready = network_is_ready;
	n->cidr_changed = cidr_changed;
	n->arg = a;
	a->shutdown = a->plan.n ? nodeshutdown_new(n, &a->plan, c->logind_conf) : NULL;
	return find_leftovers(n, err);
}

static int make_fleet(struct agent *a, struct err *err)
{
	const struct agent_config *c = a->c;
	a->world = fake_world_new(a->loop);
	for (size_t i = 0; i < a->n_nodes; i++) {
		struct node *n = &a->nodes[i];
		char cidr[32];
		snprintf(cidr, sizeof(cidr), "10.%zu.%zu.0/24", 100 + i / 256, i % 256);
		fill_node(a, n, mem_printf("%s%04zu", c->fake_node_prefix, i), cidr);
		if (c->fake_zones)
			n->object.zone = (int)(i % (size_t)c->fake_zones) + 1;
		if (!c->fake_events)
			n->host.events = NULL;
		n->host.node.apparmor = n->host.node.apparmor_default = true;
		n->host.rt = fake_new(a->world, cidr, container_ended, n, err);
		if (!n->host.rt || find_leftovers(n, err) < 0)
			return -1;
	}
	return 0;
}

/* What is said of fake nodes alone. */
static int read_fleet(struct agent *a, struct err *err)
{
	if (!(a->resources = nodeobject_parse_resources(a->c->fake_resources, err)))
		return -1;
	return nodeobject_add(a->resources, &a->extended, err);
}

static void add_informers(struct agent *a)
{
	if (a->c->fake_nodes)
		informer_add(a->informers, &view_type, NULL, fleet_changed, a);
	for (size_t i = 0; i < a->n_nodes; i++) {
		struct node *n = &a->nodes[i];
		autofree char *pods = mem_printf("fieldSelector=spec.nodeName%%3D%s", n->name);
		autofree char *node = mem_printf("fieldSelector=metadata.name%%3D%s", n->name);
		informer_add(a->informers, &pod_type, pods, pod_changed, n);
		if (!n->host.simulated)
			informer_add(a->informers, &view_type, node, node_changed, n);
	}
}

/* What there is to do with an API server. */
static void make_clients(struct agent *a)
{
	bool fake = a->c->fake_nodes > 0;
	a->client = rest_new_on(a->loop, &a->rest, 0);
	a->events = events_new(a->client);
	if (!fake)
		events_set_in_flight(a->events, 1);
	a->api = api_new(a->client, fake ? 16 : 4);
	a->config = config_cache_new(a->client, !fake);
	a->informers = informer_set_new(a->client);
	informer_set_on_synced(a->informers, on_synced, a);
	if (fake)
		return;
	a->services = informer_set_new(a->client);
	informer_set_on_synced(a->services, services_known, a);
}

static struct agent *unfinished;

struct agent *agent_new(const struct agent_config *c, struct err *err)
{
	struct agent *a = MEM_NEW(struct agent);
	a->c = c;
	a->rest.user_agent = "nodeagent/" CORACLE_VERSION;
	if (*c->kubeconfig && kubeconfig_load(c->kubeconfig, &a->rest.kube, err) < 0)
		goto fail;
	a->labels = nodeobject_parse_labels(c->node_labels, err);
	if (!a->labels)
		goto fail;
	if (!(a->taints = nodeobject_parse_taints(c->fake_nodes ? c->fake_taints : c->taints, err)))
		goto fail;
	if (admit_check_sysctls(c->unsafe_sysctls, err) < 0 ||
	    (c->fake_nodes ? read_fleet(a, err) : read_bounds(a, err)) < 0)
		goto fail;
	node_facts_read(&a->facts, c->root_dir);
	if (nodeobject_add(a->facts.huge, &a->extended, err) < 0)
		goto fail;
	if (address_choose(c->node_ip, real_name(a), a->node_ip, err) < 0)
		goto fail;
	if (c->fake_nodes) { /* every one of them is a machine of middling size */
		a->facts.cpu_milli = 32000;
		a->facts.memory = INT64_C(256) << 30;
	}
	a->n_nodes = c->fake_nodes ? (size_t)c->fake_nodes : 1;
	a->nodes = mem_array(a->n_nodes, sizeof(*a->nodes));
	a->pages = (struct pages){.nodes = a->nodes, .n = a->n_nodes, .facts = &a->facts};
	memcpy(a->lanes, worker_lanes, sizeof(a->lanes));
	if (a->parallel_pulls)
		a->lanes[LANE_PULL].workers = a->parallel_pulls;
	a->loop = loop_new(&(struct loop_config){a->lanes, LANES, c->fake_nodes > 0});
	if (!a->loop) {
		(void)err_errno(err, "event loop");
		goto fail;
	}
	if (*c->kubeconfig)
		make_clients(a);
	if ((c->fake_nodes ? make_fleet(a, err) : make_real(a, err)) < 0)
		goto fail;
	for (size_t i = 0; i < a->n_nodes; i++) {
		a->nodes[i].object.runtime = a->nodes[i].host.rt->ops->name;
		a->nodes[i].object.runtime_version = a->nodes[i].host.rt->ops->version;
	}
	if (a->informers)
		add_informers(a);
	return a;
fail:
	/* The process ends with this; until then everything stays where leak checkers can see it. */
	unfinished = a;
	agent_shut_down(a);
	return NULL;
}

void agent_run(struct agent *a)
{
	if (a->nodes->statics)
		staticpods_start(a->nodes->statics, a->nodes->found);
	if (a->informers)
		informer_set_start(a->services ? a->services : a->informers);
	else
		loop_post(a->loop, on_synced, a);
	if (a->nodes->statics)
		evict_start(a->evict);
	for (size_t i = 0; a->informers && i < a->n_nodes; i++)
		node_start(&a->nodes[i], (double)i / (double)a->n_nodes);
	loop_run(a->loop);
}

void agent_stop(struct agent *a)
{
	loop_stop(a->loop);
}

/* A job is still at work. Nobody waits for it (a pull may take minutes), and what it uses stays until the process ends. */
static bool busy(const struct agent *a)
{
	struct loop_stats stats;
	loop_stats(a->loop, &stats);
	return stats.running > 0;
}

void agent_shut_down(struct agent *a)
{
	if (a->services)
		informer_set_stop(a->services);
	if (a->informers)
		informer_set_stop(a->informers);
	if (a->events) /* turns the loop, which may make calls once more */
		events_free(STEAL(a->events));
	api_free(STEAL(a->api));
	if (a->rt && !busy(a))
		a->rt->ops->free(STEAL(a->rt));
}
