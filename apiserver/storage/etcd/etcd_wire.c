/* SPDX-License-Identifier: Apache-2.0 */
/* What both wires have in common. */
#include "storage/etcd/etcd_wire_internal.h"

enum reason etcd_wire_reason(int64_t code)
{
	switch (code) {
	case 4: /* DeadlineExceeded */
		return REASON_TIMEOUT;
	case 3: /* InvalidArgument: of our requests, only one that is too large */
		return REASON_TOO_LARGE;
	case 5: /* NotFound: of what we ask for, only a lease */
		return REASON_NOT_FOUND;
	case 11: /* OutOfRange: compacted */
		return REASON_EXPIRED;
	case 8: /* ResourceExhausted: out of space, too many requests. It answers, and so would every other member */
		return REASON_INTERNAL;
	default: /* 14 Unavailable: no leader, request timed out */
		return REASON_UNAVAILABLE;
	}
}
