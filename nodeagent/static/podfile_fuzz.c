/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a manifest: refused with a message, or a Pod whose names can be parts of paths. */
#include <stdlib.h>

#include "static/podfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = ERR_INIT;
	struct podfile *f = podfile_parse((const char *)data, size, "/m/x", "n", &err);

	if (!f && err.reason == REASON_NONE)
		abort();
	if (!f)
		return 0;
	const struct meta *m = &f->pod->o.meta;
	if (strchr(m->uid, '/') || strchr(m->name, '/') || strchr(m->namespace, '/') || !*m->uid ||
	    !f->pod->is_static)
		abort();
	js *mirror = podfile_mirror(f, "n", "u");
	js_autoput(&mirror);
	informer_unref(podfile_ending(f, 0));
	podfile_free(f);
	return 0;
}
