/* SPDX-License-Identifier: Apache-2.0 */
/* A connection's memory inside libmicrohttpd; connmem.c says why it is ours. On the connection's loop. */
#ifndef HTTP_CONNMEM_H
#define HTTP_CONNMEM_H

#include <stdbool.h>
#include <stddef.h>

/* What libmicrohttpd is told that a connection may take; half of it is for what is read. Only what was used is memory. */
#define CONNMEM_SIZE ((size_t)9 << 18)

struct MemoryPool; /* libmicrohttpd's name for it */
/* That of the connection which this thread has added last; `owner` says whose it is. *ret is NULL again when the library has
   destroyed it, which may be long before it says that the connection has ended: once it will send nothing more, and waits
   for the client to close. False: there is none. */
bool connmem_adopt(void *owner, struct MemoryPool **ret);
/* The owner goes, and *held with him. */
void connmem_disown(struct MemoryPool **held);
/* libmicrohttpd is at this connection now, without having said so. NULL is fine, here and below: somebody's without one. */
void connmem_use(struct MemoryPool *p);
/* The owner of the pool that was used last on this thread: at whose connection libmicrohttpd is. NULL: nobody's. */
void *connmem_user(void);
/* Everything in it but what was read and not looked at goes back to the kernel. */
void connmem_drop(struct MemoryPool *p);

#endif
