/* SPDX-License-Identifier: Apache-2.0 */
/* Between decode.c and decode_copy.c. */
#ifndef OBJECT_DECODE_INTERNAL_H
#define OBJECT_DECODE_INTERNAL_H

#include "object/decode.h"

/* Rows whose struct lies in the outer one. */
static inline bool decode_in_place(enum decode_type t)
{
	return t == DECODE_T_STRUCT || t == DECODE_T_FIND || t == DECODE_T_CALL;
}

/* Bytes of stack that a decoding starts with; most objects need no more. */
#define DECODE_SCRATCH 8192

#endif
