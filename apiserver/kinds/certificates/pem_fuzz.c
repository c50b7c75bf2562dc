/* SPDX-License-Identifier: Apache-2.0 */
/* PEM from clients: blocks end, and what they hold is judged. */
#include <assert.h>
#include "kinds/certificates/pem.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const char *at = (const char *)p;
	size_t left = n;
	struct pem_block b;
	struct err err = ERR_INIT;

	while (pem_next(&at, &left, &b)) {
		assert(at <= (const char *)p + n && at + left == (const char *)p + n);
		buf_release(&b.der);
	}
	if (pem_check_request((const char *)p, n, &err) < 0)
		assert(*err.msg);
	if (pem_check_certificates((const char *)p, n, &err) < 0)
		assert(*err.msg);
	const struct buf text = {.p = (char *)p, .len = n};
	if (pem_check_pair(&text, &text, &err) < 0)
		assert(*err.msg);
	return 0;
}
