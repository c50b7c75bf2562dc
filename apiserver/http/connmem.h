/* SPDX-License-Identifier: Apache-2.0 */
/* A connection's memory inside libmicrohttpd; connmem.c says why it is ours. On the connection's loop. */
#ifndef HTTP_CONNMEM_H
#define HTTP_CONNMEM_H

#include <stdbool.h>
#include <stddef.h>

/* What libmicrohttpd is told that a connection may take; half of it is for what is read. Only what was used is memory. */
#define CONNMEM_SIZE ((size_t)9 << 18)

struct MemoryPool; /* libmicrohttpd's name for it */
/* That of the connection which this thread has added last; `owner` says whose it is. */
struct MemoryPool *connmem_adopt(void *owner);
/* libmicrohttpd is at this connection now, without having said so. */
void connmem_use(struct MemoryPool *p);
/* The owner of the pool that was used last on this thread: at whose connection libmicrohttpd is. NULL: nobody's. */
void *connmem_user(void);
/* Everything in it but what was read and not looked at goes back to the kernel. */
void connmem_drop(struct MemoryPool *p);

#endif
