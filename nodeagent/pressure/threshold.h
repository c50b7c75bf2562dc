/* SPDX-License-Identifier: Apache-2.0 */
/*
 * At what a node is under pressure: signals and their thresholds, out of the texts of flags (kubernetes/kubernetes
 * pkg/kubelet/eviction/helpers.go, defaults_linux.go). Pure, any thread.
 */
#ifndef PRESSURE_THRESHOLD_H
#define PRESSURE_THRESHOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* What is available of something; "allocatable" is what the Pods together may have. */
enum pressure_signal {
	PRESSURE_MEMORY,
	PRESSURE_ALLOCATABLE_MEMORY,
	PRESSURE_NODEFS,
	PRESSURE_NODEFS_INODES,
	PRESSURE_IMAGEFS,
	PRESSURE_IMAGEFS_INODES,
	PRESSURE_PID,
	PRESSURE_SIGNALS
};
extern const char *const threshold_signal_names[PRESSURE_SIGNALS];

struct threshold_amount {
	bool percent;  /* of the capacity: */
	double share;  /* 0 … 1 */
	int64_t value; /* else */
};
int64_t threshold_quantity(const struct threshold_amount *a, int64_t capacity);

struct threshold {
	enum pressure_signal signal;
	struct threshold_amount value;	 /* pressure when less than this is available */
	int64_t grace_ns;		 /* for so long; 0: hard */
	struct threshold_amount reclaim; /* so much more is freed */
};
#define THRESHOLDS_MAX (2 * PRESSURE_SIGNALS)
struct thresholds {
	struct threshold v[THRESHOLDS_MAX];
	size_t n;
};

#define THRESHOLD_DEFAULT_HARD                                                                               \
	"imagefs.available<15%,imagefs.inodesFree<5%,memory.available<100Mi,nodefs.available<10%,nodefs.inodesFree<5%"

struct threshold_config {  /* texts as of the flags; NULL = "" */
	const char *hard;  /* "memory.available<100Mi,nodefs.available<10%"; NULL = the defaults, "" = none */
	const char *soft;  /* likewise */
	const char *grace; /* of the soft ones: "memory.available=1m30s" */
	const char *reclaim; /* "nodefs.available=500Mi" */
	bool merge_defaults; /* defaults for what hard does not say */
	bool enforce_pods;   /* what the Pods together may have is a hard bound, too */
};
int threshold_parse(const struct threshold_config *c, struct thresholds *ret, struct err *err) MUST_CHECK;
/* The hard one of a signal; NULL = none. */
const struct threshold *threshold_hard(const struct thresholds *t, enum pressure_signal s);

#endif
