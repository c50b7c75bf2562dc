/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Code is mapped from files, privately and never written (nothing here has text relocations: the linker refuses them), so
 * its pages can be dropped at any time. Other read-only segments hold relocated pointers and stay.
 */
#include "base/settle.h"

#include <link.h>
#include <malloc.h>
#include <poll.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>
#include "base/thread.h"

#define SETTLE_MS 10000

static int drop_code(struct dl_phdr_info *o, size_t size, void *arg)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), vdso = getauxval(AT_SYSINFO_EHDR);

	for (int i = 0; i < o->dlpi_phnum && o->dlpi_addr != vdso; i++) {
		const ElfW(Phdr) *h = &o->dlpi_phdr[i];
		uintptr_t from = o->dlpi_addr + h->p_vaddr, to = from + h->p_filesz;

		if (h->p_type != PT_LOAD || (h->p_flags & (PF_X | PF_W)) != PF_X)
			continue;
		from &= ~(page - 1);
		to = (to + page - 1) & ~(page - 1);
		(void)madvise((void *)from, to - from, MADV_DONTNEED);
	}
	return 0;
}

void settle_now(void)
{
	malloc_trim(0);
	dl_iterate_phdr(drop_code, NULL);
}

void settle_stop_wait(void)
{
	struct pollfd stop = {.fd = stop_fd(), .events = POLLIN};

	if (poll(&stop, 1, SETTLE_MS) == 0)
		settle_now();
	stop_wait();
}
