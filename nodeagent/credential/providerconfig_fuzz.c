/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>

#include "credential/keyring.h"
#include "credential/providerconfig.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct err err = ERR_INIT;
	struct providerconfig c;
	if (providerconfig_parse((const char *)p, n, &c, &err) < 0)
		return 0;
	for (size_t i = 0; i < c.n; i++)
		for (const char *const *m = c.v[i].match; *m; m++)
			(void)keyring_matches(*m, "docker.io/library/x");
	if (!c.n)
		abort();
	providerconfig_release(&c);
	return 0;
}
