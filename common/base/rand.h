/* SPDX-License-Identifier: Apache-2.0 */
/* Randomness from the kernel, buffered per thread. Any thread. */
#ifndef BASE_RAND_H
#define BASE_RAND_H

#include <stddef.h>
#include <stdint.h>

void rand_bytes(void *p, size_t n);
uint64_t rand_u64(void);
uint64_t rand_below(uint64_t n); /* 0 <= result < n, n > 0 */
double rand_double(void);	 /* for tests; [0, 1) */
/* base * (1 + max_factor * [0,1)), as client-go's wait.Jitter. */
int64_t rand_jitter(int64_t base, double max_factor);
/* n characters of the alphabet that generateName uses (bcdfghjklmnpqrstvwxz2456789), then NUL. */
void rand_suffix(char *out, size_t n);
/* Version 4 UUID, 36 characters and NUL. */
void rand_uuid(char out[37]);

#endif
