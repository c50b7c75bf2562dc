/* SPDX-License-Identifier: Apache-2.0 */
/* The list of plugins, in the order in which filters run: cheap and often decisive ones first, as upstream's
 * default profile. */
#include "plugins/table.h"

#include <stdlib.h>
#include <string.h>

const struct plugin *const plugin_table[] = {
	&plugin_node_unschedulable,  &plugin_node_name,	     &plugin_taint_toleration,
	&plugin_node_affinity,	     &plugin_node_ports,     &plugin_node_resources_fit,
	&plugin_balanced_allocation, &plugin_image_locality, NULL,
};

void reasons_add(struct reasons *r, const char *text)
{
	for (size_t i = 0; i < r->n; i++) {
		if (strcmp(r->v[i].text, text) == 0) {
			r->v[i].count++;
			return;
		}
	}
	if (r->n == REASONS_MAX)
		return;
	r->v[r->n].text = mem_strdup(text);
	r->v[r->n++].count = 1;
}

void reasons_release(struct reasons *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->v[i].text);
	*r = (struct reasons){0};
}
