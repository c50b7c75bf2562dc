/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a cgroup counts, in full (runtime.h's runtime_usage is what is needed often): read when somebody asks for statistics.
 */
#ifndef RUNTIME_STATS_H
#define RUNTIME_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum runtime_figure {
	RUNTIME_CPU, /* ns, of all cores, as all times here */
	RUNTIME_CPU_USER,
	RUNTIME_CPU_SYSTEM,
	RUNTIME_CPU_PERIODS, /* of the quota: all, and those in which it was used up */
	RUNTIME_CPU_THROTTLED_PERIODS,
	RUNTIME_CPU_THROTTLED,
	RUNTIME_CPU_SHARES,
	RUNTIME_CPU_QUOTA, /* us of a period */
	RUNTIME_CPU_PERIOD,
	RUNTIME_MEMORY, /* bytes, files that were read included */
	RUNTIME_MEMORY_MOST,
	RUNTIME_MEMORY_IDLE_FILES,
	RUNTIME_MEMORY_RSS,
	RUNTIME_MEMORY_CACHE,
	RUNTIME_MEMORY_MAPPED,
	RUNTIME_MEMORY_SWAP,
	RUNTIME_MEMORY_LIMIT,
	RUNTIME_MEMORY_SWAP_LIMIT,
	RUNTIME_MEMORY_FAILURES, /* limit met */
	RUNTIME_PAGE_FAULTS,
	RUNTIME_MAJOR_PAGE_FAULTS,
	RUNTIME_PIDS, /* processes and threads */
	RUNTIME_PIDS_LIMIT,
	RUNTIME_FIGURES
};
#define RUNTIME_UNLIMITED INT64_MAX
#define RUNTIME_UNKNOWN_FIGURE (-1)

/* How long processes waited for something (PSI): averages in percent over 10, 60 and 300 s, and in all. */
struct runtime_wait {
	double average[3];
	int64_t total_ns;
};
struct runtime_waits {
	bool known;
	struct runtime_wait some, full;
};
/* Out of the text of a kernel's file: "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull …". */
void runtime_waits_parse(const char *text, struct runtime_waits *ret);

#define RUNTIME_DEVICES_MAX 16
struct runtime_device_io {
	unsigned major, minor;
	int64_t read_bytes, written_bytes, reads, writes;
};

enum runtime_waited { RUNTIME_ON_CPU, RUNTIME_ON_MEMORY, RUNTIME_ON_IO, RUNTIME_WAITED };
struct runtime_stats {
	int64_t at_ns;		    /* wall */
	char cgroup[256];	    /* "" = none; its path */
	int64_t v[RUNTIME_FIGURES]; /* or RUNTIME_UNKNOWN_FIGURE */
	struct runtime_waits waits[RUNTIME_WAITED];
	struct runtime_device_io io[RUNTIME_DEVICES_MAX];
	size_t n_io;
};

#define RUNTIME_INTERFACES_MAX 16
struct runtime_interface {
	char name[16];
	uint64_t rx_bytes, rx_packets, rx_errors, rx_dropped, tx_bytes, tx_packets, tx_errors, tx_dropped;
};
/* Out of the text of /proc/net/dev, without lo and the host's ends of others' links; returns how many. */
size_t runtime_interfaces_parse(const char *text, struct runtime_interface ret[RUNTIME_INTERFACES_MAX]);

#endif
