/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's huge pages: which sizes there are and how many of each are set aside. Any thread. */
#ifndef OS_HUGEPAGES_H
#define OS_HUGEPAGES_H

#include <stddef.h>
#include <stdint.h>

#define HUGEPAGES_DIR "/sys/kernel/mm/hugepages"
#define HUGEPAGES_SIZES_MAX 8 /* no architecture has more */

struct hugepages {
	size_t n;
	struct hugepages_size {
		int64_t size, count; /* size in bytes */
	} v[HUGEPAGES_SIZES_MAX];
};
/* The smallest size first. What cannot be read is not there. */
void hugepages_read(const char *dir, struct hugepages *ret);

#define HUGEPAGES_UNIT_MAX 24
/* As the kernel's cgroup files call a size: 64KB, 2MB, 1GB. */
void hugepages_unit(int64_t size, char ret[HUGEPAGES_UNIT_MAX]);

#endif
