/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The spec is decoded by rows, containers and all, into scratch memory; of the containers only sums and ports remain.
 * What scoring assumes: pkg/scheduler/util/pod_resources.go.
 */
#include "object/core/demand.h"

#include <string.h>
#include "object/core/podlife.h"

static const struct resource_amount assumed_cpu = {"cpu", 1, 100},
				    assumed_memory = {"memory", 200 << 20, INT64_C(200) * 1000 << 20};

struct demand_container {
	struct resource_requirements resources;
	struct host_port *ports;
	size_t n_ports;
	enum restart_policy restart; /* of init containers */
};
static const struct decode_row container_rows[] = {
	DECODE_STRUCT("resources", struct demand_container, resources, &resources_requirements_spec),
	DECODE_ARRAY("ports", struct demand_container, ports, n_ports, &host_port_spec),
	DECODE_ENUM("restartPolicy", struct demand_container, restart, podlife_restart_policy_names),
};
static const struct demand_container container_initial = {.restart = RESTART_UNSET};
static const struct decode_spec container_spec =
	DECODE_SPEC(struct demand_container, container_rows, .initial = &container_initial);

struct demand_source {
	struct demand_container *init, *apps;
	size_t n_init, n_apps;
	struct resource_requirements level;
	struct resource_amount *overhead;
	size_t n_overhead;
	bool host_network;
	struct pod_demand demand;
};
static const struct decode_row spec_rows[] = {
	DECODE_ARRAY("initContainers", struct demand_source, init, n_init, &container_spec),
	DECODE_ARRAY("containers", struct demand_source, apps, n_apps, &container_spec),
	DECODE_STRUCT("resources", struct demand_source, level, &resources_requirements_spec),
	DECODE_MAP("overhead", struct demand_source, overhead, n_overhead, &resources_amount_spec),
	DECODE_BOOL("hostNetwork", struct demand_source, host_network),
	DECODE_LABELS("nodeSelector", struct demand_source, demand.node_selector),
	DECODE_POINTER("affinity.nodeAffinity", struct demand_source, demand.affinity, &node_affinity_spec),
	DECODE_ARRAY("tolerations", struct demand_source, demand.tolerations, demand.n_tolerations,
		     &toleration_spec),
};
static const struct decode_spec spec_spec = DECODE_SPEC(struct demand_source, spec_rows);

/* What decode_copy follows. */
static const struct decode_row demand_rows[] = {
	DECODE_STRUCT("requests", struct pod_demand, requests, &resources_spec),
	DECODE_ARRAY("ports", struct pod_demand, ports, n_ports, &host_port_spec),
	DECODE_LABELS("nodeSelector", struct pod_demand, node_selector),
	DECODE_POINTER("affinity", struct pod_demand, affinity, &node_affinity_spec),
	DECODE_ARRAY("tolerations", struct pod_demand, tolerations, n_tolerations, &toleration_spec),
};
const struct decode_spec pod_demand_spec = DECODE_SPEC(struct pod_demand, demand_rows);

static enum container_role role(const struct demand_source *p, const struct demand_container *c)
{
	bool init = p->n_init && c >= p->init && c < p->init + p->n_init;
	return init ? container_init_role(c->restart) : CONTAINER_APP;
}

static void add(struct pod_sum *s, enum container_role r, const struct resource_requirements *q, bool assume)
{
	struct resource_amount v[2];
	size_t n = 0;
	if (assume && !resources_find(q->requests, q->n_requests, "cpu"))
		v[n++] = assumed_cpu;
	if (assume && !resources_find(q->requests, q->n_requests, "memory"))
		v[n++] = assumed_memory;
	if (!n) {
		pod_sum_add(s, r, q->requests, q->n_requests);
		return;
	}
	struct resource_amount *all = mem_array(q->n_requests + n, sizeof(*all));
	if (q->n_requests)
		memcpy(all, q->requests, q->n_requests * sizeof(*all));
	memcpy(all + q->n_requests, v, n * sizeof(*all));
	pod_sum_add(s, r, all, q->n_requests + n);
	mem_autofree(&all);
}

static void sum(const struct demand_source *p, bool assume, struct resources *ret)
{
	struct pod_sum s = {0};
	for (size_t i = 0; i < p->n_init; i++)
		add(&s, role(p, &p->init[i]), &p->init[i].resources, assume);
	for (size_t i = 0; i < p->n_apps; i++)
		add(&s, CONTAINER_APP, &p->apps[i].resources, assume);
	pod_sum_requests(&s, p->level.requests, p->level.n_requests, p->overhead, p->n_overhead, ret);
}

static size_t take_ports(const struct demand_source *p, const struct demand_container *c,
			 struct host_port *out)
{
	size_t n = 0;
	for (size_t i = 0; role(p, c) != CONTAINER_INIT && i < c->n_ports; i++) {
		struct host_port port = c->ports[i];
		if (!port.port && p->host_network)
			port.port = port.container_port;
		if (port.port > 0 && out)
			out[n] = port;
		n += port.port > 0;
	}
	return n;
}

static size_t all_ports(const struct demand_source *p, struct host_port *out)
{
	size_t n = 0;
	for (size_t i = 0; i < p->n_apps; i++)
		n += take_ports(p, &p->apps[i], out ? out + n : NULL);
	for (size_t i = 0; i < p->n_init; i++)
		n += take_ports(p, &p->init[i], out ? out + n : NULL);
	return n;
}

bool pod_demand_decode(struct scan *s, struct arena *a, void *field)
{
	struct demand_source p;
	struct resources nonzero;
	if (!decode_value(&spec_spec, s, a, &p))
		return false;
	struct pod_demand *d = field;
	*d = p.demand;
	sum(&p, false, &d->requests);
	resources_keep(&d->requests, a);
	sum(&p, true, &nonzero);
	d->nonzero_cpu_milli = nonzero.cpu_milli;
	d->nonzero_memory = nonzero.memory;
	resources_release(&nonzero);
	d->n_ports = all_ports(&p, NULL);
	d->ports = d->n_ports ? arena_array(a, d->n_ports, sizeof(*d->ports)) : NULL;
	all_ports(&p, d->ports);
	return true;
}

bool pod_demand_ports_conflict(const struct pod_demand *a, const struct pod_demand *b)
{
	for (size_t i = 0; i < a->n_ports; i++)
		for (size_t k = 0; k < b->n_ports; k++)
			if (host_port_conflict(&a->ports[i], &b->ports[k]))
				return true;
	return false;
}
