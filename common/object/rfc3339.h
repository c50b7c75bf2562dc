/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 3339 times as the API writes them: metav1.Time (whole seconds) and MicroTime. Wall nanoseconds. Any
 * thread. */
#ifndef OBJECT_RFC3339_H
#define OBJECT_RFC3339_H

#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

#define RFC3339_MAX 40

int rfc3339_parse(const char *s, int64_t *ret_ns, struct err *err) MUST_CHECK;
void rfc3339_format(int64_t ns, char out[RFC3339_MAX]);	      /* 2026-01-02T15:04:05Z */
void rfc3339_format_micro(int64_t ns, char out[RFC3339_MAX]); /* 2026-01-02T15:04:05.000000Z */
void rfc3339_format_nano(int64_t ns, char out[RFC3339_MAX]); /* 2026-01-02T15:04:05.123456789Z, as CRI logs */
/* duration.HumanDuration: 30s, 5m12s, 3h25m, 3d21h, 47d, 2y110d (kubernetes/apimachinery pkg/util/duration).
 */
void rfc3339_human(int64_t duration_ns, char out[RFC3339_MAX]);

#endif
