/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page /metrics/resource of a node agent, which is Prometheus' text: what of it says how much is used. Whoever serves it
 * may write what he likes: what does not parse is passed over. Pure, any thread.
 */
#ifndef USAGE_PAGE_H
#define USAGE_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum page_family {
	PAGE_CONTAINER_CPU,
	PAGE_CONTAINER_MEMORY,
	PAGE_CONTAINER_START,
	PAGE_NODE_CPU,
	PAGE_NODE_MEMORY
};
struct page_line {
	enum page_family family;
	const char *container, *pod, *ns, *node; /* "" when not said; borrowed for the call */
	double value;				 /* seconds, bytes */
	int64_t at_ns;				 /* wall; 0 when not said */
};
typedef void page_fn(void *arg, const struct page_line *l);
/* text is changed. */
void page_read(char *text, page_fn *fn, void *arg);

#endif
