/* SPDX-License-Identifier: Apache-2.0 */
/* Between decode.c and decode_copy.c. */
#ifndef OBJECT_DECODE_INTERNAL_H
#define OBJECT_DECODE_INTERNAL_H

/* Bytes of stack that a decoding starts with; most objects need no more. */
#define DECODE_SCRATCH 8192

#endif
