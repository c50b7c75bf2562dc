/* SPDX-License-Identifier: Apache-2.0 */
/* What --feature-gates may be given: nothing of a wrong text counts, and what counts can be said again. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include "base/gate.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	autofree char *text = mem_strndup((const char *)p, n);
	struct err err = ERR_INIT;
	int said[GATE_COUNT], r = gate_say(text, &err);

	for (enum gate g = 0; g < GATE_COUNT; g++) {
		said[g] = gate_said(g);
		assert(r == 0 || said[g] < 0);
		assert(said[g] < 0 || !gate_row(g)->locked || said[g] == gate_row(g)->on);
	}
	assert(gate_say(text, &err) == r);
	for (enum gate g = 0; g < GATE_COUNT; g++)
		assert(gate_said(g) == said[g]);
	gate_forget();
	return 0;
}
