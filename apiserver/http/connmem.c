/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libmicrohttpd keeps what it reads, and the replies' headers, in one block per connection. Its own (memorypool.c of
 * 0.9.75) is filled with zeros over its whole length between any two requests and whenever a buffer shrinks, so it can
 * be large or cheap, not both: with the 1 MB of headers that upstream takes, every GET would clear 2 MB. The library is
 * linked statically, and the functions below, which are all of that file, stand in its place: the linker takes
 * them before it looks into the archive, and complains of a version that has more of them.
 *
 * Here a block is address space. What nobody wrote to is no memory; nothing is cleared; after a request that was
 * long, and when a connection has no use for it (connmem_drop), the pages go back to the kernel.
 *
 * The library allocates from both ends: buffers that grow and shrink at the front, what stays until the request is over
 * at the end. The first buffer is what it reads into, and when it shrinks, it does so to what was not looked at yet.
 */
#include "http/connmem_internal.h"

#include <microhttpd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "base/mem.h"

#if MHD_VERSION >> 8 != 0x000975
#error "compare memorypool.c of this libmicrohttpd, and what uses it, with 0.9.75, which this file replaces it in"
#endif

#define ALIGN ((size_t)16)
#define PAGE ((size_t)4096)
#define LONG_USE ((size_t)32 << 10) /* a request that used more leaves nothing behind */

struct MemoryPool {
	char *memory;
	size_t size, pos, end;
	size_t buffers;		  /* begun at the front since the last reset */
	size_t unread_at, unread; /* in the first of them */
	void *owner;
	struct MemoryPool **held; /* the owner's pointer to it, NULL from its end on */
};

static _Thread_local struct MemoryPool *made, *used;

bool connmem_adopt(void *owner, struct MemoryPool **ret)
{
	struct MemoryPool *p = STEAL(made);
	if (!p)
		return false;
	p->owner = owner;
	p->held = ret;
	*ret = p;
	return true;
}

void connmem_disown(struct MemoryPool **held)
{
	struct MemoryPool *p = STEAL(*held);
	if (!p)
		return;
	used = used == p ? NULL : used;
	p->owner = p->held = NULL;
}

void connmem_use(struct MemoryPool *p)
{
	used = p;
}

void *connmem_user(void)
{
	return used ? used->owner : NULL;
}

static void give_back(struct MemoryPool *p, size_t from, size_t to)
{
	from = (from + PAGE - 1) & ~(PAGE - 1);
	to &= ~(PAGE - 1);
	if (from < to)
		madvise(p->memory + from, to - from, MADV_DONTNEED);
}

void connmem_drop(struct MemoryPool *p)
{
	if (!p)
		return;
	if (!p->unread) {
		give_back(p, 0, p->size);
		return;
	}
	give_back(p, 0, p->unread_at);
	give_back(p, p->unread_at + p->unread, p->size);
}

/* ---- what libmicrohttpd calls ---- */

static size_t aligned(size_t n)
{
	return (n + ALIGN - 1) & ~(ALIGN - 1);
}

void MHD_init_mem_pools_(void)
{
}

struct MemoryPool *MHD_pool_create(size_t max)
{
	size_t size = (max + PAGE - 1) & ~(PAGE - 1);
	void *memory =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		return NULL;
	madvise(memory, size, MADV_NOHUGEPAGE); /* a few hundred bytes are used, in most of them */
	struct MemoryPool *p = MEM_NEW(struct MemoryPool);
	*p = (struct MemoryPool){.memory = memory, .size = size, .end = size};
	made = used = p;
	return p;
}

void MHD_pool_destroy(struct MemoryPool *p)
{
	if (!p)
		return;
	made = made == p ? NULL : made;
	used = used == p ? NULL : used;
	if (p->held)
		*p->held = NULL;
	munmap(p->memory, p->size);
	free(p);
}

size_t MHD_pool_get_free(struct MemoryPool *p)
{
	return p->end - p->pos;
}

static void *from_front(struct MemoryPool *p, size_t size)
{
	char *at = p->memory + p->pos;
	p->pos += aligned(size);
	p->buffers++;
	return at;
}

void *MHD_pool_allocate(struct MemoryPool *p, size_t size, bool from_end)
{
	used = p;
	if (size > p->size || aligned(size) > p->end - p->pos)
		return NULL;
	if (!from_end)
		return from_front(p, size);
	p->end -= aligned(size);
	return p->memory + p->end;
}

/* `ret_missing`: what shrinking a buffer would have to bring; SIZE_MAX: in vain. */
void *MHD_pool_try_alloc(struct MemoryPool *p, size_t size, size_t *ret_missing)
{
	void *at = MHD_pool_allocate(p, size, true);
	if (!at)
		*ret_missing = size > p->size || aligned(size) > p->end ? SIZE_MAX
									: aligned(size) - (p->end - p->pos);
	return at;
}

void *MHD_pool_reallocate(struct MemoryPool *p, void *old, size_t old_size, size_t new_size)
{
	size_t at = old ? (size_t)((char *)old - p->memory) : 0;
	used = p;
	if (new_size > p->size)
		return NULL;
	if (old && p->buffers == 1) {
		p->unread_at = at;
		p->unread = new_size;
	}
	if (old && p->pos == aligned(at + old_size)) { /* the last of them: where it is */
		if (aligned(at + new_size) > p->end)
			return NULL;
		p->pos = aligned(at + new_size);
		return old;
	}
	if (old && new_size <= old_size)
		return old;
	if (aligned(new_size) > p->end - p->pos)
		return NULL;
	void *moved = from_front(p, new_size);
	if (old)
		memcpy(moved, old, old_size);
	return moved;
}

/* The request is over; the first `keep_size` bytes of the new buffer are the next one's, which came along with it. */
void *MHD_pool_reset(struct MemoryPool *p, void *keep, size_t keep_size, size_t new_size)
{
	size_t front = keep ? (size_t)((char *)keep - p->memory) : p->pos;
	bool was_long = front + keep_size > LONG_USE || p->size - p->end > LONG_USE;
	used = p;
	if (keep && keep_size)
		memmove(p->memory, keep, keep_size);
	if (was_long)
		give_back(p, keep_size, p->size);
	p->pos = aligned(new_size);
	p->end = p->size;
	p->buffers = new_size > 0;
	p->unread_at = 0;
	p->unread = keep_size;
	return p->memory;
}
