/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocation that cannot fail, and ownership helpers.
 *
 * Out of memory aborts: a control plane restarts and relists, a half-built object does not. Locals that own
 * memory are declared with autofree (or the cleanup macro beside their type) and handed over with STEAL().
 * Any thread.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdarg.h>
#include <stddef.h>
#include "base/err.h"

void *mem_alloc(size_t n);		/* uninitialised */
void *mem_zalloc(size_t n);		/* zeroed */
void *mem_array(size_t n, size_t size); /* zeroed, checks n * size */
void *mem_realloc(void *p, size_t n);
void *mem_realloc_array(void *p, size_t n, size_t size);
char *mem_strdup(const char *s); /* NULL gives NULL */
char *mem_strndup(const char *s, size_t n);
void *mem_memdup(const void *p, size_t n);
char *mem_printf(const char *fmt, ...) PRINTF(1, 2);

#define MEM_NEW(type) ((type *)mem_zalloc(sizeof(type)))

void mem_autofree(void *pp); /* takes the address of a pointer */
#define autofree __attribute__((cleanup(mem_autofree)))

/* Moves a pointer out of its variable: `return STEAL(p);` */
#define STEAL(p)                                                                                             \
	({                                                                                                   \
		__typeof__(p) steal_tmp_ = (p);                                                              \
		(p) = NULL;                                                                                  \
		steal_tmp_;                                                                                  \
	})

/* Closes a descriptor held in an int; -1 is none. */
void mem_autoclose(int *fd);
#define autoclose __attribute__((cleanup(mem_autoclose)))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define CONTAINER_OF(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#endif
