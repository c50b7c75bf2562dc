/* SPDX-License-Identifier: Apache-2.0 */
/* Why: one table of failure reasons serves the server (row to Status) and the client (Status to row). */
#include "base/reason.h"

#include <stddef.h>
#include <string.h>

static const struct {
	int code;
	const char *name;
} rows[REASON_COUNT] = {[REASON_NONE] = {0, ""},
#define X(id, c, n) [REASON_##id] = {c, n},
			REASON_LIST(X)
#undef X
};

/* Codes that several rows share: the row a bare code most likely means. */
static const struct {
	int code;
	enum reason reason;
} preferred[] = {
	{409, REASON_CONFLICT},
	{410, REASON_EXPIRED}, /* makes a watcher list anew, which is right for both rows */
	{500, REASON_INTERNAL},
};

const char *reason_name(enum reason r)
{
	return (unsigned)r < REASON_COUNT ? rows[r].name : "";
}

int reason_code(enum reason r)
{
	return (unsigned)r < REASON_COUNT && rows[r].code ? rows[r].code : 500;
}

enum reason reason_parse(const char *name)
{
	if (!name || !*name)
		return REASON_UNKNOWN;
	for (int r = REASON_UNKNOWN; r < REASON_COUNT; r++)
		if (!strcmp(rows[r].name, name))
			return (enum reason)r;
	return REASON_UNKNOWN;
}

enum reason reason_from_code(int http_code)
{
	for (size_t i = 0; i < sizeof(preferred) / sizeof(preferred[0]); i++)
		if (preferred[i].code == http_code)
			return preferred[i].reason;
	for (int r = REASON_UNKNOWN + 1; r < REASON_COUNT; r++)
		if (rows[r].code && rows[r].code == http_code)
			return (enum reason)r;
	return http_code >= 500 ? REASON_INTERNAL : REASON_UNKNOWN;
}
