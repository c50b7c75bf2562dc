/* SPDX-License-Identifier: Apache-2.0 */
/* Any token file is read or refused. */
#include "auth/auth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct err err = ERR_INIT;
	struct tokens *t = tokens_parse((const char *)data, n, &err);
	if (t)
		tokens_find(t, "x");
	tokens_free(t);
	return 0;
}
