/* SPDX-License-Identifier: Apache-2.0 */
/* One table serves the server (reason to Status) and the client (Status to reason). */
#include "object/status_reason.h"

#include <stddef.h>
#include <string.h>

static const struct {
	int code; /* 0: never travels */
	const char *name;
} rows[] = {
	[REASON_NONE] = {0, ""},
	[REASON_UNKNOWN] = {500, ""},
	[REASON_BAD_REQUEST] = {400, "BadRequest"},
	[REASON_UNAUTHORIZED] = {401, "Unauthorized"},
	[REASON_FORBIDDEN] = {403, "Forbidden"},
	[REASON_NOT_FOUND] = {404, "NotFound"},
	[REASON_METHOD_NOT_ALLOWED] = {405, "MethodNotAllowed"},
	[REASON_NOT_ACCEPTABLE] = {406, "NotAcceptable"},
	[REASON_ALREADY_EXISTS] = {409, "AlreadyExists"},
	[REASON_CONFLICT] = {409, "Conflict"},
	[REASON_GONE] = {410, "Gone"},
	[REASON_EXPIRED] = {410, "Expired"},
	[REASON_TOO_LARGE] = {413, "RequestEntityTooLarge"},
	[REASON_UNSUPPORTED_MEDIA_TYPE] = {415, "UnsupportedMediaType"},
	[REASON_INVALID] = {422, "Invalid"},
	[REASON_TOO_MANY_REQUESTS] = {429, "TooManyRequests"},
	[REASON_INTERNAL] = {500, "InternalError"},
	[REASON_SERVER_TIMEOUT] = {500, "ServerTimeout"},
	[REASON_UNAVAILABLE] = {503, "ServiceUnavailable"},
	[REASON_TIMEOUT] = {504, "Timeout"},
	[REASON_ENDING] = {0, "Ending"},
	[REASON_CANCELED] = {0, "Canceled"},
	[REASON_IO] = {0, "IO"},
};
_Static_assert(sizeof(rows) / sizeof(rows[0]) == REASON_COUNT, "every reason has a row");

/* Codes that several rows share: the row a bare code most likely means. */
static const struct {
	int code;
	enum reason reason;
} preferred[] = {
	{409, REASON_CONFLICT},
	{410, REASON_EXPIRED}, /* makes a watcher list anew, which is right for both rows */
	{500, REASON_INTERNAL},
};

const char *status_reason_name(enum reason r)
{
	return (unsigned)r < REASON_COUNT ? rows[r].name : "";
}

int status_reason_code(enum reason r)
{
	return (unsigned)r < REASON_COUNT && rows[r].code ? rows[r].code : 500;
}

enum reason status_reason_parse(const char *name)
{
	if (!name || !*name)
		return REASON_UNKNOWN;
	for (int r = REASON_UNKNOWN; r < REASON_COUNT; r++)
		if (!strcmp(rows[r].name, name))
			return (enum reason)r;
	return REASON_UNKNOWN;
}

enum reason status_reason_from_code(int http_code)
{
	for (size_t i = 0; i < sizeof(preferred) / sizeof(preferred[0]); i++)
		if (preferred[i].code == http_code)
			return preferred[i].reason;
	for (int r = REASON_UNKNOWN + 1; r < REASON_COUNT; r++)
		if (rows[r].code && rows[r].code == http_code)
			return (enum reason)r;
	return http_code >= 500 ? REASON_INTERNAL : REASON_UNKNOWN;
}
