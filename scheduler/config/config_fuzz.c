/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a KubeSchedulerConfiguration: refused with a message, or profiles that hold together. */
#include <stdlib.h>
#include "config/config.h"
#include "plugins/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = ERR_INIT;
	struct sched_config *c = config_parse((const char *)data, size, &plugin_default_profile, &err);

	if (!c && err.reason == REASON_NONE)
		abort();
	for (size_t i = 0; c && i < c->n_profiles; i++)
		for (size_t h = 0; h < HOOKS; h++)
			if (c->profiles[i].profile->n[h] > c->profiles[i].n)
				abort();
	config_free(c);
	return 0;
}
