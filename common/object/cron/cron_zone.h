/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time zones of the machine's tzdata, several at once: what the C library cannot do, whose zone is one per process. Reads the
 * files of tzfile(5) (RFC 9636), the rule for the years behind their last change included.
 *
 * A zone is immutable. Any thread.
 */
#ifndef OBJECT_CRON_CRON_ZONE_H
#define OBJECT_CRON_CRON_ZONE_H

#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

/* Whether the machine knows a zone of that name; "", "UTC" and "Local" are always known. REASON_INVALID as Go's
   time.LoadLocation says it. */
int cron_zone_check(const char *name, struct err *err) MUST_CHECK;

struct cron_zone;
/* "" and "UTC" are UTC; "Local" is this process's: TZ, or /etc/localtime, or UTC. */
struct cron_zone *cron_zone_open(const char *name, struct err *err);
struct cron_zone *cron_zone_parse(const void *p, size_t n, struct err *err); /* for tests */
void cron_zone_free(struct cron_zone *z);

/* What is added to UTC in seconds from `begin` to before `end`. */
struct cron_zone_span {
	int32_t offset_s;
	int64_t begin, end; /* since 1970; INT64_MIN and INT64_MAX where it is not bounded */
};
struct cron_zone_span cron_zone_at(const struct cron_zone *z, int64_t s);

#endif
