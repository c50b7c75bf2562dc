/* SPDX-License-Identifier: Apache-2.0 */
/* The defaults of upstream's SetDefaults_*Args. */
#include "plugin_args.h"

static const struct resource_weight cpu_and_memory[] = {{"cpu", 1}, {"memory", 1}};

const struct plugin_args plugin_args_default = {
	.preemption_percent = 10,
	.preemption_nodes = 100,
	.hard_affinity_weight = 1,
	.fit_resources = (struct resource_weight *)cpu_and_memory,
	.n_fit_resources = ARRAY_LEN(cpu_and_memory),
	.balanced_resources = (struct resource_weight *)cpu_and_memory,
	.n_balanced_resources = ARRAY_LEN(cpu_and_memory),
	.bind_timeout_s = 600,
};
