/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one agent has said of its nodes and containers, twice: between the two is how much CPU they use (the part of
 * metrics-server, sigs.k8s.io/metrics-server pkg/storage). One thread.
 */
#ifndef USAGE_GAUGE_H
#define USAGE_GAUGE_H

#include "base/map.h"

struct gauge_point {
	double cpu_s;
	int64_t at_ns; /* wall; 0: there is none */
};
struct gauge_figure {
	char *name;			/* of the container */
	struct gauge_point before, now; /* of the CPU counter */
	int64_t memory, start_ns;
	bool has_memory;
};
struct gauge_set { /* the containers of one Pod, or one node */
	struct gauge_figure *v;
	size_t n;
};
struct gauge {		 /* zeroed to begin with */
	struct map sets; /* "NS/POD", or "/NODE" */
	bool twice;
};
void gauge_release(struct gauge *g);
/* One more page; text is changed. Lines of a node that do not name it are `node`'s. What is no more on it is forgotten. */
void gauge_take(struct gauge *g, char *text, const char *node, int64_t now_ns);

/* What one figure comes to. False: it cannot be told yet. */
struct gauge_usage {
	int64_t cpu_nano, memory, at_ns, window_ns;
};
bool gauge_measure(const struct gauge_figure *f, struct gauge_usage *ret);

#endif
