/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte says in what pieces the rest comes. */
#include <stddef.h>
#include <stdint.h>
#include "rest/connect/answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct answer a = {.bodiless = n && p[0] & 1};
	struct err err = ERR_INIT;
	autobuf struct buf in = BUF_INIT;
	autobuf struct buf out = BUF_INIT;
	size_t step = n ? p[0] / 2 + 1 : 1;
	int head = 0, body = 0;

	for (size_t at = 1; at < n && head >= 0 && body >= 0; at += step) {
		buf_add(&in, p + at, n - at < step ? n - at : step);
		if (!head)
			head = answer_head(&a, &in, &err);
		if (head == 1)
			body = answer_body(&a, &in, &out, n - at <= step, &err);
	}
	for (size_t at = 0; head == 1;) {
		struct answer_line l;
		if (!answer_next(&a.lines, &at, &l))
			break;
		(void)answer_is_hop(&a.lines, &l);
	}
	answer_release(&a);
	return 0;
}
