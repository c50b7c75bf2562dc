/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a client sends, in two pieces. */
#include <stdint.h>
#include "stream/spdy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct spdy *s = spdy_new();
	struct spdy_frame f;
	struct err err = ERR_INIT;
	size_t cut = size ? data[0] % size : 0, pieces[2] = {cut, size - cut};
	const char *p = (const char *)data;
	int rc = 0;
	for (int i = 0; i < 2 && rc >= 0; i++)
		while ((rc = spdy_next(s, &p, &pieces[i], &f, &err)) > 0)
			if (f.headers)
				(void)spdy_header(f.headers, "streamtype");
	spdy_free(s);
	return 0;
}
