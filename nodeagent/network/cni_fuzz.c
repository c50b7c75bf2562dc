/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration lists and results: first byte chooses. */
#include <stdlib.h>
#include "network/cni.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct err err = ERR_INIT;
	if (!n)
		return 0;
	if (p[0] & 1) {
		struct cni_result r;
		(void)!cni_result_parse((const char *)p + 1, n - 1, &r, &err);
		return 0;
	}
	struct cni_list *l = cni_list_parse((const char *)p + 1, n - 1, &err);
	struct cni_attachment a = {.container_id = "c"};
	for (size_t i = 0; l && i < cni_list_plugins(l); i++) {
		autobuf struct buf b = BUF_INIT;
		if (cni_plugin_config(l, i, &a, NULL, &b, &err) < 0)
			abort(); /* what was parsed once is well-formed */
	}
	cni_list_free(l);
	return 0;
}
