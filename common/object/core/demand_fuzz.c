/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a Pod's spec holds, its demand is a sum that can be added and taken away again, and conflicts are mutual. */
#include <assert.h>
#include <stdlib.h>
#include "object/core/demand.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

struct pod {
	struct pod_demand whole, inner; /* of the text itself, and of its member "spec" */
};
static const struct decode_row rows[] = {
	DECODE_DEMAND("", struct pod, whole),
	DECODE_DEMAND("spec", struct pod, inner),
};
static const struct decode_spec pod_spec = DECODE_SPEC(struct pod, rows);

static void check(const struct pod_demand *d)
{
	const struct resources none = {0};
	struct resources sum = {0};
	assert(d->requests.cpu_milli >= 0 && d->requests.memory >= 0 && d->nonzero_memory >= 0);
	assert(resources_fit(&d->requests, &none, &d->requests));
	assert(!resources_shortages(&d->requests, &none, &d->requests, NULL, 0));
	resources_add(&sum, &d->requests, 1);
	resources_add(&sum, &d->requests, -1);
	assert(resources_equal(&sum, &none));
	resources_release(&sum);
	for (size_t i = 0; i < d->n_ports; i++)
		assert(d->ports[i].port > 0 && host_port_conflict(&d->ports[i], &d->ports[i]));
	node_affinity_matches(d->node_selector, d->affinity, "node", NULL);
	node_affinity_weight(d->affinity, "node", d->node_selector);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct err err;
	autofree struct pod *o = decode_new(&pod_spec, (const char *)p, n, &err);
	if (!o)
		return 0;
	check(&o->whole);
	check(&o->inner);
	assert(pod_demand_ports_conflict(&o->whole, &o->inner) ==
	       pod_demand_ports_conflict(&o->inner, &o->whole));
	return 0;
}
