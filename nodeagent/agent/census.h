/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the node, its Pods and their containers use at this moment: what /stats/summary, /metrics/cadvisor and
 * /metrics/resource are written from. Who is there is written down on the loop, what they use is read on a lane, for it is many files. Nothing is
 * collected while nobody asks.
 *
 * From one reading to the next only what a rate needs is kept, and how much disk was used: files are counted again after
 * CENSUS_DISK_NS, as a kubelet's volumeStatsAggPeriod.
 */
#ifndef AGENT_CENSUS_H
#define AGENT_CENSUS_H

#include "agent/node.h"

#define CENSUS_DISK_NS (60 * NS_PER_S)

struct census_disk {
	int64_t bytes, inodes, at_ns; /* at_ns: wall; 0 = not known */
};
struct census_fs { /* a file system; zeros = not known */
	int64_t capacity, available, inodes, inodes_free;
};
struct census_count { /* of a cgroup */
	bool known;
	struct runtime_stats s;
	int64_t nano_cores; /* in use, lately; -1 = not known */
};
struct census_container {
	char *name, *id, *image, *dir, *log_dir;
	int64_t started_ns; /* wall */
	struct census_count count;
	struct census_disk rootfs, logs;
};
struct census_volume {
	char *name;
	bool local; /* counts as the Pod's use of ephemeral storage */
	struct census_fs fs;
	struct census_disk used;
};
struct census_pod {
	char *name, *namespace, *uid, *sandbox, *dir;
	int64_t started_ns;
	struct census_container *containers; /* that run */
	size_t n;
	struct census_count count;
	struct runtime_interface interfaces[RUNTIME_INTERFACES_MAX];
	size_t n_interfaces;
	struct census_volume *volumes;
	size_t n_volumes;
	struct census_disk hosts; /* the files that the node makes for it */
};
struct census {
	struct node *node; /* borrowed; names of it are read on the loop only */
	struct runtime *rt;
	const char *proc;
	char *root, *images;
	bool disk, some; /* files are counted; of some Pods alone */
	int64_t now_ns, boot_ns;
	struct census_count machine, all_pods, agent;
	struct runtime_interface interfaces[RUNTIME_INTERFACES_MAX];
	size_t n_interfaces;
	struct census_fs root_fs, image_fs;
	struct census_disk image_disk;
	int64_t pids, pids_max;
	struct census_pod *pods;
	size_t n;
};

/* What is kept; zeroed to begin with. Loop thread. */
struct census_memory {
	struct map known; /* node, Pod's uid or container's id -> struct census_known * */
};

/* proc: "/proc". wanted: of these Pods alone, and of no image; NULL = of all. Loop thread. */
struct census *census_begin(struct census_memory *m, struct node *n, const char *proc, bool disk,
			    bool (*wanted)(const struct worker *w));
void census_measure(struct census *c); /* any thread; blocks */
/* Rates, and what is kept for the next time. Loop thread. */
void census_finish(struct census_memory *m, struct census *c);
void census_free(struct census *c);
/* Memory in use, without files that nobody has touched lately; negative = not known. */
int64_t census_working_set(const struct runtime_stats *s);

#endif
