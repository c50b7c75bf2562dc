/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/logquery.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "object/rfc3339.h"

void logquery_init(struct logquery *q)
{
	*q = (struct logquery){.options = {.tail_lines = -1, .limit_bytes = -1, .streams = CRILOG_BOTH}};
}

/* As apimachinery converts query values: everything is true but these. */
static bool truth(const char *v)
{
	return *v == '\0' || (strcmp(v, "0") != 0 && strcasecmp(v, "false") != 0);
}

static int number(const char *key, const char *v, int64_t min, int64_t *ret, struct err *err)
{
	char *end;
	errno = 0;
	long long n = strtoll(v, &end, 10);
	if (errno || end == v || *end)
		return err_set(err, REASON_INVALID, "Invalid request.: %s: \"%s\" is not a number", key, v);
	if (n < min)
		return err_set(
			err, REASON_INVALID,
			"Invalid request.: %s: Invalid value: %lld: must be greater than or equal to %" PRId64,
			key, n, min);
	*ret = n;
	return 0;
}

static int since_seconds(struct logquery *q, const char *v, int64_t now_ns, struct err *err)
{
	int64_t s;
	if (number("sinceSeconds", v, 1, &s, err) < 0)
		return -1;
	q->options.since_ns = s > now_ns / NS_PER_S ? 0 : now_ns - s * NS_PER_S;
	return 0;
}

static int since_time(struct logquery *q, const char *v, struct err *err)
{
	return rfc3339_parse(v, &q->options.since_ns, err);
}

static int since(struct logquery *q, bool seconds, const char *v, int64_t now_ns, struct err *err)
{
	if (q->since_given)
		return err_set(
			err, REASON_INVALID,
			"Invalid request.: at most one of `sinceTime` or `sinceSeconds` may be specified");
	q->since_given = true;
	return seconds ? since_seconds(q, v, now_ns, err) : since_time(q, v, err);
}

static int stream(struct logquery *q, const char *v, struct err *err)
{
	static const struct {
		const char *name;
		enum crilog_stream s;
	} rows[] = {{"", CRILOG_BOTH},
		    {"All", CRILOG_BOTH},
		    {"Stdout", CRILOG_STDOUT},
		    {"Stderr", CRILOG_STDERR}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (!strcmp(rows[i].name, v)) {
			q->options.streams = rows[i].s;
			return 0;
		}
	return err_set(err, REASON_INVALID, "Invalid request.: stream: Unsupported value: \"%s\"", v);
}

int logquery_set(struct logquery *q, const char *key, const char *value, int64_t now_wall_ns, struct err *err)
{
	const char *v = value ? value : "";
	if (!strcmp(key, "follow"))
		q->follow = truth(v);
	else if (!strcmp(key, "previous"))
		q->previous = truth(v);
	else if (!strcmp(key, "timestamps"))
		q->options.timestamps = truth(v);
	else if (!strcmp(key, "tailLines"))
		return number(key, v, 0, &q->options.tail_lines, err);
	else if (!strcmp(key, "limitBytes"))
		return number(key, v, 1, &q->options.limit_bytes, err);
	else if (!strcmp(key, "sinceSeconds") || !strcmp(key, "sinceTime"))
		return since(q, key[5] == 'S', v, now_wall_ns, err);
	else if (!strcmp(key, "stream"))
		return stream(q, v, err);
	return 0;
}
