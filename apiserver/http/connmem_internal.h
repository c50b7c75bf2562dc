/* SPDX-License-Identifier: Apache-2.0 */
/* What libmicrohttpd 0.9.75 calls of its memory pool, as its memorypool.h has it: in none of its public headers. One thread a pool. */
#ifndef HTTP_CONNMEM_INTERNAL_H
#define HTTP_CONNMEM_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include "http/connmem.h"

void MHD_init_mem_pools_(void);
struct MemoryPool *MHD_pool_create(size_t max);
void MHD_pool_destroy(struct MemoryPool *p);
size_t MHD_pool_get_free(struct MemoryPool *p);
void *MHD_pool_allocate(struct MemoryPool *p, size_t size, bool from_end);
void *MHD_pool_try_alloc(struct MemoryPool *p, size_t size, size_t *ret_missing);
void *MHD_pool_reallocate(struct MemoryPool *p, void *old, size_t old_size, size_t new_size);
void *MHD_pool_reset(struct MemoryPool *p, void *keep, size_t keep_size, size_t new_size);

#endif
