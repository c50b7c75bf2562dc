/* SPDX-License-Identifier: Apache-2.0 */
/* Taints of nodes, tolerations of Pods, and when one meets the other (core/v1 Toleration.ToleratesTaint). Frozen
 * structs of decoded objects; any thread. */
#ifndef OBJECT_CORE_TAINT_H
#define OBJECT_CORE_TAINT_H

#include "object/decode.h"

enum taint_effect { TAINT_ANY, TAINT_NO_SCHEDULE, TAINT_PREFER_NO_SCHEDULE, TAINT_NO_EXECUTE };
const char *taint_effect_name(enum taint_effect e); /* "" for TAINT_ANY */

struct taint {
	const char *key, *value; /* never NULL */
	enum taint_effect effect;
	int64_t added_ns; /* timeAdded, wall; 0 when absent */
};
enum toleration_operator { TOLERATION_EQUAL, TOLERATION_EXISTS };
struct toleration {
	const char *key, *value; /* never NULL; key "": every key */
	enum toleration_operator op;
	enum taint_effect effect; /* TAINT_ANY: every effect */
	int64_t seconds;	  /* tolerationSeconds; TOLERATION_FOREVER when absent */
};
#define TOLERATION_FOREVER INT64_MIN

extern const struct decode_spec taint_spec, toleration_spec; /* for DECODE_ARRAY */

bool taint_equal(const struct taint *a, const struct taint *b); /* key, value and effect */
bool toleration_tolerates(const struct toleration *t, const struct taint *taint);
/* The first of v that does, or NULL. */
const struct toleration *taint_tolerated(const struct taint *taint, const struct toleration *v, size_t n);
/* The first taint, of an effect whose bit (1 << effect) is in `effects`, that none tolerates; or NULL. */
const struct taint *taint_find_untolerated(const struct taint *taints, size_t n_taints,
					   const struct toleration *v, size_t n, unsigned effects);

#endif
