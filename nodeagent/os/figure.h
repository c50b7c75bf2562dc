/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers in the kernel's texts (/proc/meminfo, a cgroup's memory.stat): a line begins with a word, behind it is the number. */
#ifndef OS_FIGURE_H
#define OS_FIGURE_H

#include <stdint.h>

/* `word` with the colon or blank that ends it, so that it is not the beginning of another. Pure, any thread. */
int64_t figure_of(const char *text, const char *word, int64_t absent);

#endif
