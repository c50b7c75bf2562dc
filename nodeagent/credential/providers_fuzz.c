/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>

#include "credential/providers.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct err err = ERR_INIT;
	struct keyring *k;
	struct runtime_auth *v;
	if (providers_parse((const char *)p, n, "reg.io/team/app", &k, &err) == 0) {
		for (size_t i = keyring_find(k, "reg.io/team/app:1", &v); i-- > 0;)
			if (!v[i].username || !v[i].password)
				abort();
		free(v);
	}
	keyring_free(k);
	return 0;
}
