/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "image/hosts.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct err err = ERR_INIT;
	struct image_hosts h;
	autofree char *text = mem_strndup((const char *)p, n);
	if (image_hosts_parse(text, "reg.io", "/d", &h, &err) < 0)
		return 0;
	for (size_t i = 0; i < h.n; i++)
		if (!h.v[i].url)
			abort();
	image_hosts_release(&h);
	return 0;
}
