/* SPDX-License-Identifier: Apache-2.0 */
/* Any token is decoded or refused; what was decoded encodes to a token that means the same. */
#include <stdlib.h>
#include <string.h>
#include "base/base64.h"
#include "base/mem.h"
#include "rest/options.h"

static void check(const char *token)
{
	struct err err = ERR_INIT;
	uint64_t rv, rv2;
	autofree char *after = NULL, *after2 = NULL;
	autobuf struct buf again = BUF_INIT;
	if (continue_decode(token, &rv, &after, &err) < 0)
		return;
	continue_encode(&again, rv, after);
	if (continue_decode(buf_str(&again), &rv2, &after2, &err) < 0)
		return; /* escapes made it longer than a token may be */
	if (rv != rv2 || strcmp(after, after2))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	autofree char *text = mem_strndup((const char *)data, n);
	autobuf struct buf token = BUF_INIT;
	check(text);
	base64url_encode(&token, data, n);
	check(buf_str(&token));
	return 0;
}
