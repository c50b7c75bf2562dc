/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests, indexes, configs and challenges from a registry: first byte chooses. */
#include <stdlib.h>
#include "base/mem.h"
#include "image/registry.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct err err = ERR_INIT;
	if (!n)
		return 0;
	const char *text = (const char *)p + 1;
	if (p[0] % 3 == 0) {
		struct image_manifest m;
		if (image_manifest_parse(text, n - 1, &m, &err) < 0)
			return 0;
		for (size_t i = 0; i < m.n; i++)
			if (!image_ref_digest_valid(m.layers[i].digest))
				abort();
		image_manifest_release(&m);
	} else if (p[0] % 3 == 1) {
		struct image_config c;
		if (image_config_parse(text, n - 1, &c, &err) == 0)
			image_config_release(&c);
	} else {
		struct registry_challenge c;
		autofree char *s = mem_strndup(text, n - 1);
		registry_challenge_parse(s, &c);
	}
	return 0;
}
