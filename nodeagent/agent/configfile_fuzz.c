/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a KubeletConfiguration: refused with a message, or defaults that flags can be made of. */
#include <stdlib.h>

#include "agent/configfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int port;
static const char *hard, *taints;
static const struct flag table[] = {
	{"port", FLAG_INT, &port, "1", "", 0, 65535},
	{"cluster-dns", FLAG_STRING, &hard, "", "", 0, 0},
	{"register-with-taints", FLAG_STRING, &taints, "", "", 0, 0},
	FLAG_FEATURE_GATES,
	{0},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = ERR_INIT;
	struct configfile *c = configfile_parse((const char *)data, size, &err);
	char *argv[] = {"x", NULL};

	if (!c && err.reason == REASON_NONE)
		abort();
	if (!c)
		return 0;
	struct flag *flags = configfile_flags(c, table);
	const struct flags_program p = {.name = "x", .about = "", .version = "", .table = flags};
	if (flags_parse(&p, 1, argv, &err) == FLAGS_OK) {
		js *told = configfile_told(flags);
		js_autoput(&told);
	}
	free(flags);
	configfile_free(c);
	return 0;
}
