/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often one probe was answered, how, and how long that took: /metrics/probes, whose series live as long as their Pod
 * (kubernetes/kubernetes pkg/kubelet/prober/prober_manager.go). Pure.
 */
#ifndef PROBE_TALLY_H
#define PROBE_TALLY_H

#include "base/buf.h"

#define TALLY_BUCKETS 11 /* Prometheus' own */
struct probe_tally {
	uint64_t passed, failed;
	uint32_t below[TALLY_BUCKETS]; /* of what passed; not added up */
	double seconds;
};
void tally_count(struct probe_tally *t, bool passed, double seconds);

enum tally_family { TALLY_TOTAL, TALLY_DURATION, TALLY_FAMILIES };
/* The lines above a family's series. */
void tally_head(struct buf *out, enum tally_family f);
struct tally_labels { /* names as the API knows them: nothing in them is to be escaped */
	const char *container, *namespace, *pod, *uid, *type;
};
void tally_write(struct buf *out, enum tally_family f, const struct probe_tally *t,
		 const struct tally_labels *l);

#endif
