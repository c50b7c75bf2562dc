/* SPDX-License-Identifier: Apache-2.0 */
/* See volumes.h. */
#include "plugins/volumes.h"

#include <stdio.h>
#include <string.h>

bool volumes_have_claims(const struct sched_pod *p)
{
	for (size_t i = 0; i < p->n_volumes; i++)
		if (p->volumes[i].claim || p->volumes[i].ephemeral)
			return true;
	return false;
}

const char *volumes_claim_name(const struct sched_pod *p, const struct pod_volume *v, char ret[512])
{
	if (v->claim)
		return v->claim;
	if (!v->ephemeral)
		return NULL;
	snprintf(ret, 512, "%s-%s", p->base.meta.name, v->name ? v->name : "");
	return ret;
}

bool volumes_hint(const struct sched_pod *p, const struct cluster_event *e)
{
	char text[512];

	if (!e->claim)
		return true;
	if (strcmp(e->claim->namespace, p->base.meta.namespace) != 0)
		return false;
	for (size_t i = 0; i < p->n_volumes; i++) {
		const char *name = volumes_claim_name(p, &p->volumes[i], text);

		if (name && !strcmp(name, e->claim->name))
			return true;
	}
	return false;
}

enum verdict volumes_not_found(struct reasons *why, const char *kind, const char *name)
{
	autofree char *text = mem_printf("%s \"%s\" not found", kind, name);

	reasons_add_final(why, text);
	return VERDICT_REJECT;
}
