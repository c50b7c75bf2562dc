/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 3339 times as the API writes them: metav1.Time (whole seconds) and MicroTime. Wall nanoseconds. Any
 * thread. */
#ifndef OBJECT_RFC3339_H
#define OBJECT_RFC3339_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

#define RFC3339_MAX 40

/* Any time of the years 0 to 9999. */
struct rfc3339_time {
	int64_t s;  /* since 1970 */
	int32_t ns; /* 0..999999999 */
};
#define RFC3339_ZERO_S INT64_C(-62135596800) /* Go's zero time, 0001-01-01T00:00:00Z: null in JSON */
/* micro: the fraction has six digits, as MicroTime wants it. */
int rfc3339_read(const char *s, bool micro, struct rfc3339_time *ret, struct err *err) MUST_CHECK;
/* digits of the fraction, cut rather than rounded, as Go does. */
void rfc3339_write(const struct rfc3339_time *t, int digits, char out[RFC3339_MAX]);
bool rfc3339_writable(const struct rfc3339_time *t); /* in the years that can be written */
bool rfc3339_is_zero(const struct rfc3339_time *t);

/* Times before 1678 and after 2262 are the smallest and the largest number. */
int rfc3339_parse(const char *s, int64_t *ret_ns, struct err *err) MUST_CHECK;
void rfc3339_format(int64_t ns, char out[RFC3339_MAX]);	      /* 2026-01-02T15:04:05Z */
void rfc3339_format_micro(int64_t ns, char out[RFC3339_MAX]); /* 2026-01-02T15:04:05.000000Z */
void rfc3339_format_nano(int64_t ns, char out[RFC3339_MAX]); /* 2026-01-02T15:04:05.123456789Z, as CRI logs */
/* duration.HumanDuration: 30s, 5m12s, 3h25m, 3d21h, 47d, 2y110d (kubernetes/apimachinery pkg/util/duration).
 */
void rfc3339_human(int64_t duration_ns, char out[RFC3339_MAX]);

#endif
