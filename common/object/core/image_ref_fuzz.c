/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever parses must print to a name that parses to the same reference. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "object/core/image_ref.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	autofree char *s = mem_strndup((const char *)p, n);
	struct image_ref r, again;
	struct err err = ERR_INIT;
	if (image_ref_parse(s, &r, &err) < 0)
		return 0;
	autofree char *t = image_ref_string(&r);
	if (image_ref_parse(t, &again, &err) < 0 || memcmp(&r, &again, sizeof(r)) != 0)
		abort();
	return 0;
}
